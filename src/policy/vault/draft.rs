//! The options of our role that the fields of Vault's say, subject by subject.

use serde_json::{Map, Value, json};

use super::fields::{Fields, Flag, plain, wrong};
use super::vocabulary::{EXTENDED_KEY_USAGES, KEY_USAGES, NO_COUNTERPART, SUBJECT, known};
use super::{LeftOut, Origin, Setting, VaultError};
use crate::fleet::pattern::UriPattern;
use crate::x509::constraints::ConstraintError;
use crate::x509::{IpNetwork, KeyAlgorithm, Lifetime};

/// The lease time of Vault where neither role nor mount says one: 32 days.
const SYSTEM_LEASE: &str = "768h";
const EVERY_ADDRESS: [&str; 2] = ["0.0.0.0/0", "::/0"];
const DEFAULT_KEY_USAGES: [&str; 3] = ["DigitalSignature", "KeyAgreement", "KeyEncipherment"];

#[derive(Default)]
pub(super) struct Draft {
    pub settings: Vec<Setting>,
    pub left_out: Vec<LeftOut>,
    pub idle: Vec<String>,
}

/// Which names a role of Vault's allows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NamesAllowed {
    Any,
    Listed,
}

impl Draft {
    pub(super) fn of(mut fields: Fields) -> Result<Self, VaultError> {
        let mut role = Self::default();
        let names = role.names(&mut fields)?;
        role.addresses(&mut fields)?;
        role.uris(&mut fields);
        role.common_names(&mut fields, names)?;
        role.keys(&mut fields)?;
        role.usages(&mut fields)?;
        role.subject(&mut fields);
        role.lifetimes(&mut fields)?;
        role.rest(fields);
        Ok(role)
    }

    fn set(&mut self, option: &'static str, value: impl Into<Value>, origin: Origin) {
        self.settings.push(Setting {
            option,
            value: value.into(),
            origin,
        });
    }

    fn leave_out(&mut self, field: &str, value: impl Into<String>, why: impl Into<String>) {
        self.left_out.push(LeftOut {
            field: field.to_owned(),
            value: value.into(),
            why: why.into(),
        });
    }

    fn set_flag(&mut self, option: &'static str, flag: Flag) {
        self.set(option, flag.value, flag.origin);
    }

    fn names(&mut self, fields: &mut Fields) -> Result<NamesAllowed, VaultError> {
        let globs = fields.flag("allow_glob_domains", false)?;
        let bare = fields.flag("allow_bare_domains", false)?;
        let below = fields.flag("allow_subdomains", false)?;
        let any = fields.flag("allow_any_name", false)?;
        let wildcards = fields.flag("allow_wildcard_certificates", true)?;
        let localhost = fields.flag("allow_localhost", true)?;
        let (mut domains, mut emails) = (Vec::new(), Vec::new());
        for domain in fields.texts("allowed_domains") {
            if domain.contains("{{") {
                self.leave_out(
                    "allowed_domains",
                    domain,
                    "names are never made from who asks",
                );
            } else if !domain.contains('*') {
                // Vault judges addresses of mail by the domain of their host.
                emails.extend(bare.value.then(|| format!("*@{domain}")));
                emails.extend(below.value.then(|| format!("*@**.{domain}")));
                domains.push(domain);
            } else if globs.value {
                let domain = with_double_stars(&domain);
                emails.push(format!("*@{domain}"));
                domains.push(domain);
            } else {
                self.leave_out(
                    "allowed_domains",
                    domain,
                    "it is a pattern, which means nothing without allow_glob_domains",
                );
            }
        }
        let allowed = if any.value {
            emails = vec!["*".to_owned()];
            NamesAllowed::Any
        } else {
            NamesAllowed::Listed
        };
        self.set("allowedDomains", domains, Origin::Written);
        self.set_flag("allowBareDomains", bare);
        self.set_flag("allowSubdomains", below);
        self.set_flag("allowWildcards", wildcards);
        self.set_flag("allowGlobDomains", globs);
        self.set_flag("allowLocalhost", localhost);
        self.set_flag("allowAnyName", any);
        self.set("allowedEmails", emails, Origin::Default);
        Ok(allowed)
    }

    fn addresses(&mut self, fields: &mut Fields) -> Result<(), VaultError> {
        let allowed = fields.flag("allow_ip_sans", true)?;
        let mut networks = Vec::new();
        for text in fields.texts("allowed_ip_sans_cidr") {
            match IpNetwork::parse(&text) {
                Ok(network) | Err(ConstraintError::HostBits { network, .. }) => {
                    networks.push(network.to_string());
                }
                Err(_) => self.leave_out("allowed_ip_sans_cidr", text, "it is no network"),
            }
        }
        let value = match (allowed.value, networks.is_empty()) {
            (false, _) => Vec::new(),
            (true, true) => EVERY_ADDRESS.map(str::to_owned).to_vec(),
            (true, false) => networks,
        };
        self.set("allowedIpRanges", value, allowed.origin);
        Ok(())
    }

    fn uris(&mut self, fields: &mut Fields) {
        let mut uris = Vec::new();
        for text in fields.texts("allowed_uri_sans") {
            let pattern = if text == "*" {
                text.clone()
            } else {
                with_double_stars(&text)
            };
            match UriPattern::parse(&pattern) {
                Ok(_) => uris.push(pattern),
                Err(error) => self.leave_out("allowed_uri_sans", text, error.to_string()),
            }
        }
        self.set("allowedUris", uris, Origin::Written);
    }

    fn common_names(&mut self, fields: &mut Fields, names: NamesAllowed) -> Result<(), VaultError> {
        let only_hostnames = fields.flag("enforce_hostnames", true)?.value;
        let validations = fields.texts("cn_validations");
        let required = fields.flag("require_cn", true)?;
        let mut is_free = validations.iter().any(|word| word == "disabled");
        match names {
            NamesAllowed::Any => is_free |= !only_hostnames,
            NamesAllowed::Listed if only_hostnames => {}
            NamesAllowed::Listed => self.leave_out(
                "enforce_hostnames",
                "false",
                "DNS names are always host names",
            ),
        }
        let free: &[&str] = if is_free { &["**"] } else { &[] };
        self.set("allowedCommonNames", free.to_vec(), Origin::Written);
        self.set_flag("requireCommonName", required);
        Ok(())
    }

    fn keys(&mut self, fields: &mut Fields) -> Result<(), VaultError> {
        let kind = fields.text("key_type");
        let bits = fields.number("key_bits")?;
        let origin = Origin::of(kind.as_ref());
        match kind.as_deref() {
            None | Some("rsa") => self.key("rsa", bits, 2048, origin),
            Some("ec") => self.key("ecdsa", bits, 256, origin),
            Some("ed25519") => self.only_key(json!({ "algo": "ed25519" }), origin),
            Some("any") => {
                let all = ["ecdsa", "rsa", "ed25519"].map(|algo| json!({ "algo": algo }));
                let ours = json!({ "algo": "ecdsa", "size": 256 });
                self.set("key", ours, Origin::Default);
                self.set("allowedKeys", all.to_vec(), origin);
            }
            Some(other) => return Err(wrong("key_type", other, "kind of key")),
        }
        Ok(())
    }

    /// Zero bits stand for the smallest size, as Vault has it.
    fn key(&mut self, algo: &str, bits: u32, smallest: u32, origin: Origin) {
        let wanted = if bits == 0 { smallest } else { bits };
        let size = if KeyAlgorithm::parse(algo, Some(wanted)).is_ok() {
            wanted
        } else {
            self.leave_out(
                "key_bits",
                wanted.to_string(),
                format!("keys of this size are not made; {smallest} is written instead"),
            );
            smallest
        };
        self.only_key(json!({ "algo": algo, "size": size }), origin);
    }

    fn only_key(&mut self, key: Value, origin: Origin) {
        self.set("key", key.clone(), origin);
        self.set("allowedKeys", vec![key], origin);
    }

    fn usages(&mut self, fields: &mut Fields) -> Result<(), VaultError> {
        let (mut words, origin) = self.key_usages(fields);
        for (flag, default, word) in [
            ("server_flag", true, "server auth"),
            ("client_flag", true, "client auth"),
            ("code_signing_flag", false, "code signing"),
            ("email_protection_flag", false, "email protection"),
        ] {
            words.extend(fields.flag(flag, default)?.value.then(|| word.to_owned()));
        }
        for usage in fields.texts("ext_key_usage") {
            match known(&EXTENDED_KEY_USAGES, &usage, "extkeyusage") {
                Some(word) if words.iter().any(|other| other == word) => {}
                Some(word) => words.push(word.to_owned()),
                None => self.leave_out(
                    "ext_key_usage",
                    usage,
                    "a role says what its certificates are for",
                ),
            }
        }
        words.extend(fields.texts("ext_key_usage_oids"));
        self.set("usages", words, origin);
        Ok(())
    }

    fn key_usages(&mut self, fields: &mut Fields) -> (Vec<String>, Origin) {
        let (usages, origin) = if fields.has("key_usage") {
            (fields.texts("key_usage"), Origin::Written)
        } else {
            (
                DEFAULT_KEY_USAGES.map(str::to_owned).to_vec(),
                Origin::Default,
            )
        };
        let mut words = Vec::new();
        for usage in usages {
            match known(&KEY_USAGES, &usage, "keyusage") {
                Some(word) => words.push(word.to_owned()),
                None => self.leave_out("key_usage", usage, "a leaf cannot have it"),
            }
        }
        (words, origin)
    }

    fn subject(&mut self, fields: &mut Fields) {
        let mut names = Map::new();
        for (field, attribute) in SUBJECT {
            let values = fields.texts(field);
            match values.as_slice() {
                [] => {}
                [one] => {
                    names.insert(attribute.to_owned(), json!(one));
                }
                several => {
                    names.insert(attribute.to_owned(), json!(several));
                }
            }
        }
        self.set("names", names, Origin::Written);
    }

    fn lifetimes(&mut self, fields: &mut Fields) -> Result<(), VaultError> {
        let ttl = fields.lifetime("ttl")?;
        let longest = fields.lifetime("max_ttl")?;
        let lease = Lifetime::parse(SYSTEM_LEASE).unwrap_or(Lifetime::SHORTEST);
        let expiry = ttl
            .unwrap_or(lease)
            .min(longest.unwrap_or(Lifetime::LONGEST));
        let max_expiry = longest.unwrap_or(lease.max(expiry));
        self.set("expiry", expiry.to_string(), Origin::of(ttl.as_ref()));
        self.set(
            "maxExpiry",
            max_expiry.to_string(),
            Origin::of(longest.as_ref()),
        );
        Ok(())
    }

    fn rest(&mut self, fields: Fields) {
        for (field, value) in fields.rest() {
            let text = plain(&value);
            let known = NO_COUNTERPART.iter().find(|(name, ..)| *name == field);
            match known {
                Some((_, defaults, _)) if text.is_empty() || defaults.contains(&text.as_str()) => {
                    self.idle.push(field);
                }
                Some((_, _, why)) => self.leave_out(&field, text, *why),
                None => self.leave_out(&field, text, "no such field of a role is known"),
            }
        }
    }
}

/// Vault's stars stand for any text.
fn with_double_stars(pattern: &str) -> String {
    let parts: Vec<&str> = pattern.split('*').collect();
    parts.join("**")
}
