//! The walker over JSON takes what a reader of trees takes. What it steps over unread it does not look into (raw control
//! characters, the form of a number), but it ends where the value ends.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mm_core::json::Scanner;

const NESTING_MAX: usize = 64;

/// How deep brackets are nested, those in strings left out, and whether each was closed by its own kind.
fn nesting(text: &[u8]) -> (usize, bool) {
    let (mut open, mut deepest, mut is_text, mut is_escaped) = (Vec::new(), 0, false, false);
    for byte in text {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b'{' | b'[' if !is_text => {
                open.push(byte + 2);
                deepest = deepest.max(open.len());
            }
            b'}' | b']' if !is_text && open.pop() != Some(*byte) => return (deepest, false),
            _ => {}
        }
    }
    (deepest, open.is_empty() && !is_text)
}

fuzz_target!(|data: &[u8]| {
    let mut scanner = Scanner::new(data);
    let is_taken = scanner.skip_value().is_ok() && scanner.is_done();
    assert!(scanner.at <= data.len());
    let (depth, is_balanced) = nesting(data);
    assert!(is_balanced || !is_taken, "taken: {data:?}");
    assert!(depth <= NESTING_MAX || !is_taken, "taken: {data:?}");
    let other: Result<serde_json::Value, _> = serde_json::from_slice(data);
    assert!(other.is_err() || is_taken || depth > NESTING_MAX, "refused: {data:?}");
});
