# Three tiers with path lengths, name constraints, and the addresses that issued certificates carry.
{
  hosts.cp1 = {
    userAgeKeys = [ "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u" ];
    owningHostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEslSC1e2VTL97S7YNmuirD5bFj6pcq0LFuH65uN6hIm root@cp1";
    cas = {
      root = {
        ca = {
          pathLength = 2;
          keyOffline = true;
          nameConstraints = {
            permitted.dns = [ "example.org" ];
            permitted.ip = [ "10.0.0.0/8" ];
            excluded.email = [ "example.com" ];
          };
        };
        crlUrls = [ "http://pki.example.org/root.crl" ];
        issuerUrls = [ "http://pki.example.org/root.crt" ];
        userAgeKeys = [ "age1frtk6x77efurd8rnssrcwfjge2mqwylg66365sn0xrxzheunme4su76a3q" ];
      };
      middle = {
        issuer = "root";
        ca.pathLength = 1;
      };
      web = {
        issuer = "middle";
        ca.pathLength = 0;
        certs.server.hosts = [ "www.example.org" ];
      };
    };
  };
}
