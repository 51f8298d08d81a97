# What several hosts declare together: authorities, key pairs and roles become one each, with the places where the hosts disagree.
{ prelude, options }:
let
  # -> { values = { <ca> = authority; }; disagreements = [ fault ]; }
  mergedAuthorities =
    sources:
    let
      declarations = declarationsOf "authorities" sources;
      cure =
        ca:
        "Declare the authority once, in a module that all of them import, with values that do not depend on the host;"
        + " what differs from host to host belongs into cas.${ca}.certDefaults or cas.${ca}.certs.";
    in
    {
      values = mapAttrs (
        ca: list:
        (head list).value
        // {
          declaredBy = hostsOf list;
          keyHosts = hostsOf (filter (source: elem ca source.signing) sources);
          allow = allowed list;
        }
      ) declarations;
      disagreements = disagreementsOf declarations authorityFields {
        code = "authority-disagreement";
        tree = "cas";
        inherit cure;
      };
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
      crlExpiry = [ "crlExpiry" ];
      issuerUrls = [ "issuerUrls" ];
      users = [ "userAgeKeys" ];
    };

  # A key pair belongs to every host that declares it.
  mergedKeyPairs =
    sources:
    let
      declarations = declarationsOf "keyPairs" sources;
    in
    {
      values = mapAttrs (
        _: list:
        (head list).value
        // {
          owners = hostsOf list;
          allow = allowed list;
        }
      ) declarations;
      disagreements = disagreementsOf declarations keyPairFields {
        code = "key-pair-disagreement";
        tree = "keyPairs";
        cure =
          _:
          "Declare the key pair once, in a module that all its hosts import: they have one key between them.";
      };
    };

  keyPairFields = {
    key = [ "key" ];
    verificationKeys = [ "verificationKeys" ];
    users = [ "userAgeKeys" ];
  };

  mergedRoles =
    sources:
    let
      declarations = declarationsOf "roles" sources;
    in
    {
      values = mapAttrs (
        _: list:
        (head list).value
        // {
          declaredBy = hostsOf list;
          allow = allowed list;
        }
      ) declarations;
      disagreements = disagreementsOf declarations roleFields {
        code = "role-disagreement";
        tree = "roles";
        cure =
          _:
          "Declare the role once, in a module that all of them import, with values that do not depend on the host.";
      };
    };

  roleFields =
    mapAttrs (field: _: [ field ]) builtinValues.role
    // {
      key = [ "key" ];
      names = [ "names" ];
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

  disagreementsOf =
    declarations: fields: about:
    concatLists (
      attrValues (
        mapAttrs (
          name: list:
          concatMap (field: fieldDisagreement name fields.${field} field about list) (attrNames fields)
        ) declarations
      )
    );

  fieldDisagreement =
    name: path: field:
    {
      code,
      tree,
      cure,
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
      ++ path;
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
    concatLists
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
  inherit (prelude) orElse shorten;
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
