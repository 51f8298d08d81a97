//! What a text is taken for, and why it is refused.

use super::*;

fn shown(text: &str) -> String {
    San::parse(text).map_or_else(|error| format!("error: {error}"), |san| san.to_string())
}

#[test]
fn sorts_names_as_cfssl_does() {
    let cases = [
        ("127.0.0.1", "ip:127.0.0.1"),
        ("FE80::1", "ip:fe80::1"),
        ("::ffff:10.0.0.1", "ip:10.0.0.1"),
        ("admin@Example.com", "email:admin@example.com"),
        (
            "spiffe://example.org/ns/default",
            "uri:spiffe://example.org/ns/default",
        ),
        (
            "https://user@example.com:8443/x",
            "uri:https://user@example.com:8443/x",
        ),
        (
            "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            "uri:urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        ),
        ("Kubernetes", "dns:kubernetes"),
        ("kubernetes.default.svc", "dns:kubernetes.default.svc"),
        ("*.Example.com", "dns:*.example.com"),
        ("bücher.example", "dns:xn--bcher-kva.example"),
        ("BÜCHER.example", "dns:xn--bcher-kva.example"),
        ("1host.example", "dns:1host.example"),
        ("r3---sn.example", "dns:r3---sn.example"),
        ("DNS:a.example", "dns:a.example"),
        ("ip:10.0.0.1", "ip:10.0.0.1"),
        ("Email:a@b", "email:a@b"),
        ("uri:tag:x", "uri:tag:x"),
        ("dns", "dns:dns"),
    ];
    for (text, expected) in cases {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn says_why_a_name_is_refused() {
    let long_label = format!("{}.example", "a".repeat(64));
    let long_name = ["a".repeat(63).as_str(); 4].join(".");
    let cases = [
        ("", "is empty"),
        ("a b", "blank or control"),
        ("a\0b", "blank or control"),
        ("10.0.0.0/24", "is a network"),
        ("fd00::/8", "is a network"),
        (
            "host:443",
            "has a port; certificates hold no ports: write \"host\"",
        ),
        ("10.0.0.1:443", "write \"10.0.0.1\""),
        ("[::1]:443", "write \"::1\""),
        ("[::1]", "in brackets: write \"::1\""),
        ("fe80::1%eth0", "write \"fe80::1\""),
        (
            "dns:10.0.0.1",
            "is an IP address, which certificates hold as one: write \"ip:10.0.0.1\"",
        ),
        ("10.0.0.256", "ends in a number"),
        ("010.0.0.1", "ends in a number"),
        ("host.0x1f", "ends in a number"),
        ("ip:example.com", "is not an IP address"),
        ("example.com.", "write \"example.com\""),
        ("a..b", "empty label"),
        (".a", "empty label"),
        (".", "empty label"),
        ("*", "whole leftmost label"),
        ("*.", "whole leftmost label"),
        ("a.*.b", "whole leftmost label"),
        ("f*.example.com", "whole leftmost label"),
        ("*.*.example.com", "whole leftmost label"),
        ("a_b.example", "underscore"),
        ("a/b", "character '/'"),
        ("-a.example", "starts or ends with a hyphen"),
        ("a-.example", "starts or ends with a hyphen"),
        (
            "xn--zzzzzzzz99999.example",
            "not a valid internationalised name",
        ),
        ("a。。b", "not a valid internationalised name"),
        (&long_label, "has 64 characters; at most 63"),
        (&long_name, "has 255 characters; at most 253"),
        ("@b", "not \"local@host\""),
        ("ü@example.com", "not \"local@host\""),
        ("a..b@example.com", "not \"local@host\""),
        ("a@*.b", "not \"local@host\""),
        ("a@b_c", "underscore"),
        ("://x", "not an absolute URI"),
        ("https://", "not an absolute URI"),
        ("https:///path", "not an absolute URI"),
        ("https://x/%zz", "not an absolute URI"),
        ("https://bücher.example/", "not an absolute URI"),
    ];
    for (text, expected) in cases {
        let message = shown(text);
        assert!(
            message.starts_with("error: ") && message.contains(expected),
            "{text:?} gave {message}"
        );
    }
}

#[test]
fn shows_a_foreign_name_without_control_characters() {
    let san = FoundSan::Other {
        kind: "dns".into(),
        value: "a\nb".into(),
    };
    assert_eq!(san.to_string(), "dns:a\\nb");
}
