//! `Histogram` as Python sees it.

use crate::errors::refused;
use mm_core::histogram::Histogram as Core;
use pyo3::prelude::*;

#[pyclass(module = "mm._core._rust")]
#[derive(Default)]
pub struct Histogram {
    core: Core,
}

#[pymethods]
impl Histogram {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    fn record(&mut self, value: i64) {
        self.core.record(value);
    }

    fn percentile(&self, percent: f64) -> PyResult<u64> {
        if (0.0..=100.0).contains(&percent) {
            Ok(self.core.percentile(percent))
        } else {
            Err(refused("percent", percent, "a number from 0 to 100"))
        }
    }

    /// Copies first, so that a histogram can be merged with itself.
    fn merge(slf: &Bound<'_, Self>, other: &Bound<'_, Self>) -> PyResult<()> {
        let added = other.try_borrow()?.core.clone();
        slf.try_borrow_mut()?.core.merge(&added);
        Ok(())
    }

    fn reset(&mut self) {
        self.core.reset();
    }

    #[getter]
    fn count(&self) -> u64 {
        self.core.count()
    }

    #[getter]
    fn max(&self) -> u64 {
        self.core.max()
    }

    fn __repr__(&self) -> String {
        format!("<Histogram of {}, largest {}>", self.core.count(), self.core.max())
    }
}
