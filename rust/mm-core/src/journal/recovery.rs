//! Makes a folder whole again for the next writer. What is cut is kept beside it, in a file `cut-*`.

use super::disk::{Disk, replace, write_all};
use super::error::JournalError;
use super::segment::{self, Header};
use super::survey::{Survey, look};

/// Cuts a torn tail, and puts on the disk again what nobody promised to be there.
///
/// The second part is a copy under the same name: after a sync that failed, the kernel may show bytes that the disk never
/// took, and a second sync of the same file would pass. Any moment may be the last one; a further call goes on.
pub fn recover(disk: &dyn Disk, found: &Survey, now_ns: i64) -> Result<(), JournalError> {
    let failed = |what: &str, error: &std::io::Error| JournalError::disk(what, error);
    let last_torn = found.torn.as_ref().filter(|torn| torn.offset > 0);
    if let Some(torn) = last_torn {
        let bytes = disk.read(&torn.segment, u64::MAX).map_err(|error| failed("read the torn tail", &error))?;
        let tail = bytes.get(torn.offset as usize..).unwrap_or_default();
        keep(disk, &copy_name(&torn.segment, torn.offset, now_ns), tail)?;
    }
    // From the last one on: what remains always ends with the hole.
    for name in found.behind.iter().rev() {
        disk.rename(name, &copy_name(name, 0, now_ns)).map_err(|error| failed("set a torn segment aside", &error))?;
        disk.sync_names().map_err(|error| failed("set a torn segment aside", &error))?;
    }
    for segment in &found.segments {
        let is_torn = last_torn.is_some_and(|torn| torn.segment == segment.name);
        // The last one of a killed writer has room that nobody fills any more.
        let has_room = !found.is_closed && found.segments.last().is_some_and(|last| last.name == segment.name);
        if is_torn || has_room || segment.next_index > found.durable {
            let bytes = disk.read(&segment.name, segment.end).map_err(|error| failed("read a segment", &error))?;
            replace(disk, &segment.name, &[&bytes])?;
        }
    }
    Ok(())
}

/// Cuts where damage is, whoever called it durable; `None` when nothing had to be done.
///
/// snapshot: the record that the newest sound snapshot goes on from. If the damage is before it, all segments are set
/// aside, and the journal goes on behind the snapshot. Returns the first record that is gone.
pub fn repair(disk: &dyn Disk, snapshot: u64, now_ns: i64) -> Result<Option<u64>, JournalError> {
    let mut gone: Option<u64> = None;
    // Behind a segment that was set aside another one may come to light; each round takes something away.
    loop {
        let index = match look(disk, snapshot) {
            Ok(found) => match &found.torn {
                None => return Ok(gone),
                Some(damage) if damage.index < snapshot => begin_anew(disk, snapshot, now_ns)?,
                Some(damage) => {
                    recover(disk, &found, now_ns)?;
                    damage.index
                }
            },
            Err(JournalError::Missing { .. }) => begin_anew(disk, snapshot, now_ns)?,
            Err(error) => return Err(error),
        };
        gone = Some(gone.map_or(index, |before| before.min(index)));
    }
}

/// Sets every segment aside and begins an empty one at `index`.
fn begin_anew(disk: &dyn Disk, index: u64, now_ns: i64) -> Result<u64, JournalError> {
    let failed = |error: &std::io::Error| JournalError::disk("begin the journal anew", error);
    let names = disk.list().map_err(|error| failed(&error))?;
    let mut sequences: Vec<u64> = names.iter().filter_map(|name| segment::sequence(name)).collect();
    sequences.sort_unstable();
    let mut header = Header { first_index: index, durable: index, created_ns: now_ns, ..Header::default() };
    header.sequence = sequences.last().copied().unwrap_or(0).saturating_add(1);
    header.place = disk.place();
    header.journal = super::writer::identity(now_ns, disk.place());
    for sequence in &sequences {
        let name = segment::name(*sequence);
        if let Ok(known) = disk
            .read(&name, segment::HEADER_BYTES as u64)
            .map_err(|_| ())
            .and_then(|bytes| Header::decode(&bytes).map_err(|_| ()))
        {
            header.epoch = header.epoch.max(known.epoch);
            header.form = known.form;
            header.build = known.build;
        }
    }
    // Before the others go: between the two, the newest segment that begins at or below `index` is this one.
    replace(disk, &segment::name(header.sequence), &[&header.encode()])?;
    for sequence in sequences.iter().rev() {
        let name = segment::name(*sequence);
        disk.rename(&name, &copy_name(&name, 0, now_ns)).map_err(|error| failed(&error))?;
        disk.sync_names().map_err(|error| failed(&error))?;
    }
    Ok(index)
}

fn keep(disk: &dyn Disk, name: &str, bytes: &[u8]) -> Result<(), JournalError> {
    let tried = || -> std::io::Result<()> {
        let file = disk.create(name)?;
        write_all(file.as_ref(), 0, bytes)?;
        file.sync()?;
        disk.sync_names()
    };
    match tried() {
        // A start before this one came as far as here, at the very same time: it has the same bytes.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        done => done.map_err(|error| JournalError::disk(format!("keep a copy in {name}"), &error)),
    }
}

fn copy_name(segment: &str, offset: u64, now_ns: i64) -> String {
    format!("cut-{}-{offset}-{now_ns}.bin", segment.trim_end_matches(".mmj"))
}
