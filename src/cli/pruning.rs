//! What `--prune` does not end: a certificate that is deleted here stays good for whoever has it and its key.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::error::CliError;
use super::project::{Project, store_error};
use crate::fleet::{Authority, Fleet, Name, Observed, RelPath};
use crate::plan::{Action, Plan, Step, Target};
use crate::x509::certificate::read::{parse_pem_chain, signed_by};
use crate::x509::hex::to_hex;
use crate::x509::{CertificateFacts, Moment};

/// One warning for each certificate in date that the plan deletes, with the command that ends it. To be asked before the files are gone.
pub(crate) fn still_accepted(
    project: &Project,
    observed: &Observed,
    plan: &Plan,
) -> Result<String, CliError> {
    let mut text = String::new();
    let mut clusters: BTreeSet<&Name> = BTreeSet::new();
    for path in plan.changes().filter_map(pruned_certificate) {
        let file = project.root.read(path);
        let file = file.map_err(|error| store_error(&error))?;
        let chain = file.and_then(|file| parse_pem_chain(&file.bytes).ok());
        let Some(own) = chain.and_then(|chain| chain.into_iter().next()) else {
            continue;
        };
        if own.not_after <= plan.now || is_revoked(&own, &project.fleet, observed) {
            continue;
        }
        let issuer = issuer(&own, &project.fleet, observed);
        let _ = writeln!(
            text,
            "warning: {path} is no longer declared, and stays accepted until {}{}",
            Moment(own.not_after),
            revoke(&own, issuer)
        );
        let issuer = issuer.map(|issuer| &issuer.name);
        clusters.extend(issuer.filter(|name| is_of_cluster(name, &project.fleet)));
    }
    for name in clusters {
        let _ = writeln!(
            text,
            "warning: Kubernetes and etcd read no CRL: where the host is not to be trusted, only a new key of ca/{name} ends it sooner \
             (certs recreate --replace ca/{name}, and --retire ca/{name} once every host has it)",
        );
    }
    Ok(text)
}

fn pruned_certificate(step: &Step) -> Option<&RelPath> {
    match (&step.action, &step.target) {
        (Action::Prune, Target::File(path)) if path.as_str().strip_suffix(".crt").is_some() => {
            Some(path)
        }
        _ => None,
    }
}

fn issuer<'f>(
    own: &CertificateFacts,
    fleet: &'f Fleet,
    observed: &Observed,
) -> Option<&'f Authority> {
    let mut authorities = fleet.authorities.iter();
    authorities.find(|authority| {
        let found = observed.certificate(&authority.id());
        found.is_some_and(|found| signed_by(own, found))
    })
}

fn is_revoked(own: &CertificateFacts, fleet: &Fleet, observed: &Observed) -> bool {
    issuer(own, fleet, observed).is_some_and(|issuer| {
        let list = observed.crl(&issuer.name).facts();
        list.is_some_and(|file| file.list.entry(&own.serial).is_some())
    })
}

fn revoke(own: &CertificateFacts, issuer: Option<&Authority>) -> String {
    issuer.map_or_else(String::new, |issuer| {
        format!(
            "; for programs that read CRLs: certs revoke --serial {} --ca {}",
            to_hex(&own.serial),
            issuer.name
        )
    })
}

/// Whether a cluster trusts its clients or members by this CA.
fn is_of_cluster(name: &Name, fleet: &Fleet) -> bool {
    let members = fleet.hosts.values();
    let mut members = members.filter_map(|host| host.membership.as_ref());
    members.any(|membership| {
        let authorities = &membership.authorities;
        [
            &authorities.cluster,
            &authorities.etcd,
            &authorities.front_proxy,
        ]
        .contains(&name)
    })
}
