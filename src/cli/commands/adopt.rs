//! `certs adopt`: takes over certificates and keys that were made elsewhere.

use std::path::Path;

use time::OffsetDateTime;

use crate::adopt::{Adoption, Choice, Item, Taken, Verdict, adoption};
use crate::apply::{self, Adopted, AdoptedPublic, Run};
use crate::cli::args::AdoptArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::foreign::{Foreign, Openers};
use crate::cli::passphrases::Passphrases;
use crate::cli::project::{Project, store_error};
use crate::cli::ui::{Asker, Bar, Ui};
use crate::cli::writing::{Writing, apply_error};
use crate::model::{ArtifactId, Fleet, Observed};
use crate::plan::{Pattern, Plan};
use crate::render::adoption as render;
use crate::render::words::{count, shown};
use crate::store::Layout;

pub(crate) fn run(args: &AdoptArgs, ui: Ui) -> Result<Exit, CliError> {
    if !args.directory.is_dir() {
        let message = format!("{} is no directory", shown(&args.directory));
        return Err(
            CliError::new(message).hint("give the directory with the certificates and keys")
        );
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
        let journal = Layout::new(project.fleet.dir.clone()).journal();
        let left = project.root.read(&journal);
        if left.map_err(|error| store_error(&error))?.is_some() {
            ui.tell(&format!("warning: {journal} is left from an interrupted run; `certs recreate` finishes it first\n"));
        }
        let (_, _, adoption) = look(args, &project, openers, &choices)?;
        return Ok(show(&adoption, args, ui));
    }
    write(args, &mut project, openers, &choices, ui)
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
        ui.print(&render::text(&adoption, ui.stdout));
    }
    let undecided = adoption.undecided().count();
    if undecided > 0 {
        let what = count(undecided, "artifact needs", "artifacts need");
        let error = CliError::new(format!("{what} a decision; nothing was adopted"))
            .within(render::json(&adoption, 0));
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
    let adopted = taken(&adoption, project, &foreign)?;
    let plan = Plan {
        steps: Vec::new(),
        now: OffsetDateTime::now_utc(),
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
    let files = if adopted.is_empty() {
        0
    } else {
        apply::adopt(run, &adopted).map_err(|error| apply_error(&error, &plan, &project.fleet))?
    };
    if args.json {
        ui.print(&format!("{:#}\n", render::json(&adoption, files)));
    }
    ui.tell(&render::outcome(adopted.len(), files));
    if !adoption.plain_keys.is_empty() {
        let directory = args.directory.to_string_lossy().into_owned();
        ui.tell(&render::plain_keys(&adoption, &directory));
    }
    Ok(Exit::Done)
}

fn look(
    args: &AdoptArgs,
    project: &Project,
    openers: Openers<'_>,
    choices: &[Choice],
) -> Result<(Observed, Foreign, Adoption), CliError> {
    let observed = project.observe()?;
    let foreign = Foreign::read(&args.directory, openers)?;
    let now = OffsetDateTime::now_utc();
    let mut adoption = adoption(&project.fleet, &observed, &foreign.material, choices, now)
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
    Ok((observed, foreign, adoption))
}

/// What the plan of the adoption says, carried by the exit code as well.
fn show(adoption: &Adoption, args: &AdoptArgs, ui: Ui) -> Exit {
    ui.print(&if args.json {
        format!("{:#}\n", render::json(adoption, 0))
    } else {
        render::text(adoption, ui.stdout)
    });
    if adoption.undecided().next().is_some() {
        Exit::Failed
    } else if adoption.taken().next().is_some() {
        Exit::Pending
    } else {
        Exit::Done
    }
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
