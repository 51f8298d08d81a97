//! Single values of the wire to types of the model; what is no such value is noted as a fault.

use std::collections::BTreeSet;

use super::Fault;
use super::faults::{Context, Faults};
use super::v1::{KeyV1, NameConstraintsV1};
use crate::fleet::{Declaration, PairFiles, RelPath};
use crate::seal::{Recipient, RecipientSet};
use crate::x509::name::{AttributeType, CommonNames};
use crate::x509::usage::UsageError;
use crate::x509::{KeyAlgorithm, Lifetime, NameConstraints, San, Subject, Subtrees, Uri, Usages};

/// The fields authorities and leaves have in common.
#[allow(clippy::struct_field_names)] // `common_name` is X.520's word.
pub(super) struct Common<'a> {
    pub(super) common_name: &'a str,
    pub(super) names: &'a [(String, String)],
    pub(super) hosts: &'a [String],
    pub(super) usages: &'a [String],
    pub(super) expiry: &'a str,
    pub(super) renew_before: Option<&'a str>,
    pub(super) key: &'a KeyV1,
    pub(super) common_names: CommonNames,
}

#[derive(Clone, Copy)]
pub(super) enum Role {
    Authority,
    Leaf,
}

pub(super) fn resolve_declaration(
    common: &Common<'_>,
    role: Role,
    context: &Context,
    faults: &mut Faults,
) -> Option<Declaration> {
    let subject = resolve_subject(common, context, faults);
    let sans = resolve_sans(common.hosts, context, faults);
    let usages = resolve_usages(common.usages, context, faults);
    let lifetime = resolve_lifetime("expiry", common.expiry, context, faults);
    let renew_before = match common.renew_before {
        None => Some(None),
        Some(text) => resolve_lifetime("renewBefore", text, context, faults).map(Some),
    };
    if let (Some(lifetime), Some(Some(before))) = (lifetime, renew_before)
        && before >= lifetime
    {
        let cause = format!(
            "renewBefore {before} is not shorter than expiry {lifetime}: it would be due at once"
        );
        faults.note("renewBefore", context, common.renew_before, cause);
    }
    let key = KeyAlgorithm::parse(&common.key.algo, common.key.size);
    let key = faults.keep("key", context, key)?;
    let usages = match role {
        Role::Authority => Ok(usages?.for_authority()),
        Role::Leaf => usages?.for_leaf(key),
    };
    let usages = faults.keep("usages", context, usages);
    if let (Some(subject), Some(sans)) = (&subject, &sans)
        && subject.is_empty()
        && (sans.is_empty() || matches!(role, Role::Authority))
    {
        let cause = match role {
            Role::Authority => {
                "an authority must have a subject (RFC 5280 §4.1.2.6); give it a common name"
            }
            Role::Leaf => {
                "the certificate would have no name; give it a common name or list its names in hosts"
            }
        };
        faults.note("commonName", context, None, cause.to_owned());
    }
    Some(Declaration {
        subject: subject?,
        sans: sans?,
        usages: usages?,
        lifetime: lifetime?,
        renew_before: renew_before?,
        key,
    })
}

fn resolve_subject(common: &Common<'_>, context: &Context, faults: &mut Faults) -> Option<Subject> {
    let common_name = ("CN".to_owned(), common.common_name.to_owned());
    resolve_attributes(
        common.names.iter().chain(std::iter::once(&common_name)),
        common.common_names,
        context,
        faults,
    )
}

/// Attributes without a value say that there are none.
pub(super) fn resolve_attributes<'a>(
    attributes: impl IntoIterator<Item = &'a (String, String)>,
    common_names: CommonNames,
    context: &Context,
    faults: &mut Faults,
) -> Option<Subject> {
    let mut typed = Vec::new();
    let attributes = attributes.into_iter();
    for (kind, value) in attributes.filter(|(_, value)| !value.is_empty()) {
        typed.push((
            faults.keep("names", context, AttributeType::parse(kind))?,
            value.clone(),
        ));
    }
    match Subject::with(typed, common_names) {
        Ok(subject) => Some(subject),
        Err(errors) => {
            for error in errors {
                let kind = error.kind();
                if kind == Some(&AttributeType::CommonName) {
                    faults.note("commonName", context, None, error.to_string());
                    continue;
                }
                let mut option = context.field("names");
                option.extend(kind.map(|kind| kind.short_name().to_owned()));
                faults.push("invalid-names", option, context, None, error.to_string());
            }
            None
        }
    }
}

fn resolve_sans(hosts: &[String], context: &Context, faults: &mut Faults) -> Option<BTreeSet<San>> {
    let before = faults.list.len();
    let mut sans = BTreeSet::new();
    for host in hosts {
        match San::parse(host) {
            Ok(san) => {
                sans.insert(san);
            }
            Err(error) => faults.note("hosts", context, Some(host), error.to_string()),
        }
    }
    (faults.list.len() == before).then_some(sans)
}

pub(super) fn resolve_usages(
    words: &[String],
    context: &Context,
    faults: &mut Faults,
) -> Option<Usages> {
    match Usages::parse(words) {
        Ok(usages) => Some(usages),
        Err(errors) => {
            for error in errors {
                let word = match &error {
                    UsageError::Unknown { word, .. } => word.as_str(),
                    UsageError::CertSignOnLeaf => "cert sign",
                };
                faults.note("usages", context, Some(word), error.to_string());
            }
            None
        }
    }
}

pub(super) fn resolve_lifetime(
    field: &str,
    text: &str,
    context: &Context,
    faults: &mut Faults,
) -> Option<Lifetime> {
    match Lifetime::parse(text) {
        Ok(lifetime) => Some(lifetime),
        Err(error) => {
            faults.note(field, context, Some(text), error.to_string());
            None
        }
    }
}

pub(super) fn resolve_recipients(
    field: &str,
    lines: &[String],
    context: &Context,
    faults: &mut Faults,
) -> RecipientSet {
    let mut recipients = Vec::new();
    let field_context = Context {
        option: Vec::new(),
        ..context.clone()
    };
    for line in lines {
        match Recipient::parse(line) {
            Ok(recipient) => {
                if let Some(other) = recipients.iter().find(|other| **other == recipient) {
                    doubt_repetition(field, &field_context, line, (other, &recipient), faults);
                }
                recipients.push(recipient);
            }
            Err(error) => {
                let already = faults
                    .list
                    .iter()
                    .any(|fault| fault.word.as_deref() == Some(line));
                if !already {
                    faults.note(field, &field_context, Some(line), error.to_string());
                }
            }
        }
    }
    recipients.into_iter().collect()
}

/// One key under two names: one of the two holders has probably no key in the list.
fn doubt_repetition(
    field: &str,
    context: &Context,
    line: &str,
    (first, second): (&Recipient, &Recipient),
    faults: &mut Faults,
) {
    let (Some(before), Some(again)) = (first.label(), second.label()) else {
        return;
    };
    let is_known = |doubt: &Fault| doubt.word.as_deref() == Some(line);
    if before == again || faults.doubts.iter().any(is_known) {
        return;
    }
    faults.doubts.push(Fault {
        subject: String::new(),
        code: "recipient-twice".to_owned(),
        message: format!(
            "{field} lists one public key twice, as {before:?} and as {again:?}: the key of one of them is missing"
        ),
        cure: None,
        option: context.field(field),
        word: Some(line.to_owned()),
        hosts: context.hosts.clone(),
    });
}

pub(super) fn resolve_files(
    certificate: &str,
    key: &str,
    context: &Context,
    faults: &mut Faults,
) -> Option<PairFiles> {
    let certificate = faults.keep("path", context, file_named(certificate, ".crt"));
    let key = faults.keep("keyPath", context, file_named(key, ".key.age"));
    Some(PairFiles {
        certificate: certificate?,
        key: key?,
    })
}

/// The suffixes keep pairs apart from everything else that lies in a project: what stands at a declared path is ours to
/// replace, and `flake.nix` or the inventory must not.
pub(super) fn file_named(path: &str, suffix: &str) -> Result<RelPath, String> {
    let path = RelPath::new(path).map_err(|error| error.to_string())?;
    if path.file_name().len() > suffix.len() && path.file_name().ends_with(suffix) {
        return Ok(path);
    }
    Err(format!("the name of `{path}` must end in {suffix}"))
}

pub(super) fn name_constraints(wire: &NameConstraintsV1) -> Result<NameConstraints, String> {
    let subtrees = |wire: &super::v1::SubtreesV1| {
        Subtrees::parse(&wire.dns, &wire.ip, &wire.email).map_err(|errors| {
            errors
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("; ")
        })
    };
    Ok(NameConstraints {
        permitted: subtrees(&wire.permitted)?,
        excluded: subtrees(&wire.excluded)?,
    })
}

pub(super) fn resolve_urls(
    field: &str,
    urls: &[String],
    context: &Context,
    faults: &mut Faults,
) -> Vec<Uri> {
    let mut resolved = Vec::new();
    for url in urls {
        match Uri::parse(url) {
            Ok(uri) => resolved.push(uri),
            Err(error) => faults.note(field, context, Some(url), error.to_string()),
        }
    }
    resolved
}
