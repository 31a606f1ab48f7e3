"""What is said on a socket, byte for byte. Names are the venue's. (MEXC Futures reference: WebSocket.)"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import orjson

from mm.exchanges.mexc_futures.names import venue_name

PING: Final = b'{"method":"ping"}'
DEPTH: Final = "depth"
CONTRACT: Final = "contract"
CHANNELS: Final = (DEPTH, "deal", "ticker", "funding.rate")
MERGEABLE: Final = frozenset({DEPTH, "deal"})


def subscribe(channel: str, symbol: str, *, merged: bool = False) -> bytes:
    """Ask for a channel of a symbol. merged: changes of about 200 ms in one push; else each by itself."""
    parameters: dict[str, object] = {"symbol": venue_name(symbol)}
    if channel in MERGEABLE and not merged:
        parameters["compress"] = False
    return orjson.dumps({"method": f"sub.{channel}", "param": parameters})


def unsubscribe(channel: str, symbol: str) -> bytes:
    """Leave a channel of a symbol."""
    return orjson.dumps({"method": f"unsub.{channel}", "param": {"symbol": venue_name(symbol)}})


def subscribe_contracts() -> bytes:
    """Ask for changes of definitions."""
    return b'{"method":"sub.contract","param":{}}'


def personal_filter(symbols: Sequence[str]) -> bytes:
    """Say which personal channels are wanted; it replaces what was said before. symbols: whose positions; orders, deals
    and assets of all, since foreign orders are counted."""
    names = [venue_name(symbol) for symbol in symbols]
    filters: list[dict[str, object]] = [{"filter": "order"}, {"filter": "order.deal"}]
    filters.append({"filter": "position", "rules": names} if names else {"filter": "position"})
    filters += [{"filter": "asset"}, {"filter": "adl.level"}, {"filter": "risk.limit"}, {"filter": "liquidate.risk"}]
    return orjson.dumps({"method": "personal.filter", "param": {"filters": filters}})
