"""The native core under one flat list of names; callers need not know which language answers."""

from ._rust import BOOK_CHECKSUM_MISMATCH as BOOK_CHECKSUM_MISMATCH
from ._rust import BOOK_CROSSED as BOOK_CROSSED
from ._rust import BOOK_GAP as BOOK_GAP
from ._rust import BOOK_IGNORED_INVALID as BOOK_IGNORED_INVALID
from ._rust import BOOK_MALFORMED as BOOK_MALFORMED
from ._rust import BOOK_OTHER_CHANNEL as BOOK_OTHER_CHANNEL
from ._rust import BOOK_SNAPSHOT as BOOK_SNAPSHOT
from ._rust import BOOK_TOP_CHANGED as BOOK_TOP_CHANGED
from ._rust import BOOK_UNKNOWN_SYMBOL as BOOK_UNKNOWN_SYMBOL
from ._rust import BOOK_VALID as BOOK_VALID
from ._rust import Book as Book
from ._rust import Histogram as Histogram
from ._rust import KrakenBookDecoder as KrakenBookDecoder
from ._rust import KrakenRestCounter as KrakenRestCounter
from ._rust import KrakenSigner as KrakenSigner
from ._rust import KrakenTradingCounter as KrakenTradingCounter
from ._rust import MexcBookDecoder as MexcBookDecoder
from ._rust import MexcFuturesBookDecoder as MexcFuturesBookDecoder
from ._rust import MexcSigner as MexcSigner
from ._rust import TokenBucket as TokenBucket
from ._rust import crc32 as crc32
from ._rust import mexc_depth_span as mexc_depth_span
from ._rust import mexc_futures_depth_span as mexc_futures_depth_span
from ._rust import mexc_push as mexc_push
