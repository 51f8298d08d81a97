//! Owns the reading of a Nix source into its definitions, `path = value;`, from tokens alone.

use rnix::SyntaxKind::{
    self, TOKEN_ASSERT, TOKEN_ASSIGN, TOKEN_DOT, TOKEN_FLOAT, TOKEN_IDENT, TOKEN_IN, TOKEN_INHERIT,
    TOKEN_INTEGER, TOKEN_INTERPOL_END, TOKEN_INTERPOL_START, TOKEN_L_BRACE, TOKEN_L_BRACK,
    TOKEN_L_PAREN, TOKEN_LET, TOKEN_OR, TOKEN_PATH_ABS, TOKEN_PATH_HOME, TOKEN_PATH_REL,
    TOKEN_R_BRACE, TOKEN_R_BRACK, TOKEN_R_PAREN, TOKEN_SEMICOLON, TOKEN_STRING_CONTENT,
    TOKEN_STRING_END, TOKEN_STRING_START, TOKEN_URI, TOKEN_WITH,
};

use super::syntax::tokens;

/// The option every path starts from.
const TOP_OPTION: &str = "certToolkit";
/// No option lies deeper; what does is data that nobody asks for.
pub(super) const DEEPEST_PATH: usize = 32;

/// One component of an attribute path as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    Name(String),
    /// `${…}`, which may turn out to be anything.
    Computed,
    /// What is bound by `let` is no option.
    Local,
}

impl Key {
    pub(super) fn is(&self, name: &str) -> bool {
        matches!(self, Self::Name(own) if own == name)
    }

    pub(super) fn may_be(&self, name: &str) -> bool {
        self.is(name) || *self == Self::Computed
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// One `path = value;` with the constants its value holds outside of nested attribute sets.
#[derive(Debug)]
pub(super) struct Definition {
    pub(super) path: Vec<Key>,
    pub(super) place: Place,
    pub(super) words: Vec<Word>,
}

#[derive(Debug)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) place: Place,
}

impl Definition {
    /// The path below `certToolkit`, or below `hosts.<name>` in a plain file that does without it.
    pub(super) fn option_path(&self) -> Option<&[Key]> {
        let top = self.path.iter().position(|key| key.is(TOP_OPTION));
        match (top, self.path.as_slice()) {
            (Some(top), path) => path.get(top + 1..),
            (None, [hosts, _, option @ ..]) if hosts.is("hosts") && !option.is_empty() => {
                Some(option)
            }
            (None, _) => None,
        }
    }

    pub(super) fn word(&self, text: &str) -> Option<&Word> {
        self.words.iter().find(|word| word.text == text)
    }
}

pub(super) fn definitions_in(text: &str) -> Vec<Definition> {
    let mut reader = Reader::default();
    for (kind, token, start) in tokens(text) {
        reader.read(
            kind,
            token,
            Place {
                start,
                end: start + token.len(),
            },
        );
    }
    reader.definitions
}

/// Follows the tokens of a file with the stack of what is open.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) frames: Vec<Frame>,
    /// The attribute path of the value being read.
    pub(super) path: Vec<Key>,
    pub(super) definitions: Vec<Definition>,
}

#[derive(Debug)]
pub(super) struct Frame {
    pub(super) opener: SyntaxKind,
    /// How much of the path was there before.
    pub(super) base: usize,
    /// The definition whose value is being read.
    pub(super) definition: Option<usize>,
    pub(super) state: State,
    /// `with` and `assert` whose `;` is still to come.
    pub(super) prefixes: usize,
}

#[derive(Debug)]
pub(super) enum State {
    /// Between bindings, or in the attribute path of one.
    Path {
        keys: Vec<Key>,
        place: Option<Place>,
        after_dot: bool,
    },
    Inherit,
    Value,
    /// The text so far of a string, with the place of its opening quote; `None` once it is not constant.
    Text {
        text: Option<String>,
        quote: Place,
    },
}

impl State {
    pub(super) fn start() -> Self {
        Self::Path {
            keys: Vec::new(),
            place: None,
            after_dot: false,
        }
    }
}

impl Reader {
    pub(super) fn read(&mut self, kind: SyntaxKind, token: &str, place: Place) {
        match kind {
            TOKEN_L_BRACE | TOKEN_LET => self.open(kind, State::start()),
            TOKEN_L_BRACK | TOKEN_L_PAREN => self.open(kind, State::Value),
            TOKEN_INTERPOL_START => {
                self.add_key(Key::Computed, place);
                self.open(kind, State::Value);
            }
            TOKEN_STRING_START => self.open(
                kind,
                State::Text {
                    text: Some(String::new()),
                    quote: place,
                },
            ),
            TOKEN_STRING_END => self.end_string(place),
            TOKEN_R_BRACE => self.close(TOKEN_L_BRACE),
            TOKEN_R_BRACK => self.close(TOKEN_L_BRACK),
            TOKEN_R_PAREN => self.close(TOKEN_L_PAREN),
            TOKEN_IN => self.close(TOKEN_LET),
            TOKEN_INTERPOL_END => self.end_interpolation(),
            TOKEN_STRING_CONTENT => self.add_text(token),
            TOKEN_IDENT | TOKEN_OR => self.add_key(Key::Name(token.to_owned()), place),
            TOKEN_ASSIGN => self.begin_value(),
            TOKEN_SEMICOLON => self.end_binding(),
            TOKEN_INHERIT => self.set_state(State::Inherit),
            TOKEN_WITH | TOKEN_ASSERT => self.add_prefix(),
            TOKEN_INTEGER | TOKEN_FLOAT | TOKEN_PATH_ABS | TOKEN_PATH_HOME | TOKEN_PATH_REL
            | TOKEN_URI => {
                self.add_word(token.to_owned(), place);
            }
            TOKEN_DOT => self.continue_path(),
            _ => self.restart_path(),
        }
    }

    pub(super) fn open(&mut self, opener: SyntaxKind, state: State) {
        let base = self.path.len();
        let binds = matches!(opener, TOKEN_L_BRACE | TOKEN_LET);
        let definition = self
            .frames
            .last()
            .and_then(|frame| frame.definition)
            .filter(|_| !binds);
        self.frames.push(Frame {
            opener,
            base,
            definition,
            state,
            prefixes: 0,
        });
        if opener == TOKEN_LET {
            self.path.push(Key::Local);
        }
    }

    /// Ends the innermost frame of this kind; what was left open in it ends with it.
    pub(super) fn close(&mut self, opener: SyntaxKind) {
        if let Some(index) = self.frames.iter().rposition(|frame| frame.opener == opener) {
            if let Some(frame) = self.frames.get(index) {
                self.path.truncate(frame.base);
            }
            self.frames.truncate(index);
        }
    }

    /// A string with an interpolation is not constant, and neither is a key made of one.
    pub(super) fn end_interpolation(&mut self) {
        self.close(TOKEN_INTERPOL_START);
        if let Some(Frame {
            state: State::Text { text, .. },
            ..
        }) = self.frames.last_mut()
        {
            *text = None;
        }
    }

    pub(super) fn end_string(&mut self, end: Place) {
        let Some(index) = self
            .frames
            .iter()
            .rposition(|frame| frame.opener == TOKEN_STRING_START)
        else {
            return;
        };
        let string = self.frames.drain(index..).next();
        let Some(Frame {
            state: State::Text { text, quote },
            ..
        }) = string
        else {
            return;
        };
        let place = Place {
            start: quote.start,
            end: end.end,
        };
        self.add_key(text.clone().map_or(Key::Computed, Key::Name), place);
        if let Some(text) = text {
            self.add_word(text, place);
        }
    }

    pub(super) fn add_text(&mut self, token: &str) {
        if let Some(Frame {
            state: State::Text {
                text: Some(text), ..
            },
            ..
        }) = self.frames.last_mut()
        {
            text.push_str(token);
        }
    }

    pub(super) fn add_key(&mut self, key: Key, key_place: Place) {
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        match &mut frame.state {
            State::Path {
                keys,
                place,
                after_dot,
            } => {
                // Two names in a row are the arguments of a function, or a mistake.
                if !std::mem::take(after_dot) {
                    keys.clear();
                    *place = None;
                }
                let start = place.map_or(key_place.start, |place| place.start);
                *place = Some(Place {
                    start,
                    end: key_place.end,
                });
                keys.push(key);
            }
            State::Inherit => {
                self.path
                    .truncate(frame.base + usize::from(frame.opener == TOKEN_LET));
                self.path.push(key);
                self.define(key_place);
                self.path.pop();
            }
            State::Value | State::Text { .. } => {}
        }
    }

    pub(super) fn add_word(&mut self, text: String, place: Place) {
        let Some(frame) = self
            .frames
            .last()
            .filter(|frame| matches!(frame.state, State::Value))
        else {
            return;
        };
        if let Some(definition) = frame
            .definition
            .and_then(|index| self.definitions.get_mut(index))
        {
            definition.words.push(Word { text, place });
        }
    }

    pub(super) fn begin_value(&mut self) {
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        if let State::Path {
            keys,
            place: Some(place),
            ..
        } = std::mem::replace(&mut frame.state, State::Value)
        {
            self.path
                .truncate(frame.base + usize::from(frame.opener == TOKEN_LET));
            self.path.extend(keys);
            let index = self.define(place);
            if let Some(frame) = self.frames.last_mut() {
                frame.definition = index;
            }
        }
    }

    pub(super) fn define(&mut self, place: Place) -> Option<usize> {
        if self.path.len() > DEEPEST_PATH {
            return None;
        }
        self.definitions.push(Definition {
            path: self.path.clone(),
            place,
            words: Vec::new(),
        });
        Some(self.definitions.len() - 1)
    }

    pub(super) fn end_binding(&mut self) {
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        if frame.prefixes > 0 {
            frame.prefixes -= 1;
        } else if matches!(frame.opener, TOKEN_L_BRACE | TOKEN_LET) {
            frame.state = State::start();
            frame.definition = None;
            self.path
                .truncate(frame.base + usize::from(frame.opener == TOKEN_LET));
        }
    }

    pub(super) fn set_state(&mut self, state: State) {
        if let Some(frame) = self
            .frames
            .last_mut()
            .filter(|frame| matches!(frame.state, State::Path { .. }))
        {
            frame.state = state;
        }
    }

    pub(super) fn add_prefix(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.prefixes += 1;
        }
    }

    pub(super) fn continue_path(&mut self) {
        if let Some(Frame {
            state: State::Path { after_dot, .. },
            ..
        }) = self.frames.last_mut()
        {
            *after_dot = true;
        }
    }

    /// `{ lib, config ? { }, ... }:` opens like an attribute set and is none.
    pub(super) fn restart_path(&mut self) {
        self.set_state(State::start());
    }
}
