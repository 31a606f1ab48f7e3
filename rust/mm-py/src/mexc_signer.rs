//! `MexcSigner` as Python sees it. The secret goes in and never comes out: no getter, no repr, no error shows it.

use crate::errors::without_value;
use mm_core::mexc_signer::Signer;
use pyo3::prelude::*;
use pyo3::types::PyString;

#[pyclass(module = "mm._core._rust", frozen)]
pub struct MexcSigner {
    core: Signer,
}

#[pymethods]
impl MexcSigner {
    #[new]
    fn new(secret: &str) -> PyResult<Self> {
        let core = Signer::new(secret.as_bytes()).ok_or_else(|| without_value("secret", "text"))?;
        Ok(Self { core })
    }

    fn sign<'py>(&self, py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyString>> {
        PyString::from_bytes(py, &self.core.sign(text.as_bytes()))
    }

    fn __repr__(&self) -> &'static str {
        "MexcSigner(...)"
    }
}
