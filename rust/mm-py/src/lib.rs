//! PyO3 only: convert, call, map the error. The one compiled module is `mm._core._rust`.

mod book;
mod errors;
mod histogram;
mod journal;
mod kraken_book;
mod kraken_limits;
mod kraken_signer;
mod limiter;
mod mexc;
mod mexc_futures;
mod mexc_signer;
mod record_buffer;

use pyo3::prelude::*;

#[pymodule]
mod _rust {
    use super::*;

    #[pymodule_export]
    use super::book::Book;
    #[pymodule_export]
    use super::histogram::Histogram;
    #[pymodule_export]
    use super::journal::{
        Journal, JournalDamaged, JournalError, JournalFailed, JournalLocked, JournalReader, SnapshotSaving,
        journal_epoch, journal_repair,
    };
    #[pymodule_export]
    use super::kraken_book::KrakenBookDecoder;
    #[pymodule_export]
    use super::kraken_limits::{KrakenRestCounter, KrakenTradingCounter};
    #[pymodule_export]
    use super::kraken_signer::KrakenSigner;
    #[pymodule_export]
    use super::limiter::TokenBucket;
    #[pymodule_export]
    use super::mexc::MexcBookDecoder;
    #[pymodule_export]
    use super::mexc_futures::MexcFuturesBookDecoder;
    #[pymodule_export]
    use super::mexc_signer::MexcSigner;
    #[pymodule_export]
    use super::record_buffer::RecordBuffer;

    #[pymodule_export]
    const BOOK_SNAPSHOT: i64 = mm_core::kraken_book::SNAPSHOT as i64;
    #[pymodule_export]
    const BOOK_TOP_CHANGED: i64 = mm_core::kraken_book::TOP_CHANGED as i64;
    #[pymodule_export]
    const BOOK_VALID: i64 = mm_core::kraken_book::VALID as i64;
    #[pymodule_export]
    const BOOK_CHECKSUM_MISMATCH: i64 = mm_core::kraken_book::CHECKSUM_MISMATCH as i64;
    #[pymodule_export]
    const BOOK_IGNORED_INVALID: i64 = mm_core::kraken_book::IGNORED_INVALID as i64;
    #[pymodule_export]
    const BOOK_CROSSED: i64 = mm_core::kraken_book::CROSSED as i64;
    #[pymodule_export]
    const BOOK_BEHIND: i64 = mm_core::depth_feed::BEHIND as i64;
    #[pymodule_export]
    const BOOK_GAP: i64 = mm_core::depth_feed::GAP as i64;
    #[pymodule_export]
    const BOOK_OTHER_CHANNEL: i64 = super::kraken_book::OTHER_CHANNEL;
    #[pymodule_export]
    const BOOK_MALFORMED: i64 = super::kraken_book::MALFORMED;
    #[pymodule_export]
    const BOOK_UNKNOWN_SYMBOL: i64 = super::kraken_book::UNKNOWN_SYMBOL;

    #[pyfunction]
    fn crc32(data: &[u8]) -> u32 {
        mm_core::crc::crc32(data)
    }

    #[pyfunction]
    fn mexc_push<'py>(py: Python<'py>, frame: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        super::mexc::push(py, frame)
    }

    #[pyfunction]
    fn mexc_depth_span(frame: &[u8]) -> Option<(&str, u64, u64)> {
        super::mexc::depth_span(frame)
    }

    #[pyfunction]
    fn mexc_futures_depth_span(frame: &[u8]) -> Option<(&str, u64, u64)> {
        super::mexc_futures::depth_span(frame)
    }
}
