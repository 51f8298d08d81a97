//! Whether a component is known by its name: the user that its common name makes it.

use super::Examined;
use crate::fleet::Component;
use crate::lint::catalogue::{COMMON_NAME, FRONT_PROXY_NAME, NODE_NAME, NODE_NAME_CASE};
use crate::lint::finding::Finding;
use crate::lint::purpose::{common_name, is_kubelet};

impl Examined<'_> {
    pub(super) fn user(&self) -> Vec<Finding> {
        let name = common_name(&self.certificate.declaration);
        if is_kubelet(self.component) {
            return self.node(name).into_iter().collect();
        }
        if self.component == Component::FrontProxyClient {
            return self.front_proxy(name).into_iter().collect();
        }
        let Some(user) = self.profile.user.filter(|user| name != Some(user)) else {
            return Vec::new();
        };
        vec![
            self.finding(&COMMON_NAME, "commonName")
                .at_word(name.unwrap_or_default())
                .saying(
                    format!(
                        "its common name is {:?}, and {} is known as {user}",
                        name.unwrap_or_default(),
                        self.component
                    ),
                    format!("kube-apiserver takes the common name for the user, and binds its roles to {user}: every request is forbidden"),
                    format!("commonName = \"{user}\""),
                ),
        ]
    }

    fn node(&self, name: Option<&str>) -> Option<Finding> {
        let name = name.unwrap_or_default();
        let wanted = self.membership.map_or_else(
            || self.certificate.host.as_str(),
            |membership| membership.node_name.as_str(),
        );
        let found = name.strip_prefix("system:node:").unwrap_or_default();
        if found.chars().any(|c| c.is_ascii_uppercase()) {
            return Some(
                self.finding(&NODE_NAME_CASE, "commonName").at_word(name).saying(
                    format!("the node name {found:?} has upper-case letters"),
                    "kubelet registers under the name in lower case, and the node authorizer compares letter by letter: it may not write its own Node",
                    format!("commonName = \"system:node:{}\"", found.to_ascii_lowercase()),
                ),
            );
        }
        // Without a membership the host's name is all we know, and a node may have its full one.
        let is_full_name = self.membership.is_none()
            && found
                .strip_prefix(wanted)
                .is_some_and(|rest| rest.starts_with('.'));
        if found == wanted || is_full_name {
            return None;
        }
        let cause = if found.is_empty() {
            format!("its common name is {name:?}; a kubelet's is system:node:<node name>")
        } else {
            format!("its common name is for the node {found}, and this one is {wanted}")
        };
        Some(
            self.finding(&NODE_NAME, "commonName").at_word(name).saying(
                cause,
                "the node authorizer lets a kubelet write only the Node that its common name says: this one cannot register",
                format!("commonName = \"system:node:{wanted}\""),
            ),
        )
    }

    fn front_proxy(&self, name: Option<&str>) -> Option<Finding> {
        let name = name.unwrap_or_default();
        (name != "front-proxy-client").then(|| {
            Finding::of_certificate(&FRONT_PROXY_NAME, self.basis, self.certificate, "commonName")
                .at_word(name)
                .saying(
                    format!("its common name is {name:?} instead of front-proxy-client"),
                    "extension API servers (metrics-server, for one) refuse a front proxy whose name is not in --requestheader-allowed-names",
                    "commonName = \"front-proxy-client\", or put the name into --requestheader-allowed-names",
                )
        })
    }
}
