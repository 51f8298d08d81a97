//! Files outside of any project root: manifests, identities, host keys that are given by path, and what `demo` and `man` write.

use std::fs::{self, OpenOptions};
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use zeroize::Zeroizing;

/// The manifest of ten thousand certificates has about 10 MB; a device would fill the memory.
const LARGEST: u64 = 64 << 20;

/// Reads a whole file of at most 64 MiB; the bytes are wiped when dropped, because some of these files are private keys.
pub fn read(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    let mut file = fs::File::open(path)?;
    // Room for the whole file at once: a growing buffer would leave copies behind.
    let length = usize::try_from(file.metadata()?.len().min(LARGEST)).unwrap_or(0);
    bytes.reserve_exact(length + 1);
    (&file).take(LARGEST).read_to_end(&mut bytes)?;
    if file.read(&mut [0])? > 0 {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "it does not end within 64 MiB",
        ));
    }
    Ok(bytes)
}

/// As [`read`], of a file or a link to one: a pipe in its place would hold a run up for good.
pub fn read_regular(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    if fs::metadata(path)?.is_file() {
        read(path)
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is not a regular file",
        ))
    }
}

/// As [`read`], of a file that is no link and no device: for trees that others filled.
pub fn read_file(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    if fs::symlink_metadata(path)?.is_file() {
        read(path)
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is a link or a device",
        ))
    }
}

/// Writes or replaces a file.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::write(path, bytes)
}

/// Writes or replaces a file at once: whoever reads it meanwhile finds the old one or the new one whole. A device or a pipe is written
/// into.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if is_stream(path) {
        return write_into(path, bytes);
    }
    replace_by(path, |temporary| fs::write(temporary, bytes))
}

/// Names that the system gives to files that are open already.
const OPEN_FILES: [&str; 4] = ["/dev/stdout", "/dev/stderr", "/dev/fd", "/proc"];

/// Whether a path leads to a device, a pipe or an open file: with a file put in its place, it would be gone for everybody.
pub fn is_stream(path: &Path) -> bool {
    let found = fs::metadata(path).map(|found| found.file_type());
    OPEN_FILES.iter().any(|name| path.starts_with(name))
        || found.is_ok_and(|kind| !kind.is_file() && !kind.is_dir())
}

/// Whether what is written there is shown to somebody.
pub fn is_terminal(path: &Path) -> bool {
    // A pipe would wait for its reader.
    let is_device = fs::metadata(path).is_ok_and(|found| found.file_type().is_char_device());
    is_device && fs::File::open(path).is_ok_and(|opened| opened.is_terminal())
}

/// Nothing is cut off: an open file may hold what was printed before.
fn write_into(path: &Path, bytes: &[u8]) -> io::Result<()> {
    OpenOptions::new().append(true).open(path)?.write_all(bytes)
}

/// Writes a new file that only its owner can read.
pub fn write_secret(path: &Path, bytes: &[u8]) -> io::Result<()> {
    create(path, 0o600, bytes)
}

/// Writes a file that must not be there yet.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    create(path, 0o666, bytes)
}

/// A new file has its name only once all of it is on the disk: whoever relies on it, and whatever kills this process, it is whole.
fn create(path: &Path, mode: u32, bytes: &[u8]) -> io::Result<()> {
    let directory = directory_of(path);
    #[cfg(target_os = "linux")]
    if let Some(mut file) = nameless(directory, mode) {
        use std::os::fd::AsRawFd as _;

        use rustix::fs::{AtFlags, CWD, linkat};
        file.write_all(bytes)?;
        file.sync_all()?;
        let opened = format!("/proc/self/fd/{}", file.as_raw_fd());
        match linkat(CWD, opened, CWD, path, AtFlags::SYMLINK_FOLLOW) {
            // Without /proc there is no name to give it.
            Err(rustix::io::Errno::NOENT) => {}
            linked => {
                linked?;
                return sync_directory(directory);
            }
        }
    }
    create_in_place(path, mode, bytes)?;
    sync_directory(directory)
}

/// Not every file system has files without a name.
#[cfg(target_os = "linux")]
fn nameless(directory: &Path, mode: u32) -> Option<fs::File> {
    use rustix::fs::{CWD, Mode, OFlags, openat};
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    let opened = openat(CWD, directory, flags, Mode::from_raw_mode(mode));
    opened.ok().map(fs::File::from)
}

fn directory_of(path: &Path) -> &Path {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

fn sync_directory(directory: &Path) -> io::Result<()> {
    fs::File::open(directory)?.sync_all()
}

/// What cannot be written whole is taken away again.
fn create_in_place(path: &Path, mode: u32, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    written.inspect_err(|_| {
        // The first error is the one to tell.
        let _ = fs::remove_file(path);
    })
}

/// Writes or replaces, at once, a file that only its owner can read.
pub fn replace_secret(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_by(path, |temporary| write_secret(temporary, bytes))
}

/// Writes or replaces, at once, a file that everybody can read, whatever the umask; its directory is made if it is not there.
pub fn write_public(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    replace_by(path, |temporary| {
        fs::write(temporary, bytes)?;
        fs::set_permissions(temporary, fs::Permissions::from_mode(0o644))
    })
}

/// What is written beside a path takes its place whole, or is taken away again.
fn replace_by(path: &Path, write: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".certs-tmp");
    let temporary = path.with_file_name(name);
    // Nobody else's file has such a name; a run that was killed may have left one.
    let _ = fs::remove_file(&temporary);
    let written = write(&temporary).and_then(|()| fs::rename(&temporary, path));
    written.inspect_err(|_| {
        // The first error is the one to tell.
        let _ = fs::remove_file(&temporary);
    })
}

/// Whether anything is at a path, be it a link to nowhere.
pub fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Takes a file away.
pub fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path)
}

/// The names of what lies in a directory, as far as they are text, sorted.
pub fn names_in(directory: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        names.extend(entry?.file_name().into_string().ok());
    }
    names.sort();
    Ok(names)
}

/// Makes a directory and its parents, unless they are there.
pub fn create_directory(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

/// Takes a directory away if nothing is in it.
pub fn remove_empty_directory(path: &Path) -> io::Result<()> {
    fs::remove_dir(path)
}

/// Makes a directory that must not be there yet.
pub fn create_new_directory(path: &Path) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::create_dir(path)
}
