# Roles that two hosts agree on: one with everything as it is where nobody says anything, one with every rule said.
let
  host = key: extra: {
    userAgeKeys = [ "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u" ];
    owningHostKey = key;
    defaults.key.algo = "ed25519";
    certDefaults.names.O = "Example";
    cas.lab.ca = { };
    roles = {
      plain.authority = "lab";
      full = {
        authority = "lab";
        allowedDomains = [
          "Lab.example.org"
          "web-*.example.org"
        ];
        allowBareDomains = true;
        allowSubdomains = true;
        allowWildcards = true;
        allowGlobDomains = true;
        allowLocalhost = true;
        allowAnyName = false;
        allowedIpRanges = [
          "192.168.100.0/24"
          "fd00::/8"
        ];
        allowedEmails = [ "*@example.org" ];
        allowedUris = [ "spiffe://example.org/**" ];
        allowedCommonNames = [ "Alice *" ];
        requireCommonName = true;
        key = {
          algo = "rsa";
          size = 3072;
        };
        allowedKeys = [
          {
            algo = "rsa";
            size = 3072;
          }
          { algo = "ed25519"; }
        ];
        usages = [
          "server auth"
          "client auth"
        ];
        names = {
          O = null;
          OU = [
            "Lab"
            "Web"
          ];
        };
        expiry = "720h";
        maxExpiry = "2160h";
        renewBefore = "240h";
        allow = extra;
      };
    };
  };
in
{
  hosts = {
    cp1 = host ../kubernetes/keys/cp1.pub { one = "First reason."; };
    cp2 = host ../kubernetes/keys/cp2.pub { two = "Second reason."; };
  };
}
