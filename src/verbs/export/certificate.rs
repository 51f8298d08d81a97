//! `certs export certificate`: a request to cert-manager.

use super::arguments::CertificateArgs;
use super::output::{Content, Output};
use super::wanted::wanted;
use crate::cli::error::{CliError, Exit};
use crate::cli::ui::Ui;
use crate::export::certificate::certificate;
use crate::export::node::write;
use crate::fleet::Declaration;
use crate::x509::{AttributeType, Subject, Usages};

/// Options override the declaration.
fn refine(declaration: &mut Declaration, args: &CertificateArgs) -> Result<(), CliError> {
    declaration.subject = subject(&declaration.subject, args)?;
    if args.renew_before.is_some() {
        declaration.renew_before = args.renew_before;
    }
    if !args.usage.is_empty() {
        let usages = Usages::parse(&args.usage).map_err(|faults| {
            let error = CliError::new("--usage does not name a usage");
            faults
                .iter()
                .fold(error, |error, fault| error.cause(fault.to_string()))
        })?;
        declaration.usages = usages
            .for_leaf(declaration.key)
            .map_err(|fault| CliError::from_error(&fault))?;
    }
    Ok(())
}

fn subject(declared: &Subject, args: &CertificateArgs) -> Result<Subject, CliError> {
    let common_name = args.common_name.iter();
    let common_name = common_name.map(|name| (AttributeType::CommonName, name.clone()));
    let organizations = args.organization.iter();
    let organizations = organizations.map(|name| (AttributeType::Organization, name.clone()));
    let typed: Vec<_> = common_name.chain(organizations).collect();
    if typed.is_empty() {
        return Ok(declared.clone());
    }
    let is_kept = |kind: &AttributeType| !typed.iter().any(|(other, _)| other == kind);
    let declared = declared.attributes().iter();
    let kept = declared.filter(|(kind, _)| is_kept(kind)).cloned();
    Subject::new(kept.chain(typed.clone()).collect()).map_err(|faults| {
        let error = CliError::new("this cannot be a subject");
        faults
            .iter()
            .fold(error, |error, fault| error.cause(fault.to_string()))
    })
}

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
        // The declared value was meant for the other lifetime; cert-manager's own is a third.
        wanted.declaration.renew_before = None;
    }
    refine(&mut wanted.declaration, args)?;
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
