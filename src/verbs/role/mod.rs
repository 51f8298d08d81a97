//! `certs role`: what roles there are, what one says to a request, and roles of Vault's as declarations.

use crate::cli::args::{ImportVaultArgs, RoleCommand, RoleListArgs, RoleShowArgs, RoleTestArgs};
use crate::cli::error::{CliError, Exit};
use crate::cli::input;
use crate::cli::project::Project;
use crate::cli::ui::Ui;
use crate::fleet::{Fleet, Name, Role};
use crate::policy::csr::{self, CsrFault, Taken};
use crate::policy::{Issuer, Request, RequestedKey, RequestedName, decide, judge, vault};
use crate::render::role as shown;
use crate::render::role::Trial;
use crate::x509::Usages;

pub(crate) fn run(command: &RoleCommand, ui: Ui) -> Result<Exit, CliError> {
    match command {
        RoleCommand::List(args) => list(args, ui),
        RoleCommand::Show(args) => show(args, ui),
        RoleCommand::Test(args) => test(args, ui),
        RoleCommand::ImportVault(args) => import_vault(args, ui),
    }
}

fn list(args: &RoleListArgs, ui: Ui) -> Result<Exit, CliError> {
    let project = Project::load(&args.source, ui)?;
    let roles = project.fleet.roles.values();
    if args.json {
        ui.print(&format!("{:#}\n", shown::json(roles)));
    } else {
        ui.print(&shown::list(roles, ui.stdout, ui.width()));
    }
    Ok(Exit::Done)
}

fn show(args: &RoleShowArgs, ui: Ui) -> Result<Exit, CliError> {
    let project = Project::load(&args.source, ui)?;
    let role = find(&project.fleet, &args.role)?;
    if args.json {
        ui.print(&format!("{:#}\n", shown::json(std::iter::once(role))));
    } else {
        ui.print(&shown::show(role));
    }
    Ok(Exit::Done)
}

fn test(args: &RoleTestArgs, ui: Ui) -> Result<Exit, CliError> {
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
        ui.print(&format!("{:#}\n", shown::trial_json(&trial)));
    } else {
        ui.print(&shown::trial(&trial, ui.stdout));
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
fn wish(args: &RoleTestArgs) -> Result<Wish, CliError> {
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

fn typed(args: &RoleTestArgs) -> Result<Request, CliError> {
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
    ui.tell(&shown::left_out(&imported));
    if args.json {
        ui.print(&format!(
            "{:#}\n",
            shown::manifest(&name, &authority, &imported)
        ));
    } else {
        ui.print(&shown::nix(&name, &authority, &imported));
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
