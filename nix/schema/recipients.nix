# Who may open a key: public keys in every form people write them, and what is wrong with them.
{
  prelude,
  options,
  files,
}:
let
  # Public keys as people give them: a Nix path (read now), a string with one or more keys, another string (the path of
  # a file, read at run time), or a list of these.
  # -> { given: was there anything?; found: [ { key; } | { file; } ]; faults: fault -> [ fault ]; }
  # root: the directory of the project as text, by which files are named in messages; null where it is not known
  publicKeys =
    root: option: value:
    let
      entries = keyEntries root value;
    in
    {
      given = entries != [ ];
      found = filter (entry: !(entry ? fault)) (map (entry: removeAttrs entry [ "problem" ]) entries);
      faults =
        fault:
        map (entry: fault entry.problem.code option "${optionName option} ${entry.problem.message}") (
          filter (entry: entry ? problem) entries
        );
    };

  keyEntries =
    root: value:
    if value == null then
      [ ]
    else if isList value then
      concatMap (keyEntries root) value
    else if isPath value || inStore value then
      keysInFile root value
    else
      let
        lines = keyLines value;
        comments = commentLines value;
        hidden = if lines == [ ] then comments else filter announcesKey comments;
      in
      # What is said is meant: an entry without a key is not left out in silence.
      if lines == [ ] && comments == [ ] then
        refuse "key-empty" "has an entry without a key. Write a public key there, or remove the entry."
      else
        map (line: if looksLikeKey line then keyEntry line else fileEntry line) lines
        ++ concatMap commentEntry hidden;

  refuse = code: message: [
    {
      fault = true;
      problem = { inherit code message; };
    }
  ];

  # A key behind a comment would be left out.
  commentEntry =
    line:
    if isPrivate line then
      [ (keyEntry line) ]
    else
      refuse "key-comment" (
        "has a comment in the place of a key (it begins with ${quote (shorten 24 line)}), which would be left out."
        + " Write the key alone, without the # and what is before it, or remove the line."
      );

  # As age-keygen writes the recipient into the file of an identity.
  announcesKey = line: match "#+[[:blank:]]*[Pp]ublic [Kk]ey:.*" line != null;

  keysInFile =
    root: path:
    let
      text = readFile path;
      lines = map withoutHost (keyLines text);
    in
    if !(pathExists path) then
      refuse "key-file-missing" (
        "names the file ${shortPath root path}, which does not exist."
        + " Create it with the public key in it, and run git add if the project is a flake in Git."
      )
    else if any announcesKey (commentLines text) && !(any isPrivate lines) then
      refuse "key-comment" (
        "names the file ${shortPath root path}, where a key is behind a comment (# public key: …) and would be left out."
        + " Write the key alone on its line, or remove the line."
      )
    else if lines == [ ] then
      refuse "key-file-empty" (
        "names the file ${shortPath root path}, which holds no key."
        + " Put a public key into it: ssh-keyscan -t ed25519 HOST, or age-keygen -y KEY."
      )
    else if any isPrivate lines then
      refuse "key-private" (
        "names the file ${shortPath root path}, which holds a private key."
        + " Name the public key instead (ssh_host_ed25519_key.pub), and replace the private key if it was ever committed."
      )
    else
      map keyEntry lines;

  # A path as it is named in the project: below its root, or below the source that Nix copied into its store, or else the end
  # of it, which is enough to find the file.
  shortPath =
    root: path:
    let
      text = unsafeDiscardStringContext (toString path);
      parts = dirParts text;
      inSource = match "${storeDir}/[^/]+/(.+)" text;
      start = max 0 (length parts - 3);
    in
    if root != null && substring 0 (stringLength root + 1) text == "${root}/" then
      substring (stringLength root + 1) (-1) text
    else if inSource != null then
      head inSource
    else
      concatStringsSep "/" (genList (index: elemAt parts (start + index)) (length parts - start));

  keyEntry =
    line:
    if isPrivate line then
      {
        fault = true;
        problem = {
          code = "key-private";
          message =
            "contains a private key, which would be readable by everyone in the Nix store."
            + " Write its public key (age-keygen -y, or the .pub file), and replace the private key.";
        };
      }
    else if isPlaceholder line then
      {
        key = line;
        problem = {
          code = "key-placeholder";
          message =
            "contains the placeholder ${quote line}, which is no key."
            + " Replace it by a public key: the output of age-keygen -y, or the line in ~/.ssh/id_ed25519.pub for a person"
            + " and in /etc/ssh/ssh_host_ed25519_key.pub for a host.";
        };
      }
    else
      { key = line; };

  fileEntry = line: if isPrivate line || isPlaceholder line then keyEntry line else { file = line; };

  # ssh-keyscan writes the name of the host before the key.
  withoutHost =
    line:
    let
      scanned = match "[^[:blank:]]+[[:blank:]]+((ssh|ecdsa|sk)-[^[:blank:]]+[[:blank:]].*)" line;
    in
    if scanned == null || looksLikeKey line then line else head scanned;

  looksLikeKey =
    line: match "(ssh-|ecdsa-|sk-)[^/[:blank:]]*[[:blank:]].*|age1[^/]*|AGE-SECRET-KEY-.*" line != null;

  isPrivate = line: match ".*PRIVATE KEY.*|.*AGE-SECRET-KEY-.*|.*AGE-PLUGIN-.*" line != null;

  # "age1...", "ssh-ed25519 AAAA…", "<your key>": copied from an example, and never filled in.
  isPlaceholder = line: any (word: match ".*\\.\\.\\..*|.*….*|<.*" word != null) (firstTwoWords line);

  # The type and the key itself, without the comment.
  firstTwoWords =
    line:
    let
      words = filter (word: isString word && word != "") (split "[[:blank:]]+" line);
    in
    if length words < 2 then
      words
    else
      [
        (head words)
        (elemAt words 1)
      ];

  keyLines = text: filter (line: !isComment line) (linesOf text);

  commentLines = text: filter isComment (linesOf text);

  isComment = line: substring 0 1 line == "#";

  linesOf = text: filter (line: line != "") (map trim (filter isString (split "[\r\n]+" text)));

  trim =
    line:
    let
      inner = match "[[:space:]]*([^[:space:]].*)" line;
      outer = if inner == null then null else match "(.*[^[:space:]])[[:space:]]*" (head inner);
    in
    if outer == null then "" else head outer;

  # A string like "${self}/keys/cp1.pub": a source in the store, readable now. The output of a derivation is not (that
  # would be an import from derivation).
  inStore =
    value:
    isString value
    && substring 0 (stringLength storeDir + 1) value == "${storeDir}/"
    && all (kind: kind == { path = true; }) (attrValues (getContext value));

  # users:      is there an operator for everything?
  # ofTree:     { cas; keyPairs; }: the same for each authority and key pair
  # needsOwner: is there a key that the host is to open?
  # owners:     is there a key of the host?
  missingRecipients =
    fault:
    {
      users,
      ofTree,
      needsOwner,
      owners,
    }:
    let
      operator = "Add your public key: the output of age-keygen -y, or the line in ~/.ssh/id_ed25519.pub.";
      silent =
        tree: whose:
        map (
          name:
          fault "operator-missing" [ tree name "userAgeKeys" ] (
            "certToolkit.${tree}.${name}.userAgeKeys is empty, so nobody could ever open ${whose} again. ${operator}"
          )
        ) (filter (name: !ofTree.${tree}.${name}) (attrNames ofTree.${tree}));
    in
    (
      if !users && ofTree.cas != { } then
        [
          (fault "operator-missing" [ "userAgeKeys" ] (
            "certToolkit.userAgeKeys is empty, so nobody could ever open the keys of the authorities again. ${operator}"
          ))
        ]
      else
        silent "cas" "the key of the authority" ++ silent "keyPairs" "the key pair"
    )
    ++ (
      if needsOwner && !owners then
        [
          (fault "host-key-missing" [ "owningHostKey" ] (
            "certToolkit.owningHostKey is not set, so the host could not open the keys of its certificates."
            + " Set it to the host's public SSH key: the contents of /etc/ssh/ssh_host_ed25519_key.pub, or the path of a copy."
          ))
        ]
      else
        [ ]
    );

  inherit (builtins)
    all
    any
    attrNames
    attrValues
    concatMap
    concatStringsSep
    elemAt
    filter
    genList
    getContext
    head
    isList
    isString
    length
    match
    pathExists
    readFile
    removeAttrs
    split
    storeDir
    stringLength
    substring
    unsafeDiscardStringContext
    ;
  inherit (prelude)
    isPath
    max
    quote
    shorten
    ;
  inherit (options) optionName;
  inherit (files) dirParts;
in
{
  inherit publicKeys missingRecipients firstTwoWords;
}
