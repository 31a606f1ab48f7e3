//! Any frame of MEXC Spot: its envelope, and its body by the schema.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mm_core::mexc_push::{envelope, schema, values};

fuzz_target!(|data: &[u8]| {
    let Ok(push) = envelope(data) else { return };
    let Some(schema) = schema(push.body) else { return };
    assert_eq!(data.get(push.base..push.base + push.bytes.len()), Some(push.bytes));
    match values(push.bytes, push.base, schema) {
        Ok(values) => assert_eq!(values.len(), schema.len()),
        Err(fault) => assert!(fault.offset <= data.len(), "{fault:?}"),
    }
});
