# One host: what it inherits and what follows from it. Its own faults are found here; those of the fleet in fleet.nix.
{
  prelude,
  options,
  files,
  recipients,
  kubernetes,
  kubernetesFaults,
  kubernetesNodes,
}:
let
  # host: its name; null for a value that only declares authorities.
  # raw:  its certToolkit value. A value in which everything is inherited already comes out unchanged.
  # root: the directory of the project as text, where it is known
  # table: the nodes of its cluster, where they are read already
  resolveHost =
    {
      host,
      raw,
      root ? null,
      table ? readTable (tableIn raw),
    }:
    let
      value = declared (withoutTable raw);
      said = field: orElse builtinValues.top.${field} (value.${field} or null);
      preset = kubernetes.preset {
        inherit host table;
        raw = value.kubernetes or null;
      };
      cas = mergeUnder preset.cas (mapAttrs (_: orElse { }) (said "cas"));
      keyPairs = mergeUnder preset.keyPairs (mapAttrs (_: orElse { }) (said "keyPairs"));
      roles = mapAttrs (_: orElse { }) (said "roles");
      dir = normalDir (said "dir");
      users = publicKeys root [ "userAgeKeys" ] (said "userAgeKeys");
      owners = publicKeys root [ "owningHostKey" ] (said "owningHostKey");
      usersOf =
        tree:
        mapAttrs (
          name: cfg:
          if
            elem (cfg.userAgeKeys or null) [
              null
              (said "userAgeKeys")
            ]
          then
            users
          else
            publicKeys root [ tree name "userAgeKeys" ] cfg.userAgeKeys
        );
      authorityUsers = usersOf "cas" cas;
      keyPairUsers = usersOf "keyPairs" keyPairs;
      certificates = filterAttrs (_: certs: certs != { }) (
        mapAttrs (
          ca: cfg: if host == null then { } else mapAttrs (leaf ca cfg) (orElse { } (cfg.certs or null))
        ) cas
      );
      leaf =
        ca: cfg: name: cert:
        resolveLeaf {
          inherit
            dir
            host
            ca
            name
            ;
          levels = map (orElse { }) [
            cert
            (cfg.certDefaults or null)
            (value.certDefaults or null)
            (value.defaults or null)
          ];
        };
      # The authorities whose keys this host has.
      signing =
        if host == null then
          [ ]
        else
          attrNames (filterAttrs (_: cfg: (orElse { } (cfg.ca or null)).keyOnHost or null == true) cas);
      needsOwner =
        signing != [ ]
        || host != null && keyPairs != { }
        || any (certs: any (cert: cert.onHost) (attrValues certs)) (attrValues certificates);
      # Said, but not as the option wants it: reported by typeFaults, and not missing.
      isFaulty = field: raw.${field} or null != null && value.${field} or null == null;
      fault = code: option: message: {
        inherit code option message;
        hosts = [ host ];
      };
    in
    {
      inherit
        host
        dir
        certificates
        signing
        ;
      declares = cas != { } || keyPairs != { } || roles != { };
      kubernetes = preset.membership;
      inherit (preset) adminHost;
      allow = said "allow";
      identities = unique (
        filter (identity: identity != null) (
          [ (value.userAgeIdentity or null) ] ++ said "userAgeIdentities"
        )
      );
      users = keysOf users;
      ownerKeys = unique owners.found;
      authorities = mapAttrs (
        ca: cfg:
        resolveAuthority {
          inherit dir ca cfg;
          users = keysOf authorityUsers.${ca};
          levels = map (orElse { }) [
            (cfg.ca or null)
            (value.caDefaults or null)
            (value.defaults or null)
          ];
        }
      ) cas;
      keyPairs = mapAttrs (
        name: cfg:
        resolveKeyPair {
          inherit dir name cfg;
          users = keysOf keyPairUsers.${name};
          levels = [
            cfg
            (orElse { } (value.defaults or null))
          ];
        }
      ) keyPairs;
      roles = mapAttrs (
        _: cfg:
        resolveRole [
          cfg
          (orElse { } (value.certDefaults or null))
          (orElse { } (value.defaults or null))
        ]
      ) roles;
      errors =
        optionFaults fault (withoutTable raw)
        ++ table.faults fault
        ++ nameFaults fault {
          inherit
            host
            cas
            keyPairs
            roles
            ;
        }
        ++ dirFaults fault (said "dir")
        ++ ambiguousFiles fault certificates
        ++ preset.faults fault
        ++ componentFaults fault cas
        ++ concatMap (keys: keys.faults fault) (
          [
            users
            owners
          ]
          ++ attrValues authorityUsers
          ++ attrValues keyPairUsers
        )
        ++ missingRecipients fault {
          users = users.given;
          ofTree = mapAttrs (_: mapAttrs (_: keys: keys.given)) {
            cas = authorityUsers;
            keyPairs = keyPairUsers;
          };
          inherit needsOwner;
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
      allow = allowed (head levels);
      crlUrls = orElse [ ] (cfg.crlUrls or null);
      issuerUrls = orElse [ ] (cfg.issuerUrls or null);
      files = layout.authority dir ca;
    }
    // (if (cfg.crlExpiry or null) == null then { } else { inherit (cfg) crlExpiry; })
    // (if (head levels).keyOffline or null == true then { keyOffline = true; } else { });

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
      onHost = orElse true ((head levels).onHost or null);
      component = (head levels).component or null;
      allow = allowed (head levels);
      files = layout.leaf dir host ca name;
    };

  resolveKeyPair =
    {
      dir,
      name,
      cfg,
      users,
      levels,
    }:
    {
      inherit users;
      key = inheritedKey builtinValues.leaf levels;
      verificationKeys = unique (orElse [ ] (cfg.verificationKeys or null));
      allow = allowed cfg;
      files = layout.keyPair dir name;
    };

  # Key and subject are inherited as a certificate's are; what is granted is the role's own.
  resolveRole =
    levels:
    let
      cfg = head levels;
    in
    mapAttrs (field: default: orElse default (cfg.${field} or null)) builtinValues.role
    // {
      authority = orElse "" (cfg.authority or null);
      key = inheritedKey builtinValues.leaf levels;
      names = distinguishedName (inheritedNames builtinValues.leaf.names levels);
      allowedKeys = map (key: {
        algo = orElse builtinValues.leaf.key.algo (key.algo or null);
        size = key.size or null;
      }) (orElse builtinValues.role.allowedKeys (cfg.allowedKeys or null));
      allow = allowed cfg;
    };

  allowed = cfg: orElse { } (cfg.allow or null);

  keysOf = keys: map (user: user.key or user.file) keys.found;

  # What authorities and leaves have alike. `levels`: the certificate itself, then what it inherits from, nearest first.
  common =
    fallback: name: levels:
    let
      inherited = inheritedField fallback levels;
    in
    {
      commonName = orElse name ((head levels).commonName or null);
      names = distinguishedName (inheritedNames fallback.names levels);
      hosts = inherited "hosts";
      usages = inherited "usages";
      expiry = inherited "expiry";
      renewBefore = inherited "renewBefore";
      key = inheritedKey fallback levels;
    };

  inheritedKey =
    fallback: levels:
    let
      key = inheritedField fallback levels "key";
    in
    {
      algo = orElse fallback.key.algo (key.algo or null);
      size = key.size or null;
    };

  inheritedField =
    fallback: levels: field:
    let
      found = filter (level: level.${field} or null != null) levels;
    in
    if found == [ ] then fallback.${field} else (head found).${field};

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

  # RFC 5280 §4.1.2.4 leaves the order of the relative names to the issuer; this is the order cfssl wrote, with what it did not
  # know where OpenSSL and EJBCA have it.
  distinguishedName =
    names:
    concatMap
      (
        attribute:
        map (value: [
          attribute
          value
        ]) (filter (value: value != null && value != "") (toList names.${attribute}))
      )
      [
        "DC"
        "C"
        "postalCode"
        "ST"
        "L"
        "street"
        "O"
        "OU"
        "serialNumber"
        "UID"
        "emailAddress"
      ];

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

  inherit (builtins)
    any
    attrNames
    attrValues
    concatMap
    elem
    filter
    head
    mapAttrs
    ;
  inherit (prelude)
    orElse
    toList
    unique
    filterAttrs
    mergeUnder
    ;
  inherit (options) builtinValues declared optionFaults;
  inherit (files)
    layout
    normalDir
    dirFaults
    dirWarnings
    nameFaults
    ambiguousFiles
    ;
  inherit (recipients) publicKeys missingRecipients;
  inherit (kubernetesFaults) componentFaults;
  inherit (kubernetesNodes) readTable tableIn withoutTable;
in
{
  inherit resolveHost;
}
