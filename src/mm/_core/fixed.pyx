"""Decimal text to integers on an instrument's grid, and back. Nothing is rounded: text that does not fit is refused.

A number is `-`? digits with at most one point, then an optional exponent (`1e-08`): what JSON allows, and besides `.5`,
`5.` and leading zeros, which people type. White space, `+`, `_`, NaN and Infinity are not numbers here.
"""

import re

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport INT64_MAX, int64_t, uint64_t

cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(object text)
    void* PyUnicode_DATA(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    str PyUnicode_DecodeASCII(const char* text, Py_ssize_t length, const char* errors)

cdef extern from *:
    """
    static const uint64_t mm_powers[20] = {
        1ull, 10ull, 100ull, 1000ull, 10000ull, 100000ull, 1000000ull, 10000000ull, 100000000ull, 1000000000ull,
        10000000000ull, 100000000000ull, 1000000000000ull, 10000000000000ull, 100000000000000ull,
        1000000000000000ull, 10000000000000000ull, 100000000000000000ull, 1000000000000000000ull,
        10000000000000000000ull};
    #if defined(_MSC_VER)
    static int mm_multiply(uint64_t a, uint64_t b, uint64_t* out) { *out = a * b; return a && *out / a != b; }
    #else
    #define mm_multiply(a, b, out) __builtin_mul_overflow(a, b, out)
    #endif
    """
    const uint64_t[20] mm_powers
    bint mm_multiply(uint64_t a, uint64_t b, uint64_t* out) noexcept nogil

# An int64 holds 18 whole decimals: more than any venue's precision (Kraken's widest pair has 10).
cdef int PRECISION_MAX = 18
# Longer text is not a number that a venue prints; it bounds the work that hostile input can cause.
cdef Py_ssize_t LENGTH_MAX = 128
# Enough for any balance in 10^-12 (a token with 10^30 units), small enough that an exponent cannot eat memory.
cdef int AMOUNT_DIGITS_MAX = 100
cdef int AMOUNT_DIGITS = 12
cdef object AMOUNT_SCALE = 10 ** <object>AMOUNT_DIGITS
cdef object WIDE = re.compile(r"(-?)([0-9]*)(?:(?<=[0-9])\.|\.(?=[0-9]))?([0-9]*)(?:[eE]([-+]?[0-9]+))?")


class FixedError(ValueError):
    """Text that is not a usable number.

    Attributes: `field` (which value), `value` (what came), `reason` (what was expected).
    """

    def __init__(self, field: str, value: object, reason: str) -> None:
        shown = repr(value)
        super().__init__(f"{field}: {shown if len(shown) <= 80 else shown[:77] + '...'} {reason}")
        self.field = field
        self.value = value
        self.reason = reason

    def __reduce__(self):
        return (FixedError, (self.field, self.value, self.reason))


cdef Fault scan(const char* text, Py_ssize_t length, uint64_t* mantissa, int* exponent, bint* negative) noexcept nogil:
    """Split `text` into mantissa (without trailing zeros) and power of ten; the mantissa of zero is 0."""
    cdef Py_ssize_t i = 0
    cdef uint64_t value = 0
    cdef int zeros = 0       # zeros seen since the last other digit: they count only when another digit follows
    cdef int significant = 0
    cdef int fraction = 0
    cdef int power = 0
    cdef int digits = 0
    cdef bint point = False
    cdef bint power_negative = False
    cdef char c
    if length == 0:
        return Fault.BLANK
    if length > LENGTH_MAX:
        return Fault.TOO_MANY_DIGITS
    negative[0] = text[0] == c"-"
    if negative[0]:
        i = 1
    while i < length:
        c = text[i]
        if c"0" <= c <= c"9":
            digits += 1
            if point:
                fraction += 1
            if c == c"0":
                if significant:
                    zeros += 1
            else:
                significant += zeros + 1
                if significant > 19:      # 10^19 - 1 still fits a uint64
                    return Fault.TOO_MANY_DIGITS
                value = value * mm_powers[zeros + 1] + <uint64_t>(c - c"0")
                zeros = 0
        elif c == c"." and not point:
            point = True
        else:
            break
        i += 1
    if digits == 0:
        return Fault.NOT_DECIMAL
    if i < length:
        if text[i] != c"e" and text[i] != c"E":
            return Fault.NOT_DECIMAL
        i += 1
        if i < length and (text[i] == c"-" or text[i] == c"+"):
            power_negative = text[i] == c"-"
            i += 1
        if i == length:
            return Fault.NOT_DECIMAL
        while i < length:
            c = text[i]
            if c < c"0" or c > c"9":
                return Fault.NOT_DECIMAL
            if power < 100000:            # beyond any range either way; stops the counter from overflowing
                power = power * 10 + (c - c"0")
            i += 1
        if power_negative:
            power = -power
    mantissa[0] = value
    exponent[0] = power - fraction + zeros
    return Fault.OK


cdef Fault parse(const char* text, Py_ssize_t length, int precision, int64_t* units) noexcept nogil:
    """Parse into multiples of 10^-precision; the sign is kept, the grid is the caller's."""
    cdef uint64_t mantissa
    cdef int exponent
    cdef bint negative
    cdef Fault fault = scan(text, length, &mantissa, &exponent, &negative)
    if fault != Fault.OK:
        return fault
    if mantissa == 0:
        units[0] = 0
        return Fault.OK
    exponent += precision
    if exponent < 0:
        return Fault.TOO_FINE
    if exponent > 19 or mm_multiply(mantissa, mm_powers[exponent], &mantissa) or mantissa > <uint64_t>INT64_MAX:
        return Fault.OUT_OF_RANGE
    units[0] = -<int64_t>mantissa if negative else <int64_t>mantissa
    return Fault.OK


cdef object refuse(Fault fault, object text, str field, int precision):
    cdef str reason
    if fault == Fault.BLANK:
        reason = "is blank: a decimal number was expected"
    elif fault == Fault.NOT_DECIMAL:
        reason = "is not a decimal number"
    elif fault == Fault.TOO_MANY_DIGITS:
        reason = "has too many digits"
    elif fault == Fault.TOO_FINE:
        reason = f"has more than {precision} decimals"
    else:
        reason = "is out of range"
    raise FixedError(field, text, reason)


cdef int span(object text, str field, const char** data, Py_ssize_t* length) except -1:
    """Point `data` at the characters of `text`, which must outlive their use."""
    if type(text) is str:
        if not PyUnicode_IS_ASCII(text):
            raise FixedError(field, text, "is not a decimal number")
        data[0] = <const char*>PyUnicode_DATA(text)
        length[0] = PyUnicode_GET_LENGTH(text)
    elif type(text) is bytes:
        data[0] = PyBytes_AS_STRING(text)
        length[0] = PyBytes_GET_SIZE(text)
    else:
        raise FixedError(field, text, f"is {type(text).__name__}: decimal text was expected")
    return 0


def to_units(
    text,
    int precision,
    str field not None,
    int64_t increment=1,
    bint allow_zero=False,
    bint allow_negative=False,
):
    """Return decimal `text` as a count of 10^-precision; `increment` is the grid in these units (tick or lot).

    Raises FixedError naming `field` and the text when it is not a number, does not fit 64 bits, has more decimals than
    `precision`, is off the grid, or is zero or negative where that is not allowed.
    """
    cdef const char* data
    cdef Py_ssize_t length
    cdef int64_t units
    cdef Fault fault
    if not 0 <= precision <= PRECISION_MAX:
        raise ValueError(f"precision: {precision} is not from 0 to {PRECISION_MAX}")
    if increment < 1:
        raise ValueError(f"increment: {increment} is not positive")
    span(text, field, &data, &length)
    fault = parse(data, length, precision, &units)
    if fault != Fault.OK:
        refuse(fault, text, field, precision)
    if units == 0:
        if not allow_zero:
            raise FixedError(field, text, "is zero: a number above zero was expected")
    elif units < 0 and not allow_negative:
        raise FixedError(field, text, "is negative")
    if increment != 1 and units % increment:
        raise FixedError(field, text, f"is not a multiple of {to_text(increment, precision)}")
    return units


def to_text(int64_t units, int precision):
    """Return `units` of 10^-precision as plain decimal text with exactly `precision` decimals."""
    cdef char buffer[24]
    cdef int end = 24
    cdef int digits = 0
    cdef uint64_t left
    if not 0 <= precision <= PRECISION_MAX:
        raise ValueError(f"precision: {precision} is not from 0 to {PRECISION_MAX}")
    # Unsigned negation is defined for the lowest int64 too.
    left = 0 - <uint64_t>units if units < 0 else <uint64_t>units
    while left or digits <= precision:
        if digits == precision and precision:
            end -= 1
            buffer[end] = c"."
        end -= 1
        buffer[end] = <char>(c"0" + <int>(left % 10))
        left = left // 10
        digits += 1
    if units < 0:
        end -= 1
        buffer[end] = c"-"
    return PyUnicode_DecodeASCII(&buffer[end], 24 - end, NULL)


def amount(text, str field not None, bint allow_negative=True):
    """Return a fee or balance as an int of 10^-12 of the asset, of any size; zero is allowed.

    Raises FixedError naming `field` and the text when it is not a number or is finer than 10^-12.
    """
    cdef const char* data
    cdef Py_ssize_t length
    cdef int64_t units
    cdef Fault fault
    span(text, field, &data, &length)
    fault = parse(data, length, AMOUNT_DIGITS, &units)
    if fault == Fault.OK:
        value = units
    elif fault == Fault.BLANK or fault == Fault.NOT_DECIMAL or fault == Fault.TOO_FINE or length > LENGTH_MAX:
        refuse(fault, text, field, AMOUNT_DIGITS)
    else:
        value = wide_amount(text, field)
    if not allow_negative and value < 0:
        raise FixedError(field, text, "is negative")
    return value


cdef object wide_amount(object text, str field):
    """The same beyond 64 bits or 19 digits; rare (a balance above nine million whole units), so written for reading."""
    cdef str plain = text.decode("ascii", "replace") if type(text) is bytes else text
    match = WIDE.fullmatch(plain)
    if match is None:
        raise FixedError(field, text, "is not a decimal number")
    sign, whole, fraction, power = match.groups("")
    digits = (whole + fraction).lstrip("0")
    exponent = (int(power) if power else 0) - len(fraction) + AMOUNT_DIGITS
    if digits and len(digits) + exponent > AMOUNT_DIGITS_MAX:
        raise FixedError(field, text, "is out of range")
    value = int(digits or "0")
    if exponent >= 0:
        value *= 10 ** min(exponent, AMOUNT_DIGITS_MAX)
    else:
        value, rest = divmod(value, 10 ** min(-exponent, LENGTH_MAX))
        if rest:
            raise FixedError(field, text, f"has more than {AMOUNT_DIGITS} decimals")
    return -value if sign else value


def amount_text(units not None):
    """Return an amount of 10^-12 as decimal text without trailing zeros."""
    whole, fraction = divmod(abs(int(units)), AMOUNT_SCALE)
    text = f"{whole}.{fraction:0{AMOUNT_DIGITS}d}".rstrip("0").rstrip(".")
    return f"-{text}" if units < 0 else text
