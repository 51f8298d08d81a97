//! The findings and actions of `certs adopt` as text and JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::adopt::{Adoption, ClearKeys, Item, Taken, TakenRevocations, Verdict};
use crate::plan::Reason;
use crate::render::json::reason;
use crate::render::paint::{Paint, Tone};
use crate::render::words::{count, one_line, some_of};

/// Every artifact for which anything was found, what stays where it is, and how many are which.
pub(crate) fn text(adoption: &Adoption, paint: Paint) -> String {
    let mut text = String::new();
    for item in &adoption.items {
        if !matches!(item.verdict, Verdict::NotFound) {
            text.push_str(&item_text(item, paint));
        }
    }
    let missing: Vec<String> = adoption
        .items
        .iter()
        .filter(|item| matches!(item.verdict, Verdict::NotFound))
        .map(|item| item.id.to_string())
        .collect();
    if !missing.is_empty() {
        let _ = writeln!(text, "not found: {}", some_of(&missing, 10));
    }
    for taken in &adoption.revocations {
        let _ = writeln!(text, "{}", one_line(&revocations(taken)));
    }
    if !adoption.leftovers.is_empty() {
        text.push_str("\nleft where it is:\n");
    }
    for left in &adoption.leftovers {
        let line = format!("{}: {}", left.place, left.reason);
        let _ = writeln!(text, "  {}", one_line(&line));
    }
    text
}

fn revocations(taken: &TakenRevocations) -> String {
    let what = count(taken.count(), "revocation", "revocations");
    let from = some_of(&taken.places, 5);
    let verb = if taken.is_listed {
        "already has"
    } else {
        "keeps"
    };
    format!("revocations ca/{} {verb} {what} of {from}", taken.authority)
}

fn item_text(item: &Item, paint: Paint) -> String {
    let tone = match item.verdict {
        Verdict::Adopt(_) => Tone::Change,
        Verdict::InPlace | Verdict::NotFound => Tone::Quiet,
        Verdict::KeyMissing { .. } | Verdict::Revoked { .. } => Tone::Warning,
        Verdict::Conflict { .. } | Verdict::Ambiguous { .. } | Verdict::KeyClosed { .. } => {
            Tone::Bad
        }
    };
    let word = paint.apply(tone, format!("{:<11}", item.verdict.code()));
    let mut text = format!("{word} {}\n", item.id);
    for (what, value) in lines(item) {
        let _ = writeln!(text, "    {what}: {}", one_line(&value));
    }
    text
}

fn lines(item: &Item) -> Vec<(&'static str, String)> {
    match &item.verdict {
        Verdict::Adopt(taken) => taken_lines(taken),
        Verdict::InPlace => vec![("already here", "nothing to adopt".to_owned())],
        Verdict::NotFound => Vec::new(),
        Verdict::Revoked { place, by } => vec![(
            "skipped",
            format!("{place} is revoked, {by} says so; `certs recreate` issues a new one"),
        )],
        Verdict::Conflict { detail } => {
            vec![("refused", format!("{detail}; it is never overwritten"))]
        }
        Verdict::Ambiguous { places } => vec![("which", places.join(", "))],
        Verdict::KeyClosed { place, closed } if item.id.is_key_pair() => vec![
            (
                "refused",
                format!(
                    "its key may be {}, which could not be opened",
                    some_of(closed, 5)
                ),
            ),
            ("note", lost_key(place)),
        ],
        Verdict::KeyClosed { place, closed } => vec![(
            "refused",
            format!(
                "no private key of {place} could be read, and {} could not be decrypted (see below): decrypt it, or say with --as that its key is elsewhere",
                some_of(closed, 5)
            ),
        )],
        Verdict::KeyMissing { place } if item.id.is_key_pair() => vec![
            ("skipped", format!("the private key of {place} is not here")),
            ("note", lost_key(place)),
        ],
        Verdict::KeyMissing { place } => vec![(
            "skipped",
            format!(
                "the private key of {place} is not here; without it the certificate is of no use"
            ),
        )],
    }
}

fn lost_key(place: &str) -> String {
    format!(
        "without it `certs recreate` makes a new key pair, and every token that the key of {place} signed is refused"
    )
}

fn taken_lines(taken: &Taken) -> Vec<(&'static str, String)> {
    let from: Vec<&str> = places(taken);
    let mut lines = vec![
        ("from", from.join(", ")),
        ("because", taken.because.join("; ")),
    ];
    if !taken.differences.is_empty() {
        lines.push(("differs", differences(taken).join("; ")));
    }
    lines.extend(taken.remarks.iter().map(|remark| ("note", remark.clone())));
    lines
}

fn places(taken: &Taken) -> Vec<&str> {
    let certificate = taken.certificate.as_ref().map(|found| found.place.as_str());
    let key = taken.key.as_ref().map(|found| found.place.as_str());
    let mut places: Vec<&str> = certificate.into_iter().chain(key).collect();
    places.dedup();
    places
}

fn differences(taken: &Taken) -> Vec<String> {
    taken.differences.iter().map(Reason::to_string).collect()
}

/// The same as a document, with the number of files that were written.
pub(crate) fn json(adoption: &Adoption, files: usize) -> Value {
    let items: Vec<Value> = adoption.items.iter().map(item_json).collect();
    let leftovers = adoption.leftovers.iter();
    let leftovers: Vec<Value> = leftovers
        .map(|left| json!({ "file": left.place, "reason": left.reason }))
        .collect();
    json!({
        "version": 1,
        "items": items,
        "leftovers": leftovers,
        "plainKeys": adoption.plain_keys,
        "revocations": adoption.revocations.iter().map(revocations_json).collect::<Vec<_>>(),
        "unreadable": adoption.unreadable.iter()
            .map(|left| json!({ "file": left.place, "reason": left.reason })).collect::<Vec<_>>(),
        "filesChanged": files,
    })
}

fn revocations_json(taken: &TakenRevocations) -> Value {
    json!({
        "authority": taken.authority.as_str(),
        "files": taken.places,
        "revoked": taken.count(),
        "isListed": taken.is_listed,
    })
}

fn item_json(item: &Item) -> Value {
    let mut value = json!({ "artifact": item.id.to_string(), "verdict": item.verdict.code() });
    let more = match &item.verdict {
        Verdict::Adopt(taken) => json!({
            "certificate": taken.certificate.as_ref().map(|found| &found.place),
            "key": taken.key.as_ref().map(|found| &found.place),
            "because": taken.because,
            "differences": taken.differences.iter().map(reason).collect::<Vec<_>>(),
            "remarks": taken.remarks,
        }),
        Verdict::Conflict { detail } => json!({ "detail": detail }),
        Verdict::Ambiguous { places } => json!({ "files": places }),
        Verdict::KeyClosed { place, closed } => json!({ "certificate": place, "closed": closed }),
        Verdict::KeyMissing { place } => json!({ "certificate": place }),
        Verdict::Revoked { place, by } => json!({ "certificate": place, "by": by }),
        Verdict::InPlace | Verdict::NotFound => json!({}),
    };
    if let (Some(value), Value::Object(more)) = (value.as_object_mut(), more) {
        value.extend(more);
    }
    value
}

/// The outcome of a run.
pub(crate) fn outcome(artifacts: usize, files: usize) -> String {
    if artifacts == 0 {
        return "nothing to adopt\n".to_owned();
    }
    format!(
        "{} adopted and proved, {} written; `certs plan` shows what differs from the declaration\n\
         hint: `git add` the files: a flake sees only what Git knows\n",
        count(artifacts, "artifact", "artifacts"),
        count(files, "file", "files")
    )
}

/// What becomes of the keys in clear. Only what is encrypted in the project and was decrypted again may be destroyed.
pub(crate) fn clear_keys(keys: &ClearKeys, directory: &str) -> String {
    let mut text = String::new();
    let place = format!(" in {directory}");
    let mut say = |places: &[String], one: &str, many: &str, advice: &str, place: &str| {
        if places.is_empty() {
            return;
        }
        let keys = if places.len() == 1 {
            format!("1 {one}")
        } else {
            format!("{} {many}", places.len())
        };
        let _ = writeln!(text, "warning: {keys} in clear{place}; {advice}:");
        for place in places {
            let _ = writeln!(text, "  {}", one_line(place));
        }
    };
    say(
        &keys.keep,
        "private key that was not adopted is",
        "private keys that were not adopted are",
        "there may be no other copy: keep each until you know what it is for",
        "",
    );
    say(
        &keys.shred,
        "adopted private key is",
        "adopted private keys are",
        "once the new files are committed and everything runs with them, shred these (`shred -u FILE`)",
        &place,
    );
    say(
        &keys.take_out,
        "adopted private key is",
        "adopted private keys are",
        "these are values in files with other things: take them out once everything runs with the new files",
        &place,
    );
    text
}
