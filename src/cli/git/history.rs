//! Every content the files of a fleet ever had, and when: in all branches, in submodules that are checked out, and where the files were
//! before they were moved. What could not be read is counted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::log::{Entry, Stay, Stays, of_places, relative, top_prefix};
use super::{Coverage, coverage, git, lfs, not_run, read_blobs};
use crate::cli::error::CliError;
use crate::fleet::{Fleet, RelPath};
use crate::history::content::{self, Reading};
use crate::history::{Commit, End, History, Obstacle, Unread, Version};
use crate::observe::host_keys;
use crate::store::{Root, outside};

/// The places below some directory that files of ours have, as Git finds them, and those of the keys of hosts, which may be anywhere.
/// `:(top)` reaches above the project's root.
const PLACES: [&str; 6] = [
    ":(top,glob)**/ca/*.crt",
    ":(top,glob)**/derived/*/*.crt",
    ":(top,glob)**/issued/*/*/*.crt",
    ":(top,glob)**/shared/*.pub",
    ":(top,glob)**/*.key.age",
    ":(top,glob)**/recipients.json",
];

/// What the files are now.
#[derive(Default)]
struct Present {
    contents: BTreeMap<String, Vec<u8>>,
    unread: Vec<Unread>,
}

/// All contents of the fleet's files and of the keys of its hosts, in all branches and in the working tree.
pub(crate) fn history(root: &Root, fleet: &Fleet) -> Result<(History, Coverage), CliError> {
    let dir = &fleet.dir;
    let coverage = coverage(root.path())?;
    if coverage == Coverage::NoRepository {
        return Ok((without_git(root, fleet)?, coverage));
    }
    let mut present = present(root, fleet)?;
    let objects = lfs::Objects::of(root.path());
    let mut gathered = Gathered::default();
    gathered.add(root.path(), &places(fleet), "")?;
    gathered.add_submodules(root.path(), dir)?;
    present.add(root, gathered.stays.keys().map(|(path, _)| path.as_str()));
    let Gathered {
        stays,
        mut contents,
        mut unread,
        coverage: nested,
    } = gathered;
    let of_now = present.contents.values_mut();
    of_now
        .chain(contents.values_mut())
        .for_each(|bytes| objects.resolve(bytes));
    let read: Vec<Read<'_>> = stays
        .par_iter()
        .filter_map(|((path, blob), stay)| {
            let bytes = contents.get(blob)?;
            let now = present.contents.get(path);
            let end = end(stay, now.map(|now| now == bytes))?;
            Some(Read {
                path,
                first: stay.first.clone(),
                end,
                reading: content::read(path, bytes),
            })
        })
        .collect();
    let unchanged: BTreeSet<&str> = read
        .iter()
        .filter(|read| read.end == End::Now)
        .map(|read| read.path)
        .collect();
    let changed = present.contents.iter();
    let changed = changed.filter(|(path, _)| !unchanged.contains(path.as_str()));
    let changed: Vec<Read<'_>> = changed
        .map(|(path, bytes)| Read::now(path, bytes))
        .collect();
    let mut versions = Vec::new();
    for read in read.into_iter().chain(changed) {
        read.into(&mut versions, &mut unread);
    }
    unread.extend(present.unread);
    // The file of now may be what a commit has as well.
    let mut seen = BTreeSet::new();
    unread.retain(|unread| {
        let commit = unread.first.as_ref().map(|commit| commit.id.clone());
        let is_first = seen.insert((unread.path.clone(), unread.obstacle.clone()));
        is_first || commit.is_some()
    });
    let coverage = if nested == Coverage::Shallow {
        nested
    } else {
        coverage
    };
    Ok((History { versions, unread }, coverage))
}

/// The contents of now alone, for where Git cannot be asked.
pub(crate) fn without_git(root: &Root, fleet: &Fleet) -> Result<History, CliError> {
    let Present {
        contents,
        mut unread,
    } = present(root, fleet)?;
    let mut versions = Vec::new();
    for (path, bytes) in &contents {
        Read::now(path, bytes).into(&mut versions, &mut unread);
    }
    Ok(History { versions, unread })
}

/// A content with what could be read of it.
struct Read<'a> {
    path: &'a str,
    first: Option<Commit>,
    end: End,
    reading: Reading,
}

impl<'a> Read<'a> {
    fn now(path: &'a str, bytes: &[u8]) -> Self {
        Self {
            path,
            first: None,
            end: End::Now,
            reading: content::read(path, bytes),
        }
    }

    fn into(self, versions: &mut Vec<Version>, unread: &mut Vec<Unread>) {
        let Self {
            path,
            first,
            end,
            reading,
        } = self;
        if let Some(obstacle) = reading.unread {
            let (path, first) = (path.to_owned(), first.clone());
            unread.push(Unread {
                path,
                first,
                obstacle,
            });
        }
        versions.extend(reading.contents.into_iter().map(|content| Version {
            path: path.to_owned(),
            first: first.clone(),
            end: end.clone(),
            content,
        }));
    }
}

impl Present {
    /// What is at other paths that Git knows, such as the keys of hosts.
    fn add<'p>(&mut self, root: &Root, paths: impl Iterator<Item = &'p str>) {
        for path in paths {
            let is_known = self.contents.contains_key(path)
                || self.unread.iter().any(|unread| unread.path == path);
            if !is_known && let Ok(relative) = RelPath::new(path) {
                self.read(root, &relative);
            }
        }
    }

    fn read(&mut self, root: &Root, path: &RelPath) {
        match root.read(path) {
            Ok(Some(file)) => drop(self.contents.insert(path.to_string(), file.bytes)),
            Ok(None) => {}
            Err(error) => self.unread.push(Unread {
                path: path.to_string(),
                first: None,
                obstacle: Obstacle::Closed(CliError::from_error(&error).sentence()),
            }),
        }
    }
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
fn present(root: &Root, fleet: &Fleet) -> Result<Present, CliError> {
    let mut present = Present::default();
    let mut files: BTreeSet<RelPath> = files_below(root, &fleet.dir)?.into_iter().collect();
    for key in &fleet.host_keys {
        files.extend([key.files.public.clone(), key.files.key.clone()]);
    }
    for folder in host_keys::folders(fleet) {
        // Where it cannot be listed, there is nothing of this tree.
        files.extend(root.list(&folder).unwrap_or_default());
    }
    let files = files.into_iter();
    for path in files.filter(|path| content::is_known(path.as_str())) {
        present.read(root, &path);
    }
    Ok(present)
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

/// What the repositories of a project have, its own and those of its submodules.
struct Gathered {
    stays: Stays,
    contents: BTreeMap<String, Vec<u8>>,
    unread: Vec<Unread>,
    coverage: Coverage,
}

impl Default for Gathered {
    fn default() -> Self {
        Self {
            stays: Stays::new(),
            contents: BTreeMap::new(),
            unread: Vec::new(),
            coverage: Coverage::Whole,
        }
    }
}

impl Gathered {
    /// What the repository around `root` has at or below these places; `below` is where `root` is in the project.
    fn add(&mut self, root: &Path, ours: &BTreeSet<RelPath>, below: &str) -> Result<(), CliError> {
        let mut places: Vec<String> = ours.iter().map(ToString::to_string).collect();
        places.extend(PLACES.map(str::to_owned));
        let mut stays = of_places(root, &places)?;
        let prefix = top_prefix(root)?;
        retain_ours(&mut stays, root, &prefix, ours);
        let (others, files): (Stays, Stays) = stays
            .into_iter()
            .partition(|(_, stay)| stay.entry != Entry::File);
        for ((path, _), stay) in others {
            self.note_other(root, &joined(below, &path), &path, stay)?;
        }
        let blobs = files.keys().map(|(_, blob)| blob.as_str()).collect();
        self.contents.extend(read_blobs(root, &blobs)?);
        let files = files.into_iter();
        self.stays
            .extend(files.map(|((path, blob), stay)| ((joined(below, &path), blob), stay)));
        Ok(())
    }

    /// A link is not followed; a submodule is read where it is checked out.
    fn note_other(
        &mut self,
        root: &Path,
        shown: &str,
        path: &str,
        stay: Stay,
    ) -> Result<(), CliError> {
        let obstacle = match stay.entry {
            Entry::Submodule => {
                if self.add_repository(&root.join(path), shown)? {
                    return Ok(());
                }
                Obstacle::Submodule
            }
            _ if content::is_known(path) => Obstacle::SymbolicLink,
            _ => return Ok(()),
        };
        let is_known = |unread: &Unread| unread.path == shown && unread.obstacle == obstacle;
        if !self.unread.iter().any(is_known) {
            self.unread.push(Unread {
                path: shown.to_owned(),
                first: stay.first,
                obstacle,
            });
        }
        Ok(())
    }

    /// Where the files, or the directory above them, are a submodule, the repository around the project knows its commits only.
    fn add_submodules(&mut self, root: &Path, dir: &RelPath) -> Result<(), CliError> {
        let mut above = Some(Path::new(dir.as_str()));
        while let Some(directory) = above.filter(|path| !path.as_os_str().is_empty()) {
            let path = directory.to_string_lossy().into_owned();
            if is_submodule(root, &path)? {
                let inner = Path::new(dir.as_str()).strip_prefix(directory).ok();
                let inner = inner.map(|inner| inner.to_string_lossy().into_owned());
                return self.add_one(root, &path, &inner.unwrap_or_default());
            }
            above = directory.parent();
        }
        Ok(())
    }

    fn add_one(&mut self, root: &Path, path: &str, inner: &str) -> Result<(), CliError> {
        let repository = root.join(path);
        if !is_repository(&repository)? {
            self.unread.push(Unread {
                path: path.to_owned(),
                first: None,
                obstacle: Obstacle::Submodule,
            });
            return Ok(());
        }
        self.note_coverage(&repository)?;
        let inner = if inner.is_empty() { "." } else { inner };
        let dir = RelPath::new(inner).map_err(|error| CliError::from_error(&error))?;
        self.add(&repository, &BTreeSet::from([dir]), path)
    }

    /// Whether there is one.
    fn add_repository(&mut self, repository: &Path, below: &str) -> Result<bool, CliError> {
        if !is_repository(repository)? {
            return Ok(false);
        }
        self.note_coverage(repository)?;
        let stays = of_places(repository, &[".".to_owned()])?;
        let files = stays
            .into_iter()
            .filter(|(_, stay)| stay.entry == Entry::File)
            .map(|((path, blob), stay)| ((joined(below, &path), blob), stay))
            .filter(|((path, _), _)| content::is_known(path));
        let files: Stays = files.collect();
        let blobs = files.keys().map(|(_, blob)| blob.as_str()).collect();
        self.contents.extend(read_blobs(repository, &blobs)?);
        self.stays.extend(files);
        Ok(true)
    }

    fn note_coverage(&mut self, repository: &Path) -> Result<(), CliError> {
        if coverage(repository)? == Coverage::Shallow {
            self.coverage = Coverage::Shallow;
        }
        Ok(())
    }
}

fn joined(below: &str, path: &str) -> String {
    if below.is_empty() {
        path.to_owned()
    } else {
        format!("{below}/{path}")
    }
}

/// Whether the directory is the top of a work tree of its own.
fn is_repository(directory: &Path) -> Result<bool, CliError> {
    if !outside::exists(&directory.join(".git")) {
        return Ok(false);
    }
    Ok(coverage(directory)? != Coverage::NoRepository)
}

/// Whether Git's index has a commit of another repository at the path.
fn is_submodule(root: &Path, path: &str) -> Result<bool, CliError> {
    let output = git(root)
        .args(["ls-files", "--stage", "-z", "--", path])
        .output()
        .map_err(|error| not_run(&error))?;
    // Git refuses a path inside of a submodule; the submodule itself is asked for next.
    Ok(output.status.success() && output.stdout.starts_with(b"160000 "))
}

/// Leaves what is at or below our places, and what was elsewhere before it was moved there: a directory that has no such files any more and had a
/// content that is or was ours. Paths are relative to `root` afterwards.
fn retain_ours(stays: &mut Stays, root: &Path, prefix: &str, ours: &BTreeSet<RelPath>) {
    let all = std::mem::take(stays).into_iter();
    let all = all.map(|((path, blob), stay)| ((relative(prefix, &path), blob), stay));
    let is_below = |path: &str| ours.iter().any(|place| is_at(path, place.as_str()));
    let (ours, others): (Stays, Stays) = all.partition(|((path, _), _)| is_below(path));
    let ours = ours.into_iter();
    stays.extend(
        ours.filter(|((path, _), stay)| stay.entry == Entry::Submodule || content::is_known(path)),
    );
    let mut moved: BTreeMap<String, Stays> = BTreeMap::new();
    for ((path, blob), stay) in others {
        if is_host_key(&path) && stay.entry == Entry::File {
            stays.insert((path, blob), stay);
            continue;
        }
        let base = content::base(&path).filter(|_| content::is_known(&path));
        if let Some(base) = base.filter(|_| stay.entry == Entry::File) {
            let of_base = moved.entry(base.to_owned()).or_default();
            of_base.insert((path, blob), stay);
        }
    }
    moved.retain(|base, _| is_left(&root.join(base)));
    let mut blobs: BTreeSet<String> = stays.keys().map(|(_, blob)| blob.clone()).collect();
    loop {
        let (found, rest): (BTreeMap<_, _>, BTreeMap<_, _>) =
            moved.into_iter().partition(|(_, files): &(_, Stays)| {
                files.keys().any(|(_, blob)| blobs.contains(blob))
            });
        moved = rest;
        if found.is_empty() {
            return;
        }
        for files in found.into_values() {
            blobs.extend(files.keys().map(|(_, blob)| blob.clone()));
            stays.extend(files);
        }
    }
}

fn is_at(path: &str, place: &str) -> bool {
    match place {
        "" | "." => !path.starts_with("../"),
        place => path
            .strip_prefix(place)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
    }
}

/// A sealed key in the project, and not at a place of certificates: a host's, or that of another program, which opens nothing here.
fn is_host_key(path: &str) -> bool {
    path.ends_with(".key.age") && !path.starts_with("../") && content::base(path).is_none()
}

/// Whether no fleet has its files there today.
fn is_left(base: &Path) -> bool {
    let places: [PathBuf; 4] = ["ca", "derived", "issued", "shared"].map(|place| base.join(place));
    !places.iter().any(|place| outside::exists(place))
}
