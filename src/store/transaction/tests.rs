//! Owns the proof that a commit is all or nothing: every operation is made to fail, in every way it can.

use super::*;
use crate::store::disk::{Faults, Operation};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

type Tree = BTreeMap<String, Vec<u8>>;

fn rel(text: &str) -> RelPath {
    RelPath::new(text).unwrap()
}

fn certs() -> RelPath {
    rel("certs")
}

/// A pair to be replaced, one to be created in a new directory, one to be deleted with its directory.
const OLD: [(&str, &str); 4] = [
    ("certs/ca/root.crt", "old certificate"),
    ("certs/ca/root.key.age", "old key"),
    ("certs/derived/gone/x.crt", "old x"),
    ("certs/derived/gone/x.key.age", "old x key"),
];
const NEW: [(&str, &str); 4] = [
    ("certs/ca/root.crt", "new certificate"),
    ("certs/ca/root.key.age", "new key"),
    ("certs/derived/node/y.crt", "new y"),
    ("certs/derived/node/y.key.age", "new y key"),
];

fn tree_of(files: &[(&str, &str)]) -> Tree {
    files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()))
        .collect()
}

fn lay_out(top: &Path, tree: &Tree) {
    for (path, bytes) in tree {
        fs::create_dir_all(top.join(path).parent().unwrap()).unwrap();
        fs::write(top.join(path), bytes).unwrap();
    }
}

/// Every file below `top`, hidden and temporary ones too.
fn found_in(top: &Path) -> Tree {
    let files = walkdir::WalkDir::new(top)
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file());
    files
        .map(|entry| {
            let path = entry
                .path()
                .strip_prefix(top)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            (path, fs::read(entry.path()).unwrap())
        })
        .collect()
}

fn changes_between(old: &Tree, new: &Tree) -> Vec<Change> {
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let change = |path: &String| {
        let expected = old.get(path).map_or(Expected::Absent, |bytes| {
            Expected::Content(Digest::of(bytes))
        });
        Change {
            path: rel(path),
            expected,
            content: new.get(path).cloned(),
        }
    };
    paths.into_iter().map(change).collect()
}

fn project(tree: &Tree) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    lay_out(dir.path(), tree);
    dir
}

fn commit(root: &Root, changes: Vec<Change>) -> Result<(), CommitError> {
    root.commit(&root.lock(&certs()).unwrap(), changes)
}

fn recover(top: &Path) -> Result<Recovery, RecoverError> {
    let root = Root::open(top).unwrap();
    root.recover(&root.lock(&certs()).unwrap())
}

/// The process dies at its `n`th operation: neither that nor any later one happens.
fn dying_at(n: usize) -> (Faults, Arc<AtomicUsize>) {
    failing(n, usize::MAX, io::ErrorKind::Interrupted)
}

/// The `n`th operation alone fails.
fn failing_once(n: usize, kind: io::ErrorKind) -> (Faults, Arc<AtomicUsize>) {
    failing(n, 1, kind)
}

fn failing(first: usize, times: usize, kind: io::ErrorKind) -> (Faults, Arc<AtomicUsize>) {
    let counter = Arc::new(AtomicUsize::new(0));
    let shared = Arc::clone(&counter);
    let faults = Faults::new(move |_, _| {
        let now = shared.fetch_add(1, Ordering::SeqCst);
        if now >= first && now - first < times {
            Err(kind.into())
        } else {
            Ok(())
        }
    });
    (faults, counter)
}

fn root_with(top: &Path, faults: Faults) -> Root {
    Root::open(top).unwrap().with_faults(faults)
}

/// More than [`FEW_FILES`], so that the whole file system is flushed at once.
fn many(generation: &str) -> Tree {
    (0..FEW_FILES + 6)
        .map(|n| {
            (
                format!("certs/derived/h{}/{n}.crt", n % 7),
                format!("{generation} {n}").into_bytes(),
            )
        })
        .collect()
}

#[test]
fn a_commit_writes_creates_and_deletes_and_leaves_nothing_else() {
    let (old, new) = (tree_of(&OLD), tree_of(&NEW));
    let dir = project(&old);
    commit(
        &Root::open(dir.path()).unwrap(),
        changes_between(&old, &new),
    )
    .unwrap();
    assert_eq!(found_in(dir.path()), new);
    assert!(!dir.path().join("certs/derived/gone").exists());
    assert_eq!(recover(dir.path()).unwrap(), Recovery::Nothing);
}

#[test]
fn dying_at_any_operation_leaves_the_old_files_or_the_new_ones_after_the_next_run() {
    let few = (tree_of(&OLD), tree_of(&NEW), 1);
    let many = (many("old"), many("new"), 9);
    for (old, new, step) in [few, many] {
        let (mut olds, mut news) = (0, 0);
        for n in (0..).step_by(step) {
            let dir = project(&old);
            let (faults, counter) = dying_at(n);
            let committed = commit(&root_with(dir.path(), faults), changes_between(&old, &new));
            recover(dir.path()).unwrap();
            let found = found_in(dir.path());
            assert!(
                found == old || found == new,
                "mixed after operation {n}: {found:?}"
            );
            if found == old {
                olds += 1;
            } else {
                news += 1;
            }
            if committed.is_ok() {
                assert!(counter.load(Ordering::SeqCst) <= n);
                break;
            }
        }
        assert!(olds >= 1 && news > 4, "{olds} old, {news} new");
    }
}

#[test]
fn dying_again_at_any_operation_of_the_recovery_changes_nothing_about_that() {
    let (old, new) = (tree_of(&OLD), tree_of(&NEW));
    let (_, total) = total_operations(&old, &new);
    for n in 0..total {
        for m in 0.. {
            let dir = project(&old);
            commit(
                &root_with(dir.path(), dying_at(n).0),
                changes_between(&old, &new),
            )
            .unwrap_err();
            let root = root_with(dir.path(), dying_at(m).0);
            let recovered = root.recover(&root.lock(&certs()).unwrap());
            recover(dir.path()).unwrap();
            let found = found_in(dir.path());
            assert!(
                found == old || found == new,
                "mixed after {n}, {m}: {found:?}"
            );
            if recovered.is_ok() {
                break;
            }
        }
    }
}

fn total_operations(old: &Tree, new: &Tree) -> (Vec<Operation>, usize) {
    let dir = project(old);
    let log = Arc::new(Mutex::new(Vec::new()));
    let logged = Arc::clone(&log);
    let faults = Faults::new(move |operation, _| {
        logged.lock().unwrap().push(operation);
        Ok(())
    });
    commit(&root_with(dir.path(), faults), changes_between(old, new)).unwrap();
    let log = log.lock().unwrap().clone();
    let total = log.len();
    (log, total)
}

#[test]
fn a_full_disk_at_any_write_changes_nothing_and_leaves_nothing() {
    let (old, new) = (tree_of(&OLD), tree_of(&NEW));
    let (operations, _) = total_operations(&old, &new);
    let needs_room = [
        Operation::MakeDirectory,
        Operation::Create,
        Operation::Write,
    ];
    let at: Vec<usize> = (0..operations.len())
        .filter(|n| needs_room.contains(&operations[*n]))
        .collect();
    assert!(at.len() > 8, "{operations:?}");
    for n in at {
        let dir = project(&old);
        let (faults, _) = failing_once(n, io::ErrorKind::StorageFull);
        let error =
            commit(&root_with(dir.path(), faults), changes_between(&old, &new)).unwrap_err();
        assert!(
            matches!(&error, CommitError::Untouched(cause) if cause.cure().unwrap().contains("make room")),
            "{n}: {error}"
        );
        assert_eq!(found_in(dir.path()), old, "operation {n}");
        assert!(!dir.path().join("certs/derived/node").exists());
    }
}

#[test]
fn a_failure_of_any_single_operation_is_taken_back_or_finished_by_the_next_run() {
    let (old, new) = (tree_of(&OLD), tree_of(&NEW));
    let (_, total) = total_operations(&old, &new);
    for n in 0..total {
        let dir = project(&old);
        let (faults, _) = failing_once(n, io::ErrorKind::PermissionDenied);
        match commit(&root_with(dir.path(), faults), changes_between(&old, &new)).unwrap_err() {
            CommitError::Untouched(_) => assert_eq!(found_in(dir.path()), old, "operation {n}"),
            CommitError::Interrupted { .. } => {
                recover(dir.path()).unwrap();
                assert_eq!(found_in(dir.path()), new, "operation {n}");
            }
            CommitError::Unflushed { .. } => assert_eq!(found_in(dir.path()), new, "operation {n}"),
            other => panic!("operation {n}: {other}"),
        }
    }
}

#[test]
fn a_read_only_directory_is_reported_before_anything_happens() {
    let (old, new) = (tree_of(&OLD), tree_of(&NEW));
    let dir = project(&old);
    let faults = Faults::new(|_, _| Err(io::ErrorKind::ReadOnlyFilesystem.into()));
    let error = commit(&root_with(dir.path(), faults), changes_between(&old, &new)).unwrap_err();
    assert!(matches!(error, CommitError::Untouched(_)));
    assert_eq!(found_in(dir.path()), old);
}

#[test]
fn many_files_cost_one_flush_and_not_one_each() {
    let (operations, _) = total_operations(&many("old"), &many("new"));
    let count = |wanted: Operation| {
        operations
            .iter()
            .filter(|operation| **operation == wanted)
            .count()
    };
    assert_eq!(
        count(Operation::SyncFile),
        if cfg!(target_os = "linux") {
            1
        } else {
            FEW_FILES + 7
        }
    );
    assert_eq!(
        count(Operation::SyncFileSystem),
        usize::from(cfg!(target_os = "linux"))
    );
    assert!(count(Operation::SyncDirectory) <= 2);
}

#[test]
fn the_flush_comes_after_the_last_rename_and_before_the_journal_goes() {
    let (operations, _) = total_operations(&many("old"), &many("new"));
    let last_rename = operations
        .iter()
        .rposition(|operation| *operation == Operation::Rename)
        .unwrap();
    let after = &operations[last_rename + 1..];
    assert_eq!(
        after,
        [
            Operation::SyncFileSystem,
            Operation::Remove,
            Operation::SyncDirectory
        ]
    );
}

#[test]
fn what_someone_changed_since_it_was_observed_is_not_overwritten() {
    let (old, new) = (tree_of(&OLD), tree_of(&NEW));
    for (path, bytes) in [
        ("certs/ca/root.key.age", Some("theirs")),
        ("certs/derived/node/y.crt", Some("theirs")),
        ("certs/ca/root.crt", None),
    ] {
        let dir = project(&old);
        let changes = changes_between(&old, &new);
        lay_out(
            dir.path(),
            &bytes
                .map(|bytes| tree_of(&[(path, bytes)]))
                .unwrap_or_default(),
        );
        if bytes.is_none() {
            fs::remove_file(dir.path().join(path)).unwrap();
        }
        let before = found_in(dir.path());
        let error = commit(&Root::open(dir.path()).unwrap(), changes).unwrap_err();
        assert!(
            matches!(&error, CommitError::Changed(paths) if *paths == [rel(path)]),
            "{error}"
        );
        assert_eq!(found_in(dir.path()), before);
    }
}

#[test]
fn what_someone_changes_while_the_files_are_prepared_is_not_overwritten_either() {
    let (old, new) = (tree_of(&OLD), tree_of(&NEW));
    let dir = project(&old);
    let theirs = dir.path().join("certs/ca/root.crt");
    let faults = Faults::new(move |operation, path| {
        if operation == Operation::Create && path.file_name() == "y.crt" {
            fs::write(&theirs, "theirs")
        } else {
            Ok(())
        }
    });
    let error = commit(&root_with(dir.path(), faults), changes_between(&old, &new)).unwrap_err();
    assert!(matches!(error, CommitError::Changed(_)));
    let mut expected = old;
    expected.insert("certs/ca/root.crt".to_owned(), b"theirs".to_vec());
    assert_eq!(found_in(dir.path()), expected);
}

#[test]
fn an_unchanged_content_touches_no_file() {
    let old = tree_of(&OLD);
    let dir = project(&old);
    let faults =
        Faults::new(|operation, path| Err(io::Error::other(format!("{operation:?} {path}"))));
    commit(&root_with(dir.path(), faults), changes_between(&old, &old)).unwrap();
}

#[test]
fn a_set_that_contradicts_itself_or_leaves_the_locked_directory_is_refused() {
    let dir = project(&tree_of(&OLD));
    let root = Root::open(dir.path()).unwrap();
    let write = |path: &str| Change::write(rel(path), Expected::Absent, b"x".to_vec());
    let refused = |changes: Vec<Change>| commit(&root, changes).unwrap_err();
    assert!(matches!(
        refused(vec![write("flake.nix")]),
        CommitError::Outside { .. }
    ));
    assert!(matches!(
        refused(vec![write("certs")]),
        CommitError::Outside { .. }
    ));
    assert!(matches!(
        refused(vec![write("certs/a"), write("certs/a")]),
        CommitError::Overlap(_)
    ));
    assert!(matches!(
        refused(vec![
            write("certs/a"),
            write("certs/a-b"),
            write("certs/a/b")
        ]),
        CommitError::Overlap(_)
    ));
}

#[test]
fn a_link_in_the_place_of_a_file_or_directory_stops_the_commit() {
    let outside = project(&tree_of(&[("theirs", "precious")]));
    for (link, path) in [
        ("certs/ca", "certs/ca/root.crt"),
        ("certs/root.crt", "certs/root.crt"),
    ] {
        let dir = project(&tree_of(&[("certs/keep", "")]));
        symlink(
            outside
                .path()
                .join(if link == path { "theirs" } else { "" }),
            dir.path().join(link),
        )
        .unwrap();
        let change = Change::write(rel(path), Expected::Absent, b"x".to_vec());
        let error = commit(&Root::open(dir.path()).unwrap(), vec![change]).unwrap_err();
        assert!(
            matches!(error, CommitError::Untouched(StoreError::SymbolicLink(found)) if found == rel(link))
        );
    }
    assert_eq!(found_in(outside.path()), tree_of(&[("theirs", "precious")]));
}

/// Leaves the tree as a run does that died with the first half of the files renamed.
fn half_way(old: &Tree, new: &Tree) -> tempfile::TempDir {
    let dir = project(old);
    let renames = Arc::new(AtomicUsize::new(0));
    let faults = Faults::new(move |operation, _| {
        let third_rename =
            operation == Operation::Rename && renames.fetch_add(1, Ordering::SeqCst) == 2;
        if third_rename {
            Err(io::ErrorKind::Interrupted.into())
        } else {
            Ok(())
        }
    });
    let error = commit(&root_with(dir.path(), faults), changes_between(old, new)).unwrap_err();
    assert!(matches!(error, CommitError::Interrupted { .. }), "{error}");
    dir
}

#[test]
fn a_commit_on_top_of_an_unfinished_one_is_refused() {
    let (old, new) = (tree_of(&OLD), tree_of(&NEW));
    let dir = half_way(&old, &new);
    let error = commit(&Root::open(dir.path()).unwrap(), Vec::new()).unwrap_err();
    assert!(matches!(error, CommitError::Unfinished { .. }));
}

#[test]
fn recovery_says_how_many_files_it_finished() {
    let (old, new) = (tree_of(&OLD), tree_of(&NEW));
    let dir = half_way(&old, &new);
    assert_eq!(
        recover(dir.path()).unwrap(),
        Recovery::Finished { files: 5 }
    );
    assert_eq!(found_in(dir.path()), new);
}

#[test]
fn recovery_writes_again_what_a_power_failure_tore_and_what_is_gone() {
    let (old, new) = (tree_of(&OLD), tree_of(&NEW));
    for torn in [&b""[..], b"new c", b"new c\0\0\0"] {
        let dir = half_way(&old, &new);
        fs::write(dir.path().join("certs/ca/root.crt"), torn).unwrap();
        fs::remove_file(dir.path().join("certs/ca/root.key.age")).unwrap();
        recover(dir.path()).unwrap();
        assert_eq!(found_in(dir.path()), new);
    }
}

#[test]
fn recovery_overwrites_nothing_that_someone_else_wrote_and_keeps_the_journal() {
    let (old, new) = (tree_of(&OLD), tree_of(&NEW));
    let dir = half_way(&old, &new);
    lay_out(dir.path(), &tree_of(&[("certs/ca/root.key.age", "theirs")]));
    let before = found_in(dir.path());
    let error = recover(dir.path()).unwrap_err();
    assert!(
        matches!(&error, RecoverError::Conflict { paths, .. } if *paths == [rel("certs/ca/root.key.age")])
    );
    assert!(
        error.to_string().contains("remove `certs/.certs-journal`"),
        "{error}"
    );
    assert_eq!(found_in(dir.path()), before);
}

#[test]
fn a_plan_nothing_of_which_was_carried_out_gives_way_to_what_someone_else_did() {
    let (old, new) = (tree_of(&OLD), tree_of(&NEW));
    let dir = half_way(&old, &new);
    lay_out(dir.path(), &old);
    lay_out(dir.path(), &tree_of(&[("certs/ca/root.key.age", "pulled")]));
    assert_eq!(recover(dir.path()).unwrap(), Recovery::RolledBack);
    let mut expected = old;
    expected.insert("certs/ca/root.key.age".to_owned(), b"pulled".to_vec());
    assert_eq!(found_in(dir.path()), expected);
}

#[test]
fn a_torn_journal_is_discarded_with_the_temporary_files() {
    let mut tree = tree_of(&OLD);
    let dir = project(&tree);
    let leftovers = [
        ("certs/.certs-journal", "certs-journal 1\n{\"pa"),
        ("certs/derived/gone/.certs-1.tmp", "x"),
        ("certs/.certs-2.tmp", ""),
    ];
    lay_out(dir.path(), &tree_of(&leftovers));
    lay_out(
        dir.path(),
        &tree_of(&[("elsewhere/.certs-3.tmp", "not below the output directory")]),
    );
    assert_eq!(recover(dir.path()).unwrap(), Recovery::Discarded);
    tree.insert(
        "elsewhere/.certs-3.tmp".to_owned(),
        b"not below the output directory".to_vec(),
    );
    assert_eq!(found_in(dir.path()), tree);
}

#[test]
fn a_forged_journal_is_not_followed() {
    let dir = project(&tree_of(&OLD));
    let outside = [Change::write(
        rel("flake.nix"),
        Expected::Absent,
        b"forged".to_vec(),
    )];
    let mut text = Vec::new();
    journal::write(&outside, &mut text).unwrap();
    fs::write(dir.path().join("certs/.certs-journal"), &text).unwrap();
    let error = recover(dir.path()).unwrap_err();
    assert!(matches!(
        error,
        RecoverError::Refused {
            source: JournalDefect::Outside { .. },
            ..
        }
    ));
    assert!(!dir.path().join("flake.nix").exists());
}

#[test]
fn a_journal_that_leads_through_a_link_or_is_one_is_not_followed() {
    let outside = tempfile::tempdir().unwrap();
    let dir = project(&tree_of(&[("certs/keep", "")]));
    symlink(outside.path(), dir.path().join("certs/ca")).unwrap();
    let mut text = Vec::new();
    journal::write(
        &[Change::write(
            rel("certs/ca/a"),
            Expected::Absent,
            b"x".to_vec(),
        )],
        &mut text,
    )
    .unwrap();
    fs::write(dir.path().join("certs/.certs-journal"), &text).unwrap();
    assert!(matches!(
        recover(dir.path()).unwrap_err(),
        RecoverError::Store(StoreError::SymbolicLink(_))
    ));
    fs::rename(
        dir.path().join("certs/.certs-journal"),
        dir.path().join("real"),
    )
    .unwrap();
    symlink("../real", dir.path().join("certs/.certs-journal")).unwrap();
    assert!(matches!(
        recover(dir.path()).unwrap_err(),
        RecoverError::Store(StoreError::SymbolicLink(_))
    ));
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[test]
fn one_file_elsewhere_is_replaced_or_left_at_any_failure() {
    let old = tree_of(&[("certs/keep", ""), ("secrets.nix", "old")]);
    let expected = Expected::Content(Digest::of(b"old"));
    let change = Change::write(rel("secrets.nix"), expected, b"new".to_vec());
    for n in 0.. {
        let dir = project(&old);
        let root = root_with(dir.path(), failing_once(n, io::ErrorKind::StorageFull).0);
        let replaced = root.replace(&root.lock(&certs()).unwrap(), &change);
        let found = fs::read(dir.path().join("secrets.nix")).unwrap();
        match replaced {
            Err(CommitError::Untouched(_)) => assert_eq!(found_in(dir.path()), old),
            Err(CommitError::Unflushed { .. }) => assert_eq!(found, b"new"),
            Err(other) => panic!("{other}"),
            Ok(()) => {
                assert_eq!(found, b"new");
                break;
            }
        }
    }
}

#[test]
fn one_file_elsewhere_is_not_replaced_when_someone_changed_it() {
    let dir = project(&tree_of(&[("secrets.nix", "theirs")]));
    let root = Root::open(dir.path()).unwrap();
    let change = Change::write(
        rel("secrets.nix"),
        Expected::Content(Digest::of(b"old")),
        b"new".to_vec(),
    );
    let error = root
        .replace(&root.lock(&certs()).unwrap(), &change)
        .unwrap_err();
    assert!(matches!(error, CommitError::Changed(_)));
    assert_eq!(fs::read(dir.path().join("secrets.nix")).unwrap(), b"theirs");
}

#[test]
fn a_long_list_of_changed_files_is_cut() {
    let paths: Vec<RelPath> = (0..7).map(|n| rel(&format!("f{n}"))).collect();
    assert_eq!(listed(&paths), "`f0`, `f1`, `f2`, `f3`, `f4`, and 2 more");
    assert_eq!(listed(&paths[..1]), "`f0`");
}
