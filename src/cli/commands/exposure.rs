//! `certs exposure`: what a lost private key opens, now and through the history, and what closes it.

use time::OffsetDateTime;

use super::history::read;
use crate::cli::args::ExposureArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::project::Project;
use crate::cli::ui::Ui;
use crate::history::{Exposure, Holder, exposure_of, exposures};
use crate::model::Recipient;
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
        let each = all
            .iter()
            .map(|exposure| history::exposure(exposure, ui.stdout, ui.width()));
        each.collect::<Vec<_>>().join("\n")
    };
    ui.print(&text);
    Ok(Exit::Done)
}

/// A host by its name, an operator by the comment of the key, anybody by the key itself.
fn names(exposure: &Exposure<'_>, who: &str) -> bool {
    let is_named = match &exposure.holder {
        Holder::Host(name) => name.as_str() == who,
        Holder::Operator(name) => name == who,
    };
    let recipient = Recipient::parse(who).ok();
    is_named || recipient.is_some_and(|recipient| exposure.recipients.contains(&recipient))
}

fn unknown(who: &str, all: &[Exposure<'_>]) -> CliError {
    let known: Vec<String> = all
        .iter()
        .map(|exposure| match &exposure.holder {
            Holder::Host(name) => name.to_string(),
            Holder::Operator(name) => name.clone(),
        })
        .collect();
    // What was given may be a private key by mistake; it is not repeated.
    let what = if who.len() > 60 || who.contains("SECRET") || who.contains("PRIVATE") {
        "what was given"
    } else {
        who
    };
    CliError::new(format!("{what} is no host, no operator and no public key"))
        .hint(format!("known are {}", known.join(", ")))
}
