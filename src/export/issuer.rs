//! cert-manager's issuers: one that signs with an authority of ours, and one that asks a signer with the API of Vault.

use std::fmt;

use super::chain::pem;
use super::node::{Node, base64, map, text, texts};
use super::resource::{Namespace, Object, ObjectName, resource};
use crate::x509::{CertificateFacts, Uri};

const API: &str = "cert-manager.io/v1";
const GROUP: &str = "cert-manager.io";
/// Where cert-manager runs, and where it looks for the Secrets of a `ClusterIssuer` unless it is told otherwise.
pub const CERT_MANAGER: &str = "cert-manager";

/// Which issuer a certificate is asked of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IssuerRef {
    /// Of the whole cluster.
    Cluster(ObjectName),
    /// Of the same namespace.
    Namespaced(ObjectName),
    /// Of another controller, such as step-issuer's `StepClusterIssuer` in `certmanager.step.sm`.
    External {
        name: ObjectName,
        kind: String,
        group: String,
    },
}

impl IssuerRef {
    pub fn name(&self) -> &ObjectName {
        match self {
            Self::Cluster(name) | Self::Namespaced(name) | Self::External { name, .. } => name,
        }
    }

    pub fn kind(&self) -> &str {
        match self {
            Self::Cluster(_) => "ClusterIssuer",
            Self::Namespaced(_) => "Issuer",
            Self::External { kind, .. } => kind,
        }
    }

    /// The API group of the kind.
    pub fn group(&self) -> &str {
        match self {
            Self::Cluster(_) | Self::Namespaced(_) => GROUP,
            Self::External { group, .. } => group,
        }
    }

    /// A namespaced issuer where the resource has a namespace.
    pub fn of(object: &Object) -> Self {
        let name = object.name.clone();
        if object.namespace.is_some() {
            Self::Namespaced(name)
        } else {
            Self::Cluster(name)
        }
    }

    /// `issuerRef`. The group is written out: without it cert-manager takes its own, and forbids what names another's kind.
    pub(super) fn node(&self) -> Node {
        map([
            ("name", Some(text(self.name()))),
            ("kind", Some(text(self.kind()))),
            ("group", Some(text(self.group()))),
        ])
    }
}

/// What signs with the key in a Secret of type `kubernetes.io/tls`.
#[derive(Clone, Debug)]
pub struct CaIssuer<'a> {
    pub secret: ObjectName,
    /// What the certificates say of revocation and of their issuer.
    pub crl_urls: &'a [Uri],
    pub issuer_urls: &'a [Uri],
}

/// An `Issuer` where the object has a namespace, else a `ClusterIssuer`.
pub fn ca(object: &Object, issuer: &CaIssuer<'_>) -> Node {
    let ca = map([
        ("secretName", Some(text(&issuer.secret))),
        (
            "crlDistributionPoints",
            texts(issuer.crl_urls.iter().map(Uri::as_str)),
        ),
        (
            "issuingCertificateURLs",
            texts(issuer.issuer_urls.iter().map(Uri::as_str)),
        ),
    ]);
    of_spec(object, ("ca", ca))
}

/// A signer with the API of Vault's PKI engine.
#[derive(Clone, Debug)]
pub struct VaultIssuer<'a> {
    pub server: String,
    /// `<mount>/sign/<role>`.
    pub path: String,
    /// The roots that the server is verified by; none where it is not asked over TLS, or has a public certificate.
    pub roots: Vec<&'a CertificateFacts>,
    pub auth: VaultAuth,
}

/// How cert-manager proves who it is.
#[derive(Clone, Debug)]
pub enum VaultAuth {
    Kubernetes {
        /// Where the method is mounted, below `auth/`.
        mount: String,
        role: String,
        account: ObjectName,
    },
    AppRole {
        mount: String,
        role_id: String,
        secret: ObjectName,
        key: String,
    },
}

/// The audience that the token which cert-manager asks Kubernetes for has of its issuer alone; the other is the signer's URL, which is
/// that of every issuer that asks it. The role in Vault has to name this one, so that no other token will do, and not the URL of the
/// API server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience(String);

impl Audience {
    pub fn of(object: &Object) -> Self {
        Self(match &object.namespace {
            Some(namespace) => format!("vault://{namespace}/{}", object.name),
            None => format!("vault://{}", object.name),
        })
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The issuer, and what lets cert-manager have a token of the service account it logs in with.
pub fn vault(object: &Object, issuer: &VaultIssuer<'_>, cert_manager: &Namespace) -> Vec<Node> {
    let roots = pem(issuer.roots.iter().copied());
    let bundle = (!roots.is_empty()).then(|| base64(roots.as_bytes()));
    let (auth, rights) = match &issuer.auth {
        VaultAuth::Kubernetes {
            mount,
            role,
            account,
        } => {
            let auth = map([
                ("mountPath", Some(text(format!("/v1/auth/{mount}")))),
                ("role", Some(text(role))),
                (
                    "serviceAccountRef",
                    Some(map([("name", Some(text(account)))])),
                ),
            ]);
            let rights = token_rights(object, account, cert_manager);
            (map([("kubernetes", Some(auth))]), rights)
        }
        VaultAuth::AppRole {
            mount,
            role_id,
            secret,
            key,
        } => {
            let reference = map([("name", Some(text(secret))), ("key", Some(text(key)))]);
            let auth = map([
                ("path", Some(text(mount))),
                ("roleId", Some(text(role_id))),
                ("secretRef", Some(reference)),
            ]);
            (map([("appRole", Some(auth))]), Vec::new())
        }
    };
    let vault = map([
        ("server", Some(text(&issuer.server))),
        ("path", Some(text(&issuer.path))),
        ("caBundle", bundle),
        ("auth", Some(auth)),
    ]);
    let mut resources = rights;
    resources.push(of_spec(object, ("vault", vault)));
    resources
}

fn of_spec(object: &Object, (field, value): (&str, Node)) -> Node {
    let spec = map([(field, Some(value))]);
    let issuer = IssuerRef::of(object);
    let metadata = object.metadata(Vec::new());
    resource(API, issuer.kind(), metadata, [("spec", Some(spec))])
}

/// A `Role` to make tokens of one service account and nothing else, and its binding to cert-manager's own account. The account too,
/// unless it is cert-manager's.
fn token_rights(object: &Object, account: &ObjectName, cert_manager: &Namespace) -> Vec<Node> {
    const RBAC: &str = "rbac.authorization.k8s.io";
    let api = format!("{RBAC}/v1");
    let place = object.namespace.as_ref().unwrap_or(cert_manager);
    let Ok(name) = format!("{account}-tokenrequest").parse::<ObjectName>() else {
        return Vec::new();
    };
    let metadata =
        |name: &ObjectName| Object::new(name.clone(), Some(place.clone())).metadata(Vec::new());
    let is_cert_managers = place == cert_manager && account.to_string() == CERT_MANAGER;
    let own_account =
        (!is_cert_managers).then(|| resource("v1", "ServiceAccount", metadata(account), []));
    let right = map([
        ("apiGroups", texts([""])),
        ("resources", texts(["serviceaccounts/token"])),
        ("resourceNames", texts([account])),
        ("verbs", texts(["create"])),
    ]);
    let rules = [("rules", Some(Node::List(vec![right])))];
    let role = resource(&api, "Role", metadata(&name), rules);
    let subject = map([
        ("kind", Some(text("ServiceAccount"))),
        ("name", Some(text(CERT_MANAGER))),
        ("namespace", Some(text(cert_manager))),
    ]);
    let role_ref = map([
        ("apiGroup", Some(text(RBAC))),
        ("kind", Some(text("Role"))),
        ("name", Some(text(&name))),
    ]);
    let bound = [
        ("subjects", Some(Node::List(vec![subject]))),
        ("roleRef", Some(role_ref)),
    ];
    let binding = resource(&api, "RoleBinding", metadata(&name), bound);
    own_account.into_iter().chain([role, binding]).collect()
}
