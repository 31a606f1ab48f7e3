//! An L2 order book of any depth. Prices and sizes are whole units; what they are units of is the instrument's affair.
//!
//! A message is applied whole: set its levels, then [`Book::truncate`], and only then look at the book.

use crate::checksum_text::{self, ChecksumText};
use crate::crc::Crc;
use crate::ladder::Ladder;
use crate::state_hash::fold;

/// The two sides of a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Bid,
    Ask,
}

impl Side {
    /// From the side of an order that rests there: +1 buy, -1 sell.
    #[must_use]
    pub fn from_sign(sign: i64) -> Option<Self> {
        match sign {
            1 => Some(Self::Bid),
            -1 => Some(Self::Ask),
            _ => None,
        }
    }

    #[inline]
    fn key(self, price: i64) -> i64 {
        match self {
            Self::Bid => price,
            Self::Ask => -price,
        }
    }
}

/// The best level of each side; zeros where a side is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Top {
    pub bid: i64,
    pub bid_size: i64,
    pub ask: i64,
    pub ask_size: i64,
}

/// Bids and asks, with Kraken's checksum and a flag that says whether the levels can be trusted.
#[derive(Clone, Debug)]
pub struct Book {
    bids: Ladder,
    asks: Ladder,
    bid_text: ChecksumText,
    ask_text: ChecksumText,
    /// CRC-32 of the asks' digits alone: the checksum begins with them, and half of the updates leave them as they are.
    ask_crc: u32,
    depth: usize,
    valid: bool,
    version: u64,
}

impl Book {
    /// An empty book that keeps `depth` levels a side (0: all). It is invalid until a snapshot arrives.
    #[must_use]
    pub fn new(depth: usize) -> Self {
        Self {
            bids: Ladder::default(),
            asks: Ladder::default(),
            bid_text: ChecksumText::default(),
            ask_text: ChecksumText::default(),
            ask_crc: 0,
            depth,
            valid: false,
            version: 0,
        }
    }

    #[must_use]
    pub fn depth(&self) -> usize {
        self.depth
    }

    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.valid
    }

    /// Says that the levels are those of the venue.
    pub fn mark_valid(&mut self) {
        self.valid = true;
    }

    /// Says that the levels are not to be trusted until the next snapshot. They stay readable, for diagnosis.
    pub fn invalidate(&mut self) {
        self.valid = false;
    }

    /// Messages applied since the beginning.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Counts one more message.
    #[inline]
    pub fn advance(&mut self) {
        self.version = self.version.wrapping_add(1);
    }

    /// Removes every level, and the trust in them.
    pub fn clear(&mut self) {
        self.bids.clear();
        self.asks.clear();
        self.bid_text.note_dropped();
        self.ask_text.note_dropped();
        self.valid = false;
    }

    /// Sets the size at a price; zero removes the level, and removing an absent one changes nothing. Does not truncate.
    ///
    /// `price` is positive and `size` not negative.
    #[inline]
    pub fn set(&mut self, side: Side, price: i64, size: i64) {
        let (ladder, text) = match side {
            Side::Bid => (&mut self.bids, &mut self.bid_text),
            Side::Ask => (&mut self.asks, &mut self.ask_text),
        };
        text.note(ladder.set(side.key(price), size));
    }

    /// Drops every level beyond the depth. The venue never says that such a level is gone.
    #[inline]
    pub fn truncate(&mut self) {
        if self.depth == 0 {
            return;
        }
        let reaches_text = self.depth < checksum_text::LEVELS;
        if self.bids.truncate(self.depth) && reaches_text {
            self.bid_text.note_dropped();
        }
        if self.asks.truncate(self.depth) && reaches_text {
            self.ask_text.note_dropped();
        }
    }

    /// Drops every level beyond the best `count` of a side, whatever the depth. `count` is at least ten.
    #[inline]
    pub fn keep(&mut self, count: usize) {
        self.bids.truncate(count.max(checksum_text::LEVELS));
        self.asks.truncate(count.max(checksum_text::LEVELS));
    }

    #[inline]
    #[must_use]
    pub fn top(&self) -> Top {
        let (bid, ask) = (self.bids.best(), self.asks.best());
        Top {
            bid: bid.map_or(0, |level| level.key),
            bid_size: bid.map_or(0, |level| level.size),
            ask: ask.map_or(0, |level| -level.key),
            ask_size: ask.map_or(0, |level| level.size),
        }
    }

    /// Whether the best bid is at or above the best ask.
    #[must_use]
    pub fn is_crossed(&self) -> bool {
        let top = self.top();
        top.bid_size > 0 && top.ask_size > 0 && top.bid >= top.ask
    }

    #[must_use]
    pub fn count(&self, side: Side) -> usize {
        self.ladder(side).len()
    }

    /// The best `count` levels of a side as (price, size), best first.
    pub fn levels(&self, side: Side, count: usize) -> impl ExactSizeIterator<Item = (i64, i64)> + '_ {
        self.ladder(side).levels().iter().rev().take(count).map(|level| (level.key.abs(), level.size))
    }

    /// The size on a side from its best price to `price`, that one included; the largest `i64` where it is more.
    #[must_use]
    pub fn depth_within(&self, side: Side, price: i64) -> i64 {
        let levels = self.ladder(side).levels();
        let worst = side.key(price);
        let first = levels.partition_point(|level| level.key < worst);
        // Sizes have 63 bits, and there are fewer than 2^63 levels.
        let depth = levels[first..].iter().fold(0_i128, |depth, level| depth + i128::from(level.size));
        i64::try_from(depth).unwrap_or(i64::MAX)
    }

    /// What taking `size` from a side gives: how much of it is there, and the exact sum of price times size.
    #[must_use]
    pub fn vwap(&self, side: Side, size: i64) -> (i64, i128) {
        let mut left = size;
        let mut cost = 0_u128;
        for level in self.ladder(side).levels().iter().rev() {
            let taken = left.min(level.size);
            // Never overflows: the sizes taken sum up to `size`, so the cost is below 2^63 times 2^63. None of the numbers
            // is negative, and the product of two of 64 bits without a sign is one instruction.
            let paid = u128::from(level.key.unsigned_abs()).wrapping_mul(u128::from(taken.unsigned_abs()));
            cost = cost.wrapping_add(paid);
            left -= taken;
            if left == 0 {
                break;
            }
        }
        (size - left, cost as i128)
    }

    /// Kraken's checksum: CRC-32 of the digits of the ten best asks, then of the ten best bids.
    pub fn checksum(&mut self) -> u32 {
        if self.ask_text.is_changed() {
            self.ask_crc = Crc::default().with(self.ask_text.text(&self.asks)).value();
        }
        Crc::resume(self.ask_crc).with(self.bid_text.text(&self.bids)).value()
    }

    /// A hash of the levels alone: equal for equal levels, however they came about.
    #[must_use]
    pub fn state_hash(&self) -> u64 {
        [Side::Bid, Side::Ask].into_iter().fold(0, |state, side| {
            let state = fold(state, self.count(side) as i64);
            self.levels(side, usize::MAX).fold(state, |state, (price, size)| fold(fold(state, price), size))
        })
    }

    #[inline]
    fn ladder(&self, side: Side) -> &Ladder {
        match side {
            Side::Bid => &self.bids,
            Side::Ask => &self.asks,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(depth: usize, bids: &[(i64, i64)], asks: &[(i64, i64)]) -> Book {
        let mut book = Book::new(depth);
        for (price, size) in bids {
            book.set(Side::Bid, *price, *size);
        }
        for (price, size) in asks {
            book.set(Side::Ask, *price, *size);
        }
        book.truncate();
        book
    }

    const BIDS: [(i64, i64); 10] = [
        (452_835, 10_000_000),
        (452_834, 154_582_015),
        (452_821, 10_000_000),
        (452_810, 10_000_000),
        (452_803, 154_592_586),
        (452_790, 7_990_000),
        (452_776, 3_310_103),
        (452_775, 30_000_000),
        (452_773, 154_602_737),
        (452_766, 15_445_238),
    ];
    const ASKS: [(i64, i64); 10] = [
        (452_852, 100_000),
        (452_864, 154_571_953),
        (452_866, 154_571_109),
        (452_896, 154_560_911),
        (452_902, 15_890_660),
        (452_918, 154_553_491),
        (452_947, 4_454_749),
        (452_961, 35_380_000),
        (452_975, 9_945_542),
        (452_995, 18_772_827),
    ];

    #[test]
    fn checksum_is_the_published_one() {
        assert_eq!(book(10, &BIDS, &ASKS).checksum(), 3_310_070_434);
        assert_eq!(Book::new(10).checksum(), 0);
    }

    #[test]
    fn checksum_follows_every_change() {
        let mut kept = book(9, &BIDS, &ASKS);
        for step in 0..200_i64 {
            kept.set(if step % 3 == 0 { Side::Bid } else { Side::Ask }, 452_760 + step * 7 % 240, step % 5);
            kept.truncate();
            let levels = |side| kept.levels(side, usize::MAX).collect::<Vec<_>>();
            let mut fresh = book(9, &levels(Side::Bid), &levels(Side::Ask));
            assert_eq!(kept.checksum(), fresh.checksum(), "step {step}");
        }
    }

    #[test]
    fn truncation_drops_the_worst_levels() {
        let book = book(2, &[(1, 1), (3, 1), (2, 1)], &[(9, 1), (7, 1), (8, 1)]);
        assert_eq!(book.levels(Side::Bid, 9).collect::<Vec<_>>(), [(3, 1), (2, 1)]);
        assert_eq!(book.levels(Side::Ask, 9).collect::<Vec<_>>(), [(7, 1), (8, 1)]);
        assert_eq!(book.top(), Top { bid: 3, bid_size: 1, ask: 7, ask_size: 1 });
    }

    #[test]
    fn vwap_is_exact_at_the_edge_of_the_range() {
        let book = book(0, &[(i64::MAX, i64::MAX), (i64::MAX - 1, i64::MAX)], &[]);
        assert_eq!(book.vwap(Side::Bid, i64::MAX), (i64::MAX, i128::from(i64::MAX) * i128::from(i64::MAX)));
        assert_eq!(book.vwap(Side::Ask, 5), (0, 0));
    }

    #[test]
    fn state_hash_knows_the_levels_and_not_their_history() {
        let mut one = book(0, &[(1, 5), (2, 6)], &[(3, 7)]);
        let two = book(0, &[(2, 9), (9, 9), (2, 6), (1, 5), (9, 0)], &[(3, 7)]);
        assert_eq!(one.state_hash(), two.state_hash());
        one.set(Side::Bid, 1, 4);
        assert_ne!(one.state_hash(), two.state_hash());
        assert_ne!(book(0, &[(1, 5)], &[]).state_hash(), book(0, &[], &[(1, 5)]).state_hash());
    }
}
