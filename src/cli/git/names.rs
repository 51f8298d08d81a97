//! Whose a public key was, by what any version of any file in Git said next to it: the comment behind it, the word it was assigned to, or
//! the name of its file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{git, not_run, said};
use crate::cli::error::CliError;
use crate::fleet::RelPath;
use crate::history::Names;
use crate::seal::Recipient;

/// So many keys are looked for at once; nobody reads a longer list of them.
const MOST: usize = 200;

/// The names of these keys, as far as Git knows any. Files below `dir` name none.
pub(crate) fn names<'r>(
    root: &Path,
    dir: &RelPath,
    keys: impl IntoIterator<Item = &'r Recipient>,
) -> Result<Names, CliError> {
    let bodies: BTreeMap<&str, &Recipient> = keys
        .into_iter()
        .map(|key| (body(key), key))
        .take(MOST)
        .collect();
    if bodies.is_empty() {
        return Ok(Names::new());
    }
    let any: Vec<String> = bodies.keys().map(|body| body.replace('+', "[+]")).collect();
    let exclude = match dir.as_str() {
        "" | "." => ":(exclude)recipients.json".to_owned(),
        dir => format!(":(exclude){dir}"),
    };
    let output = git(root)
        .args([
            "log",
            "--all",
            "--format=",
            "--patch",
            "--unified=0",
            "--no-textconv",
        ])
        .args([
            "--no-ext-diff",
            "--no-renames",
            "--no-color",
            "--pickaxe-regex",
        ])
        .arg(format!("-S{}", any.join("|")))
        .args(["--", ".", &exclude])
        .output()
        .map_err(|error| not_run(&error))?;
    if !output.status.success() {
        let said = said(&output);
        let has_none = ["does not have any commits yet", "not a git repository"];
        return if has_none.iter().any(|none| said.contains(none)) {
            Ok(Names::new())
        } else {
            Err(CliError::new("Git cannot tell the history").cause(said))
        };
    }
    Ok(read(&String::from_utf8_lossy(&output.stdout), &bodies))
}

/// What of a key occurs in texts without its comment.
fn body(key: &Recipient) -> &str {
    let text = key.as_str();
    text.split(' ').nth(1).unwrap_or(text)
}

/// The latest commit comes first, and its name counts.
fn read(patch: &str, bodies: &BTreeMap<&str, &Recipient>) -> Names {
    let (mut file, mut names) = ("", Names::new());
    let mut unnamed: BTreeSet<(&str, &str)> = BTreeSet::new();
    for line in patch.lines() {
        if let Some(path) = header(line) {
            file = if path == "/dev/null" { file } else { path };
            continue;
        }
        let Some(text) = line.strip_prefix(['+', '-']) else {
            continue;
        };
        for (body, key) in bodies.iter().filter(|(body, _)| text.contains(*body)) {
            match name_in(text, body) {
                Some(name) => drop(names.entry(key.as_str().to_owned()).or_insert(name)),
                None => drop(unnamed.insert((key.as_str(), file))),
            }
        }
    }
    for (key, file) in unnamed {
        if let Some(name) = name_of_file(file) {
            names.entry(key.to_owned()).or_insert(name);
        }
    }
    names
}

fn header(line: &str) -> Option<&str> {
    let path = line
        .strip_prefix("--- ")
        .or_else(|| line.strip_prefix("+++ "))?;
    let path = path.trim_matches('"');
    Some(
        path.strip_prefix("a/")
            .or_else(|| path.strip_prefix("b/"))
            .unwrap_or(path),
    )
}

/// A public key has a file of its own: `operators/ada.pub`.
fn name_of_file(file: &str) -> Option<String> {
    let name = file.rsplit('/').next()?.strip_suffix(".pub")?;
    clean(name)
}

/// `ssh-ed25519 AAAA… ada@laptop`, `"age1…" # ada`, `ada = "age1…";`.
fn name_in(line: &str, body: &str) -> Option<String> {
    let (before, after) = line.split_once(body)?;
    let behind = after.split(['"', '\'', ',', ';', '\\', '#']).next();
    let remark = after.split_once('#').map(|(_, remark)| remark);
    let word = before.rsplit_once('=').map(|(word, _)| word);
    let word = word.and_then(|word| word.split_whitespace().last());
    let is_list = |word: &&str| word.ends_with("userAgeKeys") || word.ends_with("owningHostKey");
    behind
        .and_then(clean)
        .or_else(|| remark.and_then(clean))
        .or_else(|| word.filter(|word| !is_list(word)).and_then(clean))
}

fn clean(text: &str) -> Option<String> {
    /// A longer remark is not a name.
    const LONGEST: usize = 60;
    let text = text
        .trim()
        .trim_matches(['"', '\'', ']', '[', ')', '('])
        .trim();
    let is_name = !text.is_empty() && text.len() <= LONGEST && !text.chars().any(char::is_control);
    is_name.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_named_by_what_is_next_to_it() {
        for (line, expected) in [
            ("ssh-ed25519 KEY ada@laptop", Some("ada@laptop")),
            (
                r#"  userAgeKeys = [ "ssh-ed25519 KEY ada" "age1x" ];"#,
                Some("ada"),
            ),
            (r#"  "KEY" # ada"#, Some("ada")),
            (r#"  ada = "KEY";"#, Some("ada")),
            (r#"  userAgeKeys = "KEY";"#, None),
            (r#"  "KEY","#, None),
        ] {
            assert_eq!(name_in(line, "KEY").as_deref(), expected, "{line}");
        }
    }
}
