//! `Book` as Python sees it.

use crate::errors::refused;
use mm_core::book::{Book as Core, Side, Top};
use mm_core::decimal;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt, PyList};

const SIDE: &str = "+1 (buy) or -1 (sell)";

#[pyclass(module = "mm._core._rust")]
pub struct Book {
    pub core: Core,
    #[pyo3(get)]
    pub price_precision: u32,
    #[pyo3(get)]
    pub size_precision: u32,
}

/// A side's sign as Python gives it. -1 is how the interpreter tells of an error, too, and to ask whether there was one
/// costs more than to read the number; reading an int never fails but for its size.
pub struct Sign(i64);

impl<'a, 'py> FromPyObject<'a, 'py> for Sign {
    type Error = PyErr;

    #[inline]
    fn extract(given: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if given.is_exact_instance_of::<PyInt>() {
            let mut overflow = 0;
            // SAFETY: it is an int, and `given` keeps it alive.
            let value = unsafe { ffi::PyLong_AsLongAndOverflow(given.as_ptr(), &mut overflow) };
            if overflow == 0 {
                return Ok(Self(value));
            }
        }
        given.extract().map(Self)
    }
}

pub fn side_of(sign: i64) -> PyResult<Side> {
    Side::from_sign(sign).ok_or_else(|| refused("side", sign, SIDE))
}

fn precision(field: &str, value: i64) -> PyResult<u32> {
    match u32::try_from(value) {
        Ok(precision) if precision <= decimal::PRECISION_MAX => Ok(precision),
        _ => Err(refused(field, value, "0 to 18 decimals")),
    }
}

#[inline]
fn checked(price: i64, size: i64) -> PyResult<()> {
    if price <= 0 {
        return Err(refused("price", price, "a number above zero"));
    }
    if size < 0 {
        return Err(refused("size", size, "a number that is not negative"));
    }
    Ok(())
}

/// Apart from the path of the texts that are read, so that no room for an error is made there.
#[cold]
#[inline(never)]
fn not_read(field: &str, text: &str, expected: &str) -> PyErr {
    refused(field, format_args!("{text:?}"), expected)
}

fn all_checked(levels: &[(i64, i64)]) -> PyResult<()> {
    levels.iter().try_for_each(|(price, size)| checked(*price, *size))
}

/// Cost in the narrowest form: most fit 64 bits, and those become a Python int four times faster.
#[derive(IntoPyObject)]
pub enum Cost {
    Narrow(i64),
    Wide(i128),
}

impl Book {
    fn count_of(count: i64) -> usize {
        if count <= 0 { usize::MAX } else { count as usize }
    }
}

#[pymethods]
impl Book {
    #[new]
    #[pyo3(signature = (depth=0, price_precision=0, size_precision=0))]
    fn new(depth: i64, price_precision: i64, size_precision: i64) -> PyResult<Self> {
        let levels = usize::try_from(depth).map_err(|_| refused("depth", depth, "a number that is not negative"))?;
        Ok(Self {
            core: Core::new(levels),
            price_precision: precision("price_precision", price_precision)?,
            size_precision: precision("size_precision", size_precision)?,
        })
    }

    fn apply_snapshot(&mut self, bids: Vec<(i64, i64)>, asks: Vec<(i64, i64)>) -> PyResult<()> {
        all_checked(&bids)?;
        all_checked(&asks)?;
        self.core.clear();
        bids.iter().for_each(|(price, size)| self.core.set(Side::Bid, *price, *size));
        asks.iter().for_each(|(price, size)| self.core.set(Side::Ask, *price, *size));
        self.core.truncate();
        self.core.advance();
        self.core.mark_valid();
        Ok(())
    }

    fn apply(&mut self, side: Sign, price: i64, size: i64) -> PyResult<()> {
        let side = side_of(side.0)?;
        checked(price, size)?;
        self.core.set(side, price, size);
        self.core.advance();
        Ok(())
    }

    fn apply_text(&mut self, side: Sign, price: &str, size: &str) -> PyResult<()> {
        let side = side_of(side.0)?;
        let price_units = match decimal::parse(price.as_bytes(), self.price_precision) {
            Ok(0) => return Err(not_read("price", price, "a number above zero")),
            Ok(units) => units,
            Err(expected) => return Err(not_read("price", price, expected)),
        };
        let size_units = match decimal::parse(size.as_bytes(), self.size_precision) {
            Ok(units) => units,
            Err(expected) => return Err(not_read("size", size, expected)),
        };
        self.core.set(side, price_units, size_units);
        self.core.advance();
        Ok(())
    }

    fn apply_many(&mut self, levels: &Bound<'_, PyList>) -> PyResult<()> {
        // Read whole before a level changes: all of them or none.
        let mut read = Vec::with_capacity(levels.len());
        for level in levels {
            let (side, price, size): (i64, i64, i64) = level.extract()?;
            checked(price, size)?;
            read.push((side_of(side)?, price, size));
        }
        for (side, price, size) in read {
            self.core.set(side, price, size);
        }
        self.core.truncate();
        self.core.advance();
        Ok(())
    }

    fn truncate(&mut self) {
        self.core.truncate();
    }

    fn clear(&mut self) {
        self.core.clear();
        self.core.advance();
    }

    fn invalidate(&mut self) {
        self.core.invalidate();
    }

    fn top(&self) -> (i64, i64, i64, i64) {
        let Top { bid, bid_size, ask, ask_size } = self.core.top();
        (bid, bid_size, ask, ask_size)
    }

    fn depth_within(&self, side: Sign, price: i64) -> PyResult<i64> {
        Ok(self.core.depth_within(side_of(side.0)?, price))
    }

    fn vwap(&self, side: Sign, size: i64) -> PyResult<(i64, Cost)> {
        if size < 0 {
            return Err(refused("size", size, "a number that is not negative"));
        }
        let (filled, cost) = self.core.vwap(side_of(side.0)?, size);
        Ok((filled, i64::try_from(cost).map_or(Cost::Wide(cost), Cost::Narrow)))
    }

    #[pyo3(signature = (side, count=0))]
    fn levels(&self, side: Sign, count: i64) -> PyResult<Vec<(i64, i64)>> {
        Ok(self.core.levels(side_of(side.0)?, Self::count_of(count)).collect())
    }

    #[pyo3(signature = (side, count=0))]
    fn arrays<'py>(&self, py: Python<'py>, side: Sign, count: i64) -> PyResult<Bound<'py, PyBytes>> {
        let levels = self.core.levels(side_of(side.0)?, Self::count_of(count));
        PyBytes::new_with(py, 16 * levels.len(), |bytes| {
            for (slot, (price, size)) in bytes.chunks_exact_mut(16).zip(levels) {
                slot[..8].copy_from_slice(&price.to_ne_bytes());
                slot[8..].copy_from_slice(&size.to_ne_bytes());
            }
            Ok(())
        })
    }

    fn checksum(&mut self) -> u32 {
        self.core.checksum()
    }

    fn state_hash(&self) -> u64 {
        self.core.state_hash()
    }

    #[getter]
    fn depth(&self) -> usize {
        self.core.depth()
    }

    #[getter]
    fn best_bid(&self) -> i64 {
        self.core.top().bid
    }

    #[getter]
    fn best_bid_size(&self) -> i64 {
        self.core.top().bid_size
    }

    #[getter]
    fn best_ask(&self) -> i64 {
        self.core.top().ask
    }

    #[getter]
    fn best_ask_size(&self) -> i64 {
        self.core.top().ask_size
    }

    #[getter]
    fn bid_count(&self) -> usize {
        self.core.count(Side::Bid)
    }

    #[getter]
    fn ask_count(&self) -> usize {
        self.core.count(Side::Ask)
    }

    #[getter]
    fn is_valid(&self) -> bool {
        self.core.is_valid()
    }

    #[getter]
    fn is_crossed(&self) -> bool {
        self.core.is_crossed()
    }

    #[getter]
    fn version(&self) -> u64 {
        self.core.version()
    }

    fn __repr__(&self) -> String {
        let Top { bid, bid_size, ask, ask_size } = self.core.top();
        let state = if self.core.is_valid() { "valid" } else { "invalid" };
        format!("<Book {state}, {bid_size} at {bid}, {ask_size} at {ask}>")
    }
}
