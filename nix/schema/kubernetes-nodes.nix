# The table of a cluster's nodes, `certToolkit.kubernetes.nodes`: what it says, and what is wrong with it. All hosts of a
# cluster may have one table, so nothing here asks whose it is, and it is read once for all of them. Where a host finds itself
# in it is for kubernetes.nix.
{
  prelude,
  options,
  kubernetesFaults,
}:
let
  # written: the value of certToolkit.kubernetes.nodes
  # -> { written; nodes: without what is faulty; faults: fault -> [ fault ]; roleFaults: the same; firstControlPlane; }
  readTable =
    written:
    let
      nodes = clean option written;
      # Found once, and said of every host that has the table.
      said = found: fault: map (each: fault each.code each.option each.message) found;
      find = code: option: message: { inherit code option message; };
    in
    {
      inherit written nodes;
      faults = said (typeFaults find path option written);
      roleFaults = said (nodeRoleFaults find (orElse { } nodes));
      firstControlPlane = firstControlPlane (orElse { } nodes);
    };

  # The table as it is written, null if there is none; and the certToolkit value without it.
  tableIn = raw: raw.kubernetes.nodes or null;
  withoutTable =
    raw:
    if raw ? kubernetes.nodes then
      raw // { kubernetes = removeAttrs raw.kubernetes [ "nodes" ]; }
    else
      raw;

  # The tables of many hosts: { <host> = table; }. Each cluster's first host gives the table that the others are compared
  # with, which costs little; a host that has another one has it read on its own.
  readTables =
    hosts:
    let
      withTable = filter (host: tableIn hosts.${host} != null) (attrNames hosts);
      shared = mapAttrs (_: names: readTable (tableIn hosts.${head names})) (
        groupBy (host: clusterOf hosts.${host}) withTable
      );
      tableOf =
        raw:
        let
          written = tableIn raw;
          ofCluster = shared.${clusterOf raw};
        in
        if written == null then
          noTable
        else if written == ofCluster.written then
          ofCluster
        else
          readTable written;
    in
    mapAttrs (_: tableOf) hosts;

  noTable = readTable null;

  clusterOf =
    raw:
    let
      cluster = raw.kubernetes.cluster or null;
    in
    if isString cluster then cluster else "";

  # By its name, null if there is no control plane in the table.
  firstControlPlane =
    nodes:
    let
      controlPlanes = filter (
        name: elem "control-plane" (orElse [ ] ((orElse { } nodes.${name}).roles or null))
      ) (attrNames nodes);
    in
    if controlPlanes == [ ] then null else head controlPlanes;

  path = [
    "kubernetes"
    "nodes"
  ];
  option = options.options.top.fields.kubernetes.fields.nodes;

  inherit (builtins)
    attrNames
    elem
    filter
    groupBy
    head
    isString
    mapAttrs
    removeAttrs
    ;
  inherit (prelude) orElse;
  inherit (options) clean typeFaults;
  inherit (kubernetesFaults) nodeRoleFaults;
in
{
  inherit
    readTable
    readTables
    tableIn
    withoutTable
    ;
}
