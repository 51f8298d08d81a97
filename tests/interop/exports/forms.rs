//! Every form of Kubernetes manifest that `certs` prints, with words that bring out each shape it has. Who judges them is said elsewhere.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use super::{HOST, declaration};
use crate::project::{Project, expect, repository};

/// Each form with runs that print it differently; every option is in one of them.
const FORMS: [(&str, &[&str]); 14] = [
    ("export secret", &["shop", "full -n shop --name web"]),
    ("export ca-secret", &["web", "ca/root -n shop --name root"]),
    (
        "export issuer",
        &[
            "web",
            "web -n shop --name shop --secret-name s",
            "--name x --secret-name y",
            "ca/web --name lab --vault https://v.example:8200 --vault-path pki/sign/x",
            "ca/web --name lab -n shop --vault https://v.example --vault-path pki/sign/x --vault-mount k8s --vault-role r \
             --service-account issuer --cert-manager-namespace certs",
            "--name lab --vault http://v.example --vault-path pki/sign/x --vault-auth approle --vault-mount a --role-id 1e3 \
             --secret-id-secret s",
        ],
    ),
    (
        "export certificate",
        &[
            "full --cluster-issuer web -n no --name yes --secret-name s",
            "rsa --issuer web --duration 2h",
            "ada --issuer web",
            "--name app --san app.example --san 10.0.0.1 --cluster-issuer web",
            "shop --issuer step --issuer-kind StepClusterIssuer --issuer-group certmanager.step.sm --common-name shop --organization a \
             --organization b --duration 24h --renew-before 8h --usage any",
        ],
    ),
    (
        "export ingress",
        &[
            "shop",
            "full --cluster-issuer web -n shop --name web --secret-name s --service front --port 8080 --class nginx",
            "--name app --san app.example --issuer web",
            "--name app --san app.example --issuer step --issuer-kind StepClusterIssuer --issuer-group certmanager.step.sm",
        ],
    ),
    ("export configmap", &["", "web --name roots -n shop"]),
    (
        "export trust-bundle",
        &[
            "",
            "ca/* --name roots --target-key roots.pem --namespace-label trust=yes --namespace-label a.example/b=c --public-roots",
        ],
    ),
    (
        "export external-secret",
        &[
            "shop --store vault --key 0x10",
            "ca/web --store s --store-kind SecretStore --key k --certificate-property c --key-property k --ca-property a \
             --refresh 90m -n shop --name x",
            "shop --store vault --key shop --no-ca",
        ],
    ),
    (
        "export prometheus-rule",
        &[
            "",
            "--cert-manager --label on=off --name rules -n monitoring",
        ],
    ),
    ("export bootstrap", &["", "--cluster kubernetes"]),
    ("certmanager export", &EXPORT),
    ("certmanager issuer", &ISSUER),
    ("pki certmanager export", &EXPORT),
    ("pki certmanager issuer", &ISSUER),
];

const EXPORT: [&str; 3] = [
    "--ca",
    "--intermediate -n shop --secret-name s",
    "--hostname cp1 --cert-name shop",
];
const ISSUER: [&str; 2] = [
    "",
    "--secret-name s --secret-namespace shop --issuer-name x",
];

/// Forms that are made of no declaration.
const PLAIN: [&str; 3] = [
    "export prometheus-rule",
    "certmanager issuer",
    "pki certmanager issuer",
];

/// Options that change where something is read or written, and nothing in it.
const SHAPELESS: [&str; 8] = [
    "manifest", "flake", "file", "root", "output", "identity", "force", "help",
];

pub(super) fn trials() -> Vec<Trial> {
    let name = "exports::every_form_of_manifest_is_judged_with_every_option";
    vec![Trial::test(name, all_are_listed)]
}

/// One form as it was asked for.
pub(super) struct Run {
    /// What was typed after `certs`.
    pub(super) words: String,
    number: usize,
}

pub(super) fn runs() -> impl Iterator<Item = Run> {
    let words = FORMS
        .iter()
        .flat_map(|(form, runs)| runs.iter().map(move |words| (*form, *words)));
    words.enumerate().map(|(number, (form, words))| Run {
        words: if PLAIN.contains(&form) {
            format!("{form} {words}")
        } else {
            format!("{form} {words} --manifest manifest.json --root .")
        },
        number,
    })
}

impl Run {
    /// Writes the form in this language, and says into which file.
    pub(super) fn write(&self, project: &Project, language: &str) -> Result<String, Failed> {
        let file = self.file(language);
        let words = format!("{} --format {language} -o {file}", self.words);
        project.ends_with(0, &words)?;
        Ok(file)
    }

    pub(super) fn file(&self, language: &str) -> String {
        format!("{}.{language}", self.number)
    }

    pub(super) fn document(&self, project: &Project) -> Result<Value, Failed> {
        let file = self.write(project, "json")?;
        Ok(serde_json::from_slice(&project.bench.read(&file)?)?)
    }
}

/// The resources of a document, those of a `List` one by one.
pub(super) fn one_by_one(document: &mut Value) -> Vec<&mut Value> {
    if document.get("kind") == Some(&json!("List")) {
        let items = document.get_mut("items").and_then(Value::as_array_mut);
        items.into_iter().flatten().collect()
    } else {
        vec![document]
    }
}

/// A project with certificates of every kind of name and key.
pub(super) fn project() -> Result<Project, Failed> {
    let urls = json!({ "issuer": "root", "crlUrls": ["http://pki.example/web.crl"], "issuerUrls": ["http://pki.example/web.crt"] });
    let full = json!({
        "commonName": HOST, "renewBefore": "240h", "key": { "algo": "ed25519" },
        "hosts": [HOST, "*.shop.example", "10.0.0.1", "fd00::7", "ops@shop.example", "spiffe://shop/web"],
        "names": [["O", "Shop"], ["OU", "a"], ["OU", "b"], ["C", "DE"], ["L", "x"], ["ST", "y"], ["street", "z"],
            ["postalCode", "01234"], ["serialNumber", "7"]],
    });
    let flannel = json!({ "component": "flannel", "commonName": "flannel-client", "usages": ["client auth"] });
    let rsa = json!({ "hosts": [HOST], "key": { "algo": "rsa", "size": 2048 } });
    let declaration = declaration()
        .authority("web", &urls)
        .leaf("cp1", "web", "full", &full)
        .leaf("cp1", "web", "rsa", &rsa)
        .leaf("cp1", "web", "flannel", &flannel)
        .worker("cp1", "web");
    Project::made(&declaration)
}

/// The reference of the command line knows every form: one that prints a manifest has a choice of languages.
fn all_are_listed() -> Result<(), Failed> {
    let reference = std::fs::read_to_string(repository("docs/cli.md"))?;
    for section in reference.split("\n## `certs ").skip(1) {
        let (form, text) = section.split_once('`').ok_or("a section without a verb")?;
        if !text.contains("[possible values: yaml, json]") {
            continue;
        }
        let mut listed = FORMS.iter().filter(|(listed, _)| *listed == form);
        let (_, runs) = listed
            .next()
            .ok_or(format!("nothing judges `certs {form}`"))?;
        for option in options(text) {
            let flags = [format!("--{}", option.long), option.short];
            let is_tried = runs
                .iter()
                .flat_map(|words| words.split(' '))
                .any(|word| flags.contains(&word.to_owned()));
            let is_exempt = option.long == "format" || SHAPELESS.contains(&&*option.long);
            expect(
                is_tried || is_exempt,
                &format!("nothing judges `certs {form} {}`", flags[0]),
            )?;
        }
    }
    Ok(())
}

struct Opt {
    short: String,
    long: String,
}

/// The options of a help text: each stands at the beginning of a line.
fn options(help: &str) -> impl Iterator<Item = Opt> {
    help.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (short, long) = match words.as_slice() {
            [long, ..] if long.starts_with("--") => ("", long),
            [short, long, ..] if short.starts_with('-') && short.ends_with(',') => (*short, long),
            _ => return None,
        };
        Some(Opt {
            short: short.trim_end_matches(',').to_owned(),
            long: long.strip_prefix("--")?.to_owned(),
        })
    })
}
