//! What the plan and the files say, seen as findings: beside those of the lints, for whoever reads only findings. Decides nothing
//! that the plan has not decided.

pub mod catalogue;
mod host_keys;

use std::collections::BTreeMap;

use time::OffsetDateTime;

use catalogue as rules;

use crate::fleet::{
    ArtifactId, Authority, Certificate, Defect, Fleet, ListState, Observed, Origin, RelPath, Stray,
};
use crate::lint::{Basis, Finding, Lint, Severity, Spot, Subject};
use crate::plan::{Action, Part, Plan, Reason, Step, Target};
use crate::x509::{Damage, ListRecord, Moment};

/// What was found beside the plan.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// The journals of runs that were interrupted.
    pub journals: Vec<Journal>,
    /// The derived files that are out of date.
    pub stale: Vec<String>,
    /// A person's rules for agenix that are no Nix.
    pub rules: Option<Broken>,
    /// Keys that are in place again after they were replaced.
    pub reverted: Vec<Reverted>,
}

/// An artifact with a key that was replaced once.
#[derive(Clone, Debug)]
pub struct Reverted {
    pub id: ArtifactId,
    /// When the later key was made.
    pub later: OffsetDateTime,
}

/// A journal that is left.
#[derive(Clone, Debug)]
pub struct Journal {
    pub path: RelPath,
    /// Whether a run of this machine left it, as far as Git tells; another is not followed.
    pub is_own: bool,
}

/// A file that is not what it should be, from this line on.
#[derive(Clone, Debug)]
pub struct Broken {
    pub path: RelPath,
    pub line: usize,
    /// A sentence.
    pub cause: String,
}

/// Every reason of every step, what dates and signatures say, and the files that are out of date: by severity, then by code.
pub fn findings(fleet: &Fleet, observed: &Observed, plan: &Plan, beside: &Beside) -> Vec<Finding> {
    let judge = Judge {
        fleet,
        observed,
        files: files(fleet),
        hosts: hosts(fleet),
    };
    let mut findings: Vec<Finding> = plan
        .steps
        .iter()
        .flat_map(|step| judge.of_step(step))
        .collect();
    findings.extend(lists(fleet, observed, plan.now));
    findings.extend(observed.strays.iter().map(stray));
    findings.extend(observed.marked.iter().map(marked));
    findings.extend(beside.journals.iter().map(interrupted));
    findings.extend(beside.stale.iter().map(|path| stale(path)));
    findings.extend(beside.rules.iter().map(rules_damaged));
    findings.extend(beside.reverted.iter().map(|one| judge.reverted(one)));
    findings.sort_by(|a, b| order(a).cmp(&order(b)));
    findings
}

/// Whether no run of `recreate` mends it unless asked to.
pub fn outlasts_a_run(finding: &Finding) -> bool {
    let is_of_host_key = matches!(&finding.subject, Subject::Artifact(id) if id.is_host_key());
    if is_of_host_key {
        return finding.code() != rules::RECIPIENTS_CHANGED.code;
    }
    [
        rules::NOT_YET_VALID.code,
        // The next run ends it, and until then no file is known to be what it should be.
        rules::INTERRUPTED.code,
        rules::BYTE_ORDER_MARK.code,
        rules::JOURNAL_TRACKED.code,
        rules::AWAITS_KEY.code,
        rules::UNDECLARED.code,
        rules::ALSO_VERIFIES.code,
        rules::VERIFIES_BY_STRANGER.code,
        rules::TRUSTS_REPLACED.code,
        rules::TRUSTS_STRANGER.code,
        rules::CRL_DUE.code,
        rules::CRL_EXPIRED.code,
        rules::CRL_OF_ANOTHER_KEY.code,
        rules::CRL_DAMAGED.code,
        rules::RULES_DAMAGED.code,
        rules::CRL_MISSING.code,
        rules::CRL_ROLLED_BACK.code,
        rules::KEY_REVERTED.code,
    ]
    .contains(&finding.code())
}

fn order(finding: &Finding) -> (Severity, &'static str, &Subject) {
    (finding.severity, finding.code(), &finding.subject)
}

/// The two files of an artifact: what is public, and the sealed key, or what has the key of somebody else.
#[derive(Clone, Copy)]
struct Files<'a> {
    public: &'a RelPath,
    key: &'a RelPath,
}

fn files(fleet: &Fleet) -> BTreeMap<ArtifactId, Files<'_>> {
    let certified = fleet.artifacts().map(|artifact| {
        let files = artifact.files();
        // The key of whoever sent a request stands in the record.
        let record = artifact.requested_key().and(artifact.record());
        let key = record.map_or(&files.key, |record| &record.file);
        let public = &files.certificate;
        (artifact.id(), Files { public, key })
    });
    let pairs = fleet.key_pairs.iter().map(|pair| {
        let (public, key) = (&pair.files.public, &pair.files.key);
        (pair.id(), Files { public, key })
    });
    let host_keys = fleet.host_keys.iter().map(|key| {
        let (public, sealed) = (&key.files.public, &key.files.key);
        (
            key.id(),
            Files {
                public,
                key: sealed,
            },
        )
    });
    certified.chain(pairs).chain(host_keys).collect()
}

/// The hosts that declare each artifact, for its place in their sources.
fn hosts(fleet: &Fleet) -> BTreeMap<ArtifactId, Vec<String>> {
    let authorities = fleet.authorities.iter();
    let authorities = authorities.map(|authority| (authority.id(), authority.declared_by.clone()));
    let pairs = fleet.key_pairs.iter().map(|pair| {
        let owners = pair.owners.iter().map(ToString::to_string);
        (pair.id(), owners.collect())
    });
    let declared = |leaf: &&Certificate| leaf.origin == Origin::Declared;
    let leaves = fleet.certificates.iter().filter(declared);
    let leaves = leaves.map(|leaf| (leaf.id(), vec![leaf.host.to_string()]));
    authorities.chain(pairs).chain(leaves).collect()
}

struct Judge<'a> {
    fleet: &'a Fleet,
    observed: &'a Observed,
    files: BTreeMap<ArtifactId, Files<'a>>,
    hosts: BTreeMap<ArtifactId, Vec<String>>,
}

impl Judge<'_> {
    fn of_step(&self, step: &Step) -> Vec<Finding> {
        let id = match &step.target {
            Target::Artifact(id) => id,
            Target::File(path) => return vec![undeclared(path)],
        };
        let reasons = step.reasons.iter();
        reasons
            .filter(|reason| !is_said_elsewhere(step, reason))
            .map(|reason| self.of_reason(id, step, reason))
            .collect()
    }

    fn of_reason(&self, id: &ArtifactId, step: &Step, reason: &Reason) -> Finding {
        // A test holds that every reason has an entry.
        let lint = catalogue::find(reason.code()).unwrap_or(&rules::FILE_DAMAGED);
        let mut finding = self.finding(lint, id, reason);
        let is_refused = matches!(step.action, Action::Refuse { .. });
        let stays = ends_with_retirement(reason);
        let awaits = matches!(reason, Reason::AwaitsKey { .. });
        let left_to_a_person = host_keys::cure(self.fleet, id, step, reason);
        if step.action == Action::Keep && !stays && !awaits && left_to_a_person.is_none() {
            finding.severity = Severity::Info;
        } else if is_refused {
            finding.severity = Severity::Error;
        }
        finding.cause = reason.to_string();
        lint.text.clone_into(&mut finding.consequence);
        if id.is_host_key() && *reason == Reason::Undeclared {
            host_keys::UNDECLARED.clone_into(&mut finding.consequence);
        }
        finding.cure = if stays {
            retirement(id)
        } else if let Reason::AwaitsKey { file, .. } = reason {
            format!("put {file} back, run `certs recreate --only {id}`, and take it away again")
        } else {
            left_to_a_person.unwrap_or_else(|| cure(id, step))
        };
        finding
    }

    fn reverted(&self, one: &Reverted) -> Finding {
        let file = self
            .files
            .get(&one.id)
            .map(|files| at(files.public.as_str(), 1));
        let path = self.files.get(&one.id).map(|files| files.public.shell());
        let path = path.unwrap_or_default();
        Finding {
            cause: format!(
                "it has a key again that was replaced: the branch has had a later one, of {}",
                Moment(one.later)
            ),
            consequence: rules::KEY_REVERTED.text.to_owned(),
            cure: format!(
                "make a new one: certs recreate --replace {}; or put the later files back (`git log -- {path}`)",
                one.id
            ),
            hosts: self.hosts.get(&one.id).cloned().unwrap_or_default(),
            spot: file,
            ..Finding::new(
                &rules::KEY_REVERTED,
                Basis::Found,
                Subject::Artifact(one.id.clone()),
            )
        }
    }

    fn finding(&self, lint: &'static Lint, id: &ArtifactId, reason: &Reason) -> Finding {
        let mut finding = Finding::new(lint, Basis::Found, Subject::Artifact(id.clone()));
        finding.spot = self.spot(id, reason);
        // What was issued by hand stands in no option.
        let Some(hosts) = self.hosts.get(id) else {
            return finding;
        };
        finding.hosts.clone_from(hosts);
        if let Some(field) = field(reason) {
            finding.option = id.option_path();
            finding.option.push(field.to_owned());
        }
        finding
    }

    fn defect(&self, id: &ArtifactId, part: Part) -> Option<&Defect> {
        match part {
            Part::Certificate => self.observed.pair(id).certificate.defect(),
            Part::PublicKey if id.is_host_key() => self.observed.host_key(id).public.defect(),
            Part::PublicKey => self.observed.key_pair(id).public.defect(),
            Part::Key => self.observed.key(id).defect(),
        }
    }

    /// The file that a reason is about, at the line at fault where one is known.
    fn spot(&self, id: &ArtifactId, reason: &Reason) -> Option<Spot> {
        let files = self.files.get(id)?;
        let part = match reason {
            Reason::Missing(part) | Reason::Unreadable { part, .. } => *part,
            Reason::KeyOffline
            | Reason::KeyMismatch
            | Reason::PublicKeyMismatch
            | Reason::KeyExchanged { .. }
            | Reason::HostKeyRetired { .. }
            | Reason::Undeclared
            | Reason::KeyOfAnother { .. }
            | Reason::KeyCompromised { .. }
            | Reason::RecipientsChanged { .. } => Part::Key,
            _ => Part::Certificate,
        };
        let path = match part {
            Part::Certificate | Part::PublicKey => files.public,
            Part::Key => files.key,
        };
        let damage = self.defect(id, part).map(|defect| defect.damage);
        Some(match damage {
            Some(Damage::ConflictMarkers { line }) => at(path.as_str(), line),
            _ => at(path.as_str(), 1),
        })
    }
}

/// What was asked for is not a finding; and of an authority whose key is kept nowhere the lints speak, in every verb.
fn is_said_elsewhere(step: &Step, reason: &Reason) -> bool {
    match reason {
        Reason::Requested | Reason::RenewalRequested | Reason::Retired { .. } => true,
        Reason::Missing(Part::Key) => step.action == Action::Keep,
        _ => false,
    }
}

/// The option that a reason of the declaration rests on; `None` where it is the file that is at fault.
fn field(reason: &Reason) -> Option<&'static str> {
    match reason {
        Reason::KeyAlgorithmChanged { .. } => Some("key"),
        Reason::SubjectChanged { .. } => Some("commonName"),
        Reason::SansChanged { .. } => Some("hosts"),
        Reason::UsagesChanged { .. } => Some("usages"),
        Reason::LifetimeChanged { .. } => Some("expiry"),
        Reason::PathLengthChanged { .. } => Some("pathLength"),
        Reason::NameConstraintsChanged => Some("nameConstraints"),
        Reason::DistributionPointsChanged { .. } => Some("crlUrls"),
        Reason::VerificationKeysChanged { .. } => Some("verificationKeys"),
        _ => None,
    }
}

/// Whether a run leaves it as it is until a person says that the predecessor is out of use.
pub fn ends_with_retirement(reason: &Reason) -> bool {
    matches!(
        reason,
        Reason::TrustsReplaced { .. } | Reason::AlsoVerifies { .. }
    )
}

fn retirement(id: &ArtifactId) -> String {
    let unused = match id {
        ArtifactId::KeyPair(_) | ArtifactId::HostKey(_) => "once nothing signed with it is in use",
        ArtifactId::Authority(_) | ArtifactId::Leaf { .. } => {
            "once every host has what the new key issued"
        }
    };
    format!("{unused}: `certs recreate --retire {id}`, then bring the file to the hosts")
}

fn cure(id: &ArtifactId, step: &Step) -> String {
    match &step.action {
        Action::Refuse { cure } => cure.clone(),
        Action::Keep => "nothing has to be done".to_owned(),
        _ => format!("`certs recreate --only {id}`"),
    }
}

/// What is wrong with the revocation lists. No run of `recreate` makes one.
fn lists(fleet: &Fleet, observed: &Observed, now: OffsetDateTime) -> Vec<Finding> {
    let of_one = |authority: &Authority| {
        let state = observed.list_state(&authority.name, now)?;
        of_list(authority, observed, state)
    };
    fleet.authorities.iter().filter_map(of_one).collect()
}

/// `None` where all is well.
fn of_list(authority: &Authority, observed: &Observed, state: ListState) -> Option<Finding> {
    let file = observed.crl(&authority.name);
    let next = file.facts().and_then(|file| file.list.next_update);
    let next = next.map_or_else(String::new, |next| Moment(next).to_string());
    let lost = observed.lost_list(&authority.name);
    let lost = lost.map_or_else(String::new, in_the_inventory);
    let (rule, cause) = match state {
        ListState::Good => return None,
        ListState::Due => (&rules::CRL_DUE, format!("the next list is due by {next}")),
        ListState::Expired => (
            &rules::CRL_EXPIRED,
            format!("the next list was due by {next}"),
        ),
        ListState::NotItsAuthoritys => (
            &rules::CRL_OF_ANOTHER_KEY,
            format!("it was not signed by the key of {}", authority.id()),
        ),
        ListState::Damaged => {
            let detail = file.defect().map(|defect| defect.detail.clone());
            (&rules::CRL_DAMAGED, detail.unwrap_or_default())
        }
        ListState::RolledBack => (
            &rules::CRL_ROLLED_BACK,
            format!("a later one was made: {lost}"),
        ),
        ListState::Missing => (&rules::CRL_MISSING, format!("one was made: {lost}")),
    };
    let path = authority.crl.as_str();
    Some(Finding {
        cause,
        cure: cure_of_list(authority, state),
        ..of_file(rule, path)
    })
}

fn cure_of_list(authority: &Authority, state: ListState) -> String {
    let (name, path) = (&authority.name, authority.crl.shell());
    match state {
        ListState::Damaged => format!(
            "restore it: `git log -- {path}`, `git restore --source=<commit> -- {path}`; what it revoked is written nowhere else"
        ),
        ListState::Missing | ListState::RolledBack => format!(
            "put the last one back, from Git (`git log --all -- {path}`) or from where it was published; or have it made anew of what Git \
             has of it: `certs crl {name}`"
        ),
        ListState::Good | ListState::Due | ListState::Expired | ListState::NotItsAuthoritys => {
            format!("`certs crl {name}` makes the next one")
        }
    }
}

/// `number 3 of 2026-11-22, with 2 revocations`.
fn in_the_inventory(list: &ListRecord) -> String {
    let number = list.number.as_ref();
    let number = number.map_or_else(|| "one".to_owned(), |number| format!("number {number}"));
    let revoked = match list.revoked {
        0 => "which revoked nothing".to_owned(),
        1 => "which revoked 1 certificate".to_owned(),
        several => format!("which revoked {several} certificates"),
    };
    format!("{number} of {}, {revoked}", Moment(list.this_update))
}

fn at(file: &str, line: usize) -> Spot {
    Spot {
        file: file.to_owned(),
        line,
        column: 1,
        width: 1,
        text: String::new(),
    }
}

fn of_file(lint: &'static Lint, path: &str) -> Finding {
    Finding {
        spot: Some(at(path, 1)),
        consequence: lint.text.to_owned(),
        ..Finding::new(lint, Basis::Found, Subject::File(path.to_owned()))
    }
}

fn undeclared(path: &RelPath) -> Finding {
    Finding {
        cause: "no declaration names it".to_owned(),
        consequence: "it may still be accepted, and no run renews or replaces it".to_owned(),
        cure: "declare what it belongs to, or delete it (`certs recreate --prune`; an authority's by hand)".to_owned(),
        ..of_file(&rules::UNDECLARED, path.as_str())
    }
}

fn stray(stray: &Stray) -> Finding {
    Finding {
        cause: format!("no declaration names it, and {}", stray.detail),
        consequence: "no run reads, renews or replaces it".to_owned(),
        cure: "move it away or delete it".to_owned(),
        ..of_file(&rules::UNDECLARED, &stray.place)
    }
}

fn marked(path: &RelPath) -> Finding {
    Finding {
        cause: "it begins with a byte order mark".to_owned(),
        consequence: "Go finds no PEM in it: Kubernetes, etcd and every other program in Go do not start with it, or do without it"
            .to_owned(),
        cure: format!("take the mark out: sed -i '1s/^\\xEF\\xBB\\xBF//' {}", path.shell()),
        ..of_file(&rules::BYTE_ORDER_MARK, path.as_str())
    }
}

fn interrupted(journal: &Journal) -> Finding {
    let path = journal.path.as_str();
    if journal.is_own {
        return Finding {
            cause: "it is left from an interrupted run".to_owned(),
            cure: "`certs recreate` finishes that run first".to_owned(),
            ..of_file(&rules::INTERRUPTED, path)
        };
    }
    let shell = journal.path.shell();
    Finding {
        cause: "Git has it, where no run puts it, or cannot say that it has not".to_owned(),
        cure: format!(
            "see who committed it (git log -- {shell}), then delete it: git rm -f {shell}; .gitignore should have .certs-*"
        ),
        ..of_file(&rules::JOURNAL_TRACKED, path)
    }
}

fn rules_damaged(broken: &Broken) -> Finding {
    let path = &broken.path;
    Finding {
        cause: broken.cause.clone(),
        cure: format!(
            "restore it (`git restore -- {}`), or delete it: `certs recreate` writes its own",
            path.shell()
        ),
        spot: Some(at(path.as_str(), broken.line)),
        ..of_file(&rules::RULES_DAMAGED, path.as_str())
    }
}

fn stale(path: &str) -> Finding {
    Finding {
        cause: "it is not what today's files would make of it".to_owned(),
        cure: "`certs recreate` writes it anew".to_owned(),
        ..of_file(&rules::STALE, path)
    }
}
