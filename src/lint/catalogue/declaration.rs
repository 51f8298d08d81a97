//! The lints about the declaration's own decisions to live with findings.

use super::{Lint, Rule, Severity, lints};

lints! {
    ALLOW_UNKNOWN = "allow-unknown", "A finding is allowed that does not exist", Rule::Always(Severity::Warning),
        "The code is no lint's. A finding is allowed by its code, where the artifact is declared or for a whole host. `certs explain` lists the codes.",
        "certs.web.allow.leaf-lifetime = \"the printer takes no shorter ones\";",
        "docs/lints.md";
    ALLOW_UNUSED = "allow-unused", "A finding is allowed that is not there", Rule::Always(Severity::Warning),
        "What was allowed has been mended, or is somewhere else. Remove the line: it would hide the next mistake of that kind.",
        "",
        "docs/lints.md";
    ALLOW_REASON = "allow-reason", "A finding is allowed without a reason", Rule::Always(Severity::Error),
        "The reason is shown with the finding, and is all that the next person has to judge by.",
        "certs.web.allow.leaf-lifetime = \"the printer takes no shorter ones\";",
        "docs/lints.md";
}
