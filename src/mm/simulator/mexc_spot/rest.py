"""The REST face: routes a request below `/api/v3`, counts it, checks who sent it, and writes the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import orjson

from mm.simulator.hook_refusal import numbered
from mm.simulator.mexc_spot.auth import Key, parse
from mm.simulator.mexc_spot.codes import STATUSES, TEXTS, UNAVAILABLE
from mm.simulator.mexc_spot.errors import Refused
from mm.simulator.mexc_spot.rates import Limits
from mm.simulator.mexc_spot.rest_private import TRADING, RestPrivate
from mm.simulator.mexc_spot.rest_public import RestPublic

PREFIX: Final = "/api/v3/"
CONTRACTS: Final = ("GET", "/api/v1/contract/detail")
"""The futures API is on the same host. There are no contracts here, and clients that ask for both venues at once
are told so."""
MS_NS: Final = 1_000_000
CONTENT_TYPE: Final = "application/json"


class Answer(NamedTuple):
    """Status, JSON text and further headers."""

    status: int
    text: str
    headers: tuple[tuple[str, str], ...] = ()


def endpoint(method: str, path: str) -> str:
    """`GET depth`: what limits and fault hooks know a request by."""
    return f"{method} {path.removeprefix(PREFIX)}"


def failure(refusal: Refused) -> Answer:
    """The answer to a request that was not carried out."""
    headers = (("retry-after", str(refusal.retry_after_s)),) if refusal.retry_after_s else ()
    return Answer(refusal.status, _text({"code": refusal.code, "msg": refusal.text, "_extend": None}), headers)


def hook_refusal(text: str) -> Refused:
    """The refusal of a fault hook: `30016` in the venue's words, or `30016:any text`; "" is an outage.

    Raises:
        HookError: it is neither.
    """
    code, words = numbered(text, TEXTS, UNAVAILABLE)
    return Refused(code, words, STATUSES.get(code, 400))


class Rest:
    """Answers requests; see `mexc_spot.venue` for the time and the faults around it."""

    def __init__(
        self, public: RestPublic, private: RestPrivate, key: Key, limits: Limits, skew_ns: Callable[[], int]
    ) -> None:
        self._public, self._private, self._key, self._limits, self._skew_ns = public, private, key, limits, skew_ns

    def handle(
        self, now_ns: int, received_ns: int, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> Answer:
        """The answer to a request; received_ns is when it came, by which its time is judged."""
        try:
            return Answer(200, _text(self._result(now_ns, received_ns, method, target, headers, body)))
        except Refused as refusal:
            return failure(refusal)

    def _result(
        self, now_ns: int, received_ns: int, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> Any:
        path, _, query_text = target.partition("?")
        name = endpoint(method, path)
        if (method, path) == CONTRACTS:
            return {"success": True, "code": 0, "data": []}
        public, private = self._public.handlers.get(name), self._private.handlers.get(name)
        if not path.startswith(PREFIX) or (public is None and private is None):
            raise Refused(404, "Not Found", 404)
        self._limits.admit(now_ns, name)
        query = query_text.encode("latin-1")
        fields = parse(query, body)
        if public is not None:
            return public(now_ns, fields)
        assert private is not None
        if method != "GET" and headers.get("content-type", "").partition(";")[0].strip().lower() != CONTENT_TYPE:
            raise Refused(700013, "Invalid content Type.")
        self._key.check((received_ns + self._skew_ns()) // MS_NS, headers, query, body, fields)
        if name in TRADING and not self._key.may_trade:
            raise Refused(700007, "No permission to access the endpoint.")
        return private(now_ns, self._key.account, fields)


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()
