//! The arguments of the forms.

mod cert_manager;
mod common;
mod file;
mod kubeconfig;
mod kubernetes;

pub(crate) use cert_manager::{
    CertificateArgs, IngressArgs, IssuerArgs, VaultArgs, VaultAuthWord, WantedArgs,
};
pub(crate) use common::{
    ArtifactArgs, FormatArgs, NamespaceArgs, OutputArgs, ResourceArgs, RootsArgs, SecretOutputArgs,
};
pub(crate) use file::{
    BundleArgs, CrlArgs, DerArgs, DerPart, PemArgs, PemPart, Pkcs12Args, TrustStoreArgs,
};
pub(crate) use kubeconfig::KubeconfigArgs;
pub(crate) use kubernetes::{
    BootstrapArgs, CaSecretArgs, ConfigMapArgs, ExternalSecretArgs, PrometheusRuleArgs, SecretArgs,
    TrustBundleArgs,
};
