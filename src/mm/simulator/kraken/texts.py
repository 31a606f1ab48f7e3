"""Numbers and times as Kraken writes and reads them: fixed decimals with trailing zeros, RFC 3339 in UTC."""

from __future__ import annotations

import calendar
import json
import re
import time
from functools import lru_cache
from typing import Any, Final

from mm.simulator.decimals import decimal_units, fixed, power, ratio, scaled
from mm.simulator.kraken.errors import Malformed

SECOND_NS: Final = 1_000_000_000


class Number(str):
    """A JSON number kept as its text (a double would lose digits); tells it apart from a JSON string."""

    __slots__ = ()


def _refuse_constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


_decoder = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=_refuse_constant)


def parse_json(payload: bytes) -> Any:
    """The JSON value of a message, its numbers as `Number` texts.

    Raises:
        Malformed: not UTF-8, not JSON, too deep.
    """
    try:
        return _decoder.decode(payload.decode())
    except (ValueError, RecursionError) as error:
        raise Malformed("Malformed request") from error


@lru_cache(maxsize=4)
def _minute(minute: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:", time.gmtime(minute * 60))


def rfc3339(time_ns: int) -> str:
    """`2026-01-22T06:06:19.833306Z`: microseconds, as every WebSocket message has them."""
    minute, rest = divmod(time_ns, 60 * SECOND_NS)
    return f"{_minute(minute)}{rest // SECOND_NS:02d}.{rest % SECOND_NS // 1000:06d}Z"


def rfc3339_seconds(time_ns: int) -> str:
    """`2023-09-21T15:49:29Z`: whole seconds, as the dead man's switch and SystemStatus have them."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time_ns // SECOND_NS))


def unix_seconds(time_ns: int) -> str:
    """`1762820035.9822779`: REST's seconds with up to seven decimals (of 100 ns)."""
    return fixed(time_ns // 100, 7).rstrip("0").rstrip(".")


def parse_rfc3339(text: str) -> int | None:
    """Time in ns of an RFC 3339 text with any number of fraction digits; None if it is not one."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(?:[Zz]|([+-])(\d\d):(\d\d))", text)
    if match is None:
        return None
    try:
        parsed = time.strptime(f"{match.group(1)} {match.group(2)} +0000", "%Y-%m-%d %H:%M:%S %z")
    except ValueError:
        return None
    seconds = calendar.timegm(parsed)
    if match.group(4):
        offset = int(match.group(5)) * 3600 + int(match.group(6)) * 60
        seconds += -offset if match.group(4) == "+" else offset
    return seconds * SECOND_NS + int((match.group(3) or "").ljust(9, "0"))


quoted = json.encoder.encode_basestring_ascii
"""The JSON string of a text (what `json.dumps` calls, without its set-up: every id of every message needs it)."""

__all__ = [
    "SECOND_NS",
    "Number",
    "decimal_units",
    "fixed",
    "parse_json",
    "parse_rfc3339",
    "power",
    "quoted",
    "ratio",
    "rfc3339",
    "rfc3339_seconds",
    "scaled",
    "unix_seconds",
]
