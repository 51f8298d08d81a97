# k8s + etcd-server and k8s-etcd + server would be one file.
{
  hosts.cp1 = {
    userAgeKeys = [ "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u" ];
    owningHostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEslSC1e2VTL97S7YNmuirD5bFj6pcq0LFuH65uN6hIm root@cp1";
    cas = {
      k8s.certs = {
        etcd-server = { };
        apiserver = { };
      };
      k8s-etcd.certs.server = { };
    };
  };
}
