//! Which groups a certificate makes its holder a member of, and whether its component needs them.

use super::Examined;
use crate::fleet::{Certificate, Component, Custody};
use crate::lint::catalogue::{
    ADMIN_ON_HOST, GROUP_MISSING, GROUP_PRIVILEGED, GROUP_UNBOUND, SYSTEM_MASTERS,
};
use crate::lint::finding::{Basis, Finding};
use crate::lint::purpose::{Purposes, common_name, groups, is_etcd, is_kubelet};

/// The group that the usual binding makes cluster-admin.
const ADMINS: &str = "kubeadm:cluster-admins";
/// What RBAC cannot take away from anybody.
const MASTERS: &str = "system:masters";
const NODES: &str = "system:nodes";

/// The one program that is meant to have it is kube-apiserver, towards kubelets.
pub(super) fn administrator_on_host(
    certificate: &Certificate,
    purposes: &Purposes,
) -> Option<Finding> {
    let is_administrator = groups(&certificate.declaration).contains(&ADMINS);
    let is_program = purposes.component(certificate) == Some(Component::KubeApiserverKubeletClient);
    if !is_administrator || is_program || certificate.custody == Custody::Operators {
        return None;
    }
    let finding = Finding::of_certificate(&ADMIN_ON_HOST, Basis::Declared, certificate, "onHost");
    Some(finding.saying(
        format!("it is of {ADMINS}, and its key is sealed to the host it is declared for"),
        "an attacker with root there is an administrator of the cluster, as far as the binding of that group reaches",
        "onHost = false: the operators alone have the key; or another group, if a program is to use it",
    ))
}

/// A client of something else that is given a group of Kubernetes.
pub(super) fn unknown_client(certificate: &Certificate) -> Vec<Finding> {
    let groups = groups(&certificate.declaration);
    let privileged = groups.iter().filter(|group| group.starts_with("system:"));
    privileged
        .map(|group| {
            let lint = if *group == MASTERS {
                &SYSTEM_MASTERS
            } else {
                &GROUP_PRIVILEGED
            };
            Finding::of_certificate(lint, Basis::Guessed, certificate, "names")
                .at_word(*group)
                .saying(
                    format!("its subject has O={group}, and nothing says what it is for"),
                    privilege_of(group),
                    "remove the group, or say what it is for with `component`",
                )
        })
        .collect()
}

fn privilege_of(group: &str) -> String {
    if group == MASTERS {
        "kube-apiserver lets it do anything, past RBAC and for as long as the certificate lasts: certificates cannot be revoked"
            .to_owned()
    } else {
        format!("kube-apiserver gives it every right of the group {group}")
    }
}

impl Examined<'_> {
    pub(super) fn groups(&self) -> Vec<Finding> {
        let groups = groups(&self.certificate.declaration);
        let mut findings = Vec::new();
        findings.extend(self.missing_group(&groups));
        for group in groups {
            if !self.may_have(group) {
                findings.push(self.privileged(group));
            }
        }
        findings
    }

    fn missing_group(&self, groups: &[&str]) -> Option<Finding> {
        let (group, consequence) = match self.component {
            Component::Kubelet | Component::KubeletClient => (
                NODES,
                "the node authorizer does not take it for a node: it registers nothing, and every request is forbidden",
            ),
            Component::SuperAdmin => (
                MASTERS,
                "break-glass that RBAC can lock out is none: it fails when it is needed",
            ),
            Component::Admin | Component::KubeApiserverKubeletClient if groups.is_empty() => {
                return self.unbound();
            }
            _ => return None,
        };
        if groups.contains(&group) {
            return None;
        }
        Some(self.finding(&GROUP_MISSING, "names").saying(
            format!("its subject has no O={group}"),
            consequence,
            format!("names.O = \"{group}\""),
        ))
    }

    fn unbound(&self) -> Option<Finding> {
        let name = common_name(&self.certificate.declaration).unwrap_or_default();
        let (what, cure) = match self.component {
            // nixpkgs' bootstrap addons bind this very user.
            Component::KubeApiserverKubeletClient if name == "system:kube-apiserver" => {
                return None;
            }
            Component::KubeApiserverKubeletClient => (
                "kubelets refuse logs, exec and port-forward",
                format!(
                    "names.O = \"kubeadm:cluster-admins\", or bind the user {name} to the ClusterRole system:kubelet-api-admin"
                ),
            ),
            _ => (
                "the administrator may do nothing",
                format!(
                    "names.O = \"kubeadm:cluster-admins\", or bind the user {name} to the ClusterRole cluster-admin"
                ),
            ),
        };
        Some(
            Finding::of_certificate(&GROUP_UNBOUND, self.basis, self.certificate, "names").saying(
                "its subject has no O, so it is in no group",
                format!("unless a ClusterRoleBinding names its user, {what}"),
                cure,
            ),
        )
    }

    /// What a component's own guides give it, and anything that is no group of Kubernetes' own.
    fn may_have(&self, group: &str) -> bool {
        let usual = match self.component {
            Component::SuperAdmin => group == MASTERS,
            component if is_kubelet(component) => group == NODES,
            Component::KubeProxy => group == "system:node-proxier",
            // "Kubernetes the hard way" repeats the user as the group.
            _ => self.profile.user == Some(group),
        };
        usual || !group.starts_with("system:")
    }

    fn privileged(&self, group: &str) -> Finding {
        if group == MASTERS {
            let instead = match self.component {
                Component::Admin | Component::KubeApiserverKubeletClient => {
                    "names.O = \"kubeadm:cluster-admins\""
                }
                _ if is_etcd(self.component) => "remove the group: etcd knows none",
                _ => "remove the group",
            };
            return self
                .finding(&SYSTEM_MASTERS, "names")
                .at_word(MASTERS)
                .saying(
                    format!(
                        "its subject has O={MASTERS}, and it is for {}",
                        self.component
                    ),
                    privilege_of(MASTERS),
                    format!("{instead}; keep {MASTERS} for a super-admin that no host has"),
                );
        }
        self.finding(&GROUP_PRIVILEGED, "names")
            .at_word(group)
            .saying(
                format!(
                    "its subject has O={group}, and {} does not need it",
                    self.component
                ),
                privilege_of(group),
                "remove the group",
            )
    }
}
