//! Records of the recording, framed one after the other until they are written.
//!
//! The form of one: u32 word, u32 CRC-32 of the payload, the payload; little endian. The word holds the length in its
//! low 25 bits and a check of the length in its high 7, so that a damaged length is told from a tail that was cut off.

use crate::crc::crc32;

/// The longest payload.
pub const RECORD_BYTES_MAX: usize = (1 << 25) - 1;

/// The length with its check, `None` above [`RECORD_BYTES_MAX`]: the length folded onto 7 bits, changed so that zeros
/// are never right. Every bit of the length is in the fold once, so no single flipped bit goes unnoticed.
#[must_use]
pub fn length_word(size: usize) -> Option<u32> {
    let size = u32::try_from(size).ok().filter(|size| *size as usize <= RECORD_BYTES_MAX)?;
    Some(size | ((size ^ size >> 7 ^ size >> 14 ^ size >> 21) & 0x7F ^ 0x2A) << 25)
}

/// Bytes that wait.
#[derive(Default)]
pub struct RecordBuffer {
    bytes: Vec<u8>,
}

impl RecordBuffer {
    /// Adds a payload in its frame; returns how many bytes wait, `None` for a payload that is too long.
    pub fn append(&mut self, payload: &[u8]) -> Option<usize> {
        let word = length_word(payload.len())?;
        self.bytes.reserve(payload.len().checked_add(8)?);
        self.bytes.extend_from_slice(&word.to_le_bytes());
        self.bytes.extend_from_slice(&crc32(payload).to_le_bytes());
        self.bytes.extend_from_slice(payload);
        Some(self.bytes.len())
    }

    /// What waits.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Forgets it: it is written, or never will be.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_word_checksum_and_payload() {
        let mut buffer = RecordBuffer::default();
        assert_eq!(buffer.append(b"123456789"), Some(17));
        let bytes = buffer.bytes();
        assert_eq!(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) & RECORD_BYTES_MAX as u32, 9);
        assert_eq!(bytes[4..8], 0xCBF4_3926_u32.to_le_bytes());
        assert_eq!(&bytes[8..], b"123456789");
        buffer.clear();
        assert!(buffer.bytes().is_empty());
    }

    #[test]
    fn every_flipped_bit_of_a_word_shows() {
        for size in [0, 1, 127, 128, 300, 65_535, RECORD_BYTES_MAX] {
            let word = length_word(size).unwrap();
            for bit in 0..32 {
                let flipped = word ^ 1 << bit;
                assert_ne!(length_word((flipped as usize) & RECORD_BYTES_MAX), Some(flipped), "{size} {bit}");
            }
        }
        assert_eq!(length_word(RECORD_BYTES_MAX + 1), None);
    }
}
