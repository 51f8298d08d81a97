//! Takes a file of certificates apart into DER blocks, and says what such a file is instead when it is none.

use super::certificate::CertificateDefect;

/// The DER of every certificate in a PEM text, in order.
pub(super) fn certificates(bytes: &[u8]) -> Result<Vec<Vec<u8>>, CertificateDefect> {
    if bytes.trim_ascii().is_empty() {
        return Err(CertificateDefect::Empty);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| CertificateDefect::NotPem)?;
    if let Some(line) = conflict_marker(text) {
        return Err(CertificateDefect::ConflictMarkers { line });
    }
    let begins: Vec<_> = text.lines().filter_map(tag_of_begin).collect();
    if begins.is_empty() {
        return Err(CertificateDefect::NotPem);
    }
    if begins.iter().any(|tag| tag.ends_with("PRIVATE KEY")) {
        return Err(CertificateDefect::PlaintextKey);
    }
    let ends = text
        .lines()
        .filter(|line| line.trim_start().starts_with("-----END "))
        .count();
    if begins.len() != ends {
        return Err(CertificateDefect::Truncated);
    }
    if !begins.iter().any(|tag| is_certificate(tag)) {
        return Err(CertificateDefect::NoCertificate {
            found: begins.join(", "),
        });
    }
    let blocks = pem::parse_many(bytes).map_err(|error| CertificateDefect::BadPem {
        reason: error.to_string(),
    })?;
    if blocks.len() != begins.len() {
        return Err(CertificateDefect::BadPem {
            reason: "a BEGIN line does not match its END line".to_owned(),
        });
    }
    Ok(blocks
        .into_iter()
        .filter(|block| is_certificate(block.tag()))
        .map(pem::Pem::into_contents)
        .collect())
}

/// The first line, counted from one, that a merge left behind. `=======` alone can be a heading, so it does not count.
fn conflict_marker(text: &str) -> Option<usize> {
    let marked = |line: &str| {
        ["<<<<<<<", "|||||||", ">>>>>>>"]
            .iter()
            .any(|marker| line.starts_with(marker))
    };
    text.lines().position(marked).map(|index| index + 1)
}

fn tag_of_begin(line: &str) -> Option<&str> {
    line.trim()
        .strip_prefix("-----BEGIN ")?
        .strip_suffix("-----")
}

/// RFC 7468 §5.1 with its older label. OpenSSL's `TRUSTED CERTIFICATE` has data behind the certificate that nobody else reads.
fn is_certificate(tag: &str) -> bool {
    matches!(tag, "CERTIFICATE" | "X509 CERTIFICATE")
}
