//! Rate limiters as Python sees them.

use crate::errors::refused;
use mm_core::kraken_limits::{Action, RestCounter, Tier, TradingCounter};
use mm_core::limiter::{POINT, TokenBucket as Bucket};
use pyo3::prelude::*;

const NEVER: i64 = 0;

fn points(billionths: i64) -> f64 {
    billionths as f64 / POINT as f64
}

fn tier_of(name: &str) -> PyResult<Tier> {
    Tier::from_name(name).ok_or_else(|| refused("tier", name, "starter, intermediate or pro"))
}

fn action_of(name: &str) -> PyResult<Action> {
    Action::from_name(name).ok_or_else(|| refused("action", name, "place, amend, edit or cancel"))
}

fn positive(field: &str, value: i64) -> PyResult<i64> {
    if value > 0 { Ok(value) } else { Err(refused(field, value, "a number above zero")) }
}

#[pyclass(module = "mm._core._rust")]
pub struct TokenBucket {
    core: Bucket,
}

#[pymethods]
impl TokenBucket {
    #[new]
    #[pyo3(signature = (capacity, refill_per_s_e3, reserve=0))]
    fn new(capacity: i64, refill_per_s_e3: i64, reserve: i64) -> PyResult<Self> {
        positive("capacity", capacity)?;
        positive("refill_per_s_e3", refill_per_s_e3)?;
        let core = Bucket::new(capacity, refill_per_s_e3, reserve)
            .ok_or_else(|| refused("reserve", reserve, "a reserve below the capacity, and figures below 10^9"))?;
        Ok(Self { core })
    }

    #[pyo3(signature = (now_ns, weight=1, priority=false))]
    fn take(&mut self, now_ns: i64, weight: i64, priority: bool) -> PyResult<bool> {
        positive("weight", weight)?;
        Ok(self.core.take(now_ns, weight, priority))
    }

    #[pyo3(signature = (now_ns, priority=false))]
    fn headroom(&mut self, now_ns: i64, priority: bool) -> f64 {
        points(self.core.headroom(now_ns, priority))
    }

    #[pyo3(signature = (now_ns, weight=1, priority=false))]
    fn next_permit_ns(&mut self, now_ns: i64, weight: i64, priority: bool) -> PyResult<i64> {
        positive("weight", weight)?;
        Ok(self.core.permit_ns(now_ns, weight, priority).unwrap_or(NEVER))
    }

    fn state_hash(&self) -> u64 {
        self.core.state_hash()
    }
}

#[pyclass(module = "mm._core._rust")]
pub struct KrakenTradingCounter {
    core: TradingCounter,
}

#[pymethods]
impl KrakenTradingCounter {
    #[new]
    fn new(tier: &str) -> PyResult<Self> {
        let core = TradingCounter::new(tier_of(tier)?).ok_or_else(|| refused("tier", tier, "a tier with a limit"))?;
        Ok(Self { core })
    }

    #[pyo3(signature = (now_ns, action, age_ns=0, priority=false, open_orders=0))]
    fn allows(&mut self, now_ns: i64, action: &str, age_ns: i64, priority: bool, open_orders: i64) -> PyResult<bool> {
        Ok(self.core.allows(now_ns, action_of(action)?, age_ns, priority, open_orders))
    }

    #[pyo3(signature = (now_ns, action, age_ns=0))]
    fn charge(&mut self, now_ns: i64, action: &str, age_ns: i64) -> PyResult<()> {
        self.core.charge(now_ns, action_of(action)?, age_ns);
        Ok(())
    }

    fn refused(&mut self, now_ns: i64) {
        self.core.refused(now_ns);
    }

    fn headroom(&mut self, now_ns: i64) -> f64 {
        points(self.core.headroom(now_ns))
    }

    #[pyo3(signature = (now_ns, action, age_ns=0, priority=false, open_orders=0))]
    fn next_permit_ns(
        &mut self,
        now_ns: i64,
        action: &str,
        age_ns: i64,
        priority: bool,
        open_orders: i64,
    ) -> PyResult<i64> {
        let due = self.core.permit_ns(now_ns, action_of(action)?, age_ns, priority, open_orders);
        Ok(due.unwrap_or(NEVER))
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
        let core = RestCounter::new(tier_of(tier)?).ok_or_else(|| refused("tier", tier, "a tier with a limit"))?;
        Ok(Self { core })
    }

    #[pyo3(signature = (now_ns, cost=1, priority=false))]
    fn take(&mut self, now_ns: i64, cost: i64, priority: bool) -> PyResult<bool> {
        positive("cost", cost)?;
        Ok(self.core.take(now_ns, cost, priority))
    }

    fn refused(&mut self, now_ns: i64) {
        self.core.refused(now_ns);
    }

    fn headroom(&mut self, now_ns: i64) -> f64 {
        points(self.core.headroom(now_ns))
    }

    #[pyo3(signature = (now_ns, cost=1, priority=false))]
    fn next_permit_ns(&mut self, now_ns: i64, cost: i64, priority: bool) -> PyResult<i64> {
        positive("cost", cost)?;
        Ok(self.core.permit_ns(now_ns, cost, priority).unwrap_or(NEVER))
    }

    fn state_hash(&self) -> u64 {
        self.core.state_hash()
    }
}
