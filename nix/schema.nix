# What `certToolkit` means: the declarations of all hosts become one manifest. Owns options, inheritance, file names,
# recipients and the faults of a declaration; uses builtins only, and knows nothing of NixOS or of X.509.
let
  schema = {
    inherit
      version
      manifest
      resolveHost
      fromFile
      ;
    # For nix/module.nix, which gives the same options types and the same defaults.
    inherit
      options
      builtinValues
      layout
      relativeDir
      declared
      ;
  };

  # The `version` field of the manifest. A reader refuses every other number.
  version = 1;

  # --- The fleet ----------------------------------------------------------------------------------------------------

  # hosts:       { <host> = the host's certToolkit value; }
  # authorities: values that declare authorities without being a host (K8Nix calls them caModules)
  # errors:      faults the caller found before it came here
  manifest =
    {
      hosts,
      authorities ? [ ],
      errors ? [ ],
    }:
    let
      resolved = attrValues (mapAttrs (host: raw: resolveHost { inherit host raw; }) hosts);
      others = map (
        raw:
        resolveHost {
          host = null;
          inherit raw;
        }
      ) authorities;
      sources = resolved ++ others;
      declaring = filter (source: source.declares) sources;
      fleet = fleetAuthorities declaring;
    in
    {
      inherit version;
      dir = if declaring == [ ] then normalDir builtinValues.top.dir else (head declaring).dir;
      identities = unique (concatMap (source: source.identities) sources);
      authorities = fleet.values;
      hosts = listToAttrs (
        map (source: {
          name = source.host;
          value = { inherit (source) users ownerKeys certificates; };
        }) resolved
      );
      keyPairs = { };
      errors = mergeFaults (
        errors
        ++ concatMap (source: source.errors) sources
        ++ dirDisagreement declaring
        ++ fleet.disagreements
        ++ issuerFaults fleet.values
        ++ pathLengthFaults fleet.values
      );
      warnings = mergeFaults (
        concatMap (source: source.warnings) sources
        ++ sharedHostKeys resolved
        ++ idlePathLengths fleet.values
      );
    };

  fleetAuthorities =
    sources:
    let
      declarations = zipAttrsWith (_: list: list) (
        map (
          source:
          mapAttrs (_: value: {
            inherit (source) host;
            inherit value;
          }) source.authorities
        ) sources
      );
    in
    {
      values = mapAttrs (
        _: list:
        (head list).value
        // {
          declaredBy = sort lessThan (filter (host: host != null) (map (d: d.host) list));
        }
      ) declarations;
      disagreements = concatLists (
        attrValues (
          mapAttrs (
            ca: list: concatMap (field: fieldDisagreement ca field list) (attrNames authorityFields)
          ) declarations
        )
      );
    };

  # Where each field of an authority is written under cas.<ca>.
  authorityFields = {
    commonName = [ "ca" "commonName" ];
    names = [ "ca" "names" ];
    hosts = [ "ca" "hosts" ];
    usages = [ "ca" "usages" ];
    expiry = [ "ca" "expiry" ];
    renewBefore = [ "ca" "renewBefore" ];
    key = [ "ca" "key" ];
    pathLength = [ "ca" "pathLength" ];
    nameConstraints = [ "ca" "nameConstraints" ];
    issuer = [ "issuer" ];
    crlUrls = [ "crlUrls" ];
    issuerUrls = [ "issuerUrls" ];
    users = [ "userAgeKeys" ];
  };

  fieldDisagreement =
    ca: field: list:
    let
      # Recipients are a set: their order is no disagreement.
      comparable = value: toJSON (if field == "users" then sort lessThan value else value);
      groups = groupBy (d: comparable d.value.${field}) list;
      option = [ "cas" ca ] ++ authorityFields.${field};
    in
    if length (attrNames groups) == 1 then
      [ ]
    else
      [
        {
          code = "authority-disagreement";
          inherit option;
          hosts = map (d: d.host) list;
          message =
            "The hosts disagree about ${optionName option}: ${sayGroups groups}."
            + " Declare the authority once, in a module that all of them import, with values that do not depend on the host;"
            + " what differs from host to host belongs into cas.${ca}.certDefaults or cas.${ca}.certs.";
        }
      ];

  dirDisagreement =
    sources:
    let
      groups = groupBy (source: toJSON source.dir) sources;
    in
    if length (attrNames groups) < 2 then
      [ ]
    else
      [
        {
          code = "dir-disagreement";
          option = [ "dir" ];
          hosts = map (source: source.host) sources;
          message =
            "The hosts disagree about certToolkit.dir: ${sayGroups groups}."
            + " All files of a fleet live in one directory: set the same dir on every host.";
        }
      ];

  # { "<value as JSON>" = [ { host; } ]; } -> `"a" on cp1, w1; "b" on w2`
  sayGroups =
    groups:
    concatStringsSep "; " (
      attrValues (
        mapAttrs (
          value: list:
          "${shorten 120 value} on ${
            concatStringsSep ", " (map (d: if d.host == null then "caModules" else d.host) list)
          }"
        ) groups
      )
    );

  issuerFaults =
    authorities:
    concatLists (
      attrValues (
        mapAttrs (
          ca:
          { issuer, ... }:
          let
            cycle = cycleOf authorities ca;
            fault = code: message: [
              {
                inherit code message;
                option = [ "cas" ca "issuer" ];
                hosts = authorities.${ca}.declaredBy;
              }
            ];
          in
          if issuer == null then
            [ ]
          else if !(authorities ? ${issuer}) then
            fault "issuer-unknown" (
              "The authority ${quote ca} is to be issued by ${quote issuer}, which no host declares."
              + " Declare cas.${issuer}.ca, or set issuer to one of: ${concatStringsSep ", " (attrNames authorities)}."
            )
          else if cycle != [ ] && head (sort lessThan cycle) == ca then
            fault "issuer-cycle" (
              "The authorities ${concatStringsSep " <- " (map quote (cycle ++ [ ca ]))} issue one another in a circle."
              + " Remove the issuer of the one that is to be the root."
            )
          else
            [ ]
        ) authorities
      )
    );

  # The authorities met on the way from `ca` up to the root, nearest first; stops before one that was met already.
  issuersAbove =
    authorities: ca:
    let
      climb =
        met: name:
        let
          inherit (authorities.${name}) issuer;
        in
        if issuer == null || !(authorities ? ${issuer}) || elem issuer met then
          [ ]
        else
          [ issuer ] ++ climb (met ++ [ issuer ]) issuer;
    in
    climb [ ca ] ca;

  # The circle `ca` belongs to, beginning with `ca`; [ ] if it belongs to none.
  cycleOf =
    authorities: ca:
    let
      path = [ ca ] ++ issuersAbove authorities ca;
    in
    if authorities.${elemAt path (length path - 1)}.issuer == ca then path else [ ];

  # RFC 5280 §4.2.1.9: pathLenConstraint counts the intermediate certificates that may follow this one.
  pathLengthFaults =
    authorities:
    concatLists (
      attrValues (
        mapAttrs (
          ca: authority:
          let
            needed = tiersBelow authorities ca;
            allowed = authority.pathLength;
          in
          if allowed == null || allowed >= needed then
            [ ]
          else
            [
              {
                code = "path-length-exceeded";
                option = [ "cas" ca "ca" "pathLength" ];
                hosts = authority.declaredBy;
                message =
                  "The authority ${quote ca} allows ${toString allowed} tier(s) of authorities below it (pathLength),"
                  + " but ${toString needed} are declared: ${
                    concatStringsSep ", " (map quote (issuedBelow authorities ca))
                  }."
                  + " Raise cas.${ca}.ca.pathLength to at least ${toString needed}, or give them another issuer.";
              }
            ]
        ) authorities
      )
    );

  issuedBelow =
    authorities: ca: filter (other: elem ca (issuersAbove authorities other)) (attrNames authorities);

  tiersBelow =
    authorities: ca:
    let
      # The distance of `other` below `ca`: 1 if `ca` itself issues it.
      distance =
        other:
        let
          above = issuersAbove authorities other;
          upTo = list: if head list == ca then 1 else 1 + upTo (tail list);
        in
        upTo above;
    in
    foldl' (deepest: other: max deepest (distance other)) 0 (issuedBelow authorities ca);

  idlePathLengths =
    authorities:
    concatLists (
      attrValues (
        mapAttrs (
          ca: authority:
          let
            inherit (authority) issuer pathLength;
            above = if issuer == null then null else (authorities.${issuer} or { }).pathLength or null;
          in
          if pathLength == null || above == null || above == 0 || pathLength < above then
            [ ]
          else
            [
              {
                code = "path-length-without-effect";
                option = [ "cas" ca "ca" "pathLength" ];
                hosts = authority.declaredBy;
                message =
                  "The pathLength ${toString pathLength} of the authority ${quote ca} has no effect, because its issuer"
                  + " ${quote issuer} allows only ${toString above}. Set it below ${toString above}, or leave it out.";
              }
            ]
        ) authorities
      )
    );

  sharedHostKeys =
    sources:
    let
      uses = concatMap (
        source:
        if source.certificates == { } then
          [ ]
        else
          map (owner: {
            inherit (source) host;
            id = concatStringsSep " " (firstTwoWords owner.key);
          }) (filter (owner: owner ? key) source.ownerKeys)
      ) sources;
      shared = filter (list: length (unique (map (use: use.host) list)) > 1) (
        attrValues (groupBy (use: use.id) uses)
      );
    in
    map (list: {
      code = "host-key-shared";
      option = [ "owningHostKey" ];
      hosts = map (use: use.host) list;
      message =
        "The hosts ${concatStringsSep ", " (unique (map (use: use.host) list))} have the same owningHostKey, so each can"
        + " open the private keys of the others. Give every host its own key, for example"
        + " ./ssh-host-keys/\${config.networking.hostName}.pub.";
    }) shared;

  # One fault that several hosts share (they import one module) is said once.
  mergeFaults =
    faults:
    map (list: {
      inherit (head list) code message option;
      hosts = sort lessThan (unique (filter (host: host != null) (concatMap (f: f.hosts) list)));
    }) (attrValues (groupBy (f: toJSON [ f.code f.option f.message ]) faults));

  # --- One host -----------------------------------------------------------------------------------------------------

  # host: its name; null for a value that only declares authorities.
  # raw:  its certToolkit value. A value in which everything is inherited already comes out unchanged.
  resolveHost =
    { host, raw }:
    let
      value = clean options.top raw;
      said = field: orElse builtinValues.top.${field} (value.${field} or null);
      cas = mapAttrs (_: orElse { }) (said "cas");
      dir = normalDir (said "dir");
      users = publicKeys [ "userAgeKeys" ] (said "userAgeKeys");
      owners = publicKeys [ "owningHostKey" ] (said "owningHostKey");
      authorityUsers = mapAttrs (
        ca: cfg:
        if elem (cfg.userAgeKeys or null) [ null (said "userAgeKeys") ] then
          users
        else
          publicKeys [ "cas" ca "userAgeKeys" ] cfg.userAgeKeys
      ) cas;
      certificates = filterAttrs (_: certs: certs != { }) (
        mapAttrs (
          ca: cfg: if host == null then { } else mapAttrs (leaf ca cfg) (orElse { } (cfg.certs or null))
        ) cas
      );
      leaf =
        ca: cfg: name: cert:
        resolveLeaf {
          inherit dir host ca name;
          levels = map (orElse { }) [
            cert
            (cfg.certDefaults or null)
            (value.certDefaults or null)
            (value.defaults or null)
          ];
        };
      # Said, but not as the option wants it: reported by typeFaults, and not missing.
      isFaulty = field: raw.${field} or null != null && value.${field} or null == null;
      fault = code: option: message: {
        inherit code option message;
        hosts = [ host ];
      };
    in
    {
      inherit host dir certificates;
      declares = cas != { };
      identities = unique (
        filter (identity: identity != null) ([ (value.userAgeIdentity or null) ] ++ said "userAgeIdentities")
      );
      users = map (user: user.key or user.file) users.found;
      ownerKeys = unique owners.found;
      authorities = mapAttrs (
        ca: cfg:
        resolveAuthority {
          inherit dir ca cfg;
          users = map (user: user.key or user.file) authorityUsers.${ca}.found;
          levels = map (orElse { }) [
            (cfg.ca or null)
            (value.caDefaults or null)
            (value.defaults or null)
          ];
        }
      ) cas;
      errors =
        typeFaults fault [ ] options.top (if isAttrs raw then removeAttrs raw moduleOnly else raw)
        ++ nameFaults fault host cas
        ++ dirFaults fault (said "dir")
        ++ ambiguousFiles fault certificates
        ++ concatMap (keys: keys.faults fault) ([ users owners ] ++ attrValues authorityUsers)
        ++ missingRecipients fault {
          inherit cas certificates;
          users = users.given;
          authorityUsers = mapAttrs (_: keys: keys.given) authorityUsers;
          owners = owners.given || isFaulty "owningHostKey";
        };
      warnings = dirWarnings fault (said "dir");
    };

  resolveAuthority =
    {
      dir,
      ca,
      cfg,
      users,
      levels,
    }:
    common builtinValues.authority ca levels
    // {
      inherit users;
      issuer = cfg.issuer or null;
      pathLength = (head levels).pathLength or null;
      nameConstraints = nameConstraints ((head levels).nameConstraints or null);
      crlUrls = orElse [ ] (cfg.crlUrls or null);
      issuerUrls = orElse [ ] (cfg.issuerUrls or null);
      files = layout.authority dir ca;
    };

  resolveLeaf =
    {
      dir,
      host,
      ca,
      name,
      levels,
    }:
    common builtinValues.leaf name levels
    // {
      id = layout.id host ca name;
      files = layout.leaf dir host ca name;
    };

  # What authorities and leaves have alike. `levels`: the certificate itself, then what it inherits from, nearest first.
  common =
    fallback: name: levels:
    let
      inherited =
        field:
        let
          found = filter (level: level.${field} or null != null) levels;
        in
        if found == [ ] then fallback.${field} else (head found).${field};
    in
    {
      commonName = orElse name ((head levels).commonName or null);
      names = distinguishedName (inheritedNames fallback.names levels);
      hosts = inherited "hosts";
      usages = inherited "usages";
      expiry = inherited "expiry";
      renewBefore = inherited "renewBefore";
      key =
        let
          key = inherited "key";
        in
        {
          algo = orElse fallback.key.algo (key.algo or null);
          size = key.size or null;
        };
    };

  # `names` merges per attribute. An attribute that is null is said: it means "none", and is not inherited further.
  inheritedNames =
    fallback: levels:
    let
      names = map (level: orElse { } (level.names or null)) levels;
      nearest =
        attribute: default:
        let
          found = filter (set: set ? ${attribute}) names;
        in
        if found == [ ] then default else (head found).${attribute};
    in
    mapAttrs nearest fallback;

  # RFC 5280 §4.1.2.4 leaves the order of the relative names to the issuer; this is the order cfssl wrote.
  distinguishedName =
    names:
    concatMap (
      attribute:
      map (value: [ attribute value ]) (
        filter (value: value != null && value != "") (toList names.${attribute})
      )
    ) [ "C" "ST" "L" "O" "OU" ];

  nameConstraints =
    value:
    let
      subtree =
        side:
        mapAttrs (kind: _: orElse [ ] ((orElse { } (value.${side} or null)).${kind} or null)) {
          dns = null;
          ip = null;
          email = null;
        };
    in
    if value == null then
      null
    else
      {
        permitted = subtree "permitted";
        excluded = subtree "excluded";
      };

  # --- Files --------------------------------------------------------------------------------------------------------

  # Every file name and id, relative to the root of the project. `dir` is normal already.
  layout = {
    id =
      host: ca: cert:
      "derived-${host}-${ca}-${cert}";
    authority = dir: ca: {
      certificate = "${dir}/ca/${ca}.crt";
      key = "${dir}/ca/${ca}.key.age";
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

  # Names of hosts, authorities and certificates become parts of file names, of store paths and of agenix secrets.
  nameFaults =
    fault: host: cas:
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
    ++ concatLists (attrValues (mapAttrs inAuthority cas));

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
      all = concatLists (
        attrValues (
          mapAttrs (
            ca: certs:
            attrValues (
              mapAttrs (name: cert: {
                inherit ca name;
                file = cert.files.certificate;
              }) certs
            )
          ) certificates
        )
      );
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

  # --- Recipients ---------------------------------------------------------------------------------------------------

  # Public keys as people give them: a Nix path (read now), a string with one or more keys, another string (the path of
  # a file, read at run time), or a list of these.
  # -> { given: was there anything?; found: [ { key; } | { file; } ]; faults: fault -> [ fault ]; }
  publicKeys =
    option: value:
    let
      entries = keyEntries value;
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
    value:
    if value == null then
      [ ]
    else if isList value then
      concatMap keyEntries value
    else if isPath value || inStore value then
      keysInFile value
    else
      map (line: if looksLikeKey line then keyEntry line else fileEntry line) (keyLines value);

  keysInFile =
    path:
    let
      lines = map withoutHost (keyLines (readFile path));
      refuse = code: message: [
        {
          fault = true;
          problem = { inherit code message; };
        }
      ];
    in
    if !(pathExists path) then
      refuse "key-file-missing" (
        "names the file ${shortPath path}, which does not exist."
        + " Create it with the public key in it, and run git add if the project is a flake in Git."
      )
    else if lines == [ ] then
      refuse "key-file-empty" (
        "names the file ${shortPath path}, which holds no key."
        + " Put a public key into it: ssh-keyscan -t ed25519 HOST, or age-keygen -y KEY."
      )
    else if any isPrivate lines then
      refuse "key-private" (
        "names the file ${shortPath path}, which holds a private key."
        + " Name the public key instead (ssh_host_ed25519_key.pub), and replace the private key if it was ever committed."
      )
    else
      map keyEntry lines;

  # The end of a path: enough to find the file, without the store path or the checkout before it.
  shortPath =
    path:
    let
      parts = dirParts (unsafeDiscardStringContext (toString path));
      start = max 0 (length parts - 3);
    in
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

  fileEntry =
    line:
    if isPrivate line || isPlaceholder line then keyEntry line else { file = line; };

  # ssh-keyscan writes the name of the host before the key.
  withoutHost =
    line:
    let
      scanned = match "[^[:blank:]]+[[:blank:]]+((ssh|ecdsa|sk)-[^[:blank:]]+[[:blank:]].*)" line;
    in
    if scanned == null || looksLikeKey line then line else head scanned;

  looksLikeKey =
    line: match "(ssh-|ecdsa-|sk-)[^/[:blank:]]*[[:blank:]].*|age1[^/]*|AGE-SECRET-KEY-.*" line != null;

  isPrivate = line: match ".*PRIVATE KEY.*|AGE-SECRET-KEY-.*|AGE-PLUGIN-.*" line != null;

  # "age1...", "ssh-ed25519 AAAA…", "<your key>": copied from an example, and never filled in.
  isPlaceholder = line: any (word: match ".*\\.\\.\\..*|.*….*|<.*" word != null) (firstTwoWords line);

  # The type and the key itself, without the comment.
  firstTwoWords =
    line:
    let
      words = filter (word: isString word && word != "") (split "[[:blank:]]+" line);
    in
    if length words < 2 then words else [ (head words) (elemAt words 1) ];

  keyLines =
    text:
    filter (line: line != "" && substring 0 1 line != "#") (
      map trim (filter isString (split "[\r\n]+" text))
    );

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

  missingRecipients =
    fault:
    {
      cas,
      certificates,
      users,
      authorityUsers,
      owners,
    }:
    let
      operator = "Add your public key: the output of age-keygen -y, or the line in ~/.ssh/id_ed25519.pub.";
      silent = filter (ca: !authorityUsers.${ca}) (attrNames cas);
    in
    (
      if cas != { } && !users then
        [
          (fault "operator-missing" [ "userAgeKeys" ] (
            "certToolkit.userAgeKeys is empty, so nobody could ever open the keys of the authorities again. ${operator}"
          ))
        ]
      else
        map (
          ca:
          fault "operator-missing" [ "cas" ca "userAgeKeys" ] (
            "certToolkit.cas.${ca}.userAgeKeys is empty, so nobody could ever open the key of the authority again. ${operator}"
          )
        ) silent
    )
    ++ (
      if certificates != { } && !owners then
        [
          (fault "host-key-missing" [ "owningHostKey" ] (
            "certToolkit.owningHostKey is not set, so the host could not open the keys of its certificates."
            + " Set it to the host's public SSH key: the contents of /etc/ssh/ssh_host_ed25519_key.pub, or the path of a copy."
          ))
        ]
      else
        [ ]
    );

  # --- Options ------------------------------------------------------------------------------------------------------

  # Every value that holds when nobody says anything. The reasons for lifetimes and keys are in docs/options.md.
  builtinValues =
    let
      either = {
        names = {
          C = null;
          ST = null;
          L = null;
          O = null;
          OU = null;
        };
        hosts = [ ];
        key = {
          algo = "ecdsa";
          size = 256;
        };
        renewBefore = null;
        owner = "";
        group = "";
        mode = "";
      };
    in
    {
      top = {
        dir = "./secrets/certs";
        userAgeKeys = [ ];
        userAgeIdentity = null;
        userAgeIdentities = [ ];
        owningHostKey = null;
        defaults = { };
        caDefaults = { };
        certDefaults = { };
        cas = { };
      };
      leaf = either // {
        usages = [ "server auth" "client auth" ];
        expiry = "8760h";
      };
      authority = either // {
        usages = [ "cert sign" "crl sign" ];
        expiry = "87600h";
      };
    };

  # The tree of options. A leaf is a kind of value; null stands everywhere for "not said".
  options =
    let
      text = {
        say = "a string";
        holds = isString;
      };
      texts = {
        say = "a list of strings";
        holds = value: isList value && all isString value;
      };
      number = {
        say = "a whole number, 0 or more";
        holds = value: isInt value && value >= 0;
      };
      textOrTexts = {
        say = "a string or a list of strings";
        holds = value: isString value || texts.holds value;
      };
      keys = {
        say = "a list of public keys (strings, or paths of files that hold them)";
        holds = value: isList value && all isKeySource value;
      };
      keyOrKeys = {
        say = "a public key, the path of a file that holds one, or a list of these";
        holds = value: isKeySource value || keys.holds value;
      };
      isKeySource = value: isString value || isPath value;
      record = fields: { inherit fields; };
      mapOf = element: { inherit element; };

      inheritable = {
        key = record {
          algo = text;
          size = number;
        };
        expiry = text;
        renewBefore = text;
        names = record (mapAttrs (_: _: textOrTexts) builtinValues.leaf.names);
        hosts = texts;
        usages = texts;
        owner = text;
        group = text;
        mode = text;
      };
      certificate = inheritable // {
        commonName = text;
      };
      subtrees = record {
        dns = texts;
        ip = texts;
        email = texts;
      };
    in
    {
      top = record {
        dir = text;
        userAgeKeys = keys;
        userAgeIdentity = text;
        userAgeIdentities = texts;
        owningHostKey = keyOrKeys;
        defaults = record inheritable;
        caDefaults = record inheritable;
        certDefaults = record inheritable;
        cas = mapOf (record {
          ca = record (
            certificate
            // {
              pathLength = number;
              nameConstraints = record {
                permitted = subtrees;
                excluded = subtrees;
              };
            }
          );
          issuer = text;
          userAgeKeys = keys;
          crlUrls = texts;
          issuerUrls = texts;
          certDefaults = record inheritable;
          certs = mapOf (record certificate);
        });
      };
    };

  # Options that nix/module.nix reads and that say nothing about certificates.
  moduleOnly = [ "root" "hostName" "ageIntegration" ];

  # What of `value` is an option: without the values the module derives, and without faulty ones.
  declared = clean options.top;

  clean =
    option: value:
    if option ? holds then
      if value != null && option.holds value then value else null
    else if !(isAttrs value) then
      null
    else if option ? element then
      mapAttrs (_: clean option.element) value
    else
      mapAttrs (name: clean option.fields.${name}) (intersectAttrs option.fields value);

  typeFaults =
    fault: path: option: value:
    let
      wrong = say: cure: [
        (fault "option-type" path "${optionName path} must be ${say}, but it is ${describe value}. ${cure}")
      ];
      unknown = attrNames (removeAttrs value (attrNames option.fields));
      below =
        child: name:
        typeFaults fault (path ++ [ name ]) child value.${name};
    in
    if value == null then
      [ ]
    else if option ? holds then
      if option.holds value then [ ] else wrong option.say "Correct its value, or remove it."
    else if !(isAttrs value) then
      wrong "a set of options" "Write ${optionName path} = { … };."
    else if option ? element then
      concatMap (below option.element) (attrNames value)
    else
      map (
        name:
        fault "option-unknown" (path ++ [ name ]) (
          "There is no option ${optionName (path ++ [ name ])}."
          + " Options there are: ${concatStringsSep ", " (attrNames option.fields)}."
        )
      ) unknown
      ++ concatMap (name: below option.fields.${name} name) (
        attrNames (intersectAttrs option.fields value)
      );

  optionName = path: concatStringsSep "." ([ "certToolkit" ] ++ map attributeName path);

  # As it is written in Nix: with quotes where the name needs them.
  attributeName =
    name: if match "[A-Za-z_][A-Za-z0-9_'-]*" name != null then name else quote (shorten 60 name);

  # Without the text of a string, which may be a secret in the wrong place.
  describe =
    value:
    {
      set = "a set";
      list = "a list with other things in it";
      string = "a string";
      int = toString value;
      float = toString value;
      bool = "true or false";
      path = "a path";
      lambda = "a function";
    }
    .${typeOf value} or (typeOf value);

  # --- A plain data file --------------------------------------------------------------------------------------------

  # For `certs --file certs.nix`: { hosts.<host> = source; } where a source is a certToolkit value, a set or a NixOS
  # module with `certToolkit` in it, the path of one, or a list of these merged from left to right.
  fromFile =
    file:
    let
      content = import file;
      hosts = content.hosts or null;
    in
    if !(isAttrs content) || !(isAttrs hosts) then
      throw "${toString file} must be a set { hosts.<name> = …; }, one entry for each host. Wrap what it holds in such a set."
    else
      manifest { hosts = mapAttrs hostValue hosts; };

  hostValue =
    host: source:
    if isPath source then
      hostValue host (import source)
    else if isList source then
      foldl' mergeDeep { } (map (hostValue host) source)
    else if isFunction source then
      hostValue host (callModule host source)
    else if isAttrs source then
      source.certToolkit or source
    else
      throw "hosts.${attributeName host} is ${describe source}; it must be a certToolkit value, a module, a path or a list of these.";

  # Enough of a module's arguments for one that only declares data.
  callModule =
    host: module:
    let
      arguments = {
        config.networking.hostName = host;
        name = host;
        options = { };
        lib = null;
        pkgs = null;
      };
      needed = attrNames (filterAttrs (_: optional: !optional) (functionArgs module));
      lacking = filter (name: !(arguments ? ${name})) needed;
    in
    if lacking == [ ] then
      module arguments
    else
      throw (
        "The module of hosts.${attributeName host} asks for ${concatStringsSep ", " lacking}, which a plain file cannot give."
        + " Evaluate it as a flake (certs recreate --flake .), or remove the arguments."
      );

  mergeDeep =
    left: right:
    left
    // mapAttrs (
      name: value:
      if isAttrs value && isAttrs (left.${name} or null) then mergeDeep left.${name} value else value
    ) right;

  # --- What nixpkgs' lib has as well --------------------------------------------------------------------------------

  inherit (builtins)
    all
    any
    attrNames
    attrValues
    concatLists
    concatMap
    concatStringsSep
    elem
    elemAt
    filter
    foldl'
    functionArgs
    genList
    getContext
    groupBy
    head
    intersectAttrs
    isAttrs
    isFunction
    isInt
    isList
    isString
    length
    lessThan
    listToAttrs
    mapAttrs
    match
    pathExists
    readFile
    removeAttrs
    sort
    split
    storeDir
    stringLength
    substring
    tail
    toJSON
    typeOf
    unsafeDiscardStringContext
    zipAttrsWith
    ;

  isPath = value: typeOf value == "path";
  orElse = default: value: if value == null then default else value;
  toList = value: if isList value then value else [ value ];
  unique = foldl' (list: value: if elem value list then list else list ++ [ value ]) [ ];
  max = a: b: if a > b then a else b;
  filterAttrs =
    keep: set:
    removeAttrs set (filter (name: !(keep name set.${name})) (attrNames set));
  quote = toJSON;
  shorten =
    limit: text: if stringLength text <= limit then text else "${substring 0 limit text}…";
in
schema
