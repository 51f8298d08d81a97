# A host that declares nothing still appears; one that only declares authorities needs no host key.
{
  hosts = {
    empty = { };
    operator-only = {
      dir = "./secrets/certs/";
      userAgeKeys = [ "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u" ];
      cas.cluster = { };
    };
  };
}
