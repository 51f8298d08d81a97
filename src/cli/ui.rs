//! The terminal: colour, width, progress, passphrases. Nothing else reads or writes it.

use std::io::{self, BufRead as _, ErrorKind, IsTerminal, Write as _};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use secrecy::SecretString;
use serde::Serialize;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::arguments::Color;
use super::error::{CliError, Exit};
use super::threads;
use crate::apply::Progress;
use crate::fleet::ArtifactId;
use crate::render::paint::Paint;
use crate::render::redaction::without_secrets;
use crate::seal::{Unlock, UnlockError};

/// How this run talks to its user.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ui {
    pub stdout: Paint,
    pub stderr: Paint,
}

impl Ui {
    /// Colour where wanted, or where a terminal can show it and `NO_COLOR` (no-color.org) is not set.
    pub(crate) fn new(color: Color) -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let paint = |is_terminal: bool| match color {
            Color::Always => Paint::Coloured,
            Color::Auto if is_terminal && !unwanted => Paint::Coloured,
            Color::Auto | Color::Never => Paint::Plain,
        };
        Self {
            stdout: paint(io::stdout().is_terminal()),
            stderr: paint(io::stderr().is_terminal()),
        }
    }

    /// Whether what is printed is shown on a terminal.
    #[allow(clippy::unused_self)]
    pub(crate) fn shows_stdout(self) -> bool {
        io::stdout().is_terminal()
    }

    /// Columns of the terminal, `None` for a file or pipe.
    #[allow(clippy::unused_self)] // Whoever may ask for it may also write.
    pub(crate) fn width(self) -> Option<u16> {
        if !io::stdout().is_terminal() {
            return None;
        }
        tcgetwinsize(io::stdout())
            .ok()
            .map(|size| size.ws_col)
            .filter(|columns| *columns > 0)
    }

    /// What was asked for. A closed pipe (`certs plan | head`) ends the output, not the run; an output that was cut short
    /// for any other reason must not pass for whole.
    ///
    /// Text may repeat input, and a private key in that is not shown.
    pub(crate) fn print(self, text: &str) {
        self.print_bytes(without_secrets(text).as_bytes());
    }

    /// The same for what is shown as it is: what was exported, and digests.
    pub(crate) fn print_bytes(self, bytes: &[u8]) {
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(bytes).and_then(|()| stdout.flush());
        self.finish_output(written);
    }

    /// A JSON document with a line end, written as it is made.
    pub(crate) fn print_json(self, document: &impl Serialize) {
        let mut lines = GuardedLines::default();
        let written = serde_json::to_writer_pretty(&mut lines, document)
            .map_err(io::Error::from)
            .and_then(|()| lines.write_all(b"\n"))
            .and_then(|()| lines.flush());
        self.finish_output(written);
    }

    fn finish_output(self, written: io::Result<()>) {
        if let Err(error) = written.or_else(|error| {
            if error.kind() == ErrorKind::BrokenPipe {
                Ok(())
            } else {
                Err(error)
            }
        }) {
            self.tell(
                &CliError::new("cannot write the output")
                    .cause(error.to_string())
                    .render(self.stderr),
            );
            std::process::exit(Exit::Failed.code().into());
        }
    }

    /// Progress, warnings, hints.
    #[allow(clippy::unused_self)]
    pub(crate) fn tell(self, text: &str) {
        let text = without_secrets(text);
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }
}

/// Passes on whole lines, without secrets: in JSON a text has no line ends, so no secret lies across two of them.
#[derive(Default)]
struct GuardedLines(Vec<u8>);

impl GuardedLines {
    /// Octets that are kept back until a line ends.
    const KEPT: usize = 1 << 16;
}

impl io::Write for GuardedLines {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(octets);
        if self.0.len() > Self::KEPT
            && let Some(end) = self.0.iter().rposition(|octet| *octet == b'\n')
        {
            let rest = self.0.split_off(end + 1);
            let lines = std::mem::replace(&mut self.0, rest);
            print_guarded(&lines)?;
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        print_guarded(&std::mem::take(&mut self.0))?;
        io::stdout().lock().flush()
    }
}

fn print_guarded(lines: &[u8]) -> io::Result<()> {
    let text = String::from_utf8_lossy(lines);
    let mut stdout = io::stdout().lock();
    stdout.write_all(without_secrets(&text).as_bytes())
}

/// How long what is made may wait for the disk: what an interruption costs at most.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// What the run is making. A prompt takes the bar away while it waits, and a signal says what it cost.
static UNDER_WAY: Mutex<Option<UnderWay>> = Mutex::new(None);

#[derive(Clone, Debug)]
struct UnderWay {
    bar: ProgressBar,
    made: usize,
    kept: usize,
    since: Instant,
}

fn under_way<T>(change: impl FnOnce(&mut Option<UnderWay>) -> T) -> T {
    change(&mut UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner))
}

/// The bar draws itself several times a second, over whatever is below the cursor.
fn without_bar<T>(ask: impl FnOnce() -> T) -> T {
    match under_way(|run| run.as_ref().map(|run| run.bar.clone())) {
        Some(bar) => bar.suspend(ask),
        None => ask(),
    }
}

/// What an interruption throws away, and what it does not.
fn cost(run: Option<&UnderWay>) -> String {
    let (made, kept) = run.map_or((0, 0), |run| (run.made, run.kept));
    let lost = match made - kept.min(made) {
        0 => "nothing was thrown away".to_owned(),
        1 => "1 certificate that was made and not yet written is thrown away".to_owned(),
        lost => format!("{lost} certificates that were made and not yet written are thrown away"),
    };
    let written = match kept {
        0 => "no file was changed".to_owned(),
        1 => "1 certificate is written and whole".to_owned(),
        kept => format!("{kept} certificates are written and whole"),
    };
    format!("\ninterrupted: {lost}; {written}. Run again to make the rest.\n")
}

/// What people take for work, and not for a program that hangs.
const PATIENCE: Duration = Duration::from_secs(1);

/// Does what may take long in another program. On a terminal one line says what is waited for, once a second is over; a
/// line and not a spinner, because the other program may ask for a passphrase there.
pub(crate) fn while_waiting<T>(what: &str, work: impl FnOnce() -> T) -> T {
    if !io::stderr().is_terminal() {
        return work();
    }
    saying_after(
        PATIENCE,
        || {
            let _ = writeln!(io::stderr().lock(), "waiting for {what}");
        },
        work,
    )
}

fn saying_after<T>(patience: Duration, say: impl FnOnce() + Send, work: impl FnOnce() -> T) -> T {
    let (done, finished) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let sign = std::thread::Builder::new().spawn_scoped(scope, move || {
            if finished.recv_timeout(patience) == Err(mpsc::RecvTimeoutError::Timeout) {
                say();
            }
        });
        let result = work();
        // Ends the wait at once; where there was no thread to be had, nothing is said.
        drop(done);
        drop(sign);
        result
    })
}

/// A bar with an estimate on a terminal, silence elsewhere.
#[derive(Debug)]
pub(crate) struct Bar(ProgressBar);

impl Bar {
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let template = "{bar:30} {pos}/{len} made and proved, {eta} left  {msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        let run = UnderWay {
            bar: bar.clone(),
            made: 0,
            kept: 0,
            since: Instant::now(),
        };
        under_way(|shown| *shown = Some(run));
        Self(bar)
    }
}

impl Bar {
    /// Takes the bar away.
    pub(crate) fn close(&self) {
        self.0.finish_and_clear();
        under_way(|shown| *shown = None);
    }
}

impl Progress for Bar {
    fn start(&self, artifacts: usize) {
        self.0.set_length(artifacts as u64);
        // It is drawn with each certificate, and needs no thread of its own.
        if artifacts > 0 {
            self.0.tick();
        }
    }

    fn made(&self, id: &ArtifactId) {
        under_way(|run| {
            if let Some(run) = run {
                run.made += 1;
            }
        });
        self.0
            .set_message(without_secrets(&id.to_string()).into_owned());
        self.0.inc(1);
    }

    fn kept(&self, artifacts: usize) {
        under_way(|run| {
            if let Some(run) = run {
                run.kept += artifacts;
                run.since = Instant::now();
            }
        });
    }

    fn is_late(&self) -> bool {
        under_way(|run| {
            run.as_ref()
                .is_some_and(|run| run.since.elapsed() >= LONGEST_WAIT)
        })
    }
}

/// Asks for passphrases on the terminal.
#[derive(Debug)]
pub(crate) struct Asker;

impl Unlock for Asker {
    fn passphrase(&self, what: &str) -> Result<SecretString, UnlockError> {
        let question = format!("Passphrase of {what}: ");
        without_bar(|| rpassword::prompt_password(without_secrets(&question)))
            .map(SecretString::from)
            .map_err(|error| match Errno::from_io_error(&error) {
                // `/dev/tty` of a process without a terminal.
                Some(Errno::NXIO | Errno::NOENT | Errno::NOTTY) => UnlockError::NobodyToAsk,
                _ => UnlockError::Unreadable {
                    reason: error.to_string(),
                },
            })
    }

    fn confirm(&self, question: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        let no = no.unwrap_or("no");
        let answer = self.public_string(&format!("{question} [{yes}/{no}]"))?;
        Some(answer.eq_ignore_ascii_case(yes) || answer.eq_ignore_ascii_case("y"))
    }

    fn public_string(&self, what: &str) -> Option<String> {
        if !io::stdin().is_terminal() {
            return None;
        }
        without_bar(|| {
            let _ = write!(io::stderr().lock(), "{}: ", without_secrets(what));
            let mut answer = String::new();
            io::stdin().lock().read_line(&mut answer).ok()?;
            Some(answer.trim().to_owned())
        })
    }

    fn message(&self, text: &str) {
        without_bar(|| {
            let _ = writeln!(io::stderr().lock(), "{}", without_secrets(text));
        });
    }
}

/// Ends the process on Ctrl-C or SIGTERM, at once unless a commit is under way, which is let through: before and after a
/// commit the tree is whole.
pub(crate) fn end_on_signal(commit_gate: Arc<Mutex<()>>, ui: Ui) {
    let before = terminal_attributes();
    // Without a thread or handlers a signal ends the process in the middle of a commit; the journal is there for that too.
    let _ = threads::spawn(move || {
        // Handlers without a thread that listens would make signals do nothing.
        let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) else {
            return;
        };
        if signals.forever().next().is_some() {
            let _gate = commit_gate.lock();
            restore_terminal(before.as_ref());
            // A prompt holds the bar, and this is read without it.
            ui.tell(&under_way(|run| cost(run.as_ref())));
            std::process::exit(Exit::Interrupted.code().into());
        }
    });
}

/// A passphrase prompt turns the echo off; whoever ends the process there has to turn it on again.
fn terminal_attributes() -> Option<Termios> {
    tcgetattr(terminal()?).ok()
}

fn restore_terminal(before: Option<&Termios>) {
    if let (Some(before), Some(terminal)) = (before, terminal()) {
        let _ = tcsetattr(terminal, OptionalActions::Now, before);
    }
}

fn terminal() -> Option<OwnedFd> {
    rustix::fs::open(
        "/dev/tty",
        OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOCTTY,
        Mode::empty(),
    )
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    fn says(patience: Duration, work: Duration) -> bool {
        let said = AtomicBool::new(false);
        let result = saying_after(
            patience,
            || said.store(true, Ordering::Relaxed),
            || {
                std::thread::sleep(work);
                7
            },
        );
        assert_eq!(result, 7);
        said.load(Ordering::Relaxed)
    }

    #[test]
    fn a_long_wait_is_explained_and_a_short_one_is_not() {
        assert!(says(Duration::from_millis(1), Duration::from_millis(300)));
        assert!(!says(Duration::from_secs(600), Duration::ZERO));
    }
}
