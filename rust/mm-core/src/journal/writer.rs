//! The one writer of a journal.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;
use std::time::Duration;

use super::disk::{Disk, DiskFile, FRESH, write_all};
use super::error::JournalError;
use super::record::{self, CLOSED, HEAD_BYTES, PAYLOAD_BYTES_MAX, REOPENED, Record};
use super::recovery::recover;
use super::reopening::Reopening;
use super::saving::{Saving, Work};
use super::segment::{self, HEADER_BYTES, Header};
use super::snapshot::{self, Snapshot};
use super::survey::{Survey, survey};
use super::syncing::Syncing;
use crate::state_hash::fold;

/// When what was appended is on the disk, and who waits for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// The kernel has it when `append` returns; the disk soon after. Nobody waits.
    Os,
    /// As `Os`, and `commit` waits for the disk: one sync for all that was appended since the last.
    Group,
    /// The disk has it when `append` returns; `append_soon` is as with `Group`.
    Always,
}

/// What a writer is opened with.
#[derive(Clone, Debug)]
pub struct Settings {
    pub policy: Policy,
    /// Above every epoch before; on the disk when the journal is open.
    pub epoch: u64,
    /// Form of the payloads, for the reader of another build.
    pub form: u32,
    pub build: String,
    /// A segment ends before it grows beyond this.
    pub segment_bytes: u64,
    /// How long records wait for others before they are synced together.
    pub gather: Duration,
    /// The first record that is needed: the position of the snapshot, or 0.
    pub from_index: u64,
    pub now_ns: i64,
}

/// Room is made for a segment at once, so that syncs have no sizes to write and a full disk shows before it is needed.
pub const SEGMENT_BYTES: u64 = 16 << 20;
/// A half of the 10 ms that a loss of power may cost; the sync itself takes the other.
pub const GATHER: Duration = Duration::from_millis(5);

/// An open journal.
pub struct Journal {
    disk: Arc<dyn Disk>,
    file: Arc<dyn DiskFile>,
    header: Header,
    policy: Policy,
    segment_bytes: u64,
    end: u64,
    next_index: u64,
    syncing: Arc<Syncing>,
    thread: Option<JoinHandle<()>>,
    frame: Vec<u8>,
    found: Survey,
    saving: Option<Arc<Saving>>,
    reopening: Option<Arc<Reopening>>,
    gather: Duration,
    is_closed: bool,
}

/// A number for a new journal.
#[must_use]
pub fn identity(now_ns: i64, place: u64) -> u64 {
    fold(fold(u64::from(std::process::id()), now_ns), place as i64)
}

impl Journal {
    /// Recovers what is there and begins a new segment behind it.
    pub fn open(disk: Arc<dyn Disk>, settings: Settings) -> Result<Self, JournalError> {
        let found = survey(disk.as_ref(), settings.from_index)?;
        let refused = |field, value: &dyn std::fmt::Display, expected| JournalError::Refused {
            field,
            value: value.to_string(),
            expected,
        };
        if settings.epoch <= found.epoch {
            let expected = format!("above {}, the last one in the journal", found.epoch);
            return Err(refused("epoch", &settings.epoch, expected));
        }
        if settings.segment_bytes <= HEADER_BYTES as u64 {
            return Err(refused("segment_bytes", &settings.segment_bytes, format!("more than {HEADER_BYTES}")));
        }
        recover(disk.as_ref(), &found, settings.now_ns)?;
        clear(disk.as_ref());
        let header = Header {
            sequence: found.sequence.saturating_add(1),
            epoch: settings.epoch,
            first_index: found.next_index,
            durable: found.next_index,
            previous_end: found.segments.last().map_or(0, |last| last.end),
            created_ns: settings.now_ns,
            place: disk.place(),
            journal: found.last().map_or_else(|| identity(settings.now_ns, disk.place()), |last| last.journal),
            form: settings.form,
            build: settings.build,
        };
        let syncing = Arc::new(Syncing::new(Arc::clone(&disk), header.first_index));
        let file = begin(disk.as_ref(), &header, settings.segment_bytes, &syncing, b"")?;
        // The epoch is used from now on.
        syncing.sync()?;
        let thread = Some(Syncing::start(&syncing, settings.gather)?);
        Ok(Self {
            disk,
            file,
            next_index: header.first_index,
            header,
            policy: settings.policy,
            segment_bytes: settings.segment_bytes,
            end: HEADER_BYTES as u64,
            syncing,
            thread,
            frame: Vec::new(),
            found,
            saving: None,
            reopening: None,
            gather: settings.gather,
            is_closed: false,
        })
    }

    /// What was there before.
    #[must_use]
    pub fn found(&self) -> &Survey {
        &self.found
    }

    /// The folder was copied, moved or put back since it was last written: other epochs may have been used meanwhile.
    #[must_use]
    pub fn has_moved(&self) -> bool {
        self.found.last().is_some_and(|last| last.place != self.disk.place())
    }

    /// Appends a record; returns its index. The kernel has it, and with `Policy::Always` the disk.
    ///
    /// After an error of the disk nothing more is taken. What could not be written whole is cut off again, and if that
    /// fails too, nothing follows it.
    pub fn append(&mut self, kind: u32, payload: &[u8], wall_ns: i64, mono_ns: i64) -> Result<u64, JournalError> {
        let index = self.append_soon(kind, payload, wall_ns, mono_ns)?;
        if self.policy == Policy::Always {
            self.syncing.sync()?;
        }
        Ok(index)
    }

    /// As `append`, and waits for no disk in any policy: what may leave before it is durable, or waits for a `commit`.
    pub fn append_soon(&mut self, kind: u32, payload: &[u8], wall_ns: i64, mono_ns: i64) -> Result<u64, JournalError> {
        if kind == CLOSED || kind == REOPENED {
            let (value, expected) = (kind.to_string(), format!("a number from 1 to {}", REOPENED.saturating_sub(1)));
            return Err(JournalError::Refused { field: "kind", value, expected });
        }
        if payload.len() > PAYLOAD_BYTES_MAX {
            let (value, expected) = (format!("{} bytes", payload.len()), format!("at most {PAYLOAD_BYTES_MAX} bytes"));
            return Err(JournalError::Refused { field: "payload", value, expected });
        }
        self.write(kind, payload, wall_ns, mono_ns)
    }

    fn write(&mut self, kind: u32, payload: &[u8], wall_ns: i64, mono_ns: i64) -> Result<u64, JournalError> {
        self.usable()?;
        let size = HEAD_BYTES.saturating_add(payload.len()) as u64;
        if self.end > HEADER_BYTES as u64 && self.end.saturating_add(size) > self.segment_bytes {
            self.rotate(wall_ns)?;
        }
        let index = self.next_index;
        let durable = self.syncing.durable();
        self.frame.clear();
        if !record::encode(
            &Record { index, wall_ns, mono_ns, durable, kind, payload },
            self.header.sequence,
            &mut self.frame,
        ) {
            return Err(self.syncing.fail("more records wait for a sync than the form can say".to_owned()));
        }
        if let Err(error) = write_all(self.file.as_ref(), self.end, &self.frame) {
            // If this fails too, recovery finds the half of a record at the very end.
            let _ = self.file.truncate(self.end);
            return Err(self.syncing.fail(format!("cannot write record {index}: {error}")));
        }
        self.end = self.end.saturating_add(size);
        self.next_index = index.saturating_add(1);
        self.syncing.wrote(self.next_index);
        Ok(index)
    }

    /// Waits for what the policy promises before bytes leave: nothing with `Os`, else the disk.
    pub fn commit(&mut self) -> Result<(), JournalError> {
        match self.policy {
            Policy::Os => self.usable(),
            Policy::Group | Policy::Always => self.sync(),
        }
    }

    /// As `commit`, and waits no longer than that; returns whether the disk has what the policy promises. A disk that was
    /// too slow once is not waited for until it has caught up.
    pub fn commit_within(&mut self, patience: Duration) -> Result<bool, JournalError> {
        self.usable()?;
        match self.policy {
            Policy::Os => Ok(true),
            Policy::Group | Policy::Always => self.syncing.wait_durable(self.next_index, patience),
        }
    }

    /// Waits until the disk has everything, in every policy.
    pub fn sync(&mut self) -> Result<(), JournalError> {
        self.usable()?;
        if self.syncing.durable() < self.next_index { self.syncing.sync() } else { Ok(()) }
    }

    fn usable(&self) -> Result<(), JournalError> {
        if self.is_closed {
            return Err(JournalError::Failed { reason: "it is closed".to_owned() });
        }
        self.syncing.failure()
    }

    fn rotate(&mut self, now_ns: i64) -> Result<(), JournalError> {
        let header = Header { sequence: self.header.sequence.saturating_add(1), ..self.following(now_ns) };
        let begun = begin(self.disk.as_ref(), &header, self.segment_bytes, &self.syncing, b"");
        self.file = begun.map_err(|error| self.syncing.fail(error.to_string()))?;
        self.header = header;
        self.end = HEADER_BYTES as u64;
        Ok(())
    }

    /// The header of the segment behind this one, but for its number.
    fn following(&self, created_ns: i64) -> Header {
        Header {
            first_index: self.next_index,
            durable: self.syncing.durable(),
            previous_end: self.end,
            created_ns,
            ..self.header.clone()
        }
    }

    /// Index behind the last record that was appended.
    #[must_use]
    pub fn next_index(&self) -> u64 {
        self.next_index
    }

    /// Index behind the last record that is known to be on the disk.
    #[must_use]
    pub fn durable(&self) -> u64 {
        self.syncing.durable()
    }

    /// Epoch of this writer.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.header.epoch
    }

    /// Bytes and number of the segment that is written.
    #[must_use]
    pub fn position(&self) -> (u64, u64) {
        (self.header.sequence, self.end)
    }

    /// Why nothing more is taken, if it is so.
    #[must_use]
    pub fn failure(&self) -> Option<JournalError> {
        self.usable().err()
    }

    /// What keeps a state that all records so far make, to be done at any later moment, beside the writer.
    pub fn snapshot_work(&self, state: Vec<u8>, state_hash: u64, wall_ns: i64) -> Result<Work, JournalError> {
        self.usable()?;
        let (index, epoch, form) = (self.next_index, self.header.epoch, self.header.form);
        let snapshot = Snapshot { index, epoch, wall_ns, state_hash, form, state };
        Ok(Work { disk: Arc::clone(&self.disk), syncing: Arc::clone(&self.syncing), snapshot })
    }

    /// Begins to keep a state that all records so far make, in a thread: nothing here waits for the disk. One at a time.
    pub fn begin_snapshot(
        &mut self,
        state: Vec<u8>,
        state_hash: u64,
        wall_ns: i64,
    ) -> Result<Arc<Saving>, JournalError> {
        self.begin(self.snapshot_work(state, state_hash, wall_ns)?)
    }

    /// See `begin_snapshot`.
    pub fn begin(&mut self, work: Work) -> Result<Arc<Saving>, JournalError> {
        if self.is_saving() {
            let (value, expected) = ("another".to_owned(), "the end of the one that is under way".to_owned());
            return Err(JournalError::Refused { field: "snapshot", value, expected });
        }
        let saving = Saving::start(work)?;
        self.saving = Some(Arc::clone(&saving));
        Ok(saving)
    }

    fn is_saving(&self) -> bool {
        self.saving.as_ref().is_some_and(|saving| saving.outcome().is_none())
    }

    /// Begins to open a journal that has failed again, with a state that all until now makes: in a thread, nothing here
    /// waits for the disk. What happens from here on is to be appended once `go_on` says so.
    pub fn begin_anew(&mut self, state: Vec<u8>, state_hash: u64, wall_ns: i64) -> Result<(), JournalError> {
        // A snapshot under way writes and removes the same names.
        let (value, expected) =
            ("again".to_owned(), "a journal that has failed, and no other try or snapshot under way".to_owned());
        if self.is_closed || self.syncing.failure().is_ok() || self.reopening.is_some() || self.is_saving() {
            return Err(JournalError::Refused { field: "open", value, expected });
        }
        let header = self.following(wall_ns);
        // Behind the record that says so.
        let index = self.next_index.saturating_add(1);
        let (epoch, form) = (self.header.epoch, self.header.form);
        let snapshot = Snapshot { index, epoch, wall_ns, state_hash, form, state };
        self.reopening = Some(Reopening::start(Arc::clone(&self.disk), header, self.segment_bytes, snapshot)?);
        Ok(())
    }

    /// Takes nothing more, for a reason of the caller's.
    pub fn fail(&self, reason: String) {
        let _ = self.syncing.fail(reason);
    }

    /// Whether the journal takes records again; false while that is under way. An error ends the try.
    pub fn go_on(&mut self) -> Result<bool, JournalError> {
        let Some(outcome) = self.reopening.as_ref().and_then(|reopening| reopening.take()) else { return Ok(false) };
        self.reopening = None;
        let anew = outcome?;
        // The thread of before has ended with the failure, or hangs: nobody waits for it.
        self.syncing.stop();
        self.thread = Some(Syncing::start(&anew.syncing, self.gather)?);
        (self.header, self.file, self.syncing) = (anew.header, anew.file, anew.syncing);
        (self.end, self.next_index) = (anew.end, anew.next_index);
        Ok(true)
    }

    /// Puts everything on the disk, and a record that says so: the next start knows that nothing is missing.
    pub fn close(&mut self, wall_ns: i64, mono_ns: i64) -> Result<(), JournalError> {
        if self.is_closed {
            return Ok(());
        }
        let tried = self.seal(wall_ns, mono_ns);
        self.is_closed = true;
        self.end_thread();
        tried
    }

    /// As `close`, and waits no longer than that: a thread goes on with it, and the folder's lock ends with that.
    pub fn close_within(mut self, wall_ns: i64, mono_ns: i64, patience: Duration) -> Result<(), JournalError> {
        let (next, syncing) = (self.next_index, Arc::clone(&self.syncing));
        let (told, heard) = sync_channel(1);
        let run = move || {
            let closed = self.close(wall_ns, mono_ns);
            // Whoever hears of the end may open the folder again.
            drop(self);
            // Nobody may listen any more.
            let _ = told.send(closed);
        };
        let spawned = std::thread::Builder::new().name("mm-closing".to_owned()).spawn(run);
        spawned.map_err(|error| JournalError::disk("start the thread that closes", &error))?;
        heard.recv_timeout(patience).unwrap_or_else(|_| {
            let durable = syncing.durable();
            let open = next.saturating_sub(durable);
            let reason = format!(
                "the disk has not taken it within {} s: {open} records from {durable} on are with the kernel alone",
                patience.as_secs_f64()
            );
            Err(JournalError::Failed { reason })
        })
    }

    fn seal(&mut self, wall_ns: i64, mono_ns: i64) -> Result<(), JournalError> {
        self.sync()?;
        self.write(CLOSED, b"", wall_ns, mono_ns)?;
        // The room that was made and not needed goes back; a reader takes its zeros for the end as well.
        let cut = self.file.truncate(self.end);
        cut.map_err(|error| self.syncing.fail(format!("cannot close: {error}")))?;
        self.sync()
    }

    fn end_thread(&mut self) {
        self.syncing.stop();
        if let Some(thread) = self.thread.take() {
            // It cannot panic; if it did, it has ended all the same.
            let _ = thread.join();
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.end_thread();
    }
}

/// Takes away what a process left that ended while it wrote a file under another name first. What cannot go may stay.
fn clear(disk: &dyn Disk) {
    for name in disk.list().unwrap_or_default() {
        let is_ours = |whole: &str| segment::sequence(whole).is_some() || snapshot::index(whole).is_some();
        if name.strip_suffix(FRESH).is_some_and(is_ours) {
            let _ = disk.remove(&name);
        }
    }
}

/// A new segment: its room, its header. record: its first one, which is on the disk before the header is written: where there
/// is a header, a start may ask for what follows that record.
pub fn begin(
    disk: &dyn Disk,
    header: &Header,
    room: u64,
    syncing: &Syncing,
    record: &[u8],
) -> Result<Arc<dyn DiskFile>, JournalError> {
    let name = segment::name(header.sequence);
    let tried = || -> std::io::Result<Arc<dyn DiskFile>> {
        let file = disk.create(&name)?;
        let filled = || -> std::io::Result<()> {
            file.reserve(room)?;
            if !record.is_empty() {
                write_all(file.as_ref(), HEADER_BYTES as u64, record)?;
                file.sync()?;
            }
            write_all(file.as_ref(), 0, &header.encode())
        };
        if let Err(error) = filled() {
            // A segment that holds nothing would be found as a torn one.
            let _ = disk.remove(&name);
            return Err(error);
        }
        syncing.add(Arc::clone(&file));
        Ok(file)
    };
    tried().map_err(|error| JournalError::disk(format!("begin segment {name}"), &error))
}
