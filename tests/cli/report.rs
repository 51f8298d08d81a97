//! The report as a document: its parts, its policy, and that no name in it becomes anything but text.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use certs::x509::digest::sha256;
use serde_json::json;

use crate::project::Project;

const HOSTILE: &str = "</script>\"'><img src=x onerror=alert(1)>&amp; שלום 🔑";

/// A fleet in which everything that a person can name is unfriendly.
fn hostile() -> Project {
    let project = Project::new();
    let [ada, bob] = project.operators();
    let ssh = certs::seal::keygen::ssh_identity("x").unwrap().recipient;
    let key = ssh.rsplit_once(' ').unwrap().0;
    let operator = format!("{key} {HOSTILE}");
    let fleet = project
        .declared()
        .with("cp1/root/server", "commonName", json!(HOSTILE))
        .with("ca/root", "names", json!([["O", HOSTILE]]))
        .operated_by(&[ada, bob, &operator]);
    project.declare(&fleet);
    project.recreate();
    project
}

fn report(project: &Project, arguments: &[&str]) -> String {
    let arguments = [&["report", "-o", "-"], arguments].concat();
    project.run(&arguments).exits_with(0).stdout()
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let from = text
        .split_once(start)
        .unwrap_or_else(|| panic!("no {start}"))
        .1;
    from.split_once(end).unwrap_or_else(|| panic!("no {end}")).0
}

/// Elements that have no end tag (HTML Living Standard §13.1.2).
const VOID: [&str; 4] = ["meta", "input", "wbr", "!doctype"];

/// The name of every element; fails where one is not closed in its turn.
fn elements(html: &str) -> Vec<String> {
    let (mut rest, mut open, mut names) = (html, Vec::new(), Vec::new());
    while let Some((_, from)) = rest.split_once('<') {
        let mut quoted = false;
        let end = from
            .find(|c| {
                quoted ^= c == '"';
                c == '>' && !quoted
            })
            .unwrap_or_else(|| panic!("a tag that does not end: {from:.80}"));
        let (tag, after) = from.split_at(end);
        rest = &after[1..];
        let name = tag
            .split([' ', '\n', '/'])
            .find(|word| !word.is_empty())
            .unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "before {rest:.80}");
        } else if !tag.ends_with('/') && !VOID.contains(&name) {
            open.push(name.to_owned());
            names.push(name.to_owned());
            if name == "style" || name == "script" {
                rest = &rest[rest.find("</").unwrap()..];
            }
        }
    }
    assert_eq!(open, [] as [String; 0]);
    names
}

#[test]
fn has_every_part_and_every_certificate() {
    let html = report(&Project::made(), &["--title", "Our cluster"]);
    assert_eq!(between(&html, "<title>", "</title>"), "Our cluster");
    for part in ["now", "time", "map", "access", "findings", "certificates"] {
        assert!(html.contains(&format!("<section id=\"{part}\">")), "{part}");
    }
    assert_eq!(html.matches("<details class=").count(), 2);
    let rows = between(&html, "<div id=\"rows\">", "</section>");
    for said in [
        "cp1/<wbr>root/<wbr>server",
        "dns:server.example",
        "server auth",
        "host cp1",
    ] {
        assert!(rows.contains(said), "{said}: {rows}");
    }
    elements(&html);
}

#[test]
fn nothing_but_its_own_style_and_script_is_allowed() {
    let html = report(&hostile(), &[]);
    let digest = |text: &str| {
        format!(
            "'sha256-{}'",
            BASE64_STANDARD.encode(sha256(text.as_bytes()))
        )
    };
    let style = digest(between(&html, "<style>", "</style>"));
    let script = digest(between(&html, "<script>", "</script>"));
    let policy = between(&html, "Content-Security-Policy\" content=\"", "\"").replace("&#39;", "'");
    assert_eq!(
        policy,
        format!(
            "default-src 'none'; style-src {style}; script-src {script}; base-uri 'none'; form-action 'none'"
        )
    );
    assert!(html.find("Content-Security-Policy") < html.find("<style>"));
}

#[test]
fn asks_for_nothing_outside() {
    let html = report(&hostile(), &[]);
    let without_namespace = html.replace("http://www.w3.org/2000/svg", "");
    for word in [
        "http:", "https:", "url(", "@import", " style=", " src=\"", "<link", "<iframe",
    ] {
        assert!(!without_namespace.contains(word), "{word}");
    }
}

#[test]
fn no_name_becomes_markup() {
    let project = hostile();
    let title = format!("{HOSTILE}\u{202e}gnp");
    let html = report(&project, &["--title", &title]);
    let names = elements(&html);
    assert!(!names.iter().any(|name| name == "img"), "{names:?}");
    assert_eq!(names.iter().filter(|name| *name == "script").count(), 1);
    // The title, the subject and the operator, each with its letters.
    let shown = "&lt;/script&gt;&quot;&#39;&gt;&lt;img src=x onerror=alert(1)&gt;&amp;amp; שלום 🔑";
    assert!(html.matches(shown).count() > 6);
    assert!(html.contains("\\u{202e}gnp") && !html.contains('\u{202e}'));
    for format in ["svg", "mermaid"] {
        let drawn = project
            .run(&["graph", "--format", format])
            .exits_with(0)
            .stdout();
        assert!(
            drawn.contains("שלום") && !drawn.contains('\u{202e}'),
            "{drawn}"
        );
        assert!(!drawn.contains("<img"), "{drawn}");
    }
}

#[test]
fn says_what_is_wrong_and_what_to_type() {
    let project = Project::made();
    project.declare(
        &project
            .declared()
            .with("ca/root", "commonName", json!("other")),
    );
    let html = report(&project, &[]);
    let now = between(&html, "<section id=\"now\">", "</section>");
    assert!(
        now.contains("<code>certs recreate --replace ca/root</code>"),
        "{now}"
    );
    let findings = between(&html, "<section id=\"findings\">", "</section>");
    assert!(findings.contains("Subject changed"), "{findings}");
    // Of the lints, beside what the plan says.
    assert!(findings.contains("Name constraints missing"), "{findings}");
}

#[test]
fn writes_a_file_unless_told_otherwise() {
    let project = Project::made();
    let text = project.run(&["report"]).exits_with(0).text();
    assert!(text.contains("wrote report.html"), "{text}");
    assert!(project.read("report.html").starts_with(b"<!doctype html>"));
}

#[test]
fn without_git_it_says_what_was_not_looked_at() {
    let project = Project::made();
    let mut command = project.command();
    let arguments = ["report", "-o", "-", "--manifest", "manifest.json"];
    command.args(arguments).env("PATH", project.path("home"));
    let run = project.finish(&mut command).exits_with(0);
    let html = run.stdout();
    assert!(
        html.contains("Older versions of the files were not looked at."),
        "{html}"
    );
    assert!(
        html.contains("cp1/<wbr>root/<wbr>server") && html.contains("Who can open what"),
        "{html}"
    );
    assert_eq!(
        run.stderr(),
        "warning: `git` is not on the PATH, so older versions of the files were not looked at\n"
    );
}

#[test]
fn names_the_lists_and_what_expired_where_it_says_what_matters_now() {
    let project = Project::made();
    project.run(&["crl", "root"]).exits_with(0);
    let page = report(&project, &[]);
    let now = between(&page, "<h2>What matters now</h2>", "</section>");
    assert!(now.contains("Nothing waits for a decision."), "{now}");
    assert!(now.contains("certs/<wbr>ca/<wbr>root.crl"), "{now}");
    // Everything that is missing is made by the next run, and nothing is calm until then.
    project.remove("certs/derived/cp1/root-server.crt");
    project.remove("certs/derived/cp1/root-server.key.age");
    let page = report(&project, &[]);
    let now = between(&page, "<h2>What matters now</h2>", "</section>");
    assert!(!now.contains("Nothing waits"), "{now}");
    assert!(
        now.contains("for <code>certs recreate</code>; no decision is needed"),
        "{now}"
    );
}

#[test]
fn shows_every_finding_of_check() {
    let project = hostile();
    project.write("certs/derived/cp1/stray.txt", b"x");
    project.write("certs/secrets.nix", b"{ broken");
    let check = project.run(&["check", "--format", "json"]).json();
    let page = report(&project, &[]);
    let findings = between(&page, "<h2>Findings</h2>", "</section>").to_lowercase();
    for finding in check["findings"].as_array().unwrap() {
        let code = finding["code"].as_str().unwrap();
        assert!(
            findings.contains(&code.replace('-', " ")),
            "{code}: {findings}"
        );
    }
}
