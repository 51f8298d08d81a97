//! A tree without files: carries plans out in memory, as `apply` does on disk, and lets a test lose, damage and exchange what is in it.

use std::collections::BTreeMap;
use std::rc::Rc;

use certs::fleet::{
    Artifact, ArtifactId, Authority, CertificateFile, Defect, DefectKind, FileState, Fleet,
    Observed, ObservedPair, RelPath, SignatureState, UndeclaredFile,
};
use certs::manifest::{KeyFiles, Manifest};
use certs::plan::{Action, Plan, Policy, Step, plan};
use certs::seal::{RecipientSet, SealedFacts, header as sealed, seal};
use certs::x509::certificate::read::{parse_der, signed_by};
use certs::x509::certificate::write::{Issuer, Role, Template, self_signed, signed};
use certs::x509::key::signing::PrivateKey;
use certs::x509::name::write::NameDer;
use certs::x509::{CertificateFacts, Digest, San, Usages, Validity};
use time::OffsetDateTime;
use time::macros::datetime;

use crate::declared::Declared;

pub(crate) const ADA: &str = "age1k9g9930t6j5r9ftm00zqs0d3c40jmcm9wzhzpcs9wj3uuylaueesjqxfdc";
pub(crate) const BOB: &str = "age1ycmem84mr8vat386gy0qvycrgwkh94jfkydcmrc8d9scyh02k9csqp2ru4";
const HOST: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIInEh0JIf5BhbloR9CA79LaBfUjf3KWhq+ladVTMPZmm root@cp1";

/// When every tree of these tests is made.
pub(crate) const NOW: OffsetDateTime = datetime!(2030-01-01 0:00 UTC);

/// Nothing yet, with Ada as the operator.
pub(crate) fn nothing() -> Declared {
    Declared::by(&[ADA], HOST)
}

/// One root and one server certificate below it.
pub(crate) fn one_leaf() -> Declared {
    nothing().root("root").leaf("cp1/root/server")
}

/// A root, an intermediate, and a server certificate below that.
pub(crate) fn one_chain() -> Declared {
    nothing()
        .root("root")
        .intermediate("web", "root")
        .leaf("cp1/web/server")
}

impl Declared {
    pub(crate) fn fleet(&self) -> Fleet {
        let manifest = Manifest::parse(self.manifest.to_string().as_bytes()).unwrap();
        manifest.resolve(&KeyFiles::new()).unwrap().fleet
    }
}

/// What `certs plan` is asked on the command line.
pub(crate) fn replace(pattern: &str) -> Policy {
    Policy {
        replace: vec![pattern.parse().unwrap()],
        ..Policy::default()
    }
}

pub(crate) fn only(pattern: &str) -> Policy {
    Policy {
        only: vec![pattern.parse().unwrap()],
        ..Policy::default()
    }
}

/// Each step on a line: `renew cp1/root/server: SANs +10.0.0.1; expired 2031-01-01`, and for a refusal ` | ` and its cure.
pub(crate) fn lines(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(line).collect()
}

fn line(step: &Step) -> String {
    let reasons: Vec<String> = step.reasons.iter().map(ToString::to_string).collect();
    let mut line = format!("{} {}", step.action.code(), step.target);
    if !reasons.is_empty() {
        line = format!("{line}: {}", reasons.join("; "));
    }
    match &step.action {
        Action::Refuse { cure } => format!("{line} | {cure}"),
        _ => line,
    }
}

/// How a certificate made elsewhere differs from one of ours.
#[derive(Debug)]
pub(crate) enum Foreign {
    Named(NameDer),
    /// It was never meant to sign certificates.
    Leaf,
}

/// Certificates and sealed keys as `observe` would find them, and the private keys behind them.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) observed: Observed,
    pub(crate) keys: BTreeMap<ArtifactId, Rc<PrivateKey>>,
}

impl Tree {
    /// The tree after a first run at [`NOW`].
    pub(crate) fn made_from(declared: &Declared) -> Self {
        let mut tree = Self::default();
        tree.run(declared, NOW);
        tree
    }

    pub(crate) fn plan(&self, declared: &Declared) -> Vec<String> {
        lines(&self.plan_at(declared, NOW, &Policy::default()))
    }

    pub(crate) fn plan_with(&self, declared: &Declared, policy: &Policy) -> Vec<String> {
        lines(&self.plan_at(declared, NOW, policy))
    }

    pub(crate) fn plan_at(
        &self,
        declared: &Declared,
        now: OffsetDateTime,
        policy: &Policy,
    ) -> Plan {
        plan(&declared.fleet(), &self.observed, now, policy)
    }

    /// Plans and carries out.
    pub(crate) fn run(&mut self, declared: &Declared, now: OffsetDateTime) {
        self.run_with(declared, now, &Policy::default());
    }

    pub(crate) fn run_with(&mut self, declared: &Declared, now: OffsetDateTime, policy: &Policy) {
        let plan = self.plan_at(declared, now, policy);
        assert_eq!(plan.refusals().count(), 0, "{:#?}", lines(&plan));
        let fleet = declared.fleet();
        for artifact in fleet.artifacts() {
            let step = plan
                .steps
                .iter()
                .find(|step| step.artifact() == Some(&artifact.id()));
            if let Some(step) = step.filter(|step| step.action.changes_files()) {
                self.carry_out(&fleet, artifact, step);
            }
        }
        self.carry_out_key_pairs(&fleet, &plan);
        self.check_signatures(&fleet);
    }

    pub(crate) fn certificate(&self, id: &str) -> &CertificateFacts {
        self.observed.certificate(&self.id(id)).unwrap()
    }

    /// As if the key of its issuer's certificate had not signed it.
    pub(crate) fn mark_broken(&mut self, id: &str) {
        let FileState::Sound { facts, .. } = &mut self.pair(id).certificate else {
            panic!("{id} is not sound");
        };
        facts.signature = SignatureState::Broken;
    }

    pub(crate) fn lose_certificate(&mut self, id: &str) {
        self.pair(id).certificate = FileState::Missing;
    }

    pub(crate) fn lose_key(&mut self, id: &str) {
        self.pair(id).key = FileState::Missing;
    }

    pub(crate) fn damage_certificate(&mut self, id: &str) {
        self.pair(id).certificate = defective(DefectKind::Unreadable, "the file is empty");
    }

    /// A link or a device in its place.
    pub(crate) fn obstruct_certificate(&mut self, id: &str) {
        self.pair(id).certificate = defective(DefectKind::NoFile, "it is a link");
    }

    pub(crate) fn damage_key(&mut self, id: &str, kind: DefectKind) {
        self.pair(id).key = defective(kind, "it is not an age file");
    }

    /// Puts the sealed key of one artifact in the place of another's.
    pub(crate) fn exchange_key(&mut self, id: &str, other: &str) {
        self.pair(id).key = self.pair(other).key.clone();
    }

    /// Puts a certificate of somebody else's making in the place of a root's: same key, same dates.
    pub(crate) fn adopt(&mut self, declared: &Declared, id: &str, foreign: &Foreign) {
        let fleet = declared.fleet();
        let artifact = fleet
            .artifacts()
            .find(|artifact| artifact.id().to_string() == id)
            .unwrap();
        let declared_subject = NameDer::encode(&artifact.declaration().subject).unwrap();
        let validity = self.certificate(id).validity();
        let leaf_usages = Usages::parse(&["server auth"]).unwrap();
        let own = template(artifact, &fleet, &[], &declared_subject, validity);
        let template = match foreign {
            Foreign::Named(subject) => Template { subject, ..own },
            Foreign::Leaf => Template {
                role: Role::Leaf,
                usages: &leaf_usages,
                ..own
            },
        };
        let der = self_signed(&template, &self.keys[&artifact.id()]).unwrap();
        self.pair(id).certificate = sound_certificate(parse_der(&der).unwrap(), Vec::new());
        self.check_signatures(&fleet);
    }

    /// Puts an authority's certificate as its owner's own issuer would have signed it, had one been declared.
    pub(crate) fn adopt_from_outside(
        &mut self,
        declared: &Declared,
        id: &str,
        until: OffsetDateTime,
    ) {
        let fleet = declared.fleet();
        let artifact = fleet
            .artifacts()
            .find(|artifact| artifact.id().to_string() == id)
            .unwrap();
        let outside = Tree::made_from(&nothing().root("outside"));
        let issuer = Issuer::new(
            outside.certificate("ca/outside"),
            outside.keys.values().next().unwrap(),
        )
        .unwrap();
        let subject = NameDer::encode(&artifact.declaration().subject).unwrap();
        let validity = Validity {
            not_before: NOW,
            not_after: until,
        };
        let template = template(artifact, &fleet, &[], &subject, validity);
        let der = signed(&template, self.keys[&artifact.id()].spki_der(), &issuer).unwrap();
        self.pair(id).certificate = sound_certificate(parse_der(&der).unwrap(), Vec::new());
        self.check_signatures(&fleet);
        // Nobody declared the issuer, so there is nothing to check the signature with.
        if let FileState::Sound { facts, .. } = &mut self.pair(id).certificate {
            facts.signature = SignatureState::Unknown;
        }
    }

    /// Puts a file nobody declares into the tree.
    pub(crate) fn leave(&mut self, path: &str) {
        let path = RelPath::new(path).unwrap();
        self.observed.undeclared.push(UndeclaredFile {
            path,
            digest: Digest::of(b""),
        });
    }

    pub(crate) fn pair(&mut self, id: &str) -> &mut ObservedPair {
        let id = self.id(id);
        self.observed.pairs.get_mut(&id).unwrap()
    }

    fn id(&self, id: &str) -> ArtifactId {
        self.observed
            .pairs
            .keys()
            .find(|found| found.to_string() == id)
            .unwrap()
            .clone()
    }

    fn carry_out(&mut self, fleet: &Fleet, artifact: Artifact<'_>, step: &Step) {
        let id = artifact.id();
        let key = match step.action {
            Action::Create | Action::Replace => {
                Rc::new(PrivateKey::generate(artifact.declaration().key).unwrap())
            }
            _ => Rc::clone(&self.keys[&id]),
        };
        let certificate = match step.validity {
            Some(granted) => self.issue(fleet, artifact, &key, granted.validity()),
            None => self.observed.pairs[&id].certificate.clone(),
        };
        let key_state = sealed_state(artifact.recipients(), &key);
        self.observed.pairs.insert(
            id.clone(),
            ObservedPair {
                certificate,
                key: key_state,
            },
        );
        self.keys.insert(id, key);
    }

    fn issue(
        &self,
        fleet: &Fleet,
        artifact: Artifact<'_>,
        key: &PrivateKey,
        validity: Validity,
    ) -> FileState<CertificateFile> {
        let declaration = artifact.declaration();
        let sans: Vec<San> = declaration.sans.iter().cloned().collect();
        let subject = NameDer::encode(&declaration.subject).unwrap();
        let template = template(artifact, fleet, &sans, &subject, validity);
        let der = match fleet.issuer_of(artifact) {
            None => self_signed(&template, key).unwrap(),
            Some(issuer) => {
                let certificate = self.observed.certificate(&issuer.id()).unwrap();
                let issuer = Issuer::new(certificate, &self.keys[&issuer.id()]).unwrap();
                signed(&template, key.spki_der(), &issuer).unwrap()
            }
        };
        let following = match artifact {
            Artifact::Authority(_) => Vec::new(),
            Artifact::Leaf(_) => {
                let issuers = fleet.issuers_of(artifact);
                let intermediates = issuers.iter().filter(|issuer| !issuer.is_root());
                intermediates
                    .map(|issuer| self.observed.certificate(&issuer.id()).unwrap().clone())
                    .collect()
            }
        };
        sound_certificate(parse_der(&der).unwrap(), following)
    }

    fn check_signatures(&mut self, fleet: &Fleet) {
        for artifact in fleet.artifacts() {
            let issuer = fleet
                .issuer_of(artifact)
                .map_or_else(|| artifact.id(), Authority::id);
            let issuer = self.observed.certificate(&issuer).cloned();
            let Some(ObservedPair {
                certificate: FileState::Sound { facts, .. },
                ..
            }) = self.observed.pairs.get_mut(&artifact.id())
            else {
                continue;
            };
            facts.signature = match issuer {
                None => SignatureState::Unknown,
                Some(issuer) if signed_by(&facts.certificate, &issuer) => SignatureState::Verified,
                Some(_) => SignatureState::Broken,
            };
        }
    }
}

fn template<'a>(
    artifact: Artifact<'a>,
    fleet: &'a Fleet,
    sans: &'a [San],
    subject: &'a NameDer,
    validity: Validity,
) -> Template<'a> {
    let issuer = fleet.issuer_of(artifact);
    Template {
        subject,
        subject_key_id: None,
        sans,
        usages: &artifact.declaration().usages,
        role: match artifact {
            Artifact::Leaf(_) => Role::Leaf,
            Artifact::Authority(authority) => Role::Authority {
                path_length: authority.effective_path_length(),
                name_constraints: authority.name_constraints.as_ref(),
            },
        },
        crl_urls: issuer.map_or(&[], |issuer| &issuer.crl_urls),
        issuer_urls: issuer.map_or(&[], |issuer| &issuer.issuer_urls),
        validity,
    }
}

fn sound_certificate(
    certificate: CertificateFacts,
    following: Vec<CertificateFacts>,
) -> FileState<CertificateFile> {
    let digest = Digest::of(&certificate.der);
    let facts = CertificateFile {
        certificate,
        following,
        standings: Vec::new(),
        signature: SignatureState::Unknown,
    };
    FileState::Sound { digest, facts }
}

pub(crate) fn sealed_state(recipients: &RecipientSet, key: &PrivateKey) -> FileState<SealedFacts> {
    let pem = key.to_pem().unwrap();
    let bytes = seal(pem.as_bytes(), recipients, &key.fingerprint()).unwrap();
    FileState::Sound {
        digest: Digest::of(&bytes),
        facts: sealed::parse(&bytes).unwrap(),
    }
}

pub(crate) fn defective<T>(kind: DefectKind, detail: &str) -> FileState<T> {
    FileState::Defective {
        digest: Some(Digest::of(detail.as_bytes())),
        defect: Defect {
            kind,
            damage: certs::x509::Damage::Other,
            detail: detail.to_owned(),
        },
    }
}
