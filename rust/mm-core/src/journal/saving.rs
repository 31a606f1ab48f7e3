//! A snapshot on its way to the disk in a thread of its own: the writer goes on meanwhile, and waits for none of it.
//!
//! The state and its position are taken at one moment, before the thread begins. The thread touches nothing that the
//! writer writes: it syncs what the kernel has, writes a file of its own, and takes away segments and snapshots that lie
//! wholly before the older of the two that are kept. Its steps are in one order, so that any of them may be the last one:
//! the records, the file, its name, and only then what it makes needless.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::disk::Disk;
use super::error::JournalError;
use super::segment::{self, HEADER_BYTES, Header};
use super::snapshot::{self, Snapshot};
use super::syncing::Syncing;

/// What the thread does.
pub struct Work {
    pub disk: Arc<dyn Disk>,
    pub syncing: Arc<Syncing>,
    pub snapshot: Snapshot,
}

impl Work {
    /// Does it here; returns the position of the snapshot.
    pub fn run(&self) -> Result<u64, JournalError> {
        self.syncing.failure()?;
        let index = self.snapshot.index;
        if self.syncing.durable() < index {
            // A state must not know more than its journal.
            self.syncing.sync()?;
        }
        let needed = snapshot::save(self.disk.as_ref(), &self.snapshot)?;
        prune(self.disk.as_ref(), needed)?;
        Ok(index)
    }
}

type Outcome = Result<u64, JournalError>;

/// How far it is.
#[derive(Default)]
pub struct Saving {
    outcome: Mutex<Option<Outcome>>,
    ended: Condvar,
}

impl Saving {
    /// Begins; nobody has to wait for the thread, and the end of the process ends it.
    pub fn start(work: Work) -> Result<Arc<Self>, JournalError> {
        let saving = Arc::new(Self::default());
        let shared = Arc::clone(&saving);
        let run = move || {
            let outcome = work.run();
            // The folder's lock ends with its last user: whoever hears of the end may open it again.
            drop(work);
            *shared.held() = Some(outcome);
            shared.ended.notify_all();
        };
        let spawned = std::thread::Builder::new().name("mm-snapshot".to_owned()).spawn(run);
        spawned.map_err(|error| JournalError::disk("start the snapshot's thread", &error))?;
        Ok(saving)
    }

    fn held(&self) -> MutexGuard<'_, Option<Outcome>> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The position of the snapshot once it is on the disk, or why it is not; `None` while it is under way.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        self.held().clone()
    }

    /// Waits for the outcome, for so long at most.
    #[must_use]
    pub fn wait(&self, patience: Duration) -> Option<Outcome> {
        let under_way = |outcome: &mut Option<Outcome>| outcome.is_none();
        let waited = self.ended.wait_timeout_while(self.held(), patience, under_way);
        waited.unwrap_or_else(PoisonError::into_inner).0.clone()
    }
}

/// Removes segments that hold nothing from `index` on; returns how many. The last one stays, and so does what a writer has
/// just begun: without a sound header it ends the search.
pub fn prune(disk: &dyn Disk, index: u64) -> Result<u64, JournalError> {
    let failed = |error: &std::io::Error| JournalError::disk("remove an old segment", error);
    let names = disk.list().map_err(|error| failed(&error))?;
    let mut sequences: Vec<u64> = names.iter().filter_map(|name| segment::sequence(name)).collect();
    sequences.sort_unstable();
    let mut removed = 0_u64;
    for pair in sequences.windows(2) {
        let [old, next] = pair else { break };
        let bytes = disk.read(&segment::name(*next), HEADER_BYTES as u64).map_err(|error| failed(&error))?;
        if !Header::decode(&bytes).is_ok_and(|next| next.first_index <= index) {
            break;
        }
        disk.remove(&segment::name(*old)).map_err(|error| failed(&error))?;
        removed = removed.saturating_add(1);
    }
    // A loss of power may bring some of them back: a survey begins behind such gaps.
    disk.sync_names().map_err(|error| failed(&error))?;
    Ok(removed)
}
