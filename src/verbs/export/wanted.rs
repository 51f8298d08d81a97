//! The certificate requested from cert-manager: as it is declared, or with names that are not declared.

use super::arguments::WantedArgs;
use super::material::{leaf, object_name};
use super::secret::SUFFIX;
use crate::cli::error::CliError;
use crate::cli::project::Project;
use crate::cli::ui::Ui;
use crate::export::issuer::IssuerRef;
use crate::export::resource::{Object, ObjectName};
use crate::fleet::Declaration;
use crate::x509::{ExtendedKeyUsage, KeyAlgorithm, Lifetime, Subject, Usages};

/// cert-manager's own default: 90 days.
const USUAL_LIFETIME: &str = "2160h";

pub(super) struct Wanted {
    pub(super) object: Object,
    pub(super) declaration: Declaration,
    pub(super) secret: ObjectName,
    pub(super) issuer: Option<IssuerRef>,
}

pub(super) fn wanted(args: &WantedArgs, ui: Ui) -> Result<Wanted, CliError> {
    let (name, declaration) = match &args.certificate {
        Some(pattern) => {
            let project = Project::load(&args.source, ui)?;
            let leaf = leaf(&project, pattern)?;
            let name = object_name(args.name.as_ref(), leaf.name.as_str(), "")?;
            (name, leaf.declaration.clone())
        }
        None => (object_name(args.name.as_ref(), "", "")?, of_names(args)?),
    };
    let secret = object_name(args.secret_name.as_ref(), &name.to_string(), SUFFIX)?;
    Ok(Wanted {
        object: Object::new(name, args.namespace.namespace.clone()),
        declaration,
        secret,
        issuer: issuer(args),
    })
}

fn issuer(args: &WantedArgs) -> Option<IssuerRef> {
    if let Some(name) = &args.cluster_issuer {
        return Some(IssuerRef::Cluster(name.clone()));
    }
    let name = args.issuer.clone()?;
    Some(match (&args.issuer_kind, &args.issuer_group) {
        (Some(kind), Some(group)) => IssuerRef::External {
            name,
            kind: kind.clone(),
            group: group.clone(),
        },
        _ => IssuerRef::Namespaced(name),
    })
}

/// A certificate for servers. Without a common name: clients have looked at the names alone for years (RFC 9525 §2).
fn of_names(args: &WantedArgs) -> Result<Declaration, CliError> {
    let key = KeyAlgorithm::EcdsaP256;
    let usages = Usages {
        extended: [ExtendedKeyUsage::ServerAuth].into(),
        ..Usages::default()
    };
    Ok(Declaration {
        subject: Subject::default(),
        sans: args.san.iter().cloned().collect(),
        usages: usages
            .for_leaf(key)
            .map_err(|error| CliError::from_error(&error))?,
        lifetime: Lifetime::parse(USUAL_LIFETIME).map_err(|error| CliError::from_error(&error))?,
        renew_before: None,
        key,
    })
}
