//! Keeps the table of docs/architecture.md true by reading `src/**`: who may use whom, who may touch what, and how a file opens.

// A test may panic; clippy's own exception stops at helper functions of integration tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each module of the crate and those it may use. Nothing is below `x509`, nothing above `verbs`.
const LAYERS: [(&str, &[&str]); 25] = [
    // It could become a crate of its own.
    ("x509", &[]),
    ("seal", &["x509"]),
    ("fleet", &["x509", "seal"]),
    ("inspect", &["x509", "seal"]),
    // A record has the public key of a CSR.
    ("manifest", &["x509", "seal", "fleet", "inspect"]),
    ("foundation", &["x509", "seal", "fleet", "manifest"]),
    ("trust", &["x509", "fleet"]),
    ("plan", &["x509", "seal", "fleet"]),
    ("policy", &["x509", "seal", "fleet"]),
    // The role of a certificate that was issued by hand judges it.
    ("lint", &["x509", "seal", "fleet", "policy"]),
    ("check", &["x509", "seal", "fleet", "plan", "lint"]),
    ("status", &["x509", "seal", "fleet", "plan"]),
    ("graph", &["x509", "seal", "fleet", "plan", "status"]),
    ("history", &["x509", "seal", "fleet", "inspect"]),
    ("diff", &["x509", "seal", "fleet", "inspect"]),
    ("adopt", &["x509", "seal", "fleet", "inspect", "plan"]),
    ("store", &["x509", "fleet"]),
    ("nixfiles", &["fleet"]),
    (
        "export",
        &["x509", "seal", "fleet", "inspect", "store", "nixfiles"],
    ),
    (
        "observe",
        &["x509", "seal", "fleet", "inspect", "lint", "store"],
    ),
    (
        "apply",
        &[
            "x509", "seal", "fleet", "inspect", "plan", "store", "export", "observe",
        ],
    ),
    (
        "doctor",
        &["x509", "seal", "fleet", "inspect", "plan", "store"],
    ),
    (
        "render",
        &[
            "x509", "seal", "fleet", "inspect", "manifest", "plan", "lint", "policy", "check",
            "status", "graph", "history", "diff", "adopt", "apply", "doctor", "trust",
        ],
    ),
    (
        "cli",
        &[
            "x509", "seal", "fleet", "inspect", "manifest", "plan", "lint", "check", "status",
            "history", "store", "nixfiles", "export", "observe", "apply", "render",
        ],
    ),
    (
        "verbs",
        &[
            "x509",
            "seal",
            "fleet",
            "inspect",
            "manifest",
            "foundation",
            "trust",
            "plan",
            "policy",
            "lint",
            "check",
            "status",
            "graph",
            "history",
            "diff",
            "adopt",
            "store",
            "nixfiles",
            "export",
            "observe",
            "apply",
            "doctor",
            "render",
            "cli",
        ],
    ),
];

/// What only some modules may touch.
const ROOMS: [(&str, &[&str], &[&str]); 6] = [
    (
        "files",
        &["std::fs", "fs::File", "File::open", "OpenOptions"],
        &["store", "nixfiles"],
    ),
    (
        "the terminal",
        &[
            "println!",
            "print!",
            "io::stdin",
            "io::stdout",
            "io::stderr",
        ],
        &["cli", "verbs"],
    ),
    (
        "the clock",
        &["SystemTime::now", "now_utc", "now_local", "Instant::now"],
        &["cli", "verbs"],
    ),
    (
        "the environment",
        &["std::env", "env::var"],
        &["cli", "verbs"],
    ),
    (
        "the network",
        &["TcpStream", "TcpListener", "UdpSocket", "ToSocketAddrs"],
        &["cli", "verbs"],
    ),
    (
        "other processes",
        &["std::process", "Command::new"],
        // Git's index is read by Git.
        &["cli", "verbs", "store"],
    ),
];

#[test]
fn every_module_uses_only_those_below_it() {
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(allowed) = allowed(&source.module) else {
            continue;
        };
        for (number, line) in source.program() {
            for used in modules_in(line) {
                if used != source.module && !allowed.contains(&used.as_str()) {
                    wrong.push(format!(
                        "{}:{number}: {} uses {used}",
                        source.path, source.module
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_table_names_every_module_and_has_no_circle() {
    let named: BTreeSet<&str> = LAYERS.iter().map(|(module, _)| *module).collect();
    let found: BTreeSet<String> = sources().into_iter().map(|source| source.module).collect();
    let roots = ["lib", "main"];
    let found: BTreeSet<&str> = found
        .iter()
        .map(String::as_str)
        .filter(|module| !roots.contains(module))
        .collect();
    assert_eq!(named, found);
    let mut below = BTreeSet::new();
    for (module, used) in LAYERS {
        assert!(
            used.iter().all(|used| below.contains(used)),
            "{module} stands before what it uses"
        );
        below.insert(module);
    }
}

#[test]
fn the_page_names_every_module_and_only_places_that_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/architecture.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| "));
    let modules: BTreeSet<&str> = rows
        .filter_map(|row| {
            let mut cells = row.split('|').map(str::trim).skip(1);
            cells.next()?.parse::<u8>().ok()?;
            cells.next()
        })
        .flat_map(|cell| cell.split(", ").map(|module| module.trim_matches('`')))
        .collect();
    let named: BTreeSet<&str> = LAYERS.iter().map(|(module, _)| *module).collect();
    assert_eq!(modules, named);
    let places = page.split('`').filter(|text| {
        let is_place = ["src/", "nix/", "tests/", "docs/"].iter();
        is_place.clone().any(|start| text.starts_with(start)) && !text.contains(['<', '*', '\n'])
    });
    let lost: Vec<&str> = places.filter(|place| !root.join(place).exists()).collect();
    assert!(lost.is_empty(), "{lost:#?}");
}

#[test]
fn only_its_own_room_touches_files_terminal_clock_environment_network_and_processes() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| source.module != "main") {
        for (number, line) in source.program() {
            for (what, words, rooms) in ROOMS {
                let touches = words.iter().any(|word| has_word(line, word));
                if touches && !rooms.contains(&source.module.as_str()) {
                    wrong.push(format!(
                        "{}:{number}: {} touches {what}: {}",
                        source.path,
                        source.module,
                        line.trim()
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_the_user_interface_shows_anything() {
    let showing: Vec<String> = sources()
        .iter()
        .filter(|source| source.path != "src/cli/ui.rs")
        .flat_map(|source| {
            let lines: Vec<String> = source
                .program()
                .filter(|(_, line)| {
                    [
                        "println!",
                        "eprintln!",
                        "print!",
                        "eprint!",
                        "io::stdout",
                        "io::stderr",
                    ]
                    .iter()
                    .any(|word| has_word(line, word))
                })
                .map(|(number, line)| format!("{}:{number}: {}", source.path, line.trim()))
                .collect();
            lines
        })
        .collect();
    assert!(showing.is_empty(), "{showing:#?}");
}

/// A file's name may have any character; `words::shown` is what leaves it no way to steer a terminal or to end a line.
#[test]
fn paths_are_shown_by_the_one_function_that_spells_their_characters_out() {
    let showing: Vec<String> = sources()
        .iter()
        .filter(|source| ["cli", "render", "verbs"].contains(&source.module.as_str()))
        .flat_map(|source| {
            let raw = source
                .program()
                .filter(|(_, line)| line.contains(".display()"));
            let raw =
                raw.map(|(number, line)| format!("{}:{number}: {}", source.path, line.trim()));
            raw.collect::<Vec<String>>()
        })
        .collect();
    assert!(showing.is_empty(), "{showing:#?}");
}

#[test]
fn an_object_identifier_is_written_once() {
    let mut seen = std::collections::BTreeSet::new();
    for source in sources() {
        let is_table = source.path == "src/x509/oid.rs";
        for (number, line) in source.program() {
            for text in line
                .split('"')
                .skip(1)
                .step_by(2)
                .filter(|text| is_oid(text))
            {
                assert!(is_table, "{}:{number}: {text}", source.path);
                assert!(seen.insert(text.to_owned()), "{text} is in the table twice");
            }
        }
    }
    assert!(seen.len() > 100, "only {} found", seen.len());
}

/// Dotted decimals of four or more arcs: versions have fewer.
fn is_oid(text: &str) -> bool {
    let arcs: Vec<&str> = text.split('.').collect();
    let is_number = |arc: &&str| !arc.is_empty() && arc.bytes().all(|byte| byte.is_ascii_digit());
    arcs.len() > 3 && arcs.iter().all(is_number) && ["0", "1", "2"].contains(&arcs[0])
}

#[test]
fn main_only_delegates() {
    let source = sources()
        .into_iter()
        .find(|source| source.module == "main")
        .unwrap();
    assert!(source.text.lines().count() <= 30);
}

#[test]
fn every_file_opens_with_what_it_owns() {
    let silent: Vec<String> = sources()
        .into_iter()
        .filter(|source| !source.text.starts_with("//! "))
        .map(|source| source.path)
        .collect();
    assert!(silent.is_empty(), "{silent:#?}");
}

/// One Rust file of the program.
struct Source {
    /// Relative to the repository.
    path: String,
    /// Which of the crate's modules it belongs to; `lib` and `main` stand for themselves.
    module: String,
    text: String,
}

impl Source {
    /// The numbered lines that are neither comments nor unit tests, which may look where they like.
    fn program(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .take(before_tests(&self.path, &self.text))
            .enumerate()
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
            .map(|(index, line)| (index + 1, line))
    }
}

/// How many lines stand before the unit tests, which end a file.
fn before_tests(path: &str, text: &str) -> usize {
    if path.ends_with("/tests.rs") || path.ends_with("/testing.rs") {
        return 0;
    }
    let lines: Vec<&str> = text.lines().collect();
    let tests = lines
        .windows(2)
        .position(|pair| pair[0] == "#[cfg(test)]" && pair[1] == "mod tests {");
    tests.unwrap_or(lines.len())
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&root.join("src"), &mut files);
    assert!(files.len() > 50, "only {} files found", files.len());
    files.sort();
    files
        .into_iter()
        .map(|file| {
            let relative = file
                .strip_prefix(root)
                .unwrap()
                .to_string_lossy()
                .into_owned();
            let module = relative
                .split('/')
                .nth(1)
                .unwrap()
                .trim_end_matches(".rs")
                .to_owned();
            Source {
                path: relative,
                module,
                text: fs::read_to_string(&file).unwrap(),
            }
        })
        .collect()
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn allowed(module: &str) -> Option<&'static [&'static str]> {
    LAYERS
        .iter()
        .find(|(name, _)| *name == module)
        .map(|(_, allowed)| *allowed)
}

/// The crate's modules that a line of source names, singly or as `crate::{a, b::c}`.
fn modules_in(line: &str) -> Vec<String> {
    line.match_indices("crate::")
        .flat_map(|(at, word)| {
            let rest = &line[at + word.len()..];
            match rest.strip_prefix('{') {
                Some(group) => group.split([',', '}']).map(first_name).collect(),
                None => vec![first_name(rest)],
            }
        })
        .filter(|name| !name.is_empty())
        .collect()
}

fn first_name(text: &str) -> String {
    text.trim()
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

/// Whether the word stands in the line and is not the end of a longer one.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

#[test]
fn reads_the_modules_a_line_names() {
    assert_eq!(modules_in("use crate::x509::{Name, San};"), ["x509"]);
    assert_eq!(
        modules_in("use crate::{model::Name, store};"),
        ["model", "store"]
    );
    assert_eq!(
        modules_in("fn f(a: crate::plan::Plan, b: crate::seal::Unlock) {"),
        ["plan", "seal"]
    );
    assert!(has_word("    println!()", "println!") && !has_word("    eprintln!()", "println!"));
}
