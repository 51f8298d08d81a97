//! Verifies the signatures of certificates, requests and revocation lists. Validity, names and usages are other people's questions.

use aws_lc_rs::signature as lc;
use aws_lc_rs::signature::{UnparsedPublicKey, VerificationAlgorithm};
use der::asn1::BitStringRef;
use der::{Decode as _, Reader as _, SliceReader};
use x509_parser::prelude::FromDer as _;
use x509_parser::signature_algorithm::SignatureAlgorithm;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

use crate::x509::certificate::CertificateFacts;
use crate::x509::key::{FoundKeyAlgorithm, KeyAlgorithm, KeyFingerprint, algorithm as key};
use crate::x509::oid;
use crate::x509::voucher::{Voucher, statement};

/// Signature algorithms as OpenSSL names them.
const SIGNATURE_ALGORITHMS: [(&str, &str); 12] = [
    (oid::MD5_WITH_RSA, "md5WithRSAEncryption"),
    (oid::SHA1_WITH_RSA, "sha1WithRSAEncryption"),
    (oid::RSASSA_PSS, "rsassaPss"),
    (oid::SHA256_WITH_RSA, "sha256WithRSAEncryption"),
    (oid::SHA384_WITH_RSA, "sha384WithRSAEncryption"),
    (oid::SHA512_WITH_RSA, "sha512WithRSAEncryption"),
    (oid::ECDSA_WITH_SHA1, "ecdsa-with-SHA1"),
    (oid::ECDSA_WITH_SHA256, "ecdsa-with-SHA256"),
    (oid::ECDSA_WITH_SHA384, "ecdsa-with-SHA384"),
    (oid::ECDSA_WITH_SHA512, "ecdsa-with-SHA512"),
    (oid::ED25519, "ED25519"),
    (oid::ED448, "ED448"),
];

/// Whether the issuer named by the child is this one, by bytes, and its key made the child's signature.
///
/// RSA (PKCS#1 v1.5 and PSS) and ECDSA with SHA-256, -384 and -512, and Ed25519 are verified. SHA-1 and MD5 are not: OpenSSL at its
/// default security level and Go refuse them, so a certificate signed so has to be replaced anyway.
pub fn signed_by(child: &CertificateFacts, issuer: &CertificateFacts) -> bool {
    child.issuer.der() == issuer.subject.der()
        && signed_by_key(child, &issuer.spki).unwrap_or(false)
}

/// Whether a public key (DER of a `SubjectPublicKeyInfo`) made the child's signature; `None` where that cannot be verified.
pub fn signed_by_key(child: &CertificateFacts, spki: &[u8]) -> Option<bool> {
    Signed::read(&child.der).ok()?.made_by(spki)
}

/// Whether the key of a self-issued certificate made its own signature; `None` where that cannot be verified, as with SHA-1. The signature
/// of a root proves only that the root is whole, so nobody has to be refused for the last.
pub fn self_signature(root: &CertificateFacts) -> Option<bool> {
    if root.issuer.der() == root.subject.der() {
        signed_by_key(root, &root.spki)
    } else {
        Some(false)
    }
}

/// `SIGNED{…}` (RFC 5280 §4.1.1): what certificates, requests and revocation lists have around them.
pub(crate) struct Signed<'a> {
    /// The DER that was signed.
    pub(crate) content: &'a [u8],
    /// DER of an `AlgorithmIdentifier`.
    pub(crate) algorithm: &'a [u8],
    pub(crate) signature: &'a [u8],
}

impl<'a> Signed<'a> {
    pub(crate) fn read(der: &'a [u8]) -> der::Result<Self> {
        let mut reader = SliceReader::new(der)?;
        let signed = reader.sequence(|reader| {
            Ok::<_, der::Error>(Self {
                content: reader.tlv_bytes()?,
                algorithm: reader.tlv_bytes()?,
                signature: BitStringRef::decode(reader)?.raw_bytes(),
            })
        })?;
        reader.finish()?;
        Ok(signed)
    }

    /// Whether a public key (DER of a `SubjectPublicKeyInfo`) made the signature; `None` where that cannot be verified.
    pub(crate) fn made_by(&self, spki: &[u8]) -> Option<bool> {
        let (_, algorithm) = AlgorithmIdentifier::from_der(self.algorithm).ok()?;
        made_by_key(spki, &algorithm, self.content, self.signature)
    }
}

/// Whether a public key made a signature over this content; `None` where that cannot be verified.
pub(crate) fn made_by_key(
    spki: &[u8],
    algorithm: &AlgorithmIdentifier<'_>,
    content: &[u8],
    signature: &[u8],
) -> Option<bool> {
    let (_, key) = SubjectPublicKeyInfo::from_der(spki).ok()?;
    let verification = verification(algorithm, &key)?;
    let verifier = UnparsedPublicKey::new(verification, &key.subject_public_key.data);
    Some(verifier.verify(content, signature).is_ok())
}

/// Whether a public key (DER of a `SubjectPublicKeyInfo`) signed this statement as our own keys sign: each with the hash that belongs to it.
pub(crate) fn vouches(spki: &[u8], voucher: &Voucher) -> bool {
    use KeyAlgorithm::{EcdsaP256, EcdsaP384, EcdsaP521, Ed25519};
    let Ok((_, key)) = SubjectPublicKeyInfo::from_der(spki) else {
        return false;
    };
    let verification: &dyn VerificationAlgorithm = match key::algorithm(&key) {
        FoundKeyAlgorithm::Known(EcdsaP256) => &lc::ECDSA_P256_SHA256_ASN1,
        FoundKeyAlgorithm::Known(EcdsaP384) => &lc::ECDSA_P384_SHA384_ASN1,
        FoundKeyAlgorithm::Known(EcdsaP521) => &lc::ECDSA_P521_SHA512_ASN1,
        FoundKeyAlgorithm::Known(Ed25519) => &lc::ED25519,
        other if has_verified_modulus(&other) => &lc::RSA_PKCS1_2048_8192_SHA256,
        _ => return false,
    };
    let content = statement(&voucher.of, &KeyFingerprint::of_spki(spki));
    UnparsedPublicKey::new(verification, &key.subject_public_key.data)
        .verify(&content, &voucher.signature)
        .is_ok()
}

/// A signature algorithm as OpenSSL names it; its object identifier where we know no name.
pub(crate) fn algorithm_name(oid: &str) -> String {
    SIGNATURE_ALGORITHMS
        .iter()
        .find(|(known, _)| *known == oid)
        .map_or(oid, |(_, name)| name)
        .to_owned()
}

/// The verification that signature and key ask for together; `None` if they do not fit or are not supported.
fn verification(
    signature: &AlgorithmIdentifier<'_>,
    key: &SubjectPublicKeyInfo<'_>,
) -> Option<&'static dyn VerificationAlgorithm> {
    use KeyAlgorithm::{EcdsaP256, EcdsaP384, EcdsaP521, Ed25519};
    let key = key::algorithm(key);
    let oid = signature.algorithm.to_id_string();
    let ecdsa = |algorithm| match (oid.as_str(), algorithm) {
        (oid::ECDSA_WITH_SHA256, EcdsaP256) => Some(&lc::ECDSA_P256_SHA256_ASN1),
        (oid::ECDSA_WITH_SHA384, EcdsaP256) => Some(&lc::ECDSA_P256_SHA384_ASN1),
        (oid::ECDSA_WITH_SHA512, EcdsaP256) => Some(&lc::ECDSA_P256_SHA512_ASN1),
        (oid::ECDSA_WITH_SHA256, EcdsaP384) => Some(&lc::ECDSA_P384_SHA256_ASN1),
        (oid::ECDSA_WITH_SHA384, EcdsaP384) => Some(&lc::ECDSA_P384_SHA384_ASN1),
        (oid::ECDSA_WITH_SHA512, EcdsaP384) => Some(&lc::ECDSA_P384_SHA512_ASN1),
        (oid::ECDSA_WITH_SHA256, EcdsaP521) => Some(&lc::ECDSA_P521_SHA256_ASN1),
        (oid::ECDSA_WITH_SHA384, EcdsaP521) => Some(&lc::ECDSA_P521_SHA384_ASN1),
        (oid::ECDSA_WITH_SHA512, EcdsaP521) => Some(&lc::ECDSA_P521_SHA512_ASN1),
        _ => None,
    };
    match &key {
        FoundKeyAlgorithm::Known(Ed25519) => {
            (oid == oid::ED25519).then_some(&lc::ED25519 as &dyn VerificationAlgorithm)
        }
        FoundKeyAlgorithm::Known(algorithm) if !algorithm.is_rsa() => {
            ecdsa(*algorithm).map(|found| found as &dyn VerificationAlgorithm)
        }
        key if has_verified_modulus(key) => rsa(signature, &oid),
        // A key that is for PSS alone (RFC 4055 §1.2).
        FoundKeyAlgorithm::Other(name) if name == "rsa-pss" && oid == oid::RSASSA_PSS => {
            rsa_pss(signature)
        }
        _ => None,
    }
}

/// aws-lc calls every signature by a shorter or longer modulus wrong, which would be said of whoever has the key.
fn has_verified_modulus(key: &FoundKeyAlgorithm) -> bool {
    let name = key.to_string();
    let bits = name.strip_prefix("rsa ").and_then(|bits| bits.parse().ok());
    bits.is_some_and(|bits: usize| (2048..=8192).contains(&bits))
}

fn rsa(
    signature: &AlgorithmIdentifier<'_>,
    oid: &str,
) -> Option<&'static dyn VerificationAlgorithm> {
    match oid {
        oid::SHA256_WITH_RSA => Some(&lc::RSA_PKCS1_2048_8192_SHA256),
        oid::SHA384_WITH_RSA => Some(&lc::RSA_PKCS1_2048_8192_SHA384),
        oid::SHA512_WITH_RSA => Some(&lc::RSA_PKCS1_2048_8192_SHA512),
        oid::RSASSA_PSS => rsa_pss(signature),
        _ => None,
    }
}

/// Whether a certificate is signed with RSA-PSS, and its hash functions are named without the NULL that most have. RFC 4055 §2.1 wants
/// both taken.
pub(crate) fn has_bare_hashes(certificate: &CertificateFacts) -> bool {
    const NULL: &[u8] = &[5, 0];
    let Ok(signed) = Signed::read(&certificate.der) else {
        return false;
    };
    let Ok((_, algorithm)) = AlgorithmIdentifier::from_der(signed.algorithm) else {
        return false;
    };
    let Ok(SignatureAlgorithm::RSASSA_PSS(parameters)) = SignatureAlgorithm::try_from(&algorithm)
    else {
        return false;
    };
    let hash = parameters.hash_algorithm();
    let mask = parameters.mask_gen_algorithm_raw();
    let hash_of_mask = mask.and_then(AlgorithmIdentifier::parameters);
    hash.is_some_and(|hash| hash.parameters().is_none())
        || hash_of_mask.is_some_and(|hash| !hash.data.ends_with(NULL))
}

/// aws-lc verifies a salt as long as the hash, which RFC 4055 §3.1 recommends and OpenSSL's certificates have.
fn rsa_pss(signature: &AlgorithmIdentifier<'_>) -> Option<&'static dyn VerificationAlgorithm> {
    let SignatureAlgorithm::RSASSA_PSS(parameters) =
        SignatureAlgorithm::try_from(signature).ok()?
    else {
        return None;
    };
    let hash = parameters.hash_algorithm_oid().to_id_string();
    match (hash.as_str(), parameters.salt_length()) {
        (oid::SHA256, 32) => Some(&lc::RSA_PSS_2048_8192_SHA256),
        (oid::SHA384, 48) => Some(&lc::RSA_PSS_2048_8192_SHA384),
        (oid::SHA512, 64) => Some(&lc::RSA_PSS_2048_8192_SHA512),
        _ => None,
    }
}
