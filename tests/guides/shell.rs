//! Finds the command lines of `certs` in what a shell is told, well enough for what stands in documents, and asks the program's own
//! parser whether it would take them. Runs nothing.

use clap::error::ErrorKind;

/// The `certs` command lines in a shell's, each with the program's name in front.
pub(crate) fn certs_lines(shell: &str) -> Vec<Vec<String>> {
    let mut reader = Reader::new(shell);
    reader.commands();
    reader
        .found
        .into_iter()
        .filter_map(|words| as_certs(&words))
        .collect()
}

/// Why the program would not take this line.
pub(crate) fn refusal(line: &[String]) -> Option<String> {
    let error = certs::verbs::command().try_get_matches_from(line).err()?;
    // What a variable stands for is not known.
    let is_of_a_shell = line.iter().any(|word| word.contains('$'));
    let is_taken = match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => true,
        ErrorKind::ValueValidation => is_of_a_shell,
        _ => false,
    };
    (!is_taken).then(|| error.to_string())
}

/// The same for a line that is mentioned in a sentence: it may leave out what is of no interest there, and stand for others.
pub(crate) fn refusal_of_mention(line: &[String]) -> Option<String> {
    let line = line.iter().take_while(|word| *word != "…");
    let error = certs::verbs::command().try_get_matches_from(line).err()?;
    let wrong = [ErrorKind::UnknownArgument, ErrorKind::InvalidSubcommand];
    wrong.contains(&error.kind()).then(|| error.to_string())
}

/// What a reader who runs `certs` by another name asks of it.
fn as_certs(words: &[String]) -> Option<Vec<String>> {
    let prefixes = ["sudo", "!", "if", "then", "do", "while", "until", "{"];
    let words: Vec<&str> = words
        .iter()
        .map(String::as_str)
        .skip_while(|word| prefixes.contains(word) || is_assignment(word))
        .collect();
    let arguments: Vec<&str> = match words.as_slice() {
        ["certs", rest @ ..] | ["cargo", "run", "--release", "--", rest @ ..] => rest.to_vec(),
        ["nix", "run", installable, rest @ ..] => {
            let (_, attribute) = installable.split_once('#')?;
            let verb = attribute.strip_prefix("certs")?;
            let rest = rest.strip_prefix(&["--"]).unwrap_or(rest);
            let verb = verb.strip_prefix('.').into_iter();
            verb.chain(rest.iter().copied()).collect()
        }
        _ => return None,
    };
    Some(
        std::iter::once("certs")
            .chain(arguments)
            .map(str::to_owned)
            .collect(),
    )
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
    })
}

/// Reads words, quotes, substitutions and redirections of a POSIX shell; here-documents end what is read.
struct Reader<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    found: Vec<Vec<String>>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            rest: text.chars().peekable(),
            found: Vec::new(),
        }
    }

    /// Reads commands up to the end, or to the parenthesis that closes a substitution.
    fn commands(&mut self) {
        let mut words = Vec::new();
        loop {
            match self.rest.peek().copied() {
                None => break,
                Some(')') => {
                    self.rest.next();
                    break;
                }
                Some('#') => while self.rest.next_if(|c| *c != '\n').is_some() {},
                Some('\n' | ';' | '|' | '&' | '(') => {
                    self.rest.next();
                    self.found.push(std::mem::take(&mut words));
                }
                Some('<' | '>') => {
                    if self.redirection() {
                        break;
                    }
                }
                Some(c) if c.is_whitespace() => {
                    self.rest.next();
                }
                Some('\\') if self.line_goes_on() => {}
                Some(_) => {
                    let word = self.word();
                    let is_descriptor = word.chars().all(|c| c.is_ascii_digit())
                        && matches!(self.rest.peek(), Some('<' | '>'));
                    if !is_descriptor {
                        words.push(word);
                    }
                }
            }
        }
        self.found.push(words);
        self.found.retain(|words| !words.is_empty());
    }

    /// Passes over where output goes or input comes from. True for a here-document, whose text is no command.
    fn redirection(&mut self) -> bool {
        let mut operator = String::new();
        while let Some(c) = self.rest.next_if(|c| matches!(c, '<' | '>' | '&')) {
            operator.push(c);
        }
        if self.rest.next_if_eq(&'(').is_some() {
            self.commands();
            return false;
        }
        while self.rest.next_if_eq(&' ').is_some() {}
        self.word();
        operator == "<<"
    }

    fn line_goes_on(&mut self) -> bool {
        let mut ahead = self.rest.clone();
        ahead.next();
        let goes_on = ahead.next() == Some('\n');
        if goes_on {
            self.rest = ahead;
        }
        goes_on
    }

    fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(c) = self.rest.peek().copied() {
            match c {
                '\'' => {
                    self.rest.next();
                    word.extend(self.rest.by_ref().take_while(|c| *c != '\''));
                }
                '"' => {
                    self.rest.next();
                    self.quoted(&mut word);
                }
                '$' => self.expansion(&mut word),
                '\\' => {
                    self.rest.next();
                    word.extend(self.rest.next().filter(|c| *c != '\n'));
                }
                '|' | '&' | ';' | '<' | '>' | '(' | ')' => break,
                c if c.is_whitespace() => break,
                c => {
                    self.rest.next();
                    word.push(c);
                }
            }
        }
        word
    }

    fn quoted(&mut self, word: &mut String) {
        while let Some(c) = self.rest.peek().copied() {
            match c {
                '"' => {
                    self.rest.next();
                    return;
                }
                '$' => self.expansion(word),
                '\\' => {
                    self.rest.next();
                    word.extend(self.rest.next());
                }
                c => {
                    self.rest.next();
                    word.push(c);
                }
            }
        }
    }

    /// What a variable or a command would put there is not known; its name stands for it. The command is read for itself.
    fn expansion(&mut self, word: &mut String) {
        word.extend(self.rest.next());
        if self.rest.next_if_eq(&'(').is_some() {
            self.commands();
            word.push_str("substituted");
        }
    }
}
