//! Takes private keys out of JSON Web Keys (RFC 7517) wherever they stand in a text, of the kinds that certificates are for. Symmetric
//! keys, and whose key it is, are not its business.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use der::asn1::ObjectIdentifier;
use der::{Encode as _, Header, Length, Tag, TagNumber};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::secret::{Form, KeyText};

const TYPE: &str = "\"kty\"";
/// A set of a service has a handful; each is looked at on its own.
const MOST: usize = 200;
const RSA_VERSION: &[u8] = &[0];
const SEC1_VERSION: &[u8] = &[1];
const PKCS8_VERSION: &[u8] = &[0];
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The members of a private key (RFC 7518 §6.2.2 and §6.3.2, RFC 8037 §2), as they stand in the text: none is copied.
#[derive(Deserialize)]
struct Jwk<'a> {
    kty: &'a str,
    #[serde(borrow)]
    crv: Option<&'a str>,
    d: &'a str,
    x: Option<&'a str>,
    y: Option<&'a str>,
    n: Option<&'a str>,
    e: Option<&'a str>,
    p: Option<&'a str>,
    q: Option<&'a str>,
    dp: Option<&'a str>,
    dq: Option<&'a str>,
    qi: Option<&'a str>,
}

type Bytes = Zeroizing<Vec<u8>>;

/// Every private key in JSON, be the text all of it, a set of keys, or something that JSON is quoted in.
pub fn private_keys(text: &str) -> impl Iterator<Item = KeyText> {
    text.match_indices(TYPE).take(MOST).filter_map(|(at, _)| {
        let object = text.get(opening(text.get(..at)?)?..)?;
        // What stands behind the object is somebody else's.
        let mut values = serde_json::Deserializer::from_str(object).into_iter::<Jwk>();
        values.next()?.ok()?.pem()
    })
}

/// Where the object begins that a text ends in.
fn opening(text: &str) -> Option<usize> {
    let mut closed = 0_usize;
    for (at, brace) in text.rmatch_indices(['{', '}']) {
        match (brace, closed) {
            ("}", _) => closed += 1,
            (_, 0) => return Some(at),
            _ => closed -= 1,
        }
    }
    None
}

impl Jwk<'_> {
    /// `None` for another kind, and for an RSA key without its primes, which no program takes.
    fn pem(&self) -> Option<KeyText> {
        let (form, der) = match (self.kty, self.crv) {
            ("RSA", _) => (Form::Pkcs1, self.rsa()?),
            ("EC", Some(curve)) => (Form::Sec1, self.ec(curve)?),
            ("OKP", Some("Ed25519")) => (Form::Pkcs8, self.ed25519()?),
            _ => return None,
        };
        Some(form.pem(&der))
    }

    /// `RSAPrivateKey` (RFC 8017 §A.1.2).
    fn rsa(&self) -> Option<Bytes> {
        let parts = [
            self.n,
            self.e,
            Some(self.d),
            self.p,
            self.q,
            self.dp,
            self.dq,
            self.qi,
        ];
        let mut content = vec![integer(RSA_VERSION)?];
        for part in parts {
            content.push(integer(&decoded(part?)?)?);
        }
        value(Tag::Sequence, &content)
    }

    /// `ECPrivateKey` (RFC 5915 §3).
    fn ec(&self, curve: &str) -> Option<Bytes> {
        let oid = ObjectIdentifier::new_unwrap(match curve {
            "P-256" => "1.2.840.10045.3.1.7",
            "P-384" => "1.3.132.0.34",
            "P-521" => "1.3.132.0.35",
            _ => return None,
        });
        let secret = value(Tag::OctetString, &[decoded(self.d)?])?;
        // No unused bits, and both coordinates (SEC 1 §2.3.3).
        let begin = Zeroizing::new(vec![0, 4]);
        let point = [begin, decoded(self.x?)?, decoded(self.y?)?];
        let point = value(Tag::BitString, &point)?;
        let parameters = explicit(0, Zeroizing::new(oid.to_der().ok()?))?;
        let content = [
            integer(SEC1_VERSION)?,
            secret,
            parameters,
            explicit(1, point)?,
        ];
        value(Tag::Sequence, &content)
    }

    /// `CurvePrivateKey` in `PrivateKeyInfo` (RFC 8410 §7).
    fn ed25519(&self) -> Option<Bytes> {
        let oid = Zeroizing::new(ED25519.to_der().ok()?);
        let algorithm = value(Tag::Sequence, &[oid])?;
        let secret = value(Tag::OctetString, &[decoded(self.d)?])?;
        let content = [
            integer(PKCS8_VERSION)?,
            algorithm,
            value(Tag::OctetString, &[secret])?,
        ];
        value(Tag::Sequence, &content)
    }
}

/// Without padding (RFC 7515 §2); what adds some is understood.
fn decoded(text: &str) -> Option<Bytes> {
    let text = text.trim_end_matches('=');
    BASE64_URL_SAFE_NO_PAD.decode(text).ok().map(Zeroizing::new)
}

/// A number that is not negative in the fewest octets (X.690 §8.3).
fn integer(number: &[u8]) -> Option<Bytes> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let digits = number.get(zeros..)?;
    let is_plain = digits.first().is_some_and(|byte| *byte < 0x80);
    let sign: &[u8] = if is_plain { &[] } else { &[0] };
    value(Tag::Integer, &[sign, digits])
}

fn explicit(number: u32, inner: Bytes) -> Option<Bytes> {
    let tag = Tag::ContextSpecific {
        constructed: true,
        number: TagNumber(number),
    };
    value(tag, &[inner])
}

/// Room for all of it at once: a growing buffer would leave copies behind.
fn value(tag: Tag, parts: &[impl AsRef<[u8]>]) -> Option<Bytes> {
    let length: usize = parts.iter().map(|part| part.as_ref().len()).sum();
    let header = Header::new(tag, Length::try_from(length).ok()?);
    let header = header.to_der().ok()?;
    let mut whole = Zeroizing::new(Vec::with_capacity(header.len() + length));
    whole.extend_from_slice(&header);
    for part in parts {
        whole.extend_from_slice(part.as_ref());
    }
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::private_key;

    /// RFC 7517 §A.2, the first key.
    const EC: &str = r#"{"kty":"EC", "crv":"P-256", "x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM", "d":"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE", "use":"enc", "kid":"1"}"#;
    /// RFC 8037 §A.1.
    const ED25519: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

    fn labels(text: &str) -> Vec<String> {
        let keys = private_keys(text);
        keys.map(|key| key.lines().next().unwrap_or_default().to_owned())
            .collect()
    }

    #[test]
    fn a_key_is_found_in_a_set_and_in_what_quotes_it() {
        let ec = "-----BEGIN EC PRIVATE KEY-----";
        let ed25519 = "-----BEGIN PRIVATE KEY-----";
        let public = r#"{"kty":"EC","crv":"P-256","x":"MKBC","y":"4Etl"}"#;
        assert_eq!(
            labels(&format!("{{\"keys\":[{public},{EC},\n{ED25519}]}}")),
            [ec, ed25519]
        );
        assert_eq!(labels(&format!("{{ jwk = ''\n  {EC}\n''; }}")), [ec]);
        let inside = EC.replacen('{', "{\"extra\":{},", 1);
        assert_eq!(labels(&inside), [ec]);
    }

    #[test]
    fn what_is_no_private_key_is_left_out() {
        for text in [
            "\"kty\"",
            r#"{"kty":"oct","k":"AAAA","d":"AAAA"}"#,
            r#"{"kty":"RSA","n":"AQAB","e":"AQAB","d":"AQAB"}"#,
            r#"{"kty":"EC","crv":"secp256k1","d":"AAAA","x":"AAAA","y":"AAAA"}"#,
            r#"{"kty":"EC","crv":"P-256","d":"…"}"#,
        ] {
            assert_eq!(labels(text), [] as [&str; 0], "{text}");
        }
    }

    #[test]
    fn numbers_are_never_negative() {
        assert_eq!(*integer(&[0, 0]).unwrap(), [2, 1, 0]);
        assert_eq!(*integer(&[0x7f]).unwrap(), [2, 1, 0x7f]);
        assert_eq!(*integer(&[0, 0x80]).unwrap(), [2, 2, 0, 0x80]);
        let key = private_keys(ED25519).next().unwrap();
        let pem = pem::parse(key.as_bytes()).unwrap();
        assert!(private_key::pkcs8(pem.contents()).is_ok());
    }
}
