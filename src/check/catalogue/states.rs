//! States and verdicts of status, doctor, adopt, history.

use super::entries;

entries! {
    "good", "In order", Info,
        "The certificate and its key are as declared and valid.",
        "docs/cli.md#certs-status";
    "refused", "A decision of an operator is needed", Error,
        "No run changes this artifact until a person decides. `certs plan` shows the reason and the command.",
        "docs/cli.md#certs-plan";
    "damaged", "A file cannot be read", Error,
        "The certificate, CRL or encrypted key is not what it should be. `certs check` says where and why.",
        "docs/cli.md#certs-check";
    "missing", "A file does not exist", Warning,
        "The certificate or key is declared and is not in the tree. `certs recreate` makes it, unless it is a CA's key that is lost.",
        "docs/cli.md#certs-recreate";
    "due", "A certificate is due for renewal", Warning,
        "Two thirds of its lifetime are over, or `renewBefore` is reached. `certs recreate` and `certs renew` renew it.",
        "docs/cli.md#certs-renew";
    "differs", "An artifact is not as declared", Warning,
        "`certs plan` shows the differences and `certs recreate` ends them.",
        "docs/cli.md#certs-plan";
    "rolled-back", "A CRL is older than the last one", Error,
        "A later CRL was made, and the file has an earlier one, in which revocations may be missing. `crl-rolled-back` says more.",
        "docs/cli.md#certs-crl";
    "not-its-authoritys", "A CRL is not by its CA's key", Error,
        "The key of the CA's present certificate did not sign the CRL. `crl-of-another-key` says more.",
        "docs/cli.md#certs-crl";
    "requested", "A new key was asked for", Info,
        "`--replace` names the artifact.",
        "docs/cli.md#certs-recreate";
    "renewal-requested", "A renewal was asked for", Info,
        "`certs renew` names the certificate.",
        "docs/cli.md#certs-renew";
    "retired", "A predecessor was removed", Info,
        "`--retire` takes replaced certificates or keys out of the public file. Of a host's key: the key in the file is not the host's \
         any more.",
        "docs/cli.md#certs-recreate";
    "proved", "An encrypted key is in order", Info,
        "`certs doctor` decrypted it and compared it with its certificate.",
        "docs/cli.md#certs-doctor";
    "elsewhere", "A key is kept by its holder", Info,
        "The certificate was issued for a CSR, or the CA is offline: there is no encrypted key to examine.",
        "docs/by-hand.md";
    "locked", "An encrypted key was not examined", Warning,
        "None of your identities decrypts it, so `doctor` does not know whether it is in order.",
        "docs/cli.md#certs-doctor";
    "broken", "An encrypted key has faults", Error,
        "`certs doctor` lists each with its fix.",
        "docs/cli.md#certs-doctor";
    "not-a-key", "A file decrypts to something else than a private key", Error,
        "The decrypted text is not a private key. Restore the file with Git, or make a new key.",
        "docs/cli.md#certs-doctor";
    "unproved", "A host key could not be compared", Warning,
        "There is no public key with which the encrypted host key could be compared.",
        "docs/cli.md#certs-doctor";
    "other-key", "An encrypted key is not the one expected", Error,
        "The private key does not belong to the certificate or public key next to it.",
        "docs/cli.md#certs-doctor";
    "marker", "The marker of an encrypted file is wrong or missing", Warning,
        "The marker in the age header names the recipients and the key. Another program has rewritten the file, or it was put together \
         from two. `certs recreate` writes it again.",
        "docs/architecture.md";
    "recipients", "A key is encrypted to others than declared", Warning,
        "`certs recreate` encrypts it again to the operators and hosts of the declaration.",
        "docs/cli.md#certs-recreate";
    "signature", "A certificate is not by its issuer's key", Error,
        "`certs doctor` checks it with the issuer's certificate. `signature-broken` says more.",
        "docs/cli.md#certs-doctor";
    "form", "A private key is in another form than PKCS#8", Warning,
        "Every key that is written is PKCS#8 version 1 as PEM, which all programs read. `certs recreate` writes it again.",
        "RFC 5958";
    "adopt", "A file can be adopted", Info,
        "Certificate and key were found and belong to a declared artifact.",
        "docs/coming-from.md";
    "in-place", "An artifact is adopted already", Info,
        "The tree has the certificate and key that were found.",
        "docs/coming-from.md";
    "conflict", "The tree has something else than what was found", Error,
        "Adopting would replace a certificate or key of the tree. Decide which one counts.",
        "docs/coming-from.md";
    "ambiguous", "Several certificates fit one declaration", Error,
        "Adopt the right file alone, or move the others away.",
        "docs/coming-from.md";
    "key-closed", "A key cannot be decrypted", Error,
        "The key was found, and no passphrase or identity opens it.",
        "docs/coming-from.md";
    "not-found", "Nothing was found for a declaration", Info,
        "None of the given files has a certificate that fits. `certs recreate` will issue one.",
        "docs/coming-from.md";
    "accepted", "Verifiers still accept the certificate", Warning,
        "It is valid, and no CRL names it.",
        "docs/cli.md#certs-history";
    "revoked-unread", "A certificate is revoked, and its verifiers read no CRLs", Warning,
        "Kubernetes reads no CRLs: a revoked certificate is accepted there until it expires, or until its CA is replaced.",
        "docs/kubernetes.md";
    "untrusted", "A certificate is by no CA that is trusted today", Info,
        "Verifiers refuse it.",
        "docs/cli.md#certs-history";
    "lfs-pointer", "A file of Git's history is in Git LFS", Warning,
        "`git lfs fetch --all` brings it, so that it can be read.",
        "git-lfs-fetch(1)";
    "git-crypt", "A file of Git's history is encrypted by git-crypt", Warning,
        "It was not read. After `git-crypt unlock` it can be.",
        "docs/cli.md#certs-history";
    "submodule", "A submodule is not checked out", Warning,
        "`git submodule update --init` brings it, so that it can be read.",
        "git-submodule(1)";
    "symbolic-link", "A symbolic link was not followed", Info,
        "Only files of the repository are read.",
        "docs/cli.md#certs-history";
    "closed", "A file may not be read", Warning,
        "The system refuses to read it; give the permission, or read it as another user.",
        "docs/cli.md#certs-history";
    "no-certificate", "A file has no certificate to judge", Error,
        "The file could not be read as certificates, so nothing was judged.",
        "docs/cli.md#certs-verify";
    "none", "A CA has no CRL", Info,
        "No certificate of the CA was revoked, and no CRL was made.",
        "docs/cli.md#certs-crl";
    "stranger", "Nothing shows that a certificate or key belongs to its file", Error,
        "The public file of a CA or of a shared pair has a block that its own key does not vouch for. `trusts-stranger` and \
         `verifies-by-stranger` say more.",
        "docs/architecture.md";
}
