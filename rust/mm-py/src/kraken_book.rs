//! `KrakenBookDecoder` as Python sees it: codes instead of exceptions, since venue data never ends a task.

use crate::book::Book;
use mm_core::json::Fault;
use mm_core::kraken_book::{Decoder, Refusal};
use pyo3::prelude::*;

pub const OTHER_CHANNEL: i64 = -1;
pub const MALFORMED: i64 = -2;
pub const UNKNOWN_SYMBOL: i64 = -3;

#[pyclass(module = "mm._core._rust")]
#[derive(Default)]
pub struct KrakenBookDecoder {
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
    mismatch_count: u64,
}

impl KrakenBookDecoder {
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
                for index in self.core.named_in(frame).into_iter().rev() {
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
impl KrakenBookDecoder {
    #[new]
    fn new() -> Self {
        Self { last_index: -1, ..Self::default() }
    }

    fn add(&mut self, symbol: &str, book: Bound<'_, Book>) -> PyResult<usize> {
        let index = {
            let book = book.try_borrow()?;
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
        if flags != mm_core::kraken_book::IGNORED_INVALID {
            self.last_venue_ns = message.venue_ns;
        }
        self.mismatch_count += u64::from(flags & mm_core::kraken_book::CHECKSUM_MISMATCH != 0);
        Ok((message.index as i64) << 8 | i64::from(flags))
    }

    #[getter]
    fn last_error(&self) -> String {
        self.last_error.as_ref().map_or(String::new(), |fault| {
            let field = if fault.field.is_empty() { "frame" } else { fault.field };
            format!("{field}: expected {} at byte {}", fault.expected, fault.offset)
        })
    }
}
