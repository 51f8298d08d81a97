//! What matters now: how many are in which state, what ends next, what waits for a person and what to type.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::{Finding, Mender, Page, Severity, path, prose};
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
    for (state, number) in page.status.tally() {
        html.open("li", &[("class", &grade(state))]);
        html.open(
            "a",
            &[("href", &"#certificates"), ("data-state", &state.code())],
        );
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
        if finding.severity != Severity::Error || finding.mender == Mender::Run {
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
        html.raw("<p><a href=\"#findings\">")
            .text(more)
            .raw(" more</a></p>");
    }
    html.raw("</article>\n");
}

fn decision(cure: &str, members: &[&Finding], html: &mut Markup) {
    let mut subjects: Vec<&str> = members
        .iter()
        .map(|member| member.subject.as_str())
        .collect();
    subjects.dedup();
    html.raw("<li><b>");
    path(subjects.first().copied().unwrap_or_default(), html);
    html.raw("</b>");
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

/// What ends on one day in one state counts as one.
fn next_ends(page: &Page<'_>, html: &mut Markup) {
    let now = page.status.now;
    let entries = page.status.entries.iter();
    let ends = entries.filter_map(|entry| Some((entry.facts?.not_after, entry)));
    let (ended, coming): (Vec<_>, Vec<_>) = ends.partition(|(end, _)| *end < now);
    let mut days: BTreeMap<(String, State), Vec<(OffsetDateTime, &Entry<'_>)>> = BTreeMap::new();
    for (end, entry) in coming {
        let day = (Moment(end).to_string(), entry.state());
        days.entry(day).or_default().push((end, entry));
    }
    html.raw("<article><h3>Ends next</h3>");
    if !ended.is_empty() {
        html.raw("<p class=\"bad\"><i>✕</i> ");
        html.text(count(ended.len(), "certificate has", "certificates have"));
        html.raw(" ended</p>");
    }
    html.raw("<ol class=\"plain ends\">");
    for ((day, state), members) in days.iter().take(MOST) {
        html.open("li", &[("class", &grade(*state))]);
        let left = members.iter().map(|(end, _)| *end - now).min();
        html.element(
            "span",
            &[("class", &"n")],
            left.map(span).unwrap_or_default(),
        );
        html.raw("<b>");
        if let Some((_, first)) = members.first() {
            path(&first.id.to_string(), html);
        }
        html.raw("</b>");
        if members.len() > 1 {
            html.raw("<small>and ")
                .text(members.len() - 1)
                .raw(" more</small>");
        }
        html.element("time", &[], day).raw("</li>");
    }
    html.raw("</ol></article>\n");
}

/// What to type, in the order in which it helps.
fn commands(page: &Page<'_>, html: &mut Markup) {
    let has = |mender| {
        let findings = page.findings.iter();
        let mut open = findings.filter(|finding| finding.severity != Severity::Note);
        open.any(|finding| finding.mender == mender)
    };
    let mut lines: Vec<(&str, &str)> = Vec::new();
    if has(Mender::Person) {
        lines.push(("certs check", "every finding, with the line it comes from"));
    }
    if has(Mender::Run) {
        lines.push(("certs plan", "what would be done, and every reason"));
        lines.push((
            "certs recreate",
            "renews, makes and seals what is not as declared",
        ));
        lines.push(("git add -A && git commit", "then switch the hosts"));
    }
    if !page.at_large.is_empty() {
        lines.push((
            "certs history",
            "what is out of the tree and still accepted",
        ));
    }
    lines.push((
        "certs exposure",
        "what a lost key opens, and what closes it",
    ));
    html.raw("<article><h3>To type</h3><dl class=\"type\">");
    for (command, what) in lines {
        html.raw("<dt><code>").text(command).raw("</code></dt><dd>");
        html.text(what).raw("</dd>");
    }
    html.raw("</dl></article>\n");
}
