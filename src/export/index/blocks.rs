//! What the inventory says of every block in an authority's or a pair's public file: what it is, and the statement that makes it known.
//! Nix hands on only files whose every block is listed here as known.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};

use super::Facts;
use crate::fleet::{ArtifactId, Fleet, KeyPair, Standing};
use crate::x509::{CertificateFacts, Digest, Moment, PublicKey, Voucher};

/// An authority's own certificate and what stands behind it.
pub(super) fn of_authority(id: &ArtifactId, own: &CertificateFacts, known: &Facts<'_>) -> Value {
    let others = known.beside.get(id).into_iter().flatten();
    let others = others.map(|(facts, standing)| {
        let voucher = match standing {
            Standing::Predecessor(voucher) => Some(voucher),
            Standing::SameKey | Standing::Stranger => None,
        };
        certificate(facts, standing.code(), voucher)
    });
    std::iter::once(certificate(own, known.first(id), None))
        .chain(others)
        .collect()
}

/// A pair's own key and what stands behind it.
pub(super) fn of_key_pair(fleet: &Fleet, pair: &KeyPair, known: &Facts<'_>) -> Value {
    let keys = known.public_keys.get(&pair.id()).copied();
    let keys = keys.unwrap_or_default().iter();
    keys.enumerate()
        .map(|(place, key)| match place {
            0 => block(&key.spki, key, known.first(&pair.id()), None),
            _ => of_another(fleet, pair, key, known),
        })
        .collect()
}

fn of_another(fleet: &Fleet, pair: &KeyPair, key: &PublicKey, known: &Facts<'_>) -> Value {
    let listed = pair.verification_keys.iter().cloned();
    let listed: Vec<ArtifactId> = listed.map(ArtifactId::KeyPair).collect();
    let current = |id: &ArtifactId| known.public_keys.get(id).and_then(|keys| keys.first());
    let is_declared = listed.iter().any(|id| current(id) == Some(key));
    let others = fleet.key_pairs.iter().map(KeyPair::id);
    let is_withdrawn = others.filter(|id| *id != pair.id());
    let is_withdrawn = is_withdrawn.into_iter().any(|id| current(&id) == Some(key));
    let of = Digest::of(&key.spki);
    let voucher = |id: &ArtifactId| {
        let vouchers = known.vouchers.get(id).copied().unwrap_or_default();
        vouchers.iter().find(|voucher| voucher.of == of)
    };
    let own = voucher(&pair.id());
    let is_predecessor = own.is_some()
        || listed.iter().any(|id| voucher(id).is_some())
        || known.former_keys.contains(&key.fingerprint);
    let standing = if is_declared {
        "declared"
    } else if is_predecessor || is_withdrawn {
        "predecessor"
    } else {
        Standing::Stranger.code()
    };
    block(&key.spki, key, standing, own)
}

fn certificate(facts: &CertificateFacts, standing: &str, voucher: Option<&Voucher>) -> Value {
    let mut entry = of_octets(&facts.der, standing, voucher);
    let own = [
        ("keyFingerprint", facts.key_fingerprint.to_string()),
        ("notAfter", Moment(facts.not_after).rfc3339()),
        ("subject", facts.subject.to_string()),
    ];
    entry.extend(own.map(|(name, value)| (name.to_owned(), value.into())));
    entry.into()
}

fn block(der: &[u8], key: &PublicKey, standing: &str, voucher: Option<&Voucher>) -> Value {
    let mut entry = of_octets(der, standing, voucher);
    let fingerprint = key.fingerprint.to_string();
    entry.insert("keyFingerprint".to_owned(), fingerprint.into());
    entry.into()
}

/// Nix cannot decode Base64, so it compares a digest of that.
fn of_octets(der: &[u8], standing: &str, voucher: Option<&Voucher>) -> Map<String, Value> {
    let base64 = BASE64_STANDARD.encode(der);
    let mut entry = Map::new();
    let own = [
        ("base64Sha256", Digest::of(base64.as_bytes()).to_string()),
        ("sha256", Digest::of(der).to_string()),
        ("standing", standing.to_owned()),
    ];
    entry.extend(own.map(|(name, value)| (name.to_owned(), value.into())));
    let voucher = voucher.map(|voucher| BASE64_STANDARD.encode(&voucher.signature).into());
    entry.extend(voucher.map(|voucher| ("voucher".to_owned(), voucher)));
    entry
}
