//! CRC-32 (zlib polynomial), the checksum Kraken prints beside each book message.

/// CRC-32 of `data`, as `zlib.crc32` computes it.
#[must_use]
pub fn crc32(data: &[u8]) -> u32 {
    crc32fast::hash(data)
}

#[cfg(test)]
mod tests {
    #[test]
    fn agrees_with_the_published_check_value() {
        assert_eq!(super::crc32(b"123456789"), 0xcbf4_3926);
    }
}
