//! Any frames of Kraken's book: an answer for each, and never half of one in a book.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mm_core::book::Book;
use mm_core::kraken_book::{CHECKSUM_MISMATCH, Decoder, VALID};
use mm_fuzz::{frames, look_at};

fuzz_target!(|data: &[u8]| {
    let mut decoder = Decoder::default();
    let mut books = Vec::new();
    for (symbol, price, size) in [("BTC/USD", 1, 8), ("MATIC/USD", 4, 8)] {
        decoder.add(symbol.as_bytes(), price, size);
        books.push(Book::new(10));
    }
    for frame in frames(data) {
        let before: Vec<u64> = books.iter().map(Book::state_hash).collect();
        match decoder.decode(&frame) {
            Ok(message) => {
                let book = &mut books[message.index];
                let flags = decoder.apply(message, book);
                assert!(flags & (VALID | CHECKSUM_MISMATCH) != VALID | CHECKSUM_MISMATCH);
                assert_eq!(flags & VALID != 0, book.is_valid());
                look_at(book);
            }
            Err(_) => {
                let after: Vec<u64> = books.iter().map(Book::state_hash).collect();
                assert_eq!(before, after, "a refused frame changed a book");
                assert!(decoder.named_in(&frame).iter().all(|index| *index < books.len()));
            }
        }
    }
});
