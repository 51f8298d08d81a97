//! Version 1 of the manifest as it stands on the wire: serde types only, unknown fields refused, values still as the person wrote them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The version this program reads and `nix/schema.nix` writes.
pub const VERSION: u64 = 1;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ManifestV1 {
    pub version: u64,
    pub dir: String,
    #[serde(default)]
    pub identities: Vec<String>,
    #[serde(default)]
    pub authorities: BTreeMap<String, AuthorityV1>,
    #[serde(default)]
    pub hosts: BTreeMap<String, HostV1>,
    #[serde(default)]
    pub key_pairs: BTreeMap<String, KeyPairV1>,
    #[serde(default)]
    pub roles: BTreeMap<String, RoleV1>,
    #[serde(default)]
    pub errors: Vec<NoticeV1>,
    #[serde(default)]
    pub warnings: Vec<NoticeV1>,
}

/// A key pair that several hosts share.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct KeyPairV1 {
    pub users: Vec<String>,
    pub owners: Vec<String>,
    pub key: KeyV1,
    #[serde(default)]
    pub verification_keys: Vec<String>,
    #[serde(default)]
    pub allow: BTreeMap<String, String>,
    pub files: KeyPairFilesV1,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyPairFilesV1 {
    pub public: String,
    pub key: String,
}

/// The rules for what is issued on request.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[allow(clippy::struct_excessive_bools)] // Each is an option that people set by itself.
pub struct RoleV1 {
    pub declared_by: Vec<String>,
    pub authority: String,
    #[serde(default)]
    pub allowed_domains: Vec<String>,
    #[serde(default)]
    pub allow_bare_domains: bool,
    #[serde(default)]
    pub allow_subdomains: bool,
    #[serde(default)]
    pub allow_wildcards: bool,
    #[serde(default)]
    pub allow_glob_domains: bool,
    #[serde(default)]
    pub allow_localhost: bool,
    #[serde(default)]
    pub allow_any_name: bool,
    #[serde(default)]
    pub allowed_ip_ranges: Vec<String>,
    #[serde(default)]
    pub allowed_emails: Vec<String>,
    #[serde(default)]
    pub allowed_uris: Vec<String>,
    #[serde(default)]
    pub allowed_common_names: Vec<String>,
    #[serde(default)]
    pub require_common_name: bool,
    pub key: KeyV1,
    pub allowed_keys: Vec<KeyV1>,
    pub usages: Vec<String>,
    #[serde(default)]
    pub names: Vec<(String, String)>,
    pub expiry: String,
    pub max_expiry: String,
    pub renew_before: Option<String>,
    #[serde(default)]
    pub allow: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AuthorityV1 {
    pub declared_by: Vec<String>,
    pub issuer: Option<String>,
    pub users: Vec<String>,
    pub common_name: String,
    #[serde(default)]
    pub names: Vec<(String, String)>,
    #[serde(default)]
    pub hosts: Vec<String>,
    #[serde(default)]
    pub usages: Vec<String>,
    pub expiry: String,
    pub renew_before: Option<String>,
    pub key: KeyV1,
    pub path_length: Option<i64>,
    pub name_constraints: Option<NameConstraintsV1>,
    #[serde(default)]
    pub crl_urls: Vec<String>,
    #[serde(default)]
    pub issuer_urls: Vec<String>,
    /// How long one of its revocation lists is good for.
    pub crl_expiry: Option<String>,
    /// Hosts that have the private key, to sign with it.
    #[serde(default)]
    pub key_hosts: Vec<String>,
    /// Whether the private key is kept outside the tree on purpose.
    #[serde(default)]
    pub key_offline: bool,
    #[serde(default)]
    pub allow: BTreeMap<String, String>,
    pub files: FilesV1,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct HostV1 {
    pub users: Vec<String>,
    #[serde(default)]
    pub owner_keys: Vec<OwnerKeyV1>,
    #[serde(default)]
    pub certificates: BTreeMap<String, BTreeMap<String, CertificateV1>>,
    pub kubernetes: Option<KubernetesV1>,
    #[serde(default)]
    pub allow: BTreeMap<String, String>,
}

/// A host's place in a Kubernetes cluster.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KubernetesV1 {
    pub cluster: String,
    pub roles: Vec<String>,
    #[serde(rename = "nodeName")]
    pub node_name: String,
    #[serde(rename = "nodeIPs", default)]
    pub node_ips: Vec<String>,
    #[serde(rename = "serviceCIDRs", default)]
    pub service_networks: Vec<String>,
    #[serde(rename = "clusterDomain")]
    pub cluster_domain: String,
    #[serde(rename = "controlPlaneEndpoint")]
    pub endpoint: Option<String>,
    pub authorities: ClusterAuthoritiesV1,
    #[serde(rename = "serviceAccount")]
    pub service_account: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ClusterAuthoritiesV1 {
    pub cluster: String,
    pub etcd: String,
    pub front_proxy: String,
    pub signing: Option<String>,
}

/// A public key of the host that owns a certificate.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub enum OwnerKeyV1 {
    /// The key itself.
    Key(String),
    /// A file to read when the program runs, relative to the root.
    File(String),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CertificateV1 {
    pub id: String,
    pub common_name: String,
    #[serde(default)]
    pub names: Vec<(String, String)>,
    #[serde(default)]
    pub hosts: Vec<String>,
    #[serde(default)]
    pub usages: Vec<String>,
    pub expiry: String,
    pub renew_before: Option<String>,
    pub key: KeyV1,
    /// Whether the host has the private key; if not, the operators alone have it.
    #[serde(default = "yes")]
    pub on_host: bool,
    pub component: Option<String>,
    #[serde(default)]
    pub allow: BTreeMap<String, String>,
    pub files: FilesV1,
}

fn yes() -> bool {
    true
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct KeyV1 {
    pub algo: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u32>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilesV1 {
    pub certificate: String,
    pub key: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NameConstraintsV1 {
    #[serde(default)]
    pub permitted: SubtreesV1,
    #[serde(default)]
    pub excluded: SubtreesV1,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubtreesV1 {
    #[serde(default)]
    pub dns: Vec<String>,
    #[serde(default)]
    pub ip: Vec<String>,
    #[serde(default)]
    pub email: Vec<String>,
}

/// An error or warning the evaluation already found.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeV1 {
    pub code: String,
    pub message: String,
    #[serde(default)]
    pub option: Vec<String>,
    #[serde(default)]
    pub hosts: Vec<String>,
}
