//! nginx asks its clients for certificates, curl asks nginx for one: mutual TLS as the web has it.

use std::fs;
use std::net::SocketAddr;

use libtest_mimic::{Failed, Trial};
use serde_json::json;

use super::site::{Identity, Run, Running, Site, address, ports, served};
use crate::project::{DIR, Declaration, Pair, equal, expect};

const NGINX: [&str; 3] = ["nginx", "curl", "openssl"];

pub(crate) fn trials() -> Vec<Trial> {
    let trials: [(&str, Run); 4] = [
        ("lets_in_whom_its_authority_calls_a_client", clients),
        ("is_trusted_by_the_declared_names_only", server_names),
        ("turns_away_whom_a_list_names", revoked),
        ("has_the_chain_that_both_sides_need_in_one_file", chains),
    ];
    trials
        .into_iter()
        .map(|(name, run)| served(&format!("nginx::{name}"), &NGINX, run))
        .collect()
}

/// One host with a server and a client below a root and below its intermediate, and a client of another root.
fn declaration(address: SocketAddr) -> Declaration {
    let server = json!({
        "hosts": ["www.example.org", "*.apps.example.org", address.ip().to_string()],
        "usages": ["server auth"],
    });
    let client = json!({
        "commonName": "ops", "names": [["O", "Example"], ["OU", "web"]], "usages": ["client auth"],
    });
    Declaration::default()
        .authority("root", &json!({}))
        .authority("middle", &json!({ "issuer": "root", "pathLength": 0 }))
        .authority("other", &json!({}))
        .leaf("web1", "root", "server", &server)
        .leaf("web1", "root", "client", &client)
        .leaf("web1", "middle", "server", &server)
        .leaf("web1", "middle", "client", &client)
        .leaf("web1", "other", "client", &client)
}

/// Starts nginx. It trusts the root alone, and answers with what it makes of the client.
fn start(site: &Site, listen: &[SocketAddr], server: &Identity) -> Result<Running, Failed> {
    start_with(site, listen, server, "")
}

/// The same with further settings.
fn start_with(
    site: &Site,
    listen: &[SocketAddr],
    server: &Identity,
    settings: &str,
) -> Result<Running, Failed> {
    let path = |file: &str| site.project.path(file).display().to_string();
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {};\n", path("run/nginx")))
        .concat();
    let listen: Vec<_> = listen
        .iter()
        .map(|socket| format!("listen {socket} ssl;\n"))
        .collect();
    let configuration = format!(
        "daemon off;\nmaster_process off;\npid {};\nerror_log stderr info;\nevents {{}}\n\
         http {{\naccess_log off;\n{temporary}server {{\n{}\
         ssl_certificate {};\nssl_certificate_key {};\n\
         ssl_client_certificate {};\nssl_verify_client on;\nssl_verify_depth 2;\n{settings}\
         location / {{ return 200 \"$ssl_client_verify $ssl_client_s_dn\"; }}\n}}\n}}\n",
        path("run/nginx.pid"),
        listen.concat(),
        path(&server.certificate),
        path(&server.key),
        path(&Pair::authority("root").certificate),
    );
    site.project.bench.write("run/nginx.conf", configuration)?;
    // It writes this file once it listens.
    let pid = site.project.path("run/nginx.pid");
    if pid.exists() {
        fs::remove_file(&pid)?;
    }
    let mut nginx = site.start("nginx", &format!("nginx -c {}", path("run/nginx.conf")))?;
    nginx.is_ready(|| expect(pid.exists(), "no pid file"))?;
    Ok(nginx)
}

fn curl(authority: &str, client: Option<&Identity>, words: &str) -> String {
    let authority = Pair::authority(authority).certificate;
    let client = client.map(|client| format!("--cert {} --key {}", client.certificate, client.key));
    let client = client.unwrap_or_default();
    format!("curl --silent --show-error --max-time 30 --cacert {authority} {client} {words}")
}

/// What nginx answers to its client: the subject from its last name to its first (RFC 2253 §2.1).
const WELCOME: &str = "SUCCESS CN=ops,OU=web,O=Example";

fn clients(site: &Site) -> Result<(), Failed> {
    let [socket] = ports(address()?)?;
    site.make(&declaration(socket))?;
    let server = site.identity("web1", "root", "server")?;
    let mut nginx = start(site, &[socket], &server)?;
    let get = |client| site.run(&curl("root", client, &format!("https://{socket}")));

    let client = site.identity("web1", "root", "client")?;
    equal(&get(Some(&client))?.as_str(), &WELCOME)?;

    let refused = get(None)?;
    expect(
        refused.contains("No required SSL certificate was sent"),
        &refused,
    )?;
    let stranger = site.identity("web1", "other", "client")?;
    let refused = get(Some(&stranger))?;
    expect(refused.contains("The SSL certificate error"), &refused)?;
    nginx.says(&["unable to verify the first certificate"])?;
    // A server's certificate makes no client.
    let refused = get(Some(&server))?;
    expect(refused.contains("The SSL certificate error"), &refused)?;
    nginx.says(&["certificate verify error: (26:"])
}

/// nginx wants the lists of all issuers of a chain in one file.
fn revoked(site: &Site) -> Result<(), Failed> {
    let [socket] = ports(address()?)?;
    site.make(&declaration(socket))?;
    let source = "--manifest manifest.json --root .";
    site.project
        .ends_with(0, &format!("crl root middle {source}"))?;
    let server = site.identity("web1", "root", "server")?;
    let (near, far) = (
        site.identity("web1", "root", "client")?,
        site.identity("web1", "middle", "client")?,
    );
    let get = |client| site.run(&curl("root", Some(client), &format!("https://{socket}")));
    let lists = site.project.path("run/lists.pem");
    let settings = format!("ssl_crl {};\n", lists.display());
    let gather = || -> Result<(), Failed> {
        let list = |name| site.project.bench.read(&format!("{DIR}/ca/{name}.crl"));
        fs::write(&lists, [list("root")?, list("middle")?].concat())?;
        Ok(())
    };

    gather()?;
    let nginx = start_with(site, &[socket], &server, &settings)?;
    equal(&get(&near)?.as_str(), &WELCOME)?;
    equal(&get(&far)?.as_str(), &WELCOME)?;
    drop(nginx);

    let line = format!("revoke web1/middle/client {source}");
    site.project.ends_with(0, &line)?;
    gather()?;
    let mut nginx = start_with(site, &[socket], &server, &settings)?;
    equal(&get(&near)?.as_str(), &WELCOME)?;
    let refused = get(&far)?;
    expect(refused.contains("The SSL certificate error"), &refused)?;
    nginx.says(&["certificate revoked"])
}

fn server_names(site: &Site) -> Result<(), Failed> {
    let ([socket], [undeclared]) = (ports(address()?)?, ports(address()?)?);
    site.make(&declaration(socket))?;
    let server = site.identity("web1", "root", "server")?;
    let client = site.identity("web1", "root", "client")?;
    let _nginx = start(site, &[socket, undeclared], &server)?;
    let (ip, port) = (socket.ip(), socket.port());
    let by_name = |authority, name: &str| {
        let words = format!("--resolve {name}:{port}:{ip} https://{name}:{port}");
        curl(authority, Some(&client), &words)
    };
    let by_address = |socket| curl("root", Some(&client), &format!("https://{socket}"));

    for line in [
        by_name("root", "www.example.org"),
        by_name("root", "blog.apps.example.org"),
        by_address(socket),
    ] {
        equal(&site.run(&line)?.as_str(), &WELCOME)?;
    }
    for (line, reason) in [
        (
            by_name("root", "mail.example.org"),
            "no alternative certificate subject name matches",
        ),
        (
            by_name("root", "a.b.apps.example.org"),
            "no alternative certificate subject name matches",
        ),
        // The common name is no name of a server.
        (
            by_name("root", "server"),
            "no alternative certificate subject name matches",
        ),
        (
            by_address(undeclared),
            "no alternative certificate subject name matches",
        ),
        (
            by_name("other", "www.example.org"),
            "SSL certificate problem",
        ),
    ] {
        site.refuses(&line, &[reason])?;
    }
    Ok(())
}

/// Both sides trust the root alone, and are below its intermediate.
fn chains(site: &Site) -> Result<(), Failed> {
    let [socket] = ports(address()?)?;
    site.make(&declaration(socket))?;
    let server = site.identity("web1", "middle", "server")?;
    let client = site.identity("web1", "middle", "client")?;
    let get = |client| curl("root", Some(client), &format!("https://{socket}"));
    let mut nginx = start(site, &[socket], &server)?;
    equal(&site.run(&get(&client))?.as_str(), &WELCOME)?;
    // The intermediate's own file is a trust anchor for who wants no more.
    let of_middle = curl("middle", Some(&client), &format!("https://{socket}"));
    equal(&site.run(&of_middle)?.as_str(), &WELCOME)?;

    let lonely_client = alone(site, &client)?;
    let refused = site.run(&get(&lonely_client))?;
    expect(refused.contains("The SSL certificate error"), &refused)?;
    nginx.says(&["unable to verify the first certificate"])?;
    drop(nginx);
    let _nginx = start(site, &[socket], &alone(site, &server)?)?;
    site.refuses(
        &get(&lonely_client),
        &["unable to get local issuer certificate"],
    )
}

/// The identity with its own certificate only, as people cut it out.
fn alone(site: &Site, identity: &Identity) -> Result<Identity, Failed> {
    let certificate = format!("{}.crt", identity.key);
    let chain = &identity.certificate;
    site.run(&format!("openssl x509 -in {chain} -out {certificate}"))?;
    Ok(Identity {
        certificate,
        key: identity.key.clone(),
    })
}
