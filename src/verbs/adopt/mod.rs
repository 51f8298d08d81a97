//! `certs adopt`: takes over certificates and keys that were made elsewhere.

mod survey;
mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

use clap::Args;
use survey::{Foreign, Openers};

use crate::adopt::declare::{Operators, draft, source};
use crate::adopt::{
    Adoption, Choice, ClearKeys, Item, Leftover, Taken, TakenRevocations, Verdict, adoption,
};
use crate::apply::{self, Adopted, AdoptedList, AdoptedPublic, ApplyError, Revocation, Run};
use crate::cli::arguments::{IdentityArgs, SourceArgs};
use crate::cli::environment::current_dir;
use crate::cli::error::{CliError, Exit};
use crate::cli::passphrases::Passphrases;
use crate::cli::project::{self, Project, store_error};
use crate::cli::publication::{Writing, apply_error, may_not_sign, now};
use crate::cli::revocation;
use crate::cli::ui::{Asker, Bar, Ui};
use crate::fleet::{ArtifactId, CertificateFile, Fleet, Observed, RelPath, shell};
use crate::plan::{Pattern, Plan};
use crate::render::words::{count, shown};
use crate::seal::{Identities, Recipient};
use crate::x509::key::signing::PrivateKey;
use crate::x509::{CertificateFacts, KeyFingerprint, ListRecord, Moment};

/// Take over certificates and keys made elsewhere.
///
/// Finds out which is which, encrypts the keys, and puts everything in its place.
#[derive(Debug, Args)]
#[command(
    after_help = "Looks at every file in DIR: PEM certificates and keys as kubeadm, easy-rsa, cfssl, step and OpenSSL write them, \
                        under a passphrase too, PKCS#12 files, keys encrypted with age, and the values of YAML and JSON (Secrets, kubeconfigs, \
                        answers of Vault and cfssl, secrets and machine configurations of Talos). Keys go with certificates by their public keys; \
                        certificates go with what is declared by subject, issuer and names, and by host where a directory is called after one. \
                        CRLs, `index.txt` with `crlnumber`, directories called `revoked` and rows of cfssl's database are taken over: a \
                        certificate that they name is not adopted as valid, and the next CRL lists it under the next number. Files of the \
                        project are never overwritten, and DIR stays as it is.\n\nExamples:\n  certs adopt \
                        /etc/kubernetes/pki --dry-run\n  certs adopt ../old/secrets/certs --identity ~/.ssh/id_ed25519\n  certs adopt \
                        ./pki --as ca/cluster=issued/root.crt --only ca\n  certs adopt ./easyrsa/pki --passphrase-file ca-passphrase.txt"
)]
pub(crate) struct AdoptArgs {
    /// The directory with the certificates and keys.
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    #[command(flatten)]
    pub source: SourceArgs,
    /// Name a file that cannot be recognised: `ca/cluster=root.crt`. The file is relative to DIR; may be given several times.
    #[arg(long = "as", value_name = "PATTERN=FILE", value_parser = assignment)]
    pub assignments: Vec<(Pattern, String)>,
    /// Only these: a host, a certificate, `host/ca/certificate`, `ca/NAME` or `shared/NAME`; `*` matches any.
    #[arg(long, value_name = "PATTERN")]
    pub only: Vec<Pattern>,
    #[command(flatten)]
    pub identity: IdentityArgs,
    /// A file with a passphrase in its first line, for private keys or PKCS#12 files in DIR; may be given several times.
    /// Default: asked for, once for each file that no earlier passphrase decrypts.
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Vec<PathBuf>,
    /// Show what would be adopted, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Print the beginning of a declaration (certs.nix) of what is in DIR, and adopt nothing: CAs, hosts and certificates with their
    /// fields as they are. Needs no project. Read it, correct the names of hosts, put it in place, then run `certs adopt DIR`.
    #[arg(long, conflicts_with_all = ["dry_run", "json", "assignments", "only"])]
    pub declare: bool,
    /// With --declare: the public key of an operator; may be given several times.
    #[arg(long, value_name = "KEY", requires = "declare", value_parser = |text: &str| Recipient::parse(text))]
    pub recipient: Vec<Recipient>,
    /// Print the findings and the result as JSON (docs/schema/adopt.json).
    #[arg(long)]
    pub json: bool,
}

fn assignment(text: &str) -> Result<(Pattern, String), String> {
    let (pattern, file) = text
        .split_once('=')
        .filter(|(_, file)| !file.is_empty())
        .ok_or("write PATTERN=FILE, like ca/cluster=root.crt")?;
    let pattern = pattern
        .parse::<Pattern>()
        .map_err(|error| error.to_string())?;
    Ok((pattern, file.trim_start_matches("./").to_owned()))
}

pub(crate) fn run(args: &AdoptArgs, ui: Ui) -> Result<Exit, CliError> {
    if !args.directory.is_dir() {
        let message = format!("{} is no directory", shown(&args.directory));
        return Err(
            CliError::new(message).hint("give the directory with the certificates and keys")
        );
    }
    if args.declare {
        return declare(args, ui);
    }
    let mut project = Project::load(&args.source, ui)?;
    let choices = choices(args, &project.fleet)?;
    let identities = project.identities(&args.identity.files)?;
    let passphrases = Passphrases::read(&args.passphrase_file, Box::new(Asker))?;
    let openers = Openers {
        identities: &identities,
        passphrases: &passphrases,
    };
    if args.dry_run {
        project.warn_of_journals(ui)?;
        let (observed, _, adoption) = look(args, &project, openers, &choices)?;
        let exit = show(&adoption, args, ui)?;
        Lists::of(&adoption, &project, &observed)?;
        return Ok(exit);
    }
    write(args, &mut project, openers, &choices, ui)
}

/// Prints what the tree would be declared as.
fn declare(args: &AdoptArgs, ui: Ui) -> Result<Exit, CliError> {
    let root = current_dir()?;
    let identities = project::identities(&args.identity.files, &[], &root)?;
    let passphrases = Passphrases::read(&args.passphrase_file, Box::new(Asker))?;
    let openers = Openers {
        identities: &identities,
        passphrases: &passphrases,
    };
    let foreign = Foreign::read(&args.directory, &root, openers);
    let draft = draft(&foreign.material, now());
    let operators = Operators {
        keys: args.recipient.iter().map(ToString::to_string).collect(),
        identity: args.identity.files.first().cloned(),
    };
    let directory = args.directory.to_string_lossy();
    ui.print(&source(&draft, &operators, &directory));
    let hosts = draft.certificates.iter().map(|one| one.host.as_str());
    let hosts: BTreeSet<&str> = hosts.collect();
    ui.tell(&format!(
        "declared {}, {} of {}; {}\n\
         hint: read it and correct the names of hosts; put it in place as certs.nix, give each host its key (`certs host scan NAME --accept`, or `certs host add NAME` for a new one), then run `certs adopt {}`\n",
        count(draft.authorities.len(), "CA", "CAs"),
        count(draft.certificates.len(), "certificate", "certificates"),
        count(hosts.len(), "host", "hosts"),
        count(draft.left.len(), "thing is not declared", "things are not declared"),
        shell(&directory),
    ));
    match unread_of(&foreign.material.unreadable, &args.directory) {
        Some(error) => Err(error),
        None => Ok(Exit::Done),
    }
}

fn write(
    args: &AdoptArgs,
    project: &mut Project,
    openers: Openers<'_>,
    choices: &[Choice],
    ui: Ui,
) -> Result<Exit, CliError> {
    let writing = Writing::begin(project, ui)?;
    let project: &Project = project;
    let (observed, foreign, adoption) = look(args, project, openers, choices)?;
    if !args.json {
        ui.print(&view::text(&adoption, ui.stdout));
    }
    warn_of_lost_keys(&adoption, ui);
    let undecided = adoption.undecided().count();
    if undecided > 0 {
        let what = count(undecided, "artifact needs", "artifacts need");
        let error = CliError::new(format!("{what} a decision; nothing was adopted"))
            .within(view::json(&adoption, 0));
        let is_closed = |item: &Item| matches!(item.verdict, Verdict::KeyClosed { .. });
        let error = if adoption.undecided().any(is_closed) {
            error.hint("open what is closed with --identity FILE or --passphrase-file FILE")
        } else {
            error
        };
        return Err(error.hint(
            "say which file it is with --as PATTERN=FILE, or name what is to be adopted without it with --only",
        ));
    }
    if let Some(left) = adoption.unknown_revocations.first() {
        let error = CliError::new(format!(
            "{} may name revoked certificates and cannot be read; nothing was adopted",
            crate::render::words::one_line(&left.place)
        ));
        return Err(error
            .cause(crate::render::words::one_line(&left.reason))
            .hint("mend it, or make it readable for this user: what it revokes must not be adopted as good")
            .within(view::json(&adoption, 0)));
    }
    let lists = Lists::of(&adoption, project, &observed)
        .map_err(|error| error.within(view::json(&adoption, 0)))?;
    let adopted = taken(&adoption, project, &foreign)?;
    let now = now();
    let plan = Plan {
        steps: Vec::new(),
        now,
    };
    let progress = Bar::new();
    let run = Run {
        fleet: &project.fleet,
        observed: &observed,
        plan: &plan,
        beside: &[],
        root: &project.root,
        lock: &writing.lock,
        identities: openers.identities,
        progress: &progress,
        commit_gate: &writing.commit_gate,
    };
    let failed = |error: &ApplyError| apply_error(error, &plan, &project.fleet);
    let mut files = if adopted.is_empty() && lists.as_they_are.is_empty() {
        0
    } else {
        apply::adopt(run, &adopted, &lists.as_they_are).map_err(|error| failed(&error))?
    };
    if !lists.next.is_empty() {
        let observed = project.observe()?;
        let run = Run {
            observed: &observed,
            ..run
        };
        let published = apply::publish(run, &lists.next).map_err(|error| failed(&error))?;
        files += published.files;
    }
    let document = view::json(&adoption, files);
    if args.json && adoption.unreadable.is_empty() {
        ui.print(&format!("{document:#}\n"));
    }
    ui.tell(&view::outcome(adopted.len(), files));
    let proved = proved(&adoption, project, openers.identities)?;
    let clear = ClearKeys::of(&foreign.material, &proved);
    ui.tell(&view::clear_keys(&clear, &args.directory.to_string_lossy()));
    match unread(&adoption, &args.directory) {
        Some(error) => Err(error.within(document)),
        None => Ok(Exit::Done),
    }
}

/// The lists of the authorities that are here: those that are put in place as they are, and those that are made because what was there
/// named less than is known.
struct Lists<'a> {
    as_they_are: Vec<AdoptedList<'a>>,
    next: Vec<Revocation<'a>>,
}

impl<'a> Lists<'a> {
    fn of(
        adoption: &'a Adoption,
        project: &'a Project,
        observed: &Observed,
    ) -> Result<Self, CliError> {
        let mut lists = Self {
            as_they_are: Vec::new(),
            next: Vec::new(),
        };
        for taken in adoption.revocations.iter().filter(|taken| !taken.is_listed) {
            let Some(authority) = project.fleet.authority(&taken.authority) else {
                continue;
            };
            let of_it = adoption.taken().find(|(id, _)| **id == authority.id());
            if of_it.is_none() && observed.certificate(&authority.id()).is_none() {
                continue;
            }
            if let Some(lost) = observed.lost_list(&authority.name)
                && lost.revoked > taken.count()
            {
                return Err(lost_revocations(taken, lost, &authority.crl));
            }
            let standing = observed.crl(&authority.name);
            let last = taken.last_list().filter(|_| standing.is_missing());
            let is_enough = last.is_some_and(|last| taken.is_covered_by(last));
            lists
                .as_they_are
                .extend(last.map(|list| AdoptedList { authority, list }));
            if is_enough {
                continue;
            }
            let has_key = of_it.is_some_and(|(_, taken)| taken.key.is_some())
                || !observed.key(&authority.id()).is_missing();
            if !has_key {
                return Err(no_signer(taken));
            }
            let taken_certificate = of_it.and_then(|(_, taken)| taken.certificate.as_ref());
            let signer = taken_certificate
                .map(|found| &found.facts)
                .or_else(|| observed.certificate(&authority.id()));
            if signer.is_some_and(|signer| !signer.may_sign_crls()) {
                return Err(unfit_signer(
                    taken,
                    &authority.id(),
                    taken_certificate.is_none(),
                ));
            }
            lists.next.push(Revocation {
                authority,
                entries: taken.entries.clone(),
                earlier: taken.lists.clone(),
                last_number: taken.last_number.clone(),
            });
        }
        Ok(lists)
    }
}

/// A list was made here that neither the tree nor Git has: what it revoked would be good again.
fn lost_revocations(taken: &TakenRevocations, lost: &ListRecord, crl: &RelPath) -> CliError {
    let made = Moment(lost.this_update);
    CliError::new(format!(
        "the CRL of {made} of ca/{} is lost, and with it revocations; nothing was adopted",
        taken.authority
    ))
    .cause(format!(
        "the inventory says that it revoked {}; all that is here and in Git names {}",
        count(lost.revoked, "certificate", "certificates"),
        taken.count()
    ))
    .hint(format!(
        "put it back as {crl}, from another clone or from where it was published, and adopt again"
    ))
}

/// What only a register names would be good again.
fn no_signer(taken: &TakenRevocations) -> CliError {
    let names = crate::render::words::some_of(&taken.places, 5);
    CliError::new(format!(
        "ca/{} revoked certificates that no list of its own names, and its key is not here to sign one; nothing was adopted",
        taken.authority
    ))
    .cause(format!("they are in {names}"))
    .hint("put the key of the CA there, or a current list: `openssl ca -gencrl -out crl.pem`, `easyrsa gen-crl`")
}

/// What the tree revoked would be good again until somebody finds out.
fn unfit_signer(taken: &TakenRevocations, id: &ArtifactId, is_here: bool) -> CliError {
    let names = crate::render::words::some_of(&taken.places, 5);
    let revoked = taken.entries.len();
    let cause = if revoked == 0 {
        format!("its last CRL is not here (see {names})")
    } else {
        let what = count(
            revoked,
            "revoked certificate is",
            "revoked certificates are",
        );
        format!("{what} in no CRL of the CA (see {names})")
    };
    let error = may_not_sign(id).cause(cause);
    if is_here {
        error.hint(format!(
            "issue its certificate again, with the same key, then adopt again: certs renew {id}"
        ))
    } else {
        error.hint("put a current CRL there, which is adopted as it is: `openssl ca -gencrl -out crl.pem`, `easyrsa gen-crl`")
    }
}

fn warn_of_lost_keys(adoption: &Adoption, ui: Ui) {
    for (id, _) in adoption.taken().filter(|(_, taken)| taken.lacks_its_key()) {
        let name = id.to_string();
        let name = name.trim_start_matches("ca/");
        ui.tell(&format!(
            "warning: {id} is adopted without its private key; if it is kept elsewhere, declare so: certToolkit.cas.{name}.ca.keyOffline = true\n"
        ));
    }
}

/// What was to be looked at and was not: the run is not a success.
fn unread(adoption: &Adoption, directory: &Path) -> Option<CliError> {
    unread_of(&adoption.unreadable, directory)
}

fn unread_of(unreadable: &[Leftover], directory: &Path) -> Option<CliError> {
    let number = unreadable.len();
    if number == 0 {
        return None;
    }
    let what = count(number, "file or directory", "files or directories");
    let error = CliError::new(format!(
        "{what} of {} could not be read, and what is in there was not adopted",
        shown(directory)
    ));
    let left = unreadable.iter().take(10);
    let error = left.fold(error, |error, left| {
        error.cause(crate::render::words::one_line(&format!(
            "{}: {}",
            left.place, left.reason
        )))
    });
    Some(error.hint("run certs as a user who may read them, and adopt again: what is adopted already is left as it is"))
}

/// The keys that are encrypted in the project, and were decrypted from there.
fn proved(
    adoption: &Adoption,
    project: &Project,
    identities: &Identities,
) -> Result<BTreeSet<KeyFingerprint>, CliError> {
    let taken = adoption.taken().filter_map(|(_, taken)| taken.key.as_ref());
    let mut proved: BTreeSet<KeyFingerprint> = taken.map(|key| key.public.fingerprint).collect();
    if adoption.plain_keys.is_empty() {
        return Ok(proved);
    }
    let stood_there = |item: &&Item| match &item.verdict {
        Verdict::InPlace => true,
        Verdict::Adopt(taken) => taken.key.is_none(),
        _ => false,
    };
    for item in adoption.items.iter().filter(stood_there) {
        let mut sealed = project.fleet.sealed();
        let Some(sealed) = sealed.find(|sealed| sealed.id == item.id) else {
            continue;
        };
        let file = project.root.read(sealed.file);
        let file = file.map_err(|error| store_error(&error))?;
        let opened = file.and_then(|file| identities.open(&file.bytes).ok());
        let key = opened.and_then(|pem| PrivateKey::from_pem(&pem).ok());
        proved.extend(key.map(|key| key.fingerprint()));
    }
    Ok(proved)
}

fn look(
    args: &AdoptArgs,
    project: &Project,
    openers: Openers<'_>,
    choices: &[Choice],
) -> Result<(Observed, Foreign, Adoption), CliError> {
    let observed = project.observe()?;
    let foreign = Foreign::read(&args.directory, project.root.path(), openers);
    let mut adoption = adoption(&project.fleet, &observed, &foreign.material, choices, now())
        .map_err(|error| {
            CliError::from_error(&error).hint(format!(
                "files are relative to {}; `certs inspect` shows what is in one",
                shown(&args.directory)
            ))
        })?;
    let is_meant = |id: &ArtifactId| {
        args.only.is_empty() || args.only.iter().any(|pattern| pattern.selects(id))
    };
    adoption.items.retain(|item| is_meant(&item.id));
    if !adoption.revocations.is_empty() {
        add_earlier_lists(&mut adoption, project, &observed);
    }
    Ok((ManuallyDrop::into_inner(observed), foreign, adoption))
}

/// What an earlier list of the project revoked, in Git or by the inventory, is as good as what the tree says.
fn add_earlier_lists(adoption: &mut Adoption, project: &Project, observed: &Observed) {
    let past = revocation::Lists::read(project);
    let adopted: BTreeMap<ArtifactId, CertificateFacts> = adoption
        .taken()
        .filter_map(|(id, taken)| Some((id.clone(), taken.certificate.as_ref()?.facts.clone())))
        .collect();
    for taken in &mut adoption.revocations {
        let Some(authority) = project.fleet.authority(&taken.authority) else {
            continue;
        };
        let file = observed.pair(&authority.id()).certificate.facts();
        let standing = file.into_iter().flat_map(CertificateFile::trusted);
        let signers: Vec<&CertificateFacts> =
            standing.chain(adopted.get(&authority.id())).collect();
        let mut earlier = past.signed_by_any(authority, &signers);
        earlier.retain(|list| !taken.lists.contains(list));
        if !earlier.is_empty() {
            taken.places.push(format!("{} in Git", authority.crl));
        }
        taken.lists.extend(earlier);
        let lost = observed.lost_list(&authority.name);
        let lost = lost.and_then(|lost| lost.number.clone());
        taken.last_number = taken.last_number.take().max(lost);
        let here = observed.crl(&authority.name).facts();
        taken.is_listed = here.is_some_and(|file| taken.is_covered_by(&file.list));
    }
}

/// What the plan of the adoption says, carried by the exit code as well.
fn show(adoption: &Adoption, args: &AdoptArgs, ui: Ui) -> Result<Exit, CliError> {
    let document = view::json(adoption, 0);
    let unread = unread(adoption, &args.directory);
    if args.json && unread.is_some() {
        return unread.map_or(Ok(Exit::Failed), |error| Err(error.within(document)));
    }
    ui.print(&if args.json {
        format!("{document:#}\n")
    } else {
        view::text(adoption, ui.stdout)
    });
    warn_of_lost_keys(adoption, ui);
    if let Some(error) = unread {
        return Err(error);
    }
    let has_news = adoption.revocations.iter().any(|taken| !taken.is_listed);
    Ok(if adoption.undecided().next().is_some() {
        Exit::Failed
    } else if adoption.taken().next().is_some() || has_news {
        Exit::Pending
    } else {
        Exit::Done
    })
}

fn choices(args: &AdoptArgs, fleet: &Fleet) -> Result<Vec<Choice>, CliError> {
    let ids: Vec<ArtifactId> = fleet.sealed().map(|sealed| sealed.id).collect();
    for pattern in &args.only {
        if !ids.iter().any(|id| pattern.selects(id)) {
            return Err(unknown("--only", pattern));
        }
    }
    let choices = args.assignments.iter();
    choices
        .map(|(pattern, file)| {
            let meant: Vec<&ArtifactId> = ids.iter().filter(|id| pattern.selects(id)).collect();
            match meant.as_slice() {
                [] => Err(unknown("--as", pattern)),
                [id] => Ok(Choice {
                    id: (*id).clone(),
                    place: within(&args.directory, file),
                }),
                several => {
                    let names: Vec<String> = several.iter().map(ToString::to_string).collect();
                    let names = crate::render::words::some_of(&names, 5);
                    Err(
                        CliError::new(format!("--as {pattern} means several: {names}"))
                            .hint("name one in full"),
                    )
                }
            }
        })
        .collect()
}

fn unknown(option: &str, pattern: &Pattern) -> CliError {
    CliError::new(format!(
        "{option} {pattern} selects nothing that is declared"
    ))
    .hint("`certs manifest` shows what is declared")
}

/// A file may be named as the shell completes it, with the directory in front.
fn within(directory: &Path, file: &str) -> String {
    let inside = Path::new(file).strip_prefix(directory);
    inside.map_or_else(
        |_| file.to_owned(),
        |path| path.to_string_lossy().into_owned(),
    )
}

/// Each match with the private key that belongs to it.
fn taken<'a>(
    adoption: &Adoption,
    project: &'a Project,
    foreign: &Foreign,
) -> Result<Vec<Adopted<'a>>, CliError> {
    let public = |id: &ArtifactId, taken: &Taken| -> Option<AdoptedPublic<'a>> {
        if let Some(pair) = project.fleet.key_pairs.iter().find(|pair| pair.id() == *id) {
            let keys = taken.public_keys.clone();
            return Some(AdoptedPublic::Shared { pair, keys });
        }
        let mut artifacts = project.fleet.artifacts();
        let artifact = artifacts.find(|artifact| artifact.id() == *id)?;
        let certificate = taken.certificate.as_ref();
        Some(AdoptedPublic::Certified {
            artifact,
            certificate: certificate.map(|found| Box::new(found.facts.clone())),
        })
    };
    let adopted = adoption.taken().map(|(id, taken)| {
        let public = public(id, taken)
            .ok_or_else(|| CliError::new(format!("{id} is not declared any more")))?;
        let key = taken.key.as_ref();
        let key = key.and_then(|found| foreign.keys.get(&found.public.fingerprint).cloned());
        Ok(Adopted { public, key })
    });
    adopted.collect()
}
