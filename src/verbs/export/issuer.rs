//! `certs export issuer`: what cert-manager issues by.

use super::arguments::{IssuerArgs, ResourceArgs, VaultArgs, VaultAuthWord};
use super::ca_secret::SUFFIX;
use super::material::{authority, object_name, roots_of};
use super::output::{Content, Output};
use crate::cli::error::{CliError, Exit};
use crate::cli::project::Project;
use crate::cli::ui::Ui;
use crate::export::issuer::{Audience, CaIssuer, VaultAuth, VaultIssuer, ca, vault};
use crate::export::node::{Node, write};
use crate::export::resource::{Object, ObjectName};
use crate::fleet::{Artifact, Authority};
use crate::x509::CertificateFacts;

/// The key of the Secret that cert-manager's documentation has the secret identifier in.
const SECRET_ID: &str = "secretId";

pub(crate) fn run(args: &IssuerArgs, ui: Ui) -> Result<Exit, CliError> {
    let output = Output::public(Content::Text, &args.resource.out, ui)?;
    let project = match &args.authority {
        Some(_) => Some(Project::load(&args.source, ui)?),
        None => None,
    };
    let authority = match (&project, &args.authority) {
        (Some(project), Some(pattern)) => Some(authority(project, pattern)?),
        _ => None,
    };
    let called = authority.map_or("", |authority| authority.name.as_str());
    let name = object_name(args.name.as_ref(), called, "")?;
    let object = Object::new(name, args.namespace.namespace.clone());
    let resources = match (&args.vault.vault, &project, authority) {
        (Some(server), Some(project), Some(authority)) => {
            let roots = roots_of(project, Artifact::Authority(authority), ui)?;
            of_vault(&object, server, args, &roots.certificates, ui)?
        }
        (Some(server), ..) => of_vault(&object, server, args, &[], ui)?,
        (None, ..) => {
            let secret = object_name(args.secret_name.as_ref(), called, SUFFIX)?;
            vec![of_secret(&object, secret, authority)]
        }
    };
    output.finish(write(resources, args.resource.format.into()).as_bytes(), ui)
}

/// A `ClusterIssuer` for a Secret, whosever key is in it.
pub(crate) fn of_any_secret(
    object: &Object,
    secret: ObjectName,
    args: &ResourceArgs,
    ui: Ui,
) -> Result<Exit, CliError> {
    let output = Output::public(Content::Text, &args.out, ui)?;
    let issuer = of_secret(object, secret, None);
    output.finish(write(vec![issuer], args.format.into()).as_bytes(), ui)
}

/// An issuer that signs with the key in a Secret; with the declared URLs if the CA is known.
fn of_secret(object: &Object, secret: ObjectName, authority: Option<&Authority>) -> Node {
    let issuer = CaIssuer {
        secret,
        crl_urls: authority.map_or(&[], |authority| &authority.crl_urls),
        issuer_urls: authority.map_or(&[], |authority| &authority.issuer_urls),
    };
    ca(object, &issuer)
}

fn of_vault(
    object: &Object,
    server: &str,
    args: &IssuerArgs,
    roots: &[CertificateFacts],
    ui: Ui,
) -> Result<Vec<Node>, CliError> {
    let is_plain = server.starts_with("http://");
    if !is_plain && !server.starts_with("https://") {
        return Err(CliError::new(format!("{server:?} is no URL of a signer"))
            .hint("like --vault https://vault.example:8200"));
    }
    if is_plain {
        ui.tell("warning: over http everyone on the network path can read the token that cert-manager logs in with; use https\n");
    }
    let path = args.vault.vault_path.clone().unwrap_or_default();
    if !path.contains("/sign/") {
        return Err(CliError::new(format!("{path:?} is no path to sign at"))
            .cause("cert-manager sends a request of its own and keeps the key, so it needs the path `sign`, not `issue`")
            .hint("like --vault-path pki_int/sign/lab-internal"));
    }
    let issuer = VaultIssuer {
        server: server.to_owned(),
        path,
        roots: if is_plain {
            Vec::new()
        } else {
            roots.iter().collect()
        },
        auth: auth(&args.vault),
    };
    if let VaultAuth::Kubernetes { .. } = issuer.auth {
        ui.tell(&what_vault_has_to_know(object, &args.vault));
    }
    Ok(vault(object, &issuer, &args.vault.cert_manager_namespace))
}

fn auth(args: &VaultArgs) -> VaultAuth {
    let mount = |usual: &str| args.vault_mount.clone().unwrap_or_else(|| usual.to_owned());
    match args.vault_auth {
        VaultAuthWord::Kubernetes => VaultAuth::Kubernetes {
            mount: mount("kubernetes"),
            role: args.vault_role.clone(),
            account: args.service_account.clone(),
        },
        VaultAuthWord::Approle => VaultAuth::AppRole {
            mount: mount("approle"),
            role_id: args.role_id.clone().unwrap_or_default(),
            secret: args.secret_id_secret.clone(),
            key: SECRET_ID.to_owned(),
        },
    }
}

/// The other half of the agreement, in the words of Vault.
fn what_vault_has_to_know(object: &Object, args: &VaultArgs) -> String {
    let namespace = object
        .namespace
        .as_ref()
        .unwrap_or(&args.cert_manager_namespace);
    format!(
        "the role in Vault has to expect the audience of this issuer:\n  vault write auth/{}/role/{} \
         bound_service_account_names={} bound_service_account_namespaces={namespace} audience={} policies=… ttl=10m\n",
        args.vault_mount.as_deref().unwrap_or("kubernetes"),
        args.vault_role,
        args.service_account,
        Audience::of(object)
    )
}
