//! Counters that fill with use and empty with time: token buckets and a venue's own rate counters, in integers.
//!
//! Levels are billionths of a point, decay is thousandths of a point a second, time is ns: one ns at one thousandth
//! takes away one thousandth of a billionth, so the remainder of a division is carried and nothing drifts.

use crate::state_hash::fold;

pub const POINT: i64 = 1_000_000_000;
const MILLI: i64 = 1000;
/// Beyond this a counter has long been empty; it bounds the arithmetic for any gap in time.
const GAP_NS_MAX: i64 = 86_400 * 1_000_000_000;

/// A counter with a threshold. Time that goes back is taken as no time.
#[derive(Clone, Debug)]
pub struct Counter {
    level: i64,
    remainder: i64,
    updated_ns: i64,
    threshold: i64,
    decay_e3: i64,
}

impl Counter {
    /// `threshold` in billionths of a point, `decay_e3` in thousandths of a point a second; `None` where either is not
    /// positive or too large to compute with.
    #[must_use]
    pub fn new(threshold: i64, decay_e3: i64) -> Option<Self> {
        let fits = (1..=i64::MAX / 4).contains(&threshold) && (1..=MILLI * 10_000_000).contains(&decay_e3);
        fits.then_some(Self { level: 0, remainder: 0, updated_ns: 0, threshold, decay_e3 })
    }

    /// Lets time pass.
    pub fn advance(&mut self, now_ns: i64) {
        if now_ns <= self.updated_ns {
            return;
        }
        let passed = now_ns.saturating_sub(self.updated_ns).min(GAP_NS_MAX);
        self.updated_ns = now_ns;
        if self.level == 0 {
            self.remainder = 0;
            return;
        }
        let amount = i128::from(passed) * i128::from(self.decay_e3) + i128::from(self.remainder);
        let whole = amount / i128::from(MILLI);
        if whole >= i128::from(self.level) {
            self.level = 0;
            self.remainder = 0;
        } else {
            // Below the level, so both fit.
            self.level -= whole as i64;
            self.remainder = (amount % i128::from(MILLI)) as i64;
        }
    }

    /// What is left below the threshold less `reserve`; negative when over.
    #[must_use]
    pub fn room(&self, reserve: i64) -> i64 {
        self.threshold.saturating_sub(self.level).saturating_sub(reserve)
    }

    #[must_use]
    pub fn level(&self) -> i64 {
        self.level
    }

    pub fn charge(&mut self, cost: i64) {
        self.level = self.level.saturating_add(cost).min(i64::MAX / 2);
    }

    /// The counter is full, whatever we had counted.
    pub fn fill(&mut self) {
        self.level = self.level.max(self.threshold);
    }

    pub fn reset(&mut self) {
        self.level = 0;
        self.remainder = 0;
    }

    /// When the level will have fallen so far that `room(reserve) >= cost`; `None` if it never does.
    #[must_use]
    pub fn permit_ns(&self, cost: i64, reserve: i64) -> Option<i64> {
        let most = self.threshold.saturating_sub(reserve).saturating_sub(cost);
        if most < 0 {
            return None;
        }
        let over = self.level - most;
        if over <= 0 {
            return Some(self.updated_ns);
        }
        let needed = i128::from(over) * i128::from(MILLI) - i128::from(self.remainder);
        let wait = needed.div_euclid(i128::from(self.decay_e3)) + i128::from(needed % i128::from(self.decay_e3) != 0);
        i64::try_from(wait).ok().and_then(|wait| self.updated_ns.checked_add(wait))
    }

    #[must_use]
    pub fn state_hash(&self) -> u64 {
        fold(fold(fold(0, self.level), self.remainder), self.updated_ns)
    }
}

/// Weighted token bucket with two lanes: the reserve is for the priority lane alone.
#[derive(Clone, Debug)]
pub struct TokenBucket {
    counter: Counter,
    reserve: i64,
}

impl TokenBucket {
    /// Capacity and reserve in whole tokens, refill in thousandths of a token a second.
    #[must_use]
    pub fn new(capacity: i64, refill_e3: i64, reserve: i64) -> Option<Self> {
        let threshold = capacity.checked_mul(POINT)?;
        let kept = reserve.checked_mul(POINT)?;
        if reserve < 0 || reserve >= capacity {
            return None;
        }
        Some(Self { counter: Counter::new(threshold, refill_e3)?, reserve: kept })
    }

    fn kept(&self, priority: bool) -> i64 {
        if priority { 0 } else { self.reserve }
    }

    /// Takes `weight` tokens if they are there; takes nothing otherwise.
    pub fn take(&mut self, now_ns: i64, weight: i64, priority: bool) -> bool {
        self.counter.advance(now_ns);
        let Some(cost) = weight.checked_mul(POINT) else { return false };
        let fits = self.counter.room(self.kept(priority)) >= cost;
        if fits {
            self.counter.charge(cost);
        }
        fits
    }

    /// Billionths of a token that a lane could take now.
    pub fn headroom(&mut self, now_ns: i64, priority: bool) -> i64 {
        self.counter.advance(now_ns);
        self.counter.room(self.kept(priority)).max(0)
    }

    /// When `take` will succeed, `None` never.
    pub fn permit_ns(&mut self, now_ns: i64, weight: i64, priority: bool) -> Option<i64> {
        self.counter.advance(now_ns);
        self.counter.permit_ns(weight.checked_mul(POINT)?, self.kept(priority)).map(|due| due.max(now_ns))
    }

    #[must_use]
    pub fn state_hash(&self) -> u64 {
        self.counter.state_hash()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_refills_to_the_nanosecond() {
        let mut bucket = TokenBucket::new(2, 300, 0).unwrap();
        assert!(bucket.take(0, 2, false));
        let due = bucket.permit_ns(0, 1, false).unwrap();
        assert_eq!(due, 3_333_333_334);
        assert!(!bucket.take(due - 1, 1, false));
        assert!(bucket.take(due, 1, false));
    }

    #[test]
    fn many_small_steps_decay_as_much_as_one_large_one() {
        let mut steps = Counter::new(100 * POINT, 333).unwrap();
        let mut leap = steps.clone();
        steps.charge(50 * POINT);
        leap.charge(50 * POINT);
        for now in (0..=1_000_000).step_by(7) {
            steps.advance(now);
        }
        leap.advance(999_999);
        steps.advance(999_999);
        assert_eq!(steps.level(), leap.level());
    }

    #[test]
    fn the_reserve_is_for_the_priority_lane() {
        let mut bucket = TokenBucket::new(10, 1000, 3).unwrap();
        assert!(bucket.take(0, 7, false));
        assert!(!bucket.take(0, 1, false));
        assert!(bucket.take(0, 3, true));
        assert!(!bucket.take(0, 1, true));
        assert_eq!(bucket.headroom(1_000_000_000, true), POINT);
    }

    #[test]
    fn time_that_goes_back_is_no_time() {
        let mut bucket = TokenBucket::new(5, 1000, 0).unwrap();
        assert!(bucket.take(10 * POINT, 5, false));
        assert!(!bucket.take(0, 1, false));
        assert!(bucket.take(11 * POINT, 1, false));
    }

    #[test]
    fn what_never_fits_has_no_permit() {
        let mut bucket = TokenBucket::new(5, 1000, 0).unwrap();
        assert_eq!(bucket.permit_ns(0, 6, false), None);
        assert!(TokenBucket::new(5, 1000, 5).is_none());
        assert!(TokenBucket::new(0, 1000, 0).is_none());
        assert!(TokenBucket::new(5, 0, 0).is_none());
    }
}
