//! Files of every kind: what they are is found out, everything in them is read, and nothing secret comes out.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use certs::inspect::document::read;
use certs::inspect::object::kubernetes::{Credential, Source};
use certs::inspect::object::{Found, Object};
use certs::x509::KeyFingerprint;
use certs::x509::certificate::write::to_pem;
use certs::x509::defect::DocumentDefect;
use certs::x509::extension::ExtensionValue;
use certs::x509::hex::to_hex;
use certs::x509::key::KeyAlgorithm;
use certs::x509::key::facts::{KeyFormat, Protection};
use certs::x509::key::signing::PrivateKey;
use certs::x509::pem::PemFlaw;
use certs::x509::pkcs12::{Access, BagKind};
use certs::x509::request::SignatureCheck;
use rcgen::{CertificateParams, CustomExtension, KeyPair};

use crate::support::{KEYS, key, root};

fn all(bytes: impl AsRef<[u8]>) -> Vec<Found> {
    read(bytes.as_ref(), None).unwrap()
}

fn only(bytes: impl AsRef<[u8]>) -> Object {
    let mut found = all(bytes);
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0).object
}

fn defect(bytes: impl AsRef<[u8]>) -> DocumentDefect {
    read(bytes.as_ref(), None).unwrap_err()
}

fn kinds(found: &[Found]) -> Vec<&'static str> {
    found.iter().map(|found| found.object.code()).collect()
}

/// Made with OpenSSL 3.0 for this test, one key and its certificate, password `geheim`.
fn fixture(name: &str) -> Vec<u8> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/x509/files");
    fs::read(directory.join(name)).unwrap()
}

fn der_of(pem: &str) -> Vec<u8> {
    pem::parse(pem).unwrap().into_contents()
}

#[test]
fn a_pkcs12_file_opens_whatever_it_is_encrypted_with() {
    for (name, scheme) in [
        (
            "modern.p12",
            Some("AES-256-CBC under PBKDF2 with HMAC-SHA256"),
        ),
        ("legacy.p12", Some("RC2-40-CBC under")),
        ("triple-des.p12", Some("3DES-CBC under")),
        ("empty-password.p12", Some("AES-256-CBC")),
        ("open.p12", None),
        // The same without announced lengths and with octet strings in pieces, as Mozilla writes them.
        ("ber.p12", None),
    ] {
        let password = (!name.starts_with("empty")).then_some("geheim");
        let found = read(&fixture(name), password).unwrap();
        assert_eq!(
            kinds(&found),
            ["pkcs12", "certificate", "private-key"],
            "{name}"
        );
        let [outside, certificate, key] = found.as_slice() else {
            panic!("{name}")
        };
        let Object::Pkcs12(file) = &outside.object else {
            panic!("{name}")
        };
        assert_eq!(file.access, Access::Open, "{name}");
        let encryption = file.encryption[0].as_deref().unwrap_or_default();
        assert!(
            encryption.starts_with(scheme.unwrap_or_default()),
            "{name}: {encryption}"
        );
        assert_eq!(file.bags[0].kind, BagKind::Certificate);
        // OpenSSL leaves it out where nothing is encrypted.
        let friendly = (!["open.p12", "ber.p12"].contains(&name)).then_some("server");
        assert_eq!(file.bags[0].friendly_name.as_deref(), friendly, "{name}");
        assert_eq!(file.bags[0].local_key_id, file.bags[1].local_key_id);
        assert_eq!(certificate.object.spki(), key.object.spki(), "{name}");
        assert_eq!(key.place.to_string(), "bag 2");
    }
}

#[test]
fn a_pkcs12_file_stays_closed_without_its_password() {
    for (password, access) in [
        (None, Access::NeedsPassword),
        (Some("Geheim"), Access::WrongPassword),
        (Some(""), Access::WrongPassword),
    ] {
        for name in ["modern.p12", "legacy.p12"] {
            let found = read(&fixture(name), password).unwrap();
            let [
                Found {
                    object: Object::Pkcs12(file),
                    ..
                },
            ] = found.as_slice()
            else {
                panic!("{found:#?}")
            };
            assert_eq!(file.access, access);
            assert!(file.integrity.is_some() && file.bags.is_empty());
            assert_eq!(file.encryption.len(), 2, "{:?}", file.encryption);
        }
    }
}

#[test]
fn a_damaged_pkcs12_file_ends_in_a_fault_or_a_fact() {
    let whole = fixture("modern.p12");
    for at in (0..whole.len()).step_by(3) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x41;
        let _ = read(&damaged, Some("geheim"));
        let _ = read(&whole[..at], Some("geheim"));
    }
}

#[test]
fn a_request_shows_all_that_it_asks_for_and_whether_it_is_proved() {
    let mut params = CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
    params.custom_extensions = vec![CustomExtension::from_oid_content(
        &[1, 2, 3, 4],
        vec![4, 1, 7],
    )];
    let der = params
        .serialize_request(&KeyPair::generate().unwrap())
        .unwrap()
        .der()
        .to_vec();
    let Object::Request(request) = only(&der) else {
        panic!("no request")
    };
    assert_eq!(request.signature, SignatureCheck::Good);
    let values: Vec<_> = request
        .extensions
        .iter()
        .map(|found| &found.value)
        .collect();
    assert!(
        matches!(values[0], ExtensionValue::SubjectAltNames(names) if names[0].to_string() == "dns:a.example")
    );
    assert_eq!(values[1], &ExtensionValue::Unknown(vec![4, 1, 7]));
    let mut forged = der.clone();
    let at = forged
        .windows(9)
        .position(|octets| octets == b"a.example")
        .unwrap();
    forged[at] = b'b';
    let Object::Request(request) = only(&forged) else {
        panic!("no request")
    };
    assert_eq!(request.signature, SignatureCheck::Bad);
    assert!(matches!(
        defect(&der[..der.len() - 1]),
        DocumentDefect::TruncatedDer { .. }
    ));
}

#[test]
fn a_private_key_tells_its_public_half_and_nothing_else() {
    for (algorithm, key) in KEYS.iter() {
        let pem = key.to_pem().unwrap();
        for bytes in [pem.as_bytes().to_vec(), der_of(&pem)] {
            let object = only(&bytes);
            let Object::PrivateKey(facts) = &object else {
                panic!("{algorithm}")
            };
            assert_eq!(facts.format, KeyFormat::Pkcs8);
            assert_eq!(facts.protection, Protection::Clear);
            assert_eq!(
                facts.fingerprint(),
                Some(KeyFingerprint::of_spki(key.spki_der())),
                "{algorithm}"
            );
            assert_eq!(
                facts.algorithm.as_ref().unwrap().to_string(),
                algorithm.to_string()
            );
            is_free_of_secrets(&object, &der_of(&pem));
        }
    }
}

/// No eight octets of the secret in a form that a print could have.
fn is_free_of_secrets(object: &Object, der: &[u8]) {
    let shown = format!("{object:?}");
    let public = object.spki().unwrap_or_default();
    for octets in der.windows(8) {
        if public.windows(8).any(|known| known == octets) {
            continue;
        }
        assert!(!shown.contains(&to_hex(octets)));
        let listed = format!("{octets:?}");
        // With what stands around a whole number, as 10 ends like 0.
        let listed = format!(" {},", listed.trim_matches(['[', ']']));
        assert!(!shown.contains(&listed), "{listed}");
    }
}

#[test]
fn a_bundle_shows_what_is_whole_beside_what_is_damaged() {
    let facts = root(None, None);
    let certificate = to_pem(&facts.der);
    let key = key(KeyAlgorithm::EcdsaP256).to_pem().unwrap();
    let cut = &certificate[..certificate.len() - 30];
    let unknown = "-----BEGIN SOMETHING-----\nQUJD\n-----END SOMETHING-----\n";
    let found = all(format!(
        "{certificate}{}{cut}\n{unknown}{certificate}",
        *key
    ));
    assert_eq!(
        kinds(&found),
        [
            "certificate",
            "private-key",
            "damaged",
            "unknown",
            "certificate"
        ]
    );
    let lines = certificate.lines().count();
    assert_eq!(found[1].place.to_string(), format!("line {}", lines + 1));
    let label = "CERTIFICATE".to_owned();
    let line = lines + key.lines().count() + 1;
    assert_eq!(
        found[2].object,
        Object::Damaged(PemFlaw::CutOff { label, line }.into())
    );
}

#[test]
fn der_is_known_by_what_is_in_it() {
    let facts = root(None, None);
    assert!(matches!(only(&facts.der), Object::Certificate(_)));
    assert!(matches!(only(&facts.spki), Object::PublicKey(_)));
    assert_eq!(
        defect([facts.der.as_slice(), b"\0"].concat()),
        DocumentDefect::TrailingData { octets: 1 }
    );
    for end in 9..facts.der.len() {
        assert!(
            matches!(
                defect(&facts.der[..end]),
                DocumentDefect::TruncatedDer { .. }
            ),
            "{end}"
        );
    }
}

#[test]
fn what_happens_to_files_is_named() {
    let certificate = to_pem(&root(None, None).der);
    assert_eq!(defect(""), DocumentDefect::Empty);
    assert_eq!(defect(" \r\n"), DocumentDefect::Empty);
    assert_eq!(
        defect(format!("{certificate}<<<<<<< HEAD\n")),
        DocumentDefect::ConflictMarkers {
            line: certificate.lines().count() + 1
        }
    );
    assert_eq!(
        defect("version https://git-lfs.github.com/spec/v1\noid sha256:00\n"),
        DocumentDefect::LfsPointer
    );
    for (start, kind) in [
        ([0xfe, 0xed], "(JKS)"),
        ([0xce, 0xce], "-srcstoretype JCEKS"),
    ] {
        let store = [start, start].concat();
        assert!(
            matches!(only(&store), Object::Unknown { label, .. } if label.contains(kind) && label.contains("converts it"))
        );
    }
    for text in ["hello", "kind of: prose", "\u{0}\u{1}", "{\"a\": 1}"] {
        assert_eq!(defect(text), DocumentDefect::Unrecognised, "{text}");
    }
    let indented = format!(
        "write_files:\n- content: |\n    {}",
        certificate.replace('\n', "\n    ")
    );
    assert!(matches!(only(indented), Object::Certificate(_)));
    let marked = format!("\u{feff}{}", certificate.replace('\n', "\r\n"));
    assert!(matches!(only(marked), Object::Certificate(_)));
}

#[test]
fn a_kubeconfig_shows_who_and_where_and_what_is_embedded() {
    let certificate = BASE64_STANDARD.encode(to_pem(&root(None, None).der));
    let key = BASE64_STANDARD.encode(key(KeyAlgorithm::EcdsaP256).to_pem().unwrap().as_bytes());
    let text = format!(
        "kind: Config\ncurrent-context: x\nclusters:\n- name: a b\n  cluster:\n    server: https://api:6443\n    \
         certificate-authority-data: {certificate}\nusers:\n- name: u\n  user:\n    client-certificate: u.crt\n    \
         client-key-data: {key}\n- name: t\n  user: {{token: sesame}}\n- name: broken\n  user: {{client-key-data: '%'}}\n"
    );
    let found = all(&text);
    assert_eq!(
        kinds(&found),
        ["kubeconfig", "certificate", "private-key", "damaged"]
    );
    let places: Vec<String> = found.iter().map(|found| found.place.to_string()).collect();
    assert_eq!(
        places[1..],
        [
            "clusters.\"a b\".certificate-authority-data",
            "users.u.client-key-data",
            "users.broken.client-key-data",
        ]
    );
    let Object::Kubeconfig(config) = &found[0].object else {
        panic!("no kubeconfig")
    };
    assert_eq!(
        config.users[0].credentials,
        [
            Credential::ClientCertificate(Source::File("u.crt".to_owned())),
            Credential::ClientKey(Source::Embedded),
        ]
    );
    assert_eq!(config.users[1].credentials, [Credential::Token]);
    assert!(!format!("{found:?}").contains("sesame"));
}

#[test]
fn a_secret_shows_its_certificates_and_counts_the_rest() {
    let certificate = to_pem(&root(None, None).der);
    let encoded = BASE64_STANDARD.encode(&certificate);
    let json = serde_json::json!({
        "apiVersion": "v1", "kind": "List", "items": [
            { "kind": "Secret", "type": "Opaque", "metadata": { "name": "s", "namespace": "n" },
              "data": { "ca.crt": encoded, "password": BASE64_STANDARD.encode("sesame"), "tls.crt": "" } },
            { "kind": "ConfigMap", "metadata": { "name": "c" }, "data": { "ca.crt": certificate } },
            { "kind": "Pod", "metadata": { "name": "p" } },
        ],
    });
    let found = all(json.to_string());
    assert_eq!(
        kinds(&found),
        [
            "kubernetes",
            "certificate",
            "damaged",
            "kubernetes",
            "certificate",
            "kubernetes"
        ]
    );
    let Object::Resource(secret) = &found[0].object else {
        panic!("no resource")
    };
    let entries: Vec<_> = secret
        .entries
        .iter()
        .map(|entry| (entry.name.as_str(), entry.octets, entry.is_read))
        .collect();
    assert_eq!(
        entries,
        [
            ("ca.crt", certificate.len(), true),
            ("password", 6, false),
            ("tls.crt", 0, true)
        ]
    );
    assert_eq!(found[2].object, Object::Damaged(DocumentDefect::Empty));
    assert!(!format!("{found:?}").contains("sesame"));
    // The value alone, as `kubectl get -o jsonpath` prints it.
    assert!(matches!(only(&encoded), Object::Certificate(_)));
}

#[test]
fn age_keys_tell_whom_to_encrypt_to() {
    let identity = certs::seal::keygen::age_identity();
    let found = all(format!(
        "# created: today\n{}\n{}\n",
        identity.secret.trim(),
        identity.recipient
    ));
    assert_eq!(kinds(&found), ["private-key", "public-key"]);
    let Object::PrivateKey(key) = &found[0].object else {
        panic!("no key")
    };
    assert_eq!(key.recipient.as_deref(), Some(identity.recipient.as_str()));
    assert!(!format!("{found:?}").contains("AGE-SECRET-KEY-"));
}

#[test]
fn an_openssh_key_tells_its_public_half() {
    let identity = certs::seal::keygen::ssh_identity("root@cp1").unwrap();
    let (private, public) = (only(identity.secret.as_bytes()), only(&identity.recipient));
    assert!(private.spki().is_some());
    assert_eq!(private.spki(), public.spki());
}

#[test]
fn a_key_alone_in_its_own_form_is_known_too() {
    let pkcs8 = der_of(
        &PrivateKey::generate(KeyAlgorithm::Rsa2048)
            .unwrap()
            .to_pem()
            .unwrap(),
    );
    // The secret of a PKCS#8 key of RSA is the PKCS#1 key: version, algorithm, then an octet string to the end.
    let at = pkcs8
        .windows(2)
        .position(|octets| octets == [0x04, 0x82])
        .unwrap()
        + 4;
    let (outer, inner) = (only(&pkcs8), only(&pkcs8[at..]));
    let Object::PrivateKey(key) = &inner else {
        panic!("no key")
    };
    assert_eq!(key.format, KeyFormat::Pkcs1);
    assert_eq!(outer.spki(), inner.spki());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2000))]
    #[test]
    fn survives_whatever_the_bytes(
        bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300), at in 0..2000_usize, byte: u8, front in 0..8_usize,
    ) {
        let fronts: [&[u8]; 8] = [
            b"", b"\x30\x82\x01\x00", b"\x30\x80", b"-----BEGIN X-----\n", b"kind: Secret\n", b"openssh-key-v1\0", b"ssh-rsa ", b"{",
        ];
        let _ = read(&[fronts[front], &bytes].concat(), Some(""));
        let mut whole = fixture("open.p12");
        let at = at % whole.len();
        whole[at] = byte;
        let _ = read(&whole, None);
    }
}

#[test]
fn what_a_resource_holds_is_read_wherever_it_is() {
    let certificate = BASE64_STANDARD.encode(to_pem(&root(None, None).der));
    for (text, place) in [
        (
            format!(
                "kind: CertificateRequest\nspec: {{duration: 1h}}\nstatus: {{certificate: {certificate}, ca: {certificate}}}\n"
            ),
            "status.certificate",
        ),
        (
            format!(
                "kind: ValidatingWebhookConfiguration\nwebhooks:\n- name: a\n  clientConfig: {{caBundle: {certificate}}}\n"
            ),
            "webhooks.a.clientConfig.caBundle",
        ),
        (
            format!(
                "kind: ClusterTrustBundle\nspec:\n  trustBundle: |\n    {}",
                to_pem(&root(None, None).der).replace('\n', "\n    ")
            ),
            "spec.trustBundle",
        ),
    ] {
        let found = all(&text);
        assert!(matches!(found[1].object, Object::Certificate(_)), "{text}");
        assert!(
            found[1].place.to_string().starts_with(place),
            "{}",
            found[1].place
        );
    }
}

#[test]
fn what_kubectl_left_out_and_what_is_in_base64_twice_is_told() {
    let twice = BASE64_STANDARD.encode(BASE64_STANDARD.encode(to_pem(&root(None, None).der)));
    let text = |data: &str| {
        format!(
            "kind: Config\nclusters:\n- name: a\n  cluster: {{certificate-authority-data: {data}}}\n"
        )
    };
    let field = "clusters.a.certificate-authority-data".to_owned();
    for data in ["DATA+OMITTED", "REDACTED"] {
        let defect = DocumentDefect::LeftOut {
            field: field.clone(),
        };
        assert_eq!(all(text(data))[1].object, Object::Damaged(defect));
    }
    let defect = DocumentDefect::TwiceEncoded { field };
    assert_eq!(all(text(&twice))[1].object, Object::Damaged(defect));
}
