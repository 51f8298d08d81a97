//! Whether each certificate is one its Kubernetes component can use: goes over them and has each looked at, a subject a file.

mod custody;
mod groups;
mod names;
mod place;
mod usages;
mod user;

use crate::fleet::{Certificate, Component, Fleet, Membership};
use crate::lint::Lint;
use crate::lint::finding::{Basis, Finding};
use crate::lint::purpose::{Profile, Purposes, membership, profile};

pub(super) fn lint(fleet: &Fleet, purposes: &Purposes, findings: &mut Vec<Finding>) {
    for certificate in &fleet.certificates {
        findings.extend(groups::administrator_on_host(certificate, purposes));
        let Some(purpose) = purposes.get(certificate) else {
            findings.extend(groups::unknown_client(certificate));
            continue;
        };
        let subject = Examined {
            certificate,
            component: purpose.component,
            basis: purpose.basis,
            profile: profile(purpose.component),
            membership: membership(fleet, &certificate.host),
        };
        findings.extend(subject.user());
        findings.extend(subject.groups());
        findings.extend(subject.usages());
        findings.extend(subject.names());
        findings.extend(subject.authority(fleet));
        findings.extend(subject.role(purpose));
        findings.extend(subject.custody());
    }
}

struct Examined<'a> {
    certificate: &'a Certificate,
    component: Component,
    basis: Basis,
    profile: Profile,
    membership: Option<&'a Membership>,
}

impl Examined<'_> {
    fn finding(&self, lint: &'static Lint, field: &str) -> Finding {
        Finding::of_certificate(lint, self.basis, self.certificate, field)
    }
}
