//! Reads a project's history with `git`: every content its files ever had, and when.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use rayon::prelude::*;
use time::OffsetDateTime;

use super::error::CliError;
use crate::history::{Commit, Content, End, History, Version};
use crate::model::{Fleet, RelPath};
use crate::observe::host_keys;
use crate::render::words;
use crate::store::{Root, outside};

/// The recipients of ten thousand files are a fifth of it; what is larger was put there by mistake.
const LARGEST: u64 = 16 << 20;
/// What Git calls no file.
const NOTHING: &str = "0000000000000000000000000000000000000000";

/// Where a blob stood, when it came and when it went.
#[derive(Clone, Debug, Default)]
struct Stay {
    first: Option<Commit>,
    last: Option<(Commit, bool)>,
}

/// All contents of the fleet's files and of the keys of its hosts, in all branches and in the working tree.
pub(crate) fn history(root: &Root, fleet: &Fleet) -> Result<(History, Coverage), CliError> {
    let coverage = coverage(root.path())?;
    let places = places(fleet);
    let present = present(root, fleet)?;
    let stays = if coverage == Coverage::NoRepository {
        BTreeMap::new()
    } else {
        let places: Vec<&RelPath> = places.iter().collect();
        stays(root.path(), &places, Content::is_known)?
    };
    let blobs: BTreeSet<&str> = stays.keys().map(|(_, blob)| blob.as_str()).collect();
    let contents = read_blobs(root.path(), &blobs)?;
    let committed: Vec<(&str, Option<Version>)> = stays
        .par_iter()
        .filter_map(|((path, blob), stay)| {
            let bytes = contents.get(blob)?;
            let now = present.get(path);
            let end = end(stay, now.map(|now| now == bytes))?;
            Some((path.as_str(), version(path, bytes, stay.first.clone(), end)))
        })
        .collect();
    let is_now = |version: &Version| version.end == End::Now;
    let unchanged: BTreeSet<&str> = committed
        .iter()
        .filter(|(_, version)| version.as_ref().is_some_and(is_now))
        .map(|(path, _)| *path)
        .collect();
    let changed = present
        .iter()
        .filter(|(path, _)| !unchanged.contains(path.as_str()));
    let changed = changed.filter_map(|(path, bytes)| version(path, bytes, None, End::Now));
    let changed: Vec<Version> = changed.collect();
    let mut versions: Vec<Version> = committed
        .into_iter()
        .filter_map(|(_, found)| found)
        .collect();
    versions.extend(changed);
    Ok((History { versions }, coverage))
}

/// Where the history of a fleet is: our own folders, and wherever keys of hosts are or were.
fn places(fleet: &Fleet) -> BTreeSet<RelPath> {
    let files = fleet.host_keys.iter().map(|key| &key.files);
    let files = files.flat_map(|files| [files.public.clone(), files.key.clone()]);
    let mut places: BTreeSet<RelPath> = host_keys::folders(fleet).into_iter().collect();
    places.extend(files);
    places.insert(fleet.dir.clone());
    places
}

/// The files of the working tree by path.
fn present(root: &Root, fleet: &Fleet) -> Result<BTreeMap<String, Vec<u8>>, CliError> {
    let mut files: BTreeSet<RelPath> = files_below(root, &fleet.dir)?.into_iter().collect();
    for key in &fleet.host_keys {
        files.extend([key.files.public.clone(), key.files.key.clone()]);
    }
    for folder in host_keys::folders(fleet) {
        // Where it cannot be listed, there is nothing of this tree.
        files.extend(root.list(&folder).unwrap_or_default());
    }
    let files = files.into_iter();
    let known = files.filter(|path| Content::is_known(path.as_str()));
    // What cannot be read as a file holds nothing of ours, and is told of where the tree is looked at.
    let read = known.filter_map(|path| Some((path.to_string(), root.read(&path).ok()??.bytes)));
    Ok(read.collect())
}

/// What became of a content, given whether the file is there and holds it.
fn end(stay: &Stay, is_present: Option<bool>) -> Option<End> {
    Some(match (&stay.last, is_present) {
        (_, Some(true)) => End::Now,
        // A file that came back as something else was replaced, however it went.
        (Some((commit, true)), None) => End::Deleted(commit.clone()),
        (Some((commit, _)), _) => End::Replaced(commit.clone()),
        // Committed and not taken away: changed in the working tree only.
        (None, _) => End::Replaced(stay.first.clone()?),
    })
}

fn version(path: &str, bytes: &[u8], first: Option<Commit>, end: End) -> Option<Version> {
    Content::read(path, bytes).map(|content| Version {
        path: path.to_owned(),
        first,
        end,
        content,
    })
}

/// How far back the history goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coverage {
    Whole,
    /// A shallow clone: older commits are not here.
    Shallow,
    NoRepository,
}

/// The contents of now alone, for where Git cannot be asked.
pub(crate) fn without_git(root: &Root, fleet: &Fleet) -> Result<History, CliError> {
    let present = present(root, fleet)?;
    let versions = present
        .iter()
        .filter_map(|(path, bytes)| version(path, bytes, None, End::Now));
    Ok(History {
        versions: versions.collect(),
    })
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
    let directory = directory.canonicalize().ok();
    directory.is_some_and(|directory| {
        let mut above = directory.ancestors();
        above.any(|above| above.join(".git").exists())
    })
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

fn coverage(root: &Path) -> Result<Coverage, CliError> {
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

/// What a hook or a person may have set, and `git rev-parse --local-env-vars` lists: with them it would be another repository that is asked.
const REPOSITORY: [&str; 7] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
];

/// Settings of a person that would leave commits out of the history, or change how it is written down.
const SETTINGS: [&str; 5] = [
    "core.quotePath=false",
    "log.showRoot=true",
    "log.showSignature=false",
    "log.diffMerges=separate",
    "log.follow=false",
];

fn git(root: &Path) -> Command {
    let mut command = Command::new("git");
    // Replaced objects would be other objects.
    command.arg("--no-replace-objects").current_dir(root);
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    for name in REPOSITORY {
        command.env_remove(name);
    }
    // What Git complains of is read.
    command.env("LC_ALL", "C");
    command
}

/// What Git complained of; it indents with tabs, which would be spelt out.
fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    text.trim().replace('\t', "  ")
}

fn not_run(error: &io::Error) -> CliError {
    match error.kind() {
        io::ErrorKind::NotFound => {
            CliError::new("`git` is not on the PATH").hint("install Git; what was, only it knows")
        }
        _ => CliError::new("cannot run `git`").cause(error.to_string()),
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
    let mut stays = stays(root, places, |_| true)?;
    stays.retain(|(path, _), _| is_wanted(path));
    let blobs = stays.keys().map(|(_, blob)| blob.as_str()).collect();
    let contents = read_blobs(root, &blobs)?;
    let content = |(path, blob): (String, String)| Some((path, contents.get(&blob)?.clone()));
    Ok((stays.into_keys().filter_map(content).collect(), coverage))
}

/// Every path and blob at or below these places in any commit of any branch.
fn stays(
    root: &Path,
    places: &[&RelPath],
    is_wanted: fn(&str) -> bool,
) -> Result<BTreeMap<(String, String), Stay>, CliError> {
    let output = git(root)
        .args([
            "log",
            "--all",
            "--full-history",
            "-m",
            "--raw",
            "--no-renames",
            "--no-abbrev",
            // None is an order too, whatever `diff.orderFile` names.
            "-O/dev/null",
            "--relative",
            "-z",
        ])
        // A commit's line cannot be taken for a change, which begins with a colon.
        .args(["--format=%x01%H %ct", "--"])
        .args(places.iter().map(ToString::to_string))
        .output()
        .map_err(|error| not_run(&error))?;
    if !output.status.success() {
        let said = said(&output);
        // A repository without a commit has no history to read.
        return if said.contains("does not have any commits yet") {
            Ok(BTreeMap::new())
        } else {
            Err(CliError::new("Git cannot tell the history").cause(said))
        };
    }
    Ok(parse_log(
        &String::from_utf8_lossy(&output.stdout),
        is_wanted,
    ))
}

fn parse_log(log: &str, is_wanted: fn(&str) -> bool) -> BTreeMap<(String, String), Stay> {
    let mut stays: BTreeMap<(String, String), Stay> = BTreeMap::new();
    let mut commit: Option<Commit> = None;
    let mut fields = log.split('\0');
    while let Some(field) = fields.next() {
        let field = field.trim_start_matches('\n');
        if let Some(line) = field.strip_prefix('\u{1}') {
            commit = parse_commit(line);
        } else if let Some(change) = field.strip_prefix(':') {
            let path = fields.next().unwrap_or_default();
            if let Some(commit) = commit.as_ref().filter(|_| is_wanted(path)) {
                note_change(change, path, commit, &mut stays);
            }
        }
    }
    stays
}

fn parse_commit(line: &str) -> Option<Commit> {
    let (id, time) = line.trim().split_once(' ')?;
    // Anybody may write any time into a commit; what came with it counts all the same.
    let time = time.parse().map(OffsetDateTime::from_unix_timestamp);
    let time = time.ok().and_then(Result::ok);
    let time = time.unwrap_or(OffsetDateTime::UNIX_EPOCH);
    Some(Commit {
        id: id.to_owned(),
        time,
    })
}

/// `<mode> <mode> <blob before> <blob after> <status>`.
fn note_change(
    change: &str,
    path: &str,
    commit: &Commit,
    stays: &mut BTreeMap<(String, String), Stay>,
) {
    let mut words = change.split(' ').skip(2);
    let (Some(before), Some(after)) = (words.next(), words.next()) else {
        return;
    };
    let is_blob = |blob: &str| !NOTHING.starts_with(blob) && !blob.bytes().all(|b| b == b'0');
    if is_blob(after) {
        let stay = stays
            .entry((path.to_owned(), after.to_owned()))
            .or_default();
        if stay
            .first
            .as_ref()
            .is_none_or(|first| commit.time < first.time)
        {
            stay.first = Some(commit.clone());
        }
    }
    if is_blob(before) {
        let stay = stays
            .entry((path.to_owned(), before.to_owned()))
            .or_default();
        if stay
            .last
            .as_ref()
            .is_none_or(|(last, _)| commit.time > last.time)
        {
            stay.last = Some((commit.clone(), !is_blob(after)));
        }
    }
}

/// The contents of many blobs, through one process.
fn read_blobs(root: &Path, blobs: &BTreeSet<&str>) -> Result<BTreeMap<String, Vec<u8>>, CliError> {
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
    let asker = std::thread::spawn(move || {
        asking.map_or(Ok(()), |mut asking| asking.write_all(wanted.as_bytes()))
    });
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

fn files_below(root: &Root, dir: &RelPath) -> Result<Vec<RelPath>, CliError> {
    let layout = crate::store::Layout::new(dir.clone());
    let mut files = vec![layout.recipients()];
    for directory in layout.directories() {
        files.extend(
            root.list(&directory)
                .map_err(|error| CliError::from_error(&error))?,
        );
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_when_a_content_came_and_went() {
        let a = "a".repeat(40);
        let b = "b".repeat(40);
        let log = format!(
            "\u{1}c3 300\0\n:100644 000000 {b} {NOTHING} D\0x.crt\0\u{1}c2 200\0\n:100644 100644 {a} {b} M\0x.crt\0\u{1}c1 100\0\n:000000 100644 {NOTHING} {a} A\0x.crt\0"
        );
        let stays = parse_log(&log, Content::is_known);
        let stay = |blob: &str| {
            let stay = &stays[&("x.crt".to_owned(), blob.to_owned())];
            let (last, gone) = stay.last.clone().unwrap();
            (stay.first.clone().unwrap().id, last.id, gone)
        };
        assert_eq!(stay(&a), ("c1".to_owned(), "c2".to_owned(), false));
        assert_eq!(stay(&b), ("c2".to_owned(), "c3".to_owned(), true));
    }
}
