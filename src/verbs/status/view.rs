//! The fleet at one moment, as a table and as a tree.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use comfy_table::Cell;
use time::OffsetDateTime;

use crate::fleet::{ArtifactId, ListState, Name};
use crate::render::paint::{Paint, Tone};
use crate::render::table::{Width, fitted, new_table, purpose, toned, trimmed};
use crate::render::words;
use crate::status::{Entry, ListEntry, Reader, State, Status};
use crate::x509::Moment;

/// How much a table says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// What fits on a screen.
    Short,
    /// With serial number, every name and every reader.
    Wide,
}

/// The last one only where everything is wanted.
const HEADERS: [&str; 9] = [
    "state",
    "certificate",
    "subject",
    "names",
    "for",
    "left",
    "renews",
    "opened by",
    "serial",
];
/// On a narrow terminal: which certificate it is and how long it lasts is what everybody wants to know.
const LEAST_NEEDED: [&str; 5] = ["names", "opened by", "subject", "for", "renews"];

/// One line an artifact, then how many are in which state.
pub(crate) fn table(status: &Status<'_>, detail: Detail, paint: Paint, width: Width) -> String {
    let mut text = String::new();
    if !status.entries.is_empty() {
        let mut table = new_table(paint, width);
        let headers = match detail {
            Detail::Short => HEADERS.get(..8).unwrap_or(&HEADERS),
            Detail::Wide => &HEADERS,
        };
        table.set_header(headers);
        for entry in &status.entries {
            table.add_row(row(entry, status.now, detail));
        }
        text = match detail {
            Detail::Short => fitted(table, headers, &LEAST_NEEDED, width),
            Detail::Wide => trimmed(&table),
        };
        text.push_str("\n\n");
    }
    let reasons: String = status
        .entries
        .iter()
        .filter_map(|entry| Some(format!("{}: {}\n", entry.id, why(entry)?)))
        .collect();
    let told = reasons + &blocks(status) + &lists(status);
    if !told.is_empty() {
        let _ = writeln!(text, "{told}");
    }
    text.push_str(&summary(status, paint));
    text
}

/// What public files have next to the certificate or key of the artifact, where no reason has said it.
fn blocks(status: &Status<'_>) -> String {
    let mut text = String::new();
    for entry in &status.entries {
        for block in unsaid_blocks(entry) {
            let _ = writeln!(text, "{}: its file also has {block}", entry.id);
        }
    }
    text
}

fn unsaid_blocks(entry: &Entry<'_>) -> Vec<String> {
    let said = why(entry).unwrap_or_default();
    let blocks = entry.further_blocks();
    let unsaid = blocks.filter(|block| !said.contains(&block.key.to_string()));
    unsaid
        .map(|block| words::printable(&block.to_string()))
        .collect()
}

/// The revocation lists, one line each, with the day until which they are good.
fn lists(status: &Status<'_>) -> String {
    let line = |list: &ListEntry<'_>| {
        let next = list.last.as_ref().and_then(|last| last.next_update);
        let next = next.map_or_else(String::new, |next| Moment(next).to_string());
        let file = &list.authority.crl;
        let what = match list.state {
            ListState::Good => return format!("{file}: good until {next}\n"),
            ListState::Due => format!("the next list is due by {next}"),
            ListState::Expired => format!("the next list was due by {next}"),
            ListState::NotItsAuthoritys => "another key signed the list".to_owned(),
            ListState::Damaged => "the list cannot be read".to_owned(),
            ListState::RolledBack => "a later list was made than this one".to_owned(),
            ListState::Missing => "the list is gone".to_owned(),
        };
        format!("{file}: {what}; `certs check` says more\n")
    };
    status.lists.iter().map(line).collect()
}

/// The reason for an artifact's state, where the state alone does not explain it.
fn why(entry: &Entry<'_>) -> Option<String> {
    if matches!(entry.state(), State::Good | State::Offline) || entry.reasons.is_empty() {
        return None;
    }
    let reasons: Vec<String> = entry.reasons.iter().map(ToString::to_string).collect();
    Some(words::printable(&reasons.join("; ")))
}

fn row(entry: &Entry<'_>, now: OffsetDateTime, detail: Detail) -> Vec<Cell> {
    let most = match detail {
        Detail::Short => 3,
        Detail::Wide => usize::MAX,
    };
    let facts = entry.facts;
    let sans: Vec<String> = facts
        .map(|facts| facts.sans.iter().map(ToString::to_string).collect())
        .unwrap_or_default();
    let readers: Vec<String> = entry.readers.iter().map(reader).collect();
    let mut row = vec![
        toned(&codes(entry), tone(entry.state())),
        Cell::new(&entry.id),
        Cell::new(
            facts
                .map(|facts| words::printable(&facts.subject.to_string()))
                .unwrap_or_default(),
        ),
        Cell::new(words::printable(&words::some_of(&sans, most))),
        Cell::new(facts.map_or_else(|| without_certificate(entry), purpose)),
        toned(&left(entry, now, Paint::Plain), left_tone(entry.state())),
        Cell::new(
            entry
                .renewal
                .map(|renewal| Moment(renewal).to_string())
                .unwrap_or_default(),
        ),
        Cell::new(words::printable(&words::some_of(&readers, most))),
    ];
    if detail == Detail::Wide {
        row.push(Cell::new(
            facts
                .map(crate::x509::CertificateFacts::serial_hex)
                .unwrap_or_default(),
        ));
    }
    row
}

fn codes(entry: &Entry<'_>) -> String {
    let codes: Vec<&str> = entry.states.iter().map(|state| state.code()).collect();
    codes.join(", ")
}

fn without_certificate(entry: &Entry<'_>) -> String {
    if entry.id.is_key_pair() {
        "shared key pair".to_owned()
    } else if entry.id.is_host_key() {
        "host key".to_owned()
    } else {
        String::new()
    }
}

/// Authorities as branches, and below each the certificates it issued, by host.
pub(crate) fn tree(status: &Status<'_>, paint: Paint) -> String {
    let mut children: BTreeMap<Option<&Name>, Vec<&Entry<'_>>> = BTreeMap::new();
    for entry in &status.entries {
        children
            .entry(known_issuer(status, entry))
            .or_default()
            .push(entry);
    }
    let mut text = String::new();
    for root in children.get(&None).into_iter().flatten() {
        let _ = writeln!(text, "{}", line(root, status.now, paint));
        branch(root, &children, status.now, paint, "", &mut text);
    }
    let lists = lists(status);
    if !text.is_empty() {
        text.push('\n');
    }
    if !lists.is_empty() {
        let _ = writeln!(text, "{lists}");
    }
    text.push_str(&summary(status, paint));
    text
}

/// The issuer, where it is shown too; what a filter left without one stands at the top.
fn known_issuer<'a>(status: &Status<'a>, entry: &Entry<'a>) -> Option<&'a Name> {
    let issuer = entry.issuer?;
    let is_shown =
        |other: &Entry<'_>| matches!(&other.id, ArtifactId::Authority(name) if name == issuer);
    status.entries.iter().any(is_shown).then_some(issuer)
}

fn branch(
    parent: &Entry<'_>,
    children: &BTreeMap<Option<&Name>, Vec<&Entry<'_>>>,
    now: OffsetDateTime,
    paint: Paint,
    indent: &str,
    text: &mut String,
) {
    let ArtifactId::Authority(name) = &parent.id else {
        return;
    };
    let Some(below) = children.get(&Some(name)) else {
        return;
    };
    for (index, child) in below.iter().enumerate() {
        let (knot, rest) = if index + 1 == below.len() {
            ("└─ ", "   ")
        } else {
            ("├─ ", "│  ")
        };
        let _ = writeln!(text, "{indent}{knot}{}", line(child, now, paint));
        branch(
            child,
            children,
            now,
            paint,
            &format!("{indent}{rest}"),
            text,
        );
    }
}

fn line(entry: &Entry<'_>, now: OffsetDateTime, paint: Paint) -> String {
    let name = match &entry.id {
        ArtifactId::Leaf { host, name, .. } => format!("{host} {name}"),
        id => id.to_string(),
    };
    let subject = entry
        .facts
        .map(|facts| format!("  {}", words::printable(&facts.subject.to_string())))
        .unwrap_or_default();
    let state = match entry.state() {
        State::Good => String::new(),
        state => format!("  {}", paint.apply(tone(state), codes(entry))),
    };
    let left = match left(entry, now, paint) {
        empty if empty.is_empty() => empty,
        left => format!("  {left}"),
    };
    let why = why(entry).map_or_else(String::new, |why| format!(": {why}"));
    let blocks: Vec<String> = std::iter::once(String::new())
        .chain(unsaid_blocks(entry))
        .collect();
    let blocks = blocks.join("  + ");
    format!(
        "{}{}{left}{state}{why}{blocks}",
        paint.apply(Tone::Strong, name),
        paint.apply(Tone::Quiet, subject),
    )
}

/// `██████░░ 241 d`; hours where days would say too little.
fn left(entry: &Entry<'_>, now: OffsetDateTime, paint: Paint) -> String {
    const CELLS: usize = 8;
    let (Some(left), Some(share)) = (entry.left(now), entry.share_left(now)) else {
        return String::new();
    };
    // A share between 0 and 1 of eight cells: neither sign nor size can be lost.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let full = (share * 8.0).ceil() as usize;
    let bar = format!(
        "{}{}",
        "█".repeat(full.min(CELLS)),
        "░".repeat(CELLS.saturating_sub(full))
    );
    format!(
        "{} {}",
        paint.apply(left_tone(entry.state()), bar),
        words::span(left)
    )
}

/// A key that is elsewhere shortens no certificate's life.
fn left_tone(state: State) -> Tone {
    match state {
        State::KeyMissing | State::Offline => Tone::Good,
        state => tone(state),
    }
}

/// `14 certificates and 1 key pair: 1 expired, 2 due, 12 good.`
fn summary(status: &Status<'_>, paint: Paint) -> String {
    let count = |is: fn(&ArtifactId) -> bool| {
        let entries = status.entries.iter();
        entries.filter(|entry| is(&entry.id)).count()
    };
    let (pairs, host_keys) = (
        count(ArtifactId::is_key_pair),
        count(ArtifactId::is_host_key),
    );
    let certificates = status.entries.len() - pairs - host_keys;
    let kinds = [
        (certificates, "certificate", "certificates"),
        (pairs, "key pair", "key pairs"),
        (host_keys, "host key", "host keys"),
    ];
    let kinds = kinds.into_iter().filter(|(count, ..)| *count > 0);
    let kinds: Vec<String> = kinds
        .map(|(count, one, many)| words::count(count, one, many))
        .collect();
    let total = words::joined(&kinds);
    let parts: Vec<String> = status
        .tally()
        .into_iter()
        .map(|(state, count)| format!("{count} {}", paint.apply(tone(state), state.code())))
        .collect();
    if parts.is_empty() {
        return "Nothing is selected.\n".to_owned();
    }
    format!("{total}: {}.\n", parts.join(", "))
}

fn reader(reader: &Reader) -> String {
    match reader {
        Reader::Operator(name) => name.clone(),
        Reader::Host(name) => format!("host {name}"),
        Reader::Hosts(shared) => format!("{} hosts with one key", shared.hosts.len()),
        Reader::Requester => "its requester".to_owned(),
    }
}

fn tone(state: State) -> Tone {
    match state {
        State::Refused
        | State::Revoked
        | State::Damaged
        | State::Missing
        | State::Expired
        | State::NotYetValid => Tone::Bad,
        State::Differs | State::Due | State::KeyMissing => Tone::Warning,
        State::Offline => Tone::Quiet,
        State::Good => Tone::Good,
    }
}
