//! The lints about authorities, key pairs and clusters as a whole.

use super::{Lint, Rule, Severity, lints};

lints! {
    ETCD_AUTHORITY_SHARED = "etcd-authority-shared", "etcd and other programs share an authority", Rule::Always(Severity::Warning),
        "etcd has no notion of users unless its own RBAC is on: every client certificate of an authority it trusts reads and writes everything. If the cluster's \
         authority is etcd's too, each kubelet, each proxy and each person's kubeconfig is root of the cluster. One authority for all is possible, and then this \
         is the price.",
        "kubernetes.authorities = { cluster = \"kubernetes\"; etcd = \"etcd\"; };",
        "kubernetes.io/docs/tasks/administer-cluster/configure-upgrade-etcd; NixOS/nixpkgs#45670";
    ETCD_AUTHORITY_MIXED = "etcd-authority-mixed", "etcd's own authority issues a client that is none of etcd's", Rule::Held,
        "The authority is declared for etcd alone, and issues something else. That something is root of the cluster. A monitoring client of etcd is meant to be \
         one: allow it, and say so.",
        "cas.etcd.certs.prometheus.allow.etcd-authority-mixed = \"reads etcd's metrics\";",
        "etcd.io/docs (authentication); NixOS/nixpkgs#45670";
    FRONT_PROXY_AUTHORITY_SHARED = "front-proxy-authority-shared", "Front proxies and other clients share an authority", Rule::Always(Severity::Warning),
        "An extension API server believes the headers X-Remote-User and X-Remote-Group of every client with a certificate from --requestheader-client-ca-file. If that is \
         the cluster's authority, any of its clients with an allowed common name (with none set: any client) can be any user.",
        "kubernetes.authorities.frontProxy = \"front-proxy\";",
        "kubernetes.io/docs/tasks/extend-kubernetes/configure-aggregation-layer (CA reusage and conflicts)";
    FRONT_PROXY_AUTHORITY_MIXED = "front-proxy-authority-mixed", "The front proxy's own authority issues another client", Rule::Held,
        "The authority is declared for front proxies alone. Another client of it can pass for kube-apiserver to extension API servers, and name any user.",
        "kubernetes.authorities.frontProxy = \"front-proxy\";",
        "kubernetes.io/docs/tasks/extend-kubernetes/configure-aggregation-layer";
    AUTHORITY_OF_TWO_CLUSTERS = "authority-of-two-clusters", "Two clusters share an authority", Rule::Always(Severity::Error),
        "Users are names, and names are per authority: system:node:w1 of the test cluster is system:node:w1 of production if both trust one authority, and an \
         administrator of one is an administrator of the other.",
        "certToolkit.kubernetes = { cluster = \"test\"; authorities.cluster = \"test-kubernetes\"; };",
        "kubernetes.io/docs/setup/best-practices/certificates";
    AUTHORITY_UNDECLARED = "authority-undeclared", "A cluster names a CA that is not declared", Rule::Always(Severity::Error),
        "kubernetes.authorities says by name which authority a cluster trusts for what. The name has to be one of certToolkit.cas.",
        "certToolkit.cas.etcd.ca.commonName = \"etcd-ca\";",
        "docs/options.md";
    AUTHORITY_KEY_ON_HOST = "authority-key-on-host", "An authority's key is sealed to a host", Rule::Always(Severity::Error),
        "The operators' list of keys contains a host's. Every sealed key is for the operators, so root on that host can open the authority and issue any identity. \
         A host that has to sign gets an intermediate of its own, with keyOnHost.",
        "certToolkit.userAgeKeys = [ \"age1…\" \"ssh-ed25519 AAAA… ada@laptop\" ];   # people, not machines",
        "NIST SP 800-57 part 1 §5.3.6 (protection of CA keys)";
    ROOT_KEY_ON_HOST = "root-key-on-host", "A root's key is deployed to hosts", Rule::Always(Severity::Error),
        "kube-controller-manager signs kubelets' requests with a key it reads from disk. If that key is the root's, one broken control plane means a new root and \
         new certificates everywhere. An intermediate can be replaced without touching anything else, and pathLength = 0 keeps it from founding authorities.",
        "cas.kubernetes-signing = { issuer = \"kubernetes\"; ca = { pathLength = 0; keyOnHost = true; }; };",
        "kube-controller-manager --cluster-signing-cert-file; RFC 5280 §4.2.1.9";
    SIGNING_KEY_MISSING = "signing-key-missing", "A control plane does not get the cluster's signing key", Rule::Always(Severity::Error),
        "kubernetes.authorities.signing names the intermediate that kube-controller-manager signs with. Every control plane runs one, and any of them may be elected.",
        "cas.kubernetes-signing.ca.keyOnHost = true;",
        "kube-controller-manager --cluster-signing-key-file";
    NAME_CONSTRAINTS_MISSING = "name-constraints-missing", "An issuing authority may certify any name", Rule::Always(Severity::Info),
        "A browser or operating system with a private CA among its roots trusts it for every site. Name constraints limit that to your own names and networks. \
         An authority that only a cluster's programs trust hardly needs them.",
        "cas.web.ca.nameConstraints.permitted.dns = [ \"example.internal\" ];",
        "RFC 5280 §4.2.1.10";
    CONSTRAINT_WITH_DOT = "constraint-with-dot", "A DNS name constraint begins with a dot", Rule::Always(Severity::Info),
        "`example.com` covers itself and every name below it. RFC 5280 has no other form, but OpenSSL, Go and GnuTLS read `.example.com` as the names below alone, and \
         so does certs. Other verifiers may refuse every chain below such a CA. CAs that were made elsewhere have it; keep it until they are renewed.",
        "cas.web.ca.nameConstraints.permitted.dns = [ \"example.internal\" ];",
        "RFC 5280 §4.2.1.10; golang/go#16347; openssl/openssl#111";
    SINGLE_OPERATOR = "single-operator", "One operator's key alone opens an authority or a key pair", Rule::Always(Severity::Info),
        "Laptops are lost. A CA whose key cannot be decrypted can issue nothing any more, and has to be replaced with everything below it.",
        "certToolkit.userAgeKeys = [ \"age1…ada\" \"age1…bob\" \"age1…safe\" ];",
        "NIST SP 800-57 part 1 §5.3.6";
    RECIPIENT_UNAUDITABLE = "recipient-unauditable", "Sealed files do not tell that they are for a key", Rule::Always(Severity::Info),
        "age's own recipients are anonymous: the header of a sealed file shows how many there are, not which. SSH recipients show a tag. certs writes its recipients into each file; agenix -r and others do not, and then a key that was exchanged for another goes unseen.",
        "",
        "age-encryption.org/v1 (X25519 recipient stanza)";
    KEY_FOR_ANOTHER_HOST = "key-for-another-host", "A certificate's key is sealed to a host that does not own it", Rule::Always(Severity::Error),
        "Each leaf's key is for the host it is declared on and for the operators. If the operators' list contains a host's key, that host opens everything.",
        "certToolkit.userAgeKeys = [ \"age1…\" ];   # people, not machines",
        "github.com/ryantm/agenix (threat model)";
    HOST_KEY_SHARED = "host-key-shared", "Two hosts have the same SSH host key", Rule::Always(Severity::Warning),
        "Machines cloned from one image, or one owningHostKey for the whole fleet. Each can open what is sealed to the other.",
        "certToolkit.owningHostKey = ./host-keys + \"/${config.networking.hostName}.pub\";",
        "man 8 sshd (host keys)";
    CLUSTER_SETTINGS_DIFFER = "cluster-settings-differ", "Hosts of one cluster have different settings of it", Rule::Always(Severity::Warning),
        "The networks of the services, the cluster's domain and its authorities are the cluster's, not a host's. If two hosts differ, \
         the API servers have other names, the DNS of pods another address, and members of etcd trust another authority than the one that issued for them.",
        "certToolkit.kubernetes.serviceCIDRs = [ \"10.96.0.0/12\" ];   # in a module that every host imports",
        "kubernetes.io/docs/setup/best-practices/certificates";
    CONTROL_PLANE_MISSING = "control-plane-missing", "A cluster has no control plane", Rule::Always(Severity::Warning),
        "Nothing of the cluster has the role control-plane: no certificate for an API server is made, none for administrators, and no service-account key. \
         Where the control plane is managed elsewhere, allow this finding and say where.",
        "certToolkit.kubernetes.nodes.cp1 = { roles = [ \"control-plane\" \"etcd\" ]; addresses = [ \"192.0.2.1\" ]; };",
        "kubernetes.io/docs/concepts/overview/components";
    SERVICE_ACCOUNT_CLUSTERS = "service-account-clusters", "Two clusters sign tokens with one service-account key", Rule::Always(Severity::Error),
        "kube-apiserver verifies a token by the key alone: one that a pod of the one cluster got logs in to the other, as the service account of that name, \
         with its rights. Audiences limit that only where they are set apart (--service-account-issuer, --api-audiences).",
        "certToolkit.kubernetes = { cluster = \"staging\"; serviceAccount = \"staging-service-account\"; };",
        "kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin";
    COMPONENT_MISSING = "component-missing", "A host's role needs a certificate that it does not have", Rule::Always(Severity::Warning),
        "kubernetes.roles says what runs on a host, and each role comes with certificates its programs do not start without. Certificates from another tool can be left out of the preset with certificateNames and allowed here.",
        "certToolkit.kubernetes = { enable = true; roles = [ \"control-plane\" \"etcd\" ]; };",
        "kubernetes.io/docs/setup/best-practices/certificates";
    SERVICE_ACCOUNT_MISSING = "service-account-missing", "A control plane has no service-account key", Rule::Always(Severity::Error),
        "kube-controller-manager signs the tokens of pods with a private key, and kube-apiserver checks them with its public half and signs projected ones. Both \
         need the key to start.",
        "certToolkit.keyPairs.service-account = { };",
        "kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin";
    SERVICE_ACCOUNT_DIFFERS = "service-account-differs", "Control planes of one cluster sign tokens with different keys", Rule::Always(Severity::Error),
        "A load balancer sends each request to some control plane. If each knows only its own key, pods get 401 now and then, which is seen long after and looks \
         random.",
        "certToolkit.kubernetes.serviceAccount = \"service-account\";",
        "kubernetes/kubernetes#110035; kubeadm high availability guide";
    SERVICE_ACCOUNT_OWNER = "service-account-owner", "A control plane cannot open the cluster's service-account key", Rule::Always(Severity::Error),
        "A shared key pair is sealed to the operators and to the hosts that declare it. A control plane that does not declare it gets nothing.",
        "certToolkit.keyPairs.service-account = { };   # on every control plane",
        "kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin";
    SERVICE_ACCOUNT_STRANGER = "service-account-stranger", "A host that is no control plane has the service-account key", Rule::Always(Severity::Error),
        "A holder of the private key can sign tokens for every service account of the cluster, that of a cluster-wide controller among them. A host gets it by \
         declaring the key pair, and setting any option of it there declares it.",
        "certToolkit.keyPairs = lib.mkIf isControlPlane { service-account.key.algo = \"rsa\"; };",
        "kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin";
    SERVICE_ACCOUNT_KEY = "service-account-key", "Service-account tokens cannot be signed with this key", Rule::Always(Severity::Error),
        "Kubernetes signs tokens with RS256, ES256, ES384 or ES512: RSA and ECDSA keys. With an Ed25519 key neither kube-apiserver nor kube-controller-manager starts.",
        "certToolkit.keyPairs.service-account.key = { algo = \"ecdsa\"; size = 256; };",
        "pkg/serviceaccount/jwt.go (signerFromPrivateKey); tried with 1.20";
    SERVICE_ACCOUNT_CERTIFICATE = "service-account-certificate", "The service-account key is declared as a certificate", Rule::Always(Severity::Warning),
        "kube-apiserver reads public keys from certificates too, so this works with one control plane, and easyCerts and K8Nix do it so. With a second it fails: each \
         host gets a key of its own. And the certificate makes the signing key a TLS identity of the cluster.",
        "certToolkit.keyPairs.service-account = { };",
        "kubernetes/kubernetes#110035; nixpkgs pki.nix";
    ROLE_ANY_NAME = "role-any-name", "A role grants every DNS name", Rule::Always(Severity::Warning),
        "Every user of the role gets a certificate for any server there is, and everything that trusts the authority takes it for that server. Name the domains that \
         are meant, or let the name constraints of the authority say them.",
        "certToolkit.roles.lab.allowedDomains = [ \"lab.example.org\" ];",
        "RFC 5280 §4.2.1.10";
    ROLE_PRIVILEGED_GROUP = "role-privileged-group", "A role grants client certificates of a privileged group", Rule::Always(Severity::Warning),
        "Kubernetes takes every O of a client certificate for a group. A role writes its O into all it grants: with system:masters its users are let through before any authorizer is asked, and no RBAC rule takes that away. Declare such a certificate by itself, for one person.",
        "certToolkit.roles.people.names.O = \"developers\";",
        "kubernetes.io/docs/reference/access-authn-authz/rbac (default roles); KEP-4214";
    ROLE_ANY_USER = "role-any-user", "A role makes its holders any user of a cluster", Rule::Always(Severity::Warning),
        "Kubernetes takes the common name of a client certificate for the user, as long as the authority is one it trusts for clients. A role that allows common names \
         as system:kube-controller-manager lets its users act as that component. Give people an authority of their own, or patterns without system:.",
        "certToolkit.roles.people.allowedCommonNames = [ \"dev-*\" ];",
        "kubernetes.io/docs/reference/access-authn-authz/authentication (X.509 client certificates)";
}
