//! Where options are found to be written, in the ways people write them.

use super::*;
use crate::nixfiles::definitions::DEEPEST_PATH;
use crate::nixfiles::syntax::tests::token_soup;
use proptest::prelude::*;
use std::fs;

const CLUSTER: &str = r#"
{ config, lib, name ? { x = 1; }, ... }:
let
  # certToolkit.cas.cluster.certs.apiserver.usages = [ "decoy" ];
  shared = { usages = [ "decoy" ]; };
in {
  certToolkit = {
    dir = "./certs";
    defaults.usages = [ "server auth" "clint auth" ];
    cas.cluster = lib.mkMerge [
      {
        ca.commonName = "cluster";
        certs."apiserver" = with lib; assert true; {
          hosts = [ "10.0.0.1" ] ++ optional true "bad host";
          key = { algo = "rsa"; size = 1024; };
          expiry = "1y2";
        };
      }
      { certs.${name}.hosts = [ "x" ]; }
      (lib.mkIf config.a.b { inherit (shared) certDefaults; })
    ];
  };
  config.certToolkit.cas.etcd.ca.hosts = [ ];
}
"#;

fn project(files: &[(&str, &str)]) -> (tempfile::TempDir, Locator) {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let locator = Locator::scan(dir.path());
    (dir, locator)
}

fn option(path: &str) -> Vec<String> {
    path.split('.').map(str::to_owned).collect()
}

/// What the location points at, with its line.
fn found(path: &str, word: Option<&str>) -> Option<String> {
    let (_dir, locator) = project(&[("nodes/cluster.nix", CLUSTER)]);
    locator
        .find(&option(path), word)
        .map(|place| pointed_at(&place))
}

fn pointed_at(place: &Location) -> String {
    let meant: String = place
        .text
        .chars()
        .skip(place.column - 1)
        .take(place.width)
        .collect();
    format!("{}: {meant}", place.line)
}

#[test]
fn an_option_is_found_through_nested_sets_modules_and_functions() {
    assert_eq!(found("dir", None).unwrap(), "8: dir");
    assert_eq!(
        found("cas.cluster.ca.commonName", None).unwrap(),
        "12: ca.commonName"
    );
    assert_eq!(
        found("cas.cluster.certs.apiserver.key.size", None).unwrap(),
        "15: size"
    );
    assert_eq!(
        found("cas.cluster.certs.apiserver", None).unwrap(),
        "13: certs.\"apiserver\""
    );
    assert_eq!(
        found("cas.etcd.ca.hosts", None).unwrap(),
        "23: config.certToolkit.cas.etcd.ca.hosts"
    );
    assert_eq!(
        found("cas.cluster.certDefaults", None).unwrap(),
        "20: certDefaults"
    );
}

#[test]
fn a_location_tells_file_line_column_and_the_line_itself() {
    let (_dir, locator) = project(&[("nodes/cluster.nix", CLUSTER)]);
    let place = locator
        .find(&option("cas.cluster.certs.apiserver.expiry"), Some("1y2"))
        .unwrap();
    let text = "          expiry = \"1y2\";".to_owned();
    assert_eq!(
        place,
        Location {
            file: "nodes/cluster.nix".to_owned(),
            line: 16,
            column: 20,
            width: 5,
            text
        }
    );
}

#[test]
fn a_word_is_found_in_the_value_wherever_it_stands_in_it() {
    assert_eq!(
        found("cas.cluster.certs.apiserver.hosts", Some("bad host")).unwrap(),
        "14: \"bad host\""
    );
    assert_eq!(
        found("cas.cluster.certs.apiserver.key.size", Some("1024")).unwrap(),
        "15: 1024"
    );
}

#[test]
fn a_word_that_is_inherited_is_found_where_it_is_handed_down() {
    assert_eq!(
        found("cas.cluster.certs.apiserver.usages", Some("clint auth")).unwrap(),
        "9: \"clint auth\""
    );
}

#[test]
fn the_longest_beginning_that_is_written_wins() {
    assert_eq!(
        found("cas.cluster.certs.apiserver.subject", None).unwrap(),
        "13: certs.\"apiserver\""
    );
    assert_eq!(found("cas.other.ca", None).unwrap(), "7: certToolkit");
    assert_eq!(
        found("cas.cluster.certs.scheduler.hosts", Some("x")).unwrap(),
        "19: \"x\""
    );
}

#[test]
fn what_let_binds_and_what_is_commented_out_is_no_option() {
    let nothing =
        "let cas.k.ca = 1; in { } # certToolkit.cas.k.ca = 2;\n/* certToolkit.cas.k.ca = 3; */";
    let (_dir, locator) = project(&[("a.nix", nothing)]);
    assert_eq!(locator.find(&option("cas.k.ca"), None), None);
}

#[test]
fn a_computed_name_matches_but_a_written_one_is_preferred() {
    let text = "{ certToolkit.cas.${x}.dir = 1;\n certToolkit.cas.\"a-${y}\".dir = 1;\n certToolkit.cas.b.dir = 1; }";
    let (_dir, locator) = project(&[("a.nix", text)]);
    assert_eq!(locator.find(&option("cas.b.dir"), None).unwrap().line, 3);
    assert_eq!(locator.find(&option("cas.c.dir"), None).unwrap().line, 1);
}

#[test]
fn of_several_hosts_the_one_asked_about_is_preferred() {
    let text = |n: u8| format!("{{ certToolkit.cas.k.ca.hosts = [ \"{n}\" ]; }}");
    let flake = "{ nixosConfigurations.c.certToolkit.cas.k.ca.hosts = [ ]; }";
    let (_dir, locator) = project(&[
        ("a.nix", &text(1)),
        ("hosts/b/default.nix", &text(2)),
        ("flake.nix", flake),
    ]);
    let file = |host| {
        locator
            .find_on(host, &option("cas.k.ca.hosts"), None)
            .unwrap()
            .file
    };
    assert_eq!(
        [file("a"), file("b"), file("c")],
        ["a.nix", "hosts/b/default.nix", "flake.nix"].map(str::to_owned)
    );
    assert_eq!(
        locator
            .find(&option("cas.k.ca.hosts"), Some("2"))
            .unwrap()
            .file,
        "hosts/b/default.nix"
    );
}

#[test]
fn a_file_of_plain_data_is_searched_from_its_own_top() {
    let (_dir, locator) = project(&[(
        "certs.nix",
        "{\n  cas.cluster.ca.expiry = \"5\";\n  dir = 1;\n}",
    )]);
    assert_eq!(
        pointed_at(
            &locator
                .find(&option("cas.cluster.ca.expiry"), Some("5"))
                .unwrap()
        ),
        "2: \"5\""
    );
    assert_eq!(locator.find(&option("dir"), None), None);
}

#[test]
fn build_results_links_other_files_and_huge_ones_are_not_read() {
    let text = "{ certToolkit.dir = 1; }";
    let huge = format!("{text}{}", " ".repeat(LARGEST_SOURCE));
    let files = [
        ("result/a.nix", text),
        (".git/a.nix", text),
        ("target/a.nix", text),
        ("a.txt", text),
        ("huge.nix", &huge),
    ];
    let (dir, locator) = project(&files);
    std::os::unix::fs::symlink(dir.path().join("a.txt"), dir.path().join("link.nix")).unwrap();
    fs::write(dir.path().join("binary.nix"), b"certToolkit.dir = \xff").unwrap();
    assert_eq!(locator.find(&option("dir"), None), None);
    assert_eq!(Locator::scan(dir.path()).find(&option("dir"), None), None);
}

#[test]
fn a_half_written_file_is_still_searched() {
    let (_dir, locator) = project(&[(
        "a.nix",
        "{ ) ] }\n{ certToolkit = {\n cas.k = { ca.expiry = [ (\n",
    )]);
    assert_eq!(
        locator.find(&option("cas.k.ca.expiry"), None).unwrap().line,
        3
    );
}

#[test]
fn the_line_shown_cannot_drive_the_terminal() {
    let (_dir, locator) = project(&[("a.nix", "{ certToolkit.dir = \"\u{1b}[2J\u{7}\";\t}\r\n")]);
    let text = locator.find(&option("dir"), None).unwrap().text;
    assert!(!text.chars().any(char::is_control), "{text:?}");
}

#[test]
fn nesting_without_end_is_read_in_linear_time() {
    for start in [
        "[",
        "{a=",
        "(",
        "\"${",
        "{certToolkit=",
        "let a=",
        "with a;",
    ] {
        let text = start.repeat(100_000);
        assert!(definitions_in(&text).len() <= DEEPEST_PATH, "{start}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics_and_every_place_lies_in_it(text in prop_oneof![token_soup(), "\\PC{0,60}"]) {
        for definition in definitions_in(&text) {
            prop_assert!(text.get(definition.place.start..definition.place.end).is_some());
            prop_assert!(definition.words.iter().all(|word| text.get(word.place.start..word.place.end).is_some()));
        }
    }
}
