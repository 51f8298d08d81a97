//! The certificates issued in the past, and whether verifiers accept them today, as a table.

use std::fmt::Write as _;

use comfy_table::Cell;
use time::OffsetDateTime;

use crate::history::{Acceptance, Commit, End, Judged, Power, Standing};
use crate::render::paint::{Paint, Tone};
use crate::render::table::{Width, fitted, new_table, toned};
use crate::render::words;
use crate::x509::Moment;

const ISSUED: [&str; 10] = [
    "standing", "accepted", "subject", "issuer", "ends", "left", "serial", "file", "since", "until",
];

/// Certificates as they were issued, one a line.
pub(crate) fn issued(
    shown: &[&Judged<'_>],
    now: OffsetDateTime,
    paint: Paint,
    width: Width,
) -> String {
    if shown.is_empty() {
        return String::new();
    }
    let mut table = new_table(paint, width);
    table.set_header(ISSUED);
    for judged in shown {
        let (issued, facts) = (&judged.issued, judged.issued.facts);
        table.add_row([
            toned(issued.standing.code(), tone(judged)),
            toned(accepted(judged.acceptance), tone(judged)),
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

/// As few words as a column has room for.
fn accepted(acceptance: Acceptance) -> &'static str {
    match acceptance {
        Acceptance::Accepted => "yes",
        Acceptance::RevokedUnread => "revoked, yet accepted",
        Acceptance::Revoked => "revoked",
        Acceptance::Untrusted => "no, CA not trusted",
        Acceptance::Expired => "expired",
    }
}

/// `48 certificates in the tree and its history: 40 current, 8 superseded, 0 orphaned.`, and what of them is to be feared.
pub(crate) fn summary(all: &[Judged<'_>]) -> String {
    let of = |standing: Standing| {
        all.iter()
            .filter(|judged| judged.issued.standing == standing)
            .count()
    };
    let mut text = format!(
        "{} in the tree and its history: {} current, {} superseded, {} orphaned.\n",
        words::count(all.len(), "certificate", "certificates"),
        of(Standing::Current),
        of(Standing::Superseded),
        of(Standing::Orphaned)
    );
    let at_large: Vec<&Judged<'_>> = all.iter().filter(|judged| judged.is_at_large()).collect();
    let (predecessors, gone): (Vec<&Judged<'_>>, Vec<&Judged<'_>>) = at_large
        .into_iter()
        .partition(|judged| judged.issued.standing == Standing::Predecessor);
    if !gone.is_empty() {
        let with = |power: Power| gone.iter().filter(|judged| judged.power == power).count();
        let mut kinds = vec![format!("{} with system:masters", with(Power::Masters))];
        if with(Power::AsMasters) > 0 {
            kinds.push(format!("{} as good as that", with(Power::AsMasters)));
        }
        if with(Power::Authority) > 0 {
            kinds.push(format!(
                "{} of CAs, which could issue either",
                with(Power::Authority)
            ));
        }
        let _ = writeln!(
            text,
            "{} no longer in the tree and still accepted by every verifier that trusts its issuer, {}.",
            words::count(gone.len(), "is", "are"),
            kinds.join(", ")
        );
    }
    if !predecessors.is_empty() {
        let _ = writeln!(
            text,
            "{} still in the bundle of the CA that replaced it: whatever its key signs is accepted, system:masters where that is a cluster's.",
            words::count(
                predecessors.len(),
                "old CA certificate is",
                "old CA certificates are"
            )
        );
    }
    let unread = all
        .iter()
        .filter(|judged| judged.acceptance == Acceptance::RevokedUnread)
        .count();
    if unread > 0 {
        let _ = writeln!(
            text,
            "{} revoked and still accepted by Kubernetes, which reads no CRL: until it expires or its CA is replaced.",
            words::count(unread, "is", "are")
        );
    }
    text
}

fn tone(judged: &Judged<'_>) -> Tone {
    match (judged.issued.standing, judged.power) {
        (Standing::Current, _) => Tone::Good,
        _ if !judged.is_at_large() => Tone::Quiet,
        (_, Power::Limited) => Tone::Warning,
        _ => Tone::Bad,
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

pub(crate) fn seen(commit: &Commit) -> String {
    let short: String = commit.id.chars().take(8).collect();
    format!("{} {short}", Moment(commit.time))
}
