//! The verbs, one file each: its arguments, whose doc comments are the manual, `run`, and what it shows.

mod adopt;
mod certmanager;
mod check;
mod completions;
mod crl;
mod demo;
mod diff;
mod doctor;
mod explain;
mod export;
mod exposure;
mod fingerprint;
mod graph;
mod history;
mod host;
mod init;
pub mod inspect;
mod issue;
mod man;
mod manifest;
mod metrics;
mod pki;
mod plan;
mod program;
mod recreate;
mod reference;
mod renew;
mod report;
mod revoke;
mod role;
mod rules;
mod sign;
mod status;
mod trust;
mod verify;

use clap::Subcommand;

use crate::cli::error::{CliError, Exit};
use crate::cli::ui::Ui;

pub use program::{command, main};

/// Makes the command and the dispatch from the verbs in their groups.
macro_rules! verbs {
    (
        $($heading:literal { $($verb:ident($module:ident::$args:ident),)* })*
        hidden { $($hidden:ident($hidden_module:ident::$hidden_args:ident),)* }
    ) => {
        #[derive(Debug, Subcommand)]
        pub(crate) enum Command {
            $($(
                #[command(name = stringify!($module))]
                $verb($module::$args),
            )*)*
            $(
                #[command(name = stringify!($hidden_module), hide = true)]
                $hidden($hidden_module::$hidden_args),
            )*
        }

        /// The verbs as `certs --help` shows them.
        const GROUPS: &[(&str, &[&str])] = &[$(($heading, &[$(stringify!($module)),*])),*];

        fn run(command: &Command, ui: Ui) -> Result<Exit, CliError> {
            match command {
                $($(Command::$verb(args) => $module::run(args, ui),)*)*
                $(Command::$hidden(args) => $hidden_module::run(args, ui),)*
            }
        }
    };
}

verbs! {
    "Everyday" {
        Init(init::InitArgs),
        Recreate(recreate::RecreateArgs),
        Plan(plan::PlanArgs),
        Status(status::StatusArgs),
        Check(check::CheckArgs),
    }
    "Day 2" {
        Renew(renew::RenewArgs),
        Revoke(revoke::RevokeArgs),
        Crl(crl::ListsArgs),
        Issue(issue::IssueArgs),
        Sign(sign::SignArgs),
        Role(role::RoleArgs),
        Adopt(adopt::AdoptArgs),
    }
    "Look" {
        Inspect(inspect::InspectArgs),
        Fingerprint(fingerprint::FingerprintArgs),
        Verify(verify::VerifyArgs),
        Report(report::ReportArgs),
        Graph(graph::GraphArgs),
        History(history::HistoryArgs),
        Exposure(exposure::ExposureArgs),
        Diff(diff::DiffArgs),
        Doctor(doctor::DoctorArgs),
        Explain(explain::ExplainArgs),
    }
    "Hand over" {
        Export(export::ExportArgs),
        Trust(trust::TrustArgs),
        Metrics(metrics::MetricsArgs),
        CertManager(certmanager::CertManagerArgs),
        Pki(pki::PkiArgs),
        Rules(rules::RulesArgs),
    }
    "Set up" {
        Host(host::HostArgs),
        Manifest(manifest::ManifestArgs),
        Demo(demo::DemoArgs),
        Completions(completions::CompletionsArgs),
        Man(man::ManArgs),
    }
    hidden {
        Reference(reference::ReferenceArgs),
    }
}
