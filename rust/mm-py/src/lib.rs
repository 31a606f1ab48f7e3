//! PyO3 only: convert, call, map the error. The one compiled module is `mm._core._rust`.

use pyo3::prelude::*;

#[pymodule]
mod _rust {
    use super::*;

    #[pyfunction]
    fn crc32(data: &[u8]) -> u32 {
        mm_core::crc::crc32(data)
    }
}
