//! Who holds the break-glass credential, and for how long.

use super::Examined;
use crate::fleet::{Component, Custody};
use crate::lint::catalogue::{SUPER_ADMIN_LIFETIME, SUPER_ADMIN_ON_HOST};
use crate::lint::finding::Finding;
use crate::x509::Lifetime;

const YEAR_IN_SECONDS: u64 = 365 * 24 * 3600;

impl Examined<'_> {
    pub(super) fn custody(&self) -> Vec<Finding> {
        if self.component != Component::SuperAdmin {
            return Vec::new();
        }
        let lifetime = self.certificate.declaration.lifetime;
        let on_host = (self.certificate.custody == Custody::Host).then(|| {
            self.finding(&SUPER_ADMIN_ON_HOST, "onHost").saying(
                "its key is sealed to the host it is declared for",
                "an attacker with root there is root of the cluster, and no RBAC rule can take that back",
                "onHost = false: the operators alone have the key",
            )
        });
        let too_long = (lifetime.seconds() > YEAR_IN_SECONDS).then(|| self.long_lived(lifetime));
        on_host.into_iter().chain(too_long).collect()
    }

    fn long_lived(&self, lifetime: Lifetime) -> Finding {
        Finding::of_certificate(
            &SUPER_ADMIN_LIFETIME,
            self.basis,
            self.certificate,
            "expiry",
        )
        .saying(
            format!("it lasts {lifetime}, longer than a year"),
            "a copy of it opens the cluster until then: Kubernetes asks no revocation list",
            "expiry = \"8760h\" or less",
        )
    }
}
