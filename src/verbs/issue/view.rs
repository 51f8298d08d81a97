//! The reasons against a CSR, from a role or independent of any role, as lines and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::fleet::Role;
use crate::policy::Refusal;
use crate::policy::csr::CsrFault;
use crate::render::words::printable;

/// Each fault with its cure.
pub(crate) fn faults(faults: &[CsrFault]) -> Vec<(String, &'static str)> {
    let lines = faults.iter();
    lines
        .map(|fault| (fault.to_string(), fault.cure()))
        .collect()
}

/// The faults of a CSR that no role can accept.
pub(crate) fn faults_json(faults: &[CsrFault]) -> Value {
    let faults = faults.iter().map(
        |fault| json!({ "code": fault.code(), "message": fault.to_string(), "cure": fault.cure() }),
    );
    json!({ "version": 1, "granted": false, "role": Value::Null, "refusals": faults.collect::<Vec<_>>() })
}

/// What of a request makes no difference: a note each, and their number where somebody filled it with such parts.
pub(crate) fn ignored<T: std::fmt::Display>(parts: &[T]) -> String {
    const MOST: usize = 10;
    let mut text = String::new();
    for part in parts.iter().take(MOST) {
        let _ = writeln!(text, "note: {}", printable(&part.to_string()));
    }
    if parts.len() > MOST {
        let _ = writeln!(text, "note: and {} more are left out", parts.len() - MOST);
    }
    text
}

/// Every rule of the role that was broken.
pub(crate) fn refusals_json(role: &Role, refusals: &[Refusal]) -> Value {
    let refusals = refusals.iter().map(|refusal| {
        json!({
            "code": refusal.code(),
            "message": refusal.to_string(),
            "cure": refusal.cure(&role.name),
        })
    });
    json!({
        "version": 1,
        "granted": false,
        "role": role.name.to_string(),
        "refusals": refusals.collect::<Vec<_>>(),
    })
}
