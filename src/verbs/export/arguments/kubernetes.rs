//! Kubernetes resources, those of trust-manager, External Secrets and Prometheus among them.

use clap::{Args, ValueEnum};

use crate::cli::arguments::SourceArgs;
use crate::export::resource::{Label, Namespace, ObjectName};
use crate::export::secret::StoreKind;
use crate::plan::Pattern;
use crate::verbs::export::arguments::{
    ArtifactArgs, FormatArgs, NamespaceArgs, ResourceArgs, RootsArgs, SecretOutputArgs,
};
use crate::x509::Lifetime;

#[derive(Debug, Args)]
pub(crate) struct SecretArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// `host/ca/certificate`, or any part of it that means only one.
    #[arg(value_name = "CERTIFICATE")]
    pub certificate: Pattern,
    /// The name of the Secret. Default: `<certificate>-tls`.
    #[arg(long)]
    pub name: Option<ObjectName>,
    #[command(flatten)]
    pub namespace: NamespaceArgs,
    #[command(flatten)]
    pub format: FormatArgs,
    #[command(flatten)]
    pub out: SecretOutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CaSecretArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// The CA, `ca/web` or `web`.
    #[arg(value_name = "CA")]
    pub authority: Pattern,
    /// The name of the Secret. Default: `<ca>-ca`.
    #[arg(long)]
    pub name: Option<ObjectName>,
    /// Where cert-manager looks: its own namespace for a ClusterIssuer, that of the Issuer otherwise.
    #[arg(short, long, default_value = "cert-manager")]
    pub namespace: Namespace,
    #[command(flatten)]
    pub format: FormatArgs,
    #[command(flatten)]
    pub out: SecretOutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigMapArgs {
    #[command(flatten)]
    pub roots: RootsArgs,
    /// The name of the ConfigMap.
    #[arg(long, default_value = "ca-bundle")]
    pub name: ObjectName,
    #[command(flatten)]
    pub namespace: NamespaceArgs,
    #[command(flatten)]
    pub resource: ResourceArgs,
}

#[derive(Debug, Args)]
pub(crate) struct TrustBundleArgs {
    #[command(flatten)]
    pub roots: RootsArgs,
    /// The name of the Bundle, and of each ConfigMap it makes.
    #[arg(long, default_value = "ca-bundle")]
    pub name: ObjectName,
    /// The key of the ConfigMaps.
    #[arg(long, value_name = "KEY", default_value = "ca.crt")]
    pub target_key: String,
    /// Only namespaces with this label, KEY=VALUE; may be given several times. Default: all.
    #[arg(long, value_name = "LABEL")]
    pub namespace_label: Vec<Label>,
    /// Trust the public CAs of trust-manager too.
    #[arg(long)]
    pub public_roots: bool,
    #[command(flatten)]
    pub resource: ResourceArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ExternalSecretArgs {
    #[command(flatten)]
    pub of: ArtifactArgs,
    /// The store to read from.
    #[arg(long, value_name = "NAME")]
    pub store: ObjectName,
    /// The kind of the store.
    #[arg(long, value_enum, default_value_t = StoreKindWord::ClusterSecretStore)]
    pub store_kind: StoreKindWord,
    /// The name in the store.
    #[arg(long, value_name = "KEY")]
    pub key: String,
    /// The field of the certificate with its chain.
    #[arg(long, value_name = "NAME", default_value = "tls.crt")]
    pub certificate_property: String,
    /// The field of the private key.
    #[arg(long, value_name = "NAME", default_value = "tls.key")]
    pub key_property: String,
    /// The field of the root.
    #[arg(long, value_name = "NAME", default_value = "ca.crt")]
    pub ca_property: String,
    /// Leave `ca.crt` out, for a store that does not hold the root.
    #[arg(long, conflicts_with = "ca_property")]
    pub no_ca: bool,
    /// How often the store is asked.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = |text: &str| Lifetime::parse(text))]
    pub refresh: Lifetime,
    /// The name of the Secret. Default: as `certs export secret` and `ca-secret` call it.
    #[arg(long)]
    pub name: Option<ObjectName>,
    #[command(flatten)]
    pub namespace: NamespaceArgs,
    #[command(flatten)]
    pub resource: ResourceArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "PascalCase")]
pub(crate) enum StoreKindWord {
    /// Of the same namespace.
    SecretStore,
    /// Of the whole cluster.
    ClusterSecretStore,
}

impl From<StoreKindWord> for StoreKind {
    fn from(word: StoreKindWord) -> Self {
        match word {
            StoreKindWord::SecretStore => Self::SecretStore,
            StoreKindWord::ClusterSecretStore => Self::ClusterSecretStore,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct BootstrapArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// The cluster, by its name in `kubernetes.cluster`. Default: the only one that is declared.
    #[arg(long, value_name = "NAME")]
    pub cluster: Option<String>,
    #[command(flatten)]
    pub resource: ResourceArgs,
}

#[derive(Debug, Args)]
pub(crate) struct PrometheusRuleArgs {
    /// The name of the PrometheusRule.
    #[arg(long, default_value = "certs")]
    pub name: ObjectName,
    #[command(flatten)]
    pub namespace: NamespaceArgs,
    /// A label, KEY=VALUE, by which your Prometheus selects its rules; may be given several times.
    #[arg(long)]
    pub label: Vec<Label>,
    /// Alerts on cert-manager's own certificates too.
    #[arg(long)]
    pub cert_manager: bool,
    #[command(flatten)]
    pub resource: ResourceArgs,
}
