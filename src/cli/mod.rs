//! The edge: arguments, environment, clock, terminal, `nix` and exit codes. Everything else is decided below.

mod absent;
mod args;
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
mod operator;
mod passphrases;
mod past;
mod past_keys;
mod project;
mod pruned;
mod ssh;
mod stores;
mod ui;
mod writing;

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::render::paint::Paint;
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
    let exit = run(cli.command, ui).unwrap_or_else(|error| fail(&error, audience, ui));
    ExitCode::from(exit.code())
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

/// Help and version are answers; everything else is wrong usage.
fn usage(error: &clap::Error) -> Exit {
    if error.use_stderr() {
        let ui = Ui::new(Color::Auto);
        let text = error.render();
        ui.tell(&match ui.stderr {
            Paint::Coloured => text.ansi().to_string(),
            Paint::Plain => text.to_string(),
        });
    } else {
        // Where the terminal is gone there is nobody left to tell.
        let _ = error.print();
    }
    if let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) {
        Ui::new(Color::Auto).tell(&elsewhere::hint(word).unwrap_or_default());
    }
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Done,
        _ => Exit::Usage,
    }
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
