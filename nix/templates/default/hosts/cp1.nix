# The control plane: the API server, what talks to it, and etcd.
{ config, ... }:
let
  inherit (config.certToolkit.cas.cluster) bundlePath certs;
in
{
  certToolkit.cas.cluster.certs = {
    apiserver = {
      commonName = "kube-apiserver";
      usages = [ "server auth" ];
      hosts = [
        "cp1"
        "kubernetes"
        "kubernetes.default"
        "kubernetes.default.svc"
        "kubernetes.default.svc.cluster.local"
        "10.0.0.1"
        "127.0.0.1"
      ];
    };
    apiserver-kubelet-client = {
      commonName = "kube-apiserver-kubelet-client";
      names.O = "system:masters";
    };
    controller-manager.commonName = "system:kube-controller-manager";
    scheduler.commonName = "system:kube-scheduler";
    # Signs the tokens of service accounts. Only one control plane may have its own.
    service-account.commonName = "service-accounts";

    etcd-server = {
      commonName = "etcd";
      owner = "etcd";
      hosts = [
        "cp1"
        "127.0.0.1"
      ];
      usages = [
        "server auth"
        "client auth"
      ];
    };
    etcd-client.commonName = "kube-apiserver-etcd-client";
  };

  services.kubernetes = {
    roles = [
      "master"
      "node"
    ];

    apiserver = {
      clientCaFile = bundlePath;
      tlsCertFile = certs.apiserver.path;
      tlsKeyFile = certs.apiserver.keyPath;
      kubeletClientCaFile = bundlePath;
      kubeletClientCertFile = certs.apiserver-kubelet-client.path;
      kubeletClientKeyFile = certs.apiserver-kubelet-client.keyPath;
      serviceAccountKeyFile = certs.service-account.path;
      serviceAccountSigningKeyFile = certs.service-account.keyPath;
      etcd = {
        servers = [ "https://127.0.0.1:2379" ];
        caFile = bundlePath;
        certFile = certs.etcd-client.path;
        keyFile = certs.etcd-client.keyPath;
      };
    };

    controllerManager = {
      rootCaFile = bundlePath;
      serviceAccountKeyFile = certs.service-account.keyPath;
      kubeconfig = {
        certFile = certs.controller-manager.path;
        keyFile = certs.controller-manager.keyPath;
      };
    };
    scheduler.kubeconfig = {
      certFile = certs.scheduler.path;
      keyFile = certs.scheduler.keyPath;
    };
  };

  services.etcd = {
    listenClientUrls = [ "https://127.0.0.1:2379" ];
    trustedCaFile = bundlePath;
    certFile = certs.etcd-server.path;
    keyFile = certs.etcd-server.keyPath;
  };

  services.openssh.enable = true;
  fileSystems."/".device = "/dev/disk/by-label/nixos";
  boot.loader.grub.device = "/dev/sda";
  system.stateVersion = "25.11";
}
