//! MEXC Spot's frames as Python sees them: codes and texts instead of exceptions, since venue data never ends a task.

use crate::book::Book;
use crate::kraken_book::{MALFORMED, OTHER_CHANNEL, UNKNOWN_SYMBOL};
use mm_core::depth_feed::GAP;
use mm_core::json::Fault;
use mm_core::mexc_book::{Decoder, Refusal};
use mm_core::mexc_push::{self, Value};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyInt, PyList, PyString, PyTuple};

const MS: i64 = 1_000_000;

#[pyclass(module = "mm._core._rust")]
#[derive(Default)]
pub struct MexcBookDecoder {
    core: Decoder,
    /// By the decoder's index.
    books: Vec<Option<Py<Book>>>,
    last_error: Option<Fault>,
    #[pyo3(get)]
    last_venue_ns: i64,
    #[pyo3(get)]
    last_index: i64,
    #[pyo3(get)]
    unknown_symbol_count: u64,
    #[pyo3(get)]
    malformed_count: u64,
    #[pyo3(get)]
    gap_count: u64,
}

impl MexcBookDecoder {
    fn refuse(&mut self, py: Python<'_>, frame: &[u8], refusal: Refusal) -> PyResult<i64> {
        self.last_index = -1;
        match refusal {
            Refusal::OtherChannel => Ok(OTHER_CHANNEL),
            Refusal::UnknownSymbol => {
                self.unknown_symbol_count += 1;
                Ok(UNKNOWN_SYMBOL)
            }
            Refusal::Malformed(fault) => {
                self.malformed_count += 1;
                self.last_error = Some(fault);
                for index in self.core.lose_named_in(frame).into_iter().rev() {
                    self.last_index = index as i64;
                    if let Some(Some(book)) = self.books.get(index) {
                        book.bind(py).try_borrow_mut()?.core.invalidate();
                    }
                }
                Ok(MALFORMED)
            }
        }
    }
}

#[pymethods]
impl MexcBookDecoder {
    #[new]
    fn new() -> Self {
        Self { last_index: -1, ..Self::default() }
    }

    fn add(&mut self, symbol: &str, book: Bound<'_, Book>) -> PyResult<usize> {
        let index = {
            let mut book = book.try_borrow_mut()?;
            // A new feed begins without a snapshot, whatever was in the book.
            book.core.invalidate();
            self.core.add(symbol.as_bytes(), book.price_precision, book.size_precision)
        };
        self.books.resize_with(self.books.len().max(index + 1), || None);
        self.books[index] = Some(book.unbind());
        Ok(index)
    }

    fn remove(&mut self, symbol: &str) -> bool {
        let index = self.core.remove(symbol.as_bytes());
        index.is_some_and(|index| self.books[index].take().is_some())
    }

    fn apply(&mut self, py: Python<'_>, frame: &[u8]) -> PyResult<i64> {
        let message = match self.core.decode(frame) {
            Ok(message) => message,
            Err(refusal) => return self.refuse(py, frame, refusal),
        };
        let Some(Some(book)) = self.books.get(message.index) else {
            return self.refuse(py, frame, Refusal::UnknownSymbol);
        };
        let flags = self.core.apply(message, &mut book.bind(py).try_borrow_mut()?.core);
        self.last_index = message.index as i64;
        self.last_venue_ns = message.venue_ms.saturating_mul(MS);
        self.gap_count += u64::from(flags & GAP != 0);
        Ok((message.index as i64) << 8 | i64::from(flags))
    }

    fn version(&self, symbol: &str) -> u64 {
        self.core.version(symbol.as_bytes())
    }

    #[getter]
    fn last_error(&self) -> String {
        self.last_error.as_ref().map_or(String::new(), told)
    }
}

fn told(fault: &Fault) -> String {
    let field = if fault.field.is_empty() { "frame" } else { fault.field };
    format!("{field}: expected {} at byte {}", fault.expected, fault.offset)
}

/// A frame's envelope and its body as tuples, or what is wrong with it.
pub fn push<'py>(py: Python<'py>, frame: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let read = mexc_push::envelope(frame).and_then(|push| {
        let values = match mexc_push::schema(push.body) {
            Some(schema) => Some(mexc_push::values(push.bytes, push.base, schema)?),
            None => None,
        };
        Ok((push, values))
    });
    match read {
        Ok((push, values)) => {
            let body = match values {
                Some(values) => row(py, &values)?.into_any(),
                None => py.None().into_bound(py),
            };
            let parts = (push.channel, push.symbol, push.create_ms, push.send_ms, push.body, body);
            Ok(parts.into_pyobject(py)?.into_any())
        }
        Err(fault) => Ok(PyString::new(py, &told(&fault)).into_any()),
    }
}

/// Which symbol a depth frame is of and the versions it covers, `None` for anything else.
pub fn depth_span(frame: &[u8]) -> Option<(&str, u64, u64)> {
    mm_core::mexc_book::span(frame).map(|(symbol, span)| (symbol, span.from, span.to))
}

fn row<'py>(py: Python<'py>, values: &[Value]) -> PyResult<Bound<'py, PyTuple>> {
    let parts = values
        .iter()
        .map(|value| {
            Ok(match value {
                Value::Text(text) => PyString::new(py, text).into_any(),
                Value::Int(number) => PyInt::new(py, *number).into_any(),
                Value::Bool(flag) => PyBool::new(py, *flag).to_owned().into_any(),
                Value::Messages(rows) => {
                    let rows = rows.iter().map(|values| row(py, values)).collect::<PyResult<Vec<_>>>()?;
                    PyList::new(py, rows)?.into_any()
                }
            })
        })
        .collect::<PyResult<Vec<_>>>()?;
    PyTuple::new(py, parts)
}
