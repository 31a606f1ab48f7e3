//! Decimal digits of an integer, written fast: the checksum of a book is made of forty of them.

/// Digits of the largest `u64`.
pub const DIGITS_MAX: usize = 20;

const PAIRS: [u8; 200] = {
    let mut pairs = [0_u8; 200];
    let mut value = 0;
    while value < 100 {
        pairs[2 * value] = b'0' + (value / 10) as u8;
        pairs[2 * value + 1] = b'0' + (value % 10) as u8;
        value += 1;
    }
    pairs
};

/// Writes `value` at the start of `buffer` and says how many digits it took.
///
/// `buffer` holds at least [`DIGITS_MAX`] bytes.
#[inline]
#[must_use]
pub fn write(buffer: &mut [u8], mut value: u64) -> usize {
    let count = value.checked_ilog10().unwrap_or(0) as usize + 1;
    let buffer = &mut buffer[..count];
    let mut at = count;
    while at >= 2 {
        let pair = 2 * (value % 100) as usize;
        value /= 100;
        at -= 2;
        buffer[at..at + 2].copy_from_slice(&PAIRS[pair..pair + 2]);
    }
    if at == 1 {
        buffer[0] = b'0' + (value % 10) as u8;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_standard_library() {
        let mut values = vec![0, u64::MAX];
        for power in 0..20 {
            let edge = 10_u64.pow(power);
            values.extend([edge - 1, edge, edge + 1, edge.wrapping_mul(7)]);
        }
        for value in values {
            let mut buffer = [0_u8; DIGITS_MAX];
            let count = write(&mut buffer, value);
            assert_eq!(&buffer[..count], value.to_string().as_bytes());
        }
    }
}
