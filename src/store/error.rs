//! Owns what can go wrong with one file or directory; what can go wrong with a whole run is told beside `commit`.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::fleet::RelPath;

/// A file operation that failed. Nothing was lost by it: files are only ever replaced by renaming a finished one.
#[derive(Debug, Error)]
pub enum StoreError {
    #[error("cannot open the project directory {}", path.display())]
    Root { path: PathBuf, source: io::Error },
    /// A link could lead the run to a file outside the repository, now or after the check.
    #[error(
        "`{0}` is a symbolic link; certs only uses real files and directories: put the real one in its place"
    )]
    SymbolicLink(RelPath),
    #[error("`{0}` is not a directory; move it out of the way")]
    NotADirectory(RelPath),
    #[error("`{0}` is not a regular file; move it out of the way")]
    NotAFile(RelPath),
    #[error("`{path}` has {bytes} bytes, more than the {limit} any file of ours can have")]
    TooLarge {
        path: RelPath,
        bytes: u64,
        limit: u64,
    },
    #[error("cannot {doing} `{path}`")]
    Io {
        doing: &'static str,
        path: RelPath,
        source: io::Error,
    },
}

impl StoreError {
    pub(super) fn io(doing: &'static str, path: &RelPath, source: impl Into<io::Error>) -> Self {
        Self::Io {
            doing,
            path: path.clone(),
            source: source.into(),
        }
    }

    /// What the person can do about it, where the kind of failure tells.
    pub fn cure(&self) -> Option<&'static str> {
        let (Self::Io { source, .. } | Self::Root { source, .. }) = self else {
            return None;
        };
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Some("make room on the disk, then run again")
            }
            io::ErrorKind::ReadOnlyFilesystem => {
                Some("the file system is mounted read-only; run in a writable checkout")
            }
            io::ErrorKind::PermissionDenied => {
                Some("give yourself write access to the directory, then run again")
            }
            io::ErrorKind::NotFound => {
                Some("run inside the project, or give its directory with --root")
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_and_a_read_only_one_come_with_a_cure() {
        let path = RelPath::new("certs/ca/a.crt").unwrap();
        let error = |kind: io::ErrorKind| StoreError::io("write", &path, kind);
        assert_eq!(
            error(io::ErrorKind::StorageFull).cure(),
            Some("make room on the disk, then run again")
        );
        assert!(
            error(io::ErrorKind::ReadOnlyFilesystem)
                .cure()
                .unwrap()
                .contains("read-only")
        );
        assert!(
            error(io::ErrorKind::PermissionDenied)
                .cure()
                .unwrap()
                .contains("write access")
        );
        assert_eq!(
            error(io::ErrorKind::StorageFull).to_string(),
            "cannot write `certs/ca/a.crt`"
        );
        assert_eq!(StoreError::NotAFile(path).cure(), None);
    }
}
