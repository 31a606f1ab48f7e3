//! CRC-32 (zlib polynomial), the checksum Kraken prints beside each book message.

use crc32fast::Hasher;

/// CRC-32 of `data`, as `zlib.crc32` computes it.
#[must_use]
pub fn crc32(data: &[u8]) -> u32 {
    crc32fast::hash(data)
}

/// A checksum that is computed in parts.
#[derive(Clone, Default)]
pub struct Crc(Hasher);

impl Crc {
    /// Goes on from the value of the parts so far.
    #[must_use]
    pub fn resume(value: u32) -> Self {
        Self(Hasher::new_with_initial(value))
    }

    #[must_use]
    pub fn with(mut self, data: &[u8]) -> Self {
        self.0.update(data);
        self
    }

    #[must_use]
    pub fn value(self) -> u32 {
        self.0.finalize()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_published_check_value() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn parts_give_the_value_of_the_whole() {
        let first = Crc::default().with(b"1234").value();
        assert_eq!(Crc::resume(first).with(b"56789").value(), 0xcbf4_3926);
        assert_eq!(Crc::resume(Crc::default().value()).with(b"123456789").value(), 0xcbf4_3926);
    }
}
