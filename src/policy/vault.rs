//! A role of Vault's or OpenBao's PKI engine as one of ours. What it says by saying nothing is written out: the defaults there are wider.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::model::constraints::ConstraintError;
use crate::model::pattern::UriPattern;
use crate::model::{IpNetwork, KeyAlgorithm, Lifetime};

/// A role as it is to be declared.
#[derive(Clone, Debug)]
pub struct Imported {
    /// As `vault write <mount>/roles/<name>` says them.
    pub name: Option<String>,
    pub mount: Option<String>,
    /// By option, in the order in which people write them. Values are those of the Nix options.
    pub settings: Vec<Setting>,
    pub left_out: Vec<LeftOut>,
    /// Fields without a counterpart that say what they say by default.
    pub idle: Vec<String>,
}

/// One option of the role.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    pub option: &'static str,
    pub value: Value,
    pub origin: Origin,
}

/// Whether somebody wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Written,
    /// What Vault takes where nothing is written.
    Default,
}

/// A field, or a part of one, that no option says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    pub field: String,
    pub value: String,
    pub why: String,
}

/// Why a text is no role of Vault's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    #[error("it is no JSON: {0}")]
    Json(String),
    #[error("there are no fields of a role in it")]
    NoRole,
    #[error(
        "{0:?} is no word of `vault write`; after the path each is field=value, and values with blanks stand in quotes"
    )]
    Word(String),
    #[error("a quote is not closed")]
    OpenQuote,
    #[error("{field}: {value} is no {wanted}")]
    Value {
        field: String,
        value: String,
        wanted: &'static str,
    },
}

/// The role that a text holds: what `vault read -format=json` prints, the body of the request alone, or a `vault write` command.
///
/// # Errors
/// It is none of these, or a field has a value that cannot be meant.
pub fn import(text: &str) -> Result<Imported, VaultError> {
    if text.trim_start().starts_with('{') {
        let body =
            serde_json::from_str(text).map_err(|error| VaultError::Json(error.to_string()))?;
        return Fields::of(body)?.import(None, None);
    }
    let command = command(text)?;
    command.fields.import(command.name, command.mount)
}

/// The lease time of Vault where neither role nor mount says one: 32 days.
const SYSTEM_LEASE: &str = "768h";
const EVERY_ADDRESS: [&str; 2] = ["0.0.0.0/0", "::/0"];

const KEY_USAGES: [(&str, &str); 8] = [
    ("digitalsignature", "digital signature"),
    ("contentcommitment", "content commitment"),
    ("keyencipherment", "key encipherment"),
    ("dataencipherment", "data encipherment"),
    ("keyagreement", "key agreement"),
    ("crlsign", "crl sign"),
    ("encipheronly", "encipher only"),
    ("decipheronly", "decipher only"),
];

const EXTENDED_KEY_USAGES: [(&str, &str); 11] = [
    ("serverauth", "server auth"),
    ("clientauth", "client auth"),
    ("codesigning", "code signing"),
    ("emailprotection", "email protection"),
    ("ipsecendsystem", "ipsec end system"),
    ("ipsectunnel", "ipsec tunnel"),
    ("ipsecuser", "ipsec user"),
    ("timestamping", "timestamping"),
    ("ocspsigning", "ocsp signing"),
    ("microsoftservergatedcrypto", "microsoft sgc"),
    ("netscapeservergatedcrypto", "netscape sgc"),
];

const SUBJECT: [(&str, &str); 5] = [
    ("country", "C"),
    ("province", "ST"),
    ("locality", "L"),
    ("organization", "O"),
    ("ou", "OU"),
];

/// Fields that no option says: how each reads by default, and what holds instead.
const NO_COUNTERPART: [(&str, &[&str], &str); 21] = [
    (
        "issuer_ref",
        &["default"],
        "the authority that signs is named by the option authority",
    ),
    (
        "allowed_domains_template",
        &["false"],
        "names are never made from who asks",
    ),
    (
        "allowed_uri_sans_template",
        &["false"],
        "names are never made from who asks",
    ),
    (
        "allowed_other_sans",
        &[],
        "names of other kinds are never issued",
    ),
    (
        "allowed_serial_numbers",
        &[],
        "the subject is the role's, but for the common name",
    ),
    (
        "allowed_user_ids",
        &[],
        "the subject is the role's, but for the common name",
    ),
    ("street_address", &[], "the options have C, ST, L, O and OU"),
    ("postal_code", &[], "the options have C, ST, L, O and OU"),
    (
        "serial_number_source",
        &["json-csr"],
        "the subject is the role's, but for the common name",
    ),
    (
        "use_csr_common_name",
        &["true"],
        "the names of a request are always read, and judged",
    ),
    (
        "use_csr_sans",
        &["true"],
        "the names of a request are always read, and judged",
    ),
    (
        "allow_token_displayname",
        &["false"],
        "nobody has a token here",
    ),
    (
        "generate_lease",
        &["false"],
        "what is issued is in the tree until it is revoked",
    ),
    (
        "no_store",
        &["false"],
        "what is issued is always in the tree",
    ),
    (
        "no_store_metadata",
        &["false"],
        "what is issued is always in the tree",
    ),
    ("policy_identifiers", &[], "certificates hold no policies"),
    (
        "basic_constraints_valid_for_non_ca",
        &["false"],
        "every leaf says that it is none of an authority",
    ),
    (
        "not_before_duration",
        &["30", "30s"],
        "certificates are valid from five minutes before they are made",
    ),
    ("not_after", &[], "a lifetime is always a duration"),
    (
        "signature_bits",
        &["0", "256"],
        "the signature is that of the authority's key",
    ),
    (
        "use_pss",
        &["false"],
        "the signature is that of the authority's key",
    ),
];

struct Command {
    name: Option<String>,
    mount: Option<String>,
    fields: Fields,
}

fn command(text: &str) -> Result<Command, VaultError> {
    let words = words(text)?;
    let after_write = words.iter().position(|word| word == "write");
    let mut words = words.into_iter().skip(after_write.map_or(0, |at| at + 1));
    let mut path = None;
    let mut fields = Map::new();
    for word in words.by_ref() {
        if word.starts_with('-') && word != "-" {
            continue;
        }
        match word.split_once('=') {
            Some((field, value)) if !value.starts_with('@') => {
                fields.insert(field.to_owned(), Value::String(value.to_owned()));
            }
            None if path.is_none() && word.contains("/roles/") => path = Some(word),
            _ => return Err(VaultError::Word(word)),
        }
    }
    let path = path.as_deref().and_then(|path| path.split_once("/roles/"));
    Ok(Command {
        mount: path.map(|(mount, _)| mount.to_owned()),
        name: path.map(|(_, name)| name.to_owned()),
        fields: Fields::of(Value::Object(fields))?,
    })
}

/// Words as a shell takes them, without its variables and substitutions.
fn words(text: &str) -> Result<Vec<String>, VaultError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (Some('"') | None, '\\') => match characters.next() {
                Some('\n') | None => {}
                Some(escaped) => word.get_or_insert_default().push(escaped),
            },
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '#') if word.is_none() => while characters.next_if(|c| *c != '\n').is_some() {},
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    if quote.is_some() {
        return Err(VaultError::OpenQuote);
    }
    Ok(words)
}

/// What is written, each field until it is taken.
struct Fields(BTreeMap<String, Value>);

impl Fields {
    /// `vault read` wraps the fields in `data`.
    fn of(body: Value) -> Result<Self, VaultError> {
        let Value::Object(mut body) = body else {
            return Err(VaultError::NoRole);
        };
        let fields = match body.remove("data") {
            Some(Value::Object(data)) => data,
            _ => body,
        };
        if fields.is_empty() {
            return Err(VaultError::NoRole);
        }
        let said = fields.into_iter().filter(|(_, value)| !value.is_null());
        Ok(Self(said.collect()))
    }

    fn flag(&mut self, field: &str, default: bool) -> Result<(bool, Origin), VaultError> {
        let Some(value) = self.0.remove(field) else {
            return Ok((default, Origin::Default));
        };
        match plain(&value).as_str() {
            "true" | "1" => Ok((true, Origin::Written)),
            "false" | "0" => Ok((false, Origin::Written)),
            other => Err(wrong(field, other, "truth value")),
        }
    }

    /// A list in JSON, or its parts between commas.
    fn texts(&mut self, field: &str) -> Vec<String> {
        match self.0.remove(field) {
            Some(Value::Array(list)) => list.iter().map(plain).collect(),
            Some(value) => plain(&value)
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect(),
            None => Vec::new(),
        }
    }

    fn text(&mut self, field: &str) -> Option<String> {
        let value = self.0.remove(field).map(|value| plain(&value));
        value.filter(|text| !text.is_empty())
    }

    fn number(&mut self, field: &str) -> Result<u32, VaultError> {
        let text = self.text(field).unwrap_or_else(|| "0".to_owned());
        text.parse().map_err(|_| wrong(field, &text, "number"))
    }

    /// Seconds, or a duration as Go writes it. Zero says nothing.
    fn lifetime(&mut self, field: &str) -> Result<Option<Lifetime>, VaultError> {
        let Some(text) = self.text(field) else {
            return Ok(None);
        };
        let is_number = text.bytes().all(|b| b.is_ascii_digit());
        if is_number && text.bytes().all(|b| b == b'0') || text == "0s" {
            return Ok(None);
        }
        let duration = if is_number { format!("{text}s") } else { text };
        Lifetime::parse(&duration)
            .map(Some)
            .map_err(|_| wrong(field, &duration, "duration"))
    }

    fn import(
        mut self,
        name: Option<String>,
        mount: Option<String>,
    ) -> Result<Imported, VaultError> {
        let mut role = Draft::default();
        let any_name = role.names(&mut self)?;
        role.addresses(&mut self)?;
        role.uris(&mut self);
        role.common_names(&mut self, any_name)?;
        role.keys(&mut self)?;
        role.usages(&mut self)?;
        role.subject(&mut self);
        role.lifetimes(&mut self)?;
        role.rest(self);
        Ok(Imported {
            name,
            mount,
            settings: role.settings,
            left_out: role.left_out,
            idle: role.idle,
        })
    }
}

#[derive(Default)]
struct Draft {
    settings: Vec<Setting>,
    left_out: Vec<LeftOut>,
    idle: Vec<String>,
}

impl Draft {
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

    /// Whether every name is allowed.
    fn names(&mut self, fields: &mut Fields) -> Result<bool, VaultError> {
        let (globs, globs_origin) = fields.flag("allow_glob_domains", false)?;
        let (bare, bare_origin) = fields.flag("allow_bare_domains", false)?;
        let (below, below_origin) = fields.flag("allow_subdomains", false)?;
        let (any, any_origin) = fields.flag("allow_any_name", false)?;
        let (wildcards, wildcards_origin) = fields.flag("allow_wildcard_certificates", true)?;
        let (localhost, localhost_origin) = fields.flag("allow_localhost", true)?;
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
                emails.extend(bare.then(|| format!("*@{domain}")));
                emails.extend(below.then(|| format!("*@**.{domain}")));
                domains.push(domain);
            } else if globs {
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
        if any {
            emails = vec!["*".to_owned()];
        }
        self.set("allowedDomains", domains, Origin::Written);
        self.set("allowBareDomains", bare, bare_origin);
        self.set("allowSubdomains", below, below_origin);
        self.set("allowWildcards", wildcards, wildcards_origin);
        self.set("allowGlobDomains", globs, globs_origin);
        self.set("allowLocalhost", localhost, localhost_origin);
        self.set("allowAnyName", any, any_origin);
        self.set("allowedEmails", emails, Origin::Default);
        Ok(any)
    }

    fn addresses(&mut self, fields: &mut Fields) -> Result<(), VaultError> {
        let (allowed, origin) = fields.flag("allow_ip_sans", true)?;
        let mut networks = Vec::new();
        for text in fields.texts("allowed_ip_sans_cidr") {
            match IpNetwork::parse(&text) {
                Ok(network) | Err(ConstraintError::HostBits { network, .. }) => {
                    networks.push(network.to_string());
                }
                Err(_) => self.leave_out("allowed_ip_sans_cidr", text, "it is no network"),
            }
        }
        let value = match (allowed, networks.is_empty()) {
            (false, _) => Vec::new(),
            (true, true) => EVERY_ADDRESS.map(str::to_owned).to_vec(),
            (true, false) => networks,
        };
        self.set("allowedIpRanges", value, origin);
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

    fn common_names(&mut self, fields: &mut Fields, any_name: bool) -> Result<(), VaultError> {
        let (hostnames, _) = fields.flag("enforce_hostnames", true)?;
        let validations = fields.texts("cn_validations");
        let (required, origin) = fields.flag("require_cn", true)?;
        let is_free = validations.iter().any(|word| word == "disabled");
        let free: &[&str] = if is_free || (!hostnames && any_name) {
            &["**"]
        } else {
            &[]
        };
        if !hostnames && !any_name {
            self.leave_out(
                "enforce_hostnames",
                "false",
                "DNS names are always host names",
            );
        }
        self.set("allowedCommonNames", free.to_vec(), Origin::Written);
        self.set("requireCommonName", required, origin);
        Ok(())
    }

    fn keys(&mut self, fields: &mut Fields) -> Result<(), VaultError> {
        let kind = fields.text("key_type");
        let bits = fields.number("key_bits")?;
        let origin = match kind {
            Some(_) => Origin::Written,
            None => Origin::Default,
        };
        let (algo, smallest) = match kind.as_deref() {
            None | Some("rsa") => ("rsa", 2048),
            Some("ec") => ("ecdsa", 256),
            Some("ed25519") => {
                self.set("key", json!({ "algo": "ed25519" }), origin);
                self.set("allowedKeys", json!([{ "algo": "ed25519" }]), origin);
                return Ok(());
            }
            Some("any") => {
                let all = ["ecdsa", "rsa", "ed25519"].map(|algo| json!({ "algo": algo }));
                self.set(
                    "key",
                    json!({ "algo": "ecdsa", "size": 256 }),
                    Origin::Default,
                );
                self.set("allowedKeys", all.to_vec(), origin);
                return Ok(());
            }
            Some(other) => return Err(wrong("key_type", other, "kind of key")),
        };
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
        let key = json!({ "algo": algo, "size": size });
        self.set("key", key.clone(), origin);
        self.set("allowedKeys", vec![key], origin);
        Ok(())
    }

    fn usages(&mut self, fields: &mut Fields) -> Result<(), VaultError> {
        let written = fields.0.contains_key("key_usage");
        let mut words: Vec<String> = Vec::new();
        let mut key_usages = fields.texts("key_usage");
        if !written {
            key_usages = ["DigitalSignature", "KeyAgreement", "KeyEncipherment"]
                .map(str::to_owned)
                .to_vec();
        }
        for usage in key_usages {
            match known(&KEY_USAGES, &usage, "keyusage") {
                Some(word) => words.push(word.to_owned()),
                None => self.leave_out("key_usage", usage, "a leaf cannot have it"),
            }
        }
        for (flag, default, word) in [
            ("server_flag", true, "server auth"),
            ("client_flag", true, "client auth"),
            ("code_signing_flag", false, "code signing"),
            ("email_protection_flag", false, "email protection"),
        ] {
            words.extend(fields.flag(flag, default)?.0.then(|| word.to_owned()));
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
        let origin = if written {
            Origin::Written
        } else {
            Origin::Default
        };
        self.set("usages", words, origin);
        Ok(())
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
        let origin = |said: Option<Lifetime>| match said {
            Some(_) => Origin::Written,
            None => Origin::Default,
        };
        let expiry = ttl
            .unwrap_or(lease)
            .min(longest.unwrap_or(Lifetime::LONGEST));
        let max_expiry = longest.unwrap_or(lease.max(expiry));
        self.set("expiry", expiry.to_string(), origin(ttl));
        self.set("maxExpiry", max_expiry.to_string(), origin(longest));
        Ok(())
    }

    fn rest(&mut self, fields: Fields) {
        for (field, value) in fields.0 {
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

/// Vault takes the names of Go's constants in any letter case, with or without what they begin with.
fn known(
    table: &'static [(&'static str, &'static str)],
    usage: &str,
    prefix: &str,
) -> Option<&'static str> {
    let lower = usage.to_ascii_lowercase();
    let name = lower.strip_prefix(prefix).unwrap_or(&lower);
    table
        .iter()
        .find(|(vault, _)| *vault == name)
        .map(|(_, ours)| *ours)
}

/// A scalar as it would be typed; lists with commas.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(plain).collect::<Vec<_>>().join(","),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn wrong(field: &str, value: &str, wanted: &'static str) -> VaultError {
    VaultError::Value {
        field: field.to_owned(),
        value: format!("{value:?}"),
        wanted,
    }
}
