//! Every spelling of a recipient, and what is said of a text that is none.

use super::age::is_small_order;
use super::excerpt::excerpt;
use super::*;
use crate::model::recipient::RecipientKind;

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
