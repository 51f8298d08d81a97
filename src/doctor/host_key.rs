//! The proof of a host's key: that it opens to the private half of the public key next to it, which is the one that is declared.

use super::{Ailment, again, recipients};
use crate::fleet::{HostKey, Name, Observed, RelPath};
use crate::seal::{Agreement, Identity, IdentitySource, SealedFacts};

/// Every fault of an opened host key.
pub(super) fn judge(
    key: &HostKey,
    observed: &Observed,
    facts: &SealedFacts,
    content: &[u8],
) -> Vec<Ailment> {
    let source = IdentitySource {
        name: key.files.key.to_string(),
        bytes: content.to_vec().into(),
    };
    let Ok(identity) = Identity::parse(&source) else {
        return vec![Ailment {
            code: "not-a-key",
            detail: "it opens, but holds no SSH private key".to_owned(),
            cure: restore(&key.files.key, &key.host),
        }];
    };
    let held = identity.recipients();
    let mut ailments = Vec::new();
    match observed.host_key(&key.id()).public.facts() {
        None => ailments.push(Ailment {
            code: "unproved",
            detail: format!(
                "it opens, but {} is not there or cannot be read, so that nothing proves it",
                key.files.public
            ),
            cure: format!("restore it: `git restore -- {}`", key.files.public.shell()),
        }),
        Some(public) if !held.contains(&&public.recipient) => ailments.push(Ailment {
            code: "other-key",
            detail: format!("it holds another key than {}", key.files.public),
            cure: restore(&key.files.key, &key.host),
        }),
        Some(public) => {
            let marker = facts.marker.as_ref();
            if marker.is_some_and(|marker| marker.key != public.key_id()) {
                ailments.push(Ailment {
                    code: "marker",
                    detail: "its header names another key than it holds".to_owned(),
                    cure: restore(&key.files.key, &key.host),
                });
            }
        }
    }
    let declared = key.declared.as_ref();
    let declared = declared.filter(|declared| !declared.is_empty());
    let is_retired =
        declared.is_some_and(|declared| !held.iter().any(|held| declared.contains(held)));
    if is_retired && ailments.is_empty() {
        ailments.push(Ailment {
            code: "retired",
            detail: format!("another key is declared for {}", key.host),
            cure: format!(
                "once {} has its declared key: `git rm {} {}`",
                key.host,
                key.files.key.shell(),
                key.files.public.shell()
            ),
        });
    }
    if let Agreement::Differs {
        missing,
        unexpected,
    } = facts.agrees_with(&key.recipients)
    {
        ailments.push(Ailment {
            code: "recipients",
            detail: recipients(&missing, &unexpected),
            cure: again(&key.id()),
        });
    }
    ailments
}

/// The host has its key, whatever becomes of the sealed half.
pub(super) fn restore(file: &RelPath, host: &Name) -> String {
    let file = file.shell();
    format!(
        "restore it: `git log -- {file}`, `git restore --source=<commit> -- {file}`; or delete it, if {host} has its key; or `certs host add {host} --replace`"
    )
}
