//! `certs verify`: whether certificates lead to a root that is trusted, and what is wrong where they do not.

mod view;

use std::error::Error;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use rayon::prelude::*;
use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime, Time};
use view::{Answer, Detail, Outcome};

use crate::cli::arguments::SourceArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::input::name_of;
use crate::cli::location::Located;
use crate::cli::project::Project;
use crate::cli::ui::Ui;
use crate::fleet::standing::described;
use crate::fleet::{Artifact, ArtifactId, CrlFile, FileState, Name, Observed};
use crate::inspect::document;
use crate::observe;
use crate::render::words;
use crate::store::outside;
use crate::x509::certificate::read::{parse_chain, signed_by};
use crate::x509::crl::read as crl;
use crate::x509::oid;
use crate::x509::verify::{
    PeerName, Policy, PolicyDemand, Purpose, Request, RevocationPolicy, verify,
};
use crate::x509::{CertificateFacts, CrlFacts};

/// Verify certificates against trusted roots.
///
/// Names each fault and the certificate of the chain that has it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  certs verify\n  \
                        certs verify server.crt --host api.example.com\n  certs verify chain.pem --roots ca.crt --purpose client \
                        --at 2027-01-31\n  openssl s_client -connect host:443 -showcerts </dev/null | certs verify - --roots ca.crt")]
#[allow(clippy::struct_excessive_bools)] // Each is an option that people type by itself.
pub(crate) struct VerifyArgs {
    /// Certificates to verify, PEM or DER; `-` is standard input. In a chain the certificate itself comes first, what follows
    /// are its intermediates. Without any, every certificate of the declared fleet.
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Trust the certificates in this file; may be given several times. Default: the declared root CAs. The CRLs of a project found here
    /// still count.
    #[arg(long, value_name = "FILE")]
    pub roots: Vec<PathBuf>,
    /// Intermediate certificates that may lead to a root; may be given several times.
    #[arg(long, value_name = "FILE")]
    pub intermediates: Vec<PathBuf>,
    /// The purpose that the certificate must have: any, server, client, email, code-signing, timestamping, ocsp-signing, or an object
    /// identifier. Default: server if a host name is asked for, else any.
    #[arg(long, value_name = "PURPOSE")]
    pub purpose: Option<Purpose>,
    /// A host name, address, mailbox or URI that the certificate must be for; may be given several times.
    #[arg(long, value_name = "NAME", value_parser = |text: &str| PeerName::parse(text))]
    pub host: Vec<PeerName>,
    /// Verify as of this moment, like `2027-01-31T12:00:00Z` or `2027-01-31`. Default: now.
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    pub at: Option<OffsetDateTime>,
    /// A CRL, PEM or DER; may be given several times. Without one, the CRLs in the tree count, and none is required.
    #[arg(long, value_name = "FILE")]
    pub crl: Vec<PathBuf>,
    /// Which certificates need a known revocation status once CRLs are given.
    #[arg(long, value_enum, default_value_t = RevocationWord::Chain)]
    pub revocation: RevocationWord,
    /// At most this many CAs between the certificate and the root.
    #[arg(long, value_name = "N")]
    pub max_depth: Option<usize>,
    /// A certificate policy the path has to be valid for, as an object identifier; of several any one does. Implies --require-policy.
    #[arg(long, value_name = "OID", value_parser = policy_oid)]
    pub policy: Vec<PolicyOid>,
    /// The path has to be valid for a certificate policy, even if no CA in it requires one.
    #[arg(long)]
    pub require_policy: bool,
    /// Map no certificate policy to another one.
    #[arg(long)]
    pub inhibit_policy_mapping: bool,
    /// Take anyPolicy in a CA's certificate for no policy.
    #[arg(long)]
    pub inhibit_any_policy: bool,
    #[command(flatten)]
    pub source: SourceArgs,
    /// Print the verdict with every check of every certificate as JSON (docs/schema/verify.json).
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RevocationWord {
    /// Every certificate below the root.
    Chain,
    /// The certificate itself.
    Leaf,
    /// None; a certificate that a CRL names is refused.
    Listed,
}

impl From<RevocationWord> for RevocationPolicy {
    fn from(word: RevocationWord) -> Self {
        match word {
            RevocationWord::Chain => Self::Chain,
            RevocationWord::Leaf => Self::Leaf,
            RevocationWord::Listed => Self::Listed,
        }
    }
}

/// The object identifier of a certificate policy.
#[derive(Clone, Debug)]
pub(crate) struct PolicyOid(pub String);

/// An object identifier, or `any`.
fn policy_oid(text: &str) -> Result<PolicyOid, String> {
    let dotted = if text == "any" { oid::ANY_POLICY } else { text };
    dotted
        .parse::<der::asn1::ObjectIdentifier>()
        .map(|oid| PolicyOid(oid.to_string()))
        .map_err(|_| "write it like 1.3.6.1.4.1.99999.1, or any".to_owned())
}

/// RFC 3339, or a day, which begins at midnight UTC.
pub(super) fn moment(text: &str) -> Result<OffsetDateTime, String> {
    let day = time::macros::format_description!("[year]-[month]-[day]");
    OffsetDateTime::parse(text, &Rfc3339)
        .or_else(|_| Date::parse(text, &day).map(|day| day.with_time(Time::MIDNIGHT).assume_utc()))
        .map_err(|_| "write it like 2027-01-31T12:00:00Z or 2027-01-31".to_owned())
}

pub(crate) fn run(args: &VerifyArgs, ui: Ui) -> Result<Exit, CliError> {
    let mut crls = read_all(&args.crl, "revocation list", read_crls)?;
    let mut subjects = subjects(&args.files)?;
    let given = read_all(&args.roots, "root certificates", read_chain)?;
    let mut trust = if args.roots.is_empty() || args.files.is_empty() {
        fleet(args, &mut subjects, ui)?
    } else {
        lists_of_the_tree(args, ui)
    };
    if !args.roots.is_empty() {
        // A declared root that is not among those given may still stand between them and the rest, cross-signed.
        trust.intermediates.append(&mut trust.roots);
        trust.roots = given;
    }
    let intermediates = read_all(&args.intermediates, "intermediate certificates", read_chain)?;
    trust.intermediates.extend(intermediates);

    let mut policy = policy(args);
    if crls.is_empty() {
        // Nobody asked for lists that have to be there: what those of the tree name is refused.
        crls.append(&mut trust.crls);
        policy.revocation = RevocationPolicy::Listed;
    }
    let mut answers: Vec<Answer> = subjects
        .into_par_iter()
        .map(|subject| subject.judge(&trust, &crls, &policy))
        .collect();
    if args.files.is_empty() {
        answers.extend(trust.strangers.iter().map(stranger));
    } else {
        for (id, sentence) in &trust.strangers {
            ui.tell(&format!(
                "warning: {id}: {}; it is not trusted here (`certs check` says more)\n",
                words::one_line(sentence)
            ));
        }
    }
    let text = if args.json {
        format!("{:#}\n", view::json(&answers, &policy))
    } else {
        let detail = if args.files.is_empty() {
            Detail::Refused
        } else {
            Detail::Every
        };
        view::tree(&answers, &policy, detail, ui.stdout)
    };
    ui.print(&text);
    if answers.iter().all(Answer::is_verified) {
        Ok(Exit::Done)
    } else {
        Ok(Exit::Failed)
    }
}

/// Whatever it is, the fleet's programs trust it.
fn stranger((id, sentence): &(ArtifactId, String)) -> Answer {
    Answer {
        name: id.to_string(),
        outcome: Outcome::Unreadable(sentence.clone()),
    }
}

fn policy(args: &VerifyArgs) -> Policy {
    let by_names = if args.host.iter().any(crate::x509::verify::PeerName::is_host) {
        Purpose::SERVER
    } else {
        Purpose::ANY
    };
    Policy {
        moment: args.at.unwrap_or_else(OffsetDateTime::now_utc),
        purpose: args.purpose.clone().unwrap_or(by_names),
        names: args.host.clone(),
        longest: args.max_depth,
        revocation: args.revocation.into(),
        certificate_policies: PolicyDemand {
            accepted: args.policy.iter().map(|oid| oid.0.clone()).collect(),
            is_required: args.require_policy || !args.policy.is_empty(),
            inhibits_mapping: args.inhibit_policy_mapping,
            inhibits_any: args.inhibit_any_policy,
        },
    }
}

/// What is trusted and what may help to get there.
#[derive(Default)]
struct Trust {
    roots: Vec<CertificateFacts>,
    intermediates: Vec<CertificateFacts>,
    /// What the declared authorities have revoked.
    crls: Vec<CrlFacts>,
    /// What stands in the file of a declared authority and is not the authority's, each in a sentence; not trusted.
    strangers: Vec<(ArtifactId, String)>,
}

/// A file to judge: its certificates, or why there are none.
struct Subject {
    name: String,
    /// A declared authority is not asked for what only leaves are for.
    is_authority: bool,
    chain: Result<Vec<CertificateFacts>, String>,
}

impl Subject {
    fn judge(self, trust: &Trust, crls: &[CrlFacts], policy: &Policy) -> Answer {
        let name = self.name;
        let chain = match self.chain {
            Ok(chain) => chain,
            Err(reason) => {
                return Answer {
                    name,
                    outcome: Outcome::Unreadable(reason),
                };
            }
        };
        let Some((leaf, following)) = chain.split_first() else {
            return Answer {
                name,
                outcome: Outcome::Unreadable("the file is empty".to_owned()),
            };
        };
        let of_authority = Policy {
            purpose: Purpose::ANY,
            names: Vec::new(),
            certificate_policies: PolicyDemand::default(),
            ..policy.clone()
        };
        let intermediates = [following, &trust.intermediates].concat();
        let verdict = verify(&Request {
            leaf,
            intermediates: &intermediates,
            roots: &trust.roots,
            crls,
            policy: if self.is_authority {
                &of_authority
            } else {
                policy
            },
        });
        Answer {
            name,
            outcome: Outcome::Judged(Box::new(verdict)),
        }
    }
}

fn subjects(files: &[PathBuf]) -> Result<Vec<Subject>, CliError> {
    let read = |path: &PathBuf| {
        let bytes = bytes_of(path, "certificate")?;
        Ok(Subject {
            name: name_of(path),
            is_authority: false,
            chain: read_chain(&bytes),
        })
    };
    files.iter().map(read).collect()
}

/// The declared authorities; where no file was given, the declared certificates become what is judged.
fn fleet(args: &VerifyArgs, subjects: &mut Vec<Subject>, ui: Ui) -> Result<Trust, CliError> {
    let project = Project::load(&args.source, ui).map_err(|error| {
        if is_default(&args.source) && !args.files.is_empty() {
            error.hint("outside a project, say what is trusted: --roots FILE")
        } else {
            error
        }
    })?;
    project.warn_of_journals(ui)?;
    let observed = project.survey()?;
    let mut trust = Trust::default();
    let lists = observed.crls.values().filter_map(FileState::facts);
    trust.crls.extend(lists.flat_map(CrlFile::lists).cloned());
    for artifact in project.fleet.artifacts() {
        let id = artifact.id();
        let path = &artifact.files().certificate;
        let state = &observed.pair(&id).certificate;
        let exchanged = match artifact {
            Artifact::Authority(authority) => observe::exchanged(authority, &observed),
            Artifact::Leaf(_) => None,
        };
        if let Some(defect) = exchanged {
            if args.files.is_empty() {
                subjects.push(Subject {
                    name: id.to_string(),
                    is_authority: true,
                    chain: Err(format!("{path}: {}", defect.detail)),
                });
            } else {
                trust.strangers.push((id, defect.detail));
            }
            continue;
        }
        if let Some(file) = state.facts() {
            let whole = file.trusted();
            for stranger in file.strangers().filter(|_| id.is_authority()) {
                let sentence = format!(
                    "its file also trusts {}, which is not known as a predecessor",
                    described(stranger)
                );
                trust.strangers.push((id.clone(), sentence));
            }
            if id.is_authority() && artifact.issuer_name().is_none() {
                trust.roots.extend(whole.cloned());
            } else if id.is_authority() {
                trust.intermediates.extend(whole.cloned());
            }
        }
        if args.files.is_empty() {
            subjects.push(Subject {
                name: id.to_string(),
                is_authority: id.is_authority(),
                chain: match state {
                    _ if !is_by_its_issuer(&artifact, &observed) => Err(format!(
                        "{path}: no certificate of ca/{} signed it",
                        artifact.issuer_name().map_or("", Name::as_str)
                    )),
                    FileState::Missing => Err(format!("{path} is not there")),
                    FileState::Defective { defect, .. } => {
                        Err(format!("{path}: {}", defect.detail))
                    }
                    FileState::Sound { facts, .. } if id.is_authority() => {
                        Ok(facts.trusted().cloned().collect())
                    }
                    FileState::Sound { facts, .. } => {
                        let first = std::iter::once(&facts.certificate);
                        Ok(first.chain(&facts.following).cloned().collect())
                    }
                },
            });
        }
    }
    Ok(trust)
}

/// Whether a certificate in the file of its declared issuer signed it, as far as both can be read: a path to a root that is declared for
/// something else is none that its verifiers have.
fn is_by_its_issuer(artifact: &Artifact<'_>, observed: &Observed) -> bool {
    let file = |id: &ArtifactId| observed.pair(id).certificate.facts();
    let issuer = artifact.issuer_name().cloned().map(ArtifactId::Authority);
    let Some((found, issuer)) = file(&artifact.id()).zip(issuer.as_ref().and_then(file)) else {
        return true;
    };
    let mut issuers = issuer.trusted();
    issuers.any(|issuer| signed_by(&found.certificate, issuer))
}

/// What the lists of the project say where other roots are given; none where there is no project.
fn lists_of_the_tree(args: &VerifyArgs, ui: Ui) -> Trust {
    let mut trust = Trust::default();
    if Located::of(&args.source).is_err() {
        return trust;
    }
    let lists = Project::load(&args.source, ui).and_then(|project| project.survey());
    match lists {
        Ok(observed) => {
            let lists = observed.crls.values().filter_map(FileState::facts);
            trust.crls.extend(lists.flat_map(CrlFile::lists).cloned());
        }
        Err(error) => ui.tell(&format!(
            "warning: the revocation lists of this project are not looked at: {}\n",
            error.message()
        )),
    }
    trust
}

fn is_default(source: &SourceArgs) -> bool {
    source.manifest.is_none()
        && source.flake.is_none()
        && source.file.is_none()
        && source.root.is_none()
}

fn read_chain(bytes: &[u8]) -> Result<Vec<CertificateFacts>, String> {
    parse_chain(bytes).map_err(|defect| explained(bytes, defect.is_of_form(), &defect))
}

fn read_crls(bytes: &[u8]) -> Result<Vec<CrlFacts>, String> {
    crl::parse_all(bytes).map_err(|defect| explained(bytes, defect.is_of_form(), &defect))
}

/// A file that is not PEM may have it inside of another form, which is the better thing to say.
fn explained(bytes: &[u8], is_of_form: bool, defect: &dyn Error) -> String {
    let elsewhere = is_of_form.then(|| document::pem_in_another_form(bytes));
    elsewhere.flatten().unwrap_or_else(|| defect.to_string())
}

fn read_all<T>(
    paths: &[PathBuf],
    what: &str,
    parse: impl Fn(&[u8]) -> Result<Vec<T>, String>,
) -> Result<Vec<T>, CliError> {
    let mut all = Vec::new();
    for path in paths {
        let bytes = bytes_of(path, what)?;
        let parsed = parse(&bytes).map_err(|error| {
            CliError::new(format!("cannot use the {what} in {}", name_of(path))).cause(error)
        })?;
        all.extend(parsed);
    }
    Ok(all)
}

fn bytes_of(path: &Path, what: &str) -> Result<Vec<u8>, CliError> {
    let read = if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        let length = io::stdin().lock().read_to_end(&mut bytes);
        length.map(|_| bytes)
    } else {
        outside::read(path).map(|bytes| bytes.to_vec())
    };
    read.map_err(|error| {
        CliError::new(format!("cannot read the {what} {}", name_of(path))).cause(error.to_string())
    })
}
