# The values other options read: ids, files in the Nix store, opened keys. Says where things are, not what they are.
{
  lib,
  config,
  options,
}:
let
  inherit (lib) literalMD mkOption types;

  schema = import ../schema.nix;
  cfg = config.certToolkit;

  # agenix is used where it is imported, and never imported here.
  withAgenix = options ? age;
  secretName = id: "certtoolkit-${id}";

  # The opened key of a secret that this host has.
  secretPath =
    id:
    if withAgenix && cfg.ageIntegration then
      config.age.secrets.${secretName id}.path
    else
      "/run/agenix/${secretName id}";

  secretPathText =
    id:
    "`config.age.secrets.\"certtoolkit-${id}\".path`, or `/run/agenix/certtoolkit-${id}` without agenix";

  derived =
    type: description: text: value:
    mkOption {
      inherit type description;
      default = value;
      defaultText = literalMD text;
      readOnly = true;
    };

  derivedOptions =
    {
      what,
      id,
      files,
      keyPath,
      # How the file of the certificate comes into the store.
      certificateInStore ? fileInStore,
    }:
    {
      id = derived types.str "A name for ${what} that no other has on this host." "`${id.text}`" id.value;
      relativePath =
        derived types.str "The file of the certificate, relative to the root." "`<dir>/${files.text}.crt`"
          files.value.certificate;
      relativeAgePath =
        derived types.str "The file of the sealed private key, relative to the root."
          "`<dir>/${files.text}.key.age`"
          files.value.key;
      path =
        derived types.path
          "The certificate in the Nix store. A new certificate is a new path, so units that use it restart."
          "`relativePath` below the root"
          (certificateInStore files.value.certificate);
      agePath =
        derived types.path "The sealed private key in the Nix store." "`relativeAgePath` below the root"
          (fileInStore files.value.key);
      keyPath = derived types.str keyPath.description keyPath.text keyPath.value;
    };

  # What is still to be built is not read, or it would be built during evaluation.
  isBuilt = lib.isDerivation cfg.root;

  # Only this file is copied, so a change elsewhere in the project changes no path.
  fileInStore =
    relative:
    if isBuilt then
      "${cfg.root}/${relative}"
    else
      builtins.path {
        path = existing relative;
        name = baseNameOf relative;
      };

  textOf = relative: builtins.readFile (existing relative);

  isThere = relative: !isBuilt && builtins.pathExists (rootDirectory + "/${relative}");

  existing =
    relative:
    if isBuilt || isThere relative then
      rootDirectory + "/${relative}"
    else
      throw (
        "certToolkit: there is no file ${relative} below the root of the project."
        + " Make it with `nix run .#certs.recreate`, then run `git add ${schema.relativeDir cfg.dir}`, because Nix sees no file"
        + " that Git does not know. If the flake is not at the top of its repository, set certToolkit.root = ./. there."
      );

  rootDirectory =
    if cfg.root == null then
      throw (
        "certToolkit: the root of the project is not known."
        + " Set certToolkit.root = ./. in flake.nix, or give the modules `self` (specialArgs = { inherit self; })."
      )
    else if builtins.isPath cfg.root then
      cfg.root
    else
      "${cfg.root}";

  inventoryFile = "${schema.relativeDir cfg.dir}/inventory.json";

  # A project whose certificates are not made yet has none.
  inventory = if isThere inventoryFile then builtins.fromJSON (textOf inventoryFile) else { };

  bundle = import ./bundle.nix {
    inherit
      lib
      inventory
      inventoryFile
      textOf
      fileInStore
      isBuilt
      ;
  };

  authorityFile = name: relative: {
    kind = "authorities";
    label = "CERTIFICATE";
    inherit name relative;
  };

  keyPairFile = name: relative: {
    kind = "keyPairs";
    label = "PUBLIC KEY";
    inherit name relative;
  };
in
{
  inherit (bundle) bundleInStore bundleText firstInStore;
  inherit
    authorityFile
    inventory
    keyPairFile
    derived
    derivedOptions
    fileInStore
    textOf
    isThere
    secretName
    secretPath
    secretPathText
    withAgenix
    ;
}
