//! Which artifacts a word on the command line means.

use std::fmt;
use std::str::FromStr;

use crate::fleet::ArtifactId;

/// A name or pattern: `cp1` or `kubelet` (any part of the id), `cp1/cluster/*`, `ca/cluster`. `*` and `?` stay within one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    parts: Vec<String>,
}

/// Why a word is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    #[error(
        "{0:?} names nothing; write a host, a certificate, or `<host>/<authority>/<certificate>`, `ca/<authority>` or `shared/<key pair>` with `*` for any"
    )]
    Shape(String),
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<String> = text.split('/').map(str::to_owned).collect();
        if parts.len() > 3 || parts.iter().any(String::is_empty) {
            return Err(PatternError::Shape(text.to_owned()));
        }
        Ok(Self { parts })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.parts.join("/"))
    }
}

impl Pattern {
    /// Whether the pattern selects the artifact: one part may match anywhere in the id, several must match in order from the start.
    pub fn selects(&self, id: &ArtifactId) -> bool {
        let id = id.to_string();
        let names: Vec<&str> = id.split('/').collect();
        match self.parts.as_slice() {
            [only] => names.iter().any(|name| glob(only, name)),
            parts => {
                parts.len() == names.len()
                    && parts.iter().zip(names).all(|(part, name)| glob(part, name))
            }
        }
    }

    /// Whether the pattern asks for a new key: a leaf is selected, but an authority or a key pair, with which others stand or
    /// fall, has to be named in full.
    pub fn asks_to_replace(&self, id: &ArtifactId) -> bool {
        if id.is_conservative() {
            self.names(id)
        } else {
            self.selects(id)
        }
    }

    /// Whether the pattern is this very name, with nothing left to expansion.
    pub fn names(&self, id: &ArtifactId) -> bool {
        self.to_string() == id.to_string()
    }
}

/// Matches `*` (any run) and `?` (one character), everything else literally.
fn glob(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(c) if *c == '?' || Some(c) == text.get(t) => {
                p += 1;
                t += 1;
            }
            _ => match retry {
                Some((after_star, from)) => {
                    retry = Some((after_star, from + 1));
                    p = after_star;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Name;

    fn leaf() -> ArtifactId {
        let name = |text| Name::new(text).unwrap();
        ArtifactId::Leaf {
            host: name("cp1"),
            authority: name("cluster"),
            name: name("kube-proxy"),
        }
    }

    fn selects(pattern: &str, id: &ArtifactId) -> bool {
        pattern.parse::<Pattern>().unwrap().selects(id)
    }

    #[test]
    fn one_word_means_a_host_an_authority_or_a_certificate() {
        for pattern in ["cp1", "cluster", "kube-proxy", "kube-*", "c?1", "*"] {
            assert!(selects(pattern, &leaf()), "{pattern}");
        }
        for pattern in ["cp", "proxy", "cp1x", "?"] {
            assert!(!selects(pattern, &leaf()), "{pattern}");
        }
    }

    #[test]
    fn several_parts_match_from_the_start_and_a_star_stays_in_its_part() {
        assert!(selects("cp1/cluster/*", &leaf()));
        assert!(selects("*/*/kube-*y", &leaf()));
        assert!(!selects("cp1/*", &leaf()));
        assert!(!selects("ca/cluster", &leaf()));
    }

    #[test]
    fn only_a_full_name_asks_for_the_key_that_others_stand_on() {
        let pair = ArtifactId::KeyPair(Name::new("service-account").unwrap());
        let asks = |pattern: &str, id| pattern.parse::<Pattern>().unwrap().asks_to_replace(id);
        assert!(selects("service-account", &pair) && selects("shared", &pair));
        assert!(asks("shared/service-account", &pair));
        for pattern in ["*", "shared", "shared/*", "service-account"] {
            assert!(!asks(pattern, &pair), "{pattern}");
        }
        assert!(asks("*", &leaf()));
    }

    #[test]
    fn refuses_what_cannot_be_an_id() {
        for text in ["", "/", "a//b", "a/b/c/d", "cp1/"] {
            assert!(text.parse::<Pattern>().is_err(), "{text:?}");
        }
    }
}
