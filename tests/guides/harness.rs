//! What follows the documents is followed itself: a document that is wrong has to be found out.

use std::path::PathBuf;

use libtest_mimic::{Failed, Trial};

use crate::document::{Document, Ends, shows};
use crate::session::{Outcome, follow, missing};
use crate::shell::{certs_lines, refusal, refusal_of_mention};

pub(crate) fn trials() -> Vec<Trial> {
    let trials: [(&str, fn()); 10] = [
        ("follows_a_document", follows),
        ("finds_output_that_differs", differs),
        ("finds_a_command_that_fails", fails),
        ("finds_a_command_that_is_not_refused", accepted),
        ("finds_another_exit_code", another_code),
        ("leaves_out_a_section_without_its_program", left_out),
        ("ends_what_a_document_started", ends_servers),
        ("reads_the_lines_of_a_shell", lines),
        ("compares_with_wildcards", wildcards),
        ("finds_links_and_code", links),
    ];
    trials
        .into_iter()
        .map(|(name, run)| {
            Trial::test(format!("harness::{name}"), move || {
                run();
                Ok::<(), Failed>(())
            })
        })
        .collect()
}

fn followed(text: &str) -> Vec<(usize, Outcome)> {
    follow(&Document::parse("test.md", text))
}

/// Why the only block of a document is not as documented.
fn fault(text: &str) -> String {
    match followed(text).as_slice() {
        [(1, Outcome::Otherwise(fault))] => fault.clone(),
        other => panic!("{other:?}"),
    }
}

fn follows() {
    let text = "```text file=in/greeting\nhello 127.0.0.1\n```\n```console\n$ cat in/greeting\nhello 127.0.0.1\n$ cat <<'END' \\\n  \
                && echo more\nbelow\nEND\nbelow\nmore\n$ false  # refused\n$ (exit 2)  # exits with 2\n$ certs --version\ncerts …\n\
                $ cargo run --release -- --version\n…\n$ id -u | grep -v '^0$' && echo \"$HOME\"\n…\n/…/home\n```\n\
                ```console noexec nobody has it\n$ certs-of-nobody\n```\n\n```console\n$ sleep 312 &\n```\n";
    let outcomes = followed(text);
    assert_eq!(outcomes.len(), 2);
    for (_, outcome) in outcomes {
        assert_eq!(outcome, Outcome::AsDocumented);
    }
}

fn differs() {
    assert_eq!(
        fault("```console\n$ echo one; echo two\none\nthree\n```\n"),
        "line 2: $ echo one; echo two\n--- documented\none\nthree\n--- printed\none\ntwo"
    );
}

fn fails() {
    let text = "```console\n$ echo said; false\n$ echo never\n```\n```console\n$ true\n```\n";
    let [
        (1, Outcome::Otherwise(first)),
        (5, Outcome::Otherwise(second)),
    ] = &followed(text)[..]
    else {
        panic!("both are wrong");
    };
    assert_eq!(first, "line 2: $ echo said; false\nit ended with 1:\nsaid");
    assert_eq!(second, "not reached after line 1");
}

fn accepted() {
    assert_eq!(
        fault("```console\n$ echo welcome  # refused\n```\n"),
        "line 2: $ echo welcome  # refused\nit was not refused:\nwelcome"
    );
}

fn another_code() {
    assert_eq!(
        fault("```console\n$ false  # exits with 2\n```\n"),
        "line 2: $ false  # exits with 2\nit ended with 1:\n"
    );
}

fn left_out() {
    let text = "```console\n$ true\n```\n## Vault\n```console\n$ vault status\n```\n";
    let document = Document::parse("test.md", text);
    assert_eq!(missing(&document.sections[0].blocks), [""; 0]);
    if missing(&document.sections[1].blocks) == ["vault"] {
        assert_eq!(follow(&document), [(1, Outcome::AsDocumented)]);
    }
}

fn ends_servers() {
    let text = "```console\n$ sleep 311.25 & echo $!\n…\n$ kill -0 $! && ps -o pid= -p $!\n```\n";
    assert_eq!(followed(text), [(1, Outcome::AsDocumented)]);
    let still_there = std::process::Command::new("pgrep")
        .args(["-xf", "sleep 311.25"])
        .status();
    assert!(!still_there.is_ok_and(|status| status.success()));
}

fn lines() {
    let found = |shell: &str| -> Vec<String> {
        let lines = certs_lines(shell);
        lines.iter().map(|line| line.join("|")).collect()
    };
    assert_eq!(
        found("A=1 certs plan --only 'a b' 2>&1 | tee x && sudo certs check; echo certs"),
        ["certs|plan|--only|a b", "certs|check"]
    );
    assert_eq!(
        found(
            "x \"$(certs fingerprint ca.crt)\" <(certs status) >certs # certs no\ncerts man \\\n  d"
        ),
        ["certs|fingerprint|ca.crt", "certs|status", "certs|man|d"]
    );
    assert_eq!(
        found(
            "nix run .#certs.plan; nix run .#certs -- status; nix run .#other; cargo run --release -- demo d"
        ),
        ["certs|plan", "certs|status", "certs|demo|d"]
    );
    let words = |line: &str| certs_lines(line).remove(0);
    assert!(refusal(&words("certs plan --json")).is_none());
    assert!(refusal(&words("certs plan --yaml")).is_some());
    assert!(refusal(&words("certs explode")).is_some());
    assert!(refusal(&words("certs adopt")).is_some());
    assert!(refusal_of_mention(&words("certs adopt")).is_none());
    assert!(refusal_of_mention(&words("certs explode")).is_some());
    let block = Document::parse("t", "```console\n$ x  # exits with 13: so\n```\n");
    let ends = block.blocks().next().unwrap().commands()[0].ends;
    assert_eq!(ends, Ends::With(13));
}

fn wildcards() {
    let shows = |expected: &str, printed: &str| {
        let expected: Vec<String> = expected.lines().map(str::to_owned).collect();
        shows(&expected, printed)
    };
    for expected in [
        "",
        "a b c\nd",
        "a … c\nd",
        "…\nd",
        "a b c\n…",
        "…c\n…d",
        "…",
        "a b c…\nd\n",
        "…\na b c\n…\nd",
    ] {
        assert!(shows(expected, "a b c\nd\n"), "{expected}");
    }
    for expected in ["a b c", "d", "…\ne", "a … d\nd", "a b\n…", "a b c…c\nd"] {
        assert!(!shows(expected, "a b c\nd\n"), "{expected}");
    }
    assert!(shows("", "anything"));
    assert!(!shows("something", ""));
}

fn links() {
    let text = "[a](b.md#c) [d](https://e) [f](#g)\n```console\n$ echo [h](i)\n```\n![j](k.png) `certs\nplan` `a \\| b`\n";
    let document = Document::parse("docs/x.md", text);
    assert_eq!(
        document.links(),
        ["docs/b.md", "docs/k.png"].map(PathBuf::from)
    );
    assert_eq!(document.mentions(), ["certs plan", "a | b"]);
}
