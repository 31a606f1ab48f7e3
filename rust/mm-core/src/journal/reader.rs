//! Reads the records that a survey found, one after the other.

use std::sync::Arc;

use super::disk::Disk;
use super::error::{Damage, JournalError};
use super::record::{CLOSED, Record};
use super::survey::{Segment, Survey, following};

/// Goes over the records; what a writer appends meanwhile is not looked at.
pub struct Reader {
    disk: Arc<dyn Disk>,
    segments: std::vec::IntoIter<Segment>,
    segment: Option<Segment>,
    bytes: Vec<u8>,
    offset: usize,
    from_index: u64,
    next_index: u64,
}

impl Reader {
    /// Over the records of `found` from `from_index` on.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>, found: &Survey, from_index: u64) -> Self {
        let segments = found.segments.clone().into_iter();
        Self { disk, segments, segment: None, bytes: Vec::new(), offset: 0, from_index, next_index: 0 }
    }

    /// Makes sure that there is a record to take; false at the end. The journal's own records are left out.
    fn is_at_record(&mut self) -> Result<bool, JournalError> {
        loop {
            match &self.segment {
                Some(segment) if self.next_index < segment.next_index => {
                    match following(self.rest(), segment.header.sequence, self.next_index) {
                        Ok(Some(record)) if record.kind != CLOSED && record.index >= self.from_index => {
                            return Ok(true);
                        }
                        Ok(Some(record)) => {
                            self.offset = self.offset.saturating_add(record.size());
                            self.next_index = self.next_index.saturating_add(1);
                        }
                        Ok(None) => return Err(self.changed(segment, "it is not there any more")),
                        Err(bad) => return Err(self.changed(segment, &bad.to_string())),
                    }
                }
                _ => {
                    let Some(segment) = self.segments.next() else { return Ok(false) };
                    let read = self.disk.read(&segment.name, segment.end);
                    let failed = |error| JournalError::disk(format!("read {}", segment.name), &error);
                    self.bytes = read.map_err(failed)?;
                    self.offset = segment.start as usize;
                    self.next_index = segment.start_index;
                    self.segment = Some(segment);
                }
            }
        }
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.offset..).unwrap_or_default()
    }

    /// The next record, `None` at the end.
    pub fn read(&mut self) -> Result<Option<Record<'_>>, JournalError> {
        if !self.is_at_record()? {
            return Ok(None);
        }
        let Some(sequence) = self.segment.as_ref().map(|segment| segment.header.sequence) else { return Ok(None) };
        let (offset, index) = (self.offset, self.next_index);
        self.next_index = index.saturating_add(1);
        let rest = self.bytes.get(offset..).unwrap_or_default();
        let found = following(rest, sequence, index).ok().flatten();
        self.offset = offset.saturating_add(found.map_or(0, |record| record.size()));
        Ok(found)
    }

    fn changed(&self, segment: &Segment, reason: &str) -> JournalError {
        JournalError::Damaged(Damage {
            segment: segment.name.clone(),
            offset: self.offset as u64,
            index: self.next_index,
            reason: format!("{reason}: it was sound a moment ago"),
            records_after: segment.next_index.saturating_sub(self.next_index),
            bytes_after: segment.end.saturating_sub(self.offset as u64),
        })
    }
}
