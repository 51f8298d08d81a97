# Everything at once that is wrong with a place in a cluster.
let
  host = key: kubernetes: {
    userAgeKeys = [ "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u" ];
    owningHostKey = key;
    kubernetes = {
      enable = true;
    }
    // kubernetes;
  };
  controlPlane = [ "control-plane" ];
in
{
  hosts = {
    # In the table under another name.
    cp1 = host ../kubernetes/keys/cp1.pub {
      nodes.cp-1 = {
        roles = controlPlane;
        addresses = [ "10.0.0.1" ];
      };
    };
    cp2 = host ../kubernetes/keys/cp2.pub {
      roles = controlPlane;
      serviceCIDRs = [
        "10.96.0.0"
        "10.96.0.0/31"
        "10.97.0.0/16"
        "fd00::/129"
      ];
      controlPlaneEndpoint = "https://api.example.org:6443";
      certificateNames = {
        apiserver = "apiserver";
        kube-controller-manager = "same";
        kube-scheduler = "same";
      };
    };
    cp3 = host ../kubernetes/keys/cp3.pub {
      roles = controlPlane;
      serviceCIDRs = [ ];
      nodeIPs = [
        "10.0.0.3/24"
        "cp3.example.org"
        "10.0.0.3"
      ];
      adminUsers = [
        "alice"
        "al..ice"
        "al ice"
        "al-ice"
      ];
    };
    # Enabled nowhere, so nothing is said about what is wrong.
    w1 = host ../kubernetes/keys/w1.pub {
      enable = false;
      serviceCIDRs = [ "none" ];
    };
    # Its keys could be opened by nobody.
    w2 =
      (host ../kubernetes/keys/w2.pub {
        roles = [ "etcd" ];
        nodeIPs = [ "10.0.0.12" ];
      })
      // {
        owningHostKey = null;
      };
  };
}
