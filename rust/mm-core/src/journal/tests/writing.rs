//! What goes in comes out: over segments, starts and snapshots.

use super::*;
use crate::journal::record::PAYLOAD_BYTES_MAX;
use crate::journal::snapshot;

#[test]
fn what_goes_in_comes_out_over_segments_and_starts() {
    let disk = ModelDisk::default();
    let mut expected = Vec::new();
    for epoch in 1..4 {
        let mut journal = open(&disk, epoch);
        assert_eq!(journal.found().is_closed, epoch > 1);
        expected.extend(append(&mut journal, 30));
        journal.close(7, 8).unwrap();
    }
    let (found, entries) = read(&disk).unwrap();
    assert_eq!(entries, expected);
    assert!(found.segments.len() > 6);
    assert!(found.is_closed);
    assert_eq!((found.torn, found.epoch), (None, 3));
    assert_eq!(found.durable, found.next_index - 1);
}

#[test]
fn a_killed_process_loses_nothing_and_is_told() {
    let disk = ModelDisk::default();
    let mut journal = open(&disk, 1);
    let mut expected = append(&mut journal, 30);
    drop(journal);
    let mut journal = open(&disk, 2);
    assert!(!journal.found().is_closed);
    assert_eq!(journal.found().torn, None);
    expected.extend(append(&mut journal, 3));
    assert_eq!(read(&disk).unwrap().1, expected);
}

#[test]
fn the_room_of_a_killed_writer_is_given_back() {
    let disk = ModelDisk::default();
    for epoch in 1..4 {
        drop(open(&disk, epoch));
    }
    let sizes: Vec<usize> = disk.files().iter().map(|name| disk.read(name, u64::MAX).unwrap().len()).collect();
    assert_eq!(sizes, [128, 128, 1000]);
}

#[test]
fn an_epoch_has_to_rise() {
    let disk = ModelDisk::default();
    drop(open(&disk, 5));
    for epoch in [0, 4, 5] {
        let refused = Journal::open(Arc::new(disk.clone()), settings(epoch)).err().unwrap();
        assert!(refused.to_string().contains("above 5"), "{refused}");
    }
    assert_eq!(open(&disk, 6).epoch(), 6);
}

#[test]
fn what_cannot_be_kept_is_refused_and_harms_nothing() {
    let disk = ModelDisk::default();
    let mut journal = open(&disk, 1);
    let long = vec![0; PAYLOAD_BYTES_MAX + 1];
    assert!(matches!(journal.append(1, &long, 0, 0), Err(JournalError::Refused { field: "payload", .. })));
    assert!(matches!(journal.append(0, b"", 0, 0), Err(JournalError::Refused { field: "kind", .. })));
    assert_eq!(journal.failure(), None);
    let expected = append(&mut journal, 1);
    journal.append(1, &long[..PAYLOAD_BYTES_MAX], 0, 0).unwrap();
    assert_eq!(read(&disk).unwrap().1[..1], expected);
}

#[test]
fn a_policy_says_when_the_disk_has_it() {
    for (policy, appended, committed) in [(Policy::Os, 0, 0), (Policy::Group, 0, 4), (Policy::Always, 4, 4)] {
        let disk = ModelDisk::default();
        let mut journal = Journal::open(Arc::new(disk), Settings { policy, ..settings(1) }).unwrap();
        append(&mut journal, 4);
        assert_eq!(journal.durable(), appended, "{policy:?}");
        journal.commit().unwrap();
        assert_eq!(journal.durable(), committed, "{policy:?}");
        journal.sync().unwrap();
        assert_eq!(journal.durable(), 4, "{policy:?}");
    }
}

#[test]
fn the_thread_syncs_by_itself() {
    let disk = ModelDisk::default();
    let gather = Duration::from_millis(1);
    let mut journal = Journal::open(Arc::new(disk), Settings { gather, ..settings(1) }).unwrap();
    for round in 1..20 {
        append(&mut journal, 3);
        while journal.durable() < 3 * round {
            std::thread::yield_now();
        }
    }
}

#[test]
fn nothing_is_taken_after_the_end() {
    let mut journal = open(&ModelDisk::default(), 1);
    journal.close(0, 0).unwrap();
    journal.close(0, 0).unwrap();
    assert!(matches!(journal.append(1, b"", 0, 0), Err(JournalError::Failed { .. })));
    assert!(matches!(journal.sync(), Err(JournalError::Failed { .. })));
}

#[test]
fn a_folder_in_another_place_is_noticed() {
    let disk = ModelDisk::default().at(1);
    assert!(!open(&disk, 1).has_moved());
    assert!(!open(&disk, 2).has_moved());
    assert!(open(&disk.at(2), 3).has_moved());
    assert!(!open(&disk.at(2), 4).has_moved());
}

fn snap(journal: &mut Journal) -> u64 {
    let index = journal.next_index();
    journal.snapshot_work(format!("state at {index}").into_bytes(), index, 2).unwrap().run().unwrap()
}

#[test]
fn two_snapshots_are_kept_and_the_journal_from_the_older_one_on() {
    let disk = ModelDisk::default();
    let mut journal = open(&disk, 1);
    let mut expected = Vec::new();
    let mut taken = Vec::new();
    for _ in 0..5 {
        expected.extend(append(&mut journal, 50));
        taken.push(snap(&mut journal));
    }
    expected.extend(append(&mut journal, 3));
    let kept: Vec<u64> = snapshot::list(&disk).unwrap().into_iter().map(|(index, _)| index).collect();
    assert_eq!(kept, taken[3..]);
    for index in kept {
        assert_eq!(read_from(&disk, index).unwrap().1, expected[index as usize..]);
    }
    assert!(matches!(read(&disk), Err(JournalError::Missing { wanted: 0, .. })));
    let loaded = snapshot::load(&disk).unwrap();
    assert_eq!(loaded.damaged, []);
    assert_eq!(loaded.snapshot.unwrap().state, b"state at 250");
}

#[test]
fn every_damage_of_a_snapshot_falls_back_to_the_one_before() {
    let disk = ModelDisk::default();
    let mut journal = open(&disk, 1);
    append(&mut journal, 5);
    let older = snap(&mut journal);
    append(&mut journal, 5);
    snap(&mut journal);
    let name = snapshot::list(&disk).unwrap().pop().unwrap().1;
    let size = disk.read(&name, u64::MAX).unwrap().len();
    for at in 0..size {
        for edit in 0..9 {
            let damaged = disk.copy();
            damaged.edit(&name, |bytes| if edit == 8 { bytes.truncate(at) } else { bytes[at] ^= 1 << edit });
            let loaded = snapshot::load(&damaged).unwrap();
            assert_eq!(loaded.snapshot.unwrap().index, older, "{at} {edit}");
            assert_eq!(loaded.damaged.len(), 1);
        }
    }
}

#[test]
fn a_snapshot_beyond_the_journal_is_told() {
    let disk = ModelDisk::default();
    append(&mut open(&disk, 1), 5);
    assert!(matches!(read_from(&disk, 9), Err(JournalError::Missing { wanted: 9, first: 0, next: 5 })));
}
