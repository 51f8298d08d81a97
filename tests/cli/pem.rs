//! A PEM file that was edited, joined or converted: every verb reads it or refuses it alike, as OpenSSL does, and names the cure.

use crate::project::{ADA, Project};

const LEAF: &str = "certs/derived/cp1/root-server.crt";
const ROOT: &str = "certs/ca/root.crt";
const KEY: &str = "certs/derived/cp1/root-server.key.age";

type Change = fn(&str) -> Vec<u8>;

/// What OpenSSL loads.
const READ: [(&str, Change); 6] = [
    ("byte order mark", |pem| format!("\u{feff}{pem}").into()),
    ("comment in Latin-1", |pem| {
        [b"# caf\xe9\n", pem.as_bytes()].concat()
    }),
    ("CRLF", |pem| pem.replace('\n', "\r\n").into()),
    ("Bag Attributes", |pem| {
        format!("Bag Attributes\n    localKeyID: 01\n{pem}subject=CN = x\n").into()
    }),
    ("trailing blanks", |pem| pem.replace('\n', " \t\n").into()),
    ("indented Base64", |pem| pem.replace("\nM", "\n  M").into()),
];

/// What it does not.
const REFUSED: [(&str, Change); 10] = [
    ("indented", |pem| {
        format!("  {}", pem.replace('\n', "\n  ")).into()
    }),
    ("text behind END", |pem| {
        pem.replace("END CERTIFICATE-----", "END CERTIFICATE----- # x")
            .into()
    }),
    ("without padding", |pem| unpadded(pem).into()),
    ("on one line", |pem| pem.replace('\n', " ").into()),
    ("escaped", |pem| pem.replace('\n', "\\n").into()),
    ("quoted", |pem| format!("\"{}\"\n", pem.trim()).into()),
    ("CR alone", |pem| pem.replace('\n', "\r").into()),
    ("joined", |pem| format!("{}{pem}", pem.trim_end()).into()),
    ("trusted", |pem| {
        pem.replace("CERTIFICATE", "TRUSTED CERTIFICATE").into()
    }),
    ("UTF-16", |pem| {
        let units = pem.encode_utf16().flat_map(u16::to_le_bytes);
        [0xff, 0xfe].into_iter().chain(units).collect()
    }),
];

/// On one line, with as many digits as want one `=` behind them, and without it.
fn unpadded(pem: &str) -> String {
    let lines: Vec<&str> = pem.lines().collect();
    let [begin, body @ .., end] = lines.as_slice() else {
        panic!("not PEM")
    };
    let mut digits = body.concat().trim_end_matches('=').to_owned();
    while digits.len() % 4 != 3 {
        digits.pop();
    }
    format!("{begin}\n{digits}\n{end}\n")
}

/// The exit codes of the verbs that read any file.
fn of_files(project: &Project, file: &str) -> Vec<(String, i32, String)> {
    [
        ["inspect", file].as_slice(),
        &["inspect", "--json", file],
        &["fingerprint", file],
        &["verify", file, "--roots", ROOT],
        &["verify", LEAF, "--roots", file],
    ]
    .iter()
    .map(|arguments| {
        let output = project.command().args(*arguments).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (
            arguments.join(" "),
            output.status.code().unwrap(),
            String::from_utf8(said).unwrap(),
        )
    })
    .collect()
}

#[test]
fn what_openssl_loads_is_read_by_every_verb_and_is_no_reason_to_issue() {
    for (name, change) in READ {
        let project = Project::made();
        let root = String::from_utf8(project.read(ROOT)).unwrap();
        project.write("root.pem", &change(&root));
        for (verb, code, said) in of_files(&project, "root.pem") {
            assert_eq!(code, 0, "{name}: {verb}: {said}");
        }
        let leaf = String::from_utf8(project.read(LEAF)).unwrap();
        project.write(LEAF, &change(&leaf));
        project.write(ROOT, &change(&root));
        let before = (project.read(LEAF), project.read(ROOT), project.read(KEY));
        project.run(&["plan"]).exits_with(0);
        project.run(&["doctor"]).exits_with(0);
        project.run(&["verify"]).exits_with(0);
        project.recreate();
        let after = (project.read(LEAF), project.read(ROOT), project.read(KEY));
        assert!(before == after, "{name}");
    }
}

#[test]
fn what_openssl_does_not_load_is_refused_by_every_verb_with_its_cure() {
    let project = Project::made();
    let root = String::from_utf8(project.read(ROOT)).unwrap();
    let mut told = Vec::new();
    for (name, change) in REFUSED {
        project.write("root.pem", &change(&root));
        let runs = of_files(&project, "root.pem");
        for (verb, code, said) in &runs {
            assert_eq!(*code, 1, "{name}: {verb}: {said}");
            assert!(
                !said.contains("not PEM") && !said.contains("none of the kinds"),
                "{said}"
            );
        }
        let cause = runs[2].2.lines().nth(1).unwrap().trim();
        told.push(format!("{name}: {cause}"));
        let cure = cause.rsplit("; ").next().unwrap();
        for (verb, _, said) in runs.iter().skip(2) {
            assert!(said.contains(cure), "{name}: {verb}: {cure}: {said}");
        }
    }
    insta::assert_snapshot!(told.join("\n"));
}

/// What `inspect` shows the others name, with the value that has it.
#[test]
fn a_certificate_inside_of_another_file_is_said_to_be_there() {
    use base64::Engine as _;
    let project = Project::made();
    let pem = String::from_utf8(project.read(ROOT)).unwrap();
    let base64 = base64::prelude::BASE64_STANDARD.encode(&pem);
    let secret = format!("kind: Secret\napiVersion: v1\ndata:\n  ca.crt: {base64}\n");
    for (text, cure) in [
        (secret, "in data.\"ca.crt\" to a file of its own"),
        (
            serde_json::json!({ "ca": pem }).to_string(),
            "in ca to a file of its own",
        ),
        (base64, "`base64 -d FILE` takes that off"),
    ] {
        project.write("root.txt", text.as_bytes());
        project.run_plainly(&["inspect", "root.txt"]).exits_with(0);
        for verb in [
            ["verify", "root.txt", "--roots", ROOT],
            ["verify", LEAF, "--roots", "root.txt"],
            ["verify", LEAF, "--crl", "root.txt"],
        ] {
            let said = project.run_plainly(&verb).exits_with(1).text();
            assert!(said.contains(cure), "{verb:?}: {said}");
        }
    }
}

/// A program could not load it, so it is written anew, with the key that it has.
#[test]
fn a_leaf_that_no_program_loads_is_issued_again_with_its_key() {
    for (name, change) in REFUSED {
        let project = Project::made();
        let leaf = String::from_utf8(project.read(LEAF)).unwrap();
        let key = project.opens(ADA, KEY).unwrap();
        project.write(LEAF, &change(&leaf));
        project.run(&["check"]).exits_with(2);
        project.recreate();
        assert_eq!(project.opens(ADA, KEY).unwrap(), key, "{name}");
        project.run(&["check"]).exits_with(0);
    }
}

/// OpenSSL and certs read past it, Go does not: nothing differs from the declaration, and no program of Kubernetes starts with it.
#[test]
fn a_byte_order_mark_is_an_error_of_check_and_nothing_to_issue() {
    let project = Project::made();
    for path in [LEAF, ROOT] {
        let pem = String::from_utf8(project.read(path)).unwrap();
        project.write(path, format!("\u{feff}{pem}").as_bytes());
    }
    project.run(&["plan"]).exits_with(0);
    let found = project.run(&["check", "--json"]).exits_with(1).json();
    let findings = found["findings"].as_array().unwrap().iter();
    let of_code = findings.filter(|one| one["code"] == "byte-order-mark");
    let paths: Vec<&str> = of_code.filter_map(|one| one["subject"].as_str()).collect();
    assert_eq!(paths, [ROOT, LEAF]);
    // A comment in front of the block is a line of its own.
    let pem = String::from_utf8(project.read(ROOT)).unwrap();
    let commented = pem.replace('\u{feff}', "\u{feff}# root\n");
    project.write(ROOT, commented.as_bytes());
    let text = project.run(&["check"]).exits_with(1).text();
    assert!(text.contains(LEAF) && !text.contains(ROOT), "{text}");
}
