//! `RecordBuffer` as Python sees it.

use crate::errors::refused;
use mm_core::record_buffer::{RECORD_BYTES_MAX, RecordBuffer as Core};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

#[pyclass(module = "mm._core._rust")]
pub struct RecordBuffer {
    core: Core,
}

#[pymethods]
impl RecordBuffer {
    #[new]
    fn new() -> Self {
        Self { core: Core::default() }
    }

    fn append(&mut self, payload: &[u8]) -> PyResult<usize> {
        self.core.append(payload).ok_or_else(|| {
            let expected = format!("at most {RECORD_BYTES_MAX} bytes");
            refused("payload", format_args!("{} bytes", payload.len()), &expected)
        })
    }

    fn pending<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.core.bytes())
    }

    fn clear(&mut self) {
        self.core.clear();
    }

    fn __len__(&self) -> usize {
        self.core.bytes().len()
    }
}
