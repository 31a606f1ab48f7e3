//! Decimal text to whole units of 10^-precision, exactly or not at all. Grammar of a JSON number, exponents included.

/// Most decimals an instrument may have: one more and not even 10 would fit 63 bits.
pub const PRECISION_MAX: u32 = 18;

const POWERS: [u64; 19] = {
    let mut powers = [1_u64; 19];
    let mut at = 1;
    while at < 19 {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// Reads the plain form at `at`: digits, perhaps a point and at most `precision` digits, 18 digits in all. Returns the units
/// and where the text goes on, or `None` for every other form, which [`scan`] judges.
///
/// Always inline: a result that travels through memory costs more than the digits do.
#[inline(always)]
#[must_use]
pub fn scan_plain(bytes: &[u8], mut at: usize, precision: u32) -> Option<(i64, usize)> {
    let from = at;
    let mut value = 0_u64;
    while let Some(digit) = digit_at(bytes, at) {
        value = value.wrapping_mul(10).wrapping_add(digit);
        at += 1;
    }
    let whole = at - from;
    let mut decimals = 0;
    if bytes.get(at) == Some(&b'.') {
        let point = at;
        at += 1;
        // Sizes have eight decimals.
        if let Some(digits) = eight_digits_at(bytes, at) {
            value = value.wrapping_mul(100_000_000).wrapping_add(digits);
            at += 8;
        }
        while let Some(digit) = digit_at(bytes, at) {
            value = value.wrapping_mul(10).wrapping_add(digit);
            at += 1;
        }
        decimals = at - point - 1;
        if decimals == 0 {
            return None;
        }
    }
    let missing = (precision as usize).checked_sub(decimals)?;
    let leading_zero = whole > 1 && bytes[from] == b'0';
    if whole == 0 || leading_zero || whole + decimals + missing > 18 || matches!(bytes.get(at), Some(b'e' | b'E')) {
        return None;
    }
    Some(((value * POWERS[missing]) as i64, at))
}

/// Reads any JSON number at `at`. Returns the units and where the text goes on, or what was expected.
///
/// # Errors
/// Not a number, negative, off the grid of `precision`, or beyond 63 bits.
#[inline]
pub fn scan(bytes: &[u8], at: usize, precision: u32) -> Result<(i64, usize), &'static str> {
    match scan_plain(bytes, at, precision) {
        Some(plain) => Ok(plain),
        None => scan_any(bytes, at, precision),
    }
}

#[cold]
#[inline(never)]
fn scan_any(bytes: &[u8], at: usize, precision: u32) -> Result<(i64, usize), &'static str> {
    if bytes.get(at) == Some(&b'-') {
        return Err("a number that is not negative");
    }
    let whole = run_of_digits(bytes, at);
    let mut end = at + whole.len();
    if whole.is_empty() || (whole.len() > 1 && whole[0] == b'0') {
        return Err("a decimal number");
    }
    let mut decimals: &[u8] = &[];
    if bytes.get(end) == Some(&b'.') {
        decimals = run_of_digits(bytes, end + 1);
        end += 1 + decimals.len();
        if decimals.is_empty() {
            return Err("a digit after the point");
        }
    }
    let mut exponent = 0_i64;
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let negative = bytes.get(end + 1) == Some(&b'-');
        let signed = negative || bytes.get(end + 1) == Some(&b'+');
        let digits = run_of_digits(bytes, end + 1 + usize::from(signed));
        if digits.is_empty() {
            return Err("a digit in the exponent");
        }
        end += 1 + usize::from(signed) + digits.len();
        // Beyond a million every exponent says the same: too large, or too fine.
        exponent = digits.iter().fold(0, |sum, digit| (sum * 10 + i64::from(digit - b'0')).min(1_000_000));
        if negative {
            exponent = -exponent;
        }
    }
    Ok((to_units(whole, decimals, exponent, precision)?, end))
}

/// Reads `text` as one whole number, nothing before or after it.
///
/// # Errors
/// As [`scan`].
#[inline]
pub fn parse(text: &[u8], precision: u32) -> Result<i64, &'static str> {
    match scan_plain(text, 0, precision) {
        Some((units, end)) if end == text.len() => Ok(units),
        _ => parse_any(text, precision),
    }
}

#[cold]
#[inline(never)]
fn parse_any(text: &[u8], precision: u32) -> Result<i64, &'static str> {
    match scan(text, 0, precision)? {
        (units, end) if end == text.len() => Ok(units),
        _ => Err("a decimal number"),
    }
}

fn to_units(whole: &[u8], decimals: &[u8], exponent: i64, precision: u32) -> Result<i64, &'static str> {
    let digits = || whole.iter().chain(decimals);
    let Some(leading) = digits().position(|digit| *digit != b'0') else {
        return Ok(0);
    };
    let trailing = digits().rev().take_while(|digit| **digit == b'0').count();
    let significant = whole.len() + decimals.len() - leading - trailing;
    // The mantissa ends at its last digit other than zero: what is left of a negative power of ten is off the grid.
    let power = exponent + i64::from(precision) - decimals.len() as i64 + trailing as i64;
    if power < 0 {
        return Err("no more decimals than the instrument has");
    }
    let too_large = "a number below 2^63 units";
    if significant > 19 || power > 18 {
        return Err(too_large);
    }
    let mantissa =
        digits().skip(leading).take(significant).fold(0_u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    let units = mantissa.checked_mul(POWERS[power as usize]).ok_or(too_large)?;
    i64::try_from(units).map_err(|_| too_large)
}

/// The value of eight digits in a row, taken as the bytes of one word: checked, then summed up in pairs.
#[inline]
fn eight_digits_at(bytes: &[u8], at: usize) -> Option<u64> {
    let word = u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?);
    let high = word & 0xf0f0_f0f0_f0f0_f0f0;
    let high_of_six_more = word.wrapping_add(0x0606_0606_0606_0606) & 0xf0f0_f0f0_f0f0_f0f0;
    if high | (high_of_six_more >> 4) != 0x3333_3333_3333_3333 {
        return None;
    }
    let pairs = (word & 0x0f0f_0f0f_0f0f_0f0f).wrapping_mul(10 * 256 + 1) >> 8;
    let fours = (pairs & 0x00ff_00ff_00ff_00ff).wrapping_mul(100 * (1 << 16) + 1) >> 16;
    Some((fours & 0x0000_ffff_0000_ffff).wrapping_mul(10_000 * (1 << 32) + 1) >> 32)
}

#[inline]
fn digit_at(bytes: &[u8], at: usize) -> Option<u64> {
    let digit = bytes.get(at)?.wrapping_sub(b'0');
    (digit < 10).then_some(u64::from(digit))
}

fn run_of_digits(bytes: &[u8], from: usize) -> &[u8] {
    let rest = bytes.get(from..).unwrap_or(&[]);
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    &rest[..count]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form_of_the_same_number() {
        for text in [
            "64525.1",
            "64525.10",
            "64525.1000000000000000000000",
            "6.45251e4",
            "645251e-1",
            "645251E-01",
            "0.0000645251e+9",
        ] {
            assert_eq!(parse(text.as_bytes(), 1), Ok(645_251), "{text}");
        }
        assert_eq!(parse(b"1e-08", 8), Ok(1));
        assert_eq!(parse(b"0.00000000", 8), Ok(0));
        assert_eq!(parse(b"0e99999999999999999999", 8), Ok(0));
        assert_eq!(parse(b"9223372036854775807", 0), Ok(i64::MAX));
        assert_eq!(parse(b"9.223372036854775807", 18), Ok(i64::MAX));
        assert_eq!(parse(b"7", 18), Ok(7_000_000_000_000_000_000));
    }

    #[test]
    fn eight_digits_are_read_as_one_word() {
        for value in (0..100_000_000_u64).step_by(9_973) {
            assert_eq!(eight_digits_at(format!("x{value:08}").as_bytes(), 1), Some(value));
        }
        for byte in (0..=u8::MAX).filter(|byte| !byte.is_ascii_digit()) {
            for at in 0..8 {
                let mut text = *b"99999999";
                text[at] = byte;
                assert_eq!(eight_digits_at(&text, 0), None, "{byte} at {at}");
            }
        }
        assert_eq!(eight_digits_at(b"1234567", 0), None);
        assert_eq!(eight_digits_at(b"12345678", 9), None);
    }

    #[test]
    fn refuses_what_is_off_the_grid_or_too_large() {
        for text in ["0.01", "1e-2", "1.25", "1e-99999999999999999999"] {
            assert_eq!(parse(text.as_bytes(), 1), Err("no more decimals than the instrument has"), "{text}");
        }
        for text in ["9223372036854775808", "99999999999999999999", "1e19", "1e99999999999999999999"] {
            assert_eq!(parse(text.as_bytes(), 0), Err("a number below 2^63 units"), "{text}");
        }
        assert_eq!(parse(b"10", 18), Err("a number below 2^63 units"));
    }

    #[test]
    fn refuses_what_is_not_a_json_number() {
        for text in [
            "", "-1", "-0", "+1", "01", "00.5", ".5", "1.", "1.e5", "1e", "1e+", "NaN", "Infinity", "1 ", " 1", "1_0",
            "\"1\"", "0x1",
        ] {
            assert!(parse(text.as_bytes(), 4).is_err(), "{text}");
        }
    }
}
