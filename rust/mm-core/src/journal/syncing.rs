//! What the writer and the thread that syncs for it share: how far the journal is with the kernel, how far on the disk.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::disk::{Disk, DiskFile};
use super::error::JournalError;

/// How long the thread sleeps when nothing is to be done: a wake-up that got lost costs no more.
const IDLE: Duration = Duration::from_secs(1);

/// One state for two threads. `SeqCst` throughout: a writer that sees no sleeper and a sleeper that sees no work must not
/// happen at once.
pub struct Syncing {
    disk: Arc<dyn Disk>,
    /// Index behind the last record that the kernel has.
    written: AtomicU64,
    /// Index behind the last record that the disk has.
    durable: AtomicU64,
    has_failed: AtomicBool,
    is_asleep: AtomicBool,
    pending: Mutex<Pending>,
    /// Held for a whole round, so that no round overtakes another.
    round: Mutex<()>,
    changed: Condvar,
    /// The disk has more, or nothing will come any more.
    synced: Condvar,
}

#[derive(Default)]
struct Pending {
    /// Files with bytes that the disk may not have; the last one is being written.
    files: Vec<Arc<dyn DiskFile>>,
    has_new_names: bool,
    reason: String,
    is_stopped: bool,
    /// Somebody waits: no more records are gathered first.
    is_urgent: bool,
    /// What was waited for in vain: until the disk has it, nobody waits.
    missed: u64,
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing under these locks can panic half way; a poisoned one is as good as any.
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Syncing {
    /// For a journal whose records below `index` are on the disk.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>, index: u64) -> Self {
        Self {
            disk,
            written: AtomicU64::new(index),
            durable: AtomicU64::new(index),
            has_failed: AtomicBool::new(false),
            is_asleep: AtomicBool::new(false),
            pending: Mutex::default(),
            round: Mutex::default(),
            changed: Condvar::new(),
            synced: Condvar::new(),
        }
    }

    /// A new file under a new name, before anything is written to it.
    pub fn add(&self, file: Arc<dyn DiskFile>) {
        let mut pending = held(&self.pending);
        pending.files.push(file);
        pending.has_new_names = true;
    }

    /// The kernel has all records below `index`.
    pub fn wrote(&self, index: u64) {
        self.written.store(index, Ordering::SeqCst);
        if self.is_asleep.load(Ordering::SeqCst) {
            drop(held(&self.pending));
            self.changed.notify_all();
        }
    }

    /// Index behind the last record that is known to be on the disk.
    pub fn durable(&self) -> u64 {
        self.durable.load(Ordering::SeqCst)
    }

    /// The end of all promises. The first reason stays.
    pub fn fail(&self, reason: String) -> JournalError {
        let mut pending = held(&self.pending);
        if !self.has_failed.swap(true, Ordering::SeqCst) {
            pending.reason = reason;
        }
        self.synced.notify_all();
        JournalError::Failed { reason: pending.reason.clone() }
    }

    /// Why it failed, if it did.
    pub fn failure(&self) -> Result<(), JournalError> {
        if !self.has_failed.load(Ordering::SeqCst) {
            return Ok(());
        }
        Err(JournalError::Failed { reason: held(&self.pending).reason.clone() })
    }

    /// Puts on the disk what the kernel has. After a failure nothing is tried again: a second sync may pass over pages
    /// that the first one lost.
    pub fn sync(&self) -> Result<(), JournalError> {
        let _round = held(&self.round);
        self.failure()?;
        let target = self.written.load(Ordering::SeqCst);
        let (files, has_new_names) = {
            let pending = held(&self.pending);
            (pending.files.clone(), pending.has_new_names)
        };
        let tried = || -> io::Result<()> {
            for file in &files {
                file.sync()?;
            }
            if has_new_names { self.disk.sync_names() } else { Ok(()) }
        };
        tried().map_err(|error| self.fail(format!("cannot sync: {error}")))?;
        {
            let mut pending = held(&self.pending);
            // Files that came meanwhile wait for the next round, and the last of these is still being written.
            let done = files.len().saturating_sub(1);
            pending.files.drain(..done);
            if pending.files.len() == 1 {
                pending.has_new_names = false;
            }
        }
        // A write that failed meanwhile has said that nothing more is promised.
        self.failure()?;
        self.durable.store(target, Ordering::SeqCst);
        drop(held(&self.pending));
        self.synced.notify_all();
        Ok(())
    }

    /// Has the thread sync now, and waits until the disk has the records below `index`, for so long at most; returns
    /// whether it has them. A disk that was too slow is not waited for again before it has caught up: whoever calls
    /// again and again meanwhile has waited once.
    pub fn wait_durable(&self, index: u64, patience: Duration) -> Result<bool, JournalError> {
        let is_open = || self.durable() < index && !self.has_failed.load(Ordering::SeqCst);
        let mut pending = held(&self.pending);
        if is_open() {
            pending.is_urgent = true;
            self.changed.notify_all();
            if pending.missed <= self.durable() {
                let waited = self.synced.wait_timeout_while(pending, patience, |_| is_open());
                pending = waited.unwrap_or_else(PoisonError::into_inner).0;
                if is_open() {
                    pending.missed = index;
                }
            }
        }
        drop(pending);
        self.failure()?;
        Ok(self.durable() >= index)
    }

    fn has_work(&self) -> bool {
        self.written.load(Ordering::SeqCst) > self.durable.load(Ordering::SeqCst)
    }

    /// Waits for work, then for `gather` more of it; false at the end.
    fn wait(&self, gather: Duration) -> bool {
        let mut pending = held(&self.pending);
        while !pending.is_stopped && !self.has_failed.load(Ordering::SeqCst) {
            self.is_asleep.store(true, Ordering::SeqCst);
            if self.has_work() {
                self.is_asleep.store(false, Ordering::SeqCst);
                let gathers = |state: &mut Pending| !state.is_stopped && !state.is_urgent;
                let waited = self.changed.wait_timeout_while(pending, gather, gathers);
                pending = waited.unwrap_or_else(PoisonError::into_inner).0;
                pending.is_urgent = false;
                return !pending.is_stopped;
            }
            pending = self.changed.wait_timeout(pending, IDLE).unwrap_or_else(PoisonError::into_inner).0;
            self.is_asleep.store(false, Ordering::SeqCst);
        }
        false
    }

    /// A thread that syncs `gather` after the first record that waits, until `stop` or a failure; what a caller has synced
    /// meanwhile is left alone.
    pub fn start(this: &Arc<Self>, gather: Duration) -> Result<JoinHandle<()>, JournalError> {
        let shared = Arc::clone(this);
        let run = move || while shared.wait(gather) && (!shared.has_work() || shared.sync().is_ok()) {};
        std::thread::Builder::new()
            .name("mm-journal".to_owned())
            .spawn(run)
            .map_err(|error| JournalError::disk("start the journal's thread", &error))
    }

    /// Lets the thread end.
    pub fn stop(&self) {
        held(&self.pending).is_stopped = true;
        self.changed.notify_all();
    }
}
