# One host: what it inherits and what follows from it. Its own faults are found here; those of the fleet in fleet.nix.
{
  prelude,
  options,
  files,
  recipients,
}:
let
  # host: its name; null for a value that only declares authorities.
  # raw:  its certToolkit value. A value in which everything is inherited already comes out unchanged.
  resolveHost =
    { host, raw }:
    let
      value = declared raw;
      said = field: orElse builtinValues.top.${field} (value.${field} or null);
      cas = mapAttrs (_: orElse { }) (said "cas");
      dir = normalDir (said "dir");
      users = publicKeys [ "userAgeKeys" ] (said "userAgeKeys");
      owners = publicKeys [ "owningHostKey" ] (said "owningHostKey");
      authorityUsers = mapAttrs (
        ca: cfg:
        if
          elem (cfg.userAgeKeys or null) [
            null
            (said "userAgeKeys")
          ]
        then
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
        filter (identity: identity != null) (
          [ (value.userAgeIdentity or null) ] ++ said "userAgeIdentities"
        )
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
        optionFaults fault raw
        ++ nameFaults fault host cas
        ++ dirFaults fault (said "dir")
        ++ ambiguousFiles fault certificates
        ++ concatMap (keys: keys.faults fault) (
          [
            users
            owners
          ]
          ++ attrValues authorityUsers
        )
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
    concatMap
      (
        attribute:
        map (value: [
          attribute
          value
        ]) (filter (value: value != null && value != "") (toList names.${attribute}))
      )
      [
        "C"
        "ST"
        "L"
        "O"
        "OU"
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
in
{
  inherit resolveHost;
}
