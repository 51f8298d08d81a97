# What is wrong with a cluster as a whole, and shows only when its hosts are seen together.
let
  host = key: kubernetes: {
    userAgeKeys = [ "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u" ];
    owningHostKey = key;
    kubernetes = {
      enable = true;
    }
    // kubernetes;
  };
  node = role: address: {
    roles = [ role ];
    addresses = [ address ];
  };
  nodes = {
    cp1 = node "control-plane" "192.0.2.1";
    w1 = node "worker" "192.0.2.1";
    # Written in another way, it is the same address.
    w2 = node "worker" "fd00:0:0::2";
    w3 = node "worker" "fd00::2";
  };
in
{
  hosts = {
    cp1 = host ../kubernetes/keys/cp1.pub {
      inherit nodes;
      adminUsers = [
        "alice"
        ""
        " "
        "system:masters"
        "system:node:w1"
      ];
    };
    # Its table has one more.
    w1 = host ../kubernetes/keys/w1.pub {
      nodes = nodes // {
        w4 = node "worker" "192.0.2.4";
      };
    };
    # A cluster whose administrators nobody makes certificates for.
    cp2 = host ../kubernetes/keys/cp2.pub {
      cluster = "edge";
      roles = [ "etcd" ];
      nodeIPs = [ "192.0.2.1" ];
      adminUsers = [ "bob" ];
    };
  };
}
