//! Whether a certificate is where it belongs: issued by the authority that is trusted for it, on a host with its role.

use super::Examined;
use crate::fleet::{Artifact, Fleet};
use crate::lint::catalogue::{OUTSIDE_ROLES, WRONG_AUTHORITY};
use crate::lint::finding::{Basis, Finding};
use crate::lint::purpose::{Purpose, Trust};

impl Examined<'_> {
    pub(super) fn authority(&self, fleet: &Fleet) -> Option<Finding> {
        let membership = self.membership?;
        let wanted = self.profile.trust.authority(&membership.authorities);
        let above = fleet.issuers_of(Artifact::Leaf(self.certificate));
        if above.iter().any(|authority| authority.name == *wanted) {
            return None;
        }
        // The name of a component is a guess; that this is another CA of the very same cluster is not.
        let cluster = &membership.authorities;
        let own = [&cluster.cluster, &cluster.etcd, &cluster.front_proxy];
        let is_mistaken = above.iter().any(|authority| own.contains(&&authority.name));
        let basis = if is_mistaken {
            Basis::Declared
        } else {
            self.basis
        };
        let who = match self.profile.trust {
            Trust::Etcd => "etcd's members trust ca/",
            Trust::FrontProxy => "extension API servers trust front proxies of ca/",
            Trust::Cluster => "the cluster's components trust ca/",
        };
        let also =
            if above.iter().any(|authority| authority.name == cluster.etcd) && self.profile.calls {
                "; and etcd lets it read and write everything in the cluster"
            } else {
                ""
            };
        Some(Finding::of_certificate(&WRONG_AUTHORITY, basis, self.certificate, "").saying(
            format!(
                "{} is issued by ca/{}, and kubernetes.authorities.{} is {wanted}",
                self.component,
                self.certificate.authority,
                self.profile.trust.field()
            ),
            format!("{who}{wanted} alone: the certificate is refused (x509: certificate signed by unknown authority){also}"),
            format!(
                "declare it as cas.{wanted}.certs.{} instead",
                self.certificate.name
            ),
        ))
    }

    pub(super) fn role(&self, purpose: Purpose) -> Option<Finding> {
        let membership = self.membership?;
        let fits = self
            .profile
            .roles
            .iter()
            .any(|role| membership.roles.contains(role));
        if fits {
            return None;
        }
        let needed: Vec<&str> = self.profile.roles.iter().map(|role| role.word()).collect();
        let has: Vec<&str> = membership.roles.iter().map(|role| role.word()).collect();
        Some(
            Finding::of_certificate(&OUTSIDE_ROLES, purpose.basis, self.certificate, "").saying(
                format!(
                    "{} belongs to the role {}, and this host's roles are {}",
                    self.component,
                    needed.join(" or "),
                    if has.is_empty() {
                        "none".to_owned()
                    } else {
                        has.join(", ")
                    }
                ),
                "a host that is broken into gives away an identity it never needed",
                "remove the certificate from this host, or give the host the role",
            ),
        )
    }
}
