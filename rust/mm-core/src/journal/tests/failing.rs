//! A disk that fails at its n-th step, for every n: an error, no promise after it, and a sound beginning for the next start.

use super::model::{Chance, Fault};
use super::*;

/// A script that touches everything; returns what was acknowledged and how far the disk was said to have it.
fn script(disk: &ModelDisk, policy: Policy) -> (Vec<Entry>, u64, Option<JournalError>) {
    let mut journal = match Journal::open(Arc::new(disk.clone()), Settings { policy, ..settings(7) }) {
        Ok(journal) => journal,
        Err(error) => return (Vec::new(), 0, Some(error)),
    };
    let mut acknowledged = Vec::new();
    for round in 0..30 {
        let payload = payload(journal.next_index());
        match journal.append(2, &payload, 0, 0) {
            Ok(index) => acknowledged.push((index, 2, payload)),
            Err(error) => {
                let durable = journal.durable();
                // The first reason is the one that is told, and nothing is promised any more.
                assert_eq!(journal.append(2, b"again", 0, 0), Err(error.clone()));
                assert_eq!(journal.sync(), Err(error.clone()));
                assert_eq!(journal.commit(), Err(error.clone()));
                assert_eq!(journal.durable(), durable);
                return (acknowledged, durable, Some(error));
            }
        }
        if round % 7 == 6 && journal.sync().is_err() {
            return (acknowledged, journal.durable(), journal.failure());
        }
    }
    let error = journal.close(0, 0).err();
    (acknowledged, journal.durable(), error)
}

#[test]
fn every_failing_step_ends_in_an_error_and_loses_nothing_that_was_promised() {
    for policy in [Policy::Os, Policy::Always] {
        let whole = ModelDisk::default();
        assert_eq!(script(&whole, policy).2, None);
        let steps = whole.operations();
        assert!(steps > 50, "{steps}");
        for fault in [Fault::NoSpace, Fault::StaysFull, Fault::SyncLoses] {
            let mut errors = 0;
            for step in 1..=steps {
                let disk = ModelDisk::default();
                disk.fault_at(step, fault);
                let (acknowledged, durable, error) = script(&disk, policy);
                errors += u64::from(error.is_some());
                let case = format!("{policy:?} {fault:?} at {step}: {error:?}");
                // A killed process: the kernel has all that was acknowledged.
                let killed = disk.copy();
                let (found, entries) = read(&killed).unwrap();
                assert!(fault != Fault::NoSpace || found.torn.is_none(), "{case}: half a record is cut off at once");
                // A record that was refused for its sync alone may be there; one that was not written whole never is.
                assert!(entries.len() <= acknowledged.len() + 1, "{case}");
                assert_eq!(entries[..acknowledged.len()], acknowledged, "{case}");
                // And if the power goes, the next start has what the disk was said to have; here and after one more start,
                // for the kernel may go on to show what the disk does not have.
                for seed in 0..4 {
                    let mut chance = Chance(step * 10 + seed);
                    let image = disk.after_power_loss(&mut chance);
                    let kept = read(&image).unwrap().1.len() as u64;
                    assert!(kept >= durable.min(acknowledged.len() as u64), "{case}: {kept} of {durable}");
                    let restarted = disk.copy();
                    let journal = open(&restarted, 8);
                    let known = journal.next_index();
                    let image = restarted.after_power_loss(&mut chance);
                    assert!(read(&image).unwrap().0.next_index >= known, "{case}");
                }
            }
            assert!(errors > 0, "{policy:?} {fault:?}");
        }
    }
}

#[test]
fn a_start_on_a_full_disk_is_an_error_and_leaves_what_was_there() {
    let disk = ModelDisk::default();
    let written = append(&mut open(&disk, 1), 5);
    for step in 1..40 {
        let full = disk.copy();
        full.fault_at(step, Fault::StaysFull);
        if let Ok(journal) = Journal::open(Arc::new(full.clone()), settings(2)) {
            drop(journal);
            assert!(step > 5);
            return;
        }
        assert_eq!(read(&full).unwrap().1, written, "{step}");
    }
    panic!("the start never came to its end");
}
