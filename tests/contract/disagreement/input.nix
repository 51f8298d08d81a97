# Hosts that disagree about an authority and about the directory: one fault for each field, with all hosts in it.
let
  host = dir: key: operators: cluster: {
    inherit dir;
    userAgeKeys = operators;
    owningHostKey = key;
    cas.cluster = cluster // {
      certs.kubelet = { };
    };
  };
  one = "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u";
  two = "age1frtk6x77efurd8rnssrcwfjge2mqwylg66365sn0xrxzheunme4su76a3q";
in
{
  hosts = {
    cp1 =
      host "./secrets/certs"
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEslSC1e2VTL97S7YNmuirD5bFj6pcq0LFuH65uN6hIm root@cp1"
        [ one two ]
        {
          ca.commonName = "kubernetes";
          ca.hosts = [ "cp1" ];
        };
    # The same operators in another order are the same operators.
    w1 =
      host "secrets/certs/"
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIES3RfRDj+ulucsYBcoa1y+qu+4OtPUUuuu96QMirg6c root@w1"
        [ two one ]
        {
          ca.commonName = "Kubernetes";
          ca.hosts = [ "w1" ];
        };
    w2 =
      host "./secrets/other"
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDPYXykXekAyhXKoi9nnSqfnHGWwOrCgldUWKV9PY/kmeKN5Ze29mk5idNXdL4RYlL9xfomZAmgmGjLdMK+CH8gu75UIfqywG9dwBxG27hLYPGdLkNOxWrjqa8WGv0N8oIwCf29X9RCX/NqkBu57PBefQ5pR4JWt2Xg+wUYi5o2jEfSGP1kRLg3MHwcj/5krl1wSnAD5ScyLfUrdKamudmuEGNwNcrbTUvR6Hko2oXgI2iHrsBMVya4IupXoOPNP/RadK5+YhFUcx3fK/gjRsN/aUGb3TqlVqROOuQsOc185k9x7XuffAlqbLeyqQOC0nVNI1KRiTRnDV9VwMnN8+T3 root@w2"
        [ one ]
        {
          ca.commonName = "kubernetes";
          ca.hosts = [ "w2" ];
          issuerUrls = [ "http://pki.example.org/cluster.crt" ];
        };
  };
}
