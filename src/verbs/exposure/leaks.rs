//! Private keys that some commit has in clear, in words and as JSON: whoever has a clone is their holder.

use serde_json::{Value, json};

use crate::history::Leak;
use crate::render::json::certificate;
use crate::render::words;
use crate::verbs::history::view::seen;
use crate::x509::Moment;

/// A warning for each.
pub(crate) fn text(leaks: &[Leak<'_>]) -> String {
    let each = leaks.iter().map(|leak| {
        let holders = leak.holders.iter().map(ToString::to_string);
        let certificates = leak.certificates.iter().map(|facts| {
            let subject = &facts.subject;
            if facts.is_authority() {
                format!("the authority {subject}")
            } else {
                subject.to_string()
            }
        });
        let whose: Vec<String> = holders.chain(certificates).collect();
        let place = match &leak.key.commit {
            Some(commit) => format!("{} of {}", leak.key.path, seen(commit)),
            None => leak.key.path.clone(),
        };
        format!(
            "warning: the private key of {} is in Git in clear ({}): every clone has it, until it is replaced; rewriting the \
             history takes no clone back\n",
            words::printable(&words::some_of(&whose, 3)),
            words::printable(&place)
        )
    });
    each.collect()
}

/// The same values.
pub(crate) fn json(leaks: &[Leak<'_>]) -> Value {
    leaks.iter().map(one).collect()
}

fn one(leak: &Leak<'_>) -> Value {
    let commit = leak.key.commit.as_ref();
    json!({
        "file": leak.key.path,
        "since": commit.map(|commit| json!({ "commit": commit.id, "time": Moment(commit.time).rfc3339() })),
        "holders": leak.holders.iter().map(|holder| holder.name()).collect::<Vec<_>>(),
        "certificates": leak.certificates.iter().map(|facts| certificate(facts)).collect::<Vec<_>>(),
    })
}
