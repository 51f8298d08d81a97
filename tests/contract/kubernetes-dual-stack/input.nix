# IPv4 and IPv6 throughout, a cluster domain of its own, everything that has to be asked for, and one host that is all.
{
  hosts.all = {
    userAgeKeys = [ "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u" ];
    owningHostKey = ../kubernetes/keys/cp1.pub;
    kubernetes = {
      enable = true;
      roles = [
        "worker"
        "etcd"
        "control-plane"
      ];
      nodeName = "all.example.org";
      nodeIPs = [
        "10.0.0.1"
        "fd00::1"
      ];
      # The first has bits of a host in it, as kube-apiserver allows.
      serviceCIDRs = [
        "10.96.7.7/12"
        "2001:DB8:0:96::ffff/108"
      ];
      clusterDomain = "k8s.example.org";
      controlPlaneEndpoint = "[2001:db8::6]:443";
      extraSANs = [
        "kube.example.org"
        "10.0.0.1"
      ];
      adminUsers = [
        "alice@example.org"
        "bob"
      ];
      extraComponents = [
        "addon-manager"
        "calico-cni"
        "flannel"
        "konnectivity-server"
        "kube-controller-manager-server"
        "kube-scheduler-server"
      ];
    };
  };
}
