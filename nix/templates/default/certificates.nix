# The authority of the cluster, and what every host has from it. What only one host needs is in its own file.
{ config, ... }:
let
  inherit (config.networking) hostName;
in
{
  certToolkit = {
    dir = "./secrets/certs";

    # You, and everyone else who may run `nix run .#certs.recreate`.
    userAgeKeys = [
      "age1..."
    ];
    userAgeIdentity = "$HOME/.config/age/keys.txt";

    # Each host opens its own keys with its SSH key: ssh-keyscan -t ed25519 HOST > ssh-host-keys/HOST.pub
    owningHostKey = ./ssh-host-keys/${hostName}.pub;

    cas.cluster = {
      ca = {
        commonName = "kubernetes";
        expiry = "87600h";
      };

      certDefaults = {
        usages = [ "client auth" ];
        expiry = "8760h";
        owner = "kubernetes";
      };

      certs = {
        # Kubernetes knows a node by this name and organization.
        kubelet = {
          commonName = "system:node:${hostName}";
          names.O = "system:nodes";
          hosts = [ hostName ];
          usages = [
            "client auth"
            "server auth"
          ];
        };
        kube-proxy.commonName = "system:kube-proxy";
      };
    };
  };

  # The same on control plane and worker.
  services.kubernetes = {
    masterAddress = "cp1";
    easyCerts = false;
    caFile = config.certToolkit.cas.cluster.bundlePath;

    kubelet = with config.certToolkit.cas.cluster; {
      clientCaFile = bundlePath;
      tlsCertFile = certs.kubelet.path;
      tlsKeyFile = certs.kubelet.keyPath;
      kubeconfig = {
        certFile = certs.kubelet.path;
        keyFile = certs.kubelet.keyPath;
      };
    };
    proxy.kubeconfig = with config.certToolkit.cas.cluster; {
      certFile = certs.kube-proxy.path;
      keyFile = certs.kube-proxy.keyPath;
    };
  };
}
