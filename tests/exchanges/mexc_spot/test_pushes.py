"""Every recorded push gives the events that are written out here."""

from __future__ import annotations

from typing import Any

import pytest

from mm._core.events import (
    BalanceChange,
    BookFrame,
    Fill,
    OrderAccepted,
    OrderCanceled,
    OrderPending,
    OrderReport,
    Ticker,
    Trade,
)
from mm.exchanges.venue import Kind
from tests.exchanges.mexc_spot.samples import NOW, PUSHES, codec, sample
from tests.reference.mexc_proto import wrapper

V = "mexc_spot"
MS = 1_000_000
PARTIAL = ("C02__640000000000000001115", "ETH/USDT", 1, "partially_filled", 240_010, 50_000, 20_000, "", "stream")
EXPECTED: dict[str, tuple[Any, ...]] = {
    "aggre_deals": (Trade(NOW, 1736409765051 * MS, V, "BTC/USDT", -1, 9_322_000, 4_438_243, ""),),
    "aggre_deals_2026": (
        Trade(NOW, 1791556844251 * MS, V, "ETH/USDT", 1, 240_137, 1_250, "640000000000009001X1"),
        Trade(NOW, 1791556844255 * MS, V, "ETH/USDT", -1, 240_136, 120_000, "640000000000009002X1"),
    ),
    "aggre_book_ticker": (
        Ticker(NOW, 1736412092433 * MS, V, "BTC/USDT", 9_338_728, 373_485_000, 9_338_729, 766_987_500, 0),
    ),
    "book_ticker_batch": (
        Ticker(NOW, 1739503249114 * MS, V, "BTC/USDT", 9_656_737, 336_292_500, 9_656_738, 154_525_500, 0),
    ),
    "private_orders_limit_new": (
        OrderAccepted(NOW, 1791556800004 * MS, V, "mm-eth-0001", "C02__640000000000000001115"),
    ),
    "private_orders_limit_partial": (OrderReport(NOW, 1791556801010 * MS, V, "mm-eth-0001", *PARTIAL),),
    "private_orders_limit_canceled": (
        OrderCanceled(NOW, 1791556802020 * MS, V, "mm-eth-0002", "C02__640000000000000002115", 0, ""),
    ),
    "private_orders_market_buy_filled": (
        OrderReport(
            *(NOW, 1754996075534 * MS, V, "", "C02__583905164440776704043", "DOGE/USDT", 1, "filled"),
            *(1_053, 200_000, 200_000, "", "stream"),
        ),
    ),
    "private_orders_market_sell_filled": (
        OrderReport(
            *(NOW, 1736417034281 * MS, V, "", "C02__505979017439002624115", "MX/USDT", -1, "filled"),
            *(35_121, 100, 100, "", "stream"),
        ),
    ),
    "private_deals": (
        Fill(
            *(NOW, 1736417034280 * MS, V, "", "C02__505979017439002624115", "MX/USDT", -1, "505979017439002624X1"),
            # The fee has nineteen decimals, and what is cut off counts against us.
            *(36_962, 100, -1, "t", 399_837_737, "MX"),
        ),
    ),
    "private_account_order_placed": (
        BalanceChange(
            *(NOW, 1758134605364 * MS, V, "", "", "ENTRUST_PLACE", "USDT", 0, 0),
            4_400_000_000_000 + 2_200_000_000 + 6_016_465_074,
        ),
    ),
    "private_account_transfer": (
        BalanceChange(
            *(NOW, 1736416910000 * MS, V, "", "", "CONTRACT_TRANSFER", "USDT", 10 * 10**12, 0, 21_942_103_560_043)
        ),
    ),
    **dict.fromkeys(("kline_min1", "kline_min15", "limit_depth_5", "increase_depth_batch"), ()),
    **dict.fromkeys(("mini_ticker", "mini_tickers"), ()),
}


@pytest.mark.parametrize("name", PUSHES)
def test_a_recorded_push_gives_its_events(name: str) -> None:
    machine = codec()
    decoded = machine.decode_frame(sample(name), NOW)
    if "aggre_depth" in name:
        assert decoded.kind is Kind.BOOK
        assert decoded.events == (BookFrame(NOW, V, sample(name)),)
        return
    assert decoded.kind is Kind.DATA
    assert decoded.events == EXPECTED[name]
    assert (machine.ignored == 1) == (EXPECTED[name] == ())


def test_damaged_and_unknown_frames_are_values() -> None:
    machine = codec()
    decoded = machine.decode_frame(sample("bad_truncated"), NOW)
    assert decoded.kind is Kind.MALFORMED
    assert decoded.error == "push: body: expected as many bytes as the length says at byte 68"
    assert machine.decode_frame(sample("unknown_body"), NOW).kind is Kind.UNKNOWN
    assert machine.unknown == {"spot@public.future.v3.api.pb@BTCUSDT": 1}
    assert machine.decode_frame(sample("reordered_fields"), NOW).events == EXPECTED["aggre_deals"]


def order(**fields: Any) -> bytes:
    message = wrapper()
    message.channel, message.symbol, message.sendTime = "spot@private.orders.v3.api.pb", "BTCUSDT", 1
    body = message.privateOrders
    body.id, body.clientId, body.tradeType, body.price, body.quantity = "7", "mm1Q1", 1, "100.5", "2"
    for name, value in fields.items():
        setattr(body, name, value)
    return bytes(message.SerializeToString())


@pytest.mark.parametrize(
    ("status", "kind"),
    [(0, OrderPending), (1, OrderAccepted), (2, OrderReport), (3, OrderReport), (4, OrderCanceled), (5, OrderCanceled)],
)
def test_every_status_of_an_order_is_an_event(status: int, kind: type) -> None:
    (event,) = codec().decode_frame(order(status=status, cumulativeQuantity="0.5"), NOW).events
    assert type(event) is kind
    assert (event.client_id, event.venue_id) == ("mm1Q1", "7")
    if hasattr(event, "cum_size"):
        assert event.cum_size == 50_000_000


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"status": 9}, "status: expected 0 to 5"),
        ({"status": 1, "tradeType": 3}, "tradeType: expected 1 or 2"),
        ({"status": 1, "id": ""}, "id: expected a name, got nothing"),
        ({"status": 1, "price": "1.234"}, "price: '1.234' has more than 2 decimals"),
        ({"status": 3, "cumulativeQuantity": "-1"}, "cumulativeQuantity: '-1' is negative"),
        ({"status": 1, "clientId": "\x07"}, "clientId: expected printable ASCII of at most 200 characters"),
    ],
)
def test_an_order_that_cannot_be_read_names_the_field(fields: dict[str, Any], error: str) -> None:
    decoded = codec().decode_frame(order(**fields), NOW)
    assert decoded.kind is Kind.MALFORMED
    assert decoded.error == f"spot@private.orders.v3.api.pb: {error}"


def test_a_market_of_nobody_is_left_out_and_a_wanted_one_is_not() -> None:
    message = wrapper()
    message.ParseFromString(order(status=1))
    message.symbol = "XYZUSDT"
    frame = message.SerializeToString()
    machine = codec()
    assert machine.decode_frame(frame, NOW).events == ()
    assert machine.ignored == 1
    decoded = codec(symbols=["XYZ/USDT"]).decode_frame(frame, NOW)
    assert decoded.kind is Kind.MALFORMED
    assert decoded.error.endswith("the instrument XYZ/USDT is not known")


@pytest.mark.parametrize(
    ("payload", "kind", "ok"),
    [
        (b'{"id":7,"code":0,"msg":"spot@x"}', Kind.SUBSCRIBED, True),
        (b'{"id":0,"code":0,"msg":"PONG"}', Kind.PONG, True),
        (b'{"id":8,"code":1,"msg":"no"}', Kind.SUBSCRIBED, False),
        (b"Invalid listen key", Kind.STATUS, False),
        (b'{"id":8,"code":0}', Kind.MALFORMED, False),
        (b"{", Kind.MALFORMED, False),
        (b"", Kind.MALFORMED, False),
    ],
)
def test_text_messages(payload: bytes, kind: Kind, ok: bool) -> None:
    decoded = codec().decode_frame(payload, NOW)
    assert (decoded.kind, decoded.ok) == (kind, ok)


def test_a_refusal_with_code_zero_is_a_refusal() -> None:
    words = "Not Subscribed successfully! [spot@public.deals.v3.api@BTCUSDT].  Reason\uff1a Blocked! "
    text = f'{{"id":8,"code":0,"msg":"{words}"}}'
    decoded = codec().decode_frame(text.encode(), NOW)
    assert not decoded.ok
    assert decoded.channel == "spot@public.deals.v3.api@BTCUSDT"
    assert decoded.error.isascii()
