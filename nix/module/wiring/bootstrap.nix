# `certToolkit.kubernetes.bootstrapManifest`: the rights that a new cluster must be given before its certificates are
# worth anything. Owns no certificate; who has which name is said by kubernetes.nix.
{
  certificate,
  config,
  has,
  lib,
  options,
}:
let
  inherit (lib) optional optionals;

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

  userOf = component: default: subject "User" (
    if has component then (certificate component).commonName else default
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

  extra = name: lib.elem name config.certToolkit.kubernetes.extraComponents;

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

  manifest = {
    apiVersion = "v1";
    kind = "List";
    items = own ++ addons;
  };
in
lib.mkOption {
  type = lib.types.path;
  # Text for kubectl: what it may name in the store is there, or not, on the hosts, wherever this file is.
  default = builtins.toFile "kubernetes-bootstrap.json" (
    builtins.unsafeDiscardStringContext (builtins.toJSON manifest)
  );
  defaultText = lib.literalMD "a file in the Nix store";
  readOnly = true;
  description = ''
    The objects a new cluster needs before its certificates are worth anything, for `kubectl apply -f`: the group of
    administrators, the API server's access to kubelets, the rights of flannel and of konnectivity where they are in
    `extraComponents`, and `services.kubernetes.addonManager.bootstrapAddons`. Apply it once with the super-admin
    credentials.
  '';
}
