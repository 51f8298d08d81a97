//! What a new project declares: one or two tiers of authorities and who operates them, said as a manifest, as plain Nix data and
//! as a NixOS module. Text only; who is an operator and where the files go is decided by the caller.

mod manifest;
mod nix;

pub use manifest::manifest;
pub use nix::{flake, module, plain_file};

use crate::fleet::HOST_KEY_FOLDERS;
use crate::seal::Recipient;
use crate::x509::constraints::ConstraintError;
use crate::x509::{IpNetwork, Lifetime, Subtrees};

/// Where everything is that `certs` writes.
pub const DIR: &str = "secrets/certs";
/// Where the public keys of hosts lie, one file for each.
pub const HOST_KEYS: &str = HOST_KEY_FOLDERS[0];
/// What everybody trusts, by its name in `cas`.
pub const ROOT: &str = "root";
/// What issues from day to day.
pub const INTERMEDIATE: &str = "intermediate";

/// So that Git neither merges what cannot be merged nor shows what nobody can read.
pub const GIT_ATTRIBUTES: &str = "\
# Two versions of a certificate or of a sealed key cannot be merged as text.
*.crt -merge
*.age binary -merge
# So that `git diff` shows fields: git config diff.certs.textconv 'certs diff --textconv'
*.crt diff=certs
";

/// What must not be committed.
pub const GIT_IGNORE: &str = "\
# What an interrupted run leaves; the next one finishes it.
.certs-*
# The opened key of a host, for its installation (certs host add --extra-files).
/extra-files/
";

/// A public key infrastructure before its first certificate.
#[derive(Clone, Debug)]
pub struct Foundation {
    /// Whose it is, as it stands in the common names.
    pub name: String,
    pub organization: Option<String>,
    pub root_expiry: Lifetime,
    pub tiers: Tiers,
    /// What may be certified; everything if empty.
    pub permitted: Permitted,
    pub operators: Vec<Recipient>,
    /// The file with an operator's private key, as it is declared.
    pub identity: String,
}

/// How many authorities stand between what is trusted and a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tiers {
    /// The root issues everything, and its key is needed for everything.
    Single,
    /// An intermediate issues, so that the root's key can be kept elsewhere.
    Two { expiry: Lifetime },
}

/// Names that may be certified, as typed: domains, networks, mail domains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permitted {
    pub dns: Vec<String>,
    pub ip: Vec<String>,
    pub email: Vec<String>,
}

impl Permitted {
    /// Sorts each text to its kind.
    ///
    /// # Errors
    /// What is wrong with each text that is none of them.
    pub fn parse(texts: &[String]) -> Result<Self, Vec<String>> {
        let mut permitted = Self::default();
        for text in texts {
            let list = if IpNetwork::parse(text).is_ok() || text.contains('/') {
                &mut permitted.ip
            } else if text.contains('@') {
                &mut permitted.email
            } else {
                &mut permitted.dns
            };
            // Of a mail domain only what stands behind the sign is written (RFC 5280 §4.2.1.10).
            list.push(text.strip_prefix('@').unwrap_or(text).to_owned());
        }
        let faults = match Subtrees::parse(&permitted.dns, &permitted.ip, &permitted.email) {
            Ok(_) => Vec::new(),
            Err(faults) => faults,
        };
        // The roles that are written with it say by themselves whether names below are meant.
        let dotted = permitted.dns.iter().filter_map(|text| {
            let name = text.strip_prefix('.')?;
            let is_said = name.starts_with(['.', '*']);
            (!is_said).then(|| ConstraintError::DnsPattern {
                text: text.clone(),
                cure: name.to_owned(),
            })
        });
        let faults: Vec<String> = faults
            .into_iter()
            .chain(dotted)
            .map(|fault| fault.to_string())
            .collect();
        if faults.is_empty() {
            Ok(permitted)
        } else {
            Err(faults)
        }
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Every address of the mail domains, as roles write patterns.
    fn email_patterns(&self) -> impl Iterator<Item = String> {
        self.email.iter().map(|domain| format!("*@{domain}"))
    }

    /// Each kind that has names, by its name in the options.
    fn kinds(&self) -> impl Iterator<Item = (&'static str, &[String])> {
        let all = [
            ("dns", self.dns.as_slice()),
            ("ip", &self.ip),
            ("email", &self.email),
        ];
        all.into_iter().filter(|(_, names)| !names.is_empty())
    }
}

/// One authority of a foundation.
struct Tier<'a> {
    name: &'static str,
    issuer: Option<&'static str>,
    common_name: String,
    expiry: Lifetime,
    path_length: u32,
    permitted: Option<&'a Permitted>,
    /// Why it is there, for who reads the declaration.
    comment: &'static str,
}

/// What may be issued by hand, beside what is declared.
struct Allowed {
    name: &'static str,
    usage: &'static str,
    comment: &'static str,
}

/// One for each end of a connection: a certificate that serves as both is declared for it.
const ROLES: [Allowed; 2] = [
    Allowed {
        name: "server",
        usage: "server auth",
        comment: "Certificates that `certs issue` may issue, next to the declared ones: certificates of servers,",
    },
    Allowed {
        name: "client",
        usage: "client auth",
        comment: "and of clients.",
    },
];

impl Foundation {
    /// A role that allows any name would be the wrong thing to begin with, so there are none without names.
    fn roles(&self) -> &'static [Allowed] {
        if self.permitted.dns.is_empty() {
            &[]
        } else {
            &ROLES
        }
    }

    /// The root first. The names are constrained where leaves are issued: relying parties need not look at constraints of
    /// what they trust (RFC 5280 §6.1.1 d), and those of an intermediate they must.
    fn authorities(&self) -> Vec<Tier<'_>> {
        let permitted = Some(&self.permitted).filter(|permitted| !permitted.is_empty());
        let root = Tier {
            name: ROOT,
            issuer: None,
            common_name: format!("{} Root CA", self.name),
            expiry: self.root_expiry,
            path_length: 0,
            permitted,
            comment: "Every machine trusts this CA, and it issues every certificate.",
        };
        let Tiers::Two { expiry } = self.tiers else {
            return vec![root];
        };
        let root = Tier {
            path_length: 1,
            permitted: None,
            comment: "Every machine trusts this CA. Its key is needed only to renew the CA below it, so it may be kept elsewhere.",
            ..root
        };
        let intermediate = Tier {
            name: INTERMEDIATE,
            issuer: Some(ROOT),
            common_name: format!("{} Intermediate CA", self.name),
            expiry,
            path_length: 0,
            permitted,
            comment: "This CA issues certificates from day to day.",
        };
        vec![root, intermediate]
    }

    /// The authority that certificates are issued by.
    pub fn issuing(&self) -> &'static str {
        match self.tiers {
            Tiers::Single => ROOT,
            Tiers::Two { .. } => INTERMEDIATE,
        }
    }

    /// A name that could be certified, for examples.
    pub fn example_name(&self) -> String {
        let domain = self.permitted.dns.first();
        format!("web1.{}", domain.map_or("example.org", String::as_str))
    }

    /// The operators' public keys with their comments.
    fn operator_lines(&self) -> impl Iterator<Item = String> {
        self.operators.iter().map(|key| match key.label() {
            Some(label) => format!("{key} {label}"),
            None => key.to_string(),
        })
    }
}

/// In whole hours where it is, as options are usually written.
fn hours(lifetime: Lifetime) -> String {
    let seconds = lifetime.seconds();
    if seconds.is_multiple_of(3600) {
        format!("{}h", seconds / 3600)
    } else {
        format!("{seconds}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permitted_name_goes_to_its_kind() {
        let texts = ["lab.example.org", "10.0.0.0/8", "fd00::/8", "@example.org"];
        let texts: Vec<String> = texts.map(str::to_owned).to_vec();
        let permitted = Permitted::parse(&texts).unwrap();
        assert_eq!(permitted.dns, ["lab.example.org"]);
        assert_eq!(permitted.ip, ["10.0.0.0/8", "fd00::/8"]);
        assert_eq!(permitted.email, ["example.org"]);
    }

    #[test]
    fn every_text_that_cannot_be_permitted_is_told() {
        let texts = ["*.lab.example.org", "10.0.0.1/8"].map(str::to_owned);
        let faults = Permitted::parse(&texts).unwrap_err();
        assert_eq!(faults.len(), 2, "{faults:?}");
    }

    #[test]
    fn lifetimes_are_written_as_options_are() {
        assert_eq!(hours(Lifetime::parse("10y").unwrap()), "87600h");
        assert_eq!(hours(Lifetime::parse("90m").unwrap()), "5400s");
    }
}
