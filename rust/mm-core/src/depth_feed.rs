//! A book kept by the rule of versions: snapshot, pushes that cover ranges of versions, and the changes between them.
//!
//! The first push after a snapshot must reach over or touch the snapshot's version, each later one must begin where the one
//! before it ended. There is no checksum: a gap is the only sign of a loss, and ends the trust in the book at once. Pushes
//! that come before their snapshot wait for it. A snapshot that is older than the first of them proves nothing and changes
//! nothing. After a gap the levels are still those of the last version, and a list of the changes since then repairs them.

use crate::book::{Book, Side};
use crate::kraken_book::{IGNORED_INVALID, VALID};

/// A push is missing before this one: the book is invalid until its next snapshot.
pub const GAP: u32 = 64;

/// Older than the book: it is what it was, and this proves nothing of it. (With `VALID`.)
pub const BEHIND: u32 = 128;

/// Pushes that wait for a snapshot: more than a minute of them, and the venue's REST is not coming back soon.
const WAITING_MAX: usize = 2_000;

/// Levels kept a side. The venue sends changes of the whole book and never repeats a level, so that the depth which a book
/// was made with must not cut it; far from the market it has to end somewhere.
const LEVELS_MAX: usize = 20_000;

pub type Levels = Vec<(Side, i64, i64)>;

/// What a frame covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub from: u64,
    pub to: u64,
}

/// Changes and the versions that they cover.
#[derive(Clone, Debug)]
pub struct Changes {
    pub span: Span,
    pub levels: Levels,
}

/// Where a symbol's book stands.
#[derive(Debug, Default)]
pub struct Feed {
    /// The version that the book has.
    version: u64,
    /// A snapshot was applied and nothing is missing since.
    synced: bool,
    /// No push was applied to the snapshot yet: the next may reach over its version.
    fresh: bool,
    /// The hash of the levels of `version`, when a gap ended the trust in them: what can still be repaired.
    kept: Option<u64>,
    waiting: Vec<Changes>,
}

impl Feed {
    /// The version of the book; 0 while it is not to be trusted.
    #[must_use]
    pub fn version(&self) -> u64 {
        if self.synced { self.version } else { 0 }
    }

    /// Begins again: nothing that was received counts.
    pub fn lose(&mut self) {
        self.synced = false;
        self.kept = None;
        self.waiting.clear();
    }

    /// Notices that somebody else lost trust in the book: what is in it does not matter any more.
    #[inline]
    pub fn look(&mut self, book: &Book) {
        if self.synced && !book.is_valid() {
            self.lose();
        }
    }

    /// Takes a push.
    pub fn push(&mut self, span: Span, levels: &Levels, book: &mut Book) -> u32 {
        if !self.synced {
            self.wait(span, levels);
            return IGNORED_INVALID;
        }
        let next = self.version.saturating_add(1);
        if self.fresh && span.to <= self.version {
            // Older than the snapshot. A stream that goes on so belongs to another server, and the book gets old.
            return VALID | BEHIND;
        }
        if span.from != next && !(self.fresh && span.from < next) {
            book.invalidate();
            self.lose();
            self.kept = Some(book.state_hash());
            self.wait(span, levels);
            return GAP;
        }
        set(book, levels);
        self.version = span.to;
        self.fresh = false;
        VALID
    }

    /// Takes a snapshot.
    pub fn snapshot(&mut self, version: u64, levels: &Levels, book: &mut Book) -> u32 {
        if self.synced {
            // Nobody needs it: the pushes are ahead of any snapshot.
            return VALID | BEHIND;
        }
        if !self.reaches(version) {
            return IGNORED_INVALID;
        }
        book.clear();
        set(book, levels);
        self.version = version;
        self.resume(book)
    }

    /// Takes the changes of many versions, one after another: those that are not in the book yet must leave out none.
    pub fn commits(&mut self, commits: &mut [Changes], book: &mut Book) -> u32 {
        if self.synced {
            return VALID | BEHIND;
        }
        if self.kept.is_none_or(|kept| kept != book.state_hash()) {
            return IGNORED_INVALID;
        }
        // The venue lists the newest first, and says that it lists the oldest first.
        commits.sort_by_key(|changes| changes.span.to);
        let have = self.version;
        let mut last = have;
        let newer = || commits.iter().filter(|changes| changes.span.to > have);
        for changes in newer() {
            if changes.span.from > last.saturating_add(1) {
                return IGNORED_INVALID;
            }
            last = changes.span.to;
        }
        if !self.reaches(last) {
            return IGNORED_INVALID;
        }
        for changes in newer() {
            set(book, &changes.levels);
        }
        self.version = last;
        self.resume(book)
    }

    /// Whether nothing is missing between a version and the pushes that wait.
    fn reaches(&mut self, version: u64) -> bool {
        self.waiting.retain(|waiting| waiting.span.to > version);
        self.waiting.first().is_none_or(|first| first.span.from <= version.saturating_add(1))
    }

    fn resume(&mut self, book: &mut Book) -> u32 {
        self.fresh = self.waiting.is_empty();
        for waiting in self.waiting.drain(..) {
            set(book, &waiting.levels);
            self.version = waiting.span.to;
        }
        self.synced = true;
        self.kept = None;
        book.mark_valid();
        VALID
    }

    /// Keeps a push for the snapshot to come; before a gap among those that wait, none of them is of use.
    fn wait(&mut self, span: Span, levels: &Levels) {
        let follows = self.waiting.last().is_none_or(|last| last.span.to.saturating_add(1) == span.from);
        if !follows || self.waiting.len() >= WAITING_MAX {
            self.waiting.clear();
        }
        self.waiting.push(Changes { span, levels: levels.clone() });
    }
}

#[inline]
fn set(book: &mut Book, levels: &Levels) {
    for (side, price, size) in levels {
        book.set(*side, *price, *size);
    }
    book.keep(LEVELS_MAX);
    book.advance();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(from: u64, to: u64, price: i64) -> Changes {
        Changes { span: Span { from, to }, levels: vec![(Side::Bid, price, 1)] }
    }

    fn synced() -> (Feed, Book) {
        let (mut feed, mut book) = (Feed::default(), Book::new(0));
        assert_eq!(feed.snapshot(10, &vec![(Side::Bid, 5, 5)], &mut book), VALID);
        (feed, book)
    }

    fn push(feed: &mut Feed, book: &mut Book, changes: &Changes) -> u32 {
        feed.push(changes.span, &changes.levels, book)
    }

    #[test]
    fn a_gap_is_repaired_by_the_changes_in_between() {
        let (mut feed, mut book) = synced();
        assert_eq!(push(&mut feed, &mut book, &changes(9, 12, 1)), VALID);
        assert_eq!(push(&mut feed, &mut book, &changes(15, 16, 2)), GAP);
        assert!(!book.is_valid() && feed.version() == 0);
        let mut newest_first = [changes(15, 15, 7), changes(14, 14, 4), changes(13, 13, 3), changes(12, 12, 9)];
        assert_eq!(feed.commits(&mut newest_first, &mut book), VALID);
        assert_eq!((feed.version(), book.is_valid()), (16, true));
        let prices: Vec<_> = book.levels(Side::Bid, 99).map(|(price, _)| price).collect();
        assert_eq!(prices, [7, 5, 4, 3, 2, 1]);
        assert_eq!(push(&mut feed, &mut book, &changes(17, 17, 8)), VALID);
    }

    #[test]
    fn changes_that_leave_one_out_repair_nothing() {
        for mut commits in
            [vec![changes(14, 14, 1)], vec![changes(13, 13, 1), changes(15, 15, 1)], vec![changes(13, 13, 1)], vec![]]
        {
            let (mut feed, mut book) = synced();
            assert_eq!(push(&mut feed, &mut book, &changes(11, 12, 1)), VALID);
            assert_eq!(push(&mut feed, &mut book, &changes(15, 16, 2)), GAP);
            assert_eq!(feed.commits(&mut commits, &mut book), IGNORED_INVALID);
            assert!(!book.is_valid());
            assert_eq!(feed.snapshot(14, &vec![], &mut book), VALID);
        }
    }

    #[test]
    fn a_book_that_somebody_else_distrusts_needs_a_snapshot() {
        let (mut feed, mut book) = synced();
        book.invalidate();
        feed.look(&book);
        assert_eq!(feed.commits(&mut [changes(11, 11, 1)], &mut book), IGNORED_INVALID);
        let (mut feed, mut book) = synced();
        assert_eq!(push(&mut feed, &mut book, &changes(12, 12, 2)), GAP);
        book.clear();
        assert_eq!(feed.commits(&mut [changes(11, 11, 1)], &mut book), IGNORED_INVALID);
    }
}
