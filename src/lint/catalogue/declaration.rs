//! The lints about what was decided elsewhere: by roles about what is issued by hand, by the declaration to live with findings.

use super::{Lint, Rule, Severity, lints};

lints! {
    NOT_GRANTED = "not-granted", "The role does not grant what was issued by hand", Rule::Always(Severity::Error),
        "What was issued by hand has a record in the tree, and a role that granted it. The role was narrowed or taken away since, or the record was edited: names, usages or a lifetime in it are more than the role gives, or it names no role any more. A certificate that the role does not grant is not issued again. Widen the role, issue the certificate anew on terms that it grants (`certs issue HOLDER --replace`), or revoke it; to keep it as it is, allow this in the record, beside what it asks for: \"allow\": { \"not-granted\": \"…\" }.",
        "",
        "docs/lints.md";
    ALLOW_UNKNOWN = "allow-unknown", "A finding is allowed that does not exist", Rule::Always(Severity::Warning),
        "The code is no lint's. A finding is allowed by its code, where the artifact is declared or for a whole host. `certs explain` lists the codes.",
        "certs.web.allow.leaf-lifetime = \"the printer takes no shorter ones\";",
        "docs/lints.md";
    ALLOW_UNUSED = "allow-unused", "A finding is allowed that is not there", Rule::Always(Severity::Warning),
        "The allowed finding is fixed, or is somewhere else. Remove the line: it would hide the next mistake of that kind.",
        "",
        "docs/lints.md";
    ALLOW_REASON = "allow-reason", "A finding is allowed without a reason", Rule::Always(Severity::Error),
        "The reason is shown with the finding, and is all that the next person has to judge by.",
        "certs.web.allow.leaf-lifetime = \"the printer takes no shorter ones\";",
        "docs/lints.md";
}
