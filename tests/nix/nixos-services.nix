# The options of NixOS that the wiring sets, by name and type, with the defaults that it has to overrule. Not a test itself.
{ lib, config, ... }:
let
  inherit (lib)
    mkDefault
    mkIf
    mkOption
    types
    ;

  option = type: default: mkOption { inherit type default; };
  required = type: mkOption { inherit type; };
  file = option (types.nullOr types.path) null;
  text = required types.str;
  texts = option (types.listOf types.str) [ ];
  switch = option types.bool false;
  flags = option (types.separatedString " ") "";

  kubeconfig = {
    server = text;
    caFile = option (types.nullOr types.path) config.services.kubernetes.caFile;
    certFile = file;
    keyFile = file;
  };

  unit.options = {
    after = texts;
    wants = texts;
    restartTriggers = texts;
    environment = option (types.attrsOf types.anything) { };
    serviceConfig = option (types.attrsOf types.anything) { };
  };
in
{
  options = {
    services.kubernetes = {
      roles = texts;
      easyCerts = switch;
      caFile = file;
      apiserverAddress = text;
      masterAddress = text;
      lib = option types.attrs { mkKubeConfig = name: files: files // { inherit name; }; };
      clusterCidr = option (types.nullOr types.str) "10.1.0.0/16";
      addons.dns = {
        clusterDomain = option types.str "cluster.local";
        clusterIp = option types.str "${
          lib.concatStringsSep "." (
            lib.take 3 (lib.splitString "." config.services.kubernetes.apiserver.serviceClusterIpRange)
          )
        }.254";
      };
      apiserver = {
        enable = switch;
        advertiseAddress = option (types.nullOr types.str) null;
        preferredAddressTypes = option (types.nullOr types.str) null;
        bindAddress = option types.str "0.0.0.0";
        securePort = option types.int 6443;
        serviceClusterIpRange = option types.str "10.0.0.0/24";
        clientCaFile = file;
        tlsCertFile = file;
        tlsKeyFile = file;
        kubeletClientCaFile = file;
        kubeletClientCertFile = file;
        kubeletClientKeyFile = file;
        proxyClientCertFile = file;
        proxyClientKeyFile = file;
        serviceAccountKeyFile = required types.path;
        serviceAccountSigningKeyFile = required types.path;
        extraOpts = flags;
        etcd = {
          servers = texts;
          caFile = file;
          certFile = file;
          keyFile = file;
        };
      };
      controllerManager = {
        enable = switch;
        rootCaFile = file;
        serviceAccountKeyFile = file;
        tlsCertFile = file;
        tlsKeyFile = file;
        extraOpts = flags;
        inherit kubeconfig;
      };
      scheduler = {
        enable = switch;
        extraOpts = flags;
        inherit kubeconfig;
      };
      kubelet = {
        enable = switch;
        hostname = text;
        nodeIp = option (types.nullOr types.str) null;
        clientCaFile = file;
        tlsCertFile = file;
        tlsKeyFile = file;
        unschedulable = switch;
        clusterDns = option (types.listOf types.str) [ config.services.kubernetes.addons.dns.clusterIp ];
        inherit kubeconfig;
      };
      proxy = {
        enable = switch;
        hostname = text;
        inherit kubeconfig;
      };
      flannel.enable = switch;
      addonManager = {
        enable = switch;
        bootstrapAddons = option (types.attrsOf types.attrs) { };
      };
    };
    services.flannel = {
      enable = switch;
      kubeconfig = option (types.nullOr types.anything) null;
    };
    services.etcd = {
      enable = switch;
      name = text;
      initialCluster = texts;
      listenClientUrls = texts;
      listenPeerUrls = texts;
      advertiseClientUrls = texts;
      initialAdvertisePeerUrls = texts;
      clientCertAuth = switch;
      trustedCaFile = file;
      certFile = file;
      keyFile = file;
      peerClientCertAuth = switch;
      peerTrustedCaFile = file;
      peerCertFile = file;
      peerKeyFile = file;
    };
    environment.etc = option (types.attrsOf types.anything) { };
    systemd.services = option (types.attrsOf (types.submodule unit)) { };
  };

  # What NixOS itself says of one master that has everything.
  config.services = {
    kubernetes = {
      easyCerts = mkIf (config.services.kubernetes.roles != [ ]) (mkDefault true);
      apiserverAddress = mkDefault "https://${config.services.kubernetes.masterAddress}:6443";
      apiserver.etcd.servers = mkDefault [ "https://${config.services.kubernetes.masterAddress}:2379" ];
      controllerManager.kubeconfig.server = mkDefault config.services.kubernetes.apiserverAddress;
      scheduler.kubeconfig.server = mkDefault config.services.kubernetes.apiserverAddress;
      kubelet = {
        hostname = mkIf config.services.kubernetes.kubelet.enable (mkDefault config.networking.hostName);
        kubeconfig.server = mkDefault config.services.kubernetes.apiserverAddress;
        unschedulable = mkIf (lib.all (role: role == "master") config.services.kubernetes.roles) (
          mkDefault true
        );
      };
      proxy = {
        hostname = mkDefault config.networking.hostName;
        kubeconfig.server = mkDefault config.services.kubernetes.apiserverAddress;
      };
    };
    flannel.enable = mkIf config.services.kubernetes.flannel.enable (mkDefault true);
    etcd = {
      enable = mkIf config.services.flannel.enable (mkDefault false);
      name = mkDefault config.services.kubernetes.masterAddress;
      clientCertAuth = mkDefault true;
      initialCluster = mkDefault [ "master=https://master:2380" ];
      listenClientUrls = mkDefault [ "https://0.0.0.0:2379" ];
      listenPeerUrls = mkDefault [ "https://0.0.0.0:2380" ];
      advertiseClientUrls = mkDefault [ "https://master:2379" ];
      initialAdvertisePeerUrls = mkDefault [ "https://master:2380" ];
    };
  };
}
