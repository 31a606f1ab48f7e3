//! What the targets have in common.

use mm_core::book::{Book, Side};

/// Holds a book to what it promises whatever was fed to it: sorted sides, sizes above 0, no more levels than it keeps.
pub fn look_at(book: &Book) {
    for side in [Side::Bid, Side::Ask] {
        let levels: Vec<(i64, i64)> = book.levels(side, usize::MAX).collect();
        assert!(levels.iter().all(|(price, size)| *price > 0 && *size > 0), "{side:?} {levels:?}");
        let is_sorted = levels.windows(2).all(|pair| match side {
            Side::Bid => pair[0].0 > pair[1].0,
            Side::Ask => pair[0].0 < pair[1].0,
        });
        assert!(is_sorted, "{side:?} {levels:?}");
    }
}

/// The frames of an input: a line feed stands between two of them in no text of a venue, and escaped in what is binary.
pub fn frames(data: &[u8]) -> Vec<Vec<u8>> {
    let mut frames = vec![Vec::new()];
    let mut bytes = data.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            // 0xff 0x00 is a byte of 0xff, 0xff with anything else ends a frame.
            0xff => match bytes.next() {
                Some(0) => frames.last_mut().expect("never empty").push(0xff),
                _ => frames.push(Vec::new()),
            },
            other => frames.last_mut().expect("never empty").push(*other),
        }
    }
    frames
}
