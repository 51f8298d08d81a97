//! `certs trust install` and `uninstall`: puts roots into this machine's stores and takes them out again.

use super::stores::{announce, has, labels, perform, stores};
use super::{TrustChangeArgs, TrustUninstallArgs};
use crate::cli::error::{CliError, Exit};
use crate::cli::ui::Ui;
use crate::render::words::count;
use crate::trust::{Act, Label, Root, Store};

pub(crate) fn install(args: &TrustChangeArgs, ui: Ui) -> Result<Exit, CliError> {
    let roots = super::roots(&args.roots, ui)?;
    let stores = stores(&args.stores)?;
    for store in &stores {
        let (there, missing) = split(store, &roots)?;
        for root in there {
            ui.tell(&format!("{} is in {store} already\n", root.label()));
        }
        act(&store.install(&missing), args, ui)?;
        if !args.dry_run && !missing.is_empty() {
            ui.tell(&format!(
                "{} now trusts {}; compare its SHA-256: {}\n",
                store,
                count(missing.len(), "root more", "roots more"),
                fingerprints(&missing)
            ));
        }
    }
    Ok(Exit::Done)
}

pub(crate) fn uninstall(args: &TrustUninstallArgs, ui: Ui) -> Result<Exit, CliError> {
    let stores = stores(&args.change.stores)?;
    let named: Vec<Label> = args
        .change
        .roots
        .names
        .iter()
        .filter_map(|name| Label::parse(name))
        .collect();
    if args.all || !named.is_empty() && named.len() == args.change.roots.names.len() {
        return by_label(&stores, &named, args, ui);
    }
    let roots = super::roots(&args.change.roots, ui)?;
    for store in &stores {
        let (there, missing) = split(store, &roots)?;
        for root in missing {
            ui.tell(&format!("{} is not in {store}\n", root.label()));
        }
        act(&store.uninstall(&there), &args.change, ui)?;
    }
    Ok(Exit::Done)
}

/// The entries left by a deleted project, or by an earlier root.
fn by_label(
    stores: &[Store],
    named: &[Label],
    args: &TrustUninstallArgs,
    ui: Ui,
) -> Result<Exit, CliError> {
    for store in stores {
        let mut found = labels(store)?;
        for label in named.iter().filter(|label| !found.contains(label)) {
            ui.tell(&format!("{label} is not in {store}\n"));
        }
        found.retain(|label| args.all || named.contains(label));
        act(&store.uninstall_labels(&found), &args.change, ui)?;
    }
    Ok(Exit::Done)
}

fn act(acts: &[Act], args: &TrustChangeArgs, ui: Ui) -> Result<(), CliError> {
    if args.dry_run {
        announce(acts, ui);
        return Ok(());
    }
    perform(acts, ui)
}

/// Those that are in the store, and those that are not.
fn split<'r>(store: &Store, roots: &'r [Root]) -> Result<(Vec<&'r Root>, Vec<&'r Root>), CliError> {
    let (mut there, mut missing) = (Vec::new(), Vec::new());
    for root in roots {
        let list = if has(store, root)? {
            &mut there
        } else {
            &mut missing
        };
        list.push(root);
    }
    Ok((there, missing))
}

fn fingerprints(roots: &[&Root]) -> String {
    let all: Vec<String> = roots
        .iter()
        .map(|root| root.fingerprint().to_string())
        .collect();
    all.join(", ")
}
