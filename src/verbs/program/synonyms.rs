//! Verbs of other tools, for who types them here: which of ours is meant. What can be typed is `verbs::Command`.

/// NixFleet's `pki …`, `step …`, `vault …`, and what anybody tries first. `docs/coming-from.md` has the whole lines.
const VERBS: [(&[&str], &str); 6] = [
    (
        &["issue", "create", "new", "generate", "write"],
        "`certs issue`",
    ),
    (
        &["certificate", "ca"],
        "`certs issue`, `certs inspect`, `certs verify` or `certs fingerprint`",
    ),
    (
        &["init", "init-intermediate", "bootstrap"],
        "`certs init`, both tiers at once",
    ),
    (&["renew", "rotate"], "`certs renew`"),
    (&["revoke"], "`certs revoke`"),
    (&["list", "ls", "show", "read"], "`certs status`"),
];

/// What to type instead of a verb that there is not.
pub(crate) fn hint(word: &str) -> Option<String> {
    let (_, ours) = VERBS.iter().find(|(theirs, _)| theirs.contains(&word))?;
    Some(format!(
        "hint: {ours}; docs/coming-from.md has the lines of NixFleet, step and Vault\n"
    ))
}
