//! What somebody should know or do: findings of whatever origin, those of one kind together, each with its cure.

use std::collections::BTreeMap;

use super::{path, prose};
use crate::lint;
use crate::render::finding::Placed;
use crate::render::markup::Markup;
use crate::render::words::count;

/// So many stand open; more are folded.
const MOST_OPEN: usize = 5;

/// How bad it is, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It does not work, or nothing is done about it before a person decides.
    Error,
    /// It will not work for long, or probably is not what was meant.
    Warning,
    /// Worth knowing.
    Note,
}

/// Who puts it right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mender {
    /// The next run, unasked.
    Run,
    Person,
}

/// One thing about one artifact or file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub severity: Severity,
    pub mender: Mender,
    /// Stable, in words joined by hyphens.
    pub code: String,
    /// The artifact or the file it is about.
    pub subject: String,
    pub message: String,
    /// What to do; commands stand between backticks.
    pub cure: Option<String>,
}

/// What was found, as `check` tells it; what somebody decided to live with is told and no more.
pub fn of_check(placed: &[Placed<'_>], mender: impl Fn(&lint::Finding) -> Mender) -> Vec<Finding> {
    let finding = |placed: &Placed<'_>| of_lint(placed, mender(placed.finding));
    placed.iter().map(finding).collect()
}

fn of_lint(placed: &Placed<'_>, mender: Mender) -> Finding {
    let found = placed.finding;
    let mut message = match found.consequence.as_str() {
        "" => found.cause.clone(),
        consequence => format!("{}: {consequence}", found.cause),
    };
    if let Some(place) = &placed.place {
        message = format!("{message} ({}:{})", place.file, place.line);
    }
    if let Some(why) = &found.allowed {
        message = format!("{message} — allowed: {why}");
    }
    let severity = match found.severity {
        _ if !found.is_open() => Severity::Note,
        lint::Severity::Error => Severity::Error,
        lint::Severity::Warning => Severity::Warning,
        lint::Severity::Info => Severity::Note,
    };
    Finding {
        severity,
        mender,
        code: found.code().to_owned(),
        subject: found.subject.to_string(),
        message,
        cure: (!found.cure.is_empty() && found.is_open()).then(|| as_command(&found.cure)),
    }
}

/// The option that a cure names as a command that can be typed.
fn as_command(cure: &str) -> String {
    const OPTION: &str = "--replace ";
    let Some((before, after)) = cure.split_once(OPTION) else {
        return cure.to_owned();
    };
    if before.contains('`') || before.ends_with("recreate ") {
        return cure.to_owned();
    }
    let end = after.find([' ', ',', ';', ')']).unwrap_or(after.len());
    let (name, rest) = after.split_at(end);
    format!("{before}`certs recreate {OPTION}{name}`{rest}")
}

impl Severity {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
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
            Self::Warning => "▸",
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
        let own_cure = member.cure.as_deref().filter(|_| cure.is_none());
        item(member, own_cure, html);
    }
    html.raw("</ul>");
    if members.len() > MOST_OPEN {
        html.raw("</details>");
    }
    html.raw("</article>\n");
}

fn item(finding: &Finding, cure: Option<&str>, html: &mut Markup) {
    html.raw("<li><b>");
    path(&finding.subject, html);
    html.raw("</b> ");
    prose(&finding.message, html);
    if let Some(cure) = cure {
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
    let words = code.replace('-', " ").replace("sans ", "SANs ");
    let mut letters = words.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_becomes_a_command() {
        assert_eq!(
            as_command("or replace it: --replace ca/web, then commit"),
            "or replace it: `certs recreate --replace ca/web`, then commit"
        );
        for whole in [
            "settle ca/web first",
            "type: certs recreate --replace ca/web",
        ] {
            assert_eq!(as_command(whole), whole);
        }
    }

    #[test]
    fn codes_read_as_sentences() {
        assert_eq!(sentence("renewal-due"), "Renewal due");
        assert_eq!(sentence("sans-changed"), "SANs changed");
    }
}
