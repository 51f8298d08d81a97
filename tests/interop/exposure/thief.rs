//! The thief: opens every version of every file with everything found so far, and tries all of it on the verifiers of today.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use certs::seal::{Identities, IdentitySource, NoUnlock};
use certs::x509::certificate::read::{parse_der, parse_pem_chain};
use certs::x509::certificate::write::{Issuer, Role, Template, signed};
use certs::x509::crl::read as crl;
use certs::x509::key::public as public_key;
use certs::x509::key::signing::PrivateKey;
use certs::x509::name::write::NameDer;
use certs::x509::verify::{Policy, Purpose, Request, RevocationPolicy, verify};
use certs::x509::{
    AttributeType, CertificateFacts, CrlFacts, KeyAlgorithm, KeyFingerprint, Subject, Usages,
    Validity,
};
use libtest_mimic::Failed;
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use super::Loot;
use super::fleet::{Fleet, Verifiers};

#[derive(Default)]
pub(super) struct Thief {
    identities: Vec<Vec<u8>>,
    keys: BTreeMap<String, PrivateKey>,
    opened: BTreeSet<String>,
    /// Everything public that Git ever had.
    certificates: Vec<CertificateFacts>,
}

impl Thief {
    /// Takes it, and says whom the owner asks about.
    pub(super) fn steal(&mut self, fleet: &Fleet, loot: Loot) -> Result<String, Failed> {
        let bench = &fleet.project.bench;
        match loot {
            Loot::Operator(who) | Loot::OnlyCopy(who) => {
                let identity = format!("operators/{who}");
                self.identities.push(bench.read(&identity)?);
                if matches!(loot, Loot::OnlyCopy(_)) {
                    fs::remove_file(fleet.project.path(&identity))?;
                }
                let public = bench.read(&format!("operators/{who}.pub"))?;
                Ok(String::from_utf8(public)?.trim().to_owned())
            }
            Loot::Host(host) => {
                self.identities.push(fleet.host_key(host)?);
                Ok(host.to_owned())
            }
            Loot::Key(id) => {
                let owner = identities(&[bench.read("operators/ada")?])?;
                let pem = owner.open(&bench.read(&file_of(id))?)?;
                self.take(&pem)?;
                Ok(id.to_owned())
            }
        }
    }

    /// A private key that certificates are for, or another identity.
    fn take(&mut self, opened: &[u8]) -> Result<(), Failed> {
        if opened.starts_with(b"-----BEGIN OPENSSH") {
            self.identities.push(opened.to_vec());
        } else {
            let key = PrivateKey::from_pem(opened)?;
            self.keys.insert(key.fingerprint().to_string(), key);
        }
        Ok(())
    }

    /// Opens every version of every sealed file, until nothing more is found.
    pub(super) fn search(&mut self, fleet: &Fleet) -> Result<(), Failed> {
        let bench = &fleet.project.bench;
        let listing = bench.run("git rev-list --all --objects")?;
        let objects: Vec<(&str, &str)> = listing
            .lines()
            .filter_map(|line| line.split_once(' '))
            .collect();
        let blob = |id: &str| -> Result<Vec<u8>, Failed> {
            let output = std::process::Command::new("git")
                .args(["cat-file", "blob", id])
                .current_dir(fleet.project.path(""))
                .output()?;
            Ok(output.stdout)
        };
        self.certificates.clear();
        for (id, _) in objects
            .iter()
            .filter(|(_, path)| path.strip_suffix(".crt").is_some())
        {
            self.certificates.extend(parse_pem_chain(&blob(id)?)?);
        }
        let sealed = objects
            .iter()
            .filter(|(_, path)| path.ends_with(".key.age"));
        let sealed: Vec<(&str, Vec<u8>)> = sealed
            .map(|(id, _)| Ok((*id, blob(id)?)))
            .collect::<Result<_, Failed>>()?;
        loop {
            let (before, identities) = (self.opened.len(), identities(&self.identities)?);
            for (id, bytes) in &sealed {
                if self.opened.contains(*id) {
                    continue;
                }
                if let Ok(opened) = identities.open(bytes) {
                    self.opened.insert((*id).to_owned());
                    self.take(&opened)?;
                }
            }
            if self.opened.len() == before {
                return Ok(());
            }
        }
    }

    /// Everything that still works, one a line.
    pub(super) fn succeeds_with(&self, fleet: &Fleet) -> Result<Vec<String>, Failed> {
        let mut successes = self.opens(fleet)?;
        successes.extend(self.tokens(fleet)?);
        let bundles = bundles(fleet)?;
        for certificate in self.presentable()? {
            for (name, roots) in &bundles {
                if is_accepted(&certificate, roots, &self.certificates, &lists(fleet)?) {
                    let (subject, issuer) = (&certificate.subject, &certificate.issuer);
                    successes.push(format!("{name} accepts {subject} by {issuer}"));
                }
            }
        }
        Ok(successes)
    }

    /// Sealed files of the tree as it is.
    fn opens(&self, fleet: &Fleet) -> Result<Vec<String>, Failed> {
        let identities = identities(&self.identities)?;
        let listing = fleet.project.bench.run("git ls-files")?;
        let mut opened = Vec::new();
        for path in listing.lines().filter(|path| path.ends_with(".key.age")) {
            if identities.open(&fleet.project.bench.read(path)?).is_ok() {
                opened.push(format!("opens {path}"));
            }
        }
        Ok(opened)
    }

    /// Public files by which the API server would believe a token.
    fn tokens(&self, fleet: &Fleet) -> Result<Vec<String>, Failed> {
        let listing = fleet
            .project
            .bench
            .run("git ls-files secrets/certs/shared")?;
        let mut signing = Vec::new();
        for path in listing
            .lines()
            .filter(|path| path.strip_suffix(".pub").is_some())
        {
            for key in public_key::parse_pem(&fleet.project.bench.read(path)?)? {
                if self.has(key.fingerprint) {
                    signing.push(format!("signs tokens that {path} verifies"));
                }
            }
        }
        Ok(signing)
    }

    fn has(&self, key: KeyFingerprint) -> bool {
        self.keys.contains_key(&key.to_string())
    }

    /// Every certificate for a stolen key, and one with `system:masters` by every stolen CA key.
    fn presentable(&self) -> Result<Vec<CertificateFacts>, Failed> {
        let mut certificates = Vec::new();
        for found in self
            .certificates
            .iter()
            .filter(|found| self.has(found.key_fingerprint))
        {
            if found.is_authority() {
                let key = self.keys.get(&found.key_fingerprint.to_string());
                certificates.push(forged(found, key.ok_or("a key that is there")?)?);
            } else {
                certificates.push(found.clone());
            }
        }
        certificates.sort_by(|a, b| a.der.cmp(&b.der));
        certificates.dedup_by(|a, b| a.der == b.der);
        Ok(certificates)
    }
}

fn identities(files: &[Vec<u8>]) -> Result<Identities, Failed> {
    let sources: Vec<IdentitySource> = files
        .iter()
        .map(|bytes| IdentitySource {
            name: "stolen".to_owned(),
            bytes: Zeroizing::new(bytes.clone()),
        })
        .collect();
    Ok(Identities::load(&sources, Box::new(NoUnlock))?)
}

/// Where the sealed key of an artifact is.
fn file_of(id: &str) -> String {
    let parts: Vec<&str> = id.split('/').collect();
    let below = match parts.as_slice() {
        [kind @ ("ca" | "shared"), name] => format!("{kind}/{name}"),
        ["nas", authority, name] => format!("issued/nas/{authority}/{name}"),
        [host, authority, name] => format!("derived/{host}/{authority}-{name}"),
        _ => String::new(),
    };
    format!("secrets/certs/{below}.key.age")
}

/// A certificate that a stolen CA key makes of its thief an administrator with.
fn forged(authority: &CertificateFacts, key: &PrivateKey) -> Result<CertificateFacts, Failed> {
    let now = OffsetDateTime::now_utc();
    let own = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
    let subject = Subject::new(vec![
        (AttributeType::Organization, "system:masters".to_owned()),
        (AttributeType::CommonName, "thief".to_owned()),
    ])
    .map_err(|errors| format!("{errors:?}"))?;
    let subject = NameDer::encode(&subject)?;
    let usages = Usages::parse(&["client auth"]).map_err(|error| format!("{error:?}"))?;
    let template = Template {
        subject: &subject,
        subject_key_id: None,
        sans: &[],
        usages: &usages.for_leaf(KeyAlgorithm::EcdsaP256)?,
        role: Role::Leaf,
        crl_urls: &[],
        issuer_urls: &[],
        validity: Validity {
            not_before: authority.not_before,
            not_after: authority
                .not_after
                .min(now.replace_nanosecond(0)? + Duration::DAY),
        },
    };
    let der = signed(&template, own.spki_der(), &Issuer::new(authority, key)?)?;
    Ok(parse_der(&der)?)
}

/// The CA files as programs are given them.
fn bundles(fleet: &Fleet) -> Result<Vec<(String, Vec<CertificateFacts>)>, Failed> {
    let listing = fleet.project.bench.run("git ls-files secrets/certs/ca")?;
    let files = listing
        .lines()
        .filter(|path| path.strip_suffix(".crt").is_some());
    files
        .map(|path| {
            Ok((
                path.to_owned(),
                parse_pem_chain(&fleet.project.bench.read(path)?)?,
            ))
        })
        .collect()
}

/// What verifiers know of revocations.
fn lists(fleet: &Fleet) -> Result<Vec<CrlFacts>, Failed> {
    if fleet.verifiers == Verifiers::Kubernetes {
        return Ok(Vec::new());
    }
    let listing = fleet.project.bench.run("git ls-files secrets/certs/ca")?;
    let mut lists = Vec::new();
    for path in listing
        .lines()
        .filter(|path| path.strip_suffix(".crl").is_some())
    {
        lists.extend(crl::parse_all(&fleet.project.bench.read(path)?)?);
    }
    Ok(lists)
}

fn is_accepted(
    leaf: &CertificateFacts,
    roots: &[CertificateFacts],
    intermediates: &[CertificateFacts],
    crls: &[CrlFacts],
) -> bool {
    let policy = Policy {
        moment: OffsetDateTime::now_utc(),
        purpose: Purpose::ANY,
        names: Vec::new(),
        longest: None,
        revocation: RevocationPolicy::Listed,
        certificate_policies: certs::x509::verify::PolicyDemand::default(),
    };
    let request = Request {
        leaf,
        intermediates,
        roots,
        crls,
        policy: &policy,
    };
    verify(&request).is_verified()
}
