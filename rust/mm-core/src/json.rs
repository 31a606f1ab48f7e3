//! A walk over the bytes of one JSON text: no tree, no copy. Members may come in any order and unknown ones are skipped.

use std::borrow::Cow;

/// Objects and arrays within one another that are still skipped. Kraken nests four deep; a text beyond this is not from it.
const NESTING_MAX: u32 = 64;

/// Members of one object whose names are kept in place; the venues' have seven at most.
const NAMES_FEW: usize = 8;

/// Members of one object besides those: a text with more is from no venue, and each name is held against all before it.
const NAMES_MORE: usize = 64;

const TWICE: &str = "no name twice";

/// What is wrong with a text: which field, at which byte, and what was expected there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub field: &'static str,
    pub offset: usize,
    pub expected: &'static str,
}

impl Fault {
    /// The same fault, told of `field` unless an inner field is already named.
    #[must_use]
    pub fn within(self, field: &'static str) -> Self {
        if self.field.is_empty() { Self { field, ..self } } else { self }
    }
}

/// The names in one object so far. One that comes twice is refused: which of the two was meant nobody knows.
#[derive(Debug, Default)]
pub struct Names<'a> {
    count: usize,
    few: [&'a [u8]; NAMES_FEW],
    more: Vec<Vec<u8>>,
}

impl<'a> Names<'a> {
    #[inline]
    fn is_empty(&self) -> bool {
        self.count == 0 && self.more.is_empty()
    }

    /// Takes one more name, or says what was expected instead.
    #[inline]
    fn take(&mut self, name: &'a [u8]) -> Result<(), &'static str> {
        // The first bytes tell nearly all of one length apart, without a call.
        let is_known = |known: &&[u8]| known.len() == name.len() && known.first() == name.first() && *known == name;
        if self.count == NAMES_FEW || !self.more.is_empty() {
            return self.take_more(name);
        }
        if self.few[..self.count].iter().any(is_known) {
            return Err(TWICE);
        }
        self.few[self.count] = name;
        self.count += 1;
        Ok(())
    }

    /// The same where there is no place for it, or where an escape was in it.
    #[cold]
    fn take_more(&mut self, name: &[u8]) -> Result<(), &'static str> {
        if self.few[..self.count].contains(&name) || self.more.iter().any(|known| known == name) {
            return Err(TWICE);
        }
        if self.more.len() == NAMES_MORE {
            return Err("no more than 72 names");
        }
        self.more.push(name.to_vec());
        Ok(())
    }
}

/// A place in a JSON text. Copying it costs nothing, so a value can be read later than its place in the text.
#[derive(Clone, Copy)]
pub struct Scanner<'a> {
    bytes: &'a [u8],
    pub at: usize,
}

impl<'a> Scanner<'a> {
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    #[must_use]
    pub fn fault(&self, expected: &'static str) -> Fault {
        Fault { field: "", offset: self.at, expected }
    }

    /// Steps over exactly `literal`, if it comes next.
    #[inline]
    pub fn skip_literal(&mut self, literal: &[u8]) -> bool {
        let found = self.bytes[self.at..].starts_with(literal);
        if found {
            self.at += literal.len();
        }
        found
    }

    #[inline]
    fn blank(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    /// Steps over blanks and then `byte`, if that comes next.
    #[inline]
    pub fn eat(&mut self, byte: u8) -> bool {
        self.blank();
        let found = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    /// Steps over `byte`.
    ///
    /// # Errors
    /// Where something else comes next: `expected`.
    #[inline]
    pub fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), Fault> {
        if self.eat(byte) { Ok(()) } else { Err(self.fault(expected)) }
    }

    /// Whether nothing but blanks is left.
    pub fn is_done(&mut self) -> bool {
        self.blank();
        self.at == self.bytes.len()
    }

    /// The key of the next member, with the place moved to its value; `None` past the last one.
    ///
    /// # Errors
    /// Where the text is neither, and where the object has the name already or too many of them.
    #[inline]
    pub fn next_member(&mut self, names: &mut Names<'a>) -> Result<Option<Cow<'a, [u8]>>, Fault> {
        if self.eat(b'}') {
            return Ok(None);
        }
        if !names.is_empty() {
            self.expect(b',', "',' or '}'")?;
        }
        let key = self.string()?;
        let taken = match &key {
            Cow::Borrowed(name) => names.take(name),
            Cow::Owned(name) => names.take_more(name),
        };
        taken.map_err(|expected| self.fault(expected))?;
        self.expect(b':', "':'")?;
        self.blank();
        Ok(Some(key))
    }

    /// Whether an array has a next element, with the place moved to it.
    ///
    /// # Errors
    /// Where the text is neither an element nor the end.
    #[inline]
    pub fn next_element(&mut self, first: &mut bool) -> Result<bool, Fault> {
        if self.eat(b']') {
            return Ok(false);
        }
        if !std::mem::replace(first, false) {
            self.expect(b',', "',' or ']'")?;
        }
        self.blank();
        Ok(true)
    }

    /// A string, its escapes resolved.
    ///
    /// # Errors
    /// Where it is none, or has no end, or an escape that JSON does not know.
    #[inline]
    pub fn string(&mut self) -> Result<Cow<'a, [u8]>, Fault> {
        self.expect(b'"', "a string")?;
        let from = self.at;
        // Keys and names are a few bytes long: a plain loop is done before a vector search has begun.
        while let Some(byte) = self.bytes.get(self.at) {
            match byte {
                b'"' => {
                    self.at += 1;
                    return Ok(Cow::Borrowed(&self.bytes[from..self.at - 1]));
                }
                b'\\' => return self.escaped_string(from),
                _ => self.at += 1,
            }
        }
        Err(self.fault("the end of the string"))
    }

    #[cold]
    fn escaped_string(&mut self, from: usize) -> Result<Cow<'a, [u8]>, Fault> {
        let mut text = self.bytes[from..self.at].to_vec();
        while let Some(byte) = self.bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'"' => return Ok(Cow::Owned(text)),
                b'\\' => self.escape(&mut text)?,
                _ => text.push(*byte),
            }
        }
        Err(self.fault("the end of the string"))
    }

    fn escape(&mut self, text: &mut Vec<u8>) -> Result<(), Fault> {
        let plain = match self.bytes.get(self.at) {
            Some(b @ (b'"' | b'\\' | b'/')) => *b,
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => {
                self.at += 1;
                let mut unit = self.hexadecimal()?;
                if (0xd800..0xdc00).contains(&unit) && self.skip_literal(b"\\u") {
                    let low = self.hexadecimal()?;
                    unit = 0x10000 + ((unit - 0xd800) << 10) + low.wrapping_sub(0xdc00).min(0x3ff);
                }
                // A lone surrogate is no character; the replacement keeps it from matching any name.
                let character = char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER);
                text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            _ => return Err(self.fault("a known escape")),
        };
        self.at += 1;
        text.push(plain);
        Ok(())
    }

    fn hexadecimal(&mut self) -> Result<u32, Fault> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.bytes.get(self.at).and_then(|byte| char::from(*byte).to_digit(16));
            unit = unit * 16 + digit.ok_or_else(|| self.fault("four hexadecimal digits"))?;
            self.at += 1;
        }
        Ok(unit)
    }

    /// A whole number from 0 to 2^32 - 1, without an exponent.
    ///
    /// # Errors
    /// Where it is none.
    #[inline]
    pub fn unsigned(&mut self) -> Result<u32, Fault> {
        let from = self.at;
        let mut value = 0_u64;
        while let Some(digit @ b'0'..=b'9') = self.bytes.get(self.at) {
            value = (value * 10 + u64::from(digit - b'0')).min(1 << 40);
            self.at += 1;
        }
        let padded = self.at - from > 1 && self.bytes[from] == b'0';
        let goes_on = matches!(self.bytes.get(self.at), Some(b'.' | b'e' | b'E'));
        match u32::try_from(value) {
            Ok(value) if self.at > from && !padded && !goes_on => Ok(value),
            _ => Err(Fault { field: "", offset: from, expected: "a whole number from 0 to 4294967295" }),
        }
    }

    /// Steps over any value, however nested.
    ///
    /// # Errors
    /// Where it is no JSON value, or nested too deep.
    pub fn skip_value(&mut self) -> Result<(), Fault> {
        // One bit an open bracket: set for an object.
        let mut open = 0_u64;
        let mut depth = 0;
        loop {
            self.blank();
            match self.bytes.get(self.at) {
                Some(bracket @ (b'{' | b'[')) => {
                    if depth == NESTING_MAX {
                        return Err(self.fault("fewer nested values"));
                    }
                    self.at += 1;
                    let object = *bracket == b'{';
                    if !self.eat(if object { b'}' } else { b']' }) {
                        open = (open << 1) | u64::from(object);
                        depth += 1;
                        if object {
                            self.skip_key()?;
                        }
                        continue;
                    }
                }
                Some(b'"') => {
                    self.string()?;
                }
                _ => self.skip_scalar()?,
            }
            // A value has ended: close what ends with it, then go on with the next one.
            while depth > 0 {
                let object = open & 1 == 1;
                if self.eat(if object { b'}' } else { b']' }) {
                    open >>= 1;
                    depth -= 1;
                    continue;
                }
                self.expect(b',', "',' or the end of the value")?;
                if object {
                    self.skip_key()?;
                }
                break;
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }

    fn skip_key(&mut self) -> Result<(), Fault> {
        self.string()?;
        self.expect(b':', "':'")
    }

    fn skip_scalar(&mut self) -> Result<(), Fault> {
        for literal in [b"true".as_slice(), b"false", b"null"] {
            if self.skip_literal(literal) {
                return Ok(());
            }
        }
        let rest = &self.bytes[self.at..];
        let count =
            rest.iter().take_while(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')).count();
        let digits = rest[..count].iter().any(u8::is_ascii_digit);
        if !digits {
            return Err(self.fault("a value"));
        }
        self.at += count;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skips_any_value_and_nothing_more() {
        for text in [
            "1",
            "-1.5e+3",
            "\"a\\\"b\"",
            "true",
            "null",
            "[]",
            "{}",
            "[1,[2,{\"a\":[]}],\"]\"]",
            "{\"a\":{\"b\":[1 , 2]},\"c\":\"}\"}",
            " [ ] ",
        ] {
            let padded = format!("{text} ,");
            let mut scanner = Scanner::new(padded.as_bytes());
            assert_eq!(scanner.skip_value(), Ok(()), "{text}");
            assert!(scanner.eat(b',') && scanner.is_done(), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_value() {
        for text in [
            "",
            "]",
            "[1",
            "[1 2]",
            "{\"a\"}",
            "{\"a\":}",
            "{1:2}",
            "[1}",
            "tru",
            "\"",
            "\"\\x\"",
            "\"\\u12g4\"",
            "[1,]",
            "{\"a\":1,}",
        ] {
            assert!(Scanner::new(text.as_bytes()).skip_value().is_err(), "{text}");
        }
        assert!(Scanner::new("[".repeat(65).as_bytes()).skip_value().is_err());
    }

    #[test]
    fn a_name_comes_once_in_an_object() {
        let read = |text: &str| {
            let (mut scanner, mut names, mut count) = (Scanner::new(text.as_bytes()), Names::default(), 0);
            scanner.expect(b'{', "an object")?;
            while scanner.next_member(&mut names)?.is_some() {
                scanner.skip_value()?;
                count += 1;
            }
            Ok::<_, Fault>(count)
        };
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"b":2,"\u0061":3}"#,
            r#"{"\u0061":1,"a":2}"#,
            r#"{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"i":1}"#,
            r#"{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"a":1}"#,
            r#"{"":1,"":1}"#,
        ] {
            assert_eq!(read(text).map_err(|fault| fault.expected), Err("no name twice"), "{text}");
        }
        assert_eq!(read(r#"{"a":{"a":1},"b":[{"a":1},{"a":1}],"A":"a"}"#), Ok(3));
        let many =
            |count: usize| format!("{{{}}}", (0..count).map(|at| format!("\"k{at}\":1")).collect::<Vec<_>>().join(","));
        assert_eq!(read(&many(NAMES_FEW + NAMES_MORE)), Ok(NAMES_FEW + NAMES_MORE));
        let fault = read(&many(NAMES_FEW + NAMES_MORE + 1)).unwrap_err();
        assert_eq!(fault.expected, "no more than 72 names");
    }

    #[test]
    fn strings_lose_their_escapes() {
        let read = |text: &str| Scanner::new(text.as_bytes()).string().map(Cow::into_owned);
        assert_eq!(read("\"BTC\\/USD\""), Ok(b"BTC/USD".to_vec()));
        assert_eq!(read("\"\\u0042\\n\\ud83d\\ude00\""), Ok("B\n\u{1f600}".as_bytes().to_vec()));
        assert_eq!(read("\"\\ud800x\""), Ok("\u{fffd}x".as_bytes().to_vec()));
    }

    #[test]
    fn whole_numbers_have_32_bits() {
        let read = |text: &str| Scanner::new(text.as_bytes()).unsigned().ok();
        assert_eq!(read("4294967295,"), Some(u32::MAX));
        for text in ["4294967296", "-1", "01", "1.0", "1e3", "", "99999999999999999999999999"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
