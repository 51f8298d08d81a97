//! A draft as `certs.nix`: plain data that `nix-instantiate` alone evaluates, with a comment where a person has to decide.

use std::fmt::Write as _;

use super::{Draft, DraftAuthority, DraftCertificate, DraftKeyPair, Operators, by_host};
use crate::fleet::nix::{attribute, string};
use crate::x509::{
    AttributeType, CertificateFacts, FoundKeyAlgorithm, FoundSan, KeyAlgorithm, NameConstraints,
    Subtrees,
};

/// The source of a declaration.
pub fn source(draft: &Draft, operators: &Operators, directory: &str) -> String {
    let mut text = String::new();
    let _ = write!(
        text,
        "# Begun by `certs adopt {} --declare`: read it, correct the names of hosts, then run `certs adopt` with it.\n{{\n",
        comment(directory)
    );
    text.push_str("  certToolkit =\n    { config, ... }:\n    {\n");
    let mut common = String::from("dir = \"secrets/certs\";\n");
    common.push_str(&operator_lines(operators));
    common.push_str("# Each host decrypts its keys with its SSH key: `certs host add NAME` makes one, `certs host scan ADDRESS` reads one.\n");
    common.push_str("owningHostKey = \"ssh-host-keys/${config.networking.hostName}.pub\";\n");
    for authority in &draft.authorities {
        common.push('\n');
        common.push_str(&authority_source(authority));
    }
    let everywhere = draft.key_pairs.iter().filter(|pair| pair.hosts.is_empty());
    for pair in everywhere {
        let note = ": every host has it; move it to those that need it.";
        common.push('\n');
        common.push_str(&key_pair_source(pair, note));
    }
    indent(&mut text, 6, &common);
    text.push_str("    };\n");
    let mut hosts = String::new();
    for (host, declared) in by_host(draft) {
        let _ = writeln!(hosts, "\n{} = {{", attribute(host));
        for (authority, certificates) in declared.certificates {
            for certificate in certificates {
                indent(&mut hosts, 2, &certificate_source(authority, certificate));
            }
        }
        for pair in declared.key_pairs {
            indent(&mut hosts, 2, &key_pair_source(pair, ""));
        }
        hosts.push_str("};\n");
    }
    text.push_str("\n  hosts = {");
    indent(&mut text, 4, &hosts);
    text.push_str("  };\n");
    text.push_str(&remainder(draft));
    text.push_str("}\n");
    text
}

fn operator_lines(operators: &Operators) -> String {
    let mut text = String::from("# Who may decrypt every key: the public keys of the operators.\n");
    if operators.keys.is_empty() {
        text.push_str("userAgeKeys = [ ]; # your public key: \"age1…\" or \"ssh-ed25519 …\"\n");
    } else {
        let keys: Vec<String> = operators.keys.iter().map(|key| string(key)).collect();
        let _ = writeln!(text, "userAgeKeys = [ {} ];", keys.join(" "));
    }
    if let Some(identity) = &operators.identity {
        let _ = writeln!(text, "userAgeIdentity = {};", string(identity));
    }
    text
}

fn authority_source(authority: &DraftAuthority) -> String {
    let facts = &authority.facts;
    let mut ca = subject(facts);
    let _ = writeln!(ca, "expiry = {};", string(&lifetime(facts)));
    ca.push_str(&key(facts));
    if let Some(length) = facts.basic_constraints.and_then(|found| found.path_length) {
        let _ = writeln!(ca, "pathLength = {length};");
    }
    if let Some(constraints) = &facts.name_constraints {
        ca.push_str(&constraints_source(constraints));
    }
    if !authority.has_key {
        ca.push_str("keyOffline = true; # its private key was not found\n");
    }
    let mut text = format!(
        "# {}: {}\ncas.{} = {{\n",
        comment(&authority.place),
        comment(&facts.subject.to_string()),
        attribute(&authority.name)
    );
    if let Some(issuer) = &authority.issuer {
        let _ = writeln!(text, "  issuer = {};", string(issuer));
    }
    for (option, urls) in [
        ("crlUrls", &authority.crl_urls),
        ("issuerUrls", &authority.issuer_urls),
    ] {
        if !urls.is_empty() {
            let _ = writeln!(text, "  {option} = {};", list(urls.iter().cloned()));
        }
    }
    text.push_str("  ca = {\n");
    indent(&mut text, 4, &ca);
    text.push_str("  };\n};\n");
    text
}

fn key_pair_source(pair: &DraftKeyPair, note: &str) -> String {
    format!(
        "# {}{note}\nkeyPairs.{}.key = {};\n",
        comment(&pair.place),
        attribute(&pair.name),
        algorithm(pair.key)
    )
}

fn certificate_source(authority: &str, certificate: &DraftCertificate) -> String {
    let facts = &certificate.facts;
    let mut text = format!(
        "# {}\ncas.{}.certs.{} = {{\n",
        comment(&certificate.place),
        attribute(authority),
        attribute(&certificate.name)
    );
    let mut fields = subject(facts);
    let _ = writeln!(fields, "hosts = {};", list(facts.sans.iter().map(san)));
    let usages = facts.usages();
    let _ = writeln!(
        fields,
        "usages = {};",
        list(usages.words().map(str::to_owned))
    );
    let _ = writeln!(fields, "expiry = {};", string(&lifetime(facts)));
    fields.push_str(&key(facts));
    if certificate.is_personal {
        fields.push_str(
            "onHost = false; # an administrator has it: the operators alone decrypt its key\n",
        );
    }
    indent(&mut text, 2, &fields);
    text.push_str("};\n");
    text
}

/// The part of the tree that is not declared.
fn remainder(draft: &Draft) -> String {
    let mut text = String::new();
    if !draft.left.is_empty() {
        text.push_str("\n  # Not declared:\n");
        for left in &draft.left {
            let _ = writeln!(
                text,
                "  # {}: {}",
                comment(&left.place),
                comment(&left.reason)
            );
        }
    }
    text
}

fn subject(facts: &CertificateFacts) -> String {
    let mut text = format!(
        "commonName = {};\n",
        string(facts.subject.common_name().unwrap_or_default())
    );
    let mut kinds: Vec<&AttributeType> = Vec::new();
    for (kind, _) in facts.subject.rdns().iter().flatten() {
        if *kind != AttributeType::CommonName && !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    for kind in kinds {
        let values: Vec<String> = facts.subject.values(kind).map(string).collect();
        let value = match values.as_slice() {
            [one] => one.clone(),
            several => format!("[ {} ]", several.join(" ")),
        };
        let _ = writeln!(text, "names.{} = {value};", attribute(kind.short_name()));
    }
    text
}

/// In hours where it is whole hours, with or without the minutes that issuers set back.
fn lifetime(facts: &CertificateFacts) -> String {
    let span = facts.validity().span().whole_seconds();
    let backdated = span - crate::x509::BACKDATE.whole_seconds();
    for seconds in [backdated, span] {
        if seconds > 0 && seconds % 3600 == 0 {
            return format!("{}h", seconds / 3600);
        }
    }
    // A certificate that lasts one second less than a day is meant to last the day, but is compared by the second.
    format!("{span}s")
}

fn key(facts: &CertificateFacts) -> String {
    match &facts.key {
        FoundKeyAlgorithm::Known(known) => format!("key = {};\n", algorithm(*known)),
        FoundKeyAlgorithm::Other(_) | FoundKeyAlgorithm::Damaged(_) => String::new(),
    }
}

fn algorithm(key: KeyAlgorithm) -> String {
    let text = key.to_string();
    let mut words = text.split(' ');
    let (algo, size) = (words.next().unwrap_or_default(), words.next());
    match size {
        Some(size) => format!("{{ algo = {}; size = {size}; }}", string(algo)),
        None => format!("{{ algo = {}; }}", string(algo)),
    }
}

/// Without the kind, which is seen in the value.
fn san(san: &FoundSan) -> String {
    let text = san.to_string();
    text.split_once(':')
        .map_or_else(|| text.clone(), |(_, value)| value.to_owned())
}

fn constraints_source(constraints: &NameConstraints) -> String {
    let mut text = String::new();
    for (side, subtrees) in [
        ("permitted", &constraints.permitted),
        ("excluded", &constraints.excluded),
    ] {
        for (kind, names) in kinds(subtrees) {
            if !names.is_empty() {
                let _ = writeln!(
                    text,
                    "nameConstraints.{side}.{kind} = {};",
                    list(names.into_iter())
                );
            }
        }
    }
    text
}

fn kinds(subtrees: &Subtrees) -> [(&'static str, Vec<String>); 3] {
    [
        ("dns", subtrees.dns.iter().cloned().collect()),
        ("ip", subtrees.ip.iter().map(ToString::to_string).collect()),
        ("email", subtrees.email.iter().cloned().collect()),
    ]
}

fn list(values: impl Iterator<Item = String>) -> String {
    let values: Vec<String> = values.map(|value| string(&value)).collect();
    if values.is_empty() {
        "[ ]".to_owned()
    } else {
        format!("[ {} ]", values.join(" "))
    }
}

/// A name in a comment ends no line.
fn comment(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

fn indent(text: &mut String, depth: usize, lines: &str) {
    for line in lines.lines() {
        if line.is_empty() {
            text.push('\n');
        } else {
            let _ = writeln!(text, "{:depth$}{line}", "");
        }
    }
}
