# The components of a Kubernetes cluster: in which role each runs, and what it shows to the others. Names follow kubeadm
# where it has one (kubernetes.io/docs/setup/best-practices/certificates).
{ prelude, addresses }:
let
  roles = [
    "control-plane"
    "worker"
    "etcd"
  ];

  # What each component shows to the others, and where it runs. A client has no SAN: some servers take the name of the
  # client from there. `extra`: only where it is asked for.
  components =
    settings:
    let
      inherit (settings) host nodeName;
      nodeIPs = filter isAddress settings.nodeIPs;
      local = [
        "localhost"
        "127.0.0.1"
        "::1"
      ];
      node = unique ([ nodeName ] ++ (if host == null then [ ] else [ host ]) ++ nodeIPs);
      apiServer =
        unique (
          [
            host
            nodeName
          ]
          ++ nodeIPs
          ++ toList (orElse [ ] (endpointHost settings.controlPlaneEndpoint))
          ++ local
        )
        ++ [
          "kubernetes"
          "kubernetes.default"
          "kubernetes.default.svc"
          "kubernetes.default.svc.${settings.clusterDomain}"
        ]
        ++ serviceAddresses settings.serviceCIDRs
        ++ settings.extraSANs;

      client = {
        usages = [ "client auth" ];
        hosts = [ ];
        names.O = null;
      };
      # Of one side to itself as well: etcd and a kubelet dial with the certificate they serve with.
      both = {
        usages = [
          "server auth"
          "client auth"
        ];
        names.O = null;
      };
      server = {
        usages = [ "server auth" ];
        names.O = null;
      };
      controlPlane = {
        role = "control-plane";
        authority = "cluster";
        owner = "kubernetes";
      };
      worker = {
        role = "worker";
        authority = "cluster";
        owner = "root";
      };
      etcd = {
        role = "etcd";
        authority = "etcd";
        owner = "etcd";
      };
      extra.extra = true;
      kubelet = worker // {
        commonName = "system:node:${nodeName}";
        names.O = "system:nodes";
      };
      # Served on the node itself and to the rest of the control plane.
      controller = [
        nodeName
      ]
      ++ nodeIPs
      ++ [
        "localhost"
        "127.0.0.1"
      ];
    in
    {
      kube-apiserver =
        controlPlane
        // server
        // {
          commonName = "kube-apiserver";
          hosts = unique apiServer;
        };
      kube-apiserver-kubelet-client =
        controlPlane
        // client
        // {
          commonName = "kube-apiserver-kubelet-client";
          names.O = "kubeadm:cluster-admins";
        };
      kube-apiserver-etcd-client =
        controlPlane
        // client
        // {
          authority = "etcd";
          commonName = "kube-apiserver-etcd-client";
        };
      front-proxy-client =
        controlPlane
        // client
        // {
          authority = "frontProxy";
          commonName = "front-proxy-client";
        };
      kube-controller-manager =
        controlPlane
        // client
        // {
          commonName = "system:kube-controller-manager";
        };
      kube-scheduler =
        controlPlane
        // client
        // {
          commonName = "system:kube-scheduler";
        };
      kube-controller-manager-server =
        controlPlane
        // server
        // extra
        // {
          commonName = "kube-controller-manager";
          hosts = controller;
        };
      kube-scheduler-server =
        controlPlane
        // server
        // extra
        // {
          commonName = "kube-scheduler";
          hosts = controller;
        };
      konnectivity-server =
        controlPlane
        // client
        // extra
        // {
          commonName = "system:konnectivity-server";
        };
      addon-manager =
        controlPlane
        // client
        // extra
        // {
          commonName = "system:kube-addon-manager";
        };

      # People's credentials. RBAC can take the group of the first away again; nothing can take away system:masters, so
      # it is for the day when RBAC itself is broken, and never valid for long.
      admin = client // {
        role = "admin";
        authority = "cluster";
        names.O = "kubeadm:cluster-admins";
        onHost = false;
      };
      super-admin = client // {
        role = "admin";
        authority = "cluster";
        commonName = "kubernetes-super-admin";
        names.O = "system:masters";
        expiry = "8760h";
        onHost = false;
      };

      kubelet =
        both
        // kubelet
        // {
          hosts = node;
        };
      kubelet-client = client // kubelet;
      kubelet-server =
        server
        // kubelet
        // {
          hosts = node;
        };
      kube-proxy =
        worker
        // client
        // {
          commonName = "system:kube-proxy";
        };
      flannel =
        worker
        // client
        // extra
        // {
          commonName = "flannel-client";
        };
      calico-cni =
        worker
        // client
        // extra
        // {
          commonName = "calico-cni";
        };

      etcd-server =
        etcd
        // both
        // {
          commonName = nodeName;
          hosts = unique (node ++ local);
        };
      etcd-peer =
        etcd
        // both
        // {
          commonName = nodeName;
          hosts = unique (node ++ local);
        };
      etcd-healthcheck-client =
        etcd
        // client
        // {
          owner = "root";
          commonName = "kube-etcd-healthcheck-client";
        };
    };

  # Which components there are does not depend on the settings.
  noSettings = { };
  componentIds = attrNames (components noSettings);
  extraIds = filter (id: (components noSettings).${id} ? extra) componentIds;

  # The API server is reached inside the cluster by the first address of each service network.
  serviceAddresses = cidrs: filter (address: address != null) (map firstAddress (networksOf cidrs));

  # Those that are networks; of the others there are faults.
  networksOf = cidrs: filter (network: network != null) (map parseNetwork cidrs);

  # "api.example.org:6443", "192.0.2.1", "[fd00::1]:6443" -> the part before the port; null if it is none of these.
  endpointHost =
    endpoint:
    let
      bracketed = match "\\[([^]]*)](:[0-9]{1,5})?" endpoint;
      plain = match "([A-Za-z0-9._-]+)(:[0-9]{1,5})?" endpoint;
    in
    if endpoint == null then
      null
    else if bracketed != null then
      if isAddress (head bracketed) then head bracketed else null
    else if plain != null then
      head plain
    else if isAddress endpoint then
      endpoint
    else
      null;

  inherit (builtins)
    attrNames
    filter
    head
    match
    ;
  inherit (prelude) orElse toList unique;
  inherit (addresses) firstAddress isAddress parseNetwork;
in
{
  inherit
    roles
    components
    componentIds
    extraIds
    endpointHost
    networksOf
    ;
}
