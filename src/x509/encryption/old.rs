//! Names encryption from before PBES2: PBES1 (RFC 8018 §6.1), and what OpenSSL's headers inside of PEM blocks name. Taking it off is left
//! to `openssl`: the derivations are weak and nothing new is put under them, but people keep their CAs so.

use der::asn1::AnyRef;

use super::{Scheme, salt_and_iterations};

use crate::x509::oid;

/// RFC 8018 appendix A.3. MD2 is left out because it is no longer in use.
pub(super) fn pbes1(oid: &str, parameters: AnyRef<'_>) -> Option<Scheme> {
    let (cipher, hash) = match oid {
        oid::PBE_MD5_DES => ("DES-CBC", "MD5"),
        oid::PBE_MD5_RC2 => ("RC2-64-CBC", "MD5"),
        oid::PBE_SHA1_DES => ("DES-CBC", "SHA1"),
        oid::PBE_SHA1_RC2 => ("RC2-64-CBC", "SHA1"),
        _ => return None,
    };
    let (_, iterations) = salt_and_iterations(parameters)?;
    Some(Scheme::Old {
        name: format!("{cipher} under PBKDF1 with {hash}, {iterations} iterations"),
        iterations,
    })
}

/// `DEK-Info: AES-256-CBC,0123…`: the cipher and its vector.
pub(super) fn of_headers(headers: &[String]) -> Scheme {
    let mut infos = headers.iter();
    let info = infos.find_map(|header| header.strip_prefix("DEK-Info:"));
    let Some((cipher, _)) = info.and_then(|info| info.split_once(',')) else {
        return Scheme::Other {
            name: "an unnamed cipher (old OpenSSL format)".to_owned(),
        };
    };
    let cipher = match cipher.trim() {
        "DES-EDE3-CBC" => "3DES-CBC",
        other => other,
    };
    Scheme::Old {
        name: format!("{cipher} under one round of MD5 (old OpenSSL format)"),
        iterations: 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::encryption::Opener;

    #[test]
    fn a_header_names_the_cipher() {
        for (info, name, opener) in [
            (
                "DEK-Info: AES-256-CBC,0001",
                "AES-256-CBC under one round",
                Opener::OpenSsl,
            ),
            (
                "DEK-Info: DES-EDE3-CBC,xx",
                "3DES-CBC under one round",
                Opener::OpenSsl,
            ),
            ("DEK-Info: DES-CBC", "an unnamed cipher", Opener::Nobody),
            ("X: y", "an unnamed cipher", Opener::Nobody),
        ] {
            let scheme = of_headers(&["Proc-Type: 4,ENCRYPTED".to_owned(), info.to_owned()]);
            assert!(scheme.to_string().starts_with(name), "{scheme}");
            assert_eq!(scheme.opener(), opener, "{info}");
        }
    }

    #[test]
    fn absurd_work_is_not_begun() {
        for (iterations, opener) in [
            (0, Opener::Nobody),
            (1, Opener::OpenSsl),
            (u64::MAX, Opener::Nobody),
        ] {
            let name = String::new();
            assert_eq!(Scheme::Old { name, iterations }.opener(), opener);
        }
    }
}
