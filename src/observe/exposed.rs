//! Material that Git should not have, or that can be out of date: private keys in clear, in any container, and kubeconfigs. Keeps only the
//! public half of a private key.

use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_STANDARD;
use base64::{Engine as _, alphabet};
use rayon::prelude::*;
use zeroize::Zeroizing;

use crate::inspect::secret;
use crate::lint::{CommittedKey, Kubeconfig};
use crate::seal::{Identity, IdentitySource, Recipient};
use crate::store::Tracked;
use crate::x509::certificate::read as certificate;
use crate::x509::key::signing::PrivateKey;

const AGE_SECRET: &str = "AGE-SECRET-KEY-1";
const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
/// [`BEGIN`] in Base64, as the values of a Kubernetes Secret and of a kubeconfig begin.
const BEGIN_IN_BASE64: &str = "LS0tLS1CRUdJTi";
/// Padding is left out before, and a value may be cut anywhere.
const BASE64_LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);
/// No file of people holds more; one with more is a test's.
const MOST_KEYS: usize = 20;

/// Looks through every tracked file that is small enough to be written by a person.
pub fn exposed(tracked: &Tracked) -> (Vec<CommittedKey>, Vec<Kubeconfig>) {
    let found: Vec<_> = (0..tracked.len())
        .into_par_iter()
        .filter_map(|place| {
            let (path, bytes) = tracked.read(place)?;
            Some(look_into(&path, &bytes))
        })
        .collect();
    let (mut keys, mut kubeconfigs) = (Vec::new(), Vec::new());
    for (more_keys, config) in found {
        keys.extend(more_keys);
        kubeconfigs.extend(config);
    }
    (keys, kubeconfigs)
}

/// The private keys in one content, whatever it is of.
pub fn keys_in(path: &str, bytes: &[u8]) -> Vec<CommittedKey> {
    look_into(path, bytes).0
}

fn look_into(path: &str, bytes: &[u8]) -> (Vec<CommittedKey>, Option<Kubeconfig>) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return (packed(path, bytes), None);
    };
    let in_base64: Vec<_> = in_base64(text).take(MOST_KEYS).collect();
    let texts = in_base64.iter().map(|text| text.as_str());
    let keys = age_secrets(text)
        .chain(std::iter::once(text).chain(texts).flat_map(private_keys))
        .take(MOST_KEYS)
        .filter_map(|secret| committed(path, &secret))
        .collect();
    (keys, kubeconfig(path, text))
}

/// The private keys of a file that is no text: DER, and PKCS#12 that the empty password opens.
fn packed(path: &str, bytes: &[u8]) -> Vec<CommittedKey> {
    let clear = secret::keys(bytes).clear;
    let clear = clear.iter().take(MOST_KEYS);
    clear.filter_map(|secret| committed(path, secret)).collect()
}

/// The key with what shows of it; `None` for a placeholder, which decodes to nothing.
fn committed(path: &str, secret: &Zeroizing<String>) -> Option<CommittedKey> {
    let source = IdentitySource {
        name: path.to_owned(),
        bytes: Zeroizing::new(secret.as_bytes().to_vec()),
    };
    let recipients: Vec<Recipient> = Identity::parse(&source)
        .map(|identity| identity.recipients().into_iter().cloned().collect())
        .unwrap_or_default();
    let fingerprint = PrivateKey::from_pem(secret.as_bytes())
        .ok()
        .map(|key| key.fingerprint());
    if recipients.is_empty() && fingerprint.is_none() {
        return None;
    }
    Some(CommittedKey {
        path: path.to_owned(),
        recipients,
        fingerprint,
    })
}

/// age's secret keys wherever they stand in a text, each on its own.
fn age_secrets(text: &str) -> impl Iterator<Item = Zeroizing<String>> {
    text.match_indices(AGE_SECRET).filter_map(|(at, _)| {
        let rest = text.get(at..)?;
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
            .unwrap_or(rest.len());
        rest.get(..end).map(|key| Zeroizing::new(key.to_owned()))
    })
}

/// Private keys in PEM, also indented as in a Nix string or YAML, or on one line as in JSON.
fn private_keys(text: &str) -> impl Iterator<Item = Zeroizing<String>> {
    text.match_indices(BEGIN).filter_map(|(at, _)| {
        let rest = text.get(at..)?;
        let label = rest.get(BEGIN.len()..)?.split("-----").next()?;
        if !label.ends_with("PRIVATE KEY") || label.len() > 40 {
            return None;
        }
        let end = format!("{END}{label}-----");
        let length = rest.find(&end)? + end.len();
        let block = Zeroizing::new(rest.get(..length)?.replace("\\n", "\n"));
        let lines: Vec<&str> = block.lines().map(str::trim).collect();
        Some(Zeroizing::new(format!("{}\n", lines.join("\n"))))
    })
}

/// PEM in Base64 wherever it stands in a text, on one line or folded.
fn in_base64(text: &str) -> impl Iterator<Item = Zeroizing<String>> {
    text.match_indices(BEGIN_IN_BASE64)
        .filter_map(|(at, _)| decoded(text.get(at..)?))
}

/// The decoded Base64 at the beginning of a text. A word behind it does not show where the Base64 ends, and need not: a PEM block marks its
/// own end.
fn decoded(text: &str) -> Option<Zeroizing<String>> {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let is_folded = |byte: &u8| is_base64(byte) || byte.is_ascii_whitespace();
    let digits = text.bytes().take_while(is_folded).filter(is_base64);
    let mut digits: Zeroizing<Vec<u8>> = Zeroizing::new(digits.collect());
    // One digit alone is no byte; what it would belong to is no PEM.
    if digits.len() % 4 == 1 {
        digits.pop();
    }
    let bytes = Zeroizing::new(BASE64_LENIENT.decode(&*digits).ok()?);
    Some(Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned()))
}

fn kubeconfig(path: &str, text: &str) -> Option<Kubeconfig> {
    let authorities: Vec<_> = values_of(text, "certificate-authority-data")
        .filter_map(|pem| certificate::parse_pem_chain(&pem).ok())
        .flatten()
        .collect();
    (!authorities.is_empty()).then(|| Kubeconfig {
        path: path.to_owned(),
        authorities,
    })
}

/// The Base64 values of a key in YAML or JSON.
fn values_of<'a>(
    text: &'a str,
    key: &'a str,
) -> impl Iterator<Item = Zeroizing<Vec<u8>>> + use<'a> {
    text.match_indices(key).filter_map(move |(at, _)| {
        let rest = text.get(at + key.len()..)?;
        let value = rest
            .trim_start_matches(['"', '\''])
            .trim_start()
            .strip_prefix(':')?
            .trim_start()
            .trim_start_matches(['"', '\'']);
        let end = value
            .find(|c: char| !(c.is_ascii_alphanumeric() || "+/=".contains(c)))
            .unwrap_or(value.len());
        let decoded = BASE64_STANDARD.decode(value.get(..end)?).ok()?;
        Some(Zeroizing::new(decoded))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::keygen;
    use crate::x509::KeyAlgorithm;

    fn found(text: &str) -> Vec<CommittedKey> {
        look_into("a file", text.as_bytes()).0
    }

    #[test]
    fn an_identity_is_found_in_the_middle_of_a_text() {
        let ada = keygen::age_identity();
        let secret = ada.secret.trim();
        let key = secret.lines().last().unwrap();
        let keys = found(&format!("{{ x = \"{key}\"; }}"));
        assert_eq!(keys.len(), 1);
        assert_eq!(keys[0].recipients[0].as_str(), ada.recipient);
        assert!(found("AGE-SECRET-KEY-1QQPQ").is_empty());
    }

    #[test]
    fn a_host_key_is_found_indented_and_escaped() {
        let host = keygen::ssh_identity("root@cp1").unwrap();
        let indented = host.secret.replace('\n', "\n      ");
        let escaped = host.secret.replace('\n', "\\n");
        for text in [indented, escaped] {
            let keys = found(&text);
            assert_eq!(keys.len(), 1, "{text}");
            assert_eq!(
                keys[0].recipients[0],
                Recipient::parse(&host.recipient).unwrap()
            );
        }
    }

    #[test]
    fn a_certificate_key_is_known_by_its_fingerprint() {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let keys = found(&key.to_pem().unwrap());
        assert_eq!(keys[0].fingerprint, Some(key.fingerprint()));
        let in_kubeconfig = format!(
            "    client-key-data: {}\n",
            BASE64_STANDARD.encode(key.to_pem().unwrap().as_bytes())
        );
        assert_eq!(
            found(&in_kubeconfig)[0].fingerprint,
            Some(key.fingerprint())
        );
    }

    #[test]
    fn a_key_is_found_in_a_secret_whatever_its_field_is_called() {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let value = BASE64_STANDARD.encode(key.to_pem().unwrap().as_bytes());
        let folded = value
            .as_bytes()
            .chunks(60)
            .map(|line| std::str::from_utf8(line).unwrap())
            .collect::<Vec<_>>()
            .join("\n    ");
        for text in [
            format!("kind: Secret\ndata:\n  tls.key: {value}\n  tls.crt: aGk=\n"),
            format!("{{\"data\":{{\"x\":\"{value}\"}}}}"),
            format!("data:\n  tls.key: |\n    {folded}\n  other: aGk=\n"),
            value.clone(),
        ] {
            let keys = found(&text);
            assert_eq!(keys.len(), 1, "{text}");
            assert_eq!(keys[0].fingerprint, Some(key.fingerprint()));
        }
        assert!(found("tls.key: LS0tLS1CRUdJTi").is_empty());
    }

    #[test]
    fn a_key_is_found_in_der() {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let der = key.to_pkcs8().unwrap();
        let (keys, _) = look_into("key.der", &der);
        assert_eq!(keys[0].fingerprint, Some(key.fingerprint()));
    }

    #[test]
    fn a_placeholder_is_no_key() {
        assert!(found("-----BEGIN PRIVATE KEY-----\n…\n-----END PRIVATE KEY-----").is_empty());
        assert!(found("-----BEGIN PRIVATE KEY-----").is_empty());
    }
}
