# The wiring of a node: kubelet, kube-proxy, flannel.
{
  authority,
  cfg,
  config,
  has,
  files,
  filesAs,
  isRole,
  lib,
  oneOf,
  options,
  toolkit,
  unitOf,
  wired,
  ...
}:
let
  inherit (lib) mkIf mkMerge;
  inherit (config.services) kubernetes;

  clusterBundle = (authority "cluster").bundlePath;

  client = oneOf [
    "kubelet-client"
    "kubelet"
  ];
  server = oneOf [
    "kubelet-server"
    "kubelet"
  ];

  kubeconfig =
    component:
    {
      server = wired kubernetes.apiserverAddress;
      caFile = wired clusterBundle;
    }
    // filesAs {
      certificate = "certFile";
      key = "keyFile";
    } component;

  # The name of the node is read from services.kubernetes.kubelet.hostname unless it is said here.
  nodeNameIsDeclared =
    options.certToolkit.kubernetes.nodeName.highestPrio < (lib.mkOptionDefault null).priority
    || (cfg.nodes.${toolkit.hostName}.nodeName or null) != null;

  kubelet = mkMerge [
    {
      enable = wired true;
      clientCaFile = wired cfg.clientCaBundle;
    }
    (mkIf nodeNameIsDeclared { hostname = wired cfg.nodeName; })
    # The API server reaches the kubelet at an address that its certificate has.
    (mkIf (cfg.nodeIPs != [ ]) { nodeIp = wired (lib.head cfg.nodeIPs); })
    (mkIf (client != null) { kubeconfig = kubeconfig client; })
    (mkIf (server != null) (
      filesAs {
        certificate = "tlsCertFile";
        key = "tlsKeyFile";
      } server
    ))
    # nixpkgs takes a host without services.kubernetes.roles for a master, where nothing is scheduled.
    (mkIf (kubernetes.roles == [ ]) { unschedulable = wired false; })
  ];

  proxy = mkMerge [
    {
      enable = wired true;
      hostname = wired cfg.nodeName;
    }
    (mkIf (has "kube-proxy") { kubeconfig = kubeconfig "kube-proxy"; })
  ];

  flannelKubeconfig = kubernetes.lib.mkKubeConfig "flannel" (
    {
      server = kubernetes.apiserverAddress;
      caFile = clusterBundle;
    }
    // files "flannel"
  );
in
{
  services = mkMerge [
    (mkIf (isRole "worker") { kubernetes = { inherit kubelet proxy; }; })
    (mkIf (has "flannel") {
      kubernetes.flannel.enable = wired true;
      flannel.kubeconfig = wired flannelKubeconfig;
    })
  ];

  units = {
    kubelet = mkIf (isRole "worker" && kubernetes.kubelet.enable) (unitOf [
      "kubelet"
      "kubelet-client"
      "kubelet-server"
    ]);
    kube-proxy = mkIf (isRole "worker" && kubernetes.proxy.enable) (unitOf [ "kube-proxy" ]);
    flannel = mkIf (has "flannel" && config.services.flannel.enable) (unitOf [ "flannel" ]);
  };
}
