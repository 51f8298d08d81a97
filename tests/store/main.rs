//! Owns the proof that a killed run leaves the old files or the new ones: the process is really killed, before each of its
//! operations in turn and at random moments.

use std::error::Error;
use std::ffi::OsString;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use certs::fleet::RelPath;
use certs::store::{Change, Expected, Faults, LockError, Recovery, Root};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const FILES: usize = 12;
const PROJECT: &str = "CERTS_TEST_PROJECT";
const DIES_AT: &str = "CERTS_TEST_DIES_AT";

/// Stands for a run of `certs`: one commit when it is told at which operation to die, one after another otherwise.
#[test]
#[ignore = "only runs as the victim of the tests below"]
fn victim() -> Outcome {
    let project = std::env::var_os(PROJECT).ok_or("no project")?;
    let dies_at = std::env::var(DIES_AT)
        .ok()
        .map(|text| text.parse())
        .transpose()?;
    let root = Root::open(Path::new(&project))?.with_faults(dying_at(dies_at));
    let lock = root.lock(&output_directory()?)?;
    root.recover(&lock)?;
    std::fs::write(Path::new(&project).join("ready"), b"")?;
    for generation in 0_u64.. {
        let content = |n| format!("{}.{generation} {n}", std::process::id()).repeat(200);
        root.commit(&lock, changes(&root, content)?)?;
        if dies_at.is_some() {
            break;
        }
    }
    Ok(())
}

#[test]
fn a_run_killed_before_any_of_its_operations_leaves_one_generation_of_files() -> Outcome {
    let project = prepared_project()?;
    let (mut kept, mut finished, mut half_written) = (0, 0, 0);
    for operation in 0.. {
        let before = generations(&project.root)?;
        let status = start_victim(project.path(), Some(operation))?.wait()?;
        half_written += usize::from(generations(&project.root)?.len() > 1);
        project.recover()?;
        let after = generations(&project.root)?;
        assert_eq!(
            after.len(),
            1,
            "mixed after operation {operation}: {after:?}"
        );
        assert_eq!(
            project.root.list(&output_directory()?)?.len(),
            FILES,
            "operation {operation}"
        );
        if status.success() {
            break;
        }
        assert!(was_killed(status), "{status}");
        if after == before {
            kept += 1;
        } else {
            finished += 1;
        }
    }
    assert!(
        kept > 2 && finished > FILES && half_written == FILES - 1,
        "{kept} kept, {finished} finished, {half_written} half-written"
    );
    Ok(())
}

#[test]
fn a_run_killed_at_any_moment_leaves_one_generation_of_files() -> Outcome {
    let project = prepared_project()?;
    for round in 0..30 {
        let mut victim = start_ready_victim(project.path())?;
        sleep(Duration::from_micros(round * 1_709 % 23_000));
        victim.kill()?;
        victim.wait()?;
        project.recover()?;
        let found = generations(&project.root)?;
        assert_eq!(found.len(), 1, "mixed after round {round}: {found:?}");
        assert_eq!(
            project.root.list(&output_directory()?)?.len(),
            FILES,
            "round {round}"
        );
    }
    Ok(())
}

#[test]
fn a_second_process_is_told_which_process_holds_the_lock() -> Outcome {
    let project = prepared_project()?;
    let mut victim = start_ready_victim(project.path())?;
    let refused = project.root.lock(&output_directory()?).map(drop);
    victim.kill()?;
    let holder = victim.id();
    victim.wait()?;
    let Err(error @ LockError::Held { .. }) = refused else {
        return Err("the lock was given twice".into());
    };
    if cfg!(target_os = "linux") {
        assert!(
            error.to_string().contains(&format!("process {holder}")),
            "{error}"
        );
    }
    project.root.lock(&output_directory()?)?;
    Ok(())
}

struct Project {
    dir: tempfile::TempDir,
    root: Root,
}

impl Project {
    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn recover(&self) -> Outcome<Recovery> {
        Ok(self.root.recover(&self.root.lock(&output_directory()?)?)?)
    }
}

/// A project whose files are of the generation `first`.
fn prepared_project() -> Outcome<Project> {
    let dir = tempfile::tempdir()?;
    let root = Root::open(dir.path())?;
    let first = changes(&root, |n| format!("first {n}"))?;
    root.commit(&root.lock(&output_directory()?)?, first)?;
    Ok(Project { dir, root })
}

fn output_directory() -> Outcome<RelPath> {
    Ok(RelPath::new("certs")?)
}

fn file(n: usize) -> Outcome<RelPath> {
    Ok(RelPath::new(&format!(
        "certs/derived/host{}/{n}.crt",
        n % 5
    ))?)
}

fn changes(root: &Root, content: impl Fn(usize) -> String) -> Outcome<Vec<Change>> {
    let change = |n| {
        let expected = Expected::from(root.read(&file(n)?)?.as_ref());
        Ok(Change::write(file(n)?, expected, content(n).into_bytes()))
    };
    (0..FILES).map(change).collect()
}

/// The different generations found in the tree.
fn generations(root: &Root) -> Outcome<Vec<String>> {
    let generation = |n| -> Outcome<String> {
        let found = root.read(&file(n)?)?.ok_or("missing")?;
        Ok(String::from_utf8(found.bytes)?
            .split(' ')
            .next()
            .unwrap_or_default()
            .to_owned())
    };
    let mut found = (0..FILES)
        .map(generation)
        .collect::<Outcome<Vec<String>>>()?;
    found.sort();
    found.dedup();
    Ok(found)
}

/// SIGKILL: nothing is flushed, dropped or unwound.
fn dying_at(operation: Option<usize>) -> Faults {
    let counter = AtomicUsize::new(0);
    Faults::new(move |_, _| {
        if Some(counter.fetch_add(1, Ordering::SeqCst)) == operation {
            rustix::process::kill_process(
                rustix::process::getpid(),
                rustix::process::Signal::KILL,
            )?;
        }
        Ok(())
    })
}

fn was_killed(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    status.signal() == Some(9)
}

fn start_victim(project: &Path, dies_at: Option<usize>) -> Outcome<Child> {
    std::fs::remove_file(project.join("ready")).ok();
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args(["--exact", "victim", "--ignored"])
        .stdout(Stdio::null())
        .env(PROJECT, project);
    command.envs(dies_at.map(|n| (DIES_AT, OsString::from(n.to_string()))));
    Ok(command.spawn()?)
}

fn start_ready_victim(project: &Path) -> Outcome<Child> {
    let mut victim = start_victim(project, None)?;
    let deadline = Instant::now() + Duration::from_secs(60);
    while !project.join("ready").exists() {
        if victim.try_wait()?.is_some() || Instant::now() > deadline {
            return Err("the victim did not start".into());
        }
        sleep(Duration::from_millis(1));
    }
    Ok(victim)
}
