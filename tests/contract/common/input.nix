# What stands beside the hosts holds for all of them: authorities once, and what each host adds.
{
  certToolkit =
    { config, ... }:
    {
      dir = "pki";
      userAgeKeys = [ "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u" ];
      owningHostKey = "ssh-host-keys/${config.networking.hostName}.pub";
      cas.root.ca.pathLength = 1;
      cas.intermediate = {
        issuer = "root";
        ca.nameConstraints.permitted.dns = [ "lab.example.org" ];
      };
    };

  hosts = {
    # Has a certificate.
    web1.cas.intermediate.certs.web.hosts = [ "web1.lab.example.org" ];
    # Has none, and says what they would be like.
    web2.certDefaults.expiry = "720h";
  };
}
