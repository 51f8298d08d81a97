//! What somebody should know or do: findings of whatever origin, those of one kind together, each with its cure.

use std::collections::BTreeMap;

use super::prose;
use crate::plan::{Action, Plan, Step};
use crate::render::markup::Markup;
use crate::render::words::count;

/// So many stand open; more are folded.
const MOST_OPEN: usize = 5;

/// How bad it is, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// A person has to decide.
    Error,
    /// A run would change it, or somebody should.
    Warning,
    Note,
}

/// One thing about one artifact or file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub severity: Severity,
    /// Stable, in words joined by hyphens.
    pub code: String,
    /// The artifact or the file it is about.
    pub subject: String,
    pub message: String,
    /// What to do; commands stand between backticks.
    pub cure: Option<String>,
}

/// Every reason of a plan, and derived files that are out of date.
pub fn of_plan(plan: &Plan, stale_files: &[String]) -> Vec<Finding> {
    let stale = stale_files.iter().map(|file| Finding {
        severity: Severity::Warning,
        code: "derived-file-out-of-date".to_owned(),
        subject: file.clone(),
        message: "not what today's certificates would make of it".to_owned(),
        cure: Some("`certs recreate` writes it anew".to_owned()),
    });
    let reasons = plan.steps.iter().flat_map(|step| {
        let cure = cure(step);
        step.reasons.iter().map(move |reason| Finding {
            severity: severity(step),
            code: reason.code().to_owned(),
            subject: step.target.to_string(),
            message: reason.to_string(),
            cure: cure.clone(),
        })
    });
    reasons.chain(stale).collect()
}

fn severity(step: &Step) -> Severity {
    match step.action {
        Action::Refuse { .. } => Severity::Error,
        Action::Keep => Severity::Note,
        _ => Severity::Warning,
    }
}

fn cure(step: &Step) -> Option<String> {
    match &step.action {
        Action::Refuse { cure } => Some(cure.clone()),
        Action::Keep => None,
        Action::Prune => Some("`certs recreate --prune` deletes them".to_owned()),
        _ => Some("`certs recreate` puts it right".to_owned()),
    }
}

impl Severity {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Error => "needs a decision",
            Self::Warning => "to be changed",
            Self::Note => "to be known",
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Error => "chip bad",
            Self::Warning => "chip warn",
            Self::Note => "chip off",
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Error => "!",
            Self::Warning => "↻",
            Self::Note => "○",
        }
    }
}

pub(super) fn section(findings: &[Finding], html: &mut Markup) {
    html.raw("<section id=\"findings\"><h2>Findings</h2>\n");
    if findings.is_empty() {
        html.raw("<p class=\"calm\">✓ Everything is as declared.</p>");
    }
    let mut kinds: BTreeMap<(Severity, &str), Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        kinds
            .entry((finding.severity, &finding.code))
            .or_default()
            .push(finding);
    }
    for ((severity, code), members) in kinds {
        kind(severity, code, &members, html);
    }
    html.raw("</section>\n");
}

fn kind(severity: Severity, code: &str, members: &[&Finding], html: &mut Markup) {
    html.raw("<article class=\"finding\"><h3>");
    html.open("span", &[("class", &severity.class())]);
    html.raw("<i>").text(severity.sign()).raw("</i> ");
    html.text(severity.word()).raw("</span> ");
    html.text(sentence(code));
    html.raw(" <span class=\"count\">").text(members.len());
    html.raw("</span></h3>");
    let cure = common_cure(members);
    if let Some(cure) = cure {
        html.raw("<p class=\"cure\">");
        prose(cure, html);
        html.raw("</p>");
    }
    if members.len() > MOST_OPEN {
        html.raw("<details><summary>");
        html.text(count(members.len(), "place", "places"));
        html.raw("</summary>");
    }
    html.raw("<ul>");
    for member in members {
        item(member, cure.is_none(), html);
    }
    html.raw("</ul>");
    if members.len() > MOST_OPEN {
        html.raw("</details>");
    }
    html.raw("</article>\n");
}

fn item(finding: &Finding, with_cure: bool, html: &mut Markup) {
    html.raw("<li>").element("b", &[], &finding.subject).raw(" ");
    prose(&finding.message, html);
    if let Some(cure) = finding.cure.as_ref().filter(|_| with_cure) {
        html.raw("<div class=\"cure\">");
        prose(cure, html);
        html.raw("</div>");
    }
    html.raw("</li>");
}

/// The cure, where all have the same.
fn common_cure<'a>(members: &[&'a Finding]) -> Option<&'a str> {
    let first = members.first()?.cure.as_deref()?;
    let is_same = |member: &&Finding| member.cure.as_deref() == Some(first);
    members.iter().all(is_same).then_some(first)
}

/// `renewal-due` as people write it.
fn sentence(code: &str) -> String {
    let words = code.replace('-', " ");
    let mut letters = words.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}
