//! Certificates as metrics in the text format of Prometheus
//! (<https://prometheus.io/docs/instrumenting/exposition_formats>, version 0.0.4).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use time::OffsetDateTime;

use super::words;

use crate::x509::{CertificateFacts, CrlFacts};

/// A certificate file and the key that belongs to it, as they lie on a machine.
#[derive(Debug)]
pub struct Sample {
    /// The labels that distinguish this file from all others: `artifact`, `file`.
    pub labels: Vec<(&'static str, String)>,
    /// The certificates in the file, the leaf first; `None` where it cannot be read as such.
    pub certificates: Option<Vec<CertificateFacts>>,
    /// From when on the first of them is to be renewed.
    pub renewal: Option<OffsetDateTime>,
    pub key: Key,
    /// The revocation lists in the file.
    pub lists: Vec<CrlFacts>,
}

/// What the private key beside a certificate is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Nobody said where it is.
    Unknown,
    /// It is the certificate's.
    Usable,
    /// Missing, unreadable, or another certificate's.
    Unusable,
}

/// A metric and the value it has for one sample's labels and some of its own.
struct Family<'a> {
    name: &'static str,
    help: &'static str,
    values: Vec<(Labels<'a>, String)>,
}

type Labels<'a> = Vec<(&'a str, String)>;

/// All samples, seen at one moment.
pub fn text(samples: &[Sample], now: OffsetDateTime) -> String {
    let mut text = String::new();
    for family in families(samples, now).into_iter().chain(lists(samples)) {
        let _ = writeln!(text, "# HELP {} {}", family.name, family.help);
        let _ = writeln!(text, "# TYPE {} gauge", family.name);
        for (labels, value) in &family.values {
            let _ = writeln!(text, "{}{} {value}", family.name, braced(labels));
        }
    }
    text
}

fn families(samples: &[Sample], now: OffsetDateTime) -> Vec<Family<'_>> {
    let per_certificate = |value: fn(&CertificateFacts) -> i64| {
        let values =
            certificates(samples).map(move |(labels, facts)| (labels, value(facts).to_string()));
        values.collect()
    };
    vec![
        Family {
            name: "certs_certificate_not_after_timestamp_seconds",
            help: "The last second at which the certificate is valid, since 1970.",
            values: per_certificate(|facts| facts.not_after.unix_timestamp()),
        },
        Family {
            name: "certs_certificate_not_before_timestamp_seconds",
            help: "The first second at which the certificate is valid, since 1970.",
            values: per_certificate(|facts| facts.not_before.unix_timestamp()),
        },
        Family {
            name: "certs_certificate_renewal_timestamp_seconds",
            help: "From when on the certificate is to be renewed, since 1970.",
            values: samples
                .iter()
                .filter_map(|sample| {
                    Some((labels(sample), sample.renewal?.unix_timestamp().to_string()))
                })
                .collect(),
        },
        Family {
            name: "certs_certificate_info",
            help: "Facts of the certificate; always 1.",
            values: certificates(samples)
                .map(|(labels, facts)| (described(labels, facts), "1".to_owned()))
                .collect(),
        },
        Family {
            name: "certs_certificate_readable",
            help: "Whether the file holds certificates and nothing else (1) or cannot be read (0).",
            values: samples
                .iter()
                .filter(|sample| sample.lists.is_empty())
                .map(|sample| (labels(sample), digit(sample.certificates.is_some())))
                .collect(),
        },
        Family {
            name: "certs_key_usable",
            help: "Whether the private key is there and is the certificate's (1) or not (0).",
            values: samples
                .iter()
                .filter(|sample| sample.key != Key::Unknown)
                .map(|sample| (labels(sample), digit(sample.key == Key::Usable)))
                .collect(),
        },
        Family {
            name: "certs_scan_timestamp_seconds",
            help: "When the files were read, since 1970.",
            values: vec![(Vec::new(), now.unix_timestamp().to_string())],
        },
    ]
}

/// Nothing where there is no list.
fn lists(samples: &[Sample]) -> Vec<Family<'_>> {
    let all = samples.iter().flat_map(|sample| {
        let lists = sample.lists.iter();
        lists.map(|list| {
            let mut labels = labels(sample);
            labels.push(("issuer", list.issuer.to_string()));
            (labels, list)
        })
    });
    let mut all: Vec<(Labels<'_>, &CrlFacts)> = all.collect();
    // Behind the list of an authority may stand one by its earlier key, and a series has one value.
    let mut named: BTreeSet<Labels<'_>> = BTreeSet::new();
    all.retain(|(labels, _)| named.insert(labels.clone()));
    if all.is_empty() {
        return Vec::new();
    }
    let per_list = |value: fn(&CrlFacts) -> Option<i64>| {
        let values = all
            .iter()
            .filter_map(|(labels, list)| Some((labels.clone(), value(list)?.to_string())));
        values.collect()
    };
    vec![
        Family {
            name: "certs_crl_next_update_timestamp_seconds",
            help: "Until when the revocation list is good, since 1970.",
            values: per_list(|list| list.next_update.map(OffsetDateTime::unix_timestamp)),
        },
        Family {
            name: "certs_crl_revoked",
            help: "How many certificates the revocation list names.",
            values: per_list(|list| i64::try_from(list.entries.len()).ok()),
        },
    ]
}

/// Every certificate of every file, with its place in the chain: 0 is the leaf.
fn certificates(samples: &[Sample]) -> impl Iterator<Item = (Labels<'_>, &CertificateFacts)> {
    samples.iter().flat_map(|sample| {
        let chain = sample.certificates.iter().flatten().enumerate();
        chain.map(|(position, facts)| {
            let mut labels = labels(sample);
            labels.push(("position", position.to_string()));
            (labels, facts)
        })
    })
}

fn labels(sample: &Sample) -> Labels<'_> {
    sample.labels.clone()
}

fn described<'a>(mut labels: Labels<'a>, facts: &CertificateFacts) -> Labels<'a> {
    labels.push(("subject", words::printable(&facts.subject.to_string())));
    labels.push(("issuer", words::printable(&facts.issuer.to_string())));
    labels.push(("serial", facts.serial_hex()));
    labels.push(("key", facts.key.to_string()));
    labels
}

fn digit(yes: bool) -> String {
    u8::from(yes).to_string()
}

fn braced(labels: &Labels<'_>) -> String {
    if labels.is_empty() {
        return String::new();
    }
    let pairs: Vec<String> = labels
        .iter()
        .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
        .collect();
    format!("{{{}}}", pairs.join(","))
}

/// A label's value may hold anything but these three unescaped.
fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_cannot_break_out_of_their_quotes() {
        let labels = vec![("subject", "CN=a\"} 1\nb\\".to_owned())];
        assert_eq!(braced(&labels), r#"{subject="CN=a\"} 1\nb\\"}"#);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_a_metric_too() {
        let sample = Sample {
            labels: vec![("file", "a.crt".to_owned())],
            certificates: None,
            renewal: None,
            key: Key::Unusable,
            lists: Vec::new(),
        };
        let text = text(&[sample], OffsetDateTime::UNIX_EPOCH);
        assert!(text.contains("certs_certificate_readable{file=\"a.crt\"} 0\n"));
        assert!(text.contains("certs_key_usable{file=\"a.crt\"} 0\n"));
        assert!(text.ends_with("certs_scan_timestamp_seconds 0\n"));
    }
}
