//! One record: 40 bytes of head, then the payload. Little endian.
//!
//! | byte | what |
//! | --- | --- |
//! | 0 | u32: length of the payload |
//! | 4 | u32: CRC-32C of all other bytes of the record, begun with the segment's number |
//! | 8 | u64: index, one more than that of the record before, over all segments |
//! | 16 | i64: wall clock, ns UTC |
//! | 24 | i64: monotonic clock, ns |
//! | 32 | u32: lag, how many records before this one were not known to be on the disk when it was written |
//! | 36 | u32: kind |
//!
//! The lag tells a reader what a power cut may have taken: a hole at an index that a later record calls durable is damage.
//! The check begins with the segment's number, so that a record of another file is none here; the index shows records that
//! were swapped, doubled or lost.

use super::crc32c::resume;

/// Bytes before the payload.
pub const HEAD_BYTES: usize = 40;
/// The longest payload: some hundred times the longest private message of a venue.
pub const PAYLOAD_BYTES_MAX: usize = 1 << 20;
/// The kind that the journal keeps for itself: the writer closed here, and all before was on the disk.
pub const CLOSED: u32 = 0;
/// Another one: the journal had failed and was opened again here. What happened between this record and the one before it is
/// in the snapshot that goes on from here, and in no record.
pub const REOPENED: u32 = u32::MAX;

/// A sound record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    pub index: u64,
    pub wall_ns: i64,
    pub mono_ns: i64,
    /// Records with an index below it were on the disk when this one was written.
    pub durable: u64,
    pub kind: u32,
    pub payload: &'a [u8],
}

impl Record<'_> {
    /// Bytes in the file.
    #[must_use]
    pub fn size(&self) -> usize {
        HEAD_BYTES.saturating_add(self.payload.len())
    }
}

/// Appends the record's bytes to `out`; false, and nothing appended, when it cannot be said in this form.
#[must_use]
pub fn encode(record: &Record<'_>, segment: u64, out: &mut Vec<u8>) -> bool {
    let length = u32::try_from(record.payload.len()).ok().filter(|_| record.payload.len() <= PAYLOAD_BYTES_MAX);
    let lag = record.index.checked_sub(record.durable).and_then(|lag| u32::try_from(lag).ok());
    let (Some(length), Some(lag)) = (length, lag) else { return false };
    let start = out.len();
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&record.index.to_le_bytes());
    out.extend_from_slice(&record.wall_ns.to_le_bytes());
    out.extend_from_slice(&record.mono_ns.to_le_bytes());
    out.extend_from_slice(&lag.to_le_bytes());
    out.extend_from_slice(&record.kind.to_le_bytes());
    out.extend_from_slice(record.payload);
    let check = check(segment, &out[start..]);
    out[start + 4..start + 8].copy_from_slice(&check.to_le_bytes());
    true
}

fn check(segment: u64, bytes: &[u8]) -> u32 {
    resume(resume(resume(0, &segment.to_le_bytes()), &bytes[..4]), &bytes[8..])
}

/// Why the bytes are no record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bad {
    /// Fewer bytes than a head, or than the head says.
    Short,
    /// Nothing but zeros up to the end.
    Zeros,
    /// A length that no writer makes.
    Length(u32),
    /// The check is wrong.
    Check,
    /// A record, but not the one that belongs here.
    Index(u64),
}

impl std::fmt::Display for Bad {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Short => write!(out, "it ends before the record does"),
            Self::Zeros => write!(out, "zeros where the record should be"),
            Self::Length(length) => write!(out, "a length of {length} bytes, at most {PAYLOAD_BYTES_MAX} can be"),
            Self::Check => write!(out, "the record's check is wrong"),
            Self::Index(index) => write!(out, "record {index} stands there"),
        }
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    let mut four = [0; 4];
    four.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(four)
}

fn long(bytes: &[u8], at: usize) -> u64 {
    let mut eight = [0; 8];
    eight.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(eight)
}

/// The record at the start of `bytes`, whatever its index.
pub fn decode(bytes: &[u8], segment: u64) -> Result<Record<'_>, Bad> {
    if bytes.len() < HEAD_BYTES {
        return Err(if bytes.iter().any(|byte| *byte != 0) { Bad::Short } else { Bad::Zeros });
    }
    let length = word(bytes, 0);
    if length as usize > PAYLOAD_BYTES_MAX {
        return Err(Bad::Length(length));
    }
    let Some(bytes) = bytes.get(..HEAD_BYTES + length as usize) else { return Err(Bad::Short) };
    if word(bytes, 4) != check(segment, bytes) {
        return Err(if bytes[..HEAD_BYTES].iter().any(|byte| *byte != 0) { Bad::Check } else { Bad::Zeros });
    }
    let index = long(bytes, 8);
    let Some(durable) = index.checked_sub(u64::from(word(bytes, 32))) else { return Err(Bad::Check) };
    Ok(Record {
        index,
        wall_ns: long(bytes, 16) as i64,
        mono_ns: long(bytes, 24) as i64,
        durable,
        kind: word(bytes, 36),
        payload: &bytes[HEAD_BYTES..],
    })
}

/// The first sound record in `bytes` at any byte whose index lies in `from..below`: (where, record).
#[must_use]
pub fn search(bytes: &[u8], segment: u64, from: u64, below: u64) -> Option<(usize, Record<'_>)> {
    let last = bytes.len().checked_sub(HEAD_BYTES)?;
    // The index is looked at first: among damaged bytes hardly any place is worth a check over a whole length.
    (0..=last).find_map(|at| {
        let index = long(bytes, at + 8);
        if index < from || index >= below {
            return None;
        }
        decode(&bytes[at..], segment).ok().map(|record| (at, record))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Record<'static> {
        Record { index: 7, wall_ns: 1, mono_ns: -2, durable: 5, kind: 3, payload: b"payload" }
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        let mut bytes = Vec::new();
        assert!(encode(&sample(), 9, &mut bytes));
        assert_eq!(bytes.len(), sample().size());
        assert_eq!(decode(&bytes, 9), Ok(sample()));
        assert_eq!(decode(&bytes, 8), Err(Bad::Check));
    }

    #[test]
    fn every_flipped_bit_and_every_cut_shows() {
        let mut bytes = Vec::new();
        assert!(encode(&sample(), 9, &mut bytes));
        for at in 0..bytes.len() {
            assert!(decode(&bytes[..at], 9).is_err());
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << bit;
                assert!(decode(&flipped, 9).is_err(), "{at} {bit}");
            }
        }
    }

    #[test]
    fn what_the_form_cannot_say_is_not_written() {
        let mut bytes = Vec::new();
        let long = vec![0; PAYLOAD_BYTES_MAX + 1];
        assert!(!encode(&Record { payload: &long, ..sample() }, 9, &mut bytes));
        assert!(!encode(&Record { durable: 8, ..sample() }, 9, &mut bytes));
        assert!(!encode(&Record { index: 1 << 40, durable: 0, ..sample() }, 9, &mut bytes));
        assert!(bytes.is_empty());
    }

    #[test]
    fn zeros_are_no_record() {
        assert_eq!(decode(&[0; 100], 0), Err(Bad::Zeros));
        assert_eq!(decode(&[0; 10], 0), Err(Bad::Zeros));
    }

    #[test]
    fn a_record_is_found_among_other_bytes() {
        let mut bytes = vec![0xA5; 33];
        assert!(encode(&sample(), 9, &mut bytes));
        bytes.extend_from_slice(&[1; 50]);
        assert_eq!(search(&bytes, 9, 6, 8), Some((33, sample())));
        assert_eq!(search(&bytes, 9, 8, 80), None);
    }
}
