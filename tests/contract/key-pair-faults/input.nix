# What can be wrong with a key pair, and with the key of an authority that a host is to have.
{
  hosts = {
    cp1 = {
      userAgeKeys = [ "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u" ];
      owningHostKey = ../kubernetes/keys/cp1.pub;
      keyPairs = {
        shared = {
          key.algo = "rsa";
          verificationKeys = [
            "shared"
            "nowhere"
          ];
        };
        "a/b" = { };
        unopened.userAgeKeys = [ ];
      };
    };
    cp2 = {
      userAgeKeys = [ "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u" ];
      keyPairs.shared = { };
    };
    cp3 = {
      userAgeKeys = [ "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u" ];
      cas.signing.ca.keyOnHost = true;
    };
    cp4.keyPairs.alone = { };
  };
}
