//! The objects found in a file, as text: one block or one line for each object. `json` writes them for programs.

mod containers;
mod extension;
pub mod fingerprint;
pub mod json;
mod keys;
mod sheet;

use sheet::Sheet;
use time::OffsetDateTime;

use crate::inspect::object::{ConnectionFacts, Found, Object};
use crate::render::paint::{Paint, Tone};
use crate::render::words::{self, count, one_line, printable};
use crate::seal::SealedFacts;
use crate::x509::certificate::Certificate;
use crate::x509::crl::{CertificateKind, CrlFacts, ListPoint};
use crate::x509::extension::{Extension, ExtensionValue};
use crate::x509::hex::to_hex;
use crate::x509::request::{RequestFacts, SignatureCheck};
use crate::x509::{FoundSan, Moment};

/// Everything that was found in one input.
#[derive(Debug)]
pub struct Inspected {
    /// What the person named it.
    pub input: String,
    pub found: Vec<Found>,
}

/// Entries of a revocation list that are shown; the rest is counted.
const MOST_ENTRIES: usize = 100;
/// Days before the end from which on the rest of a validity is shown as a warning.
const SOON: i64 = 30;

/// Every object as a block of its own.
pub fn text(inputs: &[Inspected], now: OffsetDateTime, paint: Paint) -> String {
    let blocks: Vec<String> = inputs
        .iter()
        .flat_map(|input| input.found.iter().map(move |found| (input, found)))
        .map(|(input, found)| {
            let kind = capitalised(found.object.kind());
            let title = format!(
                "{} {}",
                paint.apply(Tone::Strong, kind),
                place(input, found)
            );
            format!("{title}\n{}", block(&found.object, now).print(paint))
        })
        .collect();
    blocks.join("\n")
}

/// Every object in one line.
pub fn short(inputs: &[Inspected], now: OffsetDateTime, paint: Paint) -> String {
    let line = |input: &Inspected, found: &Found| {
        let place = paint.apply(Tone::Quiet, place(input, found));
        format!(
            "{place}: {}: {}\n",
            found.object.kind(),
            printable(&summary(&found.object, now))
        )
    };
    inputs
        .iter()
        .flat_map(|input| input.found.iter().map(move |found| line(input, found)))
        .collect()
}

/// `cp1.crt, line 12`.
fn place(input: &Inspected, found: &Found) -> String {
    let place = found.place.to_string();
    let text = if place.is_empty() {
        input.input.clone()
    } else {
        format!("{}, {place}", input.input)
    };
    one_line(&text)
}

fn block(object: &Object, now: OffsetDateTime) -> Sheet {
    match object {
        Object::Certificate(certificate) => certificate_block(certificate, now),
        Object::Request(request) => request_block(request),
        Object::RevocationList(list) => list_block(list, now),
        Object::PrivateKey(key) => keys::private(key),
        Object::PublicKey(key) => keys::public(key),
        Object::Sealed(sealed) => sealed_block(sealed),
        Object::Pkcs12(file) => containers::pkcs12(file),
        Object::Kubeconfig(config) => containers::kubeconfig(config),
        Object::Resource(resource) => containers::resource(resource),
        Object::Connection(connection) => connection_block(connection),
        Object::Unknown { label, octets } => Sheet::default()
            .line("Label", label)
            .line("Size", count(*octets, "octet", "octets")),
        Object::Damaged(defect) => Sheet::default().toned("Cannot be read", Tone::Bad, defect),
    }
}

fn certificate_block(certificate: &Certificate, now: OffsetDateTime) -> Sheet {
    let facts = &certificate.facts;
    let (left, tone) = remaining(facts.not_before, facts.not_after, now);
    let mut sheet = Sheet::default()
        .line("Subject", or_empty(&facts.subject.to_string()))
        .line("Issuer", or_empty(&facts.issuer.to_string()))
        .line("Serial", facts.serial_hex())
        .line("Valid from", Moment(facts.not_before).rfc3339())
        .toned(
            "Valid until",
            tone,
            format!("{} ({left})", Moment(facts.not_after).rfc3339()),
        )
        .line("Public key", &facts.key)
        .line("Signature", &facts.signature_algorithm)
        .line("Role", role(certificate));
    for found in &certificate.extensions {
        sheet = sheet.lines(&extension::label(found), extension::lines(&found.value));
    }
    sheet
        .line("SHA-256", fingerprint::sha256(&facts.der))
        .line("SHA-1", fingerprint::sha1(&facts.der))
        .line("SPKI SHA-256", facts.key_fingerprint.hex())
        .line("Pin", fingerprint::pin(&facts.spki))
}

fn role(certificate: &Certificate) -> &'static str {
    match (
        certificate.facts.is_authority(),
        certificate.facts.is_self_issued(),
    ) {
        (true, true) => "authority, self-issued",
        (true, false) => "intermediate authority",
        (false, true) => "end entity, self-issued",
        (false, false) => "end entity",
    }
}

fn request_block(request: &RequestFacts) -> Sheet {
    let (word, tone) = match request.signature {
        SignatureCheck::Good => ("good: the requester has the key", Tone::Good),
        SignatureCheck::Bad => ("BAD: not made by the key in the request", Tone::Bad),
        SignatureCheck::Unsupported => {
            ("not verified: the algorithm is none of ours", Tone::Warning)
        }
    };
    let mut sheet = Sheet::default()
        .line("Subject", or_empty(&request.subject.to_string()))
        .line("Public key", &request.key)
        .toned(
            "Signature",
            tone,
            format!("{}, {word}", request.signature_algorithm),
        );
    for found in &request.extensions {
        sheet = sheet.lines(&extension::label(found), extension::lines(&found.value));
    }
    sheet
        .lines("Other attributes", request.attributes.clone())
        .line("SHA-256", fingerprint::sha256(&request.der))
        .line("SPKI SHA-256", request.key_fingerprint.hex())
        .line("Pin", fingerprint::pin(&request.spki))
}

fn list_block(list: &CrlFacts, now: OffsetDateTime) -> Sheet {
    let sheet = Sheet::default()
        .line("Issuer", or_empty(&list.issuer.to_string()))
        .optional("Number", list.number.as_deref().map(to_hex))
        .optional("Adds to number", list.base_number.as_deref().map(to_hex))
        .line("Made", Moment(list.this_update).rfc3339());
    let sheet = match list.next_update {
        Some(next) => {
            let (left, tone) = remaining(list.this_update, next, now);
            sheet.toned(
                "Next due",
                tone,
                format!("{} ({left})", Moment(next).rfc3339()),
            )
        }
        None => sheet.toned("Next due", Tone::Warning, "never said"),
    };
    sheet
        .line(
            "Signature",
            format!(
                "{}, not verified: that takes the issuer's certificate",
                list.signature_algorithm
            ),
        )
        .lines("Scope", scope(list))
        .optional(
            "Authority key",
            list.authority_key_id.as_deref().map(to_hex),
        )
        .lines(
            "Unknown extensions",
            list.unknown_extensions.iter().cloned().collect(),
        )
        .lines("Revoked", entries(list))
        .line("SHA-256", fingerprint::sha256(&list.der))
}

fn scope(list: &CrlFacts) -> Vec<String> {
    let kind = match list.scope.certificates {
        CertificateKind::All => None,
        CertificateKind::EndEntities => Some("end entities only"),
        CertificateKind::Authorities => Some("authorities only"),
        CertificateKind::Attributes => Some("attribute certificates only"),
        CertificateKind::Contradictory => {
            Some("no certificate: it is limited to two kinds at once (RFC 5280 §5.2.5)")
        }
    };
    let reasons = list.scope.reasons.as_ref().map(|reasons| {
        let words: Vec<String> = reasons.iter().map(ToString::to_string).collect();
        format!("only revoked for {}", words.join(", "))
    });
    let indirect = list
        .scope
        .is_indirect
        .then(|| "certificates of other issuers too".to_owned());
    kind.map(ToOwned::to_owned)
        .into_iter()
        .chain(reasons)
        .chain(indirect)
        .chain(point(&list.scope.point))
        .collect()
}

fn point(point: &ListPoint) -> Vec<String> {
    match point {
        ListPoint::Any => Vec::new(),
        ListPoint::Urls(urls) if urls.is_empty() => {
            vec!["for a distribution point whose name is no URL".to_owned()]
        }
        ListPoint::Urls(urls) => urls
            .iter()
            .map(|url| format!("published at {url}"))
            .collect(),
        ListPoint::RelativeToIssuer => {
            vec!["for a distribution point that is named relative to the issuer".to_owned()]
        }
    }
}

fn entries(list: &CrlFacts) -> Vec<String> {
    if list.entries.is_empty() {
        return vec!["nothing".to_owned()];
    }
    let mut lines: Vec<String> = list
        .entries
        .iter()
        .take(MOST_ENTRIES)
        .map(|entry| {
            let reason = entry.reason.map(|reason| format!(", {reason}"));
            let since = entry
                .invalid_since
                .map(|since| format!(", bad since {}", Moment(since).rfc3339()));
            let issuer = entry.issuer.as_ref().map(|issuer| format!(", of {issuer}"));
            format!(
                "{} on {}{}{}{}",
                entry.serial_hex(),
                Moment(entry.revoked_at).rfc3339(),
                reason.unwrap_or_default(),
                since.unwrap_or_default(),
                issuer.unwrap_or_default()
            )
        })
        .collect();
    let more = list.entries.len().saturating_sub(MOST_ENTRIES);
    lines.extend((more > 0).then(|| format!("and {more} more (all with --json)")));
    lines
}

fn sealed_block(sealed: &SealedFacts) -> Sheet {
    let sheet = Sheet::default()
        .lines("Sealed to", recipients(sealed))
        .line("Content", count_octets(sealed.plaintext_len));
    match &sealed.marker {
        Some(marker) => sheet
            .line("Recipient set", &marker.recipients)
            .line("Sealed key", &marker.key),
        None => sheet.line("Marker", "none: sealed by another program"),
    }
}

fn count_octets(octets: u64) -> String {
    count(
        usize::try_from(octets).unwrap_or(usize::MAX),
        "octet",
        "octets",
    )
}

fn recipients(sealed: &SealedFacts) -> Vec<String> {
    let ssh = sealed
        .ssh_tags
        .iter()
        .map(|tag| format!("an SSH key with the tag {tag}"));
    let native = (sealed.anonymous > 0).then(|| {
        let number = count(sealed.anonymous, "age recipient", "age recipients");
        format!("{number} (age files do not say who)")
    });
    let other = sealed
        .other
        .iter()
        .map(|(tag, times)| count(*times, "recipient", "recipients") + &format!(" of type {tag}"));
    let passphrase = sealed.passphrase.then(|| "a passphrase".to_owned());
    ssh.chain(native).chain(other).chain(passphrase).collect()
}

fn connection_block(connection: &ConnectionFacts) -> Sheet {
    let (proof, tone) = match connection.key_proof {
        SignatureCheck::Good => ("proved by the server", Tone::Good),
        SignatureCheck::Bad => ("NOT proved by the server", Tone::Bad),
        SignatureCheck::Unsupported => ("not checked", Tone::Warning),
    };
    let sheet = Sheet::default()
        .line("Address", &connection.address)
        .line(
            "Asked for",
            connection
                .server_name
                .as_deref()
                .unwrap_or("no name (an address is not sent)"),
        )
        .optional("Protocol", connection.protocol.clone())
        .optional("Cipher suite", connection.cipher_suite.clone())
        .optional("Key exchange", connection.key_exchange.clone())
        .toned("Key", tone, proof)
        .toned(
            "Trust",
            Tone::Warning,
            "none: every certificate is taken, only to show it",
        );
    match &connection.broke_off {
        Some(reason) => sheet.toned("Broke off", Tone::Warning, reason),
        None => sheet,
    }
}

/// The line of `--short`.
fn summary(object: &Object, now: OffsetDateTime) -> String {
    match object {
        Object::Certificate(certificate) => {
            let facts = &certificate.facts;
            let (left, _) = remaining(facts.not_before, facts.not_after, now);
            format!(
                "{}, {}, issued by {}, until {} ({left}){}",
                or_empty(&facts.subject.to_string()),
                facts.key,
                or_empty(&facts.issuer.to_string()),
                Moment(facts.not_after),
                names(&facts.sans)
            )
        }
        Object::Request(request) => format!(
            "{}, {}{}{}",
            or_empty(&request.subject.to_string()),
            request.key,
            names(requested_names(&request.extensions)),
            if request.signature == SignatureCheck::Bad {
                ", BAD signature"
            } else {
                ""
            }
        ),
        Object::RevocationList(list) => format!(
            "{}, {} revoked, made {}, next due {}",
            or_empty(&list.issuer.to_string()),
            list.entries.len(),
            Moment(list.this_update),
            list.next_update
                .map_or_else(|| "never said".to_owned(), |next| Moment(next).to_string())
        ),
        Object::PrivateKey(key) => keys::private_summary(key),
        Object::PublicKey(key) => keys::public_summary(key),
        Object::Sealed(sealed) => format!("sealed to {}", recipients(sealed).join(", ")),
        Object::Pkcs12(file) => format!(
            "{}, {}",
            containers::access(file.access).0,
            count(file.bags.len(), "bag", "bags")
        ),
        Object::Kubeconfig(config) => format!(
            "{}, {}",
            count(config.clusters.len(), "cluster", "clusters"),
            count(config.users.len(), "user", "users")
        ),
        Object::Resource(resource) => format!(
            "{} {}, {}",
            resource.kind,
            resource.name.as_deref().unwrap_or("without a name"),
            count(resource.entries.len(), "entry", "entries")
        ),
        Object::Connection(connection) => format!(
            "{}, {}",
            connection.address,
            connection.protocol.as_deref().unwrap_or("broke off")
        ),
        Object::Unknown { label, octets } => {
            format!("{label}, {}", count(*octets, "octet", "octets"))
        }
        Object::Damaged(defect) => defect.to_string(),
    }
}

fn requested_names(extensions: &[Extension]) -> &[FoundSan] {
    let mut names = extensions
        .iter()
        .filter_map(|extension| match &extension.value {
            ExtensionValue::SubjectAltNames(names) => Some(names.as_slice()),
            _ => None,
        });
    names.next().unwrap_or_default()
}

fn names(sans: &[FoundSan]) -> String {
    let texts: Vec<String> = sans.iter().map(ToString::to_string).collect();
    if texts.is_empty() {
        String::new()
    } else {
        format!(", {}", words::some_of(&texts, 4))
    }
}

/// How much of a validity is left, and how bad that is.
fn remaining(from: OffsetDateTime, until: OffsetDateTime, now: OffsetDateTime) -> (String, Tone) {
    let days = days_left(until, now);
    let shown = count(
        usize::try_from(days.abs()).unwrap_or(usize::MAX),
        "day",
        "days",
    );
    if until < now {
        (format!("ended {shown} ago"), Tone::Bad)
    } else if from > now {
        ("not yet".to_owned(), Tone::Warning)
    } else if days < SOON {
        (format!("{shown} left"), Tone::Warning)
    } else {
        (format!("{shown} left"), Tone::Good)
    }
}

/// Whole days, negative after the end.
fn days_left(until: OffsetDateTime, now: OffsetDateTime) -> i64 {
    (until - now).whole_days()
}

fn or_empty(text: &str) -> String {
    if text.is_empty() {
        "(empty)".to_owned()
    } else {
        text.to_owned()
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn tells_how_much_of_a_validity_is_left() {
        let (from, until) = (
            datetime!(2030-01-01 0:00 UTC),
            datetime!(2030-12-31 0:00 UTC),
        );
        let at = |now| remaining(from, until, now);
        assert_eq!(
            at(datetime!(2030-01-02 0:00 UTC)),
            ("363 days left".to_owned(), Tone::Good)
        );
        assert_eq!(
            at(datetime!(2030-12-29 12:00 UTC)),
            ("1 day left".to_owned(), Tone::Warning)
        );
        assert_eq!(
            at(datetime!(2029-12-29 0:00 UTC)),
            ("not yet".to_owned(), Tone::Warning)
        );
        assert_eq!(
            at(datetime!(2031-01-02 0:00 UTC)),
            ("ended 2 days ago".to_owned(), Tone::Bad)
        );
    }
}
