//! Writes certificates and revocation lists octet by octet, so that everything about them can be wrong. Keys are made anew in every run;
//! key identifiers are not, so that sentences about them stay.

use std::sync::OnceLock;

use certs::x509::key::KeyAlgorithm;
use certs::x509::key::signing::PrivateKey;
use time::OffsetDateTime;
use time::macros::{datetime, format_description};

pub(crate) use crate::der::{integer, oid, seq, tlv};

pub(crate) const NOW: OffsetDateTime = datetime!(2030-06-01 0:00 UTC);

pub(crate) const BASIC_CONSTRAINTS: &str = "2.5.29.19";
pub(crate) const KEY_USAGE: &str = "2.5.29.15";
pub(crate) const EXTENDED_KEY_USAGE: &str = "2.5.29.37";
pub(crate) const SAN: &str = "2.5.29.17";
pub(crate) const SUBJECT_KEY_ID: &str = "2.5.29.14";
pub(crate) const AUTHORITY_KEY_ID: &str = "2.5.29.35";
pub(crate) const NAME_CONSTRAINTS: &str = "2.5.29.30";
pub(crate) const CRL_NUMBER: &str = "2.5.29.20";

pub(crate) const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
pub(crate) const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";

/// Key usages as the two octets of their BIT STRING.
pub(crate) const SIGNS: u8 = 0x80;
pub(crate) const CERT_SIGN: u8 = 0x04;
pub(crate) const CRL_SIGN: u8 = 0x02;

/// A certificate to be.
#[derive(Clone)]
pub(crate) struct Draft {
    /// As encoded: 0 is version 1.
    pub(crate) version: u8,
    pub(crate) serial: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) from: OffsetDateTime,
    pub(crate) until: OffsetDateTime,
    /// In the place of both dates, as encoded.
    pub(crate) dates: Option<Vec<u8>>,
    pub(crate) spki: Vec<u8>,
    pub(crate) extensions: Vec<Extension>,
    pub(crate) algorithm: Vec<u8>,
    pub(crate) signer: Key,
}

#[derive(Clone)]
pub(crate) struct Extension {
    pub(crate) oid: &'static str,
    pub(crate) critical: bool,
    pub(crate) value: Vec<u8>,
}

/// A revocation list to be.
#[derive(Clone)]
pub(crate) struct ListDraft {
    pub(crate) issuer: Vec<u8>,
    pub(crate) from: OffsetDateTime,
    pub(crate) until: OffsetDateTime,
    /// Serial number and the number of the reason.
    pub(crate) revoked: Vec<(Vec<u8>, u8)>,
    /// Who issued the certificates of the entries, if they say so.
    pub(crate) entry_issuer: Option<Vec<u8>>,
    pub(crate) extensions: Vec<Extension>,
    pub(crate) signer: Key,
}

/// Whose key it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    Root,
    Intermediate,
    Leaf,
    Other,
}

impl Key {
    fn private(self) -> &'static PrivateKey {
        static KEYS: OnceLock<[PrivateKey; 4]> = OnceLock::new();
        let make = || PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let [root, intermediate, leaf, other] = KEYS.get_or_init(|| [(); 4].map(|()| make()));
        match self {
            Self::Root => root,
            Self::Intermediate => intermediate,
            Self::Leaf => leaf,
            Self::Other => other,
        }
    }

    pub(crate) fn spki(self) -> Vec<u8> {
        self.private().spki_der().to_vec()
    }

    fn sign(self, content: &[u8]) -> Vec<u8> {
        self.private().sign(content).unwrap()
    }
}

impl Draft {
    /// An authority with a key identifier made of one octet.
    pub(crate) fn authority(
        name: &str,
        issuer: &str,
        key: Key,
        signer: Key,
        ids: (u8, u8),
    ) -> Self {
        let mut draft = Self::new(name, issuer, key, signer);
        draft.extensions = vec![
            critical(BASIC_CONSTRAINTS, basic_constraints(true, None)),
            critical(KEY_USAGE, key_usage(CERT_SIGN | CRL_SIGN)),
            plain(SUBJECT_KEY_ID, subject_key_id(ids.0)),
            plain(AUTHORITY_KEY_ID, authority_key_id(ids.1)),
        ];
        draft
    }

    pub(crate) fn leaf(name: &str, issuer: &str, ids: (u8, u8)) -> Self {
        let mut draft = Self::new(name, issuer, Key::Leaf, Key::Intermediate);
        draft.extensions = vec![
            critical(BASIC_CONSTRAINTS, basic_constraints(false, None)),
            critical(KEY_USAGE, key_usage(SIGNS)),
            plain(EXTENDED_KEY_USAGE, extended_key_usage(&[SERVER_AUTH])),
            plain(SUBJECT_KEY_ID, subject_key_id(ids.0)),
            plain(AUTHORITY_KEY_ID, authority_key_id(ids.1)),
            plain(SAN, seq(&[dns("a.example.com")])),
        ];
        draft
    }

    fn new(name: &str, issuer: &str, key: Key, signer: Key) -> Self {
        Self {
            version: 2,
            serial: vec![0x11, name.len().try_into().unwrap()],
            subject: common_name(name),
            issuer: common_name(issuer),
            from: datetime!(2030-01-01 0:00 UTC),
            until: datetime!(2031-01-01 0:00 UTC),
            dates: None,
            spki: key.spki(),
            extensions: Vec::new(),
            algorithm: ecdsa_with_sha256(),
            signer,
        }
    }

    /// Sets an extension, or adds it.
    pub(crate) fn set(&mut self, extension: Extension) {
        self.remove(extension.oid);
        self.extensions.push(extension);
    }

    pub(crate) fn remove(&mut self, oid: &str) {
        self.extensions.retain(|known| known.oid != oid);
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        let mut tbs = Vec::new();
        if self.version > 0 {
            tbs.push(tlv(0xa0, &integer(&[self.version])));
        }
        tbs.extend([
            integer(&self.serial),
            self.algorithm.clone(),
            self.issuer.clone(),
            self.dates
                .clone()
                .unwrap_or_else(|| seq(&[time(self.from), time(self.until)])),
            self.subject.clone(),
            self.spki.clone(),
        ]);
        if !self.extensions.is_empty() {
            tbs.push(tlv(0xa3, &extensions(&self.extensions)));
        }
        signed(&seq(&tbs), &self.algorithm, self.signer)
    }
}

impl ListDraft {
    pub(crate) fn of(issuer: &str, signer: Key, key_id: u8) -> Self {
        Self {
            issuer: common_name(issuer),
            from: datetime!(2030-05-30 0:00 UTC),
            until: datetime!(2030-06-06 0:00 UTC),
            revoked: Vec::new(),
            entry_issuer: None,
            extensions: vec![
                plain(AUTHORITY_KEY_ID, authority_key_id(key_id)),
                plain(CRL_NUMBER, integer(&[1])),
            ],
            signer,
        }
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        let entry = |(serial, reason): &(Vec<u8>, u8)| {
            let reason = plain("2.5.29.21", tlv(0x0a, &[*reason]));
            let date = time(datetime!(2030-05-01 12:00 UTC));
            let issuer = self.entry_issuer.as_ref();
            let issuer = issuer.map(|name| critical("2.5.29.29", seq(&[tlv(0xa4, name)])));
            let list: Vec<_> = [reason].into_iter().chain(issuer).collect();
            seq(&[integer(serial), date, extensions(&list)])
        };
        let mut tbs = vec![
            integer(&[1]),
            ecdsa_with_sha256(),
            self.issuer.clone(),
            time(self.from),
            time(self.until),
        ];
        if !self.revoked.is_empty() {
            tbs.push(seq(&self.revoked.iter().map(entry).collect::<Vec<_>>()));
        }
        tbs.push(tlv(0xa0, &extensions(&self.extensions)));
        signed(&seq(&tbs), &ecdsa_with_sha256(), self.signer)
    }
}

pub(crate) fn critical(oid: &'static str, value: Vec<u8>) -> Extension {
    Extension {
        oid,
        critical: true,
        value,
    }
}

pub(crate) fn plain(oid: &'static str, value: Vec<u8>) -> Extension {
    Extension {
        oid,
        critical: false,
        value,
    }
}

pub(crate) fn basic_constraints(ca: bool, path_length: Option<u8>) -> Vec<u8> {
    let ca = ca.then(|| tlv(1, &[0xff]));
    let path_length = path_length.map(|length| integer(&[length]));
    seq(&ca.into_iter().chain(path_length).collect::<Vec<_>>())
}

/// Bits 0 to 7 as one octet; DER leaves out the zeros at the end.
pub(crate) fn key_usage(bits: u8) -> Vec<u8> {
    let unused = u8::try_from(bits.trailing_zeros().min(7)).unwrap();
    if bits == 0 {
        tlv(3, &[0])
    } else {
        tlv(3, &[unused, bits])
    }
}

pub(crate) fn extended_key_usage(oids: &[&str]) -> Vec<u8> {
    seq(&oids.iter().map(|oid| self::oid(oid)).collect::<Vec<_>>())
}

pub(crate) fn subject_key_id(id: u8) -> Vec<u8> {
    tlv(4, &[id; 4])
}

pub(crate) fn authority_key_id(id: u8) -> Vec<u8> {
    seq(&[tlv(0x80, &[id; 4])])
}

pub(crate) fn dns(name: &str) -> Vec<u8> {
    tlv(0x82, name.as_bytes())
}

pub(crate) fn email(name: &str) -> Vec<u8> {
    tlv(0x81, name.as_bytes())
}

pub(crate) fn registered_id(id: &str) -> Vec<u8> {
    let oid = oid(id);
    tlv(0x88, &oid[2..])
}

/// Permitted subtrees and excluded ones.
pub(crate) fn name_constraints(permitted: &[Vec<u8>], excluded: &[Vec<u8>]) -> Vec<u8> {
    let subtrees = |tag, names: &[Vec<u8>]| {
        let subtrees: Vec<u8> = names
            .iter()
            .flat_map(|name| seq(std::slice::from_ref(name)))
            .collect();
        (!names.is_empty()).then(|| tlv(tag, &subtrees))
    };
    let both = [subtrees(0xa0, permitted), subtrees(0xa1, excluded)];
    seq(&both.into_iter().flatten().collect::<Vec<_>>())
}

pub(crate) fn common_name(text: &str) -> Vec<u8> {
    if text.is_empty() {
        return seq(&[]);
    }
    seq(&[tlv(
        0x31,
        &seq(&[oid("2.5.4.3"), tlv(0x0c, text.as_bytes())]),
    )])
}

/// A public key of RSA with a modulus of this many octets.
pub(crate) fn rsa(octets: usize) -> Vec<u8> {
    rsa_of(&[&[0], vec![0xab; octets].as_slice()].concat())
}

/// A public key of RSA with these octets as its modulus.
pub(crate) fn rsa_of(modulus: &[u8]) -> Vec<u8> {
    let key = seq(&[integer(modulus), integer(&[1, 0, 1])]);
    let algorithm = seq(&[oid("1.2.840.113549.1.1.1"), tlv(5, &[])]);
    seq(&[algorithm, tlv(3, &[&[0], key.as_slice()].concat())])
}

/// A public key of ECDSA that brings the parameters of its curve along, cut short: nobody should look at them.
pub(crate) fn explicit_curve() -> Vec<u8> {
    let parameters = seq(&[integer(&[1])]);
    let algorithm = seq(&[oid("1.2.840.10045.2.1"), parameters]);
    let point = [&[0, 4], [7; 64].as_slice()].concat();
    seq(&[algorithm, tlv(3, &point)])
}

/// A public key of an algorithm that nobody knows.
pub(crate) fn unknown_key() -> Vec<u8> {
    seq(&[seq(&[oid("1.3.6.1.4.1.99999.2")]), tlv(3, &[0, 1, 2, 3])])
}

pub(crate) fn algorithm(id: &str) -> Vec<u8> {
    seq(&[oid(id)])
}

fn ecdsa_with_sha256() -> Vec<u8> {
    algorithm("1.2.840.10045.4.3.2")
}

pub(crate) fn signed(content: &[u8], algorithm: &[u8], signer: Key) -> Vec<u8> {
    let signature = [&[0], signer.sign(content).as_slice()].concat();
    seq(&[content.to_vec(), algorithm.to_vec(), tlv(3, &signature)])
}

pub(crate) fn extensions(list: &[Extension]) -> Vec<u8> {
    let one = |extension: &Extension| {
        let mut parts = vec![oid(extension.oid)];
        parts.extend(extension.critical.then(|| tlv(1, &[0xff])));
        parts.push(tlv(4, &extension.value));
        seq(&parts)
    };
    seq(&list.iter().map(one).collect::<Vec<_>>())
}

pub(crate) fn time(moment: OffsetDateTime) -> Vec<u8> {
    let utc_time = format_description!("[year repr:last_two][month][day][hour][minute][second]Z");
    tlv(0x17, moment.format(utc_time).unwrap().as_bytes())
}
