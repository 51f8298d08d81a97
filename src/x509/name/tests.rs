//! Names declared and found, and when they say the same.

use super::*;
use AttributeType::{CommonName, Country, DomainComponent, Organization, OrganizationalUnit};

fn pairs(list: &[(AttributeType, &str)]) -> Vec<(AttributeType, String)> {
    list.iter()
        .map(|(kind, value)| (kind.clone(), (*value).to_owned()))
        .collect()
}

fn subject(list: &[(AttributeType, &str)]) -> Subject {
    Subject::new(pairs(list)).unwrap()
}

fn found(rdns: &[&[(AttributeType, &str)]]) -> DistinguishedName {
    DistinguishedName::new(Vec::new(), rdns.iter().map(|rdn| pairs(rdn)).collect())
}

#[test]
fn shows_attributes_in_declared_order() {
    let subject = subject(&[
        (Organization, "a"),
        (Organization, "b, c"),
        (CommonName, "x"),
    ]);
    assert_eq!(subject.to_string(), r"O=a, O=b\, c, CN=x");
}

#[test]
fn reports_every_bad_attribute() {
    let long = "x".repeat(65);
    let faults = Subject::new(pairs(&[
        (Country, "Germany"),
        (CommonName, &long),
        (Organization, ""),
        (Organization, "a\0b"),
        (DomainComponent, "ü"),
        (AttributeType::SerialNumber, "1_2"),
    ]));
    let texts: Vec<_> = faults
        .unwrap_err()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(texts[0].contains("not a country code"), "{texts:?}");
    assert!(
        texts[1].contains("has 65 characters; at most 64"),
        "{texts:?}"
    );
    assert!(texts[2].contains("O is empty"), "{texts:?}");
    assert!(texts[3].contains("control character"), "{texts:?}");
    assert!(texts[4].contains("plain ASCII"), "{texts:?}");
    assert!(texts[5].contains("PrintableString"), "{texts:?}");
}

#[test]
fn takes_common_names_as_long_as_kubernetes_makes_them() {
    let node = format!("system:node:{}", "n".repeat(253));
    assert!(Subject::new(pairs(&[(CommonName, &node)])).is_ok());
    let longer = format!("{node}n");
    let error = Subject::new(pairs(&[(CommonName, &longer)])).unwrap_err();
    assert!(error[0].to_string().contains("at most 265"), "{error:?}");
    let etcd = pairs(&[(CommonName, &"n".repeat(253))]);
    assert!(Subject::new(etcd.clone()).is_err());
    assert!(Subject::with(etcd, CommonNames::OfKubernetes).is_ok());
    let organization = pairs(&[(Organization, &format!("system:{}", "n".repeat(64)))]);
    assert!(Subject::with(organization, CommonNames::OfKubernetes).is_err());
}

#[test]
fn an_authority_may_have_attributes_of_kinds_that_are_not_declared() {
    let declared = subject(&[(Organization, "a"), (CommonName, "x")]);
    let with = |more: &[(AttributeType, &str)]| {
        let mut rdns: Vec<Vec<(AttributeType, &str)>> =
            more.iter().cloned().map(|one| vec![one]).collect();
        rdns.push(vec![(CommonName, "x"), (Organization, "a")]);
        let rdns: Vec<&[(AttributeType, &str)]> = rdns.iter().map(Vec::as_slice).collect();
        found(&rdns)
    };
    let dc = [(DomainComponent, "example"), (DomainComponent, "lab")];
    assert!(declared.is_named_by(&with(&dc)));
    assert!(!declared.matches(&with(&dc)));
    assert_eq!(declared.unsaid(&with(&dc)).len(), 2);
    assert!(declared.is_named_by(&with(&[(OrganizationalUnit, "b")])));
    assert!(!declared.is_named_by(&with(&[(Organization, "b")])));
    let nameless = subject(&[(Organization, "a")]);
    assert!(!nameless.is_named_by(&with(&[])));
    let other = subject(&[
        (DomainComponent, "other"),
        (Organization, "a"),
        (CommonName, "x"),
    ]);
    assert!(!other.is_named_by(&with(&dc)));
}

#[test]
fn counts_characters_and_not_bytes() {
    assert!(Subject::new(vec![(CommonName, "ü".repeat(64))]).is_ok());
}

#[test]
fn ignores_the_order_between_types() {
    let declared = subject(&[(CommonName, "x"), (Organization, "a")]);
    assert!(declared.matches(&found(&[&[(Organization, "a")], &[(CommonName, "x")]])));
}

#[test]
fn keeps_the_order_within_a_type() {
    let declared = subject(&[(Organization, "b"), (Organization, "a")]);
    assert!(!declared.matches(&found(&[&[(Organization, "a")], &[(Organization, "b")]])));
}

#[test]
fn compares_a_multi_valued_rdn_without_order() {
    let declared = subject(&[
        (Organization, "b"),
        (Organization, "a"),
        (OrganizationalUnit, "u"),
    ]);
    assert!(declared.matches(&found(&[
        &[(Organization, "a"), (Organization, "b")],
        &[(OrganizationalUnit, "u")]
    ])));
    assert!(!declared.matches(&found(&[
        &[(Organization, "a"), (Organization, "a")],
        &[(OrganizationalUnit, "u")]
    ])));
}

#[test]
fn sees_missing_and_additional_attributes() {
    let declared = subject(&[(CommonName, "x")]);
    assert!(!declared.matches(&found(&[])));
    assert!(!declared.matches(&found(&[&[(CommonName, "x")], &[(Organization, "a")]])));
}

#[test]
fn shows_a_multi_valued_rdn_as_openssl_does() {
    assert_eq!(
        found(&[
            &[(Organization, "a"), (Organization, "b")],
            &[(CommonName, "x\n")]
        ])
        .to_string(),
        "O=a + O=b, CN=x\\n"
    );
}

#[test]
fn reads_attribute_names_and_object_identifiers() {
    assert_eq!(AttributeType::parse("cn"), Ok(CommonName));
    assert_eq!(AttributeType::parse("2.5.4.10"), Ok(Organization));
    assert_eq!(
        AttributeType::parse("1.3.6.1.4.1.99999.1"),
        Ok(AttributeType::Other("1.3.6.1.4.1.99999.1".into()))
    );
    for bad in [
        "",
        "X",
        "1",
        "3.1",
        "1.40",
        "1.02",
        "1..2",
        "2.5.4.99999999999",
        "2.4294967295",
    ] {
        assert!(AttributeType::parse(bad).is_err(), "{bad}");
    }
}
