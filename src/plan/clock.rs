//! Whether the moment of a run can be believed, by what the certificates say that were made before it.

use std::fmt;

use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::fleet::{ArtifactId, Authority, Certificate, Fleet, Observed};
use crate::x509::{CertificateFacts, Moment};

/// No version of this program is older: a clock before this was never set.
const FIRST_VERSION: OffsetDateTime = datetime!(2026-01-01 0:00 UTC);

/// A project that was left alone for this long is seldom; a clock that ran ahead is as likely.
const LEFT_ALONE: Duration = Duration::days(365);

/// Why the moment of a run is doubted: what it makes would be dated by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockDoubt {
    NeverSet {
        now: OffsetDateTime,
    },
    /// The last of what has to be renewed regularly expired more than a year ago.
    PastEverything {
        now: OffsetDateTime,
        last: OffsetDateTime,
    },
}

/// Judges the clock; `None` where nothing speaks against it.
pub fn clock_doubt(fleet: &Fleet, observed: &Observed, now: OffsetDateTime) -> Option<ClockDoubt> {
    if now < FIRST_VERSION {
        return Some(ClockDoubt::NeverSet { now });
    }
    let leaves = fleet.certificates.iter().map(Certificate::id);
    let authorities = fleet.authorities.iter().map(Authority::id);
    // Leaves are renewed most often. Where there are none, authorities are all there is to go by.
    let last = last_end(leaves, observed).or_else(|| last_end(authorities, observed))?;
    (last + LEFT_ALONE < now).then_some(ClockDoubt::PastEverything { now, last })
}

fn last_end(ids: impl Iterator<Item = ArtifactId>, observed: &Observed) -> Option<OffsetDateTime> {
    let found = ids.filter_map(|id| observed.certificate(&id));
    found.map(|facts: &CertificateFacts| facts.not_after).max()
}

impl fmt::Display for ClockDoubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverSet { now } => write!(
                f,
                "the clock of this machine says {}, before there was this program",
                Moment(*now).rfc3339()
            ),
            Self::PastEverything { now, last } => write!(
                f,
                "the clock of this machine says {}, and the last certificate expired {}, more than a year before",
                Moment(*now).rfc3339(),
                Moment(*last)
            ),
        }
    }
}
