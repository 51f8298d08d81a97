//! Plans and reports as tables.

use comfy_table::{ContentArrangement, Table, presets};

use super::paint::{Paint, Tone};
use super::words;
use crate::apply::Report;
use crate::model::Moment;
use crate::plan::{Action, Bound, Plan, Step, Target};

/// How wide a table may be; `None` where the output is not a terminal.
pub type Width = Option<u16>;

/// Every step that is not plain `keep`, each reason on its own line, then one line that sums up.
pub fn plan(plan: &Plan, stale_files: &[String], paint: Paint, width: Width) -> String {
    let shown: Vec<&Step> = plan.steps.iter().filter(|step| is_worth_showing(step)).collect();
    let mut text = steps(&shown, paint, width);
    if plan.is_settled() && !stale_files.is_empty() {
        text.push_str(&format!("{} to bring up to date: {}.\n", stale_files.len(), stale_files.join(", ")));
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

/// One warning for each certificate that will end before its declared lifetime because its issuer does.
pub fn cut_short(plan: &Plan) -> String {
    let is_cut = |step: &&Step| step.validity.is_some_and(|validity| validity.bound == Bound::Issuer);
    let warning = |step: &Step| format!("warning: {}: {}\n", step.target, cut_short_note(step).unwrap_or_default());
    plan.steps.iter().filter(is_cut).map(warning).collect()
}

fn steps(shown: &[&Step], paint: Paint, width: Width) -> String {
    if shown.is_empty() {
        return String::new();
    }
    let mut table = new_table(width);
    for step in shown {
        table.add_row([paint_action(&step.action, paint), step.target.to_string(), explanation(step)]);
    }
    format!("{}\n\n", trimmed(&table))
}

/// What was issued, one line a certificate.
pub fn report(report: &Report, plan: &Plan, paint: Paint, width: Width) -> String {
    let mut text = String::new();
    if !report.done.is_empty() {
        let mut table = new_table(width);
        table.set_header(["did", "certificate", "subject", "names", "usages", "until"]);
        for done in &report.done {
            let facts = &done.certificate;
            let sans: Vec<String> = facts.sans.iter().map(ToString::to_string).collect();
            table.add_row([
                paint.apply(tone(&done.action), past(&done.action)),
                done.id.to_string(),
                facts.subject.to_string(),
                words::some_of(&sans, 4),
                facts.purpose(),
                Moment(facts.not_after).to_string(),
            ]);
        }
        text.push_str(&trimmed(&table));
        text.push_str("\n\n");
    }
    text.push_str(&outcome(report, plan));
    text.push('\n');
    text
}

fn new_table(width: Width) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    if let Some(width) = width {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    table
}

/// Tables pad every cell; trailing blanks only disturb copying and diffing.
fn trimmed(table: &Table) -> String {
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// Undeclared files are worth a line even though they are kept.
fn is_worth_showing(step: &Step) -> bool {
    step.action != Action::Keep || matches!(step.target, Target::File(_))
}

fn explanation(step: &Step) -> String {
    let mut lines: Vec<String> = step.reasons.iter().map(ToString::to_string).collect();
    lines.extend(cut_short_note(step).map(|note| format!("warning: {note}")));
    if let Action::Refuse { cure } = &step.action {
        lines.push(format!("hint: {cure}"));
    }
    lines.join("\n")
}

fn cut_short_note(step: &Step) -> Option<String> {
    let validity = step.validity.filter(|validity| validity.bound == Bound::Issuer)?;
    Some(format!("ends {} with its issuer, earlier than declared", Moment(validity.not_after)))
}

fn paint_action(action: &Action, paint: Paint) -> String {
    paint.apply(tone(action), action.code())
}

fn tone(action: &Action) -> Tone {
    match action {
        Action::Keep => Tone::Quiet,
        Action::Create | Action::Renew | Action::Reseal => Tone::Change,
        Action::Replace | Action::Prune => Tone::Warning,
        Action::Refuse { .. } => Tone::Bad,
    }
}

fn past(action: &Action) -> &'static str {
    match action {
        Action::Keep => "kept",
        Action::Create => "created",
        Action::Renew => "renewed",
        Action::Replace => "replaced",
        Action::Reseal => "resealed",
        Action::Prune => "pruned",
        Action::Refuse { .. } => "refused",
    }
}

/// `2 to create, 1 to renew, 41 to keep.`
fn summary(plan: &Plan) -> String {
    let declared = |code: &str| {
        let steps = plan.steps.iter().filter(|step| step.artifact().is_some() || code == "prune");
        steps.filter(|step| step.action.code() == code).count()
    };
    let changes: Vec<String> = ["create", "renew", "replace", "reseal", "prune", "refuse"]
        .iter()
        .filter_map(|code| match declared(code) {
            0 => None,
            number => Some(format!("{number} to {code}")),
        })
        .collect();
    let kept = declared("keep");
    if changes.is_empty() {
        return format!("Nothing to do: {} as declared.", words::count(kept, "certificate is", "certificates are"));
    }
    format!("{}, {kept} to keep.", changes.join(", "))
}

/// `Created 13, kept 0; wrote 29 files.`
fn outcome(report: &Report, plan: &Plan) -> String {
    let did = |action: &str| report.done.iter().filter(|done| done.action.code() == action).count();
    let parts: Vec<String> = [("create", "created"), ("renew", "renewed"), ("replace", "replaced"), ("reseal", "resealed")]
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
    let kept = plan.steps.iter().filter(|step| step.artifact().is_some() && step.action == Action::Keep).count();
    if parts.is_empty() && report.files == 0 {
        return format!("Nothing to do: {} as declared.", words::count(kept, "certificate is", "certificates are"));
    }
    let done = if parts.is_empty() { "brought the derived files up to date".to_owned() } else { parts.join(", ") };
    format!("{}, kept {kept}; {} changed.", capitalised(&done), words::count(report.files, "file", "files"))
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
