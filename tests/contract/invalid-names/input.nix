# Names that cannot be part of a file name.
let
  ten = "0123456789";
  long = builtins.concatStringsSep "" (builtins.genList (_: ten) 11);
  host = {
    userAgeKeys = [ "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u" ];
    owningHostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEslSC1e2VTL97S7YNmuirD5bFj6pcq0LFuH65uN6hIm root@cp1";
  };
in
{
  hosts = {
    "../up" = { };
    "-dash" = { };
    cp1 = host // {
      cas = {
        "" = { };
        ".hidden" = { };
        "two words" = { };
        "slash/slash" = { };
        cluster.certs = {
          "a..b" = { };
          "tab\tnewline\n" = { };
          "system:node" = { };
          "grün" = { };
          ${long} = { };
          ${builtins.substring 0 100 long} = { };
          "good_Name-1.2+x=y" = { };
        };
      };
    };
  };
}
