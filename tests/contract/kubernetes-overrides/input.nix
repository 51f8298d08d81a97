# What a person wrote holds, field by field, and the presets fill in the rest; of defaults that are inherited, the presets
# hold. A null that is written is written.
{
  hosts.cp1 = {
    userAgeKeys = [ "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u" ];
    owningHostKey = ../kubernetes/keys/cp1.pub;
    allow.kubelet-name-unlike-host = "Registered before it was renamed.";
    defaults = {
      expiry = "4380h";
      names = {
        O = "Example";
        OU = "Operations";
      };
      key.algo = "ed25519";
    };
    certDefaults = {
      hosts = [ "inherited.example.org" ];
      usages = [ "code signing" ];
    };
    kubernetes = {
      enable = true;
      clusterSigning = true;
      roles = [
        "control-plane"
        "worker"
      ];
      nodeIPs = [ "10.0.0.1" ];
      adminUsers = [ "alice" ];
    };
    cas = {
      root.ca.commonName = "Example root";
      kubernetes = {
        issuer = "root";
        ca = {
          pathLength = 1;
          allow.ca-lifetime = "Ends with the hardware.";
        };
        userAgeKeys = [
          "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEslSC1e2VTL97S7YNmuirD5bFj6pcq0LFuH65uN6hIm alice"
        ];
        certs = {
          kube-apiserver = {
            hosts = [ "only.example.org" ];
            names.O = "Ours";
            key = {
              algo = "rsa";
              size = 3072;
            };
          };
          # Null stands for what is inherited, and not for what the preset says.
          kube-scheduler = {
            hosts = null;
            usages = null;
            component = null;
          };
          kubelet = {
            commonName = "system:node:cp1.example.org";
            names.OU = null;
            expiry = "24h";
            renewBefore = "12h";
            owner = "kubelet";
            mode = "0440";
          };
          kube-proxy.names = {
            O = [
              "system:node-proxier"
              "second"
            ];
          };
          admin-alice = {
            onHost = true;
            kubeconfig.enable = true;
          };
          super-admin = {
            expiry = "24h";
            allow.system-masters = "Break-glass, kept offline.";
          };
          # Not of the preset.
          ingress = {
            hosts = [ "www.example.org" ];
            onHost = false;
            component = "calico-cni";
          };
        };
      };
      # Kept from the host all the same.
      kubernetes-signing.ca = {
        keyOnHost = false;
        expiry = "8760h";
      };
    };
    keyPairs.service-account = {
      key = {
        algo = "rsa";
        size = 2048;
      };
      allow.service-account-key-shared = "One cluster in two places.";
    };
  };
}
