//! Has the program `openssl` open private keys under encryptions of before PBES2. The passphrase goes through a pipe, the key comes back
//! through one; the file in between holds what is encrypted.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use secrecy::{ExposeSecret as _, SecretString};
use tempfile::NamedTempFile;

use crate::inspect::secret::{self, Opened, Refusal};

/// Single DES and RC2 are only there, since OpenSSL 3.
const LEGACY: [&str; 4] = ["-provider", "legacy", "-provider", "default"];

/// The key in an encrypted PEM block.
pub(crate) fn open(pem: &str, passphrase: &SecretString) -> Result<Opened, Refusal> {
    let mut file = NamedTempFile::new().map_err(|_| Refusal::Unsupported)?;
    file.write_all(pem.as_bytes())
        .map_err(|_| Refusal::Unsupported)?;
    let mut output = run(file.path(), passphrase, &LEGACY)?;
    let has_all = !said(&output).contains("provider");
    if !output.status.success() && !has_all {
        // An older OpenSSL, or one without the module; it may know the cipher all the same.
        output = run(file.path(), passphrase, &[])?;
    }
    let keys = secret::keys(&output.stdout).clear;
    if output.status.success() && !keys.is_empty() {
        return Ok(Opened {
            found: Vec::new(),
            keys,
        });
    }
    let said = said(&output);
    if !has_all && said.contains("unsupported") && !said.contains("bad decrypt") {
        return Err(Refusal::NoLegacyProvider);
    }
    Err(Refusal::WrongPassphrase)
}

fn run(file: &Path, passphrase: &SecretString, providers: &[&str]) -> Result<Output, Refusal> {
    let mut process = Command::new("openssl")
        .args(["pkey", "-passin", "stdin", "-in"])
        .arg(file)
        .args(providers)
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Refusal::NoOpenSsl,
            _ => Refusal::Unsupported,
        })?;
    if let Some(mut asked) = process.stdin.take() {
        // One that goes away before it has read says why.
        let _ = asked.write_all(passphrase.expose_secret().as_bytes());
        let _ = asked.write_all(b"\n");
    }
    process.wait_with_output().map_err(|_| Refusal::Unsupported)
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
