# The rights that a new cluster is given, by the bootstrap manifest of a control plane.
{ lib }:
let
  inherit (import ./wired.nix { inherit lib; })
    evaluation
    host
    clusterWith
    ;

  objectsOf =
    modules:
    map
      (object: {
        inherit (object) kind;
        inherit (object.metadata) name;
        role = object.roleRef.name or null;
        subjects = map (subject: "${subject.kind} ${subject.name}") (object.subjects or [ ]);
      })
      (import ../../nix/module/wiring/bootstrap.nix {
        inherit lib;
        inherit (evaluation "cp1" modules) config options;
      }).items;

  administrators = {
    kind = "ClusterRoleBinding";
    name = "kubeadm:cluster-admins";
    role = "cluster-admin";
    subjects = [ "Group kubeadm:cluster-admins" ];
  };
  kubelets = {
    kind = "ClusterRoleBinding";
    name = "certs:kube-apiserver-kubelet-client";
    role = "system:kubelet-api-admin";
    subjects = [ "User kube-apiserver-kubelet-client" ];
  };
in
[
  {
    name = "a_new_cluster_gets_administrators_and_access_to_kubelets";
    got = objectsOf [ ];
    want = [
      administrators
      kubelets
    ];
  }
  {
    name = "rights_follow_the_names_in_the_certificates";
    got = objectsOf [
      { certToolkit.cas.kubernetes.certs.kube-apiserver-kubelet-client.commonName = "api"; }
    ];
    want = [
      administrators
      (kubelets // { subjects = [ "User api" ]; })
    ];
  }
  {
    name = "extra_components_have_rights_and_add_ons_come_along_once";
    got = objectsOf [
      (clusterWith {
        extraComponents = [
          "flannel"
          "konnectivity-server"
        ];
      })
      {
        services.kubernetes.addonManager.bootstrapAddons = {
          flannel-crb = {
            kind = "ClusterRoleBinding";
            metadata.name = "flannel";
          };
          coredns = {
            kind = "ClusterRole";
            metadata.name = "system:coredns";
          };
        };
      }
    ];
    want = [
      administrators
      kubelets
      {
        kind = "ClusterRole";
        name = "flannel";
        role = null;
        subjects = [ ];
      }
      {
        kind = "ClusterRoleBinding";
        name = "flannel";
        role = "flannel";
        subjects = [ "User flannel-client" ];
      }
      {
        kind = "ClusterRoleBinding";
        name = "system:konnectivity-server";
        role = "system:auth-delegator";
        subjects = [ "User system:konnectivity-server" ];
      }
      {
        kind = "ClusterRole";
        name = "system:coredns";
        role = null;
        subjects = [ ];
      }
    ];
  }
  {
    name = "the_manifest_is_a_file";
    got =
      lib.hasSuffix "-kubernetes-bootstrap.json"
        (host "cp1" [ ]).certToolkit.kubernetes.bootstrapManifest;
    want = true;
  }
]
