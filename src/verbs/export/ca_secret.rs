//! `certs export ca-secret`: the key of an authority for cert-manager, with what that means.

use super::arguments::CaSecretArgs;
use super::material::{authority, chain, object_name, open_key};
use super::output::{Content, Output};
use crate::cli::error::{CliError, Exit};
use crate::cli::project::Project;
use crate::cli::ui::Ui;
use crate::export::node::write;
use crate::export::resource::Object;
use crate::export::secret;
use crate::fleet::{Artifact, Authority, Fleet};
use crate::render::words;

/// The suffix of a CA's Secret, after the CA's name.
pub(super) const SUFFIX: &str = "-ca";

pub(crate) fn run(args: &CaSecretArgs, ui: Ui) -> Result<Exit, CliError> {
    let project = Project::load(&args.source, ui)?;
    let authority = authority(&project, &args.authority)?;
    let name = object_name(args.name.as_ref(), authority.name.as_str(), SUFFIX)?;
    let output = Output::of(Content::Secret, &args.out, ui)?;
    let artifact = Artifact::Authority(authority);
    let chain = chain(&project, artifact, ui)?;
    let key = open_key(&project, artifact, &chain.own, &args.out.identity.files)?;
    let key = key.to_pem().map_err(|error| CliError::from_error(&error))?;
    for warning in warnings(&project.fleet, authority) {
        ui.tell(&format!("warning: {warning}\n"));
    }
    let object = Object::new(name, Some(args.namespace.clone()));
    let secret = secret::authority(&object, &chain, key.as_bytes());
    output.finish(write(vec![secret], args.format.into()).as_bytes(), ui)
}

/// The excessive rights that the Secret gives its readers.
fn warnings(fleet: &Fleet, authority: &Authority) -> Vec<String> {
    let id = authority.id();
    if authority.is_root() {
        return vec![format!(
            "{id} is a root CA: every reader of the Secret can issue everything that is trusted by it, and only replacing the root \
             everywhere ends that; give cert-manager an intermediate of its own: cas.<name> = {{ issuer = \"{}\"; ca = {{ pathLength = 0; \
             nameConstraints.permitted.dns = [ … ]; }}; }}",
            authority.name
        )];
    }
    let mut warnings = Vec::new();
    if authority.name_constraints.is_none() {
        warnings.push(format!(
            "every reader of the Secret can issue for any name, because {id} has no name constraints; declare \
             cas.{}.ca.nameConstraints.permitted.dns",
            authority.name
        ));
    }
    let leaves = fleet.certificates.iter();
    let leaves = leaves
        .filter(|leaf| leaf.authority == authority.name)
        .count();
    if leaves > 0 {
        warnings.push(format!(
            "{id} also issues {} declared here, and every reader of the Secret can act as them; give cert-manager an intermediate of \
             its own",
            words::count(leaves, "certificate", "certificates")
        ));
    }
    warnings
}
