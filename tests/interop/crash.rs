//! Runs that are killed, interrupted or out of room leave whole pairs, and the next run ends what they began.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::project::{
    AGE, DIR, Declaration, Pair, Project, Tree, changed, equal, expect, names, same,
};
use crate::tool::{is_installed, trial};

const JOURNAL: &str = "secrets/certs/.certs-journal";

/// In each of the three trials that kill: few enough for every test run; `CERTS_CRASH_RUNS` asks for more.
const USUAL_RUNS: u32 = 20;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "crash::a_killed_run_never_leaves_a_mixed_pair",
            &AGE,
            killed_anywhere,
        ),
        trial(
            "crash::a_run_killed_between_two_renames_is_finished_by_the_next",
            &AGE,
            killed_between_renames,
        ),
        trial(
            "crash::a_run_interrupted_while_it_commits_ends_without_a_journal",
            &AGE,
            interrupted_in_commit,
        ),
        trial(
            "crash::a_killed_issue_or_revocation_leaves_all_of_it_or_nothing",
            &AGE,
            killed_by_hand,
        ),
        trial(
            "crash::an_interrupted_run_ends_with_130_and_leaves_a_clean_tree",
            &AGE,
            interrupted,
        ),
        trial(
            "crash::a_file_in_the_way_is_named_and_nothing_is_lost",
            &AGE,
            in_the_way,
        ),
        trial(
            "crash::a_second_run_waits_for_nobody_and_says_that_another_is_at_work",
            &AGE,
            second_run,
        ),
        on_a_mount(
            "crash::a_read_only_disk_is_named_and_nothing_is_lost",
            read_only,
        ),
        on_a_mount("crash::loses_nothing_on_a_full_disk", full_disk),
    ]
}

/// A trial that mounts a file system of its own, which most systems allow to root alone.
fn on_a_mount(name: &str, run: fn() -> Result<(), Failed>) -> Trial {
    let is_possible = AGE.iter().all(|program| is_installed(program)) && can_mount();
    Trial::test(name, run).with_ignored_flag(!is_possible)
}

fn runs() -> u32 {
    let asked = std::env::var("CERTS_CRASH_RUNS").ok();
    asked
        .and_then(|runs| runs.parse().ok())
        .unwrap_or(USUAL_RUNS)
}

/// Two declarations of the same certificates that differ in everything but names, so that each run replaces every pair.
struct Alternating {
    even: Declaration,
    odd: Declaration,
}

impl Alternating {
    fn new() -> Self {
        Self {
            even: Self::declaration("a", 256),
            odd: Self::declaration("b", 384),
        }
    }

    fn declaration(organisation: &str, size: u32) -> Declaration {
        let key = json!({ "algo": "ecdsa", "size": size });
        let leaf = json!({ "key": key, "names": [["O", organisation]] });
        let mut declaration = Declaration::default()
            .authority("root", &json!({}))
            .authority("middle", &json!({ "issuer": "root" }));
        for host in ["cp1", "worker1", "worker2"] {
            for name in ["kubelet", "proxy", "etcd", "metrics"] {
                declaration = declaration
                    .leaf(host, "root", name, &leaf)
                    .leaf(host, "middle", name, &leaf);
            }
        }
        declaration
    }

    fn at(&self, run: u32) -> &Declaration {
        if run.is_multiple_of(2) {
            &self.even
        } else {
            &self.odd
        }
    }

    /// New keys for all certificates.
    const ALL: &str = "recreate --manifest manifest.json --root . --replace *";

    /// The same; every fifth run also for the intermediate authority too.
    fn words(run: u32) -> String {
        let authority = if run.is_multiple_of(5) {
            "--replace ca/middle"
        } else {
            ""
        };
        format!("{} {authority}", Self::ALL)
    }
}

/// Numbers between 0 and 1 that come closer to every number the longer they go on (multiples of the golden ratio).
fn spread(run: u32) -> f64 {
    (f64::from(run) * 0.618_033_988_749_895).fract()
}

fn killed_anywhere() -> Result<(), Failed> {
    let fleet = Alternating::new();
    let project = Project::made(fleet.at(0))?;
    let whole = duration(&project, &fleet)?;
    for run in 1..=runs() {
        project.declare(fleet.at(run))?;
        let mut child = project.command(&Alternating::words(run)).spawn()?;
        sleep(whole.mul_f64(spread(run)));
        kill(&mut child)?;
        survived(&project, fleet.at(run)).map_err(|error| at_run(run, &error))?;
    }
    Ok(())
}

/// Issued by hand, and revoked: record, certificate and key come together and go together, the list with them.
fn killed_by_hand() -> Result<(), Failed> {
    const SOURCE: &str = "--manifest manifest.json --root .";
    let role = json!({ "allowAnyName": true });
    let declaration = Declaration::default()
        .authority("root", &json!({}))
        .role("lab", "root", &role);
    let project = Project::made(&declaration)?;
    let issue = |run: u32| format!("issue nas{run} --san nas{run}.lab.example {SOURCE}");
    let revoke = |run: u32| format!("revoke nas{run} {SOURCE}");
    let start = Instant::now();
    project.ends_with(0, &issue(0))?;
    let whole = start.elapsed();
    for run in 1..=runs() {
        for line in [issue(run), revoke(run - 1)] {
            let mut child = project.command(&line).spawn()?;
            sleep(whole.mul_f64(spread(run)));
            kill(&mut child)?;
            // It finishes what the journal has; what was never begun, the next line does.
            project.recreate("").map_err(|error| at_run(run, &error))?;
            for holder in [run - 1, run] {
                is_whole(&project, holder).map_err(|error| at_run(run, &error))?;
            }
            no_leftovers(&project.tree()?)?;
        }
        let issued = project.path(&by_hand(run, "crt")).exists();
        if !issued {
            project.ends_with(0, &issue(run))?;
        }
        if project.path(&by_hand(run - 1, "crt")).exists() {
            project.ends_with(0, &revoke(run - 1))?;
        }
    }
    project.is_settled()
}

fn by_hand(run: u32, suffix: &str) -> String {
    format!("{DIR}/issued/nas{run}/root/lab.{suffix}")
}

fn is_whole(project: &Project, run: u32) -> Result<(), Failed> {
    let there =
        ["json", "crt", "key.age"].map(|suffix| project.path(&by_hand(run, suffix)).exists());
    expect(
        there == [true; 3] || there == [false; 3],
        &format!("nas{run}: {there:?}"),
    )
}

/// Aimed: replacing the files is a small part of a run, so the kill waits for the first of them to be replaced.
fn killed_between_renames() -> Result<(), Failed> {
    let fleet = Alternating::new();
    let project = Project::made(fleet.at(0))?;
    let mut midway = 0;
    for run in 1..=runs() {
        let declaration = fleet.at(run);
        project.declare(declaration)?;
        let first = project.path(&Pair::leaf("cp1", "middle", "etcd").key);
        let before = fs::metadata(&first)?.ino();
        let mut child = project.command(Alternating::ALL).spawn()?;
        while fs::metadata(&first)?.ino() == before && child.try_wait()?.is_none() {}
        kill(&mut child)?;
        if project.path(JOURNAL).exists() {
            midway += u32::from(project.pairs_are_whole(declaration).is_err());
            // It follows the journal; it does not make up for a mixed pair with yet another key.
            let said = project.recreate("")?;
            let is_finished =
                said.contains("finished an interrupted run") && !said.contains("replaced");
            expect(is_finished, &format!("run {run}: {said}"))?;
        }
        survived(&project, declaration).map_err(|error| at_run(run, &error))?;
    }
    expect(
        midway > 0,
        "no run was killed with a pair half replaced: the trial proves nothing",
    )
}

/// What is there after a kill, and after the run that follows.
fn survived(project: &Project, declaration: &Declaration) -> Result<(), Failed> {
    let journal = project.path(JOURNAL).exists();
    if !journal {
        project
            .pairs_are_whole(declaration)
            .map_err(|error| explain("without a journal", &error))?;
    }
    project
        .recreate("")
        .map_err(|error| explain("the next run", &error))?;
    project
        .pairs_are_whole(declaration)
        .map_err(|error| explain("after the next run", &error))?;
    no_leftovers(&project.tree()?)?;
    project.is_settled()
}

fn no_leftovers(tree: &Tree) -> Result<(), Failed> {
    let paths: Vec<PathBuf> = tree.keys().cloned().collect();
    let hidden: Vec<String> = names(&paths)
        .into_iter()
        .filter(|name| name.starts_with('.'))
        .collect();
    equal(&hidden, &Vec::new())
}

fn explain(when: &str, error: &Failed) -> Failed {
    format!("{when}: {}", error.message().unwrap_or_default()).into()
}

fn at_run(run: u32, error: &Failed) -> Failed {
    explain(&format!("run {run}"), error)
}

/// `Child::kill` is SIGKILL.
fn kill(child: &mut Child) -> Result<(), Failed> {
    child.kill()?;
    child.wait()?;
    Ok(())
}

/// How long a run takes that replaces every key.
fn duration(project: &Project, fleet: &Alternating) -> Result<Duration, Failed> {
    project.declare(fleet.at(0))?;
    let start = Instant::now();
    project.ends_with(0, &Alternating::words(0))?;
    Ok(start.elapsed())
}

/// How long the last and largest commit takes: from its journal to the end of the run.
fn commit_duration(project: &Project, fleet: &Alternating) -> Result<Duration, Failed> {
    project.declare(fleet.at(0))?;
    // No authority in this run: its commit would come first.
    let mut child = project.command(&Alternating::words(1)).spawn()?;
    expect(
        wait_for_journal(project, &mut child)?,
        "a run without a journal",
    )?;
    let start = Instant::now();
    child.wait()?;
    Ok(start.elapsed())
}

/// Whether the journal came before the end of the run.
fn wait_for_journal(project: &Project, child: &mut Child) -> Result<bool, Failed> {
    let journal = project.path(JOURNAL);
    while !journal.exists() {
        if child.try_wait()?.is_some() {
            return Ok(false);
        }
        std::hint::spin_loop();
    }
    Ok(true)
}

fn interrupted() -> Result<(), Failed> {
    let slow = json!({ "key": { "algo": "rsa", "size": 4096 } });
    let mut declaration = Declaration::default().authority("cluster", &json!({}));
    let quick = declaration.clone();
    let project = Project::made(&quick)?;
    let before = project.tree()?;
    // As many keys as take minutes: whoever makes them all is not overlooked, however busy the machine is.
    for leaf in 0..200 {
        declaration = declaration.leaf("cp1", "cluster", &format!("leaf{leaf}"), &slow);
    }
    project.declare(&declaration)?;
    let child = project
        .command("recreate --manifest manifest.json --root . --jobs 2")
        .spawn()?;
    sleep(Duration::from_millis(700));
    signal(&child, Signal::INT)?;
    let start = Instant::now();
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    equal(&output.status.code(), &Some(130)).map_err(|error| explain(&said, &error))?;
    expect(said.contains("interrupted"), &said)?;
    expect(
        start.elapsed() < Duration::from_secs(60),
        "it went on making keys",
    )?;
    // Nothing was committed yet, so the tree is as it was.
    same(&before, &project.tree()?)?;
    project
        .ends_with(2, "plan --manifest manifest.json --root .")
        .map(drop)
}

/// A signal that comes while files are replaced waits for the last of them: no journal stays behind.
fn interrupted_in_commit() -> Result<(), Failed> {
    let fleet = Alternating::new();
    let project = Project::made(fleet.at(0))?;
    let commit = commit_duration(&project, &fleet)?;
    let mut ended_early = 0;
    for run in 1..=runs() {
        project.declare(fleet.at(run))?;
        let mut child = project.command(&Alternating::words(run)).spawn()?;
        if wait_for_journal(&project, &mut child)? {
            sleep(commit.mul_f64(spread(run) / 2.0));
        }
        let which = if run.is_multiple_of(2) {
            Signal::INT
        } else {
            Signal::TERM
        };
        signal(&child, which)?;
        let code = child.wait()?.code();
        expect(
            matches!(code, Some(0 | 130)),
            &format!("ended with {code:?}"),
        )?;
        ended_early += u32::from(code == Some(130));
        no_leftovers(&project.tree()?).map_err(|error| at_run(run, &error))?;
        survived(&project, fleet.at(run)).map_err(|error| at_run(run, &error))?;
    }
    expect(
        ended_early > 0,
        "no run was interrupted: the trial proves nothing",
    )
}

fn signal(child: &Child, signal: Signal) -> Result<(), Failed> {
    Ok(kill_process(Pid::from_child(child), signal)?)
}

/// One of two runs at the same time is refused, names the other, and changes nothing.
fn second_run() -> Result<(), Failed> {
    let slow = json!({ "key": { "algo": "rsa", "size": 4096 } });
    let mut declaration = Declaration::default().authority("cluster", &json!({}));
    let project = Project::made(&declaration)?;
    for leaf in 0..6 {
        declaration = declaration.leaf("cp1", "cluster", &format!("leaf{leaf}"), &slow);
    }
    project.declare(&declaration)?;
    let mut first = project
        .command("recreate --manifest manifest.json --root .")
        .spawn()?;
    sleep(Duration::from_millis(500));
    let before = project.tree()?;
    let said = project.ends_with(1, "recreate --manifest manifest.json --root .")?;
    same(&before, &project.tree()?)?;
    // Which process it is, the system tells on Linux and outside of containers only.
    expect(said.contains("another run (process "), &said)?;
    expect(first.wait()?.success(), "the first run was disturbed")?;
    project.pairs_are_whole(&declaration)?;
    project.is_settled()
}

fn read_only() -> Result<(), Failed> {
    let fleet = Alternating::new();
    let project = Project::new()?;
    fs::create_dir(project.path("secrets"))?;
    let mounted = Mounted::at(project.path("secrets"), "2m")?;
    project.declare(fleet.at(0))?;
    project.recreate("")?;
    let before = project.tree()?;
    mounted.remount("ro")?;
    project.ends_with(0, "plan --manifest manifest.json --root .")?;
    let said = project.ends_with(1, &Alternating::words(1))?;
    expect(said.contains("Read-only file system"), &said)?;
    same(&before, &project.tree()?)?;
    mounted.remount("rw")?;
    project.is_settled()
}

/// A file where a directory has to be: nobody can write there, not even root.
fn in_the_way() -> Result<(), Failed> {
    let fleet = Alternating::new();
    let project = Project::made(fleet.at(0))?;
    let before = project.tree()?;
    let blocked = fleet
        .at(0)
        .clone()
        .leaf("new", "root", "kubelet", &json!({}));
    project.declare(&blocked)?;
    let obstacle = format!("{DIR}/derived/new");
    project.bench.write(&obstacle, "in the way")?;
    let said = project.ends_with(1, "recreate --manifest manifest.json --root . --replace *")?;
    expect(said.contains("secrets/certs/derived/new"), &said)?;
    project.bench.run(&format!("rm {obstacle}"))?;
    same(&before, &project.tree()?)?;
    project.recreate("")?;
    project.pairs_are_whole(&blocked)?;
    project.is_settled()
}

/// How many KiB are left when a run begins: from nothing, over a journal that just does not fit, to one that fits and no file after it.
const ROOM: [u32; 9] = [0, 4, 16, 40, 80, 120, 160, 200, 240];

fn full_disk() -> Result<(), Failed> {
    let fleet = Alternating::new();
    let project = Project::new()?;
    let directory = project.path("secrets");
    fs::create_dir(&directory)?;
    let _mounted = Mounted::at(directory.clone(), "2m")?;
    project.declare(fleet.at(0))?;
    project.recreate("")?;
    let mut failures = 0;
    for (run, room) in (1..).zip(ROOM) {
        let before = project.tree()?;
        fill(&directory, room)?;
        project.declare(fleet.at(run))?;
        let ended = project.certs(&Alternating::words(run))?;
        if ended.code == Some(0) {
            fs::remove_file(directory.join("ballast"))?;
            continue;
        }
        failures += 1;
        equal(&ended.code, &Some(1))?;
        expect(ended.text.contains("No space left on device"), &ended.text)?;
        if project.path(JOURNAL).exists() {
            expect(ended.text.contains("run again"), &ended.text)?;
        } else {
            only_whole_pairs_changed(&project, fleet.at(run), &before)?;
        }
        fs::remove_file(directory.join("ballast"))?;
        project.recreate("")?;
        project.pairs_are_whole(fleet.at(run))?;
        no_leftovers(&project.tree()?)?;
        project.is_settled()?;
    }
    expect(
        failures > 3,
        &format!("only {failures} runs were out of room"),
    )
}

/// An authority may be on disk already when there is no room for the rest; no pair is half.
fn only_whole_pairs_changed(
    project: &Project,
    declaration: &Declaration,
    before: &Tree,
) -> Result<(), Failed> {
    project.pairs_are_whole(declaration)?;
    let leaves = |path: &PathBuf| path.components().any(|part| part.as_os_str() == "derived");
    let changed = changed(before, &project.tree()?);
    expect(
        !changed.iter().any(leaves),
        &format!("changed: {changed:?}"),
    )
}

/// A file that leaves this many KiB.
fn fill(directory: &Path, room: u32) -> Result<(), Failed> {
    let stat = rustix::fs::statvfs(directory)?;
    let free = (stat.f_bavail * stat.f_frsize).saturating_sub(u64::from(room) * 1024);
    fs::write(directory.join("ballast"), vec![0; usize::try_from(free)?])?;
    Ok(())
}

fn can_mount() -> bool {
    let Ok(directory) = tempfile::tempdir() else {
        return false;
    };
    Mounted::at(directory.path().to_owned(), "64k").is_ok()
}

/// A small file system in memory, unmounted when it goes out of scope.
struct Mounted(PathBuf);

impl Mounted {
    fn at(directory: PathBuf, size: &str) -> Result<Self, Failed> {
        let options = format!("size={size},mode=0700");
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(&directory);
        let output = mount.output()?;
        if output.status.success() {
            Ok(Self(directory))
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned().into())
        }
    }
}

impl Mounted {
    fn remount(&self, how: &str) -> Result<(), Failed> {
        let mut mount = Command::new("mount");
        mount.args(["-o", &format!("remount,{how}")]).arg(&self.0);
        expect(mount.status()?.success(), "cannot mount again")
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Nothing is left to do about a mount that stays: the test ends here.
        let _ = Command::new("umount").arg(&self.0).status();
    }
}
