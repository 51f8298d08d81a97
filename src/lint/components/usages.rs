//! Whether the usages are those its component needs, and no more.

use super::Examined;
use crate::fleet::Component;
use crate::lint::catalogue::{USAGE_MISSING, USAGE_NEEDLESS, USAGE_UNRESTRICTED};
use crate::lint::finding::Finding;
use crate::lint::purpose::{is_etcd, says};
use crate::x509::ExtendedKeyUsage;

impl Examined<'_> {
    pub(super) fn usages(&self) -> Vec<Finding> {
        let declaration = &self.certificate.declaration;
        let extended = &declaration.usages.extended;
        if extended.is_empty() || extended.contains(&ExtendedKeyUsage::Any) {
            return vec![self.unrestricted()];
        }
        let mut findings = Vec::new();
        for (usage, needed) in [
            (ExtendedKeyUsage::ServerAuth, self.profile.serves),
            (ExtendedKeyUsage::ClientAuth, self.profile.calls),
        ] {
            match (needed, says(declaration, &usage)) {
                (true, false) => findings.push(self.missing_usage(&usage)),
                (false, true) => findings.push(self.needless_usage(&usage)),
                _ => {}
            }
        }
        findings
    }

    fn unrestricted(&self) -> Finding {
        let (needed, is_any) = (
            self.usage_words(),
            says(&self.certificate.declaration, &ExtendedKeyUsage::Any),
        );
        let cause = if is_any {
            "its usages say \"any\""
        } else {
            "it has no extended key usage"
        };
        Finding::of_certificate(&USAGE_UNRESTRICTED, self.basis, self.certificate, "usages").saying(
            cause,
            "it is valid for any purpose: a holder of its key can also serve or call as something else",
            format!("usages = [ {needed} ]"),
        )
    }

    fn usage_words(&self) -> String {
        let words = [
            (self.profile.serves, "\"server auth\""),
            (self.profile.calls, "\"client auth\""),
        ];
        let words: Vec<&str> = words
            .iter()
            .filter(|(needed, _)| *needed)
            .map(|(_, word)| *word)
            .collect();
        words.join(" ")
    }

    fn missing_usage(&self, usage: &ExtendedKeyUsage) -> Finding {
        let consequence = match (self.component, usage) {
            (Component::EtcdServer, ExtendedKeyUsage::ClientAuth) => {
                "etcd's gRPC gateway calls its own server with this certificate: everything below /v3/ fails with \"bad certificate\" while health looks good"
            }
            (Component::EtcdPeer, _) => {
                "members call each other with the certificate they serve with: no quorum comes about"
            }
            (Component::Kubelet, ExtendedKeyUsage::ServerAuth) => {
                "kube-apiserver refuses the kubelet's server: no logs, no exec, no port-forward"
            }
            (_, ExtendedKeyUsage::ServerAuth) => {
                "every Go client refuses it: x509: certificate specifies an incompatible key usage"
            }
            (component, _) if is_etcd(component) => {
                "etcd refuses it as a client's: x509: certificate specifies an incompatible key usage"
            }
            _ => {
                "kube-apiserver refuses it as a client's: x509: certificate specifies an incompatible key usage"
            }
        };
        self.finding(&USAGE_MISSING, "usages").saying(
            format!(
                "its usages lack \"{usage}\", which {} needs",
                self.component
            ),
            consequence,
            format!("usages = [ {} ]", self.usage_words()),
        )
    }

    fn needless_usage(&self, usage: &ExtendedKeyUsage) -> Finding {
        let consequence = match usage {
            ExtendedKeyUsage::ServerAuth => {
                "a holder of this key can also act as a server, under every name in the certificate"
            }
            _ => {
                "a holder of this key can also call as a client, and its common name is a user there"
            }
        };
        self.finding(&USAGE_NEEDLESS, "usages")
            .at_word(usage.to_string())
            .saying(
                format!("\"{usage}\" is nothing that {} needs", self.component),
                consequence,
                format!("usages = [ {} ]", self.usage_words()),
            )
    }
}
