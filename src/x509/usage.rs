//! What a key may be used for: key usages and extended key usages in cfssl's words, and what a leaf or an authority gets from them.

use std::collections::BTreeSet;
use std::fmt;

use strsim::levenshtein;
use thiserror::Error;

use super::key::KeyAlgorithm;
use crate::x509::name::is_dotted_oid;
use crate::x509::oid;

/// A bit of the key usage extension (RFC 5280 §4.2.1.3), in bit order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyUsage {
    DigitalSignature,
    ContentCommitment,
    KeyEncipherment,
    DataEncipherment,
    KeyAgreement,
    CertSign,
    CrlSign,
    EncipherOnly,
    DecipherOnly,
}

/// A purpose of the extended key usage extension (RFC 5280 §4.2.1.12).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExtendedKeyUsage {
    Any,
    ServerAuth,
    ClientAuth,
    CodeSigning,
    EmailProtection,
    Timestamping,
    OcspSigning,
    IpsecEndSystem,
    IpsecTunnel,
    IpsecUser,
    MicrosoftSgc,
    NetscapeSgc,
    /// Any other purpose, as a dotted object identifier.
    Other(String),
}

/// The usages of one certificate.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Usages {
    pub key: BTreeSet<KeyUsage>,
    pub extended: BTreeSet<ExtendedKeyUsage>,
}

/// Why declared usages cannot stand in a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UsageError {
    #[error("unknown usage {word:?}{}", did_you_mean(.nearest.as_deref()))]
    Unknown {
        word: String,
        nearest: Option<String>,
    },
    #[error(
        "usage \"cert sign\" belongs to authorities; a leaf with it is refused by every verifier (RFC 5280 §4.2.1.9): remove it"
    )]
    CertSignOnLeaf,
}

/// cfssl's words. The first word of a usage is the one we show.
const KEY_USAGES: [(&str, KeyUsage); 10] = [
    ("digital signature", KeyUsage::DigitalSignature),
    // cfssl means digitalSignature by it, not certificate signing.
    ("signing", KeyUsage::DigitalSignature),
    ("content commitment", KeyUsage::ContentCommitment),
    ("key encipherment", KeyUsage::KeyEncipherment),
    ("data encipherment", KeyUsage::DataEncipherment),
    ("key agreement", KeyUsage::KeyAgreement),
    ("cert sign", KeyUsage::CertSign),
    ("crl sign", KeyUsage::CrlSign),
    ("encipher only", KeyUsage::EncipherOnly),
    ("decipher only", KeyUsage::DecipherOnly),
];

const EXTENDED_KEY_USAGES: [(&str, ExtendedKeyUsage, &str); 13] = [
    ("any", ExtendedKeyUsage::Any, oid::ANY_EXTENDED_KEY_USAGE),
    (
        "server auth",
        ExtendedKeyUsage::ServerAuth,
        oid::SERVER_AUTH,
    ),
    (
        "client auth",
        ExtendedKeyUsage::ClientAuth,
        oid::CLIENT_AUTH,
    ),
    (
        "code signing",
        ExtendedKeyUsage::CodeSigning,
        oid::CODE_SIGNING,
    ),
    (
        "email protection",
        ExtendedKeyUsage::EmailProtection,
        oid::EMAIL_PROTECTION,
    ),
    (
        "s/mime",
        ExtendedKeyUsage::EmailProtection,
        oid::EMAIL_PROTECTION,
    ),
    (
        "ipsec end system",
        ExtendedKeyUsage::IpsecEndSystem,
        oid::IPSEC_END_SYSTEM,
    ),
    (
        "ipsec tunnel",
        ExtendedKeyUsage::IpsecTunnel,
        oid::IPSEC_TUNNEL,
    ),
    ("ipsec user", ExtendedKeyUsage::IpsecUser, oid::IPSEC_USER),
    (
        "timestamping",
        ExtendedKeyUsage::Timestamping,
        oid::TIME_STAMPING,
    ),
    (
        "ocsp signing",
        ExtendedKeyUsage::OcspSigning,
        oid::OCSP_SIGNING,
    ),
    (
        "microsoft sgc",
        ExtendedKeyUsage::MicrosoftSgc,
        oid::MICROSOFT_SERVER_GATED_CRYPTO,
    ),
    (
        "netscape sgc",
        ExtendedKeyUsage::NetscapeSgc,
        oid::NETSCAPE_SERVER_GATED_CRYPTO,
    ),
];

impl KeyUsage {
    /// All usages, in the order of their bits in the extension.
    pub const ALL: [Self; 9] = [
        Self::DigitalSignature,
        Self::ContentCommitment,
        Self::KeyEncipherment,
        Self::DataEncipherment,
        Self::KeyAgreement,
        Self::CertSign,
        Self::CrlSign,
        Self::EncipherOnly,
        Self::DecipherOnly,
    ];

    /// The word for it in a declaration.
    pub fn word(self) -> &'static str {
        KEY_USAGES
            .iter()
            .find(|(_, usage)| *usage == self)
            .map_or("", |(word, _)| word)
    }
}

impl ExtendedKeyUsage {
    /// The usage with this dotted object identifier.
    pub fn from_oid(oid: &str) -> Self {
        let known = EXTENDED_KEY_USAGES
            .iter()
            .find(|(_, _, known)| *known == oid);
        known.map_or_else(
            || Self::Other(oid.to_owned()),
            |(_, usage, _)| usage.clone(),
        )
    }

    /// The dotted object identifier.
    pub fn oid(&self) -> &str {
        match self {
            Self::Other(oid) => oid,
            known => EXTENDED_KEY_USAGES
                .iter()
                .find(|(_, usage, _)| usage == known)
                .map_or("", |(.., oid)| oid),
        }
    }

    /// The word for it in a declaration; the object identifier where there is none.
    pub fn word(&self) -> &str {
        match self {
            Self::Other(oid) => oid,
            known => EXTENDED_KEY_USAGES
                .iter()
                .find(|(_, usage, _)| usage == known)
                .map_or("", |(word, ..)| word),
        }
    }
}

impl Usages {
    /// Reads usages in cfssl's words, or extended ones as dotted object identifiers.
    ///
    /// # Errors
    /// Every unknown word, each with the nearest known one.
    pub fn parse<S: AsRef<str>>(words: &[S]) -> Result<Self, Vec<UsageError>> {
        let mut usages = Self::default();
        let faults: Vec<_> = words
            .iter()
            .filter_map(|word| usages.add(word.as_ref()).err())
            .collect();
        if faults.is_empty() {
            Ok(usages)
        } else {
            Err(faults)
        }
    }

    /// What a leaf with this key gets: as declared, and where no key usage is declared what TLS needs of the key, a signature and for
    /// RSA also key transport.
    ///
    /// # Errors
    /// `CertSignOnLeaf`.
    pub fn for_leaf(&self, key: KeyAlgorithm) -> Result<Self, UsageError> {
        if self.key.contains(&KeyUsage::CertSign) {
            return Err(UsageError::CertSignOnLeaf);
        }
        let mut usages = self.clone();
        if usages.key.is_empty() {
            usages.key.insert(KeyUsage::DigitalSignature);
            usages
                .key
                .extend(key.is_rsa().then_some(KeyUsage::KeyEncipherment));
        }
        Ok(usages)
    }

    /// What an authority gets: it signs certificates and CRLs, and documents (OCSP answers) where declared.
    ///
    /// Extended key usages are left out on purpose: on an authority they restrict everything below it, which people who copy a leaf's list
    /// do not mean; cfssl left them out too.
    #[must_use]
    pub fn for_authority(&self) -> Self {
        let mut key = BTreeSet::from([KeyUsage::CertSign, KeyUsage::CrlSign]);
        key.extend(self.key.get(&KeyUsage::DigitalSignature));
        Self {
            key,
            extended: BTreeSet::new(),
        }
    }

    /// Declared key usages that keys of this algorithm cannot serve: enciphering with a signature key (RFC 8813 §3, RFC 8410 §5), agreeing
    /// on keys with RSA (RFC 3279 §2.3.1). They are issued as declared; verifiers ignore them.
    pub fn unfit_for(&self, key: KeyAlgorithm) -> BTreeSet<KeyUsage> {
        let unfit: &[KeyUsage] = match key {
            KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa3072 | KeyAlgorithm::Rsa4096 => {
                &[KeyUsage::KeyAgreement]
            }
            KeyAlgorithm::EcdsaP256 | KeyAlgorithm::EcdsaP384 | KeyAlgorithm::EcdsaP521 => {
                &[KeyUsage::KeyEncipherment, KeyUsage::DataEncipherment]
            }
            KeyAlgorithm::Ed25519 => &[
                KeyUsage::KeyEncipherment,
                KeyUsage::DataEncipherment,
                KeyUsage::KeyAgreement,
            ],
        };
        unfit
            .iter()
            .copied()
            .filter(|usage| self.key.contains(usage))
            .collect()
    }

    /// The words for all usages, key usages first.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.key
            .iter()
            .map(|usage| usage.word())
            .chain(self.extended.iter().map(ExtendedKeyUsage::word))
    }

    fn add(&mut self, word: &str) -> Result<(), UsageError> {
        if let Some((_, usage)) = KEY_USAGES.iter().find(|(known, _)| *known == word) {
            self.key.insert(*usage);
        } else if let Some((_, usage, _)) = EXTENDED_KEY_USAGES
            .iter()
            .find(|(known, ..)| *known == word)
        {
            self.extended.insert(usage.clone());
        } else if is_dotted_oid(word) {
            self.extended.insert(ExtendedKeyUsage::from_oid(word));
        } else {
            return Err(UsageError::Unknown {
                word: word.to_owned(),
                nearest: nearest_word(word),
            });
        }
        Ok(())
    }
}

impl fmt::Display for KeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl fmt::Display for ExtendedKeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(
        || {
            format!(
                "; known are {}, or a dotted object identifier",
                known_words().collect::<Vec<_>>().join(", ")
            )
        },
        |word| format!("; did you mean {word:?}?"),
    )
}

fn known_words() -> impl Iterator<Item = &'static str> {
    KEY_USAGES
        .iter()
        .map(|(word, _)| *word)
        .chain(EXTENDED_KEY_USAGES.iter().map(|(word, ..)| *word))
}

/// The known word at the smallest edit distance, if that is within a third of the word: `serverAuth` is near, `foo` is not.
fn nearest_word(word: &str) -> Option<String> {
    let spoken: String = word.chars().take(64).flat_map(split_camel_case).collect();
    let (distance, nearest) = known_words()
        .map(|known| (levenshtein(&spoken, known), known))
        .min()?;
    (distance * 3 <= nearest.len()).then(|| nearest.to_owned())
}

/// People write OpenSSL's `serverAuth` and `server-auth`.
fn split_camel_case(c: char) -> Vec<char> {
    match c {
        '_' | '-' => vec![' '],
        c if c.is_ascii_uppercase() => vec![' ', c.to_ascii_lowercase()],
        c => vec![c],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ExtendedKeyUsage as Eku;

    #[test]
    fn knows_every_word_of_cfssl() {
        let words: Vec<_> = known_words().collect();
        let usages = Usages::parse(&words).unwrap();
        assert_eq!(usages.key.len(), 9);
        assert_eq!(usages.extended.len(), 12);
    }

    #[test]
    fn takes_signing_for_digital_signature_and_smime_for_email_protection() {
        let usages = Usages::parse(&["signing", "digital signature", "s/mime"]).unwrap();
        assert_eq!(
            usages.words().collect::<Vec<_>>(),
            ["digital signature", "email protection"]
        );
    }

    #[test]
    fn reads_object_identifiers_known_and_unknown() {
        let usages = Usages::parse(&["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.2.3.5"]).unwrap();
        assert_eq!(
            usages.extended,
            BTreeSet::from([Eku::ServerAuth, Eku::Other("1.3.6.1.5.2.3.5".into())])
        );
    }

    #[test]
    fn reports_every_unknown_word_with_the_nearest_known_one() {
        let faults = Usages::parse(&[
            "sever auth",
            "server auth",
            "serverAuth",
            "client-auth",
            "foo",
        ])
        .unwrap_err();
        let nearest: Vec<_> = faults
            .iter()
            .map(|fault| match fault {
                UsageError::Unknown { nearest, .. } => nearest.as_deref(),
                UsageError::CertSignOnLeaf => panic!("{fault}"),
            })
            .collect();
        assert_eq!(
            nearest,
            [
                Some("server auth"),
                Some("server auth"),
                Some("client auth"),
                None
            ]
        );
        assert_eq!(
            faults[0].to_string(),
            "unknown usage \"sever auth\"; did you mean \"server auth\"?"
        );
        assert!(
            faults[3]
                .to_string()
                .contains("known are digital signature, signing")
        );
    }

    #[test]
    fn gives_a_leaf_the_key_usage_tls_needs_where_none_is_declared() {
        let declared = Usages::parse(&["server auth"]).unwrap();
        let rsa = declared.for_leaf(KeyAlgorithm::Rsa2048).unwrap();
        assert_eq!(
            rsa.words().collect::<Vec<_>>(),
            ["digital signature", "key encipherment", "server auth"]
        );
        let ecdsa = declared.for_leaf(KeyAlgorithm::EcdsaP256).unwrap();
        assert_eq!(
            ecdsa.words().collect::<Vec<_>>(),
            ["digital signature", "server auth"]
        );
    }

    #[test]
    fn keeps_declared_key_usages_of_a_leaf() {
        let declared = Usages::parse(&["key agreement"]).unwrap();
        assert_eq!(
            declared.for_leaf(KeyAlgorithm::Rsa2048),
            Ok(declared.clone())
        );
        assert_eq!(
            declared.unfit_for(KeyAlgorithm::Rsa2048),
            BTreeSet::from([KeyUsage::KeyAgreement])
        );
        assert_eq!(declared.unfit_for(KeyAlgorithm::EcdsaP256), BTreeSet::new());
    }

    #[test]
    fn refuses_a_leaf_that_signs_certificates() {
        let declared = Usages::parse(&["cert sign"]).unwrap();
        assert_eq!(
            declared.for_leaf(KeyAlgorithm::EcdsaP256),
            Err(UsageError::CertSignOnLeaf)
        );
    }

    #[test]
    fn gives_an_authority_signing_only() {
        let declared =
            Usages::parse(&["signing", "key encipherment", "server auth", "client auth"]).unwrap();
        let words = declared.for_authority();
        assert_eq!(
            words.words().collect::<Vec<_>>(),
            ["digital signature", "cert sign", "crl sign"]
        );
    }
}
