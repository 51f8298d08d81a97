//! Runs programs and says how long they took; the unit is seconds of wall time, what a person waits.

use std::fmt;
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
pub(crate) fn certs(verb: &[&str], project: &Project) -> Outcome<f64> {
    run(Command::new(env!("CARGO_BIN_EXE_certs")).args(arguments(verb, project)))
}

/// What one run costs. Without GNU time only the wall time is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) wall: f64,
    /// Seconds on all cores together, which other programs disturb less.
    pub(crate) processor: f64,
    /// The peak, in MiB.
    memory: f64,
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            wall,
            processor,
            memory,
        } = self;
        write!(f, "{wall:9.3} {processor:9.3} {memory:5.0} MiB")
    }
}

/// The median of each figure.
pub(crate) fn typical(costs: &[Cost]) -> Cost {
    let of = |figure: fn(&Cost) -> f64| median(costs.iter().map(figure).collect());
    Cost {
        wall: of(|cost| cost.wall),
        processor: of(|cost| cost.processor),
        memory: of(|cost| cost.memory),
    }
}

/// Runs `certs VERB` on a project under GNU time, where there is one; fails unless the program ends well.
pub(crate) fn cost(verb: &[&str], project: &Project) -> Outcome<Cost> {
    let figures = project.path().join("figures");
    let mut time = Command::new("env");
    time.args(["time", "-f", "%U %S %M", "-o"])
        .arg(&figures)
        .arg(env!("CARGO_BIN_EXE_certs"))
        .args(arguments(verb, project));
    let Ok(wall) = run(&mut time) else {
        let wall = certs(verb, project)?;
        let (processor, memory) = (f64::NAN, f64::NAN);
        return Ok(Cost {
            wall,
            processor,
            memory,
        });
    };
    let text = std::fs::read_to_string(&figures)?;
    let numbers: Vec<f64> = text
        .split_whitespace()
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    match numbers.as_slice() {
        [user, system, kibibytes] => Ok(Cost {
            wall,
            processor: user + system,
            memory: kibibytes / 1024.0,
        }),
        _ => Err(format!("GNU time wrote {text:?}").into()),
    }
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

fn arguments(verb: &[&str], project: &Project) -> Vec<String> {
    let shown = |path: &Path| path.display().to_string();
    let (manifest, root) = (shown(&project.manifest()), shown(project.path()));
    let source = ["--manifest", &manifest, "--root", &root];
    let words = verb.iter().chain(&source);
    words.map(|word| (*word).to_owned()).collect()
}
