//! The foundation as the manifest that Nix would give for its plain file, so that issuing needs no Nix.

use serde_json::{Map, Value, json};

use super::{Allowed, DIR, Foundation, Permitted, Tier, hours};

/// The manifest, with every field written out as Nix writes it.
pub fn manifest(foundation: &Foundation) -> Value {
    let authorities: Map<String, Value> = foundation
        .authorities()
        .iter()
        .map(|tier| (tier.name.to_owned(), authority(foundation, tier)))
        .collect();
    let roles: Map<String, Value> = foundation
        .roles()
        .iter()
        .map(|allowed| (allowed.name.to_owned(), role(foundation, allowed)))
        .collect();
    json!({
        "version": crate::manifest::VERSION,
        "dir": DIR,
        "identities": [foundation.identity],
        "authorities": authorities,
        "hosts": {},
        "keyPairs": {},
        "roles": roles,
        "errors": [],
        "warnings": [],
    })
}

fn authority(foundation: &Foundation, tier: &Tier<'_>) -> Value {
    let names: Vec<Value> = foundation
        .organization
        .iter()
        .map(|organization| json!(["O", organization]))
        .collect();
    json!({
        "issuer": tier.issuer,
        "commonName": tier.common_name,
        "names": names,
        "hosts": [],
        "usages": ["cert sign", "crl sign"],
        "expiry": hours(tier.expiry),
        "renewBefore": null,
        "key": { "algo": "ecdsa", "size": 256 },
        "pathLength": tier.path_length,
        "nameConstraints": tier.permitted.map(constraints),
        "crlUrls": [],
        "issuerUrls": [],
        "users": foundation.operator_lines().collect::<Vec<_>>(),
        "keyHosts": [],
        "allow": {},
        "declaredBy": [],
        "files": {
            "certificate": format!("{DIR}/ca/{}.crt", tier.name),
            "key": format!("{DIR}/ca/{}.key.age", tier.name),
        },
    })
}

fn role(foundation: &Foundation, allowed: &Allowed) -> Value {
    let permitted = &foundation.permitted;
    let emails: Vec<String> = permitted.email_patterns().collect();
    let algorithms = ["ecdsa", "rsa", "ed25519"];
    json!({
        "authority": foundation.issuing(),
        "allowedDomains": permitted.dns,
        "allowBareDomains": true,
        "allowSubdomains": true,
        "allowWildcards": false,
        "allowGlobDomains": false,
        "allowLocalhost": false,
        "allowAnyName": false,
        "allowedIpRanges": permitted.ip,
        "allowedEmails": emails,
        "allowedUris": [],
        "allowedCommonNames": [],
        "requireCommonName": false,
        "key": { "algo": "ecdsa", "size": 256 },
        "allowedKeys": algorithms.map(|algo| json!({ "algo": algo, "size": null })),
        "usages": [allowed.usage],
        "names": [],
        "expiry": "2160h",
        "maxExpiry": "8760h",
        "renewBefore": null,
        "allow": {},
        "declaredBy": [],
    })
}

fn constraints(permitted: &Permitted) -> Value {
    json!({
        "permitted": { "dns": permitted.dns, "ip": permitted.ip, "email": permitted.email },
        "excluded": { "dns": [], "ip": [], "email": [] },
    })
}
