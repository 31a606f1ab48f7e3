//! Every flipped bit and every cut of a small journal: the exact beginning of what was written, or an error by name.

use super::model::Chance;
use super::*;
use crate::journal::recovery::repair;
use crate::journal::segment;

fn size(disk: &ModelDisk, name: &str) -> usize {
    disk.read(name, u64::MAX).unwrap().len()
}

fn segments(disk: &ModelDisk) -> Vec<String> {
    disk.files().into_iter().filter(|name| segment::sequence(name).is_some()).collect()
}

/// Reads, and holds what comes to what was written; true when something was found to be wrong.
fn is_noticed(disk: &ModelDisk, written: &[Entry], case: &str) -> bool {
    match read(disk) {
        Ok((found, entries)) => {
            assert!(entries.len() <= written.len(), "{case}");
            assert_eq!(entries, written[..entries.len()], "{case}");
            found.torn.is_some() || !found.is_closed
        }
        Err(JournalError::Damaged(_) | JournalError::Missing { .. }) => true,
        Err(other) => panic!("{case}: {other}"),
    }
}

fn closed() -> (ModelDisk, Vec<Entry>) {
    let disk = ModelDisk::default();
    let mut written = Vec::new();
    for epoch in 1..3 {
        let mut journal =
            Journal::open(Arc::new(disk.clone()), Settings { segment_bytes: 500, ..settings(epoch) }).unwrap();
        written.extend(append(&mut journal, 8));
        journal.close(0, 0).unwrap();
    }
    (disk, written)
}

#[test]
fn every_flipped_bit_of_a_closed_journal_is_noticed_and_all_but_the_last_record_are_damage() {
    let (disk, written) = closed();
    let names = segments(&disk);
    assert!(names.len() > 3);
    let closing = size(&disk, names.last().unwrap()) - crate::journal::record::HEAD_BYTES;
    for name in &names {
        for at in 0..size(&disk, name) {
            for bit in 0..8 {
                let flipped = disk.copy();
                flipped.edit(name, |bytes| bytes[at] ^= 1 << bit);
                let case = format!("{name} {at} {bit}");
                assert!(is_noticed(&flipped, &written, &case), "{case}");
                let is_last = Some(name) == names.last() && at >= closing;
                // The room behind the last record of a segment is zeros, which nobody misses.
                if !is_last {
                    assert!(matches!(read(&flipped), Err(JournalError::Damaged(_))), "{case}");
                }
            }
        }
    }
}

#[test]
fn every_cut_of_every_segment_is_noticed() {
    let (disk, written) = closed();
    for name in segments(&disk) {
        for cut in 0..size(&disk, &name) {
            let shorter = disk.copy();
            shorter.edit(&name, |bytes| bytes.truncate(cut));
            let case = format!("{name} cut at {cut}");
            let is_room = shorter.read(&name, u64::MAX).unwrap().len() >= end_of_records(&disk, &name);
            assert!(is_room || is_noticed(&shorter, &written, &case), "{case}");
        }
    }
}

fn end_of_records(disk: &ModelDisk, name: &str) -> usize {
    let (found, _) = read(disk).unwrap();
    found.segments.iter().find(|segment| segment.name == *name).unwrap().end as usize
}

#[test]
fn a_cut_tail_of_a_killed_writer_gives_every_whole_record_and_the_next_start_goes_on() {
    let disk = ModelDisk::default();
    let mut journal = Journal::open(Arc::new(disk.clone()), Settings { segment_bytes: 4000, ..settings(1) }).unwrap();
    let written = append(&mut journal, 10);
    drop(journal);
    let name = &segments(&disk)[0];
    for cut in 0..end_of_records(&disk, name) {
        let shorter = disk.copy();
        shorter.edit(name, |bytes| bytes.truncate(cut));
        let (found, entries) = read(&shorter).unwrap();
        assert_eq!(entries, written[..entries.len()]);
        assert!(!found.is_closed);
        let mut journal = open(&shorter, 2);
        assert_eq!(journal.next_index(), entries.len() as u64);
        append(&mut journal, 1);
        let (again, longer) = read(&shorter).unwrap();
        assert_eq!((again.torn, longer.len()), (None, entries.len() + 1));
        let kept: Vec<String> = shorter.files().into_iter().filter(|name| name.starts_with("cut-")).collect();
        assert_eq!(kept.len(), usize::from(found.torn.is_some()));
    }
}

#[test]
fn missing_swapped_and_doubled_segments_are_damage() {
    let (disk, written) = closed();
    let names = segments(&disk);
    for (at, name) in names.iter().enumerate() {
        let fewer = disk.copy();
        fewer.delete(name);
        assert!(is_noticed(&fewer, &written, name));
        if at + 1 < names.len() {
            assert!(matches!(read(&fewer), Err(JournalError::Damaged(_) | JournalError::Missing { .. })), "{name}");
            let swapped = disk.copy();
            let (here, there) = (disk.read(name, u64::MAX).unwrap(), disk.read(&names[at + 1], u64::MAX).unwrap());
            swapped.edit(name, |bytes| *bytes = there);
            swapped.edit(&names[at + 1], |bytes| *bytes = here);
            assert!(matches!(read(&swapped), Err(JournalError::Damaged(_))), "{name}");
        }
    }
}

#[test]
fn bytes_put_in_or_taken_out_are_damage() {
    let (disk, written) = closed();
    let name = &segments(&disk)[0];
    for at in 0..end_of_records(&disk, name) {
        for is_put_in in [false, true] {
            let changed = disk.copy();
            changed.edit(name, |bytes| {
                if is_put_in {
                    bytes.insert(at, 0xA5);
                } else {
                    bytes.remove(at);
                }
            });
            let case = format!("{at} {is_put_in}");
            assert!(is_noticed(&changed, &written, &case), "{case}");
            assert!(matches!(read(&changed), Err(JournalError::Damaged(_))), "{case}");
        }
    }
}

#[test]
fn whole_records_taken_out_doubled_and_swapped_are_damage() {
    let disk = ModelDisk::default();
    let mut journal = Journal::open(Arc::new(disk.clone()), Settings { segment_bytes: 4000, ..settings(1) }).unwrap();
    let payload = b"all of one length";
    for _ in 0..8 {
        journal.append(1, payload, 0, 0).unwrap();
    }
    journal.close(0, 0).unwrap();
    let size = crate::journal::record::HEAD_BYTES + payload.len();
    let name = &segments(&disk)[0];
    let at = |index: usize| segment::HEADER_BYTES + index * size;
    for index in 0..7 {
        for kind in 0..3 {
            let changed = disk.copy();
            changed.edit(name, |bytes| {
                let record = bytes[at(index)..at(index + 1)].to_vec();
                match kind {
                    0 => drop(bytes.drain(at(index)..at(index + 1))),
                    1 => drop(bytes.splice(at(index)..at(index), record)),
                    _ => {
                        bytes.copy_within(at(index + 1)..at(index + 2), at(index));
                        bytes[at(index + 1)..at(index + 2)].copy_from_slice(&record);
                    }
                }
            });
            let Err(JournalError::Damaged(damage)) = read(&changed) else { panic!("{index} {kind}") };
            assert_eq!(damage.index, (index + usize::from(kind == 1)) as u64, "{kind}");
        }
    }
}

#[test]
fn damage_names_the_place_and_repair_cuts_there_and_keeps_a_copy() {
    let (disk, written) = closed();
    let (found, _) = read(&disk).unwrap();
    let segment = &found.segments[1];
    disk.edit(&segment.name, |bytes| bytes[segment::HEADER_BYTES] ^= 1);
    let before = disk.read(&segment.name, u64::MAX).unwrap();
    let Err(JournalError::Damaged(damage)) = read(&disk) else { panic!("expected damage") };
    assert_eq!((&damage.segment, damage.offset), (&segment.name, segment::HEADER_BYTES as u64));
    assert_eq!(damage.index, segment.header.first_index);
    assert!(Journal::open(Arc::new(disk.clone()), settings(9)).is_err());
    assert_eq!(repair(&disk, 0, 77), Ok(Some(damage.index)));
    assert_eq!(repair(&disk, 0, 78), Ok(None));
    let kept: Vec<String> = disk.files().into_iter().filter(|name| name.starts_with("cut-")).collect();
    assert_eq!(kept.len(), found.segments.len() - 1);
    let tail = kept.iter().find(|name| name.contains(&format!("-{}-77", damage.offset))).unwrap();
    assert_eq!(disk.read(tail, u64::MAX).unwrap(), before[damage.offset as usize..]);
    let mut journal = open(&disk, 9);
    append(&mut journal, 2);
    let (_, entries) = read(&disk).unwrap();
    assert_eq!(entries[..entries.len() - 2], written[..entries.len() - 2]);
}

#[test]
fn damage_before_the_snapshot_does_no_harm() {
    let (disk, written) = closed();
    let (found, _) = read(&disk).unwrap();
    let from = found.segments[0].next_index - 1;
    disk.edit(&found.segments[0].name, |bytes| bytes[segment::HEADER_BYTES + 10] ^= 1);
    assert!(matches!(read(&disk), Err(JournalError::Damaged(_))));
    let (found, entries) = read_from(&disk, from).unwrap();
    assert_eq!(found.skipped.unwrap().index, 0);
    assert_eq!(entries, written.iter().filter(|entry| entry.0 >= from).cloned().collect::<Vec<_>>());
}

#[test]
fn a_snapshot_outlives_a_repair_of_what_lies_before_it() {
    let (disk, _) = closed();
    let from = read(&disk).unwrap().0.next_index;
    for name in segments(&disk) {
        disk.edit(&name, |bytes| bytes[segment::HEADER_BYTES] ^= 1);
    }
    assert!(matches!(read_from(&disk, from), Err(JournalError::Damaged(_))));
    assert_eq!(repair(&disk, from, 77), Ok(Some(from)));
    let mut journal = Journal::open(Arc::new(disk.clone()), Settings { from_index: from, ..settings(9) }).unwrap();
    assert_eq!(append(&mut journal, 2)[0].0, from);
    assert_eq!(read_from(&disk, from).unwrap().1.len(), 2);
}

#[test]
fn another_version_is_refused_and_nothing_is_rewritten() {
    let (disk, _) = closed();
    let name = segments(&disk).pop().unwrap();
    disk.edit(&name, |bytes| {
        bytes[8] = 9;
        let check = crate::journal::crc32c::resume(0, &bytes[..12]);
        let check = crate::journal::crc32c::resume(check, &bytes[16..segment::HEADER_BYTES]);
        bytes[12..16].copy_from_slice(&check.to_le_bytes());
    });
    let before = disk.read(&name, u64::MAX).unwrap();
    let refused = Journal::open(Arc::new(disk.clone()), settings(9)).err().unwrap();
    assert!(matches!(refused, JournalError::Version { found: 9, .. }), "{refused}");
    assert!(matches!(repair(&disk, 0, 1), Err(JournalError::Version { .. })));
    assert_eq!(disk.read(&name, u64::MAX).unwrap(), before);
}

/// `MM_JOURNAL_MUTATIONS` draws that many (`make journal-images` does).
#[test]
fn random_damage_is_never_taken_for_records() {
    let (disk, written) = closed();
    let names = segments(&disk);
    let count = std::env::var("MM_JOURNAL_MUTATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(500);
    for seed in 0..count {
        let mut chance = Chance(seed);
        let changed = disk.copy();
        let mut is_changed = false;
        for _ in 0..=chance.draw(3) {
            let name = &names[chance.draw(names.len() as u64) as usize];
            let from = chance.draw(size(&changed, name) as u64) as usize;
            let length = chance.draw(200) as usize;
            let kind = chance.draw(5);
            let noise = chance.bytes(length as u64);
            changed.edit(name, |bytes| {
                let before = bytes.clone();
                let to = (from + length).min(bytes.len());
                match kind {
                    0 => bytes[from..to].fill(0),
                    1 => bytes[from..to].copy_from_slice(&noise[..to - from]),
                    2 => drop(bytes.drain(from..to)),
                    3 => drop(bytes.splice(from..from, noise)),
                    _ => {
                        let other = before[from..to].to_vec();
                        let at = before.len() - other.len();
                        bytes[at..].copy_from_slice(&other);
                    }
                }
                is_changed |= bytes.iter().ne(&before);
            });
        }
        let is_noticed = is_noticed(&changed, &written, &format!("seed {seed}"));
        let (same, lost) = (read(&changed).ok().map(|(_, entries)| entries.len()), written.len());
        // Changes in the room behind a segment's last record change nothing; any other is noticed.
        assert!(is_noticed || !is_changed || same == Some(lost), "seed {seed}");
    }
}
