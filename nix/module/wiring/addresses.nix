# Where the API server and the members of etcd are, as far as `certToolkit.kubernetes` says it.
{
  lib,
  cfg,
  hostName,
  port,
}:
let
  inherit (lib) filterAttrs head mapAttrsToList;

  # An IPv6 address in a URL (RFC 3986 §3.2.2).
  host =
    address: if lib.hasInfix ":" address && !lib.hasPrefix "[" address then "[${address}]" else address;
  url = port: address: "https://${host address}:${toString port}";

  # "name", "name:port", "10.0.0.1:port", "fd00::1", "[fd00::1]:port"
  endpoint =
    text:
    let
      bracketed = builtins.match "\\[([^]]*)](:([0-9]+))?" text;
      plain = builtins.match "([^:]*)(:([0-9]+))?" text;
      parts = if bracketed != null then bracketed else plain;
    in
    if parts == null then
      {
        address = text;
        inherit port;
      }
    else
      {
        address = head parts;
        port = if lib.last parts == null then port else lib.last parts;
      };

  nodesOf = role: filterAttrs (_: node: lib.elem role node.roles) cfg.nodes;
  addressOf = name: node: if node.addresses == [ ] then name else head node.addresses;

  # This host counts where the table of nodes is silent.
  own = role: lib.optionalAttrs (lib.elem role cfg.roles) { ${hostName}.addresses = cfg.nodeIPs; };
  withOwn = role: own role // nodesOf role;

  members = withOwn "etcd";
  controlPlanes = withOwn "control-plane";
in
{
  inherit url;

  # Where clients of the cluster reach it: the declared endpoint, or else the first control plane.
  apiServer =
    if cfg.controlPlaneEndpoint != null then
      endpoint cfg.controlPlaneEndpoint
    else if controlPlanes != { } then
      {
        address = head (mapAttrsToList addressOf controlPlanes);
        inherit port;
      }
    else
      throw (
        "certToolkit: where the API server is, is not known on ${hostName}."
        + " Set certToolkit.kubernetes.controlPlaneEndpoint, or name a control plane in certToolkit.kubernetes.nodes."
      );

  etcd = {
    # In etcd's words: where clients go, and who the members are.
    clientUrls = mapAttrsToList (name: node: url 2379 (addressOf name node)) members;
    initialCluster = mapAttrsToList (name: node: "${name}=${url 2380 (addressOf name node)}") members;
    # A member binds addresses, and advertises the one that the others know.
    ownAddress = addressOf hostName (members.${hostName} or { addresses = cfg.nodeIPs; });
    boundAddresses = if cfg.nodeIPs == [ ] then [ "0.0.0.0" ] else cfg.nodeIPs;
  };
}
