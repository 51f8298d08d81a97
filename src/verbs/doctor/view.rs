//! What the doctor found: what is broken with its cure, what stayed closed with who could open it, and how many are proved.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::doctor::{Diagnosis, State};
use crate::render::paint::{Paint, Tone};
use crate::render::words;
use crate::x509::key::facts::KeyFormat;

const MISSING: &str = "the private key of the CA is not in the tree, and was not proved";

/// Broken keys first, then those that stayed closed, then a line that counts.
pub(crate) fn text(diagnoses: &[Diagnosis], paint: Paint) -> String {
    let mut text = String::new();
    for diagnosis in diagnoses {
        if let State::Broken(ailments) = &diagnosis.state {
            for ailment in ailments {
                let _ = writeln!(
                    text,
                    "{}: {} ({}): {}\n  {} {}",
                    paint.apply(Tone::Bad, format!("broken[{}]", ailment.code)),
                    diagnosis.id,
                    diagnosis.file,
                    words::printable(&ailment.detail),
                    paint.apply(Tone::Good, "hint:"),
                    ailment.cure
                );
            }
        }
    }
    for diagnosis in diagnoses {
        if let State::Missing { cure } = &diagnosis.state {
            let _ = writeln!(
                text,
                "{}: {} ({}): {MISSING}\n  {} {}",
                paint.apply(Tone::Warning, "missing"),
                diagnosis.id,
                diagnosis.file,
                paint.apply(Tone::Good, "hint:"),
                cure
            );
        }
    }
    for diagnosis in diagnoses {
        if let State::Locked { readers, detail } = &diagnosis.state {
            let _ = writeln!(
                text,
                "{}: {} ({}): {}\n  could be opened by {}",
                paint.apply(Tone::Warning, "locked"),
                diagnosis.id,
                diagnosis.file,
                words::printable(detail),
                words::printable(&readers.join(", "))
            );
        }
    }
    text.push_str(&forms(diagnoses, paint));
    text.push_str(&summary(diagnoses));
    text
}

/// One note for all of them: a tree of another tool has nothing else.
fn forms(diagnoses: &[Diagnosis], paint: Paint) -> String {
    let named: Vec<String> = diagnoses
        .iter()
        .filter_map(|diagnosis| Some(format!("{} ({})", diagnosis.id, form_of(diagnosis)?)))
        .collect();
    if named.is_empty() {
        return String::new();
    }
    format!(
        "{}: {} not PKCS#8, which every program reads; nothing has to be done, the next renewal converts: {}\n",
        paint.apply(Tone::Quiet, "note"),
        words::count(named.len(), "key is", "keys are"),
        words::some_of(&named, 5)
    )
}

fn form_of(diagnosis: &Diagnosis) -> Option<KeyFormat> {
    match diagnosis.state {
        State::Proved { form } => form,
        _ => None,
    }
}

fn summary(diagnoses: &[Diagnosis]) -> String {
    let parts: Vec<String> = ["proved", "elsewhere", "missing", "locked", "broken"]
        .into_iter()
        .map(|code| (code, count(diagnoses, code)))
        .filter(|(code, count)| *count > 0 || *code == "proved")
        .map(|(code, count)| format!("{count} {code}"))
        .collect();
    format!("{}.\n", parts.join(", "))
}

fn count(diagnoses: &[Diagnosis], code: &str) -> usize {
    let of_code = |diagnosis: &&Diagnosis| diagnosis.state.code() == code;
    diagnoses.iter().filter(of_code).count()
}

/// The same values with their stable codes.
pub(crate) fn json(diagnoses: &[Diagnosis]) -> Value {
    let keys: Vec<Value> = diagnoses.iter().map(key).collect();
    json!({ "version": 1, "keys": keys })
}

fn key(diagnosis: &Diagnosis) -> Value {
    let (mut faults, mut readers, mut closed) = (Vec::new(), None, None);
    match &diagnosis.state {
        State::Missing { cure } => {
            faults.push(json!({ "code": "missing", "detail": MISSING, "cure": cure }));
        }
        State::Broken(ailments) => {
            faults = ailments
                .iter()
                .map(|ailment| json!({ "code": ailment.code, "detail": ailment.detail, "cure": ailment.cure }))
                .collect();
        }
        State::Locked {
            readers: others,
            detail,
        } => (readers, closed) = (Some(others), Some(detail)),
        State::Proved { .. } | State::Elsewhere => {}
    }
    json!({
        "artifact": diagnosis.id.to_string(),
        "file": diagnosis.file.to_string(),
        "state": diagnosis.state.code(),
        "faults": faults,
        "readers": readers,
        "locked": closed,
        "form": form_of(diagnosis).map(|form| form.to_string()),
    })
}
