# The fleet for `certs --file certs.nix`, which needs neither a flake nor nixpkgs.
{
  hosts = {
    cp1 = ./cluster.nix;
    cp2 = ./cluster.nix;
    cp3 = ./cluster.nix;
    w1 = ./cluster.nix;
    w2 = ./cluster.nix;
  };
}
