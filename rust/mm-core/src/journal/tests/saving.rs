//! A snapshot beside a writer that goes on: whatever comes between its steps, and whichever of them is the last one.

use std::io;
use std::sync::{Condvar, Mutex};

use super::model::{Chance, Fault};
use super::*;
use crate::journal::disk::{Disk, DiskFile};
use crate::journal::snapshot;

/// A disk on which others write, or hang, before each step.
#[derive(Clone)]
struct Beside {
    disk: ModelDisk,
    before: Arc<dyn Fn() + Send + Sync>,
}

struct BesideFile {
    file: Arc<dyn DiskFile>,
    before: Arc<dyn Fn() + Send + Sync>,
}

impl DiskFile for BesideFile {
    fn reserve(&self, size: u64) -> io::Result<()> {
        (self.before)();
        self.file.reserve(size)
    }
    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        (self.before)();
        self.file.write(offset, bytes)
    }
    fn sync(&self) -> io::Result<()> {
        (self.before)();
        self.file.sync()
    }
    fn truncate(&self, size: u64) -> io::Result<()> {
        (self.before)();
        self.file.truncate(size)
    }
}

impl Disk for Beside {
    fn list(&self) -> io::Result<Vec<String>> {
        (self.before)();
        self.disk.list()
    }
    fn read(&self, name: &str, limit: u64) -> io::Result<Vec<u8>> {
        (self.before)();
        self.disk.read(name, limit)
    }
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        (self.before)();
        Ok(Arc::new(BesideFile { file: self.disk.create(name)?, before: Arc::clone(&self.before) }))
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        (self.before)();
        self.disk.rename(from, to)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        (self.before)();
        self.disk.remove(name)
    }
    fn sync_names(&self) -> io::Result<()> {
        (self.before)();
        self.disk.sync_names()
    }
    fn place(&self) -> u64 {
        self.disk.place()
    }
}

/// Snapshots with four records between any two of their steps, over many segments; returns what was appended, what the
/// disk was said to have, and whether all went well.
fn script(disk: &ModelDisk) -> (Vec<Entry>, u64, bool) {
    let Ok(journal) = Journal::open(Arc::new(disk.clone()), settings(1)) else { return (Vec::new(), 0, false) };
    let shared = Arc::new(Mutex::new((journal, Vec::new())));
    let append = {
        let shared = Arc::clone(&shared);
        move || {
            let (journal, entries) = &mut *shared.lock().unwrap();
            for _ in 0..4 {
                let payload = payload(journal.next_index());
                if let Ok(index) = journal.append(2, &payload, 0, 0) {
                    entries.push((index, 2, payload));
                }
            }
        }
    };
    let mut is_well = true;
    for _ in 0..3 {
        append();
        let work = {
            let (journal, _) = &*shared.lock().unwrap();
            let index = journal.next_index();
            journal.snapshot_work(format!("state at {index}").into_bytes(), index, 2)
        };
        let Ok(mut work) = work else {
            is_well = false;
            break;
        };
        work.disk = Arc::new(Beside { disk: disk.clone(), before: Arc::new(append.clone()) });
        is_well &= work.run().is_ok();
    }
    let (journal, entries) = &*shared.lock().unwrap();
    (entries.clone(), journal.durable(), is_well && journal.failure().is_none())
}

/// What a start finds: the state of a beginning, and the records from there on.
fn judge(disk: &ModelDisk, entries: &[Entry], durable: u64, case: &str) {
    let loaded = snapshot::load(disk).unwrap();
    assert_eq!(loaded.damaged, [], "{case}: a snapshot is whole or not there");
    let from = loaded.snapshot.as_ref().map_or(0, |taken| taken.index);
    if let Some(taken) = loaded.snapshot {
        assert_eq!(taken.state, format!("state at {from}").as_bytes(), "{case}");
    }
    let (found, kept) = read_from(disk, from).unwrap();
    assert!(found.next_index >= durable, "{case}: {} of {durable}", found.next_index);
    assert_eq!(kept, entries[from as usize..found.next_index as usize], "{case}");
    let journal = Journal::open(Arc::new(disk.clone()), Settings { from_index: from, ..settings(9) }).unwrap();
    assert_eq!(journal.next_index(), found.next_index, "{case}");
}

#[test]
fn records_that_come_between_its_steps_are_kept_and_any_step_may_be_the_last_one() {
    let whole = ModelDisk::default();
    let (entries, durable, is_well) = script(&whole);
    assert!(is_well && entries.len() > 100, "{}", entries.len());
    assert_eq!(snapshot::list(&whole).unwrap().len(), snapshot::KEPT);
    judge(&whole.copy(), &entries, durable, "whole");
    for step in 1..=whole.operations() {
        for fault in [Fault::PowerLoss, Fault::NoSpace] {
            let disk = ModelDisk::default();
            disk.fault_at(step, fault);
            let (entries, durable, _) = script(&disk);
            let case = format!("{fault:?} at {step}");
            if fault == Fault::NoSpace {
                // A killed process: the kernel has all that was taken.
                judge(&disk.copy(), &entries, durable, &case);
            }
            // What the kernel took last may be there although nobody was told.
            let mut entries = entries;
            let next = entries.len() as u64;
            entries.push((next, 2, payload(next)));
            for seed in 0..2 {
                judge(&disk.after_power_loss(&mut Chance(step * 10 + seed)), &entries, durable, &case);
            }
        }
    }
}

/// A disk that hangs in each step while the gate is shut.
fn hanging(disk: &ModelDisk) -> (Beside, impl Fn(bool) + use<>) {
    let gate = Arc::new((Mutex::new(true), Condvar::new()));
    let hang = Arc::clone(&gate);
    let before = move || drop(hang.1.wait_while(hang.0.lock().unwrap(), |is_open| !*is_open).unwrap());
    let turn = move |is_open| {
        *gate.0.lock().unwrap() = is_open;
        gate.1.notify_all();
    };
    (Beside { disk: disk.clone(), before: Arc::new(before) }, turn)
}

/// Records that the kernel takes, whatever the disk does.
fn on_hanging(disk: &ModelDisk, policy: Policy) -> (Journal, impl Fn(bool) + use<>) {
    let (beside, turn) = hanging(disk);
    // Writes go through: a kernel takes them while its disk hangs.
    struct Syncs(Beside);
    struct SyncsFile(Arc<dyn DiskFile>, Beside);
    impl DiskFile for SyncsFile {
        fn reserve(&self, size: u64) -> io::Result<()> {
            self.0.reserve(size)
        }
        fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
            self.0.write(offset, bytes)
        }
        fn sync(&self) -> io::Result<()> {
            (self.1.before)();
            self.0.sync()
        }
        fn truncate(&self, size: u64) -> io::Result<()> {
            self.0.truncate(size)
        }
    }
    impl Disk for Syncs {
        fn list(&self) -> io::Result<Vec<String>> {
            self.0.disk.list()
        }
        fn read(&self, name: &str, limit: u64) -> io::Result<Vec<u8>> {
            self.0.disk.read(name, limit)
        }
        fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
            Ok(Arc::new(SyncsFile(self.0.disk.create(name)?, self.0.clone())))
        }
        fn rename(&self, from: &str, to: &str) -> io::Result<()> {
            self.0.disk.rename(from, to)
        }
        fn remove(&self, name: &str) -> io::Result<()> {
            self.0.disk.remove(name)
        }
        fn sync_names(&self) -> io::Result<()> {
            self.0.sync_names()
        }
        fn place(&self) -> u64 {
            self.0.disk.place()
        }
    }
    let journal = Journal::open(Arc::new(Syncs(beside)), Settings { policy, ..settings(1) }).unwrap();
    (journal, turn)
}

#[test]
fn a_close_on_a_disk_that_hangs_ends_in_time_and_the_next_start_has_what_the_kernel_has() {
    let disk = ModelDisk::default();
    let (mut journal, turn) = on_hanging(&disk, Policy::Os);
    journal.sync().unwrap();
    turn(false);
    let expected = append(&mut journal, 5);
    let began = std::time::Instant::now();
    let refused = journal.close_within(7, 8, Duration::from_millis(50)).unwrap_err().to_string();
    assert!(began.elapsed() < Duration::from_secs(10));
    assert!(refused.contains("within 0.05 s: 5 records from 0 on are with the kernel alone"), "{refused}");
    let image = disk.copy();
    assert_eq!(read(&image).unwrap().1, expected);
    assert!(!open(&image, 2).found().is_closed);
    turn(true);
}

#[test]
fn a_commit_waits_no_longer_than_it_may_and_not_again_before_the_disk_has_caught_up() {
    let disk = ModelDisk::default();
    let (mut journal, turn) = on_hanging(&disk, Policy::Group);
    append(&mut journal, 1);
    assert_eq!(journal.commit_within(Duration::from_secs(20)), Ok(true));
    turn(false);
    append(&mut journal, 1);
    assert_eq!(journal.commit_within(Duration::from_millis(1)), Ok(false));
    let began = std::time::Instant::now();
    for _ in 0..3 {
        append(&mut journal, 1);
        assert_eq!(journal.commit_within(Duration::from_secs(60)), Ok(false));
    }
    assert!(began.elapsed() < Duration::from_secs(30), "it waited for a disk that it knew to be behind");
    turn(true);
    let patience = Duration::from_secs(20);
    while !journal.commit_within(patience).unwrap() {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(journal.durable(), 5);
    append(&mut journal, 1);
    assert_eq!(journal.commit_within(patience), Ok(true), "it is waited for again");
}

#[test]
fn what_a_process_left_unfinished_is_taken_away_by_the_next_one() {
    let disk = ModelDisk::default();
    let mut journal = open(&disk, 1);
    append(&mut journal, 30);
    journal.begin_snapshot(b"state".to_vec(), 1, 2).unwrap().wait(Duration::from_secs(20)).unwrap().unwrap();
    drop(journal);
    let others = ["snapshot-1.mms.new", "notes.new", "cut-1.bin"];
    for name in ["snapshot-00000000000000000007.mms.new", "0000000001.mmj.new"].iter().chain(&others) {
        drop(disk.create(name).unwrap());
    }
    drop(Journal::open(Arc::new(disk.clone()), Settings { from_index: 30, ..settings(2) }).unwrap());
    let fresh: Vec<String> = disk.files().into_iter().filter(|name| name.ends_with(".new")).collect();
    assert_eq!(fresh, ["notes.new", "snapshot-1.mms.new"], "and nothing else");
}

#[test]
fn a_disk_that_hangs_in_it_holds_no_append_up_and_there_is_one_at_a_time() {
    let disk = ModelDisk::default();
    let gate = Arc::new((Mutex::new(false), Condvar::new()));
    let hang = Arc::clone(&gate);
    let before = move || drop(hang.1.wait_while(hang.0.lock().unwrap(), |is_open| !*is_open).unwrap());
    let mut journal = open(&disk, 1);
    let mut expected = append(&mut journal, 5);
    let mut work = journal.snapshot_work(b"state".to_vec(), 1, 2).unwrap();
    work.disk = Arc::new(Beside { disk: disk.clone(), before: Arc::new(before) });
    let saving = journal.begin(work).unwrap();
    expected.extend(append(&mut journal, 60));
    journal.sync().unwrap();
    assert_eq!(saving.wait(Duration::from_millis(1)), None);
    let refused = journal.begin_snapshot(Vec::new(), 0, 0).err().unwrap();
    assert!(refused.to_string().contains("under way"), "{refused}");
    *gate.0.lock().unwrap() = true;
    gate.1.notify_all();
    assert_eq!(saving.wait(Duration::from_secs(20)), Some(Ok(5)));
    assert_eq!(snapshot::load(&disk).unwrap().snapshot.unwrap().index, 5);
    assert_eq!(read(&disk).unwrap().1, expected);
    assert_eq!(journal.begin_snapshot(Vec::new(), 0, 0).unwrap().wait(Duration::from_secs(20)), Some(Ok(65)));
}

#[test]
fn a_journal_is_not_opened_again_beside_a_snapshot_that_writes_the_same_names() {
    let disk = ModelDisk::default();
    let gate = Arc::new((Mutex::new(false), Condvar::new()));
    let (hang, (told, heard)) = (Arc::clone(&gate), std::sync::mpsc::channel());
    let before = move || {
        let _ = told.send(());
        drop(hang.1.wait_while(hang.0.lock().unwrap(), |is_open| !*is_open).unwrap());
    };
    let mut journal = open(&disk, 1);
    append(&mut journal, 5);
    journal.sync().unwrap();
    let mut work = journal.snapshot_work(b"older".to_vec(), 1, 2).unwrap();
    work.disk = Arc::new(Beside { disk: disk.clone(), before: Arc::new(before) });
    let saving = journal.begin(work).unwrap();
    heard.recv().unwrap();
    journal.fail("for the test".to_owned());
    let refused = journal.begin_anew(b"newer".to_vec(), 1, 3).unwrap_err();
    assert!(refused.to_string().contains("snapshot under way"), "{refused}");
    *gate.0.lock().unwrap() = true;
    gate.1.notify_all();
    assert_eq!(saving.wait(Duration::from_secs(20)), Some(Ok(5)));
    journal.begin_anew(b"newer".to_vec(), 1, 3).unwrap();
    while !journal.go_on().unwrap() {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(snapshot::load(&disk).unwrap().snapshot.unwrap().state, b"newer");
}
