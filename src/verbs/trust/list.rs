//! `certs trust list`: what was put into this machine's stores.

use super::stores::{labels, stores};
use super::{TrustListArgs, view};
use crate::cli::error::{CliError, Exit};
use crate::cli::ui::Ui;
use crate::trust::Label;

pub(crate) fn run(args: &TrustListArgs, ui: Ui) -> Result<Exit, CliError> {
    let mut found: Vec<(String, Vec<Label>)> = Vec::new();
    for store in stores(&args.stores)? {
        found.push((store.to_string(), labels(&store)?));
    }
    ui.print(&if args.json {
        format!("{:#}\n", view::json(&found))
    } else {
        view::list(&found)
    });
    Ok(Exit::Done)
}
