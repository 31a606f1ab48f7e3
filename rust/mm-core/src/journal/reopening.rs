//! A journal that has failed, opened again by the same writer once its disk is well.
//!
//! What was appended up to the failure may be there or not, and what happened since is nowhere: a new segment begins behind
//! it, with a snapshot of the state of that moment, both on the disk before a record follows. A start begins with that
//! snapshot and asks for nothing before it. The segment comes first: with it alone, and empty, a start finds what a killed
//! process would have left. It stays when the snapshot fails, for that may have its name: a further try begins another,
//! and takes the ones of before away once its own is on the disk.

use std::sync::{Arc, Mutex, PoisonError};

use super::disk::{Disk, DiskFile};
use super::error::JournalError;
use super::segment::{self, Header};
use super::snapshot::{self, Snapshot};
use super::syncing::Syncing;
use super::writer::begin;

/// What the writer goes on with.
pub struct Anew {
    pub header: Header,
    pub file: Arc<dyn DiskFile>,
    pub syncing: Arc<Syncing>,
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
    let syncing = Arc::new(Syncing::new(Arc::clone(disk), header.first_index));
    let file = begin(disk.as_ref(), &header, room, &syncing)?;
    if let Err(error) = syncing.sync() {
        // Nothing is in it, and no snapshot leans on it.
        let _ = disk.remove(&segment::name(header.sequence));
        return Err(error);
    }
    // What tries before this one left: a snapshot of theirs, if one got its name, leans on this segment from here on.
    for earlier in sequences().filter(|sequence| *sequence > failed) {
        let _ = disk.remove(&segment::name(earlier));
    }
    // If this fails, the snapshot may have its name all the same, and a start asks for the segment.
    snapshot::save(disk.as_ref(), snapshot)?;
    Ok(Anew { header, file, syncing })
}
