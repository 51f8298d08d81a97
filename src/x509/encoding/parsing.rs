//! What the reader of DER objects to, as a sentence: its own text is for programmers. What is wrong with what was read is said elsewhere.

use x509_parser::asn1_rs::{self, Tag};
use x509_parser::error::X509Error;
use x509_parser::nom::Err as Stop;

/// Why something cannot be decoded.
pub(crate) fn reason(stop: Stop<X509Error>) -> String {
    match stop {
        Stop::Incomplete(_) => cut_off(),
        Stop::Error(error) | Stop::Failure(error) => of_part(error),
    }
}

fn of_part(error: X509Error) -> String {
    match error {
        X509Error::Der(error) => of_value(error),
        X509Error::NomError(_) => cut_off(),
        X509Error::Generic => "it is not put together as it has to be".to_owned(),
        // The others are words of the standards: `invalid date`.
        part => part.to_string(),
    }
}

fn of_value(error: asn1_rs::Error) -> String {
    use asn1_rs::Error;
    match error {
        Error::Incomplete(_) | Error::NomError(_) | Error::InvalidLength => cut_off(),
        Error::UnexpectedTag {
            expected: Some(expected),
            actual,
        } => format!("it has {} where {} belongs", tag(actual), tag(expected)),
        Error::UnexpectedTag {
            expected: None,
            actual,
        } => format!("{} stands where it may not", tag(actual)),
        Error::UnexpectedClass { .. } | Error::InvalidTag | Error::UnknownTag(_) => {
            "a value in it is of no type that belongs there".to_owned()
        }
        Error::InvalidValue { tag: found, msg } => format!("{} is wrong: {msg}", tag(found)),
        Error::DerConstraintFailed(rule) => {
            format!("it is not DER: {}", rule.to_string().to_lowercase())
        }
        other => other.to_string(),
    }
}

fn cut_off() -> String {
    "a part of it is missing, or a length in it is wrong".to_owned()
}

/// By the names of X.680, as far as they stand in certificates.
fn tag(tag: Tag) -> String {
    let name = match tag {
        Tag::Boolean => "a BOOLEAN",
        Tag::Integer => "an INTEGER",
        Tag::BitString => "a BIT STRING",
        Tag::OctetString => "an OCTET STRING",
        Tag::Null => "a NULL",
        Tag::Oid => "an OBJECT IDENTIFIER",
        Tag::Sequence => "a SEQUENCE",
        Tag::Set => "a SET",
        Tag::UtcTime | Tag::GeneralizedTime => "a time",
        Tag(number) => return format!("a value with the tag {number}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use x509_parser::certificate::X509Certificate;
    use x509_parser::prelude::FromDer as _;

    use super::*;

    #[test]
    fn no_reason_is_the_text_of_a_program() {
        let reasons: Vec<String> = [
            &[0x30, 0x03, 0x02][..],
            &[0x04, 0x00],
            &[0x30, 0x00],
            &[0x30, 0x02, 0x30, 0x00],
            &[0x30, 0x80, 0x00, 0x00],
        ]
        .iter()
        .map(|der| reason(X509Certificate::from_der(der).unwrap_err()))
        .collect();
        insta::assert_snapshot!(reasons.join("\n"), @r"
        a part of it is missing, or a length in it is wrong
        it has an OCTET STRING where a SEQUENCE belongs
        a part of it is missing, or a length in it is wrong
        invalid serial
        it is not DER: indefinite length not allowed
        ");
    }
}
