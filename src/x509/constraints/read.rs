//! Reads name constraints (RFC 5280 §4.2.1.10) without leaving anything out.
//!
//! x509-parser passes over a list of subtrees that it cannot read, and over minimum and maximum: constraints that are lost in silence permit
//! everything.

use der::asn1::AnyRef;
use der::{Decode as _, Reader as _, SliceReader, Tag, TagNumber, Tagged as _};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;

/// The subtrees of a name constraints extension as written.
#[derive(Debug, Default)]
pub(crate) struct FoundConstraints<'a> {
    pub(crate) permitted: Vec<FoundSubtree<'a>>,
    pub(crate) excluded: Vec<FoundSubtree<'a>>,
    /// DER of what is no list of subtrees.
    pub(crate) unreadable: Option<&'a [u8]>,
}

/// One subtree.
#[derive(Debug)]
pub(crate) enum FoundSubtree<'a> {
    Base(GeneralName<'a>),
    /// With a minimum or a maximum, which no profile uses and no verifier knows.
    Bounded(GeneralName<'a>),
    /// DER of what is no subtree.
    Unreadable(&'a [u8]),
}

impl FoundConstraints<'_> {
    /// Whether every subtree could be read, and each is a base alone.
    pub(crate) fn is_whole(&self) -> bool {
        let mut subtrees = self.permitted.iter().chain(&self.excluded);
        self.unreadable.is_none() && subtrees.all(|found| matches!(found, FoundSubtree::Base(_)))
    }
}

/// Reads the value of the extension. It always succeeds: what cannot be read is in the result.
pub(crate) fn read(value: &[u8]) -> FoundConstraints<'_> {
    let mut found = FoundConstraints::default();
    match lists(value) {
        Some((permitted, excluded)) => {
            found.permitted = permitted;
            found.excluded = excluded;
        }
        None => found.unreadable = Some(value),
    }
    found
}

type Lists<'a> = (Vec<FoundSubtree<'a>>, Vec<FoundSubtree<'a>>);

/// Each list may stand once, the permitted one first; `None` for anything else.
fn lists(value: &[u8]) -> Option<Lists<'_>> {
    let [constraints] = <[AnyRef<'_>; 1]>::try_from(elements(value)?).ok()?;
    (constraints.tag() == Tag::Sequence).then_some(())?;
    let mut lists = elements(constraints.value())?.into_iter().peekable();
    let mut list = |number| {
        let list = lists.next_if(|list| list.tag() == context(number));
        list.map_or(Some(Vec::new()), |list| subtrees(list.value()))
    };
    let both = (list(TagNumber(0))?, list(TagNumber(1))?);
    lists.next().is_none().then_some(both)
}

const fn context(number: TagNumber) -> Tag {
    Tag::ContextSpecific {
        constructed: true,
        number,
    }
}

fn subtrees(list: &[u8]) -> Option<Vec<FoundSubtree<'_>>> {
    let mut reader = SliceReader::new(list).ok()?;
    let mut subtrees = Vec::new();
    while !reader.is_finished() {
        let der = reader.tlv_bytes().ok()?;
        subtrees.push(subtree(der).unwrap_or(FoundSubtree::Unreadable(der)));
    }
    Some(subtrees)
}

fn subtree(der: &[u8]) -> Option<FoundSubtree<'_>> {
    let subtree = AnyRef::from_der(der).ok()?;
    let (bounds, base) = GeneralName::from_der(subtree.value()).ok()?;
    let is_readable = subtree.tag() == Tag::Sequence
        && !matches!(base, GeneralName::Invalid(..))
        && subtree.value().first().copied().is_some_and(is_name_tag);
    match (is_readable, bounds) {
        (false, _) => None,
        (true, []) => Some(FoundSubtree::Base(base)),
        (true, _) => Some(FoundSubtree::Bounded(base)),
    }
}

/// Kinds of names that have parts, and those that have none (RFC 5280 §4.2.1.6).
const fn is_name_tag(tag: u8) -> bool {
    matches!(tag, 0xa0 | 0x81 | 0x82 | 0xa3 | 0xa4 | 0xa5 | 0x86..=0x88)
}

/// Encoded elements one after the other; `None` if something is left over.
fn elements(octets: &[u8]) -> Option<Vec<AnyRef<'_>>> {
    let mut reader = SliceReader::new(octets).ok()?;
    let mut elements = Vec::new();
    while !reader.is_finished() {
        elements.push(AnyRef::decode(&mut reader).ok()?);
    }
    Some(elements)
}
