//! Which part of the fleet a map is about.

use std::collections::BTreeSet;

use crate::fleet::{ArtifactId, Name};
use crate::plan::Pattern;
use crate::status::{Entry, Status};

/// Keeps what the patterns select, everything below a selected authority, and the issuers of both; everything where there is no
/// pattern.
pub fn select(status: &mut Status<'_>, patterns: &[Pattern]) {
    if patterns.is_empty() {
        return;
    }
    let is_named = |id: &ArtifactId| patterns.iter().any(|pattern| pattern.selects(id));
    // Issuers stand before what they issue, so one pass goes down and one up.
    let mut kept: BTreeSet<ArtifactId> = BTreeSet::new();
    for entry in &status.entries {
        if is_named(&entry.id) || issuer(entry).is_some_and(|issuer| kept.contains(&issuer)) {
            kept.insert(entry.id.clone());
        }
    }
    for entry in status.entries.iter().rev() {
        if kept.contains(&entry.id) {
            kept.extend(issuer(entry));
        }
    }
    status.entries.retain(|entry| kept.contains(&entry.id));
}

fn issuer(entry: &Entry<'_>) -> Option<ArtifactId> {
    let name: &Name = entry.issuer?;
    Some(ArtifactId::Authority(name.clone()))
}
