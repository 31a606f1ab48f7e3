//! A walk over the bytes of one protobuf message: no tree, no copy. Unknown fields are skipped, groups included.

use crate::json::Fault;

/// Groups within one another that are still skipped; nobody has written groups since proto2.
const NESTING_MAX: u32 = 64;
const FIELD_MAX: u64 = (1 << 29) - 1;

/// How a field's value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    Varint,
    Fixed64,
    Bytes,
    GroupStart,
    GroupEnd,
    Fixed32,
}

/// A place in a message. `base` is where the message begins in the frame, so that faults name the frame's byte.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    base: usize,
}

impl<'a> Reader<'a> {
    #[must_use]
    pub fn new(bytes: &'a [u8], base: usize) -> Self {
        Self { bytes, at: 0, base }
    }

    /// The place, counted from the begin of the frame.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.base + self.at
    }

    #[cold]
    #[must_use]
    pub fn fault(&self, expected: &'static str) -> Fault {
        Fault { field: "", offset: self.offset(), expected }
    }

    /// The number and wire type of the next field; `None` at the end of the message.
    ///
    /// # Errors
    /// Where the bytes are no key of a field.
    #[inline]
    pub fn key(&mut self) -> Result<Option<(u32, Wire)>, Fault> {
        if self.at == self.bytes.len() {
            return Ok(None);
        }
        let from = *self;
        let key = self.varint()?;
        let wire = match key & 7 {
            0 => Wire::Varint,
            1 => Wire::Fixed64,
            2 => Wire::Bytes,
            3 => Wire::GroupStart,
            4 => Wire::GroupEnd,
            5 => Wire::Fixed32,
            _ => return Err(from.fault("a wire type from 0 to 5")),
        };
        let number = key >> 3;
        if number == 0 || number > FIELD_MAX {
            return Err(from.fault("a field number from 1 to 536870911"));
        }
        Ok(Some((number as u32, wire)))
    }

    /// A varint of at most ten bytes; bits beyond 64 are dropped, as every implementation does.
    ///
    /// # Errors
    /// Where it has no end.
    #[inline]
    pub fn varint(&mut self) -> Result<u64, Fault> {
        if let Some(byte) = self.bytes.get(self.at) {
            if *byte < 0x80 {
                self.at += 1;
                return Ok(u64::from(*byte));
            }
        }
        let mut value = 0_u64;
        for (index, byte) in self.bytes.get(self.at..).unwrap_or(&[]).iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * index as u32);
            if *byte < 0x80 {
                self.at += index + 1;
                return Ok(value);
            }
        }
        Err(self.fault("a varint of at most ten bytes"))
    }

    /// The bytes of a length-delimited field, and where they begin in the frame.
    ///
    /// # Errors
    /// Where the message ends before they do.
    #[inline]
    pub fn bytes(&mut self) -> Result<(&'a [u8], usize), Fault> {
        let length = self.varint()?;
        let from = self.offset();
        let end = usize::try_from(length).ok().and_then(|length| self.at.checked_add(length));
        match end.and_then(|end| self.bytes.get(self.at..end)) {
            Some(bytes) => {
                self.at += bytes.len();
                Ok((bytes, from))
            }
            None => Err(self.fault("as many bytes as the length says")),
        }
    }

    /// Steps over the value of a field that nobody asked for.
    ///
    /// # Errors
    /// Where it is damaged.
    pub fn skip(&mut self, number: u32, wire: Wire) -> Result<(), Fault> {
        match wire {
            Wire::Varint => self.varint().map(|_| ()),
            Wire::Fixed64 => self.advance(8),
            Wire::Fixed32 => self.advance(4),
            Wire::Bytes => self.bytes().map(|_| ()),
            Wire::GroupEnd => Err(self.fault("no end of a group that has not begun")),
            Wire::GroupStart => self.group(number),
        }
    }

    fn group(&mut self, number: u32) -> Result<(), Fault> {
        let mut open = vec![number];
        while let Some(innermost) = open.last().copied() {
            match self.key()? {
                None => return Err(self.fault("the end of the group")),
                Some((inner, Wire::GroupStart)) if open.len() < NESTING_MAX as usize => open.push(inner),
                Some((_, Wire::GroupStart)) => return Err(self.fault("fewer nested groups")),
                Some((inner, Wire::GroupEnd)) if inner == innermost => {
                    open.pop();
                }
                Some((inner, wire)) => self.skip(inner, wire)?,
            }
        }
        Ok(())
    }

    fn advance(&mut self, count: usize) -> Result<(), Fault> {
        if self.bytes.len() - self.at < count {
            return Err(self.fault("the whole number"));
        }
        self.at += count;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(bytes: &[u8]) -> Result<Vec<u32>, Fault> {
        let mut reader = Reader::new(bytes, 0);
        let mut found = Vec::new();
        while let Some((number, wire)) = reader.key()? {
            found.push(number);
            reader.skip(number, wire)?;
        }
        Ok(found)
    }

    #[test]
    fn skips_every_wire_type() {
        let bytes = [
            0x08, 0x96, 0x01, 0x11, 1, 2, 3, 4, 5, 6, 7, 8, 0x1a, 2, b'a', b'b', 0x23, 0x08, 0x01, 0x24, 0x2d, 1, 2, 3,
            4,
        ];
        assert_eq!(numbers(&bytes), Ok(vec![1, 2, 3, 4, 5]));
        for end in 1..bytes.len() {
            let _ = numbers(&bytes[..end]);
        }
    }

    #[test]
    fn refuses_what_is_no_message() {
        for bytes in [
            &[0x00][..],
            &[0x0f],
            &[0x0a, 0x05, b'a'],
            &[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
            &[0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
            &[0x0c],
            &[0x0b, 0x14],
            &[0x0b],
            &[0x0d, 1, 2],
        ] {
            assert!(numbers(bytes).is_err(), "{bytes:?}");
        }
        assert!(numbers(&[0x0b; 100]).is_err());
    }

    #[test]
    fn varints_hold_64_bits() {
        let mut reader = Reader::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], 0);
        assert_eq!(reader.varint(), Ok(u64::MAX));
    }
}
