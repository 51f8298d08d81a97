# A fleet to measure with: every host has one authority in common, and as many certificates as asked for.
{ hosts, certificates }:
let
  schema = import ../nix/schema.nix;
  named =
    prefix: count: value:
    builtins.listToAttrs (
      builtins.genList (index: {
        name = "${prefix}${toString index}";
        value = value index;
      }) count
    );
in
schema.manifest {
  hosts = named "host" hosts (number: {
    userAgeKeys = [ "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u" ];
    owningHostKey = "./ssh-host-keys/host${toString number}.pub";
    defaults.names.O = "Example";
    certDefaults.hosts = [ "host${toString number}" ];
    cas.cluster = {
      ca.commonName = "kubernetes";
      certs = named "cert" certificates (certificate: {
        commonName = "system:component:${toString certificate}";
        hosts = [
          "10.0.0.${toString certificate}"
          "component.example.org"
        ];
        usages = [ "server auth" ];
      });
    };
  });
}
