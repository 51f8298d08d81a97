//! The lints about files: certificates as they are, private keys, kubeconfigs and Nix sources beside them.

use super::{Lint, Rule, Severity, lints};

lints! {
    CERTIFICATE_VERSION = "certificate-version", "A certificate is not of version 3", Rule::Always(Severity::Warning),
        "Older versions have no extensions: no subject alternative names, no usages, no basic constraints. `openssl x509 -req` without -extfile makes them.",
        "",
        "RFC 5280 §4.1.2.1";
    SERIAL_NUMBER = "serial-number", "A certificate's serial number is not allowed", Rule::Always(Severity::Warning),
        "Serial numbers are positive and at most 20 octets long, and no two certificates of an authority share one. certs draws 159 random bits.",
        "",
        "RFC 5280 §4.1.2.2";
    KEY_IDENTIFIER = "key-identifier", "A certificate does not name its issuer's key", Rule::Always(Severity::Warning),
        "A certificate says by an identifier which key signed it, and an authority's certificate says which it is. Where they disagree, OpenSSL finds no issuer; where \
         they are absent, a verifier that knows two authorities of one name has to try.",
        "",
        "RFC 5280 §4.2.1.1, §4.2.1.2; cert-manager/cert-manager#9076";
    WEAK_SIGNATURE = "weak-signature", "A certificate is signed with a broken hash", Rule::Always(Severity::Error),
        "Collisions of MD5 and SHA-1 have been made into forged certificates. Go, OpenSSL and browsers refuse such signatures, except on a root, where it is not checked. The finding stops no run, because a new certificate is the fix.",
        "",
        "RFC 6151; RFC 9155; go.dev/doc/go1.18 (crypto/x509)";
    WEAK_KEY = "weak-key", "A certificate is for a key that can be broken", Rule::Always(Severity::Error),
        "RSA below 2048 bits, DSA, and curves of 192 or 224 bits, in a certificate made elsewhere. certs declares none of them. Nothing is held up by it, for a new \
         key is the cure.",
        "cas.cluster.ca.key = { algo = \"ecdsa\"; size = 256; };",
        "NIST SP 800-131A; CA/Browser Forum baseline requirements §6.1.5";
    CRITICAL_EXTENSION = "critical-extension", "A certificate has a critical extension few programs know", Rule::Always(Severity::Warning),
        "\"Critical\" means: who does not understand this must refuse the certificate. In an authority's certificate it breaks every chain below it.",
        "",
        "RFC 5280 §4.2";
    AUTHORITY_KEY_MISSING = "authority-key-missing", "A CA's private key is not in the tree", Rule::Always(Severity::Warning),
        "Its certificates stay valid, but none can be renewed or revoked without its key. If the key is kept offline on purpose, declare \
         keyOffline = true, and put the key back for the runs that need it. Otherwise it was lost or never committed: restore it while a copy still exists.",
        "cas.root.ca.keyOffline = true;",
        "docs/start.md#the-roots-key-offline; git-restore(1)";
    OFFLINE_KEY_PRESENT = "offline-key-present", "The key of an offline CA is in the tree", Rule::Always(Severity::Warning),
        "The declaration says keyOffline, and the sealed key is in its place. After the run that needed it, move it back to where it is kept, and do not commit \
         it: Git forgets nothing.",
        "",
        "docs/start.md#the-roots-key-offline";
    SUBJECT_UNDECLARED = "subject-undeclared", "A CA's subject has attributes that are not declared", Rule::Always(Severity::Warning),
        "The CA was made elsewhere, and its subject has more than the declaration says, such as O, DC or emailAddress. Its certificates and its own renewals keep the subject. A new CA in its place would be made from the declaration, under another name.",
        "cas.root.ca.names.DC = [ \"example\" \"lab\" ];",
        "RFC 5280 §4.1.2.4, §4.1.2.6";
    PUBLIC_KEY_TWICE = "public-key-twice", "Two certificates are for one key", Rule::Always(Severity::Warning),
        "A key pair was copied from another artifact. Each artifact has a key of its own, so that one can be replaced without the other and each is sealed to its own \
         host.",
        "",
        "NIST SP 800-57 part 1 §5.2 (one key, one purpose)";
    SERIAL_TWICE = "serial-twice", "Two certificates of one issuer have one serial number", Rule::Always(Severity::Warning),
        "CRLs and OCSP name a certificate by its issuer and serial number alone. Numbers are taken from random bits here; that two are equal comes of another tool: \
         one that counts and lost its count, or a CA whose directory was copied and used in two places.",
        "",
        "RFC 5280 §4.1.2.2, §5.3";
    RECIPIENT_KEY_COMMITTED = "recipient-key-committed", "Git tracks a private key that opens sealed keys", Rule::Always(Severity::Error),
        "An operator's age identity or a host's SSH key lies in the repository, in clear or under a passphrase. Every reader of the repository, its history included, can decrypt everything that was ever encrypted to it. Removing the file is not enough: make a new key, declare it, and give new keys to what was sealed to the old.",
        "",
        "github.com/ryantm/agenix (threat model)";
    CERTIFICATE_KEY_COMMITTED = "certificate-key-committed", "Git tracks a certificate's private key in clear", Rule::Always(Severity::Error),
        "The plaintext of the sealed key was committed too. The certificate has to be given a new key; where it is an authority's, everything below it as well.",
        "",
        "RFC 5280 §8 (security considerations)";
    RECIPIENT_KEY_IN_HISTORY = "recipient-key-in-history", "A private key that opens sealed keys was committed once", Rule::Always(Severity::Error),
        "An operator's age identity or a host's SSH key was in the repository, in clear or under a passphrase, and was taken out again. Every clone still has it, \
         and everything new is sealed to it as long as its public half is declared. Rewriting the history takes no clone back: make a new key, declare it in place \
         of this one, and give new keys to what it opened. Looked through is what any branch, tag or stash reaches, in files of up to 256 KiB.",
        "",
        "docs/cli.md#certs-exposure; github.com/ryantm/agenix (threat model)";
    CERTIFICATE_KEY_IN_HISTORY = "certificate-key-in-history", "A certificate's private key was committed once in clear", Rule::Always(Severity::Error),
        "A commit has the plaintext of a key that is still in use, in PEM, DER, PKCS#12 or in Base64. The certificate has to be given a new key; where \
         it is an authority's, everything below it as well.",
        "",
        "RFC 5280 §8 (security considerations); docs/cli.md#certs-exposure";
    PRIVATE_KEY_IN_HISTORY = "private-key-in-history", "A private key was committed once", Rule::Always(Severity::Info),
        "It belongs to nothing that is declared here (any more): keys that were replaced after such a leak are found as this.",
        "",
        "docs/cli.md#certs-check";
    HISTORY_UNREAD = "history-unread", "Not all of the history could be looked at", Rule::Always(Severity::Info),
        "A shallow or partial clone, or a machine without git, does not have every commit. A private key in a commit that was not read is not found.",
        "",
        "git-fetch(1), --unshallow and --refetch";
    PRIVATE_KEY_COMMITTED = "private-key-committed", "Git tracks a private key", Rule::Always(Severity::Warning),
        "It belongs to nothing that is declared here, so certs cannot tell how bad that is. A key of a test or an example can be allowed, with the reason, on any \
         host. Looked through are files of up to 256 KiB: PEM, also in Base64 as in a Secret or a kubeconfig, DER, PKCS#12 under the empty password, age identities.",
        "certToolkit.allow.private-key-committed = \"a test's fixture\";",
        "docs.github.com (removing sensitive data)";
    INDEX_UNREAD = "index-unread", "Git's index cannot be read", Rule::Always(Severity::Warning),
        "Private keys that are committed are looked for in the files that `git ls-files` lists. There is a repository, and Git did not list them: the index is \
         damaged, the repository belongs to another user, or Git is not installed. Nothing was looked for.",
        "",
        "git-scm.com/docs/git-ls-files";
    KUBECONFIG_AUTHORITY = "kubeconfig-authority", "A committed kubeconfig trusts another bundle than the authority's", Rule::Always(Severity::Warning),
        "A kubeconfig carries a copy of the authority's certificates. After the authority got a new key the copy is out of date, and kubectl refuses the API server, \
         or goes on trusting what was retired. Only kubeconfigs that name one of your authorities are looked at.",
        "",
        "kubernetes/kubeadm#2027; kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig";
    REFERENCE_UNDECLARED = "reference-undeclared", "A Nix source uses a certificate that no host declares", Rule::Always(Severity::Warning),
        "Somewhere config.certToolkit.cas.<authority>.certs.<name> is used, and no host of the fleet declares it. Nix is lazy: the manifest is made without looking \
         there, and the mistake shows when the host is built. The sources are read as text: uses that are computed are not seen, and code that no host imports is.",
        "cas.etcd.certs.etcdClient = { component = \"kube-apiserver-etcd-client\"; usages = [ \"client auth\" ]; };",
        "docs/options.md";
}
