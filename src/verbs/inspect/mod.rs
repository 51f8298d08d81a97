//! `certs inspect`: what is in files, and what TLS servers send.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use time::OffsetDateTime;

use crate::cli::args::{InspectArgs, StartTls};
use crate::cli::dial::{self, Endpoint};
use crate::cli::error::{CliError, Exit};
use crate::cli::input::{self, Passwords};
use crate::cli::ui::Ui;
use crate::render::inspect::{self, Inspected};

pub(crate) fn run(args: &InspectArgs, ui: Ui) -> Result<Exit, CliError> {
    let passwords = Passwords::of(&args.password)?;
    let (mut inspected, mut errors) = (Vec::new(), Vec::new());
    let mut exit = Exit::Done;
    for given in &input::named(&args.inputs)? {
        match look(given, args, &passwords) {
            Ok(found) => {
                for complaint in found
                    .found
                    .iter()
                    .filter_map(|found| input::complaint(given, found))
                {
                    ui.tell(&complaint.render(ui.stderr));
                    exit = Exit::Failed;
                }
                inspected.push(found);
            }
            // The others are shown all the same.
            Err(error) => {
                ui.tell(&error.render(ui.stderr));
                errors.push(json!({ "input": input::name_of(given), "error": error.json() }));
                exit = Exit::Failed;
            }
        }
    }
    let now = OffsetDateTime::now_utc();
    if args.json {
        ui.print_json(&inspect::json::Document {
            inputs: &inspected,
            errors: &errors,
            now,
        });
    } else if args.short {
        ui.print(&inspect::short(&inspected, now, ui.stdout));
    } else {
        ui.print(&inspect::text(&inspected, now, ui.stdout));
    }
    Ok(exit)
}

fn look(given: &Path, args: &InspectArgs, passwords: &Passwords) -> Result<Inspected, CliError> {
    let found = match Endpoint::parse(given) {
        Some(endpoint) if !given.exists() => {
            let StartTls::None = args.starttls;
            let timeout = Duration::from_secs(args.timeout.get().into());
            dial::chain(&endpoint, args.server_name.as_deref(), timeout)?
        }
        _ => input::read(given, passwords)?,
    };
    Ok(Inspected {
        input: input::name_of(given),
        found,
    })
}
