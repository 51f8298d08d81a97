//! The arguments of `certs export kubeconfig`.

use clap::Args;

use crate::cli::arguments::SourceArgs;
use crate::plan::Pattern;
use crate::verbs::export::arguments::SecretOutputArgs;

#[derive(Debug, Args)]
pub(crate) struct KubeconfigArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// The certificate: `host/ca/certificate`, or any part of it that means only one.
    #[arg(value_name = "CERTIFICATE")]
    pub certificate: Pattern,
    /// The API server: a name or an address, with or without a port, or an https URL. Default: `controlPlaneEndpoint` of the host.
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// The name of the cluster in the file. Default: as it is declared.
    #[arg(long, value_name = "NAME")]
    pub cluster: Option<String>,
    /// The name of the user in the file. Default: the common name.
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// The name of the context. Default: `user@cluster`.
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
    /// The namespace of commands that name none.
    #[arg(long, value_name = "NAME")]
    pub namespace: Option<String>,
    /// Put certificate, key and root into the file. This is the default.
    #[arg(long, conflicts_with = "reference")]
    pub embed: bool,
    /// Name the files instead: certificate and root in this project, the key where agenix puts it. Needs no identity.
    #[arg(long)]
    pub reference: bool,
    /// Where the key will be. Default: `/run/agenix/…`.
    #[arg(long, value_name = "FILE", requires = "reference")]
    pub key_file: Option<String>,
    #[command(flatten)]
    pub out: SecretOutputArgs,
}
