//! Runs the flake in a private Nix store, with a nixpkgs of stubs (fake-nixpkgs) and a project that uses ours (user).

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use tempfile::TempDir;

use crate::evaluation::on_path;
use crate::repository;

/// What a trial does in its copy of the project.
type Run = fn(&Project) -> Result<(), Failed>;

const TRIALS: [(&str, Run); 7] = [
    ("the lock is complete", the_lock_is_complete),
    ("the schema needs no nixpkgs", the_schema_needs_no_nixpkgs),
    ("nix run .#certs.recreate works", recreate_runs),
    ("nix run .#certs is the program", certs_runs),
    ("an app as K8Nix makes it works", app_runs),
    ("nix flake check passes for its users", check_passes),
    (
        "nix flake check looks at the project",
        check_looks_at_the_project,
    ),
];

pub(crate) fn trials() -> Vec<Trial> {
    let possible =
        cfg!(all(target_os = "linux", target_arch = "x86_64")) && on_path("nix").is_some();
    let lib = std::env::var_os("CERTS_NIXPKGS_LIB").map(PathBuf::from);
    let mut trials: Vec<Trial> = TRIALS
        .iter()
        .map(|&(name, run)| {
            Trial::test(format!("flake::{name}"), move || run(&Project::new(None)?))
                .with_ignored_flag(!possible)
        })
        .collect();
    let with_lib = possible && lib.is_some();
    let lib = Arc::new(lib);
    trials.push(
        Trial::test("flake::nix flake check passes for us", move || {
            check_passes_for_us(&Project::new(lib.as_deref())?)
        })
        .with_ignored_flag(!with_lib),
    );
    trials
}

fn the_lock_is_complete(project: &Project) -> Result<(), Failed> {
    let metadata = project.nix([
        "flake",
        "metadata",
        "--json",
        "--no-update-lock-file",
        &project.ours(),
    ])?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let locked = metadata
        .pointer("/locks/nodes/nixpkgs/locked/rev")
        .and_then(Value::as_str);
    match locked {
        Some(rev) if rev.len() == 40 => Ok(()),
        _ => Err(format!("nixpkgs is not locked: {metadata}").into()),
    }
}

/// The lock names a nixpkgs that cannot be fetched here, so this fails if anything on the way asks for it.
fn the_schema_needs_no_nixpkgs(project: &Project) -> Result<(), Failed> {
    let attribute = format!("{}#lib.schema.version", project.ours());
    let version = project.nix(["eval", "--json", "--no-update-lock-file", &attribute])?;
    same(version.trim(), "1")
}

fn recreate_runs(project: &Project) -> Result<(), Failed> {
    let said = project.run("certs.recreate", &["--only", "a b"])?;
    let manifest = manifest_of(&said, "recreate", " --only a b")?;
    let hosts: Vec<_> = manifest
        .get("hosts")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .collect();
    same(
        &hosts
            .iter()
            .map(|(name, _)| name.as_str())
            .collect::<Vec<_>>()
            .join(" "),
        "cp1 w1",
    )?;
    let key = manifest
        .pointer("/hosts/cp1/ownerKeys/0/key")
        .and_then(Value::as_str);
    let file = fs::read_to_string(repository().join("tests/nix/user/cp1.pub"))?;
    same(key.unwrap_or_default(), file.trim())
}

fn certs_runs(project: &Project) -> Result<(), Failed> {
    same(
        &project.run("certs", &["plan"])?,
        "certs was called with: plan\n",
    )
}

fn app_runs(project: &Project) -> Result<(), Failed> {
    let said = project.run("certs-recreate", &["--prune"])?;
    manifest_of(&said, "recreate", " --prune").map(drop)
}

fn check_passes(project: &Project) -> Result<(), Failed> {
    project.nix(["flake", "check", &project.user()]).map(drop)
}

/// What the check of a user's flake leaves is what the program said, and a program that fails makes it fail.
fn check_looks_at_the_project(project: &Project) -> Result<(), Failed> {
    let attribute = format!("{}#checks.x86_64-linux.certs", project.user());
    let build = |project: &Project| {
        let link = project.path("result");
        project.nix([
            OsStr::new("build"),
            OsStr::new(&attribute),
            OsStr::new("--out-link"),
            link.as_os_str(),
        ])?;
        Ok::<_, Failed>(fs::read_to_string(link)?)
    };
    let said = build(project)?;
    let (before, root) = said
        .trim_end()
        .split_once(" --root ")
        .ok_or_else(|| format!("was called differently: {said}"))?;
    manifest_of(before, "check", "")?;
    if !Path::new(root).join("flake.nix").is_file() {
        return Err(format!("{root} is not the project").into());
    }
    let program = project.path("nixpkgs/flake.nix");
    let failing = fs::read_to_string(&program)?.replace(
        r#"echo "certs was called with: $*""#,
        r#"echo "certs was called with: $*"; exit 1"#,
    );
    fs::write(program, failing)?;
    match build(project) {
        Ok(said) => Err(format!("passed with: {said}").into()),
        Err(_) => Ok(()),
    }
}

fn check_passes_for_us(project: &Project) -> Result<(), Failed> {
    let nixpkgs = format!("path:{}", project.path("nixpkgs").display());
    let ours = project.ours();
    project
        .nix([
            "flake",
            "check",
            "--no-write-lock-file",
            "--override-input",
            "nixpkgs",
            &nixpkgs,
            &ours,
        ])
        .map(drop)
}

/// The manifest a wrapper handed to the program, from what the program of fake-nixpkgs says it was called with.
fn manifest_of(said: &str, verb: &str, rest: &str) -> Result<Value, Failed> {
    let file = said
        .trim_end()
        .strip_prefix(&format!("certs was called with: {verb} --manifest "))
        .and_then(|said| said.strip_suffix(rest))
        .ok_or_else(|| format!("was called differently: {said}"))?;
    Ok(serde_json::from_str(&fs::read_to_string(file)?)?)
}

fn same(got: &str, want: &str) -> Result<(), Failed> {
    if got == want {
        Ok(())
    } else {
        Err(format!("got:  {got}\nwant: {want}").into())
    }
}

/// Our flake, the stubs and the user's flake, with a Nix store of their own.
struct Project(TempDir);

impl Project {
    fn new(lib: Option<&Path>) -> Result<Self, Failed> {
        let project = Self(TempDir::new()?);
        let tests = repository().join("tests/nix");
        for part in [
            "flake.nix",
            "flake.lock",
            "Cargo.toml",
            "nix",
            "docs",
            "examples",
            "tests",
        ] {
            copy(&repository().join(part), &project.path("ours").join(part))?;
        }
        copy(&tests.join("fake-nixpkgs"), &project.path("nixpkgs"))?;
        if let Some(lib) = lib {
            copy(lib, &project.path("nixpkgs/lib"))?;
        }
        copy(&tests.join("user"), &project.path("user"))?;
        project.name_inputs()?;
        fs::create_dir_all(project.path("conf"))?;
        fs::write(
            project.path("conf/nix.conf"),
            "experimental-features = nix-command flakes\nbuild-users-group =\nsandbox = false\nsubstituters =\nbuilders =\n",
        )?;
        Ok(project)
    }

    /// Inputs must be written as literals, and their places are known only now.
    fn name_inputs(&self) -> Result<(), Failed> {
        let file = self.path("user/flake.nix");
        let inputs = format!(
            "inputs.certs.url = \"{}\";\n  inputs.certs.inputs.nixpkgs.url = \"path:{}\";",
            self.ours(),
            self.path("nixpkgs").display()
        );
        let text = fs::read_to_string(&file)?.replace("# inputs", &inputs);
        Ok(fs::write(file, text)?)
    }

    fn path(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    fn ours(&self) -> String {
        format!("path:{}", self.path("ours").display())
    }

    fn user(&self) -> String {
        format!("path:{}", self.path("user").display())
    }

    fn run(&self, attribute: &str, arguments: &[&str]) -> Result<String, Failed> {
        let installable = format!("{}#{attribute}", self.user());
        let mut all = vec!["run", installable.as_str(), "--"];
        all.extend(arguments);
        self.nix(all)
    }

    fn nix(
        &self,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Result<String, Failed> {
        let output = Command::new("nix")
            .arg("--offline")
            .args(arguments)
            .env_remove("NIX_REMOTE")
            .env("HOME", self.path("home"))
            .env("NIX_STORE_DIR", self.path("nix/store"))
            .env("NIX_STATE_DIR", self.path("nix/var/nix"))
            .env("NIX_LOG_DIR", self.path("nix/var/log/nix"))
            .env("NIX_CONF_DIR", self.path("conf"))
            .output()?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned().into())
        }
    }
}

impl Drop for Project {
    /// Nix makes its store read-only, which keeps `TempDir` from removing it.
    fn drop(&mut self) {
        make_writable(self.0.path()).ok();
    }
}

fn make_writable(directory: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(directory, fs::Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            make_writable(&entry.path())?;
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    if !from.is_dir() {
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        return fs::copy(from, to).map(drop);
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}
