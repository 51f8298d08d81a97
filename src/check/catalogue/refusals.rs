//! Refusals of requests and CSRs, and notes on grants.

use super::entries;

entries! {
    "bare-domain", "A role allows no bare domain", Error,
        "The name is one of the role's domains itself, and the role allows only names below them. Set `allowBareDomains`.",
        "docs/roles.md";
    "subdomain", "A role allows no names below its domains", Error,
        "The name is below one of the role's domains. Set `allowSubdomains`.",
        "docs/roles.md";
    "localhost", "A role does not allow localhost", Error,
        "Set `allowLocalhost`, or leave the name out.",
        "docs/roles.md";
    "wildcard", "A role allows no wildcards", Error,
        "A wildcard stands for every name in its place. Set `allowWildcards` if the holder may have all of them.",
        "docs/roles.md";
    "domain", "A DNS name is outside a role's domains", Error,
        "The role's `allowedDomains` do not cover the name.",
        "docs/roles.md";
    "ip-address", "A role does not allow an address", Error,
        "The role's `allowedIpRanges` do not contain it.",
        "docs/roles.md";
    "email", "A role does not allow a mail address", Error,
        "The role's `allowedEmails` do not cover it.",
        "docs/roles.md";
    "uri", "A role does not allow a URI", Error,
        "The role's `allowedUris` do not match it.",
        "docs/roles.md";
    "uri-ambiguous", "A URI can be read in two ways", Error,
        "Programs disagree on URIs with escapes, empty parts or dots in the path, so one that was allowed may be taken for another. \
         Write it in its shortest form.",
        "docs/roles.md; RFC 3986 §6";
    "name-kind", "A role allows no names of this kind", Error,
        "The role has no option for names of this kind.",
        "docs/roles.md";
    "name-malformed", "A name in a request is not valid", Error,
        "The name is not a DNS name, address, mail address or URI as the standards have it.",
        "docs/roles.md";
    "name-constraints", "The issuing CA does not permit a name", Error,
        "The role allows the name, and the name constraints of the CA or of one above it do not; verifiers would refuse the \
         certificate.",
        "RFC 5280 §4.2.1.10";
    "common-name-not-allowed", "A role does not allow a common name", Error,
        "The common name is not a name that the role allows. Use a SAN, or set the role's `allowedCommonNames`.",
        "docs/roles.md";
    "common-name-missing", "A role requires a common name", Error,
        "Ask for one, or set `requireCommonName = false`.",
        "docs/roles.md";
    "common-name-malformed", "A common name cannot be used", Error,
        "It is empty, too long, or has characters that certificates do not take.",
        "RFC 5280 appendix A.1";
    "no-name", "A request asks for no name", Error,
        "A certificate needs a common name or at least one other name.",
        "docs/roles.md";
    "key", "A role does not allow the kind of key", Error,
        "The role's `allowedKeys` do not list the algorithm of the key.",
        "docs/roles.md";
    "key-of-authority", "A request is for the key of a CA", Error,
        "Its public key is that of a CA of the fleet. A certificate for it would let the holder of the CA's key act under this name, \
         and a leaf's key may be on a host.",
        "docs/roles.md";
    "usages", "A role does not allow a usage", Error,
        "The role's `usages` do not list it.",
        "docs/roles.md";
    "name-normalised", "A name is written in its usual form", Info,
        "Names are compared and issued in lower case and in their shortest form.",
        "docs/roles.md";
    "common-name-joined", "The common name is a SAN as well", Info,
        "Verifiers look at subject alternative names only.",
        "RFC 9525 §6.3";
    "lifetime-shortened", "The lifetime is shorter than asked", Info,
        "The role's `maxExpiry` or the expiry of the CA limits it.",
        "docs/roles.md";
    "renew-before-left-out", "The time of renewal is left out", Info,
        "It would be longer than the lifetime, so the certificate is due after two thirds of it.",
        "docs/roles.md";
    "usages-left-out", "Usages of the CSR are left out", Info,
        "The role does not allow them. The certificate has the role's usages.",
        "docs/roles.md";
    "request-not-proved", "A CSR does not prove its key", Error,
        "The signature of the CSR is not by the key in it, so the sender may not have the private key.",
        "RFC 2986 §4.2";
    "request-not-verifiable", "The signature of a CSR cannot be checked", Error,
        "Its algorithm is not supported, or is too weak to prove anything.",
        "RFC 2986 §4.2";
    "request-key-form", "The key in a CSR is not encoded as it has to be", Error,
        "The same key can be written in several ways, and relying parties compare bytes. Make the CSR with another program.",
        "RFC 5480; RFC 8410";
    "request-key-weak", "The key in a CSR is a point of small order", Error,
        "Anyone can make signatures for such a key.",
        "RFC 8032 §5.1";
    "request-for-authority", "A CSR asks for the certificate of a CA", Error,
        "Roles issue leaves only. Declare the CA.",
        "docs/roles.md";
    "request-to-sign-certificates", "A CSR asks for the right to sign certificates", Error,
        "Only CAs have the key usage `cert sign`. Leave it out.",
        "docs/roles.md";
    "request-damaged", "An extension of a CSR cannot be read", Error,
        "It may ask for something that would be overlooked. Make the CSR again.",
        "RFC 2985 §5.4.2";
    "request-repeats-extension", "A CSR has an extension twice", Error,
        "It is not clear which one is meant.",
        "RFC 5280 §4.2";
    "request-common-names", "A CSR has several common names", Error,
        "It is not clear which one is meant. Ask for one.",
        "docs/roles.md";
}
