# `certToolkit.kubernetes`: a host's place in a cluster, and the declarations that follow from it, all of which a person may
# overrule. What follows is said by schema/kubernetes.nix.
{
  config,
  lib,
  options,
  ...
}:
let
  inherit (lib)
    literalMD
    mkOption
    types
    ;

  schema = import ../schema.nix;
  toolkit = config.certToolkit;
  cfg = toolkit.kubernetes;

  inherit (import ./derived.nix { inherit lib config options; })
    authorityFile
    bundleText
    derived
    ;

  # The values where nobody says anything.
  defaults = schema.kubernetes.settingsOf toolkit.hostName { inherit (cfg) cluster nodes; };

  preset = schema.kubernetes.preset {
    host = toolkit.hostName;
    # Without the values that are derived from it.
    raw = (schema.declared { kubernetes = cfg; }).kubernetes;
  };

  # Stronger than what is inherited, and weaker than even a default that a person sets.
  asPreset = lib.mapAttrsRecursive (_: lib.mkOverride 1250);

  # What NixOS says about the same thing, where there is NixOS. It says nothing of a kubelet that does not run.
  fromService =
    path: default:
    if lib.attrByPath (path ++ [ "isDefined" ]) false (options.services or { }) then
      lib.getAttrFromPath path config.services
    else
      default;

  roleType = types.listOf (types.enum schema.kubernetes.roles);

  nodeModule.options = {
    roles = mkOption {
      type = roleType;
      default = [ ];
      description = "The roles of the host in the cluster.";
      example = [
        "control-plane"
        "etcd"
      ];
    };
    addresses = mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = "The IP addresses by which the other nodes reach the host.";
      example = [ "192.0.2.1" ];
    };
    nodeName = mkOption {
      type = types.nullOr types.str;
      default = null;
      description = "The name under which its kubelet registers, if it is not the name of the host.";
      example = "cp1.example.org";
    };
  };

  # An option of the cluster whose default follows from others.
  following =
    type: field: text: attributes:
    mkOption (
      attributes
      // {
        inherit type;
        default = defaults.${field};
        defaultText = literalMD text;
      }
    );

  switch =
    default: description:
    mkOption {
      type = types.bool;
      inherit default description;
      example = !default;
    };

  authority =
    field: text: description:
    mkOption {
      type = types.str;
      default = defaults.authorities.${field};
      defaultText = literalMD text;
      inherit description;
      example = "staging";
    };

  # --- Values other options read ------------------------------------------------------------------------------------

  # Where clients on this host reach the API server: null if nothing says it.
  server =
    let
      controlPlanes = lib.filterAttrs (
        _: node: lib.elem "control-plane" node.roles && node.addresses != [ ]
      ) cfg.nodes;
    in
    if !cfg.enable then
      null
    else if cfg.controlPlaneEndpoint != null then
      "https://${withPort cfg.controlPlaneEndpoint}"
    else if lib.elem "control-plane" cfg.roles then
      "https://localhost:6443"
    else if controlPlanes == { } then
      null
    else
      "https://${withPort (lib.head (lib.head (lib.attrValues controlPlanes)).addresses)}";

  # RFC 3986 §3.2.2: an IPv6 address stands in brackets.
  withPort =
    host:
    if lib.hasInfix "]:" host || builtins.match "[^:]*:[^:]*" host != null then
      host
    else if lib.hasInfix ":" host && !lib.hasPrefix "[" host then
      "[${host}]:6443"
    else
      "${host}:6443";

  # The controller manager returns the bare certificate of a client, without the intermediate that signed it. The API
  # server takes an intermediate for a trust anchor, so it is enough that it is in the bundle.
  clientCaBundle =
    let
      bundle = toolkit.cas.${cfg.authorities.cluster}.bundlePath;
      file =
        authority: bundleText (authorityFile authority toolkit.cas.${authority}.ca.relativePath);
    in
    if !cfg.enable then
      throw "certToolkit: kubernetes.clientCaBundle is there only with certToolkit.kubernetes.enable = true."
    else if cfg.authorities.signing == null then
      bundle
    else
      builtins.toFile "${cfg.authorities.cluster}-clients.crt" (
        file cfg.authorities.cluster + file cfg.authorities.signing
      );
in
{
  options.certToolkit.kubernetes = {
    enable = mkOption {
      type = types.bool;
      default = false;
      description = ''
        Whether this host is a node of a Kubernetes cluster. It then has the certificates that its roles need, with the
        identities, usages and names that Kubernetes expects. Whatever of them is declared in `cas` holds, field by field.
      '';
      example = true;
    };
    wire = switch false ''
      Whether the services of NixOS (`services.kubernetes`, `services.etcd`) take their certificates from here.
    '';
    cluster = mkOption {
      type = types.str;
      default = "kubernetes";
      description = ''
        The name of the cluster. The authorities and the service-account key of any other than `kubernetes` are named
        after it, so that two clusters of one fleet do not trust each other.
      '';
      example = "staging";
    };
    nodes = mkOption {
      type = types.attrsOf (types.submodule nodeModule);
      default = { };
      description = "The nodes of the cluster by their host names. All hosts may share one table; each finds itself in it.";
      example = {
        cp1 = {
          roles = [
            "control-plane"
            "etcd"
          ];
          addresses = [ "192.0.2.1" ];
        };
        w1 = {
          roles = [ "worker" ];
          addresses = [ "192.0.2.11" ];
        };
      };
    };
    roles = following roleType "roles" "`nodes.<hostName>.roles`" {
      description = ''
        The roles of this host in the cluster: `control-plane` (API server, controller manager, scheduler), `worker`
        (kubelet, kube-proxy) and `etcd`. A control plane on which a kubelet runs is a `worker` as well.
      '';
      example = [
        "control-plane"
        "worker"
      ];
    };
    nodeName = mkOption {
      type = types.str;
      default =
        let
          node = cfg.nodes.${toolkit.hostName} or { nodeName = null; };
        in
        if node.nodeName != null then
          node.nodeName
        else
          fromService [
            "kubernetes"
            "kubelet"
            "hostname"
          ] defaults.nodeName;
      defaultText = literalMD "`nodes.<hostName>.nodeName`, or `config.services.kubernetes.kubelet.hostname`, or the name of the host";
      description = "The name under which the kubelet of this host registers.";
      example = "cp1.example.org";
    };
    nodeIPs = following (types.listOf types.str) "nodeIPs" "`nodes.<hostName>.addresses`" {
      description = "The IP addresses by which the other nodes reach this host.";
      example = [
        "192.0.2.1"
        "fd00::1"
      ];
    };
    authorities = {
      cluster =
        authority "cluster" "`cluster`"
          "The authority, by its name in `cas`, of the API server, its clients and the kubelets.";
      etcd =
        authority "etcd" "`etcd`, or `<cluster>-etcd`"
          "The CA of etcd: every holder of one of its certificates may read and write everything.";
      frontProxy =
        authority "frontProxy" "`front-proxy`, or `<cluster>-front-proxy`"
          "The CA of the front proxy. Its clients may act in the name of anyone.";
      signing =
        derived (types.nullOr types.str)
          "The authority with which the controller manager signs, with `clusterSigning`; else `null`."
          "`<authorities.cluster>-signing`, or `null`"
          (schema.kubernetes.signingAuthority cfg);
    };
    serviceAccount =
      following types.str "serviceAccount" "`service-account`, or `<cluster>-service-account`"
        {
          description = "The key pair, by its name in `keyPairs`, that signs the tokens of service accounts on all control planes.";
          example = "sa";
        };
    serviceCIDRs = mkOption {
      type = types.listOf types.str;
      default =
        let
          range = fromService [
            "kubernetes"
            "apiserver"
            "serviceClusterIpRange"
          ] null;
        in
        if range == null then defaults.serviceCIDRs else lib.splitString "," range;
      defaultText = literalMD "`config.services.kubernetes.apiserver.serviceClusterIpRange`, or `10.96.0.0/12` without NixOS";
      description = ''
        The networks of services: one, or one of IPv4 and one of IPv6. The API server is reached inside the cluster by
        the first address of each, so its certificate has them.
      '';
      example = [
        "10.96.0.0/16"
        "fd00:10:96::/108"
      ];
    };
    clusterDomain = mkOption {
      type = types.str;
      default = defaults.clusterDomain;
      description = "The domain of services.";
      example = "k8s.example.org";
    };
    controlPlaneEndpoint = mkOption {
      type = types.nullOr types.str;
      default = defaults.controlPlaneEndpoint;
      description = "Where clients reach the API server, if there is something in front of the control planes: a host, with or without a port.";
      example = "api.example.org:6443";
    };
    extraSANs = mkOption {
      type = types.listOf types.str;
      default = defaults.extraSANs;
      description = "Further names and addresses of the API server.";
      example = [ "kube.example.org" ];
    };
    adminUsers = mkOption {
      type = types.listOf types.str;
      default = defaults.adminUsers;
      description = ''
        Administrators by their user names. Each has a certificate `admin-<user>` in the group `kubeadm:cluster-admins`,
        whose key is sealed to the operators only; it lies with the first control plane of `nodes`.
      '';
      example = [ "alice" ];
    };
    superAdmin = switch defaults.superAdmin ''
      Whether there is a certificate `super-admin` in the group `system:masters`, for the day when RBAC itself is broken.
      Its key is sealed to the operators only.
    '';
    splitKubelet = switch defaults.splitKubelet ''
      Whether a kubelet has two certificates, `kubelet-client` and `kubelet-server`, and not one for both directions.
    '';
    clusterSigning = switch defaults.clusterSigning ''
      Whether the controller manager may sign what is requested through the certificates API. It has an authority of its
      own for it, issued by that of the cluster, whose key is on the control planes.
    '';
    extraComponents = mkOption {
      type = types.listOf (types.enum schema.kubernetes.extraIds);
      default = defaults.extraComponents;
      description = "Components that not every cluster has. Each is placed on the hosts whose role it belongs to.";
      example = [ "flannel" ];
    };
    certificateNames = mkOption {
      type = types.attrsOf (types.nullOr types.str);
      default = defaults.certificateNames;
      description = ''
        The names of the components' certificates in `cas.<ca>.certs`, where they are not called like the component:
        certificates that are there already keep their names and files. `null` for a component that needs none.
      '';
      example = {
        kube-apiserver = "apiserver";
        kube-proxy = null;
      };
    };
    certificates =
      derived (types.attrsOf (types.attrsOf types.str))
        "The certificates of this host by their components: the name of the authority and that of the certificate."
        "what the roles of the host need"
        preset.certificates;
    clientCaBundle =
      derived types.path
        "The CAs with which the API server and the kubelets verify their clients: the authority of the cluster and, with `clusterSigning`, the one that signs."
        "the `bundlePath` of the authority, or a file in the Nix store"
        clientCaBundle;
    server =
      derived (types.nullOr types.str) "The URL by which programs on this host reach the API server."
        "`controlPlaneEndpoint`, or the control plane itself, or the first of `nodes`; `null` if there is none"
        server;
  };

  config.certToolkit = lib.mkIf cfg.enable {
    cas = asPreset preset.cas;
    keyPairs = asPreset preset.keyPairs;
  };
}
