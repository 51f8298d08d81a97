//! The exported material: the artifact that a word matches, its chain, its key, the trusted roots.

use time::OffsetDateTime;

use crate::cli::error::CliError;
use crate::cli::project::{Project, store_error};
use crate::cli::suggestions;
use crate::cli::ui::Ui;
use crate::export::chain::{Candidates, Chain, trusted};
use crate::export::resource::ObjectName;
use crate::fleet::standing::described;
use crate::fleet::{
    Artifact, ArtifactId, Authority, Certificate, CertificateFile, FileState, Fleet, RelPath,
};
use crate::observe;
use crate::plan::Pattern;
use crate::render::words;
use crate::seal::OpenError;
use crate::x509::certificate::read::parse_pem_chain;
use crate::x509::crl::read as crl;
use crate::x509::key::signing::PrivateKey;
use crate::x509::{CertificateFacts, Moment, RevokedCertificate};

/// The one certificate of a host that a word means.
pub(super) fn leaf<'f>(
    project: &'f Project,
    pattern: &Pattern,
) -> Result<&'f Certificate, CliError> {
    let leaves = project.fleet.certificates.iter().collect();
    only(project, leaves, |leaf| leaf.id(), pattern, "certificate")
}

/// The one authority that a word means.
pub(super) fn authority<'f>(
    project: &'f Project,
    pattern: &Pattern,
) -> Result<&'f Authority, CliError> {
    let authorities = project.fleet.authorities.iter().collect();
    only(
        project,
        authorities,
        |authority| authority.id(),
        pattern,
        "authority",
    )
}

/// The one authority or certificate of a host that a word means.
pub(super) fn artifact<'f>(
    project: &'f Project,
    pattern: &Pattern,
) -> Result<Artifact<'f>, CliError> {
    let artifacts = project.fleet.artifacts().collect();
    only(project, artifacts, Artifact::id, pattern, "certificate")
}

fn only<T>(
    project: &Project,
    of: Vec<T>,
    id: impl Fn(&T) -> ArtifactId,
    pattern: &Pattern,
    kind: &str,
) -> Result<T, CliError> {
    let ids = of.iter().map(&id).collect();
    let wanted = one(project, ids, pattern, kind, |_| true)?;
    let mut of = of.into_iter();
    of.find(|item| id(item) == wanted)
        .ok_or_else(|| undeclared(pattern, kind))
}

/// The one of these that a word means. Only those worth it are named to who mistyped.
pub(super) fn one(
    project: &Project,
    ids: Vec<ArtifactId>,
    pattern: &Pattern,
    kind: &str,
    is_worth_naming: impl Fn(&ArtifactId) -> bool,
) -> Result<ArtifactId, CliError> {
    let mut found: Vec<ArtifactId> = ids
        .iter()
        .filter(|id| pattern.selects(id))
        .cloned()
        .collect();
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => {
            let near = ids.into_iter().filter(is_worth_naming);
            let error = undeclared(pattern, kind);
            Err(suggestions::explained(
                error,
                project,
                &pattern.to_string(),
                near,
            ))
        }
        several => {
            let ids: Vec<String> = found.iter().map(ToString::to_string).collect();
            Err(CliError::new(format!(
                "{pattern} means {}: {}",
                words::count(several, "certificate", "certificates"),
                words::some_of(&ids, 5)
            ))
            .hint("name one of them in full"))
        }
    }
}

fn undeclared(pattern: &Pattern, kind: &str) -> CliError {
    CliError::new(format!("{pattern} is no {kind} that is declared"))
}

/// The chain of an artifact, up to its root. Warns of a certificate that cannot last.
pub(super) fn chain(project: &Project, artifact: Artifact<'_>, ui: Ui) -> Result<Chain, CliError> {
    let path = &artifact.files().certificate;
    let own = read_chain(project, path)?.into_iter().next();
    let own = own.ok_or_else(|| missing(&artifact.id()))?;
    let above = project.fleet.issuers_of(artifact);
    let above: Vec<Candidates> = above
        .into_iter()
        .map(|authority| candidates(project, authority, ui))
        .collect::<Result<_, _>>()?;
    let chain = Chain::of(own, &above).map_err(|broken| {
        CliError::new(format!("{} has no chain to its root", artifact.id()))
            .cause(broken.to_string())
            .hint("`certs plan` says what is wrong with it")
    })?;
    let now = OffsetDateTime::now_utc();
    if chain.own.not_after <= now {
        ui.tell(&format!(
            "warning: {} expired {}; run `certs recreate` first\n",
            artifact.id(),
            Moment(chain.own.not_after)
        ));
    } else if chain.not_after() <= now {
        ui.tell(&format!(
            "warning: an issuer of {} expired {}; run `certs recreate` first\n",
            artifact.id(),
            Moment(chain.not_after())
        ));
    }
    let sent = std::iter::once(&chain.own).chain(&chain.intermediates);
    tell_of_revocations(project, artifact, sent, ui)?;
    Ok(chain)
}

/// Warns of revocations in a chain, which begins with the artifact's own certificate. It is exported anyway: an investigation may need that
/// very certificate.
pub(super) fn tell_of_revocations<'c>(
    project: &Project,
    artifact: Artifact<'_>,
    chain: impl Iterator<Item = &'c CertificateFacts>,
    ui: Ui,
) -> Result<(), CliError> {
    let issuers = project.fleet.issuers_of(artifact);
    let mut id = artifact.id();
    for (certificate, issuer) in chain.zip(issuers) {
        if let Some(entry) = revoked(project, issuer, certificate)? {
            let reason = entry.reason.map(|reason| format!(" ({reason})"));
            let cure = if id.is_authority() {
                format!("`certs recreate --replace {id}` makes another")
            } else {
                "run `certs recreate` first".to_owned()
            };
            ui.tell(&format!(
                "warning: {id} was revoked {}{}; {cure}\n",
                Moment(entry.revoked_at),
                reason.unwrap_or_default()
            ));
        }
        id = issuer.id();
    }
    Ok(())
}

/// The entry about a certificate in its issuer's list. Of a list that cannot be read `certs check` speaks.
fn revoked(
    project: &Project,
    issuer: &Authority,
    certificate: &CertificateFacts,
) -> Result<Option<RevokedCertificate>, CliError> {
    let file = project.root.read(&issuer.crl);
    let file = file.map_err(|error| store_error(&error))?;
    let list = file.and_then(|file| crl::parse_pem(&file.bytes).ok());
    let list = list.filter(|list| list.issuer.der() == certificate.issuer.der());
    Ok(list.and_then(|list| list.entry(&certificate.serial).cloned()))
}

fn candidates(project: &Project, authority: &Authority, ui: Ui) -> Result<Candidates, CliError> {
    Ok(Candidates {
        authority: authority.name.clone(),
        certificates: bundle(project, authority, ui)?,
    })
}

/// The trusted part of a CA's file: its own certificate and its known predecessors. A stranger is left out, and named.
pub(crate) fn bundle(
    project: &Project,
    authority: &Authority,
    ui: Ui,
) -> Result<Vec<CertificateFacts>, CliError> {
    let file = file_of(project, authority)?;
    for stranger in file.strangers() {
        ui.tell(&format!(
            "warning: {}; it is left out\nhint: {}\n",
            of_stranger(authority, stranger),
            cure_of_stranger(authority)
        ));
    }
    Ok(file.trusted().cloned().collect())
}

/// Whether the file itself can be named to a program, which trusts everything in it.
pub(super) fn check_file(project: &Project, authority: &Authority) -> Result<(), CliError> {
    let file = file_of(project, authority)?;
    let stranger = file.strangers().next();
    stranger.map_or(Ok(()), |stranger| {
        let error = CliError::new(of_stranger(authority, stranger));
        Err(error.hint(cure_of_stranger(authority)))
    })
}

fn of_stranger(authority: &Authority, stranger: &CertificateFacts) -> String {
    format!(
        "{} also trusts {}, which is not known as a predecessor",
        authority.files.certificate,
        described(stranger)
    )
}

fn cure_of_stranger(authority: &Authority) -> String {
    format!(
        "`certs check` says more; `certs recreate --retire {}` takes it out of the file",
        authority.id()
    )
}

fn file_of(project: &Project, authority: &Authority) -> Result<CertificateFile, CliError> {
    let path = &authority.files.certificate;
    // An unreadable file is reported like any other.
    read_chain(project, path)?;
    let found = observe::bundle(&project.root, &project.fleet, authority);
    match found.map_err(|error| store_error(&error))? {
        FileState::Sound { facts, .. } => Ok(facts),
        FileState::Missing => Err(missing(&authority.id())),
        FileState::Defective { defect, .. } => Err(CliError::new(format!("{path} cannot be used"))
            .cause(defect.detail)
            .hint("`certs plan` says what to do about it")),
    }
}

/// The trusted certificates of one root, under its name.
pub(super) struct Root {
    pub(super) name: String,
    pub(super) certificates: Vec<CertificateFacts>,
}

/// The roots of what the words mean, each once. Without a word there has to be one only: what is trusted is not guessed.
pub(super) fn roots(project: &Project, of: &[Pattern], ui: Ui) -> Result<Vec<Root>, CliError> {
    let fleet = &project.fleet;
    let mut wanted: Vec<&Authority> = Vec::new();
    if of.is_empty() {
        wanted.extend(only_root(fleet)?);
    }
    for pattern in of {
        let selected = fleet.artifacts().filter(|one| pattern.selects(&one.id()));
        let found: Vec<&Authority> = selected.filter_map(|one| root_of(fleet, one)).collect();
        if found.is_empty() {
            let ids = fleet.authorities.iter().map(Authority::id);
            let error = undeclared(pattern, "authority");
            return Err(suggestions::explained(
                error,
                project,
                &pattern.to_string(),
                ids,
            ));
        }
        for root in found {
            if wanted.iter().all(|known| known.name != root.name) {
                wanted.push(root);
            }
        }
    }
    wanted
        .into_iter()
        .map(|root| trusted_of(project, root, ui))
        .collect()
}

fn only_root(fleet: &Fleet) -> Result<Option<&Authority>, CliError> {
    let roots: Vec<&Authority> = fleet
        .authorities
        .iter()
        .filter(|one| one.is_root())
        .collect();
    match roots.as_slice() {
        [only] => Ok(Some(only)),
        [] => Err(CliError::new("no root authority is declared")
            .hint("declare one: certToolkit.cas.<name>.ca.commonName = \"…\"")),
        several => {
            let ids: Vec<String> = several.iter().map(|root| root.id().to_string()).collect();
            Err(CliError::new(format!(
                "there are {} roots: {}",
                several.len(),
                words::some_of(&ids, 5)
            ))
            .hint("name those that are to be trusted; 'ca/*' are all"))
        }
    }
}

/// The root of one artifact.
pub(super) fn roots_of(
    project: &Project,
    artifact: Artifact<'_>,
    ui: Ui,
) -> Result<Root, CliError> {
    let root = root_of(&project.fleet, artifact).ok_or_else(|| missing(&artifact.id()))?;
    trusted_of(project, root, ui)
}

fn root_of<'f>(fleet: &'f Fleet, artifact: Artifact<'f>) -> Option<&'f Authority> {
    let above = fleet.issuers_of(artifact).last().copied();
    above.or(match artifact {
        Artifact::Authority(authority) => Some(authority),
        Artifact::Leaf(_) => None,
    })
}

fn trusted_of(project: &Project, root: &Authority, ui: Ui) -> Result<Root, CliError> {
    let candidates = candidates(project, root, ui)?;
    let certificates: Vec<CertificateFacts> = trusted(&candidates, OffsetDateTime::now_utc())
        .into_iter()
        .cloned()
        .collect();
    if certificates.is_empty() {
        return Err(CliError::new(format!(
            "{} has no root certificate that is in date",
            root.id()
        ))
        .hint("`certs plan` says what to do about it"));
    }
    Ok(Root {
        name: root.name.to_string(),
        certificates,
    })
}

/// The private key, proved to be the one of the certificate.
pub(super) fn open_key(
    project: &Project,
    artifact: Artifact<'_>,
    own: &CertificateFacts,
    identity: &[String],
) -> Result<PrivateKey, CliError> {
    let id = artifact.id();
    if artifact.requested_key().is_some() {
        return Err(CliError::new(format!("the key of {id} is not here"))
            .cause("the certificate was issued for a CSR; its requester has the key")
            .hint("export the certificate without its key: certs export pem"));
    }
    let path = &artifact.files().key;
    let file = project
        .root
        .read(path)
        .map_err(|error| store_error(&error))?;
    let file = file.ok_or_else(|| no_key(&id, path))?;
    let failed = || CliError::new(format!("cannot open the key of {id} ({path})"));
    let identities = project.identities(identity)?;
    let opened = identities
        .open(&file.bytes)
        .map_err(|error| unopened(failed(), &error))?;
    let key = PrivateKey::from_pem(&opened).map_err(|error| failed().cause(error.to_string()))?;
    if own.key_fingerprint != key.fingerprint() {
        return Err(failed()
            .cause("it is not the key of its certificate")
            .hint("`certs plan` says what is wrong with the pair"));
    }
    Ok(key)
}

fn no_key(id: &ArtifactId, path: &RelPath) -> CliError {
    if id.is_authority() {
        CliError::new(format!("the key of {id} is not there")).hint(format!(
            "if it is kept offline, put it back for as long as this takes: {path}"
        ))
    } else {
        missing(id)
    }
}

fn unopened(failed: CliError, error: &OpenError) -> CliError {
    let failed = failed.cause(error.to_string());
    match error {
        OpenError::NoMatchingIdentity { .. } | OpenError::Refused { .. } => {
            failed.hint("give the identity of an operator it is sealed to: --identity FILE")
        }
        _ => failed.hint("`certs plan` says what is wrong with the file"),
    }
}

/// The certificates in a file of the project.
pub(super) fn read_chain(
    project: &Project,
    path: &RelPath,
) -> Result<Vec<CertificateFacts>, CliError> {
    let file = project
        .root
        .read(path)
        .map_err(|error| store_error(&error))?;
    let file = file.ok_or_else(|| {
        CliError::new(format!("{path} is not there")).hint("`certs recreate` makes it")
    })?;
    parse_pem_chain(&file.bytes).map_err(|defect| {
        CliError::new(format!("{path} cannot be used"))
            .cause(defect.to_string())
            .hint("`certs plan` says what to do about it")
    })
}

pub(super) fn missing(id: &ArtifactId) -> CliError {
    CliError::new(format!("{id} is not made yet")).hint("`certs recreate` makes it")
}

/// As typed, else made of what the artifact is called.
pub(super) fn object_name(
    typed: Option<&ObjectName>,
    artifact: &str,
    suffix: &str,
) -> Result<ObjectName, CliError> {
    let made = || ObjectName::made_of(&format!("{artifact}{suffix}"));
    typed.cloned().or_else(made).ok_or_else(|| {
        CliError::new(format!("{artifact:?} makes no name that Kubernetes takes"))
            .hint("choose one with --name")
    })
}
