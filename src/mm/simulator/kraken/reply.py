"""A WebSocket request as parsed, and the texts that answer it."""

from __future__ import annotations

from typing import Any

from mm.simulator.kraken.errors import Malformed
from mm.simulator.kraken.texts import Number, parse_json, quoted, rfc3339


class Reply:
    """The texts that answer one request."""

    __slots__ = ("_skew_ns", "method", "request_id", "texts", "time_in")

    def __init__(self, method: str, request_id: str, time_in_ns: int, skew_ns: int = 0) -> None:
        self.method = method
        """What hooks know the reply by."""
        self.request_id = f'"req_id":{request_id},' if request_id else ""
        self._skew_ns = skew_ns
        self.time_in = rfc3339(time_in_ns + skew_ns)
        self.texts: list[str] = []

    def success(self, now_ns: int, result: str) -> None:
        """Answer with a result (JSON text)."""
        self.texts.append(
            f'{{"method":{quoted(self.method)},{self.request_id}"result":{result},"success":true,'
            f'"time_in":"{self.time_in}","time_out":"{rfc3339(now_ns + self._skew_ns)}"}}'
        )

    def pong(self, now_ns: int) -> None:
        """Answer a ping: without `success`."""
        self.texts.append(
            f'{{"method":"pong",{self.request_id}"time_in":"{self.time_in}",'
            f'"time_out":"{rfc3339(now_ns + self._skew_ns)}"}}'
        )

    def plain(self, now_ns: int, members: str) -> None:
        """Answer with members beside `success` instead of a result."""
        self.texts.append(
            f'{{"method":{quoted(self.method)},{members}{self.request_id}"success":true,'
            f'"time_in":"{self.time_in}","time_out":"{rfc3339(now_ns + self._skew_ns)}"}}'
        )

    def failure(self, now_ns: int, text: str, symbol: str = "") -> None:
        """Answer with an error; nothing but the request id says what it was about, sometimes a symbol."""
        member = f'"symbol":{quoted(symbol)},' if symbol else ""
        self.texts.append(
            f'{{"error":{quoted(text)},"method":{quoted(self.method)},{self.request_id}"success":false,{member}'
            f'"time_in":"{self.time_in}","time_out":"{rfc3339(now_ns + self._skew_ns)}"}}'
        )


class Request:
    """A parsed request: method, params, and its id as text ("" for none)."""

    __slots__ = ("id", "method", "params")

    def __init__(self, payload: bytes) -> None:
        value = parse_json(payload)
        if not isinstance(value, dict) or type(value.get("method")) is not str:
            raise Malformed("Malformed request")
        identity, params = value.get("req_id"), value.get("params", {})
        if identity is not None and (not isinstance(identity, Number) or not identity.lstrip("-").isdigit()):
            raise Malformed("Malformed request")
        self.method: str = value["method"]
        self.id: str = identity or ""
        if not isinstance(params, dict):
            raise Malformed("Malformed request")
        self.params: dict[str, Any] = params
