//! From when to when a certificate is valid: what a new one gets, and whether a found one still is what was wanted. Has no clock.

pub mod lifetime;
pub mod moment;

use thiserror::Error;
use time::{Duration, OffsetDateTime};

use crate::x509::validity::lifetime::Lifetime;
use crate::x509::validity::moment::Moment;

/// How far before its making a certificate is already valid, so that hosts whose clock is slow accept it at once. cfssl and
/// cert-manager do the same.
pub const BACKDATE: Duration = Duration::minutes(5);

/// A span of time in whole seconds, both ends included (RFC 5280 §4.1.2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Validity {
    pub not_before: OffsetDateTime,
    pub not_after: OffsetDateTime,
}

/// A validity for a new certificate, and whether the issuer's end cut it short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Granted {
    Whole(Validity),
    /// The issuer ends before the wanted lifetime does; the person should be told.
    Clamped(Validity),
}

/// Why no validity can be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ValidityError {
    #[error("the issuer expired at {}; renew it first", Moment(*.not_after).rfc3339())]
    IssuerExpired { not_after: OffsetDateTime },
    #[error("the issuer is only valid from {}; check the clock", Moment(*.not_before).rfc3339())]
    IssuerNotYetValid { not_before: OffsetDateTime },
    #[error(
        "a lifetime of {lifetime} from now ends after the year 9999, where certificate dates end"
    )]
    TooLate { lifetime: Lifetime },
}

impl Granted {
    pub fn validity(self) -> Validity {
        match self {
            Self::Whole(validity) | Self::Clamped(validity) => validity,
        }
    }
}

impl Validity {
    /// The validity of a certificate made now: the lifetime counts from now, the beginning is set back by `BACKDATE`, and neither end
    /// leaves the issuer's validity, as relying parties would not accept the certificate there.
    ///
    /// # Errors
    /// The issuer is not valid now, or the date cannot be written.
    pub fn starting(
        now: OffsetDateTime,
        lifetime: Lifetime,
        issuer: Option<Self>,
    ) -> Result<Granted, ValidityError> {
        let now = whole_seconds(now);
        let too_late = ValidityError::TooLate { lifetime };
        let end = now
            .checked_add(lifetime.duration())
            .filter(|end| end.year() <= 9999)
            .ok_or(too_late)?;
        let wanted = Self {
            not_before: now.checked_sub(BACKDATE).unwrap_or(now),
            not_after: end,
        };
        let Some(issuer) = issuer else {
            return Ok(Granted::Whole(wanted));
        };
        if issuer.not_after <= now {
            return Err(ValidityError::IssuerExpired {
                not_after: issuer.not_after,
            });
        }
        if issuer.not_before > now {
            return Err(ValidityError::IssuerNotYetValid {
                not_before: issuer.not_before,
            });
        }
        let not_before = wanted.not_before.max(issuer.not_before);
        if issuer.not_after < wanted.not_after {
            return Ok(Granted::Clamped(Self {
                not_before,
                not_after: issuer.not_after,
            }));
        }
        Ok(Granted::Whole(Self {
            not_before,
            ..wanted
        }))
    }

    /// Whether a certificate with this validity is what `starting` gives for this lifetime at some time under this issuer.
    pub fn serves(&self, lifetime: Lifetime, issuer: Option<&Self>) -> bool {
        let span = self.not_after - self.not_before;
        let longest = lifetime.duration() + BACKDATE;
        let whole = (lifetime.duration()..=longest).contains(&span);
        let clamped =
            issuer.is_some_and(|issuer| issuer.not_after == self.not_after) && span < longest;
        whole || clamped
    }

    /// How long it lasts.
    pub fn span(&self) -> Duration {
        self.not_after - self.not_before
    }

    /// From when on a certificate that is valid so is to be renewed: this long before its end, or after two thirds of its life.
    pub fn renewal(&self, before: Option<Lifetime>) -> OffsetDateTime {
        self.not_after - before.map_or(self.span() / 3, Lifetime::duration)
    }

    /// Whether this validity lies inside another one.
    pub fn is_within(&self, outer: &Self) -> bool {
        outer.not_before <= self.not_before && self.not_after <= outer.not_after
    }

    /// Whether the time lies inside.
    pub fn contains(&self, time: OffsetDateTime) -> bool {
        (self.not_before..=self.not_after).contains(&time)
    }
}

/// Certificates hold UTC and no fractions of a second (RFC 5280 §4.1.2.5).
fn whole_seconds(time: OffsetDateTime) -> OffsetDateTime {
    let time = time.to_offset(time::UtcOffset::UTC);
    time.replace_nanosecond(0).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2030-01-02 03:04:05.678 UTC);

    fn hours(count: u32) -> Lifetime {
        Lifetime::parse(&format!("{count}h")).unwrap()
    }

    fn between(not_before: OffsetDateTime, not_after: OffsetDateTime) -> Validity {
        Validity {
            not_before,
            not_after,
        }
    }

    #[test]
    fn counts_the_lifetime_from_now_and_sets_the_beginning_back() {
        let granted = Validity::starting(NOW, hours(24), None);
        let expected = between(
            datetime!(2030-01-02 02:59:05 UTC),
            datetime!(2030-01-03 03:04:05 UTC),
        );
        assert_eq!(granted, Ok(Granted::Whole(expected)));
        assert!(expected.serves(hours(24), None));
        assert!(!expected.serves(hours(25), None));
        assert!(!expected.serves(hours(23), None));
    }

    #[test]
    fn does_not_begin_before_the_issuer() {
        let issuer = between(
            datetime!(2030-01-02 03:01:00 UTC),
            datetime!(2031-01-01 0:00 UTC),
        );
        let granted = Validity::starting(NOW, hours(24), Some(issuer)).unwrap();
        assert_eq!(granted.validity().not_before, issuer.not_before);
        assert!(matches!(granted, Granted::Whole(_)));
        assert!(granted.validity().serves(hours(24), Some(&issuer)));
        assert!(granted.validity().is_within(&issuer));
    }

    #[test]
    fn says_when_the_issuer_ends_first() {
        let issuer = between(
            datetime!(2029-01-01 0:00 UTC),
            datetime!(2030-01-02 04:00 UTC),
        );
        let granted = Validity::starting(NOW, hours(24), Some(issuer)).unwrap();
        assert_eq!(
            granted,
            Granted::Clamped(between(
                datetime!(2030-01-02 02:59:05 UTC),
                issuer.not_after
            ))
        );
        assert!(granted.validity().serves(hours(24), Some(&issuer)));
        let renewed_issuer = between(issuer.not_before, datetime!(2040-01-01 0:00 UTC));
        assert!(!granted.validity().serves(hours(24), Some(&renewed_issuer)));
    }

    #[test]
    fn gives_nothing_under_an_issuer_that_is_not_valid() {
        let past = between(
            datetime!(2029-01-01 0:00 UTC),
            datetime!(2030-01-01 0:00 UTC),
        );
        assert_eq!(
            Validity::starting(NOW, hours(1), Some(past)),
            Err(ValidityError::IssuerExpired {
                not_after: past.not_after
            })
        );
        let future = between(
            datetime!(2031-01-01 0:00 UTC),
            datetime!(2032-01-01 0:00 UTC),
        );
        assert_eq!(
            Validity::starting(NOW, hours(1), Some(future)),
            Err(ValidityError::IssuerNotYetValid {
                not_before: future.not_before
            })
        );
    }

    #[test]
    fn ends_where_certificate_dates_end() {
        let late = datetime!(9950-01-01 0:00 UTC);
        assert_eq!(
            Validity::starting(late, Lifetime::LONGEST, None),
            Err(ValidityError::TooLate {
                lifetime: Lifetime::LONGEST
            })
        );
    }
}
