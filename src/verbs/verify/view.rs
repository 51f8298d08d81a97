//! Verdicts on certificates: each path as a tree from the root down, the reason as a sentence, and the same as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::render::paint::{Paint, Tone};
use crate::render::words::{count, one_line, printable};
use crate::x509::verify::{Fault, Member, Policy, Position, Verdict};
use crate::x509::{CertificateFacts, Moment};

/// The result for one file.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The file, or the declared certificate.
    pub name: String,
    pub outcome: Outcome,
}

#[derive(Debug)]
pub(crate) enum Outcome {
    Judged(Box<Verdict>),
    /// There is no certificate to judge.
    Unreadable(String),
}

/// Whose path is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    Every,
    /// Only what is refused.
    Refused,
}

impl Answer {
    pub(crate) fn is_verified(&self) -> bool {
        matches!(&self.outcome, Outcome::Judged(verdict) if verdict.is_verified())
    }
}

/// Every answer with its path, and what it comes to.
pub(crate) fn tree(answers: &[Answer], policy: &Policy, detail: Detail, paint: Paint) -> String {
    let mut text = String::new();
    for answer in answers {
        if detail == Detail::Every || !answer.is_verified() {
            text.push_str(&one(answer, paint));
        }
    }
    let refused = answers
        .iter()
        .filter(|answer| !answer.is_verified())
        .count();
    let asked = printable(&question(policy));
    if refused == 0 {
        let all = count(answers.len(), "certificate", "certificates");
        let _ = writeln!(text, "Verified {all} for {asked}.");
    } else {
        let all = count(answers.len(), "certificate", "certificates");
        let _ = writeln!(text, "Refused {refused} of {all} for {asked}.");
    }
    text
}

fn one(answer: &Answer, paint: Paint) -> String {
    let mut text = String::new();
    let name = paint.apply(Tone::Strong, one_line(&answer.name));
    match &answer.outcome {
        Outcome::Unreadable(reason) => {
            let _ = writeln!(
                text,
                "{} {name}\n  {}\n",
                mark(false, paint),
                printable(reason)
            );
        }
        Outcome::Judged(verdict) => {
            let _ = writeln!(text, "{} {name}", mark(verdict.is_verified(), paint));
            for (depth, member) in verdict.path.iter().rev().enumerate() {
                branch(&mut text, depth, member, paint);
            }
            for (member, fault) in verdict.reasons() {
                let _ = writeln!(text, "  {}", printable(&sentence(member, fault)));
            }
            // What the first reason asks for; the others often go with it.
            if let Some(cure) = verdict.reasons().next().and_then(|(_, fault)| fault.cure()) {
                let _ = writeln!(text, "  {} {cure}", paint.apply(Tone::Good, "hint:"));
            }
            text.push('\n');
        }
    }
    text
}

/// A member below its issuer, with the codes of what is wrong with it.
fn branch(text: &mut String, depth: usize, member: &Member, paint: Paint) {
    let stem = match depth {
        0 => String::new(),
        below => format!("{}└ ", "  ".repeat(below - 1)),
    };
    let about = format!(
        "{}, until {}",
        role(member),
        Moment(member.certificate.not_after)
    );
    let _ = write!(
        text,
        "  {stem}{} {}  {}",
        mark(member.is_sound(), paint),
        printable(&label(&member.certificate)),
        paint.apply(Tone::Quiet, about)
    );
    let faults = member.checks.iter().flat_map(|check| &check.faults);
    let codes: Vec<&str> = faults.map(Fault::code).collect();
    if !codes.is_empty() {
        let _ = write!(text, "  {}", paint.apply(Tone::Bad, codes.join(", ")));
    }
    text.push('\n');
}

/// An authority can be asked about as well.
fn role(member: &Member) -> &'static str {
    match member.position {
        Position::Leaf if member.certificate.is_authority() => "authority",
        position => position.word(),
    }
}

fn mark(is_good: bool, paint: Paint) -> String {
    if is_good {
        paint.apply(Tone::Good, "✓")
    } else {
        paint.apply(Tone::Bad, "✗")
    }
}

/// `CN=leaf expired at 2026-01-01T00:00:00Z`.
fn sentence(member: &Member, fault: &Fault) -> String {
    format!("{} {fault}.", label(&member.certificate))
}

fn label(facts: &CertificateFacts) -> String {
    if facts.subject.rdns().is_empty() {
        format!("certificate {}", facts.serial_hex())
    } else {
        facts.subject.to_string()
    }
}

/// `server auth as api.example at 2026-01-01T00:00:00Z`.
fn question(policy: &Policy) -> String {
    let names: Vec<String> = policy.names.iter().map(ToString::to_string).collect();
    let names = if names.is_empty() {
        String::new()
    } else {
        format!(" as {}", names.join(", "))
    };
    format!(
        "{}{names} at {}",
        policy.purpose,
        Moment(policy.moment).rfc3339()
    )
}

/// Every answer with every check of every certificate.
pub(crate) fn json(answers: &[Answer], policy: &Policy) -> Value {
    json!({
        "version": 1,
        "moment": Moment(policy.moment).rfc3339(),
        "purpose": policy.purpose.usage().map_or("any", |usage| usage.word()),
        "names": policy.names.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "revocation": policy.revocation.word(),
        "verified": answers.iter().all(Answer::is_verified),
        "certificates": answers.iter().map(answer_json).collect::<Vec<_>>(),
    })
}

fn answer_json(answer: &Answer) -> Value {
    match &answer.outcome {
        Outcome::Unreadable(reason) => json!({
            "name": answer.name,
            "verified": false,
            "reasons": [{ "certificate": Value::Null, "code": "no-certificate", "message": reason }],
            "paths": 0,
            "chain": [],
        }),
        Outcome::Judged(verdict) => {
            let reason = |(member, fault): (&Member, &Fault)| {
                json!({
                    "certificate": label(&member.certificate),
                    "code": fault.code(),
                    "message": sentence(member, fault),
                })
            };
            json!({
                "name": answer.name,
                "verified": verdict.is_verified(),
                "reasons": verdict.reasons().map(reason).collect::<Vec<_>>(),
                "paths": verdict.paths,
                "chain": verdict.path.iter().map(member_json).collect::<Vec<_>>(),
            })
        }
    }
}

fn member_json(member: &Member) -> Value {
    let facts = &member.certificate;
    let checks: Vec<Value> = member
        .checks
        .iter()
        .map(|check| {
            let faults = check.faults.iter();
            let faults =
                faults.map(|fault| json!({ "code": fault.code(), "message": fault.to_string() }));
            json!({
                "check": check.aspect.code(),
                "passed": check.faults.is_empty(),
                "faults": faults.collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({
        "position": member.position.word(),
        "subject": facts.subject.to_string(),
        "issuer": facts.issuer.to_string(),
        "serial": facts.serial_hex(),
        "notBefore": Moment(facts.not_before).rfc3339(),
        "notAfter": Moment(facts.not_after).rfc3339(),
        "keyFingerprint": facts.key_fingerprint.to_string(),
        "verified": member.is_sound(),
        "checks": checks,
    })
}
