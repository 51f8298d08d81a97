//! From the command line to a loaded project: its root, its fleet, its identities.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

use super::arguments::{SelectionArgs, SourceArgs};
use super::environment::{Home, USUAL_IDENTITIES, current_dir};
use super::error::CliError;
use super::git::Presence;
use super::location::Located;
use super::publication::delete_journal;
use super::revocation::{self, LostKeys};
use super::ui::{Asker, Ui};
use super::{checkout, inheritance};
use crate::export::index::{self, Facts};
use crate::fleet::{ArtifactId, Fleet, Gone, Observed, RelPath};
use crate::manifest::{Fault, KeyFiles, Manifest, ManifestError, Records};
use crate::nixfiles::locate::Locator;
use crate::observe::{host_keys, observe, survey};
use crate::plan::{Pattern, Plan, Policy, Reason, Step, UndeclaredPolicy};
use crate::render::fault::{self, Place, PlacedFault, Severity};
use crate::render::words::shown;
use crate::seal::{Identities, Identity, IdentitySource};
use crate::store::{Layout, Left, Root, StoreError, outside};

/// A declaration without faults and the directory it is about. The process ends with it: giving the memory of a large fleet back piece by
/// piece takes as long as planning it.
#[derive(Debug)]
pub(crate) struct Project {
    pub root: Root,
    pub fleet: ManuallyDrop<Fleet>,
    declared: ManuallyDrop<Declared>,
    lost_keys: Option<LostKeys>,
    gone: BTreeMap<ArtifactId, Gone>,
}

/// What the fleet was made of, to make it again with other records.
#[derive(Debug)]
struct Declared {
    manifest: Manifest,
    key_files: KeyFiles,
    records: Records,
}

impl Project {
    /// Reads and checks the declaration. Warnings go to stderr, faults become one error that shows all of them.
    pub(crate) fn load(args: &SourceArgs, ui: Ui) -> Result<Self, CliError> {
        let located = Located::of(args)?;
        let root = open_root(&located.root)?;
        Self::read(&located.read()?, root, ui)
    }

    /// The same for whoever plans: a plan has to know which keys were lost, where it takes keys as they come.
    pub(crate) fn load_to_plan(args: &SourceArgs, ui: Ui) -> Result<Self, CliError> {
        let mut project = Self::load(args, ui)?;
        let mut leaves = project.fleet.certificates.iter();
        if leaves.any(|leaf| leaf.requested_key().is_some()) {
            project.remember_lost_keys(ui)?;
        }
        Ok(project)
    }

    /// Before the lock is taken, like everything that Git is asked.
    pub(crate) fn remember_lost_keys(&mut self, ui: Ui) -> Result<&LostKeys, CliError> {
        let lost = match self.lost_keys.take() {
            Some(lost) => lost,
            None => revocation::lost_keys(self, ui)?,
        };
        Ok(self.lost_keys.insert(lost))
    }

    /// What lies at the paths of the fleet, and what is known of lost keys, for a run that writes.
    pub(crate) fn observe(&self) -> Result<ManuallyDrop<Observed>, CliError> {
        self.with_lost_keys(observe(&self.root, &self.fleet))
    }

    /// The same for who only tells.
    pub(crate) fn survey(&self) -> Result<ManuallyDrop<Observed>, CliError> {
        self.with_lost_keys(survey(&self.root, &self.fleet))
    }

    /// The journals of runs that were cut off, told of: until they are finished, some files may be of before and some of after.
    pub(crate) fn warn_of_journals(&self, ui: Ui) -> Result<Vec<(RelPath, Left)>, CliError> {
        let mut found = self.left_journals(std::iter::once(self.fleet.dir.clone()))?;
        found.extend(self.left_journals(self.further_folders().into_iter())?);
        let found = found.into_iter();
        let found = found.map(|(folder, left)| (Layout::new(folder).journal(), left));
        let found: Vec<(RelPath, Left)> = found.collect();
        for (journal, left) in &found {
            ui.tell(&match left {
                Left::Own | Left::Untold { .. } => format!(
                    "warning: {journal} is left from an interrupted run; `certs recreate` finishes it first\n"
                ),
                Left::Tracked => format!(
                    "warning: {journal} is in Git, where no run puts it; no run goes past it\nhint: {}\n",
                    delete_journal(journal)
                ),
            });
        }
        Ok(found)
    }

    /// Those of these folders in which a journal is left.
    pub(crate) fn left_journals(
        &self,
        folders: impl Iterator<Item = RelPath>,
    ) -> Result<Vec<(RelPath, Left)>, CliError> {
        let mut found = Vec::new();
        for folder in folders {
            let left = self.root.left_journal(&folder);
            let left = left.map_err(|error| store_error(&error))?;
            found.extend(left.map(|left| (folder, left)));
        }
        Ok(found)
    }

    /// The folders besides that of the certificates in which a run writes with a journal: `init` in the root, `host add` where the keys of
    /// hosts are.
    pub(crate) fn further_folders(&self) -> BTreeSet<RelPath> {
        let declared = self.fleet.hosts.values().flat_map(|host| &host.key_files);
        let mut folders = host_keys::folders(&self.fleet);
        folders.extend(declared.filter_map(RelPath::parent));
        folders.insert(RelPath::default());
        folders.remove(&self.fleet.dir);
        folders
    }

    fn with_lost_keys(
        &self,
        found: Result<Observed, StoreError>,
    ) -> Result<ManuallyDrop<Observed>, CliError> {
        let found = found.map_err(|error| store_error(&error))?;
        Ok(ManuallyDrop::new(Observed {
            lost_keys: self.lost_keys.clone().unwrap_or_default(),
            gone: self.gone.clone(),
            ..found
        }))
    }

    /// The project of a manifest that is at hand, in this directory.
    pub(crate) fn of(json: &[u8], directory: &Path, ui: Ui) -> Result<Self, CliError> {
        Self::read(json, open_root(directory)?, ui)
    }

    fn read(json: &[u8], root: Root, ui: Ui) -> Result<Self, CliError> {
        let manifest = Manifest::parse(json).map_err(|error| unread_manifest(&error))?;
        let key_files = read_key_files(&manifest, root.path());
        let records = read_records(&manifest, &root).map_err(|error| store_error(&error))?;
        let dir = manifest.dir();
        let (resolution, complete) = rayon::join(
            || manifest.resolve_with(&key_files, &records),
            || dir.map_or(Ok(()), |dir| checkout::check_complete(&root, &dir)),
        );
        let resolution = resolution.map_err(|faults| refused(&faults, root.path(), ui))?;
        if !resolution.warnings.is_empty() {
            let warnings = placed(&resolution.warnings, root.path());
            ui.tell(&render_faults(&warnings, Severity::Warning, ui));
        }
        let fleet = with_host_keys(&root, resolution.fleet);
        complete?;
        Ok(Self {
            // Before the lock is taken, like everything that Git is asked.
            gone: gone(&root, &fleet)?,
            root,
            fleet: ManuallyDrop::new(fleet),
            declared: ManuallyDrop::new(Declared {
                manifest,
                key_files,
                records,
            }),
            lost_keys: None,
        })
    }

    /// Takes in what was issued by hand and which keys hosts got since it was loaded: by whoever held the lock before, or by the run that
    /// was finished now.
    pub(crate) fn refresh(&mut self, ui: Ui) -> Result<(), CliError> {
        let records = read_records(&self.declared.manifest, &self.root)
            .map_err(|error| store_error(&error))?;
        let key_files = read_key_files(&self.declared.manifest, self.root.path());
        if records == self.declared.records && key_files == self.declared.key_files {
            return Ok(());
        }
        self.declared.key_files = key_files;
        self.join(records, ui)
    }

    /// Joins one more record to the fleet, or one in the place of another.
    pub(crate) fn add_record(
        &mut self,
        record: &RelPath,
        text: &str,
        ui: Ui,
    ) -> Result<(), CliError> {
        let mut records = self.declared.records.clone();
        records.insert(record.clone(), text.as_bytes().to_vec());
        self.join(records, ui)
    }

    fn join(&mut self, records: Records, ui: Ui) -> Result<(), CliError> {
        let declared = &self.declared;
        let resolution = declared
            .manifest
            .resolve_with(&declared.key_files, &records)
            .map_err(|faults| refused(&faults, self.root.path(), ui))?;
        self.fleet = ManuallyDrop::new(with_host_keys(&self.root, resolution.fleet));
        self.declared.records = records;
        Ok(())
    }

    /// Derived files that are not what today's certificates would make of them.
    pub(crate) fn stale_files(&self, observed: &Observed) -> Result<Vec<String>, CliError> {
        let stale = index::stale(&self.root, &self.fleet, &Facts::found(observed))
            .map_err(|error| store_error(&error))?;
        Ok(stale
            .into_iter()
            .map(|change| change.path().to_string())
            .collect())
    }

    /// The identities given, or else those declared; those declared that do not exist are passed over.
    pub(crate) fn identities(&self, given: &[String]) -> Result<Identities, CliError> {
        identities(given, &self.fleet.identities, self.root.path())
    }
}

/// The keys of hosts that are sealed in the tree are as much in its custody as what is declared.
fn with_host_keys(root: &Root, fleet: Fleet) -> Fleet {
    Fleet {
        host_keys: host_keys::find(root, &fleet),
        ..fleet
    }
}

/// A manifest that is none.
pub(crate) fn unread_manifest(error: &ManifestError) -> CliError {
    CliError::from_error(error).hint(match error {
        ManifestError::ConflictMarkers { .. } => {
            "finish the merge, or check one of the two versions out (`git checkout --ours` or `--theirs`)"
        }
        ManifestError::RepeatedKey(_) => {
            "keep one of the two, with what belongs to it; the other would be lost without a word"
        }
        _ => "make it with the `certs` of the same version: certs manifest",
    })
}

/// The identities given, or else those declared in the project at `root`; those declared that do not exist are passed over.
pub(crate) fn identities(
    given: &[String],
    declared: &[String],
    root: &Path,
) -> Result<Identities, CliError> {
    let home = Home::find();
    let names = if given.is_empty() { declared } else { given };
    let mut sources = Vec::new();
    for name in names {
        let expanded = home.expand(name);
        // What is declared means the same wherever one stands; what is typed is meant from there.
        let path = if given.is_empty() {
            root.join(expanded)
        } else {
            current_dir()?.join(expanded)
        };
        match outside::read(&path) {
            Ok(bytes) => sources.push(IdentitySource {
                name: name.clone(),
                bytes,
            }),
            // Operators declare each other's identities; each has only their own.
            Err(error) if given.is_empty() && error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(CliError::new(format!("cannot read the identity {name}"))
                    .cause(format!("{}: {error}", shown(&path)))
                    .hint("give the private key that belongs to one of certToolkit.userAgeKeys"));
            }
        }
    }
    if sources.is_empty() {
        sources = usual_identities(&home);
    }
    Identities::load(&sources, Box::new(Asker)).map_err(|error| CliError::from_error(&error))
}

/// Where people have their keys: for who declared no identity, or has none of those that are declared. One that opens nothing is not
/// asked for its passphrase, and one that cannot be read was not asked for.
fn usual_identities(home: &Home) -> Vec<IdentitySource> {
    let Some(directory) = home.path() else {
        return Vec::new();
    };
    let read = |name: &&str| {
        let source = IdentitySource {
            name: format!("~/{name}"),
            bytes: outside::read(&directory.join(name)).ok()?,
        };
        Identity::parse(&source).is_ok().then_some(source)
    };
    USUAL_IDENTITIES.iter().filter_map(read).collect()
}

/// The fleet of a manifest in a file; paths in it are relative to the nearest flake, as ever.
pub(crate) fn fleet_of(manifest: &Path, ui: Ui) -> Result<Fleet, CliError> {
    let source = SourceArgs {
        manifest: Some(manifest.to_owned()),
        ..SourceArgs::default()
    };
    Project::load(&source, ui).map(|project| ManuallyDrop::into_inner(project.fleet))
}

/// What the command line adds to the declaration.
pub(crate) fn policy(selection: &SelectionArgs) -> Policy {
    Policy {
        only: selection.only.clone(),
        replace: selection.replace.clone(),
        renew: Vec::new(),
        retire: selection.retire.clone(),
        undeclared: if selection.prune {
            UndeclaredPolicy::Prune
        } else {
            UndeclaredPolicy::Keep
        },
    }
}

/// A pattern that selects nothing is a typing error, not an empty wish.
pub(crate) fn check_selection(selection: &SelectionArgs, fleet: &Fleet) -> Result<(), CliError> {
    let is_named =
        !selection.only.is_empty() || !selection.replace.is_empty() || !selection.retire.is_empty();
    let ids: Vec<ArtifactId> = fleet.ids().filter(|_| is_named).collect();
    for pattern in &selection.only {
        if !ids.iter().any(|id| pattern.selects(id)) {
            return Err(CliError::new(format!(
                "--only {pattern} selects nothing that is declared"
            ))
            .hint("`certs manifest` shows what is declared"));
        }
    }
    for pattern in &selection.replace {
        if !ids.iter().any(|id| pattern.asks_to_replace(id)) {
            return Err(CliError::new(format!(
                "--replace {pattern} selects nothing that is declared"
            ))
            .hint("an authority or a key pair is replaced by its full name only: --replace ca/<name>, --replace shared/<name>"));
        }
    }
    for pattern in &selection.retire {
        let mut conservative = ids.iter().filter(|id| id.is_conservative());
        if !conservative.any(|id| pattern.names(id)) {
            return Err(CliError::new(format!(
                "--retire {pattern} names no CA and no key pair that is declared"
            ))
            .hint("give the full name: --retire ca/<name>, --retire shared/<name>"));
        }
    }
    Ok(())
}

/// A request that `--only` leaves out would end in "nothing to do".
pub(crate) fn check_requests(selection: &SelectionArgs, plan: &Plan) -> Result<(), CliError> {
    let is_requested = |pattern: &Pattern, step: &Step| {
        let asks = step
            .artifact()
            .is_some_and(|id| pattern.asks_to_replace(id));
        asks && step.reasons.contains(&Reason::Requested)
    };
    for pattern in &selection.replace {
        if !plan.steps.iter().any(|step| is_requested(pattern, step)) {
            return Err(CliError::new(format!(
                "--only leaves out what --replace {pattern} asks for"
            ))
            .hint("leave out --only, or name it there too"));
        }
    }
    for pattern in &selection.retire {
        let mut ids = plan.steps.iter().filter_map(Step::artifact);
        if !ids.any(|id| pattern.names(id)) {
            return Err(CliError::new(format!(
                "--only leaves out what --retire {pattern} asks for"
            ))
            .hint("leave out --only, or name it there too"));
        }
    }
    Ok(())
}

/// A plan without change is settled only if the derived files are too.
pub(crate) fn is_settled(plan: &Plan, stale: &[String]) -> bool {
    plan.is_settled() && stale.is_empty()
}

pub(crate) fn store_error(error: &StoreError) -> CliError {
    let shown = CliError::from_error(error);
    match error.cure() {
        Some(cure) => shown.hint(cure),
        None => shown,
    }
}

/// What Git has of authorities and shared pairs with neither file in the tree. It is asked only where there is one.
fn gone(root: &Root, fleet: &Fleet) -> Result<BTreeMap<ArtifactId, Gone>, CliError> {
    let authorities = fleet.authorities.iter();
    let authorities = authorities.map(|one| (one.id(), [&one.files.certificate, &one.files.key]));
    let pairs = fleet.key_pairs.iter();
    let pairs = pairs.map(|pair| (pair.id(), [&pair.files.public, &pair.files.key]));
    let is_absent = |path: &&RelPath| matches!(root.read(path), Ok(None));
    let absent = authorities.chain(pairs);
    let absent: Vec<(ArtifactId, [&RelPath; 2])> = absent
        .filter(|(_, files)| files.iter().all(is_absent))
        .collect();
    if absent.is_empty() {
        return Ok(BTreeMap::new());
    }
    let paths = absent.iter().flat_map(|(_, files)| files);
    let paths: Vec<PathBuf> = paths.map(|path| PathBuf::from(path.as_str())).collect();
    let presence = Presence::of(root.path(), &paths)?;
    let gone = absent.into_iter().filter_map(|(id, files)| {
        let known = |names: &BTreeSet<String>| -> Vec<RelPath> {
            let files = files.iter().filter(|file| names.contains(file.as_str()));
            files.map(|file| (*file).clone()).collect()
        };
        let (index, head) = (known(&presence.index), known(&presence.head));
        match (index.is_empty(), head.is_empty()) {
            (false, _) => Some((id, Gone::FromWorkTree(index))),
            (true, false) => Some((id, Gone::FromIndex(head))),
            (true, true) => None,
        }
    });
    Ok(gone.collect())
}

fn open_root(path: &Path) -> Result<Root, CliError> {
    Root::open(path).map_err(|error| store_error(&error))
}

fn read_key_files(manifest: &Manifest, root: &Path) -> KeyFiles {
    let home = Home::find();
    let read = |name: &str| {
        let path = root.join(home.expand(name));
        let text =
            outside::read_regular(&path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        text.map_err(|error| {
            format!(
                "the host key file {name} cannot be read ({error}); paths are relative to {}",
                shown(root)
            )
        })
    };
    manifest
        .key_files()
        .into_iter()
        .map(|name| (name.to_owned(), read(name)))
        .collect()
}

/// What was issued by hand.
fn read_records(manifest: &Manifest, root: &Root) -> Result<Records, StoreError> {
    let Some(dir) = manifest.dir() else {
        return Ok(Records::new());
    };
    let issued = Layout::new(dir).issued();
    let files = root.list_strictly(&issued, |path| !is_beside_a_record(path, &issued))?;
    let records = files
        .into_iter()
        .filter(|path| path.file_name().strip_suffix(".json").is_some());
    let mut read = Records::new();
    for path in records {
        if let Some(file) = root.read(&path)? {
            read.insert(path, file.bytes);
        }
    }
    Ok(read)
}

/// Where a certificate or a key stands, no record is overlooked: whatever it is, it is told of its artifact.
fn is_beside_a_record(path: &RelPath, issued: &RelPath) -> bool {
    let depth = path.components().count() - issued.components().count();
    let mut suffixes = [".crt", ".key.age"].iter();
    depth == 3 && suffixes.any(|suffix| path.file_name().ends_with(suffix))
}

fn refused(faults: &[Fault], root: &Path, ui: Ui) -> CliError {
    let placed = placed(faults, root);
    let count = crate::render::words::count(placed.len(), "fault", "faults");
    let text = render_faults(&placed, Severity::Error, ui);
    CliError::new(format!("the declaration has {count}; nothing was changed"))
        .with_faults(placed)
        .preamble(text)
}

/// Each fault with the line it was written in.
fn placed(faults: &[Fault], root: &Path) -> Vec<PlacedFault> {
    let locator = Locator::scan(root);
    let faults = inheritance::of_defaults(faults, &locator);
    let place =
        |fault: &Fault| place_of(&locator, &fault.option, fault.word.as_deref(), &fault.hosts);
    let placed = faults.iter().map(|fault| PlacedFault {
        // What stands in a file beside the declaration is named by the fault itself.
        place: (!fault.option.is_empty()).then(|| place(fault)).flatten(),
        fault: fault.clone(),
    });
    placed.collect()
}

fn render_faults(placed: &[PlacedFault], severity: Severity, ui: Ui) -> String {
    let text = placed.iter().map(|PlacedFault { fault, place }| {
        fault::fault(fault, severity, place.as_ref(), ui.stderr) + "\n"
    });
    text.collect()
}

/// Where an option of these hosts is written; at one of its words, where that is what is meant.
pub(crate) fn place_of(
    locator: &Locator,
    option: &[String],
    word: Option<&str>,
    hosts: &[String],
) -> Option<Place> {
    let found = match hosts {
        // What one host writes may stand in several places; its own is meant.
        [host] => locator.find_on(host, option, word)?,
        _ => locator.find(option, word)?,
    };
    let text = if is_material(&found.text) {
        "…".to_owned()
    } else {
        without_secrets(&found.text)
    };
    Some(Place {
        file: found.file,
        line: found.line,
        column: found.column,
        text,
        width: found.width,
    })
}

/// A private key that somebody wrote into a declaration is not repeated on a terminal or in a log. The length stays, so
/// that the mark below the line fits.
fn without_secrets(line: &str) -> String {
    let secret = ["AGE-SECRET-KEY-", "AGE-PLUGIN-"]
        .iter()
        .find_map(|prefix| Some(line.find(prefix)? + prefix.len()));
    let Some(start) = secret else {
        return line.to_owned();
    };
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let end = line[start..]
        .find(|c| !is_part(c))
        .map_or(line.len(), |length| start + length);
    let hidden = "*".repeat(end - start);
    format!(
        "{}{hidden}{}",
        &line[..start],
        without_secrets(&line[end..])
    )
}

/// Whether a line is one out of a private key: nothing but Base64, as it stands between the marks of a PEM text.
fn is_material(line: &str) -> bool {
    const SHORTEST: usize = 40;
    let line = line.trim().trim_matches(['"', '\'', ';', ',']).trim();
    line.len() >= SHORTEST
        && line
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+/=".contains(c))
        && !line.starts_with("age1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_out_of_a_private_key_is_not_repeated() {
        assert!(is_material(
            "  \"b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\""
        ));
        assert!(!is_material(
            "  \"age1k9g9930t6j5r9ftm00zqs0d3c40jmcm9wzhzpcs9wj3uuylaueesjqxfdc\""
        ));
        assert!(!is_material(
            "certToolkit.cas.kubernetes.certs.apiserver.usages"
        ));
    }

    #[test]
    fn a_private_key_in_a_line_is_not_repeated() {
        let line = "  keys = [ \"AGE-SECRET-KEY-1QQPQ\" \"age1xyz\" \"AGE-SECRET-KEY-1ZZZ\" ];";
        let shown = "  keys = [ \"AGE-SECRET-KEY-*****\" \"age1xyz\" \"AGE-SECRET-KEY-****\" ];";
        assert_eq!(without_secrets(line), shown);
        assert_eq!(without_secrets("hosts = [ ];"), "hosts = [ ];");
    }
}
