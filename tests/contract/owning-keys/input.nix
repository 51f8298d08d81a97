# The host's key in every form people use.
let
  host = owningHostKey: {
    userAgeKeys = [
      ./keys/operator.pub
      "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u"
    ];
    inherit owningHostKey;
    cas.cluster.certs.kubelet = { };
  };
in
{
  hosts = {
    path = host ./keys/cp1.pub;
    path-with-several-keys = host ./keys/several.pub;
    path-of-a-scan = host ./keys/scanned.pub;
    inline-ssh-ed25519 = host "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIES3RfRDj+ulucsYBcoa1y+qu+4OtPUUuuu96QMirg6c root@w1";
    inline-ssh-rsa = host "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDPYXykXekAyhXKoi9nnSqfnHGWwOrCgldUWKV9PY/kmeKN5Ze29mk5idNXdL4RYlL9xfomZAmgmGjLdMK+CH8gu75UIfqywG9dwBxG27hLYPGdLkNOxWrjqa8WGv0N8oIwCf29X9RCX/NqkBu57PBefQ5pR4JWt2Xg+wUYi5o2jEfSGP1kRLg3MHwcj/5krl1wSnAD5ScyLfUrdKamudmuEGNwNcrbTUvR6Hko2oXgI2iHrsBMVya4IupXoOPNP/RadK5+YhFUcx3fK/gjRsN/aUGb3TqlVqROOuQsOc185k9x7XuffAlqbLeyqQOC0nVNI1KRiTRnDV9VwMnN8+T3 root@w2";
    inline-age = host "age1frtk6x77efurd8rnssrcwfjge2mqwylg66365sn0xrxzheunme4su76a3q";
    read-by-the-user = host (builtins.readFile ./keys/w1.pub);
    run-time-file = host "./ssh-host-keys/cp1.pub";
    run-time-file-that-begins-like-a-key = host "ssh-host-keys/cp1.pub";
    list-of-all = host [
      ./keys/cp1.pub
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIES3RfRDj+ulucsYBcoa1y+qu+4OtPUUuuu96QMirg6c root@w1"
      "ssh-host-keys/w3.pub"
      "age1frtk6x77efurd8rnssrcwfjge2mqwylg66365sn0xrxzheunme4su76a3q"
      ./keys/cp1.pub
    ];
    # Faults from here on.
    missing-file = host ./keys/gone.pub;
    empty-file = host ./keys/empty.pub;
    private-key-file = host ./keys/private;
    private-key-inline = host "AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ";
    placeholder = host "ssh-ed25519 AAAA...";
    comment-of-age-keygen = host "# public key: age1frtk6x77efurd8rnssrcwfjge2mqwylg66365sn0xrxzheunme4su76a3q";
    comment-in-a-list = host [
      "age1frtk6x77efurd8rnssrcwfjge2mqwylg66365sn0xrxzheunme4su76a3q"
      "# age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u"
    ];
    comment-with-a-private-key = host "# AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ";
    comment-in-a-file = host ./keys/announced.pub;
    empty-entry = host [
      ""
      "age1frtk6x77efurd8rnssrcwfjge2mqwylg66365sn0xrxzheunme4su76a3q"
    ];
    nothing = host null;
    empty-list = host [ ];
    empty-string = host " ";
  };
}
