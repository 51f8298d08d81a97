//! The very values the tables show, as JSON with stable codes.

use rayon::prelude::*;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::apply::{Done, Product, Report};
use crate::fleet::Name;
use crate::plan::{Action, Plan, Reason, Step, Target};
use crate::status::{Block, Entry, ListEntry, Reader, Status};
use crate::x509::{CertificateFacts, Granted, Moment, PublicKey};

/// A plan; `pending` says whether anything would change.
pub fn plan(plan: &Plan, stale_files: &[String]) -> Value {
    json!({
        "version": 1,
        "now": Moment(plan.now).rfc3339(),
        "pending": !plan.is_settled() || !stale_files.is_empty(),
        "staleFiles": stale_files,
        "steps": plan.steps.iter().map(step).collect::<Vec<_>>(),
    })
}

/// The outcome of a run, added to the document of the plan it carried out.
pub fn report(report: &Report, plan: &Value) -> Value {
    let done: Vec<Value> = report.done.iter().map(done).collect();
    json!({ "version": 1, "plan": plan, "done": done, "filesChanged": report.files })
}

fn done(done: &Done) -> Value {
    let mut value = match &done.product {
        Product::Certificate(facts) => certificate(facts),
        Product::PublicKeys(keys) => public_keys(keys),
        Product::HostKey(key) => json!({
            "publicKey": key.recipient.as_str(),
            "keyFingerprint": key.fingerprint.to_string(),
        }),
    };
    if let Some(object) = value.as_object_mut() {
        object.shift_insert(0, "artifact".to_owned(), json!(done.id.to_string()));
        object.shift_insert(1, "action".to_owned(), json!(done.action.code()));
    }
    value
}

/// Of a shared pair: its own key, and those it verifies by beside it.
fn public_keys(keys: &[PublicKey]) -> Value {
    let fingerprints = keys.iter().map(|key| key.fingerprint.to_string());
    json!({
        "key": keys.first().map(|key| key.algorithm.to_string()),
        "keyFingerprint": fingerprints.clone().next(),
        "verificationKeys": fingerprints.skip(1).collect::<Vec<_>>(),
    })
}

/// The fleet at one moment.
pub fn status(status: &Status<'_>) -> Value {
    let tally: serde_json::Map<String, Value> = status
        .tally()
        .into_iter()
        .map(|(state, count)| (state.code().to_owned(), json!(count)))
        .collect();
    json!({
        "version": 1,
        "now": Moment(status.now).rfc3339(),
        "tally": tally,
        "entries": status.entries.par_iter().map(|entry| status_entry(entry, status.now)).collect::<Vec<_>>(),
        "revocationLists": status.lists.iter().map(status_list).collect::<Vec<_>>(),
        "sharedKeys": status.shared_keys.iter().map(|shared| json!({
            "key": shared.key,
            "hosts": shared.hosts.iter().map(Name::as_str).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    })
}

fn status_list(entry: &ListEntry<'_>) -> Value {
    let last = entry.last.as_ref();
    let next = last.and_then(|last| last.next_update);
    json!({
        "authority": entry.authority.name.to_string(),
        "file": entry.authority.crl.to_string(),
        "state": entry.state.code(),
        "number": last.and_then(|last| Some(last.number.as_ref()?.to_string())),
        "thisUpdate": last.map(|last| Moment(last.this_update).rfc3339()),
        "nextUpdate": next.map(|next| Moment(next).rfc3339()),
        "revoked": last.map(|last| last.revoked),
    })
}

fn status_entry(entry: &Entry<'_>, now: OffsetDateTime) -> Value {
    let readers: Vec<Value> = entry
        .readers
        .iter()
        .map(|reader| match reader {
            Reader::Operator(name) => json!({ "operator": name }),
            Reader::Host(name) => json!({ "host": name.as_str() }),
            Reader::Hosts(shared) => json!({ "sharedKey": shared.key }),
            Reader::Requester => json!({ "requester": true }),
        })
        .collect();
    json!({
        "artifact": entry.id.to_string(),
        "issuer": entry.issuer.map(ToString::to_string),
        "state": entry.state().code(),
        "states": entry.states.iter().map(|state| state.code()).collect::<Vec<_>>(),
        "reasons": entry.reasons.iter().map(reason).collect::<Vec<_>>(),
        "certificate": entry.facts.map(certificate),
        "bundle": entry.blocks.iter().map(block).collect::<Vec<_>>(),
        "secondsLeft": entry.left(now).map(Duration::whole_seconds),
        "renewal": entry.renewal.map(|renewal| Moment(renewal).rfc3339()),
        "readers": readers,
        "record": entry.record.map(|record| json!({
            "file": record.file.to_string(),
            "role": record.role.as_ref().map(ToString::to_string),
            "asked": Moment(record.asked).rfc3339(),
        })),
    })
}

fn block(block: &Block) -> Value {
    json!({
        "standing": block.standing,
        "subject": block.subject,
        "notAfter": block.not_after.map(|end| Moment(end).rfc3339()),
        "keyFingerprint": block.key.to_string(),
    })
}

pub(crate) fn certificate(facts: &CertificateFacts) -> Value {
    json!({
        "subject": facts.subject.to_string(),
        "issuer": facts.issuer.to_string(),
        "serial": facts.serial_hex(),
        "sans": facts.sans.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "usages": facts.usages().words().collect::<Vec<_>>(),
        "key": facts.key.to_string(),
        "keyFingerprint": facts.key_fingerprint.to_string(),
        "notBefore": Moment(facts.not_before).rfc3339(),
        "notAfter": Moment(facts.not_after).rfc3339(),
    })
}

fn step(step: &Step) -> Value {
    let (kind, target) = match &step.target {
        Target::Artifact(id) => ("artifact", id.to_string()),
        Target::File(path) => ("file", path.to_string()),
    };
    let mut value = json!({
        kind: target,
        "action": step.action.code(),
        "reasons": step.reasons.iter().map(reason).collect::<Vec<_>>(),
    });
    if let Some(object) = value.as_object_mut() {
        if let Action::Refuse { cure } = &step.action {
            object.insert("cure".to_owned(), json!(cure));
        }
        if let Some(validity) = &step.validity {
            let bound = match validity {
                Granted::Whole(_) => "lifetime",
                Granted::Clamped(_) => "issuer",
            };
            let window = json!({
                "notBefore": Moment(validity.validity().not_before).rfc3339(),
                "notAfter": Moment(validity.validity().not_after).rfc3339(),
                "boundBy": bound,
            });
            object.insert("validity".to_owned(), window);
        }
    }
    value
}

/// The code and the sentence of every reason; additions and removals as lists.
pub(crate) fn reason(reason: &Reason) -> Value {
    let mut value = json!({ "code": reason.code(), "message": reason.to_string() });
    let changes = match reason {
        Reason::SansChanged { added, removed }
        | Reason::UsagesChanged { added, removed }
        | Reason::DistributionPointsChanged { added, removed }
        | Reason::RecipientsChanged { added, removed }
        | Reason::VerificationKeysChanged { added, removed } => Some((added, removed)),
        _ => None,
    };
    if let (Some((added, removed)), Some(object)) = (changes, value.as_object_mut()) {
        object.insert("added".to_owned(), json!(added));
        object.insert("removed".to_owned(), json!(removed));
    }
    value
}
