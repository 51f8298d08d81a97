# The certificates of the example cluster, imported by every host: authorities once, and what the host's own role needs.
{ config, ... }:
let
  host = config.networking.hostName;
  isControlPlane = host == "cp1";
  addresses = {
    cp1 = "10.20.0.11";
    worker1 = "10.20.0.21";
    worker2 = "10.20.0.22";
  };
  names = [
    host
    addresses.${host}
  ];
  local = [
    "localhost"
    "127.0.0.1"
  ];
  node = {
    kubelet = {
      commonName = "system:node:${host}";
      names.O = "system:nodes";
      hosts = names;
      usages = [
        "client auth"
        "server auth"
      ];
    };
    kube-proxy.commonName = "system:kube-proxy";
  };
  controlPlane = {
    kube-apiserver = {
      hosts =
        names
        ++ local
        ++ [
          "kubernetes"
          "kubernetes.default"
          "kubernetes.default.svc"
          "kubernetes.default.svc.cluster.local"
          "10.96.0.1"
        ];
      usages = [ "server auth" ];
    };
    kube-apiserver-kubelet-client.names.O = "kubeadm:cluster-admins";
    kube-controller-manager.commonName = "system:kube-controller-manager";
    kube-scheduler.commonName = "system:kube-scheduler";
  };
in
{
  certToolkit = {
    dir = "secrets/certs";
    userAgeKeys = import ./operators.nix;
    userAgeIdentity = "operators/ada.txt";
    owningHostKey = "host-keys/${host}.pub";

    certDefaults.usages = [ "client auth" ];

    cas.kubernetes = {
      ca.commonName = "kubernetes-ca";
      certs = node // (if isControlPlane then controlPlane else { });
    };

    cas.etcd = {
      ca.commonName = "etcd-ca";
      certs =
        if isControlPlane then
          {
            etcd = {
              hosts = names ++ local;
              usages = [
                "server auth"
                "client auth"
              ];
            };
            kube-apiserver-etcd-client = { };
          }
        else
          { };
    };

    cas.front-proxy = {
      ca.commonName = "front-proxy-ca";
      certs = if isControlPlane then { front-proxy-client = { }; } else { };
    };
  };
}
