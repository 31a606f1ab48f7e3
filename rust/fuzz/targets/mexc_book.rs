//! Any frames and snapshots of MEXC Spot's depth.
#![no_main]

mm_fuzz::depth_target!(mm_core::mexc_book::Decoder, b"ETH/USDT", 2, 8);
