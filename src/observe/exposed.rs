//! What Git holds that it should not, or that can be out of date: private keys in clear and kubeconfigs. Keeps of a private key its public half alone.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rayon::prelude::*;
use zeroize::Zeroizing;

use crate::inspect::certificate;
use crate::issue::key::PrivateKey;
use crate::lint::{CommittedKey, Kubeconfig};
use crate::model::Recipient;
use crate::seal::{Identity, IdentitySource};
use crate::store::Tracked;

const AGE_SECRET: &str = "AGE-SECRET-KEY-1";
const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
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

fn look_into(path: &str, bytes: &[u8]) -> (Vec<CommittedKey>, Option<Kubeconfig>) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return (Vec::new(), None);
    };
    let mut keys: Vec<CommittedKey> = age_secrets(text)
        .chain(private_keys(text))
        .take(MOST_KEYS)
        .filter_map(|secret| committed(path, &secret))
        .collect();
    for data in values_of(text, "client-key-data") {
        if let Ok(pem) = std::str::from_utf8(&data) {
            keys.extend(private_keys(pem).filter_map(|secret| committed(path, &secret)));
        }
    }
    (keys, kubeconfig(path, text))
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

/// What stands in Base64 behind a key of YAML or JSON.
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
    use crate::model::KeyAlgorithm;
    use crate::seal::keygen;

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
    fn a_placeholder_is_no_key() {
        assert!(found("-----BEGIN PRIVATE KEY-----\n…\n-----END PRIVATE KEY-----").is_empty());
        assert!(found("-----BEGIN PRIVATE KEY-----").is_empty());
    }
}
