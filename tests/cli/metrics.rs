//! Deployed certificates as metrics: printed, written, served.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use certs::x509::FoundKeyAlgorithm;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::project::{ADA, Project};

const CERTIFICATE: &str = "certs/derived/cp1/root-server.crt";
const KEY: &str = "certs/derived/cp1/root-server.key.age";

/// A host as agenix leaves it: the certificate, and its key opened.
fn deployed(key: &str) -> Project {
    let project = Project::made();
    let opened = project.opens(ADA, KEY).unwrap();
    project.write("run/server.key", &opened);
    project.write(
        "deployed.json",
        json!({ "version": 1, "certificates": [{
            "artifact": "cp1/root/server", "certificate": CERTIFICATE, "key": key, "renewBefore": "720h",
        }]})
        .to_string()
        .as_bytes(),
    );
    project
}

/// The value of the one line of a metric.
fn value<'t>(text: &'t str, metric: &str) -> &'t str {
    let mut lines = text.lines().filter(|line| line.starts_with(metric));
    let line = lines
        .next()
        .unwrap_or_else(|| panic!("no {metric} in\n{text}"));
    assert_eq!(lines.next(), None, "{metric} stands twice");
    line.rsplit(' ').next().unwrap()
}

#[test]
fn tells_how_long_a_revocation_list_is_good() {
    let project = Project::made();
    project.run(&["revoke", "server"]).exits_with(0);
    let run = project.run_plainly(&["metrics", "certs/ca/root.crl"]);
    let text = run.exits_with(0).stdout();
    assert_eq!(value(&text, "certs_crl_revoked{"), "1");
    let next: i64 = value(&text, "certs_crl_next_update_timestamp_seconds{")
        .parse()
        .unwrap();
    let list = certs::x509::crl::read::parse_pem(&project.read("certs/ca/root.crl")).unwrap();
    assert_eq!(
        Some(next),
        list.next_update.map(time::OffsetDateTime::unix_timestamp)
    );
    assert!(!text.contains("certs_certificate_readable{"));
}

#[test]
fn tells_when_a_certificate_ends_and_that_its_key_is_there() {
    let project = deployed("run/server.key");
    let text = project
        .run_plainly(&["metrics", "--deployed", "deployed.json"])
        .exits_with(0)
        .stdout();
    let facts =
        certs::x509::certificate::read::parse_pem_chain(&project.read(CERTIFICATE)).unwrap();
    let ends: i64 = value(&text, "certs_certificate_not_after_timestamp_seconds{")
        .parse()
        .unwrap();
    let renews: i64 = value(&text, "certs_certificate_renewal_timestamp_seconds{")
        .parse()
        .unwrap();
    assert_eq!(ends, facts[0].not_after.unix_timestamp());
    assert_eq!(ends - renews, 720 * 3600);
    assert_eq!(value(&text, "certs_certificate_readable{"), "1");
    assert_eq!(value(&text, "certs_key_usable{"), "1");
    assert!(matches!(facts[0].key, FoundKeyAlgorithm::Known(_)));
}

#[test]
fn a_key_of_another_certificate_a_missing_one_and_a_sealed_one_are_unusable() {
    for key in ["certs/ca/root.crt", "run/none", KEY] {
        let project = deployed(key);
        let text = project
            .run_plainly(&["metrics", "--deployed", "deployed.json"])
            .exits_with(0)
            .stdout();
        assert_eq!(value(&text, "certs_key_usable{"), "0", "{key}");
    }
}

#[test]
fn prints_what_prometheus_reads() {
    let project = Project::made();
    project.write("damaged.crt", b"-----BEGIN CERTIFICATE-----\n");
    let run = project.run_plainly(&["metrics", "certs/ca/root.crt", "damaged.crt", "missing.crt"]);
    let text = run.exits_with(0).text();
    let is_number =
        |word: &str| word.len() == 10 && word.bytes().all(|digit| digit.is_ascii_digit());
    let without_times: Vec<String> = text
        .lines()
        .map(|line| match line.rsplit_once(' ') {
            Some((metric, number)) if is_number(number) => format!("{metric} <seconds>"),
            _ => line.to_owned(),
        })
        .collect();
    assert_snapshot!(without_times.join("\n"));
}

#[test]
fn writes_for_the_node_exporter_in_one_step() {
    let project = deployed("run/server.key");
    project.write("certs.prom", b"old");
    project
        .run_plainly(&[
            "metrics",
            "--deployed",
            "deployed.json",
            "--output",
            "certs.prom",
        ])
        .exits_with(0);
    let text = String::from_utf8(project.read("certs.prom")).unwrap();
    assert_eq!(value(&text, "certs_key_usable{"), "1");
    assert!(!project.path("certs.prom.certs-tmp").exists());
    assert_snapshot!(
        project
            .run_plainly(&[
                "metrics",
                "--deployed",
                "deployed.json",
                "-o",
                "none/x.prom"
            ])
            .exits_with(1)
            .text()
    );
}

#[test]
fn a_list_it_cannot_use_is_named() {
    let project = Project::made();
    let refused = |list: &Value| {
        project.write("deployed.json", list.to_string().as_bytes());
        project
            .run_plainly(&["metrics", "--deployed", "deployed.json"])
            .exits_with(1)
            .text()
    };
    assert_snapshot!(
        "list_of_the_future",
        refused(&json!({ "version": 2, "certificates": [] }))
    );
    assert_snapshot!(
        "list_with_a_wrong_time",
        refused(&json!({ "version": 1, "certificates": [
        { "artifact": "a", "certificate": "a.crt", "key": null, "renewBefore": "soon" }
    ] }))
    );
    assert_snapshot!(
        "no_files",
        project.run_plainly(&["metrics"]).exits_with(64).text()
    );
    assert_snapshot!(
        "no_address",
        project
            .run_plainly(&["metrics", "a.crt", "--listen", "nowhere"])
            .exits_with(1)
            .text()
    );
}

#[test]
fn serves_the_files_as_they_are_at_each_scrape() {
    let project = deployed("run/server.key");
    let mut server = Server::start(&project);
    assert_eq!(value(&server.get("/metrics"), "certs_key_usable{"), "1");
    project.remove("run/server.key");
    assert_eq!(value(&server.get("/metrics"), "certs_key_usable{"), "0");
    assert!(server.get("/").starts_with("HTTP/1.1 404 "));
    assert!(
        server
            .say("POST /metrics HTTP/1.1\r\n\r\n")
            .starts_with("HTTP/1.1 405 ")
    );
    assert!(server.say("\r\n\r\n").starts_with("HTTP/1.1 400 "));
    server.stop();
}

struct Server {
    process: std::process::Child,
    address: String,
}

impl Server {
    fn start(project: &Project) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_certs"))
            .args([
                "metrics",
                "--deployed",
                "deployed.json",
                "--listen",
                "127.0.0.1:0",
            ])
            .current_dir(project.path(""))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stderr.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line
            .trim()
            .strip_prefix("serving http://")
            .unwrap()
            .strip_suffix("/metrics")
            .unwrap()
            .to_owned();
        Self { process, address }
    }

    fn get(&mut self, path: &str) -> String {
        self.say(&format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"))
    }

    fn say(&mut self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn stop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}
