{
  hosts.cp1 = {
    imports = [ ./number.nix ];
  };
}
