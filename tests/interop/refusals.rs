//! What the system may refuse a program: threads and random octets. The run goes on with less, or ends with an error; it never panics,
//! aborts or hangs, and every file is whole.

use libtest_mimic::{Failed, Trial};
use serde_json::json;

use crate::project::{AGE, Declaration, Project, expect, same};
use crate::tool::is_installed;

const SOURCE: &str = "--manifest manifest.json --root .";
/// A refusal of the first, the second… call of a run.
const CALLS: u32 = 5;

pub(crate) fn trials() -> Vec<Trial> {
    let needs: Vec<&str> = AGE
        .iter()
        .copied()
        .chain(["strace", "git", "timeout"])
        .collect();
    vec![
        Trial::test("refusals::of_a_thread_leave_a_run_with_fewer", || {
            refused("clone3", "EAGAIN")
        })
        .with_ignored_flag(!needs.iter().all(|program| is_installed(program)) || !may_trace()),
        Trial::test("refusals::of_random_octets_end_a_run_with_an_error", || {
            refused("getrandom", "EIO")
        })
        .with_ignored_flag(!needs.iter().all(|program| is_installed(program)) || !may_trace()),
    ]
}

/// Containers may forbid it.
fn may_trace() -> bool {
    let traced = std::process::Command::new("strace")
        .args(["-qq", "-o", "/dev/null", "true"])
        .status();
    traced.is_ok_and(|status| status.success())
}

fn refused(call: &str, error: &str) -> Result<(), Failed> {
    let declaration =
        Declaration::default()
            .authority("root", &json!({}))
            .leaf("cp1", "root", "web", &json!({}));
    let project = Project::made(&declaration)?;
    project.bench.run("git init --quiet")?;
    project.bench.run("git add --all")?;
    let before = project.tree()?;
    for verb in ["status", "check", "verify", "doctor", "plan"] {
        for number in 1..=CALLS {
            ends_by_itself(&project, call, error, number, &format!("{verb} {SOURCE}"))?;
            same(&before, &project.tree()?)?;
        }
    }
    for number in 1..=CALLS {
        let words = format!("recreate --replace cp1 {SOURCE}");
        ends_by_itself(&project, call, error, number, &words)?;
        project.pairs_are_whole(&declaration)?;
    }
    project.recreate("")?;
    project.is_settled()
}

/// With 0, 1 or 2, and not by a panic (101), an abort (134) or the patience of `timeout` (124).
fn ends_by_itself(
    project: &Project,
    call: &str,
    error: &str,
    number: u32,
    words: &str,
) -> Result<(), Failed> {
    let program = env!("CARGO_BIN_EXE_certs");
    let line = format!(
        "timeout 60 strace -f -qq -o trace -e trace={call} -e inject={call}:error={error}:when={number} {program} {words}"
    );
    let mut typed = line.split_whitespace();
    let output = std::process::Command::new(typed.next().unwrap_or_default())
        .args(typed)
        .current_dir(project.path(""))
        .env("HOME", project.path("home"))
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let code = output.status.code();
    expect(
        matches!(code, Some(0..=2)) && (code != Some(1) || said.contains("error: ")),
        &format!("{call} {number}: certs {words} ended with {code:?}: {said}"),
    )
}
