//! `certs export secret`: a certificate with its key as a Kubernetes Secret.

use super::arguments::SecretArgs;
use super::material::{chain, leaf, object_name, open_key, roots_of};
use super::output::{Content, Output};
use crate::cli::error::{CliError, Exit};
use crate::cli::project::Project;
use crate::cli::ui::Ui;
use crate::export::node::write;
use crate::export::resource::Object;
use crate::export::secret::tls;
use crate::fleet::Artifact;

/// The suffix of a certificate's Secret, after the certificate's name.
pub(super) const SUFFIX: &str = "-tls";

pub(crate) fn run(args: &SecretArgs, ui: Ui) -> Result<Exit, CliError> {
    let project = Project::load(&args.source, ui)?;
    let leaf = leaf(&project, &args.certificate)?;
    let name = object_name(args.name.as_ref(), leaf.name.as_str(), SUFFIX)?;
    let output = Output::of(Content::Secret, &args.out, ui)?;
    let artifact = Artifact::Leaf(leaf);
    let chain = chain(&project, artifact, ui)?;
    let roots = roots_of(&project, artifact, ui)?;
    let roots: Vec<_> = roots.certificates.iter().collect();
    let key = open_key(&project, artifact, &chain.own, &args.out.identity.files)?;
    let key = key.to_pem().map_err(|error| CliError::from_error(&error))?;
    let object = Object::new(name, args.namespace.namespace.clone());
    let secret = tls(&object, &chain, &roots, key.as_bytes());
    output.finish(write(vec![secret], args.format.into()).as_bytes(), ui)
}
