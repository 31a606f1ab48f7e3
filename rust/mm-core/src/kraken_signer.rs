//! Signatures of Kraken's private REST requests: base64(HMAC-SHA512(secret, path + SHA-256(nonce + body))).
//!
//! The key's two hash states are computed once. They and the decoded secret have no `Debug` and are overwritten when dropped.

use crate::digits::{self, ROOM};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256, Sha512};
use zeroize::Zeroizing;

/// Base64 characters of 64 bytes.
pub const SIGNATURE_LENGTH: usize = 88;

/// Holds the secret of one API key.
pub struct Signer {
    keyed: Hmac<Sha512>,
}

impl Signer {
    /// `None` where the secret is not base64 of at least one byte.
    #[must_use]
    pub fn new(secret_base64: &str) -> Option<Self> {
        let secret = Zeroizing::new(STANDARD.decode(secret_base64).ok()?);
        if secret.is_empty() {
            return None;
        }
        Some(Self { keyed: Hmac::new_from_slice(&secret).ok()? })
    }

    /// The `API-Sign` header of a request; `body` is exactly what is sent.
    #[must_use]
    pub fn sign(&self, path: &[u8], nonce: u64, body: &[u8]) -> [u8; SIGNATURE_LENGTH] {
        let mut digits = [0; ROOM];
        let length = digits::write(&mut digits, nonce);
        let inner = Sha256::new().chain_update(&digits[..length]).chain_update(body).finalize();
        let outer = self.keyed.clone().chain_update(path).chain_update(inner).finalize().into_bytes();
        let mut text = [b'='; SIGNATURE_LENGTH];
        // The text of 64 bytes is exactly as long as the buffer, so this cannot fail.
        let _ = STANDARD.encode_slice(outer, &mut text);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg==";

    #[test]
    fn the_published_signature() {
        let signature = Signer::new(SECRET).unwrap().sign(
            b"/0/private/AddOrder",
            1_616_492_376_594,
            b"nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25",
        );
        let expected = "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ==";
        assert_eq!(std::str::from_utf8(&signature), Ok(expected));
    }

    #[test]
    fn a_secret_that_is_not_base64_is_refused() {
        for secret in ["", "=", "kQH5HW", "kQH5HW/8p1uGOVjbgWA7FunA mGO8", "kQH5HW/8\n", "not base64!"] {
            assert!(Signer::new(secret).is_none(), "{secret:?}");
        }
    }
}
