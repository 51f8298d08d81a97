//! The layout of help: verbs in groups, `-h` for one screen and `--help` for everything, examples that can be copied.

use std::fmt::Write as _;

use clap::{Arg, Command};

use super::exits;

/// Stands for a space inside an example: clap breaks lines at spaces alone, and a broken command cannot be copied.
const FIXED_SPACE: char = '\u{a0}';

/// Text of clap's as it is printed.
pub(crate) fn printable(text: &str) -> String {
    text.replace(FIXED_SPACE, " ")
}

/// The whole command with its help laid out.
pub(super) fn laid_out(command: Command, groups: &[(&str, &[&str])]) -> Command {
    let command = of_verb(command, "");
    let template = format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n{}\nOptions:\n{{options}}{{after-help}}",
        overview(&command, groups)
    );
    command.help_template(template)
}

fn overview(command: &Command, groups: &[(&str, &[&str])]) -> String {
    let mut text = String::new();
    for (heading, verbs) in groups {
        let _ = writeln!(text, "\n{heading}:");
        for verb in *verbs {
            let about = command.find_subcommand(verb).and_then(Command::get_about);
            let about = about.map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(text, "  {verb:<12} {about}");
        }
    }
    text.push_str("  help         Show the help of a verb\n");
    text
}

fn of_verb(command: Command, name: &str) -> Command {
    let help = command.get_after_help().map(ToString::to_string);
    let (notes, examples) = split(help.as_deref().unwrap_or_default());
    let exits = exits::sentence_of(name);
    let paragraphs = [notes, exits.as_deref().unwrap_or_default(), &examples];
    let whole: Vec<&str> = paragraphs
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect();
    command
        .after_help(examples.clone())
        .after_long_help(whole.join("\n\n"))
        .mut_args(with_short_help)
        .mut_subcommands(|verb| {
            let name = format!("{name} {}", verb.get_name()).trim().to_owned();
            of_verb(verb, &name)
        })
}

/// Notes, and examples in which no line is broken.
fn split(help: &str) -> (&str, String) {
    let (notes, examples) = help.split_at(help.find("Example").unwrap_or(help.len()));
    let lines = examples.lines().map(|line| match line.strip_prefix("  ") {
        Some(command) => {
            let command = command.replace(' ', FIXED_SPACE.encode_utf8(&mut [0; 2]));
            format!("  {command}")
        }
        None => line.to_owned(),
    });
    (notes.trim_end(), lines.collect::<Vec<_>>().join("\n"))
}

/// `-h` shows the first sentence.
fn with_short_help(arg: Arg) -> Arg {
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    match help.split_once(". ") {
        Some((first, _)) if arg.get_long_help().is_none() => {
            let first = first.to_owned();
            arg.help(first).long_help(help)
        }
        _ => arg,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verbs::command;

    /// Lines of a terminal of usual size in full height.
    const SCREEN: usize = 55;

    fn each(command: &Command, see: &mut dyn FnMut(&Command)) {
        for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
            see(verb);
            each(verb, see);
        }
    }

    #[test]
    fn every_verb_has_one_short_line() {
        let command = command();
        each(&command, &mut |verb| {
            let about = verb
                .get_about()
                .map(ToString::to_string)
                .unwrap_or_default();
            let length = about.chars().count();
            assert!(
                (1..=60).contains(&length),
                "{}: {length}: {about}",
                verb.get_name()
            );
        });
    }

    #[test]
    fn short_help_is_one_screen() {
        let mut command = command().term_width(100);
        command.build();
        let rows = |command: &Command| command.clone().render_help().to_string().lines().count();
        assert!(
            rows(&command) <= SCREEN,
            "certs -h has {} lines",
            rows(&command)
        );
        each(&command, &mut |verb| {
            assert!(
                rows(verb) <= SCREEN,
                "{} -h has {} lines",
                verb.get_name(),
                rows(verb)
            );
        });
    }

    #[test]
    fn an_example_stays_in_one_line_on_a_narrow_terminal() {
        let mut command = command().term_width(40);
        command.build();
        let long = "certs recreate --replace kubelet --identity ~/.ssh/id_ed25519";
        let verb = command.find_subcommand_mut("recreate").unwrap();
        for help in [verb.render_help(), verb.render_long_help()] {
            let text = printable(&help.to_string());
            assert!(text.lines().any(|line| line.trim() == long), "{text}");
        }
    }

    #[test]
    fn long_help_has_notes_then_exit_codes_then_examples() {
        let command = command();
        let verb = command.find_subcommand("status").unwrap();
        let text = verb.get_after_long_help().unwrap().to_string();
        let place = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part}: {text}"));
        assert!(place("States") < place("Exits with 0"));
        assert!(place("Exits with 0") < place("Examples:"));
        assert!(!verb.get_after_help().unwrap().to_string().contains("Exits"));
    }
}
