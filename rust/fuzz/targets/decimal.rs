//! Decimal text into units: exact, or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mm_core::decimal::{parse, scan};

/// The same, slowly: by a shift of digits, for what has no exponent of more than three digits.
fn slowly(text: &str, precision: u32) -> Option<i64> {
    let (number, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    let shift = exponent.parse::<i64>().ok()? + i64::from(precision) - decimals.len() as i64;
    let mut digits = format!("{whole}{decimals}");
    if digits.bytes().all(|digit| digit == b'0') {
        return Some(0);
    }
    if shift >= 0 {
        digits.push_str(&"0".repeat(usize::try_from(shift).ok()?));
    } else {
        let cut = usize::try_from(-shift).ok()?;
        let padded = format!("{}{digits}", "0".repeat(cut));
        let (kept, lost) = padded.split_at(padded.len() - cut);
        if lost.bytes().any(|digit| digit != b'0') {
            return None;
        }
        digits = kept.to_owned();
    }
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() { Some(0) } else { digits.parse().ok() }
}

fuzz_target!(|data: &[u8]| {
    let Some((first, text)) = data.split_first() else { return };
    let precision = u32::from(first % 19);
    if let Ok((units, end)) = scan(text, 0, precision) {
        assert!(units >= 0 && end <= text.len());
    }
    let ours = parse(text, precision);
    let Ok(text) = std::str::from_utf8(text) else { return assert!(ours.is_err()) };
    // What JSON calls a number, not negative, of a length that the slow way can write out.
    let is_number = serde_json::from_str::<serde_json::Value>(text).is_ok_and(|value| value.is_number());
    let exponent = text.split(['e', 'E']).nth(1).unwrap_or("0");
    if exponent.trim_start_matches(['+', '-']).trim_start_matches('0').len() > 3 {
        return;
    }
    if is_number && !text.starts_with('-') && text.trim() == text {
        assert_eq!(ours.ok(), slowly(text, precision), "{text} at {precision}");
    } else if !text.contains(['e', 'E']) {
        assert!(ours.is_err(), "{text}");
    }
});
