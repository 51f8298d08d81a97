//! `certs role`: what roles there are, what one says to a request, and roles of Vault's as declarations.

mod view;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use view::Trial;

use crate::cli::arguments::SourceArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::input;
use crate::cli::project::Project;
use crate::cli::ui::Ui;
use crate::fleet::{Fleet, Name, Role};
use crate::policy::csr::{self, CsrFault, Taken};
use crate::policy::{Issuer, Request, RequestedKey, RequestedName, decide, judge, vault};
use crate::x509::{Lifetime, Usages};

/// Show roles, and test what they allow.
///
/// A role says what may be issued that is not in the declaration. Needs no key.
#[derive(Debug, Args)]
pub(crate) struct RoleArgs {
    #[command(subcommand)]
    pub command: RoleCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RoleCommand {
    /// List the declared roles.
    #[command(
        after_help = "Examples:\n  certs role list\n  certs role list --json | jq '.roles[].name'"
    )]
    List(ListArgs),
    /// Show every rule of a role.
    #[command(after_help = "Example:\n  certs role show lab")]
    Show(ShowArgs),
    /// Test a request against a role, without issuing.
    ///
    /// Shows the verdict on each name, and the certificate that would be issued.
    #[command(
        after_help = "Exits with 0 if everything asked for is allowed, with 1 if anything is refused; with --refused the other way \
                            round: with 0 if no name is allowed.\n\nExamples:\n  certs role test lab nas.lab.example.org 192.168.100.7\n  \
                            certs role test lab nas.lab.example.org --ttl 90d --usage 'server auth'\n  \
                            certs role test lab --refused example.com '*.lab.example.org' localhost\n  \
                            certs role test lab --csr nas.csr"
    )]
    Test(TestArgs),
    /// Print a Vault or OpenBao PKI role as a declaration.
    ///
    /// Names the defaults that the role relied on.
    #[command(
        after_help = "FILE holds what `vault read -format=json pki_int/roles/NAME` prints, the fields alone as JSON, or the words of \
                            `vault write pki_int/roles/NAME field=value …`. Fields without a counterpart are listed on standard error.\n\n\
                            Examples:\n  certs role import-vault lab.json --name lab --authority lab-intermediate\n  \
                            vault read -format=json pki_int/roles/lab | certs role import-vault - --name lab\n  \
                            certs role import-vault role.sh --json"
    )]
    ImportVault(ImportVaultArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// Print the roles as JSON (docs/schema/role-list.json).
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// A declared role, by its name.
    #[arg(value_name = "ROLE", value_parser = |text: &str| Name::new(text))]
    pub role: Name,
    #[command(flatten)]
    pub source: SourceArgs,
    /// Print the role as JSON (docs/schema/role-show.json).
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// A declared role, by its name.
    #[arg(value_name = "ROLE", value_parser = |text: &str| Name::new(text))]
    pub role: Name,
    /// Names to ask for: DNS names, IP addresses, e-mail addresses, URIs.
    #[arg(value_name = "NAME", required_unless_present_any = ["csr", "common_name"])]
    pub names: Vec<String>,
    /// The common name to ask for.
    #[arg(long, value_name = "NAME")]
    pub common_name: Option<String>,
    /// A CSR, PEM or DER, that asks for its names too; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    pub csr: Option<PathBuf>,
    /// The lifetime to ask for. Default: that of the role.
    #[arg(long, value_name = "LIFETIME", value_parser = |text: &str| Lifetime::parse(text))]
    pub ttl: Option<Lifetime>,
    /// A usage to ask for; may be given several times. Default: all of the role.
    #[arg(long, value_name = "USAGE")]
    pub usage: Vec<String>,
    /// Expect every name to be refused.
    #[arg(long, conflicts_with_all = ["csr", "common_name"], requires = "names")]
    pub refused: bool,
    #[command(flatten)]
    pub source: SourceArgs,
    /// Print the verdicts as JSON (docs/schema/role-test.json).
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ImportVaultArgs {
    /// The role as JSON or as a command; `-` is standard input.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The name of the role. Default: as in the command, or the name of the file.
    #[arg(long, value_name = "ROLE", value_parser = |text: &str| Name::new(text))]
    pub name: Option<Name>,
    /// The CA that signs, by its name in `cas`. Default: the mount of the command.
    #[arg(long, value_name = "CA", value_parser = |text: &str| Name::new(text))]
    pub authority: Option<Name>,
    /// Print the role as the manifest has it, as JSON (docs/schema/role-import-vault.json).
    #[arg(long)]
    pub json: bool,
}

pub(crate) fn run(args: &RoleArgs, ui: Ui) -> Result<Exit, CliError> {
    match &args.command {
        RoleCommand::List(args) => list(args, ui),
        RoleCommand::Show(args) => show(args, ui),
        RoleCommand::Test(args) => test(args, ui),
        RoleCommand::ImportVault(args) => import_vault(args, ui),
    }
}

fn list(args: &ListArgs, ui: Ui) -> Result<Exit, CliError> {
    let project = Project::load(&args.source, ui)?;
    let roles = project.fleet.roles.values();
    if args.json {
        ui.print(&format!("{:#}\n", view::json(roles)));
    } else {
        ui.print(&view::list(roles, ui.stdout, ui.width()));
    }
    Ok(Exit::Done)
}

fn show(args: &ShowArgs, ui: Ui) -> Result<Exit, CliError> {
    let project = Project::load(&args.source, ui)?;
    let role = find(&project.fleet, &args.role)?;
    if args.json {
        ui.print(&format!("{:#}\n", view::json(std::iter::once(role))));
    } else {
        ui.print(&view::show(role));
    }
    Ok(Exit::Done)
}

fn test(args: &TestArgs, ui: Ui) -> Result<Exit, CliError> {
    let project = Project::load(&args.source, ui)?;
    let role = find(&project.fleet, &args.role)?;
    let issuer = Issuer::of(role, &project.fleet);
    let wish = wish(args)?;
    let request = &wish.request;
    let verdict = |name: &RequestedName| (name.clone(), judge(role, &issuer, name));
    let trial = Trial {
        role,
        names: request.sans.iter().map(verdict).collect(),
        decision: if wish.faults.is_empty() {
            decide(role, &issuer, request)
        } else {
            Err(Vec::new())
        },
        faults: wish.faults,
        ignored: wish.ignored,
    };
    if args.json {
        ui.print(&format!("{:#}\n", view::trial_json(&trial)));
    } else {
        ui.print(&view::trial(&trial, ui.stdout));
    }
    let is_as_expected = if args.refused {
        trial.names.iter().all(|(_, verdict)| verdict.is_err())
    } else {
        trial.decision.is_ok()
    };
    Ok(if is_as_expected {
        Exit::Done
    } else {
        Exit::Failed
    })
}

/// The requested certificate, and the objections before the role is asked.
struct Wish {
    request: Request,
    faults: Vec<CsrFault>,
    ignored: Vec<String>,
}

/// Options add to the names of a CSR, and override everything else in it.
fn wish(args: &TestArgs) -> Result<Wish, CliError> {
    let typed = typed(args)?;
    let Some(file) = &args.csr else {
        return Ok(Wish {
            request: typed,
            faults: Vec::new(),
            ignored: Vec::new(),
        });
    };
    let Taken { request, ignored } = match csr::read(&input::request(file)?) {
        Ok(taken) => taken,
        Err(faults) => {
            return Ok(Wish {
                request: typed,
                faults,
                ignored: Vec::new(),
            });
        }
    };
    Ok(Wish {
        request: Request {
            common_name: typed.common_name.or(request.common_name),
            sans: [request.sans, typed.sans].concat(),
            lifetime: typed.lifetime,
            key: request.key,
            usages: typed.usages.or(request.usages),
        },
        faults: Vec::new(),
        ignored: ignored.iter().map(ToString::to_string).collect(),
    })
}

fn typed(args: &TestArgs) -> Result<Request, CliError> {
    let usages = match args.usage.as_slice() {
        [] => None,
        words => Some(Usages::parse(words).map_err(|errors| {
            let error = CliError::new("cannot ask for these usages");
            errors
                .iter()
                .fold(error, |error, cause| error.cause(cause.to_string()))
        })?),
    };
    Ok(Request {
        common_name: args.common_name.clone(),
        sans: args
            .names
            .iter()
            .cloned()
            .map(RequestedName::Text)
            .collect(),
        lifetime: args.ttl,
        key: RequestedKey::Generate,
        usages,
    })
}

fn find<'a>(fleet: &'a Fleet, name: &Name) -> Result<&'a Role, CliError> {
    fleet.roles.get(name).ok_or_else(|| {
        let error = CliError::new(format!("there is no role {name}"));
        let known: Vec<&str> = fleet.roles.keys().map(Name::as_str).collect();
        if known.is_empty() {
            error.hint(format!(
                "declare it: certToolkit.roles.{name}.authority = …"
            ))
        } else {
            error.hint(format!("declared are {}", known.join(", ")))
        }
    })
}

fn import_vault(args: &ImportVaultArgs, ui: Ui) -> Result<Exit, CliError> {
    let file = input::name_of(&args.file);
    let text = String::from_utf8(input::bytes(&args.file)?.to_vec())
        .map_err(|_| CliError::new(format!("{file} is not UTF-8")))?;
    let imported = vault::import(&text).map_err(|error| {
        CliError::new(format!("{file} holds no role of Vault"))
            .cause(error.to_string())
            .hint("vault read -format=json <mount>/roles/<name> prints one")
    })?;
    let stem = args.file.file_stem().and_then(|stem| stem.to_str());
    let stem = stem.filter(|stem| *stem != "-").map(str::to_owned);
    let name = chosen(args.name.as_ref(), imported.name.clone().or(stem), "--name")?;
    let authority = chosen(
        args.authority.as_ref(),
        imported.mount.clone(),
        "--authority",
    )?;
    ui.tell(&view::left_out(&imported));
    if args.json {
        ui.print(&format!(
            "{:#}\n",
            view::manifest(&name, &authority, &imported)
        ));
    } else {
        ui.print(&view::nix(&name, &authority, &imported));
    }
    Ok(Exit::Done)
}

/// The option, or else the value from the file, if it can be a name.
fn chosen(typed: Option<&Name>, found: Option<String>, option: &str) -> Result<Name, CliError> {
    if let Some(name) = typed {
        return Ok(name.clone());
    }
    let what = option.trim_start_matches('-');
    let Some(found) = found else {
        return Err(
            CliError::new(format!("the {what} of the role is not said anywhere"))
                .hint(format!("say it with {option}")),
        );
    };
    // Mounts may lie in each other.
    Name::new(&found.replace('/', "-")).map_err(|error| {
        CliError::new(format!("{found:?} cannot be the {what} of the role"))
            .cause(error.to_string())
            .hint(format!("say another with {option}"))
    })
}
