//! Whether a role gives away more than one who may ask it should have: every server, every user, a privileged group.

use super::catalogue::{ROLE_ANY_NAME, ROLE_ANY_USER, ROLE_PRIVILEGED_GROUP};
use super::finding::Finding;
use super::purpose::Purposes;
use crate::fleet::{Artifact, DnsForm, Fleet, Role};
use crate::x509::ExtendedKeyUsage;
use crate::x509::name::AttributeType;

pub(super) fn lint(fleet: &Fleet, purposes: &Purposes, findings: &mut Vec<Finding>) {
    for role in fleet.roles.values() {
        findings.extend(any_name(fleet, role));
        findings.extend(privileged_group(role));
        findings.extend(any_user(fleet, purposes, role));
    }
}

fn any_name(fleet: &Fleet, role: &Role) -> Option<Finding> {
    let authority = fleet.authority(&role.authority)?;
    let is_constrained = std::iter::once(authority)
        .chain(fleet.issuers_of(Artifact::Authority(authority)))
        .any(|authority| authority.name_constraints.is_some());
    let is_open = role.names.forms.contains(&DnsForm::Any) && !is_constrained;
    is_open.then(|| {
        Finding::of_role(&ROLE_ANY_NAME, role, DnsForm::Any.option()).saying(
            "it allows every DNS name, and no name constraints stand above it",
            format!(
                "its users can act as any server for every client that trusts {}",
                role.authority
            ),
            "list the domains in allowedDomains, or constrain the authority with nameConstraints",
        )
    })
}

/// Groups that Kubernetes, or kubeadm for it, gives rights of its own.
fn privileged_group(role: &Role) -> Option<Finding> {
    let mut groups = role
        .subject
        .attributes()
        .iter()
        .filter(|(kind, _)| *kind == AttributeType::Organization)
        .map(|(_, value)| value);
    let group = groups
        .find(|group| group.starts_with("system:") || group.as_str() == "kubeadm:cluster-admins")?;
    grants_clients(role).then(|| {
        Finding::of_role(&ROLE_PRIVILEGED_GROUP, role, "names")
            .saying(
                format!("it grants client certificates with O={group}"),
                "its users have the rights of that group in every cluster that trusts the CA for clients",
                "declare such a certificate by itself, and give the role another O or none",
            )
            .at_word(group)
    })
}

/// A user with far-reaching rights in every cluster.
const CONTROLLER: &str = "system:kube-controller-manager";

fn any_user(fleet: &Fleet, purposes: &Purposes, role: &Role) -> Option<Finding> {
    let patterns = &role.names.common_names;
    let pattern = patterns
        .iter()
        .find(|pattern| pattern.matches(CONTROLLER))?;
    let is_trusted = fleet.certificates.iter().any(|certificate| {
        certificate.authority == role.authority && purposes.component(certificate).is_some()
    });
    (is_trusted && grants_clients(role)).then(|| {
        Finding::of_role(&ROLE_ANY_USER, role, "allowedCommonNames")
            .saying(
                format!(
                    "it allows the common name {CONTROLLER} ({pattern}), and a cluster trusts its authority {}",
                    role.authority
                ),
                "its users can act as any user of the cluster, its components among them",
                "allow only patterns that no name with system: matches, or sign with another authority",
            )
            .at_word(pattern.to_string())
    })
}

fn grants_clients(role: &Role) -> bool {
    role.usages.extended.contains(&ExtendedKeyUsage::ClientAuth)
}
