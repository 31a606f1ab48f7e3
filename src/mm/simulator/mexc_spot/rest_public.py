"""Public REST: `/api/v3` without a key (MEXC Spot reference: public REST)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from mm.simulator.decimals import fixed
from mm.simulator.hooks import SECOND_NS
from mm.simulator.mexc_spot.errors import malformed, missing, unknown_symbol
from mm.simulator.mexc_spot.feeds import Feeds
from mm.simulator.mexc_spot.rows import average_text, money_text, padded_size, price_text, rate_text, size_text
from mm.simulator.mexc_spot.terms import Terms
from mm.simulator.orders import BUY
from mm.simulator.tape_record import Candle

MS_NS: Final = 1_000_000
STATUSES: Final = {"maintenance": "2", "cancel_only": "2", "delisted": "3"}
DEPTH_MAX: Final = 5_000
TRADES_MAX: Final = 1_000
INTERVAL_MINUTES: Final = {
    "1m": 1,
    "5m": 5,
    "15m": 15,
    "30m": 30,
    "60m": 60,
    "4h": 240,
    "1d": 1440,
    "1W": 10_080,
    "1M": 43_200,
}

Fields = Mapping[str, str]
Handler = Callable[[int, Fields], Any]


class RestPublic:
    """Market data; `skew_ns` and `lag_ns` ask the venue for its fault hooks."""

    def __init__(self, feeds: Feeds, skew_ns: Callable[[], int], lag_ns: Callable[[], int]) -> None:
        self._feeds, self._skew_ns, self._lag_ns = feeds, skew_ns, lag_ns
        self.handlers: dict[str, Handler] = {
            "GET ping": lambda now_ns, fields: {},
            "GET time": lambda now_ns, fields: {"serverTime": self._clock_ms(now_ns)},
            "GET defaultSymbols": lambda now_ns, fields: {"code": 200, "data": self._names(), "msg": None},
            "GET exchangeInfo": self._exchange_info,
            "GET depth": self._depth,
            "GET trades": self._trades,
            "GET aggTrades": self._aggregate_trades,
            "GET klines": self._klines,
            "GET avgPrice": self._average_price,
            "GET ticker/24hr": lambda now_ns, fields: self._each(now_ns, fields, self._day),
            "GET ticker/price": lambda now_ns, fields: self._each(now_ns, fields, self._price),
            "GET ticker/bookTicker": lambda now_ns, fields: self._each(now_ns, fields, self._book_ticker),
        }

    def _clock_ms(self, now_ns: int) -> int:
        return (now_ns + self._skew_ns()) // MS_NS

    def _names(self) -> list[str]:
        return list(self._feeds.listing.listed())

    def _exchange_info(self, now_ns: int, fields: Fields) -> Any:
        wanted = fields.get("symbols") or fields.get("symbol") or ""
        names = wanted.split(",") if wanted else self._names()
        return {
            "timezone": "CST",
            "serverTime": self._clock_ms(now_ns),
            "rateLimits": [],
            "exchangeFilters": [],
            "symbols": [_symbol(self._terms({"symbol": name})) for name in names],
        }

    def _depth(self, now_ns: int, fields: Fields) -> Any:
        terms = self._terms(fields)
        limit = _limit(fields, 100, DEPTH_MAX)
        book = self._feeds.books[terms.traded.symbol]
        lag_ns = self._lag_ns()
        if lag_ns:
            version, bids, asks = book.as_of(now_ns - lag_ns, limit)
        else:
            version, (bids, asks) = book.version, book.best(limit)
        sides = [
            [[fixed(price, terms.traded.price_precision), padded_size(terms, size)] for price, size in half]
            for half in (bids, asks)
        ]
        return {"lastUpdateId": version, "bids": sides[0], "asks": sides[1], "timestamp": self._clock_ms(now_ns)}

    def _trades(self, now_ns: int, fields: Fields) -> Any:
        del now_ns
        terms = self._terms(fields)
        limit = _limit(fields, 500, TRADES_MAX)
        prints = list(self._feeds.records[terms.traded.symbol].trades)[-limit:]
        return [
            {
                "id": None,
                "price": price_text(terms, one.price),
                "qty": size_text(terms, one.size),
                "quoteQty": money_text(terms, one.price * one.size),
                "time": one.time_ns // MS_NS,
                "isBuyerMaker": one.side != BUY,
                "isBestMatch": True,
                "tradeType": "BID" if one.side == BUY else "ASK",
            }
            for one in reversed(prints)
        ]

    def _aggregate_trades(self, now_ns: int, fields: Fields) -> Any:
        start, end = fields.get("startTime"), fields.get("endTime")
        if bool(start) != bool(end):
            raise missing("endTime" if start else "startTime")
        rows = self._trades(now_ns, fields)
        if start and end:
            from_ms, to_ms = _whole(fields, "startTime"), _whole(fields, "endTime")
            rows = [row for row in rows if from_ms <= row["time"] <= to_ms]
        return [
            {
                "a": None,
                "f": None,
                "l": None,
                "p": row["price"],
                "q": row["qty"],
                "T": row["time"],
                "m": row["isBuyerMaker"],
                "M": True,
            }
            for row in rows
        ]

    def _klines(self, now_ns: int, fields: Fields) -> Any:
        terms = self._terms(fields)
        minutes = INTERVAL_MINUTES.get(fields.get("interval", ""))
        if minutes is None:
            raise malformed("interval")
        candles = self._feeds.records[terms.traded.symbol].candles(now_ns, minutes)
        if fields.get("startTime"):
            from_ms = _whole(fields, "startTime")
            candles = [candle for candle in candles if candle.minute * 60_000 >= from_ms]
        if fields.get("endTime"):
            to_ms = _whole(fields, "endTime")
            candles = [candle for candle in candles if candle.minute * 60_000 <= to_ms]
        return [_kline(terms, candle, minutes) for candle in candles[-_limit(fields, 500, TRADES_MAX) :]]

    def _average_price(self, now_ns: int, fields: Fields) -> Any:
        terms = self._terms(fields)
        recent = [
            one for one in self._feeds.records[terms.traded.symbol].trades if one.time_ns >= now_ns - 300 * SECOND_NS
        ]
        cost, size = sum(one.price * one.size for one in recent), sum(one.size for one in recent)
        return {"mins": 5, "price": average_text(terms, cost, size)}

    def _each(self, now_ns: int, fields: Fields, row: Callable[[int, Terms], Any]) -> Any:
        if fields.get("symbol"):
            return row(now_ns, self._terms(fields))
        return [row(now_ns, terms) for terms in self._feeds.listing.listed().values()]

    def _price(self, now_ns: int, terms: Terms) -> Any:
        del now_ns
        last = self._feeds.records[terms.traded.symbol].last
        return {"symbol": terms.name, "price": price_text(terms, last.price if last is not None else 0)}

    def _book_ticker(self, now_ns: int, terms: Terms) -> Any:
        del now_ns
        bids, asks = self._feeds.books[terms.traded.symbol].best(1)
        bid, ask = bids[0] if bids else (0, 0), asks[0] if asks else (0, 0)
        return {
            "symbol": terms.name,
            "bidPrice": price_text(terms, bid[0]),
            "bidQty": size_text(terms, bid[1]),
            "askPrice": price_text(terms, ask[0]),
            "askQty": size_text(terms, ask[1]),
        }

    def _day(self, now_ns: int, terms: Terms) -> Any:
        day = self._feeds.records[terms.traded.symbol].day(now_ns) or Candle(0, 0, 0, 0, 0)
        change = day.close - day.open
        sign = "-" if change < 0 else ""
        percent = f"{sign}{fixed(abs(change) * 10**8 // day.open, 8)}" if day.open else "0"
        return {
            "symbol": terms.name,
            "priceChange": f"{sign}{price_text(terms, abs(change))}",
            "priceChangePercent": percent,
            "prevClosePrice": price_text(terms, day.open),
            "lastPrice": price_text(terms, day.close),
            **{name: value for name, value in self._book_ticker(now_ns, terms).items() if name != "symbol"},
            "openPrice": price_text(terms, day.open),
            "highPrice": price_text(terms, day.high),
            "lowPrice": price_text(terms, day.low),
            "volume": size_text(terms, day.volume),
            "quoteVolume": money_text(terms, day.cost),
            "openTime": day.minute * 60_000,
            "closeTime": self._clock_ms(now_ns),
            "count": None,
        }

    def _terms(self, fields: Fields) -> Terms:
        name = fields.get("symbol", "")
        if not name:
            raise missing("symbol")
        terms = self._feeds.listing.listed().get(name)
        if terms is None:
            raise unknown_symbol()
        return terms


def _symbol(terms: Terms) -> dict[str, Any]:
    traded = terms.traded
    return {
        "symbol": terms.name,
        # Matching modes between trading and not trading have no status of their own.
        "status": traded.shown_status or STATUSES.get(traded.status, "1"),
        "baseAsset": traded.base,
        "baseAssetPrecision": traded.size_precision,
        "quoteAsset": traded.quote,
        "quotePrecision": traded.price_precision,
        "quoteAssetPrecision": traded.price_precision,
        "baseCommissionPrecision": traded.size_precision,
        "quoteCommissionPrecision": traded.quote_decimals,
        "orderTypes": ["LIMIT", "MARKET", "LIMIT_MAKER"],
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "quoteAmountPrecision": str(terms.notional_min),
        "baseSizePrecision": size_text(terms, traded.size_min),
        "permissions": ["SPOT"],
        "filters": [
            {
                "filterType": "PERCENT_PRICE_BY_SIDE",
                "bidMultiplierUp": str(terms.bid_multiplier_up),
                "askMultiplierDown": fixed(10 // terms.ask_divisor_down, 1),
            }
        ],
        "maxQuoteAmount": str(terms.notional_max),
        "makerCommission": rate_text(traded.maker_fee_e6),
        "takerCommission": rate_text(traded.taker_fee_e6),
        "quoteAmountPrecisionMarket": str(terms.notional_min),
        "maxQuoteAmountMarket": str(terms.notional_max_market),
        "fullName": traded.base,
        "tradeSideType": 1,
        "contractAddress": "",
        "st": False,
    }


def _kline(terms: Terms, candle: Candle, minutes: int) -> list[Any]:
    prices = [price_text(terms, price) for price in (candle.open, candle.high, candle.low, candle.close)]
    begin_ms = candle.minute * 60_000
    volume, turnover = size_text(terms, candle.volume), money_text(terms, candle.cost)
    return [begin_ms, *prices, volume, begin_ms + minutes * 60_000, turnover]


def _limit(fields: Fields, usual: int, most: int) -> int:
    if not fields.get("limit"):
        return usual
    return max(1, min(most, _whole(fields, "limit")))


def _whole(fields: Fields, name: str) -> int:
    text = fields.get(name, "")
    if not text.isdecimal() or len(text) > 19:
        raise malformed(name)
    return int(text)
