//! A disk that forgets: writes and names that were not synced may be lost, sector by sector, when the power goes.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use crate::journal::disk::{Disk, DiskFile};

/// splitmix64: the same numbers from the same seed everywhere.
pub struct Chance(pub u64);

impl Chance {
    pub fn draw(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below.max(1)
    }

    pub fn bytes(&mut self, size: u64) -> Vec<u8> {
        (0..size).map(|_| self.draw(256) as u8).collect()
    }
}

#[derive(Clone)]
enum Change {
    Write(u64, Vec<u8>),
    Size(u64),
}

#[derive(Clone, Default)]
struct Inode {
    now: Vec<u8>,
    synced: Vec<u8>,
    /// Since the last sync.
    changes: Vec<Change>,
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write(offset, data) => {
            let end = *offset as usize + data.len();
            if bytes.len() < end {
                bytes.resize(end, 0);
            }
            bytes[*offset as usize..end].copy_from_slice(data);
        }
        Change::Size(size) => bytes.resize(*size as usize, 0),
    }
}

impl Inode {
    fn change(&mut self, change: Change) {
        apply(&mut self.now, &change);
        self.changes.push(change);
    }

    /// The contents after each number of changes; every sector keeps one of them, the length too.
    fn after_power_loss(&self, chance: &mut Chance, sector: usize) -> Vec<u8> {
        let mut versions = vec![self.synced.clone()];
        for change in &self.changes {
            let mut next = versions.last().unwrap().clone();
            apply(&mut next, change);
            versions.push(next);
        }
        let any = |chance: &mut Chance| chance.draw(versions.len() as u64) as usize;
        let length = versions[any(chance)].len();
        let byte = |version: usize, at: usize| versions[version].get(at).copied().unwrap_or(0);
        let mut image = Vec::with_capacity(length);
        // Often all is there but a few sectors, often all is lost but a few.
        let usual = [0, versions.len() - 1, any(chance)][chance.draw(3) as usize];
        for begin in (0..length).step_by(sector) {
            let end = (begin + sector).min(length);
            let version = if chance.draw(4) == 0 { any(chance) } else { usual };
            // A sector that was half written.
            let torn = if chance.draw(8) == 0 { begin + chance.draw(sector as u64) as usize } else { end };
            let other = any(chance);
            image.extend((begin..end).map(|at| byte(if at < torn { version } else { other }, at)));
        }
        image
    }
}

#[derive(Clone)]
enum Naming {
    Set(String, usize),
    /// Of this inode, whatever else had the first name before it.
    Move(String, String, usize),
    Remove(String),
}

fn rename(names: &mut BTreeMap<String, usize>, naming: &Naming) {
    match naming {
        Naming::Set(name, inode) => {
            names.insert(name.clone(), *inode);
        }
        Naming::Move(from, to, inode) => {
            names.remove(from);
            names.insert(to.clone(), *inode);
        }
        Naming::Remove(name) => {
            names.remove(name);
        }
    }
}

/// What happens at an operation that changes something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The power goes: it and all that follow fail.
    PowerLoss,
    /// No room: half of a write is done. Only this one.
    NoSpace,
    /// As `NoSpace`, and so do all that follow.
    StaysFull,
    /// A sync loses what it should have written, once; later ones pass (Linux, ext4 and xfs).
    SyncLoses,
}

#[derive(Default)]
struct State {
    inodes: Vec<Inode>,
    names: BTreeMap<String, usize>,
    synced_names: BTreeMap<String, usize>,
    namings: Vec<Naming>,
    operations: u64,
    fault: Option<(u64, Fault)>,
}

/// Clones share one disk.
#[derive(Clone, Default)]
pub struct ModelDisk {
    state: Arc<Mutex<State>>,
    pub place: u64,
}

struct ModelFile {
    state: Arc<Mutex<State>>,
    inode: usize,
}

fn power_is_off() -> io::Error {
    io::Error::other("the power is off")
}

impl State {
    /// Counts an operation; what goes wrong with it.
    fn step(&mut self) -> Option<Fault> {
        self.operations += 1;
        let (at, fault) = self.fault?;
        match fault {
            _ if self.operations < at => None,
            Fault::PowerLoss | Fault::StaysFull => Some(fault),
            Fault::NoSpace | Fault::SyncLoses => (self.operations == at).then_some(fault),
        }
    }

    fn naming(&mut self, naming: Naming) -> io::Result<()> {
        let fault = self.step();
        if matches!(fault, Some(Fault::NoSpace | Fault::StaysFull)) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        rename(&mut self.names, &naming);
        self.namings.push(naming);
        if fault == Some(Fault::PowerLoss) { Err(power_is_off()) } else { Ok(()) }
    }

    fn inode(&self, name: &str) -> io::Result<usize> {
        self.names.get(name).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl ModelDisk {
    /// The same disk in a folder elsewhere.
    pub fn at(&self, place: u64) -> Self {
        Self { place, ..self.clone() }
    }

    pub fn fault_at(&self, operation: u64, fault: Fault) {
        self.state.lock().unwrap().fault = Some((operation, fault));
    }

    pub fn operations(&self) -> u64 {
        self.state.lock().unwrap().operations
    }

    /// What is there when the power comes back: one of all the ways.
    pub fn after_power_loss(&self, chance: &mut Chance) -> Self {
        let state = self.state.lock().unwrap();
        let sector = if chance.draw(2) == 0 { 512 } else { 4096 };
        let mut names = state.synced_names.clone();
        let (in_order, count) = (chance.draw(2) == 0, chance.draw(state.namings.len() as u64 + 1) as usize);
        for (at, naming) in state.namings.iter().enumerate() {
            if if in_order { at < count } else { chance.draw(2) == 0 } {
                rename(&mut names, naming);
            }
        }
        let inodes: Vec<Inode> = state
            .inodes
            .iter()
            .map(|inode| {
                let image = inode.after_power_loss(chance, sector);
                Inode { now: image.clone(), synced: image, changes: Vec::new() }
            })
            .collect();
        let fresh = State { inodes, synced_names: names.clone(), names, ..State::default() };
        Self { state: Arc::new(Mutex::new(fresh)), place: self.place }
    }

    /// As a killed process leaves it; nothing is on the disk for sure. A copy: changes of one are not seen by the other.
    pub fn copy(&self) -> Self {
        let state = self.state.lock().unwrap();
        let fresh = State {
            inodes: state.inodes.clone(),
            names: state.names.clone(),
            synced_names: state.synced_names.clone(),
            namings: state.namings.clone(),
            ..State::default()
        };
        Self { state: Arc::new(Mutex::new(fresh)), place: self.place }
    }

    pub fn files(&self) -> Vec<String> {
        self.state.lock().unwrap().names.keys().cloned().collect()
    }

    pub fn edit(&self, name: &str, edit: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.state.lock().unwrap();
        let inode = state.inode(name).unwrap();
        edit(&mut state.inodes[inode].now);
    }

    pub fn delete(&self, name: &str) {
        self.state.lock().unwrap().names.remove(name).unwrap();
    }
}

impl DiskFile for ModelFile {
    fn reserve(&self, size: u64) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        let fault = state.step();
        if matches!(fault, Some(Fault::NoSpace | Fault::StaysFull)) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        state.inodes[self.inode].change(Change::Size(size));
        if fault == Some(Fault::PowerLoss) { Err(power_is_off()) } else { Ok(()) }
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.state.lock().unwrap();
        let fault = state.step();
        let taken =
            if matches!(fault, Some(Fault::NoSpace | Fault::StaysFull)) { bytes.len() / 2 } else { bytes.len() };
        if taken > 0 {
            state.inodes[self.inode].change(Change::Write(offset, bytes[..taken].to_vec()));
        }
        match fault {
            Some(Fault::PowerLoss) => Err(power_is_off()),
            Some(Fault::NoSpace | Fault::StaysFull) => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(taken),
        }
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        let fault = state.step();
        let inode = &mut state.inodes[self.inode];
        match fault {
            Some(Fault::PowerLoss) => return Err(power_is_off()),
            Some(Fault::SyncLoses) => {
                // The kernel goes on to show the bytes, and holds them for written.
                inode.changes.clear();
                return Err(io::Error::other("input/output error"));
            }
            _ => {}
        }
        let changes = std::mem::take(&mut inode.changes);
        changes.iter().for_each(|change| apply(&mut inode.synced, change));
        Ok(())
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        if state.step() == Some(Fault::PowerLoss) {
            return Err(power_is_off());
        }
        state.inodes[self.inode].change(Change::Size(size));
        Ok(())
    }
}

impl Disk for ModelDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.files())
    }

    fn read(&self, name: &str, limit: u64) -> io::Result<Vec<u8>> {
        let state = self.state.lock().unwrap();
        let bytes = &state.inodes[state.inode(name)?].now;
        Ok(bytes[..bytes.len().min(limit as usize)].to_vec())
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state.lock().unwrap();
        if state.names.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        state.inodes.push(Inode::default());
        let inode = state.inodes.len() - 1;
        state.naming(Naming::Set(name.to_owned(), inode))?;
        Ok(Arc::new(ModelFile { state: Arc::clone(&self.state), inode }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        let inode = state.inode(from)?;
        state.naming(Naming::Move(from.to_owned(), to.to_owned(), inode))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        state.inode(name)?;
        state.naming(Naming::Remove(name.to_owned()))
    }

    fn sync_names(&self) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        match state.step() {
            Some(Fault::PowerLoss) => return Err(power_is_off()),
            Some(Fault::SyncLoses) => return Err(io::Error::other("input/output error")),
            _ => {}
        }
        state.synced_names = state.names.clone();
        state.namings.clear();
        Ok(())
    }

    fn place(&self) -> u64 {
        self.place
    }
}
