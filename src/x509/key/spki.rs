//! The one way in which certificates have a public key of each algorithm.

use thiserror::Error;

use crate::x509::key::KeyAlgorithm;

/// Why a public key is not one to certify, although it is of an algorithm that we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SpkiDefect {
    /// The same key would have several fingerprints: it would pass for another than the one that is in use, or that was lost.
    #[error("is not written as certificates have it (RFC 3279 §2.3.1, RFC 5480 §2, RFC 8410 §3)")]
    Form,
    /// Anybody can sign for it (RFC 8032 §5.1.7 multiplies by the cofactor; libraries that do not are few).
    #[error("is one of the few points for which anyone can sign")]
    SmallOrder,
}

/// The defect of a DER `SubjectPublicKeyInfo` that holds a key of this algorithm; `None` if there is none.
pub fn defect(algorithm: KeyAlgorithm, spki: &[u8]) -> Option<SpkiDefect> {
    let form = form(algorithm);
    let Some(key) = form.key_of(spki) else {
        return Some(SpkiDefect::Form);
    };
    let is_weak = algorithm == KeyAlgorithm::Ed25519 && is_of_small_order(key);
    is_weak.then_some(SpkiDefect::SmallOrder)
}

/// What stands before the key itself, the length of the whole left out.
struct Form {
    /// `AlgorithmIdentifier`, then tag, length and unused bits of the BIT STRING; for a curve also the mark of an uncompressed point.
    head: &'static [u8],
    /// Octets of the key behind it; `None` where they vary.
    length: Option<usize>,
}

impl Form {
    fn key_of<'s>(&self, spki: &'s [u8]) -> Option<&'s [u8]> {
        let key = content(spki)?.strip_prefix(self.head)?;
        self.length
            .is_none_or(|length| key.len() == length)
            .then_some(key)
    }
}

fn form(algorithm: KeyAlgorithm) -> Form {
    let (head, length): (&[u8], _) = match algorithm {
        // The length of the BIT STRING depends on that of modulus and exponent.
        KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa3072 | KeyAlgorithm::Rsa4096 => (
            b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03",
            None,
        ),
        KeyAlgorithm::EcdsaP256 => (
            b"\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00\x04",
            Some(64),
        ),
        KeyAlgorithm::EcdsaP384 => (
            b"\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\x03\x62\x00\x04",
            Some(96),
        ),
        KeyAlgorithm::EcdsaP521 => (
            b"\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23\x03\x81\x86\x00\x04",
            Some(132),
        ),
        KeyAlgorithm::Ed25519 => (b"\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", Some(32)),
    };
    Form { head, length }
}

/// What a SEQUENCE holds; that its length is the shortest, whoever read it before has checked.
fn content(der: &[u8]) -> Option<&[u8]> {
    let (first, rest) = der.strip_prefix(b"\x30")?.split_first()?;
    let further = if *first < 0x80 {
        0
    } else {
        usize::from(first & 0x7f)
    };
    rest.get(further..)
}

/// The y coordinates, little-endian, of the eight points whose order divides the cofactor, and the larger numbers that some libraries take
/// for two of them. The sign of x, in the last bit, makes no difference.
const SMALL_ORDER: [&[u8; 32]; 7] = [
    &[0; 32],
    b"\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    b"\x26\xe8\x95\x8f\xc2\xb2\x27\xb0\x45\xc3\xf4\x89\xf2\xef\x98\xf0\xd5\xdf\xac\x05\xd3\xc6\x33\x39\xb1\x38\x02\x88\x6d\x53\xfc\x05",
    b"\xc7\x17\x6a\x70\x3d\x4d\xd8\x4f\xba\x3c\x0b\x76\x0d\x10\x67\x0f\x2a\x20\x53\xfa\x2c\x39\xcc\xc6\x4e\xc7\xfd\x77\x92\xac\x03\x7a",
    b"\xec\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
    b"\xed\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
    b"\xee\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
];

fn is_of_small_order(key: &[u8]) -> bool {
    let Some((last, others)) = key.split_last() else {
        return false;
    };
    SMALL_ORDER
        .iter()
        .any(|point| point.split_last() == Some((&(last & 0x7f), others)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &[u8] = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";

    #[test]
    fn a_key_for_which_anybody_can_sign_is_found_with_either_sign() {
        for point in SMALL_ORDER {
            let mut spki = [HEAD, point].concat();
            for _sign in [0, 0x80] {
                assert_eq!(
                    defect(KeyAlgorithm::Ed25519, &spki),
                    Some(SpkiDefect::SmallOrder)
                );
                *spki.last_mut().unwrap() |= 0x80;
            }
        }
        assert_eq!(
            defect(KeyAlgorithm::Ed25519, &[HEAD, &[7; 32]].concat()),
            None
        );
    }

    #[test]
    fn a_key_of_another_length_is_none() {
        for length in [0, 31, 33] {
            let spki = [HEAD, &vec![7; length]].concat();
            assert_eq!(
                defect(KeyAlgorithm::Ed25519, &spki),
                Some(SpkiDefect::Form),
                "{length}"
            );
        }
    }
}
