# What several hosts declare together: authorities, key pairs and roles become one each, with the places where the hosts disagree.
{ prelude, options }:
let
  mergedAuthorities =
    sources:
    merged {
      source = "authorities";
      tree = "cas";
      code = "authority-disagreement";
      fields = authorityFields;
      beside = ca: list: {
        declaredBy = hostsOf list;
        keyHosts = hostsOf (filter (source: elem ca source.signing) sources);
      };
      cure =
        ca:
        "Declare the authority once, in a module that all of them import, with values that do not depend on the host;"
        + " what differs from host to host belongs into cas.${ca}.certDefaults or cas.${ca}.certs.";
    } sources;

  # Where each field of an authority is written under cas.<ca>.
  authorityFields =
    asWritten [
      "issuer"
      "crlUrls"
      "crlExpiry"
      "issuerUrls"
    ]
    // mapAttrs (_: path: [ "ca" ] ++ path) (asWritten [
      "commonName"
      "names"
      "hosts"
      "usages"
      "expiry"
      "renewBefore"
      "key"
      "pathLength"
      "nameConstraints"
      "keyOffline"
    ])
    // operators;

  # A key pair belongs to every host that declares it.
  mergedKeyPairs = merged {
    source = "keyPairs";
    tree = "keyPairs";
    code = "key-pair-disagreement";
    fields =
      asWritten [
        "key"
        "verificationKeys"
      ]
      // operators;
    beside = _: list: { owners = hostsOf list; };
    cure =
      _: "Declare the key pair once, in a module that all its hosts import: they have one key between them.";
  };

  mergedRoles = merged {
    source = "roles";
    tree = "roles";
    code = "role-disagreement";
    fields =
      mapAttrs (field: _: [ field ]) builtinValues.role
      // asWritten [
        "key"
        "names"
      ];
    beside = _: list: { declaredBy = hostsOf list; };
    cure =
      _:
      "Declare the role once, in a module that all of them import, with values that do not depend on the host.";
  };

  # Fields that are called in the manifest as they are in the options.
  asWritten =
    fields:
    listToAttrs (
      map (field: {
        name = field;
        value = [ field ];
      }) fields
    );

  operators.users = [ "userAgeKeys" ];

  # source:  the declarations, by their name in what a host resolves to
  # tree:    the option that they are written in; `fields` has the way on to each field
  # beside:  what one has beside its declaration
  # -> { values = { <name> = …; }; disagreements = [ fault ]; }
  merged =
    {
      source,
      beside,
      fields,
      ...
    }@about:
    sources:
    let
      declarations = declarationsOf source sources;
    in
    {
      values = mapAttrs (
        name: list: (head list).value // { allow = allowed list; } // beside name list
      ) declarations;
      disagreements = concatMapAttrsToList (
        name: list: concatMap (field: fieldDisagreement name field about list) (attrNames fields)
      ) declarations;
    };

  # { <name> = [ { host; value; } ]; }
  declarationsOf =
    tree: sources:
    zipAttrsWith (_: list: list) (
      map (
        source:
        mapAttrs (_: value: {
          inherit (source) host;
          inherit value;
        }) source.${tree}
      ) sources
    );

  hostsOf =
    list: sort lessThan (filter (host: host != null) (map (declaration: declaration.host) list));

  allowed = list: foldl' (all: declaration: all // declaration.value.allow) { } list;

  fieldDisagreement =
    name: field:
    {
      code,
      tree,
      fields,
      cure,
      ...
    }:
    list:
    let
      # Recipients are a set: their order is no disagreement.
      comparable = value: toJSON (if field == "users" then sort lessThan value else value);
      groups = groupBy (declaration: comparable (declaration.value.${field} or null)) list;
      option = [
        tree
        name
      ]
      ++ fields.${field};
    in
    if length (attrNames groups) == 1 then
      [ ]
    else
      [
        {
          inherit code option;
          hosts = map (declaration: declaration.host) list;
          message = "The hosts disagree about ${optionName option}: ${sayGroups groups}. ${cure name}";
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
            concatStringsSep ", " (map (declaration: orElse "caModules" declaration.host) list)
          }"
        ) groups
      )
    );

  inherit (builtins)
    attrNames
    attrValues
    concatMap
    concatStringsSep
    elem
    filter
    foldl'
    groupBy
    head
    length
    lessThan
    listToAttrs
    mapAttrs
    sort
    toJSON
    zipAttrsWith
    ;
  inherit (prelude) concatMapAttrsToList orElse shorten;
  inherit (options) builtinValues optionName;
in
{
  inherit
    mergedAuthorities
    mergedKeyPairs
    mergedRoles
    dirDisagreement
    ;
}
