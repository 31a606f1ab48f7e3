# cython: nonecheck=True
"""JSON put together in memory that stays: ids, decimal numbers and times without an object for each."""

from json.encoder import encode_basestring_ascii

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cython cimport final
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy

cdef int64_t SECOND_NS = 1_000_000_000
cdef int64_t MILLISECOND_NS = 1_000_000
cdef int64_t DAY_S = 86_400
# No time of ours is before 1970 or after what 64 bits of nanoseconds hold.
PRECISION_MAX = 18

cdef int _PRECISION_MAX = PRECISION_MAX
# The numbers from 00 to 99, two digits each.
cdef char[200] PAIRS


cdef int fill_pairs() except -1:
    cdef int number
    for number in range(100):
        PAIRS[2 * number] = <char>(c"0" + number // 10)
        PAIRS[2 * number + 1] = <char>(c"0" + number % 10)
    return 0

fill_pairs()


@final
cdef class TextWriter:
    """Bytes one after the other; `taken` gives them and begins anew."""

    def __cinit__(self):
        self.room = 1024
        self.start = <char*>PyMem_Malloc(self.room)
        if self.start == NULL:
            raise MemoryError

    def __dealloc__(self):
        PyMem_Free(self.start)

    cdef int grow(self, Py_ssize_t count) except -1:
        """Make room for `count` bytes more."""
        cdef Py_ssize_t room = self.room
        cdef char* grown
        while count > room - self.size:
            room *= 2
        grown = <char*>PyMem_Realloc(self.start, room)
        if grown == NULL:
            raise MemoryError
        self.start = grown
        self.room = room
        return 0

    cdef int put_bytes(self, bytes text) except -1:
        return self.put(PyBytes_AS_STRING(text), PyBytes_GET_SIZE(text))

    cdef int put_quoted(self, str text) except -1:
        """A text as JSON, ASCII only; ours and the venues' ids need no escape."""
        cdef Py_ssize_t count = 0
        cdef Py_ssize_t index
        cdef const char* raw = PyUnicode_AsUTF8AndSize(text, &count)
        for index in range(count):
            if raw[index] < 0x20 or raw[index] >= 0x7F or raw[index] == c'"' or raw[index] == c"\\":
                return self.put_bytes(encode_basestring_ascii(text).encode())
        self.put(b'"', 1)
        self.put(raw, count)
        return self.put(b'"', 1)

    cdef int put_units(self, int64_t units, int precision) except -1:
        """`units` of 10^-precision as a plain decimal with exactly `precision` decimals."""
        cdef char buffer[24]
        cdef int end = 24
        cdef int decimals = precision
        cdef uint64_t left
        if not 0 <= precision <= _PRECISION_MAX:
            raise ValueError(f"precision: {precision} is not from 0 to {PRECISION_MAX}")
        # Unsigned negation is defined for the lowest int64 too.
        left = 0 - <uint64_t>units if units < 0 else <uint64_t>units
        while decimals > 1:
            end -= 2
            memcpy(&buffer[end], &PAIRS[2 * (left % 100)], 2)
            left = left // 100
            decimals -= 2
        if decimals:
            end -= 1
            buffer[end] = <char>(c"0" + <int>(left % 10))
            left = left // 10
        if precision:
            end -= 1
            buffer[end] = c"."
        while left > 9:
            end -= 2
            memcpy(&buffer[end], &PAIRS[2 * (left % 100)], 2)
            left = left // 100
        # The digit that is left, or the zero of a number without any before its point.
        if left or end == 24 or buffer[end] == c".":
            end -= 1
            buffer[end] = <char>(c"0" + <int>left)
        if units < 0:
            end -= 1
            buffer[end] = c"-"
        return self.put(&buffer[end], 24 - end)

    cdef int put_time(self, int64_t time_ns) except -1:
        """A time of 1970 or later as RFC 3339 with milliseconds, cut off, in quotes."""
        cdef char buffer[26]
        cdef int64_t seconds = time_ns // SECOND_NS
        cdef int64_t days = seconds // DAY_S
        cdef int64_t rest = seconds - days * DAY_S
        cdef int64_t era, of_era, year_of_era, of_year, month, day, year
        if time_ns < 0:
            raise ValueError(f"time_ns: {time_ns} is before 1970")
        # Days to a date of the Gregorian calendar, counted in eras of 400 years that begin in March of the year 0.
        days += 719_468
        era = days // 146_097
        of_era = days - era * 146_097
        year_of_era = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
        of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
        month = (5 * of_year + 2) // 153
        day = of_year - (153 * month + 2) // 5 + 1
        month = month + 3 if month < 10 else month - 9
        year = year_of_era + era * 400 + (1 if month <= 2 else 0)
        buffer[0] = c'"'
        digits_of(&buffer[1], year, 4)
        buffer[5] = c"-"
        digits_of(&buffer[6], month, 2)
        buffer[8] = c"-"
        digits_of(&buffer[9], day, 2)
        buffer[11] = c"T"
        digits_of(&buffer[12], rest // 3600, 2)
        buffer[14] = c":"
        digits_of(&buffer[15], rest // 60 % 60, 2)
        buffer[17] = c":"
        digits_of(&buffer[18], rest % 60, 2)
        buffer[20] = c"."
        digits_of(&buffer[21], (time_ns - seconds * SECOND_NS) // MILLISECOND_NS, 3)
        buffer[24] = c"Z"
        buffer[25] = c'"'
        return self.put(buffer, 26)

    cdef bytes taken(self):
        made = PyBytes_FromStringAndSize(self.start, self.size)
        self.size = 0
        return made


cdef void digits_of(char* target, int64_t number, int count) noexcept:
    cdef int index
    for index in range(count - 1, -1, -1):
        target[index] = <char>(c"0" + <int>(number % 10))
        number = number // 10
