//! Owns reading SSH private keys as identities: OpenSSH in any state, PKCS#1, and the ones that cannot serve.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ssh_key::{Cipher, Kdf, LineEnding, PrivateKey};
use zeroize::Zeroizing;

use super::identity::{Form, IdentityFault, Key, KeyRing, Parsed};
use crate::seal::recipient::Recipient;

/// `ssh-keygen -a`: 16 by default, about 0.2 s; this is about a minute.
const MAX_BCRYPT_ROUNDS: u32 = 4096;

/// Reads a private key in PEM; `label` is the one in its first line.
pub(super) fn parse_pem(label: &str, text: &str) -> Result<Parsed, IdentityFault> {
    match label {
        "OPENSSH PRIVATE KEY" => parse_openssh(text),
        "RSA PRIVATE KEY" if text.contains("Proc-Type: 4,ENCRYPTED") => Err(IdentityFault::OldPem),
        "RSA PRIVATE KEY" => age_ssh_key(text.as_bytes()).map(Parsed::Open),
        _ => Err(IdentityFault::OtherPem {
            label: label.chars().take(40).collect(),
        }),
    }
}

/// OpenSSH keys are read and decrypted with ssh-key: it knows every cipher of OpenSSH, and refuses numbers at which the age
/// library panics.
fn parse_openssh(text: &str) -> Result<Parsed, IdentityFault> {
    let key = PrivateKey::from_openssh(text).map_err(|error| why_not_openssh(text, &error))?;
    if !key.is_encrypted() {
        return key_ring(&key).map(Parsed::Open);
    }
    check_encryption(&key)?;
    let line = key
        .public_key()
        .to_openssh()
        .map_err(|error| IdentityFault::DamagedSsh {
            reason: error.to_string(),
        })?;
    let public = Recipient::parse(&line)?;
    Ok(Parsed::Locked(Form::LockedSsh {
        key: Box::new(key),
        public,
    }))
}

/// Refuses what no passphrase could open in reasonable time.
fn check_encryption(key: &PrivateKey) -> Result<(), IdentityFault> {
    let damaged = |reason: &str| {
        Err(IdentityFault::DamagedSsh {
            reason: reason.to_owned(),
        })
    };
    match (key.cipher(), key.kdf()) {
        (Cipher::TDesCbc, _) => {
            damaged("it is encrypted with 3DES; `ssh-keygen -p -f` with the file modernises it")
        }
        (_, Kdf::Bcrypt { rounds, .. }) if *rounds > MAX_BCRYPT_ROUNDS => {
            Err(IdentityFault::TooExpensive {
                limit: "4096 rounds of bcrypt",
            })
        }
        (_, Kdf::Bcrypt { rounds, salt }) if *rounds > 0 && !salt.is_empty() => Ok(()),
        _ => damaged("its key derivation makes no sense"),
    }
}

/// Keys of a type that age has no use for do not even parse; they deserve their name in the message.
fn why_not_openssh(text: &str, error: &ssh_key::Error) -> IdentityFault {
    const TYPES: [&str; 6] = [
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "ssh-dss",
    ];
    let body: String = text
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .map(str::trim)
        .collect();
    let wire = Zeroizing::new(BASE64_STANDARD.decode(body).unwrap_or_default());
    let named = TYPES.iter().find(|name| {
        wire.windows(name.len())
            .any(|window| window == name.as_bytes())
    });
    named.map_or_else(
        || IdentityFault::DamagedSsh {
            reason: error.to_string(),
        },
        |name| IdentityFault::UnsupportedSsh {
            key_type: (*name).to_owned(),
        },
    )
}

/// Hands a decrypted SSH key to the age library, in memory, in the one format it reads.
pub(super) fn key_ring(key: &PrivateKey) -> Result<KeyRing, IdentityFault> {
    let pem = key
        .to_openssh(LineEnding::LF)
        .map_err(|error| IdentityFault::DamagedSsh {
            reason: error.to_string(),
        })?;
    age_ssh_key(pem.as_bytes())
}

fn age_ssh_key(pem: &[u8]) -> Result<KeyRing, IdentityFault> {
    let damaged = |reason: &str| IdentityFault::DamagedSsh {
        reason: reason.to_owned(),
    };
    let secret =
        age::ssh::Identity::from_buffer(pem, None).map_err(|_| damaged("it does not parse"))?;
    if let age::ssh::Identity::Unsupported(_) = secret {
        return Err(damaged("its type is not supported"));
    }
    let public = age::ssh::Recipient::try_from(secret.clone())
        .map_err(|_| damaged("its public half is not usable"))?;
    let public = Recipient::parse(&public.to_string())?;
    Ok(KeyRing {
        keys: vec![Key {
            public,
            secret: Box::new(secret),
        }],
        plugins: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::identity::Identity;
    use super::super::testing::*;
    use super::*;

    fn fault(bytes: impl AsRef<[u8]>) -> IdentityFault {
        Identity::parse(&source("key", bytes)).unwrap_err().fault
    }

    #[test]
    fn knows_the_public_half_of_a_locked_ssh_key() {
        let pair = locked_ssh(Cipher::ChaCha20Poly1305, "secret");
        let identity = Identity::parse(&source("key", &pair.identity)).unwrap();
        assert_eq!(identity.recipients(), [&pair.recipient]);
        assert!(identity.unlocked().is_none());
    }

    #[test]
    fn names_the_type_of_an_ssh_key_that_age_has_no_use_for() {
        let wire = BASE64_STANDARD.encode(b"openssh-key-v1\0\0\0\0\x04none\0\0\0\x04none\0\0\0\0\0\0\0\x01\0\0\0\x68\0\0\0\x13ecdsa-sha2-nistp256");
        let pem = format!(
            "-----BEGIN OPENSSH PRIVATE KEY-----\n{wire}\n-----END OPENSSH PRIVATE KEY-----\n"
        );
        assert_eq!(
            fault(pem),
            IdentityFault::UnsupportedSsh {
                key_type: "ecdsa-sha2-nistp256".to_owned()
            }
        );
    }

    #[test]
    fn refuses_absurd_work_before_it_asks() {
        let key =
            PrivateKey::from_openssh(locked_ssh(Cipher::Aes256Ctr, "secret").identity).unwrap();
        let mut wire = key.to_bytes().unwrap().to_vec();
        let Kdf::Bcrypt { salt, .. } = key.kdf() else {
            panic!("no KDF")
        };
        let rounds = wire
            .windows(salt.len())
            .position(|window| window == salt.as_slice())
            .unwrap()
            + salt.len();
        wire[rounds..rounds + 4].copy_from_slice(&u32::MAX.to_be_bytes());
        let body = BASE64_STANDARD.encode(&wire);
        let lines: Vec<&str> = body
            .as_bytes()
            .chunks(70)
            .map(|line| std::str::from_utf8(line).unwrap())
            .collect();
        let pem = format!(
            "-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----\n",
            lines.join("\n")
        );
        assert_eq!(
            fault(pem),
            IdentityFault::TooExpensive {
                limit: "4096 rounds of bcrypt"
            }
        );
    }
}
