//! What a shell offers behind Tab. Options and verbs come from the command; names come from the nearest manifest and inventory, as they are on
//! disk: nothing is evaluated, asked for or printed, and what cannot be read offers nothing.

use std::collections::BTreeSet;

use clap::{Arg, Command};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::CompleteEnv;
use serde_json::{Map, Value};

use crate::check::catalogue;
use crate::cli::location::{MANIFEST, nearest_declaration};
use crate::lint;
use crate::status::State;
use crate::store::outside;
use crate::x509::crl::reason_words;

/// Set by the script of `certs completions` where the program is to complete a line.
pub(crate) const VARIABLE: &str = "CERTS_COMPLETE";

/// Where certificates are unless a manifest says otherwise.
const DIRECTORY: &str = "secrets/certs";

/// Answers a shell; `false` if none asked.
pub(super) fn answer() -> bool {
    let asked = CompleteEnv::with_factory(super::command).var(VARIABLE);
    let here = std::env::current_dir().ok();
    // A message would be written over the line that is being typed.
    asked
        .try_complete(std::env::args_os(), here.as_deref())
        .unwrap_or(true)
}

/// The command, each argument with the values that its value name stands for.
pub(super) fn with_values(command: Command) -> Command {
    command
        .mut_args(|arg| match values(&arg) {
            Some(values) => arg.add(ArgValueCandidates::new(values)),
            None => arg,
        })
        .mut_subcommands(with_values)
}

type Values = fn() -> Vec<CompletionCandidate>;

fn values(arg: &Arg) -> Option<Values> {
    let name = arg.get_value_names()?.first()?.as_str();
    let values: Values = match name {
        "PATTERN" | "CERTIFICATE" | "ARTIFACT" | "TARGET" | "WHO" => || {
            let names = Names::read();
            let all = names.artifacts.into_iter().chain(names.hosts);
            all.map(CompletionCandidate::new).collect()
        },
        "CA" => || candidates(Names::read().authorities),
        "HOST" | "HOLDER" => || candidates(Names::read().hosts),
        "ROLE" => || candidates(Names::read().roles),
        "CODE" => || {
            let lints = lint::catalogue::all().chain(catalogue::all());
            lints
                .map(|lint| CompletionCandidate::new(lint.code).help(Some(lint.title.into())))
                .collect()
        },
        "STATE" => || candidates(State::ALL.map(State::code)),
        "REASON" => || candidates(reason_words()),
        _ => return None,
    };
    Some(values)
}

fn candidates<T: Into<std::ffi::OsString>>(
    names: impl IntoIterator<Item = T>,
) -> Vec<CompletionCandidate> {
    names.into_iter().map(CompletionCandidate::new).collect()
}

/// The names of a fleet.
#[derive(Debug, Default, PartialEq, Eq)]
struct Names {
    /// `ca/…`, `shared/…` and `host/ca/certificate`.
    artifacts: BTreeSet<String>,
    authorities: BTreeSet<String>,
    hosts: BTreeSet<String>,
    roles: BTreeSet<String>,
}

impl Names {
    /// Those of the nearest project: a manifest has all that is declared, the inventory all that was issued.
    fn read() -> Self {
        let mut names = Self::default();
        let Some(root) = nearest_declaration() else {
            return names;
        };
        let read = |path: &str| -> Option<Value> {
            let bytes = outside::read_regular(&root.join(path)).ok()?;
            serde_json::from_slice(&bytes).ok()
        };
        let manifest = read(MANIFEST).unwrap_or_default();
        names.add_manifest(&manifest);
        let directory = manifest.get("dir").and_then(Value::as_str);
        let inventory = format!("{}/inventory.json", directory.unwrap_or(DIRECTORY));
        names.add_inventory(&read(&inventory).unwrap_or_default());
        names
    }

    fn add_manifest(&mut self, manifest: &Value) {
        self.add_shared(manifest);
        self.roles.extend(keys(manifest.get("roles")));
        for (host, declared) in entries(manifest.get("hosts")) {
            self.add_host(host, declared.get("certificates"));
        }
    }

    fn add_inventory(&mut self, inventory: &Value) {
        self.add_shared(inventory);
        for (host, certificates) in entries(inventory.get("hosts")) {
            self.add_host(host, Some(certificates));
        }
    }

    /// What both documents have.
    fn add_shared(&mut self, document: &Value) {
        for name in keys(document.get("authorities")) {
            self.artifacts.insert(format!("ca/{name}"));
            self.authorities.insert(name);
        }
        let pairs = keys(document.get("keyPairs"));
        self.artifacts
            .extend(pairs.map(|name| format!("shared/{name}")));
    }

    /// Certificates are by CA and name.
    fn add_host(&mut self, host: &str, certificates: Option<&Value>) {
        self.hosts.insert(host.to_owned());
        for (authority, certificates) in entries(certificates) {
            let ids = keys(Some(certificates)).map(|name| format!("{host}/{authority}/{name}"));
            self.artifacts.extend(ids);
        }
    }
}

fn entries(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

fn keys(value: Option<&Value>) -> impl Iterator<Item = String> {
    let object = value.and_then(Value::as_object).into_iter();
    object.flat_map(Map::keys).cloned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_come_from_both_documents() {
        let mut names = Names::default();
        names.add_manifest(&json!({
            "authorities": { "cluster": {} },
            "hosts": { "cp1": { "certificates": { "cluster": { "kubelet": {} } } } },
            "keyPairs": { "service-account": {} },
            "roles": { "lab": {} },
        }));
        names.add_inventory(&json!({ "hosts": { "nas": { "cluster": { "nas": {} } } } }));
        let owned = |words: &[&str]| words.iter().map(ToString::to_string).collect();
        assert_eq!(
            names,
            Names {
                artifacts: owned(&[
                    "ca/cluster",
                    "cp1/cluster/kubelet",
                    "nas/cluster/nas",
                    "shared/service-account",
                ]),
                authorities: owned(&["cluster"]),
                hosts: owned(&["cp1", "nas"]),
                roles: owned(&["lab"]),
            }
        );
    }

    #[test]
    fn a_document_of_another_shape_has_no_names() {
        let mut names = Names::default();
        names.add_manifest(&json!({ "hosts": [1], "authorities": "x", "roles": null }));
        names.add_inventory(&json!([]));
        assert_eq!(names, Names::default());
    }
}
