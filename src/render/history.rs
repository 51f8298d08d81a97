//! What was issued once, and what a lost key opens, as tables.

use std::fmt::Write as _;

use comfy_table::Cell;
use time::OffsetDateTime;

use super::paint::{Paint, Tone};
use super::table::{Width, fitted, new_table, toned, trimmed};
use super::words;
use crate::history::{
    Certainty, Commit, End, Exposure, Holder, Issued, OpenedKey, Opener, Standing, Tokens,
    is_master,
};
use crate::model::{CertificateFacts, Moment, Name, shell};

const ISSUED: [&str; 9] = [
    "standing", "subject", "issuer", "ends", "left", "serial", "file", "since", "until",
];

/// Certificates as they were issued, one a line.
pub fn issued(shown: &[&Issued<'_>], now: OffsetDateTime, paint: Paint, width: Width) -> String {
    if shown.is_empty() {
        return String::new();
    }
    let mut table = new_table(paint, width);
    table.set_header(ISSUED);
    for issued in shown {
        let facts = issued.facts;
        table.add_row([
            toned(issued.standing.code(), tone(issued, now)),
            Cell::new(words::printable(&facts.subject.to_string())),
            Cell::new(words::printable(&facts.issuer.to_string())),
            Cell::new(Moment(facts.not_after)),
            Cell::new(words::span(facts.not_after - now)),
            Cell::new(facts.serial_hex()),
            Cell::new(words::one_line(&issued.version.path)),
            Cell::new(since(issued.version.first.as_ref())),
            Cell::new(until(&issued.version.end)),
        ]);
    }
    let least_needed = ["serial", "since", "left", "issuer", "until", "subject"];
    format!("{}\n\n", fitted(table, &ISSUED, &least_needed, width))
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
        "token keys",
        "identities",
        "keys now",
        "keys ever",
    ]);
    for exposure in exposures {
        let identities = exposure.identities();
        let masters = identities.iter().filter(|facts| is_master(facts)).count();
        let (authorities, tokens) = (exposure.authorities(), exposure.token_keys());
        let now = exposure
            .keys
            .iter()
            .filter(|key| key.version.end == End::Now);
        table.add_row([
            Cell::new(words::printable(&exposure.holder.to_string())),
            toned(&authorities.to_string(), alarming(authorities)),
            toned(&masters.to_string(), alarming(masters)),
            toned(&tokens.to_string(), alarming(tokens)),
            Cell::new(identities.len()),
            Cell::new(now.count()),
            Cell::new(exposure.keys.len()),
        ]);
    }
    let is_any = |exposure: &Exposure<'_>| exposure.token_keys() > 0;
    let tokens = if exposures.iter().any(is_any) {
        TOKENS
    } else {
        ""
    };
    format!(
        "{}\n\n{tokens}What one of them opens: `certs exposure <holder>`.\n",
        trimmed(&table)
    )
}

const TOKENS: &str = "A token key signs for every service account of its cluster, those of its controllers too: as good as system:masters.\n";

fn alarming(count: usize) -> Tone {
    if count == 0 { Tone::Quiet } else { Tone::Bad }
}

/// The commands that close an exposure, as they are to be typed.
#[derive(Debug)]
pub struct Cure {
    /// `certs recreate` with the words that name the declaration.
    pub recreate: String,
    /// For each host whose SSH key is readable: `certs host add … --replace`.
    pub host_keys: Vec<String>,
    /// What to `--replace`, in as few words as mean it.
    pub replace: Vec<String>,
    /// Public files that would go on trusting a replaced key pair.
    pub public_files: Vec<String>,
}

/// What one lost key opens, whom it makes of its thief, and what closes it.
pub fn exposure(exposure: &Exposure<'_>, cure: &Cure, paint: Paint, width: Width) -> String {
    let whose = words::printable(&exposure.holder.to_string());
    let whose = paint.apply(Tone::Strong, whose);
    if exposure.keys.is_empty() {
        return format!(
            "Whoever has the private key of {whose} opens nothing here, and never did.\n"
        );
    }
    let mut table = new_table(paint, width);
    table.set_header(["sealed key", "when", "is", "until"]);
    for key in &exposure.keys {
        table.add_row(opened(key));
    }
    format!(
        "Whoever has the private key of {whose} opens {}:\n\n{}\n\n{}",
        words::count(exposure.keys.len(), "sealed key", "sealed keys"),
        trimmed(&table),
        closing(exposure, cure)
    )
}

fn opened(key: &OpenedKey<'_>) -> [Cell; 4] {
    let identity = key.identities.iter().max_by_key(|facts| facts.not_after);
    let doubt = match key.certainty {
        Certainty::Certain => "",
        Certainty::Possible => " (possibly)",
    };
    let is = match (key.tokens, identity) {
        _ if key.host().is_some() => {
            let host = key.host().map_or("", Name::as_str);
            toned(
                &format!("the SSH host key of {host}: everything sealed to {host}"),
                Tone::Bad,
            )
        }
        (Tokens::AnyServiceAccount, _) => {
            toned("any service account: it signs their tokens", Tone::Bad)
        }
        (Tokens::None, Some(facts)) => toned(&standing_in(facts), danger(facts)),
        (Tokens::None, None) => Cell::new("nothing in date"),
    };
    [
        Cell::new(words::one_line(&format!("{}{doubt}", key.version.path))),
        Cell::new(match &key.version.end {
            End::Now => "now".to_owned(),
            End::Replaced(commit) | End::Deleted(commit) => format!("until {}", seen(commit)),
        }),
        is,
        Cell::new(identity.map_or_else(String::new, |facts| Moment(facts.not_after).to_string())),
    ]
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
fn closing(exposure: &Exposure<'_>, cure: &Cure) -> String {
    let mut steps: Vec<String> = shut_out(exposure).into_iter().collect();
    if !cure.host_keys.is_empty() {
        steps.push(format!(
            "give these hosts new SSH host keys, for everything new is sealed to the keys they have; install each on its host (/etc/ssh/ssh_host_ed25519_key) before it is switched:\n     {}",
            cure.host_keys.join("\n     ")
        ));
    }
    if !cure.replace.is_empty() {
        let replace: Vec<String> = cure
            .replace
            .iter()
            .map(|word| format!(" \\\n       --replace {}", shell(word)))
            .collect();
        steps.push(format!(
            "make new keys; sealing the old ones again would not take them back:\n     {}{}",
            cure.recreate,
            replace.concat()
        ));
    }
    if !cure.public_files.is_empty() {
        let files: Vec<String> = cure.public_files.iter().map(|file| shell(file)).collect();
        steps.push(format!(
            "trust the old keys of tokens no more; every token they signed ends with that:\n     rm {} && {}",
            files.join(" "),
            cure.recreate
        ));
    }
    steps.push("commit, switch every host, and revoke what is still in date where its verifiers read revocation lists".to_owned());
    let mut text = "If that key is lost:\n".to_owned();
    for (number, step) in steps.iter().enumerate() {
        let _ = writeln!(text, "  {}. {step}", number + 1);
    }
    text
}

/// How nothing more is sealed to a key; what is declared no more is shut out already.
fn shut_out(exposure: &Exposure<'_>) -> Option<String> {
    match &exposure.holder {
        Holder::Host(host) => Some(format!(
            "give {host} a new SSH host key, and declare it in certToolkit.owningHostKey; as root on {host}:\n     \
             rm -f /etc/ssh/ssh_host_ed25519_key && ssh-keygen -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key"
        )),
        Holder::Operator(_) => {
            let keys: Vec<String> = exposure.openers.iter().map(opener).collect();
            Some(format!(
                "take {} out of certToolkit.userAgeKeys",
                words::printable(&keys.join(" and "))
            ))
        }
        Holder::FormerHost(_) | Holder::Former(_) => None,
    }
}

fn opener(opener: &Opener) -> String {
    match opener {
        Opener::Key(recipient) => recipient.short(),
        Opener::Tag(tag) => format!("the SSH key with the tag {tag}"),
    }
}
