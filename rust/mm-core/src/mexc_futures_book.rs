//! MEXC Futures' `push.depth` frames, REST snapshots and lists of changes: from the bytes straight to a book, by the rule of
//! versions (`depth_feed`).
//!
//! What comes over REST enters as a line `snapshot BTC_USDT` or `commits BTC_USDT` before the body of the reply, so that a
//! recording holds all that made the book. Levels are `[price, contracts, orders]` in any order, numbers in any spelling;
//! zero contracts delete. (MEXC Futures reference: keeping a book from push.depth.)
//!
//! Everything is decoded before a level of the book changes, so a malformed frame is never half applied.

use crate::book::{Book, Side};
use crate::decimal;
use crate::depth_feed::{Changes, Feed, Levels, Span};
use crate::json::{Fault, Names, Scanner};
use crate::kraken_book::{CROSSED, IGNORED_INVALID, SNAPSHOT, TOP_CHANGED, VALID};
use memchr::memmem;

pub const SNAPSHOT_PREFIX: &[u8] = b"snapshot ";
pub const COMMITS_PREFIX: &[u8] = b"commits ";
const CHANNEL: &[u8] = b"push.depth";

/// Changes in one list; the venue gives at most 1,000.
const COMMITS_MAX: usize = 5_000;

/// A symbol's feed, and how its numbers become units.
#[derive(Debug, Default)]
struct Symbol {
    price_precision: u32,
    size_precision: u32,
    active: bool,
    index: usize,
    feed: Feed,
}

/// What a payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Push,
    Snapshot,
    Commits,
}

/// A decoded payload; its levels are in the decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    at: usize,
    pub index: usize,
    pub kind: Kind,
    pub span: Span,
    pub venue_ms: i64,
}

/// Why a payload gave no message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Neither `push.depth` nor a snapshot nor a list of changes.
    OtherChannel,
    /// A book of nobody's.
    UnknownSymbol,
    Malformed(Fault),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Malformed(fault)
    }
}

/// Decodes payloads into levels and applies them to books.
#[derive(Debug, Default)]
pub struct Decoder {
    /// Sorted by the venue's symbol. A symbol keeps its index for good.
    symbols: Vec<(Vec<u8>, Symbol)>,
    /// Where the last symbol was found: frames of one symbol come in runs.
    last: usize,
    count: usize,
    levels: Levels,
    commits: Vec<Changes>,
}

impl Decoder {
    /// Takes frames of `symbol` ("BTC/USDT:USDT" or "BTC_USDT") from now on. Returns the index of the symbol.
    pub fn add(&mut self, symbol: &[u8], price_precision: u32, size_precision: u32) -> usize {
        let name = venue_name(symbol);
        let fresh = Symbol { price_precision, size_precision, active: true, index: self.count, ..Symbol::default() };
        match self.symbols.binary_search_by(|(known, _)| known.cmp(&name)) {
            Ok(at) => {
                let index = self.symbols[at].1.index;
                self.symbols[at].1 = Symbol { index, ..fresh };
                index
            }
            Err(at) => {
                self.symbols.insert(at, (name, fresh));
                self.count += 1;
                self.count - 1
            }
        }
    }

    /// Takes no more frames of `symbol`. Returns its index, if it was known.
    pub fn remove(&mut self, symbol: &[u8]) -> Option<usize> {
        let name = venue_name(symbol);
        let at = self.symbols.binary_search_by(|(known, _)| known.cmp(&name)).ok()?;
        let known = &mut self.symbols[at].1;
        let was_active = known.active;
        *known = Symbol { index: known.index, ..Symbol::default() };
        was_active.then_some(known.index)
    }

    /// The version of a symbol's book; 0 while it is not to be trusted.
    #[must_use]
    pub fn version(&self, symbol: &[u8]) -> u64 {
        let name = venue_name(symbol);
        let at = self.symbols.binary_search_by(|(known, _)| known.cmp(&name));
        at.map_or(0, |at| self.symbols[at].1.feed.version())
    }

    /// Decodes one payload; its levels stay until the next.
    ///
    /// # Errors
    /// A [`Refusal`]: nothing is to be applied.
    pub fn decode(&mut self, payload: &[u8]) -> Result<Message, Refusal> {
        self.levels.clear();
        self.commits.clear();
        if payload.trim_ascii_start().starts_with(b"{") {
            return self.push(payload);
        }
        let (kind, from) = if payload.starts_with(SNAPSHOT_PREFIX) {
            (Kind::Snapshot, SNAPSHOT_PREFIX.len())
        } else if payload.starts_with(COMMITS_PREFIX) {
            (Kind::Commits, COMMITS_PREFIX.len())
        } else {
            return Err(Refusal::OtherChannel);
        };
        let mut scanner = Scanner::new(payload);
        scanner.at = from;
        let line = memchr::memchr(b'\n', payload).ok_or_else(|| scanner.fault("a line feed").within("symbol"))?;
        let at = self.find(payload.get(from..line).unwrap_or(&[])).ok_or(Refusal::UnknownSymbol)?;
        scanner.at = line + 1;
        self.reply(&mut scanner, at, kind)
    }

    /// Applies what was decoded last to its book.
    pub fn apply(&mut self, message: Message, book: &mut Book) -> u32 {
        let Some((_, Symbol { feed, .. })) = self.symbols.get_mut(message.at) else {
            return IGNORED_INVALID;
        };
        feed.look(book);
        let before = book.top();
        let mut flags = match message.kind {
            Kind::Push => feed.push(message.span, &self.levels, book),
            Kind::Snapshot => SNAPSHOT | feed.snapshot(message.span.to, &self.levels, book),
            Kind::Commits => feed.commits(&mut self.commits, book),
        };
        if flags & VALID != 0 {
            if book.top() != before {
                flags |= TOP_CHANGED;
            }
            if book.is_crossed() {
                flags |= CROSSED;
            }
        }
        flags
    }

    /// The known symbols that a malformed payload names, and whether their books missed something and wait for a snapshot:
    /// what comes over REST is no loss to a book that is good.
    pub fn lose_named_in(&mut self, payload: &[u8]) -> (Vec<usize>, bool) {
        let is_frame = payload.trim_ascii_start().starts_with(b"{");
        let end = if is_frame { payload.len() } else { memchr::memchr(b'\n', payload).unwrap_or(0) };
        let payload = &payload[..end];
        let mut lost = Vec::new();
        for (name, known) in &mut self.symbols {
            let named = known.active
                && memmem::find_iter(payload, name).any(|at| {
                    let is_part =
                        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
                    let before = at.checked_sub(1).and_then(|at| payload.get(at));
                    !is_part(before) && !is_part(payload.get(at + name.len()))
                });
            if named {
                if is_frame {
                    known.feed.lose();
                }
                lost.push(known.index);
            }
        }
        (lost, is_frame)
    }

    #[inline]
    fn find(&self, symbol: &[u8]) -> Option<usize> {
        let is_at = |at: usize| self.symbols.get(at).is_some_and(|(name, _)| name == symbol);
        let at = if is_at(self.last) {
            self.last
        } else {
            self.symbols.binary_search_by(|(name, _)| name.as_slice().cmp(symbol)).ok()?
        };
        self.symbols[at].1.active.then_some(at)
    }

    /// A frame like `{"symbol":"BTC_USDT","data":{"cts":1,"asks":[[1.5,2,1]],"bids":[],"begin":7,"end":9,"version":9},
    /// "channel":"push.depth","ts":2}`, its members in any order.
    fn push(&mut self, frame: &[u8]) -> Result<Message, Refusal> {
        let mut scanner = Scanner::new(frame);
        let (mut symbol, mut data, mut is_depth, mut sent_ms) = (None, None, None, 0);
        let mut read = None;
        let mut names = Names::default();
        scanner.expect(b'{', "an object")?;
        while let Some(key) = scanner.next_member(&mut names)? {
            match &*key {
                b"symbol" => {
                    let name = scanner.string().map_err(|fault| fault.within("symbol"))?;
                    symbol = Some(self.find(&name));
                }
                b"channel" => {
                    let name = scanner.string().map_err(|fault| fault.within("channel"))?;
                    if &*name != CHANNEL {
                        return Err(Refusal::OtherChannel);
                    }
                    is_depth = Some(());
                }
                b"data" => {
                    data = Some(scanner);
                    // The venue prints the channel last. What is not of it must not be read as levels.
                    match symbol {
                        Some(Some(at)) if scanner.bytes().get(scanner.at) == Some(&b'{') => {
                            self.last = at;
                            let tried = self.side_lists(&mut scanner, at);
                            if tried.is_err() {
                                scanner = data.unwrap_or(scanner);
                                scanner.skip_value()?;
                            }
                            read = Some(tried);
                        }
                        _ => scanner.skip_value()?,
                    }
                }
                b"ts" => sent_ms = milliseconds(&mut scanner)?,
                _ => scanner.skip_value()?,
            }
        }
        if !scanner.is_done() {
            return Err(scanner.fault("nothing after the object").into());
        }
        if is_depth.is_none() {
            return Err(Refusal::OtherChannel);
        }
        let end = |field| scanner.fault("a member").within(field);
        let at = symbol.ok_or_else(|| end("symbol"))?.ok_or(Refusal::UnknownSymbol)?;
        self.last = at;
        let mut place = data.ok_or_else(|| end("data"))?;
        let sides = match read {
            Some(tried) => tried?,
            None => self.side_lists(&mut place, at)?,
        };
        let to = sides.end.or(sides.version).ok_or_else(|| end("version"))?;
        let from = sides.begin.unwrap_or(to);
        if from > to {
            return Err(scanner.fault("no version before begin").within("end").into());
        }
        let venue_ms = if sides.matched_ms > 0 { sides.matched_ms } else { sent_ms };
        let index = self.symbols[at].1.index;
        Ok(Message { at, index, kind: Kind::Push, span: Span { from, to }, venue_ms })
    }

    /// The body of a reply: `{"success":true,"code":0,"data":...}`, or what is in `data` alone (as of old).
    fn reply(&mut self, scanner: &mut Scanner, at: usize, kind: Kind) -> Result<Message, Refusal> {
        let whole = *scanner;
        let mut data = None;
        if scanner.bytes().get(scanner.at) == Some(&b'{') {
            let mut names = Names::default();
            scanner.expect(b'{', "an object")?;
            while let Some(key) = scanner.next_member(&mut names)? {
                if &*key == b"data" {
                    data = Some(*scanner);
                } else if &*key == b"success" && scanner.bytes()[scanner.at..].starts_with(b"false") {
                    return Err(scanner.fault("true").within("success").into());
                }
                scanner.skip_value()?;
            }
        } else {
            scanner.skip_value()?;
        }
        if !scanner.is_done() {
            return Err(scanner.fault("nothing after the value").into());
        }
        let mut place = data.unwrap_or(whole);
        let index = self.symbols[at].1.index;
        if kind == Kind::Commits {
            let span = self.commit_list(&mut place, at)?;
            return Ok(Message { at, index, kind, span, venue_ms: 0 });
        }
        let sides = self.side_lists(&mut place, at)?;
        let to = sides.version.ok_or_else(|| place.fault("a member").within("version"))?;
        let venue_ms = if sides.matched_ms > 0 { sides.matched_ms } else { sides.stamp_ms };
        Ok(Message { at, index, kind, span: Span { from: 0, to }, venue_ms })
    }

    fn commit_list(&mut self, scanner: &mut Scanner, at: usize) -> Result<Span, Fault> {
        scanner.expect(b'[', "a list of changes")?;
        let mut span = Span { from: 0, to: 0 };
        let mut first = true;
        while scanner.next_element(&mut first)? {
            if self.commits.len() == COMMITS_MAX {
                return Err(scanner.fault("fewer changes"));
            }
            self.levels.clear();
            let sides = self.side_lists(scanner, at)?;
            let to = sides.version.ok_or_else(|| scanner.fault("a member").within("version"))?;
            self.commits.push(Changes { span: Span { from: to, to }, levels: std::mem::take(&mut self.levels) });
            span = Span { from: if span.from == 0 { to } else { span.from.min(to) }, to: span.to.max(to) };
        }
        Ok(span)
    }

    /// An object with `asks`, `bids` and versions: its levels go to the decoder.
    #[inline]
    fn side_lists(&mut self, scanner: &mut Scanner, at: usize) -> Result<Sides, Fault> {
        let within = |fault: Fault| fault.within("data");
        let Symbol { price_precision: prices, size_precision: sizes, .. } = self.symbols[at].1;
        let mut sides = Sides::default();
        let mut names = Names::default();
        scanner.expect(b'{', "an object").map_err(within)?;
        while let Some(key) = scanner.next_member(&mut names).map_err(within)? {
            match &*key {
                b"asks" => {
                    sides.asks = true;
                    self.list(Side::Ask, scanner, prices, sizes).map_err(|fault| fault.within("asks"))?;
                }
                b"bids" => {
                    sides.bids = true;
                    self.list(Side::Bid, scanner, prices, sizes).map_err(|fault| fault.within("bids"))?;
                }
                b"version" => sides.version = Some(version(scanner).map_err(|fault| fault.within("version"))?),
                b"begin" => sides.begin = Some(version(scanner).map_err(|fault| fault.within("begin"))?),
                b"end" => sides.end = Some(version(scanner).map_err(|fault| fault.within("end"))?),
                b"cts" => sides.matched_ms = milliseconds(scanner)?,
                b"timestamp" => sides.stamp_ms = milliseconds(scanner)?,
                _ => scanner.skip_value().map_err(within)?,
            }
        }
        if sides.asks && sides.bids {
            return Ok(sides);
        }
        Err(scanner.fault("a list of each side").within(if sides.asks { "bids" } else { "asks" }))
    }

    #[inline]
    fn list(&mut self, side: Side, scanner: &mut Scanner, prices: u32, sizes: u32) -> Result<(), Fault> {
        scanner.expect(b'[', "a list")?;
        let mut first = true;
        while scanner.next_element(&mut first)? {
            let (price, size) = match usual_level(scanner, prices, sizes) {
                Some(level) => level,
                None => level(scanner, prices, sizes)?,
            };
            self.levels.push((side, price, size));
        }
        Ok(())
    }
}

/// What an object with levels says besides them.
#[derive(Clone, Copy, Debug, Default)]
struct Sides {
    asks: bool,
    bids: bool,
    version: Option<u64>,
    begin: Option<u64>,
    end: Option<u64>,
    matched_ms: i64,
    stamp_ms: i64,
}

/// Which symbol a `push.depth` frame is of and the versions it covers, for whoever only follows them; `None` for anything
/// else. The numbers are not proven: the decoder judges.
#[must_use]
pub fn span(frame: &[u8]) -> Option<(&str, Span)> {
    memmem::find(frame, b"\"push.depth\"")?;
    let version = |name: &[u8]| -> Option<u64> {
        let mut scanner = Scanner::new(frame);
        scanner.at = memmem::rfind(frame, name)? + name.len();
        version(&mut scanner).ok()
    };
    let at = memmem::find(frame, b"\"symbol\":\"")? + b"\"symbol\":\"".len();
    let length = memchr::memchr(b'"', frame.get(at..)?)?;
    let symbol = std::str::from_utf8(frame.get(at..at + length)?).ok()?;
    let to = version(b"\"end\":").or_else(|| version(b"\"version\":"))?;
    let from = version(b"\"begin\":").unwrap_or(to);
    (from <= to).then_some((symbol, Span { from, to }))
}

/// "BTC/USDT:USDT" is BTC_USDT to the venue.
fn venue_name(symbol: &[u8]) -> Vec<u8> {
    let pair = symbol.split(|byte| *byte == b':').next().unwrap_or(&[]);
    pair.iter().map(|byte| if *byte == b'/' { b'_' } else { *byte }).collect()
}

/// A level as the venue prints it, `[0.0801,2868,1]`. `None`, with the place unmoved, for all other forms.
#[inline]
fn usual_level(scanner: &mut Scanner, prices: u32, sizes: u32) -> Option<(i64, i64)> {
    let bytes = scanner.bytes();
    if bytes.get(scanner.at) != Some(&b'[') {
        return None;
    }
    let (price, at) = decimal::scan_plain(bytes, scanner.at + 1, prices)?;
    if price == 0 || bytes.get(at) != Some(&b',') {
        return None;
    }
    let (size, mut at) = decimal::scan_plain(bytes, at + 1, sizes)?;
    if bytes.get(at) != Some(&b',') {
        return None;
    }
    at += 1;
    let orders = at;
    while bytes.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    if at == orders || bytes.get(at) != Some(&b']') {
        return None;
    }
    scanner.at = at + 1;
    Some((price, size))
}

/// A level in any form.
#[cold]
fn level(scanner: &mut Scanner, prices: u32, sizes: u32) -> Result<(i64, i64), Fault> {
    scanner.expect(b'[', "a level")?;
    let price = number(scanner, "price", prices)?;
    if price == 0 {
        return Err(scanner.fault("a number above zero").within("price"));
    }
    scanner.expect(b',', "','")?;
    let size = number(scanner, "contracts", sizes)?;
    // The number of orders, where there is one.
    while !scanner.eat(b']') {
        scanner.expect(b',', "',' or ']'")?;
        scanner.skip_value()?;
    }
    Ok((price, size))
}

#[inline]
fn number(scanner: &mut Scanner, field: &'static str, precision: u32) -> Result<i64, Fault> {
    while matches!(scanner.bytes().get(scanner.at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        scanner.at += 1;
    }
    let (units, end) = decimal::scan(scanner.bytes(), scanner.at, precision)
        .map_err(|expected| scanner.fault(expected).within(field))?;
    scanner.at = end;
    Ok(units)
}

/// A whole number above zero, as text or bare.
#[inline]
fn version(scanner: &mut Scanner) -> Result<u64, Fault> {
    let before = *scanner;
    let quoted = scanner.eat(b'"');
    let from = scanner.at;
    let mut value = 0_u64;
    while let Some(digit @ b'0'..=b'9') = scanner.bytes().get(scanner.at) {
        if scanner.at - from >= 18 {
            return Err(before.fault("a version of at most 18 digits"));
        }
        value = value * 10 + u64::from(digit - b'0');
        scanner.at += 1;
    }
    let goes_on = matches!(scanner.bytes().get(scanner.at), Some(b'.' | b'e' | b'E'));
    if value == 0 || goes_on || (quoted && !scanner.eat(b'"')) {
        return Err(before.fault("a version above zero"));
    }
    Ok(value)
}

/// A time that only measures latency: 0 where it is none.
fn milliseconds(scanner: &mut Scanner) -> Result<i64, Fault> {
    let mut before = *scanner;
    scanner.skip_value()?;
    let value = version(&mut before).unwrap_or(0);
    Ok(i64::try_from(value).ok().filter(|ms| *ms < i64::MAX / 1_000_000).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::depth_feed::GAP;

    const FRAME: &str = r#"{"symbol":"DOGE_USDT","data":{"cts":1789498405531,"asks":[[0.080100,2868,1],[0.08039,6.4E1,1]],"bids":[[0.07969,0,0],[0.08006,5200,3]],"begin":8,"end":9,"version":9},"channel":"push.depth","ts":1789498405534}"#;

    fn decoder() -> Decoder {
        let mut decoder = Decoder::default();
        decoder.add(b"DOGE/USDT:USDT", 6, 0);
        decoder
    }

    #[test]
    fn members_come_in_any_order() {
        let odd = r#" {"ts":"1789498405534", "channel":"push.depth","data":{"version":9,"end":"9","begin":8,"note":[{}],"bids":[[7.969e-2,0],[ 0.0800600 , 5200 , 3 ]],
            "asks":[[0.0801,2868,1],[0.08039,64,1,"x"]],"cts":1789498405531},"symbol":"DOGE_USDT"}"#;
        let expected =
            Message { at: 0, index: 0, kind: Kind::Push, span: Span { from: 8, to: 9 }, venue_ms: 1_789_498_405_531 };
        let mut levels = Vec::new();
        for text in [FRAME, odd] {
            let mut decoder = decoder();
            assert_eq!(decoder.decode(text.as_bytes()), Ok(expected), "{text}");
            decoder.levels.sort_by_key(|level| level.1);
            levels.push(decoder.levels);
        }
        assert_eq!(levels[0], levels[1]);
        assert_eq!(levels[0][0], (Side::Bid, 79_690, 0));
        assert_eq!(levels[0][2], (Side::Ask, 80_100, 2_868));
    }

    #[test]
    fn other_channels_are_told_apart_though_they_look_alike() {
        for (from, to) in [("push.depth", "push.depth.full"), ("push.depth", "push.depth.step")] {
            assert_eq!(decoder().decode(FRAME.replace(from, to).as_bytes()), Err(Refusal::OtherChannel));
        }
        let deal = r#"{"symbol":"DOGE_USDT","data":[{"p":1,"v":1}],"channel":"push.deal","ts":1}"#;
        assert_eq!(decoder().decode(deal.as_bytes()), Err(Refusal::OtherChannel));
        assert_eq!(decoder().decode(br#"{"channel":"pong","data":1}"#), Err(Refusal::OtherChannel));
        assert_eq!(decoder().decode(FRAME.replace("DOGE", "ETH").as_bytes()), Err(Refusal::UnknownSymbol));
        assert_eq!(decoder().decode(b""), Err(Refusal::OtherChannel));
    }

    #[test]
    fn damage_is_a_fault_and_names_the_book_that_missed_something() {
        for (from, to) in [
            ("0.080100", "0.0801001"),
            ("0.080100", "-1"),
            ("0.080100", "0"),
            ("2868", "1.5"),
            ("\"begin\":8", "\"begin\":0"),
            ("\"begin\":8", "\"begin\":10"),
            ("\"end\":9", "\"end\":9.5"),
            ("\"bids\"", "\"bid\""),
            ("\"bids\"", "\"asks\""),
            ("]],\"begin\"", "],\"begin\""),
            ("5200,3]", "5200,3"),
            ("\"channel\"", "\"data\":1,\"channel\""),
            ("\"ts\":1789498405534}", "\"ts\":1789498405534}x"),
        ] {
            let text = FRAME.replacen(from, to, 1);
            let mut decoder = decoder();
            assert!(matches!(decoder.decode(text.as_bytes()), Err(Refusal::Malformed(_))), "{text}");
            assert_eq!(decoder.lose_named_in(text.as_bytes()), (vec![0], true));
        }
        for end in 0..FRAME.len() {
            assert!(decoder().decode(&FRAME.as_bytes()[..end]).is_err());
        }
        assert_eq!(decoder().lose_named_in(b"{\"symbol\":\"XDOGE_USDT\""), (vec![], true));
        assert_eq!(decoder().lose_named_in(b"snapshot DOGE_USDT\n{}"), (vec![0], false));
    }

    #[test]
    fn replies_come_with_their_envelope_or_without() {
        let data = r#"{"asks":[[0.0803,3.318E+4,5]],"bids":[[0.08,1]],"version":7,"timestamp":3,"cts":null}"#;
        for body in [data.to_string(), format!(r#"{{"success":true,"code":0,"data":{data}}}"#)] {
            let mut decoder = decoder();
            let mut book = Book::new(0);
            let message = decoder.decode(format!("snapshot DOGE_USDT\n{body}").as_bytes()).unwrap();
            assert_eq!((message.kind, message.span.to, message.venue_ms), (Kind::Snapshot, 7, 3));
            assert_eq!(decoder.apply(message, &mut book), SNAPSHOT | VALID | TOP_CHANGED);
            assert_eq!(book.levels(Side::Ask, 9).collect::<Vec<_>>(), [(80_300, 33_180)]);
            let message = decoder.decode(FRAME.as_bytes()).unwrap();
            assert_eq!(decoder.apply(message, &mut book), VALID | TOP_CHANGED);
            let message = decoder.decode(FRAME.replace(":9", ":12").replace(":8,", ":11,").as_bytes()).unwrap();
            assert_eq!(decoder.apply(message, &mut book), GAP);
            let commits = r#"[{"asks":[],"bids":[[0.01,5,1]],"version":10}]"#;
            for body in [r#"{"success":true,"data":[]}"#.to_string(), format!(r#"{{"success":true,"data":{commits}}}"#)]
            {
                let message = decoder.decode(format!("commits DOGE_USDT\n{body}").as_bytes()).unwrap();
                let flags = decoder.apply(message, &mut book);
                assert_eq!(flags, if body.contains("0.01") { VALID } else { IGNORED_INVALID });
            }
            assert_eq!(decoder.version(b"DOGE/USDT:USDT"), 12);
        }
        for body in ["", "{}", "[]", "{\"success\":false,\"code\":1001}", "snapshot", "{\"data\":{\"version\":1}}"] {
            let refusal = decoder().decode(format!("snapshot DOGE_USDT\n{body}").as_bytes());
            assert!(matches!(refusal, Err(Refusal::Malformed(_))), "{body}");
        }
    }

    #[test]
    fn spans_are_found_without_decoding() {
        assert_eq!(span(FRAME.as_bytes()), Some(("DOGE_USDT", Span { from: 8, to: 9 })));
        let single = r#"{"channel":"push.depth","data":{"asks":[],"bids":[],"version":96},"symbol":"BTC_USDT","ts":1}"#;
        assert_eq!(span(single.as_bytes()), Some(("BTC_USDT", Span { from: 96, to: 96 })));
        assert_eq!(span(FRAME.replace("push.depth", "push.deal").as_bytes()), None);
        for end in 0..FRAME.len() {
            let _ = span(&FRAME.as_bytes()[..end]);
        }
    }
}
