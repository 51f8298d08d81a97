//! `certs issue` and `certs sign`: certificates on request, granted by a role and recorded in the tree.

pub(super) mod view;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;

use super::sign::SignArgs;
use crate::cli::arguments::{IdentityArgs, SourceArgs};
use crate::cli::error::{CliError, Exit};
use crate::cli::findings::Findings;
use crate::cli::input;
use crate::cli::project::{Project, store_error};
use crate::cli::publication::{self, Clock, Order, Selection, Writing, now};
use crate::cli::ui::Ui;
use crate::fleet::{
    ArtifactId, Certificate, Custody, Fleet, Name, Observed, RelPath, Role, holder,
};
use crate::manifest::{Wanted, record_path};
use crate::plan::{Pattern, Policy, plan};
use crate::policy::csr::{self, Taken};
use crate::policy::{Grant, Issuer, Request, RequestedKey, RequestedName, decide};
use crate::render::{json, table};
use crate::seal::recipient::key_lines;
use crate::seal::{Marker, Recipient};
use crate::store::{Change, Expected, outside};
use crate::x509::hex::to_hex;
use crate::x509::key::signing::public_to_pem;
use crate::x509::request::RequestFacts;
use crate::x509::{CertificateFacts, KeyFingerprint, Lifetime, Usages};

/// Issue a certificate that is not in the declaration.
///
/// A role allows it, and a record in the tree keeps it. The holder is a host of the fleet or any other person or machine.
#[derive(Debug, Args)]
#[command(
    after_help = "The new key is encrypted to the operators, to the holder if it is a host of the fleet, and to each --recipient. With --csr \
                        the requester's own key is certified, and only names and usages are taken from the CSR. `recreate` keeps the \
                        certificate up to date; status, check and report show it.\n\nExamples:\n  \
                        certs issue nas.lab.example\n  certs issue nas --role lab --san nas.lab.example --san 10.0.0.7 --ttl 90d\n  \
                        certs issue ada --role people --common-name ada --recipient \"$(cat ada.pub)\"\n  \
                        certs issue printer --csr printer.csr"
)]
pub(crate) struct IssueArgs {
    /// The holder: a host of the fleet, or any other name (a NAS, a service, a person).
    #[arg(value_name = "HOLDER", value_parser = holder)]
    pub holder: Name,
    /// A subject alternative name: a DNS name, an IP address, a mailbox or a URI; may be given several times. Default without a common
    /// name and a CSR: the holder.
    #[arg(long, value_name = "NAME")]
    pub san: Vec<String>,
    /// A CSR, PEM or DER, for the key that is certified; `-` is standard input. Without it a new key is made and encrypted.
    #[arg(long, value_name = "FILE", conflicts_with = "recipient")]
    pub csr: Option<PathBuf>,
    /// A further recipient of the key, next to the operators and the holder: an age recipient, an SSH public key, or a file with one.
    #[arg(long, value_name = "KEY")]
    pub recipient: Vec<String>,
    #[command(flatten)]
    pub wish: WishArgs,
    /// Print the verdict and the result as JSON (docs/schema/issue.json).
    #[arg(long)]
    pub json: bool,
}

/// The wished-for contents of a certificate, for a new key or for that of a CSR.
#[derive(Debug, Args)]
pub(crate) struct WishArgs {
    /// The declared role that grants it. Default: the only one there is.
    #[arg(long, value_name = "ROLE", value_parser = |text: &str| Name::new(text))]
    pub role: Option<Name>,
    /// The name of the certificate in the tree. Default: that of the role.
    #[arg(long, value_name = "NAME", value_parser = |text: &str| Name::new(text))]
    pub name: Option<Name>,
    /// The common name, instead of the one in the CSR.
    #[arg(long, value_name = "NAME")]
    pub common_name: Option<String>,
    /// The lifetime, like `720h` or `90d`. Default: that of the role; never longer than the role allows.
    #[arg(long, value_name = "TIME", value_parser = |text: &str| Lifetime::parse(text))]
    pub ttl: Option<Lifetime>,
    /// A usage that the role allows, like `server auth`; may be given several times. Default: all usages of the role.
    #[arg(long, value_name = "USAGE")]
    pub usage: Vec<String>,
    /// Replace the certificate that was issued before, with a new key or for the key of the CSR.
    #[arg(long)]
    pub replace: bool,
    /// Show what would be issued, and write nothing. Needs no key.
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub identity: IdentityArgs,
}

pub(crate) fn run(args: &IssueArgs, ui: Ui) -> Result<Exit, CliError> {
    let csr = args.csr.as_deref().map(input::request).transpose()?;
    let wish = Wish {
        holder: &args.holder,
        sans: &args.san,
        csr: csr.as_ref(),
        recipients: recipients(&args.recipient)?,
        args: &args.wish,
        answer: if args.json {
            Answer::Document
        } else {
            Answer::Table
        },
    };
    issue(&wish, ui)
}

/// Prints the chain to standard output, for the requester.
pub(super) fn sign(args: &SignArgs, ui: Ui) -> Result<Exit, CliError> {
    let csr = input::request(&args.request)?;
    let wish = Wish {
        holder: &args.holder,
        sans: &[],
        csr: Some(&csr),
        recipients: Vec::new(),
        args: &args.wish,
        answer: if args.json {
            Answer::Document
        } else {
            Answer::Certificate
        },
    };
    issue(&wish, ui)
}

/// The options, from either verb.
struct Wish<'a> {
    holder: &'a Name,
    sans: &'a [String],
    csr: Option<&'a RequestFacts>,
    recipients: Vec<Recipient>,
    args: &'a WishArgs,
    answer: Answer,
}

/// The content of standard output.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Document,
    /// The steps that were done.
    Table,
    /// The issued certificate; the steps that were done go to standard error.
    Certificate,
}

fn issue(wish: &Wish<'_>, ui: Ui) -> Result<Exit, CliError> {
    let args = wish.args;
    let mut project = Project::load_to_plan(&args.source, ui)?;
    let role = role(&project.fleet, args.role.as_ref())?.clone();
    let name = args.name.as_ref().unwrap_or(&role.name);
    let id = ArtifactId::Leaf {
        host: wish.holder.clone(),
        authority: role.authority.clone(),
        name: name.clone(),
    };
    check_not_compromised(wish, &mut project, ui)?;
    let writing = if args.dry_run {
        None
    } else {
        Some(Writing::begin(&mut project, ui)?)
    };
    let earlier = earlier(&project.fleet, &id, args)?.cloned();
    let observed = project.observe()?;
    let grant = grant(wish, &role, &project.fleet, &observed, ui)?;
    check_key(wish, &id, &observed)?;

    let pem = wish.csr.map(|csr| public_to_pem(&csr.spki));
    let record = record_path(&project.fleet.dir, wish.holder, &role.authority, name);
    let text = Wanted {
        role: Some(&role.name),
        asked: now(),
        declaration: &grant.declaration,
        recipients: &wish.recipients,
        public_key: pem.as_deref(),
    }
    .text();
    let mut beside = vec![record_change(&project, &record, &text)?];
    beside.extend(key_given_up(wish, earlier.as_ref(), &observed));
    project.add_record(&record, &text, ui)?;

    let observed = project.observe()?;
    let only: Vec<Pattern> = id.to_string().parse().into_iter().collect();
    let new_key = earlier.is_some() && wish.csr.is_none();
    let policy = Policy {
        replace: if new_key { only.clone() } else { Vec::new() },
        only: only.clone(),
        ..Policy::default()
    };
    let plan = plan(&project.fleet, &observed, now(), &policy);
    let order = Order {
        plan: &plan,
        observed: &observed,
        only: &only,
        selection: Selection::Single,
        identity: &args.identity.files,
        beside: &beside,
        json: wish.answer == Answer::Document,
        clock: Clock::Doubted,
    };
    let Some(writing) = writing else {
        return Ok(outlook(wish, &project, &order, ui));
    };
    let (report, findings) = writing.make(&project, &order, ui)?;
    let leaf = project
        .fleet
        .certificates
        .iter()
        .find(|leaf| leaf.id() == id);
    let chain = leaf.map(|leaf| chain(&project, leaf)).transpose()?;
    let chain = chain.unwrap_or_default();
    match wish.answer {
        Answer::Document => {
            let mut document = publication::document(&report, &plan, &findings);
            if let Some(document) = document.as_object_mut() {
                document.shift_insert(1, "certificate".to_owned(), chain.into());
            }
            ui.print(&format!("{document:#}\n"));
        }
        Answer::Table => publication::show(&report, &plan, ui),
        Answer::Certificate => {
            publication::tell(&report, &plan, ui);
            ui.print(&chain);
        }
    }
    let before = observed.certificate(&id).filter(|_| earlier.is_some());
    if let Some(before) = before.filter(|before| before.not_after > now()) {
        ui.tell(&still_accepted(before, &role.authority));
    }
    if leaf.is_some_and(|leaf| leaf.custody == Custody::Host) {
        ui.tell(&not_deployed(&id, wish.holder));
    }
    Ok(Exit::Done)
}

/// The certificate as it is in the tree, with those above it.
fn chain(project: &Project, leaf: &Certificate) -> Result<String, CliError> {
    let file = project.root.read(&leaf.files.certificate);
    let file = file.map_err(|error| store_error(&error))?;
    let text = file.map(|file| String::from_utf8_lossy(&file.bytes).into_owned());
    Ok(text.unwrap_or_default())
}

/// Shows the steps that a run without `--dry-run` would do.
fn outlook(wish: &Wish<'_>, project: &Project, order: &Order<'_>, ui: Ui) -> Exit {
    let findings = Findings::of(project, order.observed, order.only);
    if wish.answer == Answer::Document {
        let document = findings.beside(json::plan(order.plan, &[]));
        ui.print(&format!("{document:#}\n"));
    } else {
        ui.print(&table::plan(order.plan, &[], ui.stdout, ui.width()));
        ui.tell(&findings.in_short(ui));
    }
    if findings.blocking() > 0 {
        Exit::Failed
    } else {
        super::plan::exit(order.plan, &[])
    }
}

/// Who asks for a new one because a key was lost would believe that to be all.
fn still_accepted(before: &CertificateFacts, authority: &Name) -> String {
    format!(
        "note: the one before it is accepted until {}; if its key is lost: `certs revoke --serial {} --ca {authority} --reason \
         key-compromise`\n",
        before.not_after.date(),
        to_hex(&before.serial),
    )
}

/// The module of a host reads its declaration, and no records.
fn not_deployed(id: &ArtifactId, host: &Name) -> String {
    format!(
        "note: {host} is a host of the fleet, and nothing puts on it what is issued by hand: carry it there with `certs export pem {id}`, \
         or declare it (certToolkit.{} on {host}) and revoke this one\n",
        id.option_path().join("."),
    )
}

/// The role that is named, or the only one there is.
fn role<'a>(fleet: &'a Fleet, named: Option<&Name>) -> Result<&'a Role, CliError> {
    let known: Vec<&str> = fleet.roles.keys().map(Name::as_str).collect();
    let known = known.join(", ");
    match (named, fleet.roles.len()) {
        (_, 0) => Err(CliError::new("no role is declared that could grant it").hint(
            "declare certToolkit.roles.<name> with an authority and the names it allows (docs/roles.md)",
        )),
        (Some(name), _) => fleet.roles.get(name).ok_or_else(|| {
            CliError::new(format!("{name} is no declared role")).hint(format!("declared are {known}"))
        }),
        (None, 1) => fleet
            .roles
            .values()
            .next()
            .ok_or_else(|| CliError::new("no role is declared")),
        (None, _) => Err(CliError::new("several roles are declared")
            .hint(format!("say which one grants it: --role, one of {known}"))),
    }
}

/// The certificate of this name that was issued before; it is issued anew only if that is asked for.
fn earlier<'a>(
    fleet: &'a Fleet,
    id: &ArtifactId,
    args: &WishArgs,
) -> Result<Option<&'a Certificate>, CliError> {
    let found = fleet.certificates.iter().find(|leaf| leaf.id() == *id);
    match found {
        Some(leaf) if leaf.record().is_none() => {
            let option = id.option_path().join(".");
            Err(
                CliError::new(format!("{id} is declared (certToolkit.{option})")).hint(format!(
                    "`certs recreate --only {id}` makes it; or call this one otherwise: --name NAME"
                )),
            )
        }
        Some(_) if !args.replace => Err(CliError::new(format!("{id} was issued already")).hint(format!(
            "`certs renew {id}` issues it anew as it is; --replace does on these terms; --name NAME issues a second one"
        ))),
        found => Ok(found),
    }
}

/// Checks the wish against the role.
fn grant(
    wish: &Wish<'_>,
    role: &Role,
    fleet: &Fleet,
    observed: &Observed,
    ui: Ui,
) -> Result<Grant, CliError> {
    let taken = match wish.csr {
        Some(facts) => csr::read(facts).map_err(|faults| {
            view::faults(&faults).iter().fold(
                CliError::new("the request is not one that is signed; nothing was issued")
                    .within(view::faults_json(&faults)),
                |error, (cause, cure)| error.cause(cause).hint(*cure),
            )
        })?,
        None => Taken {
            request: own_request(wish),
            ignored: Vec::new(),
        },
    };
    let request = refined(taken.request, wish.args)?;
    let issuer = Issuer::of(role, fleet).with_keys(authority_keys(fleet, observed));
    let grant = decide(role, &issuer, &request).map_err(|refusals| {
        let error = CliError::new(format!(
            "the role {} does not grant this; nothing was issued",
            role.name
        ))
        .within(view::refusals_json(role, &refusals));
        refusals.iter().fold(error, |error, refusal| {
            let cause = refusal.to_string();
            error.cause(cause).hint(refusal.cure(&role.name))
        })
    })?;
    ui.tell(&view::ignored(&taken.ignored));
    for note in &grant.notes {
        ui.tell(&format!("note: {note}\n"));
    }
    Ok(grant)
}

/// Without any name the holder's own is meant.
fn own_request(wish: &Wish<'_>) -> Request {
    let named: Vec<String> = if wish.sans.is_empty() && wish.args.common_name.is_none() {
        vec![wish.holder.to_string()]
    } else {
        wish.sans.to_vec()
    };
    Request {
        common_name: None,
        sans: named.into_iter().map(RequestedName::Text).collect(),
        lifetime: None,
        key: RequestedKey::Generate,
        usages: None,
    }
}

/// Options override the content of a CSR.
fn refined(mut request: Request, args: &WishArgs) -> Result<Request, CliError> {
    if let Some(name) = &args.common_name {
        request.common_name = Some(name.clone());
    }
    request.lifetime = args.ttl;
    if !args.usage.is_empty() {
        let usages = Usages::parse(&args.usage).map_err(|errors| {
            let error = CliError::new("--usage names no usage");
            errors
                .iter()
                .fold(error, |error, cause| error.cause(cause.to_string()))
        })?;
        request.usages = Some(usages);
    }
    Ok(request)
}

fn authority_keys(fleet: &Fleet, observed: &Observed) -> BTreeMap<Name, KeyFingerprint> {
    let keys = fleet.authorities.iter().filter_map(|authority| {
        let found = observed.certificate(&authority.id())?;
        Some((authority.name.clone(), found.key_fingerprint))
    });
    keys.collect()
}

/// One key for two is one too many: what opens the one would speak for the other.
fn check_key(wish: &Wish<'_>, id: &ArtifactId, observed: &Observed) -> Result<(), CliError> {
    let Some(csr) = wish.csr else { return Ok(()) };
    let mut owners = observed.key_owners();
    let owners = owners.remove(&Marker::key_id(csr.key_fingerprint.as_bytes()));
    match owners
        .unwrap_or_default()
        .into_iter()
        .find(|owner| *owner != id)
    {
        Some(owner) => Err(
            CliError::new(format!("the key of the request is that of {owner}"))
                .hint("make a request with a key of its own"),
        ),
        None => Ok(()),
    }
}

/// Refuses a compromised key, regardless of the requester.
fn check_not_compromised(wish: &Wish<'_>, project: &mut Project, ui: Ui) -> Result<(), CliError> {
    let Some(csr) = wish.csr else { return Ok(()) };
    match project.remember_lost_keys(ui)?.get(&csr.key_fingerprint) {
        Some(lost) => Err(CliError::new(
            "a certificate for the key of the request was revoked because the key is compromised",
        )
        .cause(format!(
            "it has the serial number {} and stood at {}",
            to_hex(&lost.serial),
            lost.path
        ))
        .hint("make a request with a new key")),
        None => Ok(()),
    }
}

fn record_change(project: &Project, record: &RelPath, text: &str) -> Result<Change, CliError> {
    let found = project.root.read(record);
    let found = found.map_err(|error| store_error(&error))?;
    Ok(Change::write(
        record.clone(),
        Expected::from(found.as_ref()),
        text.as_bytes().to_vec(),
    ))
}

/// A key of ours that a requester's key replaces has no owner afterwards.
fn key_given_up(
    wish: &Wish<'_>,
    earlier: Option<&Certificate>,
    observed: &Observed,
) -> Option<Change> {
    let earlier = earlier.filter(|_| wish.csr.is_some())?;
    let digest = observed.pair(&earlier.id()).key.digest()?;
    Some(Change::delete(
        earlier.files.key.clone(),
        Expected::Content(*digest),
    ))
}

/// Each a public key, or a file with public keys, one a line.
fn recipients(given: &[String]) -> Result<Vec<Recipient>, CliError> {
    let mut recipients = Vec::new();
    for text in given {
        let file = outside::read(Path::new(text)).ok();
        let lines = file.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let lines = lines.as_deref().unwrap_or(text);
        let refuse = |cause: String| {
            CliError::new("--recipient names no key that could be sealed to")
                .cause(cause)
                .hint("give an age recipient (age1…) or an SSH public key, or a file with one")
        };
        // An option that the shell expanded to nothing would leave out an intended key.
        let keys = key_lines(lines).map_err(|error| refuse(error.to_string()))?;
        for key in keys {
            recipients.push(Recipient::parse(key).map_err(|error| refuse(error.to_string()))?);
        }
    }
    Ok(recipients)
}
