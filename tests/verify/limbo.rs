//! x509-limbo (<https://x509-limbo.com>), compiled: path validation cases with the answer that RFC 5280 or the Web PKI profile asks for.
//! `CERTS_LIMBO` names the file.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use certs::x509::certificate::CertificateFacts;
use certs::x509::certificate::read::parse_pem_chain;
use certs::x509::crl::read::parse_all;
use certs::x509::verify::{PeerName, Policy, PolicyDemand, Purpose, RevocationPolicy};
use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::judge::{Deviations, Question, codes};

/// Of the whole suite of 208 cases; a part is measured by the same share. OpenSSL 3.0 gets 153 right, cryptography 147.
const AT_LEAST: (usize, usize) = (190, 208);

pub(crate) fn trials() -> Vec<Trial> {
    let suite = suite();
    let is_absent = suite.is_none();
    let run = move || judge(&suite.ok_or("no suite")?);
    vec![Trial::test("limbo::answers_as_x509_limbo_wants", run).with_ignored_flag(is_absent)]
}

fn suite() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("CERTS_LIMBO") {
        return Some(PathBuf::from(path));
    }
    let beside = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()?
        .join("shared/limbo");
    let mut files = fs::read_dir(beside)
        .ok()?
        .filter_map(Result::ok)
        .map(|entry| entry.path());
    files.find(|path| {
        path.extension()
            .is_some_and(|extension| extension == "json")
    })
}

fn judge(suite: &Path) -> Result<(), Failed> {
    let suite: Value = serde_json::from_slice(&fs::read(suite)?)?;
    let cases = suite["testcases"].as_array().ok_or("no test cases")?;
    let deviations = Deviations::read(include_str!("limbo-deviations.txt"));
    let (mut right, mut wrongly_accepted, mut wrongly_refused) = (0, Vec::new(), Vec::new());
    for case in cases {
        let id = text(&case["id"]);
        let against = answer(case)?;
        let is_wanted = text(&case["expected_result"]) == "SUCCESS";
        match (against.as_slice(), is_wanted) {
            ([], true) | ([_, ..], false) => right += 1,
            ([], false) => wrongly_accepted.push(id),
            (against, true) => wrongly_refused.push(format!("{id}: {}", against.join(", "))),
        }
    }
    let summary = format!(
        "{right} of {} right\nwrongly accepted:\n  {}\nwrongly refused:\n  {}",
        cases.len(),
        wrongly_accepted.join("\n  "),
        wrongly_refused.join("\n  "),
    );
    if std::env::var_os("CERTS_LIMBO_SHOW").is_some() {
        return Err(summary.into());
    }
    let refused = wrongly_refused
        .iter()
        .filter_map(|line| Some(line.split_once(": ")?.0));
    let wrong: BTreeSet<&str> = wrongly_accepted.iter().copied().chain(refused).collect();
    let unwritten: Vec<_> = wrong.iter().filter(|id| !deviations.have(id)).collect();
    // A part of the suite says nothing of cases that it leaves out.
    let ids: Vec<&str> = cases.iter().map(|case| text(&case["id"])).collect();
    let stale: Vec<_> = deviations
        .stale()
        .into_iter()
        .filter(|known| ids.contains(known) || known.ends_with('*'))
        .collect();
    let (enough, of) = AT_LEAST;
    // What a smaller part leaves out may be what is answered right.
    let share = enough * cases.len() / of;
    let is_enough = right >= share.saturating_sub(usize::from(cases.len() < of));
    if !is_enough || !unwritten.is_empty() || !stale.is_empty() {
        return Err(format!(
            "{summary}\nnot written down: {unwritten:?}\nno deviation any more: {stale:?}"
        )
        .into());
    }
    Ok(())
}

/// The codes against the certificate. What cannot be read is refused, or is as if it were not there.
fn answer(case: &Value) -> Result<Vec<String>, Failed> {
    let chain = |certificate: &Value| parse_pem_chain(text(certificate).as_bytes());
    let several = |field: &str| -> Vec<CertificateFacts> {
        let certificates = case[field].as_array().into_iter().flatten();
        certificates
            .filter_map(|certificate| chain(certificate).ok())
            .flatten()
            .collect()
    };
    let leaf = match chain(&case["peer_certificate"]) {
        Ok(mut leaf) => leaf.swap_remove(0),
        Err(defect) => return Ok(vec![defect.to_string()]),
    };
    let mut crls = Vec::new();
    for crl in case["crls"].as_array().into_iter().flatten() {
        match parse_all(text(crl).as_bytes()) {
            Ok(found) => crls.extend(found),
            Err(defect) => return Ok(vec![defect.to_string()]),
        }
    }
    let Some(names) = names(case) else {
        return Ok(vec!["a name nobody can ask for".to_owned()]);
    };
    let question = Question {
        leaf,
        intermediates: several("untrusted_intermediates"),
        roots: several("trusted_certs"),
        crls,
        policy: Policy {
            moment: moment(case)?,
            purpose: purpose(case)?,
            names,
            longest: case["max_chain_depth"]
                .as_u64()
                .and_then(|depth| usize::try_from(depth).ok()),
            revocation: RevocationPolicy::Leaf,
            certificate_policies: PolicyDemand::default(),
        },
    };
    Ok(codes(&question).into_iter().map(str::to_owned).collect())
}

fn names(case: &Value) -> Option<Vec<PeerName>> {
    let several = case["expected_peer_names"].as_array().into_iter().flatten();
    let wanted = several.chain(std::iter::once(&case["expected_peer_name"]));
    let wanted = wanted.filter(|name| !name.is_null());
    wanted
        .map(|name| PeerName::parse(text(&name["value"])).ok())
        .collect()
}

fn purpose(case: &Value) -> Result<Purpose, Failed> {
    let word = match text(&case["validation_kind"]) {
        "SERVER" => "server",
        "CLIENT" => "client",
        other => return Err(format!("unknown kind {other}").into()),
    };
    Ok(word.parse()?)
}

fn moment(case: &Value) -> Result<OffsetDateTime, Failed> {
    match case["validation_time"].as_str() {
        Some(moment) => Ok(OffsetDateTime::parse(moment, &Rfc3339)?),
        None => Ok(OffsetDateTime::now_utc()),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
