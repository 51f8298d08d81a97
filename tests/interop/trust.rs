//! What `certs trust` installs, programs trust; what it takes out again, they trust no more, and nothing of it is left.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use libtest_mimic::{Failed, Trial};
use serde_json::json;

use crate::project::{Declaration, Pair, expect};
use crate::services::site::{Running, Site, address, at_site, ports};

/// Asks the server and ends well if it is who it should be.
const PYTHON: &str = "\
import socket, ssl, sys
address, port = sys.argv[2].rsplit(':', 1)
context = ssl.create_default_context(cafile=sys.argv[1])
with socket.create_connection((address, int(port))) as plain:
    with context.wrap_socket(plain, server_hostname='www.example.org') as session:
        print(session.version())
";

const NODE: &str = "\
const [address, port] = process.argv[2].split(':');
const options = { host: address, port, path: '/', servername: 'www.example.org' };
require('https').get(options, answer => process.exit(answer.socket.authorized ? 0 : 1))
  .on('error', error => { console.error(error.message); process.exit(1); });
";

const JAVA: &str = "\
import javax.net.ssl.*;
import java.net.Socket;
class Client {
    public static void main(String[] words) throws Exception {
        String[] place = words[0].split(\":\");
        SSLSocketFactory factory = (SSLSocketFactory) SSLSocketFactory.getDefault();
        Socket plain = new Socket(place[0], Integer.parseInt(place[1]));
        SSLSocket session = (SSLSocket) factory.createSocket(plain, \"www.example.org\", 443, true);
        SSLParameters parameters = session.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm(\"HTTPS\");
        session.setSSLParameters(parameters);
        session.startHandshake();
    }
}
";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        at_site(
            "trust::a_debian_trusts_the_root_until_it_is_taken_out",
            &["update-ca-certificates", "openssl", "curl", "python3"],
            debian,
        ),
        at_site(
            "trust::nss_trusts_the_root_until_it_is_taken_out",
            &["certutil", "openssl"],
            nss,
        ),
        at_site(
            "trust::java_trusts_the_root_until_it_is_taken_out",
            &["keytool", "java", "openssl"],
            java,
        ),
        at_site(
            "trust::programs_take_the_root_alone_as_show_says",
            &["openssl", "curl", "python3", "node"],
            by_hand,
        ),
    ]
}

/// A server of a certificate below an intermediate, which it sends along.
fn served(site: &Site) -> Result<(Running, SocketAddr), Failed> {
    let name = json!({ "hosts": ["www.example.org"], "usages": ["server auth"] });
    let declaration = Declaration::default()
        .authority("root", &json!({ "pathLength": 1 }))
        .authority("web", &json!({ "issuer": "root", "pathLength": 0 }))
        .leaf("web1", "web", "www", &name);
    site.make(&declaration)?;
    let own = site.identity("web1", "web", "www")?;
    let [socket] = ports(address()?)?;
    let mut server = site.start(
        "s_server",
        &format!(
            "openssl s_server -accept {socket} -www -cert {0} -cert_chain {0} -key {1}",
            own.certificate, own.key
        ),
    )?;
    server.says(&["ACCEPT"])?;
    Ok((server, socket))
}

fn curl(anchors: &str, socket: SocketAddr) -> String {
    format!(
        "curl --silent --show-error --output answer --cacert {anchors} --connect-to www.example.org:443:{socket} https://www.example.org/"
    )
}

const MANIFEST: &str = "--manifest manifest.json --root .";

fn debian(site: &Site) -> Result<(), Failed> {
    let (_server, socket) = served(site)?;
    let bench = &site.project.bench;
    bench.run("mkdir -p sys/etc/ssl/certs sys/usr/share")?;
    bench.run("cp -r /usr/share/ca-certificates sys/usr/share/")?;
    bench.run("cp /etc/ca-certificates.conf sys/etc/")?;
    bench.write("ask.py", PYTHON)?;
    let system = bench.path("sys");
    let at = |place: &str| system.join(place).display().to_string();
    bench.run(&format!(
        "update-ca-certificates --certsconf {} --certsdir {} --localcertsdir {} --etccertsdir {} --hooksdir {}",
        at("etc/ca-certificates.conf"),
        at("usr/share/ca-certificates"),
        at("usr/local/share/ca-certificates"),
        at("etc/ssl/certs"),
        at("etc/ca-certificates/update.d"),
    ))?;
    let before = tree(&system)?;
    let all = at("etc/ssl/certs/ca-certificates.crt");
    let folder = at("etc/ssl/certs");
    let questions = [
        curl(&all, socket),
        format!("python3 ask.py {all} {socket}"),
        format!(
            "openssl s_client -connect {socket} -CApath {folder} -verify_return_error -verify_hostname www.example.org"
        ),
    ];
    for question in &questions {
        bench.refuses(question)?;
    }
    site.project
        .ends_with(0, &format!("trust install root {MANIFEST} --sysroot sys"))?;
    for question in &questions {
        bench.run(question)?;
    }
    let installed = tree(&system)?;
    let again = site
        .project
        .ends_with(0, &format!("trust install root {MANIFEST} --sysroot sys"))?;
    expect(again.contains("already"), &again)?;
    expect(
        tree(&system)? == installed,
        "a second install changed something",
    )?;

    site.project
        .ends_with(0, &format!("trust uninstall root {MANIFEST} --sysroot sys"))?;
    for question in &questions {
        bench.refuses(question)?;
    }
    let left = tree(&system)?;
    let differing: Vec<&PathBuf> = before
        .keys()
        .chain(left.keys())
        .filter(|path| before.get(*path) != left.get(*path))
        .collect();
    expect(differing.is_empty(), &format!("left behind: {differing:?}"))
}

/// Every file and link below a directory, with its content or target.
fn tree(directory: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>, Failed> {
    let mut found = BTreeMap::new();
    let mut pending = vec![directory.to_owned()];
    while let Some(directory) = pending.pop() {
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            if path.is_symlink() {
                let target = fs::read_link(&path)?;
                found.insert(path, target.into_os_string().into_encoded_bytes());
            } else if path.is_dir() {
                pending.push(path);
            } else {
                let content = fs::read(&path)?;
                found.insert(path, content);
            }
        }
    }
    Ok(found)
}

fn nss(site: &Site) -> Result<(), Failed> {
    let (_server, _) = served(site)?;
    let bench = &site.project.bench;
    bench.run("mkdir db")?;
    bench.run("certutil -N -d sql:db --empty-password")?;
    for (name, file) in [
        ("web", Pair::authority("web").certificate),
        ("www", Pair::leaf("web1", "web", "www").certificate),
    ] {
        bench.run(&format!("certutil -A -d sql:db -t ,, -n {name} -i {file}"))?;
    }
    let empty = bench.run("certutil -L -d sql:db")?;
    let verdict = "certutil -V -d sql:db -n www -u V";
    let stores = format!("root {MANIFEST} --store nss --nss db");
    bench.refuses(verdict)?;
    site.project
        .ends_with(0, &format!("trust install {stores}"))?;
    bench.run(verdict)?;
    let listed = site
        .project
        .ends_with(0, "trust list --store nss --nss db")?;
    expect(listed.contains("certs-root-"), &listed)?;
    site.project
        .ends_with(0, &format!("trust install {stores}"))?;
    site.project
        .ends_with(0, &format!("trust uninstall {stores}"))?;
    bench.refuses(verdict)?;
    let left = bench.run("certutil -L -d sql:db")?;
    expect(left == empty, &left)
}

fn java(site: &Site) -> Result<(), Failed> {
    let (_server, socket) = served(site)?;
    let bench = &site.project.bench;
    bench.write("Client.java", JAVA)?;
    bench.run("openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key -out other.crt -days 2 -subj /CN=other")?;
    bench.run("keytool -importcert -keystore store -storepass changeit -noprompt -alias other -file other.crt")?;
    let list = "keytool -list -rfc -keystore store -storepass changeit -alias other";
    let before = bench.run(list)?;
    let question = format!(
        "java -Djavax.net.ssl.trustStore=store -Djavax.net.ssl.trustStorePassword=changeit Client.java {socket}"
    );
    let said = bench.refuses(&question)?;
    expect(said.contains("PKIX path building failed"), &said)?;
    let stores = format!("root {MANIFEST} --store java --keystore store");
    site.project
        .ends_with(0, &format!("trust install {stores}"))?;
    site.project
        .ends_with(0, &format!("trust install {stores}"))?;
    bench.run(&question)?;
    let listed = site
        .project
        .ends_with(0, "trust list --store java --keystore store")?;
    expect(listed.matches("certs-root-").count() == 1, &listed)?;
    site.project
        .ends_with(0, "trust uninstall --all --store java --keystore store")?;
    bench.refuses(&question)?;
    expect(bench.run(list)? == before, "another entry was changed")
}

fn by_hand(site: &Site) -> Result<(), Failed> {
    let (_server, socket) = served(site)?;
    let bench = &site.project.bench;
    bench.write("ask.py", PYTHON)?;
    bench.write("ask.js", NODE)?;
    let root = Pair::authority("root").certificate;
    let said = site
        .project
        .ends_with(0, &format!("trust show root {MANIFEST}"))?;
    for line in [
        format!("curl --cacert {root} "),
        format!("export NODE_EXTRA_CA_CERTS={root}"),
        format!("context.load_verify_locations(\"{root}\")"),
    ] {
        expect(said.contains(&line), &format!("{line:?} is not in {said}"))?;
    }
    bench.run(&curl(&root, socket))?;
    bench.run(&format!("python3 ask.py {root} {socket}"))?;
    bench.run(&format!(
        "openssl s_client -connect {socket} -CAfile {root} -verify_return_error -x509_strict -verify_hostname www.example.org"
    ))?;
    bench.refuses(&format!("node ask.js {socket}"))?;
    bench
        .run(&format!(
            "env NODE_EXTRA_CA_CERTS={root} node ask.js {socket}"
        ))
        .map(drop)
}
