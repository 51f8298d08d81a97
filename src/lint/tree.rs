//! What else is committed beside the certificates: private keys in clear, kubeconfigs, and uses of options that nobody declares. The caller
//! reads it; this says what it means.

use std::collections::BTreeSet;

use time::OffsetDateTime;

use super::catalogue::{
    CERTIFICATE_KEY_COMMITTED, CERTIFICATE_KEY_IN_HISTORY, HISTORY_UNREAD, INDEX_UNREAD,
    KUBECONFIG_AUTHORITY, PRIVATE_KEY_COMMITTED, PRIVATE_KEY_IN_HISTORY, RECIPIENT_KEY_COMMITTED,
    RECIPIENT_KEY_IN_HISTORY, REFERENCE_UNDECLARED,
};
use super::finding::{Basis, Finding, Subject};
use super::purpose::{Trust, component_of_name, profile};
use crate::fleet::{ArtifactId, ClusterRole, Fleet, KeyPair, Observed, shell};
use crate::seal::{Marker, Recipient};
use crate::x509::{CertificateFacts, KeyFingerprint, Moment};

/// What Git holds beside the certificates.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    pub keys: Vec<CommittedKey>,
    pub kubeconfigs: Vec<Kubeconfig>,
    pub references: Vec<Reference>,
    /// Private keys that Git had once; none where nobody looked.
    pub past_keys: Vec<PastKey>,
    /// What of the history could not be looked at, each a sentence.
    pub past_unread: Vec<String>,
    /// Why Git does not say what it tracks, where there is a repository: what is committed is not known then.
    pub unread: Option<String>,
}

/// A private key in clear, or under a passphrase alone, that Git tracks.
#[derive(Clone, Debug)]
pub struct CommittedKey {
    /// Relative to the root.
    pub path: String,
    /// Files may be sealed to these.
    pub recipients: Vec<Recipient>,
    /// A certificate may be for it.
    pub fingerprint: Option<KeyFingerprint>,
}

/// A private key that some commit has, whether or not it is still there.
#[derive(Clone, Debug)]
pub struct PastKey {
    pub key: CommittedKey,
    /// The first commit that had it, and its time; `None` where no commit names the blob.
    pub commit: Option<(String, OffsetDateTime)>,
    /// What it opens in some version and still has the same key, whoever that is sealed to by now.
    pub still_opens: Vec<ArtifactId>,
}

impl PastKey {
    /// `old.txt of commit 0123abcd (2026-11-30)`.
    pub fn place(&self) -> String {
        let path = &self.key.path;
        match &self.commit {
            Some((id, time)) => {
                let short: String = id.chars().take(8).collect();
                format!("{path} of commit {short} ({})", Moment(*time))
            }
            None => path.clone(),
        }
    }

    /// Whether these are of one key.
    fn is_of(&self, other: &CommittedKey) -> bool {
        let shared = |key: &Recipient| other.recipients.contains(key);
        self.key.recipients.iter().any(shared)
            || (self.key.fingerprint.is_some() && self.key.fingerprint == other.fingerprint)
    }
}

/// A kubeconfig that Git tracks.
#[derive(Clone, Debug)]
pub struct Kubeconfig {
    /// Relative to the root.
    pub path: String,
    /// What its `certificate-authority-data` holds.
    pub authorities: Vec<CertificateFacts>,
}

/// A use of an option in a Nix source.
#[derive(Clone, Debug)]
pub struct Reference {
    /// Under `certToolkit`.
    pub option: Vec<String>,
    pub spot: Spot,
}

/// A place in a source file. Line and column count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    pub file: String,
    pub line: usize,
    pub column: usize,
    pub width: usize,
    /// The line itself.
    pub text: String,
}

impl Spot {
    /// The first line of a file, where it is the file that is meant.
    pub fn whole(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            line: 1,
            column: 1,
            width: 1,
            text: String::new(),
        }
    }
}

pub(super) fn lint(
    fleet: &Fleet,
    observed: Option<&Observed>,
    tree: &Tree,
    findings: &mut Vec<Finding>,
) {
    findings.extend(tree.unread.iter().map(|why| unread(why)));
    let keys = tree.keys.iter().map(|key| committed(fleet, observed, key));
    let mut keys: Vec<Finding> = keys.collect();
    // Of the keys in one file, those of which nothing else can be said are one finding.
    keys.dedup_by(|a, b| (&a.subject, a.code(), &a.cause) == (&b.subject, b.code(), &b.cause));
    findings.extend(keys);
    findings.extend(past_keys(fleet, observed, tree));
    findings.extend(tree.past_unread.iter().map(|what| history_unread(what)));
    if let Some(observed) = observed {
        let judged = tree.kubeconfigs.iter();
        findings.extend(judged.filter_map(|config| kubeconfig(fleet, observed, config)));
    }
    findings.extend(references(fleet, &tree.references));
}

fn unread(why: &str) -> Finding {
    let repository = Subject::File(".git".to_owned());
    Finding::new(&INDEX_UNREAD, Basis::Found, repository).saying(
        format!("Git does not list the files it tracks: {why}"),
        "a private key that is committed would not be found",
        "run `git status`: once it succeeds, run this again. `rm .git/index && git reset` makes a damaged index again",
    )
}

fn committed(fleet: &Fleet, observed: Option<&Observed>, key: &CommittedKey) -> Finding {
    let of_file = |lint| Finding::new(lint, Basis::Declared, Subject::File(key.path.clone()));
    let place = owner_of_file(fleet, &key.path);
    let remove = match place {
        // It is one of the files that belong there: the next run makes it as it should be.
        Some(_) => format!("delete {}; it stays in the history", key.path),
        None => format!(
            "git rm --cached {}; add it to .gitignore; it stays in the history",
            shell(&key.path)
        ),
    };
    let sealed = sealed_to(fleet, &key.recipients);
    if let [first, ..] = sealed.as_slice() {
        return of_file(&RECIPIENT_KEY_COMMITTED).saying(
            format!(
                "Git tracks the private key that opens {} sealed keys, {first} among them",
                sealed.len()
            ),
            "every reader of the repository can decrypt them: the encryption protects nothing",
            format!("{remove}, so make a new key, declare it, and give new keys to what was sealed to the old (--replace)"),
        );
    }
    let known = key.fingerprint.zip(observed);
    let known = known.and_then(|(fingerprint, observed)| owner_of(fleet, observed, &fingerprint));
    // Where nothing else tells whose key it is, it is that of the artifact in whose file it lies.
    if let Some(id) = known.or(place) {
        return of_file(&CERTIFICATE_KEY_COMMITTED).saying(
            format!("Git tracks the private key of {id} in clear"),
            "every reader of the repository can act as the certificate's holder",
            format!("{remove}, {}", new_key(fleet, &id)),
        );
    }
    of_file(&PRIVATE_KEY_COMMITTED).saying(
        "Git tracks a private key",
        "every reader of the repository has it; nothing declared is sealed to it or issued for it",
        remove,
    )
}

/// Of a key that is in the tree as well, the tree is told of.
fn past_keys(fleet: &Fleet, observed: Option<&Observed>, tree: &Tree) -> Vec<Finding> {
    let is_there = |past: &PastKey| tree.keys.iter().any(|key| past.is_of(key));
    let past = tree.past_keys.iter().filter(|past| !is_there(past));
    past.map(|past| in_history(fleet, observed, past)).collect()
}

/// What was once in Git everybody with a clone has. Rewriting the history takes no clone back, so that only another key helps.
fn in_history(fleet: &Fleet, observed: Option<&Observed>, past: &PastKey) -> Finding {
    let of_file = |lint| Finding::new(lint, Basis::Found, Subject::File(past.key.path.clone()));
    let place = past.place();
    let sealed = sealed_to(fleet, &past.key.recipients);
    let key = past.key.recipients.first().map(Recipient::as_str);
    let end: Vec<char> = key.unwrap_or_default().chars().rev().take(8).collect();
    let end: String = end.into_iter().rev().collect();
    if let [first, ..] = sealed.as_slice() {
        return of_file(&RECIPIENT_KEY_IN_HISTORY).saying(
            format!(
                "{place} is the private key that opens {} sealed keys, {first} among them",
                sealed.len()
            ),
            "every owner of a clone can decrypt them, and everything new that is encrypted to it; rewriting the history takes no clone back",
            format!("make a new key, declare it in place of this one, and give new keys to what it opened: `certs exposure {}`", shell(&end)),
        );
    }
    if let [first, ..] = past.still_opens.as_slice() {
        return of_file(&RECIPIENT_KEY_IN_HISTORY).saying(
            format!(
                "{place} is the private key that opens older versions of {} keys that are still in use, {first} among them",
                past.still_opens.len()
            ),
            "every clone has them; encrypting them to others takes nothing back",
            format!("give them new keys: `certs exposure {}`", shell(&end)),
        );
    }
    let known = past.key.fingerprint.zip(observed);
    let known = known.and_then(|(fingerprint, observed)| owner_of(fleet, observed, &fingerprint));
    if let Some(id) = known {
        return of_file(&CERTIFICATE_KEY_IN_HISTORY).saying(
            format!("{place} has the private key of {id} in clear, and {id} still has this key"),
            "every owner of a clone can act as the certificate's holder; rewriting the history takes no clone back",
            new_key(fleet, &id).trim_start_matches("so ").to_owned(),
        );
    }
    of_file(&PRIVATE_KEY_IN_HISTORY).saying(
        format!("{place} has a private key"),
        "every clone has it; nothing declared is sealed to it or has it",
        "where anything else uses it, replace it there; a history is not unwritten",
    )
}

fn history_unread(what: &str) -> Finding {
    Finding::new(
        &HISTORY_UNREAD,
        Basis::Found,
        Subject::File(".git".to_owned()),
    )
    .saying(
        what,
        "a private key that was once committed there would not be found",
        "look in a clone that has everything: certs check --info",
    )
}

/// Whose file this is, if it is a declared one.
fn owner_of_file(fleet: &Fleet, path: &str) -> Option<ArtifactId> {
    let of_certificate = fleet.artifacts().filter(|artifact| {
        let files = artifact.files();
        files.certificate.as_str() == path || files.key.as_str() == path
    });
    let of_pair = fleet.key_pairs.iter().filter(|pair| {
        let files = &pair.files;
        files.public.as_str() == path || files.key.as_str() == path
    });
    let of_pair = of_pair.map(KeyPair::id);
    of_certificate
        .map(|artifact| artifact.id())
        .chain(of_pair)
        .next()
}

/// A requester's key is not ours to make.
fn new_key(fleet: &Fleet, id: &ArtifactId) -> String {
    let mut certificates = fleet.certificates.iter();
    let requested = certificates.any(|one| one.id() == *id && one.requested_key().is_some());
    if requested {
        format!("so certs revoke {id} --reason key-compromise, and sign a request with a new key")
    } else {
        format!("so give it a new key: certs recreate --replace {id}")
    }
}

/// Whose key it is as the files say. The sealed key tells too: the certificate may be missing, or unreadable for the very key in its file.
fn owner_of(fleet: &Fleet, observed: &Observed, key: &KeyFingerprint) -> Option<ArtifactId> {
    let certificates = observed.certificates().into_iter();
    let of_certificate = certificates
        .filter(|(_, certificate)| certificate.key_fingerprint == *key)
        .map(|(id, _)| id);
    let of_pair = fleet.key_pairs.iter().map(KeyPair::id).filter(|id| {
        let current = observed.key_pair(id).current();
        current.is_some_and(|current| current.fingerprint == *key)
    });
    let key = Marker::key_id(key.as_bytes());
    let of_sealed = fleet.ids().filter(|id| {
        let sealed = observed.key(id).facts();
        let marker = sealed.and_then(|facts| facts.marker.as_ref());
        marker.is_some_and(|marker| marker.key == key)
    });
    of_certificate.chain(of_pair).chain(of_sealed).next()
}

/// The artifacts whose keys one of the recipients opens.
fn sealed_to(fleet: &Fleet, recipients: &[Recipient]) -> Vec<ArtifactId> {
    let opens = |set: &crate::seal::RecipientSet| recipients.iter().any(|key| set.contains(key));
    let sealed = fleet.sealed().filter(|sealed| opens(sealed.recipients));
    sealed.map(|sealed| sealed.id).collect()
}

fn kubeconfig(fleet: &Fleet, observed: &Observed, config: &Kubeconfig) -> Option<Finding> {
    let held: BTreeSet<&[u8]> = config
        .authorities
        .iter()
        .map(|certificate| certificate.der.as_slice())
        .collect();
    let bundles: Vec<(ArtifactId, Vec<&CertificateFacts>)> = fleet
        .authorities
        .iter()
        .filter_map(|authority| Some((authority.id(), bundle(observed, &authority.id())?)))
        .collect();
    let is_bundle = |bundle: &Vec<&CertificateFacts>| {
        held == bundle
            .iter()
            .map(|certificate| certificate.der.as_slice())
            .collect()
    };
    if held.is_empty() || bundles.iter().any(|(_, bundle)| is_bundle(bundle)) {
        return None;
    }
    // One that names no authority of ours is for another cluster, and none of our business.
    let (id, _) = bundles.iter().find(|(_, bundle)| {
        bundle.iter().any(|ours| {
            config
                .authorities
                .iter()
                .any(|other| other.subject.der() == ours.subject.der())
        })
    })?;
    Some(
        Finding::new(&KUBECONFIG_AUTHORITY, Basis::Found, Subject::File(config.path.clone())).saying(
            format!("its certificate-authority-data is not the bundle of {id} as it is now"),
            "after a new authority key kubectl refuses the API server (x509: certificate signed by unknown authority), or keeps trusting an authority that was retired",
            format!("make it again, or name the file of {id} in certificate-authority"),
        ),
    )
}

fn bundle<'a>(observed: &'a Observed, id: &ArtifactId) -> Option<Vec<&'a CertificateFacts>> {
    let file = observed.pair(id).certificate.facts()?;
    Some(file.trusted().collect())
}

/// One finding for each name, at its first use.
fn references(fleet: &Fleet, references: &[Reference]) -> Vec<Finding> {
    let mut reported: BTreeSet<Vec<String>> = BTreeSet::new();
    let mut findings = Vec::new();
    for reference in references {
        let Some((option, cause, cure)) = undeclared(fleet, &reference.option) else {
            continue;
        };
        if !reported.insert(option) {
            continue;
        }
        findings.push(
            Finding {
                spot: Some(reference.spot.clone()),
                ..Finding::new(
                    &REFERENCE_UNDECLARED,
                    Basis::Guessed,
                    Subject::File(reference.spot.file.clone()),
                )
            }
            .saying(
                cause,
                "the configuration does not evaluate (attribute missing), or a program looks for a file that does not exist",
                cure,
            ),
        );
    }
    findings
}

/// The option that is missing, and how it could come to be; `None` where some host declares what is used.
fn undeclared(fleet: &Fleet, option: &[String]) -> Option<(Vec<String>, String, String)> {
    let words: Vec<&str> = option.iter().map(String::as_str).collect();
    let missing = |length: usize| option.iter().take(length).cloned().collect::<Vec<_>>();
    match words.as_slice() {
        ["keyPairs", name, ..] => {
            let is_there = fleet
                .key_pairs
                .iter()
                .any(|pair| pair.name.as_str() == *name);
            (!is_there).then(|| {
                (
                    missing(2),
                    format!("keyPairs.{name} is used, and no host declares it"),
                    format!("certToolkit.keyPairs.{name} = {{ }} on its owners; certToolkit.kubernetes.enable declares the service account's"),
                )
            })
        }
        ["cas", authority, ..] if !is_authority(fleet, authority) => Some((
            missing(2),
            format!("cas.{authority} is used, and no host declares it"),
            format!("declare certToolkit.cas.{authority}.ca{}", others(fleet)),
        )),
        ["cas", authority, "certs", name, ..] => {
            let is_there = fleet.certificates.iter().any(|certificate| {
                certificate.authority.as_str() == *authority && certificate.name.as_str() == *name
            });
            (!is_there).then(|| {
                (
                    missing(4),
                    format!("cas.{authority}.certs.{name} is used, and no host declares it"),
                    how_to_declare(authority, name),
                )
            })
        }
        _ => None,
    }
}

fn is_authority(fleet: &Fleet, name: &str) -> bool {
    fleet
        .authorities
        .iter()
        .any(|authority| authority.name.as_str() == name)
}

fn others(fleet: &Fleet) -> String {
    let names: Vec<&str> = fleet
        .authorities
        .iter()
        .map(|authority| authority.name.as_str())
        .collect();
    if names.is_empty() {
        String::new()
    } else {
        format!(", or use one there is: {}", names.join(", "))
    }
}

fn how_to_declare(authority: &str, name: &str) -> String {
    let plain: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    if plain.starts_with("serviceaccount") {
        return "tokens are signed with one key for all control planes: declare certToolkit.keyPairs.service-account on each (certToolkit.kubernetes with the role control-plane does) \
                and use its keyPath and publicPath"
            .to_owned();
    }
    let Some(component) = component_of_name(name) else {
        return format!("declare certToolkit.cas.{authority}.certs.{name}, or remove the use");
    };
    let profile = profile(component);
    let role = profile
        .roles
        .first()
        .map_or("", |role: &ClusterRole| role.word());
    let usages = match (profile.serves, profile.calls) {
        (true, true) => "\"server auth\" \"client auth\"",
        (true, false) => "\"server auth\"",
        _ => "\"client auth\"",
    };
    let preset = format!(
        "certToolkit.kubernetes with the role {role} declares it (component {component}; certificateNames.{component} = \"{name}\" keeps this name)"
    );
    let etcd = match profile.trust {
        Trust::Etcd => ", best under an authority for etcd alone",
        Trust::Cluster | Trust::FrontProxy => "",
    };
    format!(
        "{preset}; or write cas.{authority}.certs.{name} = {{ component = \"{component}\"; usages = [ {usages} ]; }}{etcd}"
    )
}
