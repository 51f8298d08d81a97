//! Roles: the rules by which certificates are granted on request. What they allow is decided in `policy`.

use std::collections::BTreeSet;

use super::Name;
use super::pattern::{DomainPattern, EmailPattern, TextPattern, UriPattern};
use crate::fleet::declared::Allowances;
use crate::x509::{IpNetwork, KeyAlgorithm, Lifetime, Subject, Usages};

/// What may be issued beside the declared certificates: for which names, for how long, to whom.
#[derive(Clone, Debug)]
pub struct Role {
    pub name: Name,
    /// The authority that signs what is granted.
    pub authority: Name,
    pub names: NameRules,
    /// The key that is made where the request brings none.
    pub key: KeyAlgorithm,
    /// The keys that a request may bring.
    pub accepted_keys: BTreeSet<KeyAlgorithm>,
    /// As declared: what a leaf gets beyond them depends on its key.
    pub usages: Usages,
    /// The subject but for the common name. Nothing of it ever comes from a request.
    pub subject: Subject,
    /// Where the request says nothing.
    pub lifetime: Lifetime,
    pub longest: Lifetime,
    pub renew_before: Option<Lifetime>,
    /// Hosts whose configuration declares it.
    pub declared_by: Vec<String>,
    pub allow: Allowances,
}

/// The names a role allows. What is empty allows none.
#[derive(Clone, Debug, Default)]
pub struct NameRules {
    pub domains: BTreeSet<DomainPattern>,
    /// How a DNS name may relate to the domains, or be allowed without them.
    pub forms: BTreeSet<DnsForm>,
    pub addresses: BTreeSet<IpNetwork>,
    pub emails: BTreeSet<EmailPattern>,
    pub uris: BTreeSet<UriPattern>,
    /// Common names that need be no name of the other kinds.
    pub common_names: BTreeSet<TextPattern>,
    pub common_name: CommonName,
}

/// A permission for DNS names, each an option of the role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DnsForm {
    /// An allowed domain itself.
    Bare,
    /// A name below an allowed domain, however deep.
    Below,
    /// `localhost` (RFC 6761 §6.3).
    Localhost,
    /// A wildcard, if all the names it stands for are allowed.
    Wildcard,
    /// Every DNS name.
    Any,
}

/// Whether a certificate must have a common name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CommonName {
    #[default]
    Optional,
    Required,
}

impl DnsForm {
    pub const ALL: [Self; 5] = [
        Self::Bare,
        Self::Below,
        Self::Localhost,
        Self::Wildcard,
        Self::Any,
    ];

    /// The option that gives it.
    pub fn option(self) -> &'static str {
        match self {
            Self::Bare => "allowBareDomains",
            Self::Below => "allowSubdomains",
            Self::Localhost => "allowLocalhost",
            Self::Wildcard => "allowWildcards",
            Self::Any => "allowAnyName",
        }
    }
}

impl Role {
    /// Attribute path of its declaration under `certToolkit`.
    pub fn option_path(&self) -> Vec<String> {
        vec!["roles".to_owned(), self.name.to_string()]
    }
}
