//! The durable journal: what a bot must not forget, in the kernel's hands before it acts.
//!
//! A folder of segments (`segment`), each a header and records (`record`) with one rising index over all of them.
//! `writer` appends, `syncing` puts on the disk, `survey` reads back and tells a torn tail from damage, `recovery` cuts,
//! `snapshot` bounds how much has to be read, `saving` makes one beside the writer, `reopening` goes on after a failure. `docs/journal.md` says what is promised and what it costs.

pub mod crc32c;
pub mod disk;
pub mod error;
pub mod reader;
pub mod record;
pub mod recovery;
pub mod reopening;
pub mod saving;
pub mod segment;
pub mod snapshot;
pub mod survey;
pub mod syncing;
pub mod writer;

pub use error::{Damage, JournalError};
pub use writer::{Journal, Policy, Settings};

#[cfg(test)]
mod tests;
