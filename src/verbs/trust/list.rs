//! `certs trust list`: what was put into this machine's stores.

use crate::cli::args::TrustListArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::stores::{labels, stores};
use crate::cli::ui::Ui;
use crate::render::trust as render;
use crate::trust::Label;

pub(crate) fn run(args: &TrustListArgs, ui: Ui) -> Result<Exit, CliError> {
    let mut found: Vec<(String, Vec<Label>)> = Vec::new();
    for store in stores(&args.stores)? {
        found.push((store.to_string(), labels(&store)?));
    }
    ui.print(&if args.json {
        format!("{:#}\n", render::json(&found))
    } else {
        render::list(&found)
    });
    Ok(Exit::Done)
}
