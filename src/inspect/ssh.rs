//! Reads SSH keys (RFC 4253 §6.6, RFC 8709, RFC 5656; OpenSSH's PROTOCOL.key) and translates public keys between SSH and X.509.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use der::Decode as _;
use der::asn1::ObjectIdentifier;
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use crate::seal::{Recipient, SshKey};
use crate::x509::KeyFingerprint;
use crate::x509::defect::DocumentDefect;
use crate::x509::key::encode::{
    EC_PUBLIC_KEY, ED25519, RSA_ENCRYPTION, RsaPublicKey, ec_spki, rsa_spki, spki,
};
use crate::x509::key::facts::{
    KeyFormat, PrivateKeyFacts, Protection, PublicKeyFacts, PublicKeyFormat,
};
use crate::x509::key::{FoundKeyAlgorithm, algorithm as key};
use crate::x509::oid;

/// The curves of RFC 5656, by their names there.
const CURVES: [(&str, ObjectIdentifier); 3] = [
    ("nistp256", ObjectIdentifier::new_unwrap(oid::P256)),
    ("nistp384", ObjectIdentifier::new_unwrap(oid::P384)),
    ("nistp521", ObjectIdentifier::new_unwrap(oid::P521)),
];

/// The magic bytes at the start of every OpenSSH private key.
const PRIVATE_MAGIC: &[u8] = b"openssh-key-v1\0";

/// The public key in a line of `authorized_keys`, `known_hosts` or a `.pub` file; `None` if there is none in it.
pub fn public_key(line: &str) -> Option<PublicKeyFacts> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let at = words.windows(2).position(|pair| match pair {
        [kind, blob] => wire(kind, blob).is_some(),
        _ => false,
    })?;
    let (kind, blob) = (words.get(at)?, words.get(at + 1)?);
    let wire = wire(kind, blob)?;
    let comment = words.get(at + 2..).unwrap_or_default().join(" ");
    Some(facts(
        kind,
        wire,
        Some(comment).filter(|text| !text.is_empty()),
    ))
}

/// The first public key of a `.pub` file, where files can be sealed to it.
pub fn recipient(file: &[u8]) -> Option<SshKey> {
    let text = std::str::from_utf8(file).ok()?;
    let mut lines = text.lines().map(str::trim);
    let line = lines.find(|line| !line.is_empty() && !line.starts_with('#'))?;
    let spki = public_key(line)?.spki?;
    Some(SshKey {
        recipient: Recipient::parse(line).ok()?,
        fingerprint: KeyFingerprint::of_spki(&spki),
    })
}

/// The public half of a private key of OpenSSH, which stands in clear whether or not the key is encrypted; the rest is not looked at.
///
/// # Errors
/// `Undecodable`.
pub(super) fn private_key(bytes: &[u8]) -> Result<PrivateKeyFacts, DocumentDefect> {
    read_private(bytes).ok_or_else(|| DocumentDefect::Undecodable {
        what: "the OpenSSH key",
        reason: "it is damaged".to_owned(),
    })
}

fn read_private(bytes: &[u8]) -> Option<PrivateKeyFacts> {
    let mut rest = bytes.strip_prefix(PRIVATE_MAGIC)?;
    let cipher = text(&mut rest)?;
    let derivation = text(&mut rest)?;
    let _parameters = string(&mut rest)?;
    let keys = number(&mut rest)?;
    let public = string(&mut rest)?;
    let kind = text(&mut &*public)?.to_owned();
    let _secret = string(&mut rest).filter(|_| keys == 1)?;
    let facts = facts(&kind, public.to_vec(), None);
    Some(PrivateKeyFacts {
        format: KeyFormat::OpenSsh,
        algorithm: Some(facts.algorithm),
        protection: if cipher == "none" {
            Protection::Clear
        } else {
            Protection::Encrypted {
                scheme: format!("{cipher} under {derivation}"),
            }
        },
        spki: facts.spki,
        recipient: None,
    })
}

/// A public key as SSH writes it, from its DER `SubjectPublicKeyInfo`; `None` for algorithms that SSH does not have.
pub fn wire_of_spki(spki: &[u8]) -> Option<Vec<u8>> {
    let spki = SubjectPublicKeyInfoOwned::from_der(spki).ok()?;
    let key = spki.subject_public_key.as_bytes()?;
    match spki.algorithm.oid {
        ED25519 => Some(strings(&[b"ssh-ed25519", key])),
        RSA_ENCRYPTION => {
            let rsa = RsaPublicKey::from_der(key).ok()?;
            let parts = [&rsa.exponent, &rsa.modulus].map(|number| mpint(number.as_bytes()));
            let [exponent, modulus] = &parts;
            Some(strings(&[b"ssh-rsa", exponent, modulus]))
        }
        EC_PUBLIC_KEY => {
            let curve: ObjectIdentifier = spki.algorithm.parameters?.decode_as().ok()?;
            let (name, _) = CURVES.iter().find(|(_, oid)| *oid == curve)?;
            let kind = format!("ecdsa-sha2-{name}");
            Some(strings(&[kind.as_bytes(), name.as_bytes(), key]))
        }
        _ => None,
    }
}

fn facts(kind: &str, wire: Vec<u8>, comment: Option<String>) -> PublicKeyFacts {
    let spki = spki_of_wire(&wire);
    let algorithm = spki.as_deref().and_then(key::of_spki);
    PublicKeyFacts {
        format: PublicKeyFormat::OpenSsh,
        algorithm: algorithm.unwrap_or_else(|| FoundKeyAlgorithm::Other(kind.to_owned())),
        spki,
        ssh: Some(wire),
        comment,
    }
}

/// The key in wire format, if it is one of the type that is named beside it.
fn wire(kind: &str, blob: &str) -> Option<Vec<u8>> {
    let wire = BASE64_STANDARD.decode(blob).ok()?;
    let named = text(&mut wire.as_slice())?;
    let is_kind = named == kind
        && (kind.starts_with("ssh-") || kind.starts_with("ecdsa-") || kind.starts_with("sk-"));
    is_kind.then_some(wire)
}

fn spki_of_wire(mut wire: &[u8]) -> Option<Vec<u8>> {
    let rest = &mut wire;
    let spki = match text(rest)? {
        "ssh-ed25519" => spki(ED25519, None, string(rest)?),
        "ssh-rsa" => {
            let (exponent, modulus) = (string(rest)?, string(rest)?);
            rsa_spki(modulus, exponent)
        }
        kind => {
            let curve = kind.strip_prefix("ecdsa-sha2-")?;
            let (name, oid) = CURVES.iter().find(|(name, _)| *name == curve)?;
            let named = text(rest)? == *name;
            let point = string(rest).filter(|_| named)?;
            ec_spki(*oid, point)
        }
    };
    spki.filter(|_| rest.is_empty())
}

fn strings(parts: &[&[u8]]) -> Vec<u8> {
    let mut wire = Vec::new();
    for part in parts {
        wire.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        wire.extend_from_slice(part);
    }
    wire
}

/// RFC 4251 §5: a positive number whose highest bit is set has a zero in front.
fn mpint(number: &[u8]) -> Vec<u8> {
    let sign: &[u8] = match number.first() {
        Some(0x80..) => &[0],
        _ => &[],
    };
    [sign, number].concat()
}

fn number(rest: &mut &[u8]) -> Option<usize> {
    let (octets, behind) = rest.split_first_chunk::<4>()?;
    *rest = behind;
    usize::try_from(u32::from_be_bytes(*octets)).ok()
}

fn string<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = number(rest)?;
    let (string, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    Some(string)
}

fn text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let text = std::str::from_utf8(string(rest)?).ok()?;
    text.bytes()
        .all(|byte| byte.is_ascii_graphic())
        .then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIInEh0JIf5BhbloR9CA79LaBfUjf3KWhq+ladVTMPZmm";

    #[test]
    fn finds_the_key_behind_options_and_hosts() {
        for (before, behind) in [
            ("", ""),
            ("", " ada@example.org at home"),
            ("command=\"x y\",no-pty ", " z"),
            ("[host]:2222,10.0.0.1 ", ""),
            ("@cert-authority *.example ", ""),
        ] {
            let found = public_key(&format!("{before}{ED}{behind}")).unwrap();
            assert_eq!(found.algorithm.to_string(), "ed25519");
            assert_eq!(
                found.comment.as_deref().unwrap_or_default(),
                behind.trim_start()
            );
        }
        assert_eq!(public_key("ssh-ed25519 AAAA"), None);
        assert_eq!(public_key(&ED.replacen("ssh-ed25519", "ssh-rsa", 1)), None);
    }

    #[test]
    fn translates_there_and_back() {
        let wire = BASE64_STANDARD
            .decode(ED.split(' ').nth(1).unwrap())
            .unwrap();
        let spki = spki_of_wire(&wire).unwrap();
        assert_eq!(spki.len(), 44);
        assert_eq!(wire_of_spki(&spki), Some(wire));
        let rsa = strings(&[b"ssh-rsa", &[1, 0, 1], &mpint(&[0xc3; 256])]);
        assert_eq!(wire_of_spki(&spki_of_wire(&rsa).unwrap()), Some(rsa));
        let ec = strings(&[b"ecdsa-sha2-nistp256", b"nistp256", &[4; 65]]);
        assert_eq!(wire_of_spki(&spki_of_wire(&ec).unwrap()), Some(ec));
    }

    #[test]
    fn a_key_that_is_cut_off_is_none() {
        let wire = strings(&[b"ssh-ed25519", &[7; 32]]);
        for end in 0..wire.len() {
            assert_eq!(spki_of_wire(&wire[..end]), None);
        }
        assert_eq!(spki_of_wire(&[wire, vec![0]].concat()), None);
    }
}
