# The rights that a new cluster must be given before its certificates are worth anything, as objects of Kubernetes.
# Owns no certificate; who has which name is said by kubernetes.nix.
{
  config,
  lib,
  options,
}:
let
  inherit (lib) optional optionals;

  toolkit = config.certToolkit;
  cfg = toolkit.kubernetes;

  group = "rbac.authorization.k8s.io";

  subject = kind: name: {
    apiGroup = group;
    inherit kind name;
  };

  binding = name: role: subject: {
    apiVersion = "${group}/v1";
    kind = "ClusterRoleBinding";
    metadata = { inherit name; };
    roleRef = {
      apiGroup = group;
      kind = "ClusterRole";
      name = role;
    };
    subjects = [ subject ];
  };

  # The name in the certificate, where it is on this host, and else the usual one.
  userOf =
    component: usual:
    subject "User" (
      if cfg.certificates ? ${component} then
        let
          inherit (cfg.certificates.${component}) authority name;
        in
        toolkit.cas.${authority}.certs.${name}.commonName
      else
        usual
    );

  # As kubeadm has it since 1.29: administrators are a group that can be taken away, unlike system:masters.
  administrators = binding "kubeadm:cluster-admins" "cluster-admin" (
    subject "Group" "kubeadm:cluster-admins"
  );

  # For logs, exec and metrics. The name is ours, because nixpkgs binds another user under the usual one.
  kubeletAccess = binding "certs:kube-apiserver-kubelet-client" "system:kubelet-api-admin" (
    userOf "kube-apiserver-kubelet-client" "kube-apiserver-kubelet-client"
  );

  # flannel with the API server as its store: it reads the nodes and notes its lease on its own.
  flannelRole = {
    apiVersion = "${group}/v1";
    kind = "ClusterRole";
    metadata.name = "flannel";
    rules = [
      {
        apiGroups = [ "" ];
        resources = [ "pods" ];
        verbs = [ "get" ];
      }
      {
        apiGroups = [ "" ];
        resources = [ "nodes" ];
        verbs = [
          "get"
          "list"
          "watch"
        ];
      }
      {
        apiGroups = [ "" ];
        resources = [ "nodes/status" ];
        verbs = [ "patch" ];
      }
    ];
  };
  flannel = [
    flannelRole
    (binding "flannel" "flannel" (userOf "flannel" "flannel-client"))
  ];

  konnectivity = binding "system:konnectivity-server" "system:auth-delegator" (
    userOf "konnectivity-server" "system:konnectivity-server"
  );

  extra = name: lib.elem name cfg.extraComponents;

  own = [
    administrators
    kubeletAccess
  ]
  ++ optionals (extra "flannel") flannel
  ++ optional (extra "konnectivity-server") konnectivity;

  # What the modules of nixpkgs would have easyCerts apply; of an object that is ours too, ours holds.
  addons = optionals (options ? services.kubernetes.addonManager.bootstrapAddons) (
    lib.filter (addon: !lib.elem (identityOf addon) (map identityOf own)) (
      lib.attrValues config.services.kubernetes.addonManager.bootstrapAddons
    )
  );
  identityOf = object: [
    object.kind
    (object.metadata.namespace or null)
    object.metadata.name
  ];
in
{
  apiVersion = "v1";
  kind = "List";
  items = own ++ addons;
}
