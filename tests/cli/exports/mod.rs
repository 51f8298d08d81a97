//! `certs export` beside kubeconfigs: each form, what it holds, where it may go, and who takes it.

mod by_hand;
mod cert_manager;
mod files;
mod nixfleet;
mod resources;
mod shapes;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use certs::x509::CertificateFacts;
use certs::x509::certificate::read::parse_pem_chain;
use serde_json::{Value, json};

use crate::declared::Declared;
use crate::project::Project;

const LEAF: &str = "cp1/web/shop";
const CERTIFICATE: &str = "certs/derived/cp1/web-shop.crt";
const KEY: &str = "certs/derived/cp1/web-shop.key.age";
const ROOT: &str = "certs/ca/root.crt";
const INTERMEDIATE: &str = "certs/ca/web.crt";

/// A server's certificate below an intermediate, and an intermediate that is cert-manager's alone.
fn declared(project: &Project) -> Declared {
    project
        .nothing()
        .root("root")
        .intermediate("web", "root")
        .intermediate("in-cluster", "root")
        .with("ca/in-cluster", "pathLength", json!(0))
        .with(
            "ca/in-cluster",
            "nameConstraints",
            json!({ "permitted": { "dns": ["cluster.example"], "email": [], "ip": [] }, "excluded": { "dns": [], "email": [], "ip": [] } }),
        )
        .leaf(LEAF)
        .with(LEAF, "hosts", json!(["shop.example", "*.shop.example", "10.0.0.7"]))
}

fn made_from(change: impl FnOnce(Declared) -> Declared) -> Project {
    Project::made_as(|project| change(declared(project)))
}

fn made() -> Project {
    made_from(|declared| declared)
}

/// What `certs export` prints.
fn exported(project: &Project, arguments: &[&str]) -> String {
    let arguments = [&["export"], arguments].concat();
    // The alerts are of no project.
    let run = if arguments.contains(&"prometheus-rule") {
        project.run_plainly(&arguments)
    } else {
        project.run(&arguments)
    };
    run.exits_with(0).stdout()
}

fn resource(project: &Project, arguments: &[&str]) -> Value {
    let arguments = [arguments, &["--format", "json"]].concat();
    serde_json::from_str(&exported(project, &arguments)).unwrap()
}

fn refusal(project: &Project, arguments: &[&str]) -> String {
    project.refuses(&[&["export"], arguments].concat())
}

/// What was told beside it.
fn warnings(project: &Project, arguments: &[&str]) -> String {
    let arguments = [&["export"], arguments].concat();
    let run = project.run(&arguments).exits_with(0);
    let text = run.text();
    let told = text.split_once("--- stderr\n");
    told.map_or_else(String::new, |(_, told)| told.to_owned())
}

fn certificates(pem: impl AsRef<[u8]>) -> Vec<CertificateFacts> {
    parse_pem_chain(pem.as_ref()).unwrap()
}

/// One entry of the data of a Secret.
fn data(secret: &Value, key: &str) -> Vec<u8> {
    STANDARD
        .decode(secret["data"][key].as_str().unwrap())
        .unwrap()
}

/// A resource with what differs from run to run left out.
fn outline(yaml: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut is_inside = false;
    for line in yaml.lines() {
        let indent = &line[..line.len() - line.trim_start().len()];
        is_inside |= line.contains("-----BEGIN ");
        if let Some((field, _)) = line.split_once(": LS0t") {
            lines.push(format!("{field}: …"));
        } else if !is_inside {
            lines.push(line.to_owned());
        }
        if line.contains("-----END ") {
            is_inside = false;
            lines.push(format!("{indent}<certificate>"));
        }
    }
    lines.join("\n")
}

/// The project with a new root beside the one that everything made so far leads to.
fn rotated() -> Project {
    let project = made();
    project
        .run(&["recreate", "--replace", "ca/root"])
        .exits_with(0);
    assert_eq!(certificates(project.read(ROOT)).len(), 2);
    project
}
