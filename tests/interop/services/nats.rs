//! NATS takes the user from the client's certificate (`verify_and_map`), and its servers are each other's clients.

use std::io::{self, BufRead as _, BufReader, Read};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use super::site::{Identity, Run, Running, Site, address, ports, served, until};
use crate::project::{Declaration, Pair, equal, expect};

const NATS: [&str; 3] = ["nats-server", "openssl", "curl"];

pub(crate) fn trials() -> Vec<Trial> {
    let trials: [(&str, Run); 3] = [
        ("takes_the_user_from_the_certificate", users),
        ("servers_with_both_usages_form_a_cluster", routes),
        (
            "a_server_without_client_auth_joins_no_cluster",
            routes_without_client_auth,
        ),
    ];
    trials
        .into_iter()
        .map(|(name, run)| served(&format!("nats::{name}"), &NATS, run))
        .collect()
}

/// A server with what it listens on.
struct Server {
    host: &'static str,
    clients: SocketAddr,
    routes: SocketAddr,
    monitor: SocketAddr,
}

impl Server {
    fn on(host: &'static str) -> Result<Self, Failed> {
        let [clients, routes, monitor] = ports(address()?)?;
        Ok(Self {
            host,
            clients,
            routes,
            monitor,
        })
    }

    fn names(&self) -> Value {
        json!([self.host, self.clients.ip().to_string()])
    }

    /// Starts it with these further lines of configuration.
    fn start(&self, site: &Site, more: &str) -> Result<Running, Failed> {
        let Self {
            host,
            clients,
            monitor,
            ..
        } = self;
        let configuration =
            format!("server_name: {host}\nlisten: \"{clients}\"\nhttp: \"{monitor}\"\n{more}\n");
        let file = format!("run/{host}.conf");
        site.project.bench.write(&file, configuration)?;
        let mut running = site.start(host, &format!("nats-server --config {file}"))?;
        running.says(&["Server is ready"])?;
        Ok(running)
    }

    /// What its monitor says.
    fn monitor(&self, site: &Site, page: &str) -> Result<Value, Failed> {
        let said = site.run(&format!(
            "curl --silent --show-error --max-time 30 http://{}/{page}",
            self.monitor
        ))?;
        Ok(serde_json::from_str(&said)?)
    }
}

/// TLS for a server that wants its clients' certificates, in NATS' configuration.
fn tls(server: &Identity, more: &str) -> String {
    format!(
        "tls {{ cert_file: \"{}\", key_file: \"{}\", ca_file: \"{}\", timeout: 30, {more} }}",
        server.certificate,
        server.key,
        Pair::authority("nats").certificate,
    )
}

/// Who has a certificate, and the user that NATS makes of it; `None`: it refuses.
fn clients() -> [(&'static str, Value, Option<&'static str>); 5] {
    let alice = json!([["O", "t"], ["OU", "svc"]]);
    [
        // As RFC 2253 §2.1 writes it, the last name first; NATS finds the user in any order.
        (
            "alice",
            json!({ "usages": ["client auth"], "commonName": "alice", "names": alice }),
            Some("CN=alice,OU=svc,O=t"),
        ),
        (
            "bob",
            json!({ "usages": ["client auth"], "commonName": "bob", "names": alice }),
            None,
        ),
        // Alternative names win over the same subject: a common name copied into them would change the user.
        (
            "alice-with-mail",
            json!({ "usages": ["client auth"], "commonName": "alice", "names": alice, "hosts": ["alice@example.org", "alice.example.org"] }),
            Some("alice@example.org"),
        ),
        (
            "alice-with-host",
            json!({ "usages": ["client auth"], "commonName": "alice", "names": alice, "hosts": ["alice.example.org"] }),
            Some("alice.example.org"),
        ),
        (
            "bob-with-mail",
            json!({ "usages": ["client auth"], "commonName": "alice", "hosts": ["bob@example.org"] }),
            None,
        ),
    ]
}

fn users(site: &Site) -> Result<(), Failed> {
    let server = Server::on("nats1")?;
    let mut declaration = Declaration::default()
        .authority("nats", &json!({}))
        .authority("other", &json!({}))
        .leaf(
            "nats1",
            "nats",
            "server",
            &json!({ "hosts": server.names(), "usages": ["server auth"] }),
        );
    for (name, fields, _) in clients() {
        declaration = declaration
            .leaf("nats1", "nats", name, &fields)
            .leaf("nats1", "other", name, &fields);
    }
    site.make(&declaration)?;
    let identity = site.identity("nats1", "nats", "server")?;
    let known = clients()
        .into_iter()
        .filter_map(|(.., user)| user.map(|user| format!("{{ user: \"{user}\" }}")));
    let known: Vec<_> = known.collect();
    let authorization = format!(
        "authorization {{ timeout: 30, users: [{}] }}",
        known.join(",")
    );
    let mut running = server.start(
        site,
        &format!(
            "{}\n{authorization}",
            tls(&identity, "verify_and_map: true")
        ),
    )?;

    for (name, _, user) in clients() {
        let client = site.identity("nats1", "nats", name)?;
        let mut session = connect(site, &server, &client, name)?;
        session.says(&["PONG", "Authorization Violation"])?;
        equal(&user_of(site, &server, name)?.as_deref(), &user)?;
    }
    let stranger = site.identity("nats1", "other", "alice")?;
    let mut session = connect(site, &server, &stranger, "stranger")?;
    session.says(&["alert"])?;
    running.says(&["certificate signed by unknown authority"])
}

/// The user of the connection that is called this, if there is one.
fn user_of(site: &Site, server: &Server, connection: &str) -> Result<Option<String>, Failed> {
    let connections = server.monitor(site, "connz?auth=true")?;
    let connections = connections
        .get("connections")
        .and_then(Value::as_array)
        .ok_or("no list of connections")?;
    let of_that_name = connections.iter().find(|found| found["name"] == connection);
    Ok(of_that_name
        .and_then(|found| found["authorized_user"].as_str())
        .map(str::to_owned))
}

/// A client that introduces itself and asks for an answer. NATS greets in clear before TLS begins, which `s_client` does not know.
fn connect(site: &Site, server: &Server, client: &Identity, name: &str) -> Result<Running, Failed> {
    let greeted = after_the_greeting(server.clients)?;
    let mut session = site.start(name, &format!(
        "openssl s_client -connect {greeted} -quiet -verify_return_error -verify_ip {} -CAfile {} -cert {} -key {}",
        server.clients.ip(),
        Pair::authority("nats").certificate,
        client.certificate,
        client.key,
    ))?;
    session.tell(&format!(
        "CONNECT {{\"name\":\"{name}\",\"verbose\":false,\"pedantic\":false}}\r\nPING\r\n"
    ))?;
    Ok(session)
}

/// An address that takes one connection and passes it on to the server, but for the server's first line.
fn after_the_greeting(server: SocketAddr) -> Result<SocketAddr, Failed> {
    let listener = TcpListener::bind((address()?, 0))?;
    let socket = listener.local_addr()?;
    thread::spawn(move || pass_on(&listener, server));
    Ok(socket)
}

fn pass_on(listener: &TcpListener, server: SocketAddr) -> io::Result<()> {
    let (client, _) = listener.accept()?;
    let server = TcpStream::connect(server)?;
    let mut from_server = BufReader::new(server.try_clone()?);
    let mut greeting = Vec::new();
    from_server.read_until(b'\n', &mut greeting)?;
    let to_client = client.try_clone()?;
    thread::spawn(move || copy(from_server, to_client));
    copy(client, server)
}

/// Copies to the end, and tells it on.
fn copy(mut from: impl Read, mut to: TcpStream) -> io::Result<()> {
    io::copy(&mut from, &mut to)?;
    to.shutdown(std::net::Shutdown::Write)
}

/// Two servers, of which the second dials the first, with these usages of their certificates.
fn pair(site: &Site, usages: &Value) -> Result<([Server; 2], [Running; 2]), Failed> {
    let servers = [Server::on("nats1")?, Server::on("nats2")?];
    let declaration = Declaration::default().authority("nats", &json!({}));
    let declaration = servers.iter().fold(declaration, |declaration, server| {
        declaration.leaf(
            server.host,
            "nats",
            "route",
            &json!({ "hosts": server.names(), "usages": usages }),
        )
    });
    site.make(&declaration)?;
    let [first, second] = &servers;
    let start = |server: &Server, routes: String| {
        let identity = site.identity(server.host, "nats", "route")?;
        let cluster = format!(
            "cluster {{ name: c, listen: \"{}\", {}, routes: [{routes}] }}",
            server.routes,
            tls(&identity, "verify: true")
        );
        server.start(site, &cluster)
    };
    let running = [
        start(first, String::new())?,
        start(second, format!("\"nats-route://{}\"", first.routes))?,
    ];
    Ok((servers, running))
}

fn routes(site: &Site) -> Result<(), Failed> {
    let (servers, _running) = pair(site, &json!(["server auth", "client auth"]))?;
    for server in &servers {
        until("a route", || {
            let routes = server.monitor(site, "routez")?;
            Ok((routes.get("num_routes").and_then(Value::as_u64) >= Some(1)).then_some(()))
        })?;
    }
    Ok(())
}

fn routes_without_client_auth(site: &Site) -> Result<(), Failed> {
    let ([first, _], [mut refusing, _running]) = pair(site, &json!(["server auth"]))?;
    refusing.says(&["certificate specifies an incompatible key usage"])?;
    let routes = first.monitor(site, "routez")?;
    expect(
        routes.get("num_routes") == Some(&json!(0)),
        &routes.to_string(),
    )
}
