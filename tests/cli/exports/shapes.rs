//! Every resource has the fields its API knows, and no other: the schemas here are what the published ones say of the fields we write.

use serde_json::{Value, json};

use super::{LEAF, made, resource};
use crate::schema::deviations;

const TEXT: fn() -> Value = || json!({ "type": "string" });

/// An object with exactly these fields, all of them text unless told otherwise.
fn object(required: &[&str], properties: &Value) -> Value {
    json!({ "type": "object", "required": required, "properties": properties, "additionalProperties": false })
}

fn list(items: &Value) -> Value {
    json!({ "type": "array", "items": items })
}

fn texts() -> Value {
    list(&TEXT())
}

fn text_map() -> Value {
    json!({ "type": "object", "additionalProperties": TEXT() })
}

/// `metadata` is the same everywhere.
fn resource_with(api: &str, kind: &str, rest: &Value) -> Value {
    let metadata = object(
        &["name", "labels"],
        &json!({ "name": TEXT(), "namespace": TEXT(), "labels": text_map(), "annotations": text_map() }),
    );
    let mut properties =
        json!({ "apiVersion": { "const": api }, "kind": { "const": kind }, "metadata": metadata });
    let mut required = vec!["apiVersion", "kind", "metadata"];
    for (name, schema) in rest.as_object().unwrap() {
        properties[name] = schema.clone();
        required.push(name);
    }
    object(&required, &properties)
}

fn secret() -> Value {
    let data = object(
        &["tls.crt", "tls.key"],
        &json!({ "tls.crt": TEXT(), "tls.key": TEXT(), "ca.crt": TEXT() }),
    );
    resource_with(
        "v1",
        "Secret",
        &json!({ "type": { "const": "kubernetes.io/tls" }, "data": data }),
    )
}

fn config_map() -> Value {
    resource_with("v1", "ConfigMap", &json!({ "data": text_map() }))
}

fn issuer(kind: &str) -> Value {
    let ca = object(
        &["secretName"],
        &json!({ "secretName": TEXT(), "crlDistributionPoints": texts(), "ocspServers": texts(), "issuingCertificateURLs": texts() }),
    );
    let account = object(&["name"], &json!({ "name": TEXT(), "audiences": texts() }));
    let kubernetes = object(
        &["role"],
        &json!({ "role": TEXT(), "mountPath": TEXT(), "serviceAccountRef": account }),
    );
    let reference = object(&["name"], &json!({ "name": TEXT(), "key": TEXT() }));
    let approle = object(
        &["path", "roleId", "secretRef"],
        &json!({ "path": TEXT(), "roleId": TEXT(), "secretRef": reference }),
    );
    let auth = object(
        &[],
        &json!({ "kubernetes": kubernetes, "appRole": approle }),
    );
    let vault = object(
        &["auth", "path", "server"],
        &json!({ "auth": auth, "path": TEXT(), "server": TEXT(), "namespace": TEXT(), "caBundle": TEXT() }),
    );
    let spec = object(&[], &json!({ "ca": ca, "vault": vault }));
    resource_with("cert-manager.io/v1", kind, &json!({ "spec": spec }))
}

fn certificate() -> Value {
    let issuer = object(
        &["name"],
        &json!({ "name": TEXT(), "kind": TEXT(), "group": TEXT() }),
    );
    let subject = object(
        &[],
        &json!({
            "organizations": texts(), "organizationalUnits": texts(), "countries": texts(), "localities": texts(), "provinces": texts(),
            "streetAddresses": texts(), "postalCodes": texts(), "serialNumber": TEXT(),
        }),
    );
    let usage = json!({ "enum": [
        "signing", "digital signature", "content commitment", "key encipherment", "key agreement", "data encipherment", "cert sign",
        "crl sign", "encipher only", "decipher only", "any", "server auth", "client auth", "code signing", "email protection", "s/mime",
        "ipsec end system", "ipsec tunnel", "ipsec user", "timestamping", "ocsp signing", "microsoft sgc", "netscape sgc",
    ] });
    let key = object(
        &[],
        &json!({
            "algorithm": { "enum": ["RSA", "ECDSA", "Ed25519"] }, "encoding": { "enum": ["PKCS1", "PKCS8"] },
            "rotationPolicy": { "enum": ["Never", "Always"] }, "size": { "type": "integer" },
        }),
    );
    let spec = object(
        &["issuerRef", "secretName"],
        &json!({
            "issuerRef": issuer, "secretName": TEXT(), "commonName": TEXT(), "subject": subject, "dnsNames": texts(),
            "ipAddresses": texts(), "emailAddresses": texts(), "uris": texts(), "duration": TEXT(), "renewBefore": TEXT(),
            "usages": list(&usage), "privateKey": key,
        }),
    );
    resource_with(
        "cert-manager.io/v1",
        "Certificate",
        &json!({ "spec": spec }),
    )
}

fn ingress() -> Value {
    let port = object(&["number"], &json!({ "number": { "type": "integer" } }));
    let service = object(&["name", "port"], &json!({ "name": TEXT(), "port": port }));
    let backend = object(&["service"], &json!({ "service": service }));
    let path = object(
        &["backend", "pathType"],
        &json!({ "path": TEXT(), "pathType": { "enum": ["Exact", "Prefix", "ImplementationSpecific"] }, "backend": backend }),
    );
    let http = object(&["paths"], &json!({ "paths": list(&path) }));
    let rule = object(&["host", "http"], &json!({ "host": TEXT(), "http": http }));
    let tls = object(
        &["hosts", "secretName"],
        &json!({ "hosts": texts(), "secretName": TEXT() }),
    );
    let spec = object(
        &["rules", "tls"],
        &json!({ "ingressClassName": TEXT(), "tls": list(&tls), "rules": list(&rule) }),
    );
    resource_with("networking.k8s.io/v1", "Ingress", &json!({ "spec": spec }))
}

fn bundle() -> Value {
    let source = object(
        &[],
        &json!({ "inLine": TEXT(), "useDefaultCAs": { "type": "boolean" } }),
    );
    let target = object(
        &["configMap"],
        &json!({
            "configMap": object(&["key"], &json!({ "key": TEXT() })),
            "namespaceSelector": object(&["matchLabels"], &json!({ "matchLabels": text_map() })),
        }),
    );
    let spec = object(
        &["sources", "target"],
        &json!({ "sources": list(&source), "target": target }),
    );
    resource_with(
        "trust.cert-manager.io/v1alpha1",
        "Bundle",
        &json!({ "spec": spec }),
    )
}

fn external_secret() -> Value {
    let store = object(
        &["name", "kind"],
        &json!({ "name": TEXT(), "kind": { "enum": ["SecretStore", "ClusterSecretStore"] } }),
    );
    let template = object(&["type"], &json!({ "type": TEXT() }));
    let target = object(
        &["name", "template"],
        &json!({ "name": TEXT(), "template": template }),
    );
    let reference = object(
        &["key", "property"],
        &json!({ "key": TEXT(), "property": TEXT() }),
    );
    let entry = object(
        &["remoteRef", "secretKey"],
        &json!({ "remoteRef": reference, "secretKey": TEXT() }),
    );
    let spec = object(
        &["refreshInterval", "secretStoreRef", "target", "data"],
        &json!({ "refreshInterval": TEXT(), "secretStoreRef": store, "target": target, "data": list(&entry) }),
    );
    resource_with(
        "external-secrets.io/v1",
        "ExternalSecret",
        &json!({ "spec": spec }),
    )
}

fn prometheus_rule() -> Value {
    let rule = object(
        &["alert", "expr"],
        &json!({ "alert": TEXT(), "expr": TEXT(), "for": TEXT(), "labels": text_map(), "annotations": text_map() }),
    );
    let group = object(
        &["name", "rules"],
        &json!({ "name": TEXT(), "rules": list(&rule) }),
    );
    let spec = object(&["groups"], &json!({ "groups": list(&group) }));
    resource_with(
        "monitoring.coreos.com/v1",
        "PrometheusRule",
        &json!({ "spec": spec }),
    )
}

#[test]
fn every_resource_is_as_its_api_says() {
    let project = made();
    let vault = ["--vault", "https://v.example", "--vault-path", "pki/sign/x"];
    let vault = [
        &["issuer", "--name", "lab"][..],
        &vault,
        &["--vault-auth", "approle", "--role-id", "x"],
    ]
    .concat();
    let issuer_of_namespace = ["issuer", "web", "-n", "shop"];
    let cases: [(&[&str], Value); 12] = [
        (&["secret", LEAF, "-n", "shop"], secret()),
        (&["ca-secret", "web"], secret()),
        (&["issuer", "web"], issuer("ClusterIssuer")),
        (&issuer_of_namespace, issuer("Issuer")),
        (&vault, issuer("ClusterIssuer")),
        (&["certificate", LEAF, "--issuer", "x"], certificate()),
        (&["ingress", LEAF, "--cluster-issuer", "x"], ingress()),
        (&["configmap"], config_map()),
        (&["trust-bundle", "--public-roots"], bundle()),
        (&["trust-bundle", "--namespace-label", "a=b"], bundle()),
        (
            &["external-secret", LEAF, "--store", "s", "--key", "k"],
            external_secret(),
        ),
        (&["prometheus-rule", "--cert-manager"], prometheus_rule()),
    ];
    for (arguments, schema) in cases {
        let found = deviations(&schema, &resource(&project, arguments));
        assert!(found.is_empty(), "{arguments:?}: {found:#?}");
    }
}
