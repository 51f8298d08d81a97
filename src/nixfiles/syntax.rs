//! Owns the way from text to a syntax tree, and the refusal of texts whose tree would overflow the stack.
//!
//! The parser and its tree are recursive, so what is nested 100,000 deep aborts the process instead of failing. Tokens are
//! read without recursion; a bound on the depth is counted on them first, and only balanced texts reach the parser.

use rnix::{Root, SyntaxKind, ast};
use thiserror::Error;

/// No hand-written Nix file comes near this.
pub(super) const LARGEST_SOURCE: usize = 1 << 20;

/// Every open bracket, operator or argument may add a level to the tree; well-formatted files stay below 200. The parser
/// needs up to 2 KiB of stack for each, and threads have 2 MiB.
const DEEPEST: usize = 500;

/// Why a Nix source cannot be read. Lines count from 1.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SyntaxDefect {
    #[error("it is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("line {line} is nested too deeply, or its expression is too long")]
    TooDeep { line: usize },
    #[error("line {line} is not valid Nix")]
    Invalid { line: usize },
}

/// Parses a source that is valid Nix, of bounded depth and of at most `limit` bytes.
pub(super) fn parse_up_to(limit: usize, text: &str) -> Result<ast::Root, SyntaxDefect> {
    if text.len() > limit {
        return Err(SyntaxDefect::TooLarge { limit });
    }
    check_depth(text)?;
    let parsed = Root::parse(text);
    if let Some(error) = parsed.errors().first() {
        return Err(SyntaxDefect::Invalid {
            line: line_at(text, error_offset(error).unwrap_or(text.len())),
        });
    }
    Ok(parsed.tree())
}

/// The line, from 1, in which the byte at `offset` lies.
pub(super) fn line_at(text: &str, offset: usize) -> usize {
    text.bytes()
        .take(offset)
        .filter(|byte| *byte == b'\n')
        .count()
        + 1
}

/// The tokens with the offset of each, blanks and comments left out.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = (SyntaxKind, &str, usize)> {
    let mut offset = 0;
    let placed = rnix::tokenize(text).map(move |(kind, token)| {
        offset += token.len();
        (kind, token, offset - token.len())
    });
    placed.filter(|(kind, ..)| !kind.is_trivia())
}

/// What is open at one place in the text.
struct Frame {
    opener: SyntaxKind,
    /// Tokens since the frame or its current binding began.
    run: usize,
    /// `with` and `assert` whose `;` is still to come: that one ends no binding.
    prefixes: usize,
}

fn check_depth(text: &str) -> Result<(), SyntaxDefect> {
    let mut frames = vec![Frame::new(SyntaxKind::NODE_ROOT)];
    let (mut depth, mut previous) = (1, SyntaxKind::NODE_ROOT);
    for (kind, _, offset) in tokens(text) {
        let invalid = || SyntaxDefect::Invalid {
            line: line_at(text, offset),
        };
        let frame = frames.last_mut().ok_or_else(invalid)?;
        if is_closer(kind) {
            if !closes(frame.opener, kind, previous) {
                return Err(invalid());
            }
            depth -= frame.run;
            frames.pop();
        } else if kind == SyntaxKind::TOKEN_SEMICOLON {
            depth -= frame.end_binding(previous).ok_or_else(invalid)?;
        } else {
            depth += frame.count(kind);
        }
        if is_opener(kind) {
            frames.push(Frame::new(kind));
            depth += 1;
        }
        if depth > DEEPEST {
            return Err(SyntaxDefect::TooDeep {
                line: line_at(text, offset),
            });
        }
        previous = kind;
    }
    if frames.len() == 1 {
        Ok(())
    } else {
        Err(SyntaxDefect::Invalid {
            line: line_at(text, text.len()),
        })
    }
}

impl Frame {
    /// An opening bracket is a level of its own.
    fn new(opener: SyntaxKind) -> Self {
        Self {
            opener,
            run: 1,
            prefixes: 0,
        }
    }

    /// By how much a token deepens the tree at most. The elements of a list and the parts of a string lie side by side.
    fn count(&mut self, kind: SyntaxKind) -> usize {
        let side_by_side = match self.opener {
            SyntaxKind::TOKEN_STRING_START => true,
            SyntaxKind::TOKEN_L_BRACK => {
                ends_expression(kind) || is_opener(kind) || kind == SyntaxKind::TOKEN_DOT
            }
            _ => false,
        };
        self.prefixes += usize::from(matches!(
            kind,
            SyntaxKind::TOKEN_WITH | SyntaxKind::TOKEN_ASSERT
        ));
        let levels = usize::from(!side_by_side);
        self.run += levels;
        levels
    }

    /// The levels a `;` ends; `None` where it cannot stand. After anything but an expression the parser would skip it and
    /// go on in the same binding.
    fn end_binding(&mut self, previous: SyntaxKind) -> Option<usize> {
        if !ends_expression(previous) && !matches!(previous, SyntaxKind::TOKEN_INHERIT) {
            return None;
        }
        if self.prefixes > 0 {
            self.prefixes -= 1;
            return Some(0);
        }
        matches!(
            self.opener,
            SyntaxKind::TOKEN_L_BRACE | SyntaxKind::TOKEN_LET
        )
        .then(|| std::mem::replace(&mut self.run, 1) - 1)
    }
}

fn is_opener(kind: SyntaxKind) -> bool {
    use SyntaxKind::{
        TOKEN_INTERPOL_START, TOKEN_L_BRACE, TOKEN_L_BRACK, TOKEN_L_PAREN, TOKEN_LET,
        TOKEN_STRING_START,
    };
    matches!(
        kind,
        TOKEN_INTERPOL_START
            | TOKEN_L_BRACE
            | TOKEN_L_BRACK
            | TOKEN_L_PAREN
            | TOKEN_LET
            | TOKEN_STRING_START
    )
}

fn is_closer(kind: SyntaxKind) -> bool {
    use SyntaxKind::{
        TOKEN_IN, TOKEN_INTERPOL_END, TOKEN_R_BRACE, TOKEN_R_BRACK, TOKEN_R_PAREN, TOKEN_STRING_END,
    };
    matches!(
        kind,
        TOKEN_IN
            | TOKEN_INTERPOL_END
            | TOKEN_R_BRACE
            | TOKEN_R_BRACK
            | TOKEN_R_PAREN
            | TOKEN_STRING_END
    )
}

/// Whether `closer` ends what `opener` began, in a place where the parser takes it for that.
fn closes(opener: SyntaxKind, closer: SyntaxKind, previous: SyntaxKind) -> bool {
    use SyntaxKind::{
        TOKEN_COMMA, TOKEN_ELLIPSIS, TOKEN_IN, TOKEN_INTERPOL_END, TOKEN_INTERPOL_START,
        TOKEN_L_BRACE, TOKEN_L_BRACK, TOKEN_L_PAREN, TOKEN_LET, TOKEN_R_BRACE, TOKEN_R_BRACK,
        TOKEN_R_PAREN, TOKEN_SEMICOLON, TOKEN_STRING_END, TOKEN_STRING_START,
    };
    match (opener, closer) {
        (TOKEN_L_PAREN, TOKEN_R_PAREN) | (TOKEN_INTERPOL_START, TOKEN_INTERPOL_END) => {
            ends_expression(previous)
        }
        (TOKEN_L_BRACK, TOKEN_R_BRACK) => previous == opener || ends_expression(previous),
        (TOKEN_L_BRACE, TOKEN_R_BRACE) => {
            matches!(
                previous,
                TOKEN_L_BRACE | TOKEN_SEMICOLON | TOKEN_ELLIPSIS | TOKEN_COMMA
            ) || ends_expression(previous)
        }
        (TOKEN_LET, TOKEN_IN) => matches!(previous, TOKEN_LET | TOKEN_SEMICOLON),
        (TOKEN_STRING_START, TOKEN_STRING_END) => true,
        _ => false,
    }
}

fn ends_expression(kind: SyntaxKind) -> bool {
    use SyntaxKind::{
        TOKEN_CUR_POS, TOKEN_FLOAT, TOKEN_IDENT, TOKEN_INTEGER, TOKEN_INTERPOL_END, TOKEN_OR,
        TOKEN_PATH_ABS, TOKEN_PATH_HOME, TOKEN_PATH_REL, TOKEN_PATH_SEARCH, TOKEN_R_BRACE,
        TOKEN_R_BRACK, TOKEN_R_PAREN, TOKEN_STRING_END, TOKEN_URI,
    };
    matches!(
        kind,
        TOKEN_IDENT
            | TOKEN_OR
            | TOKEN_INTEGER
            | TOKEN_FLOAT
            | TOKEN_URI
            | TOKEN_CUR_POS
            | TOKEN_PATH_ABS
            | TOKEN_PATH_HOME
            | TOKEN_PATH_REL
            | TOKEN_PATH_SEARCH
            | TOKEN_STRING_END
            | TOKEN_INTERPOL_END
            | TOKEN_R_BRACE
            | TOKEN_R_BRACK
            | TOKEN_R_PAREN
    )
}

fn error_offset(error: &rnix::ParseError) -> Option<usize> {
    use rnix::ParseError::{
        DuplicatedArgs, Unexpected, UnexpectedDoubleBind, UnexpectedExtra, UnexpectedWanted,
    };
    match error {
        Unexpected(range)
        | UnexpectedExtra(range)
        | UnexpectedDoubleBind(range)
        | UnexpectedWanted(_, range, _)
        | DuplicatedArgs(range, _) => Some(range.start().into()),
        _ => None,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(in crate::nixfiles) fn parse(text: &str) -> Result<ast::Root, SyntaxDefect> {
        parse_up_to(LARGEST_SOURCE, text)
    }

    /// One of each token, and what belongs together.
    const WORDS: [&str; 46] = [
        "a", "1", "1.5", "\"", "\"s\"", "''", "${", "}", "{", "[", "]", "(", ")", "a:", ":", ";",
        "=", "a =", ".", ",", "?", "@", "...", "+", "-", "*", "/", "++", "//", "==", "->", "!",
        "&&", "||", "<", "|>", "or", "with", "assert", "let", "in", "if", "then", "else", "rec",
        "inherit",
    ];

    /// Texts made of tokens in any order, and of one short run of them many times over.
    pub(in crate::nixfiles) fn token_soup() -> impl Strategy<Value = String> {
        let words = proptest::collection::vec(proptest::sample::select(&WORDS[..]), 1..12);
        (words, prop_oneof![Just(1_usize), 1..40_usize, Just(8_000)])
            .prop_map(|(words, times)| format!("{} ", words.join(" ")).repeat(times))
    }

    #[test]
    fn what_is_nested_100_000_deep_is_refused() {
        for start in [
            "[",
            "{a=",
            "(",
            "\"${",
            "''${",
            "a: ",
            "-",
            "!",
            "let a=",
            "with a; ",
            "x.y or ",
            "1+",
            "f ",
            "a->",
            "a//",
            "if a then b else ",
            "{a,b}: ",
            "${",
            "rec {a=",
        ] {
            let text = start.repeat(100_000);
            assert!(parse(&text).is_err(), "{start}");
            let closed = format!("{}a", start.repeat(40_000));
            assert!(parse(&closed).is_err(), "{start}");
        }
        for (start, end) in [
            ("[", "]"),
            ("(", ")"),
            ("{a=", ";}"),
            ("\"${", "}\""),
            ("let a=1; in ", ""),
            ("let a=", "; in a"),
            ("with a; ", ""),
            ("assert a; ", ""),
            ("(x: ", ")"),
        ] {
            let text = format!("{}1{}", start.repeat(50_000), end.repeat(50_000));
            assert!(
                matches!(parse(&text), Err(SyntaxDefect::TooDeep { line: 1 })),
                "{start}"
            );
        }
    }

    #[test]
    fn what_is_just_below_the_limit_is_read() {
        for (start, end, levels) in [
            ("[", "]", 490),
            ("(", ")", 240),
            ("{a=", ";}", 120),
            ("let a=", "; in a", 120),
            ("a ++ ", "", 240),
            ("- ", "", 490),
            ("f ", "", 490),
            ("a: ", "", 240),
            ("a.b or ", "", 120),
        ] {
            let text = format!("{}1{}", start.repeat(levels), end.repeat(levels));
            assert!(
                matches!(parse(&text), Ok(_) | Err(SyntaxDefect::Invalid { .. })),
                "{start}"
            );
        }
        assert!(parse(&format!("{}1{}", "[".repeat(490), "]".repeat(490))).is_ok());
    }

    #[test]
    fn long_but_flat_files_are_read() {
        let bindings = (0..20_000)
            .map(|n| format!("a{n} = with x; [ {n} \"s${{x}}\" ];\n"))
            .collect::<Vec<_>>()
            .concat();
        parse(&format!("{{\n{bindings}}}")).unwrap();
        let elements = "\"ssh-ed25519 AAAA\" (f x) a.b\n".repeat(20_000);
        parse(&format!("[ {elements} ]")).unwrap();
        parse(&format!("\"{}\"", "${a} b ".repeat(20_000))).unwrap();
    }

    #[test]
    fn a_mistake_is_told_with_its_line() {
        assert_eq!(
            parse("{\n  a = ;\n}").unwrap_err(),
            SyntaxDefect::Invalid { line: 2 }
        );
        assert_eq!(
            parse("{\n  a = 1\n}").unwrap_err(),
            SyntaxDefect::Invalid { line: 3 }
        );
        assert_eq!(
            parse("{\n  a = ( 1;\n}").unwrap_err(),
            SyntaxDefect::Invalid { line: 2 }
        );
        assert_eq!(parse("").unwrap_err(), SyntaxDefect::Invalid { line: 1 });
        assert_eq!(
            parse(&" ".repeat(LARGEST_SOURCE + 1)).unwrap_err(),
            SyntaxDefect::TooLarge {
                limit: LARGEST_SOURCE
            }
        );
    }

    #[test]
    fn usual_nix_is_read() {
        for text in [
            "{ config, lib, ... }@args: { imports = [ ./a.nix ]; x = lib.mkIf (a ? b && !c) { y = \"z\"; }; }",
            "let inherit (x) a b; inherit c; in rec { a.\"b\".${c} = 1; inherit; } // { }",
            "args@{ a ? { b = 1; }, b, }: with a; assert b != null; ''x ${b} ''' ''$ y''",
            "if a then -1 else a.b or (c: d) [ ] <nixpkgs> ~/x /y https://example.org",
            "{ }: { }",
            "a |> b",
        ] {
            assert!(parse(text).is_ok(), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

        #[test]
        fn no_order_of_tokens_overflows_or_panics(text in token_soup()) {
            parse(&text).ok();
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,60}") {
            parse(&text).ok();
        }

        #[test]
        fn tokens_cover_the_text(text in token_soup()) {
            let length: usize = rnix::tokenize(&text).map(|(_, token)| token.len()).sum();
            prop_assert_eq!(length, text.len());
        }
    }
}
