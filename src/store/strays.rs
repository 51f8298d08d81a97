//! Owns what lies in a directory and is no file that could be ours: links, devices, and names that no path of ours can have. Reads
//! none of it.

use rustix::fs::FileType;

use super::error::StoreError;
use super::layout;
use super::tree::{Name, Root};
use crate::fleet::{RelPath, Stray};

impl Root {
    /// Everything below `dir` that [`Root::list`] leaves out, sorted; of files, and of what can be neither named nor read, only what
    /// `is_ours` takes for one of ours by its name.
    ///
    /// # Errors
    /// As [`Root::list`].
    pub fn strays(
        &self,
        dir: &RelPath,
        is_ours: impl Fn(&str) -> bool,
    ) -> Result<Vec<Stray>, StoreError> {
        let (mut strays, mut pending) = (Vec::new(), vec![dir.clone()]);
        while let Some(dir) = pending.pop() {
            for (name, kind) in self.everything_in(&dir)? {
                match (name, kind) {
                    (Name::Sound(path), FileType::Directory) => pending.push(path),
                    (Name::Sound(_), FileType::RegularFile) => {}
                    (Name::Sound(path), kind) => strays.push(Stray {
                        place: path.to_string(),
                        detail: what(kind).to_owned(),
                    }),
                    (Name::Odd(name), FileType::RegularFile)
                        if !is_ours(&name) || layout::is_temporary(&name) => {}
                    (Name::Odd(name), _) => strays.push(odd(&dir, &name)),
                }
            }
        }
        strays.sort();
        Ok(strays)
    }
}

fn what(kind: FileType) -> &'static str {
    match kind {
        FileType::Symlink => "it is a symbolic link, which is not followed",
        FileType::Fifo => "it is a pipe",
        _ => "it is a device or a socket",
    }
}

/// The name is spelt out: it may have line ends.
fn odd(dir: &RelPath, name: &str) -> Stray {
    let name: String = name.chars().flat_map(spelt).collect();
    Stray {
        place: dir.child(&name).to_string(),
        detail: "its name is not UTF-8 or has a control character, so that it is not looked into"
            .to_owned(),
    }
}

fn spelt(c: char) -> Vec<char> {
    if c.is_control() {
        c.escape_default().collect()
    } else {
        vec![c]
    }
}
