//! The parts of `mm` that own memory alone behind integers and bytes. Knows no Python.

pub mod book;
pub mod checksum_text;
pub mod crc;
pub mod decimal;
pub mod depth_feed;
pub mod digits;
pub mod histogram;
pub mod journal;
pub mod json;
pub mod kraken_book;
pub mod kraken_limits;
pub mod kraken_signer;
pub mod ladder;
pub mod limiter;
pub mod mexc_book;
pub mod mexc_futures_book;
pub mod mexc_push;
pub mod mexc_signer;
pub mod protobuf;
pub mod record_buffer;
pub mod rfc3339;
pub mod state_hash;
