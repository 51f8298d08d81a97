//! What is said of the sealed keys of hosts: no run makes, replaces or deletes one, so that the rest is left to a person.

use crate::fleet::{ArtifactId, Fleet, HostKey};
use crate::plan::{Action, Reason, Step};

/// What comes of the key of a host that nobody declares.
pub(super) const UNDECLARED: &str = "it opens everything that was ever sealed to that host, and no run deletes it: the host may still be to come";

/// What a person does about a host key that the plan leaves as it is; `None` for everything else.
pub(super) fn cure(fleet: &Fleet, id: &ArtifactId, step: &Step, reason: &Reason) -> Option<String> {
    let key = fleet.host_key(id)?;
    let HostKey { host, files, .. } = key;
    if step.action != Action::Keep {
        return None;
    }
    let (sealed, public) = (files.key.shell(), files.public.shell());
    Some(match reason {
        Reason::Undeclared => format!(
            "declare {host} with owningHostKey = {public}; once the host is gone for good: git rm {sealed} {public} (--prune leaves it)"
        ),
        Reason::HostKeyRetired { .. } => format!(
            "once {host} has its declared key: git rm {sealed} {public}; `certs host add {host} --replace` makes a new one"
        ),
        _ => format!(
            "put the pair right (`git log -- {sealed} {public}`), or delete the private half, if {host} has its key: git rm {sealed}"
        ),
    })
}
