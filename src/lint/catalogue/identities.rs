//! The lints about who a Kubernetes component is: user, groups, purposes, names, authority.

use super::{Lint, Rule, Severity, lints};

lints! {
    COMMON_NAME = "common-name", "A component's common name is not the user it is known as", Rule::Held,
        "Kubernetes takes the common name of a client certificate for the user. kube-controller-manager, kube-scheduler, kube-proxy and others get their \
         rights by ClusterRoleBindings of kube-apiserver's own that name a user `system:…`. Under any other name the program logs in and may do nothing: \
         every request is answered with Forbidden, which reads like a fault of RBAC.",
        "certs.kube-scheduler.commonName = \"system:kube-scheduler\";",
        "kubernetes.io/docs/setup/best-practices/certificates; kubernetes.io/docs/reference/access-authn-authz/rbac (core component roles)";
    FRONT_PROXY_NAME = "front-proxy-name", "The front proxy's common name is not the usual one", Rule::Always(Severity::Warning),
        "kube-apiserver forwards requests to extension API servers (metrics-server, custom.metrics.k8s.io) and tells them in headers who asked. They believe it \
         only if its client certificate has a common name from --requestheader-allowed-names, which kubeadm sets to front-proxy-client.",
        "certs.front-proxy-client.commonName = \"front-proxy-client\";",
        "kubernetes.io/docs/tasks/extend-kubernetes/configure-aggregation-layer";
    NODE_NAME = "node-name", "A kubelet's common name is not its node's", Rule::Held,
        "The node authorizer and the NodeRestriction admission plugin let the user system:node:<name> write the Node <name> and read what its pods need, and \
         nothing else. A kubelet registers under its --hostname-override or its host's name; on NixOS under services.kubernetes.kubelet.hostname, which is the \
         full name where networking.domain is set. If the certificate says another name the kubelet cannot register.",
        "certs.kubelet.commonName = \"system:node:${config.services.kubernetes.kubelet.hostname}\";",
        "kubernetes.io/docs/reference/access-authn-authz/node";
    NODE_NAME_CASE = "node-name-case", "A node's name has upper-case letters", Rule::Held,
        "kubelet turns its node name into lower case before it registers. Its user name is taken from the certificate as it stands, and compared letter by \
         letter: system:node:CP1 may not write the Node cp1.",
        "certs.kubelet.commonName = \"system:node:cp1\";",
        "kubernetes.io/docs/reference/access-authn-authz/node; pkg/util/node GetHostname";
    GROUP_MISSING = "group-missing", "A component lacks the group (O) that gives it its rights", Rule::Held,
        "Kubernetes takes every O of a client certificate for a group. A kubelet without O=system:nodes is no node to the node authorizer, whatever its common \
         name. A break-glass certificate without O=system:masters depends on RBAC, which is what it should outlive.",
        "certs.kubelet.names.O = \"system:nodes\";",
        "kubernetes.io/docs/reference/access-authn-authz/node; kubernetes.io/docs/setup/best-practices/certificates";
    GROUP_UNBOUND = "group-unbound", "A client has no group, and its user needs a binding of its own", Rule::Always(Severity::Warning),
        "kubeadm puts administrators and kube-apiserver's client for kubelets into the group kubeadm:cluster-admins, which a ClusterRoleBinding makes \
         cluster-admin. Without a group the user itself has to be bound: for kubelets to the ClusterRole system:kubelet-api-admin. certs cannot see your \
         bindings; if there is one, allow this finding and say which.",
        "certs.kube-apiserver-kubelet-client.names.O = \"kubeadm:cluster-admins\";",
        "kubeadm certlist.go; kubernetes.io/docs/reference/access-authn-authz/kubelet-authn-authz";
    GROUP_PRIVILEGED = "group-privileged", "A client has a group of Kubernetes' own that it does not need", Rule::Held,
        "Groups that begin with `system:` carry rights which kube-apiserver binds itself. A network plugin, a proxy or a monitoring client has a user of its own \
         and gets what it needs by RBAC; with O=system:nodes, say, it passes for a node.",
        "certs.calico-cni = { commonName = \"calico-cni\"; usages = [ \"client auth\" ]; };",
        "kubernetes.io/docs/reference/access-authn-authz/rbac; docs.tigera.io/calico (install CNI plugin)";
    SYSTEM_MASTERS = "system-masters", "system:masters on more than break-glass", Rule::Held,
        "Members of system:masters may do anything: they are let through before any authorizer is asked, and no RBAC rule takes that away; since Kubernetes \
         checks no revocation list, a copied key works until its certificate ends. Since 1.29 kubeadm gives administrators O=kubeadm:cluster-admins, which a binding makes \
         cluster-admin and can cease to, and keeps system:masters for super-admin.conf. etcd knows no groups at all.",
        "certs.admin-ada.names.O = \"kubeadm:cluster-admins\";",
        "kubeadm 1.29 release notes and KEP-4214; kubernetes/kubernetes#18982 (revocation)";
    ADMIN_ON_HOST = "admin-on-host", "An administrator's credential is on a host", Rule::Always(Severity::Warning),
        "Members of kubeadm:cluster-admins are cluster-admin wherever kubeadm or the bootstrap manifest made the binding. People carry such a credential with them; \
         on a host it makes an attacker with root an administrator. kube-apiserver's client for kubelets is the one program that has it.",
        "certs.admin-ada.onHost = false;",
        "kubeadm certlist.go; kubernetes.io/docs/reference/access-authn-authz/rbac";
    SUPER_ADMIN_ON_HOST = "super-admin-on-host", "Break-glass is deployed to a host", Rule::Held,
        "A certificate of system:masters is for the day RBAC is broken. It belongs to people, sealed to the operators alone, not to a machine that runs other \
         things.",
        "certs.super-admin = { component = \"super-admin\"; onHost = false; };",
        "kubernetes.io/docs/setup/best-practices/certificates (super-admin.conf)";
    SUPER_ADMIN_LIFETIME = "super-admin-lifetime", "Break-glass lasts longer than a year", Rule::Always(Severity::Warning),
        "It cannot be revoked: only replacing the cluster's authority would end it early. A year is what kubeadm gives; less is better, as certs renews it in one \
         run.",
        "certs.super-admin.expiry = \"8760h\";",
        "kubernetes/kubernetes#18982; kubeadm certlist.go";
    SUPER_ADMIN_SEVERAL = "super-admin-several", "More than one break-glass certificate of an authority", Rule::Always(Severity::Warning),
        "One is enough, encrypted to every operator who may need it. Each further one is another key that opens the cluster until it ends.",
        "",
        "kubernetes.io/docs/setup/best-practices/certificates";
    USAGE_MISSING = "usage-missing", "A component's certificate lacks a usage it needs", Rule::Held,
        "Go checks the extended key usages of both sides. etcd's members are servers and clients of each other with one certificate, and etcd's gRPC gateway calls \
         its own server with the server's certificate: both need \"server auth\" and \"client auth\". A kubelet that serves with its client certificate needs \
         both too.",
        "certs.etcd-peer.usages = [ \"server auth\" \"client auth\" ];",
        "etcd.io/docs (transport security model); etcd-io/etcd#9785; RFC 5280 §4.2.1.12";
    USAGE_NEEDLESS = "usage-needless", "A component's certificate has a usage it does not need", Rule::Held,
        "A list of usages that is inherited from defaults gives every client \"server auth\" and every server \"client auth\". Nothing fails. But a thief of the scheduler's key can then serve as every name in its certificate, and a thief of the API server's key can log in as its common name.",
        "certs.kube-scheduler.usages = [ \"client auth\" ];",
        "kubernetes.io/docs/setup/best-practices/certificates (kind column); RFC 5280 §4.2.1.12";
    SAN_MISSING = "san-missing", "A server's certificate lacks a name or address its clients use", Rule::Held,
        "Pods reach the API server as kubernetes.default.svc and by the first address of every service network (each of two in a dual-stack cluster); nodes and \
         people by the endpoint; kubelets by the node's name. Members of etcd are checked by the address they dial from as well as the one they listen on. With \
         certToolkit.kubernetes the names are computed from the declaration; without it certs knows only the ones every cluster has.",
        "certs.kube-apiserver.hosts = [ \"10.0.0.11\" \"kubernetes\" \"kubernetes.default\" \"kubernetes.default.svc\" \"kubernetes.default.svc.cluster.local\" \"10.96.0.1\" ];",
        "kubernetes.io/docs/setup/best-practices/certificates; kubeadm pki_helpers.go; RFC 9525 §6.3";
    KUBELET_ADDRESS = "kubelet-address", "A kubelet's serving certificate has no address of its node", Rule::Held,
        "metrics-server scrapes kubelets by InternalIP unless told otherwise, and kube-apiserver may be told to. By name alone the kubelet is reachable only where \
         DNS or /etc/hosts of every control plane knows it.",
        "certs.kubelet.hosts = [ \"worker1\" \"10.0.0.21\" ];",
        "kubernetes-sigs/metrics-server#196; kube-apiserver --kubelet-preferred-address-types";
    USAGE_UNRESTRICTED = "usage-unrestricted", "A certificate is good for any purpose", Rule::Always(Severity::Warning),
        "Without extended key usages, or with \"any\", verifiers take a certificate for a server's and a client's, code signing included. easyCerts made all of its \
         certificates so.",
        "certs.kube-proxy.usages = [ \"client auth\" ];",
        "RFC 5280 §4.2.1.12; nixpkgs pki.nix";
    WRONG_AUTHORITY = "wrong-authority", "A component's certificate is issued by another authority than its cluster's", Rule::Held,
        "etcd, kube-apiserver and extension API servers each trust one authority: kubernetes.authorities says which. A certificate from another one is refused, \
         or trusted where it should not be. An intermediate below the right authority is in order.",
        "cas.etcd.certs.kube-apiserver-etcd-client = { component = \"kube-apiserver-etcd-client\"; };",
        "kubernetes.io/docs/setup/best-practices/certificates";
    OUTSIDE_ROLES = "outside-roles", "A host has a certificate that its roles do not need", Rule::Held,
        "A module that every host imports gives every host every certificate, and its private key: each worker then can be the scheduler. Declare a component's \
         certificate only where its role runs; certToolkit.kubernetes does.",
        "certToolkit.kubernetes = { enable = true; roles = [ \"worker\" ]; };",
        "kubernetes.io/docs/setup/best-practices/certificates";
    IDENTITY_TWICE = "identity-twice", "Two hosts have the same identity", Rule::Held,
        "Two certificates of one authority with one subject are one user. That is meant for kube-scheduler or kube-proxy, which have the same user everywhere; it \
         is a mistake for kubelets, people, and services with names of their own.",
        "certs.agent.commonName = \"agent-${config.networking.hostName}\";",
        "kubernetes.io/docs/reference/access-authn-authz/node";
    KEY_ED25519 = "key-ed25519", "A Kubernetes component has an Ed25519 key", Rule::Always(Severity::Warning),
        "Go's TLS speaks Ed25519, so most of a cluster works. Browsers, Java before 15, builds for FIPS and older client libraries do not.",
        "certs.kube-apiserver.key = { algo = \"ecdsa\"; size = 256; };",
        "RFC 8446 §9.1 (what must be implemented)";
}
