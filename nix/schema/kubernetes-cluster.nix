# What is wrong with a cluster as a whole: it shows only when all hosts are seen together.
{
  prelude,
  options,
  addresses,
}:
let
  # hosts:    { <host> = its certToolkit value; }
  # tables:   { <host> = the table of its nodes, as it is read; }
  # resolved: the hosts as host.nix resolves them
  # -> { errors; warnings; }
  clusterFindings =
    {
      hosts,
      tables,
      resolved,
    }:
    let
      members = filter (source: source.kubernetes != null) resolved;
      clusters = groupBy (source: source.kubernetes.cluster) members;
      clusterOf = name: sources: {
        inherit name sources;
        # The module hands on an empty table where there is none.
        written = filter (entry: orElse { } entry.table.written != { }) (
          map (source: {
            inherit (source) host;
            table = tables.${source.host};
          }) sources
        );
      };
      ofSources = find: cluster: sources: find (clusterOf cluster sources);
    in
    {
      errors =
        concatMapAttrsToList (ofSources addressFaults) clusters
        ++ concatMapAttrsToList (ofSources (administratorFaults hosts)) clusters;
      warnings =
        concatMapAttrsToList (ofSources (strangerWarnings hosts)) clusters
        ++ concatMapAttrsToList (ofSources tableWarnings) clusters;
    };

  # Whoever dials the address reaches one of them, with the other's name and certificate.
  addressFaults =
    {
      name,
      sources,
      written,
      ...
    }:
    let
      ofHosts = concatMap (
        source:
        map (address: {
          node = source.host;
          inherit address;
        }) source.kubernetes.nodeIPs
      ) sources;
      ofTables = concatMap (
        entry:
        concatMapAttrsToList (
          node: row:
          map (address: { inherit node address; }) (
            filter isAddress (orElse [ ] ((orElse { } row).addresses or null))
          )
        ) (orElse { } entry.table.nodes)
      ) written;
      byAddress = groupBy (use: canonicalAddress use.address) (ofHosts ++ ofTables);
    in
    concatMapAttrsToList (
      address: uses:
      let
        nodes = sort lessThan (unique (map (use: use.node) uses));
      in
      if length nodes < 2 then
        [ ]
      else
        [
          {
            code = "node-address-twice";
            option = [
              "kubernetes"
              "nodes"
            ];
            hosts = map (source: source.host) sources;
            message =
              "The nodes ${listed nodes} of the cluster ${quote name} have the same address, ${address}, so each would answer in"
              + " the place of the other. Give every node the addresses that it alone has.";
          }
        ]
    ) byAddress;

  # Their certificates lie with the first control plane: without one, nobody makes them.
  administratorFaults =
    hosts:
    { name, sources, written, ... }:
    let
      hasControlPlane =
        any (source: elem "control-plane" source.kubernetes.roles) sources
        || any (entry: entry.table.firstControlPlane != null) written;
      asking = filter (host: orElse [ ] (hosts.${host}.kubernetes.adminUsers or null) != [ ]) (
        map (source: source.host) sources
      );
    in
    if hasControlPlane || asking == [ ] then
      [ ]
    else
      [
        {
          code = "admin-users-nowhere";
          option = [
            "kubernetes"
            "adminUsers"
          ];
          hosts = asking;
          message =
            "The cluster ${quote name} has kubernetes.adminUsers and no control plane, with which their credentials would lie, so"
            + " nobody would get one. Give a host the role \"control-plane\", or remove adminUsers.";
        }
      ];

  strangerWarnings =
    hosts:
    { name, written, ... }:
    let
      rows = concatMap (
        entry:
        map (node: {
          inherit node;
          inherit (entry) host;
        }) (filter (node: node != entry.table.firstControlPlane) (attrNames (orElse { } entry.table.nodes)))
      ) written;
      strangers = groupBy (row: row.node) (filter (row: !(hosts ? ${row.node})) rows);
    in
    concatMapAttrsToList (node: uses: [
      {
        code = "node-not-a-host";
        option = [
          "kubernetes"
          "nodes"
          node
        ];
        hosts = map (row: row.host) uses;
        message =
          "The node ${quote node} of the cluster ${quote name} is in kubernetes.nodes and is not a host of this fleet, so no"
          + " certificate is made for it. Add the host (nixosConfigurations.${attributeName node}, or hosts.${attributeName node}"
          + " in certs.nix), or take it out of the table.";
      }
    ]) strangers;

  # From the table follow the names of the API server and where the administrators' credentials lie.
  tableWarnings =
    { name, written, ... }:
    let
      first = head written;
      others = filter (entry: entry.table.written != first.table.written) written;
    in
    if others == [ ] then
      [ ]
    else
      [
        {
          code = "node-tables-differ";
          option = [
            "kubernetes"
            "nodes"
          ];
          hosts = map (entry: entry.host) ([ first ] ++ others);
          message =
            "The hosts of the cluster ${quote name} have different tables in kubernetes.nodes: ${quote first.host} has another"
            + " than ${listed (map (entry: entry.host) others)}. Write the table once, in a module that all of them import.";
        }
      ];

  listed = list: concatStringsSep ", " (map quote list);

  inherit (builtins)
    any
    attrNames
    concatMap
    concatStringsSep
    elem
    filter
    groupBy
    head
    length
    lessThan
    sort
    ;
  inherit (prelude)
    concatMapAttrsToList
    orElse
    quote
    unique
    ;
  inherit (options) attributeName;
  inherit (addresses) canonicalAddress isAddress;
in
{
  inherit clusterFindings;
}
