//! The 64-bit hash by which two copies of a state are compared: the twins in the tests, a replay with its original.

/// Folds one integer into `state` (the finaliser of splitmix64; three lines in any language, so a twin can repeat it).
#[must_use]
pub fn fold(state: u64, value: i64) -> u64 {
    let mut mixed = (state ^ value as u64).wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Folds a 128-bit integer as its low and its high 64 bits.
#[must_use]
pub fn fold_wide(state: u64, value: i128) -> u64 {
    fold(fold(state, value as i64), (value >> 64) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_matters_and_zero_counts() {
        assert_ne!(fold(fold(0, 1), 2), fold(fold(0, 2), 1));
        assert_ne!(fold(0, 0), fold(fold(0, 0), 0));
    }

    #[test]
    fn wide_values_keep_their_high_bits() {
        assert_ne!(fold_wide(0, 1), fold_wide(0, 1 + (1_i128 << 64)));
        assert_ne!(fold_wide(0, -1), fold_wide(0, i128::from(u64::MAX)));
    }
}
