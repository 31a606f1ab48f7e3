//! The walker over protobuf: always an end, never beyond the message.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mm_core::protobuf::{Reader, Wire};

fuzz_target!(|data: &[u8]| {
    let mut reader = Reader::new(data, 7);
    let mut before = reader.offset();
    loop {
        match reader.key() {
            Ok(None) => break,
            Ok(Some((_, Wire::Bytes))) => match reader.bytes() {
                Ok((bytes, at)) => assert_eq!(data.get(at - 7..at - 7 + bytes.len()), Some(bytes)),
                Err(fault) => return assert!(fault.offset <= data.len() + 7),
            },
            Ok(Some((number, wire))) => {
                if let Err(fault) = reader.skip(number, wire) {
                    return assert!(fault.offset <= data.len() + 7);
                }
            }
            Err(fault) => return assert!(fault.offset <= data.len() + 7),
        }
        assert!(reader.offset() > before, "it stands still");
        before = reader.offset();
    }
    assert_eq!(reader.offset(), data.len() + 7);
});
