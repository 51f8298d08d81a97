//! Follows a document: types its commands into one bash, in a directory of their own, as an ordinary user. What the documents say
//! is decided elsewhere.
//!
//! Where a document says `127.0.0.1`, another loopback address is meant, so that its ports are free whatever else runs here.

use std::collections::hash_map::RandomState;
use std::fs::{self, File, Permissions};
use std::hash::{BuildHasher, Hasher};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::document::{self, Block, Content, Document, Ends};

/// How long a document may take that takes some seconds on an idle machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// How long its servers may take to end by themselves.
const FAREWELL: Duration = Duration::from_secs(10);

/// Programs of others that documents use, and that may be missing. A section is left out if it names one that is.
const PROGRAMS: [&str; 31] = [
    "age",
    "age-keygen",
    "agenix",
    "cfssl",
    "curl",
    "etcd",
    "etcdctl",
    "git",
    "initdb",
    "java",
    "jq",
    "keytool",
    "kubectl",
    "kubeseal",
    "nats-server",
    "nginx",
    "nix",
    "nix-instantiate",
    "node",
    "openssl",
    "pg_isready",
    "postgres",
    "promtool",
    "psql",
    "python3",
    "ssh-keygen",
    "ssh-keyscan",
    "sshd",
    "step",
    "update-ca-certificates",
    "vault",
];

/// Whoever is nobody: `PostgreSQL` refuses to serve root, and no document needs to be followed as root.
const NOBODY: u32 = 65534;

/// How following a block ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    AsDocumented,
    Otherwise(String),
}

/// The programs that a block's section names and that are missing here, so that it is not typed.
pub(crate) fn missing(blocks: &[Block]) -> Vec<&'static str> {
    let texts: Vec<&str> = blocks
        .iter()
        .filter(|block| block.is_typed())
        .flat_map(Block::commands)
        .map(|command| command.text.as_str())
        .collect();
    PROGRAMS
        .into_iter()
        .filter(|program| texts.iter().any(|text| names(text, program)))
        .filter(|program| !is_installed(program))
        .collect()
}

/// Whether a command line has the program among its words.
fn names(text: &str, program: &str) -> bool {
    text.split(|c: char| c.is_whitespace() || "|&;()`\"'".contains(c))
        .any(|word| word == program)
}

fn is_installed(program: &str) -> bool {
    as_reader("sh")
        .args(["-c", "command -v \"$1\"", "sh", program])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Types what is typed in it, up to the first thing that is not as documented, and says how each typed block went.
pub(crate) fn follow(document: &Document) -> Vec<(usize, Outcome)> {
    let (address, _reserved) = loopback();
    let script = Script::of(document, &address);
    let room = Room::new();
    script.judge(&room.run(&script.text), &address)
}

/// What is typed, with a mark before each command by which its output is found.
struct Script {
    text: String,
    /// The block of each command, and the command as it is typed.
    typed: Vec<(usize, document::Command)>,
    blocks: Vec<usize>,
}

/// Stands in front of a mark; no program prints it.
const MARK: char = '\u{1e}';

impl Script {
    fn of(document: &Document, address: &str) -> Self {
        let mut script = Self {
            text: format!("trap 'printf \"\\n{MARK}end %d\\n\" \"$?\"' EXIT\n"),
            typed: Vec::new(),
            blocks: Vec::new(),
        };
        for section in &document.sections {
            if missing(&section.blocks).is_empty() {
                for block in &section.blocks {
                    script.add(block, address);
                }
            }
        }
        script
    }

    fn add(&mut self, block: &Block, address: &str) {
        let here = |text: &str| text.replace("127.0.0.1", address);
        match &block.content {
            Content::File(name, text) => {
                let end = "THE_END_OF_THE_FILE";
                let text = here(text);
                self.line(&format!(
                    "mkdir -p \"$(dirname '{name}')\"\ncat > '{name}' <<'{end}'\n{text}\n{end}"
                ));
            }
            Content::Typed(commands) => {
                self.blocks.push(block.line);
                for command in commands {
                    let mut command = command.clone();
                    command.text = here(&command.text);
                    command.expected = command.expected.iter().map(|line| here(line)).collect();
                    self.line(&format!("printf '\\n{MARK}begin\\n'"));
                    let text = &command.text;
                    match command.ends {
                        Ends::Well => self.line(text),
                        Ends::Refused | Ends::With(_) => self.line(&format!(
                            "if {text}\nthen printf '\\n{MARK}ended 0\\n'\nelse printf '\\n{MARK}ended %d\\n' \"$?\"\nfi"
                        )),
                    }
                    self.typed.push((block.line, command));
                }
            }
            Content::NotTyped(..) | Content::Script(_) | Content::Shown => {}
        }
    }

    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn judge(&self, printed: &str, address: &str) -> Vec<(usize, Outcome)> {
        let outputs: Vec<&str> = printed.split(&format!("{MARK}begin\n")).skip(1).collect();
        let mut outcomes: Vec<(usize, Outcome)> = self
            .blocks
            .iter()
            .map(|line| (*line, Outcome::AsDocumented))
            .collect();
        let mut first: Option<usize> = None;
        for (index, (block, command)) in self.typed.iter().enumerate() {
            let wrong = match outputs.get(index) {
                Some(output) => wrong(command, output, index + 1 < outputs.len()),
                None => Some("it was not reached".to_owned()),
            };
            if let (Some(wrong), None) = (wrong, first) {
                first = Some(*block);
                let text = format!("line {}: $ {}\n{wrong}", command.line, command.text)
                    .replace(address, "127.0.0.1");
                set(&mut outcomes, *block, text);
            }
        }
        if let Some(first) = first {
            for block in self.blocks.iter().filter(|block| **block > first) {
                set(
                    &mut outcomes,
                    *block,
                    format!("not reached after line {first}"),
                );
            }
        }
        outcomes
    }
}

fn set(outcomes: &mut [(usize, Outcome)], block: usize, text: String) {
    if let Some((_, outcome)) = outcomes.iter_mut().find(|(line, _)| *line == block) {
        *outcome = Outcome::Otherwise(text);
    }
}

/// What is not as documented of a command that printed this.
fn wrong(command: &document::Command, output: &str, went_on: bool) -> Option<String> {
    let (printed, mark) = output.split_once(MARK).unwrap_or((output, ""));
    let printed = printed.trim_end();
    // A command that may fail has a mark of its own; that of the shell's end is behind the last command, or one that failed.
    let code = ["ended ", "end "].iter().find_map(|word| {
        let code = mark.strip_prefix(word)?.lines().next()?;
        code.parse::<i32>().ok()
    });
    let ended = code.or(went_on.then_some(0));
    let fault = match (ended, command.ends) {
        (None, _) => format!("it did not end within {} s", PATIENCE.as_secs()),
        (Some(0), Ends::Refused) => "it was not refused".to_owned(),
        (Some(0), Ends::Well) | (Some(_), Ends::Refused) => String::new(),
        (Some(code), Ends::With(wanted)) if code == wanted => String::new(),
        (Some(code), _) => format!("it ended with {code}"),
    };
    if !fault.is_empty() {
        return Some(format!("{fault}:\n{printed}"));
    }
    (!document::shows(&command.expected, printed)).then(|| {
        format!(
            "--- documented\n{}\n--- printed\n{printed}",
            command.expected.join("\n")
        )
    })
}

/// Where a document is followed.
struct Room(TempDir);

impl Room {
    fn new() -> Self {
        let room = Self(tempfile::tempdir().unwrap());
        for name in ["home", "work"] {
            fs::create_dir(room.path(name)).unwrap();
        }
        if is_root() {
            for path in [room.0.path(), &room.path("home"), &room.path("work")] {
                chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
            }
        }
        fs::set_permissions(room.0.path(), Permissions::from_mode(0o755)).unwrap();
        room
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Everything it printed until it ended, or had to be stopped.
    fn run(&self, script: &str) -> String {
        let (file, log) = (self.path("script"), self.path("log"));
        fs::write(&file, script).unwrap();
        let output = File::create(&log).unwrap();
        let mut path = PROGRAM.path().as_os_str().to_owned();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let mut shell = as_reader("bash");
        shell.env_clear();
        // Programs that are unpacked and not installed find their libraries by it.
        shell.envs(std::env::var_os("LD_LIBRARY_PATH").map(|path| ("LD_LIBRARY_PATH", path)));
        shell
            .args(["-euo", "pipefail"])
            .arg(&file)
            .env("PATH", path)
            .env("HOME", self.path("home"))
            .env("LANG", "C.UTF-8")
            .env("TZ", "UTC")
            .env("GIT_AUTHOR_NAME", "Ada")
            .env("GIT_AUTHOR_EMAIL", "ada@example.org")
            .env("GIT_COMMITTER_NAME", "Ada")
            .env("GIT_COMMITTER_EMAIL", "ada@example.org")
            .current_dir(self.path("work"))
            .stdin(Stdio::null())
            .stderr(output.try_clone().unwrap())
            .stdout(output)
            .process_group(0);
        let mut shell = shell.spawn().unwrap();
        await_end(&mut shell);
        dismiss(&shell);
        let _ = shell.wait();
        String::from_utf8_lossy(&fs::read(&log).unwrap()).into_owned()
    }
}

fn await_end(shell: &mut Child) {
    let start = Instant::now();
    while start.elapsed() < PATIENCE && shell.try_wait().unwrap().is_none() {
        thread::sleep(Duration::from_millis(20));
    }
}

/// Ends whatever a shell left running: servers are asked first, as `PostgreSQL`'s own processes end with it only then.
fn dismiss(shell: &Child) {
    let group = format!("-{}", shell.id());
    let send = |signal: &str| {
        Command::new("kill")
            .args([signal, "--", &group])
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    let start = Instant::now();
    send("-TERM");
    while start.elapsed() < FAREWELL && send("-0") {
        thread::sleep(Duration::from_millis(20));
    }
    send("-KILL");
}

/// The program under test, where every user may run it.
static PROGRAM: LazyLock<TempDir> = LazyLock::new(|| {
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_certs"), directory.path().join("certs")).unwrap();
    let cargo = directory.path().join("cargo");
    // Who follows the README has this repository and builds the program by the way.
    fs::write(&cargo, "#!/bin/sh\nshift 3\nexec certs \"$@\"\n").unwrap();
    fs::set_permissions(&cargo, Permissions::from_mode(0o755)).unwrap();
    directory
});

/// Takes the program away again, when everything was followed: statics are not dropped.
pub(crate) fn leave() {
    let _ = fs::remove_dir_all(PROGRAM.path());
}

/// A command of whoever follows the documents: an ordinary user.
fn as_reader(program: &str) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let nobody = NOBODY.to_string();
    let mut command = Command::new("setpriv");
    command.args([
        format!("--reuid={nobody}"),
        format!("--regid={nobody}"),
        "--clear-groups".to_owned(),
        program.to_owned(),
    ]);
    command
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A loopback address that nobody else uses, and what keeps it.
fn loopback() -> (String, TcpListener) {
    let [.., a, b, c] = RandomState::new().build_hasher().finish().to_be_bytes();
    let own = Ipv4Addr::new(127, a.clamp(1, 254), b, c.clamp(1, 254));
    let listener =
        TcpListener::bind((own, 0)).or_else(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
    let listener = listener.unwrap();
    (listener.local_addr().unwrap().ip().to_string(), listener)
}
