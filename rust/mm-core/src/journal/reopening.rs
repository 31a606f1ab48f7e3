//! A journal that has failed, opened again by the same writer once its disk is well.
//!
//! What was appended up to the failure may be there or not, and what happened since is nowhere: a new segment begins behind
//! it with a record that says so, for readers who follow, and a snapshot of the state of that moment goes on from there, both
//! on the disk before a further record. A start begins with that snapshot and asks for nothing before it. The segment comes
//! first: with it alone a start finds what a killed process would have left. It stays when the snapshot fails, for that may
//! have its name: a further try begins another, and takes the ones of before away once its own is on the disk.

use std::sync::{Arc, Mutex, PoisonError};

use super::disk::{Disk, DiskFile};
use super::error::JournalError;
use super::record::{self, REOPENED, Record};
use super::segment::{self, HEADER_BYTES, Header};
use super::snapshot::{self, Snapshot};
use super::syncing::Syncing;
use super::writer::begin;

/// What the writer goes on with.
pub struct Anew {
    pub header: Header,
    pub file: Arc<dyn DiskFile>,
    pub syncing: Arc<Syncing>,
    /// Where the next record is written, and its index.
    pub end: u64,
    pub next_index: u64,
}

type Outcome = Result<Anew, JournalError>;

/// How far it is: `None` while it is under way.
#[derive(Default)]
pub struct Reopening(Mutex<Option<Outcome>>);

impl Reopening {
    /// Begins in a thread. header: of the segment that failed, but for its first index, which is the new one's.
    pub fn start(
        disk: Arc<dyn Disk>,
        header: Header,
        room: u64,
        snapshot: Snapshot,
    ) -> Result<Arc<Self>, JournalError> {
        let this = Arc::new(Self::default());
        let shared = Arc::clone(&this);
        let run = move || {
            let outcome = reopened(&disk, header, room, &snapshot);
            *shared.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        };
        let spawned = std::thread::Builder::new().name("mm-reopening".to_owned()).spawn(run);
        spawned.map_err(|error| JournalError::disk("start the thread that opens the journal again", &error))?;
        Ok(this)
    }

    /// Takes the outcome, once.
    #[must_use]
    pub fn take(&self) -> Option<Outcome> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

fn reopened(disk: &Arc<dyn Disk>, mut header: Header, room: u64, snapshot: &Snapshot) -> Outcome {
    let names = disk.list().map_err(|error| JournalError::disk("list the journal", &error))?;
    let sequences = || names.iter().filter_map(|name| segment::sequence(name));
    let failed = header.sequence;
    header.sequence = sequences().max().unwrap_or(failed).max(failed).saturating_add(1);
    let syncing = Arc::new(Syncing::new(Arc::clone(disk), snapshot.index));
    let mark = mark(&header)?;
    let file = begin(disk.as_ref(), &header, room, &syncing, &mark)?;
    if let Err(error) = syncing.sync() {
        // No snapshot leans on it.
        let _ = disk.remove(&segment::name(header.sequence));
        return Err(error);
    }
    // What tries before this one left: a snapshot of theirs, if one got its name, leans on this segment from here on.
    for earlier in sequences().filter(|sequence| *sequence > failed) {
        let _ = disk.remove(&segment::name(earlier));
    }
    // If this fails, the snapshot may have its name all the same, and a start asks for the segment.
    snapshot::save(disk.as_ref(), snapshot)?;
    let end = HEADER_BYTES.saturating_add(mark.len()) as u64;
    Ok(Anew { header, file, syncing, end, next_index: snapshot.index })
}

/// The record that says that the journal was opened again.
fn mark(header: &Header) -> Result<Vec<u8>, JournalError> {
    let (index, durable) = (header.first_index, header.durable);
    let record = Record { index, wall_ns: header.created_ns, mono_ns: 0, durable, kind: REOPENED, payload: b"" };
    let mut frame = Vec::new();
    if record::encode(&record, header.sequence, &mut frame) {
        return Ok(frame);
    }
    Err(JournalError::Failed { reason: "more records wait for a sync than the form can say".to_owned() })
}
