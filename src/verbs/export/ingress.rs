//! `certs export ingress`: a way into the cluster with TLS.

use super::arguments::IngressArgs;
use super::output::{Content, Output};
use super::wanted::wanted;
use crate::cli::error::{CliError, Exit};
use crate::cli::ui::Ui;
use crate::export::certificate::{Backend, ingress};
use crate::export::node::write;

pub(crate) fn run(args: &IngressArgs, ui: Ui) -> Result<Exit, CliError> {
    let output = Output::public(Content::Text, &args.resource.out, ui)?;
    let wanted = wanted(&args.wanted, ui)?;
    let name = wanted.object.name.clone();
    let backend = Backend {
        service: args.service.clone().unwrap_or(name),
        port: args.port.get(),
        class: args.class.clone(),
    };
    let issuer = wanted.issuer.as_ref();
    let made = ingress(
        &wanted.object,
        &wanted.declaration,
        issuer,
        &wanted.secret,
        &backend,
    );
    let ingress = made.map_err(|unfit| {
        CliError::new(format!("there is no Ingress for {}", wanted.object.name))
            .cause(unfit.to_string())
            .hint(unfit.cure())
    })?;
    output.finish(
        write(vec![ingress], args.resource.format.into()).as_bytes(),
        ui,
    )
}
