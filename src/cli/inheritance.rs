//! What is wrong with a default is said once, of the default: not of every certificate that inherits it.

use crate::manifest::Fault;
use crate::nixfiles::locate::Locator;
use crate::render::words::count;

/// The faults, those in one place for the faults of all that inherit one default.
pub(crate) fn of_defaults(faults: &[Fault], locator: &Locator) -> Vec<Fault> {
    let mut merged: Vec<(Fault, Vec<String>)> = Vec::new();
    for fault in faults {
        let own = inherited(fault, locator);
        let heir = own.is_some().then(|| fault.subject.clone());
        let fault = own.unwrap_or_else(|| fault.clone());
        match merged.iter_mut().find(|(other, _)| is_same(other, &fault)) {
            Some((known, heirs)) if heir.is_some() => {
                let new = fault
                    .hosts
                    .iter()
                    .filter(|host| !known.hosts.contains(host));
                known.hosts.extend(new.cloned().collect::<Vec<_>>());
                heirs.extend(heir);
            }
            _ => merged.push((fault, heir.into_iter().collect())),
        }
    }
    merged
        .into_iter()
        .map(|(fault, heirs)| named(fault, &heirs))
        .collect()
}

/// The fault as one of the default that it comes from.
fn inherited(fault: &Fault, locator: &Locator) -> Option<Fault> {
    if fault.subject.is_empty() {
        return None;
    }
    let (option, _) = locator.find_default(&fault.option)?;
    Some(Fault {
        subject: String::new(),
        message: format!("{}: {}", option.join("."), fault.cause()),
        option,
        ..fault.clone()
    })
}

fn is_same(one: &Fault, other: &Fault) -> bool {
    one.code == other.code && one.option == other.option && one.message == other.message
}

fn named(fault: Fault, heirs: &[String]) -> Fault {
    let (Some(first), more) = (heirs.first(), heirs.len().saturating_sub(1)) else {
        return fault;
    };
    let others = match more {
        0 => String::new(),
        more => format!(
            " and {}",
            count(more, "other declaration", "other declarations")
        ),
    };
    Fault {
        message: format!("{} (inherited by {first}{others})", fault.message),
        ..fault
    }
}
