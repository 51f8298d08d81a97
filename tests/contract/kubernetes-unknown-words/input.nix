# Words that do not exist, which the types of the options refuse where there are types.
{
  hosts.cp1 = {
    userAgeKeys = [ "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u" ];
    owningHostKey = ../kubernetes/keys/cp1.pub;
    kubernetes = {
      enable = true;
      roles = [
        "master"
        "worker"
      ];
      nodeIPs = [ "10.0.0.1" ];
      nodes.w1 = {
        roles = [ "node" ];
        adresses = [ "10.0.0.11" ];
      };
      extraComponents = [
        "cilium"
        "kube-apiserver"
      ];
      certificateNames.kubelet = 7;
      splitKubelet = "yes";
      serviceCIDRs = "10.96.0.0/12";
      wires = true;
    };
    cas.cluster.certs.apiserver.component = "apiserver";
    cas.cluster.certs.other.onHost = "no";
    cas.cluster.certs.other.kubeconfig = true;
    keyPairs.service-account.verificationKeys = "old";
    allow.some-code = true;
  };
}
