//! Where a trial runs servers: a project, its keys opened as agenix opens them, loopback addresses of its own, and programs that are
//! awaited by what they say and end with the trial. Nothing sleeps for a fixed time, and nothing waits for ever.

use std::cell::RefCell;
use std::collections::hash_map::RandomState;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, Hasher};
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};

use crate::project::{AGE, Declaration, Pair, Project, host_key};
use crate::tool::trial;

/// How long something may take that takes a second on an idle machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// How long a program may run that is waited for, in seconds.
const TIME_LIMIT: u32 = 60;

/// What starts and stops the programs.
const OUR_OWN: [&str; 2] = ["setpriv", "timeout"];

/// What a trial does with servers.
pub(crate) type Run = fn(&Site) -> Result<(), Failed>;

/// A trial with servers. Its failure comes with the end of every log.
pub(crate) fn served(
    name: &str,
    programs: &[&str],
    run: impl FnOnce(&Site) -> Result<(), Failed> + Send + 'static,
) -> Trial {
    at_site(format!("services::{name}"), programs, run)
}

/// The same under any name.
pub(crate) fn at_site(
    name: impl Into<String>,
    programs: &[&str],
    run: impl FnOnce(&Site) -> Result<(), Failed> + Send + 'static,
) -> Trial {
    let programs = [programs, &AGE, &OUR_OWN].concat();
    trial(name, &programs, move || {
        let site = Site::new()?;
        run(&site).map_err(|failure| site.with_logs(&failure))
    })
}

/// A project and the programs that run in it.
pub(crate) struct Site {
    pub(crate) project: Project,
    logs: RefCell<Vec<PathBuf>>,
}

/// A certificate in the repository, and its key as it is opened on the host that owns it.
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Site {
    fn new() -> Result<Self, Failed> {
        let project = Project::new()?;
        project.bench.run("mkdir -m 700 run")?;
        Ok(Self {
            project,
            logs: RefCell::default(),
        })
    }

    /// Declares and makes all of this.
    pub(crate) fn make(&self, declaration: &Declaration) -> Result<(), Failed> {
        self.project.declare(declaration)?;
        self.project.recreate("").map(drop)
    }

    /// Opens a key as its host does when it is activated: with its SSH key, to a file that only its owner reads.
    pub(crate) fn identity(
        &self,
        host: &str,
        authority: &str,
        name: &str,
    ) -> Result<Identity, Failed> {
        let Pair {
            certificate, key, ..
        } = Pair::leaf(host, authority, name);
        let opened = format!("run/{host}-{authority}-{name}.key");
        let path = self.project.path(&opened);
        if path.exists() {
            fs::remove_file(&path)?;
        }
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        let status = Command::new("age")
            .args(["-d", "-i", &host_key(host), &key])
            .current_dir(self.project.path(""))
            .stdout(file)
            .status()?;
        if status.success() {
            Ok(Identity {
                certificate,
                key: opened,
            })
        } else {
            Err(format!("{host} cannot open {key}").into())
        }
    }

    /// Runs a command line that ends by itself, and gives back what it printed.
    pub(crate) fn run(&self, line: &str) -> Result<String, Failed> {
        self.project.bench.run(&in_time(line))
    }

    /// Runs it again until it succeeds: a cluster may be between two leaders.
    pub(crate) fn run_at_last(&self, line: &str) -> Result<String, Failed> {
        let mut last = None;
        until(line, || match self.run(line) {
            Ok(said) => Ok(Some(said)),
            Err(failure) => {
                last = Some(failure);
                Ok(None)
            }
        })
        .map_err(|failure| last.unwrap_or(failure))
    }

    /// Expects the command to refuse, and to say one of these reasons.
    pub(crate) fn refuses(&self, line: &str, reasons: &[&str]) -> Result<(), Failed> {
        let said = self.project.bench.refuses(&in_time(line))?;
        if reasons.iter().any(|reason| said.contains(reason)) {
            Ok(())
        } else {
            Err(format!("{line:?} refused for another reason than {reasons:?}:\n{said}").into())
        }
    }

    /// Starts a program that runs until it is dropped. It also ends with the thread of its trial, however that ends.
    pub(crate) fn start(&self, name: &str, line: &str) -> Result<Running, Failed> {
        let log = self.log(name);
        let output = File::create(&log)?;
        let mut child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL"])
            .args(line.split_whitespace())
            .current_dir(self.project.path(""))
            .stdin(Stdio::piped())
            .stderr(output.try_clone()?)
            .stdout(output)
            .spawn()?;
        Ok(Running {
            name: name.to_owned(),
            stdin: child.stdin.take(),
            child,
            log,
        })
    }

    fn log(&self, name: &str) -> PathBuf {
        let mut logs = self.logs.borrow_mut();
        let log = self
            .project
            .path(&format!("run/{:02}-{name}.log", logs.len()));
        logs.push(log.clone());
        log
    }

    fn with_logs(&self, failure: &Failed) -> Failed {
        let mut text = failure.message().unwrap_or_default().to_owned();
        for log in self.logs.borrow().iter() {
            let said = fs::read(log).unwrap_or_default();
            let said = String::from_utf8_lossy(&said);
            let lines: Vec<&str> = said.lines().collect();
            let last = lines.get(lines.len().saturating_sub(20)..).unwrap_or(&[]);
            let name = log.file_name().unwrap_or_default().display();
            // Writing to a string does not fail.
            let _ = write!(text, "\n--- {name}\n{}", last.join("\n"));
        }
        text.into()
    }
}

fn in_time(line: &str) -> String {
    format!("timeout --kill-after=5 {TIME_LIMIT} {line}")
}

/// A program that was started, until it is dropped.
pub(crate) struct Running {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    log: PathBuf,
}

impl Running {
    /// Writes to its standard input, which stays open.
    pub(crate) fn tell(&mut self, text: &str) -> Result<(), Failed> {
        let stdin = self.stdin.as_mut().ok_or("its input is closed")?;
        Ok(stdin.write_all(text.as_bytes())?)
    }

    /// What it said so far on both outputs.
    pub(crate) fn said(&self) -> Result<String, Failed> {
        Ok(String::from_utf8_lossy(&fs::read(&self.log)?).into_owned())
    }

    /// Waits until it has said one of these.
    pub(crate) fn says(&mut self, any: &[&str]) -> Result<(), Failed> {
        let what = format!("{} says one of {any:?}", self.name);
        until(&what, || {
            // Asked first: what it said before it ended is all in the log then.
            let ended = self.child.try_wait()?;
            let said = self.said()?;
            match ended {
                _ if any.iter().any(|part| said.contains(part)) => Ok(Some(())),
                Some(status) => Err(self.over(status, &said)),
                None => Ok(None),
            }
        })
    }

    /// Waits until a probe finds it ready.
    pub(crate) fn is_ready(
        &mut self,
        mut probe: impl FnMut() -> Result<(), Failed>,
    ) -> Result<(), Failed> {
        let mut last = String::new();
        let what = format!("{} is ready", self.name);
        let ready = until(&what, || {
            if let Some(status) = self.child.try_wait()? {
                return Err(self.over(status, &self.said()?));
            }
            let outcome = probe();
            last = outcome
                .as_ref()
                .err()
                .map(|failure| failure.message().unwrap_or_default().to_owned())
                .unwrap_or_default();
            Ok(outcome.ok())
        });
        ready.map_err(|failure| format!("{}\n{last}", failure.message().unwrap_or_default()).into())
    }

    /// Waits until it ended by itself.
    pub(crate) fn ends(&mut self) -> Result<ExitStatus, Failed> {
        until(&format!("{} ends", self.name), || {
            Ok(self.child.try_wait()?)
        })
    }

    fn over(&self, status: ExitStatus, said: &str) -> Failed {
        format!("{} ended with {status}:\n{said}", self.name).into()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may be over already; there is nobody to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Tries until there is an outcome.
pub(crate) fn until<T>(
    what: &str,
    mut attempt: impl FnMut() -> Result<Option<T>, Failed>,
) -> Result<T, Failed> {
    let start = Instant::now();
    loop {
        if let Some(outcome) = attempt()? {
            return Ok(outcome);
        }
        if start.elapsed() > PATIENCE {
            return Err(format!("not within {} s: {what}", PATIENCE.as_secs()).into());
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// An address of the loopback network that nobody else uses: a port that is free on it stays free.
pub(crate) fn address() -> Result<Ipv4Addr, Failed> {
    let [.., a, b, c] = RandomState::new().build_hasher().finish().to_be_bytes();
    let address = Ipv4Addr::new(127, a.clamp(1, 254), b, c.clamp(1, 254));
    TcpListener::bind((address, 0))?;
    Ok(address)
}

/// As many free ports of an address, each another one.
pub(crate) fn ports<const N: usize>(address: Ipv4Addr) -> Result<[SocketAddr; N], Failed> {
    let listeners: Vec<TcpListener> = (0..N)
        .map(|_| TcpListener::bind((address, 0)))
        .collect::<Result<_, _>>()?;
    let mut ports = [SocketAddr::from((address, 0)); N];
    for (port, listener) in ports.iter_mut().zip(&listeners) {
        *port = listener.local_addr()?;
    }
    Ok(ports)
}
