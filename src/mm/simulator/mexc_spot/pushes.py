"""The binary messages of MEXC Spot's socket (MEXC Spot reference: protobuf field tables).

Each is one `PushDataV3ApiWrapper`: channel, symbol, times, body, in that order; asks stand before bids. Texts come as
the caller wrote them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mm.simulator.mexc_spot.protobuf import delimited, number, optional_number, optional_text, text

Level = tuple[str, str]
"""Price and quantity."""

LIMIT_DEPTHS, ORDERS, DEALS, ACCOUNT = 303, 304, 306, 307
KLINE, MINI_TICKER, BOOK_TICKER_BATCH, AGGRE_DEPTHS, AGGRE_DEALS, AGGRE_BOOK_TICKER = 308, 309, 311, 313, 314, 315


def wrapped(
    channel: str, symbol: str | None, create_ms: int | None, send_ms: int | None, field: int, body: bytes
) -> bytes:
    """The message around a body."""
    return (
        text(1, channel)
        + optional_text(3, symbol)
        + optional_number(5, create_ms)
        + optional_number(6, send_ms)
        + delimited(field, body)
    )


def _levels(field: int, levels: Iterable[Level]) -> bytes:
    return b"".join(delimited(field, text(1, price) + text(2, quantity)) for price, quantity in levels)


def aggre_depths(
    asks: Iterable[Level], bids: Iterable[Level], event: str, versions: tuple[int, int], created_ms: int
) -> bytes:
    """Changed levels of an interval and the versions that they cover; created_ms 0 is the schema before 2026."""
    return (
        _levels(1, asks)
        + _levels(2, bids)
        + text(3, event)
        + text(4, str(versions[0]))
        + text(5, str(versions[1]))
        + number(6, created_ms)
    )


def limit_depths(asks: Iterable[Level], bids: Iterable[Level], event: str, version: int, created_ms: int) -> bytes:
    """All of the best levels."""
    return _levels(1, asks) + _levels(2, bids) + text(3, event) + text(4, str(version)) + number(5, created_ms)


def deal_item(price: str, quantity: str, trade_type: int, time_ms: int, trade_id: str) -> bytes:
    """A public trade; trade_type 1: the taker bought, 2: it sold."""
    return text(1, price) + text(2, quantity) + number(3, trade_type) + number(4, time_ms) + text(5, trade_id)


def aggre_deals(items: Iterable[bytes], event: str) -> bytes:
    """The public trades of an interval."""
    return b"".join(delimited(1, item) for item in items) + text(2, event)


def book_ticker(bid: Level, ask: Level) -> bytes:
    """Best bid and ask, without a version."""
    return text(1, bid[0]) + text(2, bid[1]) + text(3, ask[0]) + text(4, ask[1])


def aggre_book_ticker(bid: Level, ask: Level, version: str, created_ms: int) -> bytes:
    """Best bid and ask; version "" and created_ms 0 are the schema before 2026."""
    return book_ticker(bid, ask) + text(5, version) + number(6, created_ms)


def book_ticker_batch(items: Iterable[bytes], version: str, created_ms: int) -> bytes:
    """Best bids and asks in a list."""
    return b"".join(delimited(1, item) for item in items) + text(2, version) + number(3, created_ms)


@dataclass(slots=True)
class OrderPush:
    """`PrivateOrders`; None leaves out a field that has presence."""

    id: str
    client_id: str
    price: str
    quantity: str
    amount: str
    average: str
    order_type: int
    trade_type: int
    is_maker: bool
    remain_amount: str
    remain_quantity: str
    last_quantity: str | None
    cum_quantity: str
    cum_amount: str
    status: int
    create_ms: int

    def encode(self) -> bytes:
        return (
            text(1, self.id)
            + text(2, self.client_id)
            + text(3, self.price)
            + text(4, self.quantity)
            + text(5, self.amount)
            + text(6, self.average)
            + number(7, self.order_type)
            + number(8, self.trade_type)
            + number(9, self.is_maker)
            + text(10, self.remain_amount)
            + text(11, self.remain_quantity)
            + optional_text(12, self.last_quantity)
            + text(13, self.cum_quantity)
            + text(14, self.cum_amount)
            + number(15, self.status)
            + number(16, self.create_ms)
        )


@dataclass(slots=True)
class DealPush:
    """`PrivateDeals`: one fill."""

    price: str
    quantity: str
    amount: str
    trade_type: int
    is_maker: bool
    is_self_trade: bool
    trade_id: str
    client_id: str
    order_id: str
    fee: str
    fee_asset: str
    time_ms: int

    def encode(self) -> bytes:
        return (
            text(1, self.price)
            + text(2, self.quantity)
            + text(3, self.amount)
            + number(4, self.trade_type)
            + number(5, self.is_maker)
            + number(6, self.is_self_trade)
            + text(7, self.trade_id)
            + text(8, self.client_id)
            + text(9, self.order_id)
            + text(10, self.fee)
            + text(11, self.fee_asset)
            + number(12, self.time_ms)
        )


@dataclass(slots=True)
class AccountPush:
    """`PrivateAccount`: what is free and what is frozen of an asset, and how both changed."""

    asset: str
    coin_id: str
    free: str
    free_change: str
    frozen: str
    frozen_change: str
    kind: str
    time_ms: int

    def encode(self) -> bytes:
        return (
            text(1, self.asset)
            + text(2, self.coin_id)
            + text(3, self.free)
            + text(4, self.free_change)
            + text(5, self.frozen)
            + text(6, self.frozen_change)
            + text(7, self.kind)
            + number(8, self.time_ms)
        )
