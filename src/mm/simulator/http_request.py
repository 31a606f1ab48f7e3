"""HTTP/1.1 requests out of bytes, strictly: what a server on loopback needs, and refusals for everything else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

HEAD_BYTES_MAX: Final = 16 * 1024
BODY_BYTES_MAX: Final = 1024 * 1024
"""A batch of 15 orders is about 5 kB."""

_REQUEST_LINE = re.compile(rb"([A-Z]{3,8}) (/[\x21-\x7e]*) HTTP/1\.([01])")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n]*?)[ \t]*")


class BadRequest(ValueError):
    """Bytes that are not a request; `status` is the HTTP status to answer with before closing."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A whole request; header names are lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    keep_alive: bool
    size: int
    """Bytes that it took."""

    @property
    def upgrades(self) -> bool:
        return self.headers.get("upgrade", "").lower() == "websocket"


def parse_request(data: bytes | bytearray) -> HttpRequest | None:
    """The first request in the bytes, None while it has not fully arrived.

    Raises:
        BadRequest: it can never become a request, or is too large.
    """
    end = data.find(b"\r\n\r\n", 0, HEAD_BYTES_MAX + 4)
    if end < 0:
        if len(data) > HEAD_BYTES_MAX:
            raise BadRequest(431, f"request head is over {HEAD_BYTES_MAX} bytes")
        return None
    first, *lines = bytes(data[:end]).split(b"\r\n")
    match = _REQUEST_LINE.fullmatch(first)
    if match is None:
        raise BadRequest(400, "request line is not METHOD /target HTTP/1.1")
    headers: dict[str, str] = {}
    for line in lines:
        header = _HEADER.fullmatch(line)
        if header is None:
            raise BadRequest(400, "malformed header line")
        headers[header[1].decode().lower()] = header[2].decode("latin-1")
    if "transfer-encoding" in headers:
        raise BadRequest(501, "transfer-encoding is not supported, send content-length")
    length_text = headers.get("content-length", "0")
    if not re.fullmatch(r"\d{1,9}", length_text):
        raise BadRequest(400, "content-length is not a number")
    length = int(length_text)
    if length > BODY_BYTES_MAX:
        raise BadRequest(413, f"request body is over {BODY_BYTES_MAX} bytes")
    size = end + 4 + length
    if len(data) < size:
        return None
    connection = headers.get("connection", "").lower()
    keep_alive = "close" not in connection if match[3] == b"1" else "keep-alive" in connection
    return HttpRequest(match[1].decode(), match[2].decode(), headers, bytes(data[end + 4 : size]), keep_alive, size)


REASONS: Final = {
    200: "OK",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    418: "I'm a teapot",
    413: "Payload Too Large",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    501: "Not Implemented",
    503: "Service Unavailable",
}


def response(
    status: int, content_type: str, body: bytes, *, keep_alive: bool, headers: tuple[tuple[str, str], ...] = ()
) -> bytes:
    """The bytes of a response."""
    reason = REASONS.get(status, "Status")
    connection = "keep-alive" if keep_alive else "close"
    more = "".join(f"{name}: {value}\r\n" for name, value in headers)
    head = (
        f"HTTP/1.1 {status} {reason}\r\ncontent-type: {content_type}\r\ncontent-length: {len(body)}\r\n"
        f"connection: {connection}\r\n{more}\r\n"
    )
    return head.encode() + body
