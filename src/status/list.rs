//! How the revocation lists of the authorities do. What is to be done about one is told by `check`.

use time::OffsetDateTime;

use crate::fleet::{Authority, Fleet, ListState, Observed};
use crate::x509::ListRecord;

/// A list that was made once, whether or not it is in the tree.
#[derive(Debug)]
pub struct ListEntry<'a> {
    pub authority: &'a Authority,
    pub state: ListState,
    /// The last one that is known; `None` where nothing of it can be read.
    pub last: Option<ListRecord>,
}

/// Those of all authorities that have ever made one, in issuing order.
pub(super) fn lists<'a>(
    fleet: &'a Fleet,
    observed: &Observed,
    now: OffsetDateTime,
) -> Vec<ListEntry<'a>> {
    let mut last = observed.last_lists();
    let entry = |authority: &'a Authority| {
        Some(ListEntry {
            authority,
            state: observed.list_state(&authority.name, now)?,
            last: last.remove(&authority.name),
        })
    };
    fleet.authorities.iter().filter_map(entry).collect()
}
