# Addresses inside the service network: of nodes in the table, of a host that says its own, of the endpoint.
let
  host = kubernetes: {
    userAgeKeys = [ "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u" ];
    owningHostKey = ../kubernetes/keys/cp1.pub;
    kubernetes = {
      enable = true;
    }
    // kubernetes;
  };
  table = {
    serviceCIDRs = [
      "10.0.0.0/24"
      "fd00:96::/108"
    ];
    nodes = {
      cp1 = {
        roles = [ "control-plane" ];
        addresses = [
          "10.0.0.1"
          "fd00:96::1"
          "192.0.2.1"
        ];
      };
      w1 = {
        roles = [ "worker" ];
        addresses = [ "10.0.1.11" ];
      };
    };
  };
in
{
  hosts = {
    cp1 = host table;
    w1 = host (table // { nodeIPs = [ "10.0.0.11" ]; });
    # The network that holds where nothing is said.
    w2 = host {
      cluster = "other";
      roles = [ "worker" ];
      nodeIPs = [ "10.100.0.1" ];
      controlPlaneEndpoint = "10.96.0.1:6443";
    };
  };
}
