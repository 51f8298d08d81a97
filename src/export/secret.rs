//! Secrets: a certificate with its key for whoever serves or calls with it, an authority for cert-manager to issue by, and where the
//! External Secrets operator finds either.

use super::chain::{Chain, pem};
use super::node::{Node, base64, map, secret, text};
use super::resource::{Object, ObjectName, resource};
use crate::x509::CertificateFacts;

/// What Kubernetes checks the form of: both `tls.crt` and `tls.key` have to be there.
const TLS: &str = "kubernetes.io/tls";
const CERTIFICATE: &str = "tls.crt";
const KEY: &str = "tls.key";
/// What cert-manager calls it, and with it everybody who mounts such Secrets.
pub(super) const AUTHORITY: &str = "ca.crt";

/// A certificate with its key, as cert-manager writes them: what a server sends in `tls.crt`, and in `ca.crt` the roots to verify its
/// peers by.
pub fn tls(object: &Object, chain: &Chain, roots: &[&CertificateFacts], key: &[u8]) -> Node {
    let roots = pem(roots.iter().copied());
    of_type_tls(object, &pem(chain.sent()), &roots, key)
}

/// An authority for cert-manager's CA issuer. `tls.crt` begins with the certificate that signs, and `ca.crt` is the root and nothing
/// else: cert-manager reads its first certificate only, and hands it on as the one to trust. With an intermediate there, clients that
/// want a root (Node, Python, OpenSSL) would verify nothing.
pub fn authority(object: &Object, chain: &Chain, key: &[u8]) -> Node {
    of_type_tls(object, &pem(chain.sent()), &pem([&chain.root]), key)
}

fn of_type_tls(object: &Object, certificates: &str, roots: &str, key: &[u8]) -> Node {
    let data = map([
        (AUTHORITY, Some(base64(roots.as_bytes()))),
        (CERTIFICATE, Some(base64(certificates.as_bytes()))),
        (KEY, Some(secret(key))),
    ]);
    let rest = [("type", Some(text(TLS))), ("data", Some(data))];
    resource("v1", "Secret", object.metadata(Vec::new()), rest)
}

/// Where the External Secrets operator reads a Secret from.
#[derive(Clone, Debug)]
pub struct Remote {
    pub store: ObjectName,
    pub store_kind: StoreKind,
    /// What the store calls it.
    pub key: String,
    /// What the store calls the three parts; `None` where it does not hold the root.
    pub certificate: String,
    pub private_key: String,
    pub authority: Option<String>,
    /// As Go writes a duration.
    pub refresh: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    SecretStore,
    ClusterSecretStore,
}

/// An `ExternalSecret` that makes the same Secret out of a store. Nothing secret is in it.
pub fn external(object: &Object, remote: &Remote) -> Node {
    let kind = match remote.store_kind {
        StoreKind::SecretStore => "SecretStore",
        StoreKind::ClusterSecretStore => "ClusterSecretStore",
    };
    let store = map([
        ("name", Some(text(&remote.store))),
        ("kind", Some(text(kind))),
    ]);
    let target = map([
        ("name", Some(text(&object.name))),
        ("template", Some(map([("type", Some(text(TLS)))]))),
    ]);
    let authority = remote.authority.iter().map(|name| (AUTHORITY, name));
    let parts = authority.chain([
        (CERTIFICATE, &remote.certificate),
        (KEY, &remote.private_key),
    ]);
    let data = parts.map(|(name, property)| {
        let reference = map([
            ("key", Some(text(&remote.key))),
            ("property", Some(text(property))),
        ]);
        map([
            ("secretKey", Some(text(name))),
            ("remoteRef", Some(reference)),
        ])
    });
    let spec = map([
        ("refreshInterval", Some(text(&remote.refresh))),
        ("secretStoreRef", Some(store)),
        ("target", Some(target)),
        ("data", Some(Node::List(data.collect()))),
    ]);
    let metadata = object.metadata(Vec::new());
    let rest = [("spec", Some(spec))];
    resource("external-secrets.io/v1", "ExternalSecret", metadata, rest)
}
