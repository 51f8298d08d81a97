//! `certs fingerprint`: the fingerprint of each certificate or key in files.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::inspect::view::fingerprint;
use crate::cli::arguments::PasswordArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::input::{self, Passwords};
use crate::cli::ui::Ui;
use crate::inspect::object::{Found, Object};
use crate::inspect::ssh;
use crate::render::redaction::without_secrets;
use crate::render::words::one_line;

/// Print fingerprints of certificates and keys.
#[derive(Debug, Args)]
#[command(
    after_help = "With several objects, each fingerprint is followed by the kind of the object; with several files, by the file as well.\n\nExamples:\n  certs fingerprint ca.crt\n  certs fingerprint *.crt\n  certs fingerprint server.crt --format spki-pin\n  \
                        certs fingerprint bundle.pem --json | jq -r '.fingerprints[].fingerprint'"
)]
pub(crate) struct FingerprintArgs {
    /// Files, or `-` for standard input, which is read where none is named.
    #[arg(value_name = "FILE|-")]
    pub inputs: Vec<PathBuf>,
    /// Over what, and how it is written.
    #[arg(long, value_enum, default_value_t = FingerprintFormat::Hex)]
    pub format: FingerprintFormat,
    /// Print each with what it is of as JSON (docs/schema/fingerprint.json).
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub password: PasswordArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FingerprintFormat {
    /// SHA-256 of the DER (of a key: of its public half) in lower-case hexadecimal.
    Hex,
    /// The same in upper case with colons, as OpenSSL shows it.
    Colon,
    /// The same in Base64.
    Base64,
    /// SHA-256 of the public key as curl's --pinnedpubkey takes it; it survives renewals.
    SpkiPin,
    /// The public key as ssh-keygen -l shows it.
    Ssh,
}

/// A fingerprint, what it is of, and where that was.
struct Line {
    fingerprint: String,
    found: Found,
    input: String,
}

pub(crate) fn run(args: &FingerprintArgs, ui: Ui) -> Result<Exit, CliError> {
    let passwords = Passwords::of(&args.password)?;
    let inputs = input::named(&args.inputs)?;
    let (mut lines, mut errors, mut exit) = (Vec::new(), Vec::new(), Exit::Done);
    for given in &inputs {
        match look(given, args.format, &passwords, ui) {
            Ok((more, of_this)) => {
                lines.extend(more);
                if of_this == Exit::Failed {
                    exit = of_this;
                }
            }
            Err(error) if inputs.len() == 1 => return Err(error),
            // The others are shown anyway.
            Err(error) => {
                ui.tell(&error.render(ui.stderr));
                errors.push(discreet(
                    &json!({ "input": input::name_of(given), "error": error.json() }),
                ));
                exit = Exit::Failed;
            }
        }
    }
    show(&inputs, &lines, &errors, args, ui);
    Ok(exit)
}

/// The fingerprints of one input; reports the objects that cannot be shown.
fn look(
    given: &Path,
    format: FingerprintFormat,
    passwords: &Passwords,
    ui: Ui,
) -> Result<(Vec<Line>, Exit), CliError> {
    let all = input::read(given, passwords)?;
    let mut exit = Exit::Done;
    for complaint in all
        .iter()
        .filter_map(|found| input::complaint(given, found))
    {
        ui.tell(&complaint.render(ui.stderr));
        exit = Exit::Failed;
    }
    if exit == Exit::Done && all.iter().all(|found| of(&found.object, format).is_none()) {
        return Err(nothing(&input::name_of(given), &all, format));
    }
    let line = |found: Found| {
        Some(Line {
            fingerprint: of(&found.object, format)?,
            found,
            // A digest is as random as a key and is shown as it is; only what is next to it is input.
            input: without_secrets(&input::name_of(given)).into_owned(),
        })
    };
    Ok((all.into_iter().filter_map(line).collect(), exit))
}

fn show(inputs: &[PathBuf], lines: &[Line], errors: &[Value], args: &FingerprintArgs, ui: Ui) {
    if args.json {
        let document = document(inputs, lines, errors, args.format);
        ui.print_bytes(format!("{document:#}\n").as_bytes());
        return;
    }
    let text = |line: &Line| match (inputs, lines) {
        ([_], [_]) => line.fingerprint.clone(),
        ([_], _) => format!("{}  {}", line.fingerprint, description(&line.found)),
        _ => format!(
            "{}  {}: {}",
            line.fingerprint,
            line.input,
            description(&line.found)
        ),
    };
    let text = lines.iter().map(|line| one_line(&text(line)) + "\n");
    ui.print_bytes(text.collect::<String>().as_bytes());
}

/// An error repeats input.
fn discreet(error: &Value) -> Value {
    serde_json::from_str(&without_secrets(&error.to_string())).unwrap_or_default()
}

/// Each with what it is of.
fn document(
    inputs: &[PathBuf],
    lines: &[Line],
    errors: &[Value],
    format: FingerprintFormat,
) -> Value {
    let entry = |line: &Line| {
        json!({
            "fingerprint": line.fingerprint,
            "kind": line.found.object.code(),
            "name": name_of(&line.found),
            "input": line.input,
            "place": place_of(&line.found),
        })
    };
    let input = match inputs {
        [only] => Value::from(without_secrets(&input::name_of(only))),
        _ => Value::Null,
    };
    json!({
        "version": 1,
        "input": input,
        "format": format.to_possible_value().map(|value| value.get_name().to_owned()),
        "fingerprints": lines.iter().map(entry).collect::<Vec<_>>(),
        "errors": errors,
    })
}

/// `None` for what has no fingerprint of that kind.
fn of(object: &Object, format: FingerprintFormat) -> Option<String> {
    let octets = object.der().or_else(|| object.spki());
    match format {
        FingerprintFormat::Hex => octets.map(fingerprint::sha256),
        FingerprintFormat::Colon => octets.map(fingerprint::colon),
        FingerprintFormat::Base64 => octets.map(fingerprint::base64),
        FingerprintFormat::SpkiPin => object.spki().map(fingerprint::pin),
        FingerprintFormat::Ssh => match object {
            Object::PublicKey(key) => key.ssh.as_deref().map(fingerprint::ssh),
            other => other
                .spki()
                .and_then(ssh::wire_of_spki)
                .map(|wire| fingerprint::ssh(&wire)),
        },
    }
}

/// The name in an object; keys have none.
fn name_of(found: &Found) -> Option<String> {
    let name = match &found.object {
        Object::Certificate(certificate) => certificate.facts.subject.to_string(),
        Object::Request(request) => request.subject.to_string(),
        Object::RevocationList(list) => list.issuer.to_string(),
        _ => return None,
    };
    Some(without_secrets(&name).into_owned())
}

fn place_of(found: &Found) -> String {
    without_secrets(&found.place.to_string()).into_owned()
}

fn description(found: &Found) -> String {
    let name = name_of(found).unwrap_or_default();
    let place = place_of(found);
    let parts = [found.object.kind(), &name, &place];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(", ")
}

fn nothing(name: &str, found: &[Found], format: FingerprintFormat) -> CliError {
    let kinds: Vec<&str> = found.iter().map(|found| found.object.kind()).collect();
    let error = CliError::new(format!("nothing in {name} has such a fingerprint"))
        .cause(format!("found: {}", kinds.join(", ")));
    match format {
        FingerprintFormat::Ssh => error.hint("SSH has RSA, ECDSA and Ed25519 keys only"),
        _ => error.hint("`certs inspect` shows what is known of it"),
    }
}
