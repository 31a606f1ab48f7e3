"""The places of a JSON text, and the text with something else at one of them: the rest byte for byte."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

VALUES: Sequence[bytes] = (
    *(b"null", b"true", b"false", b"[]", b"{}", b'[""]', b"[null]", b'[{"a":1}]', b'{"a":1}', b'{"symbol":"BTC/USD"}'),
    *(b'""', b'"x"', b'" "', b'"BTC/USD"', b'"BTC_USDT"', b'"\\u0000"', b'"\\ud800"', b'"\\u0663"'),
    *(b"0", b"-1", b"1", b"7", b"9223372036854775808", b"1" + b"0" * 400, b"0.0", b"-0.5", b"1.5", b"1e-7", b"1E400"),
    *(b"-1E400", b'"1e999999999"', b'"NaN"', b'"-1"', b'"1.5"', b'"2024-01-01T00:00:00Z"', b'"trade"', b'"snapshot"'),
    b'"' + b"9" * 300 + b'"',
)  # fmt: skip
"""Of every JSON type, those that readers stumble over."""
NOTHING = b""
"""In the place of a value: the member is not there."""
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


@dataclass(slots=True)
class Place:
    """A value: how it is reached (list positions left out), where it stands, and where the member that it ends begins
    (-1 in a list)."""

    path: str
    start: int
    end: int = -1
    member: int = -1

    def filled(self, text: bytes, value: bytes) -> bytes:
        """The text with another value here; for NOTHING without this member."""
        if not value and self.member >= 0:
            head, tail = text[: self.member], text[self.end :]
            return head + tail[1:] if tail[:1] == b"," else head.removesuffix(b",") + tail
        return text[: self.start] + value + text[self.end :]

    def twice(self, text: bytes) -> bytes:
        """The text with this member a second time, behind itself."""
        return text[: self.end] + b"," + text[self.member : self.end] + text[self.end :]


def places(text: bytes) -> list[Place]:
    """Return the places of a well-formed text, the first of each path: what is in a list or in a row by row."""
    found: dict[str, Place] = {}
    open_places: list[Place] = []
    key, key_at, is_key = "", -1, False
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in (b"}", b"]"):
            place = open_places.pop()
            place.end = match.end()
            found.setdefault(place.path, place)
            is_key = False
            continue
        if token == b",":
            is_key = bool(open_places) and text[open_places[-1].start] == ord("{")
            continue
        if token == b":":
            is_key = False
            continue
        if is_key:
            key, key_at = token.decode(), match.start()
            continue
        above = open_places[-1] if open_places else None
        in_object = above is not None and text[above.start] == ord("{")
        path = f"{above.path if above else ''}/{key if in_object else '*'}"
        place = Place(path, match.start(), match.end(), key_at if in_object else -1)
        if token in (b"{", b"["):
            open_places.append(place)
            is_key = token == b"{"
        else:
            found.setdefault(place.path, place)
    return list(found.values())
