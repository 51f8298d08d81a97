//! The contents of one CRL as plain values (RFC 5280 §5).

pub mod read;
pub mod write;

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use time::OffsetDateTime;

use super::hex::{from_hex, to_hex};
use crate::x509::name::DistinguishedName;

/// Everything a revocation list says.
#[derive(Clone, PartialEq, Eq)]
pub struct CrlFacts {
    /// The whole list as found.
    pub der: Vec<u8>,
    pub issuer: DistinguishedName,
    /// When it was made.
    pub this_update: OffsetDateTime,
    /// When the next one is due at the latest; RFC 5280 §5.1.2.5 wants it, a few issuers leave it out.
    pub next_update: Option<OffsetDateTime>,
    /// As OpenSSL names it, like `ecdsa-with-SHA256`; a dotted object identifier if it is none we know.
    pub signature_algorithm: String,
    /// The list's number, as content octets: big endian, two's complement.
    pub number: Option<Vec<u8>>,
    /// The number of the list this one only adds to (§5.2.4): alone, a delta says nothing about what it does not name.
    pub base_number: Option<Vec<u8>>,
    pub authority_key_id: Option<Vec<u8>>,
    pub scope: CrlScope,
    pub entries: Vec<RevokedCertificate>,
    /// Dotted object identifiers of all critical extensions of the list.
    pub critical: BTreeSet<String>,
    /// Extensions of the list that have no field here.
    pub unknown_extensions: BTreeSet<String>,
}

/// Which certificates of the issuer a list is about (issuing distribution point, §5.2.5). Without that extension: all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CrlScope {
    pub point: ListPoint,
    /// Names of that point that are directory names; one that is relative to the issuer is joined to it.
    pub directories: Vec<DistinguishedName>,
    pub certificates: CertificateKind,
    /// Only these reasons; `None` means all.
    pub reasons: Option<BTreeSet<RevocationReason>>,
    /// Whether it has entries about certificates of other issuers.
    pub is_indirect: bool,
}

/// The distribution point a list is for: with one, it is about no certificate but those that name it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ListPoint {
    #[default]
    Any,
    /// Any of these, which are URLs where the list is published. Names of other kinds are left out, so there may be none.
    Urls(Vec<String>),
    /// Named relative to the issuer, which is deprecated.
    RelativeToIssuer,
}

/// The certificates a list is limited to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CertificateKind {
    #[default]
    All,
    EndEntities,
    Authorities,
    Attributes,
    /// It is limited to two kinds at once, which §5.2.5 rules out, and no certificate is of both.
    Contradictory,
}

/// One entry (§5.1.2.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedCertificate {
    /// The serial number's content octets as encoded.
    pub serial: Vec<u8>,
    pub revoked_at: OffsetDateTime,
    /// `None`: the list does not say, which means the same as [`RevocationReason::Unspecified`].
    pub reason: Option<RevocationReason>,
    /// Since when the key is known or suspected to be bad (§5.3.2).
    pub invalid_since: Option<OffsetDateTime>,
    /// Whose certificate it is in an indirect list (§5.3.3). `None`: that of the entry before, in the first one the list's issuer.
    pub issuer: Option<DistinguishedName>,
    /// Critical extensions we cannot read: who relies on the list must then take it for useless (§5.3).
    pub unknown_critical: BTreeSet<String>,
}

/// Why a certificate was revoked (§5.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RevocationReason {
    Unspecified,
    KeyCompromise,
    CaCompromise,
    AffiliationChanged,
    Superseded,
    CessationOfOperation,
    CertificateHold,
    RemoveFromCrl,
    PrivilegeWithdrawn,
    AaCompromise,
    /// A number that RFC 5280 does not give.
    Other(u8),
}

/// The numbers of `CRLReason`, with OpenSSL's words. 7 is not used.
const REASONS: [(u8, RevocationReason, &str); 10] = [
    (0, RevocationReason::Unspecified, "unspecified"),
    (1, RevocationReason::KeyCompromise, "keyCompromise"),
    (2, RevocationReason::CaCompromise, "CACompromise"),
    (
        3,
        RevocationReason::AffiliationChanged,
        "affiliationChanged",
    ),
    (4, RevocationReason::Superseded, "superseded"),
    (
        5,
        RevocationReason::CessationOfOperation,
        "cessationOfOperation",
    ),
    (6, RevocationReason::CertificateHold, "certificateHold"),
    (8, RevocationReason::RemoveFromCrl, "removeFromCRL"),
    (
        9,
        RevocationReason::PrivilegeWithdrawn,
        "privilegeWithdrawn",
    ),
    (10, RevocationReason::AaCompromise, "AACompromise"),
];

impl CrlFacts {
    /// The entry for a certificate of the CRL's own issuer with this serial number (content octets).
    ///
    /// A later entry counts: `removeFromCRL` of a delta takes back what stood before it. Entries about certificates of other issuers,
    /// which only an indirect list has, are passed over.
    pub fn entry(&self, serial: &[u8]) -> Option<&RevokedCertificate> {
        self.entry_about(|issuer| issuer.der() == self.issuer.der(), serial)
    }

    /// The same about a certificate of the issuer that the question is true for.
    pub fn entry_about(
        &self,
        is_issuer: impl Fn(&DistinguishedName) -> bool,
        serial: &[u8],
    ) -> Option<&RevokedCertificate> {
        let mut own = is_issuer(&self.issuer);
        let mut found = None;
        for entry in &self.entries {
            if let Some(issuer) = &entry.issuer {
                own = is_issuer(issuer);
            }
            if own && significant(&entry.serial) == significant(serial) {
                found = Some(entry);
            }
        }
        found
    }

    pub fn list_number(&self) -> Option<ListNumber> {
        self.number.as_deref().map(ListNumber::new)
    }

    /// Whether the next list is overdue at this time.
    pub fn is_outdated(&self, now: OffsetDateTime) -> bool {
        self.next_update.is_some_and(|next| next < now)
    }

    /// Whether it only adds to another list.
    pub fn is_delta(&self) -> bool {
        self.base_number.is_some()
    }
}

/// The number of a list, without the zeros in front. Numbers only grow (RFC 5280 §5.2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListNumber(Vec<u8>);

/// RFC 5280 §5.2.3: a number has at most twenty octets.
pub const LONGEST_NUMBER: usize = 20;

impl ListNumber {
    /// From content octets, big endian.
    pub fn new(octets: &[u8]) -> Self {
        Self(
            octets
                .iter()
                .copied()
                .skip_while(|octet| *octet == 0)
                .collect(),
        )
    }

    /// The one after this one; the first is 1.
    #[must_use]
    pub fn after(last: Option<&Self>) -> Self {
        let mut octets = last.map(|last| last.0.clone()).unwrap_or_default();
        for octet in octets.iter_mut().rev() {
            *octet = octet.wrapping_add(1);
            if *octet != 0 {
                return Self(octets);
            }
        }
        octets.insert(0, 1);
        Self(octets)
    }

    pub fn octets(&self) -> &[u8] {
        &self.0
    }
}

impl Ord for ListNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        let length = self.0.len().cmp(&other.0.len());
        length.then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for ListNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// In decimal, as OpenSSL shows short ones; a long one in hexadecimal.
impl fmt::Display for ListNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.len() > 8 {
            return write!(f, "0x{}", to_hex(&self.0));
        }
        let octets = self.0.iter();
        let number = octets.fold(0_u64, |sum, octet| (sum << 8) | u64::from(*octet));
        write!(f, "{number}")
    }
}

/// Not a number as [`ListNumber`] shows it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no number of a revocation list")]
pub struct ListNumberError(pub String);

impl FromStr for ListNumber {
    type Err = ListNumberError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let octets = match text.strip_prefix("0x") {
            Some(hex) => from_hex(hex).filter(|octets| octets.len() <= LONGEST_NUMBER),
            None => text
                .parse()
                .ok()
                .map(|number: u64| number.to_be_bytes().to_vec()),
        };
        let octets = octets.ok_or_else(|| ListNumberError(text.to_owned()))?;
        Ok(Self::new(&octets))
    }
}

/// What is remembered of a list elsewhere than in the list, so that its loss is noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListRecord {
    /// `None`: a CRL that another program made without a number.
    pub number: Option<ListNumber>,
    pub this_update: OffsetDateTime,
    pub next_update: Option<OffsetDateTime>,
    /// How many certificates it names.
    pub revoked: usize,
}

impl From<&CrlFacts> for ListRecord {
    fn from(list: &CrlFacts) -> Self {
        Self {
            number: list.list_number(),
            this_update: list.this_update,
            next_update: list.next_update,
            revoked: list.entries.len(),
        }
    }
}

impl ListRecord {
    /// Two branches may each have made a list of the same number; the one that names more is taken for the later one.
    pub fn is_later_than(&self, other: &Self) -> bool {
        (&self.number, self.revoked) > (&other.number, other.revoked)
    }
}

impl RevokedCertificate {
    /// The serial number in hexadecimal, as OpenSSL shows it.
    pub fn serial_hex(&self) -> String {
        to_hex(&self.serial)
    }
}

/// Why a word is no reason to give.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReasonError {
    #[error("{word:?} is no reason; write one of {}", reason_words().join(", "))]
    Unknown { word: String },
    /// Who takes a hold back needs `removeFromCRL` in delta lists, which we do not make.
    #[error(
        "a certificate is not put on hold here: what is revoked stays revoked; issue another when it is needed again"
    )]
    Hold,
}

/// The reasons that can be given, in our own words.
pub fn reason_words() -> Vec<String> {
    let given = REASONS
        .iter()
        .filter(|(_, reason, _)| reason.can_be_given());
    given.map(|(.., word)| kebab(word)).collect()
}

fn kebab(word: &str) -> String {
    let mut text = String::new();
    let mut before = ' ';
    for c in word.chars() {
        if c.is_ascii_uppercase() && before.is_ascii_lowercase() {
            text.push('-');
        }
        // `CACompromise` has two words.
        if c == 'C' && before == 'A' {
            text.push('-');
        }
        text.push(c.to_ascii_lowercase());
        before = c;
    }
    text
}

impl RevocationReason {
    /// Reads OpenSSL's words and ours, whatever their case and hyphens: `keyCompromise`, `key-compromise`.
    ///
    /// # Errors
    /// `Unknown` lists the words; `Hold`.
    pub fn parse(text: &str) -> Result<Self, ReasonError> {
        let bare = |text: &str| -> String {
            let letters = text.chars().filter(char::is_ascii_alphanumeric);
            letters.map(|c| c.to_ascii_lowercase()).collect()
        };
        let found = REASONS.iter().find(|(.., word)| bare(word) == bare(text));
        match found {
            Some((_, reason, _)) if reason.can_be_given() => Ok(*reason),
            Some((_, Self::CertificateHold, _)) => Err(ReasonError::Hold),
            _ => Err(ReasonError::Unknown {
                word: text.to_owned(),
            }),
        }
    }

    /// Its number in `CRLReason`.
    pub fn number(self) -> Option<u8> {
        match self {
            Self::Other(number) => Some(number),
            known => {
                let mut rows = REASONS.iter();
                rows.find(|(_, reason, _)| *reason == known)
                    .map(|row| row.0)
            }
        }
    }

    /// Not what only delta lists and attribute certificates have.
    fn can_be_given(self) -> bool {
        !matches!(
            self,
            Self::CertificateHold | Self::RemoveFromCrl | Self::AaCompromise | Self::Other(_)
        )
    }

    /// The reason with this number.
    pub fn from_number(number: u8) -> Self {
        REASONS
            .iter()
            .find(|(known, ..)| *known == number)
            .map_or(Self::Other(number), |(_, reason, _)| *reason)
    }
}

/// OpenSSL's word.
impl fmt::Display for RevocationReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, REASONS.iter().find(|(_, reason, _)| reason == self)) {
            (Self::Other(number), _) => write!(f, "reason {number}"),
            (_, row) => f.write_str(row.map_or("", |(.., word)| word)),
        }
    }
}

/// Short enough for a test failure; the DER is left out.
impl fmt::Debug for CrlFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CrlFacts")
            .field("issuer", &self.issuer.to_string())
            .field("this_update", &self.this_update)
            .field("next_update", &self.next_update)
            .field("signature_algorithm", &self.signature_algorithm)
            .field("number", &self.number.as_deref().map(to_hex))
            .field("scope", &self.scope)
            .field("entries", &self.entries.len())
            .finish_non_exhaustive()
    }
}

/// The shortest octets of a two's complement number: a zero in front is needed only before a leading one bit.
fn significant(serial: &[u8]) -> &[u8] {
    match serial {
        [0, rest @ ..] if rest.first().is_some_and(|octet| *octet < 0x80) => significant(rest),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    fn entry(serial: &[u8], issuer: Option<&str>) -> RevokedCertificate {
        RevokedCertificate {
            serial: serial.to_vec(),
            revoked_at: datetime!(2030-01-01 0:00 UTC),
            reason: None,
            invalid_since: None,
            issuer: issuer.map(|der| DistinguishedName::new(der.as_bytes().to_vec(), vec![])),
            unknown_critical: BTreeSet::new(),
        }
    }

    fn list(entries: Vec<RevokedCertificate>) -> CrlFacts {
        CrlFacts {
            der: Vec::new(),
            issuer: DistinguishedName::new(b"own".to_vec(), vec![]),
            this_update: datetime!(2030-01-01 0:00 UTC),
            next_update: Some(datetime!(2030-01-08 0:00 UTC)),
            signature_algorithm: "ED25519".to_owned(),
            number: None,
            base_number: None,
            authority_key_id: None,
            scope: CrlScope::default(),
            entries,
            critical: BTreeSet::new(),
            unknown_extensions: BTreeSet::new(),
        }
    }

    #[test]
    fn finds_an_entry_whatever_zeros_stand_in_front() {
        let list = list(vec![entry(&[0, 0x80], None), entry(&[5], None)]);
        assert!(list.entry(&[0, 0, 0x80]).is_some() && list.entry(&[0, 0, 5]).is_some());
        assert!(list.entry(&[6]).is_none() && list.entry(&[0x80, 0]).is_none());
    }

    #[test]
    fn numbers_grow_over_the_edge_of_an_octet() {
        let after = |octets: &[u8]| ListNumber::after(Some(&ListNumber::new(octets))).0;
        assert_eq!(ListNumber::after(None).0, [1]);
        assert_eq!(after(&[0]), [1]);
        assert_eq!(after(&[1]), [2]);
        assert_eq!(after(&[0, 0xff]), [1, 0]);
        assert_eq!(after(&[1, 0xff, 0xff]), [2, 0, 0]);
    }

    #[test]
    fn the_greater_number_is_not_the_longer_text() {
        let is_greater = |a: &[u8], b: &[u8]| ListNumber::new(a) > ListNumber::new(b);
        assert!(is_greater(&[2], &[0, 0, 1]));
        assert!(is_greater(&[1, 0], &[0xff]));
        assert!(is_greater(&[1, 2], &[1, 1]));
    }

    #[test]
    fn a_number_is_read_as_it_is_shown() {
        for octets in [&[7][..], &[0xff; 8], &[1; 9], &[0xff; LONGEST_NUMBER]] {
            let number = ListNumber::new(octets);
            assert_eq!(number.to_string().parse(), Ok(number));
        }
        let refused = [
            "",
            "-1",
            "seven",
            "0x",
            "0xabc",
            &format!("0x{}", "01".repeat(21)),
        ];
        let refused = refused.map(|text| text.parse::<ListNumber>().unwrap_err().to_string());
        insta::assert_snapshot!(refused.join("\n"), @r#"
        "" is no number of a revocation list
        "-1" is no number of a revocation list
        "seven" is no number of a revocation list
        "0x" is no number of a revocation list
        "0xabc" is no number of a revocation list
        "0x010101010101010101010101010101010101010101" is no number of a revocation list
        "#);
    }

    #[test]
    fn of_two_lists_of_one_number_the_fuller_one_is_the_later_one() {
        let record = |number: u8, revoked| ListRecord {
            number: Some(ListNumber::new(&[number])),
            this_update: datetime!(2030-01-01 0:00 UTC),
            next_update: None,
            revoked,
        };
        assert!(record(2, 0).is_later_than(&record(1, 5)));
        assert!(record(2, 3).is_later_than(&record(2, 2)));
        assert!(!record(2, 3).is_later_than(&record(2, 3)));
    }

    #[test]
    fn reasons_are_read_in_the_words_of_openssl_and_in_ours() {
        for text in ["keyCompromise", "key-compromise", "KEY_COMPROMISE"] {
            let read = RevocationReason::parse(text);
            assert_eq!(read, Ok(RevocationReason::KeyCompromise), "{text}");
        }
        assert_eq!(RevocationReason::KeyCompromise.number(), Some(1));
        assert_eq!(RevocationReason::Other(42).number(), Some(42));
        let refused = |text| RevocationReason::parse(text).unwrap_err().to_string();
        let both = format!("{}\n{}", refused("theft"), refused("certificateHold"));
        insta::assert_snapshot!(both, @r#"
        "theft" is no reason; write one of unspecified, key-compromise, ca-compromise, affiliation-changed, superseded, cessation-of-operation, privilege-withdrawn
        a certificate is not put on hold here: what is revoked stays revoked; issue another when it is needed again
        "#);
    }

    #[test]
    fn a_negative_serial_number_is_another_one() {
        let list = list(vec![entry(&[0, 0xff], None)]);
        assert!(list.entry(&[0, 0xff]).is_some() && list.entry(&[0xff]).is_none());
    }

    #[test]
    fn entries_of_another_issuer_are_not_the_issuers_own() {
        let list = list(vec![
            entry(&[1], None),
            entry(&[2], Some("other")),
            entry(&[3], None),
            entry(&[4], Some("own")),
        ]);
        let own: Vec<u8> = (1..5)
            .filter(|serial| list.entry(&[*serial]).is_some())
            .collect();
        assert_eq!(own, [1, 4]);
    }

    #[test]
    fn is_outdated_after_the_next_update_only() {
        let list = list(vec![]);
        assert!(!list.is_outdated(datetime!(2030-01-08 0:00 UTC)));
        assert!(list.is_outdated(datetime!(2030-01-08 0:00:01 UTC)));
    }

    #[test]
    fn reasons_have_their_numbers_and_words() {
        assert_eq!(
            RevocationReason::from_number(8).to_string(),
            "removeFromCRL"
        );
        assert_eq!(RevocationReason::from_number(7).to_string(), "reason 7");
    }
}
