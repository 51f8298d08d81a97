//! `certs export kubeconfig`: a file with which a person is the user that a client certificate names.

use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::arguments::KubeconfigArgs;
use super::material::{
    self, bundle, check_file, missing, open_key, read_chain, tell_of_revocations,
};
use super::output::{Content, Output, typed};
use crate::cli::environment::current_dir;
use crate::cli::error::{CliError, Exit};
use crate::cli::project::Project;
use crate::cli::ui::Ui;
use crate::export::kubeconfig::{Kubeconfig, Material, Server, Unfit, groups, user};
use crate::fleet::{
    Artifact, ArtifactId, Authority, Certificate, Custody, Fleet, Membership, RelPath,
};
use crate::plan::Pattern;
use crate::render::words::{self, shown};
use crate::x509::certificate::write::to_pem;
use crate::x509::{CertificateFacts, ExtendedKeyUsage, Moment};

pub(crate) fn run(args: &KubeconfigArgs, ui: Ui) -> Result<Exit, CliError> {
    let project = Project::load(&args.source, ui)?;
    let leaf = chosen(&project, &args.certificate)?;
    let content = if args.reference {
        Content::Text
    } else {
        Content::Secret
    };
    let output = Output::of(content, &args.out, ui)?;
    let certificate = read_chain(&project, &leaf.files.certificate)?;
    tell_of_revocations(&project, Artifact::Leaf(leaf), certificate.iter(), ui)?;
    let kubeconfig = describe(&project, leaf, &certificate, args, ui)?;
    output.write(kubeconfig.to_yaml().as_bytes(), ui)?;
    if let Some(file) = output.file() {
        ui.tell(&format!(
            "wrote {0}; try it: kubectl --kubeconfig {0} auth whoami\n",
            shown(&typed(file))
        ));
    }
    Ok(Exit::Done)
}

/// The one certificate that a word matches. The error for a mistyped word lists client certificates.
fn chosen<'f>(project: &'f Project, pattern: &Pattern) -> Result<&'f Certificate, CliError> {
    let fleet = &project.fleet;
    let is_client = |id: &ArtifactId| {
        let leaf = fleet.certificates.iter().find(|leaf| leaf.id() == *id);
        let purposes = leaf.map(|leaf| &leaf.declaration.usages.extended);
        purposes.is_some_and(|purposes| {
            purposes.is_empty() || purposes.contains(&ExtendedKeyUsage::ClientAuth)
        })
    };
    let ids = fleet.certificates.iter().map(Certificate::id).collect();
    let id = material::one(project, ids, pattern, "certificate", is_client)?;
    let mut leaves = fleet.certificates.iter();
    leaves
        .find(|leaf| leaf.id() == id)
        .ok_or_else(|| missing(&id))
}

fn describe(
    project: &Project,
    leaf: &Certificate,
    chain: &[CertificateFacts],
    args: &KubeconfigArgs,
    ui: Ui,
) -> Result<Kubeconfig, CliError> {
    let host = project.fleet.hosts.get(&leaf.host);
    let membership = host.and_then(|host| host.membership.as_ref());
    let own = chain.first().ok_or_else(|| missing(&leaf.id()))?;
    let name = user(own).map_err(|unfit| no_user(leaf, &unfit))?;
    let server = server(&project.fleet, leaf, membership, args)?;
    let declared_cluster =
        || membership.map_or_else(|| leaf.authority.to_string(), |own| own.cluster.clone());
    let cluster = args.cluster.clone().unwrap_or_else(declared_cluster);
    let user = args.user.clone().unwrap_or_else(|| name.to_owned());
    let own_context = || format!("{user}@{cluster}");
    let (authority, certificate, key) = if args.reference {
        referenced(project, leaf, membership, args)?
    } else {
        embedded(project, leaf, membership, chain, args, ui)?
    };
    warn(leaf, own, membership, ui);
    ui.tell(&words::printable(&summary(name, own, &server)));
    Ok(Kubeconfig {
        context: args.context.clone().unwrap_or_else(own_context),
        cluster,
        server,
        authority,
        user,
        certificate,
        key,
        namespace: args.namespace.clone(),
    })
}

fn no_user(leaf: &Certificate, unfit: &Unfit) -> CliError {
    CliError::new(format!("{} does not name a user", leaf.id()))
        .cause(unfit.to_string())
        .hint("declare a common name and the usage \"client auth\", then run `certs recreate`")
}

/// `ada of kubeadm:cluster-admins, at https://api.example.org:6443, until 2027-01-01`.
fn summary(name: &str, own: &CertificateFacts, server: &Server) -> String {
    let groups = match groups(own).as_slice() {
        [] => String::new(),
        groups => format!(" of {}", groups.join(", ")),
    };
    format!(
        "{name}{groups}, at {server}, until {}\n",
        Moment(own.not_after)
    )
}

/// Warns of problems that are not an error of the file and still keep it from working.
fn warn(leaf: &Certificate, own: &CertificateFacts, membership: Option<&Membership>, ui: Ui) {
    let id = leaf.id();
    if own.not_after <= OffsetDateTime::now_utc() {
        ui.tell(&format!(
            "warning: {id} expired {}; run `certs recreate` first\n",
            Moment(own.not_after)
        ));
    }
    let trusted = membership.map(|own| &own.authorities.cluster);
    if let Some(trusted) = trusted.filter(|trusted| **trusted != leaf.authority) {
        ui.tell(&format!(
            "warning: {id} is issued by ca/{}, and the API servers of the cluster know their clients by ca/{trusted}\n",
            leaf.authority
        ));
    }
}

/// As typed, else as the host declares it, else as another host of its cluster does.
fn server(
    fleet: &Fleet,
    leaf: &Certificate,
    membership: Option<&Membership>,
    args: &KubeconfigArgs,
) -> Result<Server, CliError> {
    let members = fleet
        .hosts
        .values()
        .filter_map(|host| host.membership.as_ref());
    let of_the_cluster =
        members.filter(|other| membership.is_some_and(|own| own.cluster == other.cluster));
    let mut declared = membership.into_iter().chain(of_the_cluster);
    let endpoint = declared.find_map(|own| own.endpoint.as_deref());
    let text = args.server.as_deref().or(endpoint).ok_or_else(|| {
        CliError::new(format!(
            "where the API server of {} is, is not declared",
            leaf.host
        ))
        .hint("say it with --server URL, or declare certToolkit.kubernetes.controlPlaneEndpoint")
    })?;
    Server::parse(text).map_err(|error| {
        CliError::new(error.to_string()).hint("like --server https://api.example.org:6443")
    })
}

/// Authority, certificate and key.
type Materials = (Material, Material, Material);

fn embedded(
    project: &Project,
    leaf: &Certificate,
    membership: Option<&Membership>,
    chain: &[CertificateFacts],
    args: &KubeconfigArgs,
    ui: Ui,
) -> Result<Materials, CliError> {
    let root = trusted_root(&project.fleet, leaf, membership)?;
    let bundle = bundle(project, root, ui)?;
    let own = chain.first().ok_or_else(|| missing(&leaf.id()))?;
    let key = open_key(project, Artifact::Leaf(leaf), own, &args.out.identity.files)?;
    let key = key.to_pem().map_err(|error| CliError::from_error(&error))?;
    let key = Zeroizing::new(key.as_bytes().to_vec());
    let pem = |certificates: &[CertificateFacts]| {
        let text: String = certificates
            .iter()
            .map(|facts| to_pem(&facts.der))
            .collect();
        Material::Embedded(Zeroizing::new(text.into_bytes()))
    };
    Ok((pem(&bundle), pem(chain), Material::Embedded(key)))
}

/// The files as they lie in the project, and the key where agenix puts it.
fn referenced(
    project: &Project,
    leaf: &Certificate,
    membership: Option<&Membership>,
    args: &KubeconfigArgs,
) -> Result<Materials, CliError> {
    let root = trusted_root(&project.fleet, leaf, membership)?;
    check_file(project, root)?;
    let here = current_dir()?;
    let file = |path: &RelPath| {
        let path = here.join(project.root.path()).join(path.as_str());
        Material::File(plain(&path))
    };
    let key = match (&args.key_file, &leaf.custody) {
        (Some(file), _) => file.clone(),
        (None, Custody::Host) => format!(
            "/run/agenix/derived-{}-{}-{}",
            leaf.host, leaf.authority, leaf.name
        ),
        (None, Custody::Operators | Custody::Requester(_)) => {
            return Err(CliError::new(format!(
                "the key of {} is on no host, so there is no file to name",
                leaf.id()
            ))
            .hint("leave out --reference, or say with --key-file FILE where the key will be"));
        }
    };
    Ok((
        file(&root.files.certificate),
        file(&leaf.files.certificate),
        Material::File(key),
    ))
}

/// Without `.` between its parts.
fn plain(path: &Path) -> String {
    path.components()
        .collect::<PathBuf>()
        .to_string_lossy()
        .into_owned()
}

/// The root of the authority that the API servers have their certificates from. With it alone, and with nothing below it, every
/// chain is verified, whichever intermediate issues tomorrow.
fn trusted_root<'f>(
    fleet: &'f Fleet,
    leaf: &'f Certificate,
    membership: Option<&Membership>,
) -> Result<&'f Authority, CliError> {
    let authority = membership
        .and_then(|own| fleet.authority(&own.authorities.cluster))
        .or_else(|| fleet.authority(&leaf.authority));
    let undeclared = || CliError::new(format!("ca/{} is not declared", leaf.authority));
    let authority = authority.ok_or_else(undeclared)?;
    let above = fleet.issuers_of(Artifact::Authority(authority));
    Ok(above.last().copied().unwrap_or(authority))
}
