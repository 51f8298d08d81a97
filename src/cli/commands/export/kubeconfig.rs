//! `certs export kubeconfig`: a file with which a person is the user that a client certificate names.

use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::cli::args::KubeconfigArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::git;
use crate::cli::project::{Project, current_dir, store_error};
use crate::cli::ui::Ui;
use crate::export::kubeconfig::{Kubeconfig, Material, Server, Unfit, groups, user};
use crate::inspect::certificate::parse_pem_chain;
use crate::issue::certificate::to_pem;
use crate::issue::key::PrivateKey;
use crate::model::usage::edit_distance;
use crate::model::{
    Artifact, Authority, Certificate, CertificateFacts, Custody, ExtendedKeyUsage, Fleet,
    Membership, Moment, RelPath,
};
use crate::plan::Pattern;
use crate::render::words;
use crate::seal::OpenError;
use crate::store::outside;

pub(crate) fn run(args: &KubeconfigArgs, ui: Ui) -> Result<Exit, CliError> {
    let project = Project::load(&args.source, ui)?;
    let leaf = chosen(&project.fleet, &args.certificate)?;
    let output = Output::of(args, ui)?;
    let certificate = read_chain(&project, &leaf.files.certificate)?;
    let kubeconfig = describe(&project, leaf, &certificate, args, ui)?;
    output.write(&kubeconfig.to_yaml(), args.force, ui)?;
    Ok(Exit::Done)
}

/// Where the file goes.
enum Output {
    Stdout,
    New(PathBuf),
}

impl Output {
    /// Decided before any key is opened: nobody types a passphrase for a file that cannot be written.
    fn of(args: &KubeconfigArgs, ui: Ui) -> Result<Self, CliError> {
        match &args.output {
            Some(file) if file.as_os_str() == "-" => Ok(Self::Stdout),
            Some(file) => {
                let file = current_dir()?.join(file);
                if !args.force {
                    refuse_unwanted(&file, args)?;
                }
                Ok(Self::New(file))
            }
            None if args.reference || !ui.shows_stdout() => Ok(Self::Stdout),
            None => Err(CliError::new("the private key would be shown on the terminal").hint(
                "write a file with --output FILE; --output - shows it all the same, --reference names its file instead",
            )),
        }
    }

    fn write(&self, yaml: &Zeroizing<String>, force: bool, ui: Ui) -> Result<(), CliError> {
        let Self::New(file) = self else {
            ui.print(yaml);
            return Ok(());
        };
        let written = if force {
            outside::replace_secret(file, yaml.as_bytes())
        } else {
            outside::write_secret(file, yaml.as_bytes())
        };
        written.map_err(|error| {
            CliError::new(format!("cannot write {}", file.display())).cause(error.to_string())
        })?;
        ui.tell(&format!(
            "wrote {0}; try it: kubectl --kubeconfig {0} auth whoami\n",
            file.display()
        ));
        Ok(())
    }
}

fn refuse_unwanted(file: &Path, args: &KubeconfigArgs) -> Result<(), CliError> {
    if outside::exists(file) {
        return Err(
            CliError::new(format!("{} is there already", file.display()))
                .hint("name another file, or replace it with --force"),
        );
    }
    if !args.reference && git::would_commit(file) {
        return Err(CliError::new(format!(
            "{} is in a Git work tree that does not ignore it; the private key in it would be in the history with the next \
             `git add .`, and a history is not unwritten",
            file.display()
        ))
        .hint("write it elsewhere, list it in .gitignore, or insist with --force"));
    }
    Ok(())
}

/// The one certificate a word means.
fn chosen<'f>(fleet: &'f Fleet, pattern: &Pattern) -> Result<&'f Certificate, CliError> {
    let leaves = fleet.certificates.iter();
    let found: Vec<&Certificate> = leaves.filter(|leaf| pattern.selects(&leaf.id())).collect();
    match found.as_slice() {
        [only] => Ok(only),
        [] => Err(
            CliError::new(format!("{pattern} is no certificate that is declared"))
                .hint(near(fleet, &pattern.to_string())),
        ),
        several => {
            let ids: Vec<String> = several.iter().map(|leaf| leaf.id().to_string()).collect();
            Err(CliError::new(format!(
                "{pattern} means {}: {}",
                words::count(several.len(), "certificate", "certificates"),
                words::some_of(&ids, 5)
            ))
            .hint("name one of them in full"))
        }
    }
}

/// Client certificates, those with the most similar name first.
fn near(fleet: &Fleet, wanted: &str) -> String {
    let is_client = |leaf: &&Certificate| {
        let purposes = &leaf.declaration.usages.extended;
        purposes.is_empty() || purposes.contains(&ExtendedKeyUsage::ClientAuth)
    };
    let mut ids: Vec<String> = fleet
        .certificates
        .iter()
        .filter(is_client)
        .map(|leaf| leaf.id().to_string())
        .collect();
    ids.sort_by_key(|id| {
        let last = id.rsplit('/').next().unwrap_or_default();
        edit_distance(wanted, id).min(edit_distance(wanted, last))
    });
    if ids.is_empty() {
        "no client certificate is declared; `certs manifest` shows what is".to_owned()
    } else {
        format!("there are {}", words::some_of(&ids, 5))
    }
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
    let own = chain.first().ok_or_else(|| missing(leaf))?;
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
        embedded(project, leaf, membership, chain, args)?
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
    CliError::new(format!("{} makes nobody a user", leaf.id()))
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

/// What is no fault of the file and will not work all the same.
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
) -> Result<Materials, CliError> {
    let root = trusted_root(&project.fleet, leaf, membership)?;
    let bundle = read_chain(project, &root.files.certificate)?;
    let key = open_key(project, leaf, chain, args)?;
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
    path.components().collect::<PathBuf>().display().to_string()
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

/// The private key, proved to be the one of the certificate.
fn open_key(
    project: &Project,
    leaf: &Certificate,
    chain: &[CertificateFacts],
    args: &KubeconfigArgs,
) -> Result<Zeroizing<Vec<u8>>, CliError> {
    let path = &leaf.files.key;
    let file = project
        .root
        .read(path)
        .map_err(|error| store_error(&error))?;
    let file = file.ok_or_else(|| missing(leaf))?;
    let failed = || CliError::new(format!("cannot open the key of {} ({path})", leaf.id()));
    let identities = project.identities(&args.identity)?;
    let opened = identities
        .open(&file.bytes)
        .map_err(|error| unopened(failed(), &error))?;
    let key = PrivateKey::from_pem(&opened).map_err(|error| failed().cause(error.to_string()))?;
    let is_pair = chain
        .first()
        .is_some_and(|own| own.key_fingerprint == key.fingerprint());
    if !is_pair {
        return Err(failed()
            .cause("it is another key than the certificate beside it is for")
            .hint("`certs plan` says what is wrong with the pair"));
    }
    let pem = key
        .to_pem()
        .map_err(|error| failed().cause(error.to_string()))?;
    Ok(Zeroizing::new(pem.as_bytes().to_vec()))
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

fn read_chain(project: &Project, path: &RelPath) -> Result<Vec<CertificateFacts>, CliError> {
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

fn missing(leaf: &Certificate) -> CliError {
    CliError::new(format!("{} is not made yet", leaf.id())).hint("`certs recreate` makes it")
}
