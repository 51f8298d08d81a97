//! The first runs of a project: killed, asked for a passphrase, refused. They leave all of it or nothing.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};

use crate::project::{Project, expect};
use crate::tool::{Bench, trial};

const KILLS: u32 = 24;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "beginnings::a_killed_init_leaves_a_whole_project_or_begins_it_with_the_next_run",
            &["git", "age-keygen"],
            killed_init,
        ),
        trial(
            "beginnings::a_killed_host_add_leaves_both_halves_of_a_key_or_none",
            &["ssh-keygen", "age-keygen"],
            killed_host_add,
        ),
        trial(
            "beginnings::a_passphrase_is_asked_for_in_sight_and_a_wrong_one_leaves_nothing",
            &["script", "ssh-keygen"],
            passphrase,
        ),
    ]
}

/// `certs` in a directory, with a home of its own.
fn certs(bench: &Bench, directory: &str, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_certs"));
    command
        .args(words)
        .current_dir(bench.path(directory))
        .env("HOME", bench.path("home"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn succeeds(command: &mut Command) -> Result<String, Failed> {
    let output = command.output()?;
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    expect(output.status.success(), &format!("{command:?}: {text}"))?;
    Ok(text)
}

/// Kills a run after this part of the time that a whole one takes.
fn kill_at(mut command: Command, moment: Duration) -> Result<(), Failed> {
    let mut child = command.spawn()?;
    sleep(moment);
    child.kill()?;
    child.wait()?;
    Ok(())
}

fn at(run: u32, whole: Duration) -> Duration {
    whole.mul_f64(f64::from(run) / f64::from(KILLS))
}

/// What a run that died must not leave for good.
fn leftovers(bench: &Bench) -> Vec<PathBuf> {
    let files = walkdir::WalkDir::new(bench.path("")).into_iter().flatten();
    let files = files.map(walkdir::DirEntry::into_path);
    files
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(".certs-") || name.ends_with(".certs-tmp")
        })
        .collect()
}

fn killed_init() -> Result<(), Failed> {
    const INIT: [&str; 3] = ["init", "lab", "--manifest"];
    let bench = Bench::new()?;
    let start = Instant::now();
    succeeds(&mut certs(&bench, "", &INIT))?;
    let whole = start.elapsed();
    for run in 0..KILLS {
        let bench = Bench::new()?;
        kill_at(certs(&bench, "", &INIT), at(run, whole))?;
        let is_declared = bench.path("lab/certs.json").exists();
        let is_interrupted = bench.path("lab/.certs-journal").exists();
        if !is_declared || is_interrupted {
            succeeds(&mut certs(&bench, "", &INIT))
                .map_err(|error| format!("run {run}: {}", error.message().unwrap_or_default()))?;
        }
        for verb in ["plan", "check", "doctor"] {
            succeeds(&mut certs(&bench, "lab", &[verb]))?;
        }
        expect(
            leftovers(&bench).is_empty(),
            &format!("run {run} left {:?}", leftovers(&bench)),
        )?;
    }
    Ok(())
}

fn killed_host_add() -> Result<(), Failed> {
    let bench = Bench::new()?;
    succeeds(&mut certs(&bench, "", &["init", "lab", "--manifest"]))?;
    let start = Instant::now();
    succeeds(&mut certs(&bench, "lab", &["host", "add", "web"]))?;
    let whole = start.elapsed();
    for run in 0..KILLS {
        let name = format!("web{run}");
        let add = ["host", "add", &name];
        kill_at(certs(&bench, "lab", &add), at(run, whole))?;
        if bench.path("lab/ssh-host-keys/.certs-journal").exists() {
            succeeds(&mut certs(&bench, "lab", &add))?;
        }
        let halves = ["pub", "key.age"].map(|end| {
            bench
                .path(&format!("lab/ssh-host-keys/{name}.{end}"))
                .exists()
        });
        expect(halves[0] == halves[1], &format!("run {run}: {halves:?}"))?;
    }
    succeeds(&mut certs(&bench, "lab", &["host", "add", "last"]))?;
    expect(
        leftovers(&bench).is_empty(),
        &format!("left: {:?}", leftovers(&bench)),
    )
}

fn passphrase() -> Result<(), Failed> {
    let project = Project::new()?;
    let bench = &project.bench;
    bench.run("ssh-keygen -q -t ed25519 -N geheim -C ada -f locked")?;
    let init = format!(
        "{} --color never init lab --manifest --vcs none --identity locked",
        env!("CARGO_BIN_EXE_certs")
    );
    for (answer, is_right) in [("falsch", false), ("geheim", true)] {
        bench.write("answer", format!("{answer}\n"))?;
        let typed = format!("(sleep 1; cat answer; sleep 1) | script -qec '{init}' /dev/null");
        let output = Command::new("sh")
            .args(["-c", &typed])
            .current_dir(bench.path(""))
            .env("HOME", bench.path("home"))
            .output()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let prompt = said
            .find("Passphrase of")
            .ok_or_else(|| format!("no prompt in {said}"))?;
        // What erases lines comes before it, and not while it waits.
        let waiting = &said[prompt..];
        let end = waiting.find('\n').unwrap_or(waiting.len());
        expect(
            !waiting[..end].contains("\u{1b}[2K") && !waiting[..end].contains("\u{1b}[K"),
            &format!("the prompt is erased: {said:?}"),
        )?;
        expect(
            bench.path("lab").exists() == is_right,
            &format!("{answer}: {said}"),
        )?;
    }
    expect(
        bench.path("lab/secrets/certs/ca/root.crt").exists(),
        "there is no root",
    )
}
