//! What a journal can say no with. Every case is a value; nothing here ends the process.

use std::fmt;

/// Where the first wrong byte is, and what speaks against cutting there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// File of the segment.
    pub segment: String,
    /// Byte in it where the record, or the header, should begin.
    pub offset: u64,
    /// Number of the record that should stand there.
    pub index: u64,
    /// What is wrong with it.
    pub reason: String,
    /// Sound records behind it.
    pub records_after: u64,
    /// Bytes from `offset` to the end, later segments included.
    pub bytes_after: u64,
}

impl fmt::Display for Damage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { segment, offset, index, reason, .. } = self;
        write!(out, "segment {segment}, byte {offset}, record {index}: {reason}")
    }
}

/// Why the journal refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalError {
    /// Another process writes it; holder: its number, empty where the lock's file does not tell.
    Locked { folder: String, holder: String },
    /// The disk refused; `operation` names what was tried on which file.
    Disk { operation: String, reason: String },
    /// Something that was durable is not what was written.
    Damaged(Damage),
    /// Written in a form that this build does not read.
    Version { segment: String, found: u32, build: String },
    /// A write or a sync failed before: nothing more is taken, and nothing more is called durable, until it is reopened.
    Failed { reason: String },
    /// An argument that cannot be taken.
    Refused { field: &'static str, value: String, expected: String },
    /// Records that are needed are not there.
    Missing { wanted: u64, first: u64, next: u64 },
}

impl JournalError {
    /// A refusal of the disk.
    pub fn disk(operation: impl Into<String>, error: &std::io::Error) -> Self {
        Self::Disk { operation: operation.into(), reason: error.to_string() }
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Locked { folder, holder } => {
                let holder = if holder.is_empty() { "another process".into() } else { format!("process {holder}") };
                write!(out, "{folder}: expected a journal that no other process writes, {holder} does")
            }
            Self::Disk { operation, reason } => write!(out, "cannot {operation}: {reason}"),
            Self::Damaged(damage) => write!(
                out,
                "damaged: {damage}; {} sound records behind it say that it was on the disk; `mm journal repair` cuts \
                 here and keeps a copy",
                damage.records_after
            ),
            Self::Version { segment, found, build } => write!(
                out,
                "segment {segment}: written in form {found} by build {build}, this build reads form {}",
                super::segment::VERSION
            ),
            Self::Failed { reason } => write!(out, "the journal has failed and takes nothing more: {reason}"),
            Self::Refused { field, value, expected } => write!(out, "{field}: expected {expected}, got {value}"),
            Self::Missing { wanted, first, next } => {
                write!(out, "expected record {wanted} in the journal, it holds {first} up to and without {next}")
            }
        }
    }
}

impl std::error::Error for JournalError {}
