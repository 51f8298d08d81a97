//! The trust map in two languages, and the words they have in common.

pub mod mermaid;
pub mod svg;

use super::words;
use crate::fleet::ArtifactId;
use crate::graph::{Bundle, Graph, Group, Openers, Source};
use crate::status::State;
use crate::x509::Moment;

/// A sign that tells a state without colour.
pub fn glyph(state: State) -> &'static str {
    match state {
        State::Refused => "!",
        State::Revoked => "⊘",
        State::Damaged => "▲",
        State::Missing => "□",
        State::Expired => "✕",
        State::NotYetValid => "◔",
        State::Differs => "≠",
        State::Due => "↻",
        State::KeyMissing => "◌",
        State::Offline => "○",
        State::Good => "✓",
    }
}

/// How bad a state is, as a class of the style sheet.
pub fn grade(state: State) -> &'static str {
    match state {
        State::Refused | State::Revoked | State::Damaged | State::Missing | State::Expired => "bad",
        State::NotYetValid | State::Differs | State::Due | State::KeyMissing => "warn",
        State::Offline => "off",
        State::Good => "good",
    }
}

/// `50 hosts: w1, w2 and 48 more`, or the name of the one.
fn group_title(group: &Group, most: usize) -> String {
    let names: Vec<String> = group.hosts.iter().map(ToString::to_string).collect();
    match group.hosts.len() {
        1 => words::some_of(&names, 1),
        count => format!("{count} hosts: {}", words::some_of(&names, most)),
    }
}

/// `kubelet`, `kubelet × 50`, `8 certificates`.
fn bundle_title(bundle: &Bundle, source: Option<&Source>) -> String {
    let pair = source.and_then(|source| match &source.id {
        ArtifactId::KeyPair(name) => Some(name),
        ArtifactId::Authority(_) | ArtifactId::Leaf { .. } | ArtifactId::HostKey(_) => None,
    });
    match (&bundle.name, pair, bundle.count) {
        (_, Some(name), _) | (Some(name), None, 1) => name.to_string(),
        (Some(name), None, count) => format!("{name} × {count}"),
        (None, None, count) => words::count(count, "certificate", "certificates"),
    }
}

/// `3 expired, 1 due`; nothing where all is good.
fn troubles(bundle: &Bundle) -> String {
    let troubles: Vec<String> = bundle
        .tally
        .iter()
        .filter(|(state, _)| **state != State::Good)
        .map(|(state, count)| match bundle.count {
            1 => state.code().to_owned(),
            _ => format!("{count} {}", state.code()),
        })
        .collect();
    troubles.join(", ")
}

/// `ends 2036-11-20`, where it ends.
fn end(source: &Source) -> Option<String> {
    source.not_after.map(|end| format!("ends {}", Moment(end)))
}

/// `+ predecessor CN=lab-ca until 2027-01-01`, for each further block of its file.
fn further(source: &Source) -> impl Iterator<Item = String> {
    source
        .further
        .iter()
        .map(|block| match (&block.subject, block.not_after) {
            (Some(subject), Some(end)) => {
                format!("+ {} {subject} until {}", block.standing, Moment(end))
            }
            _ => format!("+ {block}"),
        })
}

/// `ada@laptop, bob@desk and 2 more`.
fn holders(graph: &Graph, place: usize, most: usize) -> String {
    graph
        .holders
        .get(place)
        .map(|holders| words::some_of(&holders.names, most))
        .unwrap_or_default()
}

/// Everybody who can open a key, in words.
fn opened_by(graph: &Graph, openers: &Openers, own: &str) -> Vec<String> {
    let operators = openers.holders.iter();
    let mut words: Vec<String> = operators.map(|place| holders(graph, *place, 3)).collect();
    words.extend(openers.own_host.then(|| own.to_owned()));
    words.extend(openers.other_hosts.iter().map(ToString::to_string));
    words
}
