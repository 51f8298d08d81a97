//! Brings BER into DER as far as PKCS#12 files need it: lengths that are not announced, octet strings in pieces (X.690 §8.1.3.6, §8.7).
//! `der` reads BER as well, but joins octet strings in pieces only where no length is announced, and none under an implicit tag, which
//! `encryptedContent` has.

const OCTET_STRING: u8 = 0x04;
const CONSTRUCTED: u8 = 0x20;
const CONTEXT: u8 = 0x80;
const INDEFINITE: u8 = 0x80;
/// Far more than any PKCS#12 file nests.
const DEEPEST: usize = 32;

/// The same value in DER; `None` if the bytes are not one whole value of BER.
pub(crate) fn to_der(ber: &[u8]) -> Option<Vec<u8>> {
    let (der, rest) = element(ber, 0)?;
    rest.is_empty().then_some(der)
}

/// One element in DER, and what stands behind it.
fn element(ber: &[u8], depth: usize) -> Option<(Vec<u8>, &[u8])> {
    let (&tag, rest) = ber.split_first()?;
    // Tags over 30 take more octets; PKCS#12 has none.
    if depth > DEEPEST || tag & 0x1f == 0x1f {
        return None;
    }
    let (&first, rest) = rest.split_first()?;
    let (content, rest) = if first == INDEFINITE {
        // Only what has an end mark of its own can do without a length.
        (tag & CONSTRUCTED != 0).then_some(())?;
        until_end(rest, depth)?
    } else {
        let (length, rest) = length(first, rest)?;
        let (inside, rest) = rest.split_at_checked(length)?;
        let content = if tag & CONSTRUCTED == 0 {
            vec![inside.to_vec()]
        } else {
            elements(inside, depth)?
        };
        (content, rest)
    };
    Some((joined(tag, &content)?, rest))
}

/// The elements up to the two zeros that end a value of unknown length.
fn until_end(mut rest: &[u8], depth: usize) -> Option<(Vec<Vec<u8>>, &[u8])> {
    let mut found = Vec::new();
    loop {
        if let Some(rest) = rest.strip_prefix(&[0, 0]) {
            return Some((found, rest));
        }
        let (inner, behind) = element(rest, depth + 1)?;
        found.push(inner);
        rest = behind;
    }
}

fn elements(mut inside: &[u8], depth: usize) -> Option<Vec<Vec<u8>>> {
    let mut found = Vec::new();
    while !inside.is_empty() {
        let (inner, rest) = element(inside, depth + 1)?;
        found.push(inner);
        inside = rest;
    }
    Some(found)
}

/// An octet string in pieces becomes one, also where it has an implicit tag, as `encryptedContent` has.
fn joined(tag: u8, content: &[Vec<u8>]) -> Option<Vec<u8>> {
    let in_pieces = tag & CONSTRUCTED != 0
        && !content.is_empty()
        && content
            .iter()
            .all(|piece| piece.first() == Some(&OCTET_STRING))
        && (tag == OCTET_STRING | CONSTRUCTED || (is_implicit(tag) && content.len() > 1));
    if !in_pieces {
        return Some(with_header(tag, &content.concat()));
    }
    let mut octets = Vec::new();
    for piece in content {
        octets.extend_from_slice(value(piece)?);
    }
    Some(with_header(tag & !CONSTRUCTED, &octets))
}

/// An explicit tag has one element in it; several octet strings are the pieces of one with an implicit tag.
fn is_implicit(tag: u8) -> bool {
    tag & 0xc0 == CONTEXT
}

/// The content of a DER element of ours.
fn value(der: &[u8]) -> Option<&[u8]> {
    let (_, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = length(first, rest)?;
    rest.get(..length)
}

fn length(first: u8, rest: &[u8]) -> Option<(usize, &[u8])> {
    if first < 0x80 {
        return Some((usize::from(first), rest));
    }
    let (octets, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
    let length = octets.iter().try_fold(0_usize, |length, octet| {
        length.checked_mul(256)?.checked_add(usize::from(*octet))
    })?;
    Some((length, rest))
}

fn with_header(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut der = vec![tag];
    let octets = content.len().to_be_bytes();
    let octets: Vec<u8> = octets.into_iter().skip_while(|octet| *octet == 0).collect();
    match (content.len(), u8::try_from(octets.len())) {
        (0..0x80, _) => der.push(octets.first().copied().unwrap_or(0)),
        (_, Ok(count)) => {
            der.push(0x80 | count);
            der.extend(octets);
        }
        (_, Err(_)) => {}
    }
    der.extend_from_slice(content);
    der
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn der_stays_as_it_is() {
        let der = [0x30, 6, 2, 1, 3, 4, 1, 7];
        assert_eq!(to_der(&der).as_deref(), Some(&der[..]));
        let long = with_header(4, &[7; 300]);
        assert_eq!(&long[..4], [4, 0x82, 1, 44]);
        assert_eq!(to_der(&long), Some(long.clone()));
    }

    #[test]
    fn lengths_that_are_not_announced_are_found() {
        let ber = [0x30, 0x80, 2, 1, 3, 0xa0, 0x80, 4, 1, 7, 0, 0, 0, 0];
        assert_eq!(
            to_der(&ber).as_deref(),
            Some(&[0x30, 8, 2, 1, 3, 0xa0, 3, 4, 1, 7][..])
        );
    }

    #[test]
    fn octet_strings_in_pieces_become_one() {
        let plain = [0x24, 0x80, 4, 1, 7, 4, 2, 8, 9, 0, 0];
        assert_eq!(to_der(&plain).as_deref(), Some(&[4, 3, 7, 8, 9][..]));
        let implicit = [0xa0, 6, 4, 1, 7, 4, 1, 8];
        assert_eq!(to_der(&implicit).as_deref(), Some(&[0x80, 2, 7, 8][..]));
    }

    #[test]
    fn what_is_cut_off_or_too_deep_is_refused() {
        assert_eq!(to_der(&[0x30, 0x80, 2, 1, 3]), None);
        assert_eq!(to_der(&[0x30, 5, 2, 1, 3]), None);
        assert_eq!(to_der(&[0x04, 0x80, 0, 0]), None);
        assert_eq!(to_der(&[0x30, 0x80].repeat(100_000)), None);
    }
}
