"""Changes a venue's message at one place, as a fault hook asks: another number, another form, another time.

A path names members and positions: `data.0.bids.0.qty` in JSON, `313.1.1` by field numbers in a protocol buffer (the
n-th of a repeated field is not counted: the first is meant); `*` stands for every position of a list, `a.b|c.d` for the
first that there is, `a.b,c.d` for both. What has nothing at the path is left alone.

how: `set` puts `text` there (in JSON as it is written: `NaN`, `"x"`, `null`), `shift` adds `value` to a whole number,
to the last digit of a fraction, or seconds to a time in RFC 3339; `remove` takes the member out, `rename` gives it
another name, `add` puts an unknown member beside it; `strip` takes closing zeros off a number, `reverse` turns a list.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from mm.simulator.hooks import Rule
from mm.simulator.mexc_spot.protobuf import LENGTH, VARINT, delimited, varint

UNKNOWN: Final = "surprise"


class _Raw(str):
    """A number, or what a rule puts in its place, as it is written."""


def edited(payload: str | bytes, rule: Rule) -> str | bytes:
    """The message with the change; the same object where the path leads nowhere."""
    for path in rule.path.split(",") if rule.path else ():
        payload = _json(payload, path, rule) if isinstance(payload, str) else _buffer(payload, path, rule)
    return payload


# --- JSON -------------------------------------------------------------------------------------------------------------


def _json(text: str, paths: str, rule: Rule) -> str:
    tree = json.loads(text, parse_float=_Raw, parse_int=_Raw)
    for path in paths.split("|"):
        places = list(_places(tree, path.split(".")))
        if places:
            for holder, key in places:
                _change(holder, key, rule)
            return _written(tree)
    return text


def _places(node: Any, path: list[str]) -> Iterator[tuple[Any, Any]]:
    name, rest = path[0], path[1:]
    keys: list[Any] = []
    if isinstance(node, dict) and name in node:
        keys = [name]
    elif isinstance(node, list):
        keys = (
            list(range(len(node))) if name == "*" else [int(name)] if name.isdigit() and int(name) < len(node) else []
        )
    for key in keys:
        if rest:
            yield from _places(node[key], rest)
        else:
            yield node, key


def _change(holder: Any, key: Any, rule: Rule) -> None:
    how, value = rule.how, holder[key]
    if how == "set":
        holder[key] = _Raw(rule.text)
    elif how == "shift":
        holder[key] = _shifted(value, rule.value)
    elif how == "remove":
        del holder[key]
    elif how == "rename":
        holder[f"{key}_{UNKNOWN}"] = holder.pop(key)
    elif how == "add":
        holder[f"{key}_{UNKNOWN}"] = {UNKNOWN: [_Raw("1"), None]}
    elif how == "strip":
        holder[key] = _Raw(_stripped(str(value)))
    else:
        holder[key] = value[::-1]


def _written(node: Any) -> str:
    if isinstance(node, _Raw):
        return str(node)
    if isinstance(node, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{_written(value)}" for key, value in node.items()) + "}"
    if isinstance(node, list):
        return "[" + ",".join(map(_written, node)) + "]"
    return json.dumps(node)


def _shifted(value: Any, by: float) -> Any:
    text = str(value)
    if "T" in text and ":" in text:
        # Nine decimals are more than Python's times have.
        whole, _, fraction = text.removesuffix("Z").partition(".")
        moved = datetime.fromisoformat(whole) + timedelta(seconds=int(by))
        return f"{moved.isoformat()}.{fraction}Z" if fraction else f"{moved.isoformat()}Z"
    number = Decimal(text)
    step = Decimal(int(by)).scaleb(min(0, int(number.as_tuple().exponent)))
    moved_number = format(number + step, "f")
    return _Raw(moved_number) if isinstance(value, _Raw) else moved_number


def _stripped(text: str) -> str:
    return text.rstrip("0").removesuffix(".") if "." in text else text


# --- protocol buffers -------------------------------------------------------------------------------------------------

Field = tuple[int, int, Any]
"""Number, wire type, and an int or bytes."""


def _buffer(payload: bytes, paths: str, rule: Rule) -> bytes:
    for path in paths.split("|"):
        changed = _in_buffer(payload, [int(part) for part in path.split(".")], rule)
        if changed is not None:
            return changed
    return payload


def _in_buffer(payload: bytes, path: list[int], rule: Rule) -> bytes | None:
    fields = list(_fields(payload))
    at = next((index for index, field in enumerate(fields) if field[0] == path[0]), None)
    if at is None:
        return None
    number, wire, value = fields[at]
    if len(path) > 1:
        inner = _in_buffer(value, path[1:], rule)
        if inner is None:
            return None
        fields[at] = (number, wire, inner)
    elif rule.how == "remove":
        del fields[at]
    elif rule.how == "rename":
        fields[at] = (number + 100, wire, value)
    elif rule.how == "add":
        fields.append((number + 100, LENGTH, UNKNOWN.encode()))
    elif rule.how == "reverse":
        same = [index for index, field in enumerate(fields) if field[0] == number]
        for index, field in zip(same, [fields[index] for index in reversed(same)], strict=True):
            fields[index] = field
    else:
        fields[at] = (number, wire, _value(value, wire, rule))
    return b"".join(
        delimited(number, value) if wire == LENGTH else varint(number << 3 | wire) + varint(value)
        for number, wire, value in fields
    )


def _value(value: Any, wire: int, rule: Rule) -> Any:
    if wire == VARINT:
        return int(rule.text) if rule.how == "set" else value + int(rule.value)
    change: Callable[[str], str] = _stripped if rule.how == "strip" else lambda text: str(_shifted(text, rule.value))
    return rule.text.encode() if rule.how == "set" else change(value.decode()).encode()


def _fields(payload: bytes) -> Iterator[Field]:
    at = 0
    while at < len(payload):
        key, at = _read_varint(payload, at)
        number, wire = key >> 3, key & 7
        value, at = _read_varint(payload, at)
        if wire == LENGTH:
            yield number, wire, payload[at : at + value]
            at += value
        else:
            assert wire == VARINT
            yield number, wire, value


def _read_varint(payload: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = payload[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
