//! The arguments of `certs role`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::SourceArgs;
use crate::fleet::Name;
use crate::x509::Lifetime;

#[derive(Debug, Subcommand)]
pub(crate) enum RoleCommand {
    /// List the declared roles.
    #[command(
        after_help = "Examples:\n  certs role list\n  certs role list --json | jq '.roles[].name'"
    )]
    List(ListArgs),
    /// Show every rule of a role.
    #[command(after_help = "Example:\n  certs role show lab")]
    Show(ShowArgs),
    /// Test a request against a role, without issuing.
    ///
    /// Shows the verdict on each name, and the certificate that would be issued.
    #[command(
        after_help = "Exits with 0 if everything asked for is allowed, with 1 if anything is refused; with --refused the other way \
                            round: with 0 if no name is allowed.\n\nExamples:\n  certs role test lab nas.lab.example.org 192.168.100.7\n  \
                            certs role test lab nas.lab.example.org --ttl 90d --usage 'server auth'\n  \
                            certs role test lab --refused example.com '*.lab.example.org' localhost\n  \
                            certs role test lab --csr nas.csr"
    )]
    Test(TestArgs),
    /// Print a Vault or OpenBao PKI role as a declaration.
    ///
    /// Names the defaults that the role relied on.
    #[command(
        after_help = "FILE holds what `vault read -format=json pki_int/roles/NAME` prints, the fields alone as JSON, or the words of \
                            `vault write pki_int/roles/NAME field=value …`. Fields without a counterpart are listed on standard error.\n\n\
                            Examples:\n  certs role import-vault lab.json --name lab --authority lab-intermediate\n  \
                            vault read -format=json pki_int/roles/lab | certs role import-vault - --name lab\n  \
                            certs role import-vault role.sh --json"
    )]
    ImportVault(ImportVaultArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// Print the roles as JSON (docs/schema/role-list.json).
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// A declared role, by its name.
    #[arg(value_name = "ROLE", value_parser = |text: &str| Name::new(text))]
    pub role: Name,
    #[command(flatten)]
    pub source: SourceArgs,
    /// Print the role as JSON (docs/schema/role-show.json).
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// A declared role, by its name.
    #[arg(value_name = "ROLE", value_parser = |text: &str| Name::new(text))]
    pub role: Name,
    /// Names to ask for: DNS names, IP addresses, e-mail addresses, URIs.
    #[arg(value_name = "NAME", required_unless_present_any = ["csr", "common_name"])]
    pub names: Vec<String>,
    /// The common name to ask for.
    #[arg(long, value_name = "NAME")]
    pub common_name: Option<String>,
    /// A CSR, PEM or DER, that asks for its names too; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    pub csr: Option<PathBuf>,
    /// The lifetime to ask for. Default: that of the role.
    #[arg(long, value_name = "LIFETIME", value_parser = |text: &str| Lifetime::parse(text))]
    pub ttl: Option<Lifetime>,
    /// A usage to ask for; may be given several times. Default: all of the role.
    #[arg(long, value_name = "USAGE")]
    pub usage: Vec<String>,
    /// Expect every name to be refused.
    #[arg(long, conflicts_with_all = ["csr", "common_name"], requires = "names")]
    pub refused: bool,
    #[command(flatten)]
    pub source: SourceArgs,
    /// Print the verdicts as JSON (docs/schema/role-test.json).
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ImportVaultArgs {
    /// The role as JSON or as a command; `-` is standard input.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The name of the role. Default: as in the command, or the name of the file.
    #[arg(long, value_name = "ROLE", value_parser = |text: &str| Name::new(text))]
    pub name: Option<Name>,
    /// The CA that signs, by its name in `cas`. Default: the mount of the command.
    #[arg(long, value_name = "CA", value_parser = |text: &str| Name::new(text))]
    pub authority: Option<Name>,
    /// Print the role as the manifest has it, as JSON (docs/schema/role-import-vault.json).
    #[arg(long)]
    pub json: bool,
}
