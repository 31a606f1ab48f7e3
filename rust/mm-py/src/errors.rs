//! How a refusal of the core reads in Python.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// `ValueError` that names the field, what it was and what it should have been.
pub fn refused(field: &str, value: impl std::fmt::Display, expected: &str) -> PyErr {
    PyValueError::new_err(format!("{field}: expected {expected}, got {value}"))
}
