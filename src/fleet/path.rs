//! Owns what a path inside the project may look like; knows nothing of the disk.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use super::shell::shell;

/// POSIX `NAME_MAX` on every file system Git repositories live on.
const LONGEST_COMPONENT: usize = 255;

/// A path below the project root, in the form the store accepts: relative, `/`-separated, free of `..`, of control
/// characters and of `.git`. The empty path (`.`) is the root itself. A clone shares the text.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelPath(Arc<str>);

/// Why a text is not a path below the project root.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PathError {
    #[error("`{0}` is absolute; give it relative to the project root")]
    Absolute(String),
    #[error("`{0}` contains `..`; a path may not climb out of its directory")]
    Climbs(String),
    #[error("the path {0:?} contains a control character")]
    Control(String),
    #[error(
        "`{start}…` is a file name of {bytes} bytes; file systems allow 255: choose a shorter name"
    )]
    TooLong { start: String, bytes: usize },
    /// Write access below `.git` allows running programs as the user (hooks, `core.fsmonitor`).
    #[error("`{0}` lies in Git's own directory")]
    GitDirectory(String),
}

impl RelPath {
    /// Reads a path as people write it: `./certs//ca/` is `certs/ca`.
    ///
    /// # Errors
    /// [`PathError`] names the one thing that keeps the text from being a path below the root.
    pub fn new(text: &str) -> Result<Self, PathError> {
        if text.chars().any(char::is_control) {
            return Err(PathError::Control(text.to_owned()));
        }
        if text.starts_with('/') {
            return Err(PathError::Absolute(text.to_owned()));
        }
        let components: Vec<&str> = text
            .split('/')
            .filter(|part| !matches!(*part, "" | "."))
            .collect();
        for component in &components {
            check_component(component, text)?;
        }
        Ok(Self(components.join("/").into()))
    }

    /// `self/rest`, where `rest` may have several components.
    ///
    /// # Errors
    /// As [`RelPath::new`].
    pub fn join(&self, rest: &str) -> Result<Self, PathError> {
        let rest = Self::new(rest)?;
        Ok(self.child(&rest.0))
    }

    /// `self/name` for a name this crate chose itself or has checked before.
    pub(crate) fn child(&self, name: &str) -> Self {
        match (self.as_str(), name) {
            ("", name) => Self(name.into()),
            (_, "") => self.clone(),
            (parent, name) => Self(format!("{parent}/{name}").into()),
        }
    }

    /// The directory this path lies in; `None` for the root itself.
    pub fn parent(&self) -> Option<Self> {
        match self.0.rsplit_once('/') {
            Some((parent, _)) => Some(Self(parent.into())),
            None if self.0.is_empty() => None,
            None => Some(Self::default()),
        }
    }

    /// The last component; empty for the root itself.
    pub fn file_name(&self) -> &str {
        self.0
            .rsplit_once('/')
            .map_or(self.as_str(), |(_, name)| name)
    }

    /// True when `self` is `directory` or lies below it.
    pub fn is_within(&self, directory: &Self) -> bool {
        directory.0.is_empty()
            || self
                .0
                .strip_prefix(directory.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The components from the root downwards.
    pub fn components(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|component| !component.is_empty())
    }

    /// As a shell takes it for one word: people copy the commands that they are shown.
    pub fn shell(&self) -> String {
        shell(&self.0)
    }

    /// The text with `/` between components, empty for the root; `Display` shows the root as `.`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "." } else { &self.0 })
    }
}

impl fmt::Debug for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RelPath({self})")
    }
}

fn check_component(component: &str, whole: &str) -> Result<(), PathError> {
    if component == ".." {
        return Err(PathError::Climbs(whole.to_owned()));
    }
    if component.eq_ignore_ascii_case(".git") {
        return Err(PathError::GitDirectory(whole.to_owned()));
    }
    if component.len() > LONGEST_COMPONENT {
        let start = component.chars().take(24).collect();
        return Err(PathError::TooLong {
            start,
            bytes: component.len(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_a_path_as_people_write_it() {
        assert_eq!(RelPath::new("./certs//ca/").unwrap().as_str(), "certs/ca");
        assert_eq!(RelPath::new(".").unwrap().to_string(), ".");
        assert_eq!(
            RelPath::new("certs")
                .unwrap()
                .join("ca/x.crt")
                .unwrap()
                .as_str(),
            "certs/ca/x.crt"
        );
    }

    #[test]
    fn refuses_every_way_out_of_the_root() {
        assert!(matches!(
            RelPath::new("/etc/passwd"),
            Err(PathError::Absolute(_))
        ));
        assert!(matches!(
            RelPath::new("certs/../../x"),
            Err(PathError::Climbs(_))
        ));
        assert!(matches!(
            RelPath::new("certs/a\0b"),
            Err(PathError::Control(_))
        ));
        assert!(matches!(RelPath::new("a\nb"), Err(PathError::Control(_))));
        assert!(matches!(
            RelPath::new(".Git/hooks/x"),
            Err(PathError::GitDirectory(_))
        ));
        assert!(matches!(
            RelPath::new("certs").unwrap().join("../x"),
            Err(PathError::Climbs(_))
        ));
    }

    #[test]
    fn refuses_a_name_of_300_characters_and_keeps_the_message_short() {
        let error = RelPath::new(&format!("certs/{}", "a".repeat(300))).unwrap_err();
        assert!(matches!(error, PathError::TooLong { bytes: 300, .. }));
        assert!(error.to_string().len() < 120, "{error}");
        assert!(RelPath::new(&"a".repeat(255)).is_ok());
    }

    #[test]
    fn knows_what_lies_within_a_directory() {
        let certs = RelPath::new("certs").unwrap();
        assert!(RelPath::new("certs/ca/x").unwrap().is_within(&certs));
        assert!(certs.is_within(&certs));
        assert!(!RelPath::new("certs2/x").unwrap().is_within(&certs));
        assert!(certs.is_within(&RelPath::new(".").unwrap()));
    }

    proptest! {
        #[test]
        fn an_accepted_path_reads_back_as_itself(text in "\\PC{0,40}") {
            if let Ok(path) = RelPath::new(&text) {
                prop_assert_eq!(RelPath::new(path.as_str()).unwrap(), path.clone());
                prop_assert!(path.components().all(|part| part != ".." && part != "."));
            }
        }
    }
}
