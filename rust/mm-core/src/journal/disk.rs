//! The few things a journal asks of a disk, and the real one. The tests put a model of a failing disk in its place.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{AtFlags, Dir, Mode, OFlags};

use super::error::JournalError;

/// An open file.
pub trait DiskFile: Send + Sync {
    /// Makes the file so long, of zeros, with room on the disk for them; a disk that cannot promise room changes nothing.
    fn reserve(&self, size: u64) -> io::Result<()>;
    /// Hands bytes for a place to the kernel; returns how many it took.
    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<usize>;
    /// Puts what was written, and the length, on the disk.
    fn sync(&self) -> io::Result<()>;
    /// Shortens the file.
    fn truncate(&self, size: u64) -> io::Result<()>;
}

/// One folder of files.
pub trait Disk: Send + Sync {
    /// Names of all files.
    fn list(&self) -> io::Result<Vec<String>>;
    /// A file's first bytes, all of them when there are fewer.
    fn read(&self, name: &str, limit: u64) -> io::Result<Vec<u8>>;
    /// A new file; one that is there is an error.
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;
    /// Gives a file another name, in place of a file that has it.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Takes a name away.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Puts names on the disk.
    fn sync_names(&self) -> io::Result<()>;
    /// A number that a copy of the folder does not have.
    fn place(&self) -> u64;
}

/// Writes all of `bytes`.
pub fn write_all(file: &dyn DiskFile, offset: u64, bytes: &[u8]) -> io::Result<()> {
    let mut done = 0;
    while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
        match file.write(offset.saturating_add(done as u64), rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(more) => done = done.saturating_add(more),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// How the name of a file ends that is not whole yet.
pub const FRESH: &str = ".new";

/// Writes a file whole or not at all: under another name first, and on the disk when this returns.
pub fn replace(disk: &dyn Disk, name: &str, parts: &[&[u8]]) -> Result<(), JournalError> {
    let fresh = format!("{name}{FRESH}");
    let tried = || -> io::Result<()> {
        match disk.remove(&fresh) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = disk.create(&fresh)?;
        let mut offset = 0_u64;
        for part in parts {
            write_all(file.as_ref(), offset, part)?;
            offset = offset.saturating_add(part.len() as u64);
        }
        file.sync()?;
        disk.rename(&fresh, name)?;
        disk.sync_names()
    };
    tried().map_err(|error| JournalError::disk(format!("write {name}"), &error))
}

impl DiskFile for File {
    fn reserve(&self, size: u64) -> io::Result<()> {
        use rustix::io::Errno;
        match rustix::fs::fallocate(self, rustix::fs::FallocateFlags::empty(), 0, size) {
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) | Ok(()) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        self.write_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        self.set_len(size)
    }
}

/// A folder of the file system, the one that was opened: its path may lead to another writer's by now.
pub struct Folder {
    names: File,
    /// Held open with the names: the lock ends with them.
    lock: Option<File>,
    place: u64,
}

const LOCK: &str = "journal.lock";

impl Folder {
    /// For reading, also while another process writes.
    pub fn read_only(path: &Path) -> Result<Self, JournalError> {
        let opened = || -> io::Result<Self> {
            let names = File::open(path)?;
            if !names.metadata()?.is_dir() {
                return Err(io::ErrorKind::NotADirectory.into());
            }
            let place = std::fs::metadata(path.join(LOCK)).map_or(0, |lock| lock.ino());
            Ok(Self { names, lock: None, place })
        };
        opened().map_err(|error| JournalError::disk(format!("open {}", path.display()), &error))
    }

    /// For writing: made where needed, readable by its owner alone, and locked against every other writer.
    pub fn locked(path: &Path) -> Result<Self, JournalError> {
        let failed = |error: io::Error| JournalError::disk(format!("open {}", path.display()), &error);
        let is_new = !path.exists();
        std::fs::create_dir_all(path).map_err(failed)?;
        if is_new {
            // The folder's own name has to outlive a loss of power too.
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            File::open(parent).and_then(|parent| parent.sync_all()).map_err(failed)?;
        }
        let take = |file: &File| match rustix::fs::flock(file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let holder = std::fs::read_to_string(path.join(LOCK)).unwrap_or_default().trim().to_owned();
                Err(JournalError::Locked { folder: path.display().to_string(), holder })
            }
            taken => taken.map_err(|error| failed(error.into())),
        };
        // The folder itself: who removes the lock's file lets nobody in. The file too, for builds that know it alone.
        let names = File::open(path).map_err(failed)?;
        take(&names)?;
        let mut options = OpenOptions::new();
        let mut lock = options.read(true).write(true).create(true).mode(0o600).open(path.join(LOCK)).map_err(failed)?;
        take(&lock)?;
        let written = lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id()));
        // On a full disk the number is missing from a refusal, which is no reason not to start.
        let _ = written;
        let place = lock.metadata().map_err(failed)?.ino();
        Ok(Self { names, lock: Some(lock), place })
    }

    /// Whether this one may write.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.lock.is_some()
    }

    fn open(&self, name: &str, flags: OFlags) -> io::Result<File> {
        Ok(rustix::fs::openat(&self.names, name, flags | OFlags::CLOEXEC, Mode::RUSR | Mode::WUSR)?.into())
    }
}

impl Disk for Folder {
    fn list(&self) -> io::Result<Vec<String>> {
        Dir::read_from(&self.names)?
            .filter_map(|entry| entry.map(|entry| entry.file_name().to_str().map(str::to_owned).ok()).transpose())
            .filter(|name| !matches!(name.as_deref(), Ok("." | "..")))
            .map(|name| name.map_err(io::Error::from))
            .collect()
    }

    fn read(&self, name: &str, limit: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let file = self.open(name, OFlags::RDONLY)?;
        bytes.reserve(file.metadata()?.len().min(limit) as usize);
        file.take(limit).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(self.open(name, OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL)?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.names, from, &self.names, to)?)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.names, name, AtFlags::empty())?)
    }

    fn sync_names(&self) -> io::Result<()> {
        self.names.sync_all()
    }

    fn place(&self) -> u64 {
        self.place
    }
}
