//! Those whom exports are for take them: TLS clients and servers with nothing but the root as trust, readers of PKCS#12, kubectl, Prometheus,
//! and what is published of their resources.

mod containers;
mod forms;
mod handshake;
#[allow(clippy::indexing_slicing)] // What JSON has not is null, and no panic.
mod published;
mod resources;

use libtest_mimic::{Failed, Trial};
use serde_json::json;

use crate::project::{Declaration, Project};

pub(crate) fn trials() -> Vec<Trial> {
    [
        containers::trials(),
        forms::trials(),
        handshake::trials(),
        published::trials(),
        resources::trials(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

const HOST: &str = "shop.example";
const PASSWORD: &str = "größer als 8";

/// Two tiers: a server and a client below an intermediate.
fn declaration() -> Declaration {
    Declaration::default()
        .authority("root", &json!({}))
        .authority("web", &json!({ "issuer": "root" }))
        .leaf(
            "cp1",
            "web",
            "shop",
            &json!({ "hosts": [HOST], "usages": ["server auth"] }),
        )
        .leaf("cp1", "web", "ada", &json!({ "usages": ["client auth"] }))
}

/// `certs export` with these words.
fn export(project: &Project, words: &str) -> Result<(), Failed> {
    // The alerts are of no project.
    let source = if words.starts_with("prometheus-rule") {
        ""
    } else {
        "--manifest manifest.json --root ."
    };
    project
        .ends_with(0, &format!("export {words} {source}"))
        .map(drop)
}

/// The files that a server and its client have, all of them exports.
fn everything(project: &Project) -> Result<(), Failed> {
    project.bench.write("pass", PASSWORD)?;
    project.bench.write(".gitignore", "*\n")?;
    for words in [
        "bundle -o roots.pem",
        "pem shop -o server.pem",
        "pem shop --part key -o server.key",
        "pem ada --part combined -o client.pem",
        "pem ca/web --part leaf -o intermediate.pem",
        "pkcs12 ada --password-file pass -o client.p12",
        "pkcs12 ada --password-file pass --legacy -o client.pfx",
        "truststore -o roots.p12",
    ] {
        export(project, words)?;
    }
    Ok(())
}
