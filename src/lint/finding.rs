//! One finding: what is wrong with whom, what would come of it, and what to write instead.

use std::fmt;

use super::catalogue::{Lint, Rule};
use super::tree::Spot;
use crate::fleet::{Artifact, ArtifactId, Authority, Certificate, KeyPair, Name, Role};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It will not work, or it gives away what nobody meant to give away.
    Error,
    /// It probably is not what was meant.
    Warning,
    /// Worth knowing.
    Info,
}

impl Severity {
    /// Stable word for JSON and texts.
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// What a finding rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The declaration says what it is for, and is held to that.
    Declared,
    /// Its purpose was guessed from names and usages.
    Guessed,
    /// A file of an earlier run or of somebody else. Issuing may be the very cure, so it never stands in the way of that.
    Found,
}

/// Whom a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    Artifact(ArtifactId),
    Host(Name),
    Role(Name),
    /// A key that files are sealed to, shortened.
    Recipient(String),
    /// Relative to the root.
    File(String),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Artifact(id) => id.fmt(f),
            Self::Host(name) => write!(f, "host {name}"),
            Self::Role(name) => write!(f, "role {name}"),
            Self::Recipient(short) => write!(f, "recipient {short}"),
            Self::File(path) => f.write_str(path),
        }
    }
}

/// One thing that a lint found.
#[derive(Clone, Debug)]
pub struct Finding {
    pub lint: &'static Lint,
    pub severity: Severity,
    pub basis: Basis,
    pub subject: Subject,
    /// What is wrong, without the subject.
    pub cause: String,
    /// Which program refuses what, or what is given away.
    pub consequence: String,
    /// What to write instead.
    pub cure: String,
    /// Attribute path under `certToolkit`, empty where none applies.
    pub option: Vec<String>,
    /// The very word at fault, to point at inside a list.
    pub word: Option<String>,
    /// Hosts whose configuration holds it.
    pub hosts: Vec<String>,
    /// Where it stands, for what no option names.
    pub spot: Option<Spot>,
    /// Why somebody decided to live with it.
    pub allowed: Option<String>,
}

impl Finding {
    /// A finding that says nothing yet.
    pub fn new(lint: &'static Lint, basis: Basis, subject: Subject) -> Self {
        let severity = match (lint.rule, basis) {
            (Rule::Always(severity), _) => severity,
            (Rule::Held, Basis::Declared) => Severity::Error,
            (Rule::Held, Basis::Guessed | Basis::Found) => Severity::Warning,
        };
        Self {
            lint,
            severity,
            basis,
            subject,
            cause: String::new(),
            consequence: String::new(),
            cure: String::new(),
            option: Vec::new(),
            word: None,
            hosts: Vec::new(),
            spot: None,
            allowed: None,
        }
    }

    pub(super) fn of_certificate(
        lint: &'static Lint,
        basis: Basis,
        certificate: &Certificate,
        field: &str,
    ) -> Self {
        let finding = Self::new(lint, basis, Subject::Artifact(certificate.id()));
        match certificate.record() {
            None => Self {
                option: with_field(certificate.id().option_path(), field),
                hosts: vec![certificate.host.to_string()],
                ..finding
            },
            Some(record) => Self {
                spot: Some(Spot::whole(record.file.as_str())),
                ..finding
            },
        }
    }

    pub(super) fn of_authority(lint: &'static Lint, authority: &Authority, field: &str) -> Self {
        Self {
            option: with_field(authority.id().option_path(), field),
            hosts: authority.declared_by.clone(),
            ..Self::new(lint, Basis::Declared, Subject::Artifact(authority.id()))
        }
    }

    pub(super) fn of_artifact(
        lint: &'static Lint,
        basis: Basis,
        artifact: Artifact<'_>,
        field: &str,
    ) -> Self {
        match artifact {
            Artifact::Authority(authority) => Self::of_authority(lint, authority, field),
            Artifact::Leaf(certificate) => Self::of_certificate(lint, basis, certificate, field),
        }
    }

    pub(super) fn of_key_pair(lint: &'static Lint, pair: &KeyPair, field: &str) -> Self {
        Self {
            option: with_field(pair.id().option_path(), field),
            hosts: pair.owners.iter().map(Name::to_string).collect(),
            ..Self::new(lint, Basis::Declared, Subject::Artifact(pair.id()))
        }
    }

    pub(super) fn of_role(lint: &'static Lint, role: &Role, field: &str) -> Self {
        Self {
            option: with_field(role.option_path(), field),
            hosts: role.declared_by.clone(),
            ..Self::new(lint, Basis::Declared, Subject::Role(role.name.clone()))
        }
    }

    pub(super) fn of_host(lint: &'static Lint, basis: Basis, host: &Name, option: &[&str]) -> Self {
        Self {
            option: option.iter().map(|part| (*part).to_owned()).collect(),
            hosts: vec![host.to_string()],
            ..Self::new(lint, basis, Subject::Host(host.clone()))
        }
    }

    #[must_use]
    pub(super) fn saying(
        mut self,
        cause: impl Into<String>,
        consequence: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        self.cause = cause.into();
        self.consequence = consequence.into();
        self.cure = cure.into();
        self
    }

    #[must_use]
    pub(super) fn at_word(mut self, word: impl Into<String>) -> Self {
        self.word = Some(word.into());
        self
    }

    /// The code of its lint.
    pub fn code(&self) -> &'static str {
        self.lint.code
    }

    /// Subject and cause in one sentence.
    pub fn message(&self) -> String {
        format!("{}: {}", self.subject, self.cause)
    }

    /// Whether nothing is issued while it stands.
    pub fn blocks(&self) -> bool {
        self.is_open() && self.severity == Severity::Error && self.basis != Basis::Found
    }

    /// Whether nobody has decided to live with it.
    pub fn is_open(&self) -> bool {
        self.allowed.is_none()
    }

    pub(super) fn rank(&self) -> (bool, Severity, &'static str, &Subject) {
        (
            self.allowed.is_some(),
            self.severity,
            self.lint.code,
            &self.subject,
        )
    }
}

fn with_field(mut option: Vec<String>, field: &str) -> Vec<String> {
    if !field.is_empty() {
        option.push(field.to_owned());
    }
    option
}
