//! `certs export trust-bundle`: the roots of trust for trust-manager.

use super::arguments::TrustBundleArgs;
use super::material::roots;
use super::output::{Content, Output};
use crate::cli::error::{CliError, Exit};
use crate::cli::project::Project;
use crate::cli::ui::Ui;
use crate::export::bundle::{PublicRoots, Target, trust_bundle};
use crate::export::node::write;
use crate::export::resource::Object;

pub(crate) fn run(args: &TrustBundleArgs, ui: Ui) -> Result<Exit, CliError> {
    let project = Project::load(&args.roots.source, ui)?;
    let output = Output::public(Content::Text, &args.resource.out, ui)?;
    let roots = roots(&project, &args.roots.of, ui)?;
    let roots: Vec<_> = roots.iter().flat_map(|root| &root.certificates).collect();
    let target = Target {
        key: args.target_key.clone(),
        namespaces: args.namespace_label.clone(),
        public: if args.public_roots {
            PublicRoots::Added
        } else {
            PublicRoots::LeftOut
        },
    };
    let object = Object::new(args.name.clone(), None);
    let resource = trust_bundle(&object, &roots, &target);
    output.finish(
        write(vec![resource], args.resource.format.into()).as_bytes(),
        ui,
    )
}
