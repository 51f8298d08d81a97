//! What was issued once, and what a lost key opens, as tables.

use std::fmt::Write as _;

use comfy_table::Cell;
use time::OffsetDateTime;

use super::paint::{Paint, Tone};
use super::table::{Width, new_table, toned, trimmed};
use super::words;
use crate::history::{Certainty, Commit, End, Exposure, Holder, Issued, Standing, is_master};
use crate::model::{ArtifactId, CertificateFacts, Moment};

/// Certificates as they were issued, one a line.
pub fn issued(shown: &[&Issued<'_>], now: OffsetDateTime, paint: Paint, width: Width) -> String {
    if shown.is_empty() {
        return String::new();
    }
    let mut table = new_table(paint, width);
    table.set_header([
        "standing", "subject", "issuer", "ends", "left", "serial", "file", "since", "until",
    ]);
    for issued in shown {
        let facts = issued.facts;
        table.add_row([
            toned(issued.standing.code(), tone(issued, now)),
            Cell::new(words::printable(&facts.subject.to_string())),
            Cell::new(words::printable(&facts.issuer.to_string())),
            Cell::new(Moment(facts.not_after)),
            Cell::new(words::span(facts.not_after - now)),
            Cell::new(facts.serial_hex()),
            Cell::new(words::printable(&issued.version.path)),
            Cell::new(since(issued.version.first.as_ref())),
            Cell::new(until(&issued.version.end)),
        ]);
    }
    format!("{}\n\n", trimmed(&table))
}

/// `48 certificates were issued by 3 authorities: 40 current, 8 superseded; 5 of these are still in date.`
pub fn issued_summary(all: &[Issued<'_>], now: OffsetDateTime) -> String {
    let of = |standing: Standing| {
        all.iter()
            .filter(|issued| issued.standing == standing)
            .count()
    };
    let at_large: Vec<&Issued<'_>> = all
        .iter()
        .filter(|issued| issued.is_at_large(now))
        .collect();
    let masters = at_large
        .iter()
        .filter(|issued| is_master(issued.facts))
        .count();
    let mut text = format!(
        "{} in the tree and its history: {} current, {} superseded, {} orphaned.\n",
        words::count(all.len(), "certificate", "certificates"),
        of(Standing::Current),
        of(Standing::Superseded),
        of(Standing::Orphaned)
    );
    if !at_large.is_empty() {
        let _ = writeln!(
            text,
            "{} no longer in the tree and still accepted by every verifier that trusts its issuer, {masters} with system:masters.",
            words::count(at_large.len(), "is", "are")
        );
    }
    text
}

fn tone(issued: &Issued<'_>, now: OffsetDateTime) -> Tone {
    if issued.standing == Standing::Current {
        Tone::Good
    } else if !issued.is_at_large(now) {
        Tone::Quiet
    } else if is_master(issued.facts) || issued.facts.is_authority() {
        Tone::Bad
    } else {
        Tone::Warning
    }
}

fn since(commit: Option<&Commit>) -> String {
    commit.map_or_else(|| "not committed".to_owned(), seen)
}

fn until(end: &End) -> String {
    match end {
        End::Now => String::new(),
        End::Replaced(commit) | End::Deleted(commit) => seen(commit),
    }
}

fn seen(commit: &Commit) -> String {
    let short: String = commit.id.chars().take(8).collect();
    format!("{} {short}", Moment(commit.time))
}

/// Who could do most with a key, one holder a line.
pub fn ranking(exposures: &[Exposure<'_>], paint: Paint, width: Width) -> String {
    let mut table = new_table(paint, width);
    table.set_header([
        "holder",
        "authorities",
        "system:masters",
        "identities",
        "keys now",
        "keys ever",
    ]);
    for exposure in exposures {
        let identities = exposure.identities();
        let masters = identities.iter().filter(|facts| is_master(facts)).count();
        let authorities = exposure.authorities().count();
        let now = exposure
            .keys
            .iter()
            .filter(|key| key.version.end == End::Now);
        table.add_row([
            Cell::new(words::printable(&holder(&exposure.holder))),
            toned(&authorities.to_string(), alarming(authorities)),
            toned(&masters.to_string(), alarming(masters)),
            Cell::new(identities.len()),
            Cell::new(now.count()),
            Cell::new(exposure.keys.len()),
        ]);
    }
    format!(
        "{}\n\nWhat one of them opens: `certs exposure <holder>`.\n",
        trimmed(&table)
    )
}

fn alarming(count: usize) -> Tone {
    if count == 0 { Tone::Quiet } else { Tone::Bad }
}

/// What one lost key opens, whom it makes of its thief, and what closes it.
pub fn exposure(exposure: &Exposure<'_>, paint: Paint, width: Width) -> String {
    let mut text = format!(
        "Whoever has the private key of {} opens {}:\n\n",
        paint.apply(Tone::Strong, words::printable(&holder(&exposure.holder))),
        words::count(exposure.keys.len(), "sealed key", "sealed keys")
    );
    if exposure.keys.is_empty() {
        return text.replace(
            " opens 0 sealed keys:\n\n",
            " opens nothing here, and never did.\n",
        );
    }
    let mut table = new_table(paint, width);
    table.set_header(["sealed key", "when", "is", "until"]);
    for key in &exposure.keys {
        let identity = key.identities.iter().max_by_key(|facts| facts.not_after);
        let doubt = match key.certainty {
            Certainty::Certain => "",
            Certainty::Possible => " (possibly)",
        };
        table.add_row([
            Cell::new(words::printable(&format!("{}{doubt}", key.version.path))),
            Cell::new(match &key.version.end {
                End::Now => "now".to_owned(),
                End::Replaced(commit) | End::Deleted(commit) => format!("until {}", seen(commit)),
            }),
            identity.map_or_else(
                || Cell::new("nothing in date"),
                |facts| toned(&standing_in(facts), danger(facts)),
            ),
            Cell::new(
                identity.map_or_else(String::new, |facts| Moment(facts.not_after).to_string()),
            ),
        ]);
    }
    let _ = writeln!(text, "{}\n", trimmed(&table));
    text.push_str(&closing(exposure));
    text
}

fn standing_in(facts: &CertificateFacts) -> String {
    let subject = words::printable(&facts.subject.to_string());
    if facts.is_authority() {
        format!("the authority {subject}: everything below it")
    } else {
        subject
    }
}

fn danger(facts: &CertificateFacts) -> Tone {
    if facts.is_authority() || is_master(facts) {
        Tone::Bad
    } else {
        Tone::Warning
    }
}

/// The steps after a loss, in the order in which they help.
fn closing(exposure: &Exposure<'_>) -> String {
    let (authorities, leaves): (Vec<&ArtifactId>, Vec<&ArtifactId>) = exposure
        .to_replace()
        .into_iter()
        .partition(|id| id.is_authority());
    let option = match &exposure.holder {
        Holder::Host(host) => {
            format!("give {host} a new SSH host key, and declare it in certToolkit.owningHostKey")
        }
        Holder::Operator(_) => "take the key out of certToolkit.userAgeKeys".to_owned(),
    };
    let mut steps = vec![option];
    let replace = |ids: &[&ArtifactId]| {
        let words: Vec<String> = ids.iter().map(|id| format!("--replace {id}")).collect();
        // One on a line, so that the command can be read and pasted.
        words.join(" \\\n       ")
    };
    if !authorities.is_empty() {
        steps.push(format!(
            "make new authorities, and everything below them anew:\n     certs recreate {}",
            replace(&authorities)
        ));
    }
    if !leaves.is_empty() {
        steps.push(format!(
            "make new keys; sealing the old ones again would not take them back:\n     certs recreate {}",
            replace(&leaves)
        ));
    }
    steps.push("commit, switch every host, and revoke what is still in date where its verifiers read revocation lists".to_owned());
    let mut text = "If that key is lost:\n".to_owned();
    for (number, step) in steps.iter().enumerate() {
        let _ = writeln!(text, "  {}. {step}", number + 1);
    }
    text
}

fn holder(holder: &Holder) -> String {
    match holder {
        Holder::Host(name) => format!("host {name}"),
        Holder::Operator(name) => name.clone(),
    }
}
