//! OpenSSL's server and client meet, with every kind of key: each is what its certificate says, and nothing else.

use certs::x509::key::KeyAlgorithm;
use libtest_mimic::{Failed, Trial};
use serde_json::json;

use super::site::{Identity, Running, Site, address, ports, served};
use crate::fleet::key;
use crate::project::{Declaration, Pair, expect};

pub(crate) fn trials() -> Vec<Trial> {
    KeyAlgorithm::ALL
        .into_iter()
        .map(|algorithm| {
            served(
                &format!("openssl::a_certificate_serves_its_purpose_only::{algorithm}"),
                &["openssl"],
                move |site| purposes(site, algorithm),
            )
        })
        .collect()
}

const NAME: &str = "www.example.org";

fn purposes(site: &Site, algorithm: KeyAlgorithm) -> Result<(), Failed> {
    let leaf = |usage| json!({ "hosts": [NAME], "usages": [usage], "key": key(algorithm) });
    let declaration = Declaration::default()
        .authority("root", &json!({ "key": key(algorithm) }))
        .leaf("web1", "root", "server", &leaf("server auth"))
        .leaf("web1", "root", "client", &leaf("client auth"));
    site.make(&declaration)?;
    let server = site.identity("web1", "root", "server")?;
    let client = site.identity("web1", "root", "client")?;

    let (_server, mut session) = meet(site, &server, &client, NAME)?;
    session.tell("straight\n")?;
    session.says(&["thgiarts"])?;
    // X509_V_ERR_INVALID_PURPOSE is 26, X509_V_ERR_HOSTNAME_MISMATCH is 62.
    let (_server, session) = meet(site, &client, &client, NAME)?;
    fails(session, "verify error:num=26:")?;
    let (_server, session) = meet(site, &server, &client, "mail.example.org")?;
    fails(session, "verify error:num=62:")?;
    let (mut refusing, session) = meet(site, &server, &server, NAME)?;
    refusing.says(&["verify error:num=26:"])?;
    fails(session, "alert unsupported certificate")
}

/// Starts a server that sends every line back reversed, and a client of it; both insist on the other's certificate.
fn meet(
    site: &Site,
    server: &Identity,
    client: &Identity,
    name: &str,
) -> Result<(Running, Running), Failed> {
    let [socket] = ports(address()?)?;
    let root = Pair::authority("root").certificate;
    let mut listening = site.start("s_server", &format!(
        "openssl s_server -accept {socket} -rev -CAfile {root} -cert {} -key {} -Verify 1 -verify_return_error -purpose sslclient",
        server.certificate, server.key
    ))?;
    listening.says(&["ACCEPT"])?;
    let session = site.start(
        "s_client",
        &format!(
            "openssl s_client -connect {socket} -quiet -CAfile {root} -cert {} -key {} \
         -verify_return_error -purpose sslserver -verify_hostname {name}",
            client.certificate, client.key
        ),
    )?;
    Ok((listening, session))
}

/// The session ends with this reason and without success.
fn fails(mut session: Running, reason: &str) -> Result<(), Failed> {
    session.says(&[reason])?;
    let status = session.ends()?;
    expect(!status.success(), &format!("ended with {status}"))
}
