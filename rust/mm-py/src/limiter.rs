//! `TokenBucket` as Python sees it.

use crate::errors::{positive, refused};
use mm_core::limiter::{POINT, POINTS_MAX, RATE_E3_MAX, TokenBucket as Core};
use pyo3::prelude::*;

/// Points for display.
pub fn points(picopoints: i128) -> f64 {
    picopoints as f64 / POINT as f64
}

#[pyclass(module = "mm._core._rust")]
pub struct TokenBucket {
    core: Core,
}

#[pymethods]
impl TokenBucket {
    #[new]
    #[pyo3(signature = (capacity, refill_per_s_e3, reserve=0))]
    fn new(capacity: i64, refill_per_s_e3: i64, reserve: i64) -> PyResult<Self> {
        if !(1..=POINTS_MAX).contains(&capacity) {
            return Err(refused("capacity", capacity, "1 to 10^9 tokens"));
        }
        if !(1..=RATE_E3_MAX).contains(&refill_per_s_e3) {
            return Err(refused("refill_per_s_e3", refill_per_s_e3, "1 to 10^12 thousandths of a token a second"));
        }
        let core = Core::new(capacity, refill_per_s_e3, reserve)
            .ok_or_else(|| refused("reserve", reserve, "0 to less than the capacity"))?;
        Ok(Self { core })
    }

    #[pyo3(signature = (now_ns, weight=1, priority=false))]
    fn take(&mut self, now_ns: i64, weight: i64, priority: bool) -> PyResult<bool> {
        Ok(self.core.take(now_ns, positive("weight", weight)?, priority))
    }

    #[pyo3(signature = (now_ns, priority=false))]
    fn headroom(&self, now_ns: i64, priority: bool) -> f64 {
        points(self.core.headroom(now_ns, priority).max(0))
    }

    #[pyo3(signature = (now_ns, weight=1, priority=false))]
    fn next_permit_ns(&self, now_ns: i64, weight: i64, priority: bool) -> PyResult<i64> {
        Ok(self.core.permit_ns(now_ns, positive("weight", weight)?, priority).unwrap_or(0))
    }

    fn state_hash(&self) -> u64 {
        self.core.state_hash()
    }
}
