//! Kraken's two counters as its documents give them: calls of an API key, and order requests of an account and pair.

use crate::limiter::{Counter, POINT};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    Starter,
    Intermediate,
    Pro,
}

impl Tier {
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "starter" => Some(Self::Starter),
            "intermediate" => Some(Self::Intermediate),
            "pro" => Some(Self::Pro),
            _ => None,
        }
    }

    /// Most points, and thousandths that decay in a second (Kraken reference: REST counter).
    fn rest(self) -> (i64, i64) {
        match self {
            Self::Starter => (15, 330),
            Self::Intermediate => (20, 500),
            Self::Pro => (20, 1000),
        }
    }

    /// Threshold, and thousandths that decay in a second (Kraken reference: trading engine counter).
    fn trading(self) -> (i64, i64) {
        match self {
            Self::Starter => (60, 1000),
            Self::Intermediate => (125, 2340),
            Self::Pro => (180, 3750),
        }
    }
}

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

    /// Points by the order's age since its creation or last amend: the younger, the dearer.
    #[must_use]
    pub fn points(self, age_ns: i64) -> i64 {
        let seconds = age_ns.max(0) / 1_000_000_000;
        let by_age = |table: &[(i64, i64)]| table.iter().find(|(under, _)| seconds < *under).map_or(0, |(_, p)| *p);
        match self {
            Self::Place => 1,
            Self::Amend => 1 + by_age(&[(5, 3), (10, 2), (15, 1)]),
            Self::Edit => 1 + by_age(&[(5, 6), (10, 5), (15, 4), (45, 2), (90, 1)]),
            Self::Cancel => by_age(&[(5, 8), (10, 6), (15, 5), (45, 4), (90, 2), (300, 1)]),
        }
    }
}

/// What a cancel of a fresh order costs: kept free for each open order, so that everything can be cancelled at any time.
const CANCEL_POINTS_MAX: i64 = 8;
/// Our requests reach the venue later than we count them, so its counter has decayed a little less than ours.
const MARGIN_POINTS: i64 = 1;

/// Order requests of one account and pair. Cancels and retreats go by the priority lane, everything else leaves a
/// reserve: eight points for each open order, at most half of the threshold.
#[derive(Clone, Debug)]
pub struct TradingCounter {
    counter: Counter,
    threshold: i64,
}

impl TradingCounter {
    #[must_use]
    pub fn new(tier: Tier) -> Option<Self> {
        let (threshold, decay_e3) = tier.trading();
        Some(Self { counter: Counter::new(threshold * POINT, decay_e3)?, threshold })
    }

    /// The most that a request may find on the counter: the venue refuses at the threshold, whatever the request costs.
    fn kept(&self, priority: bool, open_orders: i64) -> i64 {
        let reserve = if priority { 0 } else { (CANCEL_POINTS_MAX * open_orders.max(0)).min(self.threshold / 2) };
        (reserve + MARGIN_POINTS) * POINT
    }

    pub fn allows(&mut self, now_ns: i64, action: Action, age_ns: i64, priority: bool, open_orders: i64) -> bool {
        self.counter.advance(now_ns);
        let cost = if priority { 0 } else { action.points(age_ns) * POINT };
        self.counter.room(self.kept(priority, open_orders)) >= cost
    }

    pub fn charge(&mut self, now_ns: i64, action: Action, age_ns: i64) {
        self.counter.advance(now_ns);
        self.counter.charge(action.points(age_ns) * POINT);
    }

    /// The venue says that we are over.
    pub fn refused(&mut self, now_ns: i64) {
        self.counter.advance(now_ns);
        self.counter.fill();
    }

    /// Billionths of a point below the threshold.
    pub fn headroom(&mut self, now_ns: i64) -> i64 {
        self.counter.advance(now_ns);
        self.counter.room(0).max(0)
    }

    pub fn permit_ns(
        &mut self,
        now_ns: i64,
        action: Action,
        age_ns: i64,
        priority: bool,
        open_orders: i64,
    ) -> Option<i64> {
        self.counter.advance(now_ns);
        let cost = if priority { 0 } else { action.points(age_ns) * POINT };
        self.counter.permit_ns(cost, self.kept(priority, open_orders)).map(|due| due.max(now_ns))
    }

    #[must_use]
    pub fn state_hash(&self) -> u64 {
        self.counter.state_hash()
    }
}

/// Calls of one API key. The last points are for the priority lane.
#[derive(Clone, Debug)]
pub struct RestCounter {
    counter: Counter,
}

const REST_RESERVE: i64 = 3;

impl RestCounter {
    #[must_use]
    pub fn new(tier: Tier) -> Option<Self> {
        let (most, decay_e3) = tier.rest();
        Some(Self { counter: Counter::new(most * POINT, decay_e3)? })
    }

    fn kept(priority: bool) -> i64 {
        if priority { 0 } else { REST_RESERVE * POINT }
    }

    pub fn take(&mut self, now_ns: i64, cost: i64, priority: bool) -> bool {
        self.counter.advance(now_ns);
        let Some(cost) = cost.checked_mul(POINT) else { return false };
        let fits = self.counter.room(Self::kept(priority)) >= cost;
        if fits {
            self.counter.charge(cost);
        }
        fits
    }

    pub fn refused(&mut self, now_ns: i64) {
        self.counter.advance(now_ns);
        self.counter.fill();
    }

    pub fn headroom(&mut self, now_ns: i64) -> i64 {
        self.counter.advance(now_ns);
        self.counter.room(0).max(0)
    }

    pub fn permit_ns(&mut self, now_ns: i64, cost: i64, priority: bool) -> Option<i64> {
        self.counter.advance(now_ns);
        self.counter.permit_ns(cost.checked_mul(POINT)?, Self::kept(priority)).map(|due| due.max(now_ns))
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
    fn the_worked_examples_of_the_documents() {
        let mut counter = TradingCounter::new(Tier::Intermediate).unwrap();
        for _ in 0..50 {
            counter.charge(0, Action::Place, 0);
        }
        // 50 adds, then 10 s at 2.34 a second: 26.6 points.
        assert_eq!(125 * POINT - counter.headroom(10 * SECOND), 26_600_000_000);
        let sum = Action::Place.points(0) + Action::Amend.points(7 * SECOND) + Action::Cancel.points(36 * SECOND);
        assert_eq!(sum, 8);
    }

    #[test]
    fn a_reserve_stays_for_cancels() {
        let mut counter = TradingCounter::new(Tier::Starter).unwrap();
        while counter.allows(0, Action::Place, 0, false, 3) {
            counter.charge(0, Action::Place, 0);
        }
        assert_eq!(counter.headroom(0), 25 * POINT);
        for _ in 0..3 {
            assert!(counter.allows(0, Action::Cancel, 0, true, 3));
            counter.charge(0, Action::Cancel, 0);
        }
        assert!(!counter.allows(0, Action::Amend, 0, false, 3));
    }

    #[test]
    fn a_refusal_by_the_venue_fills_the_counter() {
        let mut counter = TradingCounter::new(Tier::Pro).unwrap();
        counter.refused(0);
        assert!(!counter.allows(0, Action::Cancel, 0, true, 0));
        let due = counter.permit_ns(0, Action::Cancel, 0, true, 0).unwrap();
        assert!(counter.allows(due, Action::Cancel, 0, true, 0));
    }
}
