//! `Histogram` as Python sees it.

use crate::errors::refused;
use mm_core::histogram::Histogram as Core;
use pyo3::prelude::*;

#[pyclass(module = "mm._core._rust")]
pub struct Histogram {
    core: Core,
}

#[pymethods]
impl Histogram {
    #[new]
    fn new() -> Self {
        Self { core: Core::default() }
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

    fn merge(&mut self, other: &Self) {
        self.core.merge(&other.core);
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
}
