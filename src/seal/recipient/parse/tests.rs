//! Every spelling of a recipient, and what is said of a text that is none.

use super::age::{is_reduced, is_small_order};
use super::excerpt::excerpt;
use super::*;
use crate::seal::recipient::RecipientKind;

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
    for text in [
        format!("{AGE} {AGE}"),
        format!("{AGE} # {ED25519}"),
        format!("{ED25519} {AGE}"),
        format!("{ED25519} ada; {RSA_2048} bob"),
        format!("{ED25519} ada, {AGE}"),
    ] {
        assert_eq!(refusal(&text), RecipientError::SeveralKeys, "{text}");
    }
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

#[test]
fn says_what_a_comment_in_the_place_of_a_key_leaves_out() {
    for text in [
        format!("# public key: {AGE}"),
        format!("#Public key:{AGE}"),
        format!("# {AGE}"),
        format!("#{ED25519} ada"),
    ] {
        assert_eq!(refusal(&text), RecipientError::CommentedOut, "{text}");
    }
    assert_eq!(refusal("# ada's laptop"), RecipientError::Comment);
}

#[test]
fn takes_the_keys_of_a_file_and_never_leaves_out_one_that_was_meant() {
    let file = format!("# operators\n\n{AGE} ada\r\n# {ED25519} left in May\n{ED25519}\n");
    assert_eq!(key_lines(&file), Ok(vec![&*format!("{AGE} ada"), ED25519]));
    let printed = format!("# created: 2026-01-01\n# public key: {AGE}\n{ED25519}\n");
    assert_eq!(key_lines(&printed), Err(RecipientError::CommentedOut));
    assert_eq!(key_lines("# nobody yet\n"), Err(RecipientError::NoKey));
    assert_eq!(key_lines(""), Err(RecipientError::NoKey));
}

/// `ssh-ed25519` with this y-coordinate, little endian.
fn ed25519(y: [u8; 32]) -> String {
    use base64::Engine as _;
    let mut wire = b"\0\0\0\x0bssh-ed25519\0\0\0 ".to_vec();
    wire.extend(y);
    let body = base64::prelude::BASE64_STANDARD.encode(wire);
    format!("ssh-ed25519 {body}")
}

/// All encodings of the eight points, as in `Taming the many EdDSAs` (Chalkias, Garillot, Nikolaenko, 2020), table 1.
#[test]
fn refuses_ed25519_points_of_small_order_in_every_spelling() {
    let point = |low: u8, middle: u8, top: u8| {
        let mut y = [middle; 32];
        (y[0], y[31]) = (low, top);
        y
    };
    let order_8 = |top: u8, rest: &str| {
        let mut y: Vec<u8> = (0..62)
            .step_by(2)
            .map(|at| u8::from_str_radix(&rest[at..at + 2], 16).unwrap())
            .collect();
        y.push(top);
        <[u8; 32]>::try_from(y).unwrap()
    };
    let first = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03";
    let second = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc";
    for y in [
        point(1, 0, 0),
        point(0, 0, 0),
        point(0, 0, 0x80),
        point(0xec, 0xff, 0x7f),
        order_8(0x7a, first),
        order_8(0xfa, first),
        order_8(0x05, second),
        order_8(0x85, second),
    ] {
        let text = ed25519(y);
        assert!(
            matches!(refusal(&text), RecipientError::SmallOrder { .. }),
            "{text}"
        );
    }
    // The same points with x or y not reduced: either they are refused as the same or as no point at all.
    for y in [
        point(1, 0, 0x80),
        point(0xec, 0xff, 0xff),
        point(0xed, 0xff, 0x7f),
        point(0xed, 0xff, 0xff),
        point(0xee, 0xff, 0x7f),
        point(0xee, 0xff, 0xff),
    ] {
        let text = ed25519(y);
        assert!(
            matches!(
                refusal(&text),
                RecipientError::SmallOrder { .. } | RecipientError::MalformedSshKey { .. }
            ),
            "{text}"
        );
    }
}

#[test]
fn refuses_keys_in_a_second_spelling() {
    // y = 3 + p and y = 4 + p, of which at least one is on the curve, and coordinates of X25519 from p on.
    let unreduced = |low: u8| {
        let mut y = [0xff; 32];
        (y[0], y[31]) = (low, 0x7f);
        ed25519(y)
    };
    let refusals: Vec<RecipientError> = (0xf0..=0xff).map(|low| refusal(&unreduced(low))).collect();
    let is_second = |error: &RecipientError| matches!(error, RecipientError::NotCanonical { .. });
    assert!(refusals.iter().any(is_second), "{refusals:?}");
    assert!(
        refusals.iter().all(
            |error| is_second(error) || matches!(error, RecipientError::MalformedSshKey { .. })
        )
    );
    let mut u = [0xff; 32];
    u[31] = 0x7f;
    assert!(!is_reduced(&u));
    u[0] = 0xec;
    assert!(is_reduced(&u));
    u[31] = 0xff;
    assert!(!is_reduced(&u));
}

fn rsa(exponent: &[u8], modulus: &[u8]) -> String {
    use base64::Engine as _;
    let mut wire = b"\0\0\0\x07ssh-rsa".to_vec();
    for part in [exponent, modulus] {
        wire.extend(u32::try_from(part.len()).unwrap().to_be_bytes());
        wire.extend(part);
    }
    let body = base64::prelude::BASE64_STANDARD.encode(wire);
    format!("ssh-rsa {body}")
}

#[test]
fn refuses_rsa_keys_that_hide_nothing() {
    let mut modulus = vec![0xd5; 257];
    modulus[0] = 0;
    assert!(Recipient::parse(&rsa(&[1, 0, 1], &modulus)).is_ok());
    for exponent in [&[1][..], &[2], &[4], &[1, 0, 0]] {
        let error = refusal(&rsa(exponent, &modulus));
        assert!(
            matches!(error, RecipientError::WeakRsa { .. }),
            "{exponent:?}: {error:?}"
        );
    }
    assert!(Recipient::parse(&rsa(&[1, 0, 0, 0, 1], &modulus)).is_err());
    *modulus.last_mut().unwrap() = 0xd4;
    let even = refusal(&rsa(&[1, 0, 1], &modulus));
    assert!(matches!(even, RecipientError::WeakRsa { .. }), "{even:?}");
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
