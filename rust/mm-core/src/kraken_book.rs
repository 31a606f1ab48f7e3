//! Kraken's WebSocket v2 `book` frames: from the bytes straight to a checked book.
//!
//! A frame is decoded whole before a level of the book changes, so a malformed one is never half applied. The decoder takes
//! members in any order; the order and spacing that the venue prints is merely the fastest.

use crate::book::{Book, Side};
use crate::decimal;
use crate::json::{Fault, Names, Scanner};
use crate::rfc3339;

/// The frame was a snapshot.
pub const SNAPSHOT: u32 = 1;
/// A best price or its size is not what it was.
pub const TOP_CHANGED: u32 = 2;
/// The checksum agrees: the book is the venue's.
pub const VALID: u32 = 4;
/// The checksum disagrees: the book is invalid until its next snapshot.
pub const CHECKSUM_MISMATCH: u32 = 8;
/// An update for a book that has no snapshot, or lost its trust; not applied.
pub const IGNORED_INVALID: u32 = 16;
/// The best bid is at or above the best ask.
pub const CROSSED: u32 = 32;

/// How an instrument's numbers become units.
#[derive(Clone, Copy, Debug)]
struct Subscription {
    index: usize,
    price_precision: u32,
    size_precision: u32,
    active: bool,
}

/// A decoded frame; its levels are in the decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    pub index: usize,
    pub snapshot: bool,
    pub checksum: u32,
    pub venue_ns: i64,
}

/// Why a frame gave no message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not of the `book` channel.
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

/// Decodes frames into levels and applies them to books.
#[derive(Debug, Default)]
pub struct Decoder {
    /// Sorted by symbol. A symbol keeps its index for good, so a code once returned never comes to mean another book.
    symbols: Vec<(Vec<u8>, Subscription)>,
    /// Where the last symbol was found: frames of one symbol come in runs.
    last: usize,
    levels: Vec<(Side, i64, i64)>,
}

impl Decoder {
    /// Takes frames of `symbol` from now on, with these precisions. Returns the index of the symbol.
    pub fn add(&mut self, symbol: &[u8], price_precision: u32, size_precision: u32) -> usize {
        let fresh = self.symbols.len();
        let at = self.symbols.binary_search_by(|(name, _)| name.as_slice().cmp(symbol));
        let index = at.map_or(fresh, |at| self.symbols[at].1.index);
        let subscription = Subscription { index, price_precision, size_precision, active: true };
        match at {
            Ok(at) => self.symbols[at].1 = subscription,
            Err(at) => self.symbols.insert(at, (symbol.to_vec(), subscription)),
        }
        index
    }

    /// Takes no more frames of `symbol`. Returns its index, if it was known.
    pub fn remove(&mut self, symbol: &[u8]) -> Option<usize> {
        let at = self.symbols.binary_search_by(|(name, _)| name.as_slice().cmp(symbol)).ok()?;
        let subscription = &mut self.symbols[at].1;
        std::mem::replace(&mut subscription.active, false).then_some(subscription.index)
    }

    /// Decodes one frame; its levels stay until the next.
    ///
    /// # Errors
    /// A [`Refusal`]: nothing is to be applied.
    pub fn decode(&mut self, frame: &[u8]) -> Result<Message, Refusal> {
        self.levels.clear();
        if let Some(message) = self.usual(frame) {
            return Ok(message);
        }
        self.levels.clear();
        self.walk(frame)
    }

    /// A frame exactly as the venue prints it, for a known symbol. `None` for all others, which [`Self::walk`] judges.
    #[inline]
    fn usual(&mut self, frame: &[u8]) -> Option<Message> {
        let mut scanner = Scanner::new(frame);
        let snapshot = if scanner.skip_literal(b"{\"channel\":\"book\",\"type\":\"update\",\"data\":[{\"symbol\":") {
            false
        } else if scanner.skip_literal(b"{\"channel\":\"book\",\"type\":\"snapshot\",\"data\":[{\"symbol\":") {
            true
        } else {
            return None;
        };
        let at = self.find(&scanner.string().ok()?)?;
        self.last = at;
        let subscription = self.symbols[at].1;
        for (side, label) in [(Side::Bid, b",\"bids\":["), (Side::Ask, b",\"asks\":[")] {
            if !scanner.skip_literal(label) {
                return None;
            }
            let mut goes_on = !scanner.skip_literal(b"]");
            while goes_on {
                let (price, size) = usual_level(&mut scanner, subscription)?;
                self.levels.push((side, price, size));
                goes_on = scanner.skip_literal(b",");
                if !goes_on && !scanner.skip_literal(b"]") {
                    return None;
                }
            }
        }
        if !scanner.skip_literal(b",\"checksum\":") {
            return None;
        }
        let checksum = scanner.unsigned().ok()?;
        if !scanner.skip_literal(b",\"timestamp\":") {
            return None;
        }
        let venue_ns = timestamp(&mut scanner).ok()?;
        let ends = scanner.skip_literal(b"}]}") && scanner.at == frame.len();
        ends.then_some(Message { index: subscription.index, snapshot, checksum, venue_ns })
    }

    /// A frame in any form that JSON allows.
    fn walk(&mut self, frame: &[u8]) -> Result<Message, Refusal> {
        let mut scanner = Scanner::new(frame);
        let mut deferred = None;
        let (mut is_book, mut snapshot, mut message) = (false, None, None);
        let mut names = Names::default();
        scanner.expect(b'{', "an object")?;
        while let Some(key) = scanner.next_member(&mut names)? {
            match &*key {
                b"channel" => {
                    let name = scanner.string().map_err(|fault| fault.within("channel"))?;
                    if &*name != b"book" {
                        return Err(Refusal::OtherChannel);
                    }
                    is_book = true;
                }
                b"type" if is_book => snapshot = Some(kind(&mut scanner)?),
                b"data" if is_book => message = Some(self.data(&mut scanner)?),
                // Other channels have these members too: they are read once the channel is known.
                b"data" => {
                    deferred = Some(scanner);
                    scanner.skip_value()?;
                }
                b"type" => {
                    let mut peek = scanner;
                    snapshot = kind(&mut peek).ok();
                    scanner.skip_value()?;
                }
                _ => scanner.skip_value()?,
            }
        }
        if !scanner.is_done() {
            return Err(scanner.fault("nothing after the object").into());
        }
        if !is_book {
            return Err(Refusal::OtherChannel);
        }
        if let Some(mut at) = deferred {
            message = Some(self.data(&mut at)?);
        }
        let end = scanner.fault("a member");
        let message = message.ok_or_else(|| end.clone().within("data"))?;
        Ok(Message { snapshot: snapshot.ok_or_else(|| end.within("type"))?, ..message })
    }

    /// Applies the levels of the frame last decoded to its book: all of them, then truncation, then the checksum.
    pub fn apply(&self, message: Message, book: &mut Book) -> u32 {
        if !message.snapshot && !book.is_valid() {
            return IGNORED_INVALID;
        }
        let before = book.top();
        let mut flags = 0;
        if message.snapshot {
            book.clear();
            flags |= SNAPSHOT;
        }
        for (side, price, size) in &self.levels {
            book.set(*side, *price, *size);
        }
        book.truncate();
        book.advance();
        if book.checksum() == message.checksum {
            book.mark_valid();
            flags |= VALID;
        } else {
            book.invalidate();
            flags |= CHECKSUM_MISMATCH;
        }
        if book.top() != before {
            flags |= TOP_CHANGED;
        }
        if book.is_crossed() {
            flags |= CROSSED;
        }
        flags
    }

    /// Indexes of the known symbols that a malformed frame names, whatever is wrong with it: their books missed something.
    #[must_use]
    pub fn named_in(&self, frame: &[u8]) -> Vec<usize> {
        memchr::memmem::find_iter(frame, b"\"symbol\"")
            .filter_map(|at| {
                let mut scanner = Scanner::new(frame);
                scanner.at = at + b"\"symbol\"".len();
                scanner.expect(b':', "':'").ok()?;
                let symbol = scanner.string().ok()?;
                self.find(&symbol).map(|at| self.symbols[at].1.index)
            })
            .collect()
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

    /// The one element of `data`.
    #[inline]
    fn data(&mut self, scanner: &mut Scanner) -> Result<Message, Refusal> {
        let within = |fault: Fault| fault.within("data");
        scanner.expect(b'[', "a list").map_err(within)?;
        scanner.expect(b'{', "an object").map_err(within)?;
        let mut subscription = None;
        let (mut bids, mut asks) = (None, None);
        let (mut checksum, mut venue_ns) = (None, 0);
        let mut names = Names::default();
        while let Some(key) = scanner.next_member(&mut names).map_err(within)? {
            match &*key {
                b"symbol" => {
                    let symbol = scanner.string().map_err(|fault| fault.within("symbol"))?;
                    let at = self.find(&symbol).ok_or(Refusal::UnknownSymbol)?;
                    self.last = at;
                    subscription = Some(self.symbols[at].1);
                }
                b"bids" => self.side(Side::Bid, scanner, subscription, &mut bids)?,
                b"asks" => self.side(Side::Ask, scanner, subscription, &mut asks)?,
                b"checksum" => checksum = Some(scanner.unsigned().map_err(|fault| fault.within("checksum"))?),
                b"timestamp" => venue_ns = timestamp(scanner)?,
                _ => scanner.skip_value().map_err(within)?,
            }
        }
        scanner.expect(b']', "one element only").map_err(within)?;
        let end = |field| scanner.fault("a member").within(field);
        let subscription = subscription.ok_or_else(|| end("symbol"))?;
        for (side, list) in [(Side::Bid, bids), (Side::Ask, asks)] {
            if let Some(List::Deferred(mut at)) = list {
                self.list(side, &mut at, subscription)?;
            }
        }
        if bids.is_none() && asks.is_none() {
            return Err(end("bids").into());
        }
        let checksum = checksum.ok_or_else(|| end("checksum"))?;
        Ok(Message { index: subscription.index, snapshot: false, checksum, venue_ns })
    }

    /// A list of levels: read now, or later where the symbol (and so the precision) is not known yet.
    #[inline]
    fn side<'a>(
        &mut self,
        side: Side,
        scanner: &mut Scanner<'a>,
        known: Option<Subscription>,
        list: &mut Option<List<'a>>,
    ) -> Result<(), Fault> {
        match known {
            Some(subscription) => {
                *list = Some(List::Read);
                self.list(side, scanner, subscription)
            }
            None => {
                *list = Some(List::Deferred(*scanner));
                scanner.skip_value().map_err(|fault| fault.within(field_of(side)))
            }
        }
    }

    #[inline]
    fn list(&mut self, side: Side, scanner: &mut Scanner, subscription: Subscription) -> Result<(), Fault> {
        let within = |fault: Fault| fault.within(field_of(side));
        scanner.expect(b'[', "a list").map_err(within)?;
        let mut first = true;
        while scanner.next_element(&mut first).map_err(within)? {
            let (price, size) = match usual_level(scanner, subscription) {
                Some(level) => level,
                None => level(scanner, subscription).map_err(within)?,
            };
            self.levels.push((side, price, size));
        }
        Ok(())
    }
}

/// What became of a side's list.
#[derive(Clone, Copy)]
enum List<'a> {
    Read,
    Deferred(Scanner<'a>),
}

fn field_of(side: Side) -> &'static str {
    match side {
        Side::Bid => "bids",
        Side::Ask => "asks",
    }
}

fn kind(scanner: &mut Scanner) -> Result<bool, Fault> {
    match &*scanner.string().map_err(|fault| fault.within("type"))? {
        b"snapshot" => Ok(true),
        b"update" => Ok(false),
        _ => Err(scanner.fault("\"snapshot\" or \"update\"").within("type")),
    }
}

fn timestamp(scanner: &mut Scanner) -> Result<i64, Fault> {
    if scanner.skip_literal(b"null") {
        return Ok(0);
    }
    let text = scanner.string().map_err(|fault| fault.within("timestamp"))?;
    rfc3339::parse(&text).ok_or_else(|| scanner.fault("an RFC 3339 time").within("timestamp"))
}

/// A level as the venue prints it. `None`, with the place unmoved, for all other forms.
#[inline]
fn usual_level(scanner: &mut Scanner, subscription: Subscription) -> Option<(i64, i64)> {
    let mut ahead = *scanner;
    if !ahead.skip_literal(b"{\"price\":") {
        return None;
    }
    let (price, end) = decimal::scan_plain(ahead.bytes(), ahead.at, subscription.price_precision)?;
    ahead.at = end;
    if !ahead.skip_literal(b",\"qty\":") {
        return None;
    }
    let (size, end) = decimal::scan_plain(ahead.bytes(), ahead.at, subscription.size_precision)?;
    ahead.at = end;
    if price == 0 || !ahead.skip_literal(b"}") {
        return None;
    }
    *scanner = ahead;
    Some((price, size))
}

/// A level in any form.
#[cold]
fn level(scanner: &mut Scanner, subscription: Subscription) -> Result<(i64, i64), Fault> {
    scanner.expect(b'{', "a level")?;
    let (mut price, mut size) = (None, None);
    let mut names = Names::default();
    while let Some(key) = scanner.next_member(&mut names)? {
        match &*key {
            b"price" => price = Some(number(scanner, "price", subscription.price_precision)?),
            b"qty" => size = Some(number(scanner, "qty", subscription.size_precision)?),
            _ => scanner.skip_value()?,
        }
    }
    match (price, size) {
        (Some(0), _) => Err(scanner.fault("a number above zero").within("price")),
        (Some(price), Some(size)) => Ok((price, size)),
        (None, _) => Err(scanner.fault("a member").within("price")),
        (_, None) => Err(scanner.fault("a member").within("qty")),
    }
}

fn number(scanner: &mut Scanner, field: &'static str, precision: u32) -> Result<i64, Fault> {
    let (units, end) = decimal::scan(scanner.bytes(), scanner.at, precision)
        .map_err(|expected| scanner.fault(expected).within(field))?;
    scanner.at = end;
    Ok(units)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SYMBOL: &[u8] = b"BTC/USD";

    fn decoder() -> Decoder {
        let mut decoder = Decoder::default();
        decoder.add(SYMBOL, 1, 8);
        decoder
    }

    fn frame(kind: &str, body: &str) -> String {
        format!(r#"{{"channel":"book","type":"{kind}","data":[{{"symbol":"BTC/USD",{body}}}]}}"#)
    }

    fn malformed(text: &str) -> (&'static str, &'static str) {
        match decoder().decode(text.as_bytes()) {
            Err(Refusal::Malformed(fault)) => (fault.field, fault.expected),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn any_order_of_members_gives_the_same_message() {
        let usual = frame(
            "update",
            r#""bids":[{"price":64525.0,"qty":0.50000000}],"asks":[],"checksum":7,"timestamp":"1970-01-01T00:00:01Z""#,
        );
        let odd = r#" { "data" : [ { "checksum":7, "asks":[ ], "note":{"a":[1,{"b":null}]}, "bids":[ {"qty":5e-1,"more":[],"price":6.4525E4} ],
            "timestamp":"1970-01-01T00:00:01.000Z","symbol":"BTC\/USD" } ], "extra":"}", "type":"update", "ch\u0061nnel":"book" } "#;
        let mut decoder = decoder();
        let expected = Message { index: 0, snapshot: false, checksum: 7, venue_ns: 1_000_000_000 };
        for text in [usual.as_str(), odd] {
            assert_eq!(decoder.decode(text.as_bytes()), Ok(expected));
            assert_eq!(decoder.levels, [(Side::Bid, 645_250, 50_000_000)]);
        }
    }

    #[test]
    fn what_the_venue_prints_is_read_the_short_way_and_means_the_same() {
        for (kind, body) in [
            (
                "snapshot",
                r#""bids":[{"price":1.5,"qty":0.50000000},{"price":1.0,"qty":12.00000001}],"asks":[{"price":2.0,"qty":3.00000000}],"checksum":4294967295,"timestamp":"2026-07-19T17:54:39.753424Z""#,
            ),
            ("update", r#""bids":[],"asks":[{"price":64525.3,"qty":0.00000000}],"checksum":0,"timestamp":null"#),
            ("update", r#""bids":[],"asks":[],"checksum":7,"timestamp":"2026-07-19T17:54:39Z""#),
        ] {
            let text = frame(kind, body);
            let (mut short, mut long) = (decoder(), decoder());
            let message = short.usual(text.as_bytes());
            assert!(message.is_some(), "{text}");
            assert_eq!(message, long.walk(text.as_bytes()).ok());
            assert_eq!(short.levels, long.levels);
            assert_eq!(short.usual(format!("{text} ").as_bytes()), None);
        }
    }

    #[test]
    fn names_what_is_malformed() {
        let level = |text: &str| malformed(&frame("update", &format!(r#""bids":[{text}],"asks":[],"checksum":1"#)));
        assert_eq!(level(r#"{"price":-1,"qty":1}"#), ("price", "a number that is not negative"));
        assert_eq!(level(r#"{"price":0.0,"qty":1}"#), ("price", "a number above zero"));
        assert_eq!(level(r#"{"price":1.05,"qty":1}"#), ("price", "no more decimals than the instrument has"));
        assert_eq!(level(r#"{"price":NaN,"qty":1}"#), ("price", "a decimal number"));
        assert_eq!(level(r#"{"price":"1.0","qty":1}"#), ("price", "a decimal number"));
        assert_eq!(level(r#"{"price":1,"qty":1e30}"#), ("qty", "a number below 2^63 units"));
        assert_eq!(level(r#"{"price":1}"#), ("qty", "a member"));
        assert_eq!(level(r#"{"price":1,"price":1,"qty":1}"#), ("bids", "no name twice"));
        assert_eq!(malformed(&frame("update", r#""bids":[],"asks":[]"#)), ("checksum", "a member"));
        assert_eq!(
            malformed(&frame("update", r#""bids":[],"asks":[],"checksum":-1"#)),
            ("checksum", "a whole number from 0 to 4294967295")
        );
        assert_eq!(malformed(&frame("update", r#""checksum":1"#)), ("bids", "a member"));
        assert_eq!(malformed(&frame("partial", r#""bids":[],"checksum":1"#)), ("type", "\"snapshot\" or \"update\""));
        assert_eq!(malformed(&frame("update", r#""bids":[],"bids":[],"checksum":1"#)), ("data", "no name twice"));
        assert_eq!(
            malformed(&frame("update", r#""bids":[],"checksum":1,"timestamp":"noon""#)),
            ("timestamp", "an RFC 3339 time")
        );
        assert_eq!(malformed(r#"{"channel":"book","type":"update","data":[]}"#), ("data", "an object"));
        assert_eq!(malformed(r#"{"channel":"book","type":"update"}"#), ("data", "a member"));
        assert_eq!(malformed("CloudFlare WebSocket proxy restarting"), ("", "an object"));
    }

    #[test]
    fn other_channels_and_symbols_are_told_apart() {
        let mut decoder = decoder();
        for text in [
            r#"{"channel":"heartbeat"}"#,
            r#"{"data":[{"x":1}],"type":"odd","channel":"trade"}"#,
            r#"{"method":"pong","req_id":1}"#,
            "{}",
        ] {
            assert_eq!(decoder.decode(text.as_bytes()), Err(Refusal::OtherChannel), "{text}");
        }
        let text = frame("update", r#""bids":[],"asks":[],"checksum":1"#);
        assert_eq!(decoder.remove(SYMBOL), Some(0));
        assert_eq!(decoder.decode(text.as_bytes()), Err(Refusal::UnknownSymbol));
        assert_eq!(decoder.named_in(text.as_bytes()), []);
        assert_eq!(decoder.add(b"ETH/USD", 2, 8), 1);
        assert_eq!(decoder.add(SYMBOL, 2, 8), 0);
        assert_eq!(decoder.named_in(text.as_bytes()), [0]);
    }

    #[test]
    fn every_cut_of_a_frame_is_malformed() {
        let text = frame(
            "update",
            r#""bids":[{"price":64525.0,"qty":0.50000000}],"asks":[],"checksum":7,"timestamp":"1970-01-01T00:00:01Z""#,
        );
        for end in 0..text.len() {
            assert!(matches!(decoder().decode(&text.as_bytes()[..end]), Err(Refusal::Malformed(_))), "cut at {end}");
        }
    }

    #[test]
    fn an_invalid_book_waits_for_its_snapshot() {
        let mut decoder = decoder();
        let mut book = Book::new(10);
        let empty_update = frame("update", r#""bids":[],"asks":[],"checksum":0"#);
        let message = decoder.decode(empty_update.as_bytes()).unwrap();
        assert_eq!(decoder.apply(message, &mut book), IGNORED_INVALID);
        let snapshot = decoder.decode(frame("snapshot", r#""bids":[],"asks":[],"checksum":0"#).as_bytes()).unwrap();
        assert_eq!(decoder.apply(snapshot, &mut book), SNAPSHOT | VALID);
        assert_eq!(decoder.apply(message, &mut book), VALID);
        let wrong = decoder
            .decode(
                frame("update", r#""bids":[{"price":1,"qty":1}],"asks":[{"price":1,"qty":1}],"checksum":0"#).as_bytes(),
            )
            .unwrap();
        assert_eq!(decoder.apply(wrong, &mut book), CHECKSUM_MISMATCH | TOP_CHANGED | CROSSED);
        assert_eq!(decoder.apply(message, &mut book), IGNORED_INVALID);
    }
}
