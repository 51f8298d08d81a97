//! Trees of ours, of every key algorithm and up to two intermediates deep: what OpenSSL says of them is said here too.

use certs::x509::certificate::CertificateFacts;
use certs::x509::certificate::read::parse_der;
use certs::x509::certificate::write::{Issuer, Role, Template, self_signed, signed, to_pem};
use certs::x509::constraints::{NameConstraints, Subtrees};
use certs::x509::key::KeyAlgorithm;
use certs::x509::key::signing::PrivateKey;
use certs::x509::name::write::NameDer;
use certs::x509::name::{AttributeType, Subject};
use certs::x509::san::San;
use certs::x509::usage::Usages;
use certs::x509::validity::Validity;
use certs::x509::validity::lifetime::Lifetime;
use certs::x509::verify::{PeerName, Policy, PolicyDemand, Purpose, RevocationPolicy};
use libtest_mimic::{Failed, Trial};
use time::OffsetDateTime;

use crate::judge::{Question, codes};
use crate::tool::{Bench, trial};

/// What is asked of a leaf, by OpenSSL's options and by ours: purpose, name. Half of it is to be refused.
const QUESTIONS: [(&str, &str, Option<&str>); 8] = [
    ("-purpose any", "any", None),
    (
        "-purpose sslserver -verify_hostname api.example.com",
        "server",
        Some("api.example.com"),
    ),
    (
        "-purpose sslclient -verify_ip fd00::1",
        "client",
        Some("fd00::1"),
    ),
    (
        "-purpose sslclient -verify_email ada@example.com",
        "client",
        Some("ada@example.com"),
    ),
    (
        "-purpose sslserver -verify_hostname a.b.svc.example.com",
        "server",
        Some("a.b.svc.example.com"),
    ),
    (
        "-purpose sslserver -verify_ip 10.0.0.2",
        "server",
        Some("10.0.0.2"),
    ),
    ("-purpose smimesign", "email", None),
    (
        "-purpose sslclient -verify_email bob@example.com",
        "client",
        Some("bob@example.com"),
    ),
];

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |algorithm| {
        let name = format!("own::openssl_agrees_on_our_trees::{algorithm}");
        trial(name, &["openssl"], move || agree(algorithm))
    };
    KeyAlgorithm::ALL.into_iter().map(trial).collect()
}

fn agree(algorithm: KeyAlgorithm) -> Result<(), Failed> {
    let bench = Bench::new()?;
    let keys = [(); 4].map(|()| PrivateKey::generate(algorithm));
    let [root, first, second, leaf] = keys;
    let (root, first, second, leaf) = (root?, first?, second?, leaf?);
    for intermediates in [&[][..], &[&first], &[&first, &second]] {
        let chain = chain(&root, intermediates, &leaf)?;
        let below = chain.get(1..chain.len() - 1).unwrap_or_default();
        bench.write("root", to_pem(&chain[0].der))?;
        bench.write(
            "between",
            below
                .iter()
                .map(|facts| to_pem(&facts.der))
                .collect::<String>(),
        )?;
        bench.write("leaf", to_pem(&chain[chain.len() - 1].der))?;
        let untrusted = if below.is_empty() {
            ""
        } else {
            "-untrusted between"
        };
        for (options, purpose, name) in QUESTIONS {
            let line =
                format!("openssl verify -x509_strict -CAfile root {untrusted} {options} leaf");
            let theirs = bench.run(&line);
            let ours = ask(&chain, purpose, name)?;
            if theirs.is_ok() != ours.is_empty() {
                let depth = intermediates.len();
                return Err(
                    format!("depth {depth}, {options}: {theirs:?}, we say {ours:?}").into(),
                );
            }
        }
    }
    Ok(())
}

fn ask(
    chain: &[CertificateFacts],
    purpose: &str,
    name: Option<&str>,
) -> Result<Vec<&'static str>, Failed> {
    Ok(codes(&Question {
        leaf: chain[chain.len() - 1].clone(),
        intermediates: chain[1..chain.len() - 1].to_vec(),
        roots: vec![chain[0].clone()],
        crls: Vec::new(),
        policy: Policy {
            moment: OffsetDateTime::now_utc(),
            purpose: purpose.parse::<Purpose>()?,
            names: name.map(PeerName::parse).transpose()?.into_iter().collect(),
            longest: None,
            revocation: RevocationPolicy::Chain,
            certificate_policies: PolicyDemand::default(),
        },
    }))
}

/// The root first, the leaf last. The lowest intermediate has a path length of nothing and name constraints.
fn chain(
    root: &PrivateKey,
    intermediates: &[&PrivateKey],
    leaf: &PrivateKey,
) -> Result<Vec<CertificateFacts>, Failed> {
    let authority_usages = usages(&[])?.for_authority();
    let constraints = NameConstraints {
        permitted: Subtrees::parse(
            &["example.com"],
            &["10.0.0.0/8", "fd00::/8"],
            &["example.com"],
        )
        .map_err(|faults| format!("{faults:?}"))?,
        excluded: Subtrees::default(),
    };
    let (name, no_sans) = (name("Root é")?, []);
    let role = Role::Authority {
        path_length: None,
        name_constraints: None,
    };
    let template = template(&name, &authority_usages, &no_sans, role, None)?;
    let mut chain = vec![parse_der(&self_signed(&template, root)?)?];
    let mut signer = root;
    for (number, key) in intermediates.iter().enumerate() {
        let below = intermediates.len() - 1 - number;
        let role = Role::Authority {
            path_length: Some(u32::try_from(below)?),
            name_constraints: (below == 0).then_some(&constraints),
        };
        let name = self::name(&format!("Intermediate {number}"))?;
        issue(
            &mut chain,
            signer,
            key,
            &name,
            &authority_usages,
            &no_sans,
            role,
        )?;
        signer = key;
    }
    let names = [
        "api.example.com",
        "*.svc.example.com",
        "10.0.0.1",
        "fd00::1",
        "ada@example.com",
    ];
    let sans = names
        .map(San::parse)
        .into_iter()
        .collect::<Result<Vec<_>, _>>()?;
    let leaf_usages = usages(&["digital signature", "server auth", "client auth"])?;
    let name = self::name("leaf")?;
    issue(
        &mut chain,
        signer,
        leaf,
        &name,
        &leaf_usages,
        &sans,
        Role::Leaf,
    )?;
    Ok(chain)
}

fn issue(
    chain: &mut Vec<CertificateFacts>,
    signer: &PrivateKey,
    key: &PrivateKey,
    name: &NameDer,
    usages: &Usages,
    sans: &[San],
    role: Role<'_>,
) -> Result<(), Failed> {
    let issuer = chain.last().ok_or("no issuer")?;
    let template = template(name, usages, sans, role, Some(issuer))?;
    let der = signed(&template, key.spki_der(), &Issuer::new(issuer, signer)?)?;
    chain.push(parse_der(&der)?);
    Ok(())
}

fn template<'a>(
    subject: &'a NameDer,
    usages: &'a Usages,
    sans: &'a [San],
    role: Role<'a>,
    issuer: Option<&CertificateFacts>,
) -> Result<Template<'a>, Failed> {
    let lifetime = Lifetime::parse("30d")?;
    let issuer = issuer.map(CertificateFacts::validity);
    let validity = Validity::starting(OffsetDateTime::now_utc(), lifetime, issuer)?.validity();
    Ok(Template {
        subject,
        subject_key_id: None,
        sans,
        usages,
        role,
        crl_urls: &[],
        issuer_urls: &[],
        validity,
    })
}

fn name(common_name: &str) -> Result<NameDer, Failed> {
    let attribute = (AttributeType::CommonName, common_name.to_owned());
    let subject = Subject::new(vec![attribute]).map_err(|faults| format!("{faults:?}"))?;
    Ok(NameDer::encode(&subject)?)
}

fn usages(words: &[&str]) -> Result<Usages, Failed> {
    Usages::parse(words).map_err(|faults| format!("{faults:?}").into())
}
