//! What matters now: how many are in which state, what ends next, what waits for a person and what to type.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::{Finding, Mender, Page, Severity, path, prose};
use crate::fleet::ListState;
use crate::render::graph::{glyph, grade};
use crate::render::markup::Markup;
use crate::render::words::{count, span};
use crate::x509::Moment;

/// So many lines make a list that is read.
const MOST: usize = 6;

pub(super) fn section(page: &Page<'_>, html: &mut Markup) {
    html.raw("<section id=\"now\"><h2>What matters now</h2>\n");
    tally(page, html);
    html.raw("<div class=\"cards\">");
    decisions(page, html);
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

fn decisions(page: &Page<'_>, html: &mut Markup) {
    html.raw("<article><h3>Needs a person</h3>");
    let mut waiting: Vec<(&str, Vec<&Finding>)> = Vec::new();
    for finding in page.findings {
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
        calm(page, html);
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

/// That nothing waits for a person is good news only where nothing is broken.
fn calm(page: &Page<'_>, html: &mut Markup) {
    let entries = page.status.entries.iter();
    let broken = entries
        .filter(|entry| grade(entry.state()) == "bad")
        .count();
    if broken == 0 {
        html.raw("<p class=\"calm\">✓ Nothing waits for a decision.</p>");
        return;
    }
    html.raw("<p class=\"bad\"><i>✕</i> ");
    html.text(broken);
    html.raw(if broken == 1 { " waits" } else { " wait" });
    html.raw(" for <code>certs recreate</code>; no decision is needed</p>");
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

/// Something with an end.
struct End {
    when: OffsetDateTime,
    /// How it does.
    class: &'static str,
    label: String,
}

fn ends(page: &Page<'_>) -> Vec<End> {
    let entries = page.status.entries.iter();
    let certificates = entries.filter_map(|entry| {
        Some(End {
            when: entry.facts?.not_after,
            class: grade(entry.state()),
            label: entry.id.to_string(),
        })
    });
    let lists = page.status.lists.iter().filter_map(|list| {
        Some(End {
            when: list.last.as_ref()?.next_update?,
            class: match list.state {
                ListState::Good => "good",
                ListState::Due => "warn",
                _ => "bad",
            },
            label: list.authority.crl.to_string(),
        })
    });
    certificates.chain(lists).collect()
}

/// What ends on one day and does as well counts as one.
fn next_ends(page: &Page<'_>, html: &mut Markup) {
    let now = page.status.now;
    let (ended, coming): (Vec<End>, Vec<End>) =
        ends(page).into_iter().partition(|end| end.when < now);
    let mut days: BTreeMap<(String, &str), Vec<End>> = BTreeMap::new();
    for end in coming {
        let day = (Moment(end.when).to_string(), end.class);
        days.entry(day).or_default().push(end);
    }
    html.raw("<article><h3>Ends next</h3>");
    let lists = page.status.lists.iter();
    let files: Vec<String> = lists.map(|list| list.authority.crl.to_string()).collect();
    let (lists, certificates): (Vec<&End>, Vec<&End>) =
        ended.iter().partition(|end| files.contains(&end.label));
    let expired = [
        (certificates.len(), "certificate has", "certificates have"),
        (lists.len(), "CRL has", "CRLs have"),
    ];
    for (number, one, many) in expired {
        if number > 0 {
            html.raw("<p class=\"bad\"><i>✕</i> ");
            html.text(count(number, one, many));
            html.raw(" ended</p>");
        }
    }
    html.raw("<ol class=\"plain ends\">");
    for ((day, class), members) in days.iter().take(MOST) {
        html.open("li", &[("class", class)]);
        let left = members.iter().map(|end| end.when - now).min();
        html.element(
            "span",
            &[("class", &"n")],
            left.map(span).unwrap_or_default(),
        );
        html.raw("<b>");
        if let Some(first) = members.first() {
            path(&first.label, html);
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
        lines.push(("certs plan", "the steps of the next run, with every reason"));
        lines.push((
            "certs recreate",
            "renews, makes and seals what is not as declared",
        ));
        lines.push(("git add -A && git commit", "then switch the hosts"));
    }
    if !page.at_large.is_empty() {
        lines.push((
            "certs history",
            "certificates that are gone from the tree and still accepted",
        ));
    }
    lines.push((
        "certs exposure",
        "what a stolen key decrypts, and how to recover",
    ));
    html.raw("<article><h3>To type</h3><dl class=\"type\">");
    for (command, what) in lines {
        html.raw("<dt><code>").text(command).raw("</code></dt><dd>");
        html.text(what).raw("</dd>");
    }
    html.raw("</dl></article>\n");
}
