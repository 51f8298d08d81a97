//! The catalogue of all codes with their long texts: those of the lints, of the plan and the files, of declarations, of `verify`, of
//! roles, and states. `certs explain` knows each; a test walks what the verbs print.

mod declaration;
mod refusals;
mod states;
mod verdicts;

use crate::lint::catalogue::{self, Chapter};
use crate::lint::{Lint, Rule, Severity};

macro_rules! rules {
    ($($name:ident = $code:literal, $title:literal, $severity:ident, $text:literal, $sources:literal;)*) => {
        $(pub(super) static $name: Lint = Lint {
            code: $code,
            title: $title,
            rule: Rule::Always(Severity::$severity),
            text: $text,
            example: "",
            sources: $sources,
        };)*
        static LIST: &[&Lint] = &[$(&$name),*];
    };
}

/// Entries that no finding of `check` refers to.
macro_rules! entries {
    ($($code:literal, $title:literal, $severity:ident, $text:literal, $sources:literal;)*) => {
        pub(super) static LIST: &[&crate::lint::Lint] = &[$(&crate::lint::Lint {
            code: $code,
            title: $title,
            rule: crate::lint::Rule::Always(crate::lint::Severity::$severity),
            text: $text,
            example: "",
            sources: $sources,
        }),*];
    };
}
use entries;

/// Codes that were renamed, with their present names.
const RENAMED: [(&str, &str); 3] = [
    ("certificate-unreadable", "file-damaged"),
    ("key-unreadable", "file-damaged"),
    ("public-key-unreadable", "file-damaged"),
];

/// Those of findings about files and the plan.
pub fn all() -> impl Iterator<Item = &'static Lint> {
    LIST.iter().copied()
}

/// The one of these with this code.
pub fn find(code: &str) -> Option<&'static Lint> {
    all().find(|rule| rule.code == code)
}

/// These as a part of the whole catalogue, behind those of the lints.
pub fn chapter() -> Chapter {
    Chapter {
        title: "Files that are not as declared",
        lints: LIST,
    }
}

/// Codes that are printed outside of findings.
pub fn further_chapters() -> [Chapter; 4] {
    [
        Chapter {
            title: "Declarations that cannot be read",
            lints: declaration::LIST,
        },
        Chapter {
            title: "Reasons why a certificate is not trusted (`certs verify`)",
            lints: verdicts::LIST,
        },
        Chapter {
            title: "Requests: refusals of roles, CSRs, notes on grants",
            lints: refusals::LIST,
        },
        Chapter {
            title: "States and verdicts in tables and JSON",
            lints: states::LIST,
        },
    ]
}

/// Every code there is, those of the lints first.
pub fn chapters() -> impl Iterator<Item = Chapter> {
    let lints = catalogue::chapters().into_iter();
    lints.chain([chapter()]).chain(further_chapters())
}

/// The entry for any code that a verb prints; also for one that was renamed, and for `invalid-<field>`, which stands for each field.
pub fn explained(code: &str) -> Option<&'static Lint> {
    let renamed = RENAMED.iter().find(|(old, _)| *old == code);
    let code = renamed.map_or(code, |(_, new)| *new);
    let mut every = chapters().flat_map(|chapter| chapter.lints);
    let exact = every.find(|lint| lint.code == code).copied();
    let of_field = || explained("invalid-value").filter(|_| code.starts_with("invalid-"));
    exact.or_else(of_field)
}

/// Of all codes the one most like a word, if any is like it at all.
pub fn nearest(word: &str) -> Option<&'static Lint> {
    let everything: Vec<&'static Lint> = chapters()
        .flat_map(|chapter| chapter.lints)
        .copied()
        .collect();
    catalogue::nearest_of(&everything, word)
}

rules! {
    CERTIFICATE_MISSING = "certificate-missing", "A declared certificate is not there", Warning,
        "The declaration names a certificate and its file is not in the tree: it was never issued, or was deleted or not added to Git.",
        "docs/cli.md#certs-recreate; gitignore(5)";
    PUBLIC_KEY_MISSING = "public-key-missing", "A shared pair's public key is not there", Warning,
        "The public file of a declared key pair is not in the tree. Everyone who can decrypt the private key can restore it.",
        "docs/kubernetes.md#living-with-it; docs/cli.md#certs-recreate";
    KEY_MISSING = "key-missing", "A declared sealed key is not there", Warning,
        "A certificate whose key is gone is of no use: a leaf is given a new pair. An authority has to sign something, and its key is not \
         there.",
        "docs/start.md#the-roots-key-offline; git-restore(1)";
    KEY_OFFLINE = "key-offline", "The key of an authority is offline", Info,
        "The declaration says keyOffline, and the key is not in the tree. It signs nothing until it is put back.",
        "docs/start.md#the-roots-key-offline";
    FILE_EMPTY = "file-empty", "A file has no content", Error,
        "A file of no bytes is what an interrupted write, a full disk or a failed pipe leaves behind. Restore it from Git.",
        "git-log(1), git-restore(1)";
    CONFLICT_MARKERS = "conflict-markers", "A file has the conflict markers of a merge", Error,
        "Git left both sides of an unfinished merge in the file; no program can read it. Check one of the two versions out, for both files \
         of the pair.",
        "git-merge(1), \"How to resolve conflicts\"";
    FILE_CUT_OFF = "file-truncated", "A file is cut off", Error,
        "The end of the file is missing: a copy or a write was interrupted. Restore it from Git.",
        "git-log(1), git-restore(1)";
    FILE_DAMAGED = "file-damaged", "A file cannot be read", Error,
        "The file at the declared path cannot be decoded. A key that cannot be read is never overwritten: restore \
         it from Git, or move it away.",
        "docs/cli.md#certs-inspect; git-restore(1)";
    NO_FILE = "no-file", "Something else stands in the place of a file", Error,
        "A link, a device, a directory or a file too large to be ours, or one that may not be read, stands where a file of the declaration \
         belongs. Links are not followed: they could lead out of the repository. No run writes there; put a real file in its place.",
        "docs/cli.md#certs-recreate; git-restore(1)";
    KEY_IN_CLEAR = "key-in-clear", "A private key lies in clear where a sealed one belongs", Error,
        "Every reader of the repository, its history included, has this key. Sealing it now does not take it back: remove the file and give \
         the artifact a new key.",
        "docs/cli.md#certs-exposure; docs/by-hand.md#revoking";
    NOTHING_SEALED = "nothing-sealed", "A sealed key has nothing in it", Error,
        "The length of the file tells that its plaintext has no byte: age sealed the empty output of a program that failed. No identity \
         gets a key out of it. Restore the last good one from Git, or have a new pair made.",
        "docs/cli.md#certs-doctor; git-restore(1)";
    KEY_MISMATCH = "key-mismatch", "A sealed key is not the certificate's", Error,
        "The header of the sealed file names another key than its certificate: the two are from different times or were \
         mixed up in a merge.",
        "docs/cli.md#certs-doctor; git-restore(1)";
    PUBLIC_KEY_MISMATCH = "public-key-mismatch", "A sealed key is not the public key next to it", Error,
        "The header of the sealed file names another key than the first of the pair's public file: verifiers with that file refuse its signatures.",
        "docs/cli.md#certs-doctor; docs/kubernetes.md#living-with-it";
    KEY_EXCHANGED = "key-exchanged", "An authority or a shared pair has another key than before", Error,
        "The key of an authority or of a shared pair is replaced on request only, and nobody asked for this one: whoever can write to the \
         repository can put a pair of their own there, sealed to the public keys of the operators. Everything that is issued from then on, or \
         signed, would be theirs. An inventory from another time says the same, after a merge that took one side.",
        "docs/trust.md#what-a-bundle-may-hold; git-log(1)";
    HOST_KEY_RETIRED = "host-key-retired", "A sealed host key is not the one that is declared", Warning,
        "The private key next to it was made for a host that has another key by now. Nothing new is sealed to it, and what was once sealed to \
         it, it still opens.",
        "docs/start.md#a-host; docs/cli.md#certs-host-add";
    KEY_OF_ANOTHER = "key-of-another", "A key is that of another artifact", Error,
        "The file was copied from elsewhere in the tree. Sealing it again would hand one artifact's key to the owner of another.",
        "docs/cli.md#certs-doctor; git-restore(1)";
    SIGNATURE_BROKEN = "signature-broken", "A certificate was not signed by its issuer's key", Error,
        "The signature does not verify with the key of the authority as it is in the tree: the chain is broken, and every verifier refuses \
         it. One of the two is from another time.",
        "RFC 5280 §6.1.3; docs/cli.md#certs-verify";
    ISSUER_CHANGED = "issuer-changed", "A certificate is by another issuer than declared", Warning,
        "The certificate names another issuer than is declared, or the intermediates next to it are not the current ones.",
        "RFC 5280 §4.1.2.4; docs/cli.md#certs-recreate";
    NOT_AN_AUTHORITY = "not-an-authority", "An authority's certificate may not sign", Error,
        "Without basic constraints and the usage to sign certificates, verifiers refuse everything below it.",
        "RFC 5280 §4.2.1.3, §4.2.1.9";
    KEY_ALGORITHM_CHANGED = "key-algorithm-changed", "A key is of another algorithm than declared", Warning,
        "The declared and the existing key differ in algorithm or size. A leaf is given a new key; an authority needs a decision.",
        "docs/options.md#certtoolkitdefaultskey; docs/cli.md#certs-recreate";
    SUBJECT_CHANGED = "subject-changed", "A certificate has another subject than declared", Warning,
        "Programs take identities from the subject. A leaf is issued anew; of an authority the name is what everything below it refers to, \
         so that it needs a decision.",
        "RFC 5280 §4.1.2.6";
    SANS_CHANGED = "sans-changed", "A certificate has other names than declared", Warning,
        "A client refuses a server whose name is not in its certificate; a surplus name can be used by the holder of the key.",
        "RFC 9525 §6; RFC 5280 §4.2.1.6";
    USAGES_CHANGED = "usages-changed", "A certificate has other usages than declared", Warning,
        "Verifiers refuse a certificate that is used for what it is not for.",
        "RFC 5280 §4.2.1.3, §4.2.1.12";
    LIFETIME_CHANGED = "lifetime-changed", "A certificate has another lifetime than declared", Warning,
        "The certificate was issued for a longer or shorter time than is declared now.",
        "RFC 5280 §4.1.2.5; docs/cli.md#certs-renew";
    PATH_LENGTH_CHANGED = "path-length-changed", "An authority has another path length than declared", Warning,
        "How many authorities may stand below this one differs from the declaration.",
        "RFC 5280 §4.2.1.9";
    NAME_CONSTRAINTS_CHANGED = "name-constraints-changed", "An authority has other name constraints than declared", Warning,
        "For which names the authority may sign differs from the declaration.",
        "RFC 5280 §4.2.1.10";
    DISTRIBUTION_POINTS_CHANGED = "distribution-points-changed", "A certificate names other URLs than declared", Warning,
        "Where revocation lists and issuers are to be found differs from the declaration.",
        "RFC 5280 §4.2.1.13, §4.2.2.1";
    RECIPIENTS_CHANGED = "recipients-changed", "A key is sealed to others than declared", Warning,
        "A recipient who should decrypt the key cannot, or one who should not can. Encrypting it again takes nothing back from those who have decrypted it: after a loss, give it a new key.",
        "docs/cli.md#certs-exposure; docs/start.md#a-host";
    REVOKED = "revoked", "A certificate is revoked", Error,
        "The CRL of its issuer names it: every verifier that reads the CRL refuses it. The next run gives a leaf a new key and certificate; a CA gets them on request.",
        "RFC 5280 §5; docs/by-hand.md#revoking";
    CRL_DUE = "crl-due", "The next revocation list is due", Warning,
        "Two thirds of the list's time are over. Verifiers that want a list refuse everything of the authority once it has run out.",
        "RFC 5280 §5.1.2.5; docs/by-hand.md#revoking";
    CRL_EXPIRED = "crl-expired", "A revocation list has run out", Error,
        "Verifiers that want a list in force (nginx with ssl_crl, OpenSSL with -crl_check) refuse every certificate of the authority, not \
         only those that are revoked.",
        "RFC 5280 §5.1.2.5; docs/by-hand.md#revoking";
    CRL_OF_ANOTHER_KEY = "crl-of-another-key", "A revocation list is not its authority's", Error,
        "The key of the authority's certificate did not sign the list: it is from before the authority was replaced, or by a stranger. Verifiers refuse it.",
        "RFC 5280 §6.3.3; docs/by-hand.md#revoking";
    CRL_DAMAGED = "crl-damaged", "A revocation list cannot be read", Error,
        "The list is the only record of what was revoked. It is never overwritten while it cannot be read: a new one would make everything \
         good again that was revoked.",
        "docs/by-hand.md#revoking; git-restore(1)";
    CRL_MISSING = "crl-missing", "A revocation list is gone", Error,
        "The inventory or the history of the branch says that the authority has made a list, and its file is not in the tree: it was deleted, or never added to Git. \
         Programs that read the CRLs from here accept its revoked certificates again. `certs crl` makes it anew of what Git has of it, and \
         refuses where revocations would be lost: then the file is to be put back from where it was published.",
        "docs/by-hand.md#revoking; git-restore(1)";
    KEY_REVERTED = "key-reverted", "A key is in place again that was replaced", Warning,
        "The history of the branch has a later key for this artifact, and the tree an earlier one: a `git revert`, a merge that took the wrong \
         side, a file put back by hand. A key is replaced for a reason; those who should not have it any more may have it still. Make a new one \
         (`certs recreate --replace NAME`), or put the later files back from Git.",
        "git-revert(1); docs/by-hand.md";
    CRL_ROLLED_BACK = "crl-rolled-back", "A revocation list is older than the last one made", Error,
        "The inventory or the history of the branch says that the authority has made a later list than the one in the tree: an old one was checked out, a \
         revocation was reverted, or a merge took the wrong side. Programs that read it from here accept certificates that were revoked since.",
        "RFC 5280 §5.2.3; docs/by-hand.md#revoking";
    NOT_THE_REQUESTERS_KEY = "not-the-requesters-key", "A certificate is for another key than was asked for", Error,
        "The record says which key the request came with, and the holder of that key cannot use this certificate. One of the two files is \
         from another time.",
        "docs/by-hand.md#requests; git-restore(1)";
    KEY_COMPROMISED = "key-compromised", "A record asks for a certificate for a lost key", Error,
        "A certificate for this key was revoked because the key is compromised, and a thief of the key could act as the holder of the next one. No certificate is issued for it.",
        "docs/by-hand.md#requests; RFC 5280 §5.3.1";
    RENEWAL_DUE = "renewal-due", "A certificate is to be renewed", Warning,
        "Two thirds of its lifetime, or what renewBefore leaves of it, are over.",
        "docs/by-hand.md#renewing; docs/cli.md#certs-renew";
    EXPIRED = "expired", "A certificate has ended", Error,
        "Every verifier refuses it.",
        "RFC 5280 §4.1.2.5; docs/cli.md#certs-renew";
    AWAITS_KEY = "awaits-key", "A CA is due for renewal, and the key that signs it is offline", Warning,
        "Until the CA expires, everything below it is renewed as before. Put the key back in time: what a CA issues never ends after the CA.",
        "docs/start.md#the-roots-key-offline";
    NOT_YET_VALID = "not-yet-valid", "A certificate is not valid yet", Error,
        "Every verifier refuses it until its time begins: it was issued by a machine with a wrong clock, or the clock here is wrong. A run \
         issues it again.",
        "RFC 5280 §4.1.2.5";
    UNDECLARED = "undeclared", "A certificate or key that is not declared", Warning,
        "A file in the tree's own folders belongs to nothing that is declared. Its certificate may be accepted for years, and no run renews, replaces or watches it.",
        "docs/cli.md#certs-recreate (--prune); docs/by-hand.md#revoking";
    ISSUER_REFUSED = "issuer-refused", "An issuer needs a decision first", Error,
        "Nothing can be signed until a person has decided about the authority above.",
        "docs/cli.md#certs-plan";
    FILES_GONE = "files-gone", "The files of a CA or a key pair are gone", Error,
        "Neither file is in the working tree, and the inventory, Git's index or the last commit has had them: a sparse checkout, a deleted \
         directory or a merge gone wrong, rather than a wish for a new CA. No verifier would trust a new one, and issued certificates would stay invalid. Restore the files; where a new one is meant, ask for it: `certs recreate --replace ca/<name>`.",
        "git-sparse-checkout(1), git-restore(1); docs/cli.md#certs-recreate";
    LEAVES_OF_ANOTHER = "leaves-of-another-authority", "An authority is gone while its certificates are there", Error,
        "Both files of an authority are missing, and what it issued is in the tree: a checkout gone wrong rather than a wish for a new \
         authority.",
        "git-status(1), git-restore(1)";
    VERIFICATION_KEYS_CHANGED = "verification-keys-changed", "A public file holds other verification keys than declared", Warning,
        "Signatures of other pairs are refused, or are still accepted after they were withdrawn.",
        "docs/kubernetes.md#living-with-it";
    VERIFICATION_KEY_REFUSED = "verification-key-refused", "A verification key needs a decision first", Error,
        "Which key the other pair will have is not known before a person has decided about it.",
        "docs/kubernetes.md#living-with-it; docs/cli.md#certs-plan";
    ALSO_VERIFIES = "also-verifies", "A shared pair still verifies by a key that was replaced", Warning,
        "A holder of the old private key can still sign: its signatures are accepted as long as its public key is in the file. Once \
         nothing signed with it is in use, `certs recreate --retire shared/<pair>` takes it out.",
        "docs/kubernetes.md#living-with-it; docs/trust.md#what-a-bundle-may-hold";
    VERIFIES_BY_STRANGER = "verifies-by-stranger", "A public file holds the key of a stranger", Error,
        "A public key is in a shared pair's file that is neither its own nor a declared verification key, and the pair's key does not vouch \
         for it as a predecessor. Tokens signed with its private key are accepted. No run gets past it; find out who put it \
         there, then `certs recreate --retire shared/<pair>` leaves only declared keys.",
        "docs/trust.md#what-a-bundle-may-hold; git-log(1)";
    TRUSTS_REPLACED = "trusts-replaced-ca", "A CA that was replaced is still trusted", Warning,
        "After `--replace` the old certificate stays behind the new one, so that hosts trust both while you roll out. Until it is removed, a holder of the old key can issue for everything the CA is trusted for; Kubernetes reads no revocation list. Once every host \
         has the certificates of the new key, `certs recreate --retire ca/<name>` takes it out.",
        "docs/trust.md#what-a-bundle-may-hold; kubernetes.io/docs/tasks/tls/manual-rotation-of-ca-certificates";
    TRUSTS_STRANGER = "trusts-stranger", "A CA's file holds the certificate of a stranger", Error,
        "A certificate stands behind the CA's own that is not for its key, and the CA's key does not vouch for it as a predecessor. Programs \
         that read the file trust it like the CA: for Kubernetes its key makes a system:masters. It is not exported, and no run gets past \
         it; find out who put it there, then `certs recreate --retire ca/<name>` leaves only the CA's own certificate.",
        "docs/trust.md#what-a-bundle-may-hold; git-log(1)";
    BYTE_ORDER_MARK = "byte-order-mark", "A PEM file begins with a byte order mark", Error,
        "Editors on Windows put the octets EF BB BF in front of a file they save as UTF-8. OpenSSL reads past them, and so does certs; Go \
         takes a block only at the beginning of a line, and passes over the first one in silence. Of a bundle it then trusts the rest.",
        "pkg.go.dev/encoding/pem; openssl/openssl#6281";
    JOURNAL_TRACKED = "journal-tracked", "The journal of a run is in Git", Error,
        "A journal says what files are to become, and a run that finds one writes it. A committed journal may have any author: everyone who can change the repository could use it to put a certificate or a key in place, past every proof. It is not followed.",
        "docs/architecture.md#decisions; gitignore(5)";
    INTERRUPTED = "interrupted-run", "A run was interrupted", Error,
        "The journal of a commit is left: some files may be of before and some of after. The next run finishes it first.",
        "docs/architecture.md#decisions; docs/cli.md#certs-recreate";
    RULES_DAMAGED = "rules-damaged", "The rules of agenix cannot be read", Error,
        "The `secrets.nix` next to the certificates was written by hand, so certs never overwrites it, and it is not valid Nix: agenix opens, edits \
         and seals nothing until it is.",
        "github.com/ryantm/agenix (secrets.nix); git-restore(1)";
    STALE = "derived-file-stale", "A derived file is out of date", Warning,
        "The inventory or the rules are not what today's certificates and declaration make of them: agenix and the readers of the inventory see an earlier state.",
        "docs/cli.md#certs-rules; docs/cli.md#certs-recreate";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_stands_once_and_is_no_lints() {
        let mut seen: BTreeSet<&str> = catalogue::all().map(|lint| lint.code).collect();
        for rule in all() {
            assert!(seen.insert(rule.code), "{} stands twice", rule.code);
            assert!(rule.text.len() > 25, "{} is not explained", rule.code);
        }
    }

    #[test]
    fn a_code_typed_almost_right_is_recognised_whoever_has_it() {
        let nearest = |word| nearest(word).map(|lint| lint.code);
        assert_eq!(nearest("conflict-marker"), Some("conflict-markers"));
        assert_eq!(nearest("san-mising"), Some("san-missing"));
    }
}
