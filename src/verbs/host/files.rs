//! The two files of a host's key on the disk: both are written or none, whenever the run ends.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Place, make_folder};
use crate::cli::error::CliError;
use crate::cli::project::store_error;
use crate::cli::publication::{lock, recover};
use crate::cli::ui::{Ui, end_on_signal};
use crate::fleet::RelPath;
use crate::render::words::shown;
use crate::store::{Change, Expected, Layout, Lock, Root, outside};

/// The expected state of the files before they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// Nothing: of two runs at once one has to lose.
    Nothing,
    Anything,
}

/// The folder of a host's key, which only this run writes.
pub(super) struct Folder {
    root: Root,
    lock: Lock,
    gate: Arc<Mutex<()>>,
}

/// As in the tree of certificates: through a link below the root, files would land where the declaration does not say.
fn refuse_links(place: &Place) -> Result<(), CliError> {
    let path = place.public_path();
    let folders = path.ancestors().skip(1);
    let below = folders.take_while(|folder| *folder != place.root);
    let Some(link) = below.into_iter().find(|folder| folder.is_symlink()) else {
        return Ok(());
    };
    Err(CliError::new(format!(
        "{} is a symbolic link, and keys are not written through links",
        shown(link)
    ))
    .hint("put a directory in its place, or name the file where it is: --public-key FILE"))
}

impl Folder {
    /// Makes the folder where it is missing, locks it, and finishes what an interrupted run left.
    pub(super) fn open(place: &Place, ui: Ui) -> Result<Self, CliError> {
        let path = place.public_path();
        refuse_links(place)?;
        make_folder(&path)?;
        Self::at(path.parent().unwrap_or(Path::new(".")), ui)
    }

    fn at(folder: &Path, ui: Ui) -> Result<Self, CliError> {
        let root = Root::open(folder).map_err(|error| store_error(&error))?;
        let lock = lock(&root, &RelPath::default())?;
        let gate = Arc::new(Mutex::new(()));
        end_on_signal(Arc::clone(&gate), ui);
        recover(&root, &lock, &gate, ui)?;
        Ok(Self { root, lock, gate })
    }

    /// Finishes what an interrupted run left, if one did.
    pub(super) fn recover(place: &Place, ui: Ui) -> Result<(), CliError> {
        let path = place.public_path();
        let folder = path.parent().unwrap_or(Path::new("."));
        let journal = Layout::new(RelPath::default()).journal();
        if outside::exists(&folder.join(journal.as_str())) {
            Self::at(folder, ui)?;
        }
        Ok(())
    }

    /// Writes these files of the folder in one commit.
    pub(super) fn write(
        &self,
        files: &[(PathBuf, Vec<u8>)],
        before: Before,
    ) -> Result<(), CliError> {
        let changes: Result<Vec<Change>, CliError> = files
            .iter()
            .map(|(path, bytes)| self.change(path, bytes, before))
            .collect();
        let _held = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        self.root
            .commit(&self.lock, changes?)
            .map_err(|error| CliError::from_error(&error))
    }

    fn change(&self, path: &Path, bytes: &[u8], before: Before) -> Result<Change, CliError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = RelPath::new(&name).map_err(|error| CliError::from_error(&error))?;
        let expected = match before {
            Before::Nothing => Expected::Absent,
            Before::Anything => {
                let found = self.root.read(&name);
                Expected::from(found.map_err(|error| store_error(&error))?.as_ref())
            }
        };
        Ok(Change::write(name, expected, bytes.to_vec()))
    }
}
