//! A journal that failed and is opened again: wherever it failed, and whichever step of that is the last one.

use super::model::{Chance, Fault};
use super::*;
use crate::journal::record::REOPENED;
use crate::journal::snapshot;

const FAULTS: [Fault; 4] = [Fault::NoSpace, Fault::StaysFull, Fault::SyncLoses, Fault::PowerLoss];
/// More than a try has.
const STEPS: u64 = 16;

fn gone_on(journal: &mut Journal) -> Result<bool, JournalError> {
    for _ in 0..20_000 {
        match journal.go_on() {
            Ok(false) => std::thread::sleep(Duration::from_micros(100)),
            ended => return ended,
        }
    }
    panic!("it never ends");
}

/// What a journal took, what it said of the disk, and the states that tries to open it again were given.
#[derive(Default)]
struct Life {
    before: Vec<Entry>,
    index: u64,
    states: Vec<String>,
    is_open: bool,
    after: Vec<Entry>,
    durable: u64,
}

/// Appends until it fails, with a sync now and then; the last one is what the kernel may have taken without a word.
fn appended(journal: &mut Journal, count: u64) -> Vec<Entry> {
    let mut entries = Vec::new();
    for number in 0..count {
        let index = journal.next_index();
        entries.push((index, 2, payload(index)));
        if journal.append(2, &payload(index), 0, 0).is_err() || number % 3 == 2 && journal.sync().is_err() {
            break;
        }
    }
    entries
}

/// Appends until it fails (by itself after `count` records), and opens it again, each try with a fault at a step of its own.
fn life(disk: &ModelDisk, count: u64, tries: &[Option<(u64, Fault)>]) -> Life {
    let mut life = Life::default();
    let Ok(mut journal) = Journal::open(Arc::new(disk.clone()), settings(1)) else { return life };
    life.before = appended(&mut journal, count);
    journal.fail("for the test".to_owned());
    (life.index, life.durable) = (journal.next_index(), journal.durable());
    for (number, fault) in tries.iter().enumerate() {
        if let Some((step, fault)) = fault {
            disk.fault_at(disk.operations() + step, *fault);
        }
        life.states.push(format!("state at {}, try {number}", life.index));
        journal.begin_anew(life.states[number].clone().into_bytes(), life.index, 2).unwrap();
        life.is_open = gone_on(&mut journal).is_ok();
        if life.is_open {
            life.after = appended(&mut journal, count);
            life.durable = journal.durable();
            break;
        }
        assert!(journal.failure().is_some(), "a try that failed leaves it as it was");
    }
    life
}

/// What a start finds: all that was acknowledged, and nothing but a beginning of what was appended. Twice, for the power may
/// go again.
fn judge(disk: &ModelDisk, life: &Life, chance: &mut Chance, case: &str) {
    let mut disk = disk.clone();
    for epoch in [8, 9] {
        let loaded = snapshot::load(&disk).unwrap();
        assert_eq!(loaded.damaged, [], "{case}: a snapshot is whole or not there");
        let (from, entries) = match &loaded.snapshot {
            None => (0, &life.before),
            Some(taken) => (taken.index, &life.after),
        };
        if let Some(taken) = loaded.snapshot {
            let state = String::from_utf8(taken.state).unwrap();
            let given = if life.is_open { &life.states[life.states.len() - 1..] } else { &life.states[..] };
            assert!(taken.index == life.index + 1 && given.contains(&state), "{case}: {state}");
        } else {
            assert!(!life.is_open, "{case}: it went on without its snapshot");
        }
        let opened = Journal::open(Arc::new(disk.clone()), Settings { from_index: from, ..settings(epoch) });
        let next = opened.unwrap_or_else(|error| panic!("{case}: refused: {error}: {:?}", disk.files())).next_index();
        assert!(next >= life.durable.max(from), "{case}: {next}, it had said {}", life.durable);
        let kept = read_from(&disk, from).unwrap().1;
        let mut expected = entries[..entries.len().min((next - from) as usize)].to_vec();
        if from == 0 && kept.last().is_some_and(|last| last.1 == REOPENED) {
            // A try that came as far as that, behind all that was appended.
            expected.truncate(life.index as usize);
            expected.push((life.index, REOPENED, Vec::new()));
        }
        assert_eq!(kept, expected, "{case}");
        disk = disk.after_power_loss(chance);
    }
}

/// As a killed process leaves it, and a few of the ways in which a loss of power may.
fn judge_all(disk: &ModelDisk, life: &Life, images: u64, seed: u64, case: &str) {
    judge(&disk.copy(), life, &mut Chance(seed), &format!("{case}, killed"));
    for image in 0..images {
        let mut chance = Chance(seed * 10 + image);
        judge(&disk.after_power_loss(&mut chance), life, &mut chance, &format!("{case}, power lost, {image}"));
    }
}

#[test]
fn wherever_it_failed_it_goes_on_from_a_snapshot_and_a_start_needs_nothing_before_it() {
    let (mut reopened, mut filled) = (0, 0);
    for step in 1..200 {
        for fault in FAULTS {
            let disk = ModelDisk::default();
            disk.fault_at(step, fault);
            let life = life(&disk, 40, &[None]);
            reopened += u32::from(life.is_open);
            filled += u32::from(life.after.len() == 40);
            judge_all(&disk, &life, 4, step, &format!("{fault:?} at {step}"));
        }
    }
    assert!(reopened > 500 && filled > 350, "{reopened}, {filled} of them took all that came after");
}

#[test]
fn whichever_step_of_a_try_fails_a_start_has_all_and_so_has_one_after_a_further_try() {
    let (mut reopened, mut filled) = (0, 0);
    let faults = || (1..STEPS).flat_map(|step| FAULTS.map(|fault| (step, fault)));
    for (number, first) in faults().enumerate() {
        for (then, second) in faults().enumerate() {
            let is_off = first.1 == Fault::PowerLoss;
            if is_off && then > 0 {
                break;
            }
            let disk = ModelDisk::default();
            let tries = [Some(first), Some(second), None];
            // Without a further try every other time.
            let life = life(&disk, 5, &tries[..if is_off { 1 } else { 2 + then % 2 }]);
            reopened += u32::from(life.is_open);
            filled += u32::from(life.after.len() == 5);
            judge_all(&disk, &life, 1, (number * 100 + then) as u64, &format!("{first:?}, then {second:?}"));
        }
    }
    assert!(reopened > 1400 && filled > 1000, "{reopened}, {filled} of them took all that came after");
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
