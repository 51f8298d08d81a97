//! Vault's words beside ours, and the fields that have no counterpart.

pub(super) const KEY_USAGES: [(&str, &str); 8] = [
    ("digitalsignature", "digital signature"),
    ("contentcommitment", "content commitment"),
    ("keyencipherment", "key encipherment"),
    ("dataencipherment", "data encipherment"),
    ("keyagreement", "key agreement"),
    ("crlsign", "crl sign"),
    ("encipheronly", "encipher only"),
    ("decipheronly", "decipher only"),
];

pub(super) const EXTENDED_KEY_USAGES: [(&str, &str); 11] = [
    ("serverauth", "server auth"),
    ("clientauth", "client auth"),
    ("codesigning", "code signing"),
    ("emailprotection", "email protection"),
    ("ipsecendsystem", "ipsec end system"),
    ("ipsectunnel", "ipsec tunnel"),
    ("ipsecuser", "ipsec user"),
    ("timestamping", "timestamping"),
    ("ocspsigning", "ocsp signing"),
    ("microsoftservergatedcrypto", "microsoft sgc"),
    ("netscapeservergatedcrypto", "netscape sgc"),
];

pub(super) const SUBJECT: [(&str, &str); 5] = [
    ("country", "C"),
    ("province", "ST"),
    ("locality", "L"),
    ("organization", "O"),
    ("ou", "OU"),
];

/// Fields that no option says: how each reads by default, and what holds instead.
pub(super) const NO_COUNTERPART: [(&str, &[&str], &str); 21] = [
    (
        "issuer_ref",
        &["default"],
        "the authority that signs is named by the option authority",
    ),
    (
        "allowed_domains_template",
        &["false"],
        "names are never made from who asks",
    ),
    (
        "allowed_uri_sans_template",
        &["false"],
        "names are never made from who asks",
    ),
    (
        "allowed_other_sans",
        &[],
        "names of other kinds are never issued",
    ),
    (
        "allowed_serial_numbers",
        &[],
        "the subject is the role's, but for the common name",
    ),
    (
        "allowed_user_ids",
        &[],
        "the subject is the role's, but for the common name",
    ),
    ("street_address", &[], "the options have C, ST, L, O and OU"),
    ("postal_code", &[], "the options have C, ST, L, O and OU"),
    (
        "serial_number_source",
        &["json-csr"],
        "the subject is the role's, but for the common name",
    ),
    (
        "use_csr_common_name",
        &["true"],
        "the names of a request are always read, and judged",
    ),
    (
        "use_csr_sans",
        &["true"],
        "the names of a request are always read, and judged",
    ),
    (
        "allow_token_displayname",
        &["false"],
        "there are no tokens here",
    ),
    (
        "generate_lease",
        &["false"],
        "certificates stay in the tree until they are revoked",
    ),
    (
        "no_store",
        &["false"],
        "certificates are always in the tree",
    ),
    (
        "no_store_metadata",
        &["false"],
        "certificates are always in the tree",
    ),
    ("policy_identifiers", &[], "certificates hold no policies"),
    (
        "basic_constraints_valid_for_non_ca",
        &["false"],
        "every leaf says that it is none of an authority",
    ),
    (
        "not_before_duration",
        &["30", "30s"],
        "certificates are valid from five minutes before they are made",
    ),
    ("not_after", &[], "a lifetime is always a duration"),
    (
        "signature_bits",
        &["0", "256"],
        "the signature is that of the authority's key",
    ),
    (
        "use_pss",
        &["false"],
        "the signature is that of the authority's key",
    ),
];

/// Vault takes the names of Go's constants in any letter case, with or without what they begin with.
pub(super) fn known(
    table: &'static [(&'static str, &'static str)],
    usage: &str,
    prefix: &str,
) -> Option<&'static str> {
    let lower = usage.to_ascii_lowercase();
    let name = lower.strip_prefix(prefix).unwrap_or(&lower);
    table
        .iter()
        .find(|(vault, _)| *vault == name)
        .map(|(_, ours)| *ours)
}
