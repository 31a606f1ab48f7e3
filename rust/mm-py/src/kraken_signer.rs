//! `KrakenSigner` as Python sees it. The secret goes in and never comes out: no getter, no repr, no error shows it.

use crate::errors::without_value;
use mm_core::kraken_signer::Signer;
use pyo3::prelude::*;
use pyo3::types::PyString;

#[pyclass(module = "mm._core._rust", frozen)]
pub struct KrakenSigner {
    core: Signer,
}

#[pymethods]
impl KrakenSigner {
    #[new]
    fn new(secret: &str) -> PyResult<Self> {
        let core = Signer::new(secret).ok_or_else(|| without_value("secret", "base64 text"))?;
        Ok(Self { core })
    }

    fn sign<'py>(&self, py: Python<'py>, path: &str, nonce: u64, body: &[u8]) -> PyResult<Bound<'py, PyString>> {
        PyString::from_bytes(py, &self.core.sign(path.as_bytes(), nonce, body))
    }

    fn __repr__(&self) -> &'static str {
        "KrakenSigner(...)"
    }
}
