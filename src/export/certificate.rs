//! What asks cert-manager for a certificate as one is declared here: a `Certificate`, or an `Ingress` with its annotation.

use std::net::IpAddr;

use super::issuer::IssuerRef;
use super::node::{Node, map, text, texts};
use super::resource::{Object, ObjectName, resource};
use crate::fleet::Declaration;
use crate::x509::{AttributeType, ExtendedKeyUsage, KeyAlgorithm, Lifetime, San, Subject};

/// cert-manager's shortest lifetime.
const HOUR: u64 = 3600;
/// cert-manager's shortest time before the end.
const FIVE_MINUTES: u64 = 300;

/// The longest common name (RFC 5280, `ub-common-name`), which cert-manager counts in octets.
const LONGEST_COMMON_NAME: usize = 64;

/// Why cert-manager would not take what is asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("cert-manager issues for an hour or more, and {lifetime} is declared")]
    TooShort { lifetime: Lifetime },
    #[error(
        "cert-manager renews five minutes before the end or earlier, and {renew_before} is declared"
    )]
    RenewedTooLate { renew_before: Lifetime },
    #[error("cert-manager wants a common name or another name, and neither is declared")]
    Nameless,
    #[error(
        "cert-manager takes common names of {LONGEST_COMMON_NAME} octets at most, and {name:?} has {}",
        name.len()
    )]
    LongCommonName { name: String },
    #[error("nothing in it names a host: an Ingress needs a DNS name")]
    NoHost,
}

impl Unfit {
    /// What to declare or to type instead.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::TooShort { .. } | Self::RenewedTooLate { .. } => {
                "declare another lifetime, or give one with --duration"
            }
            Self::Nameless => "declare names (hosts) or a common name",
            Self::LongCommonName { .. } => {
                "declare a shorter common name; programs look at the other names"
            }
            Self::NoHost => "give names with --san NAME",
        }
    }
}

/// A `Certificate`, and in words what of the declaration cert-manager has no field for.
///
/// # Errors
/// cert-manager's webhook would refuse it.
pub fn certificate(
    object: &Object,
    declaration: &Declaration,
    issuer: &IssuerRef,
    secret: &ObjectName,
) -> Result<(Node, Vec<String>), Unfit> {
    check(declaration)?;
    let mut left_out = Vec::new();
    let names = Names::of(declaration);
    let spec = map([
        ("secretName", Some(text(secret))),
        ("issuerRef", Some(issuer.node())),
        ("commonName", common_name(&declaration.subject).map(text)),
        ("subject", subject(&declaration.subject, &mut left_out)),
        ("dnsNames", texts(names.dns)),
        ("ipAddresses", texts(names.ip)),
        ("emailAddresses", texts(names.email)),
        ("uris", texts(names.uri)),
        ("duration", Some(text(declaration.lifetime))),
        ("renewBefore", declaration.renew_before.map(text)),
        ("usages", usages(declaration, &mut left_out)),
        ("privateKey", Some(private_key(declaration.key))),
    ]);
    let metadata = object.metadata(Vec::new());
    let rest = [("spec", Some(spec))];
    let certificate = resource("cert-manager.io/v1", "Certificate", metadata, rest);
    Ok((certificate, left_out))
}

/// Where an `Ingress` sends what it is asked for.
#[derive(Clone, Debug)]
pub struct Backend {
    pub service: ObjectName,
    pub port: u16,
    /// The controller; `None` is the cluster's default.
    pub class: Option<String>,
}

/// An `Ingress` that serves every DNS name declared. Without an issuer the Secret has to be there already.
///
/// # Errors
/// `NoHost`.
pub fn ingress(
    object: &Object,
    declaration: &Declaration,
    issuer: Option<&IssuerRef>,
    secret: &ObjectName,
    backend: &Backend,
) -> Result<Node, Unfit> {
    let hosts = Names::of(declaration).dns;
    if hosts.is_empty() {
        return Err(Unfit::NoHost);
    }
    let annotations = issuer.map(annotations).unwrap_or_default();
    let tls = map([("hosts", texts(&hosts)), ("secretName", Some(text(secret)))]);
    let spec = map([
        ("ingressClassName", backend.class.as_ref().map(text)),
        ("tls", Some(Node::List(vec![tls]))),
        (
            "rules",
            Some(Node::List(
                hosts.iter().map(|host| rule(host, backend)).collect(),
            )),
        ),
    ]);
    let metadata = object.metadata(annotations);
    let rest = [("spec", Some(spec))];
    Ok(resource("networking.k8s.io/v1", "Ingress", metadata, rest))
}

/// By which cert-manager's ingress-shim knows whom to ask.
fn annotations(issuer: &IssuerRef) -> Vec<(String, Node)> {
    let annotation = |key: &str, value: &str| (format!("cert-manager.io/{key}"), text(value));
    let name = issuer.name().to_string();
    match issuer {
        IssuerRef::Cluster(_) => vec![annotation("cluster-issuer", &name)],
        IssuerRef::Namespaced(_) => vec![annotation("issuer", &name)],
        IssuerRef::External { kind, group, .. } => vec![
            annotation("issuer", &name),
            annotation("issuer-kind", kind),
            annotation("issuer-group", group),
        ],
    }
}

fn rule(host: &str, backend: &Backend) -> Node {
    let port = map([("number", Some(Node::Number(backend.port.into())))]);
    let service = map([("name", Some(text(&backend.service))), ("port", Some(port))]);
    let path = map([
        ("path", Some(text("/"))),
        ("pathType", Some(text("Prefix"))),
        ("backend", Some(map([("service", Some(service))]))),
    ]);
    let http = map([("paths", Some(Node::List(vec![path])))]);
    map([("host", Some(text(host))), ("http", Some(http))])
}

fn check(declaration: &Declaration) -> Result<(), Unfit> {
    let lifetime = declaration.lifetime;
    if lifetime.seconds() < HOUR {
        return Err(Unfit::TooShort { lifetime });
    }
    match declaration.renew_before {
        Some(renew_before) if renew_before.seconds() < FIVE_MINUTES => {
            return Err(Unfit::RenewedTooLate { renew_before });
        }
        _ => {}
    }
    match common_name(&declaration.subject) {
        Some(name) if name.len() > LONGEST_COMMON_NAME => Err(Unfit::LongCommonName {
            name: name.to_owned(),
        }),
        None if declaration.sans.is_empty() => Err(Unfit::Nameless),
        _ => Ok(()),
    }
}

/// The names by kind, as cert-manager has them.
#[derive(Default)]
struct Names<'a> {
    dns: Vec<&'a str>,
    ip: Vec<IpAddr>,
    email: Vec<&'a str>,
    uri: Vec<&'a str>,
}

impl<'a> Names<'a> {
    fn of(declaration: &'a Declaration) -> Self {
        let mut names = Self::default();
        for san in &declaration.sans {
            match san {
                San::Dns(name) => names.dns.push(name.as_str()),
                San::Ip(address) => names.ip.push(*address),
                San::Email(address) => names.email.push(address.as_str()),
                San::Uri(uri) => names.uri.push(uri.as_str()),
            }
        }
        names
    }
}

fn common_name(subject: &Subject) -> Option<&str> {
    let attributes = subject.attributes().iter();
    let mut names = attributes.filter(|(kind, _)| *kind == AttributeType::CommonName);
    names.next().map(|(_, value)| value.as_str())
}

/// `subject`: what cert-manager has of it. Only the serial number is one text.
fn subject(subject: &Subject, left_out: &mut Vec<String>) -> Option<Node> {
    const FIELDS: [(AttributeType, &str); 7] = [
        (AttributeType::Organization, "organizations"),
        (AttributeType::OrganizationalUnit, "organizationalUnits"),
        (AttributeType::Country, "countries"),
        (AttributeType::Locality, "localities"),
        (AttributeType::State, "provinces"),
        (AttributeType::Street, "streetAddresses"),
        (AttributeType::PostalCode, "postalCodes"),
    ];
    let values = |wanted: &AttributeType| {
        let attributes = subject.attributes().iter();
        let found = attributes.filter(|(kind, _)| kind == wanted);
        found.map(|(_, value)| value.clone()).collect::<Vec<_>>()
    };
    let mut fields: Vec<(String, Node)> = FIELDS
        .iter()
        .filter_map(|(kind, field)| Some(((*field).to_owned(), texts(values(kind))?)))
        .collect();
    let serial = values(&AttributeType::SerialNumber).into_iter().next();
    fields.extend(serial.map(|serial| ("serialNumber".to_owned(), text(serial))));
    let is_known = |kind: &AttributeType| {
        matches!(
            kind,
            AttributeType::CommonName | AttributeType::SerialNumber
        ) || FIELDS.iter().any(|(known, _)| known == kind)
    };
    let unknown = subject.attributes().iter();
    let unknown = unknown.filter(|(kind, _)| !is_known(kind));
    left_out.extend(unknown.map(|(kind, value)| format!("{kind}={value} of the subject")));
    (!fields.is_empty()).then_some(Node::Map(fields))
}

/// cert-manager has cfssl's words, as we do, and none for other object identifiers.
fn usages(declaration: &Declaration, left_out: &mut Vec<String>) -> Option<Node> {
    let usages = &declaration.usages;
    let others = usages.extended.iter().filter_map(|usage| match usage {
        ExtendedKeyUsage::Other(oid) => Some(format!("the usage {oid}")),
        _ => None,
    });
    left_out.extend(others);
    let is_known = |usage: &&ExtendedKeyUsage| !matches!(usage, ExtendedKeyUsage::Other(_));
    let extended = usages.extended.iter().filter(is_known);
    let key = usages.key.iter().map(|usage| usage.word().to_owned());
    texts(key.chain(extended.map(|usage| usage.word().to_owned())))
}

/// A new key with each certificate, as it is here with `--replace`; cert-manager 1.18 made it the default.
fn private_key(key: KeyAlgorithm) -> Node {
    let (algorithm, size) = match key {
        KeyAlgorithm::Rsa2048 => ("RSA", Some(2048)),
        KeyAlgorithm::Rsa3072 => ("RSA", Some(3072)),
        KeyAlgorithm::Rsa4096 => ("RSA", Some(4096)),
        KeyAlgorithm::EcdsaP256 => ("ECDSA", Some(256)),
        KeyAlgorithm::EcdsaP384 => ("ECDSA", Some(384)),
        KeyAlgorithm::EcdsaP521 => ("ECDSA", Some(521)),
        KeyAlgorithm::Ed25519 => ("Ed25519", None),
    };
    map([
        ("algorithm", Some(text(algorithm))),
        ("size", size.map(Node::Number)),
        ("rotationPolicy", Some(text("Always"))),
    ])
}
