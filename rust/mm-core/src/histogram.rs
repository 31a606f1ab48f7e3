//! Latency percentiles in bounded memory: buckets grow with the value, so that each is within 1/64 of what it holds.

const SUB_BITS: u32 = 6;
const SUB: usize = 1 << SUB_BITS;
const BUCKETS: usize = (64 - SUB_BITS as usize) * SUB;

/// Counts of values from 0 to 2^63 - 1.
#[derive(Clone)]
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
    /// Counts a value; one that is negative counts as 0.
    pub fn record(&mut self, value: i64) {
        let value = value.max(0) as u64;
        if let Some(slot) = self.counts.get_mut(index_of(value)) {
            *slot += 1;
            self.count += 1;
            self.max = self.max.max(value);
        }
    }

    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    #[must_use]
    pub fn max(&self) -> u64 {
        self.max
    }

    /// The value below or at which `percent` of the values lie, at most 1/64 too high; 0 when there are none.
    #[must_use]
    pub fn percentile(&self, percent: f64) -> u64 {
        let wanted = ((self.count as f64) * percent / 100.0).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if *count > 0 && seen >= wanted {
                return top_of(index).min(self.max);
            }
        }
        self.max
    }

    pub fn merge(&mut self, other: &Self) {
        for (slot, count) in self.counts.iter_mut().zip(other.counts.iter()) {
            *slot += count;
        }
        self.count += other.count;
        self.max = self.max.max(other.max);
    }

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
    fn buckets_follow_one_another_without_a_gap() {
        let mut last = 0;
        for value in (0..100_000_u64).chain((20..63).flat_map(|bit| [(1 << bit) - 1, 1 << bit, (1 << bit) + 1])) {
            let index = index_of(value);
            assert!(index < BUCKETS);
            assert!(index >= last || value < 1 << 20);
            assert!(top_of(index) >= value);
            assert!(top_of(index) - value <= value / SUB as u64);
            last = index;
        }
    }
}
