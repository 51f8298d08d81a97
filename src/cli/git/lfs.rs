//! What Git LFS keeps outside of Git's own objects, as far as it is on this machine.

use std::path::{Path, PathBuf};

use super::git;
use crate::store::outside;
use crate::x509::Digest;

/// The directory of Git LFS's objects; `None` where the repository has none.
pub(super) struct Objects(Option<PathBuf>);

impl Objects {
    pub(super) fn of(root: &Path) -> Self {
        let output = git(root).args(["rev-parse", "--git-common-dir"]).output();
        let directory = output.ok().filter(|output| output.status.success());
        let directory = directory.map(|output| {
            let path = String::from_utf8_lossy(&output.stdout);
            root.join(path.trim_end_matches('\n')).join("lfs/objects")
        });
        Self(directory.filter(|directory| outside::exists(directory)))
    }

    /// Puts the content in the place of a pointer to it. A pointer whose content is not here, or is another one, stays.
    pub(super) fn resolve(&self, bytes: &mut Vec<u8>) {
        let (Some(directory), Some(digest)) = (&self.0, digest(bytes)) else {
            return;
        };
        let parts = (digest.get(..2), digest.get(2..4));
        let (Some(first), Some(second)) = parts else {
            return;
        };
        let object = directory.join(first).join(second).join(&digest);
        if let Ok(content) = outside::read_file(&object)
            && Digest::of(&content).to_string() == digest
        {
            *bytes = content.to_vec();
        }
    }
}

/// Of a pointer: `oid sha256:<hex>` is one of its lines.
fn digest(bytes: &[u8]) -> Option<String> {
    /// A pointer has less (git-lfs, docs/spec.md).
    const LONGEST: usize = 1024;
    let text = std::str::from_utf8(bytes.get(..bytes.len().min(LONGEST))?).ok()?;
    text.strip_prefix("version https://git-lfs.github.com/spec/v1\n")?;
    let digest = text
        .lines()
        .find_map(|line| line.strip_prefix("oid sha256:"))?;
    let is_hex = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| digest.to_owned())
}
