//! MEXC Spot's `aggre.depth` frames and REST snapshots: from the bytes straight to a book, by the rule of versions.
//!
//! A push carries absolute sizes and the range of versions that it covers; the first one after a snapshot must reach over
//! or touch the snapshot's version, each later one must begin where the one before it ended. There is no checksum: a gap is
//! the only sign of a loss, and ends the trust in the book at once. Pushes that come before their snapshot wait for it. A
//! snapshot that is older than the first of them proves nothing and changes nothing. (MEXC Spot reference: order book.)
//!
//! Everything is decoded before a level of the book changes, so a malformed frame is never half applied.

use crate::book::{Book, Side};
use crate::decimal;
use crate::depth_feed::{Feed, Levels, Span};
use crate::json::{Fault, Names, Scanner};
use crate::kraken_book::{CROSSED, IGNORED_INVALID, SNAPSHOT, TOP_CHANGED, VALID};
use crate::mexc_push::{self, AGGRE_DEPTHS};
use crate::protobuf::{Reader, Wire};

/// How a snapshot's payload begins; the venue's name of the symbol and a line feed follow, then the body of the REST reply.
pub const SNAPSHOT_PREFIX: &[u8] = b"snapshot ";

/// A symbol's feed, and how its numbers become units.
#[derive(Debug, Default)]
struct Symbol {
    price_precision: u32,
    size_precision: u32,
    active: bool,
    index: usize,
    feed: Feed,
}

/// A decoded frame; its levels are in the decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    at: usize,
    pub index: usize,
    pub snapshot: bool,
    pub span: Span,
    pub venue_ms: i64,
}

/// Why a frame gave no message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Neither a snapshot nor a frame of `aggre.depth`.
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
    /// Sorted by the venue's symbol. A symbol keeps its index for good.
    symbols: Vec<(Vec<u8>, Symbol)>,
    /// Where the last symbol was found: frames of one symbol come in runs.
    last: usize,
    count: usize,
    levels: Levels,
}

impl Decoder {
    /// Takes frames of `symbol` ("BTC/USDT" or "BTCUSDT") from now on. Returns the index of the symbol.
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
        *known = Symbol { index: known.index, ..Symbol::default() };
        Some(known.index)
    }

    /// The version of a symbol's book; 0 while it has none.
    #[must_use]
    pub fn version(&self, symbol: &[u8]) -> u64 {
        let name = venue_name(symbol);
        let at = self.symbols.binary_search_by(|(known, _)| known.cmp(&name));
        at.map_or(0, |at| self.symbols[at].1.feed.version())
    }

    /// Decodes one frame or snapshot; its levels stay until the next.
    ///
    /// # Errors
    /// A [`Refusal`]: nothing is to be applied.
    pub fn decode(&mut self, frame: &[u8]) -> Result<Message, Refusal> {
        self.levels.clear();
        if frame.starts_with(SNAPSHOT_PREFIX) {
            return self.snapshot(frame);
        }
        let push = mexc_push::envelope(frame)?;
        if push.body != AGGRE_DEPTHS {
            return Err(Refusal::OtherChannel);
        }
        // The name of the symbol ends the channel; the field of its own is optional.
        let symbol = if push.symbol.is_empty() { tail(push.channel) } else { push.symbol };
        let at = self.find(symbol.as_bytes()).ok_or(Refusal::UnknownSymbol)?;
        self.last = at;
        let known = &self.symbols[at].1;
        let (prices, sizes) = (known.price_precision, known.size_precision);
        let index = known.index;
        let mut reader = Reader::new(push.bytes, push.base);
        let (mut from, mut to) = (None, None);
        while let Some((number, wire)) = reader.key()? {
            match (number, wire) {
                (1, Wire::Bytes) => {
                    let level = level(&mut reader, prices, sizes).map_err(|fault| fault.within("asks"))?;
                    self.levels.push((Side::Ask, level.0, level.1));
                }
                (2, Wire::Bytes) => {
                    let level = level(&mut reader, prices, sizes).map_err(|fault| fault.within("bids"))?;
                    self.levels.push((Side::Bid, level.0, level.1));
                }
                (4, Wire::Bytes) => from = Some(version(&mut reader).map_err(|fault| fault.within("fromVersion"))?),
                (5, Wire::Bytes) => to = Some(version(&mut reader).map_err(|fault| fault.within("toVersion"))?),
                _ => reader.skip(number, wire)?,
            }
        }
        let from = from.ok_or_else(|| reader.fault("a version").within("fromVersion"))?;
        let to = to.ok_or_else(|| reader.fault("a version").within("toVersion"))?;
        if from > to {
            return Err(reader.fault("no version before fromVersion").within("toVersion").into());
        }
        Ok(Message { at, index, snapshot: false, span: Span { from, to }, venue_ms: push.send_ms })
    }

    /// Applies what was decoded last to its book.
    pub fn apply(&mut self, message: Message, book: &mut Book) -> u32 {
        let Some((_, Symbol { feed, .. })) = self.symbols.get_mut(message.at) else {
            return IGNORED_INVALID;
        };
        feed.look(book);
        let before = book.top();
        let mut flags = if message.snapshot {
            SNAPSHOT | feed.snapshot(message.span.to, &self.levels, book)
        } else {
            feed.push(message.span, &self.levels, book)
        };
        if flags & VALID != 0 && book.top() != before {
            flags |= TOP_CHANGED;
        }
        if flags & VALID != 0 && book.is_crossed() {
            flags |= CROSSED;
        }
        flags
    }

    /// The known symbols that a malformed frame names: their books missed something, and wait for a snapshot.
    pub fn lose_named_in(&mut self, frame: &[u8]) -> Vec<usize> {
        let mut lost = Vec::new();
        for (name, known) in &mut self.symbols {
            let named = known.active
                && memchr::memmem::find_iter(frame, name).any(|at| {
                    let before = at.checked_sub(1).and_then(|at| frame.get(at));
                    let after = frame.get(at + name.len());
                    matches!(before, Some(b'@' | b' ')) && !after.is_some_and(u8::is_ascii_alphanumeric)
                });
            if named {
                known.feed.lose();
                lost.push(known.index);
            }
        }
        lost
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

    /// A snapshot like `snapshot BTCUSDT\n{"lastUpdateId":1,"bids":[["1.0","2.0"]],"asks":[...],"timestamp":...}`.
    fn snapshot(&mut self, frame: &[u8]) -> Result<Message, Refusal> {
        let mut scanner = Scanner::new(frame);
        scanner.at = SNAPSHOT_PREFIX.len();
        let line = memchr::memchr(b'\n', frame).ok_or_else(|| scanner.fault("a line feed").within("symbol"))?;
        let at = self.find(&frame[scanner.at..line]).ok_or(Refusal::UnknownSymbol)?;
        let known = &self.symbols[at].1;
        let (prices, sizes, index) = (known.price_precision, known.size_precision, known.index);
        scanner.at = line + 1;
        scanner.expect(b'{', "an object")?;
        let (mut to, mut bids, mut asks, mut venue_ms) = (None, false, false, 0);
        let mut names = Names::default();
        while let Some(key) = scanner.next_member(&mut names)? {
            match &*key {
                b"lastUpdateId" => to = Some(whole(&mut scanner).map_err(|fault| fault.within("lastUpdateId"))?),
                b"timestamp" => venue_ms = whole(&mut scanner).ok().and_then(|ms| i64::try_from(ms).ok()).unwrap_or(0),
                b"bids" => {
                    bids = true;
                    self.list(Side::Bid, &mut scanner, prices, sizes).map_err(|fault| fault.within("bids"))?;
                }
                b"asks" => {
                    asks = true;
                    self.list(Side::Ask, &mut scanner, prices, sizes).map_err(|fault| fault.within("asks"))?;
                }
                _ => scanner.skip_value()?,
            }
        }
        if !scanner.is_done() {
            return Err(scanner.fault("nothing after the object").into());
        }
        let end = |field| scanner.fault("a member").within(field);
        if !bids || !asks {
            return Err(end(if bids { "asks" } else { "bids" }).into());
        }
        let to = to.ok_or_else(|| end("lastUpdateId"))?;
        Ok(Message { at, index, snapshot: true, span: Span { from: 0, to }, venue_ms })
    }

    fn list(&mut self, side: Side, scanner: &mut Scanner, prices: u32, sizes: u32) -> Result<(), Fault> {
        scanner.expect(b'[', "a list")?;
        let mut first = true;
        while scanner.next_element(&mut first)? {
            scanner.expect(b'[', "a level")?;
            let price = number(scanner, "price", prices)?;
            if price == 0 {
                return Err(scanner.fault("a number above zero").within("price"));
            }
            scanner.expect(b',', "','")?;
            let size = number(scanner, "quantity", sizes)?;
            scanner.expect(b']', "two numbers a level")?;
            self.levels.push((side, price, size));
        }
        Ok(())
    }
}

/// What a frame of `aggre.depth` covers, and of which symbol; `None` for anything else and for a damaged one.
#[must_use]
pub fn span(frame: &[u8]) -> Option<(&str, Span)> {
    let push = mexc_push::envelope(frame).ok()?;
    if push.body != AGGRE_DEPTHS {
        return None;
    }
    let mut reader = Reader::new(push.bytes, push.base);
    let (mut from, mut to) = (0, 0);
    while let Some((number, wire)) = reader.key().ok()? {
        match (number, wire) {
            (4, Wire::Bytes) => from = version(&mut reader).ok()?,
            (5, Wire::Bytes) => to = version(&mut reader).ok()?,
            _ => reader.skip(number, wire).ok()?,
        }
    }
    let symbol = if push.symbol.is_empty() { tail(push.channel) } else { push.symbol };
    (from > 0 && to >= from).then_some((symbol, Span { from, to }))
}

fn venue_name(symbol: &[u8]) -> Vec<u8> {
    symbol.iter().copied().filter(|byte| *byte != b'/').collect()
}

fn tail(channel: &str) -> &str {
    channel.rsplit('@').next().unwrap_or("")
}

/// One level; a price of zero is none.
#[inline]
fn level(reader: &mut Reader, prices: u32, sizes: u32) -> Result<(i64, i64), Fault> {
    let (bytes, base) = reader.bytes()?;
    let mut item = Reader::new(bytes, base);
    let (mut price, mut size) = (None, None);
    while let Some((number, wire)) = item.key()? {
        match (number, wire) {
            (1, Wire::Bytes) => price = Some(units(&mut item, prices).map_err(|fault| fault.within("price"))?),
            (2, Wire::Bytes) => size = Some(units(&mut item, sizes).map_err(|fault| fault.within("quantity"))?),
            _ => item.skip(number, wire)?,
        }
    }
    match (price, size) {
        (Some(0), _) => Err(item.fault("a number above zero").within("price")),
        (Some(price), Some(size)) => Ok((price, size)),
        (None, _) => Err(item.fault("a number").within("price")),
        (_, None) => Err(item.fault("a number").within("quantity")),
    }
}

#[inline]
fn units(reader: &mut Reader, precision: u32) -> Result<i64, Fault> {
    let before = *reader;
    let (text, _) = reader.bytes()?;
    decimal::parse(text, precision).map_err(|expected| before.fault(expected))
}

#[inline]
fn version(reader: &mut Reader) -> Result<u64, Fault> {
    let before = *reader;
    let (text, _) = reader.bytes()?;
    digits(text).ok_or_else(|| before.fault("a version above zero and below 2^63"))
}

/// A whole number above zero, as text or bare.
fn whole(scanner: &mut Scanner) -> Result<u64, Fault> {
    let before = *scanner;
    let found = if scanner.bytes().get(scanner.at) == Some(&b'"') {
        digits(&scanner.string()?)
    } else {
        let from = scanner.at;
        scanner.skip_value()?;
        digits(&scanner.bytes()[from..scanner.at])
    };
    found.ok_or_else(|| before.fault("a whole number above zero and below 2^63"))
}

#[inline]
fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 19 {
        return None;
    }
    let mut value = 0_u64;
    for byte in text {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value * 10 + u64::from(byte - b'0');
    }
    (value > 0 && value < 1 << 63).then_some(value)
}

fn number(scanner: &mut Scanner, field: &'static str, precision: u32) -> Result<i64, Fault> {
    let before = *scanner;
    let text = scanner.string().map_err(|fault| fault.within(field))?;
    decimal::parse(&text, precision).map_err(|expected| before.fault(expected).within(field))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::depth_feed::{BEHIND, GAP};
    use crate::mexc_push::tests::field;

    const CHANNEL: &[u8] = b"spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT";

    fn item(price: &str, size: &str) -> Vec<u8> {
        [field(1, price.as_bytes()), field(2, size.as_bytes())].concat()
    }

    fn push(from: u64, to: u64, asks: &[(&str, &str)], bids: &[(&str, &str)]) -> Vec<u8> {
        let mut body = Vec::new();
        asks.iter().for_each(|(price, size)| body.extend(field(1, &item(price, size))));
        bids.iter().for_each(|(price, size)| body.extend(field(2, &item(price, size))));
        body.extend(field(4, from.to_string().as_bytes()));
        body.extend(field(5, to.to_string().as_bytes()));
        [field(1, CHANNEL), field(3, b"BTCUSDT"), field(313, &body)].concat()
    }

    fn snapshot(version: u64) -> Vec<u8> {
        format!(
            "snapshot BTCUSDT\n{{\"lastUpdateId\":{version},\"bids\":[[\"99.50\",\"1.000\"],[\"99.4\",\"2\"]],\
             \"asks\":[[\"100.00\",\"3.0\"]],\"timestamp\":1791556800240}}"
        )
        .into_bytes()
    }

    struct Desk {
        decoder: Decoder,
        book: Book,
    }

    impl Desk {
        fn new() -> Self {
            let mut decoder = Decoder::default();
            assert_eq!(decoder.add(b"BTC/USDT", 2, 3), 0);
            Self { decoder, book: Book::new(10) }
        }

        fn take(&mut self, frame: &[u8]) -> Result<u32, Refusal> {
            let message = self.decoder.decode(frame)?;
            Ok(self.decoder.apply(message, &mut self.book))
        }

        fn version(&self) -> u64 {
            self.decoder.version(b"BTC/USDT")
        }
    }

    #[test]
    fn pushes_wait_for_their_snapshot_and_follow_it() {
        let mut desk = Desk::new();
        assert_eq!(desk.take(&push(5, 8, &[("100.01", "1")], &[])), Ok(IGNORED_INVALID));
        assert_eq!(desk.take(&push(9, 12, &[], &[("99.60", "4")])), Ok(IGNORED_INVALID));
        assert_eq!(desk.take(&snapshot(3)), Ok(SNAPSHOT | IGNORED_INVALID), "it lags");
        assert_eq!(desk.version(), 0);
        assert_eq!(desk.take(&snapshot(10)), Ok(SNAPSHOT | VALID | TOP_CHANGED));
        assert_eq!((desk.version(), desk.book.top().bid, desk.book.top().ask), (12, 9960, 10000));
        assert_eq!(desk.take(&push(13, 13, &[("100", "0"), ("98", "0")], &[])), Ok(VALID | TOP_CHANGED));
        assert_eq!(desk.book.top().ask, 0, "the one before 10 was dropped");
    }

    #[test]
    fn the_first_push_may_touch_or_reach_over_the_snapshot() {
        for (from, to, expected) in [(8, 10, VALID | BEHIND), (8, 12, VALID), (11, 12, VALID), (12, 13, GAP)] {
            let mut desk = Desk::new();
            assert_eq!(desk.take(&snapshot(10)), Ok(SNAPSHOT | VALID | TOP_CHANGED));
            assert_eq!(desk.take(&push(from, to, &[("101", "1")], &[])), Ok(expected), "{from}..{to}");
            assert_eq!(desk.book.is_valid(), expected != GAP);
        }
    }

    #[test]
    fn later_pushes_must_touch() {
        for from in [1, 13, 15] {
            let mut desk = Desk::new();
            desk.take(&snapshot(10)).unwrap();
            desk.take(&push(11, 13, &[], &[])).unwrap();
            let before = desk.book.state_hash();
            assert_eq!(desk.take(&push(from, from + 3, &[("101", "1")], &[])), Ok(GAP), "{from}");
            assert!(!desk.book.is_valid());
            assert_eq!(desk.book.state_hash(), before, "nothing of it was applied");
            assert_eq!(desk.take(&snapshot(from + 1)), Ok(SNAPSHOT | VALID));
            assert_eq!(desk.version(), from + 3);
        }
    }

    #[test]
    fn trust_lost_elsewhere_is_lost_here() {
        let mut desk = Desk::new();
        desk.take(&snapshot(10)).unwrap();
        desk.book.invalidate();
        assert_eq!(desk.take(&push(11, 12, &[], &[("99.7", "1")])), Ok(IGNORED_INVALID));
        assert_eq!(desk.take(&snapshot(11)), Ok(SNAPSHOT | VALID | TOP_CHANGED));
        assert_eq!(desk.book.top().bid, 9970);
        assert_eq!(desk.take(&snapshot(99)), Ok(SNAPSHOT | VALID | BEHIND), "nobody needs it");
        assert_eq!(desk.version(), 12);
    }

    #[test]
    fn a_gap_among_those_that_wait_makes_the_earlier_ones_useless() {
        let mut desk = Desk::new();
        desk.take(&push(5, 8, &[], &[])).unwrap();
        desk.take(&push(20, 22, &[], &[])).unwrap();
        assert_eq!(desk.take(&snapshot(10)), Ok(SNAPSHOT | IGNORED_INVALID));
        assert_eq!(desk.take(&snapshot(19)), Ok(SNAPSHOT | VALID | TOP_CHANGED));
    }

    #[test]
    fn what_is_not_on_the_grid_is_malformed_and_loses_the_book_it_names() {
        let mut desk = Desk::new();
        desk.take(&snapshot(10)).unwrap();
        for frame in [
            push(11, 12, &[("100.001", "1")], &[]),
            push(11, 12, &[("0", "1")], &[]),
            push(11, 12, &[("1", "")], &[]),
            push(12, 11, &[], &[]),
            b"snapshot BTCUSDT\n{\"lastUpdateId\":1,\"bids\":[]}".to_vec(),
            b"snapshot BTCUSDT\n{\"code\":429,\"msg\":\"Too Many Requests\"}".to_vec(),
        ] {
            assert!(matches!(desk.take(&frame), Err(Refusal::Malformed(_))));
            assert_eq!(desk.decoder.lose_named_in(&frame), [0]);
            assert_eq!(desk.version(), 0);
        }
        assert_eq!(desk.take(&field(1, b"x")), Err(Refusal::OtherChannel));
        assert_eq!(desk.take(b"snapshot ETHUSDT\n{}"), Err(Refusal::UnknownSymbol));
        assert!(desk.decoder.lose_named_in(b"@BTCUSDTX XBTCUSDT").is_empty());
    }

    #[test]
    fn no_cut_of_a_frame_does_more_than_fail() {
        let frame = push(11, 12, &[("100.01", "1")], &[("99", "2")]);
        for end in 0..frame.len() {
            let mut desk = Desk::new();
            let _ = desk.take(&frame[..end]);
            let _ = span(&frame[..end]);
        }
        assert_eq!(span(&frame), Some(("BTCUSDT", Span { from: 11, to: 12 })));
    }
}
