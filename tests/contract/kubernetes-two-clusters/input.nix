# Production and staging in one fleet: nothing of one trusts the other, and the second had to be given a name only.
let
  host = key: kubernetes: {
    userAgeKeys = [ "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u" ];
    owningHostKey = key;
    kubernetes = {
      enable = true;
      roles = [
        "control-plane"
        "etcd"
      ];
    }
    // kubernetes;
  };
in
{
  hosts = {
    cp1 = host ../kubernetes/keys/cp1.pub { nodeIPs = [ "10.0.0.1" ]; };
    stage1 = host ../kubernetes/keys/cp2.pub {
      cluster = "staging";
      nodeIPs = [ "10.1.0.1" ];
      clusterSigning = true;
    };
  };
}
