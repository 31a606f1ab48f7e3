"""The messages of the socket: subscribe, login, filter, ping (MEXC Futures reference: WebSocket).

Acknowledgements name no symbol, and unknown methods get no answer at all.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from mm.simulator.mexc_futures.feeds import CHANNELS
from mm.simulator.mexc_futures.numbers import MS_NS, text

LOGIN, FILTER, PING = "login", "personal.filter", "ping"
FILTERS: Final = frozenset(
    {
        "order",
        "order.deal",
        "position",
        "plan.order",
        "stop.order",
        "stop.planorder",
        "risk.limit",
        "adl.level",
        "asset",
        "liquidate.risk",
    }
)


@dataclass(slots=True)
class Message:
    """One message of a client. subscribe: of a login, whether everything is to be pushed at once."""

    method: str
    parameters: dict[str, Any]
    subscribe: bool = True

    @property
    def channel(self) -> str:
        """Of a subscription."""
        return self.method.partition(".")[2]


def read(payload: bytes) -> Message | None:
    """The message of a text; None for what is none, or of no known method."""
    try:
        value = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or not isinstance(value.get("method"), str):
        return None
    method, parameters = value["method"], value.get("param", {})
    kind, _, channel = method.partition(".")
    is_known = method in (LOGIN, FILTER, PING) or (kind in ("sub", "unsub") and channel in CHANNELS)
    if not is_known or not isinstance(parameters, dict):
        return None
    return Message(method, parameters, value.get("subscribe") is not False)


def rules(parameters: dict[str, Any]) -> dict[str, frozenset[str]] | None:
    """The filters of a request: channel to symbols; None for an empty list, which means everything.

    Raises:
        ValueError: one that there is not.
    """
    filters = parameters.get("filters", [])
    if not isinstance(filters, list):
        raise ValueError("Parameter error! [filters]")
    found: dict[str, frozenset[str]] = {}
    for item in filters:
        name = item.get("filter") if isinstance(item, dict) else None
        if name not in FILTERS:
            raise ValueError(f"Parameter error! [filter {name}]")
        symbols = item.get("rules", [])
        found[name] = frozenset(str(symbol) for symbol in symbols) if isinstance(symbols, list) else frozenset()
    return found or None


def success(now_ns: int, method: str) -> str:
    """`{"channel":"rs.sub.depth","data":"success","ts":...}`; times of private answers are quoted."""
    time_ms: int | str = now_ns // MS_NS
    return text(
        {"channel": f"rs.{method}", "data": "success", "ts": str(time_ms) if method in (LOGIN, FILTER) else time_ms}
    )


def error(now_ns: int, words: str) -> str:
    """`{"channel":"rs.error","data":"Contract [NOPE_USDT] not exists","ts":...}`."""
    return text({"channel": "rs.error", "data": words, "ts": now_ns // MS_NS})


def pong(now_ns: int) -> str:
    """The answer to a ping."""
    return text({"channel": "pong", "data": now_ns // MS_NS, "ts": now_ns // MS_NS})
