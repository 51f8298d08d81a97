//! Takes the private keys themselves out of a file, from under a passphrase too. The rest of `inspect` only tells what they are, and who
//! keeps them is not its business either.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use der::asn1::OctetStringRef;
use der::{Decode as _, Reader as _, SliceReader};
use x509_cert::spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use super::{pkcs12, sniff};
use crate::inspect::object::{Found, Object};
use crate::x509::defect::DocumentDefect;
use crate::x509::encryption::{Closed, Opener, Password, Scheme};
use crate::x509::key::private as private_key;
use crate::x509::pem::{self, Block};
use crate::x509::pkcs12::Access;

/// A private key in clear as PEM; wiped when dropped.
pub type KeyText = Zeroizing<String>;

/// The private keys of one file.
#[derive(Default)]
#[allow(missing_debug_implementations)] // It has private keys.
pub struct Keys {
    /// Those that whoever has the file has.
    pub clear: Vec<KeyText>,
    pub locked: Vec<Locked>,
    /// How those are protected that no passphrase opens here.
    pub unsupported: Vec<String>,
}

/// Something that a passphrase opens.
#[derive(Debug)]
pub struct Locked {
    lock: Lock,
    /// How it is protected, for a person.
    pub scheme: String,
}

#[derive(Debug)]
enum Lock {
    Key(Box<LockedKey>),
    /// PEM that is left to the program `openssl`.
    OpenSsl(String),
    Pkcs12(Vec<u8>),
}

#[derive(Debug)]
struct LockedKey {
    form: Form,
    scheme: Scheme,
    data: Vec<u8>,
}

/// What is inside: how its PEM block is called, and how it is known to be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Pkcs8,
    Pkcs1,
    Sec1,
}

/// What was behind a passphrase.
#[allow(missing_debug_implementations)] // It has private keys.
pub struct Opened {
    /// What else was there, in the order of the file.
    pub found: Vec<Found>,
    pub keys: Vec<KeyText>,
}

/// Why something stays closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    #[error("it is protected in a way that is not supported")]
    Unsupported,
    #[error(
        "only `openssl` opens this old encryption, and it is not on the PATH; install it, or convert a copy of the key where it is: \
         `openssl pkey -aes256 -in FILE -out NEW`"
    )]
    NoOpenSsl,
    #[error(
        "the `openssl` here does not open this old encryption (its legacy provider is missing); convert a copy of the key where it is: \
         `openssl pkey -aes256 -in FILE -out NEW`"
    )]
    NoLegacyProvider,
}

/// Every private key of a file, but those of OpenSSH and age, which no certificate is for. What is damaged is left out: what a file is
/// and what is wrong with it `document` tells.
pub fn keys(bytes: &[u8]) -> Keys {
    let mut keys = Keys::default();
    if sniff::looks_like_der(bytes) {
        keys.add_der(bytes);
    } else {
        for block in pem::read(bytes).into_iter().flatten() {
            keys.add_block(&block);
        }
    }
    keys
}

impl Keys {
    pub fn is_empty(&self) -> bool {
        self.clear.is_empty() && self.locked.is_empty() && self.unsupported.is_empty()
    }

    fn add_der(&mut self, der: &[u8]) {
        let Ok(found) = sniff::der(der, None) else {
            return;
        };
        match found.first().map(|found| &found.object) {
            Some(Object::Pkcs12(_)) => self.add_pkcs12(der),
            Some(Object::PrivateKey(_)) => match Form::of(der) {
                Some(form) => self.clear.push(form.pem(der)),
                None => self.add_encrypted_pkcs8(der),
            },
            _ => {}
        }
    }

    /// The empty password protects nothing.
    fn add_pkcs12(&mut self, der: &[u8]) {
        match pkcs12::open(der, None) {
            Ok(opened) if opened.access == Access::Open => {
                let keys = opened.keys.iter();
                self.clear.extend(keys.map(|key| Form::Pkcs8.pem(key)));
            }
            Ok(opened) if opened.access == Access::Unsupported => {
                self.unsupported.push("PKCS#12".to_owned());
            }
            Ok(_) => self.locked.push(Locked {
                lock: Lock::Pkcs12(der.to_vec()),
                scheme: "PKCS#12".to_owned(),
            }),
            Err(_) => {}
        }
    }

    fn add_block(&mut self, block: &Block) {
        if block.is_encrypted() {
            if Form::of_label(&block.label).is_some() {
                let scheme = Scheme::of_headers(&block.headers);
                let pem = armoured(&block.label, &block.headers, &block.contents);
                self.add_lock(&scheme, |_| Lock::OpenSsl(pem));
            }
        } else if block.is_private_key() {
            self.add_key(block);
        }
    }

    /// By what it holds: other programs read it whatever its label says. The label tells of one that is damaged.
    fn add_key(&mut self, block: &Block) {
        match Form::of(&block.contents) {
            Some(form) => self.clear.push(form.pem(&block.contents)),
            None if encrypted_pkcs8(&block.contents).is_ok() => {
                self.add_encrypted_pkcs8(&block.contents);
            }
            None => {
                let labelled = Form::of_label(&block.label);
                let damaged = labelled.map(|form| form.pem(&block.contents));
                self.clear.extend(damaged);
            }
        }
    }

    fn add_encrypted_pkcs8(&mut self, der: &[u8]) {
        let Ok((scheme, data)) = encrypted_pkcs8(der) else {
            return;
        };
        self.add_lock(&scheme, |opener| match opener {
            Opener::OpenSsl => Lock::OpenSsl(armoured("ENCRYPTED PRIVATE KEY", &[], der)),
            Opener::Us | Opener::Nobody => Lock::Key(Box::new(LockedKey {
                form: Form::Pkcs8,
                scheme: scheme.clone(),
                data: data.to_vec(),
            })),
        });
    }

    fn add_lock(&mut self, scheme: &Scheme, lock: impl FnOnce(Opener) -> Lock) {
        let opener = scheme.opener();
        let scheme = scheme.to_string();
        match opener {
            Opener::Us | Opener::OpenSsl => self.locked.push(Locked {
                lock: lock(opener),
                scheme,
            }),
            Opener::Nobody => self.unsupported.push(scheme),
        }
    }
}

/// A PEM block with its headers (RFC 1421 §4.4), in lines that OpenSSL takes.
fn armoured(label: &str, headers: &[String], encrypted: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    for header in headers {
        text.push_str(header);
        text.push('\n');
    }
    if !headers.is_empty() {
        text.push('\n');
    }
    for (place, letter) in BASE64_STANDARD.encode(encrypted).chars().enumerate() {
        if place > 0 && place % 64 == 0 {
            text.push('\n');
        }
        text.push(letter);
    }
    text + &format!("\n-----END {label}-----\n")
}

/// `EncryptedPrivateKeyInfo` (RFC 5958 §3).
fn encrypted_pkcs8(der: &[u8]) -> der::Result<(Scheme, &[u8])> {
    SliceReader::new(der)?.sequence(|reader| {
        let algorithm = AlgorithmIdentifierRef::decode(reader)?;
        let data = <&OctetStringRef>::decode(reader)?.as_bytes();
        Ok((Scheme::read(&algorithm), data))
    })
}

impl Locked {
    /// The PEM to give to `openssl pkey` with the passphrase, where [`Locked::open`] leaves it to that.
    pub fn for_openssl(&self) -> Option<&str> {
        match &self.lock {
            Lock::OpenSsl(pem) => Some(pem),
            Lock::Key(_) | Lock::Pkcs12(_) => None,
        }
    }

    /// Tries a passphrase.
    ///
    /// # Errors
    /// `Refusal`.
    pub fn open(&self, passphrase: &str) -> Result<Opened, Refusal> {
        match &self.lock {
            Lock::OpenSsl(_) => Err(Refusal::Unsupported),
            Lock::Key(key) => key.open(passphrase).map(|text| Opened {
                found: Vec::new(),
                keys: vec![text],
            }),
            Lock::Pkcs12(bytes) => open_pkcs12(bytes, passphrase),
        }
    }
}

impl LockedKey {
    /// Of wrong passphrases one in 256 gives well-padded noise, so what comes out has to be a key as well.
    fn open(&self, passphrase: &str) -> Result<KeyText, Refusal> {
        let password = Password::new(passphrase);
        let der = self
            .scheme
            .decrypt(&password, &self.data)
            .map_err(|closed| match closed {
                Closed::WrongPassword => Refusal::WrongPassphrase,
                Closed::Unsupported => Refusal::Unsupported,
            })?;
        match self.form.check(&der) {
            Ok(()) => Ok(self.form.pem(&der)),
            Err(_) => Err(Refusal::WrongPassphrase),
        }
    }
}

fn open_pkcs12(bytes: &[u8], passphrase: &str) -> Result<Opened, Refusal> {
    let opened = pkcs12::open(bytes, Some(passphrase)).map_err(|_| Refusal::Unsupported)?;
    match opened.access {
        Access::Open => Ok(Opened {
            found: opened.found,
            keys: opened.keys.iter().map(|key| Form::Pkcs8.pem(key)).collect(),
        }),
        Access::Unsupported => Err(Refusal::Unsupported),
        Access::NeedsPassword | Access::WrongPassword => Err(Refusal::WrongPassphrase),
    }
}

impl Form {
    const ALL: [Self; 3] = [Self::Pkcs8, Self::Pkcs1, Self::Sec1];

    fn of_label(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.label() == label)
    }

    fn of(der: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.check(der).is_ok())
    }

    fn label(self) -> &'static str {
        match self {
            Self::Pkcs8 => "PRIVATE KEY",
            Self::Pkcs1 => "RSA PRIVATE KEY",
            Self::Sec1 => "EC PRIVATE KEY",
        }
    }

    fn check(self, der: &[u8]) -> Result<(), DocumentDefect> {
        let read = match self {
            Self::Pkcs8 => private_key::pkcs8,
            Self::Pkcs1 => private_key::pkcs1,
            Self::Sec1 => private_key::sec1,
        };
        read(der).map(drop)
    }

    /// One long line (RFC 7468 §3 lets readers take it): nothing is left behind by growing buffers.
    pub(super) fn pem(self, der: &[u8]) -> KeyText {
        let label = self.label();
        let length = der.len().div_ceil(3) * 4 + 2 * label.len() + 40;
        let mut text = Zeroizing::new(String::with_capacity(length));
        text.push_str("-----BEGIN ");
        text.push_str(label);
        text.push_str("-----\n");
        BASE64_STANDARD.encode_string(der, &mut text);
        text.push_str("\n-----END ");
        text.push_str(label);
        text.push_str("-----\n");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf 'key' | openssl enc …` would do; what matters is that noise is no key.
    #[test]
    fn well_padded_noise_is_no_key() {
        for form in Form::ALL {
            assert!(form.check(b"\x30\x03\x02\x01\x00").is_err());
            assert!(form.check(b"noise").is_err());
        }
    }

    #[test]
    fn nothing_is_taken_out_of_what_holds_no_key() {
        for bytes in [
            b"".as_slice(),
            b"\x30\x82\xff\xff\x02\x01\x00\x00\x00",
            b"-----BEGIN OPENSSH PRIVATE KEY-----\nQUJD\n-----END OPENSSH PRIVATE KEY-----\n",
            b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nQUJD\n-----END ENCRYPTED PRIVATE KEY-----\n",
            b"\xff\xfe",
        ] {
            assert!(keys(bytes).is_empty());
        }
    }
}
