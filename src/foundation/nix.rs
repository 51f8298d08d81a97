//! The foundation as Nix sources for people to go on with: a plain file, or a module and a flake around it.

use std::fmt::Write as _;

use super::{Allowed, DIR, Foundation, HOST_KEYS, Tier, hours};
use crate::fleet::nix::string;

const FLAKE: &str = include_str!("../../nix/templates/pki/flake.nix");

/// `certs.nix`: plain data, which `nix-instantiate` alone evaluates.
pub fn plain_file(foundation: &Foundation) -> String {
    let mut text = format!(
        "# The certificate authorities of {}, and the hosts with certificates from them.\n\
         # `certs plan` says what would be made and why, `certs recreate` makes it so.\n\
         {{\n\
         {s}# What holds for the whole fleet.\n\
         {s}certToolkit =\n\
         {s}{s}{{ config, ... }}:\n\
         {s}{s}{{\n",
        in_comment(&foundation.name),
        s = "  ",
    );
    let owning = format!(
        "# Each host opens its own keys with its SSH key: `certs host add NAME` makes one, `certs host scan ADDRESS` reads one.\n\
         owningHostKey = \"{HOST_KEYS}/${{config.networking.hostName}}.pub\";\n"
    );
    indent(&mut text, 6, &operators(foundation));
    text.push('\n');
    indent(&mut text, 6, &owning);
    text.push('\n');
    indent(&mut text, 6, &authorities(foundation));
    text.push_str("    };\n\n");
    let example = format!(
        "# The hosts, and what each has of its own.\n\
         hosts = {{\n\
         \x20 # web1.cas.{}.certs.web = {{\n\
         \x20 #   hosts = [ {} ];\n\
         \x20 #   usages = [ \"server auth\" ];\n\
         \x20 # }};\n\
         }};\n",
        foundation.issuing(),
        string(&foundation.example_name()),
    );
    indent(&mut text, 2, &example);
    text.push_str("}\n");
    text
}

/// `authorities.nix`: a module for every host, and for the evaluation of the authorities alone.
pub fn module(foundation: &Foundation) -> String {
    let mut text = format!(
        "# The certificate authorities of {}, imported by every host.\n{{\n  certToolkit = {{\n",
        in_comment(&foundation.name)
    );
    indent(&mut text, 4, &operators(foundation));
    text.push('\n');
    indent(&mut text, 4, &authorities(foundation));
    text.push_str("  };\n}\n");
    text
}

/// `flake.nix`: hosts, each with the module and its own file.
pub fn flake() -> &'static str {
    FLAKE
}

fn operators(foundation: &Foundation) -> String {
    let mut text = format!(
        "dir = \"{DIR}\";\n\n# Who may open every private key: the public keys of the operators.\nuserAgeKeys = [\n"
    );
    for line in foundation.operator_lines() {
        let _ = writeln!(text, "  {}", string(&line));
    }
    let _ = writeln!(
        text,
        "];\nuserAgeIdentity = {};",
        string(&foundation.identity)
    );
    text
}

fn authorities(foundation: &Foundation) -> String {
    let mut text = String::new();
    if let Some(organization) = &foundation.organization {
        let _ = writeln!(text, "caDefaults.names.O = {};\n", string(organization));
    }
    let written: Vec<String> = foundation.authorities().iter().map(authority).collect();
    text.push_str(&written.join("\n"));
    for allowed in foundation.roles() {
        text.push('\n');
        text.push_str(&role(foundation, allowed));
    }
    text
}

fn role(foundation: &Foundation, allowed: &Allowed) -> String {
    let permitted = &foundation.permitted;
    let mut text = format!(
        "# {}\nroles.{} = {{\n  authority = {};\n  allowedDomains = {};\n  allowBareDomains = true;\n  allowSubdomains = true;\n",
        allowed.comment,
        allowed.name,
        string(foundation.issuing()),
        list(&permitted.dns)
    );
    let emails: Vec<String> = permitted.email_patterns().collect();
    for (option, values) in [
        ("allowedIpRanges", &permitted.ip),
        ("allowedEmails", &emails),
    ] {
        if !values.is_empty() {
            let _ = writeln!(text, "  {option} = {};", list(values));
        }
    }
    let _ = writeln!(text, "  usages = [ {} ];\n}};", string(allowed.usage));
    text
}

fn authority(tier: &Tier<'_>) -> String {
    let mut ca = format!(
        "commonName = {};\nexpiry = {};\npathLength = {};\n",
        string(&tier.common_name),
        string(&hours(tier.expiry)),
        tier.path_length
    );
    if let Some(permitted) = tier.permitted {
        ca.push_str("# Nothing else is accepted of what it issues.\n");
        for (kind, names) in permitted.kinds() {
            let _ = writeln!(ca, "nameConstraints.permitted.{kind} = {};", list(names));
        }
    }
    let mut text = format!("# {}\n", tier.comment);
    match tier.issuer {
        None => {
            let _ = writeln!(text, "cas.{}.ca = {{", tier.name);
            indent(&mut text, 2, &ca);
            text.push_str("};\n");
        }
        Some(issuer) => {
            let _ = writeln!(
                text,
                "cas.{} = {{\n  issuer = {};\n  ca = {{",
                tier.name,
                string(issuer)
            );
            indent(&mut text, 4, &ca);
            text.push_str("  };\n};\n");
        }
    }
    text
}

fn list(texts: &[String]) -> String {
    let strings: Vec<String> = texts.iter().map(|text| string(text)).collect();
    format!("[ {} ]", strings.join(" "))
}

/// A line end would end the comment.
fn in_comment(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

fn indent(text: &mut String, columns: usize, lines: &str) {
    for line in lines.lines() {
        if !line.is_empty() {
            let _ = write!(text, "{:columns$}{line}", "");
        }
        text.push('\n');
    }
}
