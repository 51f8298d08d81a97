//! Reads `age1…` recipients.

use super::excerpt::excerpt;
use super::{RecipientError, non_empty};
use crate::seal::recipient::{Recipient, RecipientKind};

pub(super) fn read(text: &str) -> Result<Recipient, RecipientError> {
    let (key, label) = text
        .split_once(char::is_whitespace)
        .map_or((text, ""), |(key, rest)| {
            (key, rest.trim_start_matches([' ', '\t', '#']))
        });
    let malformed = |reason| RecipientError::MalformedAge {
        text: excerpt(key),
        reason,
    };
    let kind = match key.rsplit_once('1').map_or("", |(prefix, _)| prefix) {
        "age" => {
            key.parse::<age::x25519::Recipient>().map_err(malformed)?;
            refuse_unfit_point(key)?;
            RecipientKind::X25519
        }
        "age1pq" | "age1tagpq" => return Err(RecipientError::PostQuantum { text: excerpt(key) }),
        "age1tag" => {
            key.parse::<age::tag::Recipient>().map_err(malformed)?;
            RecipientKind::Plugin("tag".to_owned())
        }
        _ => {
            let plugin: age::plugin::Recipient = key.parse().map_err(malformed)?;
            RecipientKind::Plugin(plugin.plugin().to_owned())
        }
    };
    Ok(Recipient {
        canonical: key.to_owned(),
        kind,
        ssh_tag: None,
        label: non_empty(label),
    })
}

/// A point of small order makes every shared secret zero (RFC 7748 §6.1), at which the age library panics. One that is not
/// reduced is a second spelling of a key.
fn refuse_unfit_point(key: &str) -> Result<(), RecipientError> {
    let point = age_core::primitives::bech32_decode(
        key,
        |_| (),
        |_| Ok(()),
        |_, bytes| Ok(bytes.collect::<Vec<u8>>()),
    );
    let mut point = point.unwrap_or_default();
    let is_reduced = is_reduced(&point);
    if is_small_order(&mut point) {
        Err(RecipientError::SmallOrder { text: excerpt(key) })
    } else if is_reduced {
        Ok(())
    } else {
        Err(RecipientError::NotCanonical { text: excerpt(key) })
    }
}

/// Whether a little-endian coordinate is below p = 2^255 - 19.
pub(super) fn is_reduced(u: &[u8]) -> bool {
    match u {
        [low, middle @ .., 0x7f] => *low < 0xed || middle.iter().any(|byte| *byte != 0xff),
        [.., top] => *top < 0x7f,
        [] => false,
    }
}

pub(super) fn is_small_order(u: &mut [u8]) -> bool {
    /// The two u-coordinates of order 8, little endian.
    const ORDER_8: [[u8; 32]; 2] = [
        [
            0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f,
            0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16,
            0x5f, 0x49, 0xb8, 0x00,
        ],
        [
            0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83,
            0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd,
            0xd0, 0x9f, 0x11, 0x57,
        ],
    ];
    if let Some(top) = u.last_mut() {
        *top &= 0x7f; // RFC 7748 §5: the top bit is ignored
    }
    match &*u {
        [0 | 1, middle @ .., 0] => middle.iter().all(|byte| *byte == 0),
        // p-1, and p and p+1, which are 0 and 1 in another spelling
        [0xec..=0xee, middle @ .., 0x7f] => middle.iter().all(|byte| *byte == 0xff),
        other => ORDER_8.iter().any(|point| point == other),
    }
}
