"""Texts of the public WebSocket channels but `book`: status, instrument, trade, ticker."""

from __future__ import annotations

from collections.abc import Iterable

from mm.simulator.kraken.names import Asset, Pair
from mm.simulator.kraken.texts import fixed, ratio, rfc3339
from mm.simulator.orders import BUY, SimInstrument, TradePrint
from mm.simulator.tape_record import TapeRecord

VERSION = "2.0.10"
"""The server version in recordings of 2026."""
COST_DECIMALS = 5


def status(system: str, connection_id: int) -> str:
    """The `status` message: first on every connection, and at every change."""
    return (
        f'{{"channel":"status","type":"update","data":[{{"version":"{VERSION}","system":"{system}","api_version":"v2",'
        f'"connection_id":{connection_id}}}]}}'
    )


def instrument(kind: str, assets: Iterable[Asset], pairs: Iterable[tuple[Pair, SimInstrument]]) -> str:
    """The `instrument` message, a snapshot of everything or an update of what changed."""
    asset_rows = ",".join(
        f'{{"id":"{a.name}","status":"enabled","precision":{a.decimals},"precision_display":{a.display_decimals},'
        f'"borrowable":false,"collateral_value":1.000,"class":"currency"}}'
        for a in assets
    )
    pair_rows = ",".join(_pair_row(pair, traded) for pair, traded in pairs)
    return f'{{"channel":"instrument","type":"{kind}","data":{{"assets":[{asset_rows}],"pairs":[{pair_rows}]}}}}'


def _pair_row(pair: Pair, traded: SimInstrument) -> str:
    price_precision, size_precision = traded.price_precision, traded.size_precision
    tick = fixed(traded.tick, price_precision)
    whole, _, part = fixed(traded.cost_min, price_precision + size_precision).partition(".")
    cost_min = f"{whole}.{part.rstrip('0').ljust(2, '0')}"
    return (
        f'{{"symbol":"{pair.symbol}","base":"{pair.base.name}","quote":"{pair.quote.name}",'
        f'"status":"{traded.shown_status or traded.status}",'
        f'"qty_precision":{size_precision},"qty_increment":{fixed(traded.lot, size_precision)},'
        f'"price_precision":{price_precision},"cost_precision":{COST_DECIMALS},"marginable":false,"has_index":true,'
        f'"ws_display_price_precision":{price_precision},"cost_min":{cost_min},"tick_size":{tick},'
        f'"price_increment":{tick},"qty_min":{fixed(traded.size_min, size_precision)}}}'
    )


def trades(kind: str, instrument_: SimInstrument, prints: Iterable[TradePrint]) -> str:
    """The `trade` message, oldest first."""
    rows = ",".join(
        f'{{"symbol":"{trade.symbol}","side":"{"buy" if trade.side == BUY else "sell"}",'
        f'"price":{fixed(trade.price, instrument_.price_precision)},'
        f'"qty":{fixed(trade.size, instrument_.size_precision)},'
        f'"ord_type":"{"market" if trade.market_order else "limit"}","trade_id":{trade.trade_number},'
        f'"timestamp":"{rfc3339(trade.time_ns)}"}}'
        for trade in prints
    )
    return f'{{"channel":"trade","type":"{kind}","data":[{rows}]}}'


def ticker(kind: str, now_ns: int, record: TapeRecord, bid: tuple[int, int] | None, ask: tuple[int, int] | None) -> str:
    """The `ticker` message; figures of a market without trades are those of its best price."""
    traded = record.instrument
    bid_price, bid_size = bid or (0, 0)
    ask_price, ask_size = ask or (0, 0)
    day = record.day(now_ns)
    if day is None:
        middle = bid_price or ask_price
        opened = last = low = high = vwap = middle
        volume = 0
    else:
        opened, last, low, high, vwap, volume = day.open, day.close, day.low, day.high, day.vwap, day.volume

    def price(units: int) -> str:
        return fixed(units, traded.price_precision)

    def size(units: int) -> str:
        return fixed(units, traded.size_precision)

    change = last - opened
    percent = ratio(abs(change) * 10_000, opened) * (1 if change >= 0 else -1)
    return (
        f'{{"channel":"ticker","type":"{kind}","data":[{{"symbol":"{traded.symbol}","bid":{price(bid_price)},'
        f'"bid_qty":{size(bid_size)},"ask":{price(ask_price)},"ask_qty":{size(ask_size)},"last":{price(last)},'
        f'"volume":{size(volume)},"vwap":{price(vwap)},"low":{price(low)},"high":{price(high)},'
        f'"change":{price(change)},"change_pct":{fixed(percent, 2)},"timestamp":"{rfc3339(now_ns)}"}}]}}'
    )
