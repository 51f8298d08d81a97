# The example of examples/kubernetes, with keys in it: three control planes with etcd, two workers.
let
  host = key: [
    ../../../examples/kubernetes/cluster.nix
    {
      userAgeKeys = [ "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u" ];
      owningHostKey = key;
    }
  ];
in
{
  hosts = {
    cp1 = host ./keys/cp1.pub;
    cp2 = host ./keys/cp2.pub;
    cp3 = host ./keys/cp3.pub;
    w1 = host ./keys/w1.pub;
    w2 = host ./keys/w2.pub;
  };
}
