//! `certs export`: what is in the tree, in the form another program wants. One form, one file.

pub(crate) mod bootstrap;
pub(crate) mod bundle;
pub(crate) mod ca_secret;
pub(crate) mod certificate;
pub(crate) mod configmap;
pub(crate) mod crl;
pub(crate) mod der;
pub(crate) mod external_secret;
pub(crate) mod ingress;
pub(crate) mod issuer;
pub(crate) mod kubeconfig;
mod material;
mod output;
pub(crate) mod pem;
pub(crate) mod pkcs12;
pub(crate) mod prometheus_rule;
pub(crate) mod secret;
pub(crate) mod trust_bundle;
pub(crate) mod truststore;
mod wanted;

pub(crate) use material::bundle as bundle_of;

use crate::cli::args::ExportCommand;
use crate::cli::error::{CliError, Exit};
use crate::cli::ui::Ui;

pub(crate) fn run(command: &ExportCommand, ui: Ui) -> Result<Exit, CliError> {
    match command {
        ExportCommand::Pem(args) => pem::run(args, ui),
        ExportCommand::Der(args) => der::run(args, ui),
        ExportCommand::Pkcs12(args) => pkcs12::run(args, ui),
        ExportCommand::TrustStore(args) => truststore::run(args, ui),
        ExportCommand::Bundle(args) => bundle::run(args, ui),
        ExportCommand::Crl(args) => crl::run(args, ui),
        ExportCommand::Secret(args) => secret::run(args, ui),
        ExportCommand::CaSecret(args) => ca_secret::run(args, ui),
        ExportCommand::Issuer(args) => issuer::run(args, ui),
        ExportCommand::Certificate(args) => certificate::run(args, ui),
        ExportCommand::Ingress(args) => ingress::run(args, ui),
        ExportCommand::ConfigMap(args) => configmap::run(args, ui),
        ExportCommand::TrustBundle(args) => trust_bundle::run(args, ui),
        ExportCommand::ExternalSecret(args) => external_secret::run(args, ui),
        ExportCommand::PrometheusRule(args) => prometheus_rule::run(args, ui),
        ExportCommand::Bootstrap(args) => bootstrap::run(args, ui),
        ExportCommand::Kubeconfig(args) => kubeconfig::run(args, ui),
    }
}
