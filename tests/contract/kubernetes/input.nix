# Three control planes that are the members of etcd as well, and two workers: one table for all of them.
let
  cluster = host: {
    userAgeKeys = [ "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u" ];
    owningHostKey = "keys/${host}.pub";
    kubernetes = {
      enable = true;
      controlPlaneEndpoint = "api.example.org:6443";
      adminUsers = [ "alice" ];
      nodes = {
        cp1 = controlPlane "10.0.0.1";
        cp2 = controlPlane "10.0.0.2";
        cp3 = controlPlane "10.0.0.3";
        w1 = worker "10.0.0.11";
        w2 = worker "10.0.0.12";
      };
    };
  };
  controlPlane = address: {
    roles = [
      "control-plane"
      "etcd"
    ];
    addresses = [ address ];
  };
  worker = address: {
    roles = [ "worker" ];
    addresses = [ address ];
  };
in
{
  hosts = builtins.mapAttrs (host: _: cluster host) (cluster "").kubernetes.nodes;
}
