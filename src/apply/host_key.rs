//! Seals the keys of hosts again, in memory: opened, known to be the host's, sealed to the operators of today, proved.

use rayon::prelude::*;

use super::error::{SealedKey, Unopened};
use super::made::MadeHostKey;
use super::{ApplyError, Run, steps_by_id};
use crate::fleet::HostKey;
use crate::plan::Action;
use crate::seal::{self, Agreement, Identity, IdentitySource, SshKey, header as sealed};

/// Every host key that the plan seals again.
pub(super) fn reseal_all<'a>(run: &Run<'a>) -> Result<Vec<MadeHostKey<'a>>, ApplyError> {
    let steps = steps_by_id(run.plan);
    let is_resealed = |key: &&HostKey| {
        let step = steps.get(&key.id());
        step.is_some_and(|step| step.action == Action::Reseal)
    };
    let keys: Vec<&HostKey> = run.fleet.host_keys.iter().filter(is_resealed).collect();
    let opened: Vec<_> = keys.par_iter().map(|key| (*key, open(run, key))).collect();
    let (mut secrets, mut failures) = (Vec::new(), Vec::new());
    for (key, result) in opened {
        match result {
            Ok(secret) => secrets.push((key, secret)),
            Err(cause) => failures.push(SealedKey {
                artifact: key.id(),
                path: key.files.key.clone(),
                cause,
            }),
        }
    }
    if !failures.is_empty() {
        return Err(ApplyError::Sealed(failures));
    }
    secrets
        .into_iter()
        .map(|(key, opened)| reseal(run, key, opened))
        .collect()
}

/// A private key with the public one that it was proved against.
struct Opened {
    secret: zeroize::Zeroizing<Vec<u8>>,
    public: SshKey,
}

/// Sealing it for the operators would hand them whatever key it is: it has to be the one next to it.
fn open(run: &Run<'_>, key: &HostKey) -> Result<Opened, Unopened> {
    let found = run.observed.host_key(&key.id());
    let public = found.public.facts().ok_or(Unopened::Missing)?.clone();
    let file = run.root.read(&key.files.key)?.ok_or(Unopened::Missing)?;
    let secret = run.identities.open(&file.bytes)?;
    let source = IdentitySource {
        name: key.files.key.to_string(),
        bytes: secret.clone(),
    };
    let is_its = Identity::parse(&source)
        .is_ok_and(|identity| identity.recipients().contains(&&public.recipient));
    if is_its {
        Ok(Opened { secret, public })
    } else {
        Err(Unopened::OtherPublicKey)
    }
}

fn reseal<'a>(
    run: &Run<'a>,
    key: &'a HostKey,
    opened: Opened,
) -> Result<MadeHostKey<'a>, ApplyError> {
    let id = key.id();
    let unproved = |detail: &str| ApplyError::Unproved {
        artifact: id.clone(),
        detail: detail.to_owned(),
    };
    let Opened { secret, public } = opened;
    let key_file = seal::seal(&secret, &key.recipients, &public.fingerprint).map_err(|source| {
        ApplyError::Seal {
            artifact: id.clone(),
            source,
        }
    })?;
    let facts = sealed::parse(&key_file).map_err(|defect| unproved(&defect.to_string()))?;
    if facts.agrees_with(&key.recipients) != Agreement::Exact {
        return Err(unproved("the key is not sealed to exactly its recipients"));
    }
    let reopened = run.identities.open(&key_file);
    let reopened = reopened.map_err(|source| ApplyError::NotOpenable {
        artifact: id.clone(),
        source,
    })?;
    if reopened != secret {
        return Err(unproved("another key came out of the seal"));
    }
    run.progress.made(&id);
    Ok(MadeHostKey {
        key,
        public,
        key_file,
    })
}
