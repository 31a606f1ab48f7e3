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

/// A target that feeds frames to the decoder of a venue's depth, and holds its book to what it promises: a refused frame
/// changes nothing.
#[macro_export]
macro_rules! depth_target {
    ($decoder:ty, $symbol:literal, $price_precision:literal, $size_precision:literal) => {
        libfuzzer_sys::fuzz_target!(|data: &[u8]| {
            let mut decoder = <$decoder>::default();
            decoder.add($symbol, $price_precision, $size_precision);
            let mut book = mm_core::book::Book::new(20);
            for frame in $crate::frames(data) {
                let before = book.state_hash();
                match decoder.decode(&frame) {
                    Ok(message) => {
                        decoder.apply(message, &mut book);
                        $crate::look_at(&book);
                    }
                    Err(_) => {
                        assert_eq!(before, book.state_hash(), "a refused frame changed a book");
                        decoder.lose_named_in(&frame);
                    }
                }
            }
        });
    };
}

/// The frames of an input. 0xff ends one, unless a 0 follows: then it is a byte of 0xff itself. No text has that byte.
pub fn frames(data: &[u8]) -> Vec<Vec<u8>> {
    let mut frames = vec![Vec::new()];
    let mut bytes = data.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            0xff => match bytes.next() {
                Some(0) => frames.last_mut().expect("never empty").push(0xff),
                _ => frames.push(Vec::new()),
            },
            other => frames.last_mut().expect("never empty").push(*other),
        }
    }
    frames
}
