//! Asks `git`: what repository there is, what its objects hold, which files it has. What the files of a fleet once were is read next door.

mod history;
mod lfs;
mod log;
mod names;
mod objects;
mod presence;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Stdio};

pub(crate) use history::{history, without_git};
pub(crate) use names::names;
pub(crate) use objects::{blob_sizes, places_of, reachable};
pub(crate) use presence::{Presence, contents_of_head};

use super::error::CliError;
use super::threads;
use crate::fleet::RelPath;
use crate::render::words;
use crate::store::git::{command as git, complaint as said};
use crate::store::{Root, git as program, outside};

/// The recipients of ten thousand files are a fifth of it; what is larger was put there by mistake.
const LARGEST: u64 = 16 << 20;
/// How far back the history goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coverage {
    Whole,
    /// A shallow clone: older commits are not here.
    Shallow,
    NoRepository,
}

/// Whether there is a `git` to ask.
pub(crate) fn is_installed(root: &Root) -> bool {
    let version = git(root.path()).arg("--version").output();
    !version.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// Begins a repository in a directory that is in none. Whether it did.
///
/// # Errors
/// What Git says, or that it is not installed.
pub(crate) fn begin(directory: &Path) -> Result<bool, CliError> {
    if is_in_work_tree(directory) {
        return Ok(false);
    }
    let output = git(directory)
        .args(["init", "--quiet"])
        .output()
        .map_err(|error| not_run(&error))?;
    if output.status.success() {
        Ok(true)
    } else {
        Err(CliError::new("`git init` failed").cause(said(&output)))
    }
}

/// Whether a directory belongs to a repository.
pub(crate) fn is_in_work_tree(directory: &Path) -> bool {
    let directory = directory.canonicalize();
    directory.is_ok_and(|directory| program::is_in_work_tree(&directory))
}

/// Whether the next `git add .` would take a file that is not there yet. Where Git cannot say, it would.
pub(crate) fn would_commit(file: &Path) -> bool {
    let directory = file.parent().and_then(|parent| parent.canonicalize().ok());
    let (Some(directory), Some(name)) = (directory, file.file_name()) else {
        return false;
    };
    if !is_in_work_tree(&directory) {
        return false;
    }
    let ignored = git(&directory)
        .args(["check-ignore", "--quiet", "--"])
        .arg(name)
        .stderr(Stdio::null())
        .status();
    !ignored.is_ok_and(|status| status.success())
}

pub(crate) fn coverage(root: &Path) -> Result<Coverage, CliError> {
    let output = git(root)
        .args(["rev-parse", "--is-shallow-repository"])
        .output()
        .map_err(|error| not_run(&error))?;
    let said = said(&output);
    match (output.status.success(), output.stdout.trim_ascii()) {
        (true, b"true") => Ok(Coverage::Shallow),
        (true, _) => Ok(Coverage::Whole),
        (false, _) if said.contains("not a git repository") => Ok(Coverage::NoRepository),
        (false, _) => Err(CliError::new("Git does not open the repository").cause(said)),
    }
}

fn not_run(error: &io::Error) -> CliError {
    let failed = CliError::new(program::not_started(error));
    match error.kind() {
        io::ErrorKind::NotFound => failed.hint("install Git; what was, only it knows"),
        _ => failed,
    }
}

/// The files of one revision whose paths are wanted, relative to `root`.
pub(crate) fn files_at(
    root: &Path,
    revision: &str,
    is_wanted: fn(&str) -> bool,
) -> Result<BTreeMap<String, Vec<u8>>, CliError> {
    // What begins with a hyphen would be an option.
    let output = git(root)
        .args(["ls-tree", "-r", "-z", "--end-of-options", revision])
        .output()
        .map_err(|error| not_run(&error))?;
    if !output.status.success() {
        return Err(match coverage(root)? {
            Coverage::NoRepository => CliError::new("this is no Git repository")
                .hint("two manifests can be compared without one: certs diff OLD.json NEW.json"),
            Coverage::Whole | Coverage::Shallow => {
                CliError::new(format!("{revision} is no revision of this repository"))
                    .cause(said(&output))
                    .hint("give a commit, a branch or a tag, like HEAD~1")
            }
        });
    }
    let listing = String::from_utf8_lossy(&output.stdout);
    let files: BTreeMap<&str, &str> = listing.split('\0').filter_map(listed).collect();
    let files = files.into_iter().filter(|(path, _)| is_wanted(path));
    let files: BTreeMap<&str, &str> = files.collect();
    let contents = read_blobs(root, &files.values().copied().collect())?;
    let content = |(path, blob): (&str, &str)| {
        let bytes = contents.get(blob)?;
        Some((path.to_owned(), bytes.clone()))
    };
    Ok(files.into_iter().filter_map(content).collect())
}

/// `<mode> <type> <blob>\t<path>`.
fn listed(entry: &str) -> Option<(&str, &str)> {
    let (about, path) = entry.split_once('\t')?;
    let blob = about.split(' ').nth(2)?;
    // What a link holds is a path, and where that leads is nobody's business.
    let is_file = about.contains(" blob ") && !about.starts_with("120000 ");
    is_file.then_some((path, blob))
}

/// The files of the working tree that Git knows or would take, relative to `root`.
pub(crate) fn files_now(
    root: &Path,
    is_wanted: fn(&str) -> bool,
) -> Result<BTreeMap<String, Vec<u8>>, CliError> {
    let output = git(root)
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .output()
        .map_err(|error| not_run(&error))?;
    if !output.status.success() {
        return Err(CliError::new("this is no Git repository").cause(said(&output)));
    }
    let listing = String::from_utf8_lossy(&output.stdout);
    let paths = listing.split('\0').filter(|path| is_wanted(path));
    // What is deleted and not committed so is listed, and not there; links and devices are not looked into.
    let content = |path: &str| {
        let bytes = outside::read_file(&root.join(path)).ok()?;
        Some((path.to_owned(), bytes.to_vec()))
    };
    Ok(paths.filter_map(content).collect())
}

/// Contents of files, each with its path.
pub(crate) type Contents = Vec<(String, Vec<u8>)>;

/// Everything that the wanted files at or below these places ever held in any branch; nothing where there is no repository.
pub(crate) fn every_content(
    root: &Path,
    places: &[&RelPath],
    is_wanted: impl Fn(&str) -> bool,
) -> Result<(Contents, Coverage), CliError> {
    let coverage = coverage(root)?;
    if places.is_empty() || coverage == Coverage::NoRepository {
        return Ok((Vec::new(), coverage));
    }
    let mut files = log::blobs_of(root, places)?;
    files.retain(|(path, _)| is_wanted(path));
    let blobs = files.iter().map(|(_, blob)| blob.as_str()).collect();
    let contents = read_blobs(root, &blobs)?;
    let content = |(path, blob): (String, String)| Some((path, contents.get(&blob)?.clone()));
    Ok((files.into_iter().filter_map(content).collect(), coverage))
}

/// The contents of many blobs, through one process.
pub(crate) fn read_blobs(
    root: &Path,
    blobs: &BTreeSet<&str>,
) -> Result<BTreeMap<String, Vec<u8>>, CliError> {
    let mut contents = BTreeMap::new();
    if blobs.is_empty() {
        return Ok(contents);
    }
    let mut process = git(root)
        .args(["cat-file", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| not_run(&error))?;
    let broken = |error: io::Error| {
        CliError::new("Git cannot tell what files held").cause(error.to_string())
    };
    let wanted: String = blobs.iter().flat_map(|blob| [blob, "\n"]).collect();
    let asking = process.stdin.take();
    // Asked from another thread: Git answers before it has heard everything.
    let asker = threads::spawn(move || {
        asking.map_or(Ok(()), |mut asking| asking.write_all(wanted.as_bytes()))
    })?;
    let result = read_answers(&mut process, &mut contents);
    let _ = process.wait();
    result.map_err(broken)?;
    // If Git went away early, its answers are what is missing, and that is noticed.
    let _ = asker.join();
    match blobs.len() - contents.len() {
        0 => Ok(contents),
        // What is not known to have been there would be missing from every answer, and nobody would see that.
        missing => Err(CliError::new(format!(
            "Git has not got {} it names",
            words::count(missing, "content", "contents")
        ))
        .hint("`git fsck` says which; into a partial clone `git fetch --refetch --filter=` brings them")),
    }
}

/// `<blob> blob <size>`, the content, a line end; for each.
fn read_answers(process: &mut Child, contents: &mut BTreeMap<String, Vec<u8>>) -> io::Result<()> {
    let Some(stdout) = process.stdout.take() else {
        return Ok(());
    };
    let mut answers = BufReader::new(stdout);
    let mut header = String::new();
    while answers.read_line(&mut header)? > 0 {
        let mut words = header.split_whitespace();
        if let (Some(blob), Some("blob"), Some(size)) = (words.next(), words.next(), words.next()) {
            let size: u64 = size.parse().map_err(|_| io::ErrorKind::InvalidData)?;
            let mut bytes = Vec::new();
            (&mut answers)
                .take(size.min(LARGEST))
                .read_to_end(&mut bytes)?;
            io::copy(
                &mut (&mut answers).take((size + 1).saturating_sub(bytes.len() as u64)),
                &mut io::sink(),
            )?;
            contents.insert(blob.to_owned(), bytes);
        }
        header.clear();
    }
    Ok(())
}
