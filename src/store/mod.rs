//! Owns the files: opening them below the project root and replacing them all or not at all. It is the only room (with
//! nixfiles) that touches the disk, and it does not know what a certificate is.
//!
//! A run goes `Root::open` → `lock` → `recover` → `read`/`list` → `commit`.

pub mod disk;
pub mod error;
pub mod file;
pub mod git;
pub mod journal;
pub mod layout;
mod left;
pub mod lock;
pub mod outside;
mod strays;
pub mod tracked;
pub mod transaction;
mod tree;

pub use disk::{Faults, Operation};
pub use error::StoreError;
pub use file::{Expected, ReadFile};
pub use layout::Layout;
pub use left::Left;
pub use lock::{Lock, LockError};
pub use tracked::{Tracked, Tracking};
pub use transaction::{Change, CommitError, RecoverError, Recovery};
pub use tree::Root;
