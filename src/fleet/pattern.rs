//! Patterns for the names a role allows: DNS names, addresses of mail, URIs, common names. What a name is belongs to `san`.

use std::collections::BTreeSet;
use std::fmt;

use thiserror::Error;

use crate::x509::san::{DnsName, EmailAddress, SanError, Uri};

/// A domain, or where the role says so a pattern of DNS names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DomainPattern {
    Domain(DnsName),
    /// `*` stands for any part of one label, `**` for any number of labels.
    Glob(Glob),
}

/// Addresses of mail: `*` stands for any part of the local part or of one label, `**` also for several labels.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailPattern(Parts);

/// URIs: `*` stands for any part of one label or one path segment, `**` for several. The scheme is always written out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UriPattern(Parts);

/// Common names that are no DNS name or address: `*` stands for any text without `:` and `/`, `**` for any text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextPattern(Glob);

/// A text in which some places are open.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Glob(Vec<Token>);

/// Why a text is not a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PatternError {
    #[error("a pattern is empty; remove it")]
    Empty,
    #[error(
        "domain {text:?} starts with a dot; write {cure:?}, and say with allowSubdomains whether the names below it are meant"
    )]
    Dot { text: String, cure: String },
    #[error(
        "domain {text:?} is a pattern; set allowGlobDomains = true, or write the domain alone and set allowSubdomains or allowWildcards"
    )]
    GlobNotAllowed { text: String },
    #[error("{text:?} is no name and no pattern of names: {source}")]
    Name { text: String, source: SanError },
    #[error(
        "pattern {text:?} has other than ASCII characters; write them as they stand in certificates (xn--…, %…)"
    )]
    NotAscii { text: String },
    #[error(
        "pattern {text:?}: the scheme of a URI must be written out, like \"spiffe://example.org/**\", or \"*\" for any URI"
    )]
    Scheme { text: String },
    #[error("pattern {text:?} contains a control character; remove it")]
    ControlCharacter { text: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Token {
    Literal(char),
    /// Any text that stays within one component.
    Star,
    /// Any text that stays within the part of the name.
    DoubleStar,
}

/// A name of several parts is matched part by part, so that what is open in one never swallows the next: else
/// `spiffe://*.example.org/db` would allow `spiffe://evil.example/x.example.org/db`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Parts {
    Any,
    Of { text: String, globs: Vec<Glob> },
}

impl DomainPattern {
    /// Reads a domain; one with `*` in it only if `globs` are allowed.
    ///
    /// # Errors
    /// `PatternError` with what to write instead.
    pub fn parse(text: &str, globs: Globs) -> Result<Self, PatternError> {
        let owned = || text.to_owned();
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        if let Some(cure) = text.strip_prefix('.') {
            return Err(PatternError::Dot {
                text: owned(),
                cure: cure.to_owned(),
            });
        }
        if !text.contains('*') {
            let name = DnsName::parse(text);
            return name.map(Self::Domain).map_err(|source| PatternError::Name {
                text: owned(),
                source,
            });
        }
        if globs == Globs::Refused {
            return Err(PatternError::GlobNotAllowed { text: owned() });
        }
        let lower = ascii(text)?.to_ascii_lowercase();
        check(text, DnsName::parse(&example(&lower)))?;
        Ok(Self::Glob(Glob::parse(&lower)))
    }
}

/// Whether a domain may be a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Globs {
    Allowed,
    Refused,
}

impl EmailPattern {
    /// Reads `*@example.org` and the like; `*` alone stands for every address.
    ///
    /// # Errors
    /// `Empty`, `NotAscii`, or `Name` for what no address could match.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if text == "*" {
            return Ok(Self(Parts::Any));
        }
        check(text, EmailAddress::parse(&example(ascii(text)?)))?;
        let (local, host) = text.rsplit_once('@').unwrap_or_default();
        let host = host.to_ascii_lowercase();
        Ok(Self(Parts::Of {
            text: format!("{local}@{host}"),
            globs: vec![Glob::parse(local), Glob::parse(&host)],
        }))
    }

    pub fn matches(&self, address: &EmailAddress) -> bool {
        let local = address.as_str().rsplit_once('@');
        let local = local.map_or("", |(local, _)| local);
        match self.0.globs() {
            None => true,
            Some([local_glob, host]) => {
                local_glob.anywhere(local) && host.in_labels(address.host())
            }
            Some(_) => false,
        }
    }
}

impl UriPattern {
    /// Reads `spiffe://example.org/**` and the like; `*` alone stands for every URI.
    ///
    /// # Errors
    /// `Empty`, `NotAscii`, `Scheme`, or `Name` for what no URI could match.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if text == "*" {
            return Ok(Self(Parts::Any));
        }
        let scheme = ascii(text)?.split(':').next().unwrap_or_default();
        if scheme.contains('*') || scheme.len() == text.len() {
            return Err(PatternError::Scheme {
                text: text.to_owned(),
            });
        }
        check(text, Uri::parse(&example(text)))?;
        let canonical = canonical_uri(text);
        let globs = uri_parts(&canonical).map(Glob::parse).to_vec();
        Ok(Self(Parts::Of {
            text: canonical,
            globs,
        }))
    }

    /// Whether the URI, in canonical form, is one of these.
    pub fn matches(&self, uri: &Uri) -> bool {
        let [scheme, authority, path] = uri_parts(uri.as_str());
        match self.0.globs() {
            None => true,
            Some([schemes, authorities, paths]) => {
                schemes.exactly(scheme)
                    && authorities.in_authority(authority)
                    && paths.in_segments(path)
            }
            Some(_) => false,
        }
    }
}

impl TextPattern {
    /// # Errors
    /// `Empty` or `ControlCharacter`.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        if text.chars().any(char::is_control) {
            return Err(PatternError::ControlCharacter {
                text: text.to_owned(),
            });
        }
        Ok(Self(Glob::parse(text)))
    }

    pub fn matches(&self, text: &str) -> bool {
        self.0.matches(text, |c| matches!(c, ':' | '/'), |_| false)
    }
}

impl Parts {
    /// None where everything matches.
    fn globs(&self) -> Option<&[Glob]> {
        match self {
            Self::Any => None,
            Self::Of { globs, .. } => Some(globs),
        }
    }
}

impl Glob {
    /// `**` and longer runs of stars are one `DoubleStar`.
    fn parse(text: &str) -> Self {
        let mut tokens: Vec<Token> = Vec::new();
        for c in text.chars() {
            match (c, tokens.last_mut()) {
                ('*', Some(last @ (Token::Star | Token::DoubleStar))) => *last = Token::DoubleStar,
                ('*', _) => tokens.push(Token::Star),
                (c, _) => tokens.push(Token::Literal(c)),
            }
        }
        Self(tokens)
    }

    /// Whether a DNS name is one of these. A wildcard name is, if every name it stands for is: no literal equals its `*`.
    pub fn matches_dns(&self, name: &DnsName) -> bool {
        self.in_labels(name.as_str())
    }

    fn in_labels(&self, text: &str) -> bool {
        self.matches(text, |c| c == '.', |_| false)
    }

    fn anywhere(&self, text: &str) -> bool {
        self.matches(text, |_| false, |_| false)
    }

    fn exactly(&self, text: &str) -> bool {
        self.matches(text, |_| true, |_| true)
    }

    /// Nothing open stands for user information or a port.
    fn in_authority(&self, text: &str) -> bool {
        let ends = |c| matches!(c, '@' | ':');
        self.matches(text, |c| c == '.' || ends(c), ends)
    }

    fn in_segments(&self, text: &str) -> bool {
        self.matches(text, |c| matches!(c, '/' | ':' | '?' | '#'), |_| false)
    }

    /// All places in the pattern where the text read so far may have led, so that time is bounded by the product of the lengths.
    fn matches(
        &self,
        text: &str,
        ends_star: impl Fn(char) -> bool,
        ends_double_star: impl Fn(char) -> bool,
    ) -> bool {
        let mut reached = self.with_empty_stars(BTreeSet::from([0]));
        for c in text.chars() {
            let next = reached.iter().filter_map(|at| match self.0.get(*at)? {
                Token::Literal(literal) if *literal == c => Some(at + 1),
                Token::Star if !ends_star(c) => Some(*at),
                Token::DoubleStar if !ends_double_star(c) => Some(*at),
                _ => None,
            });
            reached = self.with_empty_stars(next.collect());
        }
        reached.contains(&self.0.len())
    }

    /// Stars may stand for nothing.
    fn with_empty_stars(&self, mut reached: BTreeSet<usize>) -> BTreeSet<usize> {
        for (at, token) in self.0.iter().enumerate() {
            if matches!(token, Token::Star | Token::DoubleStar) && reached.contains(&at) {
                reached.insert(at + 1);
            }
        }
        reached
    }
}

/// A URI with scheme and authority in lower case, as they are compared (RFC 3986 §6.2.2.1).
pub(crate) fn canonical_uri(text: &str) -> String {
    let [scheme, authority, path] = uri_parts(text);
    let slashes = if has_authority(text) { "//" } else { "" };
    format!(
        "{}:{slashes}{}{path}",
        scheme.to_ascii_lowercase(),
        authority.to_ascii_lowercase()
    )
}

/// Scheme, authority and everything behind it. Empty where there is none.
fn uri_parts(text: &str) -> [&str; 3] {
    let (scheme, rest) = text.split_once(':').unwrap_or((text, ""));
    match rest.strip_prefix("//") {
        Some(rest) => {
            let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            let (authority, path) = rest.split_at(end);
            [scheme, authority, path]
        }
        None => [scheme, "", rest],
    }
}

fn has_authority(text: &str) -> bool {
    text.split_once(':')
        .is_some_and(|(_, rest)| rest.starts_with("//"))
}

fn ascii(text: &str) -> Result<&str, PatternError> {
    match text {
        "" => Err(PatternError::Empty),
        text if text.is_ascii() => Ok(text),
        text => Err(PatternError::NotAscii {
            text: text.to_owned(),
        }),
    }
}

/// A text that the pattern matches: if that is no name, nothing the pattern matches is likely to be one.
fn example(pattern: &str) -> String {
    let mut text = String::with_capacity(pattern.len());
    let mut before = ' ';
    for c in pattern.chars() {
        match c {
            '*' if before == '*' => {}
            '*' => text.push('a'),
            c => text.push(c),
        }
        before = c;
    }
    text
}

fn check<T>(text: &str, parsed: Result<T, SanError>) -> Result<(), PatternError> {
    parsed.map(drop).map_err(|source| PatternError::Name {
        text: text.to_owned(),
        source,
    })
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|token| match token {
            Token::Literal(c) => write!(f, "{c}"),
            Token::Star => f.write_str("*"),
            Token::DoubleStar => f.write_str("**"),
        })
    }
}

impl fmt::Display for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Of { text, .. } => f.write_str(text),
        }
    }
}

impl fmt::Display for DomainPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain(name) => name.fmt(f),
            Self::Glob(glob) => glob.fmt(f),
        }
    }
}

impl fmt::Display for EmailPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for UriPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for TextPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glob(text: &str) -> Glob {
        match DomainPattern::parse(text, Globs::Allowed).unwrap() {
            DomainPattern::Glob(glob) => glob,
            DomainPattern::Domain(name) => panic!("{name} is no pattern"),
        }
    }

    fn has_dns(pattern: &str, name: &str) -> bool {
        glob(pattern).matches_dns(&DnsName::parse(name).unwrap())
    }

    fn has_uri(pattern: &str, uri: &str) -> bool {
        UriPattern::parse(pattern)
            .unwrap()
            .matches(&Uri::parse(uri).unwrap())
    }

    fn has_email(pattern: &str, address: &str) -> bool {
        EmailPattern::parse(pattern)
            .unwrap()
            .matches(&EmailAddress::parse(address).unwrap())
    }

    #[test]
    fn a_star_stays_within_its_label_and_two_do_not() {
        assert!(has_dns("web-*.example.org", "web-1.example.org"));
        assert!(!has_dns("web-*.example.org", "web-1.evil.example.org"));
        assert!(has_dns("**.example.org", "a.b.example.org"));
        assert!(!has_dns("**.example.org", "example.org"));
        assert!(!has_dns("*.example.org", "a.example.org.evil.example"));
    }

    #[test]
    fn a_wildcard_name_matches_only_where_all_its_names_do() {
        assert!(has_dns("*.example.org", "*.example.org"));
        assert!(!has_dns("web-*.example.org", "*.example.org"));
        assert!(!has_dns("*b.example.org", "*.example.org"));
    }

    #[test]
    fn the_open_place_of_an_authority_swallows_no_path_port_or_user() {
        assert!(has_uri(
            "spiffe://*.example.org/db",
            "spiffe://a.example.org/db"
        ));
        assert!(!has_uri(
            "spiffe://*.example.org/db",
            "spiffe://evil.example/x.example.org/db"
        ));
        assert!(!has_uri(
            "https://**.example.org/",
            "https://u@a.example.org/"
        ));
        assert!(!has_uri(
            "https://example.org**",
            "https://example.org:8443"
        ));
        assert!(!has_uri("https://example.org*", "https://example.org/path"));
    }

    #[test]
    fn the_open_place_of_a_path_ends_with_its_segment() {
        assert!(has_uri(
            "spiffe://example.org/ns/*/sa/*",
            "spiffe://example.org/ns/a/sa/b"
        ));
        assert!(!has_uri(
            "spiffe://example.org/ns/*/sa/*",
            "spiffe://example.org/ns/a/sa/b/c"
        ));
        assert!(has_uri(
            "spiffe://example.org/**",
            "spiffe://example.org/ns/a/sa/b"
        ));
        assert!(has_uri("urn:uuid:*", "urn:uuid:7e57"));
        assert!(!has_uri("spiffe://example.org/a", "spiffe://example.org/A"));
        assert!(has_uri("*", "http://anything.example/at?all"));
    }

    #[test]
    fn an_address_of_mail_is_matched_in_two_parts() {
        assert!(has_email("*@example.org", "Alice@example.org"));
        assert!(!has_email("*@example.org", "alice@a.example.org"));
        assert!(has_email("*@**.Example.org", "alice@a.b.example.org"));
        assert!(!has_email("alice@example.org", "Alice@example.org"));
        assert!(has_email("*", "anyone@anywhere.example"));
    }

    #[test]
    fn a_common_name_keeps_its_colons() {
        let matches = |pattern, text| TextPattern::parse(pattern).unwrap().matches(text);
        assert!(matches("system:node:*", "system:node:w1"));
        assert!(!matches("system:node:*", "system:node:w1:x"));
        assert!(!matches("*", "system:masters"));
        assert!(matches("**", "system:masters"));
        assert!(matches("Alice *", "Alice Example"));
    }

    #[test]
    fn says_what_is_wrong_with_a_pattern() {
        let domain = |text| DomainPattern::parse(text, Globs::Refused).unwrap_err();
        let texts = [
            domain(""),
            domain(".example.org"),
            domain("*.example.org"),
            domain("exa mple.org"),
            DomainPattern::parse("*.größe.example", Globs::Allowed).unwrap_err(),
            DomainPattern::parse("*..example.org", Globs::Allowed).unwrap_err(),
            EmailPattern::parse("example.org").unwrap_err(),
            UriPattern::parse("*://example.org/").unwrap_err(),
            UriPattern::parse("example.org").unwrap_err(),
            UriPattern::parse("https://").unwrap_err(),
            TextPattern::parse("a\0").unwrap_err(),
        ];
        let texts: Vec<String> = texts.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(texts.join("\n"), @r#"
        a pattern is empty; remove it
        domain ".example.org" starts with a dot; write "example.org", and say with allowSubdomains whether the names below it are meant
        domain "*.example.org" is a pattern; set allowGlobDomains = true, or write the domain alone and set allowSubdomains or allowWildcards
        "exa mple.org" is no name and no pattern of names: name "exa mple.org" contains a blank or control character; write one name per list element, without blanks
        pattern "*.größe.example" has other than ASCII characters; write them as they stand in certificates (xn--…, %…)
        "*..example.org" is no name and no pattern of names: dns name "a..example.org" has an empty label; remove the extra dot
        "example.org" is no name and no pattern of names: email "example.org" is not "local@host" in ASCII (RFC 5280 §4.2.1.6); correct it
        pattern "*://example.org/": the scheme of a URI must be written out, like "spiffe://example.org/**", or "*" for any URI
        pattern "example.org": the scheme of a URI must be written out, like "spiffe://example.org/**", or "*" for any URI
        "https://" is no name and no pattern of names: uri "https://" is not an absolute URI in ASCII, like "spiffe://example.org/db" (RFC 3986 §4.3); percent-encode other characters
        pattern "a\0" contains a control character; remove it
        "#);
    }
}
