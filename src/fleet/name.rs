//! The name of an authority, a host or a certificate: one safe component of a file path.

use std::fmt;
use std::sync::Arc;

/// The longest name in bytes. `<ca>-<cert>.key.age` must fit the 255 bytes every common file system allows.
pub const MAX_NAME_BYTES: usize = 100;

/// A name as declared, proved to be usable verbatim in file names, agenix rules and NixOS attribute paths. A clone shares the text: names are
/// in every ID, and IDs are keys everywhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

/// Why a string cannot be the name of an authority, a host or a certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("a name must not be empty")]
    Empty,
    #[error("the name has {bytes} bytes; at most {MAX_NAME_BYTES} fit into a file name")]
    TooLong { bytes: usize },
    #[error(
        "the name {name:?} contains {character:?}; use the letters a to z, digits, '.', '_', '-', '+' and '='"
    )]
    Character { name: String, character: char },
    #[error(
        "the name {name:?} contains \"..\", which reads as a way out of the directory; use one '.'"
    )]
    DotDot { name: String },
    #[error("the name {name:?} starts with {character:?}; start it with a letter, a digit or '_'")]
    Start { name: String, character: char },
}

impl Name {
    /// Accepts what the Nix store accepts in names (ASCII letters, digits, `.` `_` `-` `+` `=`), starting with a letter, a
    /// digit or `_`: each name becomes part of a store path and of a line that agenix iterates unquoted.
    pub fn new(name: &str) -> Result<Self, NameError> {
        let first = name.chars().next().ok_or(NameError::Empty)?;
        if name.len() > MAX_NAME_BYTES {
            return Err(NameError::TooLong { bytes: name.len() });
        }
        if let Some(character) = name.chars().find(|c| !is_allowed(*c)) {
            return Err(NameError::Character {
                name: name.to_owned(),
                character,
            });
        }
        if name.contains("..") {
            return Err(NameError::DotDot {
                name: name.to_owned(),
            });
        }
        if !(first.is_ascii_alphanumeric() || first == '_') {
            return Err(NameError::Start {
                name: name.to_owned(),
                character: first,
            });
        }
        Ok(Self(name.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '=')
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_names_people_use() {
        for name in [
            "cluster",
            "controllerManager",
            "kube-apiserver",
            "etcd.v2",
            "node_1",
            "a=b",
        ] {
            assert_eq!(Name::new(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn refuses_what_would_leave_the_directory_or_break_a_shell_loop() {
        for name in [
            "",
            ".",
            "..",
            "../x",
            "a/b",
            "a b",
            "a\0b",
            "-rf",
            "a\nb",
            "a\u{202e}b",
            "a..b",
            "größe",
            "a@b",
            &"x".repeat(101),
        ] {
            assert!(Name::new(name).is_err(), "{name:?}");
        }
    }
}
