//! What the verbs that look at any file are given: files, standard input, TLS servers, and passwords for what is closed.

use std::io::{self, IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::arguments::PasswordArgs;
use super::error::CliError;
use super::ui::Asker;
use crate::inspect::document;
use crate::inspect::object::{Found, Object};
use crate::render::words::shown;
use crate::seal::{Unlock as _, UnlockError};
use crate::store::outside;
use crate::x509::pkcs12::Access;
use crate::x509::request::RequestFacts;

/// As much as is read of a file.
const LARGEST: u64 = 64 << 20;

/// Where a password comes from: a file, or a person who is asked once for each file that needs one.
pub(crate) struct Passwords {
    given: Option<SecretString>,
}

impl Passwords {
    pub(crate) fn of(args: &PasswordArgs) -> Result<Self, CliError> {
        let given = args.password_file.as_deref().map(first_line).transpose()?;
        Ok(Self { given })
    }
}

/// The password of a file that is about to be made: of a file, or asked for twice, because nobody sees what they type.
pub(crate) fn new_password(file: Option<&Path>, what: &str) -> Result<SecretString, CliError> {
    let password = match file {
        Some(file) => first_line(file)?,
        None => asked_twice(what)?,
    };
    if password.expose_secret().is_empty() {
        return Err(
            CliError::new("the password is empty, which protects nothing")
                .hint("choose one; it is the first line of the --password-file"),
        );
    }
    // OpenSSL and whatever else is written in C take what stands before it.
    if password.expose_secret().contains('\0') {
        return Err(CliError::new(
            "the password has a NUL character, at which many programs take it to end",
        )
        .hint("choose one of characters that can be typed"));
    }
    Ok(password)
}

fn asked_twice(what: &str) -> Result<SecretString, CliError> {
    let ask = |what: &str| {
        Asker
            .passphrase(what)
            .map_err(|error| unasked(what, &error))
    };
    let (first, second) = (ask(what)?, ask(&format!("{what}, again"))?);
    if first.expose_secret() == second.expose_secret() {
        Ok(first)
    } else {
        Err(CliError::new("the two passwords are not the same").hint("run the command again"))
    }
}

fn unasked(what: &str, error: &UnlockError) -> CliError {
    let cause = match error {
        UnlockError::NobodyToAsk => "there is no terminal to ask at".to_owned(),
        other => other.to_string(),
    };
    CliError::new(format!("{what} needs a password"))
        .cause(cause)
        .hint("put it into a file and give that with --password-file")
}

/// What was named, or standard input where nothing was and somebody writes there.
pub(crate) fn named(inputs: &[PathBuf]) -> Result<Vec<PathBuf>, CliError> {
    if inputs.is_empty() && io::stdin().is_terminal() {
        return Err(CliError::new("no file is named").hint("name files, or `-` to type one in"));
    }
    Ok(if inputs.is_empty() {
        vec![PathBuf::from("-")]
    } else {
        inputs.to_vec()
    })
}

/// Everything in a file or on standard input (`-`).
pub(crate) fn read(input: &Path, passwords: &Passwords) -> Result<Vec<Found>, CliError> {
    let name = name_of(input);
    let bytes = bytes(input)?;
    let look = |password: Option<&SecretString>| {
        document::read(&bytes, password.map(ExposeSecret::expose_secret)).map_err(|defect| {
            CliError::new(format!("cannot read {name}")).cause(defect.to_string())
        })
    };
    let found = look(passwords.given.as_ref())?;
    match access(&found) {
        Some(Access::NeedsPassword) => {
            let password = Asker
                .passphrase(&name)
                .map_err(|error| unasked(&name, &error))?;
            look(Some(&password))
        }
        _ => Ok(found),
    }
}

/// What a person calls an input.
pub(crate) fn name_of(input: &Path) -> String {
    if is_standard_input(input) {
        "standard input".to_owned()
    } else {
        input.to_string_lossy().into_owned()
    }
}

/// What has to be said of an object of which not everything can be shown.
pub(crate) fn complaint(input: &Path, found: &Found) -> Option<CliError> {
    let name = name_of(input);
    let place = found.place.to_string();
    let whole = if place.is_empty() {
        name
    } else {
        format!("{name}, {place}")
    };
    match &found.object {
        Object::Damaged(defect) => {
            Some(CliError::new(format!("cannot read {whole}")).cause(defect.to_string()))
        }
        Object::Pkcs12(file) => match file.access {
            Access::Open => None,
            Access::NeedsPassword => Some(CliError::new(format!("{whole} needs a password"))),
            Access::WrongPassword => Some(
                CliError::new(format!("the password of {whole} is wrong"))
                    .hint("of a --password-file the whole first line counts, blanks too"),
            ),
            Access::Unsupported => Some(
                CliError::new(format!("cannot open {whole}"))
                    .cause("it is protected in a way that is not supported")
                    .hint("`openssl pkcs12 -in FILE -out FILE.pem` may convert it"),
            ),
        },
        _ => None,
    }
}

fn access(found: &[Found]) -> Option<Access> {
    match found.first().map(|found| &found.object) {
        Some(Object::Pkcs12(file)) => Some(file.access),
        _ => None,
    }
}

fn is_standard_input(input: &Path) -> bool {
    input.as_os_str() == "-"
}

pub(crate) fn bytes(input: &Path) -> Result<Zeroizing<Vec<u8>>, CliError> {
    let failed = |error: io::Error| {
        let shown =
            CliError::new(format!("cannot read {}", name_of(input))).cause(error.to_string());
        if error.kind() == io::ErrorKind::NotFound && input.to_string_lossy().contains(':') {
            shown.hint("a TLS server is named HOST:PORT, an IPv6 address in brackets: [::1]:443")
        } else if error.kind() == io::ErrorKind::NotFound && input.extension().is_none() {
            shown.hint("give a file; of what is declared `certs status NAME` tells, of what was `certs history`")
        } else {
            shown
        }
    };
    if !is_standard_input(input) {
        return outside::read(input).map_err(failed);
    }
    let mut bytes = Zeroizing::new(Vec::new());
    let read = io::stdin().lock().take(LARGEST + 1).read_to_end(&mut bytes);
    read.map_err(failed)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > LARGEST) {
        return Err(failed(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "it does not end within 64 MiB",
        )));
    }
    Ok(bytes)
}

/// A password may have any character but the end of its line.
pub(crate) fn first_line(path: &Path) -> Result<SecretString, CliError> {
    let unusable = |reason: String| {
        CliError::new(format!("cannot read the password in {}", shown(path))).cause(reason)
    };
    let bytes = outside::read(path).map_err(|error| unusable(error.to_string()))?;
    let line = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    std::str::from_utf8(line)
        .map(SecretString::from)
        .map_err(|_| unusable("it is not UTF-8".to_owned()))
}

/// The one request of a file, and nothing else beside it.
pub(crate) fn request(path: &Path) -> Result<RequestFacts, CliError> {
    let name = name_of(path);
    let refuse = |cause: String| {
        CliError::new(format!("{name} is no request that could be signed")).cause(cause)
    };
    let bytes = bytes(path)?;
    let found = document::read(&bytes, None).map_err(|defect| refuse(defect.to_string()))?;
    let mut objects = found.into_iter().map(|found| found.object);
    match (objects.next(), objects.next()) {
        (Some(Object::Request(request)), None) => Ok(*request),
        (Some(Object::Damaged(defect)), None) => Err(refuse(defect.to_string())),
        (Some(other), None) => Err(refuse(format!("it is a {}", other.kind()))),
        (first, second) => {
            let kinds: Vec<&str> = first.iter().chain(&second).map(Object::kind).collect();
            Err(refuse(format!("it holds a {}", kinds.join(" and a ")))
                .hint("give the request alone"))
        }
    }
}
