# The certificates of the cluster, imported by every host. Names, usages and subjects follow from roles and addresses, and
# the services of NixOS take them from here: see docs/kubernetes.md of certs.
{ config, ... }:
{
  certToolkit = {
    dir = "./secrets/certs";

    # You, and everyone else who may run `nix run .#certs.recreate`.
    userAgeKeys = [
      "age1..."
    ];
    userAgeIdentity = "$HOME/.config/age/keys.txt";

    # Each host opens its own keys with its SSH key: ssh-keyscan -t ed25519 HOST | cut -d' ' -f2- > ssh-host-keys/HOST.pub
    owningHostKey = ./ssh-host-keys/${config.networking.hostName}.pub;

    kubernetes = {
      enable = true;
      wire = true;
      serviceCIDRs = [ "10.96.0.0/16" ];
      extraComponents = [ "flannel" ];

      # Your own certificate for kubectl; its key is sealed to you, and on no host.
      adminUsers = [ "operator" ];

      nodes = {
        cp1 = {
          roles = [
            "control-plane"
            "etcd"
            "worker"
          ];
          addresses = [ "192.0.2.1" ];
        };
        w1 = {
          roles = [ "worker" ];
          addresses = [ "192.0.2.11" ];
        };
      };
    };

    # Whatever is not as you want it is an option of its own, for example:
    # cas.kubernetes.certs.kubelet.expiry = "720h";
  };
}
