# The wiring of a control plane: API server, controller manager, scheduler, addon manager.
{
  addresses,
  authority,
  certificate,
  cfg,
  config,
  has,
  files,
  filesAs,
  isRole,
  lib,
  options,
  publicHalves,
  toolkit,
  unit,
  unitOf,
  wired,
  ...
}:
let
  inherit (lib)
    concatStringsSep
    mkBefore
    mkIf
    mkMerge
    ;
  inherit (config.services) kubernetes;

  serviceAccount = toolkit.keyPairs.${cfg.serviceAccount};
  signing = toolkit.cas.${cfg.authorities.signing}.ca;
  clusterBundle = (authority "cluster").bundlePath;

  # Without a load balancer between them, a control plane that works needs no other one.
  localApiServer =
    if
      lib.elem kubernetes.apiserver.bindAddress [
        "0.0.0.0"
        "::"
        "127.0.0.1"
      ]
    then
      addresses.url kubernetes.apiserver.securePort "127.0.0.1"
    else
      kubernetes.apiserverAddress;

  # nixpkgs has no options for these. The definitions of extraOpts are joined, so ours stand first and not with
  # mkDefault: what a person adds then comes later on the command line, and wins there.
  flags = list: mkBefore (concatStringsSep " " list);

  frontProxyFlags = [
    "--requestheader-client-ca-file=${(authority "frontProxy").bundlePath}"
    "--requestheader-allowed-names=${(certificate "front-proxy-client").commonName}"
    "--requestheader-username-headers=X-Remote-User"
    "--requestheader-group-headers=X-Remote-Group"
    "--requestheader-extra-headers-prefix=X-Remote-Extra-"
  ];

  signingFlags = [
    # It refuses a file of two certificates, which a rotation leaves (k8s.io/kubernetes/pkg/controller/certificates/signer).
    "--cluster-signing-cert-file=${signing.certificatePath}"
    "--cluster-signing-key-file=${signing.keyPath}"
  ];

  servingFlags = component: [
    "--tls-cert-file=${(files component).certFile}"
    "--tls-private-key-file=${(files component).keyFile}"
  ];

  serving = filesAs {
    certificate = "tlsCertFile";
    key = "tlsKeyFile";
  };
  client = filesAs {
    certificate = "certFile";
    key = "keyFile";
  };

  declared = option: option.highestPrio < (lib.mkOptionDefault null).priority;

  workers = lib.filterAttrs (_: node: lib.elem "worker" node.roles) cfg.nodes;

  cluster = {
    easyCerts = wired false;
    caFile = wired clusterBundle;
    apiserverAddress = wired (addresses.url addresses.apiServer.port addresses.apiServer.address);
    masterAddress = wired addresses.apiServer.address;
    addons.dns.clusterDomain = wired cfg.clusterDomain;
    # On workers too: nixpkgs computes the address of the cluster's DNS, which every kubelet hands to its pods, from the
    # service network of the API server. The other way round, the network is read from here: see
    # certToolkit.kubernetes.serviceCIDRs.
    apiserver = mkIf (declared options.certToolkit.kubernetes.serviceCIDRs) {
      serviceClusterIpRange = wired (concatStringsSep "," cfg.serviceCIDRs);
    };
  };

  apiserver = mkMerge [
    {
      enable = wired true;
      clientCaFile = wired cfg.clientCaBundle;
      # Kubelets may serve with what the controller manager signed.
      kubeletClientCaFile = wired cfg.clientCaBundle;
      serviceAccountKeyFile = wired serviceAccount.publicPath;
      serviceAccountSigningKeyFile = wired serviceAccount.keyPath;
    }
    (mkIf (cfg.nodeIPs != [ ]) { advertiseAddress = wired (lib.head cfg.nodeIPs); })
    # A node that is asked by its address needs no name service, and its certificate has the address: kubeadm's order.
    (mkIf (workers != { } && lib.all (node: node.addresses != [ ]) (lib.attrValues workers)) {
      preferredAddressTypes = wired "InternalIP,ExternalIP,Hostname";
    })
    (mkIf (has "kube-apiserver") (serving "kube-apiserver"))
    (mkIf (has "kube-apiserver-kubelet-client") (
      filesAs {
        certificate = "kubeletClientCertFile";
        key = "kubeletClientKeyFile";
      } "kube-apiserver-kubelet-client"
    ))
    (mkIf (has "front-proxy-client") (
      filesAs {
        certificate = "proxyClientCertFile";
        key = "proxyClientKeyFile";
      } "front-proxy-client"
      // {
        extraOpts = flags frontProxyFlags;
      }
    ))
    (mkIf (has "kube-apiserver-etcd-client") {
      etcd = {
        caFile = wired (authority "etcd").bundlePath;
      }
      // client "kube-apiserver-etcd-client";
    })
    (mkIf (addresses.etcd.clientUrls != [ ]) { etcd.servers = wired addresses.etcd.clientUrls; })
  ];

  controllerManager = mkMerge [
    {
      enable = wired true;
      rootCaFile = wired clusterBundle;
      serviceAccountKeyFile = wired serviceAccount.keyPath;
    }
    (mkIf (has "kube-controller-manager") {
      kubeconfig = {
        server = wired localApiServer;
        caFile = wired clusterBundle;
      }
      // client "kube-controller-manager";
    })
    (mkIf (has "kube-controller-manager-server") (serving "kube-controller-manager-server"))
    (mkIf cfg.clusterSigning { extraOpts = flags signingFlags; })
  ];

  scheduler = mkMerge [
    { enable = wired true; }
    (mkIf (has "kube-scheduler") {
      kubeconfig = {
        server = wired localApiServer;
        caFile = wired clusterBundle;
      }
      // client "kube-scheduler";
    })
    (mkIf (has "kube-scheduler-server") {
      extraOpts = flags (servingFlags "kube-scheduler-server");
    })
  ];

  addonManagerKubeconfig = kubernetes.lib.mkKubeConfig "kube-addon-manager" (
    {
      server = localApiServer;
      caFile = clusterBundle;
    }
    // files "addon-manager"
  );
in
{
  services.kubernetes = mkMerge [
    (mkIf (isRole "control-plane" || isRole "worker") cluster)
    (mkIf (isRole "control-plane") { inherit apiserver controllerManager scheduler; })
    (mkIf (has "addon-manager") { addonManager.enable = wired true; })
  ];

  units = {
    kube-apiserver = mkIf (isRole "control-plane" && kubernetes.apiserver.enable) (
      unit (
        publicHalves [
          "kube-apiserver"
          "kube-apiserver-kubelet-client"
          "kube-apiserver-etcd-client"
          "front-proxy-client"
        ]
        ++ [ serviceAccount.publicPath ]
      )
    );
    kube-controller-manager = mkIf (isRole "control-plane" && kubernetes.controllerManager.enable) (
      unit (
        publicHalves [
          "kube-controller-manager"
          "kube-controller-manager-server"
        ]
        ++ [ serviceAccount.publicPath ]
        ++ lib.optional cfg.clusterSigning signing.certificatePath
      )
    );
    kube-scheduler = mkIf (isRole "control-plane" && kubernetes.scheduler.enable) (unitOf [
      "kube-scheduler"
      "kube-scheduler-server"
    ]);
    # nixpkgs gives the addon manager a kubeconfig with easyCerts only.
    kube-addon-manager = mkIf (has "addon-manager" && kubernetes.addonManager.enable) (mkMerge [
      (unitOf [ "addon-manager" ])
      { environment.KUBECONFIG = wired addonManagerKubeconfig; }
    ]);
  };
}
