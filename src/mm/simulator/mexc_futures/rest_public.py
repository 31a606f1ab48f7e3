"""Public REST: `/api/v1/contract` (MEXC Futures reference: public REST)."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any, Final

from mm.simulator.mexc_futures.errors import parameter, unknown_contract
from mm.simulator.mexc_futures.feeds import CANDLE_MINUTES, Feeds, deal_row, shown_level
from mm.simulator.mexc_futures.numbers import MS_NS, number, turnover
from mm.simulator.mexc_futures.prices import Prices
from mm.simulator.mexc_futures.rows import ticker_row
from mm.simulator.mexc_futures.terms import Contract
from mm.simulator.orders import BUY

DEPTH_USUAL: Final = 1_500
COMMITS_MAX: Final = 1_000
DEALS_MAX: Final = 100
PAGE_USUAL, PAGE_MAX = 20, 1_000
LAG_CHANCE: Final = 0.25
LAG_MS_MAX: Final = 400
"""The REST book trails the socket now and then, and can go backwards between calls."""

Fields = Mapping[str, str]
Handler = Callable[[int, list[str], Fields], Any]


class RestPublic:
    """Market data; `skew_ns` and `lag_ns` ask the venue for its fault hooks; trails: the book trails by itself."""

    def __init__(
        self,
        feeds: Feeds,
        prices: Callable[[], Prices],
        chance: random.Random,
        skew_ns: Callable[[], int],
        lag_ns: Callable[[], int],
        *,
        trails: bool,
    ) -> None:
        self._feeds, self._prices, self._random = feeds, prices, chance
        self._skew_ns, self._lag_ns, self._trails = skew_ns, lag_ns, trails
        self.handlers: dict[str, Handler] = {
            "GET ping": lambda now_ns, parts, fields: (now_ns + self._skew_ns()) // MS_NS,
            "GET detail": self._detail,
            "GET detail/country": self._detail,
            "GET support_currencies": lambda now_ns, parts, fields: ["USDT", "BTC"],
            "GET depth": self._depth,
            "GET depth_commits": self._commits,
            "GET index_price": lambda now_ns, parts, fields: self._price(now_ns, parts, "indexPrice"),
            "GET fair_price": lambda now_ns, parts, fields: self._price(now_ns, parts, "fairPrice"),
            "GET funding_rate": self._funding_rate,
            "GET funding_rate/history": self._funding_history,
            "GET kline": self._kline,
            "GET kline/index_price": self._kline,
            "GET kline/fair_price": self._kline,
            "GET deals": self._deals,
            "GET ticker": self._ticker,
        }

    def _contract(self, name: str) -> Contract:
        contract = self._feeds.listing.listed().get(name)
        if contract is None:
            raise unknown_contract()
        return contract

    def _each(self, fields: Fields, row: Callable[[Contract], Any]) -> Any:
        """One object with a symbol, a list without one."""
        if fields.get("symbol"):
            return row(self._contract(fields["symbol"]))
        return [row(contract) for contract in self._feeds.listing.listed().values()]

    def _detail(self, now_ns: int, parts: list[str], fields: Fields) -> Any:
        del now_ns, parts
        return self._each(fields, lambda contract: contract.detail())

    def _depth(self, now_ns: int, parts: list[str], fields: Fields) -> Any:
        contract = self._contract(parts[0])
        limit = max(1, min(DEPTH_USUAL, whole(fields, "limit", DEPTH_USUAL)))
        book = self._feeds.books[contract.traded.symbol]
        lag_ns = self._lag_ns()
        if not lag_ns and self._trails and self._random.random() < LAG_CHANCE:
            lag_ns = self._random.randrange(1, LAG_MS_MAX) * MS_NS
        if lag_ns:
            version, bids, asks = book.as_of(now_ns - lag_ns, limit)
        else:
            version, (bids, asks) = book.version, book.best(limit)
        halves = [[shown_level(contract, price, size) for price, size in half] for half in (asks, bids)]
        stamp = (now_ns + self._skew_ns()) // MS_NS
        return {"asks": halves[0], "bids": halves[1], "version": version, "timestamp": stamp, "cts": None}

    def _commits(self, now_ns: int, parts: list[str], fields: Fields) -> Any:
        """The newest first, whatever the documentation says."""
        del now_ns, fields
        contract = self._contract(parts[0])
        if len(parts) != 2 or not parts[1].isdecimal():
            raise parameter("limit")
        count = max(1, min(COMMITS_MAX, int(parts[1])))
        rows = []
        for version, side, price, size in list(self._feeds.commits[contract.traded.symbol])[-count:][::-1]:
            shown = [shown_level(contract, price, size)]
            rows.append(
                {"asks": [] if side == BUY else shown, "bids": shown if side == BUY else [], "version": version}
            )
        return rows

    def _price(self, now_ns: int, parts: list[str], name: str) -> Any:
        contract = self._contract(parts[0])
        quotation = self._prices().by_symbol[contract.traded.symbol]
        price = quotation.index if name == "indexPrice" else quotation.fair
        return {"symbol": contract.name, name: contract.price(price), "timestamp": now_ns // MS_NS}

    def _funding_rate(self, now_ns: int, parts: list[str], fields: Fields) -> Any:
        name = {"symbol": parts[0]} if parts else fields
        return self._each(name, lambda contract: self._feeds.funding(now_ns, contract))

    def _funding_history(self, now_ns: int, parts: list[str], fields: Fields) -> Any:
        del now_ns, parts
        contract = self._contract(fields.get("symbol", ""))
        history = self._prices().by_symbol[contract.traded.symbol].history
        rows = [
            {
                "symbol": contract.name,
                "fundingRate": number(rate, 8),
                "settleTime": settle_ns // MS_NS,
                "collectCycle": hours,
            }
            for settle_ns, rate, hours in history
        ]
        return page(fields, rows)

    def _kline(self, now_ns: int, parts: list[str], fields: Fields) -> Any:
        contract = self._contract(parts[0])
        minutes = CANDLE_MINUTES.get(fields.get("interval", "Min1"))
        if minutes is None:
            raise parameter("interval")
        candles = self._feeds.records[contract.traded.symbol].candles(now_ns, minutes)
        start, end = whole(fields, "start", 0), whole(fields, "end", now_ns // 1_000_000_000)
        candles = [candle for candle in candles if start <= candle.minute * 60 <= end]
        traded = contract.traded
        columns: dict[str, list[Any]] = {
            "time": [candle.minute * 60 for candle in candles],
            "open": [contract.price(candle.open) for candle in candles],
            "close": [contract.price(candle.close) for candle in candles],
            "high": [contract.price(candle.high) for candle in candles],
            "low": [contract.price(candle.low) for candle in candles],
            "vol": [contract.vol(candle.volume) for candle in candles],
            "amount": [turnover(candle.cost, traded.price_precision + traded.size_precision) for candle in candles],
        }
        for name in ("Open", "Close", "High", "Low"):
            columns[f"real{name}"] = columns[name.lower()]
        return columns

    def _deals(self, now_ns: int, parts: list[str], fields: Fields) -> Any:
        del now_ns
        contract = self._contract(parts[0])
        limit = max(1, min(DEALS_MAX, whole(fields, "limit", DEALS_MAX)))
        recent = list(self._feeds.records[contract.traded.symbol].trades)[-limit:]
        return [deal_row(contract, deal) for deal in reversed(recent)]

    def _ticker(self, now_ns: int, parts: list[str], fields: Fields) -> Any:
        del parts

        def row(contract: Contract) -> Any:
            symbol = contract.traded.symbol
            quotation = self._prices().by_symbol[symbol]
            return ticker_row(now_ns, contract, self._feeds.books[symbol], self._feeds.records[symbol], quotation)

        return self._each(fields, row)


def whole(fields: Fields, name: str, usual: int) -> int:
    """A whole number of a query.

    Raises:
        Refused: it is none.
    """
    text = fields.get(name, "")
    if not text:
        return usual
    if not text.isdecimal() or len(text) > 18:
        raise parameter(name)
    return int(text)


def cut(fields: Fields, rows: list[Any]) -> list[Any]:
    """The rows of the page that is asked for."""
    size = max(1, min(PAGE_MAX, whole(fields, "page_size", PAGE_USUAL)))
    first = (max(1, whole(fields, "page_num", 1)) - 1) * size
    return rows[first : first + size]


def page(fields: Fields, rows: list[Any]) -> dict[str, Any]:
    """A page object."""
    size = max(1, min(PAGE_MAX, whole(fields, "page_size", PAGE_USUAL)))
    return {
        "pageSize": size,
        "totalCount": len(rows),
        "totalPage": -(-len(rows) // size),
        "currentPage": max(1, whole(fields, "page_num", 1)),
        "resultList": cut(fields, rows),
    }
