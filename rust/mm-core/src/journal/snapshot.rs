//! Snapshots of the durable state beside the journal: the last two, each whole or not there.
//!
//! A file `snapshot-<index>.mms`: a head of 72 bytes, then the state. Little endian.
//!
//! | byte | what |
//! | --- | --- |
//! | 0 | eight bytes: magic |
//! | 8 | u32: version of this form |
//! | 12 | u32: CRC-32C of the other bytes of the head |
//! | 16 | u64: index of the first record that is not in the state |
//! | 24 | u64: epoch of the writer |
//! | 32 | i64: wall clock, ns UTC |
//! | 40 | u64: hash of the state, as its owner computes it |
//! | 48 | u64: length of the state |
//! | 56 | u32: form of the state |
//! | 60 | u32: not used, 0 |
//! | 64 | eight bytes: begin of the state's SHA-256 |

use sha2::{Digest, Sha256};

use super::crc32c::resume;
use super::disk::{Disk, replace};
use super::error::JournalError;

const MAGIC: &[u8; 8] = b"MMSNP\x00\x01\n";
const VERSION: u32 = 1;
const HEAD_BYTES: usize = 72;
/// A damaged one leaves the one before it.
pub const KEPT: usize = 2;

/// A state and where the journal goes on from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    pub index: u64,
    pub epoch: u64,
    pub wall_ns: i64,
    pub state_hash: u64,
    pub form: u32,
    pub state: Vec<u8>,
}

/// Snapshots of a folder: the newest sound one, and what was wrong with newer ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    pub snapshot: Option<Snapshot>,
    pub damaged: Vec<(String, String)>,
}

fn name(index: u64) -> String {
    format!("snapshot-{index:020}.mms")
}

/// The position in a file's name, `None` for files of other kinds.
#[must_use]
pub fn index(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("snapshot-")?.strip_suffix(".mms")?;
    (digits.len() == 20).then(|| digits.parse().ok()).flatten()
}

fn digest(state: &[u8]) -> [u8; 8] {
    let whole = Sha256::digest(state);
    let mut begin = [0; 8];
    begin.copy_from_slice(&whole[..8]);
    begin
}

fn check(head: &[u8]) -> u32 {
    resume(resume(0, &head[..12]), &head[16..HEAD_BYTES])
}

fn head(snapshot: &Snapshot) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEAD_BYTES);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&snapshot.index.to_le_bytes());
    bytes.extend_from_slice(&snapshot.epoch.to_le_bytes());
    bytes.extend_from_slice(&snapshot.wall_ns.to_le_bytes());
    bytes.extend_from_slice(&snapshot.state_hash.to_le_bytes());
    bytes.extend_from_slice(&(snapshot.state.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&snapshot.form.to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&digest(&snapshot.state));
    let check = check(&bytes);
    bytes[12..16].copy_from_slice(&check.to_le_bytes());
    bytes
}

fn decode(bytes: &[u8], index: u64) -> Result<Snapshot, String> {
    let Some(head) = bytes.get(..HEAD_BYTES) else { return Err("it ends within its head".to_owned()) };
    let long = |at: usize| {
        let mut eight = [0; 8];
        eight.copy_from_slice(&head[at..at + 8]);
        u64::from_le_bytes(eight)
    };
    let word = |at: usize| (long(at) & 0xFFFF_FFFF) as u32;
    if &head[..8] != MAGIC || word(12) != check(head) {
        return Err("the head's check is wrong".to_owned());
    }
    if word(8) != VERSION {
        return Err(format!("written in form {}, this build reads form {VERSION}", word(8)));
    }
    let state = &bytes[HEAD_BYTES..];
    if state.len() as u64 != long(48) || digest(state) != head[64..72] {
        return Err("the state's digest is wrong".to_owned());
    }
    if long(16) != index {
        return Err(format!("it is the snapshot at record {}", long(16)));
    }
    Ok(Snapshot {
        index,
        epoch: long(24),
        wall_ns: long(32) as i64,
        state_hash: long(40),
        form: word(56),
        state: state.to_vec(),
    })
}

/// Names and positions, the oldest first.
pub fn list(disk: &dyn Disk) -> Result<Vec<(u64, String)>, JournalError> {
    let names = disk.list().map_err(|error| JournalError::disk("list the snapshots", &error))?;
    let mut found: Vec<(u64, String)> =
        names.into_iter().filter_map(|name| index(&name).map(|index| (index, name))).collect();
    found.sort_unstable();
    Ok(found)
}

/// Writes one, whole and on the disk when this returns; older ones beyond [`KEPT`] go. Returns the position of the oldest
/// that is kept: the journal is needed from there on.
///
/// The records below its index have to be on the disk already: a state must not know more than its journal.
pub fn save(disk: &dyn Disk, snapshot: &Snapshot) -> Result<u64, JournalError> {
    replace(disk, &name(snapshot.index), &[&head(snapshot), &snapshot.state])?;
    let found = list(disk)?;
    let (old, kept) = found.split_at(found.len().saturating_sub(KEPT));
    for (_, name) in old {
        disk.remove(name).map_err(|error| JournalError::disk(format!("remove {name}"), &error))?;
    }
    // With one alone the journal is needed from its begin: if this one is damaged, that is the way back.
    Ok(if kept.len() < KEPT { 0 } else { kept.first().map_or(0, |(index, _)| *index) })
}

/// The newest sound one.
pub fn load(disk: &dyn Disk) -> Result<Loaded, JournalError> {
    let mut loaded = Loaded::default();
    for (index, name) in list(disk)?.into_iter().rev() {
        let bytes = disk.read(&name, u64::MAX).map_err(|error| JournalError::disk(format!("read {name}"), &error))?;
        match decode(&bytes, index) {
            Ok(snapshot) => {
                loaded.snapshot = Some(snapshot);
                break;
            }
            Err(reason) => loaded.damaged.push((name, reason)),
        }
    }
    Ok(loaded)
}
