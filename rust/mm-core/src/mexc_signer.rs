//! Signatures of MEXC's private requests: lower-case hexadecimal of HMAC-SHA256(secret, text), on both of its markets.
//!
//! The key's two hash states are computed once. They and the secret have no `Debug` and are overwritten when dropped.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Hexadecimal digits of 32 bytes.
pub const SIGNATURE_LENGTH: usize = 64;

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Holds the secret of one API key.
pub struct Signer {
    keyed: Hmac<Sha256>,
}

impl Signer {
    /// `None` for a secret of no bytes.
    #[must_use]
    pub fn new(secret: &[u8]) -> Option<Self> {
        if secret.is_empty() {
            return None;
        }
        Some(Self { keyed: Hmac::new_from_slice(secret).ok()? })
    }

    /// The signature of a text: exactly the bytes that are sent.
    #[must_use]
    pub fn sign(&self, text: &[u8]) -> [u8; SIGNATURE_LENGTH] {
        let code = self.keyed.clone().chain_update(text).finalize().into_bytes();
        let mut hexadecimal = [0; SIGNATURE_LENGTH];
        for (pair, byte) in hexadecimal.chunks_exact_mut(2).zip(code) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        hexadecimal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signature_is_the_documented_one() {
        let signer = Signer::new(b"45d0b3c26f2644f19bfb98b07741b2f5").unwrap();
        let text = b"symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=11&recvWindow=5000&timestamp=1644489390087";
        assert_eq!(&signer.sign(text), b"fd3e4e8543c5188531eb7279d68ae7d26a573d0fc5ab0d18eb692451654d837a");
        assert!(Signer::new(b"").is_none());
    }
}
