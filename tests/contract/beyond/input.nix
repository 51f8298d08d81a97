# What K8Nix did not have: three kinds of keys, several operators, several host keys, repeated names, renewBefore.
{
  hosts.cp1 = {
    userAgeKeys = [
      "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u"
      "age1frtk6x77efurd8rnssrcwfjge2mqwylg66365sn0xrxzheunme4su76a3q"
    ];
    userAgeIdentity = "$HOME/.ssh/id_ed25519";
    userAgeIdentities = [
      "~/.config/age/yubikey.txt"
      "$HOME/.ssh/id_ed25519"
    ];
    owningHostKey = [
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEslSC1e2VTL97S7YNmuirD5bFj6pcq0LFuH65uN6hIm root@cp1"
      "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDPYXykXekAyhXKoi9nnSqfnHGWwOrCgldUWKV9PY/kmeKN5Ze29mk5idNXdL4RYlL9xfomZAmgmGjLdMK+CH8gu75UIfqywG9dwBxG27hLYPGdLkNOxWrjqa8WGv0N8oIwCf29X9RCX/NqkBu57PBefQ5pR4JWt2Xg+wUYi5o2jEfSGP1kRLg3MHwcj/5krl1wSnAD5ScyLfUrdKamudmuEGNwNcrbTUvR6Hko2oXgI2iHrsBMVya4IupXoOPNP/RadK5+YhFUcx3fK/gjRsN/aUGb3TqlVqROOuQsOc185k9x7XuffAlqbLeyqQOC0nVNI1KRiTRnDV9VwMnN8+T3 root@w2"
    ];
    defaults.renewBefore = "720h";
    cas.cluster = {
      ca = {
        key = {
          algo = "rsa";
          size = 4096;
        };
        names.O = [
          "One"
          "Two"
        ];
        names.OU = "Three";
      };
      certs = {
        admin = {
          key.algo = "ed25519";
          names.O = "system:masters";
          usages = [ "client auth" ];
        };
        apiserver = {
          key = {
            algo = "ecdsa";
            size = 384;
          };
          renewBefore = "24h";
          hosts = [
            "10.0.0.1"
            "::1"
            "*.example.org"
            "mail@example.org"
            "spiffe://example.org/apiserver"
          ];
          owner = "kubernetes";
          group = "kubernetes";
          mode = "0440";
        };
      };
    };
  };
}
