# The fleet: one manifest from all hosts, and the faults that only show when they are seen together.
{
  prelude,
  options,
  files,
  recipients,
  host,
}:
let
  # The `version` field of the manifest. A reader refuses every other number.
  version = 1;

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
  authorityFields =
    listToAttrs (
      map
        (field: {
          name = field;
          value = [
            "ca"
            field
          ];
        })
        [
          "commonName"
          "names"
          "hosts"
          "usages"
          "expiry"
          "renewBefore"
          "key"
          "pathLength"
          "nameConstraints"
        ]
    )
    // {
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
      option = [
        "cas"
        ca
      ]
      ++ authorityFields.${field};
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
                option = [
                  "cas"
                  ca
                  "issuer"
                ];
                hosts = authorities.${ca}.declaredBy;
              }
            ];
          in
          if issuer == null then
            [ ]
          else if !(authorities ? ${issuer}) then
            fault "issuer-unknown" (
              "The authority ${quote ca} is to be issued by ${quote issuer}, which no host declares."
              + " Declare cas.${issuer}.ca, or remove the issuer to make ${quote ca} a root."
            )
          else if cycle != [ ] && head (sort lessThan cycle) == ca then
            fault "issuer-cycle" (
              "The authorities ${
                concatStringsSep " <- " (map quote (cycle ++ [ ca ]))
              } issue one another in a circle."
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
                option = [
                  "cas"
                  ca
                  "ca"
                  "pathLength"
                ];
                hosts = authority.declaredBy;
                message =
                  "The authority ${quote ca} allows ${toString allowed} tier(s) of authorities below it (pathLength),"
                  + " but ${toString needed} are declared: ${concatStringsSep ", " (map quote (issuedBelow authorities ca))}."
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
                option = [
                  "cas"
                  ca
                  "ca"
                  "pathLength"
                ];
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
        "The hosts ${
          concatStringsSep ", " (unique (map (use: use.host) list))
        } have the same owningHostKey, so each can"
        + " open the private keys of the others. Give every host its own key, for example"
        + " ./ssh-host-keys/\${config.networking.hostName}.pub.";
    }) shared;

  # One fault that several hosts share (they import one module) is said once.
  mergeFaults =
    faults:
    map
      (list: {
        inherit (head list) code message option;
        hosts = sort lessThan (unique (filter (host: host != null) (concatMap (f: f.hosts) list)));
      })
      (
        attrValues (
          groupBy (
            f:
            toJSON [
              f.code
              f.option
              f.message
            ]
          ) faults
        )
      );

  inherit (builtins)
    all
    attrNames
    attrValues
    concatLists
    concatMap
    concatStringsSep
    elem
    elemAt
    filter
    foldl'
    groupBy
    head
    length
    lessThan
    listToAttrs
    mapAttrs
    sort
    tail
    toJSON
    zipAttrsWith
    ;
  inherit (prelude)
    unique
    max
    quote
    shorten
    ;
  inherit (options) builtinValues optionName;
  inherit (files) normalDir;
  inherit (recipients) firstTwoWords;
  inherit (host) resolveHost;
in
{
  inherit version manifest;
}
