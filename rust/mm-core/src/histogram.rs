//! Percentiles of latencies in bounded memory: 64 buckets to a power of two, so each is within 1/64 of what it holds.

const SUB_BITS: u32 = 6;
const SUB: usize = 1 << SUB_BITS;
const BUCKETS: usize = (64 - SUB_BITS as usize) * SUB;
/// Percentages are looked at in millionths, which makes the rank exact.
const PERCENT: f64 = 1e6;

/// Counts of whole numbers from 0 to 2^63 - 1, in 29 kB.
#[derive(Clone, Debug)]
pub struct Histogram {
    counts: Box<[u64]>,
    count: u64,
    max: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS].into_boxed_slice(), count: 0, max: 0 }
    }
}

#[inline]
fn index_of(value: u64) -> usize {
    if value < SUB as u64 {
        return value as usize;
    }
    let shift = 63 - value.leading_zeros() - SUB_BITS;
    (shift as usize + 1) * SUB + ((value >> shift) as usize - SUB)
}

/// The largest value that a bucket holds.
fn top_of(index: usize) -> u64 {
    if index < SUB {
        return index as u64;
    }
    let shift = index / SUB - 1;
    let low = ((index % SUB + SUB) as u64) << shift;
    low + ((1_u64 << shift) - 1)
}

impl Histogram {
    /// Counts a value. A negative one counts as 0: clocks may step back.
    #[inline]
    pub fn record(&mut self, value: i64) {
        let value = value.max(0).unsigned_abs();
        if let Some(slot) = self.counts.get_mut(index_of(value)) {
            *slot = slot.saturating_add(1);
            self.count = self.count.saturating_add(1);
            self.max = self.max.max(value);
        }
    }

    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The largest value, exact.
    #[must_use]
    pub fn max(&self) -> u64 {
        self.max
    }

    /// The value at or below which `percent` of a hundred of the values lie, at most 1/64 too high; 0 when there are none.
    #[must_use]
    pub fn percentile(&self, percent: f64) -> u64 {
        let millionths = (percent.clamp(0.0, 100.0) * PERCENT).round() as u128;
        let rank = (u128::from(self.count) * millionths).div_ceil(100_000_000).max(1);
        let mut seen = 0_u128;
        for (index, count) in self.counts.iter().enumerate() {
            seen += u128::from(*count);
            if seen >= rank {
                return top_of(index).min(self.max);
            }
        }
        self.max
    }

    /// Adds the counts of another.
    pub fn merge(&mut self, other: &Self) {
        for (slot, count) in self.counts.iter_mut().zip(&other.counts) {
            *slot = slot.saturating_add(*count);
        }
        self.count = self.count.saturating_add(other.count);
        self.max = self.max.max(other.max);
    }

    /// Forgets everything.
    pub fn reset(&mut self) {
        self.counts.fill(0);
        self.count = 0;
        self.max = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_one_another_without_a_gap_and_are_narrow() {
        let mut low = 0;
        for index in 0..BUCKETS {
            let top = top_of(index);
            assert_eq!((index_of(low), index_of(top)), (index, index));
            assert!(top - low <= low / SUB as u64);
            low = top + 1;
        }
        assert_eq!(top_of(BUCKETS - 1), i64::MAX.unsigned_abs());
    }

    #[test]
    fn percentiles_of_one_to_a_thousand() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.percentile(50.0), 0);
        (1..=1000).for_each(|value| histogram.record(value));
        assert_eq!(histogram.percentile(0.0), 1);
        assert_eq!(histogram.percentile(5.0), 50);
        assert_eq!(histogram.percentile(99.9), 999);
        assert_eq!(histogram.percentile(99.91), 1000);
        assert_eq!((histogram.count(), histogram.max()), (1000, 1000));
    }

    #[test]
    fn the_edges_of_the_range_are_counted() {
        let mut histogram = Histogram::default();
        [i64::MIN, -1, 0, i64::MAX].into_iter().for_each(|value| histogram.record(value));
        assert_eq!(histogram.percentile(75.0), 0);
        assert_eq!(histogram.percentile(100.0), i64::MAX.unsigned_abs());
        let mut both = histogram.clone();
        both.merge(&histogram);
        assert_eq!(both.count(), 8);
        both.reset();
        assert_eq!((both.count(), both.max(), both.percentile(100.0)), (0, 0, 0));
    }
}
