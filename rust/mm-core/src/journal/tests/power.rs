//! Power that goes at any step, over several starts, snapshots included: what comes back is a beginning of what was written
//! that holds everything the disk was said to have.

use super::model::{Chance, Fault};
use super::*;
use crate::journal::snapshot;
use crate::state_hash::fold;

/// Stands for the bot: the records it was told, and the state they make.
#[derive(Default)]
struct Truth {
    payloads: Vec<Vec<u8>>,
    /// The disk was said to have those below it.
    durable: u64,
    epoch: u64,
    /// The highest one that a journal was opened with.
    used: u64,
}

fn state_of(payloads: &[Vec<u8>]) -> u64 {
    payloads.iter().flatten().fold(0, |state, byte| fold(state, i64::from(*byte)))
}

/// One start until the power goes, or until it closes.
fn run(disk: &ModelDisk, truth: &mut Truth, chance: &mut Chance) -> Result<(), JournalError> {
    let loaded = snapshot::load(disk)?;
    assert_eq!(loaded.damaged, [], "a snapshot is whole or not there");
    let (from_index, base) = loaded.snapshot.map_or((0, 0), |taken| (taken.index, taken.state_hash));
    let policy = [Policy::Os, Policy::Group, Policy::Always][chance.draw(3) as usize];
    let segment_bytes = 300 + chance.draw(3000);
    truth.epoch += 1;
    let settings = Settings { policy, segment_bytes, from_index, ..settings(truth.epoch) };
    let mut journal = Journal::open(Arc::new(disk.clone()), settings)?;
    assert!(journal.found().epoch >= truth.used, "an epoch that was used is forgotten");
    truth.used = truth.epoch;
    let kept = journal.next_index();
    assert!(kept >= truth.durable, "{kept} of {}", truth.durable);
    assert!(kept as usize <= truth.payloads.len(), "{kept}");
    truth.payloads.truncate(kept as usize);
    // Recovery: the snapshot, and the records behind it.
    let mut reader = Reader::new(Arc::new(disk.clone()), journal.found(), from_index);
    let mut state = base;
    let mut index = from_index;
    while let Some(record) = reader.read()? {
        while index < record.index {
            assert_eq!(truth.payloads[index as usize], b"closed");
            index += 1;
        }
        assert_eq!(record.payload, truth.payloads[index as usize]);
        state = record.payload.iter().fold(state, |state, byte| fold(state, i64::from(*byte)));
        index += 1;
    }
    let is_theirs = |payload: &&Vec<u8>| payload.as_slice() != b"closed";
    let told: Vec<Vec<u8>> = truth.payloads.iter().filter(is_theirs).cloned().collect();
    assert_eq!(state, state_of(&told));
    truth.durable = kept;
    for _ in 0..chance.draw(60) {
        let length = chance.draw(150) + chance.draw(2) * chance.draw(1500);
        let payload = chance.bytes(length);
        truth.payloads.push(payload.clone());
        journal.append(1, &payload, 0, 0)?;
        let done = match chance.draw(12) {
            0 => journal.sync(),
            1 => journal.commit(),
            2 => snap(&mut journal, &truth.payloads),
            _ => Ok(()),
        };
        truth.durable = truth.durable.max(journal.durable());
        done?;
    }
    if chance.draw(3) == 0 {
        truth.payloads.push(b"closed".to_vec());
        journal.close(0, 0)?;
        truth.durable = journal.durable();
    }
    Ok(())
}

fn snap(journal: &mut Journal, payloads: &[Vec<u8>]) -> Result<(), JournalError> {
    let told: Vec<Vec<u8>> = payloads.iter().filter(|payload| payload.as_slice() != b"closed").cloned().collect();
    journal.snapshot_work(vec![7; 900], state_of(&told), 0)?.run().map(|_| ())
}

fn life(seed: u64) -> u64 {
    let mut chance = Chance(seed);
    let mut disk = ModelDisk::default().at(1);
    let mut truth = Truth::default();
    let mut images = 0;
    for _ in 0..4 {
        disk.fault_at(1 + chance.draw(160), Fault::PowerLoss);
        match run(&disk, &mut truth, &mut chance) {
            Ok(()) => {}
            Err(JournalError::Disk { .. } | JournalError::Failed { .. }) => {}
            Err(other) => panic!("seed {seed}: {other}"),
        }
        disk = disk.after_power_loss(&mut chance);
        images += 1;
    }
    // And a last start without a fault goes on.
    let ended = run(&disk, &mut truth, &mut chance);
    assert!(ended.is_ok(), "seed {seed}: {ended:?}");
    images
}

/// `MM_JOURNAL_IMAGES` draws that many (`make journal-images` does).
#[test]
fn what_the_disk_was_said_to_have_is_there_after_any_loss_of_power() {
    let wanted = std::env::var("MM_JOURNAL_IMAGES").ok().and_then(|text| text.parse().ok()).unwrap_or(400);
    let mut images = 0;
    let mut seed = 0;
    while images < wanted {
        images += life(seed);
        seed += 1;
    }
    println!("{images} images of a disk that lost power, {seed} lives");
}
