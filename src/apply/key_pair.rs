//! Makes shared key pairs in memory: every key first, because a pair's file holds the public keys of others; then the files, proved.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::made::MadePair;
use super::unlock::{Unlocked, owner_of};
use super::{ApplyError, Run, prove, steps_by_id};
use crate::fleet::{KeyPair, Name};
use crate::plan::{Action, Reason, Step, UndeclaredPolicy, public_keys, withdrawn_keys};
use crate::seal;
use crate::x509::key::public as public_key;
use crate::x509::key::signing::{PrivateKey, public_to_pem};
use crate::x509::signature::vouches;
use crate::x509::{Digest, FoundKeyAlgorithm, PublicKey, Voucher};

/// Every pair the plan changes.
pub(super) fn make_all<'a>(
    run: &Run<'a>,
    unlocked: &Unlocked,
) -> Result<Vec<MadePair<'a>>, ApplyError> {
    let steps = steps_by_id(run.plan);
    let changing: Vec<(&KeyPair, &Step)> = run
        .fleet
        .key_pairs
        .iter()
        .filter_map(|pair| Some((pair, *steps.get(&pair.id())?)))
        .filter(|(_, step)| step.action.changes_files())
        .collect();
    let keys: BTreeMap<&Name, Arc<PrivateKey>> = changing
        .par_iter()
        .filter_map(|(pair, step)| {
            let key = key_for(pair, step, unlocked).transpose()?;
            Some(key.map(|key| (&pair.name, key)))
        })
        .collect::<Result<_, ApplyError>>()?;
    let workbench = Workbench {
        run,
        unlocked,
        public: public_after(run, &keys)?,
        keys,
    };
    changing
        .iter()
        .map(|(pair, step)| workbench.make(pair, step))
        .collect()
}

/// The key a pair will have, where the run has it in hand. Only a lost public key hides from the plan what kind it is.
fn key_for(
    pair: &KeyPair,
    step: &Step,
    unlocked: &Unlocked,
) -> Result<Option<Arc<PrivateKey>>, ApplyError> {
    let id = pair.id();
    if matches!(step.action, Action::Create | Action::Replace) {
        let key = PrivateKey::generate(pair.key).map_err(|source| ApplyError::Key {
            artifact: id,
            source,
        })?;
        return Ok(Some(Arc::new(key)));
    }
    match unlocked.key(&id) {
        Some(key) if key.algorithm() != FoundKeyAlgorithm::Known(pair.key) => {
            Err(ApplyError::KeyDiffers {
                artifact: id,
                found: key.algorithm(),
                declared: pair.key,
            })
        }
        key => Ok(key),
    }
}

/// The current public key of every pair once the run is over.
fn public_after<'a>(
    run: &Run<'a>,
    keys: &BTreeMap<&Name, Arc<PrivateKey>>,
) -> Result<BTreeMap<&'a Name, PublicKey>, ApplyError> {
    let mut public = BTreeMap::new();
    for pair in &run.fleet.key_pairs {
        let current = match keys.get(&pair.name) {
            Some(key) => Some(public_of(pair, key)?),
            None => run.observed.key_pair(&pair.id()).current().cloned(),
        };
        public.extend(current.map(|current| (&pair.name, current)));
    }
    Ok(public)
}

fn public_of(pair: &KeyPair, key: &PrivateKey) -> Result<PublicKey, ApplyError> {
    public_key::parse_der(key.spki_der()).map_err(|defect| ApplyError::Unproved {
        artifact: pair.id(),
        detail: defect.to_string(),
    })
}

/// All keys of a run, private where in hand and public.
struct Workbench<'r, 'a> {
    run: &'r Run<'a>,
    unlocked: &'r Unlocked,
    keys: BTreeMap<&'a Name, Arc<PrivateKey>>,
    public: BTreeMap<&'a Name, PublicKey>,
}

impl<'a> Workbench<'_, 'a> {
    fn make(&self, pair: &'a KeyPair, step: &Step) -> Result<MadePair<'a>, ApplyError> {
        let key = self.keys.get(&pair.name).cloned();
        let public = self.public_keys(pair, step)?;
        let found = self.run.observed.key_pair(&pair.id()).public_keys();
        let text = || public.iter().map(|key| public_to_pem(&key.spki)).collect();
        let public_file = (!holds_the_same(found, &public)).then(text);
        let key_file = match &key {
            Some(key) if step.action.seals() => Some(sealed(pair, key)?),
            _ => None,
        };
        let vouchers = self.vouchers(pair, &public, key.as_deref())?;
        let made = MadePair {
            pair,
            action: step.action.clone(),
            vouchers,
            public,
            public_file,
            key_file,
            key,
        };
        prove::key_pair(self.run, &made)?;
        Ok(made)
    }

    fn public_keys(&self, pair: &KeyPair, step: &Step) -> Result<Vec<PublicKey>, ApplyError> {
        let own = self
            .public
            .get(&pair.name)
            .ok_or_else(|| ApplyError::Unproved {
                artifact: pair.id(),
                detail: "its key was not opened".to_owned(),
            })?;
        let others = pair.verification_keys.iter();
        let others = others.filter_map(|name| self.public.get(name));
        let mut reasons = step.reasons.iter();
        let standing = if reasons.any(|reason| matches!(reason, Reason::Retired { .. })) {
            Vec::new()
        } else {
            self.standing(pair)?
        };
        let undeclared = self.undeclared();
        let withdrawn = withdrawn_keys(pair, self.run.fleet, self.run.observed, undeclared);
        Ok(public_keys(own, others, &standing, &withdrawn))
    }

    fn undeclared(&self) -> UndeclaredPolicy {
        let mut steps = self.run.plan.steps.iter();
        if steps.any(|step| step.action == Action::Prune) {
            UndeclaredPolicy::Prune
        } else {
            UndeclaredPolicy::Keep
        }
    }

    /// The word of the pair's key for every other key in its file, where the key is in hand. A declared one may be declared no more one
    /// day, and is known by this then.
    fn vouchers(
        &self,
        pair: &KeyPair,
        public: &[PublicKey],
        key: Option<&PrivateKey>,
    ) -> Result<Vec<Voucher>, ApplyError> {
        let Some((own, others)) = public.split_first() else {
            return Ok(Vec::new());
        };
        let recorded = self.run.observed.recorded.facts();
        let recorded = recorded.and_then(|recorded| recorded.vouchers.get(&pair.id()));
        let recorded = recorded.map_or(&[][..], Vec::as_slice);
        let vouchers = others.iter().map(|other| {
            let of = Digest::of(&other.spki);
            let mut known = recorded.iter().filter(|voucher| voucher.of == of);
            match (known.find(|voucher| vouches(&own.spki, voucher)), key) {
                (Some(known), _) => Ok(Some(known.clone())),
                (None, Some(key)) => key.vouch(&other.spki).map(Some),
                (None, None) => Ok(None),
            }
        });
        let vouchers: Result<Vec<_>, _> = vouchers.collect();
        let vouchers = vouchers.map_err(|source| ApplyError::Key {
            artifact: pair.id(),
            source,
        })?;
        Ok(vouchers.into_iter().flatten().collect())
    }

    /// The public keys that were there, and the one of the sealed key, whose place a new one takes: tokens of either may be in
    /// use. The first counts only where it is known to be the pair's: whoever can write the public file alone cannot have a key of theirs
    /// taken for its predecessor. A key that belongs to another artifact never signed for this pair.
    fn standing(&self, pair: &KeyPair) -> Result<Vec<PublicKey>, ApplyError> {
        let id = pair.id();
        let opened = self.unlocked.key(&id);
        let opened = opened.map(|key| public_of(pair, &key)).transpose()?;
        let recorded = self.run.observed.recorded.facts();
        let recorded = recorded.and_then(|recorded| recorded.keys.get(&id));
        let was_its_own = |key: &PublicKey| {
            let is_recorded = recorded.is_some_and(|known| *known == key.fingerprint.to_string());
            // Where nothing remembers the pair's key, its file is all there is.
            let is_all_there_is = opened.is_none() && recorded.is_none();
            opened.as_ref() == Some(key) || is_recorded || is_all_there_is
        };
        let found = self.run.observed.key_pair(&id).public_keys();
        let (first, others) = found.split_at(found.len().min(1));
        let first = first.iter().filter(|first| was_its_own(first));
        let is_anothers = |key: &PublicKey| owner_of(self.run, &id, &key.fingerprint).is_some();
        let own = first.chain(&opened).filter(|own| !is_anothers(own));
        Ok(own.chain(others).cloned().collect())
    }
}

/// The first key is the current one; the order of the others has no meaning.
fn holds_the_same(found: &[PublicKey], wanted: &[PublicKey]) -> bool {
    found.first() == wanted.first()
        && wanted.iter().all(|key| found.contains(key))
        && found.iter().all(|key| wanted.contains(key))
}

fn sealed(pair: &KeyPair, key: &PrivateKey) -> Result<Vec<u8>, ApplyError> {
    let id = pair.id();
    let pem = key.to_pem().map_err(|source| ApplyError::Key {
        artifact: id.clone(),
        source,
    })?;
    seal::seal(pem.as_bytes(), &pair.recipients, &key.fingerprint()).map_err(|source| {
        ApplyError::Seal {
            artifact: id,
            source,
        }
    })
}
