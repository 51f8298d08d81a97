# The fleet for `certs --file certs.nix`, which needs neither a flake nor nixpkgs.
{
  hosts = {
    cp1 = ./cluster.nix;
    worker1 = ./cluster.nix;
    worker2 = ./cluster.nix;
  };
}
