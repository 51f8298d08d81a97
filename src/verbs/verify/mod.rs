//! `certs verify`: whether certificates lead to a root that is trusted, and what is wrong where they do not.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use time::OffsetDateTime;

use crate::cli::args::{SourceArgs, VerifyArgs};
use crate::cli::discover::Located;
use crate::cli::error::{CliError, Exit};
use crate::cli::input::name_of;
use crate::cli::project::Project;
use crate::cli::ui::Ui;
use crate::fleet::standing::described;
use crate::fleet::{Artifact, ArtifactId, CrlFile, FileState, Name, Observed};
use crate::observe;
use crate::render::verify::{Answer, Detail, Outcome};
use crate::render::{verify as shown, words};
use crate::store::outside;
use crate::x509::certificate::read::{parse_chain, signed_by};
use crate::x509::crl::read as crl;
use crate::x509::verify::{Policy, PolicyDemand, Purpose, Request, RevocationPolicy, verify};
use crate::x509::{CertificateFacts, CrlFacts};

pub(crate) fn run(args: &VerifyArgs, ui: Ui) -> Result<Exit, CliError> {
    let mut crls = read_all(&args.crl, "revocation list", crl::parse_all)?;
    let mut subjects = subjects(&args.files)?;
    let given = read_all(&args.roots, "root certificates", parse_chain)?;
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
    let intermediates = read_all(
        &args.intermediates,
        "intermediate certificates",
        parse_chain,
    )?;
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
        format!("{:#}\n", shown::json(&answers, &policy))
    } else {
        let detail = if args.files.is_empty() {
            Detail::Refused
        } else {
            Detail::Every
        };
        shown::tree(&answers, &policy, detail, ui.stdout)
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
            chain: parse_chain(&bytes).map_err(|defect| defect.to_string()),
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

fn read_all<T, E: std::error::Error>(
    paths: &[PathBuf],
    what: &str,
    parse: impl Fn(&[u8]) -> Result<Vec<T>, E>,
) -> Result<Vec<T>, CliError> {
    let mut all = Vec::new();
    for path in paths {
        let bytes = bytes_of(path, what)?;
        let parsed = parse(&bytes).map_err(|error| {
            CliError::new(format!("cannot use the {what} in {}", name_of(path)))
                .cause(error.to_string())
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
