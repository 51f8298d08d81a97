//! What a certificate is: one folder or file for each noun, with its value, how it is read, written and checked. Knows no project, no
//! disk and no age, and uses nothing else of this crate. Only making keys touches the random source.

pub mod certificate;
pub mod constraints;
pub mod crl;
pub mod defect;
pub mod digest;
pub(crate) mod encoding;
pub(crate) mod encryption;
pub mod extension;
pub mod hex;
pub mod key;
pub mod name;
pub(crate) mod oid;
pub mod pem;
pub mod pkcs12;
pub mod request;
pub mod san;
pub(crate) mod signature;
pub mod usage;
pub mod validity;
pub mod verify;
pub mod voucher;

pub use certificate::{BasicConstraints, CertificateFacts};
pub use constraints::{IpNetwork, NameConstraints, Subtrees};
pub use crl::{
    CertificateKind, CrlFacts, CrlScope, ListNumber, ListPoint, ListRecord, RevocationReason,
    RevokedCertificate,
};
pub use defect::{Damage, DocumentDefect};
pub use digest::Digest;
pub use key::spki::SpkiDefect;
pub use key::{FoundKeyAlgorithm, KeyAlgorithm, KeyFingerprint, PublicKey};
pub use name::{AttributeType, DistinguishedName, Subject};
pub use san::{FoundSan, San, Uri};
pub use usage::{ExtendedKeyUsage, KeyUsage, Usages};
pub use validity::lifetime::Lifetime;
pub use validity::moment::Moment;
pub use validity::{BACKDATE, Granted, Validity, ValidityError};
pub use voucher::Voucher;
