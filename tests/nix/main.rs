//! Judges the Nix files with Nix itself: they parse, the schema gives the manifests of tests/contract, the options mean the
//! same on a real nixpkgs lib, and the flake runs. Holds no expectation of its own: those are in the Nix and JSON files.
//!
//! What a machine cannot run is reported as ignored, never as passed: everything without `nix-instantiate`, the options
//! without `CERTS_NIXPKGS_LIB` (the directory `lib` of nixpkgs), the wiring on real services without `CERTS_NIXPKGS` (a whole
//! nixpkgs), the flake without `nix` or off x86-64 Linux.
//! `CERTS_UPDATE_GOLDENS=1` writes the manifests and docs/options.md instead of comparing them.

mod evaluation;
mod flake;
mod guide;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use evaluation::{Evaluation, Evaluator, literal};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;

type Trials = Result<Vec<Trial>, Box<dyn Error>>;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments = Arguments::from_args();
    let found = Evaluator::find();
    let nix = found.as_ref();
    let mut trials = syntax(nix)?;
    trials.extend(contracts(nix)?);
    trials.extend(refusals(nix, "schema-failures", None));
    trials.extend(arithmetic(nix));
    trials.extend(options(nix)?);
    trials.extend(on_nixpkgs(nix));
    trials.extend(guide::trials(nix)?);
    trials.extend(flake::trials());
    Ok(libtest_mimic::run(&arguments, trials).exit_code())
}

/// What needs no lib of nixpkgs.
const ARITHMETIC: &str = "tests/nix/addresses-tests.nix";

fn arithmetic(nix: Option<&Evaluator>) -> Vec<Trial> {
    match nix {
        Some(nix) => results(nix, &repository().join(ARITHMETIC), "{ }"),
        None => vec![Trial::test(ARITHMETIC, || Ok(())).with_ignored_flag(true)],
    }
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn syntax(nix: Option<&Evaluator>) -> Trials {
    let mut files = vec![repository().join("flake.nix")];
    for directory in ["nix", "tests", "benches", "examples"] {
        nix_files(&repository().join(directory), &mut files)?;
    }
    files.sort();
    Ok(files
        .into_iter()
        .map(|file| {
            let name = format!("syntax::{}", relative(&file));
            trial(nix, name, move |nix| nix.parse(&file).map(drop))
        })
        .collect())
}

fn nix_files(directory: &Path, found: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    if !directory.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            nix_files(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "nix") {
            found.push(path);
        }
    }
    Ok(())
}

fn relative(path: &Path) -> String {
    path.strip_prefix(repository())
        .unwrap_or(path)
        .display()
        .to_string()
}

/// One trial for each directory of tests/contract.
fn contracts(nix: Option<&Evaluator>) -> Trials {
    let mut inputs = Vec::new();
    for entry in fs::read_dir(repository().join("tests/contract"))? {
        let input = entry?.path().join("input.nix");
        if input.is_file() {
            inputs.push(input);
        }
    }
    inputs.sort();
    Ok(inputs
        .into_iter()
        .map(|input| {
            let case = input.parent().map(relative).unwrap_or_default();
            trial(nix, format!("{case} gives its manifest"), move |nix| {
                contract(nix, &input)
            })
        })
        .collect())
}

/// The schema is given as text, as the program carries it.
fn contract(nix: &Evaluator, input: &Path) -> Result<(), Failed> {
    let schema = embedded_schema()?;
    let manifest = nix.json(
        &Evaluation::of(format!("{{ file }}: ({schema}).fromFile (/. + file)"))
            .with("file", &input.display().to_string()),
    )?;
    let text = serde_json::to_string_pretty(&manifest)? + "\n";
    golden(&input.with_file_name("manifest.json"), &text)
}

fn embedded_schema() -> Result<String, Failed> {
    let mut schema = fs::read_to_string(repository().join("nix/schema.nix"))?;
    for entry in fs::read_dir(repository().join("nix/schema"))? {
        let part = entry?.path();
        let import = format!("import ./{}", relative(&part).trim_start_matches("nix/"));
        schema = schema.replace(&import, &format!("({})", fs::read_to_string(&part)?));
    }
    Ok(schema)
}

fn golden(file: &Path, got: &str) -> Result<(), Failed> {
    if std::env::var_os("CERTS_UPDATE_GOLDENS").is_some() {
        return Ok(fs::write(file, got)?);
    }
    let want = fs::read_to_string(file)?;
    match first_difference(got, &want) {
        None => Ok(()),
        Some((line, got, want)) => Err(format!(
            "{}:{line} is not what Nix gives (CERTS_UPDATE_GOLDENS=1 writes it)\n  got:  {got}\n  want: {want}",
            relative(file)
        )
        .into()),
    }
}

fn first_difference<'a>(got: &'a str, want: &'a str) -> Option<(usize, &'a str, &'a str)> {
    let end = "<end of file>";
    let (mut got, mut want) = (got.split('\n'), want.split('\n'));
    let mut line = 0;
    loop {
        line += 1;
        match (got.next(), want.next()) {
            (None, None) => return None,
            (got, want) if got == want => {}
            (got, want) => return Some((line, got.unwrap_or(end), want.unwrap_or(end))),
        }
    }
}

/// One trial for each attribute `{ value; says; }` of tests/nix/<file>.nix: evaluating the value must fail, saying that.
fn refusals(nix: Option<&Evaluator>, file: &'static str, argument: Option<&str>) -> Vec<Trial> {
    let path = literal(&repository().join(format!("tests/nix/{file}.nix")));
    let import = format!("import {path} {}", argument.unwrap_or_default());
    let names = nix
        .and_then(|nix| {
            nix.json(&Evaluation::of(format!("builtins.attrNames ({import})")))
                .ok()
        })
        .and_then(|names| serde_json::from_value::<Vec<String>>(names).ok());
    let Some(names) = names else {
        return vec![trial(nix, file.to_owned(), |_| {
            Err("cannot be evaluated".into())
        })];
    };
    names
        .into_iter()
        .map(|name| {
            let case = format!("({import}).{name}");
            trial(nix, format!("{file}::{name}"), move |nix| {
                refusal(nix, &case)
            })
        })
        .collect()
}

fn refusal(nix: &Evaluator, case: &str) -> Result<(), Failed> {
    let says = nix.json(&Evaluation::of(format!("{case}.says")))?;
    let says = says.as_str().ok_or("`says` is no string")?;
    match nix.try_json(&Evaluation::of(format!("{case}.value")))? {
        Ok(value) => Err(format!("was not refused, but gave {value}").into()),
        Err(message) if unquoted(&message).contains(&unquoted(says)) => Ok(()),
        Err(message) => Err(format!("says:  {message}\nwant: {says}").into()),
    }
}

/// Versions of Nix differ in line breaks and indentation around a message.
fn unquoted(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// One trial for each result `{ name; got; want; }` of tests/nix/*-tests.nix, on the lib of nixpkgs.
fn options(nix: Option<&Evaluator>) -> Trials {
    let mut files = Vec::new();
    for entry in fs::read_dir(repository().join("tests/nix"))? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with("-tests.nix") && relative(&path) != ARITHMETIC {
            files.push(path);
        }
    }
    files.sort();
    let lib = std::env::var_os("CERTS_NIXPKGS_LIB");
    let (Some(evaluator), Some(lib)) = (nix, lib) else {
        return Ok(files
            .iter()
            .map(|file| Trial::test(relative(file), || Ok(())).with_ignored_flag(true))
            .collect());
    };
    let argument = format!("{{ lib = import {}; }}", literal(Path::new(&lib)));
    if std::env::var_os("CERTS_UPDATE_GOLDENS").is_some() {
        write_option_docs(evaluator, &argument)?;
    }
    let mut trials = refusals(nix, "failures", Some(&argument));
    for file in files {
        trials.extend(results(evaluator, &file, &argument));
    }
    Ok(trials)
}

/// The services of NixOS themselves, which are more than its lib.
fn on_nixpkgs(nix: Option<&Evaluator>) -> Vec<Trial> {
    let file = repository().join("tests/nix/on-nixpkgs.nix");
    match (nix, std::env::var_os("CERTS_NIXPKGS")) {
        (Some(nix), Some(nixpkgs)) => {
            let nixpkgs = literal(Path::new(&nixpkgs));
            results(nix, &file, &format!("{{ nixpkgs = {nixpkgs}; }}"))
        }
        _ => vec![Trial::test(relative(&file), || Ok(())).with_ignored_flag(true)],
    }
}

fn write_option_docs(nix: &Evaluator, argument: &str) -> Result<(), Box<dyn Error>> {
    let generator = repository().join("nix/option-docs.nix");
    let text = nix
        .json(&Evaluation::of(format!(
            "import {} {argument}",
            literal(&generator)
        )))
        .map_err(|failed| failed.message().unwrap_or_default().to_owned())?;
    let text = text.as_str().ok_or("nix/option-docs.nix gives no text")?;
    Ok(fs::write(repository().join("docs/options.md"), text)?)
}

fn results(nix: &Evaluator, file: &Path, argument: &str) -> Vec<Trial> {
    let name = relative(file);
    let evaluated = nix.json(&Evaluation::of(format!(
        "import {} {argument}",
        literal(file)
    )));
    let results = match evaluated {
        Ok(Value::Array(results)) => results,
        Ok(_) => return vec![Trial::test(name, || Err("gives no list".into()))],
        Err(failed) => return vec![Trial::test(name, move || Err(failed))],
    };
    results
        .into_iter()
        .map(|result| {
            let test = result
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or("unnamed");
            Trial::test(format!("{name}::{test}"), move || {
                match (result.get("got"), result.get("want")) {
                    (Some(got), Some(want)) if got == want => Ok(()),
                    (got, want) => Err(format!("got:  {got:?}\nwant: {want:?}").into()),
                }
            })
        })
        .collect()
}

/// A trial that needs Nix.
fn trial(
    nix: Option<&Evaluator>,
    name: String,
    run: impl FnOnce(&Evaluator) -> Result<(), Failed> + Send + 'static,
) -> Trial {
    match nix.cloned() {
        Some(nix) => Trial::test(name, move || run(&nix)),
        None => Trial::test(name, || Ok(())).with_ignored_flag(true),
    }
}
