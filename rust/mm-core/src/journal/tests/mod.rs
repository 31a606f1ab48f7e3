//! The journal on a disk that can be made to fail at every step.

mod damage;
mod failing;
mod hostile;
mod model;
mod power;
mod real;
mod reopening;
mod saving;
mod writing;

use std::sync::Arc;
use std::time::Duration;

use super::disk::Disk;
use super::reader::Reader;
use super::survey::{Survey, survey};
use super::{Journal, JournalError, Policy, Settings};
use model::ModelDisk;

/// (index, kind, payload)
type Entry = (u64, u32, Vec<u8>);

/// Nothing is synced but by request, so that a test knows what was.
fn settings(epoch: u64) -> Settings {
    Settings {
        policy: Policy::Os,
        epoch,
        form: 3,
        build: "test".to_owned(),
        segment_bytes: 1000,
        gather: Duration::from_secs(3600),
        from_index: 0,
        now_ns: epoch as i64,
    }
}

fn open(disk: &ModelDisk, epoch: u64) -> Journal {
    Journal::open(Arc::new(disk.clone()), settings(epoch)).unwrap()
}

fn append(journal: &mut Journal, count: u64) -> Vec<Entry> {
    (0..count)
        .map(|_| {
            let payload = payload(journal.next_index());
            let index = journal.append(2, &payload, 5, 6).unwrap();
            (index, 2, payload)
        })
        .collect()
}

fn payload(index: u64) -> Vec<u8> {
    format!("record {index} {}", "x".repeat((index % 7 * 9) as usize)).into_bytes()
}

fn read_from(disk: &ModelDisk, from: u64) -> Result<(Survey, Vec<Entry>), JournalError> {
    let found = survey(disk, from)?;
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let mut reader = Reader::new(shared, &found, from);
    let mut entries = Vec::new();
    while let Some(record) = reader.read()? {
        entries.push((record.index, record.kind, record.payload.to_vec()));
    }
    Ok((found, entries))
}

fn read(disk: &ModelDisk) -> Result<(Survey, Vec<Entry>), JournalError> {
    read_from(disk, 0)
}
