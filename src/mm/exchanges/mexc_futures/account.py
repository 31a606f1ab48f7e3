"""Positions, margin and funding as the venue shows them, by stream and by query.

Money signs differ between the venue's objects: a deal's fee is above zero when paid, a position's below. Both are kept
as they are documented on the events. (MEXC Futures reference: positions and account.)
"""

from __future__ import annotations

from typing import Any, Final

from mm._core.events import (
    BUY,
    SELL,
    Alert,
    Balance,
    FundingPaid,
    FundingRate,
    LiquidationRisk,
    MarginReport,
    MarkPrice,
    PositionReport,
)
from mm.exchanges.mexc_futures.contracts import Contracts
from mm.exchanges.mexc_futures.numbers import VENUE, identifier, rate_e8, scaled, time_ns, units, whole
from mm.exchanges.wire import INTEGER_MAX, Malformed, Row, text

SIDES: Final = {1: BUY, 2: SELL}
TAKEN_OVER: Final = 2
ISOLATED: Final = 1
HOUR_S: Final = 3600
PERIODS_MAX_H: Final = 24 * 365


def read_position(row: Row, contracts: Contracts, now_ns: int, source: str) -> tuple[Any, ...]:
    """Return the events of a position; none of a contract that is not ours. Raises Malformed."""
    instrument = contracts.of_name(text(row, "symbol"))
    if instrument is None:
        return ()
    side = SIDES.get(whole(row, "positionType"))
    if side is None:
        raise Malformed("positionType: expected 1 or 2")
    precision = instrument.size_precision
    # The digits beyond what a JSON number shows stand in a text of their own.
    entry = "holdAvgPriceFullyScale" if row.get("holdAvgPriceFullyScale") else "holdAvgPrice"
    position_id = identifier(row, "positionId")
    report = PositionReport(
        now_ns,
        time_ns(row, "updateTime"),
        VENUE,
        instrument.symbol,
        position_id,
        side,
        units(row, "holdVol", precision),
        units(row, "frozenVol", precision, default=0),
        _positive(row, entry),
        _positive(row, "liquidatePrice"),
        scaled(row, "im", default=0),
        whole(row, "leverage", 0),
        whole(row, "openType", 0) == ISOLATED,
        scaled(row, "realised", default=0),
        scaled(row, "holdFee", default=0),
        scaled(row, "fee", default=0),
        rate_e8(row, "marginRatio", -1),
        _level(row),
        whole(row, "version", 0),
        source,
    )
    if whole(row, "state", ISOLATED) == TAKEN_OVER:
        note = f"{VENUE}: position {position_id} of {instrument.symbol} was taken over by the venue"
        return (report, Alert(now_ns, "error", note))
    return (report,)


def read_asset(row: Row, now_ns: int, source: str) -> tuple[Any, ...]:
    """Return the events of an account row. A push leaves out equity and unrealised profit: the equity is then what is
    there without it. Raises Malformed."""
    asset = text(row, "currency")
    available = scaled(row, "availableBalance")
    frozen = scaled(row, "frozenBalance", default=0)
    margin = scaled(row, "positionMargin", default=0)
    unrealized = scaled(row, "unrealized", default=0)
    cash = scaled(row, "cashBalance", default=available + frozen + margin)
    equity = scaled(row, "equity", default=cash + unrealized)
    bonus = scaled(row, "bonus", default=0)
    return (
        MarginReport(now_ns, VENUE, asset, equity, available, margin, frozen, unrealized, bonus, source),
        Balance(now_ns, VENUE, asset, cash, source),
    )


def read_funding_record(row: Row, contracts: Contracts, now_ns: int) -> tuple[Any, ...]:
    """Return one settlement that was booked on a position of ours, above zero received. Raises Malformed."""
    instrument = contracts.of_name(text(row, "symbol"))
    if instrument is None:
        return ()
    side = SIDES.get(whole(row, "positionType", 0), 0)
    return (
        FundingPaid(
            now_ns,
            time_ns(row, "settleTime"),
            VENUE,
            instrument.symbol,
            identifier(row, "id"),
            side,
            scaled(row, "funding"),
            instrument.settle,
            scaled(row, "rate", default=0),
            scaled(row, "positionValue", default=0),
        ),
    )


def read_funding_rate(row: Row, contracts: Contracts, now_ns: int, venue_ns: int = 0) -> tuple[Any, ...]:
    """Return the rate of the next settlement; the stream calls it rate, the query fundingRate. Raises Malformed."""
    instrument = contracts.of_name(text(row, "symbol"))
    if instrument is None:
        return ()
    key = "fundingRate" if row.get("fundingRate") is not None else "rate"
    hours = whole(row, "collectCycle", 0)
    if hours > PERIODS_MAX_H:
        raise Malformed("collectCycle: expected hours")
    events: list[Any] = [
        FundingRate(
            now_ns,
            time_ns(row, "timestamp") or venue_ns,
            VENUE,
            instrument.symbol,
            scaled(row, key),
            time_ns(row, "nextSettleTime"),
            hours * HOUR_S,
        )
    ]
    if row.get("fairPrice") is not None:
        events += read_mark(row, instrument.symbol, now_ns, venue_ns, index_key="idxPrice")
    return tuple(events)


def read_mark(row: Row, symbol: str, now_ns: int, venue_ns: int, index_key: str = "indexPrice") -> tuple[Any, ...]:
    """Return the fair price by which positions are valued, and the index; none where there is no fair price."""
    mark = _positive(row, "fairPrice")
    if not mark:
        return ()
    return (MarkPrice(now_ns, time_ns(row, "timestamp") or venue_ns, VENUE, symbol, mark, _positive(row, index_key)),)


def read_liquidation_risk(row: Row, contracts: Contracts, now_ns: int, venue_ns: int) -> tuple[Any, ...]:
    """Return the venue's warning about a position. Raises Malformed."""
    instrument = contracts.of_name(text(row, "symbol"))
    if instrument is None:
        return ()
    price = _positive(row, "liquidatePrice")
    risk = LiquidationRisk(
        now_ns,
        venue_ns,
        VENUE,
        instrument.symbol,
        identifier(row, "positionId"),
        price,
        rate_e8(row, "marginRatio", -1),
        _level(row),
    )
    note = f"{VENUE}: the venue warns of the liquidation of {instrument.symbol} at {price / 10**12:g}"
    return (risk, Alert(now_ns, "error", note))


def _positive(row: Row, key: str) -> int:
    """A price that may be missing or zero (0); a mean is cut to 1e-12."""
    value = scaled(row, key, default=0)
    if value < 0:
        raise Malformed(f"{key}: expected a price")
    return value


def _level(row: Row) -> int:
    return min(whole(row, "adlLevel", 0), INTEGER_MAX)
