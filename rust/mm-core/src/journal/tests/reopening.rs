//! A journal that failed and is opened again: wherever it failed, and whichever step of that is the last one.

use super::model::{Chance, Fault};
use super::*;
use crate::journal::snapshot;

fn gone_on(journal: &mut Journal) -> Result<bool, JournalError> {
    for _ in 0..20_000 {
        match journal.go_on() {
            Ok(false) => std::thread::sleep(Duration::from_millis(1)),
            ended => return ended,
        }
    }
    panic!("it never ends");
}

/// Appends until it fails, opens it again, appends more; returns the index of the state, and what followed it.
fn script(disk: &ModelDisk) -> Option<(u64, Vec<Entry>, u64)> {
    let mut journal = Journal::open(Arc::new(disk.clone()), settings(1)).ok()?;
    for _ in 0..40 {
        let payload = payload(journal.next_index());
        if journal.append(2, &payload, 0, 0).is_err() || journal.sync().is_err() {
            break;
        }
    }
    journal.failure()?;
    let index = journal.next_index();
    let state = format!("state at {index}").into_bytes();
    journal.begin_anew(state, index, 2).unwrap();
    if !matches!(gone_on(&mut journal), Ok(true)) {
        assert!(journal.failure().is_some(), "a try that failed leaves it as it was");
        return None;
    }
    let mut entries = Vec::new();
    for _ in 0..40 {
        let payload = payload(journal.next_index());
        let Ok(index) = journal.append(2, &payload, 0, 0) else { break };
        entries.push((index, 2, payload));
    }
    let _ = journal.sync();
    Some((index, entries, journal.durable()))
}

fn judge(disk: &ModelDisk, index: u64, entries: &[Entry], durable: u64, case: &str) {
    let loaded = snapshot::load(disk).unwrap();
    let taken = loaded.snapshot.expect(case);
    assert_eq!((taken.index, &taken.state), (index, &format!("state at {index}").into_bytes()), "{case}");
    let (found, kept) = read_from(disk, index).unwrap();
    assert!(found.next_index >= durable, "{case}: {} of {durable}", found.next_index);
    assert_eq!(kept, entries[..(found.next_index - index) as usize], "{case}");
    let journal = Journal::open(Arc::new(disk.clone()), Settings { from_index: index, ..settings(9) }).unwrap();
    assert_eq!(journal.next_index(), found.next_index, "{case}");
}

#[test]
fn wherever_it_failed_it_goes_on_from_a_snapshot_and_a_start_needs_nothing_before_it() {
    let mut reopened = 0;
    for step in 1..200 {
        for fault in [Fault::NoSpace, Fault::SyncLoses] {
            let disk = ModelDisk::default();
            disk.fault_at(step, fault);
            let Some((index, entries, durable)) = script(&disk) else { continue };
            reopened += 1;
            assert_eq!(entries.len(), 40);
            judge(&disk.copy(), index, &entries, durable, &format!("{fault:?} at {step}"));
            for seed in 0..3 {
                let after = disk.after_power_loss(&mut Chance(step * 10 + seed));
                judge(&after, index, &entries, durable, &format!("{fault:?} at {step}, power lost, {seed}"));
            }
        }
    }
    assert!(reopened > 80, "{reopened}");
}

#[test]
fn a_disk_that_is_still_full_leaves_it_as_it_was_and_a_sound_journal_is_not_opened_again() {
    let disk = ModelDisk::default();
    let mut journal = open(&disk, 1);
    let refused = journal.begin_anew(Vec::new(), 0, 0).unwrap_err();
    assert!(refused.to_string().contains("a journal that has failed"), "{refused}");
    let expected = append(&mut journal, 3);
    disk.fault_at(disk.operations() + 1, Fault::StaysFull);
    assert!(journal.append(2, b"more", 0, 0).is_err());
    for _ in 0..3 {
        journal.begin_anew(b"state".to_vec(), 1, 2).unwrap();
        assert!(gone_on(&mut journal).is_err());
    }
    assert_eq!(read(&disk.copy()).unwrap().1, expected);
}

#[test]
fn power_that_goes_in_any_step_of_it_leaves_what_a_killed_process_would_have_left_or_the_new_beginning() {
    for step in 0..12 {
        let disk = ModelDisk::default();
        let mut journal = open(&disk, 1);
        let expected = append(&mut journal, 3);
        journal.sync().unwrap();
        journal.fail("for the test".to_owned());
        disk.fault_at(disk.operations() + step, Fault::PowerLoss);
        journal.begin_anew(b"state at 3".to_vec(), 3, 2).unwrap();
        let _ = gone_on(&mut journal);
        drop(journal);
        for seed in 0..4 {
            let after = disk.after_power_loss(&mut Chance(step * 10 + seed));
            let from = snapshot::load(&after).unwrap().snapshot.map_or(0, |taken| taken.index);
            let (found, kept) = read_from(&after, from).unwrap();
            assert_eq!((found.next_index, kept), (3, expected[from as usize..].to_vec()), "{step} {seed}");
            drop(Journal::open(Arc::new(after), Settings { from_index: from, ..settings(9) }).unwrap());
        }
    }
}
