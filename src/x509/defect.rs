//! Why bytes are not the object that they should be.

use thiserror::Error;

use super::pem::PemFlaw;

/// The kind of damage to a defective file, as far as its bytes show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// It has no byte.
    Empty,
    /// Git left both sides of a merge in it.
    ConflictMarkers { line: usize },
    /// Its end is missing.
    CutOff,
    /// Anything else.
    Other,
}

/// Why a file, or a part of one, cannot be read. Each message ends with the cure where there is one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DocumentDefect {
    #[error("it is empty")]
    Empty,
    #[error(
        "line {line} is a merge conflict marker; check one of the two versions out (`git checkout --ours` or `--theirs`)"
    )]
    ConflictMarkers { line: usize },
    #[error("it is a Git LFS pointer, not the file itself; run `git lfs pull`")]
    LfsPointer,
    #[error(transparent)]
    Pem(#[from] PemFlaw),
    #[error("it holds a {label}, which is not read; {conversion}")]
    Foreign {
        label: &'static str,
        conversion: &'static str,
    },
    #[error("it is cut off: {expected} octets are announced, {found} are there")]
    TruncatedDer { expected: usize, found: usize },
    #[error("{what} cannot be decoded: {reason}")]
    Undecodable { what: &'static str, reason: String },
    #[error("{octets} octets follow what was read")]
    TrailingData { octets: usize },
    #[error("line {line}: {reason}")]
    BadYaml { line: usize, reason: String },
    #[error("{field} is encrypted with SOPS; `sops --decrypt FILE` shows what is in it")]
    Sops { field: String },
    #[error("{field} is missing")]
    MissingField { field: String },
    #[error("{field} is not Base64")]
    FieldNotBase64 { field: String },
    #[error("{field} was left out by `kubectl config view`; `kubectl config view --raw` writes it")]
    LeftOut { field: String },
    #[error("{field} is in Base64 twice; decode it once: `base64 -d`")]
    TwiceEncoded { field: String },
    #[error("it has more than {limit} {unit}, more than any file of this kind")]
    TooMuch { limit: usize, unit: &'static str },
    #[error(
        "it is none of the kinds that are known: certificate, request, revocation list, key (PEM or DER), PKCS#12, OpenSSH key, age \
         file, kubeconfig, Kubernetes Secret"
    )]
    Unrecognised,
}
