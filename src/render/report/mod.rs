//! The whole fleet as one page that needs nothing but itself: no network, no script to be read. What is worth saying about a fleet is
//! decided below; here it is put together.

mod access;
mod certificates;
mod findings;
mod now;
mod timeline;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

pub use findings::{Finding, Mender, Severity, of_check};

use super::graph::svg::{PALETTE, RULES, inline};
use super::markup::Markup;
use super::words::count;
use crate::graph::Graph;
use crate::history::{Exposure, Judged};
use crate::status::{Reader, Status};
use crate::x509::Moment;
use crate::x509::digest::sha256;

const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

/// Everything a page shows.
#[derive(Debug)]
pub struct Page<'a> {
    pub title: &'a str,
    pub status: &'a Status<'a>,
    pub graph: &'a Graph,
    pub findings: &'a [Finding],
    /// Whoever could do most with a key first.
    pub exposures: &'a [Exposure<'a>],
    /// Certificates that are not what the tree has, and are still accepted.
    pub at_large: &'a [Judged<'a>],
    pub past: Past,
}

/// How far back `exposures` and `at_large` look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Past {
    /// To the first commit.
    Whole,
    /// As far as a shallow clone goes.
    Shallow,
    /// Only the files of now.
    Unknown,
}

/// The page as HTML.
pub fn html(page: &Page<'_>) -> String {
    let mut html = Markup::default();
    html.raw("<!doctype html>\n<html lang=\"en\">\n");
    head(page, &mut html);
    html.raw("<body>\n");
    banner(page, &mut html);
    html.raw("<main>\n");
    now::section(page, &mut html);
    timeline::section(page, &mut html);
    map(page, &mut html);
    access::section(page, &mut html);
    findings::section(page.findings, &mut html);
    certificates::section(page, &mut html);
    html.raw("</main>\n");
    footer(page, &mut html);
    html.raw("<script>")
        .raw(SCRIPT)
        .raw("</script>\n</body>\n</html>\n");
    html.into_string()
}

/// The policy names the style and the script by their digests, so that nothing else in the page can be either, and nothing at all is
/// fetched (Content Security Policy Level 3 §6.1).
fn head(page: &Page<'_>, html: &mut Markup) {
    let style = [PALETTE, RULES, STYLE].concat();
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        digest(&style),
        digest(SCRIPT)
    );
    html.raw("<head>\n<meta charset=\"utf-8\">\n");
    html.open(
        "meta",
        &[
            ("http-equiv", &"Content-Security-Policy"),
            ("content", &policy),
        ],
    );
    html.raw("\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    html.raw("<meta name=\"referrer\" content=\"no-referrer\">\n");
    html.element("title", &[], page.title);
    html.raw("\n<style>").raw(PALETTE).raw(RULES).raw(STYLE);
    html.raw("</style>\n</head>\n");
}

fn digest(text: &str) -> String {
    BASE64_STANDARD.encode(sha256(text.as_bytes()))
}

fn banner(page: &Page<'_>, html: &mut Markup) {
    let authorities = page.status.certified();
    let authorities = authorities.filter(|entry| entry.id.is_authority()).count();
    let certificates = page.status.certified().count() - authorities;
    let pairs = page.status.key_pairs().count();
    let mut about = vec![
        count(certificates, "certificate", "certificates"),
        count(authorities, "authority", "authorities"),
        count(page.graph.hosts(), "host", "hosts"),
    ];
    if page.graph.others > 0 {
        about.push(count(page.graph.others, "other holder", "other holders"));
    }
    if pairs > 0 {
        about.push(count(pairs, "shared key pair", "shared key pairs"));
    }
    let moment = Moment(page.status.now).rfc3339();
    let shown = moment.replace('T', " ").replace('Z', " UTC");
    html.raw("<header><div><h1>")
        .text(page.title)
        .raw("</h1>\n<p>");
    html.text(about.join(" · ")).raw(" · as of ");
    html.element("time", &[("datetime", &moment)], shown);
    html.raw("</p></div>\n<button type=\"button\" id=\"theme\" hidden>Dark</button></header>\n<nav aria-label=\"Sections\">");
    html.raw("<a href=\"#now\">Now</a><a href=\"#time\">Timeline</a><a href=\"#map\">Trust map</a><a href=\"#access\">Who opens what</a>");
    html.raw(
        "<a href=\"#findings\">Findings</a><a href=\"#certificates\">Certificates</a></nav>\n",
    );
}

fn map(page: &Page<'_>, html: &mut Markup) {
    html.raw("<section id=\"map\"><h2>Trust map</h2>\n<p class=\"lead\">What issued what, and where it is. Lines lead from an authority, or a ");
    html.raw("shared key pair, to the hosts that have something of it; hosts that have the same stand in one box where there are many. ");
    html.raw(
        "Letters say which operators can open a key.</p>\n<div class=\"scroll\" tabindex=\"0\">",
    );
    html.append(&inline(page.graph));
    html.raw("</div></section>\n");
}

fn footer(page: &Page<'_>, html: &mut Markup) {
    html.raw("<footer><p>Written by <code>certs report</code>. It shows what the files and their history say without any key; no private ");
    html.raw("key is in it. It does name hosts, addresses and people.</p>");
    html.raw(match page.past {
        Past::Whole => "",
        Past::Shallow => {
            "<p>The clone it was made in is shallow, so older versions were not seen.</p>"
        }
        Past::Unknown => "<p>Older versions of the files were not looked at.</p>",
    });
    html.raw("</footer>\n");
}

/// A sentence of ours with `commands` in it.
fn prose(text: &str, html: &mut Markup) {
    for (place, part) in text.split('`').enumerate() {
        if place % 2 == 1 {
            html.element("code", &[], part);
        } else {
            html.text(part);
        }
    }
}

/// The name of an artifact or a file, which may break after each part.
fn path(name: &str, html: &mut Markup) {
    for (place, part) in name.split('/').enumerate() {
        if place > 0 {
            html.raw("/<wbr>");
        }
        html.text(part);
    }
}

fn reader(reader: &Reader) -> String {
    match reader {
        Reader::Operator(name) => name.clone(),
        Reader::Host(name) => format!("host {name}"),
        Reader::Hosts(shared) => format!("{} hosts with one key", shared.hosts.len()),
        Reader::Requester => "its requester".to_owned(),
    }
}
