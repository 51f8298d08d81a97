//! The documents are followed to the letter: what they say to type is typed, and has to print what they show. A section whose programs
//! are missing here counts as ignored, never as passed.

// A test may panic; clippy's own exception stops at helper functions of integration tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod document;
mod harness;
mod session;
mod shell;

use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, LazyLock};

use libtest_mimic::{Arguments, Failed, Trial};

use document::{Content, Document, documents};
use session::{Outcome, follow, missing};

const INDEX: &str = "docs/README.md";

/// How each typed block of a document went, found out when the first of them is asked for.
type Followed = LazyLock<Vec<(usize, Outcome)>, Box<dyn FnOnce() -> Vec<(usize, Outcome)> + Send>>;

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let guides = documents(root, "docs/guides");
    let mut paths = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
        .map(str::to_owned)
        .to_vec();
    paths.extend(documents(root, "docs"));
    paths.extend(guides.clone());

    let read: Vec<Document> = paths
        .iter()
        .map(|path| Document::read(root, path))
        .collect();
    let mut trials = harness::trials();
    trials.extend(read.iter().map(every_line_parses));
    trials.extend(
        read.iter()
            .map(|document| every_link_leads_somewhere(root, document)),
    );
    trials.extend(
        read.iter()
            .filter(|document| guides.contains(&document.path))
            .map(is_followed),
    );
    trials.push(index_names_every_page(&read));
    trials.push(Trial::test("every_example_of_the_help_parses", examples));
    trials.extend(read.into_iter().flat_map(blocks));
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
    session::leave();
    conclusion.exit_code()
}

/// One trial for each block that is typed.
fn blocks(document: Document) -> Vec<Trial> {
    let path = document.path.clone();
    let typed: Vec<(usize, bool)> = document
        .sections
        .iter()
        .flat_map(|section| {
            let left_out = !missing(&section.blocks).is_empty();
            let typed = section.blocks.iter().filter(|block| block.is_typed());
            typed.map(move |block| (block.line, left_out))
        })
        .collect();
    let followed: Arc<Followed> = Arc::new(LazyLock::new(Box::new(move || follow(&document))));
    typed
        .into_iter()
        .map(|(line, left_out)| {
            let followed = Arc::clone(&followed);
            Trial::test(format!("{path}:{line}"), move || {
                how_it_went(&followed, line)
            })
            .with_ignored_flag(left_out)
        })
        .collect()
}

fn how_it_went(followed: &Followed, line: usize) -> Result<(), Failed> {
    match followed.iter().find(|(block, _)| *block == line) {
        Some((_, Outcome::AsDocumented)) => Ok(()),
        Some((_, Outcome::Otherwise(how))) => Err(how.into()),
        None => Err("its section names a program that is missing here".into()),
    }
}

/// Whoever types a line that a document shows is understood, whether it is typed here or not.
fn every_line_parses(document: &Document) -> Trial {
    let path = &document.path;
    let texts = document.blocks().flat_map(document::Block::shell_texts);
    let mut faults: Vec<String> = texts
        .flat_map(|(number, text)| {
            let lines = shell::certs_lines(text);
            let refused = lines.into_iter().filter_map(|line| shell::refusal(&line));
            refused.map(move |why| format!("{path}:{number}: {why}"))
        })
        .collect();
    faults.extend(document.mentions().iter().flat_map(|mention| {
        let lines = shell::certs_lines(mention);
        let refused = lines
            .into_iter()
            .filter_map(|line| shell::refusal_of_mention(&line));
        refused.map(move |why| format!("{path}: `{mention}`: {why}"))
    }));
    Trial::test(format!("{path}::every_line_parses"), move || told(&faults))
}

fn every_link_leads_somewhere(root: &Path, document: &Document) -> Trial {
    let lost = document.links().into_iter();
    let lost = lost.filter(|link| !root.join(link).exists());
    let faults: Vec<String> = lost.map(|link| link.display().to_string()).collect();
    let name = format!("{}::every_link_leads_somewhere", document.path);
    Trial::test(name, move || told(&faults))
}

/// A reader who begins at the index finds every page.
fn index_names_every_page(read: &[Document]) -> Trial {
    let index = read.iter().find(|document| document.path == INDEX);
    let linked = index.unwrap().links();
    let unnamed = read
        .iter()
        .filter(|document| document.path.starts_with("docs/") && document.path != INDEX)
        .filter(|document| !linked.contains(&document.path.clone().into()));
    let faults: Vec<String> = unnamed.map(|document| document.path.clone()).collect();
    Trial::test("the_index_names_every_page", move || told(&faults))
}

/// A guide is there to be followed.
fn is_followed(document: &Document) -> Trial {
    let typed = document.blocks().any(document::Block::is_typed);
    let reasons: Vec<String> = document
        .blocks()
        .filter_map(|block| match &block.content {
            Content::NotTyped(_, reason) => Some(reason.clone()),
            _ => None,
        })
        .collect();
    Trial::test(format!("{}::is_followed", document.path), move || {
        if typed {
            Ok(())
        } else {
            Err(format!("nothing in it is typed: {reasons:?}").into())
        }
    })
}

fn examples() -> Result<(), Failed> {
    let mut faults = Vec::new();
    let mut commands = vec![certs::verbs::command()];
    while let Some(command) = commands.pop() {
        let text = command.get_after_help().map(ToString::to_string);
        // They are fixed until they are printed, so that no line of an example is broken.
        let text = text.map(|text| text.replace('\u{a0}', " "));
        let (_, examples) = text
            .as_deref()
            .and_then(|text| text.split_once("Example"))
            .unwrap_or_default();
        for line in examples.lines() {
            let lines = shell::certs_lines(line);
            faults.extend(lines.into_iter().filter_map(|line| shell::refusal(&line)));
        }
        commands.extend(command.get_subcommands().cloned());
    }
    told(&faults)
}

fn told(faults: &[String]) -> Result<(), Failed> {
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults.join("\n").into())
    }
}
