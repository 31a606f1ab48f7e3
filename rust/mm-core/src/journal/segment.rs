//! A segment's name and its header of 128 bytes. Little endian.
//!
//! | byte | what |
//! | --- | --- |
//! | 0 | eight bytes: magic |
//! | 8 | u32: version of this form; it stays here in every version, as do magic and check |
//! | 12 | u32: CRC-32C of the other 124 bytes |
//! | 16 | u64: number of the segment, as in its name |
//! | 24 | u64: epoch of the writer |
//! | 32 | u64: index of its first record |
//! | 40 | u64: durable: records below this index were on the disk when the header was written |
//! | 48 | u64: bytes of the segment before it, 0 for the first |
//! | 56 | i64: creation, ns UTC |
//! | 64 | u64: place: inode of the folder's lock file, another one after a copy or a restore |
//! | 72 | u64: journal, drawn with the first segment |
//! | 80 | u32: form of the payloads |
//! | 84 | 44 bytes: build of the writer in UTF-8, padded with zeros |

use super::crc32c::resume;

/// Of the form of header and records.
pub const VERSION: u32 = 1;
/// Bytes before the first record.
pub const HEADER_BYTES: usize = 128;
/// The newline and the zero byte show a file that went through a text mode.
const MAGIC: &[u8; 8] = b"MMJRN\x00\x01\n";
const BUILD_BYTES: usize = 44;
const ENDING: &str = ".mmj";
const DIGITS: usize = 10;

/// What a segment says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    pub sequence: u64,
    pub epoch: u64,
    pub first_index: u64,
    pub durable: u64,
    pub previous_end: u64,
    pub created_ns: i64,
    pub place: u64,
    pub journal: u64,
    pub form: u32,
    /// At most 44 bytes are kept.
    pub build: String,
}

/// Why there is no header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadHeader {
    Short,
    Check,
    /// Sound, but of another version: (version, build).
    Version(u32, String),
}

impl Header {
    /// The bytes in the file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        for value in [self.sequence, self.epoch, self.first_index, self.durable, self.previous_end] {
            bytes.extend_from_slice(&value.to_le_bytes());
        }
        bytes.extend_from_slice(&self.created_ns.to_le_bytes());
        bytes.extend_from_slice(&self.place.to_le_bytes());
        bytes.extend_from_slice(&self.journal.to_le_bytes());
        bytes.extend_from_slice(&self.form.to_le_bytes());
        bytes.extend(self.build.bytes().take(BUILD_BYTES));
        bytes.resize(HEADER_BYTES, 0);
        let check = check(&bytes);
        bytes[12..16].copy_from_slice(&check.to_le_bytes());
        bytes
    }

    /// The header at the start of a file.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadHeader> {
        let Some(bytes) = bytes.get(..HEADER_BYTES) else { return Err(BadHeader::Short) };
        let long = |at: usize| {
            let mut eight = [0; 8];
            eight.copy_from_slice(&bytes[at..at + 8]);
            u64::from_le_bytes(eight)
        };
        let word = |at: usize| (long(at) & 0xFFFF_FFFF) as u32;
        if &bytes[..8] != MAGIC || word(12) != check(bytes) {
            return Err(BadHeader::Check);
        }
        let build = String::from_utf8_lossy(&bytes[84..]).trim_end_matches('\0').to_owned();
        if word(8) != VERSION {
            return Err(BadHeader::Version(word(8), build));
        }
        Ok(Self {
            sequence: long(16),
            epoch: long(24),
            first_index: long(32),
            durable: long(40),
            previous_end: long(48),
            created_ns: long(56) as i64,
            place: long(64),
            journal: long(72),
            form: word(80),
            build,
        })
    }
}

fn check(header: &[u8]) -> u32 {
    resume(resume(0, &header[..12]), &header[16..])
}

/// The file of a segment.
#[must_use]
pub fn name(sequence: u64) -> String {
    format!("{sequence:0DIGITS$}{ENDING}")
}

/// The number in a file's name, `None` for files of other kinds.
#[must_use]
pub fn sequence(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(ENDING)?;
    let is_ours = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_ours.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Header {
        Header {
            sequence: 1,
            epoch: 2,
            first_index: 3,
            durable: 3,
            previous_end: 4,
            created_ns: -5,
            place: 6,
            journal: 7,
            form: 8,
            build: "mm 0.1".to_owned(),
        }
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        assert_eq!(Header::decode(&sample().encode()), Ok(sample()));
        assert_eq!(sample().encode().len(), HEADER_BYTES);
    }

    #[test]
    fn every_flipped_bit_and_every_cut_shows() {
        let bytes = sample().encode();
        for at in 0..HEADER_BYTES {
            assert_eq!(Header::decode(&bytes[..at]), Err(BadHeader::Short));
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << bit;
                assert_eq!(Header::decode(&flipped), Err(BadHeader::Check), "{at} {bit}");
            }
        }
    }

    #[test]
    fn another_version_is_named_and_not_read() {
        let mut bytes = sample().encode();
        bytes[8] = 2;
        let check = check(&bytes);
        bytes[12..16].copy_from_slice(&check.to_le_bytes());
        assert_eq!(Header::decode(&bytes), Err(BadHeader::Version(2, "mm 0.1".to_owned())));
    }

    #[test]
    fn a_name_holds_its_number() {
        assert_eq!(sequence(&name(42)), Some(42));
        for other in ["42.mmj", "00000000042.mmj", "0000000042.mmj.new", "+000000042.mmj", "cut-1.bin"] {
            assert_eq!(sequence(other), None, "{other}");
        }
    }
}
