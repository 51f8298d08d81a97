# Subjects as Consul, EJBCA and easy-rsa write them, names without a common name, and nodes with long names.
let
  long = "worker-with-a-rather-long-name-1.compute.eu-central-1.example-provider.internal";
  host = certs: {
    userAgeKeys = [ "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u" ];
    owningHostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEslSC1e2VTL97S7YNmuirD5bFj6pcq0LFuH65uN6hIm root@cp1";
    caDefaults.names.DC = [
      "example"
      "lab"
    ];
    cas = {
      consul.ca = {
        commonName = "Consul Agent CA 1234";
        names = {
          DC = null;
          C = "US";
          postalCode = "94105";
          ST = "CA";
          L = "San Francisco";
          street = "101 Second Street";
          O = "HashiCorp Inc.";
        };
      };
      ejbca.ca = {
        commonName = "ManagementCA";
        names.UID = "c-0123456789abcdef";
        names.serialNumber = "HRB 1234";
      };
      easy-rsa = {
        ca = {
          commonName = "";
          names.O = "Example";
          names.emailAddress = "ca@example.org";
        };
        inherit certs;
      };
    };
  };
in
{
  hosts.cp1 = host {
    kubelet = {
      commonName = "system:node:${long}";
      names.O = "system:nodes";
      hosts = [ long ];
    };
    etcd = {
      commonName = long;
      component = "etcd-server";
      hosts = [ long ];
    };
    nameless = {
      commonName = "";
      hosts = [ "www.example.org" ];
    };
  };
}
