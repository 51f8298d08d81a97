# The fleet: one manifest from all hosts, and the faults that only show when they are seen together.
{
  prelude,
  options,
  files,
  recipients,
  kubernetesCluster,
  kubernetesNodes,
  host,
  shared,
}:
let
  # The `version` field of the manifest. A reader refuses every other number.
  version = 1;

  # hosts:       { <host> = the host's certToolkit value; }
  # authorities: values that declare authorities without being a host (K8Nix calls them caModules)
  # errors:      faults the caller found before it came here
  # root:        the directory of the project as text, where it is known
  manifest =
    {
      hosts,
      authorities ? [ ],
      errors ? [ ],
      root ? null,
    }:
    let
      tables = readTables hosts;
      resolved = attrValues (
        mapAttrs (
          host: raw:
          resolveHost {
            inherit host raw root;
            table = tables.${host};
          }
        ) hosts
      );
      others = map (
        raw:
        resolveHost {
          host = null;
          inherit raw root;
        }
      ) authorities;
      sources = resolved ++ others;
      declaring = filter (source: source.declares) sources;
      authoritiesOfFleet = mergedAuthorities sources;
      keyPairsOfFleet = mergedKeyPairs sources;
      rolesOfFleet = mergedRoles sources;
      clusters = clusterFindings { inherit hosts tables resolved; };
    in
    {
      inherit version;
      dir = if declaring == [ ] then normalDir builtinValues.top.dir else (head declaring).dir;
      identities = unique (concatMap (source: source.identities) sources);
      authorities = authoritiesOfFleet.values;
      hosts = listToAttrs (
        map (source: {
          name = source.host;
          value = {
            inherit (source)
              users
              ownerKeys
              certificates
              kubernetes
              allow
              ;
          };
        }) resolved
      );
      keyPairs = keyPairsOfFleet.values;
      roles = rolesOfFleet.values;
      errors = mergeFaults (
        errors
        ++ concatMap (source: source.errors) sources
        ++ clusters.errors
        ++ dirDisagreement declaring
        ++ authoritiesOfFleet.disagreements
        ++ keyPairsOfFleet.disagreements
        ++ rolesOfFleet.disagreements
        ++ issuerFaults authoritiesOfFleet.values
        ++ pathLengthFaults authoritiesOfFleet.values
        ++ verificationKeyFaults keyPairsOfFleet.values
        ++ roleFaults authoritiesOfFleet.values rolesOfFleet.values
      );
      warnings = mergeFaults (
        concatMap (source: source.warnings) sources
        ++ sharedHostKeys resolved
        ++ adminsWithoutHost hosts resolved
        ++ clusters.warnings
        ++ idlePathLengths authoritiesOfFleet.values
      );
    };

  issuerFaults =
    authorities:
    concatMapAttrsToList (
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
    ) authorities;

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
    concatMapAttrsToList (
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
    ) authorities;

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
    concatMapAttrsToList (
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
    ) authorities;

  verificationKeyFaults =
    keyPairs:
    concatMapAttrsToList (
      name: pair:
      map (other: {
        code = "key-pair-unknown";
        option = [
          "keyPairs"
          name
          "verificationKeys"
        ];
        hosts = pair.owners;
        message =
          "The key pair ${quote name} has ${quote (shorten 60 other)} among its verificationKeys, which "
          + (
            if other == name then
              "is itself. Remove it: its own key is always first."
            else
              "no host declares. Declare keyPairs.${attributeName other} on the same hosts, or remove it from the list."
          );
      }) (filter (other: other == name || !(keyPairs ? ${other})) pair.verificationKeys)
    ) keyPairs;

  roleFaults =
    authorities: roles:
    concatMapAttrsToList (
      name:
      { authority, declaredBy, ... }:
      let
        fault = code: message: [
          {
            inherit code message;
            option = [
              "roles"
              name
              "authority"
            ];
            hosts = declaredBy;
          }
        ];
      in
      if authority == "" then
        fault "role-authority-missing" (
          "The role ${quote name} does not say which authority signs what it grants."
          + " Set roles.${attributeName name}.authority to the name of one in cas."
        )
      else if !(authorities ? ${authority}) then
        fault "role-authority-unknown" (
          "The role ${quote name} is to be signed by the authority ${quote (shorten 60 authority)}, which no host declares."
          + " Declare cas.${attributeName authority}.ca, or name another authority."
        )
      else
        [ ]
    ) roles;

  sharedHostKeys =
    sources:
    let
      uses = concatMap (
        source:
        if source.certificates == { } && source.keyPairs == { } then
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

  adminsWithoutHost =
    hosts: sources:
    map
      (source: {
        code = "admin-host-unknown";
        option = [
          "kubernetes"
          "nodes"
          source.adminHost
        ];
        hosts = [ source.host ];
        message =
          "The first control plane of the cluster ${quote source.kubernetes.cluster} is ${quote source.adminHost} by kubernetes.nodes,"
          + " so the credentials of its administrators belong there; but no host has this name, and nobody gets them."
          + " Give the host the name it has in the table, or take it out of the table.";
      })
      (filter (source: source.adminHost != null && !(hosts ? ${source.adminHost})) sources);

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
    attrNames
    attrValues
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
    ;
  inherit (prelude)
    concatMapAttrsToList
    unique
    max
    quote
    shorten
    ;
  inherit (options) attributeName builtinValues;
  inherit (files) normalDir;
  inherit (recipients) firstTwoWords;
  inherit (kubernetesCluster) clusterFindings;
  inherit (kubernetesNodes) readTables;
  inherit (host) resolveHost;
  inherit (shared)
    mergedAuthorities
    mergedKeyPairs
    mergedRoles
    dirDisagreement
    ;
in
{
  inherit version manifest;
}
