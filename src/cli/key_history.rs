//! Private keys that Git once had in clear: every blob that any branch, tag or stash reaches is looked through once, whatever it was called
//! and whether or not it is still there. What cannot be looked at is told.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rayon::prelude::*;
use time::OffsetDateTime;
use zeroize::Zeroize as _;

use super::git::{self, Coverage};
use super::project::Project;
use crate::fleet::ArtifactId;
use crate::history::{Certainty, Exposures, Names, Trust};
use crate::lint::{CommittedKey, PastKey};
use crate::observe::exposed;

/// A private key has 4 KiB; what is larger than this is no file that a person keeps one in.
const LARGEST: u64 = 256 << 10;
/// Shorter than any of them.
const SMALLEST: u64 = 32;
/// How much is held in memory at once.
const BATCH: u64 = 32 << 20;
/// Of so many files it is told when they came; a history with more is one of test keys.
const MOST_FILES: usize = 500;

/// What was found, and what could not be looked at, each a sentence.
#[derive(Debug, Default)]
pub(crate) struct PastKeys {
    pub keys: Vec<PastKey>,
    pub unread: Vec<String>,
}

impl PastKeys {
    /// Looks through the repository that a directory is in; nothing is found where there is none.
    pub(crate) fn around(root: &Path) -> Self {
        if !git::is_in_work_tree(root) {
            return Self::default();
        }
        match search(root) {
            Ok(found) => found,
            Err(error) => Self {
                keys: Vec::new(),
                unread: vec![error.sentence()],
            },
        }
    }
}

impl PastKeys {
    /// Looks up what each of them opens in older versions. Without the past of the files that is not known, and told.
    pub(crate) fn opening(mut self, project: &Project) -> Self {
        if self.keys.iter().all(|past| past.key.recipients.is_empty()) {
            return self;
        }
        let history = match git::history(&project.root, &project.fleet) {
            Ok((history, _)) => history,
            Err(error) => {
                self.unread.push(error.sentence());
                return self;
            }
        };
        // Who is revoked changes nothing of what a key opens.
        let trust = Trust::of(&project.fleet, &history, &[], OffsetDateTime::now_utc());
        let exposures = Exposures::new(&project.fleet, &history, &trust);
        for past in &mut self.keys {
            let keys = past.key.recipients.iter().cloned();
            let opened = keys.flat_map(|key| exposures.of_key(key, &Names::default()).keys);
            let certain = opened.filter(|key| key.certainty == Certainty::Certain);
            let in_use: BTreeSet<ArtifactId> = certain.filter_map(|key| key.in_use).collect();
            past.still_opens = in_use.into_iter().collect();
        }
        self
    }
}

fn search(root: &Path) -> Result<PastKeys, super::error::CliError> {
    let mut unread = Vec::new();
    match git::coverage(root)? {
        Coverage::Whole => {}
        Coverage::NoRepository => return Ok(PastKeys::default()),
        Coverage::Shallow => unread.push(
            "this is a shallow clone: older commits are not here; `git fetch --unshallow` brings them".to_owned(),
        ),
    }
    let objects = git::reachable(root)?;
    if objects.missing > 0 {
        unread.push(format!(
            "this is a partial clone: {} objects are not here; `git fetch --refetch --filter=` brings them",
            objects.missing
        ));
    }
    let sizes = git::blob_sizes(root, &objects.present)?;
    let mut found: BTreeMap<String, Vec<CommittedKey>> = BTreeMap::new();
    for batch in batches(sizes) {
        look_through(root, &batch, &mut found)?;
    }
    Ok(PastKeys {
        keys: with_commits(root, &found)?,
        unread,
    })
}

/// Blobs that may hold a key, in portions of a size that fits into memory.
fn batches(sizes: Vec<(String, u64)>) -> Vec<BTreeSet<String>> {
    let mut batches = vec![BTreeSet::new()];
    let mut held = 0;
    for (blob, size) in sizes {
        if !(SMALLEST..=LARGEST).contains(&size) {
            continue;
        }
        if held + size > BATCH {
            batches.push(BTreeSet::new());
            held = 0;
        }
        held += size;
        if let Some(batch) = batches.last_mut() {
            batch.insert(blob);
        }
    }
    batches
}

fn look_through(
    root: &Path,
    batch: &BTreeSet<String>,
    found: &mut BTreeMap<String, Vec<CommittedKey>>,
) -> Result<(), super::error::CliError> {
    let mut contents = git::read_blobs(root, &batch.iter().map(String::as_str).collect())?;
    let of_batch: Vec<(String, Vec<CommittedKey>)> = contents
        .par_iter_mut()
        .filter_map(|(blob, bytes)| {
            let keys = exposed::keys_in(blob, bytes);
            bytes.zeroize();
            (!keys.is_empty()).then(|| (blob.clone(), keys))
        })
        .collect();
    found.extend(of_batch);
    Ok(())
}

/// Each key once, with the first path and commit that had it.
fn with_commits(
    root: &Path,
    found: &BTreeMap<String, Vec<CommittedKey>>,
) -> Result<Vec<PastKey>, super::error::CliError> {
    let blobs: Vec<&str> = found.keys().take(MOST_FILES).map(String::as_str).collect();
    let places = git::places_of(root, &blobs)?;
    let mut keys: Vec<PastKey> = found
        .iter()
        .flat_map(|(blob, keys)| {
            let place = places.get(blob.as_str());
            keys.iter().map(move |key| PastKey {
                key: CommittedKey {
                    path: place.map_or_else(|| format!("blob {blob}"), |place| place.path.clone()),
                    ..key.clone()
                },
                commit: place.map(|place| (place.commit.id.clone(), place.commit.time)),
                still_opens: Vec::new(),
            })
        })
        .collect();
    keys.sort_by(|a, b| order(a).cmp(&order(b)));
    let mut seen = BTreeSet::new();
    keys.retain(|past| {
        let fingerprint = past.key.fingerprint.map(|key| key.to_string());
        seen.insert((past.key.recipients.clone(), fingerprint))
    });
    Ok(keys)
}

fn order(past: &PastKey) -> (Option<i64>, &str) {
    let time = past.commit.as_ref();
    let time = time.map(|(_, time)| time.unix_timestamp());
    (time, &past.key.path)
}
