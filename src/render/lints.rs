//! The catalogue of findings, those of the lints and those of files: one in full, all as a list, as a document, as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::paint::{Paint, Tone};
use crate::check;
use crate::lint::catalogue::{self, Chapter};
use crate::lint::{Lint, Rule, Severity};

const WIDTH: usize = 100;

/// Everything that is known of one lint.
pub fn explanation(lint: &Lint, paint: Paint) -> String {
    let mut text = format!(
        "{}: {}\n\n{}\n\nSeverity: {}\n",
        paint.apply(Tone::Strong, lint.code),
        lint.title,
        filled(lint.text),
        lint.rule.words()
    );
    if !lint.example.is_empty() {
        let _ = writeln!(text, "\nIn order:\n\n  {}", lint.example);
    }
    if may_be_allowed(lint) {
        let _ = writeln!(
            text,
            "\nTo live with it, where the artifact or its host is declared:\n\n  allow.{} = \"why it is right here\";",
            lint.code
        );
    }
    let _ = writeln!(text, "\nSee: {}", lint.sources);
    text
}

/// Every code with its title.
pub fn list(paint: Paint) -> String {
    let codes = check::catalogue::chapters().flat_map(|chapter| chapter.lints);
    let width = codes.map(|lint| lint.code.len()).max().unwrap_or_default();
    let mut text = String::new();
    for Chapter { title, lints } in check::catalogue::chapters() {
        let _ = writeln!(text, "{}", paint.apply(Tone::Strong, title));
        for lint in lints {
            let _ = writeln!(text, "  {:width$}  {}", lint.code, lint.title);
        }
        text.push('\n');
    }
    text.push_str("`certs explain CODE` says more about one.\n");
    text
}

/// docs/lints.md.
pub fn markdown() -> String {
    let mut text = String::from(
        "# Lints\n\nMade from the program's own texts: `certs reference lints > docs/lints.md`.\n\n\
         `certs check` and `certs plan` judge what is declared by what the programs it is for will make of it. A guess warns, a declaration is \
         held to: what a\ncertificate is for is declared with `component` (certToolkit.kubernetes sets it) or guessed from its name, common name and \
         usages. Errors\nkeep `certs recreate` from issuing anything; warnings fail only `certs check --strict`.\n\n\
         A finding that is right as it is can be allowed, with the reason: `allow.<code> = \"…\"` on a certificate, in an authority's `ca`, on a key\n\
         pair, or as `certToolkit.allow.<code>` for a whole host.\n",
    );
    for chapter in catalogue::chapters() {
        text.push_str(&part(chapter, ""));
    }
    text.push_str(&part(
        check::catalogue::chapter(),
        "\nThese codes are about files and the plan. `certs plan` and `certs check` show the plan instead, and `certs recreate` mends what is pending; as findings \
         with\nthese codes they stand in `certs check --json` and `--format sarif`. They are not allowed with a reason: \
         declare what is\nwanted.\n",
    ));
    for chapter in check::catalogue::further_chapters() {
        text.push_str(&part(chapter, ""));
    }
    text
}

fn part(Chapter { title, lints }: Chapter, introduction: &str) -> String {
    let sections: String = lints.iter().map(|lint| section(lint)).collect();
    format!("\n## {title}\n{introduction}{sections}")
}

/// Whether a declaration can say that it is right as it is.
fn may_be_allowed(lint: &Lint) -> bool {
    catalogue::find(lint.code).is_some()
}

/// Everything that is known of every lint, or of one.
pub fn json(only: Option<&Lint>) -> Value {
    let entry = |title: &str, lint: &Lint| {
        let (declared, guessed) = match lint.rule {
            Rule::Held => (Severity::Error, Severity::Warning),
            Rule::Always(severity) => (severity, severity),
        };
        json!({
            "code": lint.code,
            "title": lint.title,
            "chapter": title,
            "severity": declared.word(),
            "severityIfGuessed": guessed.word(),
            "mayBeAllowed": may_be_allowed(lint),
            "text": lint.text,
            "example": (!lint.example.is_empty()).then_some(lint.example),
            "sources": lint.sources,
        })
    };
    let is_wanted = |lint: &&&'static Lint| only.is_none_or(|only| only.code == lint.code);
    let codes: Vec<Value> = check::catalogue::chapters()
        .flat_map(|Chapter { title, lints }| {
            let wanted = lints.iter().filter(is_wanted);
            wanted.map(|lint| entry(title, lint)).collect::<Vec<_>>()
        })
        .collect();
    json!({ "version": 1, "codes": codes })
}

fn section(lint: &Lint) -> String {
    let mut text = format!(
        "\n### `{}`\n\n**{}.** {}\n\n*Severity:* {}.",
        lint.code,
        lint.title,
        lint.text,
        lint.rule.words()
    );
    let _ = writeln!(text, " *See:* {}.", lint.sources);
    if !lint.example.is_empty() {
        let _ = writeln!(text, "\n```nix\n{}\n```", lint.example);
    }
    text
}

/// The text in lines of a terminal's width.
fn filled(text: &str) -> String {
    let (mut out, mut column) = (String::new(), 0);
    for word in text.split_whitespace() {
        let width = word.chars().count();
        if column > 0 && column + 1 + width > WIDTH {
            out.push('\n');
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += width;
    }
    out
}
