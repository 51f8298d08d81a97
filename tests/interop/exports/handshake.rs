//! A server in Python that insists on client certificates, and clients of other families; all they have are exports.

use std::net::SocketAddr;

use libtest_mimic::{Failed, Trial};

use super::{HOST, declaration, everything, export};
use crate::project::expect;
use crate::services::site::{Run, Running, Site, address, at_site, ports};

pub(crate) fn trials() -> Vec<Trial> {
    let meets = |client: &str, programs: &[&str], run: Run| {
        let name = format!("exports::handshake::with_the_root_alone_as_trust::{client}");
        at_site(name, &[&["python3"], programs].concat(), run)
    };
    vec![
        meets("python", &[], python),
        meets("node", &["node"], node),
        meets("curl", &["curl"], curl),
        meets("openssl", &["openssl"], openssl),
        meets("java", &["java", "javac"], java),
        at_site(
            "exports::handshake::an_intermediate_is_no_trust",
            &["python3", "node"],
            intermediate,
        ),
    ]
}

/// Answers everybody who has a certificate with the name in it.
const SERVER: &str = r#"
import socket, ssl, sys
host, port = sys.argv[1].rsplit(":", 1)
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile="roots.pem")
context.verify_mode = ssl.CERT_REQUIRED
context.load_cert_chain("server.pem", "server.key")
with socket.create_server((host, int(port))) as listener:
    print("listening", flush=True)
    while True:
        plain, _ = listener.accept()
        try:
            with context.wrap_socket(plain, server_side=True) as tls:
                tls.recv(4096)
                subject = dict(rdn[0] for rdn in tls.getpeercert()["subject"])
                body = "hello " + subject["commonName"]
                head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
                tls.sendall((head + body).encode())
        except OSError as error:
            print("refused:", error, flush=True)
"#;

fn served(site: &Site) -> Result<(Running, SocketAddr), Failed> {
    site.make(&declaration())?;
    everything(&site.project)?;
    site.project.bench.write("server.py", SERVER)?;
    let [socket] = ports(address()?)?;
    let mut server = site.start("server", &format!("python3 server.py {socket}"))?;
    server.says(&["listening"])?;
    Ok((server, socket))
}

fn greets(said: &str) -> Result<(), Failed> {
    expect(said.contains("hello ada"), said)
}

const PYTHON: &str = r#"
import socket, ssl, sys
host, port, name, roots = sys.argv[1:]
context = ssl.create_default_context(cafile=roots)
context.load_cert_chain("client.pem")
with socket.create_connection((host, int(port))) as plain, context.wrap_socket(plain, server_hostname=name) as tls:
    tls.sendall(b"GET / HTTP/1.0\r\n\r\n")
    print(tls.recv(4096).decode())
"#;

fn python_line(socket: SocketAddr, roots: &str) -> String {
    let (ip, port) = (socket.ip(), socket.port());
    format!("python3 client.py {ip} {port} {HOST} {roots}")
}

fn python(site: &Site) -> Result<(), Failed> {
    let (_server, socket) = served(site)?;
    site.project.bench.write("client.py", PYTHON)?;
    greets(&site.run(&python_line(socket, "roots.pem"))?)
}

/// Out of a PKCS#12 file Node takes the root too, and trusts it.
const NODE: &str = r#"
const https = require("https"), fs = require("fs");
const [host, port, servername, roots, own] = process.argv.slice(2);
const passphrase = fs.readFileSync("pass", "utf8"), file = fs.readFileSync(own);
const pair = own.endsWith(".p12") ? { pfx: file, passphrase } : { cert: file, key: file };
const options = { host, port, servername, ca: fs.readFileSync(roots), ...pair };
https.get(options, (answer) => answer.pipe(process.stdout)).on("error", (error) => { console.error(error.message); process.exit(1); });
"#;

fn node_line(socket: SocketAddr, roots: &str, own: &str) -> String {
    let (ip, port) = (socket.ip(), socket.port());
    format!("node client.js {ip} {port} {HOST} {roots} {own}")
}

fn node(site: &Site) -> Result<(), Failed> {
    let (_server, socket) = served(site)?;
    site.project.bench.write("client.js", NODE)?;
    for own in ["client.p12", "client.pem"] {
        greets(&site.run(&node_line(socket, "roots.pem", own))?)?;
    }
    Ok(())
}

fn curl(site: &Site) -> Result<(), Failed> {
    let (_server, socket) = served(site)?;
    let (ip, port) = (socket.ip(), socket.port());
    let asks = format!("--silent --show-error --resolve {HOST}:{port}:{ip} https://{HOST}:{port}/");
    greets(&site.run(&format!("curl --cacert roots.pem --cert client.pem {asks}"))?)?;
    // The root is what makes it trusted, and the certificate what makes it welcome.
    site.refuses(&format!("curl --cert client.pem {asks}"), &["certificate"])?;
    let said = site
        .project
        .bench
        .refuses(&format!("curl --cacert roots.pem {asks}"));
    said.map(drop)
}

fn openssl(site: &Site) -> Result<(), Failed> {
    let (_server, socket) = served(site)?;
    let said = site.run(&format!(
        "openssl s_client -connect {socket} -servername {HOST} -verify_hostname {HOST} -verify_return_error -x509_strict -CAfile roots.pem \
         -cert client.pem -key client.pem -cert_chain client.pem"
    ))?;
    expect(said.contains("Verify return code: 0 (ok)"), &said)?;
    site.run("openssl verify -x509_strict -CAfile roots.pem -untrusted server.pem server.pem")
        .map(drop)
}

const JAVA: &str = r#"
import java.net.Socket;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

public class Client {
    public static void main(String[] words) throws Exception {
        var plain = new Socket(words[0], Integer.parseInt(words[1]));
        var factory = (SSLSocketFactory) SSLSocketFactory.getDefault();
        try (var tls = (SSLSocket) factory.createSocket(plain, words[2], plain.getPort(), true)) {
            var parameters = new SSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            tls.setSSLParameters(parameters);
            tls.getOutputStream().write("GET / HTTP/1.0\r\n\r\n".getBytes());
            System.out.println(new String(tls.getInputStream().readAllBytes()));
        }
    }
}
"#;

/// Trust and key store as they are exported.
fn java(site: &Site) -> Result<(), Failed> {
    let (_server, socket) = served(site)?;
    site.project.bench.write("Client.java", JAVA)?;
    let settings = [
        "-Dfile.encoding=UTF-8".to_owned(),
        "-Djavax.net.ssl.trustStore=roots.p12".to_owned(),
        "-Djavax.net.ssl.trustStorePassword=changeit".to_owned(),
        "-Djavax.net.ssl.keyStore=ascii.p12".to_owned(),
        "-Djavax.net.ssl.keyStorePassword=changeit".to_owned(),
    ];
    site.project.bench.write("ascii", "changeit")?;
    export(
        &site.project,
        "pkcs12 ada --password-file ascii -o ascii.p12",
    )?;
    let (ip, port) = (socket.ip().to_string(), socket.port().to_string());
    let words = ["Client.java", &ip, &port, HOST];
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let line = [&["timeout", "60", "java"], &settings[..], &words[..]].concat();
    greets(&site.project.bench.run_words(&line)?)
}

/// What everybody would get from a Secret of cert-manager whose `ca.crt` begins with the intermediate.
fn intermediate(site: &Site) -> Result<(), Failed> {
    let (_server, socket) = served(site)?;
    site.project.bench.write("client.py", PYTHON)?;
    site.project.bench.write("client.js", NODE)?;
    let reasons = ["unable to get issuer certificate"];
    site.refuses(&python_line(socket, "intermediate.pem"), &reasons)?;
    site.refuses(
        &node_line(socket, "intermediate.pem", "client.pem"),
        &reasons,
    )
}
