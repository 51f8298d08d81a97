//! The extensions of a certificate, in Go's order, with the criticality RFC 5280 §4.2.1 asks for.

use std::net::IpAddr;

use der::asn1::{Ia5String, ObjectIdentifier, OctetString};
use der::flagset::FlagSet;
use der::oid::AssociatedOid;
use der::{Encode, Sequence};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::constraints::name::{
    GeneralSubtree, NameConstraints as NameConstraintsDer,
};
use x509_cert::ext::pkix::crl::dp::DistributionPoint;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{
    AccessDescription, AuthorityInfoAccessSyntax, AuthorityKeyIdentifier, CrlDistributionPoints,
    ExtendedKeyUsage, KeyUsage as KeyUsageDer, KeyUsages, SubjectAltName, SubjectKeyIdentifier,
};

use crate::x509::certificate::write::{Role, Template};
use crate::x509::constraints::{IpNetwork, NameConstraints, Subtrees};
use crate::x509::oid;
use crate::x509::san::{San, Uri};
use crate::x509::usage::{KeyUsage, Usages};

/// `id-ad-caIssuers` (RFC 5280 §4.2.2.1).
const CA_ISSUERS: ObjectIdentifier = ObjectIdentifier::new_unwrap(oid::CA_ISSUERS);
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap(oid::BASIC_CONSTRAINTS);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Criticality {
    Critical,
    Optional,
}

/// RFC 5280 §4.2.1.9. x509-cert's own holds a path length of one octet only.
#[derive(Sequence)]
struct BasicConstraints {
    #[asn1(default = "Default::default")]
    ca: bool,
    #[asn1(optional = "true")]
    path_length: Option<u32>,
}

/// All extensions of the certificate that the template describes.
///
/// # Errors
/// A value cannot be encoded as DER; the model's types do not admit such.
pub(crate) fn extensions(
    template: &Template<'_>,
    key_id: &[u8],
    issuer_key_id: &[u8],
) -> der::Result<Vec<Extension>> {
    use Criticality::{Critical, Optional};
    let mut list = Vec::new();
    // RFC 5280 §4.2.1.3: where the extension stands, it has at least one bit set.
    if !template.usages.key.is_empty() {
        list.push(extension(Critical, &key_usage(template.usages))?);
    }
    if !template.usages.extended.is_empty() {
        list.push(extension(Optional, &extended_key_usage(template.usages)?)?);
    }
    list.push(basic_constraints(&template.role)?);
    list.push(extension(
        Optional,
        &SubjectKeyIdentifier(OctetString::new(key_id)?),
    )?);
    let issuer_key_id = AuthorityKeyIdentifier {
        key_identifier: Some(OctetString::new(issuer_key_id)?),
        ..Default::default()
    };
    list.push(extension(Optional, &issuer_key_id)?);
    if !template.issuer_urls.is_empty() {
        list.push(extension(Optional, &issuer_access(template.issuer_urls)?)?);
    }
    if !template.sans.is_empty() {
        // RFC 5280 §4.2.1.6: the names must be critical where they are all the identity there is.
        let criticality = if template.subject.is_empty() {
            Critical
        } else {
            Optional
        };
        list.push(extension(
            criticality,
            &SubjectAltName(
                template
                    .sans
                    .iter()
                    .map(general_name)
                    .collect::<der::Result<_>>()?,
            ),
        )?);
    }
    if let Role::Authority {
        name_constraints: Some(constraints),
        ..
    } = template.role
        && !constraints.is_empty()
    {
        list.push(extension(Critical, &name_constraints(constraints)?)?);
    }
    if !template.crl_urls.is_empty() {
        list.push(extension(
            Optional,
            &crl_distribution_points(template.crl_urls)?,
        )?);
    }
    Ok(list)
}

fn extension<T: Encode + AssociatedOid>(
    criticality: Criticality,
    value: &T,
) -> der::Result<Extension> {
    Ok(Extension {
        extn_id: T::OID,
        critical: criticality == Criticality::Critical,
        extn_value: OctetString::new(value.to_der()?)?,
    })
}

fn basic_constraints(role: &Role<'_>) -> der::Result<Extension> {
    let value = match role {
        Role::Leaf => BasicConstraints {
            ca: false,
            path_length: None,
        },
        Role::Authority { path_length, .. } => BasicConstraints {
            ca: true,
            path_length: *path_length,
        },
    };
    // Critical on leaves too: §4.2.1.9 leaves the choice, and a leaf must never pass for an authority.
    Ok(Extension {
        extn_id: BASIC_CONSTRAINTS,
        critical: true,
        extn_value: OctetString::new(value.to_der()?)?,
    })
}

fn key_usage(usages: &Usages) -> KeyUsageDer {
    let bits = usages.key.iter().map(|usage| match usage {
        KeyUsage::DigitalSignature => KeyUsages::DigitalSignature,
        KeyUsage::ContentCommitment => KeyUsages::NonRepudiation,
        KeyUsage::KeyEncipherment => KeyUsages::KeyEncipherment,
        KeyUsage::DataEncipherment => KeyUsages::DataEncipherment,
        KeyUsage::KeyAgreement => KeyUsages::KeyAgreement,
        KeyUsage::CertSign => KeyUsages::KeyCertSign,
        KeyUsage::CrlSign => KeyUsages::CRLSign,
        KeyUsage::EncipherOnly => KeyUsages::EncipherOnly,
        KeyUsage::DecipherOnly => KeyUsages::DecipherOnly,
    });
    KeyUsageDer(bits.fold(FlagSet::default(), |set, bit| set | bit))
}

fn extended_key_usage(usages: &Usages) -> der::Result<ExtendedKeyUsage> {
    let oids: Result<_, _> = usages
        .extended
        .iter()
        .map(|usage| ObjectIdentifier::new(usage.oid()))
        .collect();
    Ok(ExtendedKeyUsage(oids?))
}

fn issuer_access(urls: &[Uri]) -> der::Result<AuthorityInfoAccessSyntax> {
    let describe = |url| {
        Ok(AccessDescription {
            access_method: CA_ISSUERS,
            access_location: uri_name(url)?,
        })
    };
    urls.iter()
        .map(describe)
        .collect::<der::Result<_>>()
        .map(AuthorityInfoAccessSyntax)
}

fn crl_distribution_points(urls: &[Uri]) -> der::Result<CrlDistributionPoints> {
    // One point with several names would say they are the same CRL; separate points are what cfssl and Go write.
    let point = |url| {
        let name = DistributionPointName::FullName(vec![uri_name(url)?]);
        Ok(DistributionPoint {
            distribution_point: Some(name),
            reasons: None,
            crl_issuer: None,
        })
    };
    urls.iter()
        .map(point)
        .collect::<der::Result<_>>()
        .map(CrlDistributionPoints)
}

fn name_constraints(constraints: &NameConstraints) -> der::Result<NameConstraintsDer> {
    let present = |subtrees: Vec<GeneralSubtree>| (!subtrees.is_empty()).then_some(subtrees);
    Ok(NameConstraintsDer {
        permitted_subtrees: present(general_subtrees(&constraints.permitted)?),
        excluded_subtrees: present(general_subtrees(&constraints.excluded)?),
    })
}

fn general_subtrees(subtrees: &Subtrees) -> der::Result<Vec<GeneralSubtree>> {
    let dns = subtrees
        .dns
        .iter()
        .map(|name| Ia5String::new(name).map(GeneralName::DnsName));
    let ip = subtrees
        .ip
        .iter()
        .map(|network| OctetString::new(address_and_mask(network)).map(GeneralName::IpAddress));
    let email = subtrees
        .email
        .iter()
        .map(|mailbox| Ia5String::new(mailbox).map(GeneralName::Rfc822Name));
    dns.chain(ip)
        .chain(email)
        .map(|base| {
            Ok(GeneralSubtree {
                base: base?,
                minimum: 0,
                maximum: None,
            })
        })
        .collect()
}

/// RFC 5280 §4.2.1.10: eight or 32 octets, the address and its mask.
fn address_and_mask(network: &IpNetwork) -> Vec<u8> {
    let mut octets = match network.address() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    octets.extend(network.mask_octets());
    octets
}

fn general_name(san: &San) -> der::Result<GeneralName> {
    match san {
        San::Dns(name) => Ia5String::new(name.as_str()).map(GeneralName::DnsName),
        San::Ip(address) => Ok(GeneralName::from(*address)),
        San::Email(address) => Ia5String::new(address.as_str()).map(GeneralName::Rfc822Name),
        San::Uri(uri) => uri_name(uri),
    }
}

fn uri_name(uri: &Uri) -> der::Result<GeneralName> {
    Ia5String::new(uri.as_str()).map(GeneralName::UniformResourceIdentifier)
}
