//! From drift to steps: goes through the fleet in issuing order and collects the reasons of each artifact. The action is
//! decided in `authority` and `leaf`.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use time::OffsetDateTime;

use super::key_pair::needed_key_pairs;
use super::{
    Action, Part, Plan, Policy, Reason, Step, Target, UndeclaredPolicy, certificate_drift,
};
use crate::fleet::{
    Artifact, ArtifactId, Authority, CertificateFile, DefectKind, FileState, Fleet, Gone, Name,
    Observed, ObservedPair, RelPath, SignatureState,
};
use crate::seal::{Agreement, Marker, RecipientSet, SealedFacts};
use crate::x509::{CertificateFacts, Granted, KeyUsage, Validity, ValidityError};

/// Compares the whole fleet with the files.
///
/// Pure: the same declaration, files, moment and policy give the same plan. A settled tree gives only [`Action::Keep`].
pub fn plan(fleet: &Fleet, observed: &Observed, now: OffsetDateTime, policy: &Policy) -> Plan {
    let now = now.replace_nanosecond(0).unwrap_or(now);
    let mut planner = Planner {
        fleet,
        observed,
        now,
        policy,
        owners: observed.key_owners(),
        outlooks: BTreeMap::new(),
    };
    let mut steps: Vec<Step> = Vec::new();
    for authority in &fleet.authorities {
        let step = planner.authority_step(authority);
        planner.remember(authority, &step);
        steps.push(step);
    }
    steps.extend(planner.key_pair_steps());
    let leaves = fleet.certificates.par_iter();
    steps.par_extend(leaves.map(|certificate| planner.leaf_step(certificate)));
    steps.extend(planner.host_key_steps());
    let mut steps = select(fleet, steps, policy);
    if policy.only.is_empty() {
        steps.extend(undeclared_steps(fleet, observed, policy.undeclared));
    }
    Plan { steps, now }
}

/// The state of a CA that the artifacts below it can expect once its own step is done.
#[derive(Clone, Copy, Debug)]
enum Outlook {
    /// It stays as it is.
    Steady(Validity),
    /// It gets another certificate for its key and name: what it signed stays good, what carries its certificate does not.
    Renewed(Validity),
    /// It gets another key or its certificate is made from nothing: everything below is issued anew.
    New(Validity),
    /// Its certificate is good and its key is not in the tree.
    CannotSign(Validity),
    /// A person has to decide first.
    Blocked,
}

impl Outlook {
    fn validity(self) -> Option<Validity> {
        match self {
            Self::Steady(validity)
            | Self::Renewed(validity)
            | Self::New(validity)
            | Self::CannotSign(validity) => Some(validity),
            Self::Blocked => None,
        }
    }

    fn changes_certificate(self) -> bool {
        matches!(self, Self::Renewed(_) | Self::New(_))
    }
}

/// The fleet, the files and the moment, and what is decided already: issuers before what they issue.
pub(super) struct Planner<'a> {
    pub(super) fleet: &'a Fleet,
    pub(super) observed: &'a Observed,
    now: OffsetDateTime,
    pub(super) policy: &'a Policy,
    /// The artifacts with a certificate for each key, by [`Marker::key_id`].
    pub(super) owners: BTreeMap<String, Vec<&'a ArtifactId>>,
    outlooks: BTreeMap<&'a Name, Outlook>,
}

impl<'a> Planner<'a> {
    pub(super) fn is_requested(&self, id: &ArtifactId) -> bool {
        let mut patterns = self.policy.replace.iter();
        patterns.any(|pattern| pattern.asks_to_replace(id))
    }

    /// Whether everything that is not its own is to leave its public file.
    pub(super) fn is_retired(&self, id: &ArtifactId) -> bool {
        let mut patterns = self.policy.retire.iter();
        patterns.any(|pattern| pattern.names(id))
    }

    /// The history of an artifact with neither file, and how to restore it. A new one would not be compatible with anything issued under
    /// it.
    pub(super) fn gone(
        &self,
        id: &ArtifactId,
        (public, key): (&RelPath, &RelPath),
    ) -> Option<(Reason, String)> {
        let all = |files: &[RelPath]| {
            let files: Vec<String> = files.iter().map(RelPath::shell).collect();
            files.join(" ")
        };
        let (known, restored) = match self.observed.gone.get(id) {
            // Without the option Git leaves out what a sparse checkout leaves out.
            Some(Gone::FromWorkTree(files)) => (
                "Git's index has them",
                format!(
                    "`git restore --ignore-skip-worktree-bits -- {}`",
                    all(files)
                ),
            ),
            Some(Gone::FromIndex(files)) => (
                "the last commit has them",
                format!(
                    "`git restore --source=HEAD --staged --worktree -- {}`",
                    all(files)
                ),
            ),
            None => {
                self.observed.recorded.facts()?.keys.get(id)?;
                let files = all(&[public.clone(), key.clone()]);
                (
                    "the inventory knows its key",
                    format!(
                        "`git log --all -- {files}` finds them, `git restore --source=<commit> -- {files}`"
                    ),
                )
            }
        };
        let known = known.to_owned();
        let cure = format!("restore them ({restored}); for a new one instead: --replace {id}");
        Some((Reason::FilesGone { known }, cure))
    }

    pub(super) fn is_renewal_requested(&self, id: &ArtifactId) -> bool {
        let mut patterns = self.policy.renew.iter();
        patterns.any(|pattern| pattern.asks_to_replace(id))
    }

    /// The reasons that come from the command line and from the issuer's CRL.
    pub(super) fn outside_reasons(&self, artifact: Artifact<'a>) -> Vec<Reason> {
        let id = artifact.id();
        let requested = self.is_requested(&id).then_some(Reason::Requested);
        let renewed = self
            .is_renewal_requested(&id)
            .then_some(Reason::RenewalRequested);
        let revoked = self
            .observed
            .revocation(artifact)
            .map(|entry| Reason::Revoked {
                at: entry.revoked_at,
                reason: entry.reason,
            });
        [revoked, requested, renewed]
            .into_iter()
            .flatten()
            .collect()
    }

    /// All reasons that concern a certificate that parses, and the key next to it.
    pub(super) fn pair_reasons(
        &self,
        artifact: Artifact<'a>,
        file: &CertificateFile,
        key: Option<&SealedFacts>,
    ) -> Vec<Reason> {
        let found = &file.certificate;
        let issuer = self.fleet.issuer_of(artifact);
        let issuer_certificate = issuer.and_then(|issuer| self.observed.certificate(&issuer.id()));
        let mut reasons = certificate_drift(artifact, issuer, issuer_certificate, found);
        if reasons
            .iter()
            .all(|reason| !matches!(reason, Reason::UsagesChanged { .. }))
        {
            reasons.extend(self.list_reason(artifact, found));
        }
        if !reasons
            .iter()
            .any(|reason| matches!(reason, Reason::IssuerChanged { .. }))
        {
            reasons.extend(self.chain_reason(artifact, issuer, file));
        }
        if !reasons
            .iter()
            .any(|reason| matches!(reason, Reason::LifetimeChanged { .. }))
        {
            reasons.extend(self.lifetime_reason(artifact, found));
        }
        if let Some(key) = key {
            if key
                .marker
                .as_ref()
                .is_some_and(|marker| marker.key != key_id(found))
            {
                reasons.push(Reason::KeyMismatch);
            }
            reasons.extend(self.recipient_reason(
                artifact.recipients(),
                &artifact.files().key,
                key,
            ));
        }
        reasons.extend(self.date_reason(artifact, found));
        if file.signature == SignatureState::Broken {
            name_signature(&mut reasons);
        }
        reasons
    }

    /// A CA that has a CRL has to be able to sign the next one.
    fn list_reason(&self, artifact: Artifact<'a>, found: &CertificateFacts) -> Option<Reason> {
        let Artifact::Authority(authority) = artifact else {
            return None;
        };
        let has_list = self
            .observed
            .list_state(&authority.name, self.now)
            .is_some();
        (has_list && !found.may_sign_crls()).then(|| Reason::UsagesChanged {
            added: vec![KeyUsage::CrlSign.word().to_owned()],
            removed: Vec::new(),
        })
    }

    /// Who is to be able to open a key that could not, and who no longer. Stanzas do not name native recipients; the list that the last
    /// run wrote down does, and is believed where the file's own marker names the same set.
    pub(super) fn recipient_reason(
        &self,
        wanted: &RecipientSet,
        file: &RelPath,
        sealed: &SealedFacts,
    ) -> Option<Reason> {
        let Agreement::Differs {
            missing,
            unexpected,
        } = sealed.agrees_with(wanted)
        else {
            return None;
        };
        let listed = self.observed.sealed_to(file);
        let listed = listed.filter(|listed| sealed.agrees_with(listed) == Agreement::Exact);
        let (added, removed) = match listed {
            Some(before) => (wanted.beyond(&before), before.beyond(wanted)),
            None => (missing, unexpected),
        };
        Some(Reason::RecipientsChanged { added, removed })
    }

    fn chain_reason(
        &self,
        artifact: Artifact<'a>,
        issuer: Option<&Authority>,
        file: &CertificateFile,
    ) -> Option<Reason> {
        let issuer = issuer?;
        let changed = |detail: String| Some(Reason::IssuerChanged { detail });
        if matches!(self.outlooks.get(&issuer.name), Some(Outlook::New(_))) {
            return changed(format!("{} is made anew", issuer.id()));
        }
        if file.signature == SignatureState::Broken {
            return changed(format!(
                "the signature is not by the key of {}",
                issuer.id()
            ));
        }
        let Artifact::Leaf(_) = artifact else {
            return None;
        };
        if let Some(changing) = self.changing_intermediate(artifact) {
            return changed(format!(
                "the certificate of {} is about to change",
                changing.id()
            ));
        }
        let wanted = self.intermediates(artifact)?;
        let is_same = wanted.len() == file.following.len()
            && wanted
                .iter()
                .zip(&file.following)
                .all(|(wanted, found)| wanted.der == found.der);
        if is_same {
            None
        } else {
            changed("the intermediates next to it are not the current ones".to_owned())
        }
    }

    /// The nearest intermediate in a leaf's file that another certificate replaces.
    fn changing_intermediate(&self, artifact: Artifact<'a>) -> Option<&Authority> {
        let is_changing = |issuer: &&Authority| {
            !issuer.is_root()
                && self
                    .outlooks
                    .get(&issuer.name)
                    .is_some_and(|outlook| outlook.changes_certificate())
        };
        self.fleet
            .issuers_of(artifact)
            .into_iter()
            .find(is_changing)
    }

    /// A lifetime cut short by an issuer that is renewed in this plan would be due in the next plan: an unneeded second run.
    fn lifetime_reason(&self, artifact: Artifact<'_>, found: &CertificateFacts) -> Option<Reason> {
        let Outlook::Renewed(issuer) = self.outlooks.get(artifact.issuer_name()?)? else {
            return None;
        };
        let lifetime = artifact.declaration().lifetime;
        if found.validity().serves(lifetime, Some(issuer)) {
            return None;
        }
        Some(Reason::LifetimeChanged {
            from: found.validity().span(),
            to: lifetime.duration(),
        })
    }

    /// The intermediates as they are; `None` if one is missing (its own step says so). A self-signed certificate is a root; a declared root
    /// that is not self-signed is the subordinate of a CA elsewhere, and clients need its certificate too.
    fn intermediates(&self, artifact: Artifact<'a>) -> Option<Vec<&CertificateFacts>> {
        let issuers = self.fleet.issuers_of(artifact);
        let certificates: Option<Vec<_>> = issuers
            .into_iter()
            .map(|issuer| self.observed.certificate(&issuer.id()))
            .collect();
        Some(
            certificates?
                .into_iter()
                .filter(|certificate| !certificate.is_self_issued())
                .collect(),
        )
    }

    /// Due only if a new certificate would last longer: a leaf that ends with its issuer gains nothing.
    fn date_reason(&self, artifact: Artifact<'_>, found: &CertificateFacts) -> Option<Reason> {
        let not_after = found.not_after;
        if not_after <= self.now {
            return Some(Reason::Expired { not_after });
        }
        if found.not_before > self.now {
            let not_before = found.not_before;
            return Some(Reason::NotYetValid { not_before });
        }
        let is_due = self.now
            >= found
                .validity()
                .renewal(artifact.declaration().renew_before);
        let gains = self
            .granted(artifact)
            .is_ok_and(|granted| granted.validity().not_after > not_after);
        (is_due && gains).then_some(Reason::RenewalDue { not_after })
    }

    /// The window a certificate issued now gets: the declared lifetime, inside the issuer's own window.
    fn granted(&self, artifact: Artifact<'_>) -> Result<Granted, ValidityError> {
        let outlook = artifact
            .issuer_name()
            .and_then(|issuer| self.outlooks.get(issuer));
        let issuer = outlook.and_then(|outlook| outlook.validity());
        Validity::starting(self.now, artifact.declaration().lifetime, issuer)
    }

    pub(super) fn issuer_refusal(&self, issuer: Option<&Name>) -> Option<String> {
        let issuer = self.fleet.authority(issuer?)?;
        match self.outlooks.get(&issuer.name)? {
            Outlook::Blocked => Some(format!("settle {} first", issuer.id())),
            Outlook::CannotSign(_) => Some(format!(
                "the key of {} is not in the tree; put {} back for this run",
                issuer.id(),
                issuer.files.key
            )),
            Outlook::Steady(_) | Outlook::Renewed(_) | Outlook::New(_) => None,
        }
    }

    /// The CA that is needed to renew this one and has no key in the tree.
    pub(super) fn absent_signer(
        &self,
        authority: &'a Authority,
        key: &FileState<SealedFacts>,
    ) -> Option<&'a Authority> {
        if key.is_missing() {
            return Some(authority);
        }
        let issuer = self.fleet.authority(authority.issuer.as_ref()?)?;
        let outlook = self.outlooks.get(&issuer.name)?;
        matches!(outlook, Outlook::CannotSign(_)).then_some(issuer)
    }

    pub(super) fn blocked_issuer(&self, issuer: Option<&Name>) -> Option<Reason> {
        let issuer = self.fleet.authority(issuer?)?;
        self.issuer_refusal(Some(&issuer.name))
            .map(|_| Reason::IssuerRefused {
                issuer: issuer.id().to_string(),
            })
    }

    /// A step that issues gets its window here; where none can be given, a person has to mend that first.
    pub(super) fn step(
        &self,
        artifact: Artifact<'_>,
        action: Action,
        reasons: Vec<Reason>,
    ) -> Step {
        let target = Target::Artifact(artifact.id());
        if !action.issues() {
            return Step {
                target,
                action,
                reasons,
                validity: None,
            };
        }
        match self.granted(artifact) {
            Ok(granted) => Step {
                target,
                action,
                reasons,
                validity: Some(granted),
            },
            Err(error) => Step {
                target,
                action: Action::Refuse {
                    cure: error.to_string(),
                },
                reasons,
                validity: None,
            },
        }
    }

    fn remember(&mut self, authority: &'a Authority, step: &Step) {
        let id = authority.id();
        let found = self
            .observed
            .certificate(&id)
            .map(CertificateFacts::validity);
        let issued = step.validity.map(Granted::validity);
        let key_is_missing = self.observed.pair(&id).key.is_missing();
        let outlook = match (&step.action, issued, found) {
            (Action::Refuse { .. }, _, _) | (_, None, None) => Outlook::Blocked,
            (Action::Renew, Some(issued), Some(_)) => Outlook::Renewed(issued),
            (_, Some(issued), _) => Outlook::New(issued),
            (_, None, Some(found)) if key_is_missing => Outlook::CannotSign(found),
            (_, None, Some(found)) => Outlook::Steady(found),
        };
        self.outlooks.insert(&authority.name, outlook);
    }
}

pub(super) fn key_id(certificate: &CertificateFacts) -> String {
    Marker::key_id(certificate.key_fingerprint.as_bytes())
}

/// An issuer that differs is worse where its key did not sign: the code says so.
fn name_signature(reasons: &mut [Reason]) {
    for reason in reasons {
        if let Reason::IssuerChanged { detail } = reason {
            *reason = Reason::SignatureBroken {
                detail: std::mem::take(detail),
            };
        }
    }
}

/// The reasons that follow from the presence and readability of the two files alone.
pub(super) fn file_reasons(pair: &ObservedPair) -> Vec<Reason> {
    let mut reasons = Vec::new();
    reasons.extend(file_reason(&pair.certificate, Part::Certificate));
    reasons.extend(file_reason(&pair.key, Part::Key));
    reasons
}

pub(super) fn file_reason<T>(state: &FileState<T>, part: Part) -> Option<Reason> {
    match state {
        FileState::Missing => Some(Reason::Missing(part)),
        FileState::Defective { defect, .. } => Some(Reason::Unreadable {
            part,
            defect: defect.clone(),
        }),
        FileState::Sound { .. } => None,
    }
}

/// Where a link or a device stands in the place of a file, no run gets by: what it leads to is not known, so it is neither read nor
/// replaced.
pub(super) fn cure_for_no_file<T>(
    public: &FileState<T>,
    key: &FileState<SealedFacts>,
    (public_path, key_path): (&RelPath, &RelPath),
) -> Option<String> {
    let path = if public.is_no_file() {
        public_path
    } else if key.is_no_file() {
        key_path
    } else {
        return None;
    };
    let path = path.shell();
    Some(format!(
        "put a real file in its place (`git restore -- {path}`), or move away what stands there"
    ))
}

pub(super) fn cure_for_key(
    key: &FileState<SealedFacts>,
    path: &RelPath,
    id: &ArtifactId,
) -> String {
    let path = path.shell();
    let kind = match key {
        FileState::Defective { defect, .. } => defect.kind,
        FileState::Missing | FileState::Sound { .. } => DefectKind::Unreadable,
    };
    match kind {
        DefectKind::EmptyKey => format!(
            "restore the last good one (`git log -- {path}`, `git restore --source=<commit> -- {path}`); if there is none: --replace {id}"
        ),
        DefectKind::PlaintextKey if id.is_authority() => format!(
            "this key is in clear and, once committed, known to everyone with the history: remove {path} and replace the authority: --replace {id}"
        ),
        DefectKind::PlaintextKey if id.is_key_pair() => format!(
            "this key is in clear and, once committed, known to everyone with the history: remove {path} and replace the pair: --replace {id}; then take its old key out of the public file, or its holder can still sign"
        ),
        DefectKind::PlaintextKey => format!(
            "this key is in clear and, once committed, known to everyone with the history: remove {path} and let the next run make a new pair"
        ),
        DefectKind::NoFile | DefectKind::Unreadable if id.is_key_pair() => format!(
            "restore it (`git restore -- {path}`); a key that cannot be read is never overwritten: for a new one, move it away and --replace {id}"
        ),
        DefectKind::NoFile | DefectKind::Unreadable => format!(
            "restore it (`git restore -- {path}`); a key that cannot be read is never overwritten: move it away to have a new pair made"
        ),
    }
}

/// Whether a reason is settled by a new certificate rather than by sealing the key again.
pub(super) fn issues_anew(reason: &Reason) -> bool {
    !matches!(
        reason,
        Reason::RecipientsChanged { .. } | Reason::Retired { .. }
    )
}

/// The chosen steps and, before them, the issuers and key pairs a chosen change stands on.
fn select(fleet: &Fleet, steps: Vec<Step>, policy: &Policy) -> Vec<Step> {
    if policy.only.is_empty() {
        return steps;
    }
    let chosen = |step: &Step| {
        step.artifact()
            .is_some_and(|id| policy.only.iter().any(|pattern| pattern.selects(id)))
    };
    let mut needed = needed_issuers(fleet, steps.iter().filter(|step| chosen(step)));
    needed.extend(needed_key_pairs(fleet, &steps, chosen));
    let is_needed = |step: &Step| step.artifact().is_some_and(|id| needed.contains(id));
    steps
        .into_iter()
        .filter(|step| chosen(step) || (step.action != Action::Keep && is_needed(step)))
        .collect()
}

fn needed_issuers<'s>(
    fleet: &Fleet,
    steps: impl Iterator<Item = &'s Step>,
) -> BTreeSet<ArtifactId> {
    let needs_issuer =
        |step: &&Step| step.action.issues() || matches!(step.action, Action::Refuse { .. });
    let changing: BTreeSet<&ArtifactId> = steps
        .filter(needs_issuer)
        .filter_map(Step::artifact)
        .collect();
    let artifacts = fleet
        .artifacts()
        .filter(|artifact| changing.contains(&artifact.id()));
    artifacts
        .flat_map(|artifact| fleet.issuers_of(artifact))
        .map(Authority::id)
        .collect()
}

/// The key of an authority is never pruned: what it signed is trusted for years. A shared pair is, for a person who asks: what
/// it signed lasts for hours, and its public key verifies nothing for a fleet that declares it no more.
fn undeclared_steps(
    fleet: &Fleet,
    observed: &Observed,
    policy: UndeclaredPolicy,
) -> impl Iterator<Item = Step> {
    let authorities = fleet.dir.child("ca");
    observed.undeclared.iter().map(move |file| {
        let action = match policy {
            UndeclaredPolicy::Prune if !file.path.is_within(&authorities) => Action::Prune,
            UndeclaredPolicy::Prune | UndeclaredPolicy::Keep => Action::Keep,
        };
        Step {
            target: Target::File(file.path.clone()),
            action,
            reasons: vec![Reason::Undeclared],
            validity: None,
        }
    })
}
