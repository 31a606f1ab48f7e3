//! Bytes that nobody wrote, with checks that are right: an answer or an error, in time, and never a panic.

use super::model::Chance;
use super::*;
use crate::journal::recovery::repair;
use crate::journal::segment::{self, Header};
use crate::journal::{disk, record, snapshot};

/// A number at the edges of its kind, or near another.
fn number(chance: &mut Chance, near: u64) -> u64 {
    match chance.draw(6) {
        0 => 0,
        1 => u64::MAX - chance.draw(3),
        2 => chance.draw(10),
        3 => (1 << 32) - 1 + chance.draw(3),
        _ => near.wrapping_add(chance.draw(3)).wrapping_sub(1),
    }
}

fn put(disk: &ModelDisk, name: &str, bytes: &[u8]) {
    let _ = disk::Disk::remove(disk, name);
    disk::write_all(disk.create(name).unwrap().as_ref(), 0, bytes).unwrap();
}

fn segment_of(chance: &mut Chance, sequence: u64) -> Vec<u8> {
    let near = chance.draw(20);
    let header = Header {
        sequence: if chance.draw(8) == 0 { number(chance, sequence) } else { sequence },
        epoch: number(chance, 3),
        first_index: number(chance, near),
        durable: number(chance, near),
        previous_end: number(chance, segment::HEADER_BYTES as u64),
        created_ns: number(chance, 0) as i64,
        place: chance.draw(2),
        journal: chance.draw(2),
        form: chance.draw(3) as u32,
        build: "b".repeat(chance.draw(60) as usize),
    };
    let mut bytes = header.encode();
    let mut index = header.first_index;
    for _ in 0..chance.draw(6) {
        let length = chance.draw(60);
        let payload = chance.bytes(length);
        if chance.draw(5) == 0 {
            index = number(chance, index);
        }
        let durable = index.saturating_sub(chance.draw(4));
        let (wall_ns, mono_ns) = (number(chance, 0) as i64, number(chance, 0) as i64);
        let kind = chance.draw(3) as u32;
        assert!(record::encode(
            &record::Record { index, wall_ns, mono_ns, durable, kind, payload: &payload },
            sequence,
            &mut bytes
        ));
        index = index.wrapping_add(1);
    }
    if chance.draw(3) == 0 {
        let length = chance.draw(100);
        bytes.extend(chance.bytes(length));
    }
    bytes
}

#[test]
fn right_checks_over_values_that_cannot_be_end_in_an_answer() {
    let mut opened = 0;
    for seed in 0..1000 {
        let mut chance = Chance(seed);
        let disk = ModelDisk::default();
        for sequence in 0..1 + chance.draw(4) {
            put(&disk, &segment::name(sequence), &segment_of(&mut chance, sequence));
        }
        let from = number(&mut chance, 5);
        let _ = read_from(&disk, from);
        let journal = Journal::open(Arc::new(disk.clone()), Settings { from_index: from, ..settings(u64::MAX - 1) });
        if let Ok(mut journal) = journal {
            opened += 1;
            let _ = journal.append(1, b"more", 0, 0);
            let _ = journal.close(0, 0);
            drop(journal);
            let read = read_from(&disk, from);
            assert!(read.is_ok(), "seed {seed}: what was opened can be opened again: {read:?}");
        }
        let repaired = repair(&disk, from, 1);
        if repaired.is_ok() {
            let read = read_from(&disk, from);
            assert!(read.is_ok(), "seed {seed}: what was repaired is sound: {read:?}");
        }
    }
    assert!(opened > 50, "{opened}");
}

#[test]
fn noise_is_no_journal() {
    for seed in 0..300 {
        let mut chance = Chance(seed);
        let disk = ModelDisk::default();
        let length = chance.draw(5000);
        put(&disk, &segment::name(1), &chance.bytes(length));
        put(&disk, "snapshot-00000000000000000007.mms", &chance.bytes(length));
        assert_eq!(read(&disk).unwrap().1, []);
        assert_eq!(snapshot::load(&disk).unwrap().damaged.len(), 1);
        append(&mut open(&disk, 1), 3);
        assert_eq!(read(&disk).unwrap().1.len(), 3);
    }
}
