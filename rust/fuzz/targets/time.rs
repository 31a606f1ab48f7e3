//! Times of a venue: a number or none, and the number that counting the days gives.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mm_core::rfc3339::parse;

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    [31, 28 + i64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month as usize - 1]
}

fuzz_target!(|data: &[u8]| {
    let Some(ns) = parse(data) else { return };
    let text = std::str::from_utf8(data).expect("only ASCII is a time");
    let number = |from: usize, to: usize| text[from..to].parse::<i64>().expect("digits");
    let (year, month) = (number(0, 4), number(5, 7));
    let whole_years = |year: i64| 365 + i64::from(is_leap(year));
    let years: i64 = (1970..year).map(whole_years).sum::<i64>() - (year..1970).map(whole_years).sum::<i64>();
    let days = years + (1..month).map(|month| days_in(year, month)).sum::<i64>() + number(8, 10) - 1;
    let mut seconds = days * 86_400 + number(11, 13) * 3600 + number(14, 16) * 60 + number(17, 19);
    if let Some(sign) = text[19..].find(['+', '-']).map(|at| at + 19) {
        let ahead = number(sign + 1, sign + 3) * 3600 + number(sign + 4, sign + 6) * 60;
        seconds -= if &text[sign..=sign] == "+" { ahead } else { -ahead };
    }
    assert_eq!(ns.div_euclid(1_000_000_000), seconds, "{text}");
});
