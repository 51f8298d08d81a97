//! Writes DER octet by octet, for what no program would make.

/// A dotted object identifier.
pub(crate) fn oid(text: &str) -> Vec<u8> {
    let arcs: Vec<u32> = text.split('.').map(|arc| arc.parse().unwrap()).collect();
    let mut content = vec![u8::try_from(arcs[0] * 40 + arcs[1]).unwrap()];
    for arc in &arcs[2..] {
        let mut octets = vec![u8::try_from(arc & 0x7f).unwrap()];
        let mut rest = arc >> 7;
        while rest > 0 {
            octets.push(u8::try_from(rest & 0x7f).unwrap() | 0x80);
            rest >>= 7;
        }
        content.extend(octets.iter().rev());
    }
    tlv(6, &content)
}

/// An INTEGER with these octets of content.
pub(crate) fn integer(octets: &[u8]) -> Vec<u8> {
    tlv(2, octets)
}

pub(crate) fn seq(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut octets = vec![tag];
    if length < 0x80 {
        octets.push(length.try_into().unwrap());
    } else {
        let bytes = length.to_be_bytes();
        let bytes: Vec<u8> = bytes.into_iter().skip_while(|octet| *octet == 0).collect();
        octets.push(0x80 | u8::try_from(bytes.len()).unwrap());
        octets.extend(bytes);
    }
    octets.extend(content);
    octets
}
