//! Keys as blocks and lines: of a private one its public half and its protection, never itself.

use crate::render::paint::Tone;
use crate::verbs::inspect::view::fingerprint;
use crate::verbs::inspect::view::sheet::Sheet;
use crate::x509::KeyFingerprint;
use crate::x509::key::facts::{PrivateKeyFacts, Protection, PublicKeyFacts, PublicKeyFormat};

pub(super) fn private(key: &PrivateKeyFacts) -> Sheet {
    let sheet = Sheet::default()
        .optional("Algorithm", key.algorithm.as_ref())
        .line("Format", key.format);
    let sheet = match &key.protection {
        Protection::Clear => sheet.toned(
            "Protection",
            Tone::Warning,
            "none: every reader of the file has the key",
        ),
        Protection::Encrypted { scheme } => sheet.toned("Protection", Tone::Good, scheme),
    };
    halves(sheet, key.spki.as_deref(), key.fingerprint())
        .optional("Recipient", key.recipient.as_ref())
}

pub(super) fn public(key: &PublicKeyFacts) -> Sheet {
    let label = match key.format {
        PublicKeyFormat::Age => "Recipient",
        _ => "Comment",
    };
    let sheet = Sheet::default()
        .line("Algorithm", &key.algorithm)
        .line("Format", key.format)
        .optional(label, key.comment.as_ref());
    halves(sheet, key.spki.as_deref(), key.fingerprint())
        .optional("SSH", key.ssh.as_deref().map(fingerprint::ssh))
}

fn halves(sheet: Sheet, spki: Option<&[u8]>, found: Option<KeyFingerprint>) -> Sheet {
    sheet
        .optional("SPKI SHA-256", found.map(|found| found.hex()))
        .optional("Pin", spki.map(fingerprint::pin))
}

pub(super) fn private_summary(key: &PrivateKeyFacts) -> String {
    let algorithm = key
        .algorithm
        .as_ref()
        .map(|algorithm| format!("{algorithm}, "))
        .unwrap_or_default();
    let protection = match key.protection {
        Protection::Clear => "in clear",
        Protection::Encrypted { .. } => "encrypted",
    };
    format!(
        "{algorithm}{}, {protection}{}",
        key.format,
        spki(key.fingerprint())
    )
}

pub(super) fn public_summary(key: &PublicKeyFacts) -> String {
    let comment = key
        .comment
        .as_ref()
        .map(|comment| format!(", {comment}"))
        .unwrap_or_default();
    format!(
        "{}, {}{comment}{}",
        key.algorithm,
        key.format,
        spki(key.fingerprint())
    )
}

fn spki(found: Option<KeyFingerprint>) -> String {
    found
        .map(|found| format!(", SPKI {}", found.hex()))
        .unwrap_or_default()
}
