{
  hosts.cp1 = { lib, ... }: { certToolkit.dir = lib.mkDefault "a"; };
}
