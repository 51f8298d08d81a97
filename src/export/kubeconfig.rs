//! A kubeconfig for one client certificate: as data, and as YAML that people read and kubectl takes. Where it goes is for the caller.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::node::push_quoted;
use crate::x509::san::DnsName;
use crate::x509::{AttributeType, CertificateFacts, ExtendedKeyUsage};

/// The port of an API server that names none.
const PORT: u16 = 6443;

/// Everything `kubectl` has to know of one user of one cluster.
#[allow(missing_debug_implementations)] // A private key is in it.
pub struct Kubeconfig {
    pub cluster: String,
    pub server: Server,
    /// What the server's certificate is verified by.
    pub authority: Material,
    pub user: String,
    pub certificate: Material,
    pub key: Material,
    pub context: String,
    pub namespace: Option<String>,
}

/// A PEM file, in the kubeconfig or named by it.
#[allow(missing_debug_implementations)] // A private key may be in it.
pub enum Material {
    Embedded(Zeroizing<Vec<u8>>),
    File(String),
}

/// Where an API server is: an `https` URL, as nothing else asks a client for its certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server(String);

/// Why a text names no API server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServerError {
    #[error("{text:?} is not https; a client shows its certificate over TLS only")]
    NotTls { text: String },
    #[error(
        "{text:?} is not the address of an API server; write a name or an address, with or without a port, or an https URL, \
         with IPv6 addresses in brackets"
    )]
    Shape { text: String },
}

/// Why a certificate does not name a user of an API server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error(
        "it is for {}, not for client auth, so every API server refuses it",
        usages.join(", ")
    )]
    NotForClients { usages: Vec<String> },
    #[error("its subject has no common name, which is the name of the user")]
    NoUser,
}

/// The user an API server takes the bearer of this certificate for: its common name.
///
/// # Errors
/// An API server would not take it.
pub fn user(certificate: &CertificateFacts) -> Result<&str, Unfit> {
    let is_for_clients = certificate
        .extended_key_usage
        .as_ref()
        .is_none_or(|purposes| {
            purposes.contains(&ExtendedKeyUsage::ClientAuth)
                || purposes.contains(&ExtendedKeyUsage::Any)
        });
    if !is_for_clients {
        let usages = certificate.usages();
        return Err(Unfit::NotForClients {
            usages: usages
                .extended
                .iter()
                .map(|usage| usage.word().to_owned())
                .collect(),
        });
    }
    let name = certificate.subject.common_name();
    name.filter(|name| !name.is_empty()).ok_or(Unfit::NoUser)
}

/// The groups it takes them to be in: the organisations.
pub fn groups(certificate: &CertificateFacts) -> Vec<&str> {
    certificate
        .subject
        .values(&AttributeType::Organization)
        .collect()
}

impl Server {
    /// Reads an `https` URL, or a name or address with or without a port; without one it is 6443.
    ///
    /// # Errors
    /// It is another scheme, or nothing of this.
    pub fn parse(text: &str) -> Result<Self, ServerError> {
        let shape = || ServerError::Shape {
            text: text.to_owned(),
        };
        if let Some((scheme, rest)) = text.split_once("://") {
            if !scheme.eq_ignore_ascii_case("https") {
                return Err(ServerError::NotTls {
                    text: text.to_owned(),
                });
            }
            let end = rest.find('/').unwrap_or(rest.len());
            let (authority, path) = rest.split_at(end);
            // client-go puts a path of its own behind it, so there is no query and no fragment.
            let is_path = |c: char| c.is_ascii_graphic() && !matches!(c, '?' | '#');
            let is_whole = is_authority(authority) && path.chars().all(is_path);
            return is_whole.then(|| Self(text.to_owned())).ok_or_else(shape);
        }
        let (host, port) = host_and_port(text).ok_or_else(shape)?;
        Ok(Self(format!("https://{host}:{port}")))
    }
}

/// Host and port of a URL that Go's `net/url` reads and kubectl dials: IPv6 in brackets, a port that there is, no user.
fn is_authority(text: &str) -> bool {
    let is_bare_address = text.parse::<Ipv6Addr>().is_ok();
    !is_bare_address && host_and_port(text).is_some()
}

/// The host as a URL writes it (RFC 3986 §3.2.2: IPv6 in brackets).
fn host_and_port(text: &str) -> Option<(String, u16)> {
    if let Ok(address) = text.parse::<Ipv6Addr>() {
        return Some((format!("[{address}]"), PORT));
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        let address: Ipv6Addr = address.parse().ok()?;
        return Some((format!("[{address}]"), port_in(port)?));
    }
    let end = text.find(':').unwrap_or(text.len());
    let (host, port) = text.split_at(end);
    let is_name = DnsName::parse(host).is_ok_and(|name| !name.is_wildcard());
    (is_name || host.parse::<Ipv4Addr>().is_ok()).then_some(())?;
    Some((host.to_owned(), port_in(port)?))
}

/// What follows a host: nothing, or a colon and a port.
fn port_in(text: &str) -> Option<u16> {
    if text.is_empty() {
        return Some(PORT);
    }
    let port: u16 = text.strip_prefix(':')?.parse().ok()?;
    (port > 0).then_some(port)
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Kubeconfig {
    /// The file. What a person may have chosen stands in quotes, so that nothing is taken for anything but text.
    pub fn to_yaml(&self) -> Zeroizing<String> {
        let mut yaml = Zeroizing::new(String::with_capacity(self.capacity()));
        yaml.push_str("apiVersion: v1\nkind: Config\nclusters:\n- name: ");
        push_quoted(&mut yaml, &self.cluster);
        yaml.push_str("\n  cluster:\n    server: ");
        push_quoted(&mut yaml, &self.server.0);
        push_material(&mut yaml, "certificate-authority", &self.authority);
        yaml.push_str("\nusers:\n- name: ");
        push_quoted(&mut yaml, &self.user);
        yaml.push_str("\n  user:");
        push_material(&mut yaml, "client-certificate", &self.certificate);
        push_material(&mut yaml, "client-key", &self.key);
        yaml.push_str("\ncontexts:\n- name: ");
        push_quoted(&mut yaml, &self.context);
        yaml.push_str("\n  context:\n    cluster: ");
        push_quoted(&mut yaml, &self.cluster);
        yaml.push_str("\n    user: ");
        push_quoted(&mut yaml, &self.user);
        if let Some(namespace) = &self.namespace {
            yaml.push_str("\n    namespace: ");
            push_quoted(&mut yaml, namespace);
        }
        yaml.push_str("\ncurrent-context: ");
        push_quoted(&mut yaml, &self.context);
        yaml.push('\n');
        yaml
    }

    /// Room for the whole text from the start: one that moves leaves a copy of the key behind.
    fn capacity(&self) -> usize {
        /// Of one character, as `\UXXXXXXXX`.
        const LONGEST: usize = 10;
        let texts = [
            &self.cluster,
            &self.cluster,
            &self.server.0,
            &self.user,
            &self.user,
            &self.context,
            &self.context,
        ];
        let texts = texts.into_iter().chain(&self.namespace).map(String::len);
        let materials = [&self.authority, &self.certificate, &self.key];
        let materials = materials.map(|material| match material {
            Material::Embedded(pem) => pem.len().div_ceil(3) * 4,
            Material::File(path) => path.len() * LONGEST,
        });
        1024 + texts.sum::<usize>() * LONGEST + materials.iter().sum::<usize>()
    }
}

fn push_material(yaml: &mut String, field: &str, material: &Material) {
    yaml.push_str("\n    ");
    yaml.push_str(field);
    match material {
        Material::Embedded(pem) => {
            yaml.push_str("-data: ");
            yaml.push_str(&Zeroizing::new(STANDARD.encode(pem.as_slice())));
        }
        Material::File(path) => {
            yaml.push_str(": ");
            push_quoted(yaml, path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> String {
        Server::parse(text).unwrap().to_string()
    }

    #[test]
    fn a_server_is_a_url_or_a_host_with_or_without_a_port() {
        assert_eq!(
            url("https://api.example:443/k8s"),
            "https://api.example:443/k8s"
        );
        assert_eq!(url("https://api.example"), "https://api.example");
        assert_eq!(url("https://[fd00::1]/k8s"), "https://[fd00::1]/k8s");
        assert_eq!(url("api.example"), "https://api.example:6443");
        assert_eq!(url("api.example:443"), "https://api.example:443");
        assert_eq!(url("10.0.0.1"), "https://10.0.0.1:6443");
        assert_eq!(url("fd00::1"), "https://[fd00::1]:6443");
        assert_eq!(url("[fd00::1]"), "https://[fd00::1]:6443");
        assert_eq!(url("[fd00::1]:8443"), "https://[fd00::1]:8443");
    }

    #[test]
    fn refuses_what_is_no_server() {
        for text in [
            "",
            ":6443",
            "a b",
            "https://",
            "https://a b",
            "https://2001:db8::1",
            "https://2001:db8::1:6443",
            "https://[2001:db8::1",
            "https://2001:db8::1]",
            "https://api:99999",
            "https://api:0",
            "https://api:",
            "https://:6443",
            "https://ada@api.example",
            "https://api.example/?a=b",
            "https://api.example#a",
            "api:0",
            "api:70000",
            "api:x",
            "[fd00::1",
            "[api]:1",
            "*.example",
            "api:1:2",
        ] {
            assert!(
                matches!(Server::parse(text), Err(ServerError::Shape { .. })),
                "{text:?}"
            );
        }
        assert!(matches!(
            Server::parse("http://api.example"),
            Err(ServerError::NotTls { .. })
        ));
    }
}
