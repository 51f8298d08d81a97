//! Where an export goes. A private key is not shown by surprise, not put where Git would commit it, and read by its owner alone.

use std::path::{Path, PathBuf};

use super::arguments::{OutputArgs, SecretOutputArgs};
use crate::cli::environment::current_dir;
use crate::cli::error::{CliError, Exit};
use crate::cli::plaintext;
use crate::cli::ui::Ui;
use crate::render::words::shown;
use crate::store::outside;

/// The kind of content, as far as it decides where the output may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Public text.
    Text,
    /// Public, and not fit for a terminal.
    Binary,
    /// A private key is in it.
    Secret,
}

/// Where it goes.
#[derive(Debug)]
pub(super) enum Output {
    Stdout,
    /// Replaced at once.
    Public(PathBuf),
    New(PathBuf),
    /// Whatever was there.
    Forced(PathBuf),
    /// A device or a pipe.
    Stream(PathBuf),
}

impl Output {
    /// Decided before any key is decrypted, so that no passphrase is asked for a file that cannot be written.
    pub(super) fn of(content: Content, args: &SecretOutputArgs, ui: Ui) -> Result<Self, CliError> {
        match (&args.output, content) {
            (Some(file), _) if file.as_os_str() == "-" => Ok(Self::Stdout),
            (Some(file), Content::Secret) if outside::is_terminal(file) && !args.force => {
                Err(on_a_terminal())
            }
            (Some(file), _) if outside::is_stream(file) => Ok(Self::Stream(file.clone())),
            (Some(file), Content::Secret) => {
                let file = current_dir()?.join(file);
                if args.force {
                    return Ok(Self::Forced(file));
                }
                refuse_unwanted(&file)?;
                Ok(Self::New(file))
            }
            (Some(file), Content::Text | Content::Binary) => {
                Ok(Self::Public(current_dir()?.join(file)))
            }
            (None, Content::Text) => Ok(Self::Stdout),
            (None, _) if !ui.shows_stdout() => Ok(Self::Stdout),
            (None, Content::Secret) => Err(on_a_terminal()),
            (None, Content::Binary) => Err(CliError::new("this is nothing for a terminal").hint(
                "write a file with --output FILE; --output - sends it to the terminal all the same",
            )),
        }
    }

    /// The same for what is never secret.
    pub(super) fn public(content: Content, args: &OutputArgs, ui: Ui) -> Result<Self, CliError> {
        let args = SecretOutputArgs {
            output: args.output.clone(),
            ..SecretOutputArgs::default()
        };
        Self::of(content, &args, ui)
    }

    /// Writes all of it and says where it is.
    pub(super) fn finish(&self, bytes: &[u8], ui: Ui) -> Result<Exit, CliError> {
        self.write(bytes, ui)?;
        self.tell(ui);
        Ok(Exit::Done)
    }

    pub(super) fn write(&self, bytes: &[u8], ui: Ui) -> Result<(), CliError> {
        let (file, written) = match self {
            Self::Stdout => {
                ui.print_bytes(bytes);
                return Ok(());
            }
            Self::Public(file) | Self::Stream(file) => (file, outside::replace(file, bytes)),
            Self::New(file) => (file, outside::write_secret(file, bytes)),
            Self::Forced(file) => (file, outside::replace_secret(file, bytes)),
        };
        written.map_err(|error| {
            CliError::new(format!("cannot write {}", shown(&typed(file)))).cause(error.to_string())
        })
    }

    /// The file, where there is one.
    pub(super) fn file(&self) -> Option<&Path> {
        match self {
            Self::Stdout | Self::Stream(_) => None,
            Self::Public(file) | Self::New(file) | Self::Forced(file) => Some(file),
        }
    }

    /// That it is there now.
    pub(super) fn tell(&self, ui: Ui) {
        if let Some(file) = self.file() {
            ui.tell(&format!("wrote {}\n", shown(&typed(file))));
        }
    }
}

fn on_a_terminal() -> CliError {
    CliError::new("the private key would be shown on the terminal")
        .hint("write a file with --output FILE; --output - shows it all the same")
}

/// As it was typed, from the directory where it was.
pub(super) fn typed(file: &Path) -> PathBuf {
    let here = current_dir().ok();
    let below = here.and_then(|here| Some(file.strip_prefix(here).ok()?.to_owned()));
    below.unwrap_or_else(|| file.to_owned())
}

fn refuse_unwanted(file: &Path) -> Result<(), CliError> {
    if outside::exists(file) {
        return Err(
            CliError::new(format!("{} is there already", shown(&typed(file))))
                .hint("name another file, or replace it with --force"),
        );
    }
    match plaintext::refusal(file, &typed(file)) {
        Some(error) => {
            Err(error.hint("write it elsewhere, list it in .gitignore, or insist with --force"))
        }
        None => Ok(()),
    }
}
