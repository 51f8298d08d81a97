//! `certs export bundle`: the roots of trust as PEM.

use super::arguments::BundleArgs;
use super::material::roots;
use super::output::{Content, Output};
use crate::cli::error::{CliError, Exit};
use crate::cli::project::Project;
use crate::cli::ui::Ui;
use crate::export::chain::pem;

pub(crate) fn run(args: &BundleArgs, ui: Ui) -> Result<Exit, CliError> {
    let project = Project::load(&args.roots.source, ui)?;
    let output = Output::public(Content::Text, &args.out, ui)?;
    let roots = roots(&project, &args.roots.of, ui)?;
    let text = pem(roots.iter().flat_map(|root| &root.certificates));
    output.finish(text.as_bytes(), ui)
}
