//! What is taken from a certification request (RFC 2986) and what nobody certifies, whatever the role. A certificate is never made of
//! a request: names and usages are read from it, and judged like those that anybody asks for.

use std::fmt;

use super::{Request, RequestedKey, RequestedName};
use crate::x509::extension::{Extension, ExtensionValue};
use crate::x509::key::spki;
use crate::x509::name::AttributeType;
use crate::x509::request::{RequestFacts, SignatureCheck};
use crate::x509::{FoundKeyAlgorithm, KeyAlgorithm, KeyUsage, SpkiDefect, Usages};

/// The wish that a request comes to.
#[derive(Clone, Debug)]
pub struct Taken {
    pub request: Request,
    /// What it asks for beyond that, which nobody is given.
    pub ignored: Vec<Ignored>,
}

/// A part of a request that makes no difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ignored {
    /// The subject but for the common name is the role's.
    SubjectAttribute {
        kind: String,
        value: String,
    },
    Extension {
        name: String,
    },
    Attribute {
        oid: String,
    },
}

/// Why a request is not even judged by a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CsrFault {
    /// Its signature is not by its key: whoever sent it may not have that key.
    NotProved,
    /// Its signature is of a kind that is not verified, or its key of one that cannot be used.
    NotVerifiable {
        algorithm: String,
        key: String,
    },
    /// Its key is not to be certified in the form in which it stands there.
    Key {
        algorithm: KeyAlgorithm,
        defect: SpkiDefect,
    },
    Authority,
    SignsCertificates,
    Damaged {
        extension: String,
    },
    Repeated {
        extension: String,
    },
    SeveralCommonNames {
        names: Vec<String>,
    },
}

impl CsrFault {
    /// Stable, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotProved => "request-not-proved",
            Self::NotVerifiable { .. } => "request-not-verifiable",
            Self::Key {
                defect: SpkiDefect::Form,
                ..
            } => "request-key-form",
            Self::Key {
                defect: SpkiDefect::SmallOrder,
                ..
            } => "request-key-weak",
            Self::Authority => "request-for-authority",
            Self::SignsCertificates => "request-to-sign-certificates",
            Self::Damaged { .. } => "request-damaged",
            Self::Repeated { .. } => "request-repeats-extension",
            Self::SeveralCommonNames { .. } => "request-common-names",
        }
    }

    /// What to do instead.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::NotProved => "make the request again with the private key at hand",
            Self::NotVerifiable { .. } => {
                "make it with SHA-256 or longer, and RSA of 2048 bits or more, ECDSA on P-256, P-384 or P-521, or Ed25519"
            }
            Self::Key {
                defect: SpkiDefect::Form,
                ..
            } => {
                "make the request with another program; OpenSSL writes points of curves as they have to be after `openssl ec -conv_form uncompressed`"
            }
            Self::Key {
                defect: SpkiDefect::SmallOrder,
                ..
            } => "make a new key with a random source that works",
            Self::Authority | Self::SignsCertificates => {
                "declare an authority (certToolkit.cas.<name> with an issuer); one is never signed on request"
            }
            Self::Damaged { .. } | Self::Repeated { .. } => "make the request again",
            Self::SeveralCommonNames { .. } => {
                "ask for one common name, and for the others as subject alternative names"
            }
        }
    }
}

impl fmt::Display for CsrFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotProved => f.write_str(
                "the CSR was not signed by the key in it: its sender did not prove to have that key",
            ),
            Self::NotVerifiable { algorithm, key } => write!(
                f,
                "the signature of the request ({algorithm}, by a key that is {key}) cannot be verified"
            ),
            Self::Key { algorithm, defect } => {
                write!(f, "the key of the request ({algorithm}) {defect}")
            }
            Self::Authority => f.write_str("the request is for an authority (CA:TRUE)"),
            Self::SignsCertificates => {
                f.write_str("the request asks to sign certificates (keyCertSign)")
            }
            Self::Damaged { extension } => {
                write!(f, "the extension {extension} of the request cannot be read")
            }
            Self::Repeated { extension } => {
                write!(f, "the extension {extension} stands twice in the request")
            }
            Self::SeveralCommonNames { names } => {
                const MOST: usize = 10;
                let first = names.iter().take(MOST);
                let first: Vec<String> = first.map(|name| name.escape_debug().to_string()).collect();
                let shown = first.join(", ");
                write!(f, "the request has {} common names: {shown}", names.len())?;
                f.write_str(if names.len() > MOST { ", …" } else { "" })
            }
        }
    }
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SubjectAttribute { kind, value } => write!(
                f,
                "{kind}={} of the request is left out: the subject is the role's",
                value.escape_debug()
            ),
            Self::Extension { name } => write!(f, "the requested extension {name} is left out"),
            Self::Attribute { oid } => write!(f, "the attribute {oid} of the request is left out"),
        }
    }
}

/// What a request asks for.
///
/// # Errors
/// Everything that speaks against it, before any role is asked.
pub fn read(facts: &RequestFacts) -> Result<Taken, Vec<CsrFault>> {
    let mut reading = Reading::default();
    reading.key(facts);
    reading.signature(facts);
    let common_name = reading.subject(facts);
    for extension in &facts.extensions {
        reading.extension(extension);
    }
    for oid in &facts.attributes {
        reading
            .ignored
            .push(Ignored::Attribute { oid: oid.clone() });
    }
    if !reading.faults.is_empty() {
        return Err(reading.faults);
    }
    Ok(Taken {
        request: Request {
            common_name,
            sans: reading.sans,
            lifetime: None,
            key: RequestedKey::Public {
                algorithm: facts.key.clone(),
                fingerprint: facts.key_fingerprint,
            },
            usages: reading.usages,
        },
        ignored: reading.ignored,
    })
}

#[derive(Default)]
struct Reading {
    sans: Vec<RequestedName>,
    usages: Option<Usages>,
    /// Object identifiers of what was read.
    seen: Vec<String>,
    ignored: Vec<Ignored>,
    faults: Vec<CsrFault>,
}

impl Reading {
    fn signature(&mut self, facts: &RequestFacts) {
        match facts.signature {
            SignatureCheck::Good => {}
            SignatureCheck::Bad => self.faults.push(CsrFault::NotProved),
            // That the key is damaged says more.
            SignatureCheck::Unsupported if self.has_key_fault() => {}
            SignatureCheck::Unsupported => self.faults.push(CsrFault::NotVerifiable {
                algorithm: facts.signature_algorithm.clone(),
                key: facts.key.to_string(),
            }),
        }
    }

    fn key(&mut self, facts: &RequestFacts) {
        let named = match &facts.key {
            FoundKeyAlgorithm::Known(algorithm) => Some(*algorithm),
            FoundKeyAlgorithm::Damaged(name) => KeyAlgorithm::ALL
                .into_iter()
                .find(|algorithm| algorithm.to_string() == *name),
            FoundKeyAlgorithm::Other(_) => None,
        };
        let Some(algorithm) = named else {
            return;
        };
        let defect = spki::defect(algorithm, &facts.spki);
        self.faults
            .extend(defect.map(|defect| CsrFault::Key { algorithm, defect }));
    }

    fn has_key_fault(&self) -> bool {
        self.faults
            .iter()
            .any(|fault| matches!(fault, CsrFault::Key { .. }))
    }

    fn subject(&mut self, facts: &RequestFacts) -> Option<String> {
        let mut names = Vec::new();
        for (kind, value) in facts.subject.rdns().iter().flatten() {
            if *kind == AttributeType::CommonName {
                names.push(value.clone());
            } else {
                self.ignored.push(Ignored::SubjectAttribute {
                    kind: kind.short_name().to_owned(),
                    value: value.clone(),
                });
            }
        }
        if names.len() > 1 {
            self.faults.push(CsrFault::SeveralCommonNames { names });
            return None;
        }
        // OpenSSL asks for a common name and takes an empty answer.
        names.pop().filter(|name| !name.is_empty())
    }

    fn extension(&mut self, extension: &Extension) {
        let name = || {
            let known = extension.name().map(str::to_owned);
            known.unwrap_or_else(|| extension.oid.clone())
        };
        if self.seen.contains(&extension.oid) {
            self.faults.push(CsrFault::Repeated { extension: name() });
            return;
        }
        self.seen.push(extension.oid.clone());
        match &extension.value {
            ExtensionValue::SubjectAltNames(names) => {
                let names = names.iter().cloned().map(RequestedName::Found);
                self.sans.extend(names);
            }
            ExtensionValue::KeyUsage(usages) => {
                if usages.contains(&KeyUsage::CertSign) {
                    self.faults.push(CsrFault::SignsCertificates);
                }
                self.usages.get_or_insert_default().key.clone_from(usages);
            }
            ExtensionValue::ExtendedKeyUsage(usages) => {
                let asked = self.usages.get_or_insert_default();
                asked.extended.clone_from(usages);
            }
            ExtensionValue::BasicConstraints(constraints) if constraints.ca => {
                self.faults.push(CsrFault::Authority);
            }
            // CA:FALSE is what everybody gets.
            ExtensionValue::BasicConstraints(_) => {}
            ExtensionValue::Damaged(_) => {
                self.faults.push(CsrFault::Damaged { extension: name() });
            }
            _ => self.ignored.push(Ignored::Extension { name: name() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_feed_in_a_common_name_ends_no_line() {
        let names = vec!["a\nhint: b".to_owned(), "c".to_owned()];
        let text = CsrFault::SeveralCommonNames { names }.to_string();
        assert_eq!(text, "the request has 2 common names: a\\nhint: b, c");
    }
}
