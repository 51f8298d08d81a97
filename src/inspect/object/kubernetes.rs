//! What of a kubeconfig or a Kubernetes resource concerns trust and credentials. Values that are secret are counted, never kept.

/// A kubeconfig: which clusters, which credentials, and how they belong together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KubeconfigFacts {
    pub current_context: Option<String>,
    pub contexts: Vec<Context>,
    pub clusters: Vec<Cluster>,
    pub users: Vec<User>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    pub name: String,
    pub cluster: Option<String>,
    pub user: Option<String>,
    pub namespace: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    pub name: String,
    pub server: Option<String>,
    /// The name the server has to prove, where it is not that of its URL.
    pub tls_server_name: Option<String>,
    /// Whether the server is not authenticated at all.
    pub skips_verification: bool,
    pub authority: Option<Source>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub name: String,
    pub credentials: Vec<Credential>,
}

/// How a user proves who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    ClientCertificate(Source),
    ClientKey(Source),
    /// A bearer token in the file.
    Token,
    TokenFile(String),
    Password {
        username: Option<String>,
    },
    /// A program that brings a credential.
    Exec {
        command: Option<String>,
    },
    /// A plugin of old versions of kubectl.
    AuthProvider {
        name: Option<String>,
    },
}

/// Where a certificate or key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Embedded,
    File(String),
}

/// A Secret or a `ConfigMap`; other resources by name only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceFacts {
    pub kind: String,
    pub name: Option<String>,
    pub namespace: Option<String>,
    /// `kubernetes.io/tls`, `Opaque`, …
    pub secret_type: Option<String>,
    pub entries: Vec<Entry>,
}

/// One entry of `data`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    /// Its length, decoded.
    pub octets: usize,
    /// Whether certificates or keys were found in it, which then follow on their own.
    pub is_read: bool,
}
