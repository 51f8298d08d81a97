//! Owns the proof that a merge changes what it must and nothing else.

use super::read::Keys;
use super::text::{Edit, canonical};
use super::*;
use crate::nixfiles::syntax::tests::token_soup;
use proptest::prelude::*;
use std::collections::BTreeSet;

const ROOT: &str = "certs/ca/root.key.age";
const NODE: &str = "certs/derived/node/root-kubelet.key.age";

fn entries(list: &[(&str, &[&str])]) -> Entries {
    list.iter()
        .map(|(path, keys)| {
            (
                (*path).to_owned(),
                keys.iter().map(|key| (*key).to_owned()).collect(),
            )
        })
        .collect()
}

/// Where there is no Nix.
fn merge_alone(source: &str, entries: &Entries) -> Result<String, RulesError> {
    merge(source, entries, "certs", &|| None).map(|merged| merged.text)
}

/// Merges, and again.
fn merged(source: &str, list: &[(&str, &[&str])]) -> String {
    let once = merge_alone(source, &entries(list)).unwrap();
    assert_eq!(
        merge_alone(&once, &entries(list)).unwrap(),
        once,
        "a second merge changes something"
    );
    once
}

fn refused(source: &str, list: &[(&str, &[&str])]) -> RulesError {
    merge_alone(source, &entries(list)).unwrap_err()
}

/// A file as people write it; the comments say what must survive.
const TYPICAL: &str = r#"# who is who
let
  alice = "ssh-ed25519 AAAAalice alice@laptop"; # keep
  hosts = { node = "ssh-ed25519 AAAAnode"; };
in
{
  "wifi.age".publicKeys = [ alice ];   # odd   spacing

  "certs/ca/root.key.age".publicKeys = [ "ssh-ed25519 AAAAalice me" ]; # the authority
  /* block */ "mail.age" = { publicKeys = [ alice hosts.node ]; armor = true; };
  # the end
}
"#;

#[test]
fn a_new_entry_goes_after_the_last_one_and_nothing_else_moves() {
    let text = merged(
        TYPICAL,
        &[
            (ROOT, &["ssh-ed25519 AAAAalice"]),
            (NODE, &["age1x", "ssh-ed25519 AAAAnode"]),
        ],
    );
    let added = "
  \"certs/derived/node/root-kubelet.key.age\".publicKeys = [
    \"age1x\"
    \"ssh-ed25519 AAAAnode\"
  ];";
    assert_eq!(
        text,
        TYPICAL.replace("armor = true; };", &format!("armor = true; }};{added}"))
    );
}

#[test]
fn an_entry_that_says_the_right_thing_in_other_words_is_not_touched() {
    for right in [
        r#"{ "certs/ca/root.key.age".publicKeys = [ "age1b" "age1a" "age1b" ]; }"#,
        r#"{ "certs/ca/root.key.age" = { publicKeys = [ "age1a" "age1b" ]; armor = true; }; }"#,
    ] {
        assert_eq!(merged(right, &[(ROOT, &["age1a", "age1b"])]), right);
    }
}

/// Each with the same recipients, and what Nix would say of it.
const COMPUTED: [&str; 5] = [
    r#"let all = [ "age1a" ]; in { "certs/ca/root.key.age".publicKeys = all ++ [ "age1b" ]; }"#,
    r#"with { a = "age1a"; b = "age1b"; }; { "certs/ca/root.key.age" = { publicKeys = [ a b ]; armor = true; }; }"#,
    r#"{ "certs/ca/root.key.age" = import ./both.nix; }"#,
    r#"let dir = "certs"; in { "${dir}/ca/root.key.age".publicKeys = [ "age1a" "age1b" ]; }"#,
    r#"{ inherit (import ./others.nix) "certs/ca/root.key.age"; }"#,
];

#[test]
fn an_entry_that_is_computed_stays_where_nix_says_it_is_right() {
    for source in COMPUTED {
        let said = || Some(entries(&[(ROOT, &["age1b", "age1a comment"])]));
        let wanted = entries(&[(ROOT, &["age1a", "age1b"])]);
        let merged = merge(source, &wanted, "certs", &said).unwrap();
        assert_eq!((merged.text.as_str(), merged.unread), (source, vec![]));
    }
}

#[test]
fn an_entry_that_is_computed_and_wrong_is_refused_with_what_to_write() {
    for source in COMPUTED {
        let said = || Some(entries(&[(ROOT, &["age1a"])]));
        let wanted = entries(&[(ROOT, &["age1a", "age1b"])]);
        let error = merge(source, &wanted, "certs", &said).unwrap_err();
        let snippet = "root.key.age\".publicKeys = [\n    \"age1a\"\n    \"age1b\"\n  ];";
        assert!(error.to_string().contains(snippet), "{source}: {error}");
    }
}

#[test]
fn a_computed_entry_that_may_be_of_a_file_that_is_gone_stays_and_is_told_of() {
    let source = "{\n  \"${dir}/ca/old.key.age\".publicKeys = [ ];\n  inherit (x) y;\n}\n";
    let wanted = entries(&[(ROOT, &[])]);
    let merged = merge(source, &wanted, "certs", &|| None).unwrap();
    assert_eq!(merged.unread, [2, 3]);
    assert!(merged.text.starts_with(source.trim_end_matches("}\n")));
    assert!(merged.text.contains(ROOT));
    // With Nix it is known to be something else, or to be one of ours that is gone.
    let said = || Some(entries(&[("wifi.age", &[])]));
    let merged = merge(source, &wanted, "certs", &said).unwrap();
    assert_eq!(merged.unread, [] as [usize; 0]);
    let said = || Some(entries(&[("certs/ca/old.key.age", &[])]));
    let merged = merge(source, &wanted, "certs", &said).unwrap();
    assert_eq!(merged.unread, [2, 3]);
    let source = "{\n  \"certs/ca/old.key.age\".publicKeys = all;\n}\n";
    let merged = merge(source, &entries(&[]), "certs", &|| None).unwrap();
    assert_eq!((merged.text.as_str(), merged.unread), (source, vec![2]));
}

#[test]
fn a_changed_recipient_changes_one_element_of_the_list() {
    let source = r#"{
  "certs/ca/root.key.age".publicKeys = [ "age1alice" "age1old" ]; # ours
  "certs/derived/node/root-kubelet.key.age".publicKeys = [
    "age1alice" # the boss
    # gone soon
    "age1old" # bob
    "age1node"
  ];
}"#;
    let text = merged(
        source,
        &[
            (ROOT, &["age1alice", "age1new"]),
            (NODE, &["age1alice", "age1node", "age1new"]),
        ],
    );
    assert_eq!(
        text,
        r#"{
  "certs/ca/root.key.age".publicKeys = [ "age1alice" "age1new" ]; # ours
  "certs/derived/node/root-kubelet.key.age".publicKeys = [
    "age1alice" # the boss
    # gone soon
    "age1node"
    "age1new"
  ];
}"#
    );
}

#[test]
fn a_recipient_is_not_swallowed_by_the_comment_before_it() {
    let source = "{\n  \"certs/ca/root.key.age\".publicKeys = [ \"age1a\" # alice\n  ];\n}\n";
    let text = merged(source, &[(ROOT, &["age1a", "age1b"])]);
    assert_eq!(
        text,
        source.replace("# alice\n", "# alice\n    \"age1b\"\n")
    );
}

#[test]
fn an_entry_without_recipients_gets_them() {
    let source = "{\n  \"certs/ca/root.key.age\" = { armor = true; };\n}\n";
    let text = merged(source, &[(ROOT, &["age1a"])]);
    assert_eq!(
        text,
        source.replace("= { armor", "= { publicKeys = [\n    \"age1a\"\n  ]; armor")
    );
    let dotted = "{\n  \"certs/ca/root.key.age\".armor = true;\n}\n";
    let text = merged(dotted, &[(ROOT, &["age1a"])]);
    assert!(text.starts_with(
        "{\n  \"certs/ca/root.key.age\".armor = true;\n  \"certs/ca/root.key.age\".publicKeys = ["
    ));
}

#[test]
fn entries_of_ours_that_are_no_longer_declared_go_with_their_lines() {
    let source = "{
  # first
  \"a.age\".publicKeys = [ \"age1a\" ];
  \"certs/ca/old.key.age\".publicKeys = [ \"age1a\" ]; # old
  \"certs/derived/x/old.key.age\" = {
    publicKeys = [ \"age1a\" ];
    armor = true;
  };
  \"certs/mine.age\".publicKeys = [ \"age1a\" ];
  \"other/ca/old.key.age\".publicKeys = [ \"age1a\" ]; \"certs/shared/sa.key.age\".publicKeys = [ ];
}
";
    assert_eq!(
        merged(source, &[]),
        "{
  # first
  \"a.age\".publicKeys = [ \"age1a\" ];
  \"certs/mine.age\".publicKeys = [ \"age1a\" ];
  \"other/ca/old.key.age\".publicKeys = [ \"age1a\" ];
}
"
    );
}

#[test]
fn new_entries_take_the_place_of_the_last_one_that_goes() {
    let source = "{\n  \"certs/ca/old.key.age\".publicKeys = [ ];\n}\n";
    assert_eq!(
        merged(source, &[(ROOT, &[])]),
        "{\n  \"certs/ca/root.key.age\".publicKeys = [ ];\n}\n"
    );
}

#[test]
fn an_empty_set_and_a_set_on_one_line_are_opened_up() {
    let entry = "  \"certs/ca/root.key.age\".publicKeys = [\n    \"age1a\"\n  ];\n";
    assert_eq!(
        merged("{ }", &[(ROOT, &["age1a"])]),
        format!("{{\n{entry}}}")
    );
    assert_eq!(
        merged("{}\n", &[(ROOT, &["age1a"])]),
        format!("{{\n{entry}}}\n")
    );
    assert_eq!(
        merged("{ # mine\n}\n", &[(ROOT, &["age1a"])]),
        format!("{{ # mine\n{entry}}}\n")
    );
    assert_eq!(
        merged(
            "{ \"a.age\".armor = true; /* x */ }\n",
            &[(ROOT, &["age1a"])]
        ),
        format!("{{ \"a.age\".armor = true; /* x */\n{entry}}}\n")
    );
}

#[test]
fn windows_line_ends_stay() {
    let text = merged(
        "{\r\n    \"a.age\".armor = true;\r\n}\r\n",
        &[(ROOT, &["age1a"])],
    );
    assert_eq!(
        text,
        "{\r\n    \"a.age\".armor = true;\r\n    \"certs/ca/root.key.age\".publicKeys = [\r\n      \"age1a\"\r\n    ];\r\n}\r\n"
    );
}

#[test]
fn sets_joined_with_update_are_read_together_and_the_last_one_grows() {
    let source = "(import ./others.nix) // {\n  \"certs/ca/root.key.age\".publicKeys = [ \"age1a\" ];\n} // {\n  z = 1;\n}\n";
    let text = merged(source, &[(ROOT, &["age1b"]), (NODE, &["age1b"])]);
    assert!(text.contains("root.key.age\".publicKeys = [\n    \"age1b\"\n  ];\n} // {\n  z = 1;\n  \"certs/derived/"), "{text}");
}

#[test]
fn strings_are_escaped_and_read_back() {
    let odd = "age1 \"quoted\" ${x} $${y} \\ \n\t''";
    let text = merged("{ }", &[("certs/ca/${a}\"b.key.age", &[odd])]);
    assert!(
        text.contains(r#""certs/ca/\${a}\"b.key.age".publicKeys"#),
        "{text}"
    );
}

#[test]
fn a_file_that_is_no_plain_set_is_refused_with_what_to_write() {
    for source in [
        "import ./x.nix",
        "{ } // import ./x.nix",
        "let a = { }; in a",
        "x: y",
        "builtins.listToAttrs [ ]",
    ] {
        let error = refused(source, &[(ROOT, &["age1a"])]);
        assert!(
            matches!(&error, RulesError::NoAttributeSet { line: 1, .. }),
            "{error}"
        );
        assert!(
            error
                .to_string()
                .contains("append `// import ./certs/secrets.nix`"),
            "{error}"
        );
    }
}

#[test]
fn recipients_that_are_computed_are_refused_without_nix_with_the_entry_to_write() {
    for value in [
        "import ./keys.nix",
        "map (x: x) [ ]",
        "[ alice ]",
        "[ \"age1a\" ] ++ all",
        "[ \"age1${x}\" ]",
    ] {
        let error = refused(
            &format!("{{\n  \"{ROOT}\".publicKeys = {value};\n}}"),
            &[(ROOT, &["age1a"])],
        );
        assert!(
            matches!(&error, RulesError::Computed { line: 2, path, .. } if path == ROOT),
            "{error}"
        );
        assert!(
            error
                .to_string()
                .contains("root.key.age\".publicKeys = [\n    \"age1a\"\n  ];"),
            "{error}"
        );
    }
    let whole = refused(
        &format!("{{ \"{ROOT}\" = mk \"age1a\"; }}"),
        &[(ROOT, &["age1a"])],
    );
    assert!(matches!(whole, RulesError::Computed { .. }));
}

#[test]
fn a_path_defined_twice_and_a_mistake_are_refused_with_the_line() {
    let twice =
        format!("{{\n\"{ROOT}\".publicKeys = [ ];\n\"{ROOT}\" = {{ publicKeys = [ ]; }};\n}}");
    assert!(matches!(
        refused(&twice, &[(ROOT, &["age1a"])]),
        RulesError::Twice { line: 3, .. }
    ));
    let mistake = refused("{\n  a = ;\n}", &[]);
    assert_eq!(
        mistake,
        RulesError::Syntax(SyntaxDefect::Invalid { line: 2 })
    );
}

#[test]
fn an_edit_that_cannot_be_proved_is_not_made() {
    let full = format!("{{ }}{}", " ".repeat(LARGEST_RULES - 3));
    let error = refused(&full, &[(ROOT, &["age1a"])]);
    assert!(matches!(error, RulesError::Unproved { .. }));
}

#[test]
fn edits_that_overlap_are_not_applied() {
    let edit = |start, end| Edit {
        start,
        end,
        text: "x".to_owned(),
    };
    assert_eq!(
        apply("abcdef", vec![edit(4, 4), edit(1, 3), edit(3, 4)]).unwrap(),
        "axxxef"
    );
    assert_eq!(apply("abcdef", vec![edit(1, 3), edit(2, 4)]), None);
    assert_eq!(apply("abcdef", vec![edit(5, 7)]), None);
}

#[test]
fn ten_thousand_entries_are_merged_at_once() {
    let many: Entries = (0..10_000)
        .map(|n| {
            (
                format!("certs/derived/h{n}/k.key.age"),
                vec!["age1a".to_owned(), format!("ssh-ed25519 {n}")],
            )
        })
        .collect();
    let text = merge_alone("{ }", &many).unwrap();
    let again = merge(&text, &many, "./certs/", &|| None).unwrap();
    assert_eq!(again.text, text);
    assert_eq!(
        merge_alone(&text, &Entries::new()).unwrap().trim_end(),
        "{\n}"
    );
}

#[test]
fn the_generated_files_are_stable_text() {
    assert_eq!(recipients(&Entries::new()), "{}\n");
    let list = entries(&[(NODE, &["age1a", "ssh-rsa B"]), (ROOT, &["age1a"])]);
    let text = recipients(&list);
    assert_eq!(serde_json::from_str::<Entries>(&text).unwrap(), list);
    assert_eq!(text.lines().count(), 4);
    parse_up_to(LARGEST_RULES, &ours()).unwrap();
}

/// How somebody might have written one entry.
fn written_entry() -> impl Strategy<Value = String> {
    let path = prop_oneof![
        Just("certs/ca/a"),
        Just("certs/derived/h/b"),
        Just("certs/shared/c"),
        Just("certs/x"),
        Just("other")
    ];
    let key = prop_oneof![
        Just("\"age1a comment\""),
        Just("\"age1b\""),
        Just("\"age1c\""),
        Just("''age1c''")
    ];
    let gap = prop_oneof![
        Just(" "),
        Just("\n    "),
        Just(" # note\n  "),
        Just(" /* note */ ")
    ];
    let keys = (
        proptest::collection::vec((key, gap.clone()), 0..4),
        proptest::bool::weighted(0.1),
    )
        .prop_map(|(keys, joined)| {
            let items = keys
                .into_iter()
                .map(|(key, gap)| format!("{key}{gap}"))
                .collect::<Vec<_>>()
                .concat();
            if joined {
                format!("[ {items}] ++ all")
            } else {
                format!("[ {items}]")
            }
        });
    let form = prop_oneof![
        Just("\"PATH\".publicKeys = KEYS;"),
        Just("\"PATH\" = { publicKeys = KEYS; armor = true; };"),
        Just("\"PATH\" = { armor = true; };"),
        Just("\"PATH\".publicKeys =\n    KEYS\n  ;"),
    ];
    (path, keys, form, gap).prop_map(|(path, keys, form, gap)| {
        format!(
            "{gap}{}",
            form.replace("PATH", &format!("{path}.key.age"))
                .replace("KEYS", &keys)
        )
    })
}

fn wanted_entries() -> impl Strategy<Value = Entries> {
    let path = prop_oneof![
        Just(ROOT),
        Just("certs/ca/a.key.age"),
        Just("certs/derived/h/b.key.age"),
        Just("certs/shared/c.key.age")
    ];
    let keys =
        proptest::sample::subsequence(vec!["age1a", "age1b", "age1c", "ssh-ed25519 D"], 0..=4);
    proptest::collection::btree_map(path, keys, 0..4).prop_map(|map| {
        map.into_iter()
            .map(|(path, keys)| {
                (
                    path.to_owned(),
                    keys.into_iter().map(str::to_owned).collect(),
                )
            })
            .collect()
    })
}

/// The recipients of every entry that are written out.
fn meaning(text: &str) -> BTreeMap<String, Option<BTreeSet<String>>> {
    let root = parse_up_to(LARGEST_RULES, text).unwrap();
    let rules = Rules::read(text, &root).unwrap();
    let keys_of = |entry: &Entry| match &entry.keys {
        Keys::Listed(_, keys) => Some(keys.iter().map(|key| canonical(key)).collect()),
        _ => None,
    };
    rules
        .entries
        .keys()
        .map(|path| {
            (
                path.clone(),
                rules.entry(path).ok().flatten().and_then(keys_of),
            )
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_merge_says_what_was_wanted_keeps_the_rest_and_is_done_once(
        written in proptest::collection::vec(written_entry(), 0..5),
        wanted in wanted_entries(),
    ) {
        let source = format!("let all = [ \"age1a\" ]; in\n{{ # top\n{}\n  # end\n}}\n", written.concat());
        match merge_alone(&source, &wanted) {
            Err(RulesError::Twice { .. } | RulesError::Computed { .. }) => {}
            Err(error) => prop_assert!(false, "{error}\n{source}"),
            Ok(once) => {
                prop_assert_eq!(merge_alone(&once, &wanted).unwrap(), once.clone(), "{}", source);
                let (before, after) = (meaning(&source), meaning(&once));
                for (path, keys) in &wanted {
                    prop_assert_eq!(after.get(path).cloned().flatten(), Some(keys.iter().map(|key| canonical(key)).collect()), "{} in\n{}", path, once);
                }
                for path in before.keys().chain(after.keys()).filter(|path| !wanted.contains_key(*path)) {
                    if is_ours(path, "certs") {
                        prop_assert!(!matches!(after.get(path), Some(Some(_))), "{} in\n{}", path, once);
                    } else {
                        prop_assert_eq!(after.get(path), before.get(path), "{} in\n{}", path, once);
                    }
                }
                prop_assert!(once.contains("# top") && once.contains("# end"));
            }
        }
    }

    #[test]
    fn no_text_panics_or_is_changed_twice(text in prop_oneof![token_soup(), "\\PC{0,60}"], wanted in wanted_entries()) {
        if let Ok(once) = merge_alone(&text, &wanted) {
            prop_assert_eq!(merge_alone(&once, &wanted).unwrap(), once);
        }
    }
}
