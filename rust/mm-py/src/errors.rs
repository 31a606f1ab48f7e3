//! How a refusal of the core reads in Python.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// `ValueError` that names the field, what it was and what it should have been.
#[cold]
pub fn refused(field: &str, value: impl std::fmt::Display, expected: &str) -> PyErr {
    PyValueError::new_err(format!("{field}: expected {expected}, got {value}"))
}

/// As [`refused`], for a value that nobody is to see.
pub fn without_value(field: &str, expected: &str) -> PyErr {
    PyValueError::new_err(format!("{field}: expected {expected}"))
}

/// `value` again, if it is above zero.
pub fn positive(field: &str, value: i64) -> PyResult<i64> {
    if value > 0 { Ok(value) } else { Err(refused(field, value, "a number above zero")) }
}
