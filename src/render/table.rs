//! Plans and reports as tables.

use std::fmt::Write as _;

use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Table, presets};

use super::paint::{Paint, Tone};
use super::words;
use crate::apply::{Product, Report};
use crate::fleet::{Artifact, ArtifactId, Authority, Fleet};
use crate::plan::{Action, Plan, Reason, Step};
use crate::x509::{CertificateFacts, ExtendedKeyUsage, Granted, Moment};

/// How wide a table may be; `None` where the output is not a terminal.
pub type Width = Option<u16>;

/// Every step that is not plain `keep`, each reason on its own line, then one line that sums up.
pub fn plan(plan: &Plan, stale_files: &[String], paint: Paint, width: Width) -> String {
    let shown: Vec<&Step> = plan
        .steps
        .iter()
        .filter(|step| is_worth_showing(step))
        .collect();
    let mut text = steps(&shown, paint, width);
    if plan.is_settled() && !stale_files.is_empty() {
        let _ = writeln!(
            text,
            "{} to bring up to date: {}.",
            stale_files.len(),
            stale_files.join(", ")
        );
    } else {
        text.push_str(&summary(plan));
        text.push('\n');
    }
    text
}

/// Only the steps that need a decision.
pub fn refusals(plan: &Plan, paint: Paint) -> String {
    steps(&plan.refusals().collect::<Vec<_>>(), paint, None)
}

/// One warning for each certificate that will end before its declared lifetime because its issuer does. Not for a CA that is declared to
/// last as long as its issuer: the two end together, and were meant to.
pub fn cut_short(plan: &Plan, fleet: &Fleet) -> String {
    let is_cut = |step: &&Step| cut_short_note(step).is_some() && !ends_with_issuer(step, fleet);
    let warning = |step: &Step| {
        format!(
            "warning: {}: {}\n",
            step.target,
            cut_short_note(step).unwrap_or_default()
        )
    };
    plan.steps.iter().filter(is_cut).map(warning).collect()
}

/// One warning for each authority whose renewal waits for a key that is not in the tree.
pub fn awaited_keys(plan: &Plan) -> String {
    let mut text = String::new();
    for step in &plan.steps {
        let awaits = |reason: &&Reason| matches!(reason, Reason::AwaitsKey { .. });
        if step.reasons.iter().any(|reason| awaits(&reason)) {
            let reasons: Vec<String> = step.reasons.iter().map(ToString::to_string).collect();
            let _ = writeln!(text, "warning: {}: {}", step.target, reasons.join("; "));
        }
    }
    text
}

fn steps(shown: &[&Step], paint: Paint, width: Width) -> String {
    if shown.is_empty() {
        return String::new();
    }
    let mut table = new_table(paint, width);
    for step in shown {
        table.add_row([
            coloured(&step.action, step.action.code()),
            Cell::new(&step.target),
            Cell::new(explanation(step)),
        ]);
    }
    format!("{}\n\n", trimmed(&table))
}

/// Rows of plain words under their headers.
pub fn plain<const N: usize>(
    headers: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
    paint: Paint,
    width: Width,
) -> String {
    let mut table = new_table(paint, width);
    table.set_header(headers);
    for row in rows {
        table.add_row(row);
    }
    format!("{}\n", trimmed(&table))
}

/// The issued certificates, one per line.
pub fn report(report: &Report, plan: &Plan, paint: Paint, width: Width) -> String {
    let mut text = String::new();
    if !report.done.is_empty() {
        let mut table = new_table(paint, width);
        let headers = ["did", "certificate", "subject", "names", "usages", "until"];
        table.set_header(headers);
        for done in &report.done {
            let [subject, names, usages, until] = cells(&done.product);
            table.add_row([
                coloured(&done.action, past(&done.action)),
                Cell::new(&done.id),
                Cell::new(subject),
                Cell::new(names),
                Cell::new(usages),
                Cell::new(until),
            ]);
        }
        let least_needed = ["names", "usages", "subject"];
        text.push_str(&fitted(table, &headers, &least_needed, width));
        text.push_str("\n\n");
    }
    text.push_str(&outcome(report, plan));
    text.push('\n');
    text
}

/// Subject, names, usages and end of a certificate. A shared pair has none of them: its algorithm, and what it is.
fn cells(product: &Product) -> [String; 4] {
    match product {
        Product::Certificate(facts) => {
            let sans: Vec<String> = facts.sans.iter().map(ToString::to_string).collect();
            [
                facts.subject.to_string(),
                words::some_of(&sans, 4),
                purpose(facts),
                Moment(facts.not_after).to_string(),
            ]
        }
        Product::HostKey(key) => [
            key.recipient.short(),
            String::new(),
            "host key".to_owned(),
            String::new(),
        ],
        Product::PublicKeys(keys) => {
            let algorithm = keys.first().map(|key| key.algorithm.to_string());
            let others = match keys.len().saturating_sub(1) {
                0 => String::new(),
                more => format!(
                    "verifies by {}",
                    words::count(more, "more key", "more keys")
                ),
            };
            [
                algorithm.unwrap_or_default(),
                others,
                "shared key pair".to_owned(),
                String::new(),
            ]
        }
    }
}

/// The purpose of the certificate: its extended key usages, which decide where it is accepted.
pub(crate) fn purpose(facts: &CertificateFacts) -> String {
    if facts.is_authority() {
        return "authority".to_owned();
    }
    let usages = facts.usages();
    let words: Vec<&str> = usages.extended.iter().map(ExtendedKeyUsage::word).collect();
    if words.is_empty() {
        "any".to_owned()
    } else {
        words.join(", ")
    }
}

pub(crate) fn new_table(paint: Paint, width: Width) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    match paint {
        Paint::Coloured => table.enforce_styling(),
        Paint::Plain => table.force_no_tty(),
    };
    if let Some(width) = width {
        table
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width);
    }
    table
}

/// The table in lines no longer than the terminal's, by leaving out columns, those named first before the others; and what to say of them.
/// A column that is squeezed to a few letters says nothing and makes its neighbours unreadable too.
pub(crate) fn fitted(
    mut table: Table,
    headers: &[&'static str],
    least_needed: &[&'static str],
    width: Width,
) -> String {
    let Some(width) = width else {
        return trimmed(&table);
    };
    // Two blanks between columns.
    let widths: Vec<u16> = table
        .column_max_content_widths()
        .into_iter()
        .map(|content| content.saturating_add(2))
        .collect();
    let mut needed = widths
        .iter()
        .fold(0, |sum: u16, one| sum.saturating_add(*one));
    let mut left_out = Vec::new();
    for header in least_needed {
        let Some(place) = headers.iter().position(|other| other == header) else {
            continue;
        };
        if needed <= width {
            break;
        }
        if let (Some(column), Some(own)) = (table.column_mut(place), widths.get(place)) {
            column.set_constraint(ColumnConstraint::Hidden);
            needed = needed.saturating_sub(*own);
            left_out.push(*header);
        }
    }
    let text = trimmed(&table);
    if left_out.is_empty() {
        text
    } else {
        format!("{text}\n\nNo room here for: {}.", left_out.join(", "))
    }
}

/// A cell that means something; uncoloured tables leave the colour out.
pub(crate) fn toned(text: &str, tone: Tone) -> Cell {
    let cell = Cell::new(text);
    match tone {
        Tone::Good => cell.fg(Color::Green),
        Tone::Change => cell.fg(Color::Cyan),
        Tone::Warning => cell.fg(Color::Yellow),
        Tone::Bad => cell.fg(Color::Red).add_attribute(Attribute::Bold),
        Tone::Quiet => cell.add_attribute(Attribute::Dim),
        Tone::Strong => cell.add_attribute(Attribute::Bold),
    }
}

/// Tables pad every cell; trailing blanks only disturb copying and diffing.
pub(crate) fn trimmed(table: &Table) -> String {
    table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

/// What is kept for a reason is worth a line: undeclared files, and authorities without their key.
fn is_worth_showing(step: &Step) -> bool {
    step.action != Action::Keep || !step.reasons.is_empty()
}

fn explanation(step: &Step) -> String {
    let mut lines: Vec<String> = match step.action {
        // Both files missing is what creating means.
        Action::Create => vec!["new".to_owned()],
        _ => step.reasons.iter().map(ToString::to_string).collect(),
    };
    lines.extend(cut_short_note(step).map(|note| format!("warning: {note}")));
    if let Action::Refuse { cure } = &step.action {
        lines.push(format!("hint: {cure}"));
    }
    lines.join("\n")
}

fn ends_with_issuer(step: &Step, fleet: &Fleet) -> bool {
    let mut authorities = fleet.authorities.iter();
    let own = authorities.find(|authority| step.artifact() == Some(&authority.id()));
    let above = own.and_then(|own| fleet.issuer_of(Artifact::Authority(own)));
    let lifetime = |authority: &Authority| authority.declaration.lifetime;
    own.zip(above)
        .is_some_and(|(own, above)| lifetime(own) == lifetime(above))
}

fn cut_short_note(step: &Step) -> Option<String> {
    let Some(Granted::Clamped(validity)) = step.validity else {
        return None;
    };
    Some(format!(
        "ends {} with its issuer, earlier than declared",
        Moment(validity.not_after)
    ))
}

fn coloured(action: &Action, word: &str) -> Cell {
    toned(
        word,
        match action {
            Action::Keep => Tone::Quiet,
            Action::Create | Action::Renew | Action::Reseal | Action::Rewrite => Tone::Change,
            Action::Replace | Action::Prune => Tone::Warning,
            Action::Refuse { .. } => Tone::Bad,
        },
    )
}

fn past(action: &Action) -> &'static str {
    match action {
        Action::Keep => "kept",
        Action::Create => "created",
        Action::Renew => "renewed",
        Action::Replace => "replaced",
        Action::Reseal => "resealed",
        Action::Rewrite => "rewritten",
        Action::Prune => "pruned",
        Action::Refuse { .. } => "refused",
    }
}

/// `2 to create, 1 to renew, 41 to keep.`
fn summary(plan: &Plan) -> String {
    let declared = |code: &str| {
        let steps = plan
            .steps
            .iter()
            .filter(|step| step.artifact().is_some() || code == "prune");
        steps.filter(|step| step.action.code() == code).count()
    };
    let changes: Vec<String> = [
        "create", "renew", "replace", "reseal", "rewrite", "prune", "refuse",
    ]
    .iter()
    .filter_map(|code| match declared(code) {
        0 => None,
        number => Some(format!("{number} to {code}")),
    })
    .collect();
    if changes.is_empty() {
        return nothing_to_do(plan);
    }
    format!("{}, {} to keep.", changes.join(", "), declared("keep"))
}

/// `Nothing to do: 13 certificates and 1 key pair are as declared.`
fn nothing_to_do(plan: &Plan) -> String {
    let kept = plan
        .steps
        .iter()
        .filter(|step| step.action == Action::Keep)
        .filter_map(Step::artifact);
    let (mut pairs, mut host_keys, mut certificates) = (0, 0, 0);
    for id in kept {
        match id {
            ArtifactId::KeyPair(_) => pairs += 1,
            ArtifactId::HostKey(_) => host_keys += 1,
            ArtifactId::Authority(_) | ArtifactId::Leaf { .. } => certificates += 1,
        }
    }
    let kinds = [
        (pairs, "key pair", "key pairs"),
        (host_keys, "host key", "host keys"),
    ];
    let others = kinds.into_iter().filter(|(count, ..)| *count > 0);
    let mut parts: Vec<String> = others
        .map(|(count, one, many)| words::count(count, one, many))
        .collect();
    if certificates > 0 || parts.is_empty() {
        parts.insert(0, words::count(certificates, "certificate", "certificates"));
    }
    let is_one = parts.len() == 1 && certificates + pairs + host_keys == 1;
    let verb = if is_one { "is" } else { "are" };
    format!(
        "Nothing to do: {} {verb} as declared.",
        words::joined(&parts)
    )
}

/// `Created 13, kept 0; wrote 29 files.`
fn outcome(report: &Report, plan: &Plan) -> String {
    let did = |action: &str| {
        report
            .done
            .iter()
            .filter(|done| done.action.code() == action)
            .count()
    };
    let parts: Vec<String> = [
        ("create", "created"),
        ("renew", "renewed"),
        ("replace", "replaced"),
        ("reseal", "resealed"),
        ("rewrite", "rewrote"),
    ]
    .iter()
    .filter_map(|(code, word)| match did(code) {
        0 => None,
        number => Some(format!("{word} {number}")),
    })
    .chain(match plan.count("prune") {
        0 => None,
        number => Some(format!("pruned {}", words::count(number, "file", "files"))),
    })
    .collect();
    let kept = plan
        .steps
        .iter()
        .filter(|step| step.artifact().is_some() && step.action == Action::Keep)
        .count();
    if parts.is_empty() && report.files == 0 {
        return nothing_to_do(plan);
    }
    let done = if parts.is_empty() {
        "brought the derived files up to date".to_owned()
    } else {
        parts.join(", ")
    };
    format!(
        "{}, kept {kept}; {} changed.",
        capitalised(&done),
        words::count(report.files, "file", "files")
    )
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADERS: [&str; 3] = ["state", "names", "ends"];

    fn table(width: Width) -> String {
        let mut table = new_table(Paint::Plain, width);
        table.set_header(HEADERS);
        table.add_row(["good", "a.example, b.example", "2027-01-01"]);
        fitted(table, &HEADERS, &["names", "ends"], width)
    }

    #[test]
    fn what_a_terminal_has_no_room_for_is_left_out_and_named() {
        assert_eq!(
            table(Some(30)),
            " state  ends\n good   2027-01-01\n\nNo room here for: names."
        );
    }

    #[test]
    fn where_there_is_room_or_no_terminal_everything_is_shown() {
        let whole = " state  names                 ends\n good   a.example, b.example  2027-01-01";
        assert_eq!(table(Some(43)), whole);
        assert_eq!(table(None), whole);
    }
}
