//! OpenSSH has the last word on host keys: its server has those we make, and what we read of it is what it has.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::thread;

use libtest_mimic::{Failed, Trial};
use rustix::process::geteuid;
use serde_json::{Value, json};

use crate::project::{Declaration, expect};
use crate::services::site::{Running, Site, address, at_site, ports};

pub(crate) fn trials() -> Vec<Trial> {
    let trials = [
        at_site(
            "host::a_key_made_here_serves_and_is_read_as_it_is",
            &["sshd", "ssh", "ssh-keygen", "ssh-keyscan"],
            made_and_read,
        ),
        at_site(
            "host::another_key_is_told_and_taken_over_on_request",
            &["sshd", "ssh", "ssh-keygen"],
            replaced,
        ),
        at_site(
            "host::a_server_without_an_ed25519_key_is_told",
            &["sshd", "ssh", "ssh-keygen"],
            without_ed25519,
        ),
        at_site(
            "host::a_key_without_its_proof_is_never_taken",
            &["sshd", "ssh", "ssh-keygen"],
            unproved,
        ),
        at_site(
            "host::a_server_that_hangs_or_speaks_something_else_is_an_error",
            &["ssh"],
            no_ssh,
        ),
    ];
    let no_server = lacks_its_user();
    let trials = trials.into_iter().map(|trial| {
        let is_ignored = no_server || trial.has_ignored_flag();
        trial.with_ignored_flag(is_ignored)
    });
    trials.collect()
}

/// What root starts becomes the user `sshd`, whom nobody makes where the server is unpacked only.
fn lacks_its_user() -> bool {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    geteuid().is_root() && !users.lines().any(|user| user.starts_with("sshd:"))
}

const PUBLIC: &str = "host-keys/web1.pub";

/// `web1` has a certificate, and its key is yet to be made.
fn declare(site: &Site) -> Result<(), Failed> {
    let leaf = json!({ "hosts": ["www.example.org"] });
    let declaration = Declaration::default()
        .authority("root", &json!({}))
        .leaf("web1", "root", "www", &leaf);
    site.project.declare(&declaration)?;
    for file in [PUBLIC, "host-keys/web1"] {
        fs::remove_file(site.project.path(file))?;
    }
    Ok(())
}

/// OpenSSH's server with this key; where it is root it wants a directory that its service makes.
fn sshd(site: &Site, key: &str) -> Result<(Running, SocketAddr), Failed> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let program = std::env::split_paths(&path)
        .map(|place| place.join("sshd"))
        .find(|program| program.is_file())
        .ok_or("no sshd")?;
    if !Path::new("/run/sshd").exists() {
        // Without the right to make it there is no need of it either.
        let _ = fs::create_dir("/run/sshd");
    }
    let [socket] = ports(address()?)?;
    let key = site.project.path(key);
    let configuration = format!(
        "ListenAddress {socket}\nHostKey {}\nPidFile none\nUsePAM no\nStrictModes no\n",
        key.display()
    );
    site.project.bench.write("sshd_config", configuration)?;
    let mut server = site.start(
        "sshd",
        &format!(
            "{} -D -e -f {}",
            program.display(),
            site.project.path("sshd_config").display()
        ),
    )?;
    server.says(&["Server listening on"])?;
    Ok((server, socket))
}

const MANIFEST: &str = "--manifest manifest.json --root .";

const ON_HOST: &str = "extra-files/etc/ssh/ssh_host_ed25519_key";

fn made_and_read(site: &Site) -> Result<(), Failed> {
    declare(site)?;
    let (project, bench) = (&site.project, &site.project.bench);
    project.ends_with(
        0,
        &format!("host add web1 --extra-files extra-files {MANIFEST}"),
    )?;
    // The operator opens the sealed key with age, and it is the one in the tree.
    bench.run("age -d -i operators/ada -o opened host-keys/web1.key.age")?;
    expect(
        bench.read("opened")? == bench.read(ON_HOST)?,
        "the sealed key is another one",
    )?;
    let shown = bench.run(&format!("ssh-keygen -l -f {ON_HOST}"))?;
    let fingerprint = shown.split(' ').nth(1).ok_or("no fingerprint")?.to_owned();

    let (_server, socket) = sshd(site, ON_HOST)?;
    let said = project.ends_with(0, &format!("host scan {socket} --name web1 {MANIFEST}"))?;
    expect(said.contains(&fingerprint), &said)?;
    expect(said.contains("SSH-2.0-OpenSSH"), &said)?;
    let (ip, port) = (socket.ip(), socket.port());
    let scanned = bench.run(&format!("ssh-keyscan -t ed25519 -p {port} {ip}"))?;
    let key = said.lines().nth(1).ok_or("no key")?;
    expect(scanned.contains(key), &scanned)?;

    // What is sealed to the host, it opens with the key it was installed with.
    project.recreate("")?;
    let sealed = "secrets/certs/derived/web1/root-www.key.age";
    bench.run(&format!("age -d -i {ON_HOST} -o leaf {sealed}"))?;
    let listed: Value = serde_json::from_slice(
        &project
            .command(&format!("host list --json {MANIFEST}"))
            .output()?
            .stdout,
    )?;
    expect(
        listed.pointer("/hosts/0/fingerprint") == Some(&json!(fingerprint)),
        &listed.to_string(),
    )
}

fn replaced(site: &Site) -> Result<(), Failed> {
    declare(site)?;
    let (project, bench) = (&site.project, &site.project.bench);
    bench.run_words(&["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "first"])?;
    let (first, socket) = sshd(site, "first")?;
    let scan = |socket: SocketAddr, more: &str| {
        format!("host scan {socket} --name web1 {more} {MANIFEST}")
    };
    project.ends_with(2, &scan(socket, ""))?;
    project.ends_with(0, &scan(socket, "--accept"))?;
    project.ends_with(0, &scan(socket, ""))?;
    project.recreate("")?;
    drop(first);

    // Installed anew.
    bench.make_ssh_key("second")?;
    let (_second, socket) = sshd(site, "second")?;
    let said = project.ends_with(1, &scan(socket, ""))?;
    expect(said.contains("this is not the key that is declared"), &said)?;
    let said = project.ends_with(0, &scan(socket, "--accept"))?;
    expect(said.contains("certs recreate"), &said)?;
    let sealed = "secrets/certs/derived/web1/root-www.key.age";
    bench.run(&format!("age -d -i first -o leaf {sealed}"))?;
    project.recreate("")?;
    bench.run(&format!("age -d -i second -o leaf {sealed}"))?;
    bench.refuses(&format!("age -d -i first -o leaf {sealed}"))?;
    Ok(())
}

fn without_ed25519(site: &Site) -> Result<(), Failed> {
    declare(site)?;
    let bench = &site.project.bench;
    bench.run_words(&["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", "other"])?;
    let (_server, socket) = sshd(site, "other")?;
    let said = site
        .project
        .ends_with(1, &format!("host scan {socket} --name web1 {MANIFEST}"))?;
    expect(
        said.contains("it has no Ed25519 host key") && said.contains("ecdsa-sha2-nistp256"),
        &said,
    )
}

/// A relay in front of the server changes one bit of the signature: whoever shows the public key of another host can do no better.
fn unproved(site: &Site) -> Result<(), Failed> {
    declare(site)?;
    site.project.bench.make_ssh_key("other")?;
    let (_server, socket) = sshd(site, "other")?;
    let relay = serve(move |client| {
        let server = TcpStream::connect(socket)?;
        let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
        thread::spawn(move || std::io::copy(&mut from_client, &mut to_server));
        forward_spoilt(server, client)
    })?;
    for more in ["", "--accept"] {
        let said = site.project.ends_with(
            1,
            &format!("host scan {relay} --name web1 {more} {MANIFEST}"),
        )?;
        expect(
            said.contains("it did not prove that it has the private key"),
            &said,
        )?;
        expect(said.contains("an attacker may be between"), &said)?;
        expect(!said.contains("ssh-ed25519 AAAA"), &said)?;
    }
    expect(!site.project.path(PUBLIC).exists(), "the key was taken")
}

/// From server to client; of the first signature one bit is another.
fn forward_spoilt(mut server: TcpStream, mut client: TcpStream) -> std::io::Result<()> {
    /// The name of the algorithm, and the length of an Ed25519 signature.
    const BEFORE: &[u8] = b"ssh-ed25519\0\0\0\x40";
    let mut buffer = [0; 16 << 10];
    loop {
        let length = server.read(&mut buffer)?;
        let Some(bytes) = buffer.get_mut(..length).filter(|bytes| !bytes.is_empty()) else {
            return Ok(());
        };
        let at = bytes.windows(BEFORE.len()).position(|part| part == BEFORE);
        if let Some(byte) = at.and_then(|at| bytes.get_mut(at + BEFORE.len())) {
            *byte ^= 1;
        }
        client.write_all(bytes)?;
    }
}

/// A server on loopback, for as long as the test runs.
fn serve(
    answer: impl Fn(TcpStream) -> std::io::Result<()> + Send + Sync + Clone + 'static,
) -> Result<SocketAddr, Failed> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for client in listener.incoming().filter_map(Result::ok) {
            let answer = answer.clone();
            thread::spawn(move || answer(client));
        }
    });
    Ok(address)
}

fn no_ssh(site: &Site) -> Result<(), Failed> {
    declare(site)?;
    let scan = |socket: SocketAddr| {
        let words = format!("host scan {socket} --name web1 --timeout 1 {MANIFEST}");
        site.project.ends_with(1, &words)
    };
    let wait = |mut client: TcpStream| std::io::copy(&mut client, &mut std::io::sink()).map(drop);
    let said = scan(serve(wait)?)?;
    expect(
        said.contains("it took too long") && said.contains("--timeout"),
        &said,
    )?;
    let said = scan(serve(move |mut client| {
        client.write_all(b"SSH-2.0-slow\r\n")?;
        wait(client)
    })?)?;
    expect(said.contains("it took too long"), &said)?;
    let said = scan(serve(|mut client| {
        client.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
    })?)?;
    expect(said.contains("is it an SSH server?"), &said)?;
    let said = scan(serve(|_| Ok(()))?)?;
    expect(said.contains("is it an SSH server?"), &said)?;
    let [closed] = ports(address()?)?;
    let said = scan(closed)?;
    expect(said.contains("does it listen there"), &said)
}
