//! Asks an SSH server for its host key with OpenSSH's own client, which takes a key only with its proof: the signature over the key exchange,
//! which `ssh-keyscan` does not check. Nobody logs in.

use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::endpoint::Endpoint;
use super::error::CliError;
use super::threads;
use crate::store::outside;

/// The only kind of host key that files are encrypted to and that every server of today has (RFC 8709).
const HOST_KEY: &str = "ssh-ed25519";
/// The name in the server's log; the operator's own is none of its business.
const USER: &str = "certs";
/// In a directory of its own, which the client runs in: a whole path would need quotes and `%` doubled.
const KNOWN_HOSTS: &str = "known_hosts";
/// OpenSSH breaks off long before a server has said so much.
const LONGEST_LOG: u64 = 1 << 20;
/// Sentences of the client that are shown.
const MOST_CAUSES: usize = 3;

/// No configuration file is read, so that there is neither a proxy nor a forwarding, no key and no agent; nothing is asked at the terminal.
const ARGUMENTS: [&str; 4] = ["-F", "none", "-N", "-T"];
const OPTIONS: [&str; 10] = [
    "BatchMode=yes",
    "PreferredAuthentications=none",
    "IdentityAgent=none",
    "IdentityFile=none",
    "StrictHostKeyChecking=accept-new",
    "GlobalKnownHostsFile=none",
    "HashKnownHosts=no",
    "UpdateHostKeys=no",
    "ConnectionAttempts=1",
    // What the client does is told in these words since 1999; only from them can the proof be told from the claim.
    "LogLevel=DEBUG1",
];

/// A host key that the server proved to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostKey {
    /// `ssh-ed25519 AAAA…`, as in a `.pub` file.
    pub line: String,
    /// What the server says it is, like `SSH-2.0-OpenSSH_10.0`.
    pub software: String,
}

/// The Ed25519 host key of a server.
pub(crate) fn host_key(endpoint: &Endpoint, timeout: Duration) -> Result<HostKey, CliError> {
    let failed = |error: &io::Error| {
        CliError::new("cannot make a temporary directory").cause(error.to_string())
    };
    let directory = tempfile::tempdir().map_err(|error| failed(&error))?;
    let log = ask(endpoint, directory.path(), timeout)?;
    let known = outside::read(&directory.path().join(KNOWN_HOSTS)).unwrap_or_default();
    let line = shown_key(&String::from_utf8_lossy(&known));
    match (log.is_proved, line) {
        (true, Some(line)) => Ok(HostKey {
            line,
            software: log.software,
        }),
        (_, line) => Err(log.error(endpoint, line.is_some())),
    }
}

/// Runs the client until the proof is there, it gives up, or the time is over.
fn ask(endpoint: &Endpoint, directory: &Path, timeout: Duration) -> Result<Log, CliError> {
    let mut client = command(endpoint, directory, timeout)
        .spawn()
        .map_err(|error| not_run(&error))?;
    let outcome = follow(client.stderr.take(), Instant::now() + timeout);
    stop(&mut client);
    outcome
}

fn command(endpoint: &Endpoint, directory: &Path, timeout: Duration) -> Command {
    let mut command = Command::new("ssh");
    command.args(ARGUMENTS);
    for option in OPTIONS {
        command.args(["-o", option]);
    }
    command
        .args(["-o", &format!("HostKeyAlgorithms={HOST_KEY}")])
        .args(["-o", &format!("UserKnownHostsFile={KNOWN_HOSTS}")])
        .args(["-o", &format!("ConnectTimeout={}", timeout.as_secs())])
        .args(["-l", USER, "-p", &endpoint.port().to_string()])
        .args(["--", endpoint.host()])
        .current_dir(directory)
        .env("LC_ALL", "C")
        .env_remove("SSH_AUTH_SOCK")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

fn not_run(error: &io::Error) -> CliError {
    match error.kind() {
        io::ErrorKind::NotFound => CliError::new("`ssh` is not on the PATH")
            .hint("install OpenSSH's client: it proves that the host has the key it shows"),
        _ => CliError::new("cannot run `ssh`").cause(error.to_string()),
    }
}

/// It has told everything that is wanted, or takes too long.
fn stop(client: &mut Child) {
    let _ = client.kill();
    let _ = client.wait();
}

fn follow(stderr: Option<ChildStderr>, deadline: Instant) -> Result<Log, CliError> {
    let (sender, lines) = channel();
    threads::spawn(move || {
        let log = stderr.map(|stderr| BufReader::new(stderr.take(LONGEST_LOG)));
        for line in log.into_iter().flat_map(|log| log.split(b'\n')) {
            let line = line.map(|line| String::from_utf8_lossy(&line).trim_end().to_owned());
            // Nobody listens any more once the proof is there.
            if line.map_or(true, |line| sender.send(line).is_err()) {
                return;
            }
        }
    })?;
    Ok(Log::read(&lines, deadline))
}

/// The connection as the client reports it.
#[derive(Debug, Default)]
struct Log {
    software: String,
    is_connected: bool,
    is_proved: bool,
    is_late: bool,
    /// Its messages for people.
    sentences: Vec<String>,
}

impl Log {
    fn read(lines: &Receiver<String>, deadline: Instant) -> Self {
        let mut log = Self::default();
        while !log.is_proved {
            let left = deadline.saturating_duration_since(Instant::now());
            match lines.recv_timeout(left) {
                Ok(line) => log.note(&line),
                Err(RecvTimeoutError::Timeout) => {
                    log.is_late = true;
                    break;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        log
    }

    /// Whole lines are compared: what a server says is only ever part of one, with its control characters spelt out.
    fn note(&mut self, line: &str) {
        let Some(step) = line.strip_prefix("debug1: ") else {
            // The last words to a server that let nobody in; it was proved before.
            self.is_proved |=
                line.starts_with(&format!("{USER}@")) && line.contains(": Permission denied (");
            let is_about_us = line.is_empty() || line.starts_with("Warning: Permanently added ");
            if !is_about_us {
                self.sentences.push(line.to_owned());
            }
            return;
        };
        match step {
            "Connection established." => self.is_connected = true,
            // The client answers the signature with its own, and only then waits for these.
            "SSH2_MSG_NEWKEYS received" => self.is_proved = true,
            _ => {}
        }
        let version = step.strip_prefix("Remote protocol version ");
        if let Some((version, software)) =
            version.and_then(|text| text.split_once(", remote software version "))
        {
            self.software = format!("SSH-{version}-{software}");
        }
    }

    fn error(&self, endpoint: &Endpoint, has_shown_key: bool) -> CliError {
        let error = CliError::new(format!("cannot get the SSH host key of {endpoint}"));
        if self.is_late || self.says("timed out") {
            return error
                .cause("it took too long")
                .hint("--timeout gives it more time");
        }
        let (own, hint) = if has_shown_key {
            (
                Some("it did not prove that it has the private key of the host key it showed"),
                "an attacker may be between you and the host: compare with /etc/ssh/ssh_host_ed25519_key.pub there",
            )
        } else if self.says("no matching host key type") {
            (
                Some("it has no Ed25519 host key"),
                "run `ssh-keygen -A` on the host, which makes the keys that are missing",
            )
        } else if self.is_connected {
            (None, "is it an SSH server?")
        } else {
            (
                None,
                "does it listen there, and can it be reached from here?",
            )
        };
        let said = self.sentences.iter().take(MOST_CAUSES).map(String::as_str);
        own.into_iter()
            .chain(said)
            .fold(error, CliError::cause)
            .hint(hint)
    }

    fn says(&self, words: &str) -> bool {
        self.sentences
            .iter()
            .any(|sentence| sentence.contains(words))
    }
}

/// `HOST ssh-ed25519 AAAA…`: the one line that the client wrote.
fn shown_key(known: &str) -> Option<String> {
    let mut words = known.split_whitespace().skip(1);
    let (kind, key) = (words.next()?, words.next()?);
    let is_one = kind == HOST_KEY && words.next().is_none();
    is_one.then(|| format!("{kind} {key}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(lines: &[&str]) -> Log {
        let mut log = Log::default();
        for line in lines {
            log.note(line);
        }
        log
    }

    #[test]
    fn the_proof_is_what_the_client_says_and_nothing_a_server_says() {
        assert!(log(&["debug1: SSH2_MSG_NEWKEYS received"]).is_proved);
        assert!(log(&["certs@::1: Permission denied (publickey)."]).is_proved);
        for said in [
            "debug1: kex_exchange_identification: banner line 0: debug1: SSH2_MSG_NEWKEYS received",
            "debug1: Remote protocol version 2.0, remote software version SSH2_MSG_NEWKEYS received",
            "debug1: Remote: SSH2_MSG_NEWKEYS received",
            "Received disconnect from ::1 port 22:2: certs@::1: Permission denied (publickey).",
            "debug1: expecting SSH2_MSG_NEWKEYS",
            "Warning: Permanently added '[::1]:22' (ED25519) to the list of known hosts.",
        ] {
            assert!(!log(&[said]).is_proved, "{said}");
        }
    }

    #[test]
    fn one_key_is_read_and_nothing_else() {
        assert_eq!(
            shown_key("[::1]:2222 ssh-ed25519 AAAA\n").as_deref(),
            Some("ssh-ed25519 AAAA")
        );
        for known in [
            "",
            "web1",
            "web1 ssh-rsa AAAA\n",
            "web1 ssh-ed25519 AAAA\nweb1 ssh-ed25519 BBBB\n",
        ] {
            assert_eq!(shown_key(known), None, "{known}");
        }
    }
}
