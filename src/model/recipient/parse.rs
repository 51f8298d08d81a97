//! Owns reading a recipient, and saying what a text is that is none.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD};
use sha2::{Digest as _, Sha256};
use ssh_key::public::KeyData;

use super::{Recipient, RecipientKind};

/// The RSA sizes age seals to: below, the key is weak; above, the `age` library refuses it.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;

/// Reads one recipient in any of the spellings people have at hand.
pub(super) fn parse(text: &str) -> Result<Recipient, RecipientError> {
    let text = text.trim();
    refuse_private_keys(text)?;
    if text.is_empty() {
        return Err(RecipientError::Empty);
    }
    let lines = text.lines().count();
    if lines > 1 {
        return Err(RecipientError::SeveralLines { lines });
    }
    let parsed = if text.starts_with("age1") {
        parse_age(text)
    } else {
        parse_ssh(text)
    };
    parsed.map_err(|error| error.or_placeholder(text))
}

/// Why a text is no recipient that certificates' keys can be sealed to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecipientError {
    #[error("the recipient is empty; write an `age1…` recipient or an `ssh-ed25519 …` public key")]
    Empty,
    #[error(
        "`{text}` is a placeholder; write the real public key (`age-keygen -y key.txt` or `cat ~/.ssh/id_ed25519.pub` prints yours)"
    )]
    Placeholder { text: String },
    /// The text itself is withheld: it is a secret.
    #[error(
        "this is {kind}, not a public key; it has been written where others can read it, so replace it, and give the public key instead"
    )]
    PrivateKey { kind: &'static str },
    #[error("{lines} lines where one public key belongs; write each key as an entry of its own")]
    SeveralLines { lines: usize },
    #[error(
        "`{options}` in front of the key are authorized_keys options; write the line from `ssh-…` on"
    )]
    Options { options: String },
    #[error(
        "`{host}` in front of the key is a host name, as in known_hosts or the output of ssh-keyscan; write the line from `ssh-…` on"
    )]
    KnownHosts { host: String },
    #[error("age cannot seal to `{key_type}` keys: {reason}")]
    UnsupportedSshKey {
        key_type: String,
        reason: &'static str,
    },
    #[error("an RSA key of {bits} bits; age seals to RSA keys of 2048 to 4096 bits")]
    RsaSize { bits: usize },
    #[error(
        "the `{key_type}` key is damaged ({reason}); copy the whole line of the .pub file again"
    )]
    MalformedSshKey { key_type: String, reason: String },
    #[error("`{text}` is not a complete age recipient ({reason}); copy it again")]
    MalformedAge { text: String, reason: &'static str },
    #[error("`{text}` is a point of small order: anybody could open what is sealed to it")]
    SmallOrder { text: String },
    #[error(
        "`{text}` is a post-quantum recipient, which age does not mix with SSH host keys; use an X25519 recipient (`age-keygen` without -pq)"
    )]
    PostQuantum { text: String },
    #[error(
        "`{text}` is neither an age recipient (age1…) nor an ssh-ed25519 or ssh-rsa public key"
    )]
    Unrecognised { text: String },
}

impl RecipientError {
    /// Where a key is unreadable because the text was meant to be filled in, that is the better thing to say.
    fn or_placeholder(self, text: &str) -> Self {
        let unreadable = matches!(
            self,
            Self::MalformedAge { .. } | Self::MalformedSshKey { .. } | Self::Unrecognised { .. }
        );
        if unreadable && is_placeholder(text) {
            Self::Placeholder {
                text: discreet_excerpt(text),
            }
        } else {
            self
        }
    }
}

fn refuse_private_keys(text: &str) -> Result<(), RecipientError> {
    let upper = text.to_ascii_uppercase();
    let kind = if upper.contains("AGE-SECRET-KEY-") {
        "a secret age identity"
    } else if upper.contains("AGE-PLUGIN-") {
        "an age plugin identity"
    } else if upper.contains("-----BEGIN") && upper.contains("PRIVATE KEY") {
        "a private key"
    } else {
        return Ok(());
    };
    Err(RecipientError::PrivateKey { kind })
}

fn parse_age(text: &str) -> Result<Recipient, RecipientError> {
    let (key, label) = text
        .split_once(char::is_whitespace)
        .map_or((text, ""), |(key, rest)| {
            (key, rest.trim_start_matches([' ', '\t', '#']))
        });
    let malformed = |reason| RecipientError::MalformedAge {
        text: excerpt(key),
        reason,
    };
    let kind = match key.rsplit_once('1').map_or("", |(prefix, _)| prefix) {
        "age" => {
            key.parse::<age::x25519::Recipient>().map_err(malformed)?;
            refuse_small_order(key)?;
            RecipientKind::X25519
        }
        "age1pq" | "age1tagpq" => return Err(RecipientError::PostQuantum { text: excerpt(key) }),
        "age1tag" => {
            key.parse::<age::tag::Recipient>().map_err(malformed)?;
            RecipientKind::Plugin("tag".to_owned())
        }
        _ => {
            let plugin: age::plugin::Recipient = key.parse().map_err(malformed)?;
            RecipientKind::Plugin(plugin.plugin().to_owned())
        }
    };
    Ok(Recipient {
        canonical: key.to_owned(),
        kind,
        ssh_tag: None,
        label: non_empty(label),
    })
}

/// A point of small order makes every shared secret zero (RFC 7748 §6.1), at which the age library panics.
fn refuse_small_order(key: &str) -> Result<(), RecipientError> {
    let point = age_core::primitives::bech32_decode(
        key,
        |_| (),
        |_| Ok(()),
        |_, bytes| Ok(bytes.collect::<Vec<u8>>()),
    );
    if is_small_order(&mut point.unwrap_or_default()) {
        Err(RecipientError::SmallOrder { text: excerpt(key) })
    } else {
        Ok(())
    }
}

fn is_small_order(u: &mut [u8]) -> bool {
    /// The two u-coordinates of order 8, little endian.
    const ORDER_8: [[u8; 32]; 2] = [
        [
            0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f,
            0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16,
            0x5f, 0x49, 0xb8, 0x00,
        ],
        [
            0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83,
            0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd,
            0xd0, 0x9f, 0x11, 0x57,
        ],
    ];
    if let Some(top) = u.last_mut() {
        *top &= 0x7f; // RFC 7748 §5: the top bit is ignored
    }
    match &*u {
        [0 | 1, middle @ .., 0] => middle.iter().all(|byte| *byte == 0),
        // p-1, and p and p+1, which are 0 and 1 in another spelling
        [0xec..=0xee, middle @ .., 0x7f] => middle.iter().all(|byte| *byte == 0xff),
        other => ORDER_8.iter().any(|point| point == other),
    }
}

fn parse_ssh(text: &str) -> Result<Recipient, RecipientError> {
    let mut words = text.splitn(2, [' ', '\t']);
    let key_type = words.next().unwrap_or_default();
    let rest = words.next().unwrap_or_default().trim_start();
    let (body, label) = rest
        .split_once([' ', '\t'])
        .map_or((rest, ""), |(body, label)| (body, label.trim()));
    let kind = match key_type {
        "ssh-ed25519" => RecipientKind::SshEd25519,
        "ssh-rsa" => RecipientKind::SshRsa,
        _ => return Err(why_not_ssh(text, key_type)),
    };
    let canonical = format!("{key_type} {body}");
    let malformed = |reason: String| RecipientError::MalformedSshKey {
        key_type: key_type.to_owned(),
        reason,
    };
    // age reads only as much Base64 as it needs and overlooks what follows; ssh-key reads the whole key.
    let key = ssh_key::PublicKey::from_openssh(&canonical)
        .map_err(|error| malformed(error.to_string()))?;
    check_rsa_size(key.key_data())?;
    canonical
        .parse::<age::ssh::Recipient>()
        .map_err(|_| malformed("the key is not valid".to_owned()))?;
    Ok(Recipient {
        ssh_tag: Some(ssh_tag(body)),
        canonical,
        kind,
        label: non_empty(label),
    })
}

fn check_rsa_size(key: &KeyData) -> Result<(), RecipientError> {
    let KeyData::Rsa(rsa) = key else {
        return Ok(());
    };
    let modulus = rsa.n.as_positive_bytes().unwrap_or_default();
    let leading = modulus
        .first()
        .map_or(0, |byte| byte.leading_zeros() as usize);
    let bits = modulus.len() * 8 - leading;
    if RSA_BITS.contains(&bits) {
        Ok(())
    } else {
        Err(RecipientError::RsaSize { bits })
    }
}

fn ssh_tag(body: &str) -> String {
    let wire = BASE64_STANDARD.decode(body).unwrap_or_default();
    BASE64_STANDARD_NO_PAD.encode(Sha256::digest(wire).get(..4).unwrap_or_default())
}

/// Says what a line is that starts with neither of the two key types age can seal to.
fn why_not_ssh(text: &str, first: &str) -> RecipientError {
    if let Some(reason) = unsupported_ssh_type(first) {
        return RecipientError::UnsupportedSshKey {
            key_type: first.to_owned(),
            reason,
        };
    }
    let is_key_type = |word: &str| {
        matches!(word, "ssh-ed25519" | "ssh-rsa") || unsupported_ssh_type(word).is_some()
    };
    let Some(key_at) = text.split_ascii_whitespace().position(is_key_type) else {
        return RecipientError::Unrecognised {
            text: discreet_excerpt(text),
        };
    };
    let prefix = text
        .split_ascii_whitespace()
        .take(key_at)
        .collect::<Vec<_>>()
        .join(" ");
    if is_options(first) {
        RecipientError::Options {
            options: excerpt(&prefix),
        }
    } else {
        RecipientError::KnownHosts {
            host: excerpt(&prefix),
        }
    }
}

fn unsupported_ssh_type(key_type: &str) -> Option<&'static str> {
    if key_type.starts_with("sk-") {
        Some(
            "the key lives in a security token that only signs; use age-plugin-yubikey or an `ssh-ed25519` key",
        )
    } else if key_type.starts_with("ecdsa-sha2-") {
        Some("age has no encryption for them; use the host's or person's `ssh-ed25519` key")
    } else if key_type == "ssh-dss" {
        Some("DSA keys cannot encrypt; use an `ssh-ed25519` key")
    } else if key_type.starts_with("ssh-") && key_type.contains("-cert-v0") {
        Some("it is a certificate; give the plain public key (the .pub file without -cert)")
    } else {
        None
    }
}

/// sshd(8), `AUTHORIZED_KEYS` FILE FORMAT: options are a comma-separated list of flags and `name="value"`.
fn is_options(word: &str) -> bool {
    const FLAGS: [&str; 4] = ["restrict", "cert-authority", "pty", "user-rc"];
    let first = word.split(',').next().unwrap_or_default();
    let flag = FLAGS.contains(&first) || first.starts_with("no-") || first.ends_with("-forwarding");
    (flag || first.contains("=\"")) && !word.starts_with('|')
}

/// Whether a text that is no key was meant to be filled in.
fn is_placeholder(text: &str) -> bool {
    let upper = text.to_ascii_uppercase();
    let elided =
        text.contains("...") || text.contains('…') || (text.contains('<') && text.contains('>'));
    let asks = [
        "REPLACE",
        "CHANGEME",
        "CHANGE_ME",
        "CHANGE-ME",
        "TODO",
        "YOUR",
        "PLACEHOLDER",
    ]
    .iter()
    .any(|word| upper.contains(word));
    let body = text
        .strip_prefix("age1")
        .or_else(|| text.split_ascii_whitespace().nth(1))
        .unwrap_or_default();
    let repeated = body.chars().collect::<BTreeSet<_>>().len() == 1;
    elided || asks || repeated
}

/// The beginning of a text that may be long, for a message.
fn excerpt(text: &str) -> String {
    shortened(text, 48)
}

/// What looks like no public key may be a line out of a private one, of which 48 characters are all there is to an Ed25519
/// key: of its long words only the beginnings are shown.
fn discreet_excerpt(text: &str) -> String {
    const LONGEST_WORD: usize = 24;
    const SHOWN: usize = 6;
    if ["age1", "ssh-", "ecdsa-", "sk-"]
        .iter()
        .any(|prefix| text.starts_with(prefix))
    {
        return excerpt(text);
    }
    let show = |word: &str| {
        if word.chars().count() > LONGEST_WORD {
            shortened(word, SHOWN)
        } else {
            word.to_owned()
        }
    };
    excerpt(
        &text
            .split_ascii_whitespace()
            .map(show)
            .collect::<Vec<_>>()
            .join(" "),
    )
}

fn shortened(text: &str, most: usize) -> String {
    let mut shown: String = text.chars().take(most).collect();
    if text.chars().count() > most {
        shown.push('…');
    }
    shown
}

fn non_empty(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGE: &str = "age1k9g9930t6j5r9ftm00zqs0d3c40jmcm9wzhzpcs9wj3uuylaueesjqxfdc";
    const ED25519: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIInEh0JIf5BhbloR9CA79LaBfUjf3KWhq+ladVTMPZmm";
    const RSA_1024: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQCxAkUfzbrNJ1E3LltgpCY0AxpIYi1Pk59+V9MuZUBBEqycARVpQko2w14RSWqn4HDtRv3y6L86xM5Jk6uQ9wfvsSLXyobLn/HmqO6wFcxEn4j0zTX+1PU/9zGoS5DvOxB8TKQo6i92EWENCKoRj0tf+P0Rt6rjHY6440OlrxiRPQ==";
    const RSA_2048: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDYC/O8OfVXjTn265Qwq7o5O04uMnE1kQ1+kpxCVOnWE3AiEDubdtSNwrBVTniykMnwDxdwAuhMnLKiv6KA8BFf3GT+TR4ohunICQy+4IrsendrHMFcRqiLZR2iZxHwknb5sqVqSnYGGBqQvKtlF9aN3qMnkSSecBe0LJTPuhdMuxxvA/okIcbxB6ayLqcQC/g+x33eUBRXB0UhDU23Ge8BPpRqT7u8xewT2ripOCQAdCCFwzav4at+yvwD2urJQYNhuq72fKtHfKr1bwKdXEwFfCtsgZ+WDvbCzt7MLEiA/gsQoiNuDS5cl0VgfL42CG/cpme5YdgiPra2E4vQiGbf";
    const RSA_8192: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAEAQCQwPtZwNfYGHXbwIa2kYvzdWeXe8JuiI+rfpcxjb2W1Ti/agLKgpWgNAwy0kwC3bOdtw3GDRUC3m06bvQnAO3/30jcpNnZtDWbFoxoxioSbNC3tlz8I2zO54tQxIXVmG4d5SpE4YyZu1yrJ340eBbmHvFkoivYbdUIG1jUV67Jfa381YEHW4OzodMGuFu5RY8bs5qj/5NWwdrTUNDgRvHguDY52lrSPRIu1/udRb1xbBZJMeLHx6NWvVlFSqzm7a+8871yhze1B7E7uEhzgg1aR+S8vlKPti/ZH0o+2Vx+f7spOBcJzea+5WeuKvcWaDClbU9SJdv1ZM+yKHIsLjOyfxkqDWYz33Unx+QlJs75uzBD/dxmFcGNOo6tgRllkA/u2dCT88lmNmYC3n0FjSTgLeEeDmpEwx6T0OVM4d8cFaPkTgvyniy2rSFUjwGwRnsbBgNJDFNSfB4xXDB5ZTaUwuT+lNk337AbYORWSAGf9PpF3ThrRlkkVoK9scv3g9xsRWkw/L3SzzkSYTSnPwagYWD6sc+9z58DNm4qUH6TmgiUfR1gJwLhHWYExSf5EGx6qDvitkUwg3q3bgX5DtChUjqucS5Iw7cX0FVE+RY5hpO0O/iz3msrEtaARpjl/6L6QYROnKHMKXEJbjyv3Cqu9cAdOI708RYMy5Mr+NP+Fm7koAIbjgpvQyTPAp8bagN1H4NNU1zdL59f4GacGgUL7vIaruv3ut+YSGlCLgObAZbk98mtAv9edluHOhHeEzddfOhUabc4bGWhoz4aJa/Mi8zjeqsPJBepyoFzDVxjbSfbsHp9UJ9Wt7Whl6gI67W98beYDflaTIZpExy6QSCbw2ot8Yxsl5OwFTn8yHjgtRa1FUHCbDnFEat25cEidIIk5qTAGOgHHoUaO9avmN7qfru/SNdmSRi5k8AnkHdm/37Pr5dduxQUPE8ppLH6jVPCr8pEKeH0nVy6iUjH4xnVR3zfGUYtMm1q7iD8seBY4m+V2wXW1WhFv5RFt996EIc54WdGgQIf3kFyAFvhNKINQgA3nzmu9TemUE4SwCOlkhXIp02YtNiJe3MGZpEPLSeAqFTTai7o2G1DsTkGOP8QyJviE4l2AuPU0XeVTM5TER26JGQ2No0S8aAHOeofLu3UW4joMcBBIi4Ztwnqsh8gJ4RY0dxN7BlJjeaemPz66Bc9CYqtutVzwM6msmHWQSqeU3rrLEI2omCJSIl1NH3xw6LvynogZGxTBn2cIozl9qVxzGYWZnGpY823bh3EdIAETMkSoXYaYV6S8mBErdBa1bH3O/Srfw3UTRLuRrD+/uhWHKHtOzHLS8JJhSS8ePNzmnhrBiBoovSr8HggFHkn";
    const ECDSA: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBD5X+oNi7MUpjGmPmKtRSnIsfg6TRca63gSeRogU4BwAFwU+Zk3WmHjh96R84W72eaMjiiyPRutql4+5e3G/fk0= ec";

    fn recipient(text: &str) -> Recipient {
        Recipient::parse(text).unwrap()
    }

    fn refusal(text: &str) -> RecipientError {
        Recipient::parse(text).unwrap_err()
    }

    #[test]
    fn reads_every_kind_and_keeps_the_comment_apart() {
        let plugin = "age1yubikey1q24thnxanhu587".to_owned();
        for (text, kind, label) in [
            (AGE.to_owned(), RecipientKind::X25519, None),
            (
                format!("{AGE} # alice"),
                RecipientKind::X25519,
                Some("alice"),
            ),
            (
                format!("{ED25519} root@web 1\r\n"),
                RecipientKind::SshEd25519,
                Some("root@web 1"),
            ),
            (
                format!("  {RSA_2048}\tkey"),
                RecipientKind::SshRsa,
                Some("key"),
            ),
            (plugin, RecipientKind::Plugin("yubikey".to_owned()), None),
        ] {
            let read = recipient(&text);
            assert_eq!((read.kind(), read.label()), (&kind, label), "{text}");
            assert_eq!(recipient(read.as_str()), read);
        }
    }

    #[test]
    fn names_an_ssh_key_by_the_beginning_of_its_ssh_keygen_fingerprint() {
        // ssh-keygen -l: SHA256:oQk+m6NDKRNcdnj0XlsYwTnoAh74W+rMrB/zOXoY+9I, whose first four bytes these are
        assert_eq!(recipient(ED25519).ssh_tag(), Some("oQk+mw"));
        assert_eq!(recipient(AGE).ssh_tag(), None);
    }

    #[test]
    fn refuses_placeholders_by_name() {
        for text in [
            "age1...",
            "age1…",
            "age1xxxxxxxxxxxxxxxx",
            "ssh-ed25519 AAAA...",
            "ssh-ed25519 AAAAC3Nza... root@host",
            "<your key>",
            "CHANGEME",
        ] {
            assert_eq!(
                refusal(text),
                RecipientError::Placeholder {
                    text: text.to_owned()
                },
                "{text}"
            );
        }
    }

    #[test]
    fn never_repeats_a_private_key() {
        let secret = "AGE-SECRET-KEY-1QQQSYQCYQ5RQWZQFPG9SCRGWPUGPZYSNZS23V9CCRYDPK8QARC0SW7F2XS";
        let pem = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----";
        for text in [
            secret,
            &secret.to_lowercase(),
            &format!("# created\n{secret}"),
            pem,
            "AGE-PLUGIN-YUBIKEY-1QQQ",
        ] {
            let error = refusal(text);
            assert!(
                matches!(error, RecipientError::PrivateKey { .. }),
                "{error:?}"
            );
            assert!(!format!("{error} {error:?}").contains("QQQ"), "{error}");
        }
    }

    #[test]
    fn says_what_stands_in_front_of_the_key() {
        assert_eq!(
            refusal(&format!("restrict,pty {ED25519}")),
            RecipientError::Options {
                options: "restrict,pty".to_owned()
            }
        );
        assert_eq!(
            refusal(&format!("command=\"echo x y\" {ED25519}")),
            RecipientError::Options {
                options: "command=\"echo x y\"".to_owned()
            }
        );
        for host in [
            "web-1",
            "[web-1]:2222,10.0.0.2",
            "|1|c2FsdA==|aGFzaA==",
            "@cert-authority *.example.org",
        ] {
            assert_eq!(
                refusal(&format!("{host} {ED25519}")),
                RecipientError::KnownHosts {
                    host: host.to_owned()
                }
            );
        }
    }

    #[test]
    fn refuses_ssh_keys_that_age_cannot_seal_to() {
        for (text, key_type) in [
            (ECDSA, "ecdsa-sha2-nistp256"),
            (
                "sk-ssh-ed25519@openssh.com AAAA",
                "sk-ssh-ed25519@openssh.com",
            ),
            ("ssh-dss AAAA", "ssh-dss"),
            (
                "ssh-ed25519-cert-v01@openssh.com AAAA",
                "ssh-ed25519-cert-v01@openssh.com",
            ),
        ] {
            assert!(
                matches!(refusal(text), RecipientError::UnsupportedSshKey { key_type: found, .. } if found == key_type),
                "{text}"
            );
        }
        assert_eq!(refusal(RSA_1024), RecipientError::RsaSize { bits: 1024 });
        assert_eq!(refusal(RSA_8192), RecipientError::RsaSize { bits: 8192 });
    }

    #[test]
    fn refuses_a_key_with_bytes_behind_it() {
        for text in [
            format!("{ED25519}AAAA"),
            ED25519.replace("AAAAC3", "AAAAC4"),
            ED25519[..40].to_owned(),
            "ssh-ed25519".to_owned(),
        ] {
            assert!(
                matches!(refusal(&text), RecipientError::MalformedSshKey { .. }),
                "{text}"
            );
        }
    }

    #[test]
    fn refuses_an_age_recipient_with_a_typing_error() {
        for text in [
            AGE.replace("k9g", "k9q"),
            AGE[..40].to_owned(),
            AGE.to_uppercase().replacen("AGE1", "age1", 1),
            "age1".to_owned(),
        ] {
            let error = refusal(&text);
            assert!(
                matches!(
                    error,
                    RecipientError::MalformedAge { .. } | RecipientError::Placeholder { .. }
                ),
                "{text}: {error:?}"
            );
        }
        assert!(matches!(
            refusal("age1pq1qqqq"),
            RecipientError::PostQuantum { .. }
        ));
    }

    #[test]
    fn refuses_points_of_small_order() {
        let p = |low: u8, top: u8| {
            let mut u = [0xff; 32];
            (u[0], u[31]) = (low, top);
            u
        };
        let mut one = [0; 32];
        one[0] = 1;
        for mut u in [[0; 32], one, p(0xec, 0x7f), p(0xed, 0x7f), p(0xee, 0xff)] {
            assert!(is_small_order(&mut u), "{u:?}");
        }
        assert!(!is_small_order(&mut p(0xeb, 0x7f)));
        for text in [
            "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z",
            "age1ur4h5lpmgxu2u9jku0a0r87ydtdqnr0tnsetrlvxvgz3vh6fhqqqzyt4v9",
            "age1t7wft09r2zxzfvwsk92eeql0tvzyghxytqwgapkcyf8dm5ylz9ts6wm9s8",
        ] {
            assert_eq!(
                refusal(text),
                RecipientError::SmallOrder {
                    text: excerpt(text)
                }
            );
        }
    }

    #[test]
    fn refuses_what_is_no_single_key() {
        assert_eq!(refusal(" \n"), RecipientError::Empty);
        assert_eq!(
            refusal(&format!("{AGE}\n{ED25519}")),
            RecipientError::SeveralLines { lines: 2 }
        );
        assert_eq!(
            refusal("/etc/ssh/key.pub"),
            RecipientError::Unrecognised {
                text: "/etc/ssh/key.pub".to_owned()
            }
        );
    }

    proptest::proptest! {
        #[test]
        fn never_panics_whatever_the_text(text in ".*", key in 0..4usize, at in 0..80usize, byte in "[ -~]") {
            let _ = Recipient::parse(&text);
            let mut mutated = [AGE, ED25519, RSA_2048, ECDSA][key].to_owned();
            let at = at.min(mutated.len() - 1);
            mutated.replace_range(at..=at, &byte);
            let _ = Recipient::parse(&mutated);
        }
    }
}
