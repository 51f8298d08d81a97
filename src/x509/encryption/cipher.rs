//! The block ciphers that passwords are put to, all in CBC mode: takes them off.

use std::fmt;

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockDecryptMut as _, InnerIvInit as _, KeyIvInit as _};
use des::{TdesEde2, TdesEde3};
use rc2::Rc2;
use zeroize::Zeroizing;

use super::Closed;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cipher {
    Aes128,
    Aes192,
    Aes256,
    TripleDes,
    TwoKeyTripleDes,
    Rc2_128,
    Rc2_40,
}

impl Cipher {
    pub(super) fn key_length(self) -> usize {
        match self {
            Self::Rc2_40 => 5,
            Self::Aes128 | Self::TwoKeyTripleDes | Self::Rc2_128 => 16,
            Self::Aes192 | Self::TripleDes => 24,
            Self::Aes256 => 32,
        }
    }

    /// CBC with the padding of PKCS#7, which all of them use here.
    pub(super) fn decrypt(
        self,
        key: &[u8],
        iv: &[u8],
        data: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Closed> {
        let plain = match self {
            Self::Aes128 | Self::Aes192 | Self::Aes256 => return self.decrypt_aes(key, iv, data),
            Self::TripleDes => Decryptor::<TdesEde3>::new_from_slices(key, iv)
                .map(|cbc| cbc.decrypt_padded_vec_mut::<Pkcs7>(data)),
            Self::TwoKeyTripleDes => Decryptor::<TdesEde2>::new_from_slices(key, iv)
                .map(|cbc| cbc.decrypt_padded_vec_mut::<Pkcs7>(data)),
            Self::Rc2_128 | Self::Rc2_40 => {
                let rc2 = Rc2::new_with_eff_key_len(key, 8 * key.len());
                Decryptor::<Rc2>::inner_iv_slice_init(rc2, iv)
                    .map(|cbc| cbc.decrypt_padded_vec_mut::<Pkcs7>(data))
            }
        };
        plain
            .map_err(|_| Closed::Unsupported)?
            .map(Zeroizing::new)
            .map_err(|_| Closed::WrongPassword)
    }

    fn decrypt_aes(self, key: &[u8], iv: &[u8], data: &[u8]) -> Result<Zeroizing<Vec<u8>>, Closed> {
        let algorithm = match self {
            Self::Aes128 => &AES_128,
            Self::Aes192 => &AES_192,
            _ => &AES_256,
        };
        let iv: &[u8; 16] = iv.try_into().map_err(|_| Closed::Unsupported)?;
        let key = UnboundCipherKey::new(algorithm, key)
            .and_then(PaddedBlockDecryptingKey::cbc_pkcs7)
            .map_err(|_| Closed::Unsupported)?;
        let mut buffer = Zeroizing::new(data.to_vec());
        let length = key
            .decrypt(&mut buffer, DecryptionContext::Iv128(FixedLength::from(iv)))
            .map_err(|_| Closed::WrongPassword)?
            .len();
        buffer.truncate(length);
        Ok(buffer)
    }
}

impl fmt::Display for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aes128 => "AES-128-CBC",
            Self::Aes192 => "AES-192-CBC",
            Self::Aes256 => "AES-256-CBC",
            Self::TripleDes => "3DES-CBC",
            Self::TwoKeyTripleDes => "two-key 3DES-CBC",
            Self::Rc2_128 => "RC2-128-CBC",
            Self::Rc2_40 => "RC2-40-CBC",
        })
    }
}
