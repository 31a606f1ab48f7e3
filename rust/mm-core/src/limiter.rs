//! Counters that fill with use and empty with time: token buckets, and what a venue counts on its side.
//!
//! Levels are in 10^-12 of a point. A nanosecond at a rate in thousandths of a point a second is a whole number of those,
//! so nothing is rounded and nothing drifts, however often one looks. Looking never changes a counter: two copies that
//! took the same requests are equal, no matter who looked in between.

use crate::state_hash::{fold, fold_wide};

/// What a counter's level is counted in: 10^-12 of a point.
pub const POINT: i128 = 1_000_000_000_000;
/// Points that a counter may hold, and may lose in a second: beyond every venue, and far from the edge of 128 bits.
pub const POINTS_MAX: i64 = 1_000_000_000;
pub const RATE_E3_MAX: i64 = 1000 * POINTS_MAX;

/// A level that requests raise and time lowers. Time that goes back is taken as no time.
#[derive(Clone, Debug)]
pub struct Counter {
    level: i128,
    updated_ns: i64,
    threshold: i128,
    rate_e3: i64,
}

impl Counter {
    /// `threshold` in points, `rate_e3` in thousandths of a point a second; `None` where one is not from 1 to its maximum.
    #[must_use]
    pub fn new(threshold: i64, rate_e3: i64) -> Option<Self> {
        let fits = (1..=POINTS_MAX).contains(&threshold) && (1..=RATE_E3_MAX).contains(&rate_e3);
        fits.then(|| Self { level: 0, updated_ns: 0, threshold: i128::from(threshold) * POINT, rate_e3 })
    }

    /// The level at a time, in 10^-12 of a point.
    #[inline]
    #[must_use]
    pub fn level(&self, now_ns: i64) -> i128 {
        let passed_ns = (i128::from(now_ns) - i128::from(self.updated_ns)).max(0);
        (self.level - passed_ns * i128::from(self.rate_e3)).max(0)
    }

    /// What is left below the threshold; negative when over.
    #[inline]
    #[must_use]
    pub fn room(&self, now_ns: i64) -> i128 {
        self.threshold - self.level(now_ns)
    }

    /// Raises the level, past the threshold if need be.
    #[inline]
    pub fn charge(&mut self, now_ns: i64, points: i64) {
        self.level = self.level(now_ns).saturating_add(i128::from(points) * POINT);
        self.updated_ns = self.updated_ns.max(now_ns);
    }

    /// Lowers the level, never under zero: what was counted did not happen.
    pub fn refund(&mut self, now_ns: i64, points: i64) {
        self.level = self.level(now_ns).saturating_sub(i128::from(points) * POINT).max(0);
        self.updated_ns = self.updated_ns.max(now_ns);
    }

    /// Raises the level to `points` over the threshold, unless it is higher.
    pub fn fill(&mut self, now_ns: i64, points: i64) {
        self.level = self.level(now_ns).max(self.threshold + i128::from(points) * POINT);
        self.updated_ns = self.updated_ns.max(now_ns);
    }

    /// When there will be room for `points`, not before `now_ns`; `None` if there never will.
    #[must_use]
    pub fn permit_ns(&self, now_ns: i64, points: i64) -> Option<i64> {
        let needed = i128::from(points) * POINT;
        if needed > self.threshold {
            return None;
        }
        let excess = self.level(now_ns) - (self.threshold - needed);
        if excess <= 0 {
            return Some(now_ns);
        }
        let rate = i128::from(self.rate_e3);
        let wait_ns = (excess + rate - 1) / rate;
        i64::try_from(i128::from(now_ns.max(self.updated_ns)) + wait_ns).ok()
    }

    #[must_use]
    pub fn state_hash(&self) -> u64 {
        fold(fold_wide(0, self.level), self.updated_ns)
    }
}

/// A weighted token bucket with two lanes: the reserve is for the priority lane alone.
#[derive(Clone, Debug)]
pub struct TokenBucket {
    used: Counter,
    reserve: i64,
}

impl TokenBucket {
    /// A full bucket. Capacity and reserve in tokens, refill in thousandths of a token a second; `None` where
    /// [`Counter::new`] gives none, or the reserve is not from 0 to below the capacity.
    #[must_use]
    pub fn new(capacity: i64, refill_e3: i64, reserve: i64) -> Option<Self> {
        let used = Counter::new(capacity, refill_e3)?;
        (0..capacity).contains(&reserve).then_some(Self { used, reserve })
    }

    #[inline]
    fn kept(&self, priority: bool) -> i64 {
        if priority { 0 } else { self.reserve }
    }

    /// Takes `weight` tokens if they are there; changes nothing otherwise.
    #[inline]
    pub fn take(&mut self, now_ns: i64, weight: i64, priority: bool) -> bool {
        let fits = self.headroom(now_ns, priority) >= i128::from(weight) * POINT;
        if fits {
            self.used.charge(now_ns, weight);
        }
        fits
    }

    /// What a lane could take, in 10^-12 of a token; negative where the other lane has used the reserve.
    #[inline]
    #[must_use]
    pub fn headroom(&self, now_ns: i64, priority: bool) -> i128 {
        self.used.room(now_ns) - i128::from(self.kept(priority)) * POINT
    }

    /// When `take` will succeed, not before `now_ns`; `None` if it never will.
    #[must_use]
    pub fn permit_ns(&self, now_ns: i64, weight: i64, priority: bool) -> Option<i64> {
        self.used.permit_ns(now_ns, weight.saturating_add(self.kept(priority)))
    }

    #[must_use]
    pub fn state_hash(&self) -> u64 {
        self.used.state_hash()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

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
        let mut steps = Counter::new(100, 333).unwrap();
        steps.charge(0, 50);
        let leap = steps.clone();
        for now in (0..=1_000_000).step_by(7) {
            steps.charge(now, 0);
        }
        assert_eq!(steps.level(999_999_999), leap.level(999_999_999));
    }

    #[test]
    fn the_reserve_is_for_the_priority_lane() {
        let mut bucket = TokenBucket::new(10, 1000, 3).unwrap();
        assert!(bucket.take(0, 7, false));
        assert!(!bucket.take(0, 1, false));
        assert!(bucket.take(0, 3, true));
        assert!(!bucket.take(0, 1, true));
        assert_eq!(bucket.headroom(SECOND, true), POINT);
        assert_eq!(bucket.headroom(SECOND, false), -2 * POINT);
    }

    #[test]
    fn time_that_goes_back_is_no_time() {
        let mut bucket = TokenBucket::new(5, 1000, 0).unwrap();
        assert!(bucket.take(10 * SECOND, 5, false));
        assert!(!bucket.take(0, 1, false));
        assert!(bucket.take(11 * SECOND, 1, false));
    }

    #[test]
    fn what_never_fits_has_no_permit() {
        let bucket = TokenBucket::new(5, 1000, 2).unwrap();
        assert_eq!(bucket.permit_ns(7, 3, false), Some(7));
        assert_eq!(bucket.permit_ns(7, 4, false), None);
        assert_eq!(bucket.permit_ns(7, 5, true), Some(7));
        assert_eq!(bucket.permit_ns(7, i64::MAX, false), None);
    }

    #[test]
    fn the_edges_of_the_range_do_not_overflow() {
        let mut counter = Counter::new(POINTS_MAX, RATE_E3_MAX).unwrap();
        counter.charge(i64::MIN, i64::MAX);
        counter.charge(i64::MAX, i64::MAX);
        assert_eq!(counter.level(i64::MAX), i128::from(i64::MAX) * POINT);
        let mut slow = Counter::new(1, 1).unwrap();
        slow.charge(i64::MAX, i64::MAX);
        assert_eq!(slow.permit_ns(0, 1), None);
        assert!(slow.room(i64::MAX) < 0);
    }

    #[test]
    fn figures_out_of_range_make_no_counter() {
        for (threshold, rate_e3) in [(0, 1), (1, 0), (-1, 1), (POINTS_MAX + 1, 1), (1, RATE_E3_MAX + 1)] {
            assert!(Counter::new(threshold, rate_e3).is_none());
        }
        assert!(TokenBucket::new(5, 1000, 5).is_none());
        assert!(TokenBucket::new(5, 1000, -1).is_none());
    }
}
