//! The rights that a new cluster must be given before its certificates are worth anything: what kubeadm binds and a certificate cannot say.

use super::node::{Node, map, text, texts};
use super::resource::{MANAGED_BY, resource};
use crate::fleet::{Certificate, Component, Fleet};
use crate::x509::AttributeType;

const GROUP: &str = "rbac.authorization.k8s.io";
const API: &str = "rbac.authorization.k8s.io/v1";

/// What is bound to a role.
enum Subject<'a> {
    User(&'a str),
    Group(&'a str),
}

/// The objects for one cluster of the fleet, for `kubectl apply`.
///
/// Administrators are a group that can be taken away, unlike system:masters (kubeadm since 1.29). The names of users are those in the
/// certificates of the cluster, and the usual ones where it has none.
pub fn bootstrap(fleet: &Fleet, cluster: &str) -> Vec<Node> {
    let users = Users { fleet, cluster };
    let mut objects = vec![
        binding(
            "kubeadm:cluster-admins",
            "cluster-admin",
            &Subject::Group("kubeadm:cluster-admins"),
        ),
        // For logs, exec and metrics. The name is ours, because nixpkgs binds another user under the usual one.
        binding(
            "certs:kube-apiserver-kubelet-client",
            "system:kubelet-api-admin",
            &Subject::User(
                users
                    .of(Component::KubeApiserverKubeletClient)
                    .unwrap_or("kube-apiserver-kubelet-client"),
            ),
        ),
    ];
    if let Some(user) = users.of(Component::Flannel) {
        objects.push(flannel_role());
        objects.push(binding("flannel", "flannel", &Subject::User(user)));
    }
    if let Some(user) = users.of(Component::KonnectivityServer) {
        objects.push(binding(
            "system:konnectivity-server",
            "system:auth-delegator",
            &Subject::User(user),
        ));
    }
    objects
}

struct Users<'a> {
    fleet: &'a Fleet,
    cluster: &'a str,
}

impl<'a> Users<'a> {
    /// The common name of the component's certificates in the cluster.
    fn of(&self, component: Component) -> Option<&'a str> {
        let mut certificates = self.fleet.certificates.iter();
        let found = certificates.find(|certificate| {
            certificate.component == Some(component) && self.is_member(certificate)
        })?;
        let attributes = found.declaration.subject.attributes().iter();
        let mut names = attributes.filter(|(kind, _)| *kind == AttributeType::CommonName);
        names.next().map(|(_, name)| name.as_str())
    }

    fn is_member(&self, certificate: &Certificate) -> bool {
        let host = self.fleet.hosts.get(&certificate.host);
        let membership = host.and_then(|host| host.membership.as_ref());
        membership.is_some_and(|membership| membership.cluster == self.cluster)
    }
}

fn binding(name: &str, role: &str, subject: &Subject<'_>) -> Node {
    let (kind, who) = match subject {
        Subject::User(name) => ("User", name),
        Subject::Group(name) => ("Group", name),
    };
    let role = map([
        ("apiGroup", Some(text(GROUP))),
        ("kind", Some(text("ClusterRole"))),
        ("name", Some(text(role))),
    ]);
    let subject = map([
        ("apiGroup", Some(text(GROUP))),
        ("kind", Some(text(kind))),
        ("name", Some(text(who))),
    ]);
    let rest = [
        ("roleRef", Some(role)),
        ("subjects", Some(Node::List(vec![subject]))),
    ];
    resource(API, "ClusterRoleBinding", named(name), rest)
}

/// Names of RBAC may have colons, which those of other objects may not.
fn named(name: &str) -> Node {
    let (label, program) = MANAGED_BY;
    let labels = map([(label, Some(text(program)))]);
    map([("name", Some(text(name))), ("labels", Some(labels))])
}

/// flannel with the API server as its store: it reads the nodes and notes its lease on its own.
fn flannel_role() -> Node {
    let rule = |resource: &str, verbs: &[&str]| {
        map([
            ("apiGroups", texts([""])),
            ("resources", texts([resource])),
            ("verbs", texts(verbs)),
        ])
    };
    let rules = vec![
        rule("pods", &["get"]),
        rule("nodes", &["get", "list", "watch"]),
        rule("nodes/status", &["patch"]),
    ];
    resource(
        API,
        "ClusterRole",
        named("flannel"),
        [("rules", Some(Node::List(rules)))],
    )
}
