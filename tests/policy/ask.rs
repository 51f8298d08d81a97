//! A role under construction, and what it is asked.

use std::fmt::Write as _;

use certs::fleet::{Fleet, Name, Role};
use certs::manifest::{KeyFiles, Manifest};
use certs::policy::{Grant, Issuer, Refusal, Request, RequestedKey, RequestedName, decide};
use serde_json::{Value, json};

use crate::declared::Declared;

const ADA: &str = "age1k9g9930t6j5r9ftm00zqs0d3c40jmcm9wzhzpcs9wj3uuylaueesjqxfdc";
const HOST: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIInEh0JIf5BhbloR9CA79LaBfUjf3KWhq+ladVTMPZmm root@cp1";

/// A role `lab` of the intermediate `web`, below a root.
pub(crate) struct Lab(Declared);

impl Lab {
    pub(crate) fn new() -> Self {
        let declared = Declared::by(&[ADA], HOST)
            .root("root")
            .intermediate("web", "root")
            .role("lab", "web");
        Self(declared)
    }

    /// `example.org` with all names below it.
    pub(crate) fn example() -> Self {
        Self::new()
            .with("allowedDomains", json!(["example.org"]))
            .with("allowSubdomains", json!(true))
    }

    pub(crate) fn with(self, field: &str, value: Value) -> Self {
        Self(self.0.with("roles/lab", field, value))
    }

    pub(crate) fn with_authority(self, authority: &str, field: &str, value: Value) -> Self {
        Self(self.0.with(&format!("ca/{authority}"), field, value))
    }

    pub(crate) fn fleet(&self) -> Fleet {
        let manifest = Manifest::parse(self.0.manifest.to_string().as_bytes()).unwrap();
        manifest.resolve(&KeyFiles::new()).unwrap().fleet
    }

    pub(crate) fn decide(&self, request: &Request) -> Result<Grant, Vec<Refusal>> {
        let fleet = self.fleet();
        let role = role_of(&fleet);
        decide(role, &Issuer::of(role, &fleet), request)
    }

    /// Asked for these names and nothing else.
    pub(crate) fn names(&self, names: &[&str]) -> Result<Grant, Vec<Refusal>> {
        self.decide(&for_names(names))
    }

    pub(crate) fn common_name(&self, name: &str) -> Result<Grant, Vec<Refusal>> {
        self.decide(&Request {
            common_name: Some(name.to_owned()),
            ..for_names(&[])
        })
    }
}

pub(crate) fn role_of(fleet: &Fleet) -> &Role {
    &fleet.roles[&Name::new("lab").unwrap()]
}

pub(crate) fn for_names(names: &[&str]) -> Request {
    Request {
        common_name: None,
        sans: names
            .iter()
            .map(|name| RequestedName::Text((*name).to_owned()))
            .collect(),
        lifetime: None,
        key: RequestedKey::Generate,
        usages: None,
    }
}

/// Each refusal with its code and cure.
pub(crate) fn told(refusals: &[Refusal]) -> String {
    let role = Name::new("lab").unwrap();
    let lines: Vec<String> = refusals
        .iter()
        .map(|refusal| {
            format!(
                "{}: {refusal}\n  hint: {}",
                refusal.code(),
                refusal.cure(&role)
            )
        })
        .collect();
    lines.join("\n")
}

/// The declaration that is granted, and how it differs from what was asked.
pub(crate) fn shown(grant: &Grant) -> String {
    let declaration = &grant.declaration;
    let sans: Vec<String> = declaration.sans.iter().map(ToString::to_string).collect();
    let names = if sans.is_empty() {
        "none".to_owned()
    } else {
        sans.join(", ")
    };
    let usages: Vec<&str> = declaration.usages.words().collect();
    let subject = match declaration.subject.to_string() {
        empty if empty.is_empty() => "none".to_owned(),
        subject => subject,
    };
    let mut text = format!(
        "subject  {}\nnames    {}\nusages   {}\nkey      {}\nlifetime {}, renewed {}",
        subject,
        names,
        usages.join(", "),
        declaration.key,
        declaration.lifetime,
        declaration
            .renew_before
            .map_or("after two thirds".to_owned(), |before| format!(
                "{before} before its end"
            )),
    );
    for note in &grant.notes {
        let _ = write!(text, "\n{}: {note}", note.code());
    }
    text
}
