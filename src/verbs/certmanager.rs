//! `certs certmanager`: the words of NixFleet for two of our exports.

use super::export;
use crate::cli::args::{
    CaSecretArgs, CertManagerCommand, CertManagerExportArgs, CertManagerIssuerArgs, NamespaceArgs,
    SecretArgs,
};
use crate::cli::error::{CliError, Exit};
use crate::cli::project::Project;
use crate::cli::ui::Ui;
use crate::export::issuer::CERT_MANAGER;
use crate::export::resource::Object;
use crate::fleet::{Authority, Certificate, Fleet};
use crate::plan::Pattern;
use crate::render::words;

/// The name of a CA's Secret in NixFleet, by default.
const SECRET: &str = "nixfleet-ca";

pub(crate) fn run(command: &CertManagerCommand, ui: Ui) -> Result<Exit, CliError> {
    match command {
        CertManagerCommand::Export(args) => secret(args, ui),
        CertManagerCommand::Issuer(args) => issuer(args, ui),
    }
}

fn secret(args: &CertManagerExportArgs, ui: Ui) -> Result<Exit, CliError> {
    // Read once more by the export itself: a manifest is small, and its words are ours from there on.
    let fleet = Project::load(&args.source, ui)?.fleet;
    if args.hostname.is_some() {
        let leaf = leaf(&fleet, args)?;
        return export::secret::run(
            &SecretArgs {
                source: args.source.clone(),
                certificate: in_full(&leaf.id().to_string())?,
                name: args.secret_name.clone(),
                namespace: NamespaceArgs {
                    namespace: Some(args.namespace.clone()),
                },
                format: args.format,
                out: args.out.clone(),
            },
            ui,
        );
    }
    let authority = authority(&fleet, args)?;
    let usual = || SECRET.parse().ok();
    export::ca_secret::run(
        &CaSecretArgs {
            source: args.source.clone(),
            authority: in_full(&authority.id().to_string())?,
            name: args.secret_name.clone().or_else(usual),
            namespace: args.namespace.clone(),
            format: args.format,
            out: args.out.clone(),
        },
        ui,
    )
}

/// NixFleet has one root and one intermediate; where there are more, which one is not guessed.
fn authority<'f>(
    fleet: &'f Fleet,
    args: &CertManagerExportArgs,
) -> Result<&'f Authority, CliError> {
    let authorities = fleet.authorities.iter();
    let fitting: Vec<&Authority> = authorities
        .filter(|authority| authority.is_root() == args.ca)
        .collect();
    let kind = if args.ca { "root" } else { "intermediate" };
    match fitting.as_slice() {
        [only] => Ok(only),
        [] => Err(CliError::new(format!("no {kind} authority is declared"))
            .hint("`certs manifest` shows what is")),
        several => {
            let ids: Vec<String> = several.iter().map(|one| one.id().to_string()).collect();
            let list = words::some_of(&ids, 5);
            let count = words::count(several.len(), kind, &format!("{kind}s"));
            let first = ids.into_iter().next().unwrap_or_default();
            Err(CliError::new(format!("there are {count}: {list}"))
                .hint(format!("name it: certs export ca-secret {first}")))
        }
    }
}

fn leaf<'f>(fleet: &'f Fleet, args: &CertManagerExportArgs) -> Result<&'f Certificate, CliError> {
    let is_meant = |leaf: &&Certificate| {
        let host = args
            .hostname
            .as_ref()
            .is_some_and(|host| leaf.host == *host);
        host && args
            .cert_name
            .as_ref()
            .is_none_or(|name| leaf.name == *name)
    };
    let found: Vec<&Certificate> = fleet.certificates.iter().filter(is_meant).collect();
    let host = args.hostname.as_ref().map_or("", |host| host.as_str());
    match found.as_slice() {
        [only] => Ok(only),
        [] => Err(CliError::new(match &args.cert_name {
            Some(name) => format!("{host} has no certificate {name}"),
            None => format!("{host} has no certificate"),
        })
        .hint("`certs status` shows what there is")),
        several => {
            let ids: Vec<String> = several.iter().map(|one| one.id().to_string()).collect();
            let list = words::some_of(&ids, 5);
            let first = ids.into_iter().next().unwrap_or_default();
            let hint = if args.cert_name.is_some() {
                format!("name it: certs export secret {first}")
            } else {
                "say which with --cert-name NAME".to_owned()
            };
            Err(CliError::new(format!(
                "{host} has {}: {list}",
                words::count(several.len(), "such certificate", "such certificates")
            ))
            .hint(hint))
        }
    }
}

fn in_full(id: &str) -> Result<Pattern, CliError> {
    id.parse::<Pattern>()
        .map_err(|error| CliError::from_error(&error))
}

fn issuer(args: &CertManagerIssuerArgs, ui: Ui) -> Result<Exit, CliError> {
    if args.secret_namespace.to_string() != CERT_MANAGER {
        ui.tell(&format!(
            "warning: a ClusterIssuer finds its Secret in the namespace cert-manager was told with --cluster-resource-namespace, \
             usually {}; in {} it does only where that is the one\n",
            CERT_MANAGER,
            args.secret_namespace
        ));
    }
    let object = Object::new(args.issuer_name.clone(), None);
    let secret = args.secret_name.clone();
    export::issuer::of_any_secret(&object, secret, &args.resource, ui)
}
