//! The edge: arguments, environment, clock, terminal, `nix` and exit codes. Everything else is decided below.

mod absent;
mod args;
mod checkout;
mod clear;
mod commands;
mod deployed;
mod dial;
mod discover;
mod elsewhere;
mod environment;
mod error;
mod evaluate;
mod findings;
mod foreign;
mod git;
mod inheritance;
mod input;
mod openssl;
mod operator;
mod passphrases;
mod past;
mod past_keys;
mod project;
mod pruned;
mod ssh;
mod stores;
mod threads;
mod ui;
mod writing;

use std::ffi::OsString;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::render::paint::Paint;
use crate::render::words;
use args::{Audience, Color, Command};
use error::{CliError, Exit};
use ui::Ui;

pub use args::command;

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    forbid_core_dumps();
    let (cli, audience) = match args::parse() {
        Ok(parsed) => parsed,
        Err(error) => return ExitCode::from(usage(&error).code()),
    };
    let ui = Ui::new(cli.color);
    let exit = guarded(|| {
        check_random()?;
        threads::start(&cli.command);
        run(cli.command, ui)
    });
    let exit = exit.unwrap_or_else(|error| fail(&error, audience, ui));
    ExitCode::from(exit.code())
}

/// A library may panic where the system refuses it something. That ends the run like any other failure: until a commit nothing is
/// written, and a commit is whole.
fn guarded(run: impl FnOnce() -> Result<Exit, CliError>) -> Result<Exit, CliError> {
    panic::set_hook(Box::new(|_| {}));
    let ended = panic::catch_unwind(AssertUnwindSafe(run));
    ended.unwrap_or_else(|payload| {
        let cause = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let cause = cause.or_else(|| payload.downcast_ref::<String>().cloned());
        Err(CliError::new("the run stopped where it should not")
            .cause(cause.unwrap_or_else(|| "no reason was given".to_owned()))
            .hint("every file is whole: run it again; if it stops again with memory and processes to spare, it is a fault of certs to report"))
    })
}

/// Libraries abort where the kernel gives no random octets, so it is asked first.
fn check_random() -> Result<(), CliError> {
    let mut octets = [0_u8; 16];
    let given = rustix::rand::getrandom(&mut octets, rustix::rand::GetRandomFlags::empty());
    match given {
        Ok(16) => Ok(()),
        Ok(_) => Err(no_random("it gave fewer octets than asked")),
        Err(errno) => Err(no_random(&errno.to_string())),
    }
}

fn no_random(cause: &str) -> CliError {
    CliError::new("the system's random source (getrandom) does not answer")
        .cause(cause)
        .hint("no key can be made without it; see whether a sandbox (seccomp) forbids the call")
}

/// A program that asked for JSON gets one document however the run ends; the text is for the log.
fn fail(error: &CliError, audience: Audience, ui: Ui) -> Exit {
    if audience == Audience::Program {
        ui.print(&format!("{:#}\n", error.document()));
    }
    ui.tell(&error.render(ui.stderr));
    Exit::Failed
}

fn run(command: Command, ui: Ui) -> Result<Exit, CliError> {
    match command {
        Command::Recreate(args) => commands::recreate::run(&args, ui),
        Command::Adopt(args) => commands::adopt::run(&args, ui),
        Command::Issue(args) => commands::issue::run(&args, ui),
        Command::Sign(args) => commands::issue::sign(&args, ui),
        Command::Renew(args) => commands::renew::run(&args, ui),
        Command::Revoke(args) => commands::revoke::run(&args, ui),
        Command::Crl(args) => commands::crl::run(&args, ui),
        Command::Plan(args) => commands::plan::run(&args, ui),
        Command::Status(args) => commands::status::run(&args, ui),
        Command::Graph(args) => commands::graph::run(&args, ui),
        Command::Role { command } => commands::role::run(&command, ui),
        Command::Report(args) => commands::report::run(&args, ui),
        Command::Metrics(args) => commands::metrics::run(&args, ui),
        Command::History(args) => commands::history::run(&args, ui),
        Command::Exposure(args) => commands::exposure::run(&args, ui),
        Command::Diff(args) => commands::diff::run(&args, ui),
        Command::Check(args) => commands::check::run(&args, ui),
        Command::Doctor(args) => commands::doctor::run(&args, ui),
        Command::Verify(args) => commands::verify::run(&args, ui),
        Command::Explain(args) => commands::explain::run(&args, ui),
        Command::Export { form } => commands::export::run(&form, ui),
        Command::CertManager { command } => commands::certmanager::run(&command, ui),
        Command::Pki { command } => commands::pki::run(&command, ui),
        Command::Manifest(args) => commands::manifest::run(&args, ui),
        Command::Rules(args) => commands::rules::run(&args, ui),
        Command::Inspect(args) => commands::inspect::run(&args, ui),
        Command::Fingerprint(args) => commands::fingerprint::run(&args, ui),
        Command::Init(args) => commands::init::run(&args, ui),
        Command::Host { command } => commands::host::run(&command, ui),
        Command::Trust { command } => commands::trust::run(&command, ui),
        Command::Demo(args) => commands::demo::run(&args, ui),
        Command::Completions { shell } => commands::completions::run(shell, ui),
        Command::Man { directory } => commands::man::run(&directory),
        Command::Reference { document } => commands::reference::run(document, ui),
    }
}

/// Help and version are answers, and so is the help that is shown where no verb was given; everything else is wrong usage.
fn usage(error: &clap::Error) -> Exit {
    let ui = Ui::new(Color::Auto);
    let text = |paint| match paint {
        Paint::Coloured => args::help::printable(&error.render().ansi().to_string()),
        Paint::Plain => args::help::printable(&error.render().to_string()),
    };
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    ) {
        ui.print(&text(ui.stdout));
        return Exit::Done;
    }
    // It repeats what was typed, which may be a name from elsewhere.
    let steers = |word: OsString| {
        let word = word.to_string_lossy();
        words::one_line(&word) != word
    };
    ui.tell(&match ui.stderr {
        Paint::Coloured if !std::env::args_os().any(steers) => text(Paint::Coloured),
        _ => words::printable(&text(Paint::Plain)),
    });
    if let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) {
        ui.tell(&elsewhere::hint(word).unwrap_or_default());
    }
    Exit::Usage
}

/// A crash must not write keys into a core file, nor a debugger of the same user read them.
fn forbid_core_dumps() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // Both only harden: where the system refuses, the run is as safe as any other program's.
    let _ = setrlimit(Resource::Core, none);
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}
