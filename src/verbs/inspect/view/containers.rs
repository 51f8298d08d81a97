//! Files that hold others, as blocks: PKCS#12, kubeconfigs, Kubernetes resources. Of secrets only that they are there.

use crate::inspect::object::kubernetes::{Cluster, Credential, Source, User};
use crate::inspect::object::{KubeconfigFacts, ResourceFacts};
use crate::render::paint::Tone;
use crate::render::words::count;
use crate::verbs::inspect::view::sheet::Sheet;
use crate::x509::hex::to_hex;
use crate::x509::pkcs12::{Access, BagKind, Pkcs12Facts};

pub(super) fn pkcs12(file: &Pkcs12Facts) -> Sheet {
    let (word, tone) = access(file.access);
    let integrity = file.integrity.as_ref().map_or_else(
        || "none: a change would not be noticed".to_owned(),
        |mac| format!("{}, {} iterations", mac.algorithm, mac.iterations),
    );
    // What is encrypted on its own stands in a part that is not; the bags tell.
    let mut encryption: Vec<String> = file.encryption.iter().flatten().cloned().collect();
    if encryption.is_empty() {
        encryption.push("none".to_owned());
    }
    let bags = file.bags.iter().enumerate().map(|(index, bag)| {
        let name = bag
            .friendly_name
            .as_ref()
            .map(|name| format!(" {name:?}"))
            .unwrap_or_default();
        let id = bag
            .local_key_id
            .as_ref()
            .map(|id| format!(", key id {}", to_hex(id)))
            .unwrap_or_default();
        let trusted = if bag.is_trusted {
            ", trusted by Java"
        } else {
            ""
        };
        format!("{}: {}{name}{id}{trusted}", index + 1, bag_kind(&bag.kind))
    });
    Sheet::default()
        .toned("Access", tone, word)
        .line("Integrity", integrity)
        .lines("Encryption", encryption)
        .lines("Bags", bags.collect())
}

pub(super) fn access(access: Access) -> (&'static str, Tone) {
    match access {
        Access::Open => ("open", Tone::Good),
        Access::NeedsPassword => ("closed: it needs a password", Tone::Warning),
        Access::WrongPassword => ("closed: the password is wrong", Tone::Bad),
        Access::Unsupported => ("closed: protected in a way we cannot undo", Tone::Bad),
    }
}

fn bag_kind(kind: &BagKind) -> String {
    match kind {
        BagKind::Certificate => "certificate".to_owned(),
        BagKind::Key => "private key".to_owned(),
        BagKind::ShroudedKey { scheme } => format!("private key under {scheme}"),
        BagKind::RevocationList => "revocation list".to_owned(),
        BagKind::Secret => "secret, not shown".to_owned(),
        BagKind::Other(oid) => format!("bag of type {oid}"),
    }
}

pub(super) fn kubeconfig(config: &KubeconfigFacts) -> Sheet {
    let contexts = config.contexts.iter().map(|context| {
        let namespace = context
            .namespace
            .as_ref()
            .map(|namespace| format!(", namespace {namespace}"));
        format!(
            "{}: {} at {}{}",
            context.name,
            context.user.as_deref().unwrap_or("nobody"),
            context.cluster.as_deref().unwrap_or("no cluster"),
            namespace.unwrap_or_default()
        )
    });
    Sheet::default()
        .optional("Current context", config.current_context.clone())
        .lines("Contexts", contexts.collect())
        .lines("Clusters", config.clusters.iter().map(cluster).collect())
        .lines("Users", config.users.iter().map(user).collect())
}

fn cluster(cluster: &Cluster) -> String {
    let trust = match (&cluster.authority, cluster.skips_verification) {
        (_, true) => ", NOT AUTHENTICATED (insecure-skip-tls-verify)".to_owned(),
        (Some(Source::Embedded), _) => ", authority embedded".to_owned(),
        (Some(Source::File(path)), _) => format!(", authority in {path}"),
        (None, _) => ", authorities of the system".to_owned(),
    };
    let name = cluster
        .tls_server_name
        .as_ref()
        .map(|name| format!(" as {name}"))
        .unwrap_or_default();
    let server = cluster.server.as_deref().unwrap_or("no server");
    format!("{}: {server}{name}{trust}", cluster.name)
}

fn user(user: &User) -> String {
    let words: Vec<String> = user.credentials.iter().map(credential).collect();
    if words.is_empty() {
        format!("{}: no credential", user.name)
    } else {
        format!("{}: {}", user.name, words.join(", "))
    }
}

fn credential(credential: &Credential) -> String {
    let from = |what: &str, source: &Source| match source {
        Source::Embedded => format!("{what} embedded"),
        Source::File(path) => format!("{what} in {path}"),
    };
    let named = |what: &str, name: &Option<String>| match name {
        Some(name) => format!("{what} {name}"),
        None => what.to_owned(),
    };
    match credential {
        Credential::ClientCertificate(source) => from("certificate", source),
        Credential::ClientKey(source) => from("key", source),
        Credential::Token => "bearer token embedded".to_owned(),
        Credential::TokenFile(path) => format!("bearer token in {path}"),
        Credential::Password { username } => named("password of", username),
        Credential::Exec { command } => named("program", command),
        Credential::AuthProvider { name } => named("auth provider", name),
    }
}

pub(super) fn resource(resource: &ResourceFacts) -> Sheet {
    let entries = resource.entries.iter().map(|entry| {
        let what = if entry.is_read {
            ", below"
        } else {
            ", not shown"
        };
        format!(
            "{}: {}{what}",
            entry.name,
            count(entry.octets, "octet", "octets")
        )
    });
    Sheet::default()
        .line("Kind", &resource.kind)
        .optional("Name", resource.name.clone())
        .optional("Namespace", resource.namespace.clone())
        .optional("Type", resource.secret_type.clone())
        .lines("Entries", entries.collect())
}
