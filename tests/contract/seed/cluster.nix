{ config, lib, ... }:
{
  certToolkit = {
    dir = "./secrets/certs";
    userAgeIdentity = "$HOME/.ssh/id_ed25519";
    userAgeKeys = [
      "age1..." # developer workstations that may run nix run .#certs.recreate
    ];
    owningHostKey = ./ssh-host-keys/${config.networking.hostName}/ssh_host_ed25519_key.pub;

    defaults = {
      key = {
        algo = "rsa";
        size = 2048;
      };
      usages = [ "client auth" "server auth" ];
    };

    cas.cluster = {
      ca = {
        commonName = "ducksnest kubernetes ca";
        hosts = [];
        usages = [ "signing" "key encipherment" "client auth" "server auth" ];
        expiry = "87600h";
      };

      certDefaults.hosts = [ config.networking.hostName ];

      certs = {
        apiserver = {
          commonName = "kube-apiserver";
          hosts = [ "127.0.0.1" "ducksnest-controlplane" "firebat" ];
          usages = [ "server auth" "client auth" ];
        };
        controllerManager.commonName = "system:kube-controller-manager";
        scheduler.commonName = "system:kube-scheduler";
        kubelet.commonName = "system:node:${config.networking.hostName}";
        kubeProxy.commonName = "system:kube-proxy";
      };
    };
  };
}
