//! The digits of a side's ten best levels, as Kraken's checksum wants them.
//!
//! Each level's digits lie in a place of their own and are written again only when that level changed; levels that move up
//! or down take their digits along. So the usual message, which changes a level or two, costs little more than the copy.

use crate::digits::{self, DIGITS_MAX, ROOM};
use crate::ladder::{Change, Ladder, Level};

/// Levels of a side that the checksum covers, whatever the subscribed depth.
pub const LEVELS: usize = 10;

/// Digits of a price and a size, copied as a whole each time.
const PLACE: usize = 2 * DIGITS_MAX + 8;
const TEXT: usize = (LEVELS + 1) * PLACE;

#[derive(Clone, Copy, Debug)]
struct Place {
    bytes: [u8; PLACE],
    length: usize,
}

impl Place {
    #[inline]
    fn write(&mut self, level: Level) {
        let mut digits = [0; PLACE + ROOM];
        let price = digits::write(&mut digits, level.key.unsigned_abs());
        self.length = price + digits::write(&mut digits[price..], level.size.unsigned_abs());
        self.bytes.copy_from_slice(&digits[..PLACE]);
    }
}

/// Follows one side of a book.
#[derive(Clone, Debug)]
pub struct ChecksumText {
    places: [Place; LEVELS],
    /// The place of each rank. All of them, always: the places of ranks that the side does not have are free.
    order: [u8; LEVELS],
    /// A bit for each place whose digits are not those of its level.
    stale: u16,
    changed: bool,
    bytes: [u8; TEXT],
    length: usize,
}

impl Default for ChecksumText {
    fn default() -> Self {
        Self {
            places: [Place { bytes: [0; PLACE], length: 0 }; LEVELS],
            order: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
            stale: 0,
            changed: true,
            bytes: [0; TEXT],
            length: 0,
        }
    }
}

impl ChecksumText {
    /// Takes note of what happened to the side.
    #[inline]
    pub fn note(&mut self, change: Change) {
        match change {
            Change::Resized(rank) if rank < LEVELS => self.stale |= 1 << self.order[rank],
            Change::Inserted(rank) if rank < LEVELS => {
                self.order[rank..].rotate_right(1);
                self.stale |= 1 << self.order[rank];
            }
            Change::Removed(rank) if rank < LEVELS => {
                self.order[rank..].rotate_left(1);
                self.stale |= 1 << self.order[LEVELS - 1];
            }
            _ => return,
        }
        self.changed = true;
    }

    /// Takes note that levels were dropped, from some rank on.
    #[inline]
    pub fn note_dropped(&mut self) {
        self.changed = true;
    }

    /// Whether [`Self::text`] would differ from what it was.
    #[inline]
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.changed
    }

    /// The digits, the best level first.
    #[inline]
    pub fn text(&mut self, side: &Ladder) -> &[u8] {
        if self.changed {
            self.compose(side);
        }
        &self.bytes[..self.length]
    }

    #[inline]
    fn compose(&mut self, side: &Ladder) {
        let mut at = 0;
        for (level, number) in side.levels().iter().rev().zip(self.order) {
            let place = &mut self.places[usize::from(number)];
            if self.stale & (1 << number) != 0 {
                place.write(*level);
            }
            self.bytes[at..at + PLACE].copy_from_slice(&place.bytes);
            at += place.length;
        }
        self.stale = 0;
        self.changed = false;
        self.length = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_numbers_have_room() {
        let mut side = Ladder::default();
        let mut text = ChecksumText::default();
        for key in (0..20).map(|step| i64::MAX - step) {
            text.note(side.set(key, i64::MAX));
        }
        let expected: String = (0..10).map(|step| format!("{}{}", i64::MAX - step, i64::MAX)).collect();
        assert_eq!(text.text(&side), expected.as_bytes());
    }

    #[test]
    fn digits_follow_every_change() {
        for depth in [3, 10, 25] {
            let mut side = Ladder::default();
            let mut text = ChecksumText::default();
            let mut state = 11_u64;
            for step in 0..20_000_u64 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let random = state >> 33;
                text.note(side.set(-((random % 40) as i64) - 1, (random / 40 % 3 * random) as i64));
                if random % 5 == 0 && side.truncate(depth) {
                    text.note_dropped();
                }
                if step % 1000 == 999 {
                    side.clear();
                    text.note_dropped();
                }
                if random % 3 == 0 {
                    let levels = side.levels().iter().rev().take(LEVELS);
                    let expected: String = levels.map(|level| format!("{}{}", -level.key, level.size)).collect();
                    assert_eq!(text.text(&side), expected.as_bytes(), "step {step}");
                }
            }
        }
    }
}
