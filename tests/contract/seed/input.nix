# A cluster module as K8Nix' users write it (cluster.nix, word for word), imported by two hosts.
# Its operator key is still the placeholder of the example: that is its one fault.
{
  hosts = {
    cp1 = ./cluster.nix;
    w1 = ./cluster.nix;
  };
}
