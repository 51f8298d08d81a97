//! The lints about certificates of any use: what TLS programs look at.

use super::{Lint, Rule, Severity, lints};

lints! {
    SERVER_WITHOUT_SAN = "server-without-san", "A server's certificate has no name clients could check", Rule::Held,
        "Clients compare the name they connect to with the subject alternative names alone. The common name is not looked at any more (Go since 1.15, Chrome since \
         58). Where \"server auth\" is the only usage this is an error; where the certificate is also a client's, perhaps no client connects to it, and it is a warning.",
        "certs.web = { hosts = [ \"web.example.org\" \"10.0.0.5\" ]; usages = [ \"server auth\" ]; };",
        "RFC 9525 §6.3; RFC 5280 §4.2.1.6; NixOS/nixpkgs#59364";
    COMMON_NAME_NOT_IN_SANS = "common-name-not-in-sans", "A server's common name is not among its names", Rule::Always(Severity::Warning),
        "certs never copies the common name into the subject alternative names: a client certificate that gets a DNS name that way is another user to NATS. For a \
         server whose common name is a host's name that usually means a name was forgotten.",
        "certs.web = { commonName = \"web.example.org\"; hosts = [ \"web.example.org\" ]; };",
        "RFC 9525 §6.3; go.dev/doc/go1.15 (crypto/x509)";
    WILDCARD_TOO_WIDE = "wildcard-too-wide", "A wildcard stands for more than one owner's hosts", Rule::Always(Severity::Warning),
        "OpenSSL and rustls take no wildcard above a single label (`*.internal`), and browsers none above a public suffix, below which anyone registers names \
         (`*.co.uk`). `certs verify` refuses both. `*.home.arpa` is all right: every network may use that zone.",
        "certs.web.hosts = [ \"*.apps.internal\" ];",
        "RFC 6125 §7.2; RFC 8375; CA/Browser Forum baseline requirements §3.2.2.6; publicsuffix.org";
    CLIENT_SAN = "client-san", "A client's certificate has subject alternative names", Rule::Always(Severity::Info),
        "Kubernetes and etcd take a client's identity from the subject. Other servers look at subject alternative names first: NATS with verify_and_map takes an \
         e-mail address, then a DNS name, then a URI, then the subject.",
        "certs.kube-proxy.hosts = [ ];",
        "docs.nats.io (TLS mapping); SPIFFE X.509-SVID §2";
    USAGE_UNFIT = "usage-unfit", "A usage that does nothing with the declared key", Rule::Always(Severity::Warning),
        "\"key encipherment\" is for RSA key transport, which TLS 1.3 gave up; ECDSA and Ed25519 keys sign and cannot encipher. RFC 8813 and RFC 8410 forbid the \
         combination. Every verifier lets it pass, and strict linters complain. Copied lists of usages are where it comes from.",
        "certs.web.usages = [ \"server auth\" ];   # the key usage follows from the key",
        "RFC 8813 §3; RFC 8410 §5; RFC 3279 §2.3.1";
    LEAF_LIFETIME = "leaf-lifetime", "A certificate lasts longer than 397 days", Rule::Always(Severity::Warning),
        "A stolen key is good until its certificate ends, for Kubernetes, etcd and most programs check no revocation list. Long lives are wished for where renewing \
         hurts; here it is one run, and `certs check` says when.",
        "certs.web.expiry = \"8760h\";",
        "CA/Browser Forum baseline requirements §6.3.2; kubernetes/kubernetes#18982";
    LIFETIME_SHORT = "lifetime-short", "A certificate expires before it is renewed", Rule::Always(Severity::Warning),
        "A declared certificate is renewed by a run of certs, committed and deployed. One that lasts less than a day is renewed after two thirds of that and \
         has to be on its host before it expires; a CA that lasts less than a week takes everything below it along. For lifetimes of hours let the host ask a \
         signer by itself (cert-manager, ACME), or issue by hand with --ttl.",
        "certs.web.expiry = \"720h\";",
        "docs/by-hand.md";
    SERVER_LIFETIME = "server-lifetime", "A server's certificate lasts longer than 825 days", Rule::Always(Severity::Warning),
        "Apple's systems refuse server certificates of more than 825 days, those of private authorities included.",
        "certs.web.expiry = \"8760h\";",
        "support.apple.com/103769";
    LIFETIME_DECADES = "lifetime-decades", "A certificate lasts longer than twenty years", Rule::Always(Severity::Warning),
        "Hundred-year authorities are made because replacing an authority hurts. With certs an authority is renewed with its key, and everything below it stays \
         valid; a new key is introduced with both in the bundle. From 2050 on dates are written as GeneralizedTime, which some readers never met.",
        "cas.cluster.ca.expiry = \"87600h\";",
        "RFC 5280 §4.1.2.5; kubernetes/kubeadm#1783";
    OUTLIVES_ISSUER = "outlives-issuer", "A certificate is declared to last longer than its issuer", Rule::Always(Severity::Warning),
        "A verifier refuses a chain when any of its certificates has ended. certs issues no certificate beyond its issuer's end, so this one will be shorter than \
         declared; `plan` says until when.",
        "cas.cluster = { ca.expiry = \"87600h\"; certs.web.expiry = \"8760h\"; };",
        "RFC 5280 §6.1.3; cloudflare/cfssl#1064";
}
