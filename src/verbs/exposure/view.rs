//! What a lost key opens, whom that makes of its thief, and the steps that end it, as text.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use comfy_table::Cell;

use crate::fleet::{ArtifactId, Fleet, Name, shell};
use crate::history::{
    Acceptance, Certainty, End, Exposure, Holder, Identity, OpenedKey, Opener, Power, Recovery,
    Tokens, replacing,
};
use crate::render::paint::{Paint, Tone};
use crate::render::table::{Width, new_table, toned, trimmed};
use crate::render::words;
use crate::verbs::history::view::seen;
use crate::x509::{CertificateFacts, Moment};

/// Who could do most with a key, one holder a line.
pub(crate) fn ranking(exposures: &[Exposure<'_>], paint: Paint, width: Width) -> String {
    let mut table = new_table(paint, width);
    table.set_header([
        "holder",
        "authorities",
        "system:masters",
        "token keys",
        "identities",
        "keys now",
        "keys ever",
    ]);
    for exposure in exposures {
        let (authorities, tokens) = (exposure.authorities(), exposure.token_keys());
        let masters = exposure.masters();
        let now = exposure
            .keys
            .iter()
            .filter(|key| key.version.end == End::Now);
        table.add_row([
            Cell::new(words::printable(&exposure.holder.to_string())),
            toned(&authorities.to_string(), alarming(authorities)),
            toned(&masters.to_string(), alarming(masters)),
            toned(&tokens.to_string(), alarming(tokens)),
            Cell::new(exposure.identities().len()),
            Cell::new(now.count()),
            Cell::new(exposure.keys.len()),
        ]);
    }
    let is_any = |exposure: &Exposure<'_>| exposure.token_keys() > 0;
    let tokens = if exposures.iter().any(is_any) {
        TOKENS
    } else {
        ""
    };
    format!(
        "{}\n\n{tokens}What one of them opens: `certs exposure <holder>`.\n",
        trimmed(&table)
    )
}

const TOKENS: &str = "A token key signs for every service account of its cluster, those of its controllers too: as good as system:masters.\n";

fn alarming(count: usize) -> Tone {
    if count == 0 { Tone::Quiet } else { Tone::Bad }
}

/// How commands name the declaration they are about.
#[derive(Debug)]
pub(crate) struct Commands {
    source: String,
}

impl Commands {
    /// The words behind a verb that name the declaration.
    pub(crate) fn new(source: &[String]) -> Self {
        let words: Vec<String> = source.iter().map(|word| shell(word)).collect();
        Self {
            source: words.join(" "),
        }
    }

    fn verb(&self, verb: &str) -> String {
        format!("certs {verb} {}", self.source)
            .trim_end()
            .to_owned()
    }

    /// One option a line.
    fn with(&self, verb: &str, options: &[String]) -> String {
        let lines = std::iter::once(self.verb(verb)).chain(options.iter().cloned());
        lines.collect::<Vec<_>>().join(" \\\n  ")
    }
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// A sentence.
    pub text: String,
    /// To be typed in this order; none where a person edits or deploys.
    pub commands: Vec<String>,
    /// Left to the reader: without it, what the sentence names lasts until it expires.
    pub is_choice: bool,
}

impl Step {
    fn by_hand(text: impl Into<String>) -> Self {
        Self::run(text, Vec::new())
    }

    fn run(text: impl Into<String>, commands: Vec<String>) -> Self {
        Self {
            text: text.into(),
            commands,
            is_choice: false,
        }
    }

    fn choice(text: impl Into<String>, commands: Vec<String>) -> Self {
        Self {
            is_choice: true,
            ..Self::run(text, commands)
        }
    }
}

/// The steps after a loss, in the order in which they help.
pub(crate) fn steps(
    exposure: &Exposure<'_>,
    recovery: &Recovery<'_>,
    fleet: &Fleet,
    commands: &Commands,
) -> Vec<Step> {
    let mut steps = Vec::new();
    if exposure.keys.is_empty()
        && matches!(exposure.holder, Holder::Former(_) | Holder::FormerHost(_))
    {
        return steps;
    }
    steps.extend(new_operator(recovery, commands));
    steps.extend(shut_out(exposure, recovery));
    steps.extend(host_keys(recovery, commands));
    steps.extend(new_keys(recovery, fleet, commands));
    steps.extend(leftovers(recovery));
    steps.extend(token_keys(recovery, commands));
    steps.extend(revocations(recovery, commands));
    if !steps.is_empty() {
        steps.push(deploy(recovery));
    }
    if !recovery.bundles.is_empty() {
        steps.push(Step::run(
            "once every host has the new certificates, take the old CA certificates out of the bundles; until then, whatever the stolen \
             CA keys sign is accepted:",
            retire(&recovery.bundles, commands),
        ));
        steps.push(Step::by_hand("commit, and switch every host again"));
    }
    steps.extend(lasting(recovery, fleet, commands));
    steps
}

/// Where nobody else could open what is kept, somebody has to be able to before the lost key is shut out.
fn new_operator(recovery: &Recovery<'_>, commands: &Commands) -> Vec<Step> {
    if !recovery.needs_operator {
        return Vec::new();
    }
    vec![
        Step::run(
            "no other operator could open the keys that are kept: make a new identity first, and add its public half to \
             certToolkit.userAgeKeys, next to the lost one:",
            vec![
                "mkdir -p ~/.config/certs && age-keygen -o ~/.config/certs/identity-new.txt"
                    .to_owned(),
            ],
        ),
        Step::run(
            "encrypt everything to the new identity as well, with a copy of the lost one (where there is none, move the sealed keys away and \
             leave this out):",
            vec![commands.verb("recreate")],
        ),
    ]
}

/// How nothing more is sealed to a key; what is declared no more is shut out already.
fn shut_out(exposure: &Exposure<'_>, recovery: &Recovery<'_>) -> Option<Step> {
    match &exposure.holder {
        // Its key is kept here, and is among those that are made anew next.
        Holder::Host(host) if recovery.host_keys.contains(host) => None,
        Holder::Host(host) => Some(Step::run(
            format!(
                "give {host} a new SSH host key, and declare its public half in certToolkit.owningHostKey; as root on {host}:"
            ),
            vec!["rm -f /etc/ssh/ssh_host_ed25519_key && ssh-keygen -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key".to_owned()],
        )),
        Holder::Operator(_) => {
            let keys: Vec<String> = exposure.openers.iter().map(opener).collect();
            let identity = if recovery.needs_operator {
                ", and name the new identity in certToolkit.userAgeIdentity"
            } else {
                ""
            };
            Some(Step::by_hand(format!(
                "take {} out of certToolkit.userAgeKeys{identity}",
                words::printable(&keys.join(" and "))
            )))
        }
        Holder::FormerHost(_) | Holder::Former(_) | Holder::Artifact(_) => None,
    }
}

/// New host keys come before anything is encrypted to the hosts again.
fn host_keys(recovery: &Recovery<'_>, commands: &Commands) -> Option<Step> {
    (!recovery.host_keys.is_empty()).then(|| replaced_host_keys(&recovery.host_keys, commands))
}

fn replaced_host_keys(hosts: &BTreeSet<Name>, commands: &Commands) -> Step {
    let commands = hosts
        .iter()
        .map(|host| commands.verb(&format!("host add {} --replace", shell(host.as_str()))));
    Step::run(
        "give these hosts new SSH keys, and keep the private halves here; the old ones decrypt everything that is encrypted to the hosts later:",
        commands.collect(),
    )
}

fn new_keys(recovery: &Recovery<'_>, fleet: &Fleet, commands: &Commands) -> Option<Step> {
    if recovery.replace.is_empty() && !recovery.prune {
        return None;
    }
    let prune = recovery.prune.then(|| "--prune".to_owned());
    let options: Vec<String> = prune
        .into_iter()
        .chain(replacements(&recovery.replace, fleet))
        .collect();
    let prune = if recovery.prune {
        " (--prune deletes the keys of what is not declared any more)"
    } else {
        ""
    };
    Some(Step::run(
        format!("make new keys; sealing the old ones again would not take them back{prune}:"),
        vec![commands.with("recreate", &options)],
    ))
}

fn replacements(replace: &BTreeSet<ArtifactId>, fleet: &Fleet) -> Vec<String> {
    let words = replacing(replace, fleet).into_iter();
    words
        .map(|word| format!("--replace {}", shell(&word)))
        .collect()
}

fn leftovers(recovery: &Recovery<'_>) -> Option<Step> {
    if recovery.leftovers.is_empty() {
        return None;
    }
    let files: Vec<String> = recovery.leftovers.iter().map(|file| shell(file)).collect();
    Some(Step::run(
        "delete the CAs that are not declared any more, and take them out of whatever still trusts them:",
        vec![format!("rm -f {}", files.join(" "))],
    ))
}

fn token_keys(recovery: &Recovery<'_>, commands: &Commands) -> Option<Step> {
    if recovery.token_pairs.is_empty() {
        return None;
    }
    Some(Step::run(
        "trust the old keys of tokens no more; every token they signed ends with that:",
        vec![commands.with("recreate", &retired(recovery.token_pairs.iter()))],
    ))
}

fn retired<'i>(ids: impl Iterator<Item = &'i ArtifactId>) -> Vec<String> {
    ids.map(|id| format!("--retire {}", shell(&id.to_string())))
        .collect()
}

fn revocations(recovery: &Recovery<'_>, commands: &Commands) -> Option<Step> {
    if recovery.revoke.is_empty() {
        return None;
    }
    let each = recovery.revoke.iter().map(|(authority, revoking)| {
        let reason = if revoking.has_authorities {
            "ca-compromise"
        } else {
            "key-compromise"
        };
        let serials = revoking.certificates.iter();
        let mut options: Vec<String> = serials
            .map(|facts| format!("--serial {}", facts.serial_hex()))
            .collect();
        options.push(format!(
            "--ca {} --reason {reason}",
            shell(authority.as_str())
        ));
        commands.with("revoke", &options)
    });
    Some(Step::run(
        "revoke what is still in date, and hand the CRLs to the verifiers; one that reads no CRL accepts these certificates until they \
         expire:",
        each.collect(),
    ))
}

fn deploy(recovery: &Recovery<'_>) -> Step {
    if recovery.host_keys.is_empty() {
        return Step::by_hand("commit, and switch every host");
    }
    Step::by_hand(
        "commit, put the new SSH keys on their hosts (`certs host add HOST --extra-files DIR` writes one in clear), and switch every host",
    )
}

/// Each CA's file is left with its own certificate alone.
fn retire(bundles: &BTreeSet<Name>, commands: &Commands) -> Vec<String> {
    let ids: Vec<ArtifactId> = bundles
        .iter()
        .map(|name| ArtifactId::Authority(name.clone()))
        .collect();
    vec![commands.with("recreate", &retired(ids.iter()))]
}

fn lasting(recovery: &Recovery<'_>, fleet: &Fleet, commands: &Commands) -> Vec<Step> {
    let Some(latest) = recovery
        .lasting
        .iter()
        .map(|lasting| lasting.facts.not_after)
        .max()
    else {
        return Vec::new();
    };
    let mut subjects: Vec<String> = recovery
        .lasting
        .iter()
        .map(|lasting| words::printable(&lasting.facts.subject.to_string()))
        .collect();
    subjects.sort();
    subjects.dedup();
    let replace: BTreeSet<ArtifactId> = recovery
        .lasting
        .iter()
        .flat_map(|lasting| lasting.replace.iter().cloned())
        .collect();
    let bundles: BTreeSet<Name> = recovery
        .lasting
        .iter()
        .flat_map(|lasting| lasting.bundles.iter().cloned())
        .collect();
    vec![
        Step::choice(
            format!(
                "your choice: Kubernetes reads no CRL, so a thief goes on as {} until {}. To end that before, replace the CAs that issued \
                 them, then commit and switch every host:",
                words::some_of(&subjects, 5),
                Moment(latest)
            ),
            vec![commands.with("recreate", &replacements(&replace, fleet))],
        ),
        Step::choice(
            "with that choice: take the old CA certificates out of the bundles, commit, and switch every host again:",
            retire(&bundles, commands),
        ),
    ]
}

/// What one lost key opens, whom it makes of its thief, and what ends it.
pub(crate) fn exposure(
    exposure: &Exposure<'_>,
    recovery: &Recovery<'_>,
    steps: &[Step],
    paint: Paint,
    width: Width,
) -> String {
    let whose = words::printable(&exposure.holder.to_string());
    let whose = paint.apply(Tone::Strong, whose);
    if exposure.keys.is_empty() {
        let nothing = format!("The private key of {whose} decrypts nothing here, and never did.\n");
        return format!("{nothing}{}", numbered(steps));
    }
    let mut table = new_table(paint, width);
    table.set_header(["sealed key", "when", "is", "until"]);
    for key in &exposure.keys {
        table.add_row(opened(key));
    }
    let opens = match exposure.holder {
        Holder::Artifact(_) => format!("The private key of {whose} is, in every version:"),
        _ => format!(
            "The private key of {whose} decrypts {}:",
            words::count(exposure.keys.len(), "sealed key", "sealed keys")
        ),
    };
    format!(
        "{opens}\n\n{}\n\n{}{}",
        trimmed(&table),
        numbered(steps),
        what_stays(exposure, recovery)
    )
}

fn opened(key: &OpenedKey<'_>) -> [Cell; 4] {
    let accepted = key.identities.iter();
    let identity = accepted
        .max_by_key(|identity| (identity.acceptance.is_accepted(), identity.facts.not_after));
    let doubt = match key.certainty {
        Certainty::Certain => "",
        Certainty::Possible => " (possibly)",
    };
    let is = match (key.tokens, identity) {
        _ if key.host().is_some() => {
            let host = key.host().map_or("", Name::as_str);
            toned(
                &format!("the SSH host key of {host}: everything sealed to {host}"),
                Tone::Bad,
            )
        }
        _ if key.is_empty => Cell::new("nothing: there is no key in it"),
        (Tokens::AnyServiceAccount, _) => {
            toned("any service account: it signs their tokens", Tone::Bad)
        }
        (Tokens::None, Some(identity)) => toned(&standing_in(identity), danger(identity)),
        (Tokens::None, None) if key.opens.is_some() => toned(
            "an earlier SSH key of a host: what was sealed to it then",
            Tone::Bad,
        ),
        (Tokens::None, None) => Cell::new("nothing in date"),
    };
    [
        Cell::new(words::one_line(&format!("{}{doubt}", key.version.path))),
        Cell::new(match &key.version.end {
            End::Now => "now".to_owned(),
            End::Replaced(commit) | End::Deleted(commit) => format!("until {}", seen(commit)),
        }),
        is,
        Cell::new(identity.map_or_else(String::new, |identity| {
            Moment(identity.facts.not_after).to_string()
        })),
    ]
}

fn standing_in(identity: &Identity<'_>) -> String {
    let facts = identity.facts;
    let subject = words::printable(&facts.subject.to_string());
    let who = match identity.power {
        Power::Authority => format!("the authority {subject}: everything below it"),
        Power::AsMasters => format!("{subject}: as good as system:masters"),
        Power::Masters | Power::Limited => subject,
    };
    match word(identity.acceptance) {
        Some(word) => format!("{who} ({word})"),
        None => who,
    }
}

/// What is to be said of a certificate that is not simply accepted.
pub(crate) fn word(acceptance: Acceptance) -> Option<&'static str> {
    match acceptance {
        Acceptance::Accepted => None,
        Acceptance::RevokedUnread => Some("revoked; Kubernetes reads no CRL and accepts it"),
        Acceptance::Revoked => Some("revoked"),
        Acceptance::Untrusted => Some("trusted no more: its CA is in no bundle"),
        Acceptance::Expired => Some("expired"),
    }
}

fn danger(identity: &Identity<'_>) -> Tone {
    match (identity.acceptance.is_accepted(), identity.power) {
        (false, _) => Tone::Quiet,
        (true, Power::Limited) => Tone::Warning,
        (true, _) => Tone::Bad,
    }
}

fn numbered(steps: &[Step]) -> String {
    if steps.is_empty() {
        return "Nothing is left to do: what this key gives is not accepted any more.\n".to_owned();
    }
    let mut text = "If that key is lost:\n".to_owned();
    for (number, step) in steps.iter().enumerate() {
        let _ = writeln!(text, "  {}. {}", number + 1, step.text);
        for command in &step.commands {
            for line in command.lines() {
                let _ = writeln!(text, "     {line}");
            }
        }
    }
    text
}

/// What no step ends.
fn what_stays(exposure: &Exposure<'_>, recovery: &Recovery<'_>) -> String {
    let mut text = String::new();
    if !recovery.undeclared.is_empty() {
        let subjects = recovery.undeclared.iter();
        let subjects: BTreeSet<String> = subjects
            .map(|facts: &&CertificateFacts| words::printable(&facts.subject.to_string()))
            .collect();
        let subjects: Vec<String> = subjects.into_iter().collect();
        let _ = writeln!(
            text,
            "No run ends the trust in {}: nothing declares it any more. Delete its file, and take it out of every verifier.",
            words::some_of(&subjects, 5)
        );
    }
    let is_known = exposure.authorities() + exposure.masters() + exposure.token_keys() > 0;
    if is_known {
        text.push_str(
            "New keys undo nothing that was done with the old ones: what was read, and what was changed or handed out in the meantime.\n",
        );
    }
    text
}

fn opener(opener: &Opener) -> String {
    match opener {
        Opener::Key(recipient) => recipient.short(),
        Opener::Tag(tag) => format!("the SSH key with the tag {tag}"),
    }
}
