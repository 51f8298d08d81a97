//! A sound chain, changed in the structure of one certificate at a time and signed again: what we accept has to be accepted by more than
//! one of OpenSSL, Go and Python's cryptography, and what all of them accept has to be accepted here.
//!
//! A bounded share is tried; `CERTS_MUTATIONS=all` tries all, and finds deviations that are none any more.

use std::fmt::Write as _;
use std::fs::File;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use certs::x509::certificate::read::parse_der;
use certs::x509::key::KeyAlgorithm;
use certs::x509::key::signing::PrivateKey;
use certs::x509::verify::{PeerName, Policy, PolicyDemand, Purpose, RevocationPolicy};
use libtest_mimic::{Failed, Trial};

use time::macros::datetime;

use crate::der::{integer, oid, seq, tlv};
use crate::forge::{
    AUTHORITY_KEY_ID, BASIC_CONSTRAINTS, CERT_SIGN, CLIENT_AUTH, CRL_SIGN, EXTENDED_KEY_USAGE,
    Extension, KEY_USAGE, Key, NAME_CONSTRAINTS, NOW, SAN, SERVER_AUTH, SIGNS, SUBJECT_KEY_ID,
    algorithm, authority_key_id, basic_constraints, critical, dns, email, extended_key_usage,
    extensions, key_usage, name_constraints, plain, signed, subject_key_id, time,
};
use crate::judge::{Deviations, Question, codes};
use crate::tool::{Bench, is_installed};

/// Of all mutations one in so many is tried, unless all are asked for.
const SHARE: usize = 23;

pub(crate) fn trials() -> Vec<Trial> {
    let referees = Referee::ALL.into_iter().filter(|known| known.is_there());
    let is_ignored = referees.count() < 2;
    vec![
        Trial::test("mutation::no_stranger_form_is_let_through", compare)
            .with_ignored_flag(is_ignored),
    ]
}

fn compare() -> Result<(), Failed> {
    let wants_all = std::env::var_os("CERTS_MUTATIONS").is_some();
    let share = if wants_all { 1 } else { SHARE };
    let cases: Vec<Case> = cases().into_iter().step_by(share).collect();
    let bench = Bench::new()?;
    let referees: Vec<(Referee, Vec<String>)> = Referee::ALL
        .into_iter()
        .filter(|referee| referee.is_there())
        .map(|referee| Ok((referee, referee.answers(&bench, &cases)?)))
        .collect::<Result<_, Failed>>()?;
    let deviations = Deviations::read(include_str!("mutation-deviations.txt"));
    let (mut wrong, mut text) = ([0, 0], String::new());
    for (number, case) in cases.iter().enumerate() {
        let against = case.judge();
        let said: Vec<&str> = referees
            .iter()
            .map(|(_, answers)| answers[number].as_str())
            .collect();
        let takers = said.iter().filter(|answer| **answer == "yes").count();
        let kind = match against.is_empty() {
            true if takers + 2 <= referees.len() => 0,
            false if takers == referees.len() => 1,
            _ => continue,
        };
        let name = format!("{} {}", ["accepted", "refused"][kind], case.name);
        if deviations.have(&name) {
            continue;
        }
        wrong[kind] += 1;
        let _ = writeln!(text, "{name}: {against:?}, {said:?}");
    }
    // Without one of the three, some are not accepted by one fewer.
    if wants_all && referees.len() == Referee::ALL.len() {
        for stale in deviations.stale() {
            let _ = writeln!(text, "no deviation any more: {stale}");
        }
    }
    let names = referees.iter().map(|(referee, _)| format!("{referee:?}"));
    let summary = format!(
        "{} judged {} mutations, {} wrongly accepted, {} refused that all accept\n{text}",
        names.collect::<Vec<_>>().join(", "),
        cases.len(),
        wrong[0],
        wrong[1]
    );
    if wrong != [0, 0] || (wants_all && !text.is_empty()) {
        Err(summary.into())
    } else {
        Ok(())
    }
}

/// A program that judges the same chains.
#[derive(Clone, Copy, Debug)]
enum Referee {
    OpenSsl,
    Go,
    Cryptography,
}

impl Referee {
    const ALL: [Self; 3] = [Self::OpenSsl, Self::Go, Self::Cryptography];

    fn is_there(self) -> bool {
        match self {
            Self::OpenSsl => is_installed("openssl"),
            Self::Go => is_installed("go"),
            Self::Cryptography => {
                let imports = Command::new("python3")
                    .args(["-c", "import cryptography.x509.verification"])
                    .stderr(Stdio::null())
                    .status();
                imports.is_ok_and(|status| status.success())
            }
        }
    }

    /// `yes`, or why not, for each case.
    fn answers(self, bench: &Bench, cases: &[Case]) -> Result<Vec<String>, Failed> {
        let answers: Vec<String> = match self {
            Self::OpenSsl => cases
                .iter()
                .map(|case| openssl(bench, case))
                .collect::<Result<_, _>>()?,
            Self::Go => {
                bench.write("chains.go", include_str!("referees/chains.go"))?;
                stream(bench, &["go", "run", "chains.go"], cases)?
            }
            Self::Cryptography => {
                bench.write("chains.py", include_str!("referees/chains.py"))?;
                stream(bench, &["python3", "chains.py"], cases)?
            }
        };
        let sound = answers.first().map(String::as_str);
        if sound != Some("yes") || answers.len() != cases.len() {
            return Err(format!("the sound chain or a line is lost: {sound:?}").into());
        }
        Ok(answers)
    }
}

fn openssl(bench: &Bench, case: &Case) -> Result<String, Failed> {
    for (name, der) in ["leaf", "between", "root"].iter().zip(&case.chain) {
        let pem = format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
            lines(&STANDARD.encode(der))
        );
        bench.write(name, pem)?;
    }
    let line = format!(
        "openssl verify -x509_strict -attime {} -purpose sslserver -verify_hostname a.example.com -CAfile root -untrusted between leaf",
        NOW.unix_timestamp()
    );
    Ok(match bench.run(&line) {
        Ok(_) => "yes".to_owned(),
        Err(failed) => format!("no {}", failed.message().unwrap_or_default()),
    })
}

fn lines(text: &str) -> String {
    let lines = text.as_bytes().chunks(64).map(String::from_utf8_lossy);
    lines.collect::<Vec<_>>().join("\n")
}

fn stream(bench: &Bench, words: &[&str], cases: &[Case]) -> Result<Vec<String>, Failed> {
    let line = |case: &Case| {
        case.chain
            .each_ref()
            .map(|der| STANDARD.encode(der))
            .join(" ")
    };
    let input: Vec<String> = cases.iter().map(line).collect();
    bench.write("chains", input.join("\n") + "\n")?;
    let output = Command::new(words[0])
        .args(&words[1..])
        .current_dir(bench.path("."))
        .stdin(File::open(bench.path("chains"))?)
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(text.lines().map(str::to_owned).collect())
}

/// A chain with one change; the leaf first.
struct Case {
    name: String,
    chain: [Vec<u8>; 3],
}

impl Case {
    /// Why we refuse it; empty if we do not.
    fn judge(&self) -> Vec<String> {
        let read = |der: &Vec<u8>| parse_der(der).map_err(|defect| defect.to_string());
        let [leaf, between, root] = self.chain.each_ref().map(read);
        let (leaf, between, root) = match (leaf, between, root) {
            (Ok(leaf), Ok(between), Ok(root)) => (leaf, between, root),
            (Err(defect), ..) | (_, Err(defect), _) | (.., Err(defect)) => return vec![defect],
        };
        let question = Question {
            leaf,
            intermediates: vec![between],
            roots: vec![root],
            crls: Vec::new(),
            policy: Policy {
                moment: NOW,
                purpose: Purpose::SERVER,
                names: vec![PeerName::parse("a.example.com").unwrap()],
                longest: None,
                revocation: RevocationPolicy::Chain,
                certificate_policies: PolicyDemand::default(),
            },
        };
        codes(&question).into_iter().map(str::to_owned).collect()
    }
}

/// Who is changed: the name, the key that signs, its place in the chain.
const SUBJECTS: [(&str, Key, usize); 3] = [
    ("leaf", Key::Intermediate, 0),
    ("between", Key::Root, 1),
    ("root", Key::Root, 2),
];

/// The sound chain, then every change of every certificate, then those of other kinds of keys in the leaf.
fn cases() -> Vec<Case> {
    let sound = [leaf(&Key::Leaf.spki()), between(), root()];
    let chain_with = |place: usize, tbs: &[u8], signer: Key| {
        let mut chain = [
            resigned(&sound[0], Key::Intermediate),
            resigned(&sound[1], Key::Root),
            resigned(&sound[2], Key::Root),
        ];
        chain[place] = resigned(tbs, signer);
        chain
    };
    let mut cases = vec![Case {
        name: "sound".to_owned(),
        chain: chain_with(0, &sound[0], Key::Intermediate),
    }];
    for (who, signer, place) in SUBJECTS {
        for (what, tbs) in mutations(&sound[place], &|_| true) {
            cases.push(Case {
                name: format!("{who} {what}"),
                chain: chain_with(place, &tbs, signer),
            });
        }
    }
    for kind in [
        KeyAlgorithm::Rsa2048,
        KeyAlgorithm::EcdsaP384,
        KeyAlgorithm::EcdsaP521,
        KeyAlgorithm::Ed25519,
    ] {
        let key = PrivateKey::generate(kind).unwrap();
        let tbs = leaf(key.spki_der());
        for (what, tbs) in mutations(&tbs, &|path| path.starts_with("0.6")) {
            cases.push(Case {
                name: format!("{kind} {what}"),
                chain: chain_with(0, &tbs, Key::Intermediate),
            });
        }
    }
    cases
}

fn leaf(spki: &[u8]) -> Vec<u8> {
    let address = tlv(0x87, &[10, 0, 0, 1]);
    let uri = tlv(0x86, b"spiffe://example.com/a");
    let names = [dns("a.example.com"), address, email("a@example.com"), uri];
    tbs(
        "leaf",
        "between",
        spki,
        &[
            critical(BASIC_CONSTRAINTS, basic_constraints(false, None)),
            critical(KEY_USAGE, key_usage(SIGNS)),
            plain(
                EXTENDED_KEY_USAGE,
                extended_key_usage(&[SERVER_AUTH, CLIENT_AUTH]),
            ),
            plain(SUBJECT_KEY_ID, subject_key_id(3)),
            plain(AUTHORITY_KEY_ID, authority_key_id(2)),
            plain(SAN, seq(&names)),
            plain("2.5.29.31", crl_points()),
            plain("1.3.6.1.5.5.7.1.1", issuer_access()),
            plain("2.5.29.32", policies()),
        ],
    )
}

fn between() -> Vec<u8> {
    let permitted = [dns("example.com"), tlv(0x87, &[10, 0, 0, 0, 255, 0, 0, 0])];
    tbs(
        "between",
        "root",
        &Key::Intermediate.spki(),
        &[
            critical(BASIC_CONSTRAINTS, basic_constraints(true, Some(0))),
            critical(KEY_USAGE, key_usage(CERT_SIGN | CRL_SIGN)),
            plain(SUBJECT_KEY_ID, subject_key_id(2)),
            plain(AUTHORITY_KEY_ID, authority_key_id(1)),
            critical(NAME_CONSTRAINTS, name_constraints(&permitted, &[])),
            plain("2.5.29.32", policies()),
        ],
    )
}

fn root() -> Vec<u8> {
    tbs(
        "root",
        "root",
        &Key::Root.spki(),
        &[
            critical(BASIC_CONSTRAINTS, basic_constraints(true, None)),
            critical(KEY_USAGE, key_usage(CERT_SIGN | CRL_SIGN)),
            plain(SUBJECT_KEY_ID, subject_key_id(1)),
        ],
    )
}

fn crl_points() -> Vec<u8> {
    let url = tlv(0x86, b"http://example.com/crl");
    seq(&[seq(&[tlv(0xa0, &tlv(0xa0, &url))])])
}

fn issuer_access() -> Vec<u8> {
    let url = tlv(0x86, b"http://example.com/crt");
    seq(&[seq(&[oid("1.3.6.1.5.5.7.48.2"), url])])
}

fn policies() -> Vec<u8> {
    let statement = tlv(0x16, b"http://example.com/cps");
    let qualifier = seq(&[oid("1.3.6.1.5.5.7.2.1"), statement]);
    seq(&[seq(&[oid("1.3.6.1.4.1.99999.7"), seq(&[qualifier])])])
}

fn tbs(subject: &str, issuer: &str, spki: &[u8], list: &[Extension]) -> Vec<u8> {
    let dates = seq(&[
        time(datetime!(2030-01-01 0:00 UTC)),
        time(datetime!(2031-01-01 0:00 UTC)),
    ]);
    seq(&[
        tlv(0xa0, &integer(&[2])),
        integer(&[0x11, 0x22, 0x33]),
        algorithm("1.2.840.10045.4.3.2"),
        name(issuer),
        dates,
        name(subject),
        spki.to_vec(),
        tlv(0xa3, &extensions(list)),
    ])
}

/// A name of three kinds of strings' worth.
fn name(text: &str) -> Vec<u8> {
    let attribute = |id, tag, text: &str| tlv(0x31, &seq(&[oid(id), tlv(tag, text.as_bytes())]));
    seq(&[
        attribute("2.5.4.6", 0x13, "DE"),
        attribute("2.5.4.10", 0x0c, "Example é"),
        attribute("2.5.4.3", 0x13, text),
    ])
}

/// The signature algorithm outside is that inside, so that it is not the difference between them that is refused.
fn resigned(tbs: &[u8], signer: Key) -> Vec<u8> {
    let inside = Node::read(tbs).and_then(|tbs| Some(tbs.children()?.get(2)?.der()));
    let outside = inside.unwrap_or_else(|| algorithm("1.2.840.10045.4.3.2"));
    signed(tbs, &outside, signer)
}

/// One element of DER; what an OCTET STRING or BIT STRING wraps is taken apart as well.
#[derive(Clone)]
struct Node {
    tag: u8,
    /// In front of what is wrapped: the number of unused bits.
    prefix: Vec<u8>,
    content: Content,
    /// The length in one octet more than it needs.
    has_long_length: bool,
}

#[derive(Clone)]
enum Content {
    Octets(Vec<u8>),
    Nodes(Vec<Node>),
}

impl Node {
    /// The element that fills these octets.
    fn read(der: &[u8]) -> Option<Self> {
        let (node, rest) = Self::read_first(der)?;
        rest.is_empty().then_some(node)
    }

    fn read_first(der: &[u8]) -> Option<(Self, &[u8])> {
        let (&tag, rest) = der.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = if first < 0x80 {
            (usize::from(first), rest)
        } else {
            let (octets, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            if octets.len() > 4 {
                return None;
            }
            let length = octets
                .iter()
                .fold(0, |sum, octet| sum << 8 | usize::from(*octet));
            (length, rest)
        };
        let (content, rest) = rest.split_at_checked(length)?;
        let (prefix, inner) = match tag {
            0x03 => content.split_at_checked(1)?,
            _ => (&[][..], content),
        };
        let is_constructed = tag & 0x20 != 0;
        let nodes = if is_constructed || matches!(tag, 0x03 | 0x04) {
            Self::read_all(inner).filter(|nodes| is_constructed || nodes.len() == 1)
        } else {
            None
        };
        let node = Self {
            tag,
            prefix: if nodes.is_some() { prefix } else { &[] }.to_vec(),
            content: nodes.map_or_else(|| Content::Octets(content.to_vec()), Content::Nodes),
            has_long_length: false,
        };
        Some((node, rest))
    }

    fn read_all(mut der: &[u8]) -> Option<Vec<Self>> {
        let mut nodes = Vec::new();
        while !der.is_empty() {
            let (node, rest) = Self::read_first(der)?;
            nodes.push(node);
            der = rest;
        }
        Some(nodes)
    }

    fn children(&self) -> Option<&[Self]> {
        match &self.content {
            Content::Nodes(nodes) => Some(nodes),
            Content::Octets(_) => None,
        }
    }

    fn der(&self) -> Vec<u8> {
        let mut content = self.prefix.clone();
        match &self.content {
            Content::Octets(octets) => content.extend(octets),
            Content::Nodes(nodes) => content.extend(nodes.iter().flat_map(Self::der)),
        }
        let mut der = tlv(self.tag, &content);
        if self.has_long_length {
            if der[1] < 0x80 {
                der.insert(1, 0x81);
            } else {
                der[1] += 1;
                der.insert(2, 0);
            }
        }
        der
    }

    fn at<'a>(&'a mut self, path: &[usize]) -> &'a mut Self {
        let Some((first, rest)) = path.split_first() else {
            return self;
        };
        match &mut self.content {
            Content::Nodes(nodes) => nodes[*first].at(rest),
            Content::Octets(_) => panic!("no such place"),
        }
    }

    fn paths(&self, here: &[usize], paths: &mut Vec<Vec<usize>>) {
        paths.push(here.to_vec());
        for (number, child) in self.children().unwrap_or_default().iter().enumerate() {
            child.paths(&[here, &[number]].concat(), paths);
        }
    }
}

/// Tags that an element is given in the place of its own.
const TAGS: [u8; 14] = [
    0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0c, 0x13, 0x14, 0x16, 0x1e, 0x30, 0x31, 0x80,
];

/// Octets that a value is given in the place of its own, or of its first or last one.
const VALUES: [&[u8]; 8] = [
    &[],
    &[0],
    &[0xff],
    &[0x80],
    &[0, 1],
    &[0, 0x80],
    &[0xff, 0xff],
    b"a\n\x00\x80\xff*@",
];

/// Every change of every element below the whole, where the place is wanted.
fn mutations(tbs: &[u8], is_wanted: &dyn Fn(&str) -> bool) -> Vec<(String, Vec<u8>)> {
    let whole = Node::read(tbs).unwrap();
    let mut paths = Vec::new();
    whole.paths(&[], &mut paths);
    let mut found = Vec::new();
    for path in paths {
        let shown: Vec<String> = std::iter::once(&0)
            .chain(&path)
            .map(ToString::to_string)
            .collect();
        let shown = shown.join(".");
        if !is_wanted(&shown) {
            continue;
        }
        let mut add = |what: String, changed: &Node| {
            let der = changed.der();
            if der != tbs && !found.iter().any(|(_, known)| *known == der) {
                found.push((format!("{shown} {what}"), der));
            }
        };
        alter_place(&whole, &path, &mut add);
        alter_value(&whole, &path, &mut add);
    }
    found
}

/// Changes of where an element stands and how it is wrapped.
fn alter_place(whole: &Node, path: &[usize], add: &mut dyn FnMut(String, &Node)) {
    let null = || Node::read(&[5, 0]).unwrap();
    if let Some((last, above)) = path.split_last() {
        let mut change = |what: &str, change: &dyn Fn(&mut Vec<Node>)| {
            let mut changed = whole.clone();
            if let Content::Nodes(nodes) = &mut changed.at(above).content {
                change(nodes);
            }
            add(what.to_owned(), &changed);
        };
        change("dropped", &|nodes| drop(nodes.remove(*last)));
        change("twice", &|nodes| nodes.insert(*last, nodes[*last].clone()));
        change("after a NULL", &|nodes| nodes.insert(*last, null()));
        change("before a NULL", &|nodes| nodes.insert(last + 1, null()));
        change("moved", &|nodes| {
            if last + 1 < nodes.len() {
                nodes.swap(*last, last + 1);
            }
        });
    }
    let mut change = |what: String, change: &dyn Fn(&mut Node)| {
        let mut changed = whole.clone();
        change(changed.at(path));
        add(what, &changed);
    };
    change("long length".to_owned(), &|node| {
        node.has_long_length = true;
    });
    change("wrapped".to_owned(), &|node| {
        let inner = node.clone();
        *node = Node::read(&seq(&[inner.der()])).unwrap();
    });
    change("with a NULL inside".to_owned(), &|node| {
        if let Content::Nodes(nodes) = &mut node.content {
            nodes.push(null());
        }
    });
    for tag in TAGS {
        change(format!("tag {tag:02x}"), &|node| node.tag = tag);
    }
    change("other class".to_owned(), &|node| node.tag ^= 0x80);
    change("other form".to_owned(), &|node| node.tag ^= 0x20);
    change("next tag".to_owned(), &|node| node.tag += 1);
}

/// Changes of the octets of an element.
fn alter_value(whole: &Node, path: &[usize], add: &mut dyn FnMut(String, &Node)) {
    let mut change = |what: String, change: &dyn Fn(&mut Vec<u8>)| {
        let mut changed = whole.clone();
        let node = changed.at(path);
        let der = node.der();
        let header = if der[1] < 0x80 {
            2
        } else {
            2 + usize::from(der[1] & 0x7f)
        };
        let mut octets = der[header..].to_vec();
        change(&mut octets);
        node.prefix.clear();
        node.content = Content::Octets(octets);
        add(what, &changed);
    };
    for value in VALUES {
        change(format!("is {value:02x?}"), &|octets| {
            *octets = value.to_vec();
        });
    }
    for octet in [0, 1, 0x0a, 0x20, 0x2a, 0x40, 0x7f, 0x80, 0xff] {
        change(format!("begins with {octet:02x}"), &|octets| {
            octets.insert(0, octet);
        });
        change(format!("ends with {octet:02x}"), &|octets| {
            octets.push(octet);
        });
        change(format!("first is {octet:02x}"), &|octets| {
            if let Some(first) = octets.first_mut() {
                *first = octet;
            }
        });
        change(format!("last is {octet:02x}"), &|octets| {
            if let Some(last) = octets.last_mut() {
                *last = octet;
            }
        });
    }
    change("cut off".to_owned(), &|octets| {
        octets.pop();
    });
    change("begun late".to_owned(), &|octets| {
        if !octets.is_empty() {
            octets.remove(0);
        }
    });
    change("last bit".to_owned(), &|octets| {
        if let Some(last) = octets.last_mut() {
            *last ^= 1;
        }
    });
    change("middle bit".to_owned(), &|octets| {
        let middle = octets.len() / 2;
        if let Some(octet) = octets.get_mut(middle) {
            *octet ^= 1;
        }
    });
}
