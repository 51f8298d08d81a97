//! Revocation records of other tools besides CRLs: `index.txt` and `crlnumber` of `openssl ca` and easy-rsa, and rows of cfssl's database
//! as JSON. Parses text into entries; `revoked` decides which CA they belong to.

use serde_json::Value;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::x509::hex::from_hex;
use crate::x509::{ListNumber, RevocationReason, RevokedCertificate};

/// The entries of a register, good and revoked certificates, by serial number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Register {
    pub place: String,
    /// Every serial number in it: they identify the register's CA.
    pub serials: Vec<Vec<u8>>,
    pub revoked: Vec<RevokedCertificate>,
    /// The number of the last list that was made, where a file next to it says so.
    pub last_number: Option<ListNumber>,
}

/// Why a register is not believed in part: what it says of one certificate is lost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is not a line of an index of `openssl ca`")]
pub struct RegisterDefect {
    pub line: usize,
}

impl Register {
    /// Reads `index.txt` (openssl-ca(1)): status, end, revocation, serial number, file and name between tabs.
    ///
    /// # Errors
    /// The first line that is something else.
    pub fn parse_index(place: &str, text: &str) -> Result<Self, RegisterDefect> {
        let mut register = Self {
            place: place.to_owned(),
            ..Self::default()
        };
        for (index, line) in text.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            register
                .take_line(line)
                .ok_or(RegisterDefect { line: index + 1 })?;
        }
        Ok(register)
    }

    fn take_line(&mut self, line: &str) -> Option<()> {
        let fields: Vec<&str> = line.split('\t').collect();
        let [status, _, revocation, serial, ..] = fields.as_slice() else {
            return None;
        };
        let serial = serial_octets(&from_hex_of_any_length(serial)?);
        self.serials.push(serial.clone());
        match *status {
            "V" | "E" => Some(()),
            "R" => {
                self.revoked.push(revocation_of(revocation, serial)?);
                Some(())
            }
            _ => None,
        }
    }

    /// Reads rows of cfssl's table `certificates`, as `sqlite3 -json` and `psql` with `json_agg` print them. `None` for other JSON.
    pub fn parse_rows(place: &str, text: &str) -> Option<Self> {
        if !text.contains("\"serial_number\"") || !text.contains("\"status\"") {
            return None;
        }
        let document: Value = serde_json::from_str(text).ok()?;
        let rows = document.as_array()?;
        let mut register = Self {
            place: place.to_owned(),
            ..Self::default()
        };
        for row in rows {
            let serial = row.get("serial_number")?;
            let decimal = serial
                .as_str()
                .map_or_else(|| serial.to_string(), str::to_owned);
            let serial = serial_octets(&octets_of_decimal(&decimal)?);
            register.serials.push(serial.clone());
            if row.get("status")?.as_str()? != "revoked" {
                continue;
            }
            let reason = row.get("reason").and_then(Value::as_u64);
            let reason = reason.and_then(|number| u8::try_from(number).ok());
            let at = row.get("revoked_at").and_then(Value::as_str);
            register.revoked.push(RevokedCertificate {
                revoked_at: at.and_then(moment).unwrap_or(OffsetDateTime::UNIX_EPOCH),
                reason: reason
                    .filter(|number| *number != 0)
                    .map(RevocationReason::from_number),
                ..entry(serial)
            });
        }
        Some(register)
    }
}

/// An entry that says nothing but the number.
pub(super) fn entry(serial: Vec<u8>) -> RevokedCertificate {
    RevokedCertificate {
        serial,
        revoked_at: OffsetDateTime::UNIX_EPOCH,
        reason: None,
        invalid_since: None,
        issuer: None,
        unknown_critical: std::collections::BTreeSet::new(),
    }
}

/// The last number that was used: the file holds the next one, in hexadecimal.
pub fn last_number(text: &str) -> Option<ListNumber> {
    let mut octets = from_hex_of_any_length(text.trim())?;
    if octets.iter().all(|octet| *octet == 0) {
        return None;
    }
    for octet in octets.iter_mut().rev() {
        let (before, borrows) = octet.overflowing_sub(1);
        *octet = before;
        if !borrows {
            break;
        }
    }
    let number = ListNumber::new(&octets);
    (!number.octets().is_empty()).then_some(number)
}

/// `260101120000Z,keyCompromise`, or with `keyTime,20260101…`: since when.
fn revocation_of(text: &str, serial: Vec<u8>) -> Option<RevokedCertificate> {
    let mut parts = text.split(',');
    let revoked_at = moment(parts.next()?)?;
    let (word, more) = (parts.next(), parts.next());
    let (reason, invalid_since) = match word {
        None => (None, None),
        Some("keyTime") => (Some(RevocationReason::KeyCompromise), more.and_then(moment)),
        Some("CAkeyTime") => (Some(RevocationReason::CaCompromise), more.and_then(moment)),
        Some("holdInstruction" | "certificateHold") => {
            (Some(RevocationReason::CertificateHold), None)
        }
        Some(word) => (RevocationReason::parse(word).ok(), None),
    };
    Some(RevokedCertificate {
        revoked_at,
        reason: reason.filter(|reason| *reason != RevocationReason::Unspecified),
        invalid_since,
        ..entry(serial)
    })
}

const LONG_YEAR: &[BorrowedFormatItem<'_>] =
    format_description!("[year][month][day][hour][minute][second]Z");
const WITH_DASHES: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day][first [ ] [T]][hour]:[minute]:[second]");

/// `UTCTime`, `GeneralizedTime`, or what databases print.
fn moment(text: &str) -> Option<OffsetDateTime> {
    if text.len() == 13 {
        let year: u8 = text.get(..2)?.parse().ok()?;
        // RFC 5280 §4.1.2.5.1: 50 and above are of the last century.
        let century = if year >= 50 { "19" } else { "20" };
        return moment(&format!("{century}{text}"));
    }
    let plain = text.get(..19).filter(|text| text.contains('-'));
    let read = match plain {
        Some(plain) => PrimitiveDateTime::parse(plain, WITH_DASHES),
        None => PrimitiveDateTime::parse(text, LONG_YEAR),
    };
    read.ok().map(PrimitiveDateTime::assume_utc)
}

fn from_hex_of_any_length(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() {
        None
    } else if text.len().is_multiple_of(2) {
        from_hex(text)
    } else {
        from_hex(&format!("0{text}"))
    }
}

/// As DER writes a positive number: no more zeros in front than one before a leading one bit.
fn serial_octets(octets: &[u8]) -> Vec<u8> {
    let start = octets.iter().position(|octet| *octet != 0);
    let digits = start.and_then(|start| octets.get(start..)).unwrap_or(&[0]);
    let needs_zero = digits.first().is_some_and(|first| *first >= 0x80);
    let zero = needs_zero.then_some(0);
    zero.into_iter().chain(digits.iter().copied()).collect()
}

fn octets_of_decimal(text: &str) -> Option<Vec<u8>> {
    let mut octets: Vec<u8> = Vec::new();
    if text.is_empty() || text.len() > 60 {
        return None;
    }
    for digit in text.chars() {
        let mut carry = digit.to_digit(10)?;
        for octet in octets.iter_mut().rev() {
            let sum = u32::from(*octet) * 10 + carry;
            *octet = u8::try_from(sum & 0xff).ok()?;
            carry = sum >> 8;
        }
        if carry > 0 {
            octets.insert(0, u8::try_from(carry).ok()?);
        }
    }
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn an_index_of_openssl_is_read_with_dates_reasons_and_numbers() {
        let text = "V\t350101000000Z\t\t01\tunknown\t/CN=a\n\
                    R\t350101000000Z\t250601120000Z,keyCompromise\tF0A1\tunknown\t/CN=b\n\
                    R\t20550101000000Z\t20510601120000Z\t3\tunknown\t/CN=c\n\
                    R\t350101000000Z\t250601120000Z,keyTime,20250501000000Z\t04\tunknown\t/CN=d\n\
                    E\t200101000000Z\t\t05\tunknown\t/CN=e\n";
        let register = Register::parse_index("index.txt", text).unwrap();
        assert_eq!(register.serials.len(), 5);
        let [b, c, d] = register.revoked.as_slice() else {
            panic!("{register:?}")
        };
        assert_eq!(b.serial, [0, 0xf0, 0xa1]);
        assert_eq!(b.reason, Some(RevocationReason::KeyCompromise));
        assert_eq!(b.revoked_at, datetime!(2025-06-01 12:00 UTC));
        assert_eq!((c.serial.as_slice(), c.reason), ([3].as_slice(), None));
        assert_eq!(c.revoked_at, datetime!(2051-06-01 12:00 UTC));
        assert_eq!(d.invalid_since, Some(datetime!(2025-05-01 0:00 UTC)));
        let fault = Register::parse_index("index.txt", "V\tx\n").unwrap_err();
        assert_eq!(fault.line, 1);
    }

    #[test]
    fn the_number_of_the_last_list_is_one_before_the_next() {
        let last = |text| last_number(text).map(|number| number.to_string());
        assert_eq!(last("1001\n"), Some("4096".to_owned()));
        assert_eq!(last("0100"), Some("255".to_owned()));
        assert_eq!(last("01"), None);
        assert_eq!(last("x"), None);
    }

    #[test]
    fn rows_of_cfssl_are_read_with_decimal_numbers() {
        let text = r#"[{"serial_number":"61601","authority_key_identifier":"ab","status":"revoked","reason":1,"revoked_at":"2025-06-01 12:00:00+00:00"},
                      {"serial_number":"7","status":"good","reason":0,"revoked_at":null}]"#;
        let register = Register::parse_rows("certs.json", text).unwrap();
        assert_eq!(register.serials, [vec![0, 0xf0, 0xa1], vec![7]]);
        assert_eq!(register.revoked.len(), 1);
        assert_eq!(
            register.revoked[0].revoked_at,
            datetime!(2025-06-01 12:00 UTC)
        );
        assert!(Register::parse_rows("x.json", "{\"a\": 1}").is_none());
    }
}
