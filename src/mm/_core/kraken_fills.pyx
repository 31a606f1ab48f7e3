# cython: nonecheck=True
"""Kraken's fills from the bytes to the events: the form in which the venue writes them, and no other.

A message of the `executions` channel that holds nothing but trades, without an escape, a space or a member that is
there twice, is read here in one walk. Anything else is left to `mm.exchanges.kraken.executions`, which knows every
form and says what is wrong with a bad one: this reader says None and has changed nothing. What it does say is what that
one would have said. (Kraken reference: executions.)
"""

from sys import intern

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cython cimport final
from libc.stdint cimport int8_t, int64_t, uint64_t
from libc.string cimport memcmp, memcpy

from mm._core.fixed cimport Fault, parse
from mm._core.known_orders cimport KnownOrder, KnownOrders
from mm._core.order_events cimport Fill
from mm._core.plain_frames cimport PlainFrames
from mm._core.text cimport ascii_of
from mm._core.words cimport same

cdef extern from *:
    """
    #if defined(__SSE2__) && defined(__GNUC__)
    #include <emmintrin.h>
    #endif
    #if !defined(__GNUC__)
    static int mm_scaled(int64_t value, int64_t by, int64_t* out) {
        if (value > INT64_MAX / by) return 1;
        *out = value * by;
        return 0;
    }
    #else
    #define mm_scaled(value, by, out) __builtin_mul_overflow(value, by, out)
    #endif
    /* The first byte that is no printable ASCII, or a quote or a backslash. The NUL behind a payload is such a byte. */
    static inline const char* mm_end_of_plain(const char* at, const char* end) {
    #if defined(__SSE2__) && defined(__GNUC__)
        while (end - at >= 16) {
            /* One more, compared with a sign: from 0x7F on they are below all others. */
            __m128i bytes = _mm_loadu_si128((const __m128i*)at);
            __m128i bad = _mm_or_si128(
                _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\\\'))),
                _mm_cmplt_epi8(_mm_add_epi8(bytes, _mm_set1_epi8(1)), _mm_set1_epi8(0x21)));
            int mask = _mm_movemask_epi8(bad);
            if (mask) return at + __builtin_ctz((unsigned)mask);
            at += 16;
        }
    #endif
        while ((unsigned char)*at >= 0x20 && (unsigned char)*at < 0x7F && *at != '"' && *at != '\\\\') at++;
        return at;
    }
    static inline uint64_t mm_word(const char* at) {
        uint64_t word;
        memcpy(&word, at, 8);
        return word;
    }
    """
    uint64_t mm_word(const char* at) noexcept nogil
    const char* mm_end_of_plain(const char* at, const char* end) noexcept nogil
    bint mm_scaled(int64_t value, int64_t by, int64_t* out) noexcept nogil

cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(object text)
    void* PyUnicode_DATA(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)

cdef str VENUE = "kraken"
cdef str EMPTY = ""
cdef const char* HEAD = b'{"channel":"executions","type":"update","data":['
cdef Py_ssize_t HEAD_SIZE = 48
cdef const char* TAIL = b'],"sequence":'
cdef Py_ssize_t TAIL_SIZE = 13
# As `mm.exchanges.wire.TEXT_MAX`: longer text is not kept.
cdef Py_ssize_t TEXT_MAX = 200
# As many digits are a whole number of 63 bits for certain.
cdef int DIGITS_MAX = 18
cdef int AMOUNT_DECIMALS = 12
cdef int64_t MICROSECOND_NS = 1_000

cdef enum:
    # One taker's way through many orders of ours; messages with more rows are left to the other reader.
    ROWS_MAX = 32
    KEYS_MAX = 24

cdef enum:
    TIMESTAMP = 1
    STATUS = 2
    CLIENT_ID = 4
    EXECUTION_ID = 8
    KIND = 16
    SYMBOL = 32
    SIDE = 64
    LAST_SIZE = 128
    LAST_PRICE = 256
    LIQUIDITY = 512
    FEES = 1024
    CUM_SIZE = 2048
    VENUE_ID = 4096
    # Without these it is no fill.
    NEEDED = EXECUTION_ID | KIND | SYMBOL | SIDE | LAST_SIZE | LAST_PRICE | VENUE_ID


cdef int64_t[19] POWERS


cdef int fill_tables() except -1:
    """The powers of ten that 63 bits hold."""
    cdef int exponent
    for exponent in range(19):
        POWERS[exponent] = 10 ** <object>exponent
    return 0

fill_tables()


cdef inline bint equals(Span text, const char* other, Py_ssize_t size) noexcept nogil:
    return text.size == size and memcmp(text.start, other, size) == 0


cdef inline bint is_text(Span text, str other):
    return (
        PyUnicode_IS_ASCII(other)
        and text.size == PyUnicode_GET_LENGTH(other)
        and memcmp(text.start, PyUnicode_DATA(other), text.size) == 0
    )


cdef inline str text_of(Span text):
    """A text that was stepped over: all of it is ASCII."""
    return ascii_of(text.start, text.size)


cdef inline bint take_text(const char** at, const char* end, Span* text) noexcept nogil:
    """Step over a string of printable ASCII without escapes."""
    cdef const char* here = at[0]
    if here >= end or here[0] != c'"':
        return False
    here += 1
    text.start = here
    here = mm_end_of_plain(here, end)
    if here >= end or here[0] != c'"':
        return False
    text.size = here - text.start
    at[0] = here + 1
    return text.size <= TEXT_MAX


cdef bint take_number(const char** at, const char* end, Number* number) noexcept nogil:
    """Step over a number of zero or more without an exponent."""
    cdef const char* here = at[0]
    cdef const char* point
    # Wraps where there are more digits than are asked for.
    cdef uint64_t value = 0
    cdef unsigned int digit
    number.start = here
    while True:
        digit = <unsigned char>here[0] - <unsigned int>c"0"
        if digit > 9:
            break
        value = value * 10 + digit
        here += 1
    if here == number.start or (here - number.start > 1 and number.start[0] == c"0"):
        return False
    number.digits = <int>(here - number.start)
    number.decimals = 0
    if here[0] == c".":
        here += 1
        point = here
        while True:
            digit = <unsigned char>here[0] - <unsigned int>c"0"
            if digit > 9:
                break
            value = value * 10 + digit
            here += 1
        if here == point:
            return False
        number.decimals = <int>(here - point)
        number.digits += number.decimals
    number.value = <int64_t>value
    number.size = here - number.start
    at[0] = here
    return here < end and (here[0] == c"," or here[0] == c"}" or here[0] == c"]")


cdef bint units_of(Number* number, int precision, int64_t* units) noexcept nogil:
    """A number in units of 10^-precision; False for one that is none of them."""
    cdef int shift = precision - number.decimals
    cdef int64_t cut
    if number.digits > DIGITS_MAX or shift > DIGITS_MAX:
        return parse(number.start, number.size, precision, units) == Fault.OK
    if shift >= 0:
        return not mm_scaled(number.value, POWERS[shift], units)
    cut = number.value // POWERS[-shift]
    units[0] = cut
    return cut * POWERS[-shift] == number.value


cdef bint skip_plain(const char** at, const char* end) noexcept nogil:
    """Step over a member that tells nothing here: text, a number, true or false."""
    cdef Span ignored
    cdef Number number
    cdef const char* here = at[0]
    if here >= end:
        return False
    if here[0] == c'"':
        return take_text(at, end, &ignored)
    if end - here > 4 and memcmp(here, b"true", 4) == 0:
        at[0] = here + 4
        return True
    if end - here > 5 and memcmp(here, b"false", 5) == 0:
        at[0] = here + 5
        return True
    return take_number(at, end, &number)


cdef int member_of(Span key) noexcept nogil:
    """Which member of a trade a key names, 0 for one that tells nothing here."""
    if key.size == 4:
        if memcmp(key.start, b"side", 4) == 0:
            return SIDE
        if memcmp(key.start, b"fees", 4) == 0:
            return FEES
    elif key.size == 6:
        if memcmp(key.start, b"symbol", 6) == 0:
            return SYMBOL
    elif key.size == 7:
        if memcmp(key.start, b"exec_id", 7) == 0:
            return EXECUTION_ID
        if memcmp(key.start, b"cum_qty", 7) == 0:
            return CUM_SIZE
    elif key.size == 8:
        if memcmp(key.start, b"last_qty", 8) == 0:
            return LAST_SIZE
        if memcmp(key.start, b"order_id", 8) == 0:
            return VENUE_ID
    elif key.size == 9:
        if memcmp(key.start, b"exec_type", 9) == 0:
            return KIND
        if memcmp(key.start, b"timestamp", 9) == 0:
            return TIMESTAMP
        if memcmp(key.start, b"cl_ord_id", 9) == 0:
            return CLIENT_ID
    elif key.size == 10:
        if memcmp(key.start, b"last_price", 10) == 0:
            return LAST_PRICE
    elif key.size == 12:
        if memcmp(key.start, b"order_status", 12) == 0:
            return STATUS
    elif key.size == 13:
        if memcmp(key.start, b"liquidity_ind", 13) == 0:
            return LIQUIDITY
    return 0


cdef bint is_twice(const char** keys, int count) noexcept nogil:
    """Whether one of the names, each with its quotes, is there twice."""
    cdef int one, other, size
    for one in range(1, count):
        size = 1
        while keys[one][size] != c'"':
            size += 1
        for other in range(one):
            # The closing quote ends both or neither.
            if memcmp(keys[one], keys[other], size + 1) == 0:
                return True
    return False


cdef int learn(Key* key, const char* start, int size, int member) noexcept nogil:
    """Keep what names a member, its quotes and its colon, to know it at a glance; start: of 16 bytes or more."""
    cdef char[16] mask
    cdef int index
    for index in range(16):
        mask[index] = <char>0xFF if index < size else 0
    key.low = mm_word(start)
    key.high = mm_word(start + 8)
    key.low_mask = mm_word(mask)
    key.high_mask = mm_word(&mask[8])
    key.size = size
    key.member = member
    return 0


cdef bint take_fees(const char** at, const char* end, Row* row) noexcept nogil:
    """Step over a list of one fee at most: `[{"asset":"USD","qty":0.3458}]`."""
    cdef const char* here = at[0]
    cdef Span key
    cdef Number amount
    cdef bint has_asset = False
    cdef bint has_amount = False
    if end - here > 2 and here[0] == c"[" and here[1] == c"]":
        at[0] = here + 2
        return True
    if end - here < 2 or here[0] != c"[" or here[1] != c"{":
        return False
    here += 2
    while True:
        if not take_text(&here, end, &key) or here >= end or here[0] != c":":
            return False
        here += 1
        if equals(key, b"asset", 5) and not has_asset:
            has_asset = True
            if not take_text(&here, end, &row.fee_asset) or row.fee_asset.size == 0:
                return False
        elif equals(key, b"qty", 3) and not has_amount:
            has_amount = True
            if not take_number(&here, end, &amount) or not units_of(&amount, AMOUNT_DECIMALS, &row.fee):
                return False
        else:
            return False
        if here < end and here[0] == c",":
            here += 1
            continue
        break
    if end - here < 2 or here[0] != c"}" or here[1] != c"]":
        return False
    at[0] = here + 2
    return has_asset and has_amount


@final
cdef class KrakenFills(PlainFrames):
    """Reads fills and keeps the count of the channel.

    instruments: by symbol, shared with the codec; known: its memory of orders; minute_of: text like
    `2026-01-22T06:06:` to nanoseconds, negative for no minute.

    is_up: everything was read, so that a message which follows the one before it tells all there is; sequence: of the
    last message of the channel, -1 none; last_fill_ns: venue time of the newest fill that was told.
    """

    def __init__(self, dict instruments not None, KnownOrders known not None, minute_of):
        self.known = known
        self._instruments = instruments
        self._minute_of = minute_of
        self.sequence = -1
        self._symbol = EMPTY
        self._quote = EMPTY
        self._minute_ns = -1

    cpdef object take(self, int64_t now_ns, bytes payload):
        """Return the fills of a message that follows the one before it; None: the session has to see it."""
        cdef int64_t sequence = 0
        cdef list events
        cdef Fill fill
        if not self.is_up or self.sequence < 0:
            return None
        events = self._read(now_ns, payload, &sequence)
        if events is None:
            return None
        self.sequence = sequence
        for each in events:
            fill = <Fill>each
            if fill.venue_ns > self.last_fill_ns:
                self.last_fill_ns = fill.venue_ns
        return events

    cpdef tuple read(self, int64_t now_ns, bytes payload):
        """Return the fills of a message and its number; None for one that is not in the usual form."""
        cdef int64_t sequence = -1
        events = self._read(now_ns, payload, &sequence)
        return None if events is None else (events, sequence)

    cdef list _read(self, int64_t now_ns, bytes payload, int64_t* sequence):
        """sequence: 0 takes only the number that follows the last one; the message's own is left there."""
        cdef Row[ROWS_MAX] rows
        cdef int count = 0
        cdef int index
        cdef Number number
        cdef const char* here = PyBytes_AS_STRING(payload)
        cdef const char* end = here + PyBytes_GET_SIZE(payload)
        if end - here < HEAD_SIZE or memcmp(here, HEAD, HEAD_SIZE) != 0:
            return None
        here += HEAD_SIZE
        while True:
            if count == ROWS_MAX or not self._row(&here, end, &rows[count]):
                return None
            count += 1
            if here < end and here[0] == c",":
                here += 1
                continue
            break
        if end - here < TAIL_SIZE or memcmp(here, TAIL, TAIL_SIZE) != 0:
            return None
        here += TAIL_SIZE
        if not take_number(&here, end, &number) or number.digits > DIGITS_MAX or end - here != 1 or here[0] != c"}":
            return None
        if number.decimals:
            # `2.0` is no whole number.
            return None
        if sequence[0] == 0 and number.value != self.sequence + 1:
            return None
        sequence[0] = number.value
        # Only now is anything remembered: all of the message is known to be good.
        events = []
        for index in range(count):
            events.append(self._fill(now_ns, &rows[index]))
        return events

    cdef int _row(self, const char** at, const char* end, Row* row) except -1:
        """Step over one trade; 0 for anything else."""
        cdef const char* here = at[0]
        cdef Number price, size, cum_size
        cdef Span key, value
        cdef bint is_good
        cdef const char* keys[KEYS_MAX]
        cdef const char* start
        cdef int place = 0
        cdef int member
        cdef int seen = 0
        if here >= end or here[0] != c"{":
            return 0
        here += 1
        row.client_id.size = row.status.size = row.fee_asset.size = 0
        row.client_id.start = row.status.start = row.fee_asset.start = here
        row.venue_ns = row.fee = 0
        row.cum_size = -1
        row.is_maker = False
        while True:
            if place == KEYS_MAX:
                return 0
            keys[place] = here
            if (
                end - here >= 16 and self._keys[place].size
                and (mm_word(here) ^ self._keys[place].low) & self._keys[place].low_mask == 0
                and (mm_word(here + 8) ^ self._keys[place].high) & self._keys[place].high_mask == 0
            ):
                # The one that was there in the row before.
                here += self._keys[place].size
                member = self._keys[place].member
            else:
                start = here
                if not take_text(&here, end, &key) or here >= end or here[0] != c":":
                    return 0
                here += 1
                member = member_of(key)
                self._keys[place].size = 0
                if here - start <= 16 and end - start >= 16:
                    learn(&self._keys[place], start, <int>(here - start), member)
                if place < self._different:
                    self._different = place
            place += 1
            seen |= member
            if member == 0:
                if not skip_plain(&here, end):
                    return 0
            elif member == FEES:
                if not take_fees(&here, end, row):
                    return 0
            elif member == LAST_PRICE or member == LAST_SIZE or member == CUM_SIZE:
                # Read once the symbol, and with it the grid, is known.
                if member == LAST_PRICE:
                    is_good = take_number(&here, end, &price)
                elif member == LAST_SIZE:
                    is_good = take_number(&here, end, &size)
                else:
                    is_good = take_number(&here, end, &cum_size)
                if not is_good:
                    return 0
            else:
                if not take_text(&here, end, &value):
                    return 0
                if member == KIND:
                    if not equals(value, b"trade", 5):
                        return 0
                elif member == SIDE:
                    if equals(value, b"buy", 3):
                        row.side = 1
                    elif equals(value, b"sell", 4):
                        row.side = -1
                    else:
                        return 0
                elif member == EXECUTION_ID:
                    row.execution_id = value
                elif member == VENUE_ID:
                    row.venue_id = value
                elif member == CLIENT_ID:
                    row.client_id = value
                elif member == SYMBOL:
                    row.symbol = value
                elif member == STATUS:
                    row.status = value
                elif member == LIQUIDITY:
                    row.is_maker = equals(value, b"m", 1)
                else:
                    row.venue_ns = self._time(value)
                    if row.venue_ns < 0:
                        return 0
            if here < end and here[0] == c",":
                here += 1
                continue
            break
        if here >= end or here[0] != c"}" or (seen & NEEDED) != NEEDED:
            return 0
        if place > self._different:
            # A name that was not in this place before: it may be one of another place.
            if is_twice(keys, place):
                return 0
            self._different = place
        at[0] = here + 1
        if not self._instrument_of(row.symbol):
            return 0
        if not units_of(&price, self._price_precision, &row.price) or row.price <= 0:
            return 0
        if not units_of(&size, self._size_precision, &row.size) or row.size <= 0:
            return 0
        if seen & CUM_SIZE and not units_of(&cum_size, self._size_precision, &row.cum_size):
            return 0
        return 1

    cdef int64_t _time(self, Span text) except -2:
        """The nanoseconds of `2026-01-22T06:06:19.833306Z`, -1 for any other form."""
        cdef const char* at = text.start
        cdef int64_t value = 0
        cdef int index
        if text.size != 27 or at[19] != c"." or at[26] != c"Z" or at[17] > c"5":
            return -1
        for index in range(17, 26):
            if index != 19:
                if at[index] < c"0" or at[index] > c"9":
                    return -1
                value = value * 10 + (at[index] - c"0")
        if self._minute_ns < 0 or memcmp(at, self._minute, 17) != 0:
            self._minute_ns = self._minute_of(ascii_of(at, 17))
            memcpy(self._minute, at, 17)
            if self._minute_ns < 0:
                return -1
        return self._minute_ns + value * MICROSECOND_NS

    cdef bint _instrument_of(self, Span symbol) except -1:
        """Take the grid of a symbol; False for one that is not known."""
        cdef str name = self._symbol
        if not is_text(symbol, name):
            name = text_of(symbol)
        instrument = self._instruments.get(name)
        if instrument is None:
            return False
        if instrument is not self._instrument:
            # The very text that markets have.
            self._symbol = intern(instrument.symbol)
            self._quote = instrument.quote
            self._price_precision = instrument.price_precision
            self._size_precision = instrument.size_precision
            self._instrument = instrument
        return True

    cdef KnownOrder _known(self, Row* row):
        """The order of a row, remembered. One that filled just before is told by its text as it came."""
        cdef KnownOrder known = self._newest
        if known is None or not is_text(row.venue_id, known.venue_id):
            known = self._other
            if known is not None and not is_text(row.venue_id, known.venue_id):
                known = None
        if (
            known is None or row.venue_id.size == 0 or known.is_closed or known.is_forgotten or not known.client_id
            or not same(known.symbol, self._symbol) or self.known._placed
        ):
            known = self.known.remember(
                text_of(row.client_id) if row.client_id.size else EMPTY, text_of(row.venue_id), self._symbol,
                row.side, 0, 0,
            )
        else:
            known.side = <int8_t>row.side
        if known is not self._newest:
            self._other = self._newest
            self._newest = known
        return known

    cdef object _fill(self, int64_t now_ns, Row* row):
        cdef KnownOrder known
        cdef Fill fill = Fill.__new__(Fill)
        if not is_text(row.symbol, self._symbol):
            # The last row's need not be this one's.
            self._instrument_of(row.symbol)
        known = self._known(row)
        fill.recv_ns = now_ns
        fill.venue_ns = row.venue_ns
        fill.venue = VENUE
        fill.client_id = known.client_id
        fill.venue_id = known.venue_id if row.venue_id.size else EMPTY
        fill.symbol = self._symbol
        fill.side = row.side
        fill.execution_id = text_of(row.execution_id)
        fill.price = row.price
        fill.size = row.size
        fill.cum_size = row.cum_size
        fill.liquidity = "m" if row.is_maker else "t"
        fill.fee = row.fee
        fill.fee_asset = (
            self._quote if row.fee_asset.size == 0 or is_text(row.fee_asset, self._quote) else text_of(row.fee_asset)
        )
        if equals(row.status, b"filled", 6) or 0 < known.size <= row.cum_size:
            # No marker need follow. It is still known for a while, should the order live on after all.
            self.known.close(known)
        return fill
