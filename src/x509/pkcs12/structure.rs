//! The structures of PKCS#12 (RFC 7292 §4) taken apart: the file, its checksum, its safes and the bags in one.

use aws_lc_rs::hmac;
use der::asn1::{AnyRef, BmpString, ObjectIdentifier, OctetStringRef};
use der::{Decode as _, Reader, SliceReader, Tag, TagMode, TagNumber, Tagged as _};
use x509_cert::spki::AlgorithmIdentifierRef;

use super::super::encryption::{Closed, Hash, Password, Purpose, Scheme};
use crate::x509::encoding::explicit;
use crate::x509::oid;
use crate::x509::pkcs12::Integrity;

/// `PFX`: the safes and their checksum.
pub(crate) struct Pfx<'a> {
    /// DER of `AuthenticatedSafe`, which is what the checksum is over.
    pub(crate) safes: &'a [u8],
    pub(crate) mac: Option<Mac<'a>>,
}

pub(crate) struct Mac<'a> {
    algorithm: AlgorithmIdentifierRef<'a>,
    digest: &'a [u8],
    salt: &'a [u8],
    iterations: u64,
}

impl<'a> Pfx<'a> {
    pub(crate) fn read(der: &'a [u8]) -> der::Result<Self> {
        let mut reader = SliceReader::new(der)?;
        let pfx = reader.sequence(|reader| {
            u8::decode(reader)?;
            let (kind, content) = content_info(reader)?;
            if kind.to_string() != oid::DATA {
                return Err(der::ErrorKind::OidUnknown { oid: kind }.into());
            }
            Ok::<_, der::Error>(Self {
                safes: content.decode_as::<&OctetStringRef>()?.as_bytes(),
                mac: if reader.is_finished() {
                    None
                } else {
                    Some(reader.sequence(Mac::read)?)
                },
            })
        })?;
        reader.finish()?;
        Ok(pfx)
    }

    /// The form of the password that the checksum proves.
    pub(crate) fn opened_by(&self, password: Option<&str>) -> Result<Password, Closed> {
        let candidates = match password {
            Some(text) if !text.is_empty() => vec![Password::new(text)],
            _ => vec![Password::new(""), Password::none()],
        };
        let mut closed = Closed::WrongPassword;
        for candidate in candidates {
            match self
                .mac
                .as_ref()
                .map_or(Ok(()), |mac| mac.verify(&candidate, self.safes))
            {
                Ok(()) => return Ok(candidate),
                Err(reason) => closed = reason,
            }
        }
        Err(closed)
    }
}

impl<'a> Mac<'a> {
    fn read<R: Reader<'a>>(reader: &mut R) -> der::Result<Self> {
        let (algorithm, digest) = reader.sequence(|reader| {
            let algorithm = AlgorithmIdentifierRef::decode(reader)?;
            Ok::<_, der::Error>((algorithm, <&OctetStringRef>::decode(reader)?.as_bytes()))
        })?;
        Ok(Self {
            algorithm,
            digest,
            salt: <&OctetStringRef>::decode(reader)?.as_bytes(),
            iterations: if reader.is_finished() {
                1
            } else {
                u64::decode(reader)?
            },
        })
    }

    fn hash(&self) -> Option<Hash> {
        Hash::from_oid(&self.algorithm.oid.to_string())
    }

    pub(crate) fn facts(&self) -> Integrity {
        let oid = self.algorithm.oid.to_string();
        Integrity {
            algorithm: match self.hash() {
                Some(hash) => format!("HMAC-{hash} under the key derivation of PKCS#12"),
                None if oid == oid::PBMAC1 => "PBMAC1 (RFC 9579)".to_owned(),
                None => oid,
            },
            iterations: self.iterations,
        }
    }

    fn verify(&self, password: &Password, safes: &[u8]) -> Result<(), Closed> {
        let hash = self.hash().ok_or(Closed::Unsupported)?;
        let algorithm = match hash {
            Hash::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha224 => hmac::HMAC_SHA224,
            Hash::Sha256 => hmac::HMAC_SHA256,
            Hash::Sha384 => hmac::HMAC_SHA384,
            Hash::Sha512 => hmac::HMAC_SHA512,
        };
        let length = algorithm.digest_algorithm().output_len();
        let work = (self.salt, self.iterations);
        let key = password.derive(hash, Purpose::Mac, work, length)?;
        hmac::verify(&hmac::Key::new(algorithm, &key), safes, self.digest)
            .map_err(|_| Closed::WrongPassword)
    }
}

/// One member of `AuthenticatedSafe`.
pub(crate) enum Safe<'a> {
    Plain(&'a [u8]),
    Encrypted { scheme: Scheme, data: &'a [u8] },
    Other(String),
}

/// `AuthenticatedSafe`.
pub(crate) fn safes(der: &[u8]) -> der::Result<Vec<Safe<'_>>> {
    let mut reader = SliceReader::new(der)?;
    let safes = reader.sequence(|reader| {
        let mut safes = Vec::new();
        while !reader.is_finished() {
            let (kind, content) = content_info(reader)?;
            safes.push(match kind.to_string().as_str() {
                oid::DATA => Safe::Plain(content.decode_as::<&OctetStringRef>()?.as_bytes()),
                oid::ENCRYPTED_DATA => encrypted_data(content)?,
                other => Safe::Other(other.to_owned()),
            });
        }
        Ok::<_, der::Error>(safes)
    })?;
    reader.finish()?;
    Ok(safes)
}

/// `EncryptedData` (RFC 5652 §8).
fn encrypted_data(content: AnyRef<'_>) -> der::Result<Safe<'_>> {
    content.sequence(|reader| {
        u8::decode(reader)?;
        let safe = reader.sequence(|reader| {
            <ObjectIdentifier>::decode(reader)?;
            let scheme = Scheme::read(&AlgorithmIdentifierRef::decode(reader)?);
            let data: Option<&OctetStringRef> =
                reader.context_specific(TagNumber(0), TagMode::Implicit)?;
            Ok::<_, der::Error>(Safe::Encrypted {
                scheme,
                data: data.map_or(&[], OctetStringRef::as_bytes),
            })
        })?;
        while !reader.is_finished() {
            reader.tlv_bytes()?;
        }
        Ok(safe)
    })
}

/// `ContentInfo`: a type and what is of it, under an explicit tag.
fn content_info<'a, R: Reader<'a>>(reader: &mut R) -> der::Result<(ObjectIdentifier, AnyRef<'a>)> {
    reader.sequence(|reader| {
        let kind = <ObjectIdentifier>::decode(reader)?;
        Ok((kind, explicit::required(reader)?))
    })
}

pub(crate) struct SafeBag<'a> {
    pub(crate) kind: ObjectIdentifier,
    pub(crate) value: AnyRef<'a>,
    pub(crate) friendly_name: Option<String>,
    pub(crate) local_key_id: Option<&'a [u8]>,
    pub(crate) is_trusted: bool,
}

pub(crate) fn safe_bags(der: &[u8]) -> der::Result<Vec<SafeBag<'_>>> {
    let mut reader = SliceReader::new(der)?;
    let bags = reader.sequence(|reader| {
        let mut bags = Vec::new();
        while !reader.is_finished() {
            bags.push(reader.sequence(SafeBag::read)?);
        }
        Ok::<_, der::Error>(bags)
    })?;
    reader.finish()?;
    Ok(bags)
}

impl<'a> SafeBag<'a> {
    fn read<R: Reader<'a>>(reader: &mut R) -> der::Result<Self> {
        let mut bag = Self {
            kind: <ObjectIdentifier>::decode(reader)?,
            value: explicit::required(reader)?,
            friendly_name: None,
            local_key_id: None,
            is_trusted: false,
        };
        if !reader.is_finished() {
            let attributes = AnyRef::decode(reader)?;
            attributes.tag().assert_eq(Tag::Set)?;
            let mut attributes = SliceReader::new(attributes.value())?;
            while !attributes.is_finished() {
                attributes.sequence(|reader| bag.add_attribute(reader))?;
            }
        }
        Ok(bag)
    }

    fn add_attribute<R: Reader<'a>>(&mut self, reader: &mut R) -> der::Result<()> {
        let oid = <ObjectIdentifier>::decode(reader)?.to_string();
        let values = AnyRef::decode(reader)?;
        values.tag().assert_eq(Tag::Set)?;
        let first = AnyRef::decode(&mut SliceReader::new(values.value())?);
        match (oid.as_str(), first) {
            (oid::FRIENDLY_NAME, Ok(value)) => {
                self.friendly_name = value
                    .decode_as::<BmpString>()
                    .ok()
                    .map(|name| name.to_string());
            }
            (oid::LOCAL_KEY_ID, Ok(value)) => self.local_key_id = Some(value.value()),
            (oid::TRUSTED_KEY_USAGE, _) => self.is_trusted = true,
            _ => {}
        }
        Ok(())
    }
}

/// `CertBag` and `CRLBag`: a type and an octet string under an explicit tag.
pub(crate) fn typed_value(der: &[u8]) -> der::Result<(ObjectIdentifier, AnyRef<'_>)> {
    SliceReader::new(der)?.sequence(|reader| {
        let kind = <ObjectIdentifier>::decode(reader)?;
        Ok::<_, der::Error>((kind, explicit::required(reader)?))
    })
}

/// `EncryptedPrivateKeyInfo` (RFC 5958 §3).
pub(crate) fn shrouded(der: &[u8]) -> der::Result<(Scheme, &[u8])> {
    SliceReader::new(der)?.sequence(|reader| {
        let scheme = Scheme::read(&AlgorithmIdentifierRef::decode(reader)?);
        Ok((scheme, <&OctetStringRef>::decode(reader)?.as_bytes()))
    })
}
