//! Decimal digits of an integer, written fast: the checksum of a book is made of forty of them.

/// Digits of the largest `u64`.
pub const DIGITS_MAX: usize = 20;

/// Room that [`write`] needs in its buffer: it writes whole words, and what lies beyond the digits is of no meaning.
pub const ROOM: usize = DIGITS_MAX + 8;

const WORD: u64 = 100_000_000;
const ASCII: u64 = 0x3030_3030_3030_3030;

/// The eight digits of a number below 10^8, one a byte, the first in the lowest. Divides in all lanes at once.
#[inline(always)]
fn split(value: u64) -> u64 {
    // Lanes of four digits each, then of two, then of one; 10486 / 2^20 and 103 / 2^10 divide them by 100 and by 10.
    let fours = (value / 10_000) | ((value % 10_000) << 32);
    let tops = ((fours * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let twos = tops | ((fours - 100 * tops) << 16);
    let tens = ((twos * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | ((twos - 10 * tens) << 8)
}

/// Writes a number below 10^8 without leading zeros and says how many digits that took.
#[inline(always)]
fn write_first(buffer: &mut [u8], value: u64) -> usize {
    let digits = split(value);
    // Zero has one digit, too.
    let zeros = digits.trailing_zeros().min(56) / 8;
    buffer[..8].copy_from_slice(&((digits | ASCII) >> (8 * zeros)).to_le_bytes());
    8 - zeros as usize
}

/// Writes a number below 10^8 as eight digits.
#[inline(always)]
fn write_next(buffer: &mut [u8], value: u64) -> usize {
    buffer[..8].copy_from_slice(&(split(value) | ASCII).to_le_bytes());
    8
}

/// Writes `value` at the start of `buffer` and says how many digits it took.
///
/// `buffer` holds at least [`ROOM`] bytes.
#[inline(always)]
#[must_use]
pub fn write(buffer: &mut [u8], value: u64) -> usize {
    if value < WORD {
        return write_first(buffer, value);
    }
    let (high, low) = (value / WORD, value % WORD);
    let at = if high < WORD {
        write_first(buffer, high)
    } else {
        let at = write_first(buffer, high / WORD);
        at + write_next(&mut buffer[at..], high % WORD)
    };
    at + write_next(&mut buffer[at..], low)
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
            let mut buffer = [0_u8; ROOM];
            let count = write(&mut buffer, value);
            assert_eq!(&buffer[..count], value.to_string().as_bytes());
        }
    }

    #[test]
    fn splits_every_pair_of_lanes() {
        for value in (0..10_000).chain((0..10_000).map(|high| high * 10_000 + 9_999 - high)) {
            assert_eq!(split(value).to_le_bytes().map(|digit| digit + b'0'), *format!("{value:08}").as_bytes());
        }
    }
}
