//! How a point in time is written: RFC 3339, UTC, whole seconds.

use std::fmt;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A point in time, to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(pub OffsetDateTime);

impl Moment {
    /// `2026-11-22T10:20:00Z`.
    pub fn rfc3339(&self) -> String {
        let utc = self.0.to_offset(time::UtcOffset::UTC);
        // Only years beyond 9999 cannot be written, and no certificate reaches there (RFC 5280 §4.1.2.5).
        utc.replace_nanosecond(0)
            .unwrap_or(utc)
            .format(&Rfc3339)
            .unwrap_or_else(|_| utc.to_string())
    }
}

/// The day: `2026-11-22`.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.0.to_offset(time::UtcOffset::UTC).date();
        write!(
            f,
            "{:04}-{:02}-{:02}",
            date.year(),
            u8::from(date.month()),
            date.day()
        )
    }
}
