//! Where a run takes place: the directory one stands in, the home directory and what lies below it.

use std::path::{Path, PathBuf};

use super::error::CliError;
use crate::render::words::shown;

pub(crate) fn current_dir() -> Result<PathBuf, CliError> {
    std::env::current_dir().map_err(|error| {
        CliError::new("the current directory cannot be read").cause(error.to_string())
    })
}

/// Where an identity is made, below the home directory: among the settings of other programs, and in no project.
pub(crate) const OWN_IDENTITY: &str = ".config/certs/identity.txt";
/// Where people have theirs.
pub(crate) const USUAL_IDENTITIES: [&str; 4] = [
    OWN_IDENTITY,
    ".config/age/keys.txt",
    ".config/sops/age/keys.txt",
    ".ssh/id_ed25519",
];

/// The home directory, if it is known.
#[derive(Debug)]
pub(crate) struct Home(Option<PathBuf>);

impl Home {
    pub(crate) fn find() -> Self {
        Self(
            std::env::var_os("HOME")
                .filter(|home| !home.is_empty())
                .map(PathBuf::from),
        )
    }

    pub(crate) fn path(&self) -> Option<&Path> {
        self.0.as_deref()
    }

    /// `~`, `~/…`, `$HOME` and `${HOME}` at the start; nothing else is expanded, and no shell is asked.
    pub(crate) fn expand(&self, name: &str) -> String {
        let Some(home) = self.path().and_then(Path::to_str) else {
            return name.to_owned();
        };
        for prefix in ["~", "$HOME", "${HOME}"] {
            if let Some(rest) = name.strip_prefix(prefix)
                && (rest.is_empty() || rest.starts_with('/'))
            {
                return format!("{home}{rest}");
            }
        }
        name.to_owned()
    }

    /// `~/…` where that means the same for every operator.
    pub(crate) fn short(&self, path: &Path) -> String {
        let below = self.path().and_then(|home| path.strip_prefix(home).ok());
        match below {
            Some(rest) => format!("~/{}", shown(rest)),
            None => path.to_string_lossy().into_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn home_is_expanded_at_the_start_and_nowhere_else() {
        let home = Home(Some(PathBuf::from("/home/ada")));
        let expand = |name| home.expand(name);
        assert_eq!(expand("~/.ssh/id"), "/home/ada/.ssh/id");
        assert_eq!(expand("$HOME/.ssh/id"), "/home/ada/.ssh/id");
        assert_eq!(expand("${HOME}/.ssh/id"), "/home/ada/.ssh/id");
        assert_eq!(expand("$HOMER/x"), "$HOMER/x");
        assert_eq!(expand("a/$HOME"), "a/$HOME");
        assert_eq!(expand("~bob/x"), "~bob/x");
        assert_eq!(Home(None).expand("~/x"), "~/x");
    }
}
