//! `certs revoke`: puts certificates on the lists of those who issued them.

pub(super) mod view;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use clap::Args;
use time::OffsetDateTime;
use view::Revoked;

use super::verify::moment;
use crate::apply::Revocation;
use crate::cli::arguments::{IdentityArgs, SourceArgs};
use crate::cli::error::{CliError, Exit};
use crate::cli::project::{Project, store_error};
use crate::cli::publication::{Publication, Writing, now};
use crate::cli::revocation::{self, Loss, Past};
use crate::cli::suggestions;
use crate::cli::ui::Ui;
use crate::fleet::{Artifact, ArtifactId, Authority, Fleet, Name, Observed};
use crate::history::{Issued, Standing};
use crate::plan::Pattern;
use crate::render::words::count;
use crate::store::{Change, Expected, outside};
use crate::x509::certificate::read::{parse_chain, signed_by};
use crate::x509::hex::{from_hex, to_hex};
use crate::x509::{CertificateFacts, KeyFingerprint, RevocationReason, RevokedCertificate};

/// Revoke certificates and issue the new CRL.
///
/// Adds them to the CRL of the CA that issued them.
#[derive(Debug, Args)]
#[command(
    after_help = "A name revokes every valid certificate for the same key that Git knows. A file or a serial number revokes that certificate \
                        alone, unless the key is compromised. A certificate issued by hand is removed with its record and key in the same \
                        commit; a declared one gets a new key and certificate from the next `recreate`. The CRL is `ca/<ca>.crl`. \
                        The CA's key is needed.\n\n\
                        Examples:\n  certs revoke nas --reason key-compromise --date 2027-01-31\n  certs revoke cp1/cluster/kubelet\n  \
                        certs revoke ca/intermediate --reason ca-compromise\n  certs revoke old-laptop.crt\n  \
                        certs revoke --serial 5f01ab --ca cluster"
)]
pub(crate) struct RevokeArgs {
    /// A host, a certificate, `host/ca/certificate`, the full name of a CA (`ca/intermediate`), or a file with a certificate that one of
    /// the CAs issued.
    #[arg(value_name = "TARGET", required_unless_present = "serial")]
    pub targets: Vec<String>,
    /// A serial number in hexadecimal, of a certificate that you do not have; may be given several times.
    #[arg(long, value_name = "HEX", requires = "ca")]
    pub serial: Vec<String>,
    /// The CA that issued the serial numbers.
    #[arg(long, value_name = "CA", value_parser = name, requires = "serial")]
    pub ca: Option<Name>,
    /// The reason: unspecified, key-compromise, ca-compromise, affiliation-changed, superseded, cessation-of-operation or
    /// privilege-withdrawn.
    #[arg(long, value_name = "REASON", value_parser = reason)]
    pub reason: Option<RevocationReason>,
    /// The time from which the key was not to be trusted, like `2027-01-31T12:00:00Z` or `2027-01-31`. The revocation has the present time.
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    pub date: Option<OffsetDateTime>,
    /// Revoke everything that a target names, where it names more than one certificate.
    #[arg(short, long)]
    pub yes: bool,
    /// Show what would be revoked, and write nothing. Needs no key.
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub identity: IdentityArgs,
    /// Print the revoked certificates and the CRLs as JSON (docs/schema/revoke.json).
    #[arg(long)]
    pub json: bool,
}

/// `ca/cluster` is the same as `cluster`.
pub(super) fn name(text: &str) -> Result<Name, String> {
    let text = text.strip_prefix("ca/").unwrap_or(text);
    Name::new(text).map_err(|error| error.to_string())
}

fn reason(text: &str) -> Result<RevocationReason, String> {
    RevocationReason::parse(text).map_err(|error| error.to_string())
}

pub(crate) fn run(args: &RevokeArgs, ui: Ui) -> Result<Exit, CliError> {
    check_date(args)?;
    let mut project = Project::load(&args.source, ui)?;
    check_words(&args.targets, &project)?;
    let past_lists = revocation::Lists::read(&project);
    let past = Past::read(&project);
    let writing = if args.dry_run {
        None
    } else {
        Some(Writing::begin(&mut project, ui)?)
    };
    let observed = project.observe()?;
    let now = now();
    let declared = project.fleet.clone();
    let mut targets = Targets::new(&declared, &observed);
    check_reach(args, &targets)?;
    for target in &args.targets {
        targets.add(target)?;
    }
    if let Some(authority) = &args.ca {
        for serial in &args.serial {
            targets.add_serial(authority, serial)?;
        }
    }
    targets.look_up(&past.known().issued());
    ui.tell(&targets.unknown());
    if targets.reaches_further(args.reason) {
        let issued = past.told(ui).issued();
        let others = targets.add_of_the_same_keys(&issued, args.reason, now);
        ui.tell(&with_its_key(others));
    }
    let (earlier, targets): (Vec<_>, Vec<_>) = targets
        .list
        .into_iter()
        .partition(|target| target.is_revoked(&observed));
    for target in &earlier {
        ui.tell(&format!("{} is revoked already\n", target.name()));
    }
    let Some(writing) = writing else {
        return Ok(outlook(args, &targets, ui));
    };
    let beside = taken_out(&project, &observed, &targets)?;
    project
        .fleet
        .certificates
        .retain(|leaf| leaf.record().is_none() || !is_among(&targets, &leaf.id()));
    let published = writing.publish(
        &project,
        &Publication {
            observed: &observed,
            revocations: &lists(&targets, args, now),
            past: &past_lists,
            beside: &beside,
            loss: Loss::Refused,
            identity: &args.identity.files,
            now,
        },
        ui,
    )?;
    let revoked: Vec<Revoked<'_>> = targets.iter().map(|target| target.shown(args)).collect();
    ui.print(&if args.json {
        format!("{:#}\n", view::json(&revoked, &declared, &published))
    } else {
        view::text(&revoked, &declared, &published, ui.stdout, ui.width())
    });
    ui.tell(&what_is_left(&targets));
    Ok(Exit::Done)
}

/// Shows the certificates that a run without `--dry-run` would revoke.
fn outlook(args: &RevokeArgs, targets: &[Target<'_>], ui: Ui) -> Exit {
    let revoked: Vec<Revoked<'_>> = targets.iter().map(|target| target.shown(args)).collect();
    ui.print(&if args.json {
        format!("{:#}\n", view::outlook_json(&revoked))
    } else {
        view::outlook(&revoked, ui.stdout, ui.width())
    });
    if revoked.is_empty() {
        Exit::Done
    } else {
        Exit::Pending
    }
}

/// A revocation cannot be taken back, and `kubernetes` may name one certificate today and ten tomorrow.
fn check_reach(args: &RevokeArgs, targets: &Targets<'_>) -> Result<(), CliError> {
    if args.yes || args.dry_run {
        return Ok(());
    }
    for word in &args.targets {
        let named = targets.named(word);
        if named.len() > 1 {
            let error = CliError::new(format!(
                "{word} names {} certificates; nothing was revoked",
                named.len()
            ));
            let named = named.iter().map(|artifact| artifact.id().to_string());
            return Err(named
                .fold(error, CliError::cause)
                .hint("revoke one by its full name, or all of them with --yes"));
        }
    }
    Ok(())
}

/// Nothing is locked yet: what was once called so is looked for with Git.
fn check_words(words: &[String], project: &Project) -> Result<(), CliError> {
    for word in words {
        let pattern: Option<Pattern> = word.parse().ok();
        let is_declared = pattern.is_some_and(|pattern| {
            let mut artifacts = project.fleet.artifacts();
            artifacts.any(|artifact| pattern.asks_to_replace(&artifact.id()))
        });
        if !is_declared && !outside::exists(Path::new(word)) {
            let was = suggestions::hints_of_the_past(project, word);
            return Err(was.into_iter().fold(unknown(word), CliError::hint));
        }
    }
    Ok(())
}

fn unknown(word: &str) -> CliError {
    CliError::new(format!("{word} is neither declared nor a file")).hint(
        "`certs status` shows what there is; an authority is revoked by its full name: ca/<name>",
    )
}

/// The day is known on which a key was lost, and not that on which it will be.
fn check_date(args: &RevokeArgs) -> Result<(), CliError> {
    match args.date {
        Some(date) if date > now() => Err(CliError::new("--date is yet to come")
            .cause("it is the time from which the key was not to be trusted; the revocation starts now either way")
            .hint("give a moment that is past, or leave --date out")),
        _ => Ok(()),
    }
}

fn is_among(targets: &[Target<'_>], id: &ArtifactId) -> bool {
    targets.iter().any(|target| target.id.as_ref() == Some(id))
}

/// The additions to the CRL of each CA.
fn lists<'a>(
    targets: &[Target<'a>],
    args: &RevokeArgs,
    now: OffsetDateTime,
) -> Vec<Revocation<'a>> {
    let mut lists: BTreeMap<&Name, Revocation<'a>> = BTreeMap::new();
    for target in targets {
        let list = lists.entry(&target.authority.name);
        let list = list.or_insert_with(|| Revocation {
            authority: target.authority,
            entries: Vec::new(),
            earlier: Vec::new(),
            last_number: None,
        });
        list.entries.push(target.entry(args, now));
    }
    lists.into_values().collect()
}

/// One certificate that is to be revoked.
struct Target<'a> {
    authority: &'a Authority,
    serial: Vec<u8>,
    /// `None` where only its number is known.
    facts: Option<CertificateFacts>,
    /// The artifact that has it as its certificate today.
    id: Option<ArtifactId>,
    is_by_hand: bool,
    named: Named,
}

/// How a target came to be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    /// By its artifact: revoking it means every certificate issued for its key.
    AsArtifact,
    /// By its file or its number: that very certificate.
    AsItself,
}

impl Target<'_> {
    fn name(&self) -> String {
        let serial = || format!("serial number {}", to_hex(&self.serial));
        self.id.as_ref().map_or_else(serial, ToString::to_string)
    }

    fn is_revoked(&self, observed: &Observed) -> bool {
        let list = observed.crl(&self.authority.name).facts();
        list.is_some_and(|file| file.list.entry(&self.serial).is_some())
    }

    fn entry(&self, args: &RevokeArgs, now: OffsetDateTime) -> RevokedCertificate {
        RevokedCertificate {
            serial: self.serial.clone(),
            revoked_at: now,
            reason: stated(args.reason),
            invalid_since: args.date,
            issuer: None,
            unknown_critical: std::collections::BTreeSet::new(),
        }
    }

    fn shown(&self, args: &RevokeArgs) -> Revoked<'_> {
        Revoked {
            id: self.id.as_ref(),
            authority: &self.authority.name,
            serial: &self.serial,
            facts: self.facts.as_ref(),
            reason: stated(args.reason),
        }
    }
}

/// RFC 5280 §5.3.1: unspecified is said by saying nothing.
fn stated(reason: Option<RevocationReason>) -> Option<RevocationReason> {
    reason.filter(|reason| *reason != RevocationReason::Unspecified)
}

/// The certificates that the words on the command line match.
struct Targets<'a> {
    fleet: &'a Fleet,
    observed: &'a Observed,
    list: Vec<Target<'a>>,
}

impl<'a> Targets<'a> {
    fn new(fleet: &'a Fleet, observed: &'a Observed) -> Self {
        Self {
            fleet,
            observed,
            list: Vec::new(),
        }
    }

    /// The declared artifacts that a word matches; a CA by its full name only.
    fn named(&self, word: &str) -> Vec<Artifact<'a>> {
        let Ok(pattern) = word.parse::<Pattern>() else {
            return Vec::new();
        };
        let artifacts = self.fleet.artifacts();
        artifacts
            .filter(|artifact| pattern.asks_to_replace(&artifact.id()))
            .collect()
    }

    /// A pattern goes before a file of the same name: what is declared is meant more often.
    fn add(&mut self, word: &str) -> Result<(), CliError> {
        let selected = self.named(word);
        if selected.is_empty() {
            return self.add_file(word);
        }
        for artifact in selected {
            let id = artifact.id();
            let facts = self.observed.certificate(&id).ok_or_else(|| {
                CliError::new(format!("{id} has no certificate that could be revoked"))
                    .hint("give the file of an earlier one, or its number: --serial HEX --ca NAME")
            })?;
            let issuer = self.fleet.issuer_of(artifact);
            let Some(issuer) = issuer.filter(|_| !facts.is_self_issued()) else {
                return Err(root(&id));
            };
            self.push(
                issuer,
                facts.serial.clone(),
                Some(facts.clone()),
                Named::AsArtifact,
            );
        }
        Ok(())
    }

    fn add_file(&mut self, word: &str) -> Result<(), CliError> {
        let bytes = outside::read(Path::new(word)).map_err(|_| unknown(word))?;
        let chain = parse_chain(&bytes).map_err(|defect| {
            CliError::new(format!("cannot use the certificate in {word}")).cause(defect.to_string())
        })?;
        let facts = chain.into_iter().next().ok_or_else(|| unknown(word))?;
        let Some(issuer) = self.signer(&facts) else {
            return Err(
                CliError::new(format!("none of the declared authorities issued {word}"))
                    .cause(format!("it says it is by {}", facts.issuer)),
            );
        };
        if facts.is_self_issued() {
            return Err(root(&issuer.id()));
        }
        self.push(issuer, facts.serial.clone(), Some(facts), Named::AsItself);
        Ok(())
    }

    fn signer(&self, facts: &CertificateFacts) -> Option<&'a Authority> {
        let mut authorities = self.fleet.authorities.iter();
        authorities.find(|authority| is_by(facts, authority, self.observed))
    }

    /// Finds the certificate of a serial number that is no longer in the tree.
    fn look_up(&mut self, issued: &[Issued<'_>]) {
        let observed = self.observed;
        for target in self.list.iter_mut().filter(|target| target.facts.is_none()) {
            let mut known = issued.iter().map(|issued| issued.facts);
            target.facts = known
                .find(|facts| {
                    facts.serial == target.serial && is_by(facts, target.authority, observed)
                })
                .cloned();
        }
    }

    /// A mistyped number is revoked as readily as any, and the certificate that was meant stays good.
    fn unknown(&self) -> String {
        let unknown = self.list.iter().filter(|target| target.facts.is_none());
        let lines = unknown.map(|target| {
            format!(
                "warning: no certificate of {} with the {} is known here: see that the number is right\n",
                target.authority.id(),
                target.name()
            )
        });
        lines.collect()
    }

    /// Whether more is meant than what was named.
    fn reaches_further(&self, reason: Option<RevocationReason>) -> bool {
        let mut list = self.list.iter();
        list.any(|target| {
            target.facts.is_some() && (target.named == Named::AsArtifact || is_compromise(reason))
        })
    }

    /// A renewed certificate has the key of the one before it, which is accepted until it expires: a holder that must not be trusted with
    /// one must not be trusted with the other. A certificate in the tree of another artifact is revoked only if the key itself is
    /// compromised.
    fn add_of_the_same_keys(
        &mut self,
        issued: &[Issued<'_>],
        reason: Option<RevocationReason>,
        now: OffsetDateTime,
    ) -> usize {
        let named = self
            .list
            .iter()
            .filter(|target| target.named == Named::AsArtifact || is_compromise(reason));
        let named: Vec<(&'a Authority, KeyFingerprint)> = named
            .filter_map(|target| Some((target.authority, target.facts.as_ref()?.key_fingerprint)))
            .collect();
        let before = self.list.len();
        for (authority, key) in named {
            for other in revocation::for_key(issued, &key, now) {
                let facts = other.facts;
                let is_meant = other.standing != Standing::Current || is_compromise(reason);
                let signer = self
                    .signer(facts)
                    .filter(|signer| signer.name == authority.name);
                let list = self.observed.crl(&authority.name).facts();
                let is_revoked = list.is_some_and(|file| file.list.entry(&facts.serial).is_some());
                if let (true, false, Some(signer)) = (is_meant, is_revoked, signer) {
                    self.push(
                        signer,
                        facts.serial.clone(),
                        Some(facts.clone()),
                        Named::AsItself,
                    );
                }
            }
        }
        self.list.len() - before
    }

    fn add_serial(&mut self, authority: &Name, text: &str) -> Result<(), CliError> {
        let issuer = self.fleet.authority(authority).ok_or_else(|| {
            CliError::new(format!("{authority} is no declared authority"))
                .hint("`certs status` shows what there is")
        })?;
        let serial = serial(text).ok_or_else(|| {
            CliError::new(format!("{text:?} is no serial number")).hint(
                "write it in hexadecimal, as `certs inspect` and `openssl x509 -serial` show it",
            )
        })?;
        self.push(issuer, serial, None, Named::AsItself);
        Ok(())
    }

    /// Named twice is named once.
    fn push(
        &mut self,
        authority: &'a Authority,
        serial: Vec<u8>,
        facts: Option<CertificateFacts>,
        named: Named,
    ) {
        let mut others = self.list.iter();
        if others.any(|one| one.authority.name == authority.name && one.serial == serial) {
            return;
        }
        let is_it = |artifact: &Artifact<'_>| {
            let found = self.observed.certificate(&artifact.id());
            artifact.issuer_name() == Some(&authority.name)
                && found.is_some_and(|found| found.serial == serial)
        };
        let artifact = self.fleet.artifacts().find(is_it);
        let known = artifact.and_then(|artifact| self.observed.certificate(&artifact.id()));
        self.list.push(Target {
            authority,
            facts: facts.or_else(|| known.cloned()),
            serial,
            is_by_hand: artifact.is_some_and(|artifact| artifact.record().is_some()),
            id: artifact.map(|artifact| artifact.id()),
            named,
        });
    }
}

/// Whether the authority's certificate, or one of those before it, made the signature.
fn is_by(facts: &CertificateFacts, authority: &Authority, observed: &Observed) -> bool {
    let pair = observed.pair(&authority.id());
    pair.certificate.facts().is_some_and(|file| {
        let mut own = file.trusted();
        own.any(|own| signed_by(facts, own))
    })
}

fn is_compromise(reason: Option<RevocationReason>) -> bool {
    matches!(
        reason,
        Some(RevocationReason::KeyCompromise | RevocationReason::CaCompromise)
    )
}

fn with_its_key(others: usize) -> String {
    match others {
        0 => String::new(),
        _ => format!(
            "note: {} for the same key, in date and known from Git, {} too\n",
            count(others, "other certificate", "other certificates"),
            if others == 1 {
                "is revoked"
            } else {
                "are revoked"
            },
        ),
    }
}

fn root(id: &ArtifactId) -> CliError {
    CliError::new(format!(
        "{id} is a root CA: no CA is above it to revoke it"
    ))
    .hint(format!(
        "take it out of every trust store, and replace it at once: certs recreate --replace {id} --retire {id}"
    ))
}

/// The longest serial number in bytes: 20 (RFC 5280 §4.1.2.2), and in some certificates a sign byte in addition. Programs that enforce the
/// limit would refuse the whole CRL.
const LONGEST_SERIAL: usize = 21;

/// Content octets of a positive number.
fn serial(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_start_matches("0x").chars();
    let mut digits: String = digits.filter(|c| *c != ':').collect();
    if digits.len() % 2 == 1 {
        digits.insert(0, '0');
    }
    let octets = from_hex(&digits)?.into_iter();
    let mut serial: Vec<u8> = octets.skip_while(|octet| *octet == 0).collect();
    if serial.first().is_some_and(|first| *first >= 0x80) {
        serial.insert(0, 0);
    }
    let is_one = !serial.is_empty() && serial.len() <= LONGEST_SERIAL;
    is_one.then_some(serial)
}

/// Removes revoked certificates that were issued by hand: record, certificate and key go in the commit that writes the CRL.
fn taken_out(
    project: &Project,
    observed: &Observed,
    targets: &[Target<'_>],
) -> Result<Vec<Change>, CliError> {
    let mut changes = Vec::new();
    for leaf in &project.fleet.certificates {
        let Some(record) = leaf.record().filter(|_| is_among(targets, &leaf.id())) else {
            continue;
        };
        let pair = observed.pair(&leaf.id());
        let read = project.root.read(&record.file);
        let read = read.map_err(|error| store_error(&error))?;
        changes.push(Change::delete(
            record.file.clone(),
            Expected::from(read.as_ref()),
        ));
        let found = [
            (&leaf.files.certificate, pair.certificate.digest()),
            (&leaf.files.key, pair.key.digest()),
        ];
        for (path, digest) in found {
            let digest = digest.map(|digest| Expected::Content(*digest));
            changes.extend(digest.map(|digest| Change::delete(path.clone(), digest)));
        }
    }
    Ok(changes)
}

/// The tasks that the run could not do.
fn what_is_left(targets: &[Target<'_>]) -> String {
    let mut text = String::new();
    let declared = targets.iter().filter(|target| !target.is_by_hand);
    for id in declared.filter_map(|target| target.id.as_ref()) {
        let command = if id.is_authority() {
            format!("certs recreate --replace {id}")
        } else {
            format!("certs recreate --only {id}")
        };
        let _ = writeln!(
            text,
            "hint: {id} is still declared; it gets a new key and certificate by `{command}`"
        );
    }
    if !targets.is_empty() {
        text.push_str("hint: who verifies has to have the new list; `git add` it, and publish it where `crlUrls` says\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::serial;

    #[test]
    fn reads_serial_numbers_as_other_programs_show_them() {
        assert_eq!(serial("1f"), Some(vec![0x1f]));
        assert_eq!(serial("0x00:9F:01"), Some(vec![0, 0x9f, 1]));
        assert_eq!(serial("123"), Some(vec![1, 0x23]));
        for text in ["", "0", "00", "xyz", "-1", &"7f".repeat(22)] {
            assert_eq!(serial(text), None, "{text}");
        }
    }
}
