//! Artifacts that were made and are still to be written, each with the contents of its files: nothing is on disk yet.

use std::sync::Arc;

use super::Product;
use crate::fleet::{Artifact, ArtifactId, HostKey, KeyPair, RelPath, Standing};
use crate::plan::Action;
use crate::seal::SshKey;
use crate::x509::key::signing::PrivateKey;
use crate::x509::{CertificateFacts, PublicKey, Voucher};

/// An authority or a certificate.
pub(super) struct Made<'a> {
    pub(super) artifact: Artifact<'a>,
    pub(super) action: Action,
    pub(super) certificate: CertificateFacts,
    /// Text of the certificate file; `None` where it stays.
    pub(super) certificate_file: Option<String>,
    /// Behind an authority's own certificate, as the file will have them, with what they are.
    pub(super) beside: Vec<(CertificateFacts, Standing)>,
    /// The encrypted key; `None` if it stays as it is, or the requester of the certificate has it.
    pub(super) key_file: Option<Vec<u8>>,
}

/// A key pair that hosts share.
pub(super) struct MadePair<'a> {
    pub(super) pair: &'a KeyPair,
    pub(super) action: Action,
    /// As the file holds them, the current one first.
    pub(super) public: Vec<PublicKey>,
    /// The certificates among these that its key vouches for.
    pub(super) vouchers: Vec<Voucher>,
    /// Text of the public file; `None` where it stays.
    pub(super) public_file: Option<String>,
    /// `None` where it stays.
    pub(super) key_file: Option<Vec<u8>>,
    /// `None` where nothing needs it.
    pub(super) key: Option<Arc<PrivateKey>>,
}

/// The key of a host, sealed again.
pub(super) struct MadeHostKey<'a> {
    pub(super) key: &'a HostKey,
    pub(super) public: SshKey,
    pub(super) key_file: Vec<u8>,
}

/// An artifact that was made elsewhere and is adopted unchanged.
pub(super) struct MadeAdopted<'a> {
    pub(super) id: ArtifactId,
    pub(super) product: Product,
    /// The public keys of a shared pair that its key vouches for.
    pub(super) vouchers: Vec<Voucher>,
    pub(super) public_path: &'a RelPath,
    pub(super) public_file: Option<String>,
    pub(super) key_path: &'a RelPath,
    pub(super) key_file: Option<Vec<u8>>,
}
