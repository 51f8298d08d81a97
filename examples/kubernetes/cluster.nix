# A cluster of three control planes, which are the members of etcd as well, and two workers. Imported by every host.
{ config, ... }:
let
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
  certToolkit = {
    # You, and everyone else who may run `nix run .#certs.recreate`.
    userAgeKeys = [ "age1..." ];
    owningHostKey = "host-keys/${config.networking.hostName}.pub";

    kubernetes = {
      enable = true;
      controlPlaneEndpoint = "api.example.org:6443";
      adminUsers = [ "alice" ];
      nodes = {
        cp1 = controlPlane "192.0.2.1";
        cp2 = controlPlane "192.0.2.2";
        cp3 = controlPlane "192.0.2.3";
        w1 = worker "192.0.2.11";
        w2 = worker "192.0.2.12";
      };
    };
  };
}
