# Every other fault of a declaration, reported all at once.
{
  hosts = {
    cp1 = {
      dir = "/etc/certs";
      userAgeKey = [ "age1" ];
      userAgeKeys = [ "age1..." ];
      defaults.names.CN = "belongs into commonName";
      cas = {
        cluster = {
          ca = {
            commonName = 5;
            pathLength = -1;
            hosts = "cluster.example.org";
            nameConstraints.permitted.uri = [ "x" ];
          };
          certs = {
            apiserver = {
              usage = [ "server auth" ];
              usages = [
                "server auth"
                1
              ];
              key.size = "2048";
              expiry = 8760;
            };
            kubelet = "kubelet";
          };
        };
        unknown-issuer.issuer = "nobody";
        self.issuer = "self";
        circle-a.issuer = "circle-b";
        circle-b.issuer = "circle-c";
        circle-c.issuer = "circle-a";
        beside-the-circle.issuer = "circle-a";
        root.ca.pathLength = 0;
        top.ca.pathLength = 2;
        idle = {
          issuer = "top";
          ca.pathLength = 2;
        };
        middle = {
          issuer = "root";
          ca.pathLength = 3;
        };
        leafmost.issuer = "middle";
      };
    };
    key-in-a-set = {
      owningHostKey.key = "age1";
      cas = { };
    };
    outside = {
      dir = "../../certs";
      cas.cluster = { };
    };
    nowhere.dir = "./";
    control.dir = "a\tb";
    blank.dir = "my secrets/certs";
    no-operator-for-one = {
      userAgeKeys = [ "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u" ];
      cas.lonely.userAgeKeys = [ ];
    };
    same-key-1 = {
      userAgeKeys = [ "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u" ];
      owningHostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEslSC1e2VTL97S7YNmuirD5bFj6pcq0LFuH65uN6hIm root@cp1";
      cas.cluster.certs.kubelet = { };
    };
    same-key-2 = {
      userAgeKeys = [ "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u" ];
      owningHostKey = "${
        builtins.substring 0 80
          "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEslSC1e2VTL97S7YNmuirD5bFj6pcq0LFuH65uN6hIm root@cp1"
      } another comment";
      cas.cluster.certs.kubelet = { };
    };
  };
}
