//! Faults that `verify` finds in a chain.

use super::entries;

entries! {
    "signature-invalid", "The issuer's key did not sign the certificate", Error,
        "The signature does not verify with the public key of the issuer's certificate. Either the certificate was changed, or another \
         key of the same name signed it. Get the certificate again from its issuer, or the issuer's current certificate.",
        "RFC 5280 §6.1.3";
    "signature-weak", "A certificate is signed with a weak algorithm", Error,
        "Signatures with MD5 or SHA-1 can be forged, and current verifiers refuse them. Issue the certificate again with SHA-256 or \
         longer.",
        "RFC 6194; RFC 6151";
    "signature-unsupported", "The signature algorithm is not supported", Error,
        "The signature cannot be checked, because its algorithm is not one that is verified here: RSA with SHA-2, ECDSA on the NIST \
         curves, Ed25519. Issue the certificate again with one of these.",
        "RFC 5280 §6.1.3";
    "self-signature-invalid", "A root's own signature is wrong", Error,
        "The certificate names itself as its issuer, and its own key did not sign it. It was changed or put together by hand. Get the \
         root again from its source.",
        "RFC 5280 §6.1";
    "root-untrusted", "A chain ends at a root that is not trusted", Error,
        "The certificates form a chain, and its root is not one of the trusted ones. Give the root with --roots only if you know where \
         it comes from.",
        "RFC 5280 §6.1.1";
    "circle", "The issuers of a certificate form a circle", Error,
        "Each certificate was issued by another of the same circle, so no path leads to a root.",
        "RFC 5280 §6.1";
    "path-too-long", "A path has too many certificates", Error,
        "The search for a path stops at this length. Chains of this kind are made to exhaust verifiers.",
        "docs/cli.md#certs-verify";
    "search-given-up", "The search for a path was given up", Error,
        "So many certificates sign each other that not all paths could be tried. Leave out intermediates that are not needed.",
        "docs/cli.md#certs-verify";
    "named-by-unproved-crl", "A CRL that cannot be verified names the certificate", Error,
        "A CRL in the issuer's name lists the certificate, and the CRL's own signature or dates are not in order. It is safer to refuse \
         the certificate until there is a valid CRL.",
        "RFC 5280 §6.3.3";
    "crl-not-yet-valid", "A CRL is not valid yet", Error,
        "The CRL begins at a later time than the one that is judged. Check the clock, and the time given with --at.",
        "RFC 5280 §5.1.2.4";
    "crl-signature-invalid", "A CRL was not signed by its issuer", Error,
        "The CRL has the issuer's name, and no key of that CA signed it. Get the CRL from the CA itself.",
        "RFC 5280 §6.3.3";
    "crl-signer-not-allowed", "The signer of a CRL may not sign CRLs", Error,
        "The key usage of the CA's certificate lacks `crl sign`. Renew the CA's certificate with that usage.",
        "RFC 5280 §6.3.3";
    "crl-unusable", "A CRL cannot be used", Error,
        "The CRL is a delta, is limited to other certificates, or has a critical extension that is not understood, so it does not say \
         whether the certificate is revoked.",
        "RFC 5280 §5.2, §6.3.3";
    "name-mismatch", "A certificate is not for the name", Error,
        "None of the subject alternative names matches the host or address that was asked for. Verifiers do not look at the common \
         name. Issue the certificate with the name.",
        "RFC 9525 §6.3";
    "purpose-missing", "A certificate is not for the purpose", Error,
        "The extended key usage of the certificate, or of a CA above it, does not list the purpose (server, client, …). Issue it with \
         the usage.",
        "RFC 5280 §4.2.1.12";
    "purpose-empty", "The extended key usage is empty", Error,
        "An extended key usage has to list at least one purpose. A certificate with an empty list is for nothing.",
        "RFC 5280 §4.2.1.12";
    "key-usage-unfit", "The key usage does not allow the purpose", Error,
        "The purpose needs a key usage (for TLS: digital signature, key encipherment or key agreement) that the certificate does not \
         have.",
        "RFC 5280 §4.2.1.3, §4.2.1.12";
    "timestamping-not-alone", "A certificate for timestamps is for other things as well", Error,
        "A certificate of a time stamping authority has exactly this extended key usage, in a critical extension.",
        "RFC 3161 §2.3";
    "may-not-sign", "A CA's key usage does not allow it to sign certificates", Error,
        "The certificate issued another one, and its key usage lacks `cert sign`. Renew the CA with that usage.",
        "RFC 5280 §4.2.1.3";
    "path-length-exceeded", "There are more CAs below a CA than it allows", Error,
        "The path length of a CA says how many further CAs may be below it, and the path has more.",
        "RFC 5280 §4.2.1.9";
    "chain-too-long", "A chain is longer than was allowed", Error,
        "There are more CAs between the certificate and the root than --max-depth allows.",
        "docs/cli.md#certs-verify";
    "policy-missing", "A certificate is not for a required certificate policy", Error,
        "The caller or a CA of the path requires a certificate policy, and the certificate is valid for none.",
        "RFC 5280 §6.1.3";
    "policy-not-accepted", "A certificate is for other certificate policies than wanted", Error,
        "The certificate is valid for policies, and for none of those given with --policy.",
        "RFC 5280 §6.1.6";
    "policy-maps-any", "A CA maps anyPolicy", Error,
        "The policy anyPolicy must not be mapped to another policy or from one.",
        "RFC 5280 §4.2.1.5";
    "name-not-permitted", "A name is outside the names that a CA permits", Error,
        "The name constraints of a CA in the path list what it may certify, and the name is not in it.",
        "RFC 5280 §4.2.1.10";
    "name-excluded", "A CA excludes a name", Error,
        "The name constraints of a CA in the path exclude the name.",
        "RFC 5280 §4.2.1.10";
    "name-unreadable", "A name cannot be compared with name constraints", Error,
        "A CA in the path constrains names of this kind, and the name cannot be read, so it might be outside of them.",
        "RFC 5280 §4.2.1.10";
    "constraint-unsupported", "A name constraint is of a kind that cannot be judged", Error,
        "A CA in the path constrains a kind of names that is not judged here, and the certificate has such a name.",
        "RFC 5280 §4.2.1.10";
    "constraint-malformed", "A name constraint is not well formed", Error,
        "The value of the constraint is not a DNS name, network, mailbox or URI host as the standard has it.",
        "RFC 5280 §4.2.1.10";
    "constraints-empty", "Name constraints constrain nothing", Error,
        "The extension has to permit or exclude at least one set of names.",
        "RFC 5280 §4.2.1.10";
    "constraints-unreadable", "Name constraints cannot be read whole", Error,
        "A part of the extension cannot be read, or has a minimum or maximum, which must not be used.",
        "RFC 5280 §4.2.1.10";
    "authority-key-id-missing", "A certificate does not say which key signed it", Error,
        "Every certificate but a root's own has an authority key identifier.",
        "RFC 5280 §4.2.1.1";
    "authority-key-id-incomplete", "An authority key identifier lacks a part", Error,
        "The extension has to have the key identifier; issuer and serial number are only there together.",
        "RFC 5280 §4.2.1.1";
    "subject-key-id-missing", "A CA has no subject key identifier", Error,
        "The certificate of a CA has to have one, so that certificates below it can name its key.",
        "RFC 5280 §4.2.1.2";
    "key-id-mismatch", "A certificate names another key of its issuer", Error,
        "The authority key identifier of the certificate is not the subject key identifier of its issuer: the CA has been given another \
         key, or another CA has the same name.",
        "RFC 5280 §4.2.1.1";
    "issuer-serial-mismatch", "A certificate names another certificate of its issuer", Error,
        "Issuer and serial number in the authority key identifier are not those of the issuer's certificate at hand.",
        "RFC 5280 §4.2.1.1";
    "key-weak", "A key is too weak", Error,
        "RSA keys need at least 2048 bits. Issue the certificate with a longer key, or with an elliptic curve.",
        "NIST SP 800-57 part 1";
    "key-unsupported", "A key is of a kind that is not accepted", Error,
        "Accepted are RSA of 2048 to 8192 bits, ECDSA on P-256, P-384 and P-521, and Ed25519.",
        "docs/cli.md#certs-verify";
    "key-damaged", "A public key is damaged", Error,
        "The octets are not a key of the algorithm that is named: a point off its curve, too few octets, or parameters that do not \
         belong there.",
        "RFC 5480; RFC 8410";
    "malformed", "A certificate is not encoded as DER", Error,
        "Verifiers read such an encoding in different ways, or refuse it. The issuing program has an error; issue the certificate with \
         another one.",
        "X.690; RFC 5280 §4.1";
    "extensions-need-version-3", "A certificate has extensions and is not of version 3", Error,
        "Extensions are only defined for version 3.",
        "RFC 5280 §4.1.2.9";
    "serial-not-positive", "A serial number is not positive", Error,
        "Serial numbers are positive integers.",
        "RFC 5280 §4.1.2.2";
    "serial-too-long", "A serial number is too long", Error,
        "Serial numbers have at most 20 octets.",
        "RFC 5280 §4.1.2.2";
    "issuer-empty", "A certificate does not name its issuer", Error,
        "The issuer's name must not be empty.",
        "RFC 5280 §4.1.2.4";
    "subject-empty", "A CA has no name", Error,
        "The subject of a CA must not be empty, because certificates below it name it.",
        "RFC 5280 §4.1.2.6";
    "nameless", "A certificate has no name at all", Error,
        "It has neither a subject nor subject alternative names.",
        "RFC 5280 §4.1.2.6";
    "sans-empty", "Subject alternative names are empty", Error,
        "The extension has to have at least one name.",
        "RFC 5280 §4.2.1.6";
    "san-not-critical", "Subject alternative names have to be critical", Error,
        "If a certificate has no subject, its alternative names are all that names it, and the extension has to be critical.",
        "RFC 5280 §4.2.1.6";
    "critical-unknown", "A critical extension is not understood", Error,
        "A verifier has to refuse a certificate with a critical extension that it does not know.",
        "RFC 5280 §4.2";
    "critical-forbidden", "An extension is critical and must not be", Error,
        "The standard says for each extension whether it may be critical.",
        "RFC 5280 §4.2";
    "critical-missing", "An extension has to be critical and is not", Error,
        "The standard says for each extension whether it has to be critical.",
        "RFC 5280 §4.2";
    "authority-without-cert-sign", "A CA has a key usage without cert sign", Error,
        "Basic constraints say that it is a CA, and the key usage says that it may not sign certificates.",
        "RFC 5280 §4.2.1.9";
    "cert-sign-without-authority", "A certificate may sign certificates and is not a CA", Error,
        "The key usage has `cert sign`, and basic constraints do not say that it is a CA.",
        "RFC 5280 §4.2.1.9";
    "only-for-authorities", "A certificate has an extension that only CAs may have", Error,
        "Name constraints, policy constraints and a path length are for CAs only.",
        "RFC 5280 §4.2.1";
    "key-usage-empty", "The key usage is empty", Error,
        "A key usage has to have at least one bit.",
        "RFC 5280 §4.2.1.3";
    "validity-inverted", "A certificate expires before it becomes valid", Error,
        "The end of its validity is before the beginning, so it is never valid.",
        "RFC 5280 §4.1.2.5";
    "unreadable", "A certificate cannot be read", Error,
        "The octets are not a certificate, or not one that can be taken apart. `certs inspect` says more.",
        "RFC 5280 §4.1";
    "second-opinion", "rustls-webpki refuses a chain", Error,
        "Every check here is passed, and the verifier of rustls, which is asked last, refuses the chain. Its reason is given.",
        "docs/architecture.md";
    "too-many-names", "There are too many names", Error,
        "A request asks for more names than one certificate gets; ask for several certificates. In a chain: comparing the names of the \
         certificate with the constraints above it would take too long.",
        "docs/roles.md; RFC 5280 §4.2.1.10";
}
