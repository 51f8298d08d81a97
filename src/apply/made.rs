//! What was made and is to be written, each with the contents of its files: nothing of it is on the disk yet.

use std::sync::Arc;

use super::Product;
use crate::issue::key::PrivateKey;
use crate::model::{Artifact, ArtifactId, CertificateFacts, KeyPair, PublicKey, RelPath};
use crate::plan::Action;

/// An authority or a certificate.
pub(super) struct Made<'a> {
    pub(super) artifact: Artifact<'a>,
    pub(super) action: Action,
    pub(super) certificate: CertificateFacts,
    /// Text of the certificate file; `None` where it stays.
    pub(super) certificate_file: Option<String>,
    /// The sealed key; `None` where whoever asked for the certificate has it.
    pub(super) key_file: Option<Vec<u8>>,
}

/// A key pair that hosts share.
pub(super) struct MadePair<'a> {
    pub(super) pair: &'a KeyPair,
    pub(super) action: Action,
    /// As the file holds them, the current one first.
    pub(super) public: Vec<PublicKey>,
    /// Text of the public file; `None` where it stays.
    pub(super) public_file: Option<String>,
    /// `None` where it stays.
    pub(super) key_file: Option<Vec<u8>>,
    /// `None` where nothing needs it.
    pub(super) key: Option<Arc<PrivateKey>>,
}

/// What was made elsewhere, and is taken over as it is.
pub(super) struct MadeAdopted<'a> {
    pub(super) id: ArtifactId,
    pub(super) product: Product,
    pub(super) public_path: &'a RelPath,
    pub(super) public_file: Option<String>,
    pub(super) key_path: &'a RelPath,
    pub(super) key_file: Option<Vec<u8>>,
}
