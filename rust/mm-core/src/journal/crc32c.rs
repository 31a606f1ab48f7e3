//! CRC-32C (Castagnoli), the check of journal records: eight tables, eight bytes a step, no instruction of one processor.

const POLYNOMIAL: u32 = 0x82F6_3B78;

const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut value = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { value >> 1 ^ POLYNOMIAL } else { value >> 1 };
            bit += 1;
        }
        tables[0][byte] = value;
        byte += 1;
    }
    let mut table = 1;
    while table < 8 {
        let mut byte = 0;
        while byte < 256 {
            let before = tables[table - 1][byte];
            tables[table][byte] = before >> 8 ^ tables[0][(before & 0xFF) as usize];
            byte += 1;
        }
        table += 1;
    }
    tables
}

static TABLES: [[u32; 256]; 8] = tables();

/// Goes on from `before`, the value of the bytes so far; 0 at the start.
#[must_use]
pub fn resume(before: u32, data: &[u8]) -> u32 {
    let at = |table: usize, byte: u32| TABLES[table][(byte & 0xFF) as usize];
    let mut value = !before;
    let mut words = data.chunks_exact(8);
    for word in &mut words {
        let low = value ^ u32::from_le_bytes([word[0], word[1], word[2], word[3]]);
        let high = u32::from_le_bytes([word[4], word[5], word[6], word[7]]);
        value = at(7, low)
            ^ at(6, low >> 8)
            ^ at(5, low >> 16)
            ^ at(4, low >> 24)
            ^ at(3, high)
            ^ at(2, high >> 8)
            ^ at(1, high >> 16)
            ^ at(0, high >> 24);
    }
    for &byte in words.remainder() {
        value = value >> 8 ^ at(0, value ^ u32::from(byte));
    }
    !value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_published_values() {
        // RFC 3720, B.4, and the check value of the catalogue of CRCs.
        assert_eq!(resume(0, b"123456789"), 0xE306_9283);
        assert_eq!(resume(0, &[0; 32]), 0x8A91_36AA);
        assert_eq!(resume(0, &[0xFF; 32]), 0x62A8_AB43);
        let ascending: Vec<u8> = (0..32).collect();
        assert_eq!(resume(0, &ascending), 0x46DD_794E);
    }

    #[test]
    fn parts_give_the_value_of_the_whole() {
        let data: Vec<u8> = (0..100).collect();
        for cut in 0..data.len() {
            assert_eq!(resume(resume(0, &data[..cut]), &data[cut..]), resume(0, &data));
        }
    }
}
