//! The edge that the verbs have in common: terminal, environment, Git, Nix, the network, the loaded project, and how failures look.

pub(crate) mod arguments;
pub(crate) mod checkout;
pub(crate) mod endpoint;
pub(crate) mod environment;
pub(crate) mod error;
pub(crate) mod findings;
pub(crate) mod git;
pub(crate) mod inheritance;
pub(crate) mod input;
pub(crate) mod key_history;
pub(crate) mod location;
pub(crate) mod openssl;
pub(crate) mod passphrases;
pub(crate) mod plaintext;
pub(crate) mod project;
pub(crate) mod pruning;
pub(crate) mod publication;
pub(crate) mod revocation;
pub(crate) mod source;
pub(crate) mod ssh;
pub(crate) mod suggestions;
pub(crate) mod threads;
pub(crate) mod ui;
