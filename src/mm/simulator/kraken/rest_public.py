"""Public REST endpoints, in Kraken's shapes: REST ids as keys, padded prices, depth sizes cut to 3 decimals."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from mm.simulator.kraken import errors
from mm.simulator.kraken.errors import Refused, invalid_arguments
from mm.simulator.kraken.feeds import Feeds
from mm.simulator.kraken.fees import tables
from mm.simulator.kraken.names import Pair, asset
from mm.simulator.kraken.rest_fields import name_list
from mm.simulator.kraken.rows import padded_price
from mm.simulator.kraken.texts import SECOND_NS, decimal_units, fixed, rfc3339_seconds, unix_seconds
from mm.simulator.orders import BUY, SimInstrument
from mm.simulator.tape_record import Candle

OHLC_INTERVALS: Final = (1, 5, 15, 30, 60, 240, 1440, 10080, 21600)
DEPTH_COUNT_MAX: Final = 500
TRADES_COUNT_MAX: Final = 1000

Fields = Mapping[str, Any]


class RestPublic:
    """Answers `/0/public/...` with the JSON text of the result."""

    def __init__(self, feeds: Feeds, system: Callable[[], str], skew_ns: Callable[[], int]) -> None:
        self._feeds, self._system, self._skew_ns = feeds, system, skew_ns
        self._endpoints: dict[str, Callable[[int, Fields], str]] = {
            "Time": self._time,
            "SystemStatus": self._status,
            "Assets": self._assets,
            "AssetPairs": self._pairs,
            "Ticker": self._ticker,
            "Depth": self._depth,
            "Trades": self._trades,
            "OHLC": self._ohlc,
        }

    def handle(self, now_ns: int, endpoint: str, fields: Fields) -> str:
        """The result of an endpoint.

        Raises:
            Refused: with Kraken's text.
        """
        answer = self._endpoints.get(endpoint)
        if answer is None:
            raise Refused(errors.UNKNOWN_METHOD)
        return answer(now_ns, fields)

    def _time(self, now_ns: int, fields: Fields) -> str:
        del fields
        now_ns += self._skew_ns()
        text = time.strftime("%a, %d %b %y %H:%M:%S +0000", time.gmtime(now_ns // SECOND_NS))
        return f'{{"unixtime":{now_ns // SECOND_NS},"rfc1123":"{text}"}}'

    def _status(self, now_ns: int, fields: Fields) -> str:
        del fields
        return f'{{"status":"{self._system()}","timestamp":"{rfc3339_seconds(now_ns + self._skew_ns())}"}}'

    def _assets(self, now_ns: int, fields: Fields) -> str:
        del now_ns
        traded = self._feeds.instruments.values()
        known = {asset(name).code: asset(name) for item in traded for name in (item.base, item.quote)}
        wanted = set(name_list(fields.get("asset")))
        chosen = [a for a in known.values() if not wanted or wanted & {a.code, a.altname, a.name}]
        if wanted and not chosen:
            raise Refused(errors.UNKNOWN_ASSET)
        rows = (
            f'"{a.code}":{{"aclass":"currency","altname":"{a.altname}","decimals":{a.decimals},'
            f'"display_decimals":{a.display_decimals},"collateral_value":1,"status":"enabled"}}'
            for a in chosen
        )
        return f"{{{','.join(rows)}}}"

    def _pairs(self, now_ns: int, fields: Fields) -> str:
        del now_ns
        rows = (f'"{key}":{self._pair_row(pair)}' for key, pair in self._asked(fields, every=True))
        return f"{{{','.join(rows)}}}"

    def _pair_row(self, pair: Pair) -> str:
        traded = self._feeds.instruments[pair.symbol]
        maker, taker = tables(traded.base)
        price_precision, size_precision = traded.price_precision, traded.size_precision
        cost_min = fixed(traded.cost_min, price_precision + size_precision).rstrip("0").rstrip(".")
        size_min = fixed(traded.size_min, size_precision).rstrip("0").rstrip(".")
        return (
            f'{{"altname":"{pair.altname}","wsname":"{pair.wsname}","aclass_base":"currency","base":"{pair.base.code}",'
            f'"aclass_quote":"currency","quote":"{pair.quote.code}","lot":"unit","cost_decimals":5,'
            f'"pair_decimals":{price_precision},"lot_decimals":{size_precision},"lot_multiplier":1,"leverage_buy":[],'
            f'"leverage_sell":[],"fees":{_tiers(taker)},"fees_maker":{_tiers(maker)},'
            f'"fee_volume_currency":"ZUSD","margin_call":80,"margin_stop":40,"ordermin":"{size_min}",'
            f'"costmin":"{cost_min}","tick_size":"{fixed(traded.tick, price_precision)}","status":"{traded.status}",'
            f'"execution_venue":"international"}}'
        )

    def _ticker(self, now_ns: int, fields: Fields) -> str:
        rows = (f'"{key}":{self._ticker_row(now_ns, pair)}' for key, pair in self._asked(fields, every=True))
        return f"{{{','.join(rows)}}}"

    def _ticker_row(self, now_ns: int, pair: Pair) -> str:
        traded, record = self._feeds.instruments[pair.symbol], self._feeds.records[pair.symbol]
        bid, ask = self._feeds.books[pair.symbol].best()
        last = record.last
        middle = last.price if last is not None else (bid or ask or (0, 0))[0]
        empty = Candle(0, middle, middle, middle, middle)
        today, day = record.today(now_ns) or empty, record.day(now_ns) or empty

        def price(units: int) -> str:
            return padded_price(units, traded)

        def size(units: int) -> str:
            return fixed(units, traded.size_precision)

        def quote(level: tuple[int, int] | None) -> str:
            level_price, level_size = level or (0, 0)
            lots = level_size // 10**traded.size_precision
            return f'["{price(level_price)}","{lots}","{lots}.000"]'

        return (
            f'{{"a":{quote(ask)},"b":{quote(bid)},"c":["{price(middle)}","{size(last.size if last else 0)}"],'
            f'"v":["{size(today.volume)}","{size(day.volume)}"],"p":["{price(today.vwap)}","{price(day.vwap)}"],'
            f'"t":[{today.count},{day.count}],"l":["{price(today.low)}","{price(day.low)}"],'
            f'"h":["{price(today.high)}","{price(day.high)}"],"o":"{price(today.open)}"}}'
        )

    def _depth(self, now_ns: int, fields: Fields) -> str:
        key, pair = self._one(fields)
        count = _count(fields, 100, DEPTH_COUNT_MAX)
        traded, book = self._feeds.instruments[pair.symbol], self._feeds.books[pair.symbol]
        seconds = now_ns // SECOND_NS

        def rows(levels: list[tuple[int, int]]) -> str:
            cut = max(0, traded.size_precision - 3)
            return ",".join(
                f'["{padded_price(price, traded)}","{fixed(size // 10**cut, traded.size_precision - cut)}",{seconds}]'
                for price, size in levels
            )

        return f'{{"{key}":{{"asks":[{rows(book.asks.best(count))}],"bids":[{rows(book.bids.best(count))}]}}}}'

    def _trades(self, now_ns: int, fields: Fields) -> str:
        key, pair = self._one(fields)
        traded, record = self._feeds.instruments[pair.symbol], self._feeds.records[pair.symbol]
        count = _count(fields, TRADES_COUNT_MAX, TRADES_COUNT_MAX)
        since_ns = _since_ns(fields)
        # With a cursor the oldest after it, else the newest.
        after = [trade for trade in record.trades if trade.time_ns > since_ns]
        chosen = after[:count] if since_ns else after[-count:]
        rows = ",".join(
            f'["{padded_price(trade.price, traded)}","{fixed(trade.size, traded.size_precision)}",'
            f'{unix_seconds(trade.time_ns)},"{"b" if trade.side == BUY else "s"}",'
            f'"{"m" if trade.market_order else "l"}","",{trade.trade_number}]'
            for trade in chosen
        )
        last = chosen[-1].time_ns if chosen else since_ns or now_ns
        return f'{{"{key}":[{rows}],"last":"{last}"}}'

    def _ohlc(self, now_ns: int, fields: Fields) -> str:
        key, pair = self._one(fields)
        interval = decimal_units(str(fields.get("interval", "1")), 0)
        if interval not in OHLC_INTERVALS:
            raise invalid_arguments("interval")
        traded = self._feeds.instruments[pair.symbol]
        since_s = _since_ns(fields) // SECOND_NS
        candles = self._feeds.records[pair.symbol].candles(now_ns, interval)
        rows = ",".join(_candle(candle, traded) for candle in candles if candle.minute * 60 > since_s)
        # The begin of the newest closed candle: one before the running one.
        last = (now_ns // (60 * SECOND_NS) // interval - 1) * interval * 60
        return f'{{"{key}":[{rows}],"last":{last}}}'

    def _asked(self, fields: Fields, *, every: bool) -> list[tuple[str, Pair]]:
        names = name_list(fields.get("pair"))
        if not names and every:
            return [(pair.rest_id, pair) for pair in self._feeds.names.listed()]
        asked = []
        for name in names:
            pair = self._feeds.names.find(name)
            if pair is None:
                raise Refused(errors.UNKNOWN_PAIR)
            # Asked by the slash form, the key echoes that form; ids and altnames give the id.
            asked.append((name if "/" in name else pair.rest_id, pair))
        return asked

    def _one(self, fields: Fields) -> tuple[str, Pair]:
        asked = self._asked(fields, every=False)
        if len(asked) != 1:
            raise invalid_arguments("pair")
        return asked[0]


def _tiers(table: tuple[tuple[int, int], ...]) -> str:
    return "[" + ",".join(f"[{volume},{fixed(fee_e6, 4).rstrip('0').rstrip('.')}]" for volume, fee_e6 in table) + "]"


def _candle(candle: Candle, traded: SimInstrument) -> str:
    def price(units: int) -> str:
        return fixed(units, traded.price_precision)

    vwap = price(candle.vwap) if candle.count else "0.0"
    return (
        f'[{candle.minute * 60},"{price(candle.open)}","{price(candle.high)}","{price(candle.low)}",'
        f'"{price(candle.close)}","{vwap}","{fixed(candle.volume, traded.size_precision)}",{candle.count}]'
    )


def _count(fields: Fields, default: int, most: int) -> int:
    count = decimal_units(str(fields.get("count") or default), 0)
    if count is None or count < 1:
        raise invalid_arguments("count")
    return min(count, most)


def _since_ns(fields: Fields) -> int:
    """`since` as ns: given in ns by the cursor of Trades, in seconds by people."""
    text = str(fields.get("since") or "0")
    units = decimal_units(text, 9)
    if units is None or units < 0:
        raise invalid_arguments("since")
    return units // SECOND_NS if units >= 10**18 * 10**9 else units
