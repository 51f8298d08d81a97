# Key pairs that hosts share, with a successor that is verified already; and what can be wrong with them.
let
  host = key: keyPairs: {
    userAgeKeys = [ "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u" ];
    owningHostKey = key;
    defaults.key = {
      algo = "ecdsa";
      size = 384;
    };
    inherit keyPairs;
  };
  shared = {
    service-account = {
      verificationKeys = [ "service-account-next" ];
      allow.one = "First reason.";
    };
    service-account-next = {
      userAgeKeys = [
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEslSC1e2VTL97S7YNmuirD5bFj6pcq0LFuH65uN6hIm alice"
      ];
    };
  };
in
{
  hosts = {
    cp1 = host ../kubernetes/keys/cp1.pub shared;
    cp2 = host ../kubernetes/keys/cp2.pub (
      shared
      // {
        service-account = shared.service-account // {
          allow.two = "Second reason.";
        };
      }
    );
  };
}
