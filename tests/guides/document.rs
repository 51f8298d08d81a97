//! A document as it is followed: the files it says to write and the command lines it says to type, in order. Runs nothing.
//!
//! A block of ```` ```console ```` is typed: lines that begin with `$ ` are commands, the lines below one are what it prints, with `…`
//! for any text and a line of `…` alone for any lines; a command whose output is not shown may print anything. A command with the
//! comment `# refused` has to fail, one with `# exits with N` to end with that code, every other one to succeed. A block of any
//! language with `file=NAME` is written to that file. `noexec REASON` behind `console` keeps a block from being typed.

use std::fs;
use std::path::{Path, PathBuf};

/// A document, in sections: if a program is missing, a reader can leave out the section that needs it and follow the rest.
#[derive(Debug)]
pub(crate) struct Document {
    /// Relative to the repository.
    pub(crate) path: String,
    pub(crate) sections: Vec<Section>,
    /// What is written outside of blocks.
    pub(crate) prose: String,
}

#[derive(Debug, Default)]
pub(crate) struct Section {
    pub(crate) blocks: Vec<Block>,
}

#[derive(Debug)]
pub(crate) struct Block {
    /// Of its opening fence, from one.
    pub(crate) line: usize,
    pub(crate) content: Content,
}

#[derive(Debug)]
pub(crate) enum Content {
    Typed(Vec<Command>),
    /// Its commands, and why nobody types them here.
    NotTyped(Vec<Command>, String),
    File(String, String),
    /// A shell's, shown and neither typed nor written.
    Script(String),
    /// Of any other language.
    Shown,
}

/// A command line with what it prints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) line: usize,
    /// With the lines that it goes on in.
    pub(crate) text: String,
    pub(crate) expected: Vec<String>,
    pub(crate) ends: Ends,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    Well,
    Refused,
    With(i32),
}

impl Document {
    pub(crate) fn read(root: &Path, path: &str) -> Self {
        let text = fs::read_to_string(root.join(path)).unwrap();
        Self::parse(path, &text)
    }

    pub(crate) fn parse(path: &str, text: &str) -> Self {
        let mut document = Self {
            path: path.to_owned(),
            sections: vec![Section::default()],
            prose: String::new(),
        };
        let mut lines = (1..).zip(text.lines());
        while let Some((number, line)) = lines.next() {
            let indent = line.len() - line.trim_start().len();
            if let Some(info) = line.trim_start().strip_prefix("```") {
                let body = lines
                    .by_ref()
                    .take_while(|(_, line)| line.trim() != "```")
                    .map(|(number, line)| (number, line.get(indent..).unwrap_or("")))
                    .collect::<Vec<_>>();
                let content =
                    content(info, &body).unwrap_or_else(|fault| panic!("{path}:{number}: {fault}"));
                let section = document.sections.last_mut().unwrap();
                section.blocks.push(Block {
                    line: number,
                    content,
                });
                continue;
            }
            if line.starts_with("## ") {
                document.sections.push(Section::default());
            }
            document.prose.push_str(line);
            document.prose.push('\n');
        }
        document
    }

    pub(crate) fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.sections.iter().flat_map(|section| &section.blocks)
    }

    /// The files that its links lead to, relative to the repository.
    pub(crate) fn links(&self) -> Vec<PathBuf> {
        let directory = Path::new(&self.path).parent().unwrap();
        let targets = self.prose.split("](").skip(1);
        targets
            .filter_map(|text| text.split([')', '#']).next())
            .filter(|target| !target.is_empty() && !target.contains("://"))
            .map(|target| directory.join(target))
            .collect()
    }

    /// What its sentences and tables set as code.
    pub(crate) fn mentions(&self) -> Vec<String> {
        let code = self.prose.split('`').skip(1).step_by(2);
        // A bar inside of a table would end its cell.
        code.map(|code| code.replace('\n', " ").replace("\\|", "|"))
            .collect()
    }
}

/// The documents in a directory of the repository, sorted.
pub(crate) fn documents(root: &Path, directory: &str) -> Vec<String> {
    let mut found: Vec<String> = fs::read_dir(root.join(directory))
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| format!("{directory}/{}", path.file_name().unwrap().display()))
        .collect();
    found.sort();
    found
}

impl Block {
    /// The commands in it, typed or not.
    pub(crate) fn commands(&self) -> &[Command] {
        match &self.content {
            Content::Typed(commands) | Content::NotTyped(commands, _) => commands,
            Content::File(..) | Content::Script(_) | Content::Shown => &[],
        }
    }

    /// What a shell would be told by it, each with its line.
    pub(crate) fn shell_texts(&self) -> Vec<(usize, &str)> {
        match &self.content {
            Content::Script(text) => vec![(self.line, text)],
            _ => self
                .commands()
                .iter()
                .map(|command| (command.line, command.text.as_str()))
                .collect(),
        }
    }

    pub(crate) fn is_typed(&self) -> bool {
        matches!(self.content, Content::Typed(_))
    }
}

fn content(info: &str, body: &[(usize, &str)]) -> Result<Content, String> {
    let (language, rest) = info.split_once(' ').unwrap_or((info, ""));
    let lines: Vec<&str> = body.iter().map(|(_, line)| *line).collect();
    if let Some(name) = rest.strip_prefix("file=") {
        return Ok(Content::File(name.to_owned(), lines.join("\n")));
    }
    match language {
        "console" => {}
        "sh" | "bash" | "" => return Ok(Content::Script(lines.join("\n"))),
        _ => return Ok(Content::Shown),
    }
    let commands = commands(body)?;
    match rest.strip_prefix("noexec") {
        None if rest.is_empty() => Ok(Content::Typed(commands)),
        None => Err(format!("console {rest} means nothing")),
        Some(reason) if reason.trim().is_empty() => Err("noexec without a reason".to_owned()),
        Some(reason) => Ok(Content::NotTyped(commands, reason.trim().to_owned())),
    }
}

fn commands(body: &[(usize, &str)]) -> Result<Vec<Command>, String> {
    let mut commands: Vec<Command> = Vec::new();
    let mut lines = body.iter().copied().peekable();
    while let Some((number, line)) = lines.next() {
        let Some(first) = line.strip_prefix("$ ") else {
            let command = commands
                .last_mut()
                .ok_or("output in front of the first command")?;
            command.expected.push(line.to_owned());
            continue;
        };
        let mut text = first.to_owned();
        let end = here_document(first);
        while text.ends_with('\\') || end.is_some_and(|end| !text.ends_with(&format!("\n{end}"))) {
            let (_, next) = lines.next().ok_or("a command that does not end")?;
            text.push('\n');
            text.push_str(next);
        }
        commands.push(Command {
            line: number,
            ends: ends(&text)?,
            text,
            expected: Vec::new(),
        });
    }
    Ok(commands)
}

/// The word that ends the text which a command is given below its line.
fn here_document(line: &str) -> Option<&str> {
    let (_, word) = line.split_once("<<")?;
    let word = word.trim_start_matches(['\'', '"']);
    let end = word.find(|c: char| !c.is_ascii_alphanumeric());
    Some(word.get(..end.unwrap_or(word.len())).unwrap_or(word)).filter(|word| !word.is_empty())
}

fn ends(text: &str) -> Result<Ends, String> {
    if text.contains("# refused") {
        return Ok(Ends::Refused);
    }
    let Some((_, code)) = text.split_once("# exits with ") else {
        return Ok(Ends::Well);
    };
    let digits: String = code.chars().take_while(char::is_ascii_digit).collect();
    let code = digits.parse().map_err(|_| "exits with what code?")?;
    Ok(Ends::With(code))
}

/// Whether this is what a document shows: `…` stands for any text, alone on a line for any lines.
pub(crate) fn shows(expected: &[String], printed: &str) -> bool {
    let printed: Vec<&str> = printed.trim_end().lines().map(str::trim_end).collect();
    let expected: Vec<&str> = expected.iter().map(|line| line.trim_end()).collect();
    let blank = expected.iter().rev().take_while(|line| line.is_empty());
    let kept = expected.len() - blank.count();
    kept == 0 || lines_match(&expected[..kept], &printed)
}

fn lines_match(expected: &[&str], printed: &[&str]) -> bool {
    match expected.split_first() {
        None => printed.is_empty(),
        Some((&"…", rest)) => (0..=printed.len()).any(|skip| lines_match(rest, &printed[skip..])),
        Some((first, rest)) => printed
            .split_first()
            .is_some_and(|(line, others)| line_matches(first, line) && lines_match(rest, others)),
    }
}

fn line_matches(expected: &str, printed: &str) -> bool {
    let mut parts = expected.split('…');
    let Some(mut rest) = parts.next().and_then(|part| printed.strip_prefix(part)) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.split_once(part) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}
