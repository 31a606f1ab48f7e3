//! RFC 3339 times to nanoseconds since 1970, in integers. Any number of fraction digits; those past the ninth are cut.

/// Parses one whole time, such as `2026-07-19T17:54:39.753424Z` or `2026-07-19T19:54:39+02:00`.
#[must_use]
pub fn parse(text: &[u8]) -> Option<i64> {
    if text.len() < 20
        || text[4] != b'-'
        || text[7] != b'-'
        || !matches!(text[10], b'T' | b't' | b' ')
        || text[13] != b':'
        || text[16] != b':'
    {
        return None;
    }
    let year = two(text, 0)? * 100 + two(text, 2)?;
    let (month, day) = (two(text, 5)?, two(text, 8)?);
    let (hour, minute, second) = (two(text, 11)?, two(text, 14)?, two(text, 17)?);
    // A second of 60 is a leap second; UTC in nanoseconds has no place for it but the one that follows.
    if !(1..=12).contains(&month) || day < 1 || day > days_of(year, month) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut at = 19;
    let mut fraction_ns = 0;
    if text[at] == b'.' {
        let digits = text[at + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return None;
        }
        let mut unit = 100_000_000;
        for digit in text[at + 1..].iter().take(digits.min(9)) {
            fraction_ns += i64::from(digit - b'0') * unit;
            unit /= 10;
        }
        at += 1 + digits;
    }
    let offset_s = match &text[at..] {
        [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), rest @ ..] if rest.len() == 5 && rest[2] == b':' => {
            let (hours, minutes) = (two(rest, 0)?, two(rest, 3)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let ahead = hours * 3600 + minutes * 60;
            if *sign == b'+' { ahead } else { -ahead }
        }
        _ => return None,
    };
    let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset_s;
    seconds.checked_mul(1_000_000_000)?.checked_add(fraction_ns)
}

#[inline]
fn two(text: &[u8], at: usize) -> Option<i64> {
    let digit = |at: usize| text.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10).map(i64::from);
    Some(digit(at)? * 10 + digit(at + 1)?)
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days of the proleptic Gregorian calendar; the year begins in March so that the leap day comes last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let era_days = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    era_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn reads_the_forms_in_use() {
        let at = 1_784_483_679_000_000_000;
        assert_eq!(parse(b"2026-07-19T17:54:39Z"), Some(at));
        assert_eq!(parse(b"2026-07-19T17:54:39.753424Z"), Some(at + 753_424_000));
        assert_eq!(parse(b"2026-07-19T17:54:39.7534241239999Z"), Some(at + 753_424_123));
        assert_eq!(parse(b"2026-07-19T19:54:39+02:00"), Some(at));
        assert_eq!(parse(b"1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(parse(b"2024-02-29T00:00:00Z"), Some(1_709_164_800_000_000_000));
        assert_eq!(parse(b"2000-03-01T00:00:00Z"), Some(951_868_800_000_000_000));
    }

    #[test]
    fn refuses_the_rest() {
        for text in [
            "",
            "2026-07-19",
            "2026-07-19T17:54:39",
            "2026-13-01T00:00:00Z",
            "2025-02-29T00:00:00Z",
            "2026-07-19T24:00:00Z",
            "2026-07-19T17:54:39.Z",
            "2026-07-19T17:54:39.1",
            "2026-07-19T17:54:39Zx",
            "2026-07-19T17:5a:39Z",
            "9999-01-01T00:00:00Z",
            "2026-07-19T17:54:39+0200",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
