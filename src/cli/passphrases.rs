//! Passphrases of files that somebody else locked: given in files, or asked for once a file. Each is tried on everything that is still
//! closed before anybody is asked again.

use std::path::PathBuf;

use rayon::prelude::*;
use secrecy::{ExposeSecret as _, SecretString};

use super::error::CliError;
use super::input::first_line;
use super::openssl;
use crate::inspect::secret::{Locked, Opened, Refusal};
use crate::render::words::one_line;
use crate::seal::{Unlock, UnlockError};

/// Where passphrases come from. It remembers none but those that were given in files.
pub(crate) struct Passphrases {
    given: Vec<SecretString>,
    asker: Box<dyn Unlock>,
}

/// Something locked and the file it is in.
pub(crate) struct LockedFile {
    pub place: String,
    pub locked: Locked,
}

impl LockedFile {
    fn open(&self, passphrase: &SecretString) -> Result<Opened, Refusal> {
        match self.locked.for_openssl() {
            Some(pem) => openssl::open(pem, passphrase),
            None => self.locked.open(passphrase.expose_secret()),
        }
    }
}

/// What became of it.
pub(crate) enum Outcome {
    Opened(Opened),
    /// Why it stayed closed, and what would open it.
    Closed(String),
}

impl Passphrases {
    /// Reads the first line of each file.
    pub(crate) fn read(files: &[PathBuf], asker: Box<dyn Unlock>) -> Result<Self, CliError> {
        let given = files.iter().map(|file| first_line(file));
        Ok(Self {
            given: given.collect::<Result<_, _>>()?,
            asker,
        })
    }

    /// Opens what can be opened, in order.
    pub(crate) fn open(&self, files: Vec<LockedFile>) -> Vec<(LockedFile, Outcome)> {
        let mut round = Round {
            closed: files.into_iter().enumerate().collect(),
            done: Vec::new(),
        };
        for passphrase in &self.given {
            round.try_on_all(passphrase);
        }
        let mut may_ask = true;
        while let Some((index, file)) = round.first_closed() {
            if !may_ask {
                round.close(index, file, self.cure());
                continue;
            }
            match self.asker.passphrase(&one_line(&file.place)) {
                Ok(passphrase) => {
                    round.try_on(index, file, &passphrase);
                    round.try_on_all(&passphrase);
                }
                Err(UnlockError::NobodyToAsk) => {
                    may_ask = false;
                    round.close(index, file, self.cure());
                }
                Err(error) => round.close(index, file, error.to_string()),
            }
        }
        round.done.sort_by_key(|(index, _, _)| *index);
        let done = round.done.into_iter();
        done.map(|(_, file, outcome)| (file, outcome)).collect()
    }

    /// What opens a file that is left closed because nobody can be asked.
    fn cure(&self) -> String {
        let cure = "run at a terminal, or put it into a file and give that with --passphrase-file";
        if self.given.is_empty() {
            cure.to_owned()
        } else {
            format!("none of those given is its; {cure}")
        }
    }
}

/// How far everything is, with the place each had in the beginning.
struct Round {
    closed: Vec<(usize, LockedFile)>,
    done: Vec<(usize, LockedFile, Outcome)>,
}

impl Round {
    fn first_closed(&mut self) -> Option<(usize, LockedFile)> {
        (!self.closed.is_empty()).then(|| self.closed.remove(0))
    }

    fn close(&mut self, index: usize, file: LockedFile, reason: String) {
        self.done.push((index, file, Outcome::Closed(reason)));
    }

    /// Whoever was asked for it hears of a passphrase that is wrong.
    fn try_on(&mut self, index: usize, file: LockedFile, passphrase: &SecretString) {
        let outcome = match file.open(passphrase) {
            Ok(opened) => Outcome::Opened(opened),
            Err(refusal) => Outcome::Closed(refusal.to_string()),
        };
        self.done.push((index, file, outcome));
    }

    /// Deriving a key takes long on purpose, so all processors do it.
    fn try_on_all(&mut self, passphrase: &SecretString) {
        let closed = std::mem::take(&mut self.closed).into_par_iter();
        let tried: Vec<_> = closed
            .map(|(index, file)| {
                let opened = file.open(passphrase);
                (index, file, opened)
            })
            .collect();
        for (index, file, opened) in tried {
            match opened {
                Ok(opened) => self.done.push((index, file, Outcome::Opened(opened))),
                Err(Refusal::WrongPassphrase) => self.closed.push((index, file)),
                Err(refusal) => self.close(index, file, refusal.to_string()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::inspect::secret;

    /// Made with OpenSSL 3.0 for this test: `openssl pkey -aes256`, of two keys under two passphrases.
    const ONE: &str = include_str!("../../tests/x509/files/encrypted-one.key");
    const TWO: &str = include_str!("../../tests/x509/files/encrypted-two.key");

    /// Answers in turn, and remembers what it was asked for.
    struct Scripted {
        answers: Mutex<Vec<&'static str>>,
        asked: std::sync::Arc<Mutex<Vec<String>>>,
    }

    impl Unlock for Scripted {
        fn passphrase(&self, what: &str) -> Result<SecretString, UnlockError> {
            self.asked.lock().unwrap().push(what.to_owned());
            let answer = self.answers.lock().unwrap().pop();
            answer
                .map(SecretString::from)
                .ok_or(UnlockError::NobodyToAsk)
        }

        fn message(&self, _text: &str) {}

        fn confirm(&self, _question: &str, _yes: &str, _no: Option<&str>) -> Option<bool> {
            None
        }

        fn public_string(&self, _what: &str) -> Option<String> {
            None
        }
    }

    fn files() -> Vec<LockedFile> {
        let named = [("a", ONE), ("b", TWO), ("c", ONE)];
        let file = |(place, text): (&str, &str)| LockedFile {
            place: place.to_owned(),
            locked: secret::keys(text.as_bytes()).locked.remove(0),
        };
        named.into_iter().map(file).collect()
    }

    /// What happened to each file, and what was asked for.
    fn opened(given: &[&str], answers: &[&'static str]) -> (String, Vec<String>) {
        open(files(), given, answers)
    }

    fn open(
        files: Vec<LockedFile>,
        given: &[&str],
        answers: &[&'static str],
    ) -> (String, Vec<String>) {
        let asked = std::sync::Arc::new(Mutex::new(Vec::new()));
        let passphrases = Passphrases {
            given: given.iter().map(|text| SecretString::from(*text)).collect(),
            asker: Box::new(Scripted {
                answers: Mutex::new(answers.iter().rev().copied().collect()),
                asked: asked.clone(),
            }),
        };
        let outcomes = passphrases.open(files).into_iter();
        let words = outcomes.map(|(file, outcome)| match outcome {
            Outcome::Opened(opened) => format!("{}: {} key", file.place, opened.keys.len()),
            Outcome::Closed(reason) => format!("{}: {reason}", file.place),
        });
        let words = words.collect::<Vec<_>>().join("\n");
        let asked = asked.lock().unwrap().clone();
        (words, asked)
    }

    #[test]
    fn an_answer_is_tried_on_everything_before_anybody_is_asked_again() {
        let (words, asked) = opened(&[], &["eins", "zwei"]);
        assert_eq!(words, "a: 1 key\nb: 1 key\nc: 1 key");
        assert_eq!(asked, ["a", "b"]);
    }

    #[test]
    fn nobody_is_asked_for_what_was_given() {
        let (words, asked) = opened(&["zwei", "eins"], &[]);
        assert_eq!(words, "a: 1 key\nb: 1 key\nc: 1 key");
        assert!(asked.is_empty());
    }

    #[test]
    fn a_wrong_answer_closes_one_file_and_nobody_is_asked_twice_for_it() {
        let (words, asked) = opened(&[], &["falsch", "zwei", "eins"]);
        assert_eq!(words, "a: the passphrase is wrong\nb: 1 key\nc: 1 key");
        assert_eq!(asked, ["a", "b", "c"]);
    }

    #[test]
    fn the_name_of_a_file_steers_no_prompt() {
        let mut files = files();
        files.truncate(1);
        files[0].place = "a\u{1b}[2J\nb".to_owned();
        assert_eq!(open(files, &[], &[]).1, ["a\\u{1b}[2J\\nb"]);
    }

    #[test]
    fn without_a_terminal_the_cure_is_told_and_nobody_is_asked_again() {
        let (words, asked) = opened(&["zwei"], &[]);
        let cure = "none of those given is its; run at a terminal, or put it into a file and give that with --passphrase-file";
        assert_eq!(words, format!("a: {cure}\nb: 1 key\nc: {cure}"));
        assert_eq!(asked, ["a"]);
    }
}
