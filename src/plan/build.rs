//! From drift to steps: collects the reasons of each artifact, decides the action, orders the whole.

use std::collections::{BTreeMap, BTreeSet};

use time::OffsetDateTime;

use super::{Action, Part, Plan, Policy, Reason, Step, Target, UndeclaredPolicy, certificate_drift};
use crate::model::{
    Agreement, Artifact, ArtifactId, Authority, Certificate, CertificateFacts, CertificateFile, DefectKind, FileState,
    Fleet, Granted, Lifetime, Marker, Name, Observed, ObservedPair, SealedFacts, SignatureState, Validity, ValidityError,
};

/// Compares the whole fleet with the files.
///
/// Pure: the same declaration, files, moment and policy give the same plan. A settled tree gives only [`Action::Keep`].
pub fn plan(fleet: &Fleet, observed: &Observed, now: OffsetDateTime, policy: &Policy) -> Plan {
    let now = now.replace_nanosecond(0).unwrap_or(now);
    let mut planner = Planner { fleet, observed, now, policy, outlooks: BTreeMap::new() };
    let mut steps: Vec<Step> = Vec::new();
    for authority in &fleet.authorities {
        let step = planner.authority_step(authority);
        planner.remember(authority, &step);
        steps.push(step);
    }
    steps.extend(fleet.certificates.iter().map(|certificate| planner.leaf_step(certificate)));
    let mut steps = select(fleet, steps, policy);
    if policy.only.is_empty() {
        steps.extend(undeclared_steps(fleet, observed, policy.undeclared));
    }
    Plan { steps, now }
}

/// What the artifacts below an authority may count on once its own step is done.
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
            Self::Steady(validity) | Self::Renewed(validity) | Self::New(validity) | Self::CannotSign(validity) => {
                Some(validity)
            }
            Self::Blocked => None,
        }
    }

    fn changes_certificate(self) -> bool {
        matches!(self, Self::Renewed(_) | Self::New(_))
    }
}

struct Planner<'a> {
    fleet: &'a Fleet,
    observed: &'a Observed,
    now: OffsetDateTime,
    policy: &'a Policy,
    outlooks: BTreeMap<&'a Name, Outlook>,
}

/// What was found out about an artifact before its action is decided.
struct Findings {
    reasons: Vec<Reason>,
    /// A cure, where no action may be taken.
    refusal: Option<String>,
}

impl<'a> Planner<'a> {
    fn authority_step(&self, authority: &'a Authority) -> Step {
        let artifact = Artifact::Authority(authority);
        let id = authority.id();
        let pair = self.observed.pair(&id);
        let requested = self.policy.replace.iter().any(|pattern| pattern.names(&id));
        let findings = if requested {
            self.requested_authority(authority, pair)
        } else {
            self.authority_findings(authority, pair)
        };
        let action = findings.refusal.map_or_else(
            || authority_action(pair, &findings.reasons),
            |cure| Action::Refuse { cure },
        );
        self.step(artifact, action, findings.reasons)
    }

    fn requested_authority(&self, authority: &Authority, pair: &ObservedPair) -> Findings {
        let mut reasons = vec![Reason::Requested];
        if let FileState::Defective { defect, .. } = &pair.key
            && defect.kind != DefectKind::EmptyKey
        {
            let cure =
                format!("a key that cannot be read is never overwritten; move {} away and run again", authority.files.key);
            return refuse(reasons, cure);
        }
        reasons.extend(self.blocked_issuer(authority.issuer.as_ref()));
        Findings { reasons, refusal: self.issuer_refusal(authority.issuer.as_ref()) }
    }

    fn authority_findings(&self, authority: &'a Authority, pair: &ObservedPair) -> Findings {
        let mut reasons = file_reasons(pair);
        let files = &authority.files;
        if let FileState::Defective { .. } = &pair.key {
            return refuse(reasons, cure_for_key(pair, files.key.to_string().as_str(), &authority.id()));
        }
        let certificate = match &pair.certificate {
            FileState::Defective { .. } => {
                let cure = format!(
                    "restore it (`git log -- {0}`, `git restore --source=<commit> -- {0}`), or delete it to have it made anew from its key",
                    files.certificate
                );
                return refuse(reasons, cure);
            }
            FileState::Missing => return self.absent_certificate(authority, pair, reasons),
            FileState::Sound { facts, .. } => facts,
        };
        if pair.key.is_missing() {
            // An offline root: nothing is wrong until something has to be signed.
            reasons.clear();
        }
        reasons.extend(self.pair_reasons(Artifact::Authority(authority), certificate, pair.key.facts()));
        if is_issued_outside(authority, certificate) {
            reasons.retain(|reason| !is_for_its_issuer_to_mend(reason));
        }
        let refusal = self.authority_refusal(authority, pair, certificate, &reasons);
        Findings { reasons, refusal }
    }

    /// No certificate at its place: rebuilt from its key, or created where the tree knows nothing of an earlier one.
    fn absent_certificate(&self, authority: &Authority, pair: &ObservedPair, mut reasons: Vec<Reason>) -> Findings {
        let count = self.issued_in_tree(&authority.name);
        if pair.key.is_missing() && count > 0 {
            reasons.push(Reason::LeavesOfAnother { count });
            let cure = format!(
                "restore {0} and {1} (`git restore -- {0} {1}`); for a new authority instead: --replace {2}",
                authority.files.certificate,
                authority.files.key,
                authority.id()
            );
            return refuse(reasons, cure);
        }
        let refusal = self.issuer_refusal(authority.issuer.as_ref());
        reasons.extend(self.blocked_issuer(authority.issuer.as_ref()));
        Findings { reasons, refusal }
    }

    fn authority_refusal(
        &self,
        authority: &Authority,
        pair: &ObservedPair,
        certificate: &CertificateFile,
        reasons: &[Reason],
    ) -> Option<String> {
        if reasons.is_empty() {
            return None;
        }
        let id = authority.id();
        if let Some(reason) = reasons.iter().find(|reason| replaces_an_authority(reason)) {
            return Some(match reason {
                Reason::KeyMismatch => format!(
                    "one of {} and {} is from another time; restore the pair from Git, or --replace {id}",
                    authority.files.certificate, authority.files.key
                ),
                Reason::NotAnAuthority { .. } => format!(
                    "restore the authority's own certificate at {}, or delete that one to have it made anew from its key",
                    authority.files.certificate
                ),
                _ => format!(
                    "change the declaration back, or replace the authority and everything below it: --replace {id}"
                ),
            });
        }
        if is_issued_outside(authority, certificate) && reasons.iter().any(issues_anew) {
            return Some(format!(
                "it was signed by {}, which is not declared; have it renewed there and put the new certificate at {}",
                certificate.certificate.issuer, authority.files.certificate
            ));
        }
        if pair.key.is_missing() {
            return Some(format!("its key is not in the tree; put {} back for this run", authority.files.key));
        }
        let needs_issuer = reasons.iter().any(issues_anew);
        if needs_issuer { self.issuer_refusal(authority.issuer.as_ref()) } else { None }
    }

    fn leaf_step(&self, certificate: &'a Certificate) -> Step {
        let id = certificate.id();
        let artifact = Artifact::Leaf(certificate);
        let pair = self.observed.pair(&id);
        let mut reasons = file_reasons(pair);
        if let FileState::Sound { facts, .. } = &pair.certificate {
            reasons.extend(self.pair_reasons(artifact, facts, pair.key.facts()));
        } else if let FileState::Sound { facts, .. } = &pair.key {
            reasons.extend(recipient_reason(artifact, facts));
        }
        if self.policy.replace.iter().any(|pattern| pattern.selects(&id)) {
            reasons.push(Reason::Requested);
        }
        let mut action = leaf_action(pair, &reasons, || {
            cure_for_key(pair, certificate.files.key.to_string().as_str(), &id)
        });
        if action.issues()
            && let Some(cure) = self.issuer_refusal(Some(&certificate.authority))
        {
            reasons.extend(self.blocked_issuer(Some(&certificate.authority)));
            action = Action::Refuse { cure };
        }
        self.step(artifact, action, reasons)
    }

    /// Everything that can be wrong with a certificate that parses, and with the key beside it.
    fn pair_reasons(
        &self,
        artifact: Artifact<'a>,
        file: &CertificateFile,
        key: Option<&SealedFacts>,
    ) -> Vec<Reason> {
        let found = &file.certificate;
        let issuer = self.fleet.issuer_of(artifact);
        let issuer_certificate = issuer.and_then(|issuer| self.observed.certificate(&issuer.id()));
        let mut reasons = certificate_drift(artifact, issuer, issuer_certificate, found);
        if !reasons.iter().any(|reason| matches!(reason, Reason::IssuerChanged { .. })) {
            reasons.extend(self.chain_reason(artifact, issuer, file));
        }
        if !reasons.iter().any(|reason| matches!(reason, Reason::LifetimeChanged { .. })) {
            reasons.extend(self.lifetime_reason(artifact, found));
        }
        if let Some(key) = key {
            if key.marker.as_ref().is_some_and(|marker| marker.key != Marker::key_id(found.key_fingerprint.as_bytes())) {
                reasons.push(Reason::KeyMismatch);
            }
            reasons.extend(recipient_reason(artifact, key));
        }
        reasons.extend(self.date_reason(artifact, found));
        reasons
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
            return changed(format!("the signature is not by the key of {}", issuer.id()));
        }
        let Artifact::Leaf(_) = artifact else { return None };
        if let Some(changing) = self.changing_intermediate(artifact) {
            return changed(format!("the certificate of {} is about to change", changing.id()));
        }
        let wanted = self.intermediates(artifact)?;
        let is_same = wanted.len() == file.following.len()
            && wanted.iter().zip(&file.following).all(|(wanted, found)| wanted.der == found.der);
        if is_same { None } else { changed("the intermediates beside it are not today's".to_owned()) }
    }

    /// The nearest intermediate beside a leaf that another certificate takes the place of.
    fn changing_intermediate(&self, artifact: Artifact<'a>) -> Option<&Authority> {
        let is_changing = |issuer: &&Authority| {
            !issuer.is_root() && self.outlooks.get(&issuer.name).is_some_and(|outlook| outlook.changes_certificate())
        };
        self.fleet.issuers_of(artifact).into_iter().find(is_changing)
    }

    /// What was cut short by an issuer that is renewed in this plan would be due in the next: an unneeded second run.
    fn lifetime_reason(&self, artifact: Artifact<'_>, found: &CertificateFacts) -> Option<Reason> {
        let Outlook::Renewed(issuer) = self.outlooks.get(artifact.issuer_name()?)? else { return None };
        let lifetime = artifact.declaration().lifetime;
        if found.validity().serves(lifetime, Some(issuer)) {
            return None;
        }
        Some(Reason::LifetimeChanged { from: found.validity().span(), to: lifetime.duration() })
    }

    /// The intermediates as they are; `None` where one is missing (its own step says so). What signed itself is a root; a
    /// declared root that did not is the subordinate of an authority elsewhere, and clients need its certificate too.
    fn intermediates(&self, artifact: Artifact<'a>) -> Option<Vec<&CertificateFacts>> {
        let issuers = self.fleet.issuers_of(artifact);
        let certificates: Option<Vec<_>> =
            issuers.into_iter().map(|issuer| self.observed.certificate(&issuer.id())).collect();
        Some(certificates?.into_iter().filter(|certificate| !certificate.is_self_issued()).collect())
    }

    /// Due only if a new certificate would last longer: a leaf that ends with its issuer gains nothing.
    fn date_reason(&self, artifact: Artifact<'_>, found: &CertificateFacts) -> Option<Reason> {
        let not_after = found.not_after;
        if not_after <= self.now {
            return Some(Reason::Expired { not_after });
        }
        let span = not_after - found.not_before;
        let renew_before = artifact.declaration().renew_before.map_or(span / 3, Lifetime::duration);
        let is_due = self.now >= not_after - renew_before;
        let gains = self.granted(artifact).is_ok_and(|granted| granted.validity().not_after > not_after);
        (is_due && gains).then_some(Reason::RenewalDue { not_after })
    }

    /// The window a certificate issued now gets: the declared lifetime, inside the issuer's own window.
    fn granted(&self, artifact: Artifact<'_>) -> Result<Granted, ValidityError> {
        let outlook = artifact.issuer_name().and_then(|issuer| self.outlooks.get(issuer));
        let issuer = outlook.and_then(|outlook| outlook.validity());
        Validity::starting(self.now, artifact.declaration().lifetime, issuer)
    }

    fn issuer_refusal(&self, issuer: Option<&Name>) -> Option<String> {
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

    fn blocked_issuer(&self, issuer: Option<&Name>) -> Option<Reason> {
        let issuer = self.fleet.authority(issuer?)?;
        self.issuer_refusal(Some(&issuer.name)).map(|_| Reason::IssuerRefused { issuer: issuer.id().to_string() })
    }

    fn issued_in_tree(&self, authority: &Name) -> usize {
        let issued = self.fleet.artifacts().filter(|artifact| artifact.issuer_name() == Some(authority));
        issued.filter(|artifact| self.observed.certificate(&artifact.id()).is_some()).count()
    }

    /// A step that issues gets its window here; where none can be given, a person has to mend that first.
    fn step(&self, artifact: Artifact<'_>, action: Action, reasons: Vec<Reason>) -> Step {
        let target = Target::Artifact(artifact.id());
        if !action.issues() {
            return Step { target, action, reasons, validity: None };
        }
        match self.granted(artifact) {
            Ok(granted) => Step { target, action, reasons, validity: Some(granted) },
            Err(error) => Step { target, action: Action::Refuse { cure: error.to_string() }, reasons, validity: None },
        }
    }

    fn remember(&mut self, authority: &'a Authority, step: &Step) {
        let id = authority.id();
        let found = self.observed.certificate(&id).map(CertificateFacts::validity);
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

fn refuse(reasons: Vec<Reason>, cure: String) -> Findings {
    Findings { reasons, refusal: Some(cure) }
}

/// What the mere presence and readability of the two files says.
fn file_reasons(pair: &ObservedPair) -> Vec<Reason> {
    let mut reasons = Vec::new();
    reasons.extend(file_reason(&pair.certificate, Part::Certificate));
    reasons.extend(file_reason(&pair.key, Part::Key));
    reasons
}

fn file_reason<T>(state: &FileState<T>, part: Part) -> Option<Reason> {
    match state {
        FileState::Missing => Some(Reason::Missing(part)),
        FileState::Defective { defect, .. } => Some(Reason::Unreadable { part, defect: defect.detail.clone() }),
        FileState::Sound { .. } => None,
    }
}

fn recipient_reason(artifact: Artifact<'_>, sealed: &SealedFacts) -> Option<Reason> {
    match sealed.agrees_with(artifact.recipients()) {
        Agreement::Exact | Agreement::Plausible => None,
        Agreement::Differs { missing, unexpected } => {
            Some(Reason::RecipientsChanged { added: missing, removed: unexpected })
        }
    }
}

fn authority_action(pair: &ObservedPair, reasons: &[Reason]) -> Action {
    match (reasons.contains(&Reason::Requested), pair.key.is_missing(), pair.certificate.is_missing()) {
        (_, true, true) => Action::Create,
        (true, _, _) => Action::Replace,
        (false, _, _) if reasons.iter().any(issues_anew) => Action::Renew,
        (false, false, _) if !reasons.is_empty() => Action::Reseal,
        _ => Action::Keep,
    }
}

fn leaf_action(pair: &ObservedPair, reasons: &[Reason], cure: impl FnOnce() -> String) -> Action {
    match &pair.key {
        FileState::Missing if pair.certificate.is_missing() => Action::Create,
        FileState::Missing => Action::Replace,
        FileState::Defective { defect, .. } if defect.kind == DefectKind::EmptyKey => Action::Replace,
        FileState::Defective { .. } => Action::Refuse { cure: cure() },
        FileState::Sound { .. } if reasons.iter().any(needs_new_key) => Action::Replace,
        FileState::Sound { .. } if reasons.iter().any(issues_anew) => Action::Renew,
        FileState::Sound { .. } if !reasons.is_empty() => Action::Reseal,
        FileState::Sound { .. } => Action::Keep,
    }
}

fn cure_for_key(pair: &ObservedPair, path: &str, id: &ArtifactId) -> String {
    let kind = match &pair.key {
        FileState::Defective { defect, .. } => defect.kind,
        FileState::Missing | FileState::Sound { .. } => DefectKind::Unreadable,
    };
    match kind {
        DefectKind::EmptyKey => format!(
            "restore the last good one (`git log -- {path}`, `git restore --source=<commit> -- {path}`); if there is none: --replace {id}"
        ),
        DefectKind::PlaintextKey => format!(
            "this key is in clear and, once committed, known to everyone with the history: remove {path} and let the next run make a new pair"
        ),
        DefectKind::Unreadable => format!(
            "restore it (`git restore -- {path}`); a key that cannot be read is never overwritten: move it away to have a new pair made"
        ),
    }
}

fn needs_new_key(reason: &Reason) -> bool {
    matches!(reason, Reason::KeyAlgorithmChanged { .. } | Reason::Requested)
}

/// Whether a reason is settled by a new certificate rather than by sealing the key again.
fn issues_anew(reason: &Reason) -> bool {
    !matches!(reason, Reason::RecipientsChanged { .. })
}

/// What only another key or another name would settle: never an ordinary step for an authority.
fn replaces_an_authority(reason: &Reason) -> bool {
    matches!(
        reason,
        Reason::KeyMismatch
            | Reason::KeyAlgorithmChanged { .. }
            | Reason::SubjectChanged { .. }
            | Reason::NotAnAuthority { .. }
    )
}

/// A declared root that did not sign itself: the subordinate of an authority outside the declaration.
fn is_issued_outside(authority: &Authority, file: &CertificateFile) -> bool {
    authority.is_root() && file.certificate.subject.der() != file.certificate.issuer.der()
}

/// What an outside issuer decides; the declaration of a root cannot ask for it.
fn is_for_its_issuer_to_mend(reason: &Reason) -> bool {
    matches!(
        reason,
        Reason::LifetimeChanged { .. }
            | Reason::RenewalDue { .. }
            | Reason::PathLengthChanged { .. }
            | Reason::NameConstraintsChanged
            | Reason::UsagesChanged { .. }
            | Reason::SansChanged { .. }
    )
}

/// The chosen steps and, before them, the issuers a chosen change stands on.
fn select(fleet: &Fleet, steps: Vec<Step>, policy: &Policy) -> Vec<Step> {
    if policy.only.is_empty() {
        return steps;
    }
    let chosen = |step: &Step| {
        step.artifact().is_some_and(|id| policy.only.iter().any(|pattern| pattern.selects(id)))
    };
    let needed = needed_issuers(fleet, steps.iter().filter(|step| chosen(step)));
    let is_needed = |step: &Step| step.artifact().is_some_and(|id| needed.contains(id));
    steps.into_iter().filter(|step| chosen(step) || (step.action != Action::Keep && is_needed(step))).collect()
}

fn needed_issuers<'s>(fleet: &Fleet, steps: impl Iterator<Item = &'s Step>) -> BTreeSet<ArtifactId> {
    let changing: BTreeSet<&ArtifactId> =
        steps.filter(|step| step.action != Action::Keep).filter_map(Step::artifact).collect();
    let artifacts = fleet.artifacts().filter(|artifact| changing.contains(&artifact.id()));
    artifacts.flat_map(|artifact| fleet.issuers_of(artifact)).map(Authority::id).collect()
}

/// The key of an authority is never pruned: what it signed may still be trusted somewhere.
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
        Step { target: Target::File(file.path.clone()), action, reasons: vec![Reason::Undeclared], validity: None }
    })
}
