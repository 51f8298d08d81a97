//! Opens every sealed key it may and proves it: that it is a key, the one its certificate is for, in the form and sealed to whom it
//! should be. Reads only; what mends a fault is a command for a person.

mod host_key;

use rayon::prelude::*;

use crate::fleet::{ArtifactId, FileState, Fleet, Observed, RelPath, Sealed, SignatureState};
use crate::inspect::document;
use crate::inspect::object::Object;
use crate::plan::{Action, Plan, Reason};
use crate::seal::{Agreement, Identities, Marker, OpenError, Recipient, RecipientSet, SealedFacts};
use crate::store::{Root, StoreError};
use crate::x509::KeyFingerprint;
use crate::x509::key::facts::KeyFormat;
use crate::x509::key::signing::{KeyError, PrivateKey};

/// What is examined, and with what.
#[derive(Clone, Copy, Debug)]
pub struct Examination<'a> {
    pub fleet: &'a Fleet,
    pub observed: &'a Observed,
    pub plan: &'a Plan,
    pub root: &'a Root,
    pub identities: &'a Identities,
}

/// What came out for one artifact.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    pub id: ArtifactId,
    /// Its sealed key.
    pub file: RelPath,
    pub state: State,
}

/// How a sealed key does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Proved {
        /// The form of the key where it is another than PKCS#8, which the next run that writes the file makes it.
        form: Option<KeyFormat>,
    },
    /// The key of an authority that is declared to be offline.
    Elsewhere,
    /// The key of an authority that is not in the tree, with nothing in the declaration that says where it is.
    Missing { cure: String },
    /// None of the identities opens it; who could, and what was said.
    Locked {
        readers: Vec<String>,
        detail: String,
    },
    /// Every fault that was found; at least one.
    Broken(Vec<Ailment>),
}

impl State {
    /// Stable word for JSON.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Proved { .. } => "proved",
            Self::Elsewhere => "elsewhere",
            Self::Missing { .. } => "missing",
            Self::Locked { .. } => "locked",
            Self::Broken(_) => "broken",
        }
    }
}

/// One fault of a sealed key and what mends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ailment {
    /// Stable.
    pub code: &'static str,
    pub detail: String,
    pub cure: String,
}

/// Examines every declared key.
///
/// # Errors
/// A file that cannot be read as a file.
pub fn examine(examination: &Examination<'_>) -> Result<Vec<Diagnosis>, StoreError> {
    let keys: Vec<Sealed<'_>> = examination.fleet.sealed().collect();
    keys.par_iter()
        .map(|sealed| {
            Ok(Diagnosis {
                id: sealed.id.clone(),
                file: sealed.file.clone(),
                state: examination.state(sealed)?,
            })
        })
        .collect()
}

impl Examination<'_> {
    fn state(&self, sealed: &Sealed<'_>) -> Result<State, StoreError> {
        let facts = match self.observed.key(&sealed.id) {
            FileState::Missing => return Ok(self.missing(sealed)),
            FileState::Defective { defect, .. } => {
                return Ok(self.broken(sealed, "unreadable", defect.detail.clone()));
            }
            FileState::Sound { facts, .. } => facts,
        };
        let Some(file) = self.root.read(sealed.file)? else {
            return Ok(self.missing(sealed));
        };
        let content = match self.identities.open(&file.bytes) {
            Ok(content) => content,
            Err(error) => return Ok(self.unopened(sealed, facts, &error)),
        };
        if let Some(key) = self.fleet.host_key(&sealed.id) {
            let ailments = host_key::judge(key, self.observed, facts, &content);
            return Ok(proved_or(ailments, None));
        }
        Ok(match PrivateKey::from_pem(&content) {
            Ok(key) => {
                let ailments = self.judge(sealed, facts, &key.fingerprint());
                proved_or(ailments, other_form(&content))
            }
            Err(KeyError::Pem(flaw)) => {
                let detail = format!("it opens, but no program can load its key: {flaw}");
                State::Broken(vec![misshapen(sealed, detail)])
            }
            Err(error @ (KeyError::Der | KeyError::Base64)) => {
                State::Broken(vec![misshapen(sealed, format!("it opens, but {error}"))])
            }
            Err(error) => State::Broken(vec![Ailment {
                code: "not-a-key",
                detail: format!("it opens, but holds no key: {error}"),
                cure: restore(sealed),
            }]),
        })
    }

    fn missing(&self, sealed: &Sealed<'_>) -> State {
        let is_settled = |action: &Action| *action == Action::Keep;
        if let ArtifactId::Authority(name) = &sealed.id
            && let Some(authority) = self.fleet.authority(name)
            && self.action(&sealed.id).is_some_and(is_settled)
        {
            return if authority.key_offline {
                State::Elsewhere
            } else {
                let cure = authority.cure_of_missing_key();
                State::Missing { cure }
            };
        }
        self.broken(sealed, "missing", "it is not there".to_owned())
    }

    fn unopened(&self, sealed: &Sealed<'_>, facts: &SealedFacts, error: &OpenError) -> State {
        match error {
            OpenError::NoMatchingIdentity { .. } | OpenError::Refused { .. } => State::Locked {
                readers: self.readers(sealed, facts),
                detail: error.to_string(),
            },
            _ => State::Broken(vec![Ailment {
                code: "damaged",
                detail: error.to_string(),
                cure: restore(sealed),
            }]),
        }
    }

    /// Who can open it, by its header: whoever is declared where that agrees, else whoever the last run says it encrypted to, else what the
    /// header itself names.
    fn readers(&self, sealed: &Sealed<'_>, facts: &SealedFacts) -> Vec<String> {
        let agrees =
            |set: &RecipientSet| !matches!(facts.agrees_with(set), Agreement::Differs { .. });
        let before = self.observed.sealed_to(sealed.file);
        let sets = [Some(sealed.recipients.clone()), before];
        match sets.into_iter().flatten().find(agrees) {
            Some(set) => set.iter().map(Recipient::short).collect(),
            None => self.named_in(facts),
        }
    }

    /// SSH keys have a tag, by which those that are declared anywhere are known; of other keys there is only a number.
    fn named_in(&self, facts: &SealedFacts) -> Vec<String> {
        let sealed: Vec<Sealed<'_>> = self.fleet.sealed().collect();
        let known = |tag: &str| {
            let mut all = sealed.iter().flat_map(|sealed| sealed.recipients.iter());
            all.find(|recipient| recipient.ssh_tag() == Some(tag))
        };
        let named = |tag: &String| match known(tag) {
            Some(recipient) => recipient.short(),
            None => format!("the SSH key with the tag {tag}"),
        };
        let mut readers: Vec<String> = facts.ssh_tags.iter().map(named).collect();
        if facts.anonymous > 0 {
            readers.push(format!(
                "{} age key(s) that its header does not name",
                facts.anonymous
            ));
        }
        let others = facts.other.iter();
        readers.extend(others.map(|(tag, times)| format!("{times} key(s) of type {tag}")));
        readers
    }

    fn broken(&self, sealed: &Sealed<'_>, code: &'static str, detail: String) -> State {
        State::Broken(vec![self.ailment(&sealed.id, code, detail)])
    }

    /// A fault that a run mends, unless a person has to decide first.
    fn ailment(&self, id: &ArtifactId, code: &'static str, detail: String) -> Ailment {
        let cure = match self.action(id) {
            Some(Action::Refuse { cure }) => cure.clone(),
            _ => again(id),
        };
        Ailment { code, detail, cure }
    }

    fn action(&self, id: &ArtifactId) -> Option<&Action> {
        let mut steps = self.plan.steps.iter();
        let step = steps.find(|step| step.artifact() == Some(id))?;
        Some(&step.action)
    }

    /// What the opened key, its header and what lies beside it say of each other.
    fn judge(
        &self,
        sealed: &Sealed<'_>,
        facts: &SealedFacts,
        key: &KeyFingerprint,
    ) -> Vec<Ailment> {
        let mut ailments = Vec::new();
        ailments.extend(self.pair(sealed, key));
        let marker = facts.marker.as_ref();
        if marker.is_some_and(|marker| marker.key != Marker::key_id(key.as_bytes())) {
            ailments.push(Ailment {
                code: "marker",
                detail: "its header names another key than it holds".to_owned(),
                cure: restore(sealed),
            });
        }
        if let Agreement::Differs {
            missing,
            unexpected,
        } = facts.agrees_with(sealed.recipients)
        {
            ailments.push(Ailment {
                code: "recipients",
                detail: recipients(&missing, &unexpected),
                cure: again(&sealed.id),
            });
        }
        let file = self.observed.pair(&sealed.id).certificate.facts();
        if file.is_some_and(|file| file.signature == SignatureState::Broken) {
            ailments.push(Ailment {
                code: "signature",
                detail: "its certificate was not signed by the key of its issuer".to_owned(),
                cure: again(&sealed.id),
            });
        }
        ailments.extend(self.strangers(&sealed.id));
        ailments
    }

    /// What the public file has that the key does not vouch for: whoever trusts the file trusts that as well.
    fn strangers(&self, id: &ArtifactId) -> Vec<Ailment> {
        let mut steps = self.plan.steps.iter();
        let step = steps.find(|step| step.artifact() == Some(id));
        let reasons = step.map_or(&[][..], |step| &step.reasons);
        let is_stranger = |reason: &&Reason| {
            matches!(
                reason,
                Reason::TrustsStranger { .. }
                    | Reason::VerifiesByStranger { .. }
                    | Reason::KeyExchanged { .. }
            )
        };
        let strangers = reasons.iter().filter(is_stranger);
        strangers
            .map(|reason| self.ailment(id, "stranger", reason.to_string()))
            .collect()
    }

    /// Why a key and what is public beside it are no pair.
    fn pair(&self, sealed: &Sealed<'_>, key: &KeyFingerprint) -> Option<Ailment> {
        let id = &sealed.id;
        let beside = if id.is_key_pair() {
            let public = self.observed.key_pair(id).current();
            public.map(|public| public.fingerprint)
        } else {
            let certificate = self.observed.certificate(id);
            certificate.map(|certificate| certificate.key_fingerprint)
        };
        let Some(beside) = beside else {
            let detail = "it opens, but what is public of it is not there or cannot be read, so that nothing proves it";
            return Some(self.ailment(id, "unproved", detail.to_owned()));
        };
        if beside == *key {
            return None;
        }
        let mut owners = self.observed.key_owners();
        let owner = owners.remove(&Marker::key_id(key.as_bytes()));
        Some(Ailment {
            code: "other-key",
            detail: match owner.and_then(|owners| owners.first().copied()) {
                Some(owner) => format!("it holds the key of {owner}"),
                None => "its key is not that of the file next to it".to_owned(),
            },
            cure: restore(sealed),
        })
    }
}

fn proved_or(ailments: Vec<Ailment>, form: Option<KeyFormat>) -> State {
    if ailments.is_empty() {
        State::Proved { form }
    } else {
        State::Broken(ailments)
    }
}

/// The form that `K8Nix` and other tools wrote: Go, OpenSSL and nginx read it as well, and a run that writes the file writes PKCS#8 (RFC 5958).
fn other_form(content: &[u8]) -> Option<KeyFormat> {
    let found = document::read(content, None).ok()?;
    let mut formats = found.into_iter().filter_map(|found| match found.object {
        Object::PrivateKey(key) => Some(key.format),
        _ => None,
    });
    formats.find(|format| *format != KeyFormat::Pkcs8)
}

/// There is a key in it, in a form that programs do not load.
fn misshapen(sealed: &Sealed<'_>, detail: String) -> Ailment {
    let mend = format!(
        "decrypt {}, mend its text and encrypt it again in its place",
        sealed.file.shell()
    );
    Ailment {
        code: "form",
        detail,
        cure: match &sealed.id {
            ArtifactId::Leaf { .. } => {
                format!(
                    "{mend}, or have a new key made: `certs recreate --replace {}`",
                    sealed.id
                )
            }
            _ => mend,
        },
    }
}

fn recipients(missing: &[String], unexpected: &[String]) -> String {
    let mut parts = Vec::new();
    if !missing.is_empty() {
        parts.push(format!("it is not sealed to {}", missing.join(", ")));
    }
    if !unexpected.is_empty() {
        parts.push(format!("it is sealed to {}", unexpected.join(", ")));
    }
    parts.join("; ")
}

fn again(id: &ArtifactId) -> String {
    format!("`certs recreate --only {id}`")
}

/// A key that is damaged is restored; only where no version is good a new one is made, which an authority's heirs would notice.
fn restore(sealed: &Sealed<'_>) -> String {
    if let ArtifactId::HostKey(name) = &sealed.id {
        return host_key::restore(sealed.file, name);
    }
    format!(
        "restore it: `git log -- {0}`, `git restore --source=<commit> -- {0}`; if no version is good, move it away and `certs recreate --replace {1}`",
        sealed.file.shell(),
        sealed.id
    )
}
