# What the wiring of a host leaves open: services without an identity, settings that were overruled or are not those of
# the certificates, keys that their reader may not read.
{
  certificate,
  cfg,
  config,
  has,
  hostName,
  isRole,
  lib,
}:
let
  inherit (lib) concatMap optional;
  inherit (config.services) etcd flannel kubernetes;

  role = name: "Put \"${name}\" into certToolkit.kubernetes.roles, or into nodes.${hostName}.roles";
  extra = name: "Put \"${name}\" into certToolkit.kubernetes.extraComponents";

  # Services that run here, and what shows that they have a certificate, from us or from anyone.
  identities = [
    {
      service = "services.kubernetes.apiserver";
      runs = kubernetes.apiserver.enable;
      certificate = kubernetes.apiserver.tlsCertFile;
      cure = role "control-plane";
    }
    {
      service = "services.kubernetes.controllerManager";
      runs = kubernetes.controllerManager.enable;
      certificate = kubernetes.controllerManager.kubeconfig.certFile;
      cure = role "control-plane";
    }
    {
      service = "services.kubernetes.scheduler";
      runs = kubernetes.scheduler.enable;
      certificate = kubernetes.scheduler.kubeconfig.certFile;
      cure = role "control-plane";
    }
    {
      service = "services.kubernetes.kubelet";
      runs = kubernetes.kubelet.enable;
      certificate = kubernetes.kubelet.kubeconfig.certFile;
      cure = role "worker";
    }
    {
      service = "services.kubernetes.proxy";
      runs = kubernetes.proxy.enable;
      certificate = kubernetes.proxy.kubeconfig.certFile;
      cure = role "worker";
    }
    {
      service = "services.kubernetes.flannel";
      runs = kubernetes.flannel.enable && flannel.enable;
      certificate = flannel.kubeconfig;
      cure = extra "flannel";
    }
    {
      service = "services.kubernetes.addonManager";
      runs = kubernetes.addonManager.enable;
      certificate = config.systemd.services.kube-addon-manager.environment.KUBECONFIG or null;
      cure = extra "addon-manager";
    }
    {
      service = "services.etcd";
      runs = etcd.enable;
      certificate = etcd.certFile;
      cure = role "etcd";
    }
  ];

  withoutIdentity =
    {
      service,
      runs,
      certificate,
      cure,
    }:
    optional (runs && certificate == null) (
      "certToolkit: ${service} is enabled on ${hostName}, but nothing gives it a certificate, so it cannot join the cluster."
      + " ${cure}, or disable it."
    );

  # A person's mkForce drops the flags that nixpkgs has no option for.
  flags = [
    {
      service = "services.kubernetes.apiserver";
      wanted = isRole "control-plane" && kubernetes.apiserver.enable && has "front-proxy-client";
      given = kubernetes.apiserver.extraOpts;
      flag = "--requestheader-client-ca-file";
      without = "the API server refuses the requests of aggregated API servers and of its own front proxy";
    }
    {
      service = "services.kubernetes.controllerManager";
      wanted = isRole "control-plane" && kubernetes.controllerManager.enable && cfg.clusterSigning;
      given = kubernetes.controllerManager.extraOpts;
      flag = "--cluster-signing-cert-file";
      without = "certificate signing requests are approved and never signed";
    }
    {
      service = "services.kubernetes.scheduler";
      wanted = isRole "control-plane" && kubernetes.scheduler.enable && has "kube-scheduler-server";
      given = kubernetes.scheduler.extraOpts;
      flag = "--tls-cert-file";
      without = "the scheduler serves with a certificate that it signs itself";
    }
  ];

  lost =
    {
      service,
      wanted,
      given,
      flag,
      without,
    }:
    optional (wanted && !lib.hasInfix flag given) (
      "certToolkit: ${service}.extraOpts on ${hostName} has lost ${flag}, without which ${without}."
      + " Set extraOpts without mkForce, so that the definitions are joined, or write the flag there yourself."
    );

  # What a person may say in two places, and the certificates say once.
  twice = [
    {
      option = "services.kubernetes.apiserver.serviceClusterIpRange";
      concerns = isRole "control-plane" && kubernetes.apiserver.enable;
      runs = kubernetes.apiserver.serviceClusterIpRange;
      certified = lib.concatStringsSep "," cfg.serviceCIDRs;
      by = "serviceCIDRs";
      consequence = "Pods that reach the API server by its service address refuse its certificate";
    }
    {
      option = "services.kubernetes.addons.dns.clusterDomain";
      concerns = isRole "control-plane" && kubernetes.apiserver.enable;
      runs = kubernetes.addons.dns.clusterDomain;
      certified = cfg.clusterDomain;
      by = "clusterDomain";
      consequence = "Pods that reach the API server by its full name refuse its certificate";
    }
    {
      option = "services.kubernetes.kubelet.hostname";
      concerns = isRole "worker" && kubernetes.kubelet.enable;
      runs = kubernetes.kubelet.hostname;
      certified = cfg.nodeName;
      by = "nodeName";
      consequence = "The API server does not let the kubelet register, because its certificate is that of another node";
    }
  ];

  disagreement =
    {
      option,
      concerns,
      runs,
      certified,
      by,
      consequence,
    }:
    optional (concerns && runs != certified) (
      "certToolkit: ${option} on ${hostName} is \"${runs}\", but certToolkit.kubernetes.${by} is \"${certified}\"."
      + " ${consequence}. Say it in one of the two places only."
    );

  # Which unit opens which keys.
  readers = {
    kube-apiserver =
      keysOf [
        "kube-apiserver"
        "kube-apiserver-kubelet-client"
        "kube-apiserver-etcd-client"
        "front-proxy-client"
      ]
      ++ serviceAccount;
    kube-controller-manager =
      keysOf [
        "kube-controller-manager"
        "kube-controller-manager-server"
      ]
      ++ serviceAccount;
    kube-scheduler = keysOf [
      "kube-scheduler"
      "kube-scheduler-server"
    ];
    kube-addon-manager = keysOf [ "addon-manager" ];
    etcd = keysOf [
      "etcd-server"
      "etcd-peer"
    ];
  };

  keysOf =
    components:
    map (
      component:
      let
        inherit (cfg.certificates.${component}) authority name;
      in
      {
        option = "cas.${authority}.certs.${name}";
        inherit (certificate component) owner mode;
      }
    ) (lib.filter has components);

  serviceAccount = optional (isRole "control-plane") {
    option = "keyPairs.${cfg.serviceAccount}";
    inherit (config.certToolkit.keyPairs.${cfg.serviceAccount}) owner mode;
  };

  unreadable =
    unit: keys:
    let
      # Root reads everything, and a group may have anyone in it.
      user = config.systemd.services.${unit}.serviceConfig.User or "root";
      mayRead =
        { owner, mode, ... }:
        user == "root" || owner == user || builtins.match "0?[0-7]([4-7][0-7]|[0-7][4-7])" mode != null;
    in
    map (
      { option, owner, ... }:
      "certToolkit: ${unit}.service on ${hostName} runs as ${user}, but the key of certToolkit.${option} belongs to ${
        if owner == "" then "root" else owner
      }, so it cannot read it. Set certToolkit.${option}.owner = \"${user}\", or leave it out."
    ) (lib.filter (key: !mayRead key) (lib.optionals (config.systemd.services ? ${unit}) keys));
in
concatMap withoutIdentity identities
++ concatMap lost flags
++ concatMap disagreement twice
++ lib.concatLists (lib.mapAttrsToList unreadable readers)
