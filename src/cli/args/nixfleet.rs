//! What can be typed as NixFleet has it: `certmanager` and `pki`, for the lines people have in their scripts.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use super::export::{FormatArgs, ResourceArgs, SecretOutputArgs};
use super::{SourceArgs, new_path};
use crate::export::resource::{Namespace, ObjectName};
use crate::fleet::Name;

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

#[derive(Debug, Subcommand)]
pub(crate) enum PkiCommand {
    /// Write the root CAs.
    ///
    /// The same as `certs export bundle` and `certs export der`.
    #[command(after_help = "Example:\n  certs pki export --format pem > ca.crt")]
    Export(PkiExportArgs),
    /// The same as `certs certmanager`.
    #[command(name = "certmanager")]
    CertManager {
        #[command(subcommand)]
        command: CertManagerCommand,
    },
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

#[derive(Debug, Args)]
pub(crate) struct PkiExportArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// How they are written; DER holds one certificate.
    #[arg(long, value_enum, default_value_t = PkiFormat::Pem)]
    pub format: PkiFormat,
    /// Write to a file, replacing it at once.
    #[arg(short, long, value_name = "FILE", value_parser = new_path)]
    pub output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PkiFormat {
    Pem,
    Der,
}
