//! On the file system.

use std::path::PathBuf;

use super::*;
use crate::journal::disk::Folder;

struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("mm-journal-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_folder_is_made_locked_and_read_back() {
    let folder = Temporary::new("folder");
    let path = folder.0.join("state").join("journal");
    let disk: Arc<dyn Disk> = Arc::new(Folder::locked(&path).unwrap());
    let mut journal = Journal::open(disk, settings(1)).unwrap();
    append(&mut journal, 50);
    let pid = std::process::id().to_string();
    assert_eq!(
        Folder::locked(&path).err(),
        Some(JournalError::Locked { folder: path.display().to_string(), holder: pid })
    );
    journal.close(0, 0).unwrap();
    drop(journal);
    let disk: Arc<dyn Disk> = Arc::new(Folder::locked(&path).unwrap());
    let journal = Journal::open(disk, settings(2)).unwrap();
    assert!(journal.found().is_closed && !journal.has_moved());
    assert_eq!(journal.next_index(), 51);
}

#[test]
fn a_folder_stays_locked_without_the_file_of_its_lock() {
    let folder = Temporary::new("cleared");
    let path = folder.0.join("journal");
    let held = Folder::locked(&path).unwrap();
    std::fs::remove_file(path.join("journal.lock")).unwrap();
    let refused = Folder::locked(&path).err();
    assert_eq!(refused, Some(JournalError::Locked { folder: path.display().to_string(), holder: String::new() }));
    assert!(!path.join("journal.lock").exists());
    drop(held);
    assert!(Folder::locked(&path).unwrap().is_locked());
}

#[test]
fn a_writer_that_locks_the_file_alone_is_minded() {
    let folder = Temporary::new("file");
    drop(Folder::locked(&folder.0).unwrap());
    let file = std::fs::File::open(folder.0.join("journal.lock")).unwrap();
    rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive).unwrap();
    assert!(matches!(Folder::locked(&folder.0).err(), Some(JournalError::Locked { .. })));
    drop(file);
    assert!(Folder::locked(&folder.0).unwrap().is_locked());
}

#[test]
fn a_copy_of_a_folder_is_noticed() {
    let folder = Temporary::new("copy");
    let (first, second) = (folder.0.join("first"), folder.0.join("second"));
    let mut journal = Journal::open(Arc::new(Folder::locked(&first).unwrap()), settings(1)).unwrap();
    append(&mut journal, 5);
    drop(journal);
    std::fs::create_dir(&second).unwrap();
    for entry in std::fs::read_dir(&first).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), second.join(entry.file_name())).unwrap();
    }
    let disk: Arc<dyn Disk> = Arc::new(Folder::locked(&second).unwrap());
    assert!(Journal::open(disk, settings(2)).unwrap().has_moved());
}

#[test]
fn a_folder_that_is_not_there_is_an_error_for_a_reader() {
    let folder = Temporary::new("missing");
    let error = Folder::read_only(&folder.0).err().unwrap();
    assert!(error.to_string().contains("No such file"), "{error}");
}
