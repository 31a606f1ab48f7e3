"""Kraken's times: RFC 3339 text with any number of fraction digits, UNIX seconds with decimals, to nanoseconds UTC."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Final

from mm._core.fixed import FixedError, to_units
from mm.exchanges.wire import Malformed, Row, digits

SECOND_NS: Final = 1_000_000_000
MICROSECOND_NS: Final = 1_000
_EPOCH: Final = date(1970, 1, 1).toordinal()
# The documentation's batch examples lack the Z.
_RFC3339: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,30}))?(?:[Zz]|\+00:00)?", re.ASCII
)
# An int64 of nanoseconds ends in April 2262.
_YEAR_MAX: Final = 2261
_EXAMPLE: Final = "2026-01-22T06:06:19.833306Z"


def nanoseconds(value: object, key: str) -> int:
    """Return the nanoseconds of an RFC 3339 text, further digits cut off. Raises Malformed."""
    if type(value) is not str:
        raise Malformed(f"{key}: expected a time like {_EXAMPLE}")
    # The usual form, `2026-01-22T06:06:19.833306Z`: the minute is remembered, the rest are eight digits.
    rest = value[17:19] + value[20:26]
    if len(value) == 27 and value[19] == "." and value[26] == "Z" and rest.isdigit() and rest.isascii():
        minute_ns = minute(value[:17])
        if minute_ns >= 0 and rest < "60":
            return minute_ns + int(rest) * MICROSECOND_NS
    return _any_form(value, key)


@lru_cache(maxsize=16)
def minute(text: str) -> int:
    """Return the nanoseconds of a minute like `2026-01-22T06:06:`, -1 for anything else."""
    try:
        return _any_form(f"{text}00Z", "")
    except Malformed:
        return -1


def _any_form(value: str, key: str) -> int:
    match = _RFC3339.fullmatch(value)
    if match is not None:
        year, month, day, hour, minute, second, fraction = match.groups("0")
        try:
            days = date(int(year), int(month), int(day)).toordinal() - _EPOCH
        except ValueError:
            days = -1
        # A leap second is written as :60.
        if days >= 0 and int(year) <= _YEAR_MAX and int(hour) < 24 and int(minute) < 60 and int(second) <= 60:
            seconds = ((days * 24 + int(hour)) * 60 + int(minute)) * 60 + int(second)
            return seconds * SECOND_NS + int(fraction[:9].ljust(9, "0"))
    raise Malformed(f"{key}: expected a time like {_EXAMPLE}")


def timestamp(row: Row, key: str = "timestamp") -> int:
    """Return a time that may be missing (0: snapshots of 2023 and 2024 have none). Raises Malformed."""
    value = row.get(key)
    return 0 if value is None else nanoseconds(value, key)


def timestamp_or_zero(row: Row, key: str) -> int:
    """Return a time that only measures latency: 0 rather than losing what it came with."""
    try:
        return timestamp(row, key)
    except Malformed:
        return 0


def unix_seconds(row: Row, key: str) -> int:
    """Return the nanoseconds of UNIX seconds with decimals (REST); 0 when missing. Raises Malformed."""
    if row.get(key) is None:
        return 0
    try:
        return to_units(digits(row, key), 9, key, 1, True)
    except FixedError as error:
        raise Malformed(f"{key}: expected UNIX seconds") from error
