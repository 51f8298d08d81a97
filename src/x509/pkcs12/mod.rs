//! What a PKCS#12 file (RFC 7292) tells: how it is protected, and once it is open, what is in its bags.

pub(crate) mod structure;
pub mod write;

/// The outside of a PKCS#12 file. What is inside follows as objects of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pkcs12Facts {
    /// `None`: nothing protects the file against changes.
    pub integrity: Option<Integrity>,
    /// How the parts of the file are encrypted, each named once; `None` stands for not at all.
    pub encryption: Vec<Option<String>>,
    pub access: Access,
    pub bags: Vec<Bag>,
}

/// The checksum under the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integrity {
    /// `HMAC-SHA256 with the PKCS#12 key derivation`, …
    pub algorithm: String,
    pub iterations: u64,
}

/// How far a file could be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Open,
    /// No password was given and the empty one is not it.
    NeedsPassword,
    WrongPassword,
    /// It is protected by something other than a password, or with algorithms we do not have.
    Unsupported,
}

/// One bag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bag {
    pub kind: BagKind,
    /// The name a person gave it.
    pub friendly_name: Option<String>,
    /// The identifier that connects a key with its certificate.
    pub local_key_id: Option<Vec<u8>>,
    /// Whether Java takes it as trusted.
    pub is_trusted: bool,
}

/// The contents of a bag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BagKind {
    Certificate,
    /// A key in clear, except for what surrounds it.
    Key,
    /// A key encrypted once more, with this scheme.
    ShroudedKey {
        scheme: String,
    },
    RevocationList,
    Secret,
    /// Any other, as a dotted object identifier.
    Other(String),
}
