# The wiring of a member of etcd.
{
  addresses,
  authority,
  config,
  filesAs,
  has,
  isRole,
  lib,
  toolkit,
  unitOf,
  wired,
  ...
}:
let
  inherit (lib) mkIf mkMerge;
  inherit (addresses) url;
  inherit (addresses.etcd) boundAddresses initialCluster ownAddress;

  bundle = (authority "etcd").bundlePath;

  # 0.0.0.0 includes the loopback, and etcd does not listen twice.
  loopback = lib.optional (boundAddresses != [ "0.0.0.0" ]) "127.0.0.1";
in
{
  services.etcd = mkIf (isRole "etcd") (mkMerge [
    {
      enable = wired true;
      name = wired toolkit.hostName;
      initialCluster = wired initialCluster;
      listenClientUrls = wired (map (url 2379) (lib.unique (boundAddresses ++ loopback)));
      listenPeerUrls = wired (map (url 2380) boundAddresses);
      advertiseClientUrls = wired [ (url 2379 ownAddress) ];
      initialAdvertisePeerUrls = wired [ (url 2380 ownAddress) ];
    }
    (mkIf (has "etcd-server") (
      filesAs {
        certificate = "certFile";
        key = "keyFile";
      } "etcd-server"
      // {
        trustedCaFile = wired bundle;
        clientCertAuth = wired true;
      }
    ))
    (mkIf (has "etcd-peer") (
      filesAs {
        certificate = "peerCertFile";
        key = "peerKeyFile";
      } "etcd-peer"
      // {
        peerTrustedCaFile = wired bundle;
        peerClientCertAuth = wired true;
      }
    ))
  ]);

  units.etcd = mkIf (isRole "etcd" && config.services.etcd.enable) (unitOf [
    "etcd-server"
    "etcd-peer"
  ]);
}
