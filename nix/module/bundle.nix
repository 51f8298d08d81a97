# Public files of which programs trust every block: an authority's certificates, a pair's public keys. Hands one on only if the inventory
# beside it lists all of it, so that a block that somebody added to the file reaches no host. `certs check` verifies more than is known here.
{
  lib,
  inventory,
  inventoryFile,
  textOf,
  fileInStore,
  # Of a root that is still to be built, files are named and not read.
  isBuilt,
}:
let
  begin = "-----BEGIN ";

  # What stands between a BEGIN and an END line, without line ends; whatever the label is, so that nothing is overlooked.
  blocksOf =
    text:
    map (
      piece:
      let
        parts = lib.splitString "-----" piece;
      in
      {
        label = lib.head parts;
        base64 = builtins.replaceStrings [ "\n" "\r" "\t" " " ] [ "" "" "" "" ] (
          if lib.length parts > 1 then lib.elemAt parts 1 else ""
        );
        text =
          lib.head (lib.splitString "-----END " "${begin}${piece}")
          + "-----END ${lib.head parts}-----\n";
      }
    ) (lib.tail (lib.splitString begin text));

  # Older inventories list nothing. Then a single block is taken, as it always was, and nothing beside it.
  listed =
    kind: name:
    let
      entry = ((inventory.${kind} or { }).${name} or { }).bundle or null;
      known = lib.filter (block: block.standing != "stranger") entry;
    in
    if entry == null then null else map (block: block.base64Sha256) known;

  # The file itself, after every block of it was found in the inventory.
  checked =
    {
      kind,
      name,
      label,
      relative,
    }:
    value:
    let
      blocks = blocksOf (textOf relative);
      known = listed kind name;
      isKnown =
        block:
        block.label == label
        && (
          if known == null then
            lib.length blocks == 1
          else
            lib.elem (builtins.hashString "sha256" block.base64) known
        );
      strange = lib.filter (block: !isKnown block) blocks;
    in
    if isBuilt || strange == [ ] then
      value
    else
      throw (
        "certToolkit: ${relative} holds ${toString (lib.length strange)} of ${toString (lib.length blocks)} blocks that ${inventoryFile} does"
        + " not list as known, and programs would trust them. Run `certs check`, which says what they are. If it has nothing against them,"
        + " `nix run .#certs.recreate` lists them; commit ${inventoryFile} with the file."
      );
in
{
  # For programs that trust everything in the file.
  bundleInStore = file: checked file (fileInStore file.relative);

  # The same as text, to be joined with others.
  bundleText = file: checked file (textOf file.relative);

  # For programs that read one certificate: the first, which is the authority's own.
  firstInStore =
    file:
    let
      blocks = blocksOf (textOf file.relative);
    in
    checked file (
      if !isBuilt && lib.length blocks > 1 then
        builtins.toFile (baseNameOf file.relative) (lib.head blocks).text
      else
        fileInStore file.relative
    );
}
