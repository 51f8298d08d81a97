//! What matters now: how many are in which state, what ends next, what waits for a person and what to type.

use super::{Finding, Page, Severity, prose};
use crate::model::Moment;
use crate::render::graph::{glyph, grade};
use crate::render::markup::Markup;
use crate::render::words::{count, span};
use crate::status::{Entry, State};

/// So many lines make a list that is read.
const MOST: usize = 6;

pub(super) fn section(page: &Page<'_>, html: &mut Markup) {
    html.raw("<section id=\"now\"><h2>What matters now</h2>\n");
    tally(page, html);
    html.raw("<div class=\"cards\">");
    decisions(page.findings, html);
    next_ends(page, html);
    commands(page, html);
    html.raw("</div></section>\n");
}

fn tally(page: &Page<'_>, html: &mut Markup) {
    html.raw("<ul class=\"tally\">");
    for state in State::ALL {
        let entries = page.status.entries.iter().map(|entry| entry.state);
        let pairs = page.key_pairs.iter().map(|pair| pair.state);
        let number = entries.chain(pairs).filter(|found| *found == state).count();
        if number == 0 {
            continue;
        }
        html.open("li", &[("class", &grade(state))]);
        html.open("a", &[("href", &"#certificates"), ("data-state", &state.code())]);
        html.raw("<b>").text(number).raw("</b><span><i>");
        html.text(glyph(state)).raw("</i> ").text(state.code());
        html.raw("</span></a></li>");
    }
    html.raw("</ul>\n");
}

fn decisions(findings: &[Finding], html: &mut Markup) {
    html.raw("<article><h3>Needs a person</h3>");
    let mut waiting: Vec<(&str, Vec<&Finding>)> = Vec::new();
    for finding in findings {
        if finding.severity != Severity::Error {
            continue;
        }
        let cure = finding.cure.as_deref().unwrap_or_default();
        match waiting.iter_mut().find(|(known, _)| *known == cure) {
            Some((_, members)) => members.push(finding),
            None => waiting.push((cure, vec![finding])),
        }
    }
    if waiting.is_empty() {
        html.raw("<p class=\"calm\">✓ Nothing waits for a decision.</p>");
    } else {
        html.raw("<ul class=\"plain\">");
    }
    for (cure, members) in waiting.iter().take(MOST) {
        decision(cure, members, html);
    }
    if !waiting.is_empty() {
        html.raw("</ul>");
    }
    if waiting.len() > MOST {
        let more = waiting.len() - MOST;
        html.raw("<p><a href=\"#findings\">").text(more).raw(" more</a></p>");
    }
    html.raw("</article>\n");
}

fn decision(cure: &str, members: &[&Finding], html: &mut Markup) {
    let mut subjects: Vec<&str> = members.iter().map(|member| member.subject.as_str()).collect();
    subjects.dedup();
    html.raw("<li><b>");
    html.text(subjects.first().copied().unwrap_or_default()).raw("</b>");
    if subjects.len() > 1 {
        html.raw(" and ").text(subjects.len() - 1).raw(" more");
    }
    html.raw(": ");
    if let Some(first) = members.first() {
        prose(&first.message, html);
    }
    html.raw("<div class=\"cure\">");
    prose(cure, html);
    html.raw("</div></li>");
}

fn next_ends(page: &Page<'_>, html: &mut Markup) {
    let now = page.status.now;
    let mut ends: Vec<(&Entry<'_>, time::OffsetDateTime)> = page
        .status
        .entries
        .iter()
        .filter_map(|entry| Some((entry, entry.facts?.not_after)))
        .collect();
    ends.sort_by_key(|(_, end)| *end);
    let ended = ends.iter().filter(|(_, end)| *end < now).count();
    html.raw("<article><h3>Ends next</h3>");
    if ended > 0 {
        html.raw("<p class=\"bad\"><i>✕</i> ");
        html.text(count(ended, "certificate has", "certificates have"));
        html.raw(" ended</p>");
    }
    html.raw("<ol class=\"plain ends\">");
    for (entry, end) in ends.iter().filter(|(_, end)| *end >= now).take(MOST) {
        html.open("li", &[("class", &grade(entry.state))]);
        html.element("span", &[("class", &"n")], span(*end - now));
        html.element("b", &[], &entry.id);
        html.element("time", &[], Moment(*end)).raw("</li>");
    }
    html.raw("</ol></article>\n");
}

/// What to type, in the order in which it helps.
fn commands(page: &Page<'_>, html: &mut Markup) {
    let has = |severity| page.findings.iter().any(|finding| finding.severity == severity);
    let mut lines: Vec<(&str, &str)> = Vec::new();
    if has(Severity::Error) || has(Severity::Warning) {
        lines.push(("certs plan", "what would be done, and every reason"));
    }
    if has(Severity::Warning) {
        lines.push(("certs recreate", "renews, makes and seals what is not as declared"));
        lines.push(("git add -A && git commit", "then switch the hosts"));
    }
    if !page.at_large.is_empty() {
        lines.push(("certs history", "what is out of the tree and still accepted"));
    }
    lines.push(("certs exposure", "what a lost key opens, and what closes it"));
    html.raw("<article><h3>To type</h3><dl class=\"type\">");
    for (command, what) in lines {
        html.raw("<dt><code>").text(command).raw("</code></dt><dd>");
        html.text(what).raw("</dd>");
    }
    html.raw("</dl></article>\n");
}
