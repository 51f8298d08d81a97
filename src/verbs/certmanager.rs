//! `certs certmanager`: the words of NixFleet for two of our exports.

use clap::{ArgGroup, Args, Subcommand};

use super::export;
use super::export::{
    CaSecretArgs, FormatArgs, NamespaceArgs, ResourceArgs, SecretArgs, SecretOutputArgs,
};
use crate::cli::arguments::SourceArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::project::Project;
use crate::cli::ui::Ui;
use crate::export::issuer::CERT_MANAGER;
use crate::export::resource::{Namespace, Object, ObjectName};
use crate::fleet::{Authority, Certificate, Fleet, Name};
use crate::plan::Pattern;
use crate::render::words;

/// Export for cert-manager, in the words of NixFleet.
///
/// The same as `certs export`.
#[derive(Debug, Args)]
pub(crate) struct CertManagerArgs {
    #[command(subcommand)]
    pub command: CertManagerCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CertManagerCommand {
    /// Write a Secret with a CA's key or a host's certificate.
    ///
    /// The same as `certs export ca-secret` and `certs export secret`.
    #[command(
        after_help = "Examples:\n  certs certmanager export --intermediate -n cert-manager --secret-name web-ca -o ca-secret.yaml\n  \
                            certs certmanager export --hostname api --cert-name server -n default --secret-name api-tls | kubectl apply -f -"
    )]
    Export(CertManagerExportArgs),
    /// Write a ClusterIssuer for such a Secret.
    ///
    /// The same as `certs export issuer`.
    #[command(
        after_help = "Example:\n  certs certmanager issuer --secret-name web-ca --issuer-name web | kubectl apply -f -"
    )]
    Issuer(CertManagerIssuerArgs),
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).args(["ca", "intermediate", "hostname"]))]
pub(crate) struct CertManagerExportArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// The root CA.
    #[arg(long)]
    pub ca: bool,
    /// The intermediate CA.
    #[arg(long)]
    pub intermediate: bool,
    /// The host of the certificate.
    #[arg(long, value_name = "HOST", value_parser = |text: &str| Name::new(text))]
    pub hostname: Option<Name>,
    /// Which of its certificates. Default: its only one.
    #[arg(long, value_name = "NAME", requires = "hostname", value_parser = |text: &str| Name::new(text))]
    pub cert_name: Option<Name>,
    /// The namespace of the Secret.
    #[arg(short, long, default_value = "cert-manager")]
    pub namespace: Namespace,
    /// The name of the Secret. Default: `nixfleet-ca`; of a host's certificate `<certificate>-tls`.
    #[arg(long, value_name = "NAME")]
    pub secret_name: Option<ObjectName>,
    #[command(flatten)]
    pub format: FormatArgs,
    #[command(flatten)]
    pub out: SecretOutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CertManagerIssuerArgs {
    /// The Secret with the CA's key.
    #[arg(long, value_name = "NAME", default_value = "nixfleet-ca")]
    pub secret_name: ObjectName,
    /// Where the Secret is. A ClusterIssuer names none: it has to be where cert-manager looks.
    #[arg(long, value_name = "NAMESPACE", default_value = "cert-manager")]
    pub secret_namespace: Namespace,
    /// The name of the ClusterIssuer.
    #[arg(long, value_name = "NAME", default_value = "nixfleet-ca-issuer")]
    pub issuer_name: ObjectName,
    #[command(flatten)]
    pub resource: ResourceArgs,
}

/// The name of a CA's Secret in NixFleet, by default.
const SECRET: &str = "nixfleet-ca";

pub(crate) fn run(args: &CertManagerArgs, ui: Ui) -> Result<Exit, CliError> {
    match &args.command {
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
