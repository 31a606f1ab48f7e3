//! Any frames and snapshots of MEXC Spot's depth.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mm_core::book::Book;
use mm_core::mexc_book::Decoder;
use mm_fuzz::{frames, look_at};

fuzz_target!(|data: &[u8]| {
    let mut decoder = Decoder::default();
    decoder.add(b"ETH/USDT", 2, 8);
    let mut book = Book::new(20);
    for frame in frames(data) {
        let before = book.state_hash();
        match decoder.decode(&frame) {
            Ok(message) => {
                decoder.apply(message, &mut book);
                look_at(&book);
            }
            Err(_) => {
                assert_eq!(before, book.state_hash(), "a refused frame changed a book");
                decoder.lose_named_in(&frame);
            }
        }
    }
});
