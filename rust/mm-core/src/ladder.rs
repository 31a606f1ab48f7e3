//! One side of a book: levels in a row, the best last.
//!
//! The row lies in a buffer with room at both ends, so that the best levels (where trading happens) and the worst ones
//! (where a book of fixed depth drops and refills levels) are both cheap to change, whatever the depth.

/// One price level. `key` rises with how good the price is: the price of a bid, the negated price of an ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    pub key: i64,
    pub size: i64,
}

/// What setting a size did, with the rank of the level before the change (0 is the best).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Inserted(usize),
    Resized(usize),
    Removed(usize),
    /// The level to be removed was not there.
    Nothing,
}

/// Levels that the search looks at together. Which of them it is comes from counting, without a branch that depends on the
/// price, and most updates touch the best few levels.
const STRIDE: usize = 8;

/// Strides before the search turns into a bisection.
const STRIDES: usize = 3;

/// Room a fresh buffer has beyond its levels.
const ROOM_MIN: usize = 64;

/// Levels of one side, ascending by key.
#[derive(Clone, Debug, Default)]
pub struct Ladder {
    slots: Vec<Level>,
    start: usize,
    end: usize,
}

impl Ladder {
    /// The levels, worst first.
    #[inline]
    #[must_use]
    pub fn levels(&self) -> &[Level] {
        &self.slots[self.start..self.end]
    }

    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.end == self.start
    }

    /// The best level.
    #[inline]
    #[must_use]
    pub fn best(&self) -> Option<Level> {
        self.levels().last().copied()
    }

    pub fn clear(&mut self) {
        self.start = self.slots.len() / 2;
        self.end = self.start;
    }

    /// Sets the size at `key`; zero removes the level.
    #[inline]
    pub fn set(&mut self, key: i64, size: i64) -> Change {
        let count = self.len();
        match self.find(key) {
            Ok(at) if size == 0 => {
                self.remove(at);
                Change::Removed(count - 1 - at)
            }
            Ok(at) => {
                self.slots[self.start + at].size = size;
                Change::Resized(count - 1 - at)
            }
            Err(_) if size == 0 => Change::Nothing,
            Err(at) => {
                self.insert(at, Level { key, size });
                Change::Inserted(count - at)
            }
        }
    }

    /// Drops the worst levels beyond `depth` and says whether there were any.
    #[inline]
    pub fn truncate(&mut self, depth: usize) -> bool {
        let excess = self.len().saturating_sub(depth);
        self.start += excess;
        excess > 0
    }

    /// Where `key` is, or where it belongs.
    #[inline]
    fn find(&self, key: i64) -> Result<usize, usize> {
        let mut rest = self.levels();
        for _ in 0..STRIDES {
            let Some((worse, stride)) = rest.split_last_chunk::<STRIDE>() else { break };
            if stride[0].key <= key {
                let better = stride.iter().map(|level| usize::from(level.key > key)).sum::<usize>();
                let at = rest.len() - better;
                return if rest[at - 1].key == key { Ok(at - 1) } else { Err(at) };
            }
            rest = worse;
        }
        // A book of fixed depth is refilled and cut at its worst level.
        match rest.first() {
            Some(worst) if worst.key > key => Err(0),
            Some(worst) if worst.key == key => Ok(0),
            _ => rest.binary_search_by_key(&key, |level| level.key),
        }
    }

    #[inline]
    fn insert(&mut self, at: usize, level: Level) {
        if 2 * at >= self.len() {
            if self.end == self.slots.len() {
                self.make_room();
            }
            let slot = self.start + at;
            self.slots.copy_within(slot..self.end, slot + 1);
            self.end += 1;
            self.slots[slot] = level;
        } else {
            if self.start == 0 {
                self.make_room();
            }
            self.slots.copy_within(self.start..self.start + at, self.start - 1);
            self.start -= 1;
            self.slots[self.start + at] = level;
        }
    }

    #[inline]
    fn remove(&mut self, at: usize) {
        let slot = self.start + at;
        if 2 * at >= self.len() {
            self.slots.copy_within(slot + 1..self.end, slot);
            self.end -= 1;
        } else {
            self.slots.copy_within(self.start..slot, self.start + 1);
            self.start += 1;
        }
    }

    /// Moves the levels to the middle of the buffer, grown so that the next move is as many changes away as there are levels.
    #[cold]
    fn make_room(&mut self) {
        let count = self.len();
        let wanted = 2 * count + ROOM_MIN;
        if self.slots.len() < wanted {
            self.slots.resize(wanted.next_power_of_two(), Level { key: 0, size: 0 });
        }
        let start = (self.slots.len() - count) / 2;
        self.slots.copy_within(self.start..self.end, start);
        self.start = start;
        self.end = start + count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// A small generator, so that the walk below is the same on every machine.
    fn next(state: &mut u64) -> u64 {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *state >> 33
    }

    #[test]
    fn agrees_with_a_sorted_map_through_drift_and_truncation() {
        let mut state = 7;
        for depth in [3, 10, 100, 1000] {
            let (mut ladder, mut twin) = (Ladder::default(), BTreeMap::new());
            for step in 0..20_000_i64 {
                let key = step / 8 + (next(&mut state) % (2 * depth as u64)) as i64;
                let size = (next(&mut state) % 4) as i64;
                let change = ladder.set(key, size);
                let above = twin.range(key + 1..).count();
                let known = twin.contains_key(&key);
                let expected = match (known, size) {
                    (false, 0) => Change::Nothing,
                    (true, 0) => Change::Removed(above),
                    (true, _) => Change::Resized(above),
                    (false, _) => Change::Inserted(above),
                };
                assert_eq!(change, expected);
                if size == 0 {
                    twin.remove(&key);
                } else {
                    twin.insert(key, size);
                }
                if step % 3 == 0 {
                    assert_eq!(ladder.truncate(depth), twin.len() > depth);
                    while twin.len() > depth {
                        twin.pop_first();
                    }
                }
                if step % 50 == 0 {
                    let levels: Vec<_> = ladder.levels().iter().map(|level| (level.key, level.size)).collect();
                    assert_eq!(levels, twin.clone().into_iter().collect::<Vec<_>>());
                }
                assert_eq!(ladder.best().map(|level| level.key), twin.last_key_value().map(|(key, _)| *key));
            }
        }
    }

    #[test]
    fn clear_leaves_nothing() {
        let mut ladder = Ladder::default();
        assert_eq!(ladder.best(), None);
        ladder.set(5, 1);
        ladder.clear();
        assert!(ladder.is_empty() && ladder.levels().is_empty());
        assert_eq!(ladder.set(5, 0), Change::Nothing);
    }
}
