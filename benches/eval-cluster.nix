# A cluster to measure with: one control plane and as many workers as asked for, which have all one table of nodes.
{ workers }:
let
  schema = import ../nix/schema.nix;
  addressOf =
    number: "10.${toString (number / 65536)}.${toString (remainder 256 (number / 256))}.${toString (remainder 256 number)}";
  remainder = by: number: number - number / by * by;
  node = roles: number: {
    inherit roles;
    addresses = [ (addressOf number) ];
  };
  nodes = {
    cp1 = node [ "control-plane" "etcd" ] 1;
  }
  // builtins.listToAttrs (
    builtins.genList (index: {
      name = "w${toString index}";
      value = node [ "worker" ] (index + 2);
    }) workers
  );
in
schema.manifest {
  hosts = builtins.mapAttrs (name: _: {
    userAgeKeys = [ "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u" ];
    owningHostKey = "./ssh-host-keys/${name}.pub";
    kubernetes = {
      enable = true;
      controlPlaneEndpoint = "api.example.org:6443";
      inherit nodes;
    };
  }) nodes;
}
