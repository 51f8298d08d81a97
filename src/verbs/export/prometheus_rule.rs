//! `certs export prometheus-rule`: the shipped alerts for the operator of Prometheus.

use super::arguments::PrometheusRuleArgs;
use super::output::{Content, Output};
use crate::cli::error::{CliError, Exit};
use crate::cli::ui::Ui;
use crate::export::alerts::{Watched, prometheus_rule};
use crate::export::node::write;
use crate::export::resource::Object;

pub(crate) fn run(args: &PrometheusRuleArgs, ui: Ui) -> Result<Exit, CliError> {
    let output = Output::public(Content::Text, &args.resource.out, ui)?;
    let mut object = Object::new(args.name.clone(), args.namespace.namespace.clone());
    object.labels.clone_from(&args.label);
    let mut watched = vec![Watched::Deployed];
    watched.extend(args.cert_manager.then_some(Watched::CertManager));
    let resource = prometheus_rule(&object, &watched);
    output.finish(
        write(vec![resource], args.resource.format.into()).as_bytes(),
        ui,
    )
}
