//! Reads a journal's folder from the record that is needed to the end, and judges the place where it stops making sense.
//!
//! A killed process leaves a record half written at the very end. A loss of power may leave holes anywhere among what was
//! not yet synced, with sound records behind them. Damage is a hole in what *was* synced: a sound record behind it, the
//! header of a later segment or a snapshot says so. The first two are a torn tail; the third stops everything.

use super::disk::Disk;
use super::error::{Damage, JournalError};
use super::record::{self, Bad, CLOSED, HEAD_BYTES, Record};
use super::segment::{self, BadHeader, HEADER_BYTES, Header};

/// A segment, as far as it is sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    pub name: String,
    pub header: Header,
    /// Byte of the first record that is needed, behind the header unless damage before it was skipped.
    pub start: u64,
    /// Index of that record.
    pub start_index: u64,
    /// Byte behind the last sound record.
    pub end: u64,
    /// Index behind the last sound record.
    pub next_index: u64,
}

/// What a folder holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// From the one with the record that is needed on, up to the torn one.
    pub segments: Vec<Segment>,
    pub first_index: u64,
    pub next_index: u64,
    /// Records below it are known to be on the disk.
    pub durable: u64,
    /// The last writer closed; nothing is missing.
    pub is_closed: bool,
    /// Where the tail is cut.
    pub torn: Option<Damage>,
    /// It was called durable: not a torn tail but damage.
    pub is_damaged: bool,
    /// Damage before the record that is needed, so that it does no harm.
    pub skipped: Option<Damage>,
    /// Segments behind the cut, none of which begins before it.
    pub behind: Vec<String>,
    /// The highest epoch of a header.
    pub epoch: u64,
    /// The highest number in a name.
    pub sequence: u64,
}

impl Survey {
    /// The header of the last segment.
    #[must_use]
    pub fn last(&self) -> Option<&Header> {
        self.segments.last().map(|segment| &segment.header)
    }
}

/// What the folder holds from record `from_index` on; damage is an error.
pub fn survey(disk: &dyn Disk, from_index: u64) -> Result<Survey, JournalError> {
    let found = look(disk, from_index)?;
    match found.torn {
        Some(damage) if found.is_damaged => Err(JournalError::Damaged(damage)),
        _ => Ok(found),
    }
}

/// As [`survey`], with damage as a part of the answer.
pub fn look(disk: &dyn Disk, from_index: u64) -> Result<Survey, JournalError> {
    let names = disk.list().map_err(|error| JournalError::disk("list the journal", &error))?;
    let mut sequences: Vec<u64> = names.iter().filter_map(|name| segment::sequence(name)).collect();
    sequences.sort_unstable();
    let mut found = Survey { sequence: sequences.last().copied().unwrap_or(0), ..Survey::default() };
    let mut headers = Vec::with_capacity(sequences.len());
    for sequence in &sequences {
        headers.push(Header::decode(&read(disk, &segment::name(*sequence), HEADER_BYTES as u64)?));
    }
    // Where the record that is needed can be at the latest; a segment under a wrong name is no place to begin.
    let is_before = |(header, sequence): (&Result<Header, _>, &u64)| {
        header.as_ref().is_ok_and(|header| header.first_index <= from_index && header.sequence == *sequence)
    };
    let start = headers.iter().zip(&sequences).rposition(is_before).unwrap_or(0);
    let mut walk = Walk { disk, from_index, found: &mut found, previous: None, claim: from_index };
    for (at, sequence) in sequences.iter().enumerate().skip(start) {
        let name = segment::name(*sequence);
        if let Some(hole) = walk.segment(*sequence, &name)? {
            walk.judge(hole, *sequence, sequences.get(at + 1..).unwrap_or_default())?;
            return Ok(found);
        }
    }
    if found.next_index < from_index {
        return Err(JournalError::Missing { wanted: from_index, first: found.first_index, next: found.next_index });
    }
    Ok(found)
}

/// The first record that is there, as far as headers say; 0 in an empty folder.
pub fn first_kept(disk: &dyn Disk) -> Result<u64, JournalError> {
    let names = disk.list().map_err(|error| JournalError::disk("list the journal", &error))?;
    let first = names.iter().filter_map(|name| segment::sequence(name)).min();
    let Some(first) = first else { return Ok(0) };
    let bytes = read(disk, &segment::name(first), HEADER_BYTES as u64)?;
    Ok(Header::decode(&bytes).map_or(0, |header| header.first_index))
}

/// The highest epoch in a sound header; 0 in an empty folder.
pub fn highest_epoch(disk: &dyn Disk) -> Result<u64, JournalError> {
    let names = disk.list().map_err(|error| JournalError::disk("list the journal", &error))?;
    let mut highest = 0;
    for name in names.iter().filter(|name| segment::sequence(name).is_some()) {
        if let Ok(header) = Header::decode(&read(disk, name, HEADER_BYTES as u64)?) {
            highest = header.epoch.max(highest);
        }
    }
    Ok(highest)
}

struct Hole {
    bytes: Vec<u8>,
    offset: usize,
    reason: String,
}

struct Walk<'a> {
    disk: &'a dyn Disk,
    from_index: u64,
    found: &'a mut Survey,
    /// Header and end of the segment before.
    previous: Option<(Header, u64)>,
    /// Records below it were called durable.
    claim: u64,
}

impl Walk<'_> {
    /// Takes a segment in, up to its end or its first hole.
    fn segment(&mut self, sequence: u64, name: &str) -> Result<Option<Hole>, JournalError> {
        let bytes = read(self.disk, name, u64::MAX)?;
        let header = match Header::decode(&bytes) {
            Ok(header) => header,
            Err(BadHeader::Version(found, build)) => {
                return Err(JournalError::Version { segment: name.to_owned(), found, build });
            }
            Err(BadHeader::Short) => return Ok(self.hole(bytes, 0, "it ends within its header")),
            Err(BadHeader::Check) => return Ok(self.hole(bytes, 0, "the header's check is wrong")),
        };
        if let Some(reason) = self.contradiction(&header, sequence)? {
            return Ok(self.hole(bytes, 0, &reason));
        }
        let found = &mut *self.found;
        if found.segments.is_empty() {
            found.first_index = header.first_index;
            found.next_index = header.first_index;
        }
        found.durable = found.durable.max(header.durable);
        found.epoch = found.epoch.max(header.epoch);
        found.is_closed = false;
        let mut taken = Segment {
            name: name.to_owned(),
            start: HEADER_BYTES as u64,
            start_index: header.first_index,
            end: HEADER_BYTES as u64,
            next_index: header.first_index,
            header,
        };
        let mut offset = HEADER_BYTES;
        let hole = loop {
            let rest = bytes.get(offset..).unwrap_or_default();
            match following(rest, sequence, taken.next_index) {
                Ok(None) => break None,
                Ok(Some(record)) => {
                    found.durable = found.durable.max(record.durable);
                    found.is_closed = record.kind == CLOSED;
                    offset = offset.saturating_add(record.size());
                    taken.next_index = record.index.saturating_add(1);
                }
                Err(bad) => {
                    let needed = self.from_index..self.from_index.saturating_add(1);
                    let beyond = (taken.next_index < needed.start)
                        .then(|| record::search(rest, sequence, needed.start, needed.end))
                        .flatten();
                    let Some((skipped, _)) = beyond else { break Some(bad) };
                    found.skipped = Some(damage(name, offset, taken.next_index, &bad.to_string(), 1, skipped));
                    offset = offset.saturating_add(skipped);
                    taken.next_index = needed.start;
                    taken.start = offset as u64;
                    taken.start_index = needed.start;
                }
            }
        };
        taken.end = offset as u64;
        found.next_index = taken.next_index;
        self.previous = Some((taken.header.clone(), taken.end));
        found.segments.push(taken);
        Ok(hole.and_then(|bad| self.hole(bytes, offset, &bad.to_string())))
    }

    /// What a sound header says that cannot be.
    fn contradiction(&self, header: &Header, sequence: u64) -> Result<Option<String>, JournalError> {
        if header.sequence != sequence {
            return Ok(Some(format!("it is segment {}", header.sequence)));
        }
        let Some((previous, end)) = &self.previous else {
            let first = header.first_index;
            let is_late = first > self.from_index;
            return if is_late {
                Err(JournalError::Missing { wanted: self.from_index, first, next: first })
            } else {
                Ok(None)
            };
        };
        Ok(if header.journal != previous.journal {
            Some("it belongs to another journal".to_owned())
        } else if header.first_index != self.found.next_index {
            Some(format!("it begins with record {}", header.first_index))
        } else if header.previous_end != *end {
            Some(format!("the segment before ends at byte {end}, it should at {}", header.previous_end))
        } else if header.epoch < previous.epoch {
            Some(format!("its epoch {} is below {}", header.epoch, previous.epoch))
        } else {
            None
        })
    }

    fn hole(&self, bytes: Vec<u8>, offset: usize, reason: &str) -> Option<Hole> {
        Some(Hole { bytes, offset, reason: reason.to_owned() })
    }

    /// Looks behind the hole for sound records, and for one that says that the hole was on the disk.
    fn judge(&mut self, hole: Hole, sequence: u64, later: &[u64]) -> Result<(), JournalError> {
        let index = if self.found.segments.is_empty() { self.from_index } else { self.found.next_index };
        let mut evidence = Evidence { records: 0, claim: self.claim.max(self.found.durable) };
        let mut size = hole.bytes.len().saturating_sub(hole.offset);
        if hole.offset == 0 {
            evidence.take_segment(&hole.bytes, sequence, index);
        } else {
            evidence.take(hole.bytes.get(hole.offset.saturating_add(1)..).unwrap_or_default(), sequence, index);
        }
        for later in later {
            let bytes = read(self.disk, &segment::name(*later), u64::MAX)?;
            size = size.saturating_add(bytes.len());
            evidence.take_segment(&bytes, *later, index);
        }
        let name = segment::name(sequence);
        let mut behind: Vec<String> = later.iter().map(|later| segment::name(*later)).collect();
        if hole.offset == 0 {
            behind.insert(0, name.clone());
        }
        self.found.behind = behind;
        self.found.is_damaged = evidence.claim > index;
        self.found.is_closed = false;
        self.found.next_index = index;
        self.found.torn = Some(damage(&name, hole.offset, index, &hole.reason, evidence.records, size));
        Ok(())
    }
}

struct Evidence {
    records: u64,
    claim: u64,
}

impl Evidence {
    fn take_segment(&mut self, bytes: &[u8], sequence: u64, index: u64) {
        let (mut sequence, mut from) = (sequence, index);
        if let Ok(header) = Header::decode(bytes) {
            self.claim = self.claim.max(header.durable);
            // Under a wrong name its records are sound by the number that it has itself.
            (sequence, from) = (header.sequence, header.first_index);
        }
        self.take(bytes.get(HEADER_BYTES..).unwrap_or_default(), sequence, from);
    }

    fn take(&mut self, bytes: &[u8], sequence: u64, from: u64) {
        // No more records than heads would fit: what is farther off is no record but chance.
        let below = from.saturating_add((bytes.len() / HEAD_BYTES) as u64).saturating_add(2);
        let mut rest = bytes;
        while let Some((at, record)) = record::search(rest, sequence, from, below) {
            self.records = self.records.saturating_add(1);
            self.claim = self.claim.max(record.durable);
            rest = rest.get(at.saturating_add(record.size())..).unwrap_or_default();
        }
    }
}

fn damage(segment: &str, offset: usize, index: u64, reason: &str, records_after: u64, bytes_after: usize) -> Damage {
    Damage {
        segment: segment.to_owned(),
        offset: offset as u64,
        index,
        reason: reason.to_owned(),
        records_after,
        bytes_after: bytes_after as u64,
    }
}

fn read(disk: &dyn Disk, name: &str, limit: u64) -> Result<Vec<u8>, JournalError> {
    disk.read(name, limit).map_err(|error| JournalError::disk(format!("read {name}"), &error))
}

/// The record that begins `bytes`, `None` at the end: no bytes, or nothing but the zeros that room was made with.
pub fn following(bytes: &[u8], sequence: u64, index: u64) -> Result<Option<Record<'_>>, Bad> {
    if bytes.is_empty() {
        return Ok(None);
    }
    match record::decode(bytes, sequence) {
        Ok(record) if record.index == index => Ok(Some(record)),
        Ok(record) => Err(Bad::Index(record.index)),
        Err(Bad::Zeros) if bytes.iter().all(|byte| *byte == 0) => Ok(None),
        Err(bad) => Err(bad),
    }
}
