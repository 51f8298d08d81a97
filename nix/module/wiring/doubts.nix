# What the wiring of a host leaves open: services without an identity, settings that were overruled or are not those of
# the certificates, networks that collide.
{
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
  inherit (import ../../schema/addresses.nix) contains overlap parseNetwork;

  role = name: "Put \"${name}\" into certToolkit.kubernetes.roles, or into nodes.${hostName}.roles";
  # A component that is asked for is placed on the hosts with its role.
  extra =
    name: itsRole:
    let
      asked = lib.elem name cfg.extraComponents;
    in
    if !isRole itsRole then
      "A certificate for it is made on hosts with the role \"${itsRole}\" only. ${role itsRole}${
        lib.optionalString (!asked) ", and \"${name}\" into certToolkit.kubernetes.extraComponents"
      }"
    else if asked then
      "Remove certToolkit.kubernetes.certificateNames.${name} = null, which leaves it without one"
    else
      "Put \"${name}\" into certToolkit.kubernetes.extraComponents";

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
      cure = extra "flannel" "worker";
    }
    {
      service = "services.kubernetes.addonManager";
      runs = kubernetes.addonManager.enable;
      certificate = config.systemd.services.kube-addon-manager.environment.KUBECONFIG or null;
      cure = extra "addon-manager" "control-plane";
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
      option = "services.kubernetes.apiserver.serviceClusterIpRange";
      concerns = isRole "worker" && !(isRole "control-plane") && kubernetes.kubelet.enable;
      runs = kubernetes.apiserver.serviceClusterIpRange;
      certified = lib.concatStringsSep "," cfg.serviceCIDRs;
      by = "serviceCIDRs";
      consequence = "The address of the DNS that the kubelet tells its pods follows from the former";
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
      option = "services.kubernetes.addons.dns.clusterDomain";
      concerns = isRole "worker" && !(isRole "control-plane") && kubernetes.kubelet.enable;
      runs = kubernetes.addons.dns.clusterDomain;
      certified = cfg.clusterDomain;
      by = "clusterDomain";
      consequence = "The domain in which the pods of this node look for services follows from the former";
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

  # --- Networks -----------------------------------------------------------------------------------------------------

  services = lib.filter (network: network != null) (map parseNetwork cfg.serviceCIDRs);
  inServices = address: lib.any (network: contains network address) services;
  written = lib.concatStringsSep ", " cfg.serviceCIDRs;

  # nixpkgs takes the first three octets of the service network for the address of the DNS, whatever its length and family.
  dnsOutside =
    let
      address = kubernetes.addons.dns.clusterIp;
      concerns =
        isRole "worker" && kubernetes.kubelet.enable && lib.elem address kubernetes.kubelet.clusterDns;
    in
    optional (concerns && !inServices address) (
      "certToolkit: the kubelet on ${hostName} tells its pods that the DNS of the cluster is at ${address}, which is not inside"
      + " the service network ${written}. Set services.kubernetes.addons.dns.clusterIp on all hosts to an address inside it."
    );

  podsCollide =
    let
      pods = kubernetes.clusterCidr;
      network = if pods == null then null else parseNetwork pods;
      addresses = lib.filter (contains network) cfg.nodeIPs;
      cure = "Set services.kubernetes.clusterCidr on all hosts to a network that nothing else uses";
    in
    lib.optionals (network != null && (isRole "control-plane" || isRole "worker")) (
      optional (lib.any (overlap network) services) (
        "certToolkit: the pod network ${pods} (services.kubernetes.clusterCidr) on ${hostName} overlaps the service network"
        + " ${written}, so a pod and a service may have one address. ${cure}, or change certToolkit.kubernetes.serviceCIDRs."
      )
      ++ map (
        address:
        "certToolkit: the address ${address} of ${hostName} is inside the pod network ${pods} (services.kubernetes.clusterCidr),"
        + " so a pod may have it too. ${cure}."
      ) addresses
    );
in
concatMap withoutIdentity identities
++ concatMap lost flags
++ concatMap disagreement twice
++ dnsOutside
++ podsCollide
