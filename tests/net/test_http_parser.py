"""The HTTP response parser: framing is exact, ambiguity is an error, any split of the bytes gives the same result."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mm.net.http_parser import HttpError, HttpResponse, ResponseParser

LENGTH = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{"error":[]}'
CHUNKED = (
    b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6;x=1\r\n{"erro\r\n6\r\nr":[]}\r\n0\r\nTrailer: a\r\n\r\n'
)


def parse(data: bytes, body_bytes_max: int = 1 << 20) -> HttpResponse | None:
    return ResponseParser(body_bytes_max).feed(data)


@pytest.mark.parametrize("data", [LENGTH, CHUNKED])
def test_length_and_chunks_give_the_same_body(data: bytes) -> None:
    response = parse(data)
    assert response is not None
    assert (response.status, response.body, response.keep_alive) == (200, b'{"error":[]}', True)


@given(st.sampled_from([LENGTH, CHUNKED]), st.lists(st.integers(0, 130), max_size=8))
def test_any_split_of_the_bytes_gives_the_same_response(data: bytes, cuts: list[int]) -> None:
    parser = ResponseParser()
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    responses = [parser.feed(data[start:end]) for start, end in pairwise(edges)]
    assert next(response for response in responses if response is not None) == parse(data)


def test_body_without_length_ends_with_the_connection() -> None:
    parser = ResponseParser()
    assert parser.feed(b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\n\r\n<html>") is None
    response = parser.end()
    assert (response.status, response.body, response.keep_alive) == (502, b"<html>", False)


def test_end_inside_a_counted_body_is_an_error() -> None:
    parser = ResponseParser()
    parser.feed(LENGTH[:-1])
    with pytest.raises(HttpError, match="closed inside the response"):
        parser.end()


def test_interim_responses_are_skipped() -> None:
    response = parse(b"HTTP/1.1 100 Continue\r\n\r\n" + LENGTH)
    assert response is not None
    assert response.status == 200


def test_bytes_behind_the_response_are_told() -> None:
    parser = ResponseParser()
    assert parser.feed(LENGTH + b"HTTP/1.1 200") is not None
    assert parser.excess == 12


@pytest.mark.parametrize(
    ("head", "keep_alive"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
        (b"HTTP/1.1 204 No Content\r\nConnection: Close\r\n\r\n", False),
        (b"HTTP/1.0 204 No Content\r\n\r\n", False),
        (b"HTTP/1.0 204\r\nConnection: keep-alive\r\n\r\n", True),
    ],
)
def test_keep_alive_follows_version_and_header(head: bytes, keep_alive: bool) -> None:
    response = parse(head)
    assert response is not None
    assert response.keep_alive is keep_alive


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"SSH-2.0-OpenSSH", "status line"),
        (b"HTTP/2 200 OK\r\n\r\n", "status line"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "three digits"),
        (b"HTTP/1.1 099 OK\r\n\r\n", "three digits"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "both"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "two different"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "content-length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", "larger than"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "expected chunked"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\n", "not asked for"),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n", "header"),
        (b"HTTP/1.1 200 OK\r\nA: b\nB: c\r\n\r\n", "control"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "chunk size"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n", "larger than"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", "line end"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 300, "line longer"),
        (b"HTTP/1.1 200 OK\r\nA: " + b"b" * 40_000, "head larger"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "interim"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 9, "interim"),
    ],
)
def test_hostile_replies_are_errors_with_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(HttpError, match=reason):
        parse(data)


@given(st.binary(max_size=300), st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", CHUNKED[:50], LENGTH[:60]]))
@example(b"\r\n\r\n", b"")
def test_random_bytes_never_raise_anything_but_http_error(data: bytes, head: bytes) -> None:
    parser = ResponseParser(body_bytes_max=1000)
    try:
        parser.feed(head + data)
        parser.end()
    except HttpError:
        pass
