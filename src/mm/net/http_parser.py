"""A strict HTTP/1.1 response parser without I/O: bytes in, one response out, hostile input refused with a reason.

It reads exactly what a keep-alive JSON API sends: a status line, headers, and a body framed by Content-Length, by
chunks, or by the end of the connection. Everything ambiguous (two lengths, length and chunks, folded headers, bare
line feeds, compressed bodies nobody asked for) is an error, because a framing guess on a reused connection would hand
one request's answer to another.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

HEAD_BYTES_MAX = 32 * 1024
"""Cloudflare's own heads are about 1 kB; larger ones are not from an exchange."""
BODY_BYTES_MAX = 16 * 1024 * 1024
"""AssetPairs and Assets are the largest replies, about 1 MB."""
CHUNK_LINE_BYTES_MAX = 256
INTERIM_RESPONSES_MAX = 8


class HttpError(ValueError):
    """The peer broke HTTP; the text says what was expected and what came."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """One complete response; header names are lower case, repeated headers are joined by a comma."""

    status: int
    headers: dict[str, str]
    body: bytes
    keep_alive: bool


class _State(Enum):
    HEAD = auto()
    LENGTH = auto()
    UNTIL_CLOSE = auto()
    CHUNK_SIZE = auto()
    CHUNK_DATA = auto()
    CHUNK_END = auto()
    TRAILER = auto()
    DONE = auto()


class ResponseParser:
    """Parses one response; make a new one for each request.

    `feed` returns the response once it is complete, else None. Bytes beyond the response are left in `excess`: on a
    connection that does not pipeline, any excess means that the framing is lost.
    """

    __slots__ = (
        "_body",
        "_buffer",
        "_headers",
        "_interim",
        "_keep_alive",
        "_left",
        "_state",
        "_status",
        "body_bytes_max",
    )

    def __init__(self, body_bytes_max: int = BODY_BYTES_MAX) -> None:
        self.body_bytes_max = body_bytes_max
        self._state = _State.HEAD
        self._buffer = bytearray()
        self._body = bytearray()
        self._headers: dict[str, str] = {}
        self._status = 0
        self._left = 0
        self._interim = 0
        self._keep_alive = True

    @property
    def excess(self) -> int:
        """Bytes received beyond the end of the response."""
        return len(self._buffer) if self._state is _State.DONE else 0

    def feed(self, data: bytes) -> HttpResponse | None:
        """Take received bytes.

        Raises HttpError when the response is malformed or over a size cap.
        """
        self._buffer += data
        if self._is_done():
            return None
        while self._step():
            pass
        return self._response() if self._is_done() else None

    def end(self) -> HttpResponse:
        """Take the end of the connection.

        Raises HttpError unless the response is one that the end of the connection completes.
        """
        if self._state is not _State.UNTIL_CLOSE:
            raise HttpError(f"connection closed inside the response ({self._state.name.lower().replace('_', ' ')})")
        self._state = _State.DONE
        return self._response()

    def _is_done(self) -> bool:
        return self._state is _State.DONE

    def _response(self) -> HttpResponse:
        return HttpResponse(self._status, self._headers, bytes(self._body), self._keep_alive)

    def _step(self) -> bool:
        """Advance as far as the buffer allows; True when another step may be possible."""
        match self._state:
            case _State.HEAD:
                return self._read_head()
            case _State.LENGTH | _State.CHUNK_DATA:
                return self._read_counted()
            case _State.UNTIL_CLOSE:
                self._grow(len(self._buffer))
                return False
            case _State.CHUNK_SIZE:
                return self._read_chunk_size()
            case _State.CHUNK_END:
                return self._read_chunk_end()
            case _State.TRAILER:
                return self._read_trailer()
            case _State.DONE:
                return False

    def _grow(self, count: int) -> None:
        if len(self._body) + count > self.body_bytes_max:
            raise HttpError(f"body larger than {self.body_bytes_max} bytes")
        self._body += self._buffer[:count]
        del self._buffer[:count]

    def _read_counted(self) -> bool:
        count = min(self._left, len(self._buffer))
        self._grow(count)
        self._left -= count
        if self._left:
            return False
        self._state = _State.DONE if self._state is _State.LENGTH else _State.CHUNK_END
        return self._state is not _State.DONE

    def _take_line(self, limit: int) -> bytes | None:
        end = self._buffer.find(b"\r\n", 0, limit)
        if end < 0:
            if len(self._buffer) >= limit:
                raise HttpError(f"line longer than {limit} bytes")
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line

    def _read_chunk_size(self) -> bool:
        line = self._take_line(CHUNK_LINE_BYTES_MAX)
        if line is None:
            return False
        digits = line.partition(b";")[0].strip(b" \t")
        if not digits or len(digits) > 8 or not all(byte in b"0123456789abcdefABCDEF" for byte in digits):
            raise HttpError(f"chunk size: expected up to 8 hexadecimal digits, got {line[:40]!r}")
        self._left = int(digits, 16)
        if len(self._body) + self._left > self.body_bytes_max:
            raise HttpError(f"body larger than {self.body_bytes_max} bytes")
        self._state = _State.CHUNK_DATA if self._left else _State.TRAILER
        return True

    def _read_chunk_end(self) -> bool:
        if len(self._buffer) < 2:
            return False
        if self._buffer[:2] != b"\r\n":
            raise HttpError("chunk: expected a line end after its data")
        del self._buffer[:2]
        self._state = _State.CHUNK_SIZE
        return True

    def _read_trailer(self) -> bool:
        line = self._take_line(HEAD_BYTES_MAX)
        if line is None:
            return False
        self._interim += 1
        if self._interim > 64:
            raise HttpError("more than 64 trailer lines")
        if not line:
            self._state = _State.DONE
            return False
        return True

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n", 0, HEAD_BYTES_MAX)
        if end < 0:
            if len(self._buffer) >= HEAD_BYTES_MAX:
                raise HttpError(f"head larger than {HEAD_BYTES_MAX} bytes")
            # A peer that does not speak HTTP is refused at its first bytes, not at the time-out.
            if not b"HTTP/1.".startswith(bytes(self._buffer[:7])):
                raise HttpError(f"status line: expected HTTP/1.1, got {bytes(self._buffer[:20])!r}")
            return False
        lines = bytes(self._buffer[:end]).split(b"\r\n")
        del self._buffer[: end + 4]
        minor, status = _parse_status(lines[0])
        headers = _parse_headers(lines[1:])
        if 100 <= status < 200:
            self._interim += 1
            if status == 101 or self._interim > INTERIM_RESPONSES_MAX:
                raise HttpError(f"unexpected interim response {status}")
            return True
        self._interim = 0
        self._status, self._headers = status, headers
        self._frame_body(minor)
        return self._state is not _State.DONE

    def _frame_body(self, minor: int) -> None:
        headers = self._headers
        connection = {token.strip() for token in headers.get("connection", "").lower().split(",")}
        self._keep_alive = "close" not in connection if minor else "keep-alive" in connection
        length, encoding = headers.get("content-length"), headers.get("transfer-encoding")
        if headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise HttpError(f"content-encoding {headers['content-encoding']!r} was not asked for")
        if encoding is not None:
            if length is not None:
                raise HttpError("both content-length and transfer-encoding")
            if encoding.strip().lower() != "chunked":
                raise HttpError(f"transfer-encoding: expected chunked, got {encoding!r}")
            self._state = _State.CHUNK_SIZE
        elif self._status in (204, 304):
            self._state = _State.DONE
        elif length is not None:
            self._left = _parse_length(length, self.body_bytes_max)
            self._state = _State.LENGTH if self._left else _State.DONE
        else:
            self._keep_alive = False
            self._state = _State.UNTIL_CLOSE


def _parse_status(line: bytes) -> tuple[int, int]:
    if line[:7] != b"HTTP/1." or line[7:8] not in (b"0", b"1") or line[8:9] != b" ":
        raise HttpError(f"status line: expected HTTP/1.1, got {line[:40]!r}")
    code = line[9:12]
    if len(code) != 3 or not code.isdigit() or line[12:13] not in (b"", b" ") or not 100 <= int(code) <= 599:
        raise HttpError(f"status line: expected a status of three digits, got {line[:40]!r}")
    return line[7] - 0x30, int(code)


def _parse_headers(lines: list[bytes]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name_bytes, colon, value_bytes = line.partition(b":")
        if not colon or not name_bytes or any(byte <= 0x20 or byte >= 0x7F for byte in name_bytes):
            raise HttpError(f"header: expected 'name: value', got {line[:40]!r}")
        if b"\n" in value_bytes or b"\r" in value_bytes or b"\0" in value_bytes:
            raise HttpError(f"header {name_bytes[:40]!r}: control characters in its value")
        name, value = name_bytes.decode("ascii").lower(), value_bytes.strip(b" \t").decode("latin-1")
        if name in ("content-length", "transfer-encoding") and headers.get(name, value) != value:
            raise HttpError(f"two different {name} headers")
        if name in headers and name not in ("content-length", "transfer-encoding"):
            value = f"{headers[name]}, {value}"
        headers[name] = value
    return headers


def _parse_length(text: str, body_bytes_max: int) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 12:
        raise HttpError(f"content-length: expected digits, got {text[:40]!r}")
    if int(text) > body_bytes_max:
        raise HttpError(f"content-length {text}: body larger than {body_bytes_max} bytes")
    return int(text)
