//! What is granted: names in the form of certificates, everything else from the role.

use certs::policy::{Request, RequestedKey, RequestedName};
use certs::x509::san::FoundSan;
use certs::x509::{FoundKeyAlgorithm, KeyAlgorithm, KeyFingerprint, Lifetime, Usages};
use insta::assert_snapshot;
use serde_json::json;

use crate::ask::{Lab, for_names, shown};

#[test]
fn grants_what_the_role_says_where_the_request_says_nothing() {
    let lab = Lab::example()
        .with("names", json!([["O", "Example"], ["OU", "Lab"]]))
        .with("renewBefore", json!("720h"));
    assert_snapshot!(shown(&lab.names(&["nas.example.org"]).unwrap()), @r"
    subject  O=Example, OU=Lab
    names    dns:nas.example.org
    usages   digital signature, server auth
    key      ecdsa 256
    lifetime 2160h, renewed 720h before its end
    ");
}

#[test]
fn brings_every_name_into_the_form_of_certificates() {
    let lab = Lab::example()
        .with("allowedDomains", json!(["example.org", "müller.example"]))
        .with("allowWildcards", json!(true))
        .with("allowBareDomains", json!(true))
        .with("allowedIpRanges", json!(["10.0.0.0/8", "fd00::/8"]))
        .with("allowedEmails", json!(["*@example.org"]))
        .with("allowedUris", json!(["spiffe://example.org/**"]));
    let grant = lab.names(&[
        "NAS.Example.Org",
        "nas.example.org.",
        "DNS:*.example.org",
        "MÜLLER.example",
        "::ffff:10.1.2.3",
        "IP:FD00:0:0::1",
        "Alice@Example.Org.",
        "SPIFFE://Example.Org/ns/A",
    ]);
    assert_snapshot!(shown(&grant.unwrap()), @r"
    subject  none
    names    dns:*.example.org, dns:nas.example.org, dns:xn--mller-kva.example, ip:10.1.2.3, ip:fd00::1, email:Alice@example.org, uri:spiffe://example.org/ns/A
    usages   digital signature, server auth
    key      ecdsa 256
    lifetime 2160h, renewed after two thirds
    name-normalised: NAS.Example.Org becomes dns:nas.example.org
    name-normalised: nas.example.org. becomes dns:nas.example.org
    name-normalised: MÜLLER.example becomes dns:xn--mller-kva.example
    name-normalised: ::ffff:10.1.2.3 becomes ip:10.1.2.3
    name-normalised: IP:FD00:0:0::1 becomes ip:fd00::1
    name-normalised: Alice@Example.Org. becomes email:Alice@example.org
    name-normalised: SPIFFE://Example.Org/ns/A becomes uri:spiffe://example.org/ns/A
    ");
}

#[test]
fn takes_names_of_a_request_that_are_written_otherwise() {
    let lab = Lab::example().with("allowedIpRanges", json!(["10.0.0.0/8"]));
    let other = |kind: &str, value: &str| {
        RequestedName::Found(FoundSan::Other {
            kind: kind.to_owned(),
            value: value.to_owned(),
        })
    };
    let mapped = certs::x509::San::Ip("::ffff:10.0.0.1".parse().unwrap());
    let request = Request {
        sans: vec![other("dns", "nas.example.org."), mapped.into()],
        ..for_names(&[])
    };
    assert_snapshot!(shown(&lab.decide(&request).unwrap()), @r"
    subject  none
    names    dns:nas.example.org, ip:10.0.0.1
    usages   digital signature, server auth
    key      ecdsa 256
    lifetime 2160h, renewed after two thirds
    name-normalised: dns:nas.example.org. becomes dns:nas.example.org
    name-normalised: ip:::ffff:10.0.0.1 becomes ip:10.0.0.1
    ");
}

#[test]
fn a_common_name_that_is_a_name_stands_among_the_names() {
    let lab = Lab::example();
    assert_snapshot!(shown(&lab.common_name("NAS.example.org").unwrap()), @r"
    subject  CN=nas.example.org
    names    dns:nas.example.org
    usages   digital signature, server auth
    key      ecdsa 256
    lifetime 2160h, renewed after two thirds
    name-normalised: NAS.example.org becomes dns:nas.example.org
    common-name-joined: the common name stands among the names too, as dns:nas.example.org: verifiers look only there (RFC 9525 §6.3)
    ");
}

#[test]
fn a_listed_common_name_need_be_no_name() {
    let lab = Lab::example()
        .with("allowedCommonNames", json!(["system:node:*", "Alice *"]))
        .with("usages", json!(["client auth"]));
    assert_snapshot!(shown(&lab.common_name("Alice Example").unwrap()), @r"
    subject  CN=Alice Example
    names    none
    usages   digital signature, client auth
    key      ecdsa 256
    lifetime 2160h, renewed after two thirds
    ");
    assert!(lab.common_name("system:node:w1").is_ok());
    assert!(lab.common_name("system:masters").is_err());
}

#[test]
fn cuts_a_lifetime_to_what_the_role_allows_and_says_so() {
    let lab = Lab::example().with("renewBefore", json!("720h"));
    let asking = |lifetime: &str| Request {
        lifetime: Some(Lifetime::parse(lifetime).unwrap()),
        ..for_names(&["nas.example.org"])
    };
    assert_snapshot!(shown(&lab.decide(&asking("10y")).unwrap()), @r"
    subject  none
    names    dns:nas.example.org
    usages   digital signature, server auth
    key      ecdsa 256
    lifetime 8760h, renewed 720h before its end
    lifetime-shortened: 8760h are granted instead of 87600h, which is longer than the role allows (maxExpiry)
    ");
    assert_snapshot!(shown(&lab.decide(&asking("24h")).unwrap()), @r"
    subject  none
    names    dns:nas.example.org
    usages   digital signature, server auth
    key      ecdsa 256
    lifetime 24h, renewed after two thirds
    renew-before-left-out: it is renewed after two thirds of its 24h, as the role's renewBefore of 720h is not shorter than that
    ");
}

#[test]
fn of_the_usages_asked_for_those_of_the_role_are_granted() {
    let lab = Lab::example().with("usages", json!(["server auth", "client auth"]));
    let request = Request {
        usages: Some(
            Usages::parse(&["digital signature", "key encipherment", "client auth"]).unwrap(),
        ),
        ..for_names(&["nas.example.org"])
    };
    assert_snapshot!(shown(&lab.decide(&request).unwrap()), @r"
    subject  none
    names    dns:nas.example.org
    usages   digital signature, client auth
    key      ecdsa 256
    lifetime 2160h, renewed after two thirds
    usages-left-out: without key encipherment, which the role does not give
    ");
}

#[test]
fn an_rsa_key_that_is_brought_may_encipher_keys() {
    let request = Request {
        key: RequestedKey::Public {
            algorithm: FoundKeyAlgorithm::Known(KeyAlgorithm::Rsa3072),
            fingerprint: KeyFingerprint::of_spki(b"somebody's"),
        },
        ..for_names(&["nas.example.org"])
    };
    assert_snapshot!(shown(&Lab::example().decide(&request).unwrap()), @r"
    subject  none
    names    dns:nas.example.org
    usages   digital signature, key encipherment, server auth
    key      rsa 3072
    lifetime 2160h, renewed after two thirds
    ");
}

#[test]
fn a_glob_stays_in_its_label_unless_it_is_doubled() {
    let lab = |pattern: &str| {
        Lab::new()
            .with("allowedDomains", json!([pattern]))
            .with("allowGlobDomains", json!(true))
    };
    assert!(
        lab("web-*.example.org")
            .names(&["web-1.example.org"])
            .is_ok()
    );
    assert!(
        lab("web-*.example.org")
            .names(&["web-1.a.example.org"])
            .is_err()
    );
    assert!(
        lab("**.example.org")
            .names(&["web-1.a.example.org"])
            .is_ok()
    );
    assert!(lab("**.example.org").names(&["*.a.example.org"]).is_err());
    let wildcards = lab("**.example.org").with("allowWildcards", json!(true));
    assert!(wildcards.names(&["*.a.example.org"]).is_ok());
}

#[test]
fn localhost_is_a_permission_of_its_own() {
    let local = Lab::new().with("allowLocalhost", json!(true));
    assert!(local.names(&["localhost"]).is_ok());
    assert!(local.names(&["db.localhost"]).is_err());
    let below = Lab::new()
        .with("allowLocalhost", json!(true))
        .with("allowSubdomains", json!(true));
    assert!(below.names(&["db.localhost"]).is_ok());
}

#[test]
fn any_name_is_any_dns_name_and_no_address() {
    let lab = Lab::new().with("allowAnyName", json!(true));
    assert!(lab.names(&["anything.example", "localhost"]).is_ok());
    for other in ["10.0.0.1", "alice@example.org", "spiffe://x/y", "*.example"] {
        assert!(lab.names(&[other]).is_err(), "{other}");
    }
    assert!(lab.common_name("system:masters").is_err());
}
