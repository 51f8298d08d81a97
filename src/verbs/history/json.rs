//! History and exposure as JSON.

use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::fleet::Name;
use crate::history::{
    Commit, End, Exposure, Holder, Identity, Judged, Opener, Tokens, Unread, groups,
};
use crate::render::json::certificate;
use crate::verbs::exposure::view::Step;
use crate::x509::Moment;

/// Every certificate that was ever issued.
pub(crate) fn issued(all: &[Judged<'_>], unread: &[Unread], now: OffsetDateTime) -> Value {
    let entry = |judged: &Judged<'_>| {
        let issued = &judged.issued;
        json!({
            "standing": issued.standing.code(),
            "acceptance": judged.acceptance.code(),
            "atLarge": judged.is_at_large(),
            "power": judged.power.code(),
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
        "unread": unread.iter().map(missing).collect::<Vec<_>>(),
    })
}

/// A content that could not be read.
fn missing(unread: &Unread) -> Value {
    json!({
        "file": unread.path,
        "since": unread.first.as_ref().map(commit),
        "code": unread.obstacle.code(),
        "detail": unread.obstacle.to_string(),
    })
}

/// What each holder can open; with the steps of each, where they were asked for.
pub(crate) fn exposures(
    exposures: &[Exposure<'_>],
    steps: &[Vec<Step>],
    unread: &[Unread],
    now: OffsetDateTime,
) -> Value {
    let steps = steps.iter().map(Some).chain(std::iter::repeat(None));
    let holders = exposures.iter().zip(steps);
    json!({
        "version": 1,
        "now": Moment(now).rfc3339(),
        "holders": holders.map(|(one, steps)| exposure(one, steps.map(Vec::as_slice))).collect::<Vec<_>>(),
        "unread": unread.iter().map(missing).collect::<Vec<_>>(),
    })
}

fn exposure(exposure: &Exposure<'_>, steps: Option<&[Step]>) -> Value {
    let holder = match &exposure.holder {
        Holder::Host(_) | Holder::FormerHost(_) => json!({ "host": exposure.holder.name() }),
        Holder::Operator(_) | Holder::Former(_) => json!({ "operator": exposure.holder.name() }),
        Holder::Artifact(id) => json!({ "artifact": id.to_string() }),
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
                "opensAs": key.opens.as_ref().map(|key| key.as_str().to_owned()),
                "empty": key.is_empty,
                "identities": key.identities.iter().map(identity).collect::<Vec<_>>(),
            })
        })
        .collect();
    let step = |step: &Step| json!({ "text": step.text, "commands": step.commands, "choice": step.is_choice });
    json!({
        "holder": holder,
        "declared": exposure.holder.is_declared(),
        "recipients": recipients.collect::<Vec<_>>(),
        "keys": keys,
        "hostKeys": exposure.hosts().into_iter().map(Name::as_str).collect::<Vec<_>>(),
        "replace": exposure.to_replace().iter().filter(|id| !id.is_host_key()).map(ToString::to_string).collect::<Vec<_>>(),
        "steps": steps.map(|steps| steps.iter().map(step).collect::<Vec<_>>()),
    })
}

fn identity(identity: &Identity<'_>) -> Value {
    let mut value = certificate(identity.facts);
    if let Some(fields) = value.as_object_mut() {
        fields.insert("acceptance".to_owned(), identity.acceptance.code().into());
        fields.insert("power".to_owned(), identity.power.code().into());
    }
    value
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
