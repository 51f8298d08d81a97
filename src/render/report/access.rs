//! Who can open what: holders by what a theft of their key would mean, the keys of authorities, and certificates nobody uses any more.

use std::collections::BTreeMap;

use super::{Page, Past, path, reader};
use crate::history::{Acceptance, End, Exposure, Holder, Judged, Power, Standing};
use crate::render::markup::Markup;
use crate::render::words::{count, span};
use crate::x509::Moment;

/// What one stolen key would give.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Reach {
    authorities: usize,
    masters: usize,
    token_keys: usize,
    identities: usize,
    keys_now: usize,
    keys_ever: usize,
}

/// Holders who could do the same: one operator, or hosts.
struct Line {
    kind: Kind,
    reach: Reach,
    names: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Host,
    Operator,
    /// Declared no more.
    Former,
}

impl Line {
    fn of(kind: Kind, reach: Reach, name: &str) -> Self {
        Self {
            kind,
            reach,
            names: vec![name.to_owned()],
        }
    }
}

/// So many names stand in a line; the others are folded.
const MOST_NAMES: usize = 4;
/// So many superseded certificates are listed.
const MOST_AT_LARGE: usize = 25;

pub(super) fn section(page: &Page<'_>, html: &mut Markup) {
    html.raw("<section id=\"access\"><h2>Who can open what</h2>\n");
    html.raw("<p class=\"lead\">Holders whose stolen key could do most come first. Hosts with equal figures share a line.");
    if page.past != Past::Unknown {
        html.raw(" What Git still has in older versions is counted: sealing a key again does not take it back.");
    }
    html.raw("</p>\n");
    ranking(page, html);
    authorities(page, html);
    at_large(page, html);
    html.raw("</section>\n");
}

fn ranking(page: &Page<'_>, html: &mut Markup) {
    let mut lines: Vec<Line> = Vec::new();
    let mut places: BTreeMap<Reach, usize> = BTreeMap::new();
    for exposure in page.exposures {
        let reach = reach(exposure);
        match &exposure.holder {
            Holder::Operator(name) => lines.push(Line::of(Kind::Operator, reach, name)),
            Holder::FormerHost(_) | Holder::Former(_) | Holder::Artifact(_) => {
                let name = exposure.holder.to_string();
                lines.push(Line::of(Kind::Former, reach, &name));
            }
            Holder::Host(name) => {
                let place = *places.entry(reach).or_insert(lines.len());
                match lines.get_mut(place) {
                    Some(line) => line.names.push(name.to_string()),
                    None => lines.push(Line::of(Kind::Host, reach, name.as_str())),
                }
            }
        }
    }
    html.raw("<div class=\"scroll\" tabindex=\"0\"><table><thead><tr><th>Holder</th><th class=\"n\">Authorities</th>");
    html.raw("<th class=\"n\">system:masters</th><th class=\"n\">Token keys</th><th class=\"n\">Identities</th><th class=\"n\">Keys now</th>");
    html.raw("<th class=\"n\">Keys ever</th></tr></thead><tbody>");
    for Line { kind, reach, names } in &lines {
        html.raw("<tr><th scope=\"row\">");
        holders(*kind, names, html);
        html.raw("</th>");
        figure(reach.authorities, "bad", html);
        figure(reach.masters, "bad", html);
        figure(reach.token_keys, "bad", html);
        figure(reach.identities, "", html);
        figure(reach.keys_now, "", html);
        figure(reach.keys_ever, "", html);
        html.raw("</tr>");
    }
    html.raw("</tbody></table></div>\n");
}

fn reach(exposure: &Exposure<'_>) -> Reach {
    let identities = exposure.identities();
    Reach {
        authorities: exposure.authorities(),
        masters: exposure.masters(),
        token_keys: exposure.token_keys(),
        identities: identities.len(),
        keys_now: exposure
            .keys
            .iter()
            .filter(|key| key.version.end == End::Now)
            .count(),
        keys_ever: exposure.keys.len(),
    }
}

fn holders(kind: Kind, names: &[String], html: &mut Markup) {
    let (one, many) = match kind {
        Kind::Host => ("host", "hosts"),
        Kind::Operator => ("operator", "operators"),
        // Its name says what it was.
        Kind::Former => {
            html.text(names.join(", "));
            return;
        }
    };
    let shown: Vec<&str> = names.iter().take(MOST_NAMES).map(String::as_str).collect();
    html.text(shown.join(", ")).raw(" <small>");
    match names.len() {
        1 => {
            html.text(one);
        }
        number if number <= MOST_NAMES => {
            html.text(count(number, one, many));
        }
        number => {
            html.raw("and ")
                .text(number - MOST_NAMES)
                .raw(" more</small><details><summary>");
            html.text(count(number, one, many)).raw("</summary><small>");
            html.text(names.join(", ")).raw("</small></details><small>");
        }
    }
    html.raw("</small>");
}

fn figure(number: usize, class: &'static str, html: &mut Markup) {
    let class = if number > 0 { class } else { "none" };
    html.open("td", &[("class", &format!("n {class}"))]);
    html.text(number).raw("</td>");
}

fn authorities(page: &Page<'_>, html: &mut Markup) {
    html.raw("<h3>Keys that others stand or fall with</h3><div class=\"scroll\" tabindex=\"0\"><table><thead><tr><th>Key</th>");
    html.raw("<th>Opened by</th></tr></thead><tbody>");
    let entries = page.status.entries.iter();
    let authorities = entries.filter(|entry| entry.id.is_authority());
    for entry in authorities
        .chain(page.status.key_pairs())
        .chain(page.status.host_keys())
    {
        let readers: Vec<String> = entry.readers.iter().map(reader).collect();
        html.raw("<tr>")
            .element("th", &[("scope", &"row")], &entry.id);
        if readers.is_empty() {
            html.raw("<td class=\"off\"><i>○</i> none here: its key is not in the tree</td></tr>");
        } else {
            html.element("td", &[], readers.join(", ")).raw("</tr>");
        }
    }
    html.raw("</tbody></table></div>\n");
}

fn at_large(page: &Page<'_>, html: &mut Markup) {
    if page.at_large.is_empty() {
        return;
    }
    html.raw("<h3>No longer in the tree, still accepted <span class=\"count\">")
        .text(page.at_large.len());
    html.raw("</span></h3><p class=\"lead\">Verifiers that trust the issuer take these until they end or are revoked.</p>");
    html.raw("<div class=\"scroll\" tabindex=\"0\"><table><thead><tr><th>Subject</th><th>File</th><th>Ends</th><th class=\"n\">Left</th></tr></thead><tbody>");
    for issued in page.at_large.iter().take(MOST_AT_LARGE) {
        superseded(issued, page.status.now, html);
    }
    html.raw("</tbody></table></div>");
    let more = page.at_large.len().saturating_sub(MOST_AT_LARGE);
    if more > 0 {
        html.raw("<p>")
            .text(more)
            .raw(" more: <code>certs history</code></p>");
    }
}

fn superseded(judged: &Judged<'_>, now: time::OffsetDateTime, html: &mut Markup) {
    let facts = judged.issued.facts;
    html.raw("<tr>");
    html.open("th", &[("scope", &"row")]).text(&facts.subject);
    let chip = match (judged.issued.standing, judged.power) {
        (Standing::Predecessor, _) => Some("old CA, still in its bundle"),
        (_, Power::Authority) => Some("authority"),
        (_, Power::Masters) => Some("system:masters"),
        (_, Power::AsMasters) => Some("as good as system:masters"),
        (_, Power::Limited) => None,
    };
    let revoked = (judged.acceptance == Acceptance::RevokedUnread)
        .then_some("revoked, and Kubernetes reads no CRL");
    for chip in chip.into_iter().chain(revoked) {
        html.raw(" <span class=\"chip bad\"><i>!</i> ");
        html.text(chip);
        html.raw("</span>");
    }
    html.raw("</th><td class=\"file\">");
    path(&judged.issued.version.path, html);
    html.raw("</td>");
    html.raw("<td>")
        .element("time", &[], Moment(facts.not_after))
        .raw("</td>");
    html.element("td", &[("class", &"n")], span(facts.not_after - now))
        .raw("</tr>");
}
