"""The REST face: routes a request, counts it, checks who sent it, and writes the envelope.

(MEXC Futures reference: hosts and envelope.) Refusals have HTTP status 200.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, unquote

from mm.simulator.mexc_futures.auth import Key
from mm.simulator.mexc_futures.errors import Refused
from mm.simulator.mexc_futures.numbers import MS_NS, text
from mm.simulator.mexc_futures.rates import Limits
from mm.simulator.mexc_futures.rest_private import READ_POSTS, RestPrivate
from mm.simulator.mexc_futures.rest_public import RestPublic

PUBLIC_PREFIX: Final = "/api/v1/contract/"
PRIVATE_PREFIX: Final = "/api/v1/private/"
WITH_PARTS: Final = (
    "depth_commits",
    "depth",
    "index_price",
    "fair_price",
    "kline/index_price",
    "kline/fair_price",
    "kline",
    "deals",
    "funding_rate",
    "order/get",
    "order/external",
    "order/deal_details",
    "order/list/open_orders",
    "account/asset",
)
"""Paths that go on with parameters; more of a path comes before less of it."""
WHOLE: Final = frozenset({"funding_rate/history"})
ALSO_BARE: Final = frozenset({"funding_rate", "order/list/open_orders"})
"""Those that mean something without their parameter."""
NOTHING: Final = object()
"""A success without `data`."""


class Answer(NamedTuple):
    """Status and JSON text."""

    status: int
    text: str


def route(method: str, path: str) -> tuple[str, list[str]]:
    """What limits and hooks know a request by (`GET depth`, `POST order/create`), and the parameters in its path."""
    tail = path.removeprefix(PUBLIC_PREFIX).removeprefix(PRIVATE_PREFIX)
    if tail not in WHOLE:
        for known in WITH_PARTS:
            if tail.startswith(f"{known}/"):
                return f"{method} {known}", [unquote(part) for part in tail[len(known) + 1 :].split("/")]
        if tail in WITH_PARTS and tail not in ALSO_BARE:
            return f"{method} {tail}", [""]
    return f"{method} {tail}", []


def failure(refusal: Refused) -> Answer:
    """The answer to a request that was not carried out."""
    return Answer(refusal.status, text({"success": False, "code": refusal.code, "message": refusal.text}))


class Rest:
    """Answers requests; see `mexc_futures.venue` for the time and the faults around it."""

    def __init__(
        self, public: RestPublic, private: RestPrivate, key: Key, limits: Limits, skew_ns: Callable[[], int]
    ) -> None:
        self._public, self._private, self._key, self._limits, self._skew_ns = public, private, key, limits, skew_ns

    def handle(
        self, now_ns: int, received_ns: int, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> Answer:
        """The answer to a request; received_ns is when it came, by which its time is judged."""
        try:
            data = self._result(now_ns, received_ns, method, target, headers, body)
        except Refused as refusal:
            return failure(refusal)
        envelope: dict[str, Any] = {"success": True, "code": 0}
        if data is not NOTHING and data is not None:
            envelope["data"] = data
        return Answer(200, text(envelope))

    def _result(
        self, now_ns: int, received_ns: int, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> Any:
        path, _, query = target.partition("?")
        name, parts = route(method, path)
        is_private = path.startswith(PRIVATE_PREFIX)
        if is_private:
            handler = self._private.handlers.get(name)
        else:
            public = self._public.handlers.get(name) if path.startswith(PUBLIC_PREFIX) else None
        if (handler if is_private else public) is None:
            raise Refused(404, "Not Found", 404)
        self._limits.admit(now_ns, name)
        fields = dict(parse_qsl(query, keep_blank_values=True))
        if not is_private:
            assert public is not None
            return public(now_ns, parts, fields)
        self._key.check((received_ns + self._skew_ns()) // MS_NS, method, headers, query, body)
        self._key.need(name.partition(" ")[2], writes=method == "POST" and name not in READ_POSTS)
        given: Any = fields
        if method == "POST":
            try:
                # Numbers as they are written.
                given = json.loads(body, parse_float=str, parse_int=str) if body else {}
            except (ValueError, RecursionError):
                raise Refused(601, "Body cannot be decoded") from None
        assert handler is not None
        return handler(now_ns, self._key.account, parts, given)
