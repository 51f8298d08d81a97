//! `certs exposure`: what a lost private key opens, now and through the history, and what ends it.

mod leaks;
pub(super) mod view;

use clap::Args;
use time::OffsetDateTime;
use view::Commands;

use super::history::{json, lists, outcome, read};
use crate::cli::arguments::SourceArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::git;
use crate::cli::key_history::PastKeys;
use crate::cli::project::Project;
use crate::cli::ui::Ui;
use crate::fleet::Fleet;
use crate::history::{
    ClearKey, Commit, Exposure, Exposures, Names, Opener, Recovery, Trust, leaks,
};
use crate::lint::PastKey;
use crate::render::words::some_of;
use crate::seal::Recipient;

/// Show what a stolen key opens, and how to recover.
///
/// Shows which keys and identities a stolen key gives its thief, now and in every older version, and the steps that end it.
#[derive(Debug, Args)]
#[command(
    after_help = "Without a name, ranks all holders by what they could do, former holders included as far as Git has them. Keys that were \
                        encrypted to other recipients since are replaced too. The full name of a CA or a certificate means its own key.\n\nExamples:\n  certs exposure\n  \
                        certs exposure worker1\n  certs exposure ca/cluster\n  certs exposure ada@laptop\n  certs exposure \"$(cat found.pub)\""
)]
pub(crate) struct ExposureArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// A host, an operator by the comment of the key, any public key or its end, or the full name of an artifact for its own key.
    #[arg(value_name = "WHO")]
    pub who: Option<String>,
    /// Print the answer as JSON (docs/schema/exposure.json).
    #[arg(long)]
    pub json: bool,
}

pub(crate) fn run(args: &ExposureArgs, ui: Ui) -> Result<Exit, CliError> {
    let project = Project::load(&args.source, ui)?;
    let past = read(&project, ui)?;
    let lists = lists(&project)?;
    let trust = Trust::of(&project.fleet, &past, &lists, OffsetDateTime::now_utc());
    let exposures = Exposures::new(&project.fleet, &past, &trust);
    let names = names(&project, &exposures)?;
    let shown = match &args.who {
        Some(who) => meant(who, &exposures, &names, &project.fleet)?,
        None => exposures.all(&names),
    };
    let commands = Commands::new(&args.source.words());
    let recovery: Vec<Recovery<'_>> = match args.who {
        Some(_) => shown.iter().map(|one| exposures.recovery(one)).collect(),
        None => Vec::new(),
    };
    let steps: Vec<_> = shown
        .iter()
        .zip(&recovery)
        .map(|(one, recovery)| view::steps(one, recovery, &project.fleet, &commands))
        .collect();
    let clear = keys_in_clear(&project, ui);
    let issued = past.issued();
    let mut leaks = leaks(&clear, &shown, &issued, trust.now);
    if args.who.is_some() {
        leaks.retain(|leak| !leak.holders.is_empty());
    }
    ui.tell(&crate::verbs::exposure::leaks::text(&leaks));
    let text = if args.json {
        let mut document = json::exposures(&shown, &steps, &past.unread, trust.now);
        if let Some(fields) = document.as_object_mut() {
            fields.insert(
                "keysInHistory".to_owned(),
                crate::verbs::exposure::leaks::json(&leaks),
            );
        }
        format!("{document:#}\n")
    } else if args.who.is_none() {
        view::ranking(&shown, ui.stdout, ui.width())
    } else {
        let each = shown.iter().zip(&recovery).zip(&steps);
        let each = each.map(|((one, recovery), steps)| {
            view::exposure(one, recovery, steps, ui.stdout, ui.width())
        });
        each.collect::<Vec<_>>().join("\n")
    };
    ui.print(&text);
    Ok(outcome(&past))
}

/// The names that the past knows of keys the declaration does not name.
fn names(project: &Project, exposures: &Exposures<'_, '_>) -> Result<Names, CliError> {
    let strangers = exposures.strangers();
    let strangers = strangers.iter().filter_map(|opener| match opener {
        Opener::Key(recipient) => Some(recipient),
        Opener::Tag(_) => None,
    });
    git::names(project.root.path(), &project.fleet.dir, strangers)
}

fn meant<'a>(
    who: &str,
    exposures: &Exposures<'a, '_>,
    names: &Names,
    fleet: &Fleet,
) -> Result<Vec<Exposure<'a>>, CliError> {
    if let Some(id) = fleet.ids().find(|id| id.to_string() == who) {
        return Ok(vec![exposures.of_artifact(&id)]);
    }
    let mut all = exposures.all(names);
    let is_meant = |exposure: &Exposure<'_>| is_called(exposure, who);
    if all.iter().any(is_meant) {
        all.retain(is_meant);
        return Ok(all);
    }
    match Recipient::parse(who) {
        Ok(recipient) => Ok(vec![exposures.of_key(recipient, names)]),
        Err(_) => Err(unknown(who, &all)),
    }
}

/// Every private key that Git ever had in clear, and a word where not everything could be looked through.
fn keys_in_clear(project: &Project, ui: Ui) -> Vec<ClearKey> {
    let past = PastKeys::around(project.root.path());
    for what in &past.unread {
        ui.tell(&format!(
            "note: private keys in clear were not looked for everywhere: {what}\n"
        ));
    }
    past.keys.into_iter().map(clear_key).collect()
}

fn clear_key(past: PastKey) -> ClearKey {
    ClearKey {
        path: past.key.path,
        commit: past.commit.map(|(id, time)| Commit { id, time }),
        recipients: past.key.recipients,
        fingerprint: past.key.fingerprint,
    }
}

/// So much of a key's end is enough to know it by; it is what tables show.
const SHORTEST_END: usize = 8;

/// A host matches by its name, an operator by the comment of the key, any holder by the key itself or its last characters.
fn is_called(exposure: &Exposure<'_>, who: &str) -> bool {
    let recipient = Recipient::parse(who).ok();
    let is_it = |recipient: &Recipient, opener: &Opener| match opener {
        Opener::Key(key) => key == recipient,
        Opener::Tag(tag) => recipient.ssh_tag() == Some(tag),
    };
    let ends_so = |opener: &Opener| match opener {
        Opener::Key(key) => who.len() >= SHORTEST_END && key.as_str().ends_with(who),
        Opener::Tag(tag) => tag == who,
    };
    let mut openers = exposure.openers.iter();
    exposure.holder.name() == who
        || openers.clone().any(ends_so)
        || recipient.is_some_and(|recipient| openers.any(|opener| is_it(&recipient, opener)))
}

fn unknown(who: &str, all: &[Exposure<'_>]) -> CliError {
    let known: Vec<String> = all.iter().map(|exposure| exposure.holder.name()).collect();
    // The argument may be a private key by mistake; it is not repeated.
    let what = if who.len() > 60 || who.contains("SECRET") || who.contains("PRIVATE") {
        "what was given"
    } else {
        who
    };
    CliError::new(format!("{what} is no host, no operator and no public key"))
        .hint(format!("known are {}", some_of(&known, 20)))
        .hint("the key of an artifact is meant by its full name: `ca/cluster`, `cp1/cluster/kubelet`, `shared/service-account`")
}
