//! A chain of OpenSSL's making, changed in one thing at a time: `openssl verify -x509_strict` and we have to agree, save where it is
//! written down.

use std::fmt::Write as _;

use certs::x509::certificate::read::parse_chain;
use certs::x509::crl::read::parse_all;
use certs::x509::verify::{PeerName, Policy, PolicyDemand, Purpose, RevocationPolicy};
use libtest_mimic::{Failed, Trial};
use time::{Duration, OffsetDateTime};

use crate::judge::{Deviations, Question, codes};
use crate::tool::{Bench, trial};

/// The extensions of root, intermediate and leaf when nothing is wrong.
const SOUND: [(&str, &[(&str, &str)]); 3] = [
    (
        "root",
        &[
            ("basicConstraints", "critical,CA:TRUE"),
            ("keyUsage", "critical,keyCertSign,cRLSign"),
            ("subjectKeyIdentifier", "hash"),
        ],
    ),
    (
        "intermediate",
        &[
            ("basicConstraints", "critical,CA:TRUE"),
            ("keyUsage", "critical,keyCertSign,cRLSign"),
            ("subjectKeyIdentifier", "hash"),
            ("authorityKeyIdentifier", "keyid"),
        ],
    ),
    (
        "leaf",
        &[
            ("basicConstraints", "critical,CA:FALSE"),
            ("keyUsage", "critical,digitalSignature"),
            ("extendedKeyUsage", "serverAuth"),
            ("subjectKeyIdentifier", "hash"),
            ("authorityKeyIdentifier", "keyid"),
            (
                "subjectAltName",
                "DNS:a.example.com,DNS:*.w.example.com,IP:10.0.0.1,email:ada@example.com",
            ),
        ],
    ),
];

/// A change: of whom, which extension, and what it becomes; nothing takes it away. What is no extension is said in brackets.
type Change = (&'static str, &'static str, &'static str);

/// A variant: its name, what is changed, and what is asked (as of how many days from now, for what, as whom).
type Variant = (&'static str, &'static [Change], Asked);
type Asked = (i64, &'static str, &'static str);

const NOW: Asked = (0, "server", "a.example.com");

#[rustfmt::skip]
const VARIANTS: &[Variant] = &[
    ("sound", &[], NOW),
    ("sound_for_any_purpose", &[], (0, "any", "")),
    ("sound_for_an_address", &[], (0, "server", "10.0.0.1")),
    ("sound_for_a_mailbox", &[("leaf", "extendedKeyUsage", "emailProtection")], (0, "email", "ada@example.com")),
    ("wildcard", &[], (0, "server", "x.w.example.com")),
    ("wildcard_too_deep", &[], (0, "server", "x.y.w.example.com")),
    ("wildcard_for_nothing", &[], (0, "server", "w.example.com")),
    ("partial_wildcard", &[("leaf", "subjectAltName", "DNS:f*.example.com")], (0, "server", "foo.example.com")),
    ("other_host", &[], (0, "server", "b.example.com")),
    ("other_address", &[], (0, "server", "10.0.0.2")),
    ("other_mailbox", &[("leaf", "extendedKeyUsage", "emailProtection")], (0, "email", "bob@example.com")),
    ("common_name_only", &[("leaf", "subjectAltName", ""), ("leaf", "[subject]", "/CN=a.example.com")], NOW),
    ("expired_leaf", &[("leaf", "[days]", "10")], (20, "server", "a.example.com")),
    ("expired_intermediate", &[("intermediate", "[days]", "10")], (20, "server", "a.example.com")),
    ("expired_root", &[("root", "[days]", "10")], (20, "server", "a.example.com")),
    ("not_yet_valid", &[], (-1, "server", "a.example.com")),
    ("leaf_as_issuer", &[("intermediate", "basicConstraints", "critical,CA:FALSE"), ("intermediate", "keyUsage", "critical,digitalSignature")], NOW),
    ("no_basic_constraints", &[("intermediate", "basicConstraints", "")], NOW),
    ("basic_constraints_not_critical", &[("intermediate", "basicConstraints", "CA:TRUE")], NOW),
    ("no_cert_sign", &[("intermediate", "keyUsage", "critical,cRLSign")], NOW),
    ("no_cert_sign_on_root", &[("root", "keyUsage", "critical,cRLSign")], NOW),
    ("no_key_usage", &[("intermediate", "keyUsage", "")], NOW),
    ("no_key_usage_on_root", &[("root", "keyUsage", "")], NOW),
    ("path_length_kept", &[("intermediate", "basicConstraints", "critical,CA:TRUE,pathlen:0")], NOW),
    ("path_length_of_root_exceeded", &[("root", "basicConstraints", "critical,CA:TRUE,pathlen:0")], NOW),
    ("path_length_on_leaf", &[("leaf", "basicConstraints", "critical,CA:FALSE,pathlen:0")], NOW),
    ("client_asked_for_server", &[("leaf", "extendedKeyUsage", "clientAuth")], NOW),
    ("purpose_of_intermediate", &[("intermediate", "extendedKeyUsage", "clientAuth")], NOW),
    ("purpose_of_root", &[("root", "extendedKeyUsage", "clientAuth")], NOW),
    ("any_purpose", &[("leaf", "extendedKeyUsage", "anyExtendedKeyUsage")], NOW),
    ("no_purpose_stated", &[("leaf", "extendedKeyUsage", "")], NOW),
    ("unfit_key_usage", &[("leaf", "keyUsage", "critical,nonRepudiation")], NOW),
    ("cert_sign_on_leaf", &[("leaf", "keyUsage", "critical,digitalSignature,keyCertSign")], NOW),
    ("authority_as_leaf", &[("leaf", "basicConstraints", "critical,CA:TRUE"), ("leaf", "keyUsage", "critical,digitalSignature,keyCertSign")], NOW),
    ("permitted", &[("intermediate", "nameConstraints", "critical,permitted;DNS:example.com,permitted;IP:10.0.0.0/255.0.0.0,permitted;email:example.com")], NOW),
    ("permitted_by_the_root", &[("root", "nameConstraints", "critical,permitted;DNS:example.com")], NOW),
    ("host_not_permitted", &[("intermediate", "nameConstraints", "critical,permitted;DNS:example.org")], NOW),
    ("host_excluded", &[("root", "nameConstraints", "critical,excluded;DNS:example.com")], NOW),
    ("address_not_permitted", &[("intermediate", "nameConstraints", "critical,permitted;IP:192.168.0.0/255.255.0.0")], NOW),
    ("mailbox_not_permitted", &[("intermediate", "nameConstraints", "critical,permitted;email:example.org")], NOW),
    ("subject_not_permitted", &[("intermediate", "nameConstraints", "critical,permitted;dirName:elsewhere")], NOW),
    ("constraints_not_critical", &[("intermediate", "nameConstraints", "permitted;DNS:example.com")], NOW),
    ("constraint_with_a_dot", &[("intermediate", "nameConstraints", "critical,permitted;DNS:.example.com")], NOW),
    ("constraints_on_leaf", &[("leaf", "nameConstraints", "critical,permitted;DNS:example.com")], NOW),
    ("no_authority_key_id", &[("leaf", "authorityKeyIdentifier", "")], NOW),
    ("no_subject_key_id", &[("intermediate", "subjectKeyIdentifier", ""), ("leaf", "authorityKeyIdentifier", "")], NOW),
    ("issuer_and_serial", &[("leaf", "authorityKeyIdentifier", "keyid,issuer:always")], NOW),
    ("critical_subject_key_id", &[("intermediate", "subjectKeyIdentifier", "critical,hash")], NOW),
    ("unknown_critical", &[("leaf", "1.3.6.1.4.1.99999.1", "critical,ASN1:NULL")], NOW),
    ("unknown_critical_on_root", &[("root", "1.3.6.1.4.1.99999.1", "critical,ASN1:NULL")], NOW),
    ("unknown", &[("leaf", "1.3.6.1.4.1.99999.1", "ASN1:NULL")], NOW),
    ("policy_constraints", &[("intermediate", "policyConstraints", "critical,requireExplicitPolicy:5")], NOW),
    ("signed_by_another_key", &[("leaf", "[signer]", "other")], NOW),
    ("other_root_of_that_name", &[("root", "[trusted]", "other")], NOW),
    ("no_intermediate_given", &[("intermediate", "[given]", "no")], NOW),
    ("sha1", &[("leaf", "[hash]", "sha1")], NOW),
    ("serial_zero", &[("leaf", "[serial]", "0")], NOW),
    ("serial_negative", &[("leaf", "[serial]", "-5")], NOW),
    ("no_subject", &[("leaf", "[subject]", "/")], NOW),
    ("no_subject_and_critical_names", &[("leaf", "[subject]", "/"), ("leaf", "subjectAltName", "critical,DNS:a.example.com")], NOW),
    ("short_rsa_key", &[("leaf", "[key]", "rsa")], NOW),
    ("short_rsa_key_of_issuer", &[("intermediate", "[key]", "rsa")], NOW),
];

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "parity::openssl_agrees_on_changed_chains",
            &["openssl"],
            || {
                let bench = Bench::new()?;
                prepare(&bench)?;
                compare(
                    VARIANTS
                        .iter()
                        .map(|variant| (variant.0, chain_answers(&bench, variant))),
                )
            },
        ),
        Trial::test("parity::no_deviation_is_of_an_unknown_variant", || {
            let deviations = Deviations::read(include_str!("parity-deviations.txt"));
            for (name, ..) in VARIANTS {
                deviations.have(name);
            }
            match deviations.stale().as_slice() {
                [] => Ok(()),
                unknown => Err(format!("{unknown:?}").into()),
            }
        }),
        trial("parity::openssl_agrees_on_revocation", &["openssl"], || {
            let bench = Bench::new()?;
            prepare(&bench)?;
            compare(
                REVOCATIONS
                    .iter()
                    .map(|case| (case.0, revocation_answers(&bench, case))),
            )
        }),
    ]
}

/// What OpenSSL and what we said.
type Answers = Result<(Result<String, Failed>, Vec<String>), Failed>;

fn compare(cases: impl Iterator<Item = (&'static str, Answers)>) -> Result<(), Failed> {
    let deviations = Deviations::read(include_str!("parity-deviations.txt"));
    let mut wrong = String::new();
    for (name, answers) in cases {
        let (theirs, ours) = answers?;
        // A deviation that is none any more is to be struck off the list.
        if (theirs.is_ok() == ours.is_empty()) == deviations.have(name) {
            let theirs = theirs.map_err(|failed| failed.message().unwrap_or_default().to_owned());
            let _ = writeln!(wrong, "{name}: OpenSSL {theirs:?}, we {ours:?}");
        }
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.into())
    }
}

/// Keys, requests, the sound chain, and a root of the same name with another key.
fn prepare(bench: &Bench) -> Result<(), Failed> {
    for name in ["root", "intermediate", "leaf", "other"] {
        bench.run(&format!(
            "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {name}.key"
        ))?;
        let subject = if name == "other" { "root" } else { name };
        bench.run(&format!(
            "openssl req -new -key {name}.key -subj /CN={subject} -out {name}.request"
        ))?;
    }
    bench.run("openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out rsa.key")?;
    bench.write("extensions", extensions("root", &[]))?;
    bench.run("openssl x509 -req -in other.request -days 30 -extfile extensions -out other -signkey other.key")?;
    for (who, issuer) in CHAIN {
        make(bench, who, issuer, &[])?;
        bench.write(&format!("sound.{who}"), bench.read(who)?)?;
    }
    Ok(())
}

fn chain_answers(bench: &Bench, (_, changes, asked): &Variant) -> Answers {
    make_chain(bench, changes)?;
    let untrusted = match bracketed(changes, "intermediate", "[given]") {
        Some(_) => "",
        None => "-untrusted intermediate",
    };
    let trusted = bracketed(changes, "root", "[trusted]").unwrap_or("root");
    let (days, purpose, name) = *asked;
    let moment = OffsetDateTime::now_utc() + Duration::days(days);
    let line = format!(
        "openssl verify -x509_strict -attime {} -CAfile {trusted} {untrusted} {} leaf",
        moment.unix_timestamp(),
        options(purpose, name),
    );
    let theirs = bench.run(&line);
    let certificates = |file: &str| -> Result<_, Failed> { Ok(parse_chain(&bench.read(file)?)?) };
    let mut question = Question {
        leaf: certificates("leaf")?.swap_remove(0),
        intermediates: Vec::new(),
        roots: certificates(trusted)?,
        crls: Vec::new(),
        policy: policy(moment, purpose, name)?,
    };
    if !untrusted.is_empty() {
        question.intermediates = certificates("intermediate")?;
    }
    Ok((
        theirs,
        codes(&question).into_iter().map(str::to_owned).collect(),
    ))
}

fn policy(moment: OffsetDateTime, purpose: &str, name: &str) -> Result<Policy, Failed> {
    let names = Some(name).filter(|name| !name.is_empty());
    Ok(Policy {
        moment,
        purpose: purpose.parse::<Purpose>()?,
        names: names
            .map(PeerName::parse)
            .transpose()?
            .into_iter()
            .collect(),
        longest: None,
        revocation: RevocationPolicy::Chain,
        certificate_policies: PolicyDemand::default(),
    })
}

fn options(purpose: &str, name: &str) -> String {
    let purpose = match purpose {
        "server" => "sslserver",
        "email" => "smimesign",
        other => other,
    };
    let name = match PeerName::parse(name) {
        Ok(PeerName::Ip(_)) => format!("-verify_ip {name}"),
        Ok(PeerName::Email(_)) => format!("-verify_email {name}"),
        Ok(_) => format!("-verify_hostname {name}"),
        Err(_) => String::new(),
    };
    format!("-purpose {purpose} {name}")
}

/// Each certificate and its issuer.
const CHAIN: [(&str, &str); 3] = [
    ("root", ""),
    ("intermediate", "root"),
    ("leaf", "intermediate"),
];

/// Makes anew what is changed or signed by another key.
fn make_chain(bench: &Bench, changes: &[Change]) -> Result<(), Failed> {
    for (who, issuer) in CHAIN {
        let is_changed = changes.iter().any(|(whose, ..)| *whose == who);
        if is_changed || bracketed(changes, issuer, "[key]").is_some() {
            make(bench, who, issuer, changes)?;
        } else {
            bench.write(who, bench.read(&format!("sound.{who}"))?)?;
        }
    }
    Ok(())
}

fn make(bench: &Bench, who: &str, issuer: &str, changes: &[Change]) -> Result<(), Failed> {
    bench.write("extensions", extensions(who, changes))?;
    let said = |what| bracketed(changes, who, what);
    let key = said("[key]").unwrap_or(who);
    let mut request = format!("{who}.request");
    if said("[key]").is_some() || said("[subject]").is_some() {
        let plain = format!("/CN={who}");
        let subject = said("[subject]").unwrap_or(&plain);
        bench.run(&format!(
            "openssl req -new -key {key}.key -subj {subject} -out request"
        ))?;
        "request".clone_into(&mut request);
    }
    let hash = said("[hash]").unwrap_or("sha256");
    let days = said("[days]").unwrap_or("30");
    let serial = said("[serial]").unwrap_or("4711");
    let signs = format!(
        "openssl x509 -req -in {request} -{hash} -days {days} -extfile extensions -set_serial {serial} -out {who}"
    );
    if said("[signer]").is_some() {
        return sign_under_a_stolen_name(bench, &signs);
    }
    let signer = if issuer.is_empty() {
        format!("-signkey {key}.key")
    } else {
        let key = bracketed(changes, issuer, "[key]").unwrap_or(issuer);
        format!("-CA {issuer} -CAkey {key}.key")
    };
    bench.run(&format!("{signs} {signer}")).map(|_| ())
}

/// OpenSSL signs only with the key of the issuer's certificate, so that another one is made for the other key.
fn sign_under_a_stolen_name(bench: &Bench, signs: &str) -> Result<(), Failed> {
    let leaf = bench.read("extensions")?;
    bench.write("extensions", extensions("root", &[]))?;
    bench.run("openssl req -new -key other.key -subj /CN=intermediate -out stolen.request")?;
    bench.run("openssl x509 -req -in stolen.request -days 30 -extfile extensions -out stolen -signkey other.key")?;
    bench.write("extensions", leaf)?;
    bench
        .run(&format!("{signs} -CA stolen -CAkey other.key"))
        .map(|_| ())
}

fn extensions(who: &str, changes: &[Change]) -> String {
    let sound = SOUND
        .iter()
        .find(|(name, _)| *name == who)
        .map_or(&[][..], |(_, sound)| *sound);
    let own = changes
        .iter()
        .filter(|(whose, name, _)| *whose == who && !name.starts_with('['));
    let is_own = |name: &str| own.clone().any(|(_, set, _)| *set == name);
    let kept = sound.iter().filter(|(name, _)| !is_own(name)).copied();
    let added = own.clone().map(|(_, name, value)| (*name, *value));
    let mut text = String::new();
    for (name, value) in kept.chain(added).filter(|(_, value)| !value.is_empty()) {
        let _ = writeln!(text, "{name} = {value}");
    }
    text + "\n[elsewhere]\nCN = elsewhere\n"
}

fn bracketed(changes: &[Change], who: &str, what: &str) -> Option<&'static str> {
    let found = changes
        .iter()
        .find(|(whose, name, _)| *whose == who && *name == what);
    found.map(|(_, _, value)| *value)
}

/// A state of revocation: its name, what `openssl ca` is told to revoke, whose lists are given, and as of how many days from now.
type Revoked = (&'static str, &'static str, &'static [&'static str], i64);

const REVOCATIONS: &[Revoked] = &[
    ("nothing_revoked", "", &["root", "intermediate"], 0),
    ("leaf_revoked", "leaf", &["root", "intermediate"], 0),
    (
        "intermediate_revoked",
        "intermediate",
        &["root", "intermediate"],
        0,
    ),
    ("list_of_intermediate_missing", "", &["root"], 0),
    ("list_of_root_missing", "", &["intermediate"], 0),
    ("lists_expired", "", &["root", "intermediate"], 8),
    ("lists_not_yet_valid", "", &["root", "intermediate"], -1),
];

fn revocation_answers(bench: &Bench, (_, revoked, lists, days): &Revoked) -> Answers {
    make_chain(bench, &[])?;
    let mut given = Vec::new();
    for authority in ["root", "intermediate"] {
        let config = format!(
            "[ca]\ndefault_ca = it\n[it]\ndatabase = {authority}.index\ncrlnumber = {authority}.number\ndefault_md = sha256\n\
             default_crl_days = 7\ncrl_extensions = crl\n[crl]\nauthorityKeyIdentifier = keyid\n"
        );
        bench.write("config", config)?;
        bench.write(&format!("{authority}.index"), "")?;
        bench.write(&format!("{authority}.number"), "01")?;
        let openssl =
            format!("openssl ca -config config -cert {authority} -keyfile {authority}.key");
        let below = if authority == "root" {
            "intermediate"
        } else {
            "leaf"
        };
        if *revoked == below {
            bench.run(&format!(
                "{openssl} -revoke {below} -crl_reason keyCompromise"
            ))?;
        }
        bench.run(&format!("{openssl} -gencrl -out {authority}.crl"))?;
        if lists.contains(&authority) {
            given.extend(bench.read(&format!("{authority}.crl"))?);
        }
    }
    bench.write("lists", &given)?;
    let moment = OffsetDateTime::now_utc() + Duration::days(*days);
    let line = format!(
        "openssl verify -x509_strict -crl_check_all -attime {} -CAfile root -untrusted intermediate -CRLfile lists leaf",
        moment.unix_timestamp(),
    );
    let certificates = |file: &str| -> Result<_, Failed> { Ok(parse_chain(&bench.read(file)?)?) };
    let question = Question {
        leaf: certificates("leaf")?.swap_remove(0),
        intermediates: certificates("intermediate")?,
        roots: certificates("root")?,
        crls: parse_all(&given)?,
        policy: policy(moment, "any", "")?,
    };
    let ours = codes(&question).into_iter().map(str::to_owned).collect();
    Ok((bench.run(&line), ours))
}
