//! The Public Key Interoperability Test Suite of NIST, as `cryptography_vectors` from the package index of Python carries it. Every certificate and every
//! revocation list of the suite is at hand for every case, so that finding the path is judged too.
//!
//! Left out are deltas (section 4.15), which are not processed here.

use std::fs;
use std::path::{Path, PathBuf};

use certs::x509::certificate::CertificateFacts;
use certs::x509::certificate::read::parse_der;
use certs::x509::crl::CrlFacts;
use certs::x509::crl::read::parse_all;
use certs::x509::verify::{Policy, PolicyDemand, Purpose, RevocationPolicy};
use libtest_mimic::{Failed, Trial};
use time::macros::datetime;

use crate::judge::{Deviations, Question, codes};
use crate::pkits_policies as policies;

/// A section of the suite with its cases. How a case is to end is its first word.
const SECTIONS: [(&str, &[&str]); 10] = [
    (
        "signature",
        &[
            "ValidCertificatePathTest1",
            "InvalidCASignatureTest2",
            "InvalidEESignatureTest3",
            "ValidDSASignaturesTest4",
            "ValidDSAParameterInheritanceTest5",
            "InvalidDSASignatureTest6",
        ],
    ),
    (
        "validity",
        &[
            "InvalidCAnotBeforeDateTest1",
            "InvalidEEnotBeforeDateTest2",
            "Validpre2000UTCnotBeforeDateTest3",
            "ValidGeneralizedTimenotBeforeDateTest4",
            "InvalidCAnotAfterDateTest5",
            "InvalidEEnotAfterDateTest6",
            "Invalidpre2000UTCEEnotAfterDateTest7",
            "ValidGeneralizedTimenotAfterDateTest8",
        ],
    ),
    (
        "name_chaining",
        &[
            "InvalidNameChainingTest1",
            "InvalidNameChainingOrderTest2",
            "ValidNameChainingWhitespaceTest3",
            "ValidNameChainingWhitespaceTest4",
            "ValidNameChainingCapitalizationTest5",
            "ValidNameUIDsTest6",
            "ValidRFC3280MandatoryAttributeTypesTest7",
            "ValidRFC3280OptionalAttributeTypesTest8",
            "ValidUTF8StringEncodedNamesTest9",
            "ValidRolloverfromPrintableStringtoUTF8StringTest10",
            "ValidUTF8StringCaseInsensitiveMatchTest11",
        ],
    ),
    (
        "revocation",
        &[
            "InvalidMissingCRLTest1",
            "InvalidRevokedCATest2",
            "InvalidRevokedEETest3",
            "InvalidBadCRLSignatureTest4",
            "InvalidBadCRLIssuerNameTest5",
            "InvalidWrongCRLTest6",
            "ValidTwoCRLsTest7",
            "InvalidUnknownCRLEntryExtensionTest8",
            "InvalidUnknownCRLExtensionTest9",
            "InvalidUnknownCRLExtensionTest10",
            "InvalidOldCRLnextUpdateTest11",
            "Invalidpre2000CRLnextUpdateTest12",
            "ValidGeneralizedTimeCRLnextUpdateTest13",
            "ValidNegativeSerialNumberTest14",
            "InvalidNegativeSerialNumberTest15",
            "ValidLongSerialNumberTest16",
            "ValidLongSerialNumberTest17",
            "InvalidLongSerialNumberTest18",
            "ValidSeparateCertificateandCRLKeysTest19",
            "InvalidSeparateCertificateandCRLKeysTest20",
            "InvalidSeparateCertificateandCRLKeysTest21",
        ],
    ),
    (
        "self_issued",
        &[
            "ValidBasicSelfIssuedOldWithNewTest1",
            "InvalidBasicSelfIssuedOldWithNewTest2",
            "ValidBasicSelfIssuedNewWithOldTest3",
            "ValidBasicSelfIssuedNewWithOldTest4",
            "InvalidBasicSelfIssuedNewWithOldTest5",
            "ValidBasicSelfIssuedCRLSigningKeyTest6",
            "InvalidBasicSelfIssuedCRLSigningKeyTest7",
            "InvalidBasicSelfIssuedCRLSigningKeyTest8",
        ],
    ),
    (
        "basic_constraints",
        &[
            "InvalidMissingbasicConstraintsTest1",
            "InvalidcAFalseTest2",
            "InvalidcAFalseTest3",
            "ValidbasicConstraintsNotCriticalTest4",
            "InvalidpathLenConstraintTest5",
            "InvalidpathLenConstraintTest6",
            "ValidpathLenConstraintTest7",
            "ValidpathLenConstraintTest8",
            "InvalidpathLenConstraintTest9",
            "InvalidpathLenConstraintTest10",
            "InvalidpathLenConstraintTest11",
            "InvalidpathLenConstraintTest12",
            "ValidpathLenConstraintTest13",
            "ValidpathLenConstraintTest14",
            "ValidSelfIssuedpathLenConstraintTest15",
            "InvalidSelfIssuedpathLenConstraintTest16",
            "ValidSelfIssuedpathLenConstraintTest17",
        ],
    ),
    (
        "key_usage",
        &[
            "InvalidkeyUsageCriticalkeyCertSignFalseTest1",
            "InvalidkeyUsageNotCriticalkeyCertSignFalseTest2",
            "ValidkeyUsageNotCriticalTest3",
            "InvalidkeyUsageCriticalcRLSignFalseTest4",
            "InvalidkeyUsageNotCriticalcRLSignFalseTest5",
        ],
    ),
    (
        "name_constraints",
        &[
            "ValidDNnameConstraintsTest1",
            "InvalidDNnameConstraintsTest2",
            "InvalidDNnameConstraintsTest3",
            "ValidDNnameConstraintsTest4",
            "ValidDNnameConstraintsTest5",
            "ValidDNnameConstraintsTest6",
            "InvalidDNnameConstraintsTest7",
            "InvalidDNnameConstraintsTest8",
            "InvalidDNnameConstraintsTest9",
            "InvalidDNnameConstraintsTest10",
            "ValidDNnameConstraintsTest11",
            "InvalidDNnameConstraintsTest12",
            "InvalidDNnameConstraintsTest13",
            "ValidDNnameConstraintsTest14",
            "InvalidDNnameConstraintsTest15",
            "InvalidDNnameConstraintsTest16",
            "InvalidDNnameConstraintsTest17",
            "ValidDNnameConstraintsTest18",
            "ValidDNnameConstraintsTest19",
            "InvalidDNnameConstraintsTest20",
            "ValidRFC822nameConstraintsTest21",
            "InvalidRFC822nameConstraintsTest22",
            "ValidRFC822nameConstraintsTest23",
            "InvalidRFC822nameConstraintsTest24",
            "ValidRFC822nameConstraintsTest25",
            "InvalidRFC822nameConstraintsTest26",
            "ValidDNandRFC822nameConstraintsTest27",
            "InvalidDNandRFC822nameConstraintsTest28",
            "InvalidDNandRFC822nameConstraintsTest29",
            "ValidDNSnameConstraintsTest30",
            "InvalidDNSnameConstraintsTest31",
            "ValidDNSnameConstraintsTest32",
            "InvalidDNSnameConstraintsTest33",
            "ValidURInameConstraintsTest34",
            "InvalidURInameConstraintsTest35",
            "ValidURInameConstraintsTest36",
            "InvalidURInameConstraintsTest37",
            "InvalidDNSnameConstraintsTest38",
        ],
    ),
    (
        "distribution_points",
        &[
            "ValiddistributionPointTest1",
            "InvaliddistributionPointTest2",
            "InvaliddistributionPointTest3",
            "ValiddistributionPointTest4",
            "ValiddistributionPointTest5",
            "InvaliddistributionPointTest6",
            "ValiddistributionPointTest7",
            "InvaliddistributionPointTest8",
            "InvaliddistributionPointTest9",
            "ValidNoissuingDistributionPointTest10",
            "InvalidonlyContainsUserCertsTest11",
            "InvalidonlyContainsCACertsTest12",
            "ValidonlyContainsCACertsTest13",
            "InvalidonlyContainsAttributeCertsTest14",
            "InvalidonlySomeReasonsTest15",
            "InvalidonlySomeReasonsTest16",
            "InvalidonlySomeReasonsTest17",
            "ValidonlySomeReasonsTest18",
            "ValidonlySomeReasonsTest19",
            "InvalidonlySomeReasonsTest20",
            "InvalidonlySomeReasonsTest21",
            "ValidIDPwithindirectCRLTest22",
            "InvalidIDPwithindirectCRLTest23",
            "ValidIDPwithindirectCRLTest24",
            "ValidIDPwithindirectCRLTest25",
            "InvalidIDPwithindirectCRLTest26",
            "InvalidcRLIssuerTest27",
            "ValidcRLIssuerTest28",
            "ValidcRLIssuerTest29",
            "ValidcRLIssuerTest30",
            "InvalidcRLIssuerTest31",
            "InvalidcRLIssuerTest32",
            "ValidcRLIssuerTest33",
            "InvalidcRLIssuerTest34",
            "InvalidcRLIssuerTest35",
        ],
    ),
    (
        "private_extensions",
        &[
            "ValidUnknownNotCriticalCertificateExtensionTest1",
            "InvalidUnknownCriticalCertificateExtensionTest2",
        ],
    ),
];

const ROOT: &str = "TrustAnchorRootCertificate.crt";

pub(crate) fn trials() -> Vec<Trial> {
    let suite = suite();
    let trial = |(section, cases): (&'static str, &'static [&'static str])| {
        let suite = suite.clone();
        let is_absent = suite.is_none();
        let run = move || judge(&suite.ok_or("no suite")?, cases);
        Trial::test(format!("pkits::{section}"), run).with_ignored_flag(is_absent)
    };
    let policy_trial = |(section, cases): (&'static str, &'static [policies::Question])| {
        let suite = suite.clone();
        let is_absent = suite.is_none();
        let run = move || judge_policies(&suite.ok_or("no suite")?, cases);
        Trial::test(format!("pkits::{section}"), run).with_ignored_flag(is_absent)
    };
    let by_policy = policies::SECTIONS.into_iter().map(policy_trial);
    let sections = SECTIONS.into_iter().map(trial).chain(by_policy);
    let every = Trial::test(
        "pkits::no_deviation_is_of_an_unknown_case",
        known_deviations,
    );
    sections.chain([every]).collect()
}

fn known_deviations() -> Result<(), Failed> {
    let deviations = Deviations::read(include_str!("pkits-deviations.txt"));
    for case in SECTIONS.into_iter().flat_map(|(_, cases)| cases) {
        deviations.have(case);
    }
    match deviations.stale().as_slice() {
        [] => Ok(()),
        unknown => Err(format!("{unknown:?}").into()),
    }
}

/// `CERTS_PKITS` names the directory, or `tests/run` has installed the package.
fn suite() -> Option<PathBuf> {
    const INSIDE: &str = "site-packages/cryptography_vectors/x509/PKITS_data";
    if let Some(path) = std::env::var_os("CERTS_PKITS") {
        return Some(PathBuf::from(path));
    }
    let libraries = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/judges/lib");
    let mut pythons = fs::read_dir(libraries).ok()?.filter_map(Result::ok);
    pythons.find_map(|python| Some(python.path().join(INSIDE)).filter(|path| path.is_dir()))
}

/// What every case is asked with.
struct World {
    certs: PathBuf,
    roots: Vec<CertificateFacts>,
    intermediates: Vec<CertificateFacts>,
    crls: Vec<CrlFacts>,
}

impl World {
    fn read(suite: &Path) -> Result<Self, Failed> {
        let certs = suite.join("certs");
        Ok(Self {
            roots: vec![parse_der(&fs::read(certs.join(ROOT))?)?],
            certs,
            intermediates: certificates(suite)?,
            crls: revocation_lists(suite)?,
        })
    }

    fn ask(&self, case: &str, policies: PolicyDemand) -> Result<Vec<String>, Failed> {
        let leaf = fs::read(self.certs.join(format!("{case}EE.crt")))?;
        let leaf = match parse_der(&leaf) {
            Err(defect) => return Ok(vec![defect.to_string()]),
            Ok(leaf) => leaf,
        };
        let question = Question {
            leaf,
            intermediates: self.intermediates.clone(),
            roots: self.roots.clone(),
            crls: self.crls.clone(),
            policy: policy(policies),
        };
        Ok(codes(&question).into_iter().map(str::to_owned).collect())
    }
}

fn judge_policies(suite: &Path, cases: &[policies::Question]) -> Result<(), Failed> {
    let world = World::read(suite)?;
    let mut wrong = Vec::new();
    for (case, ask, is_wanted) in cases {
        let against = world.ask(case, policies::demand(*ask))?;
        if against.is_empty() != *is_wanted {
            wrong.push(format!("{case} {:?}: {against:?}", ask.0));
        }
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("\n").into())
    }
}

fn judge(suite: &Path, cases: &[&str]) -> Result<(), Failed> {
    let deviations = Deviations::read(include_str!("pkits-deviations.txt"));
    let world = World::read(suite)?;
    let mut wrong = Vec::new();
    for case in cases {
        let against = world.ask(case, PolicyDemand::default())?;
        let is_right = against.is_empty() == case.starts_with("Valid");
        // A deviation that is none any more is to be struck off the list.
        if is_right == deviations.have(case) {
            wrong.push(format!("{case}: {against:?}"));
        }
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("\n").into())
    }
}

/// The suite is valid from 2010 to 2030.
fn policy(certificate_policies: PolicyDemand) -> Policy {
    Policy {
        moment: datetime!(2020-01-01 0:00 UTC),
        purpose: Purpose::ANY,
        names: Vec::new(),
        longest: None,
        revocation: RevocationPolicy::Chain,
        certificate_policies,
    }
}

/// Every certificate of an authority; those that cannot be read are as if they were not there.
fn certificates(suite: &Path) -> Result<Vec<CertificateFacts>, Failed> {
    let mut certificates = Vec::new();
    for entry in fs::read_dir(suite.join("certs"))? {
        let path = entry?.path();
        if !path.to_string_lossy().ends_with("EE.crt") {
            certificates.extend(parse_der(&fs::read(path)?).ok());
        }
    }
    Ok(certificates)
}

fn revocation_lists(suite: &Path) -> Result<Vec<CrlFacts>, Failed> {
    let mut crls = Vec::new();
    for entry in fs::read_dir(suite.join("crls"))? {
        crls.extend(parse_all(&fs::read(entry?.path())?).unwrap_or_default());
    }
    Ok(crls)
}
