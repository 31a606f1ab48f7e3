"""HTTP requests out of bytes: whole, in pieces, and refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm.simulator.http_request import BODY_BYTES_MAX, HEAD_BYTES_MAX, BadRequest, parse_request, response

POST = (
    b"POST /0/private/Balance HTTP/1.1\r\nHost: x\r\nAPI-Key: k\r\nContent-Type: application/json\r\n"
    b'Content-Length: 11\r\n\r\n{"nonce":1}'
)


def test_a_request_with_a_body() -> None:
    request = parse_request(POST + b"GET")
    assert request is not None
    assert (request.method, request.target, request.body) == ("POST", "/0/private/Balance", b'{"nonce":1}')
    assert request.headers["api-key"] == "k"
    assert (request.keep_alive, request.upgrades, request.size) == (True, False, len(POST))


@pytest.mark.parametrize("cut", range(0, len(POST), 7))
def test_a_request_in_pieces_is_waited_for(cut: int) -> None:
    assert parse_request(POST[:cut]) is None


@pytest.mark.parametrize(
    ("line", "keep_alive"),
    [
        (b"HTTP/1.1\r\n", True),
        (b"HTTP/1.1\r\nConnection: close\r\n", False),
        (b"HTTP/1.0\r\n", False),
        (b"HTTP/1.0\r\nConnection: keep-alive\r\n", True),
    ],
)
def test_keep_alive(line: bytes, keep_alive: bool) -> None:
    request = parse_request(b"GET / " + line + b"\r\n")
    assert request is not None
    assert request.keep_alive is keep_alive


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET http://elsewhere/ HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon here\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: ten\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (BODY_BYTES_MAX + 1), 413),
        (b"x" * (HEAD_BYTES_MAX + 1), 431),
    ],
)
def test_what_is_no_request_is_refused_with_a_status(data: bytes, status: int) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_request(data)
    assert caught.value.status == status


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    for text in (data, b"GET / HTTP/1.1\r\n" + data + b"\r\n\r\n"):
        status = 400
        try:
            parse_request(text)
        except BadRequest as error:
            status = error.status
        assert status in (400, 413, 431, 501)


def test_response_bytes() -> None:
    assert response(200, "application/json", b"{}", keep_alive=True) == (
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\n{}"
    )
