//! Runs programs and says how long they took; the unit is seconds of wall time, what a person waits.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::Outcome;
use crate::project::Project;

/// Wall time of `work` in seconds, with what it gave.
pub(crate) fn timed<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<(f64, T)> {
    let start = Instant::now();
    let result = work()?;
    Ok((start.elapsed().as_secs_f64(), result))
}

/// The middle one, which a disturbance of a few rounds does not move.
pub(crate) fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Runs `certs VERB` on a project; fails unless the program ends well.
pub(crate) fn certs(verb: &str, project: &Project) -> Outcome<f64> {
    run(Command::new(env!("CARGO_BIN_EXE_certs")).args(arguments(verb, project)))
}

/// The same under GNU time: the peak memory in MiB, where there is a GNU time.
pub(crate) fn certs_memory(verb: &str, project: &Project) -> Outcome<Option<u64>> {
    let figure = project.path().join("memory");
    let mut time = Command::new("env");
    time.args(["time", "-f", "%M", "-o"])
        .arg(&figure)
        .arg(env!("CARGO_BIN_EXE_certs"));
    if run(time.args(arguments(verb, project))).is_err() {
        return Ok(None);
    }
    let kibibytes: u64 = std::fs::read_to_string(&figure)?.trim().parse()?;
    Ok(Some(kibibytes / 1024))
}

/// Runs a command to its end; fails unless it ends well.
pub(crate) fn run(command: &mut Command) -> Outcome<f64> {
    let quiet = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let (seconds, status) = timed(|| Ok(quiet.status()?))?;
    if status.success() {
        Ok(seconds)
    } else {
        Err(format!("{command:?} failed: {status}").into())
    }
}

/// Whether all of these programs are on the PATH; the first that is not is named on stdout.
pub(crate) fn have(programs: &[&str]) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = |program: &str| {
        std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
    };
    let missing = programs.iter().find(|program| !is_there(program));
    if let Some(program) = missing {
        println!("  left out: {program} is not on the PATH");
    }
    missing.is_none()
}

fn arguments(verb: &str, project: &Project) -> Vec<String> {
    let shown = |path: &Path| path.display().to_string();
    [
        verb,
        "--manifest",
        &shown(&project.manifest()),
        "--root",
        &shown(project.path()),
    ]
    .map(str::to_owned)
    .to_vec()
}
