"""A venue's JSON, read without losing a digit, and the readers of its fields.

Kraken prints prices, sizes, fees and balances as JSON numbers, others as text. A double keeps 15 significant digits for
certain, and a balance of a cheap token has more (`5000000000.1234567890`), so that no parser that goes through doubles
is good enough: numbers with a fraction or an exponent stay the text that they were (`Number`), whole numbers become
`int`. NaN and Infinity are not JSON and are refused, and so is an object that has a name twice: which of the two was
meant nobody knows, and readers differ.

What cannot be used raises `Malformed`, which names the place. The codec catches it and makes it a value: it never
leaves this package. Messages name fields and types but never a text's content, which might be a token.
"""

from __future__ import annotations

import json
from typing import Any, Final, NoReturn

from mm._core.fixed import to_units

TEXT_MAX: Final = 200
"""Longest text that is kept. Identifiers have at most 36 characters, symbols fewer; the recording allows 65,535."""
INTEGER_MAX: Final = 2**63 - 1

Row = dict[str, Any]


class Number(str):
    """The text of a JSON number with a fraction or an exponent."""

    __slots__ = ()


class Malformed(ValueError):
    """Not what the protocol allows; the text names the place and what was expected."""


def _refuse_constant(name: str) -> NoReturn:
    raise Malformed(f"not JSON: {name} is not a number")


def _each_once(members: list[tuple[str, Any]]) -> Row:
    row = dict(members)
    if len(row) != len(members):
        raise Malformed("an object has one name twice")
    return row


_DECODER: Final = json.JSONDecoder(parse_float=Number, parse_constant=_refuse_constant, object_pairs_hook=_each_once)


def parse(payload: bytes) -> Any:
    """Return the JSON value of a message or body. Raises Malformed."""
    try:
        return _DECODER.decode(payload.decode())
    except Malformed:
        raise
    except json.JSONDecodeError as error:
        raise Malformed(f"not JSON: {error.msg} at character {error.pos}") from None
    except UnicodeDecodeError as error:
        raise Malformed(f"not UTF-8 at byte {error.start}") from None
    except ValueError:
        # More digits than Python turns into an int.
        raise Malformed("not JSON: a number has too many digits") from None
    except RecursionError:
        raise Malformed("not JSON: nested too deeply") from None


def mapping(value: object, place: str) -> Row:
    """Return a JSON object."""
    if type(value) is not dict:
        raise Malformed(f"{place}: expected an object, got {_kind(value)}")
    return value


def array(value: object, place: str) -> list[Any]:
    """Return a JSON array."""
    if type(value) is not list:
        raise Malformed(f"{place}: expected an array, got {_kind(value)}")
    return value


def text(row: Row, key: str, default: str | None = None) -> str:
    """Return a field that is an identifier or a word: printable ASCII. A missing one is `default`, None: malformed."""
    value = row.get(key)
    if type(value) is str and len(value) <= TEXT_MAX and value.isascii() and value.isprintable():
        return value
    if value is None and default is not None:
        return default
    raise Malformed(f"{key}: expected printable ASCII of at most {TEXT_MAX} characters, got {_kind(value)}")


def note(row: Row, key: str) -> str:
    """Return a field that is written for people; anything else than text is nothing."""
    value = row.get(key)
    return readable(value) if type(value) is str else ""


def readable(value: str) -> str:
    """Cut a venue's text to what can be kept and shown on one line."""
    value = value[:TEXT_MAX]
    return value if value.isprintable() else "".join(c if c.isprintable() else "?" for c in value)


def integer(row: Row, key: str, default: int | None = None) -> int:
    """Return a whole number that fits 63 bits; a missing one is `default`, None: malformed."""
    value = row.get(key)
    if type(value) is int and 0 <= value <= INTEGER_MAX:
        return value
    if value is None and default is not None:
        return default
    raise Malformed(f"{key}: expected a whole number, got {_kind(value)}")


def digits(row: Row, key: str) -> str:
    """Return a number's text: from a JSON number (websocket) or from a string (REST)."""
    value = row.get(key)
    kind = type(value)
    if kind is Number or kind is str:
        return str.__str__(value)
    if kind is int:
        return str(value)
    raise Malformed(f"{key}: expected a number, got {_kind(value)}")


def units(row: Row, key: str, precision: int, *, allow_zero: bool = True, default: int | None = None) -> int:
    """Return a number in units of 10^-precision, never negative.

    A missing one is `default`, None: malformed. Raises Malformed or FixedError, both ValueErrors that name the field.
    """
    if default is not None and row.get(key) is None:
        return default
    return to_units(digits(row, key), precision, key, 1, allow_zero)


def _kind(value: object) -> str:
    """A value's type as JSON knows it; never its content."""
    if value is None:
        return "nothing"
    return _KINDS.get(type(value), "something else")


_KINDS: Final[dict[type, str]] = {
    bool: "true or false",
    int: "a whole number",
    Number: "a number",
    str: "other text",
    dict: "an object",
    list: "an array",
}
