//! Any pushes, snapshots and commits of MEXC Futures' depth.
#![no_main]

mm_fuzz::depth_target!(mm_core::mexc_futures_book::Decoder, b"ETH/USDT:USDT", 2, 0);
