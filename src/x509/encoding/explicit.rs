//! Decodes whatever stands under an explicit tag, for which the `der` crate wants to know the type beforehand.

use der::asn1::AnyRef;
use der::{Decode as _, Reader, SliceReader, Tag, TagNumber};

/// The value under `[number] EXPLICIT`, if that tag comes next.
pub(crate) fn optional<'a, R: Reader<'a>>(
    reader: &mut R,
    number: u32,
) -> der::Result<Option<AnyRef<'a>>> {
    let wanted = Tag::ContextSpecific {
        constructed: true,
        number: TagNumber(number),
    };
    if reader.is_finished() || Tag::peek(reader)? != wanted {
        return Ok(None);
    }
    let mut inner = SliceReader::new(AnyRef::decode(reader)?.value())?;
    let value = AnyRef::decode(&mut inner)?;
    inner.finish()?;
    Ok(Some(value))
}

/// The value under `[0] EXPLICIT`, which has to come next.
pub(crate) fn required<'a, R: Reader<'a>>(reader: &mut R) -> der::Result<AnyRef<'a>> {
    let expected = Tag::ContextSpecific {
        constructed: true,
        number: TagNumber(0),
    };
    optional(reader, 0)?.ok_or_else(|| expected.value_error().into())
}
