//! `certs host scan`: compares the key of a running host with the declared one.

use std::time::Duration;

use super::{Declared, HostScanArgs, Hosts, fingerprint};
use crate::cli::endpoint::Endpoint;
use crate::cli::error::{CliError, Exit};
use crate::cli::ssh::{self, HostKey};
use crate::cli::ui::Ui;
use crate::fleet::Name;
use crate::render::words::printable;
use crate::seal::Recipient;
use crate::store::outside;

/// Where SSH servers listen.
const PORT: u16 = 22;

pub(crate) fn run(args: &HostScanArgs, ui: Ui) -> Result<Exit, CliError> {
    let endpoint = Endpoint::with_default_port(&args.address, PORT).ok_or_else(|| {
        CliError::new(format!("{:?} is no address of a host", args.address))
            .hint("like web1, web1:2222, 10.0.0.7 or [fd00::7]:2222")
    })?;
    let name = name(args, &endpoint)?;
    let hosts = Hosts::load(&args.source)?;
    let found = ssh::host_key(&endpoint, Duration::from_secs(args.timeout.get().into()))?;
    let key = Recipient::parse(&found.line).map_err(|error| CliError::from_error(&error))?;
    ui.print(&shown(&endpoint, &found, &key));
    let owner = hosts.owner(name.as_str());
    let declared = owner
        .map(|owner| hosts.declared(&owner))
        .unwrap_or_default();
    if declared.iter().any(|other| other.key.as_ref() == Ok(&key)) {
        ui.print(&format!("This is the key that is declared for {name}.\n"));
        return Ok(Exit::Done);
    }
    if args.accept {
        accept(args, &hosts, &name, &found, &declared, ui)?;
        return Ok(Exit::Done);
    }
    if let Some(others) = known(&declared) {
        return Err(CliError::new(format!(
            "this is not the key that is declared for {name}, {others}"
        ))
        .hint("if the host was installed anew, compare the fingerprint at its console, then run this again with --accept"));
    }
    ui.tell(&format!(
        "no key is there for {name}; compare the fingerprint at its console, then run this again with --accept\n"
    ));
    Ok(Exit::Pending)
}

/// Names of hosts are short, their addresses often are not.
fn name(args: &HostScanArgs, endpoint: &Endpoint) -> Result<Name, CliError> {
    if let Some(name) = &args.name {
        return Ok(name.clone());
    }
    let host = endpoint.host();
    let nameless = || {
        CliError::new(format!("which host {host} is, its address does not say"))
            .hint("say it with --name NAME")
    };
    if host.parse::<std::net::IpAddr>().is_ok() {
        return Err(nameless());
    }
    let first = host.split('.').next().unwrap_or_default();
    Name::new(first).map_err(|_| nameless())
}

fn shown(endpoint: &Endpoint, found: &HostKey, key: &Recipient) -> String {
    format!(
        "{endpoint}  {}  {}\n{}\n",
        fingerprint(key),
        printable(&found.software),
        found.line
    )
}

/// The fingerprints of the keys that are declared and can be read.
fn known(declared: &[Declared]) -> Option<String> {
    let keys: Vec<String> = declared
        .iter()
        .filter_map(|declared| declared.key.as_ref().ok())
        .map(fingerprint)
        .collect();
    (!keys.is_empty()).then(|| keys.join(", "))
}

fn accept(
    args: &HostScanArgs,
    hosts: &Hosts,
    name: &Name,
    found: &HostKey,
    declared: &[Declared],
    ui: Ui,
) -> Result<(), CliError> {
    let place = hosts.place(name, &args.place);
    // A key that stands in the declaration itself, or that Nix read, is in a file that only its writer knows.
    let is_elsewhere = declared.iter().any(|declared| declared.file.is_none())
        && args.place.public_key.is_none()
        && !outside::exists(&place.public_path());
    if is_elsewhere {
        return Err(CliError::new(format!(
            "where the key of {name} is declared cannot be told from here"
        ))
        .hint(
            "name its file with --public-key FILE, or write the line above into the declaration",
        ));
    }
    place.write_public(&format!("{} root@{name}", found.line), ui)?;
    ui.print(&format!("wrote {}\n", place.public));
    if outside::exists(&place.sealed_path()) {
        ui.tell(&format!(
            "warning: {} is the private half of another key; delete it\n",
            place.sealed()
        ));
    }
    let next = match known(declared) {
        Some(_) => {
            "hint: run `certs recreate`: it seals the keys of the host's certificates to this key, and to the old one no more\n"
        }
        None => {
            "hint: `git add` it; then `certs recreate` seals the keys of the host's certificates to it\n"
        }
    };
    ui.tell(next);
    Ok(())
}
