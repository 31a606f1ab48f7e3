"""The compiled Rust module. Written by hand; `python -m mypy.stubtest mm._core._rust` compares it with the module.

Integers are 64 bits unless said. Prices are units of 10^-price_precision, sizes units of 10^-size_precision,
times integer nanoseconds.
"""

from typing import Any, Final, final

__all__ = [
    "BOOK_BEHIND",
    "BOOK_CHECKSUM_MISMATCH",
    "BOOK_CROSSED",
    "BOOK_GAP",
    "BOOK_IGNORED_INVALID",
    "BOOK_MALFORMED",
    "BOOK_OTHER_CHANNEL",
    "BOOK_SNAPSHOT",
    "BOOK_TOP_CHANGED",
    "BOOK_UNKNOWN_SYMBOL",
    "BOOK_VALID",
    "Book",
    "Histogram",
    "Journal",
    "JournalDamaged",
    "JournalError",
    "JournalFailed",
    "JournalLocked",
    "JournalReader",
    "KrakenBookDecoder",
    "KrakenRestCounter",
    "KrakenSigner",
    "KrakenTradingCounter",
    "MexcBookDecoder",
    "MexcFuturesBookDecoder",
    "MexcSigner",
    "RecordBuffer",
    "SnapshotSaving",
    "TokenBucket",
    "crc32",
    "journal_epoch",
    "journal_repair",
    "mexc_depth_span",
    "mexc_futures_depth_span",
    "mexc_push",
]

BOOK_SNAPSHOT: Final[int]
"""Flag: the frame was a snapshot."""
BOOK_TOP_CHANGED: Final[int]
"""Flag: a best price, or the size there, is not what it was."""
BOOK_VALID: Final[int]
"""Flag: the checksum agrees, the book is the venue's."""
BOOK_CHECKSUM_MISMATCH: Final[int]
"""Flag: the checksum disagrees; the book is invalid until its next snapshot."""
BOOK_IGNORED_INVALID: Final[int]
"""Flag: an update for a book without a snapshot or without trust; not applied."""
BOOK_CROSSED: Final[int]
"""Flag: the best bid is at or above the best ask (the checksum may well agree)."""
BOOK_GAP: Final[int]
"""Flag: a frame is missing before this one (venues that number their frames); the book is invalid until a snapshot."""
BOOK_BEHIND: Final[int]
"""Flag: older than the book, which is what it was; proves nothing of it (venues that number their frames)."""
BOOK_OTHER_CHANNEL: Final[int]
"""Code: not a frame of the book channel."""
BOOK_MALFORMED: Final[int]
"""Code: malformed; nothing was applied, and every known book that the frame names is invalid."""
BOOK_UNKNOWN_SYMBOL: Final[int]
"""Code: a book of a symbol that was not added."""

def crc32(data: bytes) -> int:
    """CRC-32 of `data`, as `zlib.crc32` computes it."""

@final
class Book:
    """An L2 order book that keeps `depth` levels a side (0: all).

    The decimals of prices and sizes matter for `apply_text` and a decoder; everything else is in whole units.
    A new book is invalid until a snapshot. Raises ValueError that names the field for a price of zero or less, a
    negative size, or a side that is not +1 (bids) or -1 (asks).
    """

    def __new__(cls, depth: int = 0, price_precision: int = 0, size_precision: int = 0) -> Book: ...
    def apply_snapshot(self, bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> None:
        """Replace the book by these (price, size) levels, truncate it and mark it valid."""
    def apply(self, side: int, price: int, size: int) -> None:
        """Set the size at a price; zero removes the level, and removing an absent one changes nothing.

        Does not truncate: a message is applied whole first, then `truncate` is called once.
        """
    def apply_text(self, side: int, price: str, size: str) -> None:
        """Do as `apply` with decimal text, exponents accepted; text off the grid or beyond 63 bits is a ValueError."""
    def apply_many(self, levels: list[tuple[int, int, int]]) -> None:
        """Set (side, price, size) levels in order (the last of a price wins), then truncate; all of them or none."""
    def truncate(self) -> None:
        """Drop the levels beyond the depth."""
    def clear(self) -> None:
        """Remove every level and mark the book invalid."""
    def invalidate(self) -> None:
        """Mark the book as not to be trusted until the next snapshot; the levels stay readable."""
    def top(self) -> tuple[int, int, int, int]:
        """Return (bid, bid size, ask, ask size), zeros where a side is empty."""
    def depth_within(self, side: int, price: int) -> int:
        """Return the size on a side from its best price to `price`, that one included, 2^63 - 1 at most."""
    def vwap(self, side: int, size: int) -> tuple[int, int]:
        """Return (size filled, exact sum of price times size) of taking `size` out of a side of the book, best first.

        `side` is the side that is consumed: what a buyer pays is `vwap(SELL, size)`.
        """
    def levels(self, side: int, count: int = 0) -> list[tuple[int, int]]:
        """Return the best `count` (price, size) of a side, best first (0: all)."""
    def arrays(self, side: int, count: int = 0) -> bytes:
        """Return `levels` as native 64-bit integers for `np.frombuffer(..., np.int64).reshape(-1, 2)`."""
    def checksum(self) -> int:
        """Return Kraken's CRC-32 of the ten best asks and the ten best bids."""
    def state_hash(self) -> int:
        """Return a 64-bit hash of the levels alone: equal for equal levels, however they came about."""
    @property
    def depth(self) -> int: ...
    @property
    def price_precision(self) -> int: ...
    @property
    def size_precision(self) -> int: ...
    @property
    def best_bid(self) -> int: ...
    @property
    def best_bid_size(self) -> int: ...
    @property
    def best_ask(self) -> int: ...
    @property
    def best_ask_size(self) -> int: ...
    @property
    def bid_count(self) -> int: ...
    @property
    def ask_count(self) -> int: ...
    @property
    def is_valid(self) -> bool: ...
    @property
    def is_crossed(self) -> bool: ...
    @property
    def version(self) -> int:
        """Messages applied since the beginning; each `apply` counts as one."""

@final
class KrakenBookDecoder:
    """Turns Kraken's WebSocket v2 `book` frames into checked books. Venue data never raises: it gives a code."""

    def __new__(cls) -> KrakenBookDecoder: ...
    def add(self, symbol: str, book: Book) -> int:
        """Keep `book` by the frames of `symbol`; returns the symbol's index. A later call replaces the book.

        The index of a symbol never changes, not even when it is removed and added again.
        """
    def remove(self, symbol: str) -> bool:
        """Stop taking frames of `symbol`; says whether it was there."""
    def apply(self, frame: bytes) -> int:
        """Apply one frame: both sides, truncation, checksum.

        Returns `index << 8 | flags` with the flags `BOOK_*`, or a negative code: `BOOK_OTHER_CHANNEL`,
        `BOOK_MALFORMED`, `BOOK_UNKNOWN_SYMBOL`. A malformed frame that names no known symbol (`last_index` -1) may
        have been for any book.
        """
    @property
    def last_error(self) -> str:
        """What was wrong with the last malformed frame: field, what was expected, byte offset."""
    @property
    def last_index(self) -> int:
        """Index of the symbol of the last frame; -1 if it named no known one."""
    @property
    def last_venue_ns(self) -> int:
        """Venue time of the last applied frame; 0 if it had none."""
    @property
    def unknown_symbol_count(self) -> int: ...
    @property
    def malformed_count(self) -> int: ...
    @property
    def mismatch_count(self) -> int: ...

@final
class TokenBucket:
    """A weighted token bucket with two lanes; its last `reserve` tokens are for the priority lane alone.

    capacity: 1 to 10^9 tokens; refill_per_s_e3: 1 to 10^12 thousandths of a token a second; reserve: below
    the capacity. It begins full. Time that goes back is taken as no time. Raises ValueError that names the field.
    """

    def __new__(cls, capacity: int, refill_per_s_e3: int, reserve: int = 0) -> TokenBucket: ...
    def take(self, now_ns: int, weight: int = 1, priority: bool = False) -> bool:
        """Take `weight` tokens if they are there; changes nothing otherwise."""
    def headroom(self, now_ns: int, priority: bool = False) -> float:
        """Return the tokens that a lane could take, for display; changes nothing."""
    def next_permit_ns(self, now_ns: int, weight: int = 1, priority: bool = False) -> int:
        """Return when `take` will succeed, `now_ns` if it would now, 0 if it never will; changes nothing."""
    def state_hash(self) -> int:
        """Return a 64-bit hash of the tokens taken and when; the same after the same takes."""

@final
class RecordBuffer:
    """Records of the recording, framed one after the other until they are written (see `mm.persistence.recorder`)."""

    def __new__(cls) -> RecordBuffer: ...
    def append(self, payload: bytes) -> int:
        """Add a payload in its frame; returns how many bytes wait. Raises ValueError for one that is too long."""
    def pending(self) -> bytes:
        """Return what waits."""
    def clear(self) -> None:
        """Forget it: it is written, or never will be."""
    def __len__(self) -> int: ...

class JournalError(Exception):
    """The journal cannot be used as asked: the disk refuses, or another build wrote it."""

class JournalLocked(JournalError):
    """Another process writes it."""

class JournalDamaged(JournalError):
    """Something durable is not what was written, or is missing. Names segment, byte and record."""

class JournalFailed(JournalError):
    """A write or a sync failed, or it is closed: nothing more is taken, nothing more is called durable."""

@final
class Journal:
    """The durable journal of a folder, open for its one writer (`docs/journal.md`).

    folder: made where needed; epoch: above every one before, on the disk when this returns; form, build: of the
    payloads and of their maker; now_ns: UTC; policy: "os", "group" or "always"; gather_ns: how long records wait for
    others before the thread syncs them. A torn tail is cut, with a copy kept and a sentence in `notices`. Raises
    JournalError and ValueError.
    """

    notices: list[str]
    """What a start should tell; empty when the last writer closed it and all is as it was."""
    def __new__(
        cls,
        folder: str,
        *,
        epoch: int,
        form: int,
        build: str,
        now_ns: int,
        policy: str = "os",
        segment_bytes: int = 16777216,
        gather_ns: int = 5000000,
    ) -> Journal: ...
    def append(self, kind: int, payload: bytes, wall_ns: int, mono_ns: int) -> int:
        """Take a record; returns its index. The kernel has it, and with "always" the disk.

        kind: above 0. Raises JournalFailed, from then on at every call; ValueError for what cannot be kept.
        """
    def append_soon(self, kind: int, payload: bytes, wall_ns: int, mono_ns: int) -> int:
        """As `append`, and wait for no disk in any policy: `commit` does, and a thread syncs soon."""
    def commit(self) -> None:
        """Wait for what the policy promises before the bytes of an order leave: nothing with "os", else the disk."""
    def commit_within(self, patience_ns: int) -> bool:
        """As `commit`, and wait no longer than that; returns whether the disk has it.

        A disk that was too slow once is not waited for until it has caught up.
        """
    def append_within(self, kind: int, payload: bytes, wall_ns: int, mono_ns: int, patience_ns: int) -> int:
        """As `append`, and wait no longer than that, as `commit_within` does; a thread syncs what is left."""
    def sync(self) -> None:
        """Wait until the disk has everything, in every policy."""
    def begin_snapshot(self, state: bytes, state_hash: int, wall_ns: int) -> SnapshotSaving:
        """Begin to keep the state that all records so far make, in a thread; nothing here waits for the disk.

        Older records go as far as the last two snapshots do not need them. Raises ValueError while one is under way.
        """
    def begin_anew(self, state: bytes, state_hash: int, wall_ns: int) -> None:
        """Begin to open a journal that has failed again, with the state that all until now makes, in a thread.

        What happens from here on is to be appended once `go_on` says so. Raises ValueError for one that has not failed,
        and while another try or a snapshot is under way.
        """
    def fail(self, reason: str) -> None:
        """Take nothing more, for a reason of the caller's."""
    def go_on(self) -> bool:
        """Return whether it takes records again, False while that is under way; raises JournalError when it failed."""
    def close(self, wall_ns: int, mono_ns: int, patience_ns: int = 10000000000) -> None:
        """Put everything on the disk, say so in the journal, and let the next writer in.

        Raises JournalFailed where the disk has not taken it in that time: what is missing is with the kernel, a thread
        goes on, and the next start reads what came of it.
        """
    def snapshot(self) -> tuple[int, int, int, int, bytes] | None:
        """Return the newest sound snapshot that was there: (index, wall_ns, state_hash, form, state)."""
    def records(self) -> JournalReader:
        """Return what was there behind that snapshot, for recovery."""
    @property
    def next_index(self) -> int:
        """Index that the next record gets."""
    @property
    def durable_index(self) -> int:
        """Records below it are known to be on the disk."""
    @property
    def epoch(self) -> int:
        """Of this writer."""
    @property
    def failure(self) -> str:
        """Why nothing more is taken; empty while all is well."""

@final
class SnapshotSaving:
    """A snapshot on its way to the disk. Each call raises JournalError once it has failed."""

    def outcome(self) -> int | None:
        """Return the index it goes on from once it is on the disk, None while it is under way."""
    def wait(self, timeout_ns: int) -> int | None:
        """Wait for the outcome, for so long at most."""

@final
class JournalReader:
    """Goes over the records of a folder, also while another process writes: (index, wall_ns, mono_ns, kind, payload).

    from_index: the first record that is needed; None: all that are there. Raises JournalError.
    """

    def __new__(cls, folder: str, from_index: int | None = None) -> JournalReader: ...
    def __iter__(self) -> JournalReader: ...
    def __next__(self) -> tuple[int, int, int, int, bytes]: ...
    def snapshot(self) -> tuple[int, int, int, int, bytes] | None:
        """Return the newest sound snapshot: (index, wall_ns, state_hash, form, state)."""
    def segments(self) -> list[tuple[str, int, int, int, int, int, str]]:
        """Return (name, first index, next index, bytes, epoch, form, build) of each."""
    @property
    def notices(self) -> list[str]:
        """What a start would tell."""
    @property
    def first_index(self) -> int:
        """Index of the first record that is there."""
    @property
    def next_index(self) -> int:
        """Index behind the last record."""
    @property
    def durable_index(self) -> int:
        """Records below it were known to be on the disk."""
    @property
    def epoch(self) -> int:
        """The highest one that is there."""
    @property
    def is_closed(self) -> bool:
        """Whether the last writer closed it."""

def journal_epoch(folder: str) -> int:
    """Return the highest epoch that a journal tells of, 0 where there is none. Raises JournalError."""

def journal_repair(folder: str, now_ns: int) -> int | None:
    """Cut a journal where damage is, and keep a copy of all that is cut; returns the first record that is gone.

    None: nothing had to be done. Raises JournalError, JournalLocked while a bot runs.
    """

@final
class KrakenTradingCounter:
    """Kraken's count of order requests for one account and pair, kept on our side.

    tier: "starter", "intermediate", "pro", or "unlimited" for a simulated market maker. action: "place", "amend",
    "edit" or "cancel"; age_ns: of the order, since its creation or its last amend; priority: cancels, hedges and quotes
    that must get away, which may use all there is; open_orders: of the pair, for whose cancels the other lane leaves
    eight points each, at most half of the threshold. Raises ValueError that names the field.
    """

    def __new__(cls, tier: str) -> KrakenTradingCounter: ...
    def allows(self, now_ns: int, action: str, age_ns: int = 0, priority: bool = False, open_orders: int = 0) -> bool:
        """Return whether a request may go; counts nothing and changes nothing."""
    def charge(self, now_ns: int, action: str, age_ns: int = 0) -> None:
        """Count a request that is on its way."""
    def refund(self, now_ns: int, action: str, age_ns: int = 0) -> None:
        """Take a request back that was counted and never left."""
    def refused(self, now_ns: int) -> None:
        """Take the venue's word that the counter is full: other programs may use the account, too."""
    def headroom(self, now_ns: int) -> float:
        """Return the points below the threshold, negative when over, for display; changes nothing."""
    def next_permit_ns(
        self, now_ns: int, action: str, age_ns: int = 0, priority: bool = False, open_orders: int = 0
    ) -> int:
        """Return when `allows` will say yes, were the age the same, 0 if it never will; changes nothing."""
    def state_hash(self) -> int:
        """Return a 64-bit hash of the counter; the same after the same charges."""

@final
class MexcBookDecoder:
    """Turns MEXC Spot's `aggre.depth` frames and REST snapshots into books, by their versions. It gives codes.

    A snapshot comes as `snapshot BTCUSDT`, a line feed, and the body of the REST reply. Frames that come before it wait
    for it; one that is older than the first of them (flags `BOOK_SNAPSHOT | BOOK_IGNORED_INVALID`) changes nothing.
    There is no checksum: `BOOK_VALID` says that no frame is missing since the snapshot. The depth that a book was made
    with does not cut it, since the venue never sends a level again.
    """

    def __new__(cls) -> MexcBookDecoder: ...
    def add(self, symbol: str, book: Book) -> int:
        """Keep `book` by the frames of `symbol`, "BTC/USDT" or "BTCUSDT"; returns the symbol's index, for good."""
    def remove(self, symbol: str) -> bool:
        """Stop taking frames of `symbol`; says whether it was there."""
    def apply(self, frame: bytes) -> int:
        """Apply one frame or snapshot whole, or nothing of it.

        Returns `index << 8 | flags` with the flags `BOOK_*`, or a negative code: `BOOK_OTHER_CHANNEL`,
        `BOOK_MALFORMED`, `BOOK_UNKNOWN_SYMBOL`. A malformed frame that names no known symbol (`last_index` -1) may
        have been for any book.
        """
    def version(self, symbol: str) -> int:
        """Return the version of a symbol's book, 0 while it waits for a snapshot."""
    @property
    def last_error(self) -> str:
        """What was wrong with the last malformed frame: field, what was expected, byte offset."""
    @property
    def last_venue_ns(self) -> int:
        """When the venue sent the last frame, by itself; 0 when it did not say."""
    @property
    def last_index(self) -> int:
        """Index of the symbol that the last frame was of, -1 for none."""
    @property
    def unknown_symbol_count(self) -> int: ...
    @property
    def malformed_count(self) -> int: ...
    @property
    def gap_count(self) -> int: ...

@final
class MexcFuturesBookDecoder:
    """Turns MEXC Futures' `push.depth` frames and what repairs them over REST into books, by their versions.

    A snapshot comes as `snapshot BTC_USDT`, a line feed, and the body of the reply; a list of changes as `commits
    BTC_USDT` in the same way. Frames that come before a snapshot wait for it; one that is older than the first of them
    (flags `BOOK_SNAPSHOT | BOOK_IGNORED_INVALID`) changes nothing, nor do changes that leave one out (flag
    `BOOK_IGNORED_INVALID`). There is no checksum: `BOOK_VALID` says that nothing is missing since the snapshot.
    """

    def __new__(cls) -> MexcFuturesBookDecoder: ...
    def add(self, symbol: str, book: Book) -> int:
        """Keep `book` by the frames of `symbol`, "BTC/USDT:USDT" or "BTC_USDT"; returns its index, for good."""
    def remove(self, symbol: str) -> bool:
        """Stop taking frames of `symbol`; says whether it was there."""
    def apply(self, frame: bytes) -> int:
        """Apply one payload whole, or nothing of it.

        Returns `index << 8 | flags` with the flags `BOOK_*`, or a negative code: `BOOK_OTHER_CHANNEL`,
        `BOOK_MALFORMED`, `BOOK_UNKNOWN_SYMBOL`. A malformed frame that names no known symbol (`last_index` -1) may
        have been for any book; a malformed reply changes no book.
        """
    def version(self, symbol: str) -> int:
        """Return the version of a symbol's book, 0 while it is not to be trusted."""
    @property
    def last_error(self) -> str:
        """What was wrong with the last malformed payload: field, what was expected, byte offset."""
    @property
    def last_venue_ns(self) -> int:
        """When the venue matched what is in the last payload, else when it sent it; 0 when it did not say."""
    @property
    def last_index(self) -> int:
        """Index of the symbol that the last payload was of, -1 for none."""
    @property
    def unknown_symbol_count(self) -> int: ...
    @property
    def malformed_count(self) -> int: ...
    @property
    def gap_count(self) -> int: ...

@final
class MexcSigner:
    """Signs MEXC's private requests, spot and futures; shows its secret to nobody.

    secret: as MEXC gives it. Raises ValueError where it is empty. The hash states of the key are overwritten when the
    signer goes.
    """

    def __new__(cls, secret: str) -> MexcSigner: ...
    def sign(self, text: str) -> str:
        """Return lower-case hexadecimal of HMAC-SHA256(secret, text); `text` is exactly what is sent."""

def mexc_push(frame: bytes) -> tuple[str, str, int, int, int, tuple[Any, ...] | None] | str:
    """Return what is in a push frame of MEXC Spot, or a text that says what is wrong with it.

    (channel, symbol, created ms, sent ms, number of the body, body): the body's values in the order of its fields,
    repeated messages as lists of such tuples, what is absent as "", 0 or False; None where no known body is in it.
    """

def mexc_depth_span(frame: bytes) -> tuple[str, int, int] | None:
    """Return the venue's symbol and the first and last version of an `aggre.depth` frame; None for anything else."""

def mexc_futures_depth_span(frame: bytes) -> tuple[str, int, int] | None:
    """Return the venue's symbol and the first and last version of a `push.depth` frame; None for anything else.

    The frame is not proven: only the decoder judges it.
    """

@final
class KrakenRestCounter:
    """Kraken's count of an API key's private REST calls, kept on our side.

    tier: as of the trading counter; cost: points of the call; priority: may use the last three points, too. Raises
    ValueError that names the field.
    """

    def __new__(cls, tier: str) -> KrakenRestCounter: ...
    def take(self, now_ns: int, cost: int = 1, priority: bool = False) -> bool:
        """Count a call if it may be made; changes nothing otherwise."""
    def charge(self, now_ns: int, cost: int = 1) -> None:
        """Count a call that is made whatever the counter says."""
    def refused(self, now_ns: int) -> None:
        """Take the venue's word that the counter is full: two points over, since refused calls count too."""
    def headroom(self, now_ns: int) -> float:
        """Return the points below the maximum, negative when over, for display; changes nothing."""
    def next_permit_ns(self, now_ns: int, cost: int = 1, priority: bool = False) -> int:
        """Return when `take` will succeed, 0 if it never will; changes nothing."""
    def state_hash(self) -> int:
        """Return a 64-bit hash of the counter; the same after the same calls."""

@final
class Histogram:
    """Counts whole numbers (nanoseconds, mostly) in 29 kB, however many come; percentiles are at most 1/64 too high."""

    def __new__(cls) -> Histogram: ...
    def record(self, value: int) -> None:
        """Count a value; a negative one counts as 0."""
    def percentile(self, percent: float) -> int:
        """Return the value at or below which `percent` of a hundred lie, 0 when there are none.

        Raises ValueError for a percentage that is not from 0 to 100. Millionths are looked at.
        """
    def merge(self, other: Histogram) -> None:
        """Add the counts of another."""
    def reset(self) -> None:
        """Forget everything."""
    @property
    def count(self) -> int: ...
    @property
    def max(self) -> int:
        """The largest value, exact; 0 when there are none."""

@final
class KrakenSigner:
    """Signs Kraken's private REST requests; shows its secret to nobody.

    secret: base64, as Kraken gives it. Raises ValueError, which does not repeat it, where it is not base64 or empty.
    What was decoded is overwritten at once, the hash states of the key when the signer goes.
    """

    def __new__(cls, secret: str) -> KrakenSigner: ...
    def sign(self, path: str, nonce: int, body: bytes) -> str:
        """Return the `API-Sign` header: base64(HMAC-SHA512(secret, path + SHA-256(nonce + body))).

        `body` is exactly what is sent, and carries the same nonce; 0 to 2^64 - 1, else OverflowError.
        """
