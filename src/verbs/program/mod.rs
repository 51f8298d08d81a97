//! The program around the verbs: parses what was typed, runs one verb, and turns every end into an exit code.

pub(crate) mod audience;
pub(crate) mod candidates;
pub(crate) mod exits;
pub(crate) mod help;
mod synonyms;

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use audience::Audience;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, FromArgMatches as _, Parser};

use super::{Command, GROUPS, run};
use crate::cli::arguments::Color;
use crate::cli::error::{CliError, Exit};
use crate::cli::threads;
use crate::cli::ui::Ui;
use crate::render::paint::Paint;
use crate::render::words;

/// Certificate authorities and certificates from NixOS options, with every private key encrypted.
#[derive(Debug, Parser)]
#[command(
    name = "certs",
    version,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = "Exit codes: 0 done, or nothing to do; 1 failed or refused, nothing lost; 2 something is left to do (plan, \
                  check, doctor, adopt and renew --dry-run); 64 wrong usage; 130 interrupted. With --json standard output is one JSON document, \
                  whether the run succeeds or fails (`error`).\n\nWithout --manifest, --flake or --file, the nearest declaration at or above \
                  the current directory is read: flake.nix (as --flake), else certs.nix (as --file), else certs.json (as --manifest)."
)]
pub(crate) struct Cli {
    /// When to use colour; `NO_COLOR` turns it off too.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, help_heading = "Output")]
    pub color: Color,
    #[command(subcommand)]
    pub command: Command,
}

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    forbid_core_dumps();
    if candidates::answer() {
        return ExitCode::SUCCESS;
    }
    let (cli, audience) = match parse() {
        Ok(parsed) => parsed,
        Err(error) => return ExitCode::from(usage(&error).code()),
    };
    let ui = Ui::new(cli.color);
    let exit = guarded(|| {
        check_random()?;
        threads::start(jobs(&cli.command));
        run(&cli.command, ui)
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

/// Help and version are answers, and so is the help that is shown where no verb was given; everything else is wrong usage.
fn usage(error: &clap::Error) -> Exit {
    let ui = Ui::new(Color::Auto);
    let text = |paint| match paint {
        Paint::Coloured => help::printable(&error.render().ansi().to_string()),
        Paint::Plain => help::printable(&error.render().to_string()),
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
        ui.tell(&synonyms::hint(word).unwrap_or_default());
    }
    if Audience::of_words(std::env::args_os()) == Audience::Program {
        let refused = refused(&words::printable(&text(Paint::Plain)));
        ui.print(&format!("{:#}\n", refused.document()));
    }
    Exit::Usage
}

/// The error in clap's words: a paragraph, then tips, then the usage.
fn refused(text: &str) -> CliError {
    let first = text.split("\n\n").next().unwrap_or_default();
    let first = first.strip_prefix("error: ").unwrap_or(first);
    let message: Vec<&str> = first.lines().map(str::trim).collect();
    let tips = text.lines().map(str::trim);
    let tips = tips.filter_map(|line| line.strip_prefix("tip: "));
    let refused = CliError::new(message.join(" ")).of_usage();
    tips.fold(refused, CliError::hint)
        .hint("`certs --help` lists the verbs, `certs VERB --help` its options")
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

/// How many threads were asked for.
fn jobs(command: &Command) -> Option<NonZeroUsize> {
    match command {
        Command::Recreate(args) => args.jobs,
        Command::Renew(args) => args.jobs,
        _ => None,
    }
}

/// The command with everything clap derives from it, its help laid out.
pub fn command() -> clap::Command {
    candidates::with_values(help::laid_out(Cli::command(), GROUPS))
}

/// The parsed arguments, and the reader of the answer.
pub(crate) fn parse() -> Result<(Cli, Audience), clap::Error> {
    let matches = command().try_get_matches()?;
    let cli = Cli::from_arg_matches(&matches)?;
    Ok((cli, Audience::of(&matches)))
}
