# The same module with the operator's key filled in: a declaration without fault.
let
  operator.userAgeKeys = [ "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u" ];
in
{
  hosts = {
    cp1 = [
      ../seed/cluster.nix
      operator
    ];
    w1 = [
      ../seed/cluster.nix
      operator
    ];
  };
}
