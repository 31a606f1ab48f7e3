"""The operator's pages of a simulator, `/sim/...`: its ledger, its statistics, its hooks, its market mode.

    GET  /sim/hello        who is here: pid, start, version
    GET  /sim/ledger       orders, open orders, balances, fills of every account, as exact decimal texts
    GET  /sim/stats        counters, and how often each hook has fired
    POST /sim/hooks        a JSON list of hooks that replaces the present ones (see `mm.simulator.hooks`)
    POST /sim/status       {"mode": "post_only", "symbol": "BTC/USD"}; without a symbol the whole venue
    POST /sim/disconnect   {"target": "all" | "public" | "private", "code": 1001}; code 0 drops without a close frame
    POST /sim/tokens       forget every WebSocket token or listen key
    POST /sim/act          a hook by the clock that is carried out now: {"action": "mode", "mode": "post_only"}, or, of
                           a market that is generated, {"action": "peg", "bps": -120, "duration_s": 20}
    POST /sim/stop         end the process

Every venue of a process has its own pages, at its own address; `stop` of any ends them all. Only loopback is listened
on, and a browser's cross-site request (one with an Origin) is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import orjson

from mm.simulator.hooks import CLOSE_CODES, HookError
from mm.simulator.http_request import HttpRequest
from mm.simulator.kinds import ACCOUNT, Operated
from mm.simulator.ledger_report import ledger_report

TARGETS: Final = ("all", "public", "private")

Page = Callable[[int, Any], Any]


class ControlError(ValueError):
    """A control request that cannot be carried out; says what was expected."""


class Control:
    """Answers the control pages of one venue."""

    def __init__(
        self,
        venue: Operated,
        hello: dict[str, Any],
        stop: Callable[[], None],
        statistics: Callable[[], dict[str, Any]],
    ) -> None:
        self._venue, self._hello, self._stop, self._statistics = venue, hello, stop, statistics
        self._reads: dict[str, Page] = {"hello": self._say_hello, "ledger": self._ledger, "stats": self._stats}
        self._writes: dict[str, Page] = {
            "hooks": self._hooks,
            "status": self._status,
            "disconnect": self._disconnect,
            "tokens": self._tokens,
            "act": self._act,
            "stop": self._end,
        }

    def handle(self, now_ns: int, request: HttpRequest) -> tuple[int, bytes]:
        """HTTP status and JSON body for a request."""
        name = request.target.partition("?")[0].removeprefix("/sim/")
        if "origin" in request.headers:
            return 403, _error("requests of web pages are not answered")
        page = (self._reads if request.method == "GET" else self._writes).get(name)
        if page is None or request.method not in ("GET", "POST"):
            known = ", ".join([f"GET {n}" for n in self._reads] + [f"POST {n}" for n in self._writes])
            return 404, _error(f"no {request.method} page {name!r}; there are {known}")
        try:
            value = orjson.loads(request.body) if request.body else None
            return 200, orjson.dumps(page(now_ns, value))
        except (orjson.JSONDecodeError, ControlError, HookError, ValueError) as error:
            return 400, _error(str(error))

    def _say_hello(self, now_ns: int, value: Any) -> Any:
        del now_ns, value
        return self._hello

    def _ledger(self, now_ns: int, value: Any) -> Any:
        del value
        self._venue.advance(now_ns)
        return ledger_report(self._venue.exchange, ACCOUNT)

    def _stats(self, now_ns: int, value: Any) -> Any:
        del value
        self._venue.advance(now_ns)
        return {**self._statistics(), **self._venue.statistics()}

    def _hooks(self, now_ns: int, value: Any) -> Any:
        del now_ns
        self._venue.hooks.load(value)
        return self._venue.hooks.report()

    def _status(self, now_ns: int, value: Any) -> Any:
        fields = _fields(value, {"mode", "symbol"})
        self._venue.set_mode(now_ns, str(fields.get("mode", "online")), symbol=str(fields.get("symbol", "")))
        return {"mode": self._venue.system}

    def _disconnect(self, now_ns: int, value: Any) -> Any:
        fields = _fields(value, {"target", "code"})
        target, code = fields.get("target", "all"), fields.get("code", 0)
        if target not in TARGETS or code not in CLOSE_CODES:
            raise ControlError(f"target must be one of {TARGETS} and code one of {CLOSE_CODES}")
        return {"disconnected": self._venue.disconnect(now_ns, target=target, code=code, reason="operator")}

    def _tokens(self, now_ns: int, value: Any) -> Any:
        del now_ns, value
        self._venue.invalidate_tokens()
        return {}

    def _act(self, now_ns: int, value: Any) -> Any:
        self._venue.act(now_ns, value)
        return {}

    def _end(self, now_ns: int, value: Any) -> Any:
        del now_ns, value
        self._stop()
        return {}


def _fields(value: Any, known: set[str]) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not set(value) <= known:
        raise ControlError(f"expected a JSON object with some of {', '.join(sorted(known))}")
    return value


def _error(text: str) -> bytes:
    return orjson.dumps({"error": text})
