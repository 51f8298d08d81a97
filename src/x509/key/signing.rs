//! Private keys: makes them, signs with them, and always writes PKCS#8 version 1. Reading other forms is in `load`, sealing in `seal`.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use der::Decode as _;
use der::asn1::ObjectIdentifier;
use thiserror::Error;
use x509_cert::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use zeroize::Zeroizing;

use super::load;
use crate::x509::digest::{Digest, sha1};
use crate::x509::key::{FoundKeyAlgorithm, KeyAlgorithm, KeyFingerprint};
use crate::x509::oid;
use crate::x509::pem::PemFlaw;
use crate::x509::pem::write::pem_text;
use crate::x509::voucher::{Voucher, statement};

/// A private key that can sign certificates. The secret is held by aws-lc, which wipes it on drop; it is never shown.
pub struct PrivateKey {
    pair: Pair,
    spki: Vec<u8>,
}

pub(crate) enum Pair {
    Rsa(RsaKeyPair),
    Ecdsa(Curve, EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

/// Why a private key cannot be made, loaded or used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyError {
    #[error("the private key is empty")]
    Empty,
    #[error("the private key is not PEM; expected \"-----BEGIN PRIVATE KEY-----\"")]
    NotPem,
    #[error(
        "the key is in DER, and most programs read PEM; `openssl pkey -inform DER` converts it"
    )]
    Der,
    #[error("the key is in Base64 once more; `base64 -d` takes that off")]
    Base64,
    #[error("{0}")]
    Pem(#[from] PemFlaw),
    #[error("this is a certificate, not a private key")]
    Certificate,
    #[error("no private key in it, only {found}")]
    NoPrivateKey { found: String },
    #[error("{count} private keys in it; keep one")]
    Several { count: usize },
    #[error(
        "the private key is protected with a passphrase; remove it with \"openssl pkey\", age protects the file"
    )]
    Encrypted,
    #[error(
        "this is an OpenSSH key; certificates need a PKCS#8 key: convert it with \"ssh-keygen -p -m PKCS8\""
    )]
    OpenSsh,
    #[error(
        "{algorithm} keys are not supported; use rsa 2048 to 8192, ecdsa 256, 384, 521 or ed25519"
    )]
    Unsupported { algorithm: String },
    #[error("the {tag} is damaged: it cannot be decoded or its numbers do not fit together")]
    Damaged { tag: String },
    #[error("making a key ({algorithm}) failed in the cryptographic library")]
    Generate { algorithm: KeyAlgorithm },
    #[error("using the key failed in the cryptographic library")]
    Library,
}

/// How a certificate names a signature, with the parameters RFC 8017, RFC 5758 and RFC 8410 prescribe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignatureAlgorithm {
    Sha256WithRsa,
    EcdsaWithSha256,
    EcdsaWithSha384,
    EcdsaWithSha512,
    Ed25519,
}

impl PrivateKey {
    /// Makes a new key. RSA keys take up to seconds.
    ///
    /// # Errors
    /// `Generate` when the cryptographic library has no randomness.
    pub fn generate(algorithm: KeyAlgorithm) -> Result<Self, KeyError> {
        let failed = |_| KeyError::Generate { algorithm };
        let rsa = |size| RsaKeyPair::generate(size).map(Pair::Rsa).map_err(failed);
        let ecdsa = |curve: Curve| {
            EcdsaKeyPair::generate(curve.signing())
                .map(|pair| Pair::Ecdsa(curve, pair))
                .map_err(failed)
        };
        let pair = match algorithm {
            KeyAlgorithm::Rsa2048 => rsa(KeySize::Rsa2048),
            KeyAlgorithm::Rsa3072 => rsa(KeySize::Rsa3072),
            KeyAlgorithm::Rsa4096 => rsa(KeySize::Rsa4096),
            KeyAlgorithm::Ed25519 => Ed25519KeyPair::generate()
                .map(Pair::Ed25519)
                .map_err(failed),
            KeyAlgorithm::EcdsaP256 => ecdsa(Curve::P256),
            KeyAlgorithm::EcdsaP384 => ecdsa(Curve::P384),
            KeyAlgorithm::EcdsaP521 => ecdsa(Curve::P521),
        }?;
        Self::from_pair(pair)
    }

    /// Loads a private key from PEM: PKCS#8 version 1 and 2, PKCS#1, SEC 1, with or without `EC PARAMETERS` in front.
    ///
    /// # Errors
    /// `KeyError` says what else it is, or that it is damaged.
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyError> {
        Self::from_pair(load::from_pem(pem)?)
    }

    /// The algorithm; a foreign key may have a size we do not make.
    pub fn algorithm(&self) -> FoundKeyAlgorithm {
        match &self.pair {
            Pair::Rsa(pair) => FoundKeyAlgorithm::rsa(pair.public_modulus_len() * 8),
            Pair::Ecdsa(curve, _) => FoundKeyAlgorithm::Known(curve.key_algorithm()),
            Pair::Ed25519(_) => FoundKeyAlgorithm::Known(KeyAlgorithm::Ed25519),
        }
    }

    /// The public key as DER `SubjectPublicKeyInfo`.
    pub fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    /// The fingerprint of the public key.
    pub fn fingerprint(&self) -> KeyFingerprint {
        KeyFingerprint::of_spki(&self.spki)
    }

    /// The key as PKCS#8 version 1 PEM, whatever form it was loaded from: OpenSSL 3.0 and Go read no version 2.
    ///
    /// # Errors
    /// `Library`.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        Ok(pem_text("PRIVATE KEY", &self.to_pkcs8()?))
    }

    /// The same as DER.
    ///
    /// # Errors
    /// `Library`.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        match &self.pair {
            Pair::Rsa(pair) => {
                AsDer::<Pkcs8V1Der<'_>>::as_der(pair).map(|der| der.as_ref().to_vec().into())
            }
            Pair::Ecdsa(_, pair) => pair.to_pkcs8v1().map(|der| der.as_ref().to_vec().into()),
            Pair::Ed25519(pair) => pair.to_pkcs8v1().map(|der| der.as_ref().to_vec().into()),
        }
        .map_err(|_| KeyError::Library)
    }

    /// States that this certificate (its DER) or key (its DER `SubjectPublicKeyInfo`) was the artifact's before this key was.
    ///
    /// # Errors
    /// `Library`.
    pub fn vouch(&self, predecessor: &[u8]) -> Result<Voucher, KeyError> {
        let of = Digest::of(predecessor);
        let signature = self.sign(&statement(&of, &self.fingerprint()))?;
        Ok(Voucher { of, signature })
    }

    /// The only place that signs: a key in a token or a service would stand in for this one here. The hash belongs to the key: SHA-256 for RSA
    /// and P-256, SHA-384 for P-384, SHA-512 for P-521, as in Go.
    ///
    /// # Errors
    /// `Library`.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let random = SystemRandom::new();
        let signature = match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map(|()| signature)
            }
            Pair::Ecdsa(_, pair) => pair
                .sign(&random, message)
                .map(|signature| signature.as_ref().to_vec()),
            Pair::Ed25519(pair) => pair
                .try_sign(message)
                .map(|signature| signature.as_ref().to_vec()),
        };
        signature.map_err(|_| KeyError::Library)
    }

    pub(crate) fn signature_algorithm(&self) -> SignatureAlgorithm {
        match &self.pair {
            Pair::Rsa(_) => SignatureAlgorithm::Sha256WithRsa,
            Pair::Ecdsa(Curve::P256, _) => SignatureAlgorithm::EcdsaWithSha256,
            Pair::Ecdsa(Curve::P384, _) => SignatureAlgorithm::EcdsaWithSha384,
            Pair::Ecdsa(Curve::P521, _) => SignatureAlgorithm::EcdsaWithSha512,
            Pair::Ed25519(_) => SignatureAlgorithm::Ed25519,
        }
    }

    fn from_pair(pair: Pair) -> Result<Self, KeyError> {
        let spki: PublicKeyX509Der<'_> = match &pair {
            Pair::Rsa(pair) => pair.public_key().as_der(),
            Pair::Ecdsa(_, pair) => pair.public_key().as_der(),
            Pair::Ed25519(pair) => pair.public_key().as_der(),
        }
        .map_err(|_| KeyError::Library)?;
        Ok(Self {
            spki: spki.as_ref().to_vec(),
            pair,
        })
    }
}

/// A public key (DER `SubjectPublicKeyInfo`) as PEM text (RFC 7468 §13) with LF line ends.
pub fn public_to_pem(spki: &[u8]) -> String {
    String::clone(&pem_text("PUBLIC KEY", spki))
}

impl Curve {
    pub(crate) const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    pub(crate) fn oid(self) -> ObjectIdentifier {
        ObjectIdentifier::new_unwrap(match self {
            Self::P256 => oid::P256,
            Self::P384 => oid::P384,
            Self::P521 => oid::P521,
        })
    }

    fn key_algorithm(self) -> KeyAlgorithm {
        match self {
            Self::P256 => KeyAlgorithm::EcdsaP256,
            Self::P384 => KeyAlgorithm::EcdsaP384,
            Self::P521 => KeyAlgorithm::EcdsaP521,
        }
    }

    pub(crate) fn signing(self) -> &'static EcdsaSigningAlgorithm {
        match self {
            Self::P256 => &ECDSA_P256_SHA256_ASN1_SIGNING,
            Self::P384 => &ECDSA_P384_SHA384_ASN1_SIGNING,
            Self::P521 => &ECDSA_P521_SHA512_ASN1_SIGNING,
        }
    }
}

/// Shows the public side only.
impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey")
            .field("algorithm", &self.algorithm())
            .field("fingerprint", &self.fingerprint())
            .finish_non_exhaustive()
    }
}

impl SignatureAlgorithm {
    /// The DER `AlgorithmIdentifier`.
    pub(crate) fn identifier(self) -> AlgorithmIdentifierRef<'static> {
        let oid = ObjectIdentifier::new_unwrap(match self {
            Self::Sha256WithRsa => oid::SHA256_WITH_RSA,
            Self::EcdsaWithSha256 => oid::ECDSA_WITH_SHA256,
            Self::EcdsaWithSha384 => oid::ECDSA_WITH_SHA384,
            Self::EcdsaWithSha512 => oid::ECDSA_WITH_SHA512,
            Self::Ed25519 => oid::ED25519,
        });
        // RFC 8017 §A.2.4 wants NULL, RFC 5758 §3.2 and RFC 8410 §3 want nothing.
        let parameters = matches!(self, Self::Sha256WithRsa).then_some(der::asn1::AnyRef::NULL);
        AlgorithmIdentifierRef { oid, parameters }
    }
}

/// The key identifier every CA tool computes: SHA-1 over the public key's bits (RFC 5280 §4.2.1.2, method 1). Not a security function.
///
/// # Errors
/// `Damaged` when the bytes are no `SubjectPublicKeyInfo`.
pub fn key_identifier(spki: &[u8]) -> Result<[u8; 20], KeyError> {
    let parsed = SubjectPublicKeyInfoRef::from_der(spki).map_err(|_| KeyError::Damaged {
        tag: "PUBLIC KEY".to_owned(),
    })?;
    Ok(sha1(parsed.subject_public_key.raw_bytes()))
}

#[cfg(test)]
mod tests {
    use der::{Header, SliceReader};

    use super::*;

    const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

    fn error(pem: &str) -> KeyError {
        PrivateKey::from_pem(pem.as_bytes()).unwrap_err()
    }

    fn p256() -> Zeroizing<String> {
        PrivateKey::generate(KeyAlgorithm::EcdsaP256)
            .unwrap()
            .to_pem()
            .unwrap()
    }

    #[test]
    fn reads_back_every_algorithm_it_makes() {
        for algorithm in KeyAlgorithm::ALL {
            let key = PrivateKey::generate(algorithm).unwrap();
            let pem = key.to_pem().unwrap();
            let again = PrivateKey::from_pem(pem.as_bytes()).unwrap();
            assert_eq!(
                PrivateKey::algorithm(&again),
                FoundKeyAlgorithm::Known(algorithm)
            );
            assert_eq!(again.fingerprint(), key.fingerprint());
            assert_eq!(*again.to_pem().unwrap(), *pem);
        }
    }

    #[test]
    fn writes_version_1_of_pkcs8() {
        for algorithm in KeyAlgorithm::ALL {
            let pem = PrivateKey::generate(algorithm).unwrap().to_pem().unwrap();
            let der = pem::parse(pem.as_bytes()).unwrap().into_contents();
            let mut reader = SliceReader::new(&der).unwrap();
            Header::decode(&mut reader).unwrap();
            assert_eq!(u8::decode(&mut reader).unwrap(), 0, "{algorithm}");
        }
    }

    #[test]
    fn its_public_key_verifies_what_it_signs_with_every_algorithm() {
        use aws_lc_rs::signature as verify;
        for algorithm in KeyAlgorithm::ALL {
            let key = PrivateKey::generate(algorithm).unwrap();
            let signature = key.sign(b"message").unwrap();
            let by: &dyn verify::VerificationAlgorithm = match key.signature_algorithm() {
                SignatureAlgorithm::Sha256WithRsa => &verify::RSA_PKCS1_2048_8192_SHA256,
                SignatureAlgorithm::EcdsaWithSha256 => &verify::ECDSA_P256_SHA256_ASN1,
                SignatureAlgorithm::EcdsaWithSha384 => &verify::ECDSA_P384_SHA384_ASN1,
                SignatureAlgorithm::EcdsaWithSha512 => &verify::ECDSA_P521_SHA512_ASN1,
                SignatureAlgorithm::Ed25519 => &verify::ED25519,
            };
            let public = verify::UnparsedPublicKey::new(by, key.spki_der());
            assert_eq!(public.verify(b"message", &signature), Ok(()), "{algorithm}");
        }
    }

    #[test]
    fn never_shows_the_secret() {
        let shown = format!("{:?}", PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap());
        assert!(
            shown.starts_with("PrivateKey { algorithm: Known(Ed25519), fingerprint: "),
            "{shown}"
        );
        assert!(shown.ends_with("), .. }"), "{shown}");
    }

    #[test]
    fn says_what_it_is_instead_of_a_private_key() {
        let key = p256();
        assert_eq!(error(" \n"), KeyError::Empty);
        assert_eq!(error("hello"), KeyError::NotPem);
        assert_eq!(error(CERTIFICATE), KeyError::Certificate);
        assert_eq!(
            error(&CERTIFICATE.replace("CERTIFICATE", "PUBLIC KEY")),
            KeyError::NoPrivateKey {
                found: "PUBLIC KEY".into()
            }
        );
        assert_eq!(
            error(&format!("{}{}", *key, *key)),
            KeyError::Several { count: 2 }
        );
        let cut_off = PemFlaw::CutOff {
            label: "PRIVATE KEY".into(),
            line: 1,
        };
        assert_eq!(error(&key[..key.len() - 30]), KeyError::Pem(cut_off));
        assert_eq!(
            error(&CERTIFICATE.replace("CERTIFICATE", "PRIVATE KEY")),
            KeyError::Damaged {
                tag: "PRIVATE KEY".into()
            }
        );
        assert_eq!(
            error(&CERTIFICATE.replace("CERTIFICATE", "ENCRYPTED PRIVATE KEY")),
            KeyError::Encrypted
        );
        assert_eq!(
            error(
                "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"
            ),
            KeyError::Encrypted
        );
        assert_eq!(
            error(&CERTIFICATE.replace("CERTIFICATE", "OPENSSH PRIVATE KEY")),
            KeyError::OpenSsh
        );
        assert_eq!(
            error(&CERTIFICATE.replace("CERTIFICATE", "DSA PRIVATE KEY")),
            KeyError::Unsupported {
                algorithm: "dsa".into()
            }
        );
    }

    #[test]
    fn takes_a_key_that_stands_beside_its_certificate() {
        assert!(PrivateKey::from_pem(format!("{CERTIFICATE}{}", *p256()).as_bytes()).is_ok());
    }

    #[test]
    fn refuses_a_key_that_does_not_fit_its_public_half() {
        let der = pem::parse(p256().as_bytes()).unwrap().into_contents();
        let mut spoiled = der.clone();
        *spoiled.last_mut().unwrap() ^= 1;
        assert_eq!(
            error(&pem_text("PRIVATE KEY", &spoiled)),
            KeyError::Damaged {
                tag: "PRIVATE KEY".into()
            }
        );
    }
}
