//! Errors that keep a declaration from being read.

use super::entries;

entries! {
    "option-unknown", "An option does not exist", Error,
        "The declaration sets an option that certToolkit does not have, mostly a typing error. The message names the options that are \
         alike.",
        "docs/options.md";
    "option-type", "An option has a value of the wrong type", Error,
        "The message says which type is expected.",
        "docs/options.md";
    "invalid-value", "An option has a value that cannot be used", Error,
        "The code names the field: `invalid-expiry`, `invalid-hosts`, `invalid-usages` and so on. The message says what is wrong with \
         the value, and which form it has.",
        "docs/options.md";
    "name-invalid", "A name cannot be part of a file name", Error,
        "Names of hosts, CAs and certificates become names of files, so they consist of letters, digits, dots, hyphens and underscores.",
        "docs/options.md";
    "declared-twice", "An artifact is declared twice", Error,
        "A record in the tree and the declaration, or two records, are for the same host, CA and name. Remove or rename one.",
        "docs/by-hand.md";
    "recipient-twice", "The same key is listed twice", Warning,
        "The operators' keys or the keys of a host have one key twice, which has no effect.",
        "docs/options.md";
    "invalid-record", "A record cannot be read", Error,
        "A record of a certificate that was issued by hand is not JSON of the form that `certs issue` writes. Restore it with Git.",
        "docs/by-hand.md";
    "dir-empty", "The directory of the certificates is empty text", Error,
        "`certToolkit.dir` names the directory below the project's root.",
        "docs/options.md";
    "dir-absolute", "The directory of the certificates is an absolute path", Error,
        "`certToolkit.dir` is relative to the project's root, so that it is in Git.",
        "docs/options.md";
    "dir-outside", "The directory of the certificates is outside the project", Error,
        "`certToolkit.dir` must not lead out of the project's root with `..`.",
        "docs/options.md";
    "dir-invalid", "The directory of the certificates cannot be used", Error,
        "`certToolkit.dir` has a part that cannot be a name of a file everywhere.",
        "docs/options.md";
    "dir-with-blank", "The directory of the certificates has a blank in its name", Error,
        "agenix and shell commands take a path apart at blanks.",
        "docs/options.md";
    "dir-disagreement", "Hosts declare different directories", Error,
        "All hosts of a fleet share one tree of certificates; give them the same `certToolkit.dir`.",
        "docs/options.md";
    "fleet-empty", "No host declares anything", Error,
        "No NixOS configuration of the flake has a CA or certificate in `certToolkit`.",
        "docs/flake.md";
    "file-ambiguous", "Two artifacts have the same file name", Error,
        "The names of a host, a CA and a certificate are joined with hyphens, and two of them give the same name. Rename one.",
        "docs/options.md";
    "host-ambiguous", "A host is declared twice", Error,
        "Two NixOS configurations have the same `certToolkit.hostName`. Change one of them.",
        "docs/options.md";
    "host-key-missing", "A host has no SSH key", Error,
        "The private keys of a host are encrypted to its SSH ed25519 key. Declare it in `owningHostKey`; `certs host scan` and `certs \
         host add` get one.",
        "docs/start.md";
    "operator-missing", "No operator is declared", Error,
        "Private keys are encrypted to the operators (`userAgeKeys`); without one, no one could renew a CA.",
        "docs/options.md";
    "issuer-unknown", "A CA has an issuer that is not declared", Error,
        "The `issuer` of a CA is the name of another CA of the declaration. Of a chain: none of the given certificates has the issuer's \
         name and key; give intermediates and roots.",
        "docs/options.md; RFC 5280 §6.1";
    "issuer-cycle", "CAs issue each other", Error,
        "The issuers of these CAs form a circle, so none of them is a root.",
        "docs/options.md";
    "authority-disagreement", "Hosts declare a CA differently", Error,
        "A CA is the same for the whole fleet. The message names the options that differ and the hosts.",
        "docs/options.md";
    "role-disagreement", "Hosts declare a role differently", Error,
        "A role is the same for the whole fleet.",
        "docs/roles.md";
    "role-unknown", "A role of a node does not exist", Error,
        "The roles of a node are `control-plane`, `etcd` and `worker`.",
        "docs/kubernetes.md";
    "role-authority-missing", "A role does not say which CA issues", Error,
        "Set the role's `authority` to the name of the CA that signs.",
        "docs/roles.md";
    "role-authority-unknown", "A role names a CA that is not declared", Error,
        "The role's `authority` has to be the name of a CA that a host declares.",
        "docs/roles.md";
    "key-pair-unknown", "A key pair is not declared", Error,
        "The message names the option that mentions it, and the pairs that are declared.",
        "docs/options.md";
    "key-pair-disagreement", "Hosts declare a key pair differently", Error,
        "A shared key pair is the same on all its owners.",
        "docs/options.md";
    "key-private", "A private key is in the declaration", Error,
        "A private key was given where a public key belongs. What is in the declaration is in Git and in the Nix store, readable for \
         everyone: make a new key.",
        "docs/options.md";
    "key-placeholder", "A public key is a placeholder", Error,
        "The text is still that of an example and not a key. Put your own key in its place.",
        "docs/options.md";
    "key-comment", "A line of a key file is not a key", Error,
        "A file of public keys has one key in each line.",
        "docs/options.md";
    "key-empty", "A public key is empty", Error,
        "The option or file has no key in it.",
        "docs/options.md";
    "key-file-empty", "A file of public keys is empty", Error,
        "The file that the option names has no key in it.",
        "docs/options.md";
    "key-file-missing", "A file of public keys does not exist", Error,
        "The option names a file that is not there, or that is not in Git yet: a flake only sees files that Git tracks.",
        "docs/flake.md";
    "component-unknown", "A component does not exist", Error,
        "The message lists the components of Kubernetes that certToolkit knows.",
        "docs/kubernetes.md";
    "component-name-clash", "Two components would share a certificate", Error,
        "`kubernetes.certificateNames` gives two components the same name below the same CA.",
        "docs/kubernetes.md";
    "node-not-a-host", "A node of Kubernetes is not a host of the fleet", Warning,
        "The name in `kubernetes.nodes` is not the host name of any NixOS configuration.",
        "docs/kubernetes.md";
    "node-name-unknown", "A host is not in the table of nodes", Error,
        "The host enables Kubernetes and its name is not in `kubernetes.nodes`.",
        "docs/kubernetes.md";
    "node-tables-differ", "Hosts have different tables of nodes", Error,
        "`kubernetes.nodes` has to be the same on all hosts, because certificates of one node contain the addresses of others.",
        "docs/kubernetes.md";
    "node-without-role", "A node has no role", Error,
        "Give it at least one of the roles `control-plane`, `etcd` and `worker`.",
        "docs/kubernetes.md";
    "node-without-address", "A node has no address", Error,
        "The certificates of a control plane and of etcd need the addresses by which others reach them.",
        "docs/kubernetes.md";
    "node-address-invalid", "An address of a node is not valid", Error,
        "An address is an IPv4 or IPv6 address without a prefix length.",
        "docs/kubernetes.md";
    "node-address-twice", "Two nodes have the same address", Error,
        "One of them would answer with a certificate of the other.",
        "docs/kubernetes.md";
    "address-in-service-network", "A node's address is in the service network", Error,
        "Addresses of services are virtual; no node can have one.",
        "docs/kubernetes.md";
    "service-networks", "There are too many service networks", Error,
        "Kubernetes has at most one IPv4 and one IPv6 network for services.",
        "docs/kubernetes.md";
    "service-network-invalid", "A service network is not valid", Error,
        "A network has an address and a prefix length, like 10.0.0.0/24.",
        "docs/kubernetes.md";
    "service-network-small", "A service network is too small", Error,
        "The API server has the first address of the network, so there has to be one.",
        "docs/kubernetes.md";
    "service-network-unknown", "The service network is not known", Error,
        "Without `serviceCIDRs` the address of the API server inside the cluster is not in its certificate.",
        "docs/kubernetes.md";
    "endpoint-invalid", "The endpoint of the API server is not valid", Error,
        "`controlPlaneEndpoint` is a host name or address, with or without a port.",
        "docs/kubernetes.md";
    "admin-user-invalid", "The name of an administrator is not valid", Error,
        "It becomes a common name and a name of a file.",
        "docs/kubernetes.md";
    "admin-users-nowhere", "No host gets the administrators' certificates", Error,
        "`kubernetes.adminUsers` is set, and the cluster has no control plane, which would have their certificates. Give a host the \
         role, or remove the option.",
        "docs/kubernetes.md";
    "admin-host-unknown", "The first control plane of a cluster is not a host of the fleet", Error,
        "The table `kubernetes.nodes` names it, and the administrators' certificates belong to it. Add the host, or correct the table.",
        "docs/kubernetes.md";
    "path-length-without-effect", "A path length has no effect", Warning,
        "A CA above allows fewer CAs below it.",
        "RFC 5280 §4.2.1.9";
}
