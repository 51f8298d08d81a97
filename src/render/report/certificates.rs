//! Every authority, certificate and key pair, one line each that opens; the script only searches in them.

use time::OffsetDateTime;

use super::{Page, path, reader};
use crate::plan::Reason;
use crate::render::graph::{glyph, grade};
use crate::render::markup::Markup;
use crate::render::words::span;
use crate::status::{Entry, Reader, State};
use crate::x509::digest::sha256;
use crate::x509::hex::to_hex;
use crate::x509::{CertificateFacts, Moment};

pub(super) fn section(page: &Page<'_>, html: &mut Markup) {
    html.raw("<section id=\"certificates\"><h2>Certificates</h2>\n<form id=\"filter\" hidden><input type=\"search\" id=\"q\" ");
    html.raw("placeholder=\"Search names, subjects, serials…\" aria-label=\"Search\" autocomplete=\"off\" spellcheck=\"false\">");
    for (id, all) in [
        ("state", "any state"),
        ("authority", "any authority"),
        ("host", "any host"),
    ] {
        html.open("select", &[("id", &id), ("aria-label", &id)]);
        html.element("option", &[("value", &"")], all)
            .raw("</select>");
    }
    html.raw("<select id=\"order\" aria-label=\"order\"><option value=\"\">as declared</option><option value=\"end\">first to end</option>");
    html.raw("<option value=\"state\">worst first</option></select><output id=\"shown\"></output></form>\n");
    html.raw("<div class=\"head\" aria-hidden=\"true\"><span>State</span><span>Certificate</span><span>Subject</span><span>Ends</span><span class=\"n\">Left</span></div>\n<div id=\"rows\">");
    for entry in page.status.certified() {
        certificate(entry, page.status.now, html);
    }
    for pair in page.status.key_pairs() {
        key_pair(pair, html);
    }
    html.raw("</div></section>\n");
}

fn certificate(entry: &Entry<'_>, now: OffsetDateTime, html: &mut Markup) {
    let facts = entry.facts;
    line(entry.state(), &entry.id.to_string(), html);
    let subject = facts.map(|facts| facts.subject.to_string());
    html.element("span", &[], subject.unwrap_or_default());
    html.element("time", &[], day(facts.map(|facts| facts.not_after)));
    let left = entry.left(now).map(span).unwrap_or_default();
    html.element("em", &[], left).raw("</summary><dl>");
    reasons(&entry.reasons, html);
    if let Some(facts) = facts {
        details(facts, entry.renewal, html);
    }
    blocks(entry, html);
    readers(&entry.readers, html);
    html.raw("</dl></details>\n");
}

fn key_pair(pair: &Entry<'_>, html: &mut Markup) {
    line(pair.state(), &pair.id.to_string(), html);
    html.raw("<span>shared key pair</span><time></time><em></em></summary><dl>");
    reasons(&pair.reasons, html);
    let owners: Vec<String> = pair.owners.iter().map(ToString::to_string).collect();
    field("On", &owners.join(", "), html);
    blocks(pair, html);
    readers(&pair.readers, html);
    html.raw("</dl></details>\n");
}

fn line(state: State, id: &str, html: &mut Markup) {
    html.open("details", &[("class", &grade(state))]);
    html.raw("<summary><i>")
        .text(glyph(state))
        .raw("</i><span class=\"w\">");
    html.text(state.code()).raw("</span><b>");
    path(id, html);
    html.raw("</b>");
}

fn details(facts: &CertificateFacts, renewal: Option<OffsetDateTime>, html: &mut Markup) {
    let sans: Vec<String> = facts.sans.iter().map(ToString::to_string).collect();
    field("Names", &sans.join(", "), html);
    let usages: Vec<String> = facts.usages().words().map(str::to_owned).collect();
    field("Usages", &usages.join(", "), html);
    field("Issuer", &facts.issuer.to_string(), html);
    let renews = renewal.map(|renewal| format!(", to be renewed from {}", Moment(renewal)));
    let valid = format!(
        "{} to {}{}",
        Moment(facts.not_before),
        Moment(facts.not_after),
        renews.unwrap_or_default()
    );
    field("Valid", &valid, html);
    mono("Serial", &facts.serial_hex(), html);
    mono("SHA-256", &to_hex(&sha256(&facts.der)), html);
    let key = format!("{} {}", facts.key, facts.key_fingerprint);
    mono("Key", &key, html);
}

fn reasons(reasons: &[Reason], html: &mut Markup) {
    let reasons: Vec<String> = reasons.iter().map(ToString::to_string).collect();
    field("Why", &reasons.join("; "), html);
}

/// Who reads the file trusts each of these as well.
fn blocks(entry: &Entry<'_>, html: &mut Markup) {
    for block in entry.further_blocks() {
        field("Also in its file", &block.to_string(), html);
    }
}

fn readers(readers: &[Reader], html: &mut Markup) {
    let names: Vec<String> = readers.iter().map(reader).collect();
    let shown = if names.is_empty() {
        "none: no sealed key in the tree".to_owned()
    } else {
        names.join(", ")
    };
    field("Opened by", &shown, html);
}

fn field(name: &'static str, value: &str, html: &mut Markup) {
    if !value.is_empty() {
        html.element("dt", &[], name).element("dd", &[], value);
    }
}

fn mono(name: &'static str, value: &str, html: &mut Markup) {
    html.element("dt", &[], name);
    html.raw("<dd><code>").text(value).raw("</code></dd>");
}

fn day(moment: Option<OffsetDateTime>) -> String {
    moment
        .map(|moment| Moment(moment).to_string())
        .unwrap_or_default()
}
