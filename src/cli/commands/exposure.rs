//! `certs exposure`: what a lost private key opens, now and through the history, and what closes it.

use time::OffsetDateTime;

use super::history::read;
use crate::cli::args::ExposureArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::project::Project;
use crate::cli::ui::Ui;
use crate::history::{Exposure, Opener, exposure_of, exposures, replacing};
use crate::model::{Fleet, Name, Recipient, shell};
use crate::render::history::Cure;
use crate::render::words::some_of;
use crate::render::{history, json};

pub(crate) fn run(args: &ExposureArgs, ui: Ui) -> Result<Exit, CliError> {
    let project = Project::load(&args.source, ui)?;
    let past = read(&project, ui)?;
    let now = OffsetDateTime::now_utc();
    let mut all = exposures(&project.fleet, &past, now);
    if let Some(who) = &args.who {
        let is_meant = |exposure: &Exposure<'_>| names(exposure, who);
        if all.iter().any(is_meant) {
            all.retain(is_meant);
        } else if let Ok(recipient) = Recipient::parse(who) {
            all = vec![exposure_of(recipient, &project.fleet, &past, now)];
        } else {
            return Err(unknown(who, &all));
        }
    }
    let text = if args.json {
        format!("{:#}\n", json::history::exposures(&all, now))
    } else if args.who.is_none() {
        history::ranking(&all, ui.stdout, ui.width())
    } else {
        let each = all.iter().map(|exposure| {
            let cure = cure(exposure, &project.fleet, args);
            history::exposure(exposure, &cure, ui.stdout, ui.width())
        });
        each.collect::<Vec<_>>().join("\n")
    };
    ui.print(&text);
    Ok(Exit::Done)
}

/// So much of a key's end is enough to know it by; it is what tables show.
const SHORTEST_END: usize = 8;

/// A host by its name, an operator by the comment of the key, anybody by the key itself or its end.
fn names(exposure: &Exposure<'_>, who: &str) -> bool {
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

fn cure(exposure: &Exposure<'_>, fleet: &Fleet, args: &ExposureArgs) -> Cure {
    let meant = exposure.to_replace();
    let command = |words: &[&str]| -> String {
        let words = words.iter().map(|word| (*word).to_owned());
        let words = words.chain(args.source.words());
        words.map(|word| shell(&word)).collect::<Vec<_>>().join(" ")
    };
    let new_key = |host: &Name| {
        let tree = format!("./extra-files/{host}");
        command(&[
            "certs",
            "host",
            "add",
            host.as_str(),
            "--replace",
            "--extra-files",
            &tree,
        ])
    };
    let pairs = fleet.key_pairs.iter();
    let pairs = pairs.filter(|pair| meant.contains(&pair.id()));
    Cure {
        recreate: command(&["certs", "recreate"]),
        host_keys: exposure.hosts().into_iter().map(new_key).collect(),
        replace: replacing(&meant, fleet),
        public_files: pairs.map(|pair| pair.files.public.to_string()).collect(),
    }
}

fn unknown(who: &str, all: &[Exposure<'_>]) -> CliError {
    let known: Vec<String> = all
        .iter()
        .map(|exposure| exposure.holder.name().to_owned())
        .collect();
    // What was given may be a private key by mistake; it is not repeated.
    let what = if who.len() > 60 || who.contains("SECRET") || who.contains("PRIVATE") {
        "what was given"
    } else {
        who
    };
    CliError::new(format!("{what} is no host, no operator and no public key"))
        .hint(format!("known are {}", some_of(&known, 20)))
}
