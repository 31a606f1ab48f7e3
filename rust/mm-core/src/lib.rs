//! The parts of `mm` that own memory alone behind integers and bytes. Knows no Python.

pub mod crc;
