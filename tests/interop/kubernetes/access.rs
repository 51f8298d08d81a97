//! Who the API server takes the cluster's clients for, and what they may do: administrators by their binding, break-glass without
//! one, components by their user name.

use libtest_mimic::{Failed, Trial};

use super::cluster::{CLUSTER_ROLE_BINDINGS, Cluster, Who, administrators};
use super::declared::{ADMINISTRATORS, CLUSTER, ETCD, FRONT_PROXY, MASTERS};
use super::trial;
use crate::project::{equal, expect};
use crate::services::site::Site;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "an_administrator_may_what_a_binding_gives_and_takes_break_glass_everything",
            administrators_and_break_glass,
        ),
        trial(
            "components_are_who_their_common_name_says",
            components_are_known,
        ),
        trial(
            "a_component_without_its_prefix_may_nothing",
            components_without_prefix,
        ),
        trial(
            "a_client_of_another_authority_is_nobody",
            clients_of_other_authorities,
        ),
    ]
}

/// All of it, in every namespace.
const EVERYTHING: &str = "* * --all-namespaces";

fn administrators_and_break_glass(site: &Site) -> Result<(), Failed> {
    let cluster = Cluster::made(site, "")?;
    let running = cluster.start()?;
    let apiserver = &running.apiserver;
    let break_glass = cluster.super_admin()?;
    let ada = cluster.person("admin-ada")?;
    let kubelet_client = cluster.identity(CLUSTER, "kube-apiserver-kubelet-client")?;
    expect(apiserver.can(&break_glass, EVERYTHING)?, "no break-glass")?;
    equal(&apiserver.user(Who::Holder(&ada))?.as_str(), &"ada")?;
    for holder in [&ada, &kubelet_client] {
        expect(
            !apiserver.can(holder, EVERYTHING)?,
            "an administrator without a binding",
        )?;
    }

    let binding = administrators(ADMINISTRATORS);
    apiserver
        .create(Who::Holder(&break_glass), CLUSTER_ROLE_BINDINGS, &binding)?
        .is(201, ADMINISTRATORS)?;
    for holder in [&ada, &kubelet_client] {
        apiserver.can_soon(holder, EVERYTHING, true)?;
        apiserver.can_soon(holder, "create nodes --subresource proxy", true)?;
    }

    site.run(&apiserver.kubectl(
        &break_glass,
        &format!("delete clusterrolebinding {ADMINISTRATORS}"),
    ))?;
    apiserver.can_soon(&ada, EVERYTHING, false)?;
    // Whoever is of `system:masters` stays what they are until the authority is replaced.
    let all = "delete clusterrolebindings --all";
    site.run(&apiserver.kubectl(&break_glass, all))?;
    expect(apiserver.can(&break_glass, EVERYTHING)?, "no break-glass")
}

/// A client with what it must be able to do, and what is none of its business.
const COMPONENTS: [(&str, &str, &str, &str); 3] = [
    (
        "kube-controller-manager",
        "system:kube-controller-manager",
        "create serviceaccounts --subresource token -n kube-system",
        "create pods --subresource binding -n kube-system",
    ),
    (
        "kube-scheduler",
        "system:kube-scheduler",
        "create pods --subresource binding -n kube-system",
        "get secrets -n kube-system",
    ),
    (
        "kube-proxy",
        "system:kube-proxy",
        "list services --all-namespaces",
        "get secrets -n kube-system",
    ),
];

fn components_are_known(site: &Site) -> Result<(), Failed> {
    let cluster = Cluster::made(site, "")?;
    let running = cluster.start()?;
    for (name, user, may, may_not) in COMPONENTS {
        let holder = cluster.identity(CLUSTER, name)?;
        equal(
            &running.apiserver.user(Who::Holder(&holder))?.as_str(),
            &user,
        )?;
        expect(
            running.apiserver.can(&holder, may)?,
            &format!("{user} may not {may}"),
        )?;
        expect(
            !running.apiserver.can(&holder, may_not)?,
            &format!("{user} may {may_not}"),
        )?;
    }
    Ok(())
}

fn components_without_prefix(site: &Site) -> Result<(), Failed> {
    let renamed = COMPONENTS.map(|(name, ..)| {
        format!("cas.kubernetes.certs.{name} = {{ component = null; commonName = \"{name}\"; }};")
    });
    let cluster = Cluster::made(site, &renamed.concat())?;
    let running = cluster.start()?;
    for (name, _, may, _) in COMPONENTS {
        let holder = cluster.identity(CLUSTER, name)?;
        equal(
            &running.apiserver.user(Who::Holder(&holder))?.as_str(),
            &name,
        )?;
        expect(
            !running.apiserver.can(&holder, may)?,
            &format!("{name} may {may}"),
        )?;
    }
    Ok(())
}

/// `system:masters` is worth nothing in a certificate of an authority that the API server does not ask for clients.
fn clients_of_other_authorities(site: &Site) -> Result<(), Failed> {
    let others = [ETCD, FRONT_PROXY];
    let intruders = others.map(|authority| {
        format!(
            "cas.{authority}.certs.intruder = {{ names.O = \"{MASTERS}\"; usages = [ \"client auth\" ]; }};"
        )
    });
    let cluster = Cluster::made(site, &intruders.concat())?;
    let running = cluster.start()?;
    for authority in others {
        let intruder = cluster.identity(authority, "intruder")?;
        running
            .apiserver
            .get(Who::Holder(&intruder), "/api/v1/secrets")?
            .is(401, "Unauthorized")?;
    }
    Ok(())
}
