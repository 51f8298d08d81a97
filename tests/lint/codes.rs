//! The catalogue as a whole: every code is brought about by one change, and says what the snapshot beside it says.

use std::collections::BTreeSet;

use certs::lint::catalogue;
use certs::render::lints;
use certs::render::paint::Paint;

use crate::cases::{self, codes, said};

#[test]
fn every_code_comes_of_one_change_and_nothing_else_does() {
    let mut wrong = Vec::new();
    for (code, case) in cases::all() {
        let found = case.findings();
        let (own, others): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|finding| finding.code() == code);
        if own.is_empty() {
            wrong.push(format!("{code} was not found"));
        }
        let others = codes(&others);
        if !others.is_empty() {
            wrong.push(format!("{code} brought {others:?} with it"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_code_says_what_it_said() {
    for (code, case) in cases::all() {
        let own: Vec<_> = case
            .findings()
            .into_iter()
            .filter(|finding| finding.code() == code)
            .collect();
        let mut text = said(&own);
        if let Some(first) = own.first() {
            let option = first.option.join(".");
            text = format!(
                "{text}\neffect: {}\nhint: {}\noption: {option}\nhosts: {}\nblocks: {}\n",
                first.consequence,
                first.cure,
                first.hosts.join(", "),
                first.blocks()
            );
        }
        insta::with_settings!({ omit_expression => true }, {
            insta::assert_snapshot!(code, text);
        });
    }
}

#[test]
fn every_code_of_the_catalogue_has_a_case() {
    let known: BTreeSet<&str> = catalogue::all().map(|lint| lint.code).collect();
    let cases: BTreeSet<&str> = cases::all().into_iter().map(|(code, _)| code).collect();
    assert_eq!(known, cases);
}

#[test]
fn every_code_is_explained() {
    for lint in catalogue::all() {
        let text = lints::explanation(lint, Paint::Plain);
        assert!(text.starts_with(&format!("{}: {}\n", lint.code, lint.title)));
        assert!(
            text.lines().all(|line| line.chars().count() <= 160),
            "{text}"
        );
    }
    insta::assert_snapshot!(
        "explained",
        lints::explanation(catalogue::find("san-missing").unwrap(), Paint::Plain)
    );
}

#[test]
fn the_document_is_what_the_program_says() {
    let committed = include_str!("../../docs/lints.md");
    assert!(
        committed == lints::markdown(),
        "run `certs reference lints > docs/lints.md` and read the difference"
    );
}
