//! `certs export certificate`: a request to cert-manager.

use super::output::{Content, Output};
use super::wanted::wanted;
use crate::cli::args::CertificateArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::ui::Ui;
use crate::export::certificate::certificate;
use crate::export::node::write;

pub(crate) fn run(args: &CertificateArgs, ui: Ui) -> Result<Exit, CliError> {
    let output = Output::public(Content::Text, &args.resource.out, ui)?;
    let mut wanted = wanted(&args.wanted, ui)?;
    let issuer = wanted.issuer.ok_or_else(|| {
        CliError::new("a Certificate has to name who issues it").hint(
            "name one with --cluster-issuer NAME or --issuer NAME; `certs export issuer` makes one",
        )
    })?;
    if let Some(duration) = args.duration {
        wanted.declaration.lifetime = duration;
        // What is declared was meant for the other lifetime; cert-manager's own is a third.
        wanted.declaration.renew_before = None;
    }
    let made = certificate(&wanted.object, &wanted.declaration, &issuer, &wanted.secret);
    let (certificate, left_out) = made.map_err(|unfit| {
        CliError::new(format!(
            "cert-manager does not issue {}",
            wanted.object.name
        ))
        .cause(unfit.to_string())
        .hint(unfit.cure())
    })?;
    for what in left_out {
        ui.tell(&format!(
            "warning: cert-manager has no field for {what}; it is left out\n"
        ));
    }
    output.finish(
        write(vec![certificate], args.resource.format.into()).as_bytes(),
        ui,
    )
}
