# null stands for "not said" and is inherited over; only an attribute of names may be null to mean "none".
{
  hosts.cp1 = {
    dir = null;
    userAgeKeys = [ "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u" ];
    userAgeIdentity = null;
    owningHostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEslSC1e2VTL97S7YNmuirD5bFj6pcq0LFuH65uN6hIm root@cp1";
    defaults = {
      key = null;
      expiry = "42h";
      renewBefore = "7h";
      names = {
        C = "CH";
        O = "One";
      };
      hosts = [ "a.example" ];
    };
    caDefaults = null;
    certDefaults = {
      key = null;
      expiry = null;
      renewBefore = null;
      hosts = null;
      names.O = null;
    };
    cas.cluster = {
      issuer = null;
      ca.commonName = null;
      certs = {
        inherits = null;
        says-none = {
          hosts = [ ];
          usages = [ ];
          names.C = null;
        };
      };
    };
  };
}
