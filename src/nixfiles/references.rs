//! Owns finding where a Nix source uses `certToolkit` options: `config.certToolkit.cas.cluster.certs.apiserver.path` and what is bound to a part
//! of it. What is computed is passed over.

use std::collections::BTreeMap;

use rnix::SyntaxKind::{
    self, TOKEN_ASSIGN, TOKEN_DOT, TOKEN_IDENT, TOKEN_INHERIT, TOKEN_L_PAREN, TOKEN_OR,
    TOKEN_QUESTION, TOKEN_R_PAREN, TOKEN_SEMICOLON, TOKEN_STRING_CONTENT, TOKEN_STRING_END,
    TOKEN_STRING_START,
};

use super::definitions::{DEEPEST_PATH, Place};
use super::syntax::tokens;

const TOP_OPTION: &str = "certToolkit";
/// What stands before the options of a configuration, not before their declarations.
const DECLARATIONS: &str = "options";

/// A use of an option, by its path below `certToolkit`.
#[derive(Debug)]
pub(super) struct Use {
    pub(super) option: Vec<String>,
    pub(super) place: Place,
}

type Token<'a> = (SyntaxKind, &'a str, usize);

/// Every use in a source, in the order of the text.
pub(super) fn uses_in(text: &str) -> Vec<Use> {
    let tokens: Vec<Token<'_>> = tokens(text).collect();
    let aliases = aliases(&tokens);
    let mut uses = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let Some(found) = path_at(&tokens, at, &aliases) else {
            at += 1;
            continue;
        };
        uses.extend(inherited(&tokens, &found));
        at = found.end;
        if found.is_use(&tokens) {
            uses.push(Use {
                option: found.option,
                place: found.place,
            });
        }
    }
    uses
}

/// A path of names joined by dots, from `certToolkit` or a name bound to a part of it.
struct Path {
    option: Vec<String>,
    place: Place,
    /// The token it begins with, and the one behind it.
    start: usize,
    end: usize,
}

impl Path {
    /// What is assigned to is a definition; what has a default may be absent.
    fn is_use(&self, tokens: &[Token<'_>]) -> bool {
        let next = tokens.get(self.end).map(|(kind, ..)| *kind);
        !self.option.is_empty() && !matches!(next, Some(TOKEN_ASSIGN | TOKEN_QUESTION | TOKEN_OR))
    }
}

fn path_at(
    tokens: &[Token<'_>],
    start: usize,
    aliases: &BTreeMap<&str, Vec<String>>,
) -> Option<Path> {
    let (kind, word, offset) = *tokens.get(start)?;
    if kind != TOKEN_IDENT {
        return None;
    }
    let follows_dot = start
        .checked_sub(1)
        .and_then(|before| tokens.get(before))
        .is_some_and(|(kind, ..)| *kind == TOKEN_DOT);
    let before_dot = start
        .checked_sub(2)
        .and_then(|before| tokens.get(before))
        .map(|(_, word, _)| *word);
    let mut option = if word == TOP_OPTION {
        if follows_dot && before_dot == Some(DECLARATIONS) {
            return None;
        }
        Vec::new()
    } else {
        let has_more = tokens
            .get(start + 1)
            .is_some_and(|(kind, ..)| *kind == TOKEN_DOT);
        if follows_dot || !has_more {
            return None;
        }
        aliases.get(word)?.clone()
    };
    let mut at = start + 1;
    let mut end = offset + word.len();
    while tokens.get(at).is_some_and(|(kind, ..)| *kind == TOKEN_DOT) && option.len() < DEEPEST_PATH
    {
        let Some((name, next, stop)) = name_at(tokens, at + 1) else {
            break;
        };
        option.push(name);
        (at, end) = (next, stop);
    }
    Some(Path {
        option,
        place: Place { start: offset, end },
        start,
        end: at,
    })
}

/// A name, or a constant string, with the token and the offset behind it.
fn name_at(tokens: &[Token<'_>], at: usize) -> Option<(String, usize, usize)> {
    let (kind, word, offset) = *tokens.get(at)?;
    match kind {
        TOKEN_IDENT | TOKEN_OR => Some((word.to_owned(), at + 1, offset + word.len())),
        TOKEN_STRING_START => {
            let (content, text, _) = *tokens.get(at + 1)?;
            let (end, quote, offset) = *tokens.get(at + 2)?;
            (content == TOKEN_STRING_CONTENT && end == TOKEN_STRING_END)
                .then(|| (text.to_owned(), at + 3, offset + quote.len()))
        }
        _ => None,
    }
}

/// `name = config.certToolkit.cas.cluster.certs;`, wherever it stands in the file.
fn aliases<'a>(tokens: &[Token<'a>]) -> BTreeMap<&'a str, Vec<String>> {
    let mut aliases = BTreeMap::new();
    let none = BTreeMap::new();
    for (at, (kind, word, _)) in tokens.iter().enumerate() {
        if *kind != TOKEN_IDENT || *word != TOP_OPTION {
            continue;
        }
        let Some(path) = path_at(tokens, at, &none) else {
            continue;
        };
        let ends = tokens
            .get(path.end)
            .is_some_and(|(kind, ..)| *kind == TOKEN_SEMICOLON);
        if let Some(name) = bound_name(tokens, path.start).filter(|_| ends) {
            aliases.insert(name, path.option);
        }
    }
    aliases
}

/// The name in front of `= config.` or `=`; part of a longer path is no name of its own.
fn bound_name<'a>(tokens: &[Token<'a>], start: usize) -> Option<&'a str> {
    let mut at = start;
    while at >= 2 && tokens.get(at - 1)?.0 == TOKEN_DOT && tokens.get(at - 2)?.0 == TOKEN_IDENT {
        at -= 2;
    }
    let assign = at.checked_sub(1)?;
    let name = at.checked_sub(2)?;
    if tokens.get(assign)?.0 != TOKEN_ASSIGN || tokens.get(name)?.0 != TOKEN_IDENT {
        return None;
    }
    let is_whole = name
        .checked_sub(1)
        .and_then(|before| tokens.get(before))
        .is_none_or(|(kind, ..)| *kind != TOKEN_DOT);
    is_whole.then(|| tokens.get(name).map(|(_, word, _)| *word))?
}

/// The names of `inherit (config.certToolkit.cas.cluster.certs) apiserver kubelet;`.
fn inherited(tokens: &[Token<'_>], path: &Path) -> Vec<Use> {
    let kind_at = |at: usize| tokens.get(at).map(|(kind, ..)| *kind);
    let mut first = path.start;
    while first >= 2
        && kind_at(first - 1) == Some(TOKEN_DOT)
        && kind_at(first - 2) == Some(TOKEN_IDENT)
    {
        first -= 2;
    }
    let opens = first >= 2
        && kind_at(first - 1) == Some(TOKEN_L_PAREN)
        && kind_at(first - 2) == Some(TOKEN_INHERIT);
    if !opens || kind_at(path.end) != Some(TOKEN_R_PAREN) {
        return Vec::new();
    }
    let names = tokens.iter().skip(path.end + 1);
    names
        .take_while(|(kind, ..)| *kind == TOKEN_IDENT)
        .map(|(_, word, offset)| Use {
            option: path
                .option
                .iter()
                .cloned()
                .chain([(*word).to_owned()])
                .collect(),
            place: Place {
                start: *offset,
                end: offset + word.len(),
            },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nixfiles::syntax::tests::token_soup;
    use proptest::prelude::*;

    fn options(text: &str) -> Vec<String> {
        uses_in(text)
            .iter()
            .map(|found| {
                format!(
                    "{} = {}",
                    &text[found.place.start..found.place.end],
                    found.option.join(".")
                )
            })
            .collect()
    }

    #[test]
    fn a_path_is_read_to_its_end() {
        let text = "{ a = config.certToolkit.cas.cluster.certs.\"api server\".path; }";
        assert_eq!(
            options(text),
            [
                "certToolkit.cas.cluster.certs.\"api server\".path = cas.cluster.certs.api server.path"
            ]
        );
    }

    #[test]
    fn definitions_declarations_and_defaults_are_no_uses() {
        let text = "{ certToolkit.cas.a.certs.b.hosts = [ ]; certToolkit = { }; options.certToolkit.x = 1;
            c = config.certToolkit.cas.a.certs.d or null; e = config.certToolkit.cas ? f; # certToolkit.g
        }";
        assert_eq!(options(text), [] as [String; 0]);
    }

    #[test]
    fn what_is_computed_ends_the_path() {
        assert_eq!(
            options("x = config.certToolkit.cas.${name}.certs;"),
            ["certToolkit.cas = cas"]
        );
    }

    #[test]
    fn bound_names_and_inherited_ones_are_followed() {
        let text = "let certs = config.certToolkit.cas.k.certs; inherit (certs) b; in { x = certs.a.path; y.certs = 1; z = foo.certs.q; }";
        let found = options(text);
        assert!(
            found.contains(&"certs.a.path = cas.k.certs.a.path".to_owned()),
            "{found:?}"
        );
        assert!(!found.iter().any(|found| found.contains(".q")), "{found:?}");
        let inherits = "{ inherit (config.certToolkit.keyPairs) service-account other; }";
        assert!(options(inherits).contains(&"other = keyPairs.other".to_owned()));
    }

    proptest! {
        #[test]
        fn no_source_is_too_strange_to_read(text in token_soup()) {
            let _ = uses_in(&text);
        }
    }
}
