//! `certs trust show`: what to do by hand.

use super::{TrustShowArgs, view};
use crate::cli::error::{CliError, Exit};
use crate::cli::ui::Ui;
use crate::trust::guide::System;

pub(crate) fn run(args: &TrustShowArgs, ui: Ui) -> Result<Exit, CliError> {
    let roots = super::roots(&args.roots, ui)?;
    let systems = if args.systems.is_empty() {
        &System::ALL
    } else {
        args.systems.as_slice()
    };
    ui.print(&view::guide(&roots, systems, ui.stdout));
    Ok(Exit::Done)
}
