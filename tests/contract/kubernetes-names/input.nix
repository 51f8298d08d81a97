# A cluster that was there before: its certificates keep the names they have, one authority signs for everything, nobody
# needs kube-proxy, and the controller manager signs.
let
  cluster = {
    userAgeKeys = [ "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u" ];
    cas.cluster.ca.commonName = "ducksnest kubernetes ca";
    kubernetes = {
      enable = true;
      authorities = {
        cluster = "cluster";
        etcd = "cluster";
      };
      serviceAccount = "serviceAccount";
      splitKubelet = true;
      clusterSigning = true;
      superAdmin = false;
      adminUsers = [ "firebat" ];
      certificateNames = {
        admin = "clusterAdmin";
        kube-apiserver = "apiserver";
        kube-apiserver-etcd-client = "etcdClient";
        kube-controller-manager = "controllerManager";
        kube-proxy = null;
        kubelet-client = "kubelet";
      };
      # Two control planes. The administrator's credentials lie with the first.
      nodes = {
        b = {
          roles = [ "control-plane" ];
          addresses = [ "10.0.0.2" ];
        };
        a = {
          roles = [
            "control-plane"
            "etcd"
          ];
          addresses = [ "10.0.0.1" ];
          nodeName = "a.example.org";
        };
        w1 = {
          roles = [ "worker" ];
          addresses = [ "10.0.0.11" ];
        };
      };
    };
  };
in
{
  hosts = {
    a = cluster // {
      owningHostKey = ../kubernetes/keys/cp1.pub;
    };
    b = cluster // {
      owningHostKey = ../kubernetes/keys/cp2.pub;
    };
    w1 = cluster // {
      owningHostKey = ../kubernetes/keys/w1.pub;
    };
  };
}
