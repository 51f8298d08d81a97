//! How long a certificate is wanted to last. What a certificate says about its dates is in `facts`.

use std::fmt;

use thiserror::Error;

/// A declared lifetime: whole seconds, from one minute to one hundred years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lifetime(u64);

/// Why a text is not a lifetime.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LifetimeError {
    #[error("a lifetime is empty; write one like \"8760h\", \"90d\" or \"1y\"")]
    Empty,
    #[error("lifetime {text:?} is negative")]
    Negative { text: String },
    #[error(
        "lifetime {text:?}: number {number:?} has no unit; write s, m (minutes), h, d, w or y after it"
    )]
    NoUnit { text: String, number: String },
    #[error("lifetime {text:?}: {rest:?} does not start with a number")]
    NoNumber { text: String, rest: String },
    #[error(
        "lifetime {text:?}: unknown unit {unit:?}; units are s, m (minutes), h, d (24h), w (7d) and y (365d); a month is \"30d\""
    )]
    UnknownUnit { text: String, unit: String },
    #[error("lifetime {text:?}: units must get smaller from left to right, like \"1d12h\"")]
    UnitOrder { text: String },
    #[error("lifetime {text:?} is not a whole number of seconds")]
    Fraction { text: String },
    #[error("lifetime {text:?} is shorter than one minute")]
    TooShort { text: String },
    #[error("lifetime {text:?} is longer than 100 years (876000h)")]
    TooLong { text: String },
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// 365 days, so that `1y` is the `8760h` every guide writes; not a calendar year.
const YEAR: u64 = 365 * DAY;
const UNITS: [(&str, u64); 6] = [
    ("y", YEAR),
    ("w", 7 * DAY),
    ("d", DAY),
    ("h", HOUR),
    ("m", MINUTE),
    ("s", 1),
];

/// Digits kept after the point. More could not make a whole second of any unit that fewer do not.
const FRACTION_DIGITS: usize = 9;

impl Lifetime {
    pub const SHORTEST: Self = Self(MINUTE);
    /// The predecessor's users write `876000h`; beyond it nothing is meant.
    pub const LONGEST: Self = Self(100 * YEAR);

    /// Reads sums of decimal numbers with units, as Go writes durations, with days, weeks and years added: `8760h`, `1h30m`, `1.5d`, `1y`.
    ///
    /// # Errors
    /// `LifetimeError` names what is wrong and repeats the text.
    pub fn parse(text: &str) -> Result<Self, LifetimeError> {
        let owned = || text.to_owned();
        if text.is_empty() {
            return Err(LifetimeError::Empty);
        }
        if text.starts_with('-') {
            return Err(LifetimeError::Negative { text: owned() });
        }
        let (mut rest, mut total, mut previous) = (text, 0_u128, u64::MAX);
        while !rest.is_empty() {
            let (number, unit, tail) = split_term(text, rest)?;
            let seconds = unit_seconds(text, unit)?;
            if seconds >= previous {
                return Err(LifetimeError::UnitOrder { text: owned() });
            }
            total =
                total.saturating_add(billionths(text, number)?.saturating_mul(u128::from(seconds)));
            (rest, previous) = (tail, seconds);
        }
        Self::from_billionths(total, text)
    }

    /// The length in seconds.
    pub fn seconds(self) -> u64 {
        self.0
    }

    /// The length as a duration to add to a date.
    pub fn duration(self) -> time::Duration {
        // LONGEST is far below i64::MAX, so the conversion cannot fail.
        time::Duration::seconds(i64::try_from(self.0).unwrap_or(i64::MAX))
    }

    fn from_billionths(total: u128, text: &str) -> Result<Self, LifetimeError> {
        if !total.is_multiple_of(BILLION) {
            return Err(LifetimeError::Fraction {
                text: text.to_owned(),
            });
        }
        let lifetime = u64::try_from(total / BILLION).map_or(Self(u64::MAX), Self);
        if lifetime < Self::SHORTEST {
            return Err(LifetimeError::TooShort {
                text: text.to_owned(),
            });
        }
        if lifetime > Self::LONGEST {
            return Err(LifetimeError::TooLong {
                text: text.to_owned(),
            });
        }
        Ok(lifetime)
    }
}

/// The shortest form in hours, minutes or seconds: `8760h`, `90m`.
impl fmt::Display for Lifetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            s if s.is_multiple_of(HOUR) => write!(f, "{}h", s / HOUR),
            s if s.is_multiple_of(MINUTE) => write!(f, "{}m", s / MINUTE),
            s => write!(f, "{s}s"),
        }
    }
}

const BILLION: u128 = 1_000_000_000;

fn split_term<'a>(text: &str, rest: &'a str) -> Result<(&'a str, &'a str, &'a str), LifetimeError> {
    let in_number = |c: char| c.is_ascii_digit() || c == '.';
    let unit_start = rest.find(|c| !in_number(c)).unwrap_or(rest.len());
    let (number, after) = rest.split_at(unit_start);
    if number.is_empty() {
        return Err(LifetimeError::NoNumber {
            text: text.to_owned(),
            rest: rest.to_owned(),
        });
    }
    let unit_end = after
        .find(|c: char| in_number(c) || c == '-' || c == '+')
        .unwrap_or(after.len());
    let (unit, tail) = after.split_at(unit_end);
    if unit.is_empty() {
        return Err(LifetimeError::NoUnit {
            text: text.to_owned(),
            number: number.to_owned(),
        });
    }
    Ok((number, unit, tail))
}

fn unit_seconds(text: &str, unit: &str) -> Result<u64, LifetimeError> {
    let known = UNITS.iter().find(|(name, _)| *name == unit);
    known
        .map(|(_, seconds)| *seconds)
        .ok_or_else(|| LifetimeError::UnknownUnit {
            text: text.to_owned(),
            unit: unit.to_owned(),
        })
}

/// The number in billionths, exactly: floating point would make `0.1y` something else.
fn billionths(text: &str, number: &str) -> Result<u128, LifetimeError> {
    let malformed = || LifetimeError::NoNumber {
        text: text.to_owned(),
        rest: number.to_owned(),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || fraction.contains('.') || number.ends_with('.') {
        return Err(malformed());
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > FRACTION_DIGITS {
        return Err(LifetimeError::Fraction {
            text: text.to_owned(),
        });
    }
    let whole: u64 = whole.parse().map_err(|_| LifetimeError::TooLong {
        text: text.to_owned(),
    })?;
    let fraction: u64 = format!("{fraction:0<FRACTION_DIGITS$}")
        .parse()
        .map_err(|_| malformed())?;
    Ok(u128::from(whole) * BILLION + u128::from(fraction))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sums_decimals_and_long_units() {
        let cases = [
            ("8760h", 8760 * HOUR),
            ("1h30m", 5400),
            ("1.5h", 5400),
            ("90m", 5400),
            ("30d", 30 * DAY),
            ("1w", 7 * DAY),
            ("1y", 8760 * HOUR),
            ("1y1d", 8784 * HOUR),
            ("60s", 60),
            ("0.1y", YEAR / 10),
            ("876000h", 100 * YEAR),
            ("0h1m", 60),
            ("1.50h", 5400),
        ];
        for (text, seconds) in cases {
            assert_eq!(
                Lifetime::parse(text).map(Lifetime::seconds),
                Ok(seconds),
                "{text}"
            );
        }
    }

    #[test]
    fn refuses_what_it_cannot_mean() {
        let cases = [
            ("", "is empty"),
            ("1y2", "number \"2\" has no unit"),
            ("5", "number \"5\" has no unit"),
            ("-5h", "is negative"),
            ("0h", "shorter than one minute"),
            ("59s", "shorter than one minute"),
            ("h", "\"h\" does not start with a number"),
            ("1.h", "\"1.\" does not start with a number"),
            ("1.2.3h", "\"1.2.3\" does not start with a number"),
            ("1M", "unknown unit \"M\""),
            ("1 h", "unknown unit \" h\""),
            ("30m1h", "units must get smaller"),
            ("1h1h", "units must get smaller"),
            ("1h-5m", "\"-5m\" does not start with a number"),
            ("60.5s", "whole number of seconds"),
            ("1.0000000001y", "whole number of seconds"),
            ("101y", "longer than 100 years"),
            ("876001h", "longer than 100 years"),
            ("99999999999999999999h", "longer than 100 years"),
            ("18446744073709551615y", "longer than 100 years"),
        ];
        for (input, expected) in cases {
            let message = Lifetime::parse(input).unwrap_err().to_string();
            assert!(message.contains(expected), "{input:?} gave {message}");
        }
    }

    #[test]
    fn shows_the_shortest_exact_form() {
        for (text, shown) in [
            ("1y", "8760h"),
            ("1h30m", "90m"),
            ("61s", "61s"),
            ("2h", "2h"),
        ] {
            assert_eq!(Lifetime::parse(text).unwrap().to_string(), shown);
        }
    }
}
