//! From wire values to the declared fleet: every value becomes a type, every fault is collected.

use std::collections::{BTreeMap, BTreeSet};

use super::v1::{
    AuthorityV1, CertificateV1, HostV1, KeyV1, ManifestV1, NameConstraintsV1, NoticeV1, OwnerKeyV1,
};
use super::{Fault, KeyFiles, relations};
use crate::model::recipient::RecipientError;
use crate::model::subject::AttributeType;
use crate::model::usage::UsageError;
use crate::model::{
    Authority, Certificate, Declaration, Fleet, KeyAlgorithm, Lifetime, Name, NameConstraints,
    PairFiles, Recipient, RecipientSet, RelPath, San, Subject, Subtrees, Uri, Usages,
};

/// A fleet without faults, and what is worth telling all the same.
#[derive(Clone, Debug)]
pub struct Resolution {
    pub fleet: Fleet,
    pub warnings: Vec<Fault>,
}

pub(super) fn resolve(wire: &ManifestV1, key_files: &KeyFiles) -> Result<Resolution, Vec<Fault>> {
    let mut faults = Faults {
        list: wire.errors.iter().map(notice).collect(),
    };
    let dir = faults.keep("dir", &Context::option(&["dir"]), RelPath::new(&wire.dir));
    let authorities = resolve_authorities(wire, &mut faults);
    let certificates = resolve_hosts(wire, key_files, &mut faults);
    relations::report_shared_files(&authorities, &certificates, &mut faults);
    relations::report_outside(dir.as_ref(), &authorities, &certificates, &mut faults);
    let authorities = relations::order(authorities, &mut faults);
    relations::report_excluded_names(&authorities, &certificates, &mut faults);
    faults.drop_what_the_evaluation_said(wire);
    let said = wire.warnings.iter().map(notice);
    let warnings = said.chain(relations::unfit_usages(&certificates)).collect();
    match dir {
        Some(dir) if faults.list.is_empty() => Ok(Resolution {
            fleet: Fleet {
                dir,
                identities: wire.identities.clone(),
                authorities,
                certificates,
            },
            warnings,
        }),
        _ => Err(faults.list),
    }
}

/// Where a value stands, for the messages about it.
#[derive(Clone)]
pub(super) struct Context {
    /// `certificate apiserver of host cp1`.
    pub(super) subject: String,
    pub(super) option: Vec<String>,
    pub(super) hosts: Vec<String>,
}

impl Context {
    pub(super) fn option(path: &[&str]) -> Self {
        let option = path.iter().map(|part| (*part).to_owned()).collect();
        Self {
            subject: String::new(),
            option,
            hosts: Vec::new(),
        }
    }

    fn field(&self, field: &str) -> Vec<String> {
        self.option
            .iter()
            .cloned()
            .chain([field.to_owned()])
            .collect()
    }
}

pub(super) struct Faults {
    pub(super) list: Vec<Fault>,
}

impl Faults {
    /// What the evaluation reports of an option is not said a second time in other words.
    fn drop_what_the_evaluation_said(&mut self, wire: &ManifestV1) {
        let own = self.list.split_off(wire.errors.len());
        let is_news = |fault: &Fault| {
            fault.option.is_empty() || wire.errors.iter().all(|error| error.option != fault.option)
        };
        self.list.extend(own.into_iter().filter(is_news));
    }

    /// The name, or its error noted against the very option that bears it.
    fn keep_name(&mut self, context: &Context, name: &str) -> Option<Name> {
        Name::new(name)
            .map_err(|error| {
                self.push(
                    "invalid-name",
                    context.option.clone(),
                    context,
                    None,
                    error.to_string(),
                )
            })
            .ok()
    }

    /// The value, or its error noted against `field`.
    fn keep<T, E: std::fmt::Display>(
        &mut self,
        field: &str,
        context: &Context,
        result: Result<T, E>,
    ) -> Option<T> {
        result
            .map_err(|error| self.note(field, context, None, error.to_string()))
            .ok()
    }

    pub(super) fn note(
        &mut self,
        field: &str,
        context: &Context,
        word: Option<&str>,
        cause: String,
    ) {
        let is_field = context.option.last().is_some_and(|last| last == field);
        let option = if is_field {
            context.option.clone()
        } else {
            context.field(field)
        };
        self.push(
            &format!("invalid-{}", kebab(field)),
            option,
            context,
            word,
            cause,
        );
    }

    fn push(
        &mut self,
        code: &str,
        option: Vec<String>,
        context: &Context,
        word: Option<&str>,
        cause: String,
    ) {
        let message = if context.subject.is_empty() {
            cause
        } else {
            format!("{}: {cause}", context.subject)
        };
        self.list.push(Fault {
            code: code.to_owned(),
            message,
            cure: None,
            option,
            word: word.map(str::to_owned),
            hosts: context.hosts.clone(),
        });
    }
}

/// Enough of a name to recognise it by; one that is no name may have any length.
fn shortened(name: &str) -> String {
    const ENOUGH: usize = 100;
    match name.char_indices().nth(ENOUGH) {
        Some((end, _)) => format!("{}…", name.get(..end).unwrap_or_default()),
        None => name.to_owned(),
    }
}

fn kebab(field: &str) -> String {
    let mut out = String::new();
    for c in field.chars() {
        if c.is_ascii_uppercase() {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

fn notice(notice: &NoticeV1) -> Fault {
    Fault {
        code: notice.code.clone(),
        message: notice.message.clone(),
        cure: None,
        option: notice.option.clone(),
        word: None,
        hosts: notice.hosts.clone(),
    }
}

/// The fields authorities and leaves have in common.
#[allow(clippy::struct_field_names)] // `common_name` is X.520's word.
struct Common<'a> {
    common_name: &'a str,
    names: &'a [(String, String)],
    hosts: &'a [String],
    usages: &'a [String],
    expiry: &'a str,
    renew_before: Option<&'a str>,
    key: &'a KeyV1,
}

#[derive(Clone, Copy)]
enum Role {
    Authority,
    Leaf,
}

fn resolve_authorities(wire: &ManifestV1, faults: &mut Faults) -> Vec<Authority> {
    let authorities = wire.authorities.iter();
    authorities
        .filter_map(|(name, authority)| resolve_authority(wire, name, authority, faults))
        .collect()
}

fn resolve_authority(
    wire: &ManifestV1,
    name: &str,
    authority: &AuthorityV1,
    faults: &mut Faults,
) -> Option<Authority> {
    let context = Context {
        subject: format!("authority {}", shortened(name)),
        option: ["cas", name, "ca"].map(str::to_owned).to_vec(),
        hosts: authority.declared_by.clone(),
    };
    let outer = Context {
        option: vec!["cas".to_owned(), name.to_owned()],
        ..context.clone()
    };
    let resolved_name = faults.keep_name(&outer, name);
    let common = Common {
        common_name: &authority.common_name,
        names: &authority.names,
        hosts: &authority.hosts,
        usages: &authority.usages,
        expiry: &authority.expiry,
        renew_before: authority.renew_before.as_deref(),
        key: &authority.key,
    };
    let declaration = resolve_declaration(&common, Role::Authority, &context, faults);
    let issuer = resolve_issuer(wire, authority.issuer.as_deref(), &outer, faults);
    let path_length = authority.path_length.map(u32::try_from).transpose();
    let path_length = faults.keep(
        "pathLength",
        &context,
        path_length
            .map_err(|_| "pathLength must be a number from 0 upwards, or null for none".to_owned()),
    );
    let constraints = authority
        .name_constraints
        .as_ref()
        .map(name_constraints)
        .transpose();
    // An empty extension is not written (RFC 5280 §4.2.1.10), so empty constraints mean none.
    let constraints =
        constraints.map(|constraints| constraints.filter(|constraints| !constraints.is_empty()));
    let name_constraints = faults.keep("nameConstraints", &context, constraints);
    let crl_urls = resolve_urls("crlUrls", &authority.crl_urls, &outer, faults);
    let issuer_urls = resolve_urls("issuerUrls", &authority.issuer_urls, &outer, faults);
    let recipients = resolve_recipients("userAgeKeys", &authority.users, &context, faults);
    if authority.users.is_empty() {
        let cause = "no operator could open its key; list age or SSH public keys in certToolkit.userAgeKeys".to_owned();
        faults.note(
            "userAgeKeys",
            &Context {
                option: Vec::new(),
                ..context.clone()
            },
            None,
            cause,
        );
    }
    let files = resolve_files(
        &authority.files.certificate,
        &authority.files.key,
        &context,
        faults,
    );
    Some(Authority {
        name: resolved_name?,
        issuer: issuer?,
        declaration: declaration?,
        path_length: path_length?,
        depth_below: 0,
        name_constraints: name_constraints?,
        crl_urls,
        issuer_urls,
        files: files?,
        recipients,
        declared_by: authority.declared_by.clone(),
    })
}

/// `Some(None)` is a root; `None` a fault.
#[allow(clippy::option_option)]
fn resolve_issuer(
    wire: &ManifestV1,
    issuer: Option<&str>,
    context: &Context,
    faults: &mut Faults,
) -> Option<Option<Name>> {
    let Some(issuer) = issuer else {
        return Some(None);
    };
    if !wire.authorities.contains_key(issuer) {
        let cause = format!(
            "its issuer {issuer:?} is not declared; declare certToolkit.cas.{issuer} or name another"
        );
        faults.note("issuer", context, Some(issuer), cause);
        return None;
    }
    faults.keep("issuer", context, Name::new(issuer)).map(Some)
}

fn resolve_hosts(wire: &ManifestV1, key_files: &KeyFiles, faults: &mut Faults) -> Vec<Certificate> {
    let mut certificates = Vec::new();
    for (host, declared) in &wire.hosts {
        let context = Context {
            subject: format!("host {}", shortened(host)),
            option: Vec::new(),
            hosts: vec![host.clone()],
        };
        let name = faults.keep_name(&context, host);
        if declared.certificates.values().all(BTreeMap::is_empty) {
            continue;
        }
        let recipients = host_recipients(declared, key_files, &context, faults);
        for (authority, leaves) in &declared.certificates {
            for (leaf, certificate) in leaves {
                certificates.extend(resolve_leaf(
                    wire,
                    (host, authority, leaf),
                    name.as_ref(),
                    certificate,
                    &recipients,
                    faults,
                ));
            }
        }
    }
    certificates
}

fn host_recipients(
    host: &HostV1,
    key_files: &KeyFiles,
    context: &Context,
    faults: &mut Faults,
) -> RecipientSet {
    let users = resolve_recipients("userAgeKeys", &host.users, context, faults);
    if host.users.is_empty() {
        let cause = "no operator could open its keys; list age or SSH public keys in certToolkit.userAgeKeys".to_owned();
        faults.note("userAgeKeys", context, None, cause);
    }
    if host.owner_keys.is_empty() {
        let cause = "it has certificates and no host key to seal them to; set certToolkit.owningHostKey to its \
                     ssh_host_ed25519_key.pub (a path, or the line itself)"
            .to_owned();
        faults.note("owningHostKey", context, None, cause);
    }
    let mut lines: Vec<String> = Vec::new();
    for key in &host.owner_keys {
        match key {
            OwnerKeyV1::Key(line) => lines.push(line.clone()),
            OwnerKeyV1::File(path) => match key_files.get(path) {
                Some(Ok(text)) => match Recipient::parse(text) {
                    // One fault for the whole file, and none of its lines.
                    Err(error @ RecipientError::PrivateKey { .. }) => {
                        faults.note(
                            "owningHostKey",
                            context,
                            Some(path),
                            format!("{path}: {error}"),
                        );
                    }
                    Ok(_) | Err(_) => lines.extend(public_key_lines(text)),
                },
                Some(Err(cause)) => {
                    faults.note("owningHostKey", context, Some(path), cause.clone())
                }
                None => faults.note(
                    "owningHostKey",
                    context,
                    Some(path),
                    format!("{path} was not read"),
                ),
            },
        }
    }
    let owners = resolve_recipients("owningHostKey", &lines, context, faults);
    users.union(&owners)
}

/// One key a line, as in `authorized_keys`; blank lines and comments are not keys.
fn public_key_lines(text: &str) -> impl Iterator<Item = String> {
    let lines = text.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
}

fn resolve_leaf(
    wire: &ManifestV1,
    (host, authority, leaf): (&str, &str, &str),
    host_name: Option<&Name>,
    certificate: &CertificateV1,
    recipients: &RecipientSet,
    faults: &mut Faults,
) -> Option<Certificate> {
    let context = Context {
        subject: format!(
            "certificate {} of host {}",
            shortened(leaf),
            shortened(host)
        ),
        option: ["cas", authority, "certs", leaf]
            .map(str::to_owned)
            .to_vec(),
        hosts: vec![host.to_owned()],
    };
    let name = faults.keep_name(&context, leaf);
    if !wire.authorities.contains_key(authority) {
        faults.note(
            "certs",
            &context,
            None,
            format!("its authority {authority:?} is not declared"),
        );
    }
    let common = Common {
        common_name: &certificate.common_name,
        names: &certificate.names,
        hosts: &certificate.hosts,
        usages: &certificate.usages,
        expiry: &certificate.expiry,
        renew_before: certificate.renew_before.as_deref(),
        key: &certificate.key,
    };
    let declaration = resolve_declaration(&common, Role::Leaf, &context, faults);
    let files = resolve_files(
        &certificate.files.certificate,
        &certificate.files.key,
        &context,
        faults,
    );
    Some(Certificate {
        host: host_name?.clone(),
        // An authority's name that is no name is a fault of its own.
        authority: Name::new(authority).ok()?,
        name: name?,
        declaration: declaration?,
        files: files?,
        recipients: recipients.clone(),
    })
}

fn resolve_declaration(
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
                "the certificate would name nobody; give it a common name or list its names in hosts"
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
    let attributes = common.names.iter().chain(std::iter::once(&common_name));
    let mut typed = Vec::new();
    for (kind, value) in attributes.filter(|(_, value)| !value.is_empty()) {
        typed.push((
            faults.keep("names", context, AttributeType::parse(kind))?,
            value.clone(),
        ));
    }
    match Subject::new(typed) {
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

fn resolve_usages(words: &[String], context: &Context, faults: &mut Faults) -> Option<Usages> {
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

fn resolve_lifetime(
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

fn resolve_recipients(
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
            Ok(recipient) => recipients.push(recipient),
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

fn resolve_files(
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
fn file_named(path: &str, suffix: &str) -> Result<RelPath, String> {
    let path = RelPath::new(path).map_err(|error| error.to_string())?;
    if path.file_name().len() > suffix.len() && path.file_name().ends_with(suffix) {
        return Ok(path);
    }
    Err(format!("the name of `{path}` must end in {suffix}"))
}

fn name_constraints(wire: &NameConstraintsV1) -> Result<NameConstraints, String> {
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

fn resolve_urls(field: &str, urls: &[String], context: &Context, faults: &mut Faults) -> Vec<Uri> {
    let mut resolved = Vec::new();
    for url in urls {
        match Uri::parse(url) {
            Ok(uri) => resolved.push(uri),
            Err(error) => faults.note(field, context, Some(url), error.to_string()),
        }
    }
    resolved
}
