//! Verifies one certificate's signature with another's key. Validity, names and usages are other people's questions.

use aws_lc_rs::signature as lc;
use aws_lc_rs::signature::{UnparsedPublicKey, VerificationAlgorithm};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;
use x509_parser::signature_algorithm::SignatureAlgorithm;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

use super::key;
use crate::model::facts::CertificateFacts;
use crate::model::key::{FoundKeyAlgorithm, KeyAlgorithm};

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
    let (_, child) = X509Certificate::from_der(&child.der).ok()?;
    made_by_key(
        spki,
        &child.signature_algorithm,
        child.tbs_certificate.as_ref(),
        &child.signature_value.data,
    )
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

/// The verification that signature and key ask for together; `None` if they do not fit or are not supported.
fn verification(
    signature: &AlgorithmIdentifier<'_>,
    key: &SubjectPublicKeyInfo<'_>,
) -> Option<&'static dyn VerificationAlgorithm> {
    use KeyAlgorithm::{EcdsaP256, EcdsaP384, EcdsaP521, Ed25519};
    let key = key::algorithm(key);
    let oid = signature.algorithm.to_id_string();
    let ecdsa = |algorithm| match (oid.as_str(), algorithm) {
        ("1.2.840.10045.4.3.2", EcdsaP256) => Some(&lc::ECDSA_P256_SHA256_ASN1),
        ("1.2.840.10045.4.3.3", EcdsaP256) => Some(&lc::ECDSA_P256_SHA384_ASN1),
        ("1.2.840.10045.4.3.4", EcdsaP256) => Some(&lc::ECDSA_P256_SHA512_ASN1),
        ("1.2.840.10045.4.3.2", EcdsaP384) => Some(&lc::ECDSA_P384_SHA256_ASN1),
        ("1.2.840.10045.4.3.3", EcdsaP384) => Some(&lc::ECDSA_P384_SHA384_ASN1),
        ("1.2.840.10045.4.3.4", EcdsaP384) => Some(&lc::ECDSA_P384_SHA512_ASN1),
        ("1.2.840.10045.4.3.2", EcdsaP521) => Some(&lc::ECDSA_P521_SHA256_ASN1),
        ("1.2.840.10045.4.3.3", EcdsaP521) => Some(&lc::ECDSA_P521_SHA384_ASN1),
        ("1.2.840.10045.4.3.4", EcdsaP521) => Some(&lc::ECDSA_P521_SHA512_ASN1),
        _ => None,
    };
    match &key {
        FoundKeyAlgorithm::Known(Ed25519) => {
            (oid == "1.3.101.112").then_some(&lc::ED25519 as &dyn VerificationAlgorithm)
        }
        FoundKeyAlgorithm::Known(algorithm) if !algorithm.is_rsa() => {
            ecdsa(*algorithm).map(|found| found as &dyn VerificationAlgorithm)
        }
        // aws-lc refuses moduli under 2048 and over 8192 bits.
        key if key.to_string().starts_with("rsa ") => rsa(signature, &oid),
        _ => None,
    }
}

fn rsa(
    signature: &AlgorithmIdentifier<'_>,
    oid: &str,
) -> Option<&'static dyn VerificationAlgorithm> {
    match oid {
        "1.2.840.113549.1.1.11" => Some(&lc::RSA_PKCS1_2048_8192_SHA256),
        "1.2.840.113549.1.1.12" => Some(&lc::RSA_PKCS1_2048_8192_SHA384),
        "1.2.840.113549.1.1.13" => Some(&lc::RSA_PKCS1_2048_8192_SHA512),
        "1.2.840.113549.1.1.10" => rsa_pss(signature),
        _ => None,
    }
}

/// aws-lc verifies a salt as long as the hash, which RFC 4055 §3.1 recommends and OpenSSL's certificates have.
fn rsa_pss(signature: &AlgorithmIdentifier<'_>) -> Option<&'static dyn VerificationAlgorithm> {
    let SignatureAlgorithm::RSASSA_PSS(parameters) =
        SignatureAlgorithm::try_from(signature).ok()?
    else {
        return None;
    };
    match parameters.hash_algorithm_oid().to_id_string().as_str() {
        "2.16.840.1.101.3.4.2.1" => Some(&lc::RSA_PSS_2048_8192_SHA256),
        "2.16.840.1.101.3.4.2.2" => Some(&lc::RSA_PSS_2048_8192_SHA384),
        "2.16.840.1.101.3.4.2.3" => Some(&lc::RSA_PSS_2048_8192_SHA512),
        _ => None,
    }
}
