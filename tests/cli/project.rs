//! A project in a directory of its own: its operators, its host, its declaration, and what a run of the program does to it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::SystemTime;

use assert_cmd::Command;
use certs::seal::keygen::{self, NewIdentity};
use certs::seal::{Identities, IdentitySource, NoUnlock, Recipient};
use serde_json::{Value, json};

use crate::declared::Declared;
use crate::redact::redact;
use crate::schema::{deviations, published};

/// The identity of the operator that the declaration names.
pub(crate) const ADA: &str = "operators/ada.txt";
/// Another operator's.
pub(crate) const BOB: &str = "operators/bob.txt";
/// Nobody's: no file is sealed to it.
pub(crate) const STRANGER: &str = "operators/stranger.txt";
pub(crate) const HOST_KEY: &str = "hosts/cp1_key";

pub(crate) struct Project {
    directory: tempfile::TempDir,
    ada: String,
    bob: String,
    host: String,
    names: Vec<(String, String)>,
}

/// Every file below a project with its content and the time it was written.
pub(crate) type Files = BTreeMap<PathBuf, (Vec<u8>, SystemTime)>;

impl Project {
    /// Ada operates it; the host `cp1` owns a certificate of the authority `root`; nothing is made yet.
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (ada, bob) = (keygen::age_identity(), keygen::age_identity());
        let stranger = keygen::age_identity();
        let host = keygen::ssh_identity("root@cp1").unwrap();
        let mut names = vec![(
            directory.path().display().to_string(),
            "<project>".to_owned(),
        )];
        for (who, identity) in [
            ("ada", &ada),
            ("bob", &bob),
            ("stranger", &stranger),
            ("cp1", &host),
        ] {
            names.extend(names_of(who, identity));
        }
        let project = Self {
            ada: ada.recipient,
            bob: bob.recipient,
            host: host.recipient,
            directory,
            names,
        };
        for (path, secret) in [
            (ADA, &ada.secret),
            (BOB, &bob.secret),
            (STRANGER, &stranger.secret),
            (HOST_KEY, &host.secret),
        ] {
            project.write(path, secret.as_bytes());
        }
        let declared = project.nothing().root("root").leaf("cp1/root/server");
        project.declare(&declared);
        project
    }

    /// Git tracks these files, whatever `.gitignore` says.
    pub(crate) fn track(&self, paths: &[&str]) {
        let git = |words: &[&str]| {
            let mut git = std::process::Command::new("git");
            git.args(words).current_dir(self.directory.path());
            assert!(git.status().unwrap().success(), "git {words:?}");
        };
        git(&["init", "--quiet"]);
        git(&[&["add", "--force", "--"], paths].concat());
    }

    /// The same after a first run.
    pub(crate) fn made() -> Self {
        let project = Self::new();
        project.recreate();
        project
    }

    /// Another declaration, after a first run.
    pub(crate) fn made_as(declared: impl FnOnce(&Self) -> Declared) -> Self {
        let project = Self::new();
        project.declare(&declared(&project));
        project.recreate();
        project
    }

    /// A declaration of nothing, by the operator and for the host of this project.
    pub(crate) fn nothing(&self) -> Declared {
        let mut declared = Declared::by(&[&self.ada], &self.host);
        declared.manifest["identities"] = json!([ADA]);
        declared
    }

    /// What [`Project::new`] declares.
    pub(crate) fn declared(&self) -> Declared {
        self.nothing().root("root").leaf("cp1/root/server")
    }

    pub(crate) fn declare(&self, declared: &Declared) {
        self.write("manifest.json", declared.manifest.to_string().as_bytes());
    }

    /// The public keys of Ada and Bob.
    pub(crate) fn operators(&self) -> [&str; 2] {
        [&self.ada, &self.bob]
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Runs the program on the declaration.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        let arguments = [arguments, &["--manifest", "manifest.json"]].concat();
        self.run_plainly(&arguments)
    }

    /// Runs the program with these arguments alone.
    pub(crate) fn run_plainly(&self, arguments: &[&str]) -> Run {
        self.finish(self.command().args(arguments))
    }

    /// The program in the project, with none of our own settings in its environment.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::cargo_bin("certs").unwrap();
        command
            .current_dir(self.directory.path())
            .env("HOME", self.path("home"))
            .env_remove("NO_COLOR");
        command
    }

    pub(crate) fn finish(&self, command: &mut Command) -> Run {
        let words: Vec<String> = command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        let is_document = |word: &String| ["--json", "json"].contains(&word.as_str());
        Run {
            schema: Some(verb(&words)).filter(|_| words.iter().any(is_document)),
            output: command.output().unwrap(),
            names: self.names.clone(),
        }
    }

    /// A run that has to succeed.
    pub(crate) fn recreate(&self) -> Run {
        self.run(&["recreate"]).exits_with(0)
    }

    /// A run that has to fail, and to leave every byte where it was, and no directory.
    pub(crate) fn refuses(&self, arguments: &[&str]) -> String {
        let (before, directories) = (self.files(), self.directories());
        let run = self.run(arguments).exits_with(1);
        assert_eq!(changed(&before, &self.files()), [] as [&str; 0]);
        assert_eq!(self.directories(), directories);
        run.text()
    }

    fn directories(&self) -> BTreeSet<PathBuf> {
        let mut open = vec![self.directory.path().to_owned()];
        let mut found = BTreeSet::new();
        while let Some(directory) = open.pop() {
            let entries = fs::read_dir(&directory).unwrap().map(Result::unwrap);
            let below = entries.filter(|entry| entry.file_type().unwrap().is_dir());
            open.extend(below.map(|entry| entry.path()));
            found.insert(directory);
        }
        found
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }

    pub(crate) fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub(crate) fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.path(path)).unwrap();
    }

    /// What an identity of this project finds in a sealed file; `None` if it does not open it.
    pub(crate) fn opens(&self, identity: &str, path: &str) -> Option<Vec<u8>> {
        let source = IdentitySource {
            name: identity.to_owned(),
            bytes: self.read(identity).into(),
        };
        let identities = Identities::load(&[source], Box::new(NoUnlock)).unwrap();
        identities
            .open(&self.read(path))
            .ok()
            .map(|key| key.to_vec())
    }

    pub(crate) fn files(&self) -> Files {
        let mut files = Files::new();
        collect(self.directory.path(), self.directory.path(), &mut files);
        files
    }
}

/// The verb as its schema is called; one of several words has none under the first alone.
fn verb(words: &[String]) -> String {
    match words {
        [first, second, ..] if published(first).is_none() => format!("{first}-{second}"),
        [first, ..] => first.clone(),
        [] => String::new(),
    }
}

/// The paths whose content or time differs, those that are new or gone among them.
pub(crate) fn changed(before: &Files, after: &Files) -> Vec<String> {
    let paths: BTreeSet<&PathBuf> = before.keys().chain(after.keys()).collect();
    let changed = paths
        .into_iter()
        .filter(|path| before.get(*path) != after.get(*path));
    changed.map(|path| path.display().to_string()).collect()
}

/// How outputs name a key, and what stands for it in a snapshot.
fn names_of(who: &str, identity: &NewIdentity) -> Vec<(String, String)> {
    let recipient = Recipient::parse(&identity.recipient).unwrap();
    let mut names = vec![
        (recipient.as_str().to_owned(), format!("<key of {who}>")),
        (recipient.short(), format!("<{who}>")),
        // An identity knows no comment.
        (
            Recipient::parse(recipient.as_str()).unwrap().short(),
            format!("<{who}>"),
        ),
    ];
    if let Some(tag) = recipient.ssh_tag() {
        names.push((tag.to_owned(), format!("<tag of {who}>")));
    }
    names
}

fn collect(root: &Path, directory: &Path, files: &mut Files) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let kind = fs::symlink_metadata(&path).unwrap();
        if kind.is_dir() {
            if !path.ends_with(".git") {
                collect(root, &path, files);
            }
            continue;
        }
        let content = match fs::read_link(&path) {
            Ok(target) => target.into_os_string().into_encoded_bytes(),
            Err(_) => fs::read(&path).unwrap(),
        };
        files.insert(
            path.strip_prefix(root).unwrap().to_owned(),
            (content, kind.modified().unwrap()),
        );
    }
}

/// How a run ended.
pub(crate) struct Run {
    /// The verb, if it was asked for its own document.
    schema: Option<String>,
    output: Output,
    names: Vec<(String, String)>,
}

impl Run {
    pub(crate) fn exits_with(self, code: i32) -> Self {
        assert_eq!(self.output.status.code(), Some(code), "{}", self.text());
        self
    }

    pub(crate) fn stdout(&self) -> String {
        String::from_utf8(self.output.stdout.clone()).unwrap()
    }

    pub(crate) fn stderr(&self) -> String {
        String::from_utf8(self.output.stderr.clone()).unwrap()
    }

    /// What was printed; the document of a verb has to be as its published schema says.
    pub(crate) fn json(&self) -> Value {
        let document: Value = serde_json::from_slice(&self.output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()));
        if let Some(schema) = self.schema.as_deref().and_then(published) {
            let deviations = deviations(&schema, &document);
            assert_eq!(deviations, [] as [&str; 0], "{document:#}");
        }
        document
    }

    /// All that was said and the exit code, without what differs from run to run.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for (name, said) in [("stdout", self.stdout()), ("stderr", self.stderr())] {
            if !said.is_empty() {
                let _ = write!(text, "--- {name}\n{said}");
            }
        }
        let _ = write!(text, "--- exit {}", self.output.status.code().unwrap_or(-1));
        redact(&text, &self.names)
    }
}
