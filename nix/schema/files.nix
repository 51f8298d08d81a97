# Where everything lies: the names of files and ids, and the names that cannot be part of them.
{ prelude, options }:
let
  # Every file name and id, relative to the root of the project. `dir` is normal already.
  layout = {
    id =
      host: ca: cert:
      "derived-${host}-${ca}-${cert}";
    authority = dir: ca: {
      certificate = "${dir}/ca/${ca}.crt";
      key = "${dir}/ca/${ca}.key.age";
    };
    keyPairId = name: "shared-${name}";
    keyPair = dir: name: {
      public = "${dir}/shared/${name}.pub";
      key = "${dir}/shared/${name}.key.age";
    };
    leaf = dir: host: ca: cert: {
      certificate = "${dir}/derived/${host}/${ca}-${cert}.crt";
      key = "${dir}/derived/${host}/${ca}-${cert}.key.age";
    };
  };

  # "./secrets//certs/" -> "secrets/certs"
  normalDir = dir: concatStringsSep "/" (filter (part: part != ".") (dirParts dir));

  relativeDir = dir: normalDir (orElse builtinValues.top.dir dir);

  dirParts = dir: filter (part: isString part && part != "") (split "/" dir);

  dirFaults =
    fault: dir:
    let
      say = code: message: [ (fault code [ "dir" ] message) ];
    in
    if substring 0 1 dir == "/" then
      say "dir-absolute" (
        "certToolkit.dir is the absolute path ${quote dir}."
        + " Write it relative to the root of the flake, for example dir = \"./secrets/certs\"."
      )
    else if elem ".." (dirParts dir) then
      say "dir-outside" (
        "certToolkit.dir is ${quote dir}, which may leave the root of the flake."
        + " Name a directory below the root without \"..\", for example dir = \"./secrets/certs\"."
      )
    else if normalDir dir == "" then
      say "dir-empty" (
        "certToolkit.dir is ${quote dir}, which names no directory below the root of the flake."
        + " Name one that certToolkit may own, for example dir = \"./secrets/certs\"."
      )
    else if match ".*[[:cntrl:]].*" dir != null then
      say "dir-invalid" (
        "certToolkit.dir is ${quote dir}, which has control characters in it."
        + " Write a plain relative path, for example dir = \"./secrets/certs\"."
      )
    else
      [ ];

  dirWarnings =
    fault: dir:
    if match ".* .*" dir == null then
      [ ]
    else
      [
        (fault "dir-with-blank" [ "dir" ] (
          "certToolkit.dir is ${quote dir}; the agenix command cannot handle file names with blanks."
          + " Choose a directory without blanks if you use agenix -e or agenix -r on these files."
        ))
      ];

  # Names of hosts, authorities, certificates, key pairs and roles become parts of file names, of store paths and of agenix secrets.
  nameFaults =
    fault:
    {
      host,
      cas,
      keyPairs,
      roles,
    }:
    let
      check =
        noun: option: name:
        let
          reason = nameFault name;
        in
        if reason == null then
          [ ]
        else
          [
            (fault "name-invalid" option (
              "The ${noun} name ${quote (shorten 60 name)} ${reason}, but it becomes part of a file name."
              + " Use letters, digits and + - . _ = only, beginning with a letter, a digit or _, at most 100 of them."
            ))
          ];
      inAuthority =
        ca: cfg:
        check "authority" [ "cas" ca ] ca
        ++ concatMap (name: check "certificate" [ "cas" ca "certs" name ] name) (
          attrNames (orElse { } (cfg.certs or null))
        );
    in
    (if host == null then [ ] else check "host" [ ] host)
    ++ concatMapAttrsToList inAuthority cas
    ++ concatMap (name: check "key pair" [ "keyPairs" name ] name) (attrNames keyPairs)
    ++ concatMap (name: check "role" [ "roles" name ] name) (attrNames roles);

  nameFault =
    name:
    if name == "" then
      "is empty"
    else if stringLength name > 100 then
      "has ${toString (stringLength name)} characters"
    else if match ".*\\.\\..*" name != null then
      "contains \"..\""
    else if match "[A-Za-z0-9_][A-Za-z0-9+._=-]*" name == null then
      "contains a character that is not allowed there"
    else
      null;

  # <ca>-<cert> can be read in two ways: k8s + etcd-server, and k8s-etcd + server.
  ambiguousFiles =
    fault: certificates:
    let
      all = concatMapAttrsToList (
        ca: certs:
        attrValues (
          mapAttrs (name: cert: {
            inherit ca name;
            file = cert.files.certificate;
          }) certs
        )
      ) certificates;
      clashes = filter (list: length list > 1) (attrValues (groupBy (c: c.file) all));
    in
    map (
      list:
      let
        second = elemAt list 1;
      in
      fault "file-ambiguous" [ "cas" second.ca "certs" second.name ] (
        "The certificates ${
          concatStringsSep " and " (map (c: "cas.${c.ca}.certs.${c.name}") list)
        } would share the file ${second.file}. Rename one of them, or one of their authorities."
      )
    ) clashes;

  inherit (builtins)
    attrNames
    attrValues
    concatMap
    concatStringsSep
    elem
    elemAt
    filter
    groupBy
    isString
    length
    mapAttrs
    match
    split
    stringLength
    substring
    ;
  inherit (prelude)
    concatMapAttrsToList
    orElse
    quote
    shorten
    ;
  inherit (options) builtinValues;
in
{
  inherit
    layout
    normalDir
    relativeDir
    dirParts
    dirFaults
    dirWarnings
    nameFaults
    ambiguousFiles
    ;
}
