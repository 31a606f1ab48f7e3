//! The journal as Python sees it. Waiting for a disk happens without the interpreter's lock.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mm_core::journal::disk::{Disk, Folder};
use mm_core::journal::reader::Reader;
use mm_core::journal::recovery;
use mm_core::journal::saving::Saving;
use mm_core::journal::snapshot::{self, Loaded};
use mm_core::journal::survey::{Survey, first_kept, highest_epoch, survey};
use mm_core::journal::writer::{GATHER, SEGMENT_BYTES};
use mm_core::journal::{Journal as Core, JournalError as Fault, Policy, Settings};
use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::errors::refused;

create_exception!(mm._core._rust, JournalError, PyException, "The journal cannot be used as asked.");
create_exception!(mm._core._rust, JournalLocked, JournalError, "Another process writes it.");
create_exception!(mm._core._rust, JournalDamaged, JournalError, "Something durable is not what was written.");
create_exception!(mm._core._rust, JournalFailed, JournalError, "A write or a sync failed: nothing more is taken.");

// The signature of `Journal` says them in digits, for the stub.
const _: () = assert!(SEGMENT_BYTES == 16_777_216 && GATHER.as_nanos() == 5_000_000);

fn raised(fault: Fault) -> PyErr {
    let text = fault.to_string();
    match fault {
        Fault::Locked { .. } => JournalLocked::new_err(text),
        Fault::Damaged(_) | Fault::Missing { .. } => JournalDamaged::new_err(text),
        Fault::Failed { .. } => JournalFailed::new_err(text),
        Fault::Refused { .. } => PyValueError::new_err(text),
        Fault::Disk { .. } | Fault::Version { .. } => JournalError::new_err(text),
    }
}

fn closed() -> PyErr {
    JournalFailed::new_err("the journal is closed")
}

type Row<'py> = (u64, i64, i64, u32, Bound<'py, PyBytes>);
type Taken<'py> = (u64, i64, u64, u32, Bound<'py, PyBytes>);

fn taken<'py>(py: Python<'py>, loaded: &Loaded) -> Option<Taken<'py>> {
    loaded
        .snapshot
        .as_ref()
        .map(|found| (found.index, found.wall_ns, found.state_hash, found.form, PyBytes::new(py, &found.state)))
}

/// What a start should tell: sentences, none when all is as the last writer left it on purpose.
fn notices(found: &Survey, loaded: &Loaded, has_moved: bool) -> Vec<String> {
    let mut told = Vec::new();
    if let Some(torn) = &found.torn {
        told.push(format!(
            "the tail was torn and is cut at {torn}: {} bytes and {} records behind it are kept in a copy",
            torn.bytes_after, torn.records_after
        ));
    }
    if found.torn.is_none() && !found.is_closed && !found.segments.is_empty() {
        let open = found.next_index.saturating_sub(found.durable);
        told.push(format!("the last writer did not close it; records not known to be on the disk: {open}"));
    }
    if let Some(skipped) = &found.skipped {
        told.push(format!("damage before the snapshot, which is not needed: {skipped}"));
    }
    for (name, reason) in &loaded.damaged {
        told.push(format!("{name} is damaged, an earlier state and more records are taken: {reason}"));
    }
    if has_moved {
        told.push(
            "the folder was copied or put back since it was written, or journal.lock removed: it may be an older state"
                .to_owned(),
        );
    }
    told
}

#[pyclass(module = "mm._core._rust")]
pub struct Journal {
    core: Option<Core>,
    folder: String,
    loaded: Loaded,
    policy: Policy,
    #[pyo3(get)]
    notices: Vec<String>,
}

impl Journal {
    fn core(&mut self) -> PyResult<&mut Core> {
        self.core.as_mut().ok_or_else(closed)
    }
}

#[pymethods]
impl Journal {
    #[new]
    #[pyo3(signature = (folder, *, epoch, form, build, now_ns, policy = "os", segment_bytes = 16777216, gather_ns = 5000000))]
    #[expect(clippy::too_many_arguments, reason = "settings by name")]
    fn new(
        py: Python<'_>,
        folder: &str,
        epoch: u64,
        form: u32,
        build: String,
        now_ns: i64,
        policy: &str,
        segment_bytes: u64,
        gather_ns: u64,
    ) -> PyResult<Self> {
        let policy = match policy {
            "os" => Policy::Os,
            "group" => Policy::Group,
            "always" => Policy::Always,
            other => return Err(refused("policy", other, "os, group or always")),
        };
        let gather = Duration::from_nanos(gather_ns);
        let opened = py.detach(|| {
            let disk: Arc<dyn Disk> = Arc::new(Folder::locked(Path::new(folder))?);
            let loaded = snapshot::load(disk.as_ref())?;
            let from_index = loaded.snapshot.as_ref().map_or(0, |found| found.index);
            let settings = Settings { policy, epoch, form, build, segment_bytes, gather, from_index, now_ns };
            let core = Core::open(Arc::clone(&disk), settings)?;
            let notices = notices(core.found(), &loaded, core.has_moved());
            Ok(Self { core: Some(core), folder: folder.to_owned(), loaded, policy, notices })
        });
        opened.map_err(raised)
    }

    fn append(&mut self, py: Python<'_>, kind: u32, payload: &[u8], wall_ns: i64, mono_ns: i64) -> PyResult<u64> {
        let waits = self.policy == Policy::Always;
        let core = self.core()?;
        let appended = if waits {
            py.detach(|| core.append(kind, payload, wall_ns, mono_ns))
        } else {
            core.append(kind, payload, wall_ns, mono_ns)
        };
        appended.map_err(raised)
    }

    fn append_soon(&mut self, kind: u32, payload: &[u8], wall_ns: i64, mono_ns: i64) -> PyResult<u64> {
        self.core()?.append_soon(kind, payload, wall_ns, mono_ns).map_err(raised)
    }

    fn commit(&mut self, py: Python<'_>) -> PyResult<()> {
        let waits = self.policy != Policy::Os;
        let core = self.core()?;
        if waits { py.detach(|| core.commit()) } else { core.commit() }.map_err(raised)
    }

    fn commit_within(&mut self, py: Python<'_>, patience_ns: u64) -> PyResult<bool> {
        let waits = self.policy != Policy::Os;
        let core = self.core()?;
        let patience = Duration::from_nanos(patience_ns);
        if waits { py.detach(|| core.commit_within(patience)) } else { core.commit_within(patience) }.map_err(raised)
    }

    fn append_within(
        &mut self,
        py: Python<'_>,
        kind: u32,
        payload: &[u8],
        wall_ns: i64,
        mono_ns: i64,
        patience_ns: u64,
    ) -> PyResult<u64> {
        let waits = self.policy == Policy::Always;
        let core = self.core()?;
        let index = core.append_soon(kind, payload, wall_ns, mono_ns).map_err(raised)?;
        if waits {
            py.detach(|| core.commit_within(Duration::from_nanos(patience_ns))).map_err(raised)?;
        }
        Ok(index)
    }

    fn sync(&mut self, py: Python<'_>) -> PyResult<()> {
        let core = self.core()?;
        py.detach(|| core.sync()).map_err(raised)
    }

    fn begin_snapshot(&mut self, state: &[u8], state_hash: u64, wall_ns: i64) -> PyResult<SnapshotSaving> {
        let saving = self.core()?.begin_snapshot(state.to_vec(), state_hash, wall_ns).map_err(raised)?;
        Ok(SnapshotSaving { saving })
    }

    fn begin_anew(&mut self, state: &[u8], state_hash: u64, wall_ns: i64) -> PyResult<()> {
        self.core()?.begin_anew(state.to_vec(), state_hash, wall_ns).map_err(raised)
    }

    fn fail(&mut self, reason: String) -> PyResult<()> {
        self.core()?.fail(reason);
        Ok(())
    }

    fn go_on(&mut self) -> PyResult<bool> {
        self.core()?.go_on().map_err(raised)
    }

    #[pyo3(signature = (wall_ns, mono_ns, patience_ns = 10_000_000_000))]
    fn close(&mut self, py: Python<'_>, wall_ns: i64, mono_ns: i64, patience_ns: u64) -> PyResult<()> {
        let Some(core) = self.core.take() else { return Ok(()) };
        py.detach(|| core.close_within(wall_ns, mono_ns, Duration::from_nanos(patience_ns))).map_err(raised)
    }

    fn snapshot<'py>(&self, py: Python<'py>) -> Option<Taken<'py>> {
        taken(py, &self.loaded)
    }

    fn records(&self) -> PyResult<JournalReader> {
        let found = self.core.as_ref().ok_or_else(closed)?.found().clone();
        let from_index = self.loaded.snapshot.as_ref().map_or(0, |snapshot| snapshot.index);
        // A folder of its own: this one's lock ends with its writer.
        let disk: Arc<dyn Disk> = Arc::new(Folder::read_only(Path::new(&self.folder)).map_err(raised)?);
        Ok(JournalReader::over(disk, found, Loaded::default(), from_index))
    }

    #[getter]
    fn next_index(&mut self) -> PyResult<u64> {
        Ok(self.core()?.next_index())
    }

    #[getter]
    fn durable_index(&mut self) -> PyResult<u64> {
        Ok(self.core()?.durable())
    }

    #[getter]
    fn epoch(&mut self) -> PyResult<u64> {
        Ok(self.core()?.epoch())
    }

    #[getter]
    fn failure(&self) -> String {
        match &self.core {
            None => "the journal is closed".to_owned(),
            Some(core) => core.failure().map(|fault| fault.to_string()).unwrap_or_default(),
        }
    }
}

#[pyclass(module = "mm._core._rust", frozen)]
pub struct SnapshotSaving {
    saving: Arc<Saving>,
}

#[pymethods]
impl SnapshotSaving {
    fn outcome(&self) -> PyResult<Option<u64>> {
        self.saving.outcome().transpose().map_err(raised)
    }

    fn wait(&self, py: Python<'_>, timeout_ns: u64) -> PyResult<Option<u64>> {
        py.detach(|| self.saving.wait(Duration::from_nanos(timeout_ns))).transpose().map_err(raised)
    }
}

#[pyclass(module = "mm._core._rust")]
pub struct JournalReader {
    core: Reader,
    found: Survey,
    loaded: Loaded,
    has_moved: bool,
}

impl JournalReader {
    fn over(disk: Arc<dyn Disk>, found: Survey, loaded: Loaded, from_index: u64) -> Self {
        let has_moved = found.last().is_some_and(|last| last.place != disk.place());
        Self { core: Reader::new(disk, &found, from_index), found, loaded, has_moved }
    }
}

#[pymethods]
impl JournalReader {
    #[new]
    #[pyo3(signature = (folder, from_index = None))]
    fn new(py: Python<'_>, folder: &str, from_index: Option<u64>) -> PyResult<Self> {
        let opened = py.detach(|| {
            let disk: Arc<dyn Disk> = Arc::new(Folder::read_only(Path::new(folder))?);
            let loaded = snapshot::load(disk.as_ref())?;
            let from_index = match from_index {
                Some(index) => index,
                None => first_kept(disk.as_ref())?,
            };
            let found = survey(disk.as_ref(), from_index)?;
            Ok(Self::over(disk, found, loaded, from_index))
        });
        opened.map_err(raised)
    }

    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__<'py>(&mut self, py: Python<'py>) -> PyResult<Option<Row<'py>>> {
        let record = self.core.read().map_err(raised)?;
        Ok(record.map(|record| {
            (record.index, record.wall_ns, record.mono_ns, record.kind, PyBytes::new(py, record.payload))
        }))
    }

    fn snapshot<'py>(&self, py: Python<'py>) -> Option<Taken<'py>> {
        taken(py, &self.loaded)
    }

    fn segments(&self) -> Vec<(String, u64, u64, u64, u64, u32, String)> {
        let row = |segment: &mm_core::journal::survey::Segment| {
            let header = &segment.header;
            let build = header.build.clone();
            (
                segment.name.clone(),
                segment.start_index,
                segment.next_index,
                segment.end,
                header.epoch,
                header.form,
                build,
            )
        };
        self.found.segments.iter().map(row).collect()
    }

    #[getter]
    fn notices(&self) -> Vec<String> {
        notices(&self.found, &self.loaded, self.has_moved)
    }

    #[getter]
    fn first_index(&self) -> u64 {
        self.found.first_index
    }

    #[getter]
    fn next_index(&self) -> u64 {
        self.found.next_index
    }

    #[getter]
    fn durable_index(&self) -> u64 {
        self.found.durable
    }

    #[getter]
    fn epoch(&self) -> u64 {
        self.found.epoch
    }

    #[getter]
    fn is_closed(&self) -> bool {
        self.found.is_closed
    }
}

#[pyfunction]
pub fn journal_epoch(folder: &str) -> PyResult<u64> {
    let path = Path::new(folder);
    if !path.exists() {
        return Ok(0);
    }
    Folder::read_only(path).and_then(|disk| highest_epoch(&disk)).map_err(raised)
}

#[pyfunction]
pub fn journal_repair(py: Python<'_>, folder: &str, now_ns: i64) -> PyResult<Option<u64>> {
    let repaired = py.detach(|| {
        let disk = Folder::locked(Path::new(folder))?;
        let loaded = snapshot::load(&disk)?;
        recovery::repair(&disk, loaded.snapshot.map_or(0, |snapshot| snapshot.index), now_ns)
    });
    repaired.map_err(raised)
}
