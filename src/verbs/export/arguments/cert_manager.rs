//! What cert-manager issues by, and what it is asked for.

use std::num::NonZeroU16;

use clap::{Args, ValueEnum};

use crate::cli::arguments::SourceArgs;
use crate::export::resource::{Namespace, ObjectName};
use crate::plan::Pattern;
use crate::verbs::export::arguments::{NamespaceArgs, ResourceArgs};
use crate::x509::{Lifetime, San};

#[derive(Debug, Args)]
pub(crate) struct IssuerArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// The CA, `ca/web` or `web`. With --vault, its root verifies the server.
    #[arg(value_name = "CA", required_unless_present_any = ["vault", "secret_name"])]
    pub authority: Option<Pattern>,
    /// The name of the issuer. Default: that of the CA.
    #[arg(long, required_unless_present = "authority")]
    pub name: Option<ObjectName>,
    #[command(flatten)]
    pub namespace: NamespaceArgs,
    /// The Secret with the CA's key. Default: `<ca>-ca`, as `certs export ca-secret` calls it.
    #[arg(long, conflicts_with = "vault")]
    pub secret_name: Option<ObjectName>,
    #[command(flatten)]
    pub vault: VaultArgs,
    #[command(flatten)]
    pub resource: ResourceArgs,
}

#[derive(Debug, Args)]
pub(crate) struct VaultArgs {
    /// The URL of a signer with the API of Vault.
    #[arg(long, value_name = "URL", requires = "vault_path")]
    pub vault: Option<String>,
    /// Where it signs: `<mount>/sign/<role>`.
    #[arg(long, value_name = "PATH", requires = "vault")]
    pub vault_path: Option<String>,
    /// How cert-manager proves who it is.
    #[arg(long, value_enum, default_value_t = VaultAuthWord::Kubernetes, requires = "vault")]
    pub vault_auth: VaultAuthWord,
    /// Where that method is mounted below `auth/`. Default: `kubernetes`, `approle`.
    #[arg(long, value_name = "NAME", requires = "vault")]
    pub vault_mount: Option<String>,
    /// The role to log in as (kubernetes).
    #[arg(
        long,
        value_name = "NAME",
        default_value = "cert-manager",
        requires = "vault"
    )]
    pub vault_role: String,
    /// The service account to log in with (kubernetes).
    #[arg(
        long,
        value_name = "NAME",
        default_value = "cert-manager",
        requires = "vault"
    )]
    pub service_account: ObjectName,
    /// The identifier of the role (approle).
    #[arg(
        long,
        value_name = "ID",
        requires = "vault",
        required_if_eq("vault_auth", "approle")
    )]
    pub role_id: Option<String>,
    /// The Secret with the secret identifier of the role in its key `secretId` (approle).
    #[arg(
        long,
        value_name = "NAME",
        default_value = "vault-approle",
        requires = "vault"
    )]
    pub secret_id_secret: ObjectName,
    /// Where cert-manager runs.
    #[arg(
        long,
        value_name = "NAMESPACE",
        default_value = "cert-manager",
        requires = "vault"
    )]
    pub cert_manager_namespace: Namespace,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum VaultAuthWord {
    /// With a token of a service account.
    Kubernetes,
    /// With a role identifier and a secret identifier.
    Approle,
}

/// The request: a certificate as declared, or names.
#[derive(Debug, Args)]
pub(crate) struct WantedArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// The declared certificate: `host/ca/certificate`, or any part of it that means only one.
    #[arg(value_name = "CERTIFICATE", required_unless_present = "san")]
    pub certificate: Option<Pattern>,
    /// Instead: a name that is declared nowhere; may be given several times.
    #[arg(long, value_name = "NAME", value_parser = |text: &str| San::parse(text), conflicts_with = "certificate")]
    pub san: Vec<San>,
    /// The name of the resource. Default: that of the certificate.
    #[arg(long, required_unless_present = "certificate")]
    pub name: Option<ObjectName>,
    #[command(flatten)]
    pub namespace: NamespaceArgs,
    /// The Secret with certificate and key. Default: `<name>-tls`.
    #[arg(long)]
    pub secret_name: Option<ObjectName>,
    /// The ClusterIssuer to ask.
    #[arg(long, value_name = "NAME", conflicts_with = "issuer")]
    pub cluster_issuer: Option<ObjectName>,
    /// The Issuer of the same namespace to ask.
    #[arg(long, value_name = "NAME")]
    pub issuer: Option<ObjectName>,
    /// The kind of an issuer of another controller, like `StepClusterIssuer`.
    #[arg(
        long,
        value_name = "KIND",
        requires = "issuer",
        requires = "issuer_group"
    )]
    pub issuer_kind: Option<String>,
    /// Its API group, like certmanager.step.sm.
    #[arg(long, value_name = "GROUP", requires = "issuer_kind")]
    pub issuer_group: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct CertificateArgs {
    #[command(flatten)]
    pub wanted: WantedArgs,
    /// The lifetime of each certificate. Default: as declared; of names 2160h, as cert-manager has it.
    #[arg(long, value_name = "TIME", value_parser = |text: &str| Lifetime::parse(text))]
    pub duration: Option<Lifetime>,
    /// How long before its end a certificate is renewed. Default: as declared; with --duration or of names a third of the
    /// lifetime, as cert-manager has it.
    #[arg(long, value_name = "TIME", value_parser = |text: &str| Lifetime::parse(text))]
    pub renew_before: Option<Lifetime>,
    /// The common name. Default: as declared; of names none.
    #[arg(long, value_name = "NAME")]
    pub common_name: Option<String>,
    /// An organization (O) of the subject; may be given several times. Default: as declared; of names none.
    #[arg(long, value_name = "NAME")]
    pub organization: Vec<String>,
    /// A usage like `client auth`; may be given several times. Default: as declared; of names `server auth`.
    #[arg(long, value_name = "USAGE")]
    pub usage: Vec<String>,
    #[command(flatten)]
    pub resource: ResourceArgs,
}

#[derive(Debug, Args)]
pub(crate) struct IngressArgs {
    #[command(flatten)]
    pub wanted: WantedArgs,
    /// The Service behind it. Default: as the Ingress is called.
    #[arg(long, value_name = "NAME")]
    pub service: Option<ObjectName>,
    /// The port of the Service.
    #[arg(long, default_value = "80")]
    pub port: NonZeroU16,
    /// The Ingress class. Default: that of the cluster.
    #[arg(long)]
    pub class: Option<String>,
    #[command(flatten)]
    pub resource: ResourceArgs,
}
