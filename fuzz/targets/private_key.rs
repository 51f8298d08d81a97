//! Any bytes as a private key: a key that loads is written in a form that loads again as the same key. The first byte chooses
//! the PEM label, so that the fuzzer works on DER and not on Base64.
#![no_main]

use certs::x509::key::signing::PrivateKey;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((label, rest)) = data.split_first() else {
        return;
    };
    let text = match label {
        b'8' => pem::encode(&pem::Pem::new("PRIVATE KEY", rest)),
        b'1' => pem::encode(&pem::Pem::new("RSA PRIVATE KEY", rest)),
        b'c' => pem::encode(&pem::Pem::new("EC PRIVATE KEY", rest)),
        _ => String::from_utf8_lossy(data).into_owned(),
    };
    let Ok(key) = PrivateKey::from_pem(text.as_bytes()) else {
        return;
    };
    let written = key.to_pem().expect("a key that loads can be written");
    let again = PrivateKey::from_pem(written.as_bytes()).expect("what we write loads");
    assert_eq!(again.fingerprint(), key.fingerprint());
});
