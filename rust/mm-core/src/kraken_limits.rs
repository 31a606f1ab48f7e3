//! Kraken's two counters, kept on our side: the REST calls of an API key, and the order requests of an account and pair.
//!
//! The figures are the published ones (Kraken reference: API call rate limit, trading rate limits).

use crate::limiter::{Counter, POINT, POINTS_MAX, RATE_E3_MAX};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    Starter,
    Intermediate,
    Pro,
    /// Not one of Kraken's: an account whose counters never matter, for simulations and measurements.
    Unlimited,
}

impl Tier {
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "starter" => Some(Self::Starter),
            "intermediate" => Some(Self::Intermediate),
            "pro" => Some(Self::Pro),
            "unlimited" => Some(Self::Unlimited),
            _ => None,
        }
    }

    /// REST counter: maximum, and thousandths of a point that decay in a second.
    fn rest(self) -> (i64, i64) {
        match self {
            Self::Starter => (15, 330),
            Self::Intermediate => (20, 500),
            Self::Pro => (20, 1000),
            Self::Unlimited => (POINTS_MAX, RATE_E3_MAX),
        }
    }

    /// Trading counter: threshold, and thousandths of a point that decay in a second.
    fn trading(self) -> (i64, i64) {
        match self {
            Self::Starter => (60, 1000),
            Self::Intermediate => (125, 2340),
            Self::Pro => (180, 3750),
            Self::Unlimited => (POINTS_MAX, RATE_E3_MAX),
        }
    }
}

/// What the trading counter charges for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Place,
    Amend,
    Edit,
    Cancel,
}

impl Action {
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "place" => Some(Self::Place),
            "amend" => Some(Self::Amend),
            "edit" => Some(Self::Edit),
            "cancel" => Some(Self::Cancel),
            _ => None,
        }
    }

    /// Points by the order's age since its creation or its last amend: the younger, the dearer.
    #[must_use]
    pub fn points(self, age_ns: i64) -> i64 {
        // (below so many seconds, so many points on top of the fixed ones)
        let (fixed, by_age): (i64, &[(i64, i64)]) = match self {
            Self::Place => (1, &[]),
            Self::Amend => (1, &[(5, 3), (10, 2), (15, 1)]),
            Self::Edit => (1, &[(5, 6), (10, 5), (15, 4), (45, 2), (90, 1)]),
            Self::Cancel => (0, &[(5, 8), (10, 6), (15, 5), (45, 4), (90, 2), (300, 1)]),
        };
        let seconds = age_ns.div_euclid(1_000_000_000);
        fixed + by_age.iter().find(|(below, _)| seconds < *below).map_or(0, |(_, points)| *points)
    }
}

/// What the cancel of a fresh order costs; kept free for every open order, so that all of them can go at any time.
const CANCEL_POINTS_MAX: i64 = 8;
/// The reserve never takes more of the threshold than this part of it: quoting has to go on with many orders, too.
const RESERVE_PART: i64 = 2;
/// A request reaches the venue later than it is counted here, so that the venue's counter has decayed a little less.
const MARGIN_POINTS: i64 = 1;

/// The order requests of one account and pair. The venue refuses at its threshold; on the priority lane (cancels, hedges,
/// quotes that must get away) a request may go until there. All others leave room for the cancels of the open orders.
#[derive(Clone, Debug)]
pub struct TradingCounter {
    counter: Counter,
    threshold: i64,
}

impl TradingCounter {
    #[must_use]
    pub fn new(tier: Tier) -> Option<Self> {
        let (threshold, decay_e3) = tier.trading();
        Some(Self { counter: Counter::new(threshold, decay_e3)?, threshold })
    }

    /// Points that must be free below the threshold for the request to go.
    fn needed(&self, action: Action, age_ns: i64, priority: bool, open_orders: i64) -> i64 {
        if priority {
            return MARGIN_POINTS;
        }
        let orders = open_orders.max(0).saturating_add(i64::from(action == Action::Place));
        let reserve = orders.saturating_mul(CANCEL_POINTS_MAX).min(self.threshold / RESERVE_PART);
        action.points(age_ns) + reserve + MARGIN_POINTS
    }

    /// Whether a request may go now. Counts nothing.
    #[must_use]
    pub fn allows(&self, now_ns: i64, action: Action, age_ns: i64, priority: bool, open_orders: i64) -> bool {
        let needed = self.needed(action, age_ns, priority, open_orders);
        self.counter.room(now_ns) >= i128::from(needed) * POINT
    }

    /// Counts a request that is on its way.
    pub fn charge(&mut self, now_ns: i64, action: Action, age_ns: i64) {
        self.counter.charge(now_ns, action.points(age_ns));
    }

    /// Takes a request back that was counted and never left.
    pub fn refund(&mut self, now_ns: i64, action: Action, age_ns: i64) {
        self.counter.refund(now_ns, action.points(age_ns));
    }

    /// Takes the venue's word that the counter is full: others may use the account, too.
    pub fn refused(&mut self, now_ns: i64) {
        self.counter.fill(now_ns, 0);
    }

    /// What is free below the threshold, in 10^-12 of a point; negative when over.
    #[must_use]
    pub fn headroom(&self, now_ns: i64) -> i128 {
        self.counter.room(now_ns)
    }

    /// When `allows` will say yes, were the order's age the same then; `None` if it never will.
    #[must_use]
    pub fn permit_ns(&self, now_ns: i64, action: Action, age_ns: i64, priority: bool, open_orders: i64) -> Option<i64> {
        self.counter.permit_ns(now_ns, self.needed(action, age_ns, priority, open_orders))
    }

    #[must_use]
    pub fn state_hash(&self) -> u64 {
        self.counter.state_hash()
    }
}

/// Calls that only the priority lane may make: what a recovery needs at once, a token, the open orders and one look-up.
const REST_RESERVE: i64 = 3;
/// Calls that are refused count as well, so a full counter is taken to be this much over.
const REST_REFUSED_POINTS: i64 = 2;

/// The private REST calls of one API key.
#[derive(Clone, Debug)]
pub struct RestCounter {
    counter: Counter,
}

impl RestCounter {
    #[must_use]
    pub fn new(tier: Tier) -> Option<Self> {
        let (maximum, decay_e3) = tier.rest();
        Some(Self { counter: Counter::new(maximum, decay_e3)? })
    }

    fn needed(cost: i64, priority: bool) -> i64 {
        if priority { cost } else { cost.saturating_add(REST_RESERVE) }
    }

    /// Counts a call if it may be made; changes nothing otherwise.
    pub fn take(&mut self, now_ns: i64, cost: i64, priority: bool) -> bool {
        let fits = self.counter.room(now_ns) >= i128::from(Self::needed(cost, priority)) * POINT;
        if fits {
            self.counter.charge(now_ns, cost);
        }
        fits
    }

    /// Counts a call that is made whatever the counter says.
    pub fn charge(&mut self, now_ns: i64, cost: i64) {
        self.counter.charge(now_ns, cost);
    }

    /// Takes the venue's word that the counter is full.
    pub fn refused(&mut self, now_ns: i64) {
        self.counter.fill(now_ns, REST_REFUSED_POINTS);
    }

    /// What is free below the maximum, in 10^-12 of a point; negative when over.
    #[must_use]
    pub fn headroom(&self, now_ns: i64) -> i128 {
        self.counter.room(now_ns)
    }

    /// When `take` will succeed; `None` if it never will.
    #[must_use]
    pub fn permit_ns(&self, now_ns: i64, cost: i64, priority: bool) -> Option<i64> {
        self.counter.permit_ns(now_ns, Self::needed(cost, priority))
    }

    #[must_use]
    pub fn state_hash(&self) -> u64 {
        self.counter.state_hash()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    #[test]
    fn the_documented_order_costs_eight_points() {
        let sum = Action::Place.points(0) + Action::Amend.points(7 * SECOND) + Action::Cancel.points(36 * SECOND);
        assert_eq!(sum, 8);
    }

    #[test]
    fn the_documented_fifty_orders_decay_to_26_6() {
        let mut counter = TradingCounter::new(Tier::Intermediate).unwrap();
        for _ in 0..50 {
            counter.charge(0, Action::Place, 0);
        }
        assert_eq!(125 * POINT - counter.headroom(10 * SECOND), 266 * POINT / 10);
    }

    #[test]
    fn points_fall_at_the_documented_ages() {
        let edges = [0, 5, 10, 15, 45, 90, 300];
        let at = |action: Action, shift: i64| edges.map(|seconds| action.points(seconds * SECOND - shift));
        assert_eq!(at(Action::Place, 0), [1; 7]);
        assert_eq!(at(Action::Amend, 0), [4, 3, 2, 1, 1, 1, 1]);
        assert_eq!(at(Action::Edit, 0), [7, 6, 5, 3, 2, 1, 1]);
        assert_eq!(at(Action::Cancel, 0), [8, 6, 5, 4, 2, 1, 0]);
        // One nanosecond younger, and an age below zero, which is that of a fresh order.
        assert_eq!(at(Action::Cancel, 1), [8, 8, 6, 5, 4, 2, 1]);
    }

    #[test]
    fn every_open_order_can_be_cancelled_when_quoting_has_to_stop() {
        for tier in [Tier::Starter, Tier::Intermediate, Tier::Pro] {
            let mut counter = TradingCounter::new(tier).unwrap();
            let mut open = 0;
            while counter.allows(0, Action::Place, 0, false, open) {
                counter.charge(0, Action::Place, 0);
                open += 1;
            }
            assert!(open >= 3);
            let covered = open.min(counter.threshold / RESERVE_PART / CANCEL_POINTS_MAX);
            for _ in 0..covered {
                assert!(counter.allows(0, Action::Cancel, 0, true, open));
                counter.charge(0, Action::Cancel, 0);
            }
        }
    }

    #[test]
    fn a_refusal_by_the_venue_fills_the_counter() {
        let mut counter = TradingCounter::new(Tier::Pro).unwrap();
        counter.refused(0);
        assert!(!counter.allows(0, Action::Cancel, 0, true, 0));
        let due = counter.permit_ns(0, Action::Cancel, 0, true, 0).unwrap();
        assert!(!counter.allows(due - 1, Action::Cancel, 0, true, 0));
        assert!(counter.allows(due, Action::Cancel, 0, true, 0));
    }

    #[test]
    fn an_unlimited_account_never_waits() {
        let mut counter = TradingCounter::new(Tier::Unlimited).unwrap();
        for now in 0..10_000 {
            assert!(counter.allows(now, Action::Amend, 0, false, 1000));
            counter.charge(now, Action::Amend, 0);
        }
    }

    #[test]
    fn the_last_calls_are_for_the_priority_lane() {
        let mut counter = RestCounter::new(Tier::Starter).unwrap();
        assert_eq!((0..20).filter(|_| counter.take(0, 1, false)).count(), 12);
        assert_eq!((0..20).filter(|_| counter.take(0, 1, true)).count(), 3);
        counter.charge(0, 5);
        assert_eq!(counter.headroom(0), -5 * POINT);
        counter.refused(0);
        assert_eq!(counter.headroom(0), -5 * POINT);
        assert_eq!(counter.permit_ns(0, 13, false), None);
    }
}
