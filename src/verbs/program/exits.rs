//! What the exit codes of each verb mean: said in its help, and as one table in `docs/cli.md`. The numbers are `cli::error::Exit`'s.

/// When a verb ends with which code, each as a clause behind "if".
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exits {
    pub done: &'static str,
    pub failed: &'static str,
    /// Only of verbs that can tell what is left to do.
    pub pending: Option<&'static str>,
}

/// Those of a verb, by its name behind `certs`; `None` for one of which no more is to be said than that it worked or failed.
pub(crate) fn exits(verb: &str) -> Option<Exits> {
    let (done, failed, pending) = match verb {
        "recreate" => (
            "everything is as declared, made now or before",
            "anything failed, or needs a decision first",
            Some("anything would change (--dry-run)"),
        ),
        "plan" => (
            "nothing would change",
            "anything needs a decision, or a finding prevents the run",
            Some("anything would change"),
        ),
        "issue" | "sign" => (
            "it is issued",
            "it is refused, or anything failed; nothing is written then",
            Some("it would be issued (--dry-run)"),
        ),
        "renew" => (
            "everything that was meant is renewed, or nothing is due",
            "anything failed, or needs a decision first",
            Some("anything would be renewed (--dry-run)"),
        ),
        "revoke" => (
            "everything that was named is revoked, now or before",
            "anything failed; nothing is revoked then",
            Some("anything would be revoked (--dry-run)"),
        ),
        "crl" => (
            "every list that was due or named is made",
            "anything failed; no list is made then",
            Some("any list would be made (--dry-run)"),
        ),
        "adopt" => (
            "everything that was found is adopted, or nothing was found",
            "anything needs a decision first, or may name revoked certificates and cannot be read: nothing is adopted then; or another file cannot be read",
            Some("anything would be adopted (--dry-run)"),
        ),
        "status" => (
            "it was shown, whatever it shows",
            "the declaration or the files could not be read, or a pattern selects nothing",
            None,
        ),
        "check" => (
            "everything is in order",
            "anything needs a decision, or a finding is an error (with --strict: or a warning)",
            Some("the files are not as declared and `certs recreate` makes them so"),
        ),
        "doctor" => (
            "every key is proved",
            "anything is broken",
            Some("nothing is broken, but not every key could be opened"),
        ),
        "history" | "exposure" => (
            "everything could be read",
            "anything could not be read, which is then missing from the answer",
            None,
        ),
        "verify" => ("everything is verified", "anything is refused", None),
        "diff" => (
            "both could be read, whether they differ or not",
            "one of the two could not be read",
            None,
        ),
        "explain" => ("there is such a code", "there is none", None),
        "inspect" => (
            "everything could be read",
            "anything could not be read",
            None,
        ),
        "fingerprint" => (
            "everything could be read",
            "anything could not be read, or has no such fingerprint",
            None,
        ),
        "host scan" => (
            "the key is the declared one, or was accepted",
            "it is another one, or was not proved",
            Some("none is declared"),
        ),
        _ => return None,
    };
    Some(Exits {
        done,
        failed,
        pending,
    })
}

/// The sentence about exit codes in a verb's help.
pub(super) fn sentence_of(verb: &str) -> Option<String> {
    exits(verb).map(sentence)
}

fn sentence(exits: Exits) -> String {
    let Exits { done, failed, .. } = exits;
    let pending = exits
        .pending
        .map(|pending| format!(", with 2 if {pending}"));
    format!(
        "Exits with 0 if {done}, with 1 if {failed}{}.",
        pending.unwrap_or_default()
    )
}
