//! MEXC Spot's push frames, `PushDataV3ApiWrapper`: what a frame is of, and the fields of every body by its schema.
//!
//! A body is read into values in the order of its schema, what is absent as proto3's default. Fields that the schema does
//! not name are skipped: the venue added some in June 2026, and will add more. (MEXC Spot reference: protobuf.)

use crate::json::Fault;
use crate::protobuf::{Reader, Wire};

/// The body of a frame of `aggre.depth`.
pub const AGGRE_DEPTHS: u32 = 313;

/// The envelope of a frame. `body`: its field number, bytes and place; number 0 where no known body is in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Push<'a> {
    pub channel: &'a str,
    pub symbol: &'a str,
    pub create_ms: i64,
    pub send_ms: i64,
    pub body: u32,
    pub bytes: &'a [u8],
    pub base: usize,
}

/// What a field of a body is.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Text,
    Int64,
    Int32,
    Bool,
    /// Repeated.
    Messages(&'static Schema),
}

/// Fields by number, in the order of the values.
pub type Schema = [(u32, Kind)];

/// A field's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    Text(&'a str),
    Int(i64),
    Bool(bool),
    Messages(Vec<Vec<Value<'a>>>),
}

use Kind::{Bool, Int32, Int64, Messages, Text};

const LEVEL: &Schema = &[(1, Text), (2, Text)];
const DEALS: &Schema = &[(1, Messages(&[(1, Text), (2, Text), (3, Int32), (4, Int64), (5, Text)])), (2, Text)];
const DEPTHS: &Schema = &[(1, Messages(LEVEL)), (2, Messages(LEVEL)), (3, Text), (4, Text)];
const LIMIT_DEPTHS: &Schema = &[(1, Messages(LEVEL)), (2, Messages(LEVEL)), (3, Text), (4, Text), (5, Int64)];
const AGGRE: &Schema = &[(1, Messages(LEVEL)), (2, Messages(LEVEL)), (3, Text), (4, Text), (5, Text), (6, Int64)];
const TICKER: &Schema = &[(1, Text), (2, Text), (3, Text), (4, Text)];
const AGGRE_TICKER: &Schema = &[(1, Text), (2, Text), (3, Text), (4, Text), (5, Text), (6, Int64)];
const TICKERS: &Schema = &[(1, Messages(TICKER)), (2, Text), (3, Int64)];
const DEPTHS_BATCH: &Schema = &[(1, Messages(DEPTHS)), (2, Text)];
const KLINE: &Schema =
    &[(1, Text), (2, Int64), (3, Text), (4, Text), (5, Text), (6, Text), (7, Text), (8, Text), (9, Int64)];
const MINI: &Schema = &[
    (1, Text),
    (2, Text),
    (3, Text),
    (4, Text),
    (5, Text),
    (6, Text),
    (7, Text),
    (8, Text),
    (9, Text),
    (10, Text),
    (11, Text),
    (12, Text),
];
const MINIS: &Schema = &[(1, Messages(MINI))];
const ACCOUNT: &Schema = &[(1, Text), (2, Text), (3, Text), (4, Text), (5, Text), (6, Text), (7, Text), (8, Int64)];
const OWN_DEALS: &Schema = &[
    (1, Text),
    (2, Text),
    (3, Text),
    (4, Int32),
    (5, Bool),
    (6, Bool),
    (7, Text),
    (8, Text),
    (9, Text),
    (10, Text),
    (11, Text),
    (12, Int64),
];
const ORDERS: &Schema = &[
    (1, Text),
    (2, Text),
    (3, Text),
    (4, Text),
    (5, Text),
    (6, Text),
    (7, Int32),
    (8, Int32),
    (9, Bool),
    (10, Text),
    (11, Text),
    (12, Text),
    (13, Text),
    (14, Text),
    (15, Int32),
    (16, Int64),
    (17, Text),
    (18, Int32),
    (19, Text),
    (20, Int32),
    (21, Text),
    (22, Text),
    (23, Text),
    (24, Text),
    (25, Text),
    (26, Text),
];

/// The schema of a body; `None` for one that is not known.
#[must_use]
pub fn schema(body: u32) -> Option<&'static Schema> {
    Some(match body {
        301 => DEALS,
        302 => DEPTHS,
        303 => LIMIT_DEPTHS,
        304 => ORDERS,
        305 => TICKER,
        306 => OWN_DEALS,
        307 => ACCOUNT,
        308 => KLINE,
        309 => MINI,
        310 => MINIS,
        311 => TICKERS,
        312 => DEPTHS_BATCH,
        AGGRE_DEPTHS => AGGRE,
        314 => DEALS,
        315 => AGGRE_TICKER,
        _ => return None,
    })
}

/// Reads a frame's envelope.
///
/// # Errors
/// Damaged, or with more than one body.
#[inline]
pub fn envelope(frame: &[u8]) -> Result<Push<'_>, Fault> {
    let mut reader = Reader::new(frame, 0);
    let mut push = Push::default();
    while let Some((number, wire)) = reader.key()? {
        match (number, wire) {
            (1, Wire::Bytes) => push.channel = text(&mut reader).map_err(|fault| fault.within("channel"))?,
            (3, Wire::Bytes) => push.symbol = text(&mut reader).map_err(|fault| fault.within("symbol"))?,
            (4, Wire::Bytes) => drop(text(&mut reader).map_err(|fault| fault.within("symbolId"))?),
            (5, Wire::Varint) => push.create_ms = reader.varint()? as i64,
            (6, Wire::Varint) => push.send_ms = reader.varint()? as i64,
            (301..=315, Wire::Bytes) => {
                if push.body != 0 {
                    return Err(reader.fault("one body only").within("body"));
                }
                push.body = number;
                (push.bytes, push.base) = reader.bytes().map_err(|fault| fault.within("body"))?;
            }
            _ => reader.skip(number, wire)?,
        }
    }
    Ok(push)
}

/// Reads a body whole.
///
/// # Errors
/// Damaged.
pub fn values<'a>(bytes: &'a [u8], base: usize, schema: &'static Schema) -> Result<Vec<Value<'a>>, Fault> {
    let mut values: Vec<Value> = schema
        .iter()
        .map(|(_, kind)| match kind {
            Text => Value::Text(""),
            Int64 | Int32 => Value::Int(0),
            Bool => Value::Bool(false),
            Messages(_) => Value::Messages(Vec::new()),
        })
        .collect();
    let mut reader = Reader::new(bytes, base);
    while let Some((number, wire)) = reader.key()? {
        let at = schema.iter().position(|(known, _)| *known == number);
        let Some((at, (_, kind))) = at.and_then(|at| schema.get(at).map(|field| (at, field))) else {
            reader.skip(number, wire)?;
            continue;
        };
        match (kind, wire) {
            (Text, Wire::Bytes) => values[at] = Value::Text(text(&mut reader)?),
            (Int64, Wire::Varint) => values[at] = Value::Int(reader.varint()? as i64),
            (Int32, Wire::Varint) => values[at] = Value::Int(i64::from(reader.varint()? as i32)),
            (Bool, Wire::Varint) => values[at] = Value::Bool(reader.varint()? != 0),
            (Messages(inner), Wire::Bytes) => {
                let (bytes, base) = reader.bytes()?;
                let message = self::values(bytes, base, inner)?;
                if let Value::Messages(list) = &mut values[at] {
                    list.push(message);
                }
            }
            // A known number with another wire type is an unknown field.
            _ => reader.skip(number, wire)?,
        }
    }
    Ok(values)
}

#[inline]
fn text<'a>(reader: &mut Reader<'a>) -> Result<&'a str, Fault> {
    let before = *reader;
    let (bytes, _) = reader.bytes()?;
    std::str::from_utf8(bytes).map_err(|_| before.fault("UTF-8 text"))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The key and bytes of a length-delimited field.
    pub fn field(number: u32, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        varint(u64::from(number) << 3 | 2, &mut out);
        varint(bytes.len() as u64, &mut out);
        out.extend_from_slice(bytes);
        out
    }

    pub fn varint(mut value: u64, out: &mut Vec<u8>) {
        while value >= 0x80 {
            out.push(value as u8 | 0x80);
            value >>= 7;
        }
        out.push(value as u8);
    }

    #[test]
    fn a_body_is_read_in_the_order_of_its_schema_with_defaults() {
        let level = [field(1, b"93220.00"), field(2, b"0.5")].concat();
        let body = [field(2, &level), field(99, b"new"), field(5, b"12")].concat();
        let frame = [field(AGGRE_DEPTHS, &body), field(3, b"BTCUSDT"), field(1, b"spot@x")].concat();
        let push = envelope(&frame).unwrap();
        assert_eq!((push.channel, push.symbol, push.body), ("spot@x", "BTCUSDT", AGGRE_DEPTHS));
        let read = values(push.bytes, push.base, schema(push.body).unwrap()).unwrap();
        let levels = Value::Messages(vec![vec![Value::Text("93220.00"), Value::Text("0.5")]]);
        let expected =
            [Value::Messages(vec![]), levels, Value::Text(""), Value::Text(""), Value::Text("12"), Value::Int(0)];
        assert_eq!(read, expected);
    }

    #[test]
    fn damage_is_a_fault_that_names_its_place() {
        let frame = [field(1, b"spot@x"), field(314, &field(1, &[0x0a, 0x09, b'9']))].concat();
        let push = envelope(&frame).unwrap();
        let fault = values(push.bytes, push.base, schema(314).unwrap()).unwrap_err();
        assert_eq!(fault.offset, frame.len() - 1);
        assert!(envelope(&frame[..frame.len() - 1]).is_err());
        assert!(envelope(&field(1, b"\xff")).is_err());
        assert!(envelope(&[field(314, b""), field(313, b"")].concat()).is_err());
    }

    #[test]
    fn known_numbers_with_other_wire_types_are_skipped() {
        let mut frame = Vec::new();
        varint(313 << 3, &mut frame);
        varint(7, &mut frame);
        assert_eq!(envelope(&frame).unwrap().body, 0);
        let body = [0x08, 0x05];
        assert_eq!(values(&body, 0, schema(304).unwrap()).unwrap()[0], Value::Text(""));
    }
}
