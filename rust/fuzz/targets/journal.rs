//! A journal whose files were changed in any way gives the beginning of what was written, or an error by name.
#![no_main]

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use mm_core::journal::disk::{Disk, DiskFile};
use mm_core::journal::reader::Reader;
use mm_core::journal::survey::look;
use mm_core::journal::{Journal, Policy, Settings, recovery, snapshot};

type Files = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

#[derive(Clone, Default)]
struct Memory(Files);

struct Open(Files, String);

impl Open {
    fn with(&self, act: impl FnOnce(&mut Vec<u8>)) {
        if let Some(bytes) = self.0.lock().expect("one thread").get_mut(&self.1) {
            act(bytes);
        }
    }
}

impl DiskFile for Open {
    fn reserve(&self, _: u64) -> io::Result<()> {
        Ok(())
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<usize> {
        self.with(|bytes| {
            let end = offset as usize + data.len();
            bytes.resize(bytes.len().max(end), 0);
            bytes[offset as usize..end].copy_from_slice(data);
        });
        Ok(data.len())
    }
    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
    fn truncate(&self, size: u64) -> io::Result<()> {
        self.with(|bytes| bytes.resize(size as usize, 0));
        Ok(())
    }
}

impl Disk for Memory {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.0.lock().expect("one thread").keys().cloned().collect())
    }
    fn read(&self, name: &str, limit: u64) -> io::Result<Vec<u8>> {
        let files = self.0.lock().expect("one thread");
        let bytes = files.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(bytes[..bytes.len().min(usize::try_from(limit).unwrap_or(usize::MAX))].to_vec())
    }
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let mut files = self.0.lock().expect("one thread");
        if files.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        files.insert(name.to_owned(), Vec::new());
        Ok(Arc::new(Open(Arc::clone(&self.0), name.to_owned())))
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut files = self.0.lock().expect("one thread");
        let bytes = files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        files.insert(to.to_owned(), bytes);
        Ok(())
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.0.lock().expect("one thread").remove(name).map(|_| ()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
    fn sync_names(&self) -> io::Result<()> {
        Ok(())
    }
    fn place(&self) -> u64 {
        1
    }
}

fn settings(epoch: u64) -> Settings {
    Settings {
        // Without a thread: nothing but the input decides.
        policy: Policy::Always,
        epoch,
        form: 1,
        build: "fuzz".to_owned(),
        segment_bytes: 600,
        gather: Duration::ZERO,
        from_index: 0,
        now_ns: epoch as i64,
    }
}

fuzz_target!(|data: &[u8]| {
    let (writes, changes) = data.split_at(data.len() / 2);
    let disk = Memory::default();
    let mut written = Vec::new();
    for (epoch, part) in writes.chunks(24).enumerate().take(4) {
        let mut journal = Journal::open(Arc::new(disk.clone()), settings(epoch as u64 + 1)).expect("a sound folder");
        for payload in part.chunks(8) {
            journal.append(u32::from(payload[0]) + 1, payload, 5, -5).expect("room");
            written.push(payload.to_vec());
        }
        if part.len() % 2 == 0 {
            journal.close(6, 6).expect("room");
            // Its own word takes an index too.
            written.push(Vec::new());
        }
    }
    for change in changes.chunks_exact(4) {
        let mut files = disk.0.lock().expect("one thread");
        let names: Vec<String> = files.keys().cloned().collect();
        let Some(name) = names.get(usize::from(change[0] >> 3) % names.len().max(1)) else { break };
        let other = names[usize::from(change[3]) % names.len()].clone();
        let bytes = files.get_mut(name).expect("listed");
        let at = (usize::from(change[1]) << 3 | usize::from(change[0] & 7)) % bytes.len().max(1);
        match change[2] % 7 {
            _ if bytes.is_empty() => {}
            0 => bytes[at] ^= change[3].max(1),
            1 => bytes.truncate(at),
            2 => bytes.insert(at, change[3]),
            3 => bytes[at..].fill(0),
            4 => bytes.extend_from_slice(&change[..3]),
            5 => {
                let copy = bytes.clone();
                files.insert(other, copy);
            }
            _ => drop(files.remove(name)),
        }
    }
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    drop(snapshot::load(shared.as_ref()));
    let Ok(found) = look(shared.as_ref(), 0) else { return };
    let mut reader = Reader::new(Arc::clone(&shared), &found, 0);
    let mut index = found.first_index;
    while let Ok(Some(record)) = reader.read() {
        let sound = written.get(record.index as usize).filter(|payload| !payload.is_empty());
        assert_eq!(sound.map(Vec::as_slice), Some(record.payload), "record {} was never written so", record.index);
        assert!(record.index >= index, "backwards");
        index = record.index + 1;
    }
    if recovery::repair(shared.as_ref(), 0, 99).is_ok() {
        // Whole again: a writer goes on, above every epoch.
        let mut journal = Journal::open(Arc::clone(&shared), settings(1 << 40)).expect("repaired");
        journal.append(1, b"on", 7, 7).expect("room");
    }
});
