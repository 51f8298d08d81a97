//! `certs export configmap`: the roots of trust, to mount.

use super::arguments::ConfigMapArgs;
use super::material::roots;
use super::output::{Content, Output};
use crate::cli::error::{CliError, Exit};
use crate::cli::project::Project;
use crate::cli::ui::Ui;
use crate::export::bundle::config_map;
use crate::export::node::write;
use crate::export::resource::Object;

pub(crate) fn run(args: &ConfigMapArgs, ui: Ui) -> Result<Exit, CliError> {
    let project = Project::load(&args.roots.source, ui)?;
    let output = Output::public(Content::Text, &args.resource.out, ui)?;
    let roots = roots(&project, &args.roots.of, ui)?;
    let roots: Vec<_> = roots.iter().flat_map(|root| &root.certificates).collect();
    let object = Object::new(args.name.clone(), args.namespace.namespace.clone());
    let resource = config_map(&object, &roots);
    output.finish(
        write(vec![resource], args.resource.format.into()).as_bytes(),
        ui,
    )
}
