//! Kraken's counters as Python sees them.

use crate::errors::{positive, refused};
use crate::limiter::points;
use mm_core::kraken_limits::{Action, RestCounter, Tier, TradingCounter};
use pyo3::prelude::*;

fn unknown_tier(name: &str) -> PyErr {
    refused("tier", format_args!("{name:?}"), "starter, intermediate, pro or unlimited")
}

fn action_of(name: &str) -> PyResult<Action> {
    Action::from_name(name).ok_or_else(|| refused("action", format_args!("{name:?}"), "place, amend, edit or cancel"))
}

#[pyclass(module = "mm._core._rust")]
pub struct KrakenTradingCounter {
    core: TradingCounter,
}

#[pymethods]
impl KrakenTradingCounter {
    #[new]
    fn new(tier: &str) -> PyResult<Self> {
        let core = Tier::from_name(tier).and_then(TradingCounter::new).ok_or_else(|| unknown_tier(tier))?;
        Ok(Self { core })
    }

    #[pyo3(signature = (now_ns, action, age_ns=0, priority=false, open_orders=0))]
    fn allows(&self, now_ns: i64, action: &str, age_ns: i64, priority: bool, open_orders: i64) -> PyResult<bool> {
        Ok(self.core.allows(now_ns, action_of(action)?, age_ns, priority, open_orders))
    }

    #[pyo3(signature = (now_ns, action, age_ns=0))]
    fn charge(&mut self, now_ns: i64, action: &str, age_ns: i64) -> PyResult<()> {
        self.core.charge(now_ns, action_of(action)?, age_ns);
        Ok(())
    }

    #[pyo3(signature = (now_ns, action, age_ns=0))]
    fn refund(&mut self, now_ns: i64, action: &str, age_ns: i64) -> PyResult<()> {
        self.core.refund(now_ns, action_of(action)?, age_ns);
        Ok(())
    }

    fn refused(&mut self, now_ns: i64) {
        self.core.refused(now_ns);
    }

    fn headroom(&self, now_ns: i64) -> f64 {
        points(self.core.headroom(now_ns))
    }

    #[pyo3(signature = (now_ns, action, age_ns=0, priority=false, open_orders=0))]
    fn next_permit_ns(
        &self,
        now_ns: i64,
        action: &str,
        age_ns: i64,
        priority: bool,
        open_orders: i64,
    ) -> PyResult<i64> {
        Ok(self.core.permit_ns(now_ns, action_of(action)?, age_ns, priority, open_orders).unwrap_or(0))
    }

    fn state_hash(&self) -> u64 {
        self.core.state_hash()
    }
}

#[pyclass(module = "mm._core._rust")]
pub struct KrakenRestCounter {
    core: RestCounter,
}

#[pymethods]
impl KrakenRestCounter {
    #[new]
    fn new(tier: &str) -> PyResult<Self> {
        let core = Tier::from_name(tier).and_then(RestCounter::new).ok_or_else(|| unknown_tier(tier))?;
        Ok(Self { core })
    }

    #[pyo3(signature = (now_ns, cost=1, priority=false))]
    fn take(&mut self, now_ns: i64, cost: i64, priority: bool) -> PyResult<bool> {
        Ok(self.core.take(now_ns, positive("cost", cost)?, priority))
    }

    #[pyo3(signature = (now_ns, cost=1))]
    fn charge(&mut self, now_ns: i64, cost: i64) -> PyResult<()> {
        self.core.charge(now_ns, positive("cost", cost)?);
        Ok(())
    }

    fn refused(&mut self, now_ns: i64) {
        self.core.refused(now_ns);
    }

    fn headroom(&self, now_ns: i64) -> f64 {
        points(self.core.headroom(now_ns))
    }

    #[pyo3(signature = (now_ns, cost=1, priority=false))]
    fn next_permit_ns(&self, now_ns: i64, cost: i64, priority: bool) -> PyResult<i64> {
        Ok(self.core.permit_ns(now_ns, positive("cost", cost)?, priority).unwrap_or(0))
    }

    fn state_hash(&self) -> u64 {
        self.core.state_hash()
    }
}
