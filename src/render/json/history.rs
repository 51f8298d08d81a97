//! History and exposure as JSON.

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::certificate;
use crate::history::{Commit, End, Exposure, Holder, Issued, Opener, Tokens, groups};
use crate::model::{Moment, Name};

/// Every certificate that was ever issued.
pub fn issued(all: &[Issued<'_>], now: OffsetDateTime) -> Value {
    let entry = |issued: &Issued<'_>| {
        json!({
            "standing": issued.standing.code(),
            "atLarge": issued.is_at_large(now),
            "isAuthority": issued.facts.is_authority(),
            "groups": groups(issued.facts).collect::<Vec<_>>(),
            "file": issued.version.path,
            "since": issued.version.first.as_ref().map(commit),
            "until": until(&issued.version.end),
            "certificate": certificate(issued.facts),
        })
    };
    json!({
        "version": 1,
        "now": Moment(now).rfc3339(),
        "certificates": all.iter().map(entry).collect::<Vec<_>>(),
    })
}

/// What each holder can open.
pub fn exposures(exposures: &[Exposure<'_>], now: OffsetDateTime) -> Value {
    json!({
        "version": 1,
        "now": Moment(now).rfc3339(),
        "holders": exposures.iter().map(exposure).collect::<Vec<_>>(),
    })
}

fn exposure(exposure: &Exposure<'_>) -> Value {
    let holder = match &exposure.holder {
        Holder::Host(_) | Holder::FormerHost(_) => json!({ "host": exposure.holder.name() }),
        Holder::Operator(_) | Holder::Former(_) => json!({ "operator": exposure.holder.name() }),
    };
    let recipients = exposure.openers.iter().filter_map(|opener| match opener {
        Opener::Key(recipient) => Some(recipient.as_str()),
        Opener::Tag(_) => None,
    });
    let keys: Vec<Value> = exposure
        .keys
        .iter()
        .map(|key| {
            json!({
                "file": key.version.path,
                "artifact": key.artifact.as_ref().map(ToString::to_string),
                "certainty": key.certainty.code(),
                "since": key.version.first.as_ref().map(commit),
                "until": until(&key.version.end),
                "hostKey": key.host().map(Name::as_str),
                "signsTokens": key.tokens == Tokens::AnyServiceAccount,
                "identities": key.identities.iter().map(|facts| certificate(facts)).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({
        "holder": holder,
        "declared": exposure.holder.is_declared(),
        "recipients": recipients.collect::<Vec<_>>(),
        "keys": keys,
        "hostKeys": exposure.hosts().into_iter().map(Name::as_str).collect::<Vec<_>>(),
        "replace": exposure.to_replace().iter().filter(|id| !id.is_host_key()).map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn commit(commit: &Commit) -> Value {
    json!({ "commit": commit.id, "time": Moment(commit.time).rfc3339() })
}

fn until(end: &End) -> Value {
    match end {
        End::Now => Value::Null,
        End::Replaced(seen) | End::Deleted(seen) => commit(seen),
    }
}
