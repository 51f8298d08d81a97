//! OpenSSL and cfssl judge our keys and certificates, and we use theirs.

use certs::x509::certificate::CertificateFacts;
use certs::x509::certificate::read::{parse_der, parse_pem_chain, signed_by};
use certs::x509::certificate::write::{Issuer, Role, Template, self_signed, signed, to_pem};
use certs::x509::constraints::{NameConstraints, Subtrees};
use certs::x509::key::KeyAlgorithm;
use certs::x509::key::signing::PrivateKey;
use certs::x509::name::write::NameDer;
use certs::x509::name::{AttributeType, Subject};
use certs::x509::san::{San, Uri};
use certs::x509::usage::Usages;
use certs::x509::validity::Validity;
use certs::x509::validity::lifetime::Lifetime;
use libtest_mimic::{Failed, Trial};
use time::OffsetDateTime;

use crate::tool::{Bench, trial};

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for algorithm in KeyAlgorithm::ALL {
        trials.push(trial(
            format!("x509::openssl_checks_our_key::{algorithm}"),
            &["openssl"],
            move || openssl_checks_our_key(algorithm),
        ));
        trials.push(trial(
            format!("x509::openssl_verifies_a_leaf_below_a_root::{algorithm}"),
            &["openssl"],
            move || verify_depth_1(algorithm),
        ));
        trials.push(trial(
            format!("x509::openssl_verifies_a_leaf_below_an_intermediate::{algorithm}"),
            &["openssl"],
            move || verify_depth_2(algorithm),
        ));
    }
    for (name, commands) in FOREIGN_AUTHORITIES {
        trials.push(trial(
            format!("x509::issues_for_an_openssl_authority::{name}"),
            &["openssl"],
            move || foreign_openssl(commands),
        ));
    }
    for key in ["ecdsa 256", "ecdsa 384", "rsa 2048"] {
        trials.push(trial(
            format!("x509::issues_for_a_cfssl_authority_with_two_names::{key}"),
            &["openssl", "cfssl", "cfssljson"],
            move || foreign_cfssl(key),
        ));
    }
    for algorithm in [
        KeyAlgorithm::Rsa2048,
        KeyAlgorithm::EcdsaP256,
        KeyAlgorithm::EcdsaP521,
        KeyAlgorithm::Ed25519,
    ] {
        let programs = ["lint_pkix_cert", "lint_pkix_signer_signee_cert_chain"];
        trials.push(trial(
            format!("x509::pkilint_finds_no_fault::{algorithm}"),
            &programs,
            move || pkilint_finds_no_fault(algorithm),
        ));
    }
    trials.push(trial(
        "x509::openssl_enforces_our_name_constraints",
        &["openssl"],
        openssl_enforces_name_constraints,
    ));
    trials.push(trial(
        "x509::openssl_reads_what_we_declared",
        &["openssl"],
        openssl_reads_what_we_declared,
    ));
    trials.push(trial(
        "x509::openssl_reads_dates_beyond_2049",
        &["openssl"],
        openssl_reads_dates_beyond_2049,
    ));
    trials.push(trial(
        "x509::reads_the_signatures_openssl_makes",
        &["openssl"],
        reads_the_signatures_openssl_makes,
    ));
    trials.push(trial(
        "x509::names_the_keys_it_does_not_take",
        &["openssl"],
        names_the_keys_it_does_not_take,
    ));
    trials
}

/// How an authority came to be, one command a line; each ends with `ca.crt` and `ca.key`. `{ku}` is replaced by the key usage
/// of an authority, which OpenSSL does not write of itself and `-x509_strict` wants.
const FOREIGN_AUTHORITIES: [(&str, &str); 11] = [
    (
        "pkcs8_rsa",
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 30 {ku} -subj /O=One/O=Two/CN=ca",
    ),
    (
        "pkcs1_rsa",
        "openssl genrsa -traditional -out ca.key 2048
        openssl req -x509 -new -key ca.key -out ca.crt -days 30 {ku} -subj /DC=com/DC=example/CN=ca",
    ),
    (
        "sec1",
        "openssl ecparam -name prime256v1 -genkey -noout -out ca.key
        openssl req -x509 -new -key ca.key -out ca.crt -days 30 {ku} -subj /CN=ca",
    ),
    (
        "ec_parameters_in_front",
        "openssl ecparam -name secp384r1 -genkey -out ca.key
        openssl req -x509 -new -key ca.key -out ca.crt -days 30 {ku} -subj /CN=ca",
    ),
    (
        "p521_pkcs8",
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out ca.key
        openssl req -x509 -new -key ca.key -out ca.crt -days 30 {ku} -subj /CN=ca",
    ),
    (
        "ed25519",
        "openssl genpkey -algorithm ED25519 -out ca.key
        openssl req -x509 -new -key ca.key -out ca.crt -days 30 {ku} -subj /CN=ca",
    ),
    (
        "multi_valued_rdn",
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 30 {ku} -multivalue-rdn -subj /O=Zwei+O=Eins+OU=x/CN=ca",
    ),
    (
        "utf8_and_teletex",
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 30 {ku} -utf8 -subj /O=Bücher/CN=ca",
    ),
    (
        "sha512_signature",
        "openssl req -x509 -sha512 -newkey rsa:4096 -nodes -keyout ca.key -out ca.crt -days 30 {ku} -subj /CN=ca",
    ),
    (
        "no_subject_key_id",
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 30 {ku} -subj /CN=ca -addext subjectKeyIdentifier=none -addext authorityKeyIdentifier=none",
    ),
    (
        "no_key_usage",
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 30 -subj /CN=ca",
    ),
];

/// An authority of ours with its key.
struct Authority {
    facts: CertificateFacts,
    key: PrivateKey,
}

impl Authority {
    fn root(algorithm: KeyAlgorithm) -> Result<Self, Failed> {
        let key = PrivateKey::generate(algorithm)?;
        let (name, usages) = (name("Root é")?, usages(&[])?.for_authority());
        let template = Template {
            role: Role::Authority {
                path_length: None,
                name_constraints: None,
            },
            ..template(&name, &usages, None)?
        };
        Ok(Self {
            facts: parse_der(&self_signed(&template, &key)?)?,
            key,
        })
    }

    fn below(
        issuer: &Self,
        algorithm: KeyAlgorithm,
        constraints: &NameConstraints,
    ) -> Result<Self, Failed> {
        let key = PrivateKey::generate(algorithm)?;
        let (name, usages) = (name("Intermediate")?, usages(&[])?.for_authority());
        let role = Role::Authority {
            path_length: Some(0),
            name_constraints: Some(constraints),
        };
        let template = Template {
            role,
            ..template(&name, &usages, Some(&issuer.facts))?
        };
        let der = signed(
            &template,
            key.spki_der(),
            &Issuer::new(&issuer.facts, &issuer.key)?,
        )?;
        Ok(Self {
            facts: parse_der(&der)?,
            key,
        })
    }

    fn leaf(&self, algorithm: KeyAlgorithm, sans: &[San]) -> Result<CertificateFacts, Failed> {
        let key = PrivateKey::generate(algorithm)?;
        let (name, usages) = (
            name("leaf")?,
            usages(&["server auth", "client auth"])?.for_leaf(algorithm)?,
        );
        let template = Template {
            sans,
            ..template(&name, &usages, Some(&self.facts))?
        };
        let leaf = parse_der(&signed(
            &template,
            key.spki_der(),
            &Issuer::new(&self.facts, &self.key)?,
        )?)?;
        if !signed_by(&leaf, &self.facts) || signed_by(&self.facts, &leaf) {
            return Err("signed_by is wrong about our own certificate".into());
        }
        Ok(leaf)
    }
}

fn name(common_name: &str) -> Result<NameDer, Failed> {
    let attributes = [
        (AttributeType::Organization, "One"),
        (AttributeType::Organization, "Two"),
        (AttributeType::CommonName, common_name),
    ];
    let attributes = attributes
        .map(|(kind, value)| (kind, value.to_owned()))
        .to_vec();
    let subject = Subject::new(attributes).map_err(|faults| format!("{faults:?}"))?;
    Ok(NameDer::encode(&subject)?)
}

fn usages(words: &[&str]) -> Result<Usages, Failed> {
    Usages::parse(words).map_err(|faults| format!("{faults:?}").into())
}

/// A leaf of twenty days, inside its issuer's validity; the other fields are for the trial to set.
fn template<'a>(
    subject: &'a NameDer,
    usages: &'a Usages,
    issuer: Option<&CertificateFacts>,
) -> Result<Template<'a>, Failed> {
    let lifetime = Lifetime::parse(if issuer.is_some() { "20d" } else { "100y" })?;
    let issuer = issuer.map(CertificateFacts::validity);
    let validity = Validity::starting(OffsetDateTime::now_utc(), lifetime, issuer)?.validity();
    Ok(Template {
        subject,
        subject_key_id: None,
        sans: &[],
        usages,
        role: Role::Leaf,
        crl_urls: &[],
        issuer_urls: &[],
        validity,
    })
}

fn sans(names: &[&str]) -> Result<Vec<San>, Failed> {
    Ok(names
        .iter()
        .map(|name| San::parse(name))
        .collect::<Result<_, _>>()?)
}

fn common_sans() -> Result<Vec<San>, Failed> {
    sans(&[
        "api.example.com",
        "*.svc.example.com",
        "10.0.0.1",
        "fd00::1",
        "admin@example.com",
        "spiffe://example.com/x",
    ])
}

fn openssl_checks_our_key(algorithm: KeyAlgorithm) -> Result<(), Failed> {
    let (bench, key) = (Bench::new()?, PrivateKey::generate(algorithm)?);
    bench.write("key", key.to_pem()?.as_bytes())?;
    let said = bench.run("openssl pkey -check -noout -in key")?;
    if !said.contains("Key is valid") {
        return Err(said.into());
    }
    bench.run("openssl pkey -in key -pubout -outform DER -out public")?;
    if bench.read("public")? == key.spki_der() {
        Ok(())
    } else {
        Err("OpenSSL derives another public key".into())
    }
}

fn verify_depth_1(algorithm: KeyAlgorithm) -> Result<(), Failed> {
    let bench = Bench::new()?;
    let root = Authority::root(algorithm)?;
    let leaf = root.leaf(algorithm, &common_sans()?)?;
    bench.write("root", to_pem(&root.facts.der))?;
    bench.write("leaf", to_pem(&leaf.der))?;
    verify_every_purpose(&bench, "-CAfile root")
}

fn verify_depth_2(algorithm: KeyAlgorithm) -> Result<(), Failed> {
    let bench = Bench::new()?;
    let root = Authority::root(algorithm)?;
    let intermediate = Authority::below(&root, algorithm, &example_constraints()?)?;
    let leaf = intermediate.leaf(algorithm, &common_sans()?)?;
    bench.write("root", to_pem(&root.facts.der))?;
    bench.write("intermediate", to_pem(&intermediate.facts.der))?;
    bench.write("leaf", to_pem(&leaf.der))?;
    verify_every_purpose(&bench, "-CAfile root -untrusted intermediate")
}

fn verify_every_purpose(bench: &Bench, trust: &str) -> Result<(), Failed> {
    for question in [
        "-purpose sslserver -verify_hostname api.example.com",
        "-purpose sslserver -verify_hostname a.svc.example.com",
        "-purpose sslserver -verify_ip 10.0.0.1",
        "-purpose sslclient -verify_ip fd00::1",
        "-purpose sslclient -verify_email admin@example.com",
    ] {
        bench.run(&format!(
            "openssl verify -x509_strict {trust} {question} leaf"
        ))?;
    }
    bench.refuses(&format!(
        "openssl verify -x509_strict {trust} -purpose sslserver -verify_hostname evil.org leaf"
    ))?;
    bench.refuses(&format!(
        "openssl verify -x509_strict {trust} -purpose smimesign leaf"
    ))?;
    Ok(())
}

fn example_constraints() -> Result<NameConstraints, Failed> {
    let subtrees = |dns: &[&str], ip: &[&str], email: &[&str]| {
        Subtrees::parse(dns, ip, email).map_err(|faults| Failed::from(format!("{faults:?}")))
    };
    let permitted = subtrees(
        &["example.com"],
        &["10.0.0.0/8", "fd00::/8"],
        &["example.com"],
    )?;
    let excluded = subtrees(&["secret.example.com"], &["10.9.0.0/16"], &[])?;
    Ok(NameConstraints {
        permitted,
        excluded,
    })
}

/// Notices are left out: they are about practices of public authorities. pkilint knows neither wildcards (they are RFC 6125's) nor
/// other URI schemes than the web's, so the leaf has none.
fn pkilint_finds_no_fault(algorithm: KeyAlgorithm) -> Result<(), Failed> {
    let bench = Bench::new()?;
    let root = Authority::root(algorithm)?;
    let intermediate = Authority::below(&root, algorithm, &example_constraints()?)?;
    let leaf = intermediate.leaf(
        algorithm,
        &sans(&[
            "api.example.com",
            "10.0.0.1",
            "fd00::1",
            "admin@example.com",
            "https://example.com/x",
        ])?,
    )?;
    for (file, facts) in [
        ("root", &root.facts),
        ("intermediate", &intermediate.facts),
        ("leaf", &leaf),
    ] {
        bench.write(file, to_pem(&facts.der))?;
        bench.run(&format!("lint_pkix_cert lint -s WARNING {file}"))?;
    }
    bench.run("lint_pkix_signer_signee_cert_chain lint -s WARNING root intermediate")?;
    bench.run("lint_pkix_signer_signee_cert_chain lint -s WARNING intermediate leaf")?;
    Ok(())
}

/// We refuse to issue against constraints, so the constraints are hidden from the issuer for what OpenSSL is to refuse.
fn openssl_enforces_name_constraints() -> Result<(), Failed> {
    let bench = Bench::new()?;
    let root = Authority::root(KeyAlgorithm::EcdsaP256)?;
    let mut intermediate =
        Authority::below(&root, KeyAlgorithm::EcdsaP256, &example_constraints()?)?;
    bench.write("root", to_pem(&root.facts.der))?;
    bench.write("intermediate", to_pem(&intermediate.facts.der))?;
    let constraints = intermediate
        .facts
        .name_constraints
        .take()
        .ok_or("the intermediate lacks its constraints")?;
    let names = [
        "api.example.com",
        "notexample.com",
        "evil.org",
        "a.secret.example.com",
        "10.1.2.3",
        "10.9.0.1",
        "11.0.0.1",
        "fd00::1",
        "fe80::1",
        "x@example.com",
        "x@evil.org",
    ];
    for name in names {
        let san = San::parse(name)?;
        bench.write(
            "leaf",
            to_pem(
                &intermediate
                    .leaf(KeyAlgorithm::EcdsaP256, std::slice::from_ref(&san))?
                    .der,
            ),
        )?;
        let command = "openssl verify -x509_strict -CAfile root -untrusted intermediate leaf";
        if constraints.permit(&san) {
            bench.run(command)?
        } else {
            bench.refuses(command)?
        };
    }
    Ok(())
}

fn foreign_openssl(commands: &str) -> Result<(), Failed> {
    let bench = Bench::new()?;
    for command in commands.lines() {
        bench.run(&command.replace("{ku}", "-addext keyUsage=critical,keyCertSign,cRLSign"))?;
    }
    issue_for_foreign(&bench)
}

fn foreign_cfssl(key: &str) -> Result<(), Failed> {
    let bench = Bench::new()?;
    let (algo, size) = key.split_once(' ').ok_or("key without size")?;
    bench.write("csr.json", format!(r#"{{"CN":"ca","key":{{"algo":"{algo}","size":{size}}},"names":[{{"C":"DE","O":"Org One","OU":"x"}},{{"C":"DE","O":"Org Two"}}]}}"#))?;
    let made = bench.run_words(&[
        "sh",
        "-c",
        "cfssl gencert -loglevel=5 -initca csr.json | cfssljson -bare ca",
    ])?;
    bench
        .run("mv ca.pem ca.crt")
        .map_err(|error| format!("{made}{:?}", error.message()))?;
    bench.run("mv ca-key.pem ca.key")?;
    issue_for_foreign(&bench)
}

fn issue_for_foreign(bench: &Bench) -> Result<(), Failed> {
    let key = PrivateKey::from_pem(&bench.read("ca.key")?)?;
    let facts = parse_pem_chain(&bench.read("ca.crt")?)?.remove(0);
    if !signed_by(&facts, &facts) {
        return Err("its own signature does not verify".into());
    }
    let leaf = Authority { facts, key }.leaf(KeyAlgorithm::EcdsaP256, &common_sans()?)?;
    bench.write("leaf", to_pem(&leaf.der))?;
    // A root that lacks these is itself not strict.
    let text = bench.run("openssl x509 -in ca.crt -noout -text")?;
    let root_is_strict =
        text.contains("Subject Key Identifier") && text.contains("X509v3 Key Usage");
    let strict = if root_is_strict { "-x509_strict" } else { "" };
    bench.run(&format!("openssl verify {strict} -CAfile ca.crt -purpose sslserver -verify_hostname api.example.com leaf"))?;
    check_rewritten_key(bench)
}

/// The authority's key as we write it is the same key, and OpenSSL finds it sound.
fn check_rewritten_key(bench: &Bench) -> Result<(), Failed> {
    bench.write(
        "again.key",
        PrivateKey::from_pem(&bench.read("ca.key")?)?
            .to_pem()?
            .as_bytes(),
    )?;
    bench.run("openssl pkey -check -noout -in again.key")?;
    let public = |key: &str| bench.run(&format!("openssl pkey -in {key} -pubout"));
    if public("ca.key")? == public("again.key")? {
        Ok(())
    } else {
        Err("the rewritten key is another one".into())
    }
}

fn openssl_reads_what_we_declared() -> Result<(), Failed> {
    let bench = Bench::new()?;
    let root = Authority::root(KeyAlgorithm::EcdsaP256)?;
    let intermediate = Authority::below(&root, KeyAlgorithm::Rsa2048, &example_constraints()?)?;
    let (name, usages) = (
        name("leaf")?,
        usages(&["server auth", "1.3.6.1.5.2.3.5", "signing", "key agreement"])?
            .for_leaf(KeyAlgorithm::EcdsaP256)?,
    );
    let (sans, crl, issuer) = (
        common_sans()?,
        [Uri::parse("http://example.com/a.crl")?],
        [Uri::parse("http://example.com/a.crt")?],
    );
    let template = Template {
        sans: &sans,
        crl_urls: &crl,
        issuer_urls: &issuer,
        ..template(&name, &usages, Some(&intermediate.facts))?
    };
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
    bench.write(
        "leaf",
        to_pem(&signed(
            &template,
            key.spki_der(),
            &Issuer::new(&intermediate.facts, &intermediate.key)?,
        )?),
    )?;
    bench.write("intermediate", to_pem(&intermediate.facts.der))?;
    let leaf = bench.run("openssl x509 -in leaf -noout -text")?;
    expect(
        &leaf,
        &[
            "X509v3 Key Usage: critical\n                Digital Signature, Key Agreement\n",
            "X509v3 Extended Key Usage: \n                TLS Web Server Authentication, Signing KDC Response\n",
            "X509v3 Basic Constraints: critical\n                CA:FALSE\n",
            "CA Issuers - URI:http://example.com/a.crt\n",
            "DNS:api.example.com, DNS:*.svc.example.com, IP Address:10.0.0.1, IP Address:FD00:0:0:0:0:0:0:1, email:admin@example.com, URI:spiffe://example.com/x\n",
            "Full Name:\n                  URI:http://example.com/a.crl\n",
            "Subject: O = One, O = Two, CN = leaf\n",
        ],
    )?;
    let intermediate = bench.run("openssl x509 -in intermediate -noout -text")?;
    expect(
        &intermediate,
        &[
            "X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign\n",
            "X509v3 Basic Constraints: critical\n                CA:TRUE, pathlen:0\n",
            "X509v3 Name Constraints: critical\n                Permitted:\n                  DNS:example.com\n                  IP:10.0.0.0/255.0.0.0\n",
            "Excluded:\n                  DNS:secret.example.com\n                  IP:10.9.0.0/255.255.0.0\n",
        ],
    )
}

fn openssl_reads_dates_beyond_2049() -> Result<(), Failed> {
    let bench = Bench::new()?;
    let root = Authority::root(KeyAlgorithm::EcdsaP256)?;
    bench.write("root", to_pem(&root.facts.der))?;
    let year = root.facts.not_after.year();
    expect(
        &bench.run("openssl x509 -in root -noout -enddate")?,
        &[&format!(" {year} GMT")],
    )?;
    let structure = bench.run("openssl asn1parse -in root")?;
    expect(
        &structure,
        &["UTCTIME", &format!("GENERALIZEDTIME   :{year}")],
    )
}

fn reads_the_signatures_openssl_makes() -> Result<(), Failed> {
    let bench = Bench::new()?;
    let cases = [
        ("rsa:2048", "-sha256", "sha256WithRSAEncryption"),
        ("rsa:2048", "-sha384", "sha384WithRSAEncryption"),
        ("rsa:2048", "-sha512", "sha512WithRSAEncryption"),
        (
            "rsa:2048",
            "-sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest",
            "rsassaPss",
        ),
        (
            "ec -pkeyopt ec_paramgen_curve:P-256",
            "-sha512",
            "ecdsa-with-SHA512",
        ),
        (
            "ec -pkeyopt ec_paramgen_curve:P-384",
            "-sha256",
            "ecdsa-with-SHA256",
        ),
        (
            "ec -pkeyopt ec_paramgen_curve:P-521",
            "-sha384",
            "ecdsa-with-SHA384",
        ),
        ("ed25519", "", "ED25519"),
    ];
    for (key, options, expected) in cases {
        bench.run(&format!("openssl req -x509 -newkey {key} -nodes -keyout key -out crt -days 3 -subj /CN=x {options}"))?;
        let facts = parse_pem_chain(&bench.read("crt")?)?.remove(0);
        if facts.signature_algorithm != expected || !signed_by(&facts, &facts) {
            return Err(format!(
                "{key} {options}: {} does not verify",
                facts.signature_algorithm
            )
            .into());
        }
    }
    bench.run(
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out crt -days 3 -subj /CN=x -sha1",
    )?;
    let facts = parse_pem_chain(&bench.read("crt")?)?.remove(0);
    if signed_by(&facts, &facts) {
        Err("a SHA-1 signature counts as one".into())
    } else {
        Ok(())
    }
}

fn names_the_keys_it_does_not_take() -> Result<(), Failed> {
    let bench = Bench::new()?;
    let cases = [
        ("genrsa -out key 1024", "rsa 1024 keys are not supported"),
        (
            "genrsa -traditional -out key 1024",
            "rsa 1024 keys are not supported",
        ),
        (
            "genpkey -algorithm RSA-PSS -out key",
            "rsa-pss keys are not supported",
        ),
        (
            "genpkey -algorithm ED448 -out key",
            "ed448 keys are not supported",
        ),
        (
            "genpkey -algorithm X25519 -out key",
            "x25519 keys are not supported",
        ),
        (
            "ecparam -name secp256k1 -genkey -noout -out key",
            "ecdsa secp256k1 keys are not supported",
        ),
        (
            "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 -out key",
            "ecdsa secp256k1 keys are not supported",
        ),
        (
            "genrsa -aes128 -passout pass:x -out key 2048",
            "protected with a passphrase",
        ),
        (
            "genrsa -traditional -aes128 -passout pass:x -out key 2048",
            "protected with a passphrase",
        ),
        (
            "ecparam -name prime256v1 -out key",
            "no private key in it, only EC PARAMETERS",
        ),
    ];
    for (command, expected) in cases {
        bench.run(&format!("openssl {command}"))?;
        let message = PrivateKey::from_pem(&bench.read("key")?)
            .err()
            .ok_or(command)?
            .to_string();
        expect(&message, &[expected]).map_err(|_| format!("{command}: {message}"))?;
    }
    Ok(())
}

fn expect(text: &str, parts: &[&str]) -> Result<(), Failed> {
    match parts.iter().find(|part| !text.contains(**part)) {
        Some(missing) => Err(format!("{missing:?} is missing in:\n{text}").into()),
        None => Ok(()),
    }
}
