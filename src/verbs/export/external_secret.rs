//! `certs export external-secret`: where the External Secrets operator finds a certificate.

use super::arguments::ExternalSecretArgs;
use super::material::{artifact, object_name};
use super::output::{Content, Output};
use super::{ca_secret, secret};
use crate::cli::error::{CliError, Exit};
use crate::cli::project::Project;
use crate::cli::ui::Ui;
use crate::export::node::write;
use crate::export::resource::Object;
use crate::export::secret::{Remote, external};
use crate::fleet::Artifact;

pub(crate) fn run(args: &ExternalSecretArgs, ui: Ui) -> Result<Exit, CliError> {
    let project = Project::load(&args.of.source, ui)?;
    let output = Output::public(Content::Text, &args.resource.out, ui)?;
    let (name, suffix) = match artifact(&project, &args.of.certificate)? {
        Artifact::Authority(authority) => (&authority.name, ca_secret::SUFFIX),
        Artifact::Leaf(leaf) => (&leaf.name, secret::SUFFIX),
    };
    let name = object_name(args.name.as_ref(), name.as_str(), suffix)?;
    let remote = Remote {
        store: args.store.clone(),
        store_kind: args.store_kind.into(),
        key: args.key.clone(),
        certificate: args.certificate_property.clone(),
        private_key: args.key_property.clone(),
        authority: (!args.no_ca).then(|| args.ca_property.clone()),
        refresh: args.refresh.to_string(),
    };
    let object = Object::new(name, args.namespace.namespace.clone());
    let resource = external(&object, &remote);
    output.finish(
        write(vec![resource], args.resource.format.into()).as_bytes(),
        ui,
    )
}
