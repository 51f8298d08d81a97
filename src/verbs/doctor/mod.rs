//! `certs doctor`: opens what it may, proves it, and says what mends the rest.

mod view;

use clap::Args;
use time::OffsetDateTime;

use crate::cli::arguments::{IdentityArgs, SourceArgs};
use crate::cli::error::{CliError, Exit};
use crate::cli::project::{Project, store_error};
use crate::cli::ui::Ui;
use crate::doctor::{Diagnosis, Examination, State, examine};
use crate::plan::{Policy, plan};
use crate::render::words::one_line;

/// Decrypt every key you can, and prove that it fits.
///
/// Proves that each private key belongs to its certificate, is well formed, and is encrypted to the right recipients.
#[derive(Debug, Args)]
#[command(
    after_help = "Writes nothing, and asks for the passphrase of an identity at most once.\n\nExamples:\n  certs doctor\n  \
                        certs doctor --identity ~/.ssh/id_ed25519\n  \
                        certs doctor --json | jq '.keys[] | select(.state == \"broken\")'"
)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub identity: IdentityArgs,
    /// Print what was found as JSON (docs/schema/doctor.json).
    #[arg(long)]
    pub json: bool,
}

pub(crate) fn run(args: &DoctorArgs, ui: Ui) -> Result<Exit, CliError> {
    let project = Project::load(&args.source, ui)?;
    project.warn_of_journals(ui)?;
    let observed = project.survey()?;
    let plan = plan(
        &project.fleet,
        &observed,
        OffsetDateTime::now_utc(),
        &Policy::default(),
    );
    let identities = project.identities(&args.identity.files)?;
    let diagnoses = examine(&Examination {
        fleet: &project.fleet,
        observed: &observed,
        plan: &plan,
        root: &project.root,
        identities: &identities,
    })
    .map_err(|error| store_error(&error))?;
    if identities.is_empty() {
        ui.tell(&without_identity(&project.fleet.identities));
    }
    if args.json {
        ui.print(&format!("{:#}\n", view::json(&diagnoses)));
    } else {
        ui.print(&view::text(&diagnoses, ui.stdout));
    }
    Ok(exit(&diagnoses))
}

/// Nothing can be proved then, and each key alone does not say why.
fn without_identity(declared: &[String]) -> String {
    let missing = match declared {
        [] => "no identity is declared (certToolkit.userAgeIdentity) or given".to_owned(),
        declared => format!(
            "no identity was read: {} does not exist here",
            one_line(&declared.join(", "))
        ),
    };
    format!(
        "warning: {missing}, so no key can be decrypted\nhint: name your private key: `certs doctor --identity FILE`\n"
    )
}

fn exit(diagnoses: &[Diagnosis]) -> Exit {
    let any = |is: fn(&State) -> bool| diagnoses.iter().any(|diagnosis| is(&diagnosis.state));
    if any(|state| matches!(state, State::Broken(_))) {
        Exit::Failed
    } else if any(|state| matches!(state, State::Locked { .. })) {
        Exit::Pending
    } else {
        Exit::Done
    }
}
