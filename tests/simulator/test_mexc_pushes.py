"""What the simulated MEXC writes on the socket is what its documentation and captures show, byte for byte."""

from __future__ import annotations

from typing import Any

import pytest

from mm.simulator.mexc_spot import pushes
from mm.simulator.mexc_spot.protobuf import number, optional_number, optional_text, text, varint
from tests.core.mexc_frames import PUSHES, sample


def levels(items: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(item.get("price", ""), item.get("quantity", "")) for item in items]


def body(name: str, value: dict[str, Any]) -> bytes:
    """The body of a sample, written by the simulator."""
    if name == "publicAggreDepths":
        versions = int(value["fromVersion"]), int(value["toVersion"])
        asks, bids = levels(value.get("asks", [])), levels(value.get("bids", []))
        return pushes.aggre_depths(asks, bids, value["eventType"], versions, value.get("lastOrderCreateTime", 0))
    if name == "publicLimitDepths":
        return pushes.limit_depths(
            levels(value["asks"]), levels(value["bids"]), value["eventType"], int(value["version"]), 0
        )
    if name == "publicAggreDeals":
        deals = [
            pushes.deal_item(d["price"], d["quantity"], d["tradeType"], d["time"], d.get("tradeId", ""))
            for d in value["deals"]
        ]
        return pushes.aggre_deals(deals, value["eventType"])
    if name == "publicAggreBookTicker":
        bid, ask = (value["bidPrice"], value["bidQuantity"]), (value["askPrice"], value["askQuantity"])
        return pushes.aggre_book_ticker(bid, ask, value.get("version", ""), value.get("lastOrderCreateTime", 0))
    if name == "publicBookTickerBatch":
        items = [
            pushes.book_ticker((i["bidPrice"], i["bidQuantity"]), (i["askPrice"], i["askQuantity"]))
            for i in value["items"]
        ]
        return pushes.book_ticker_batch(items, value.get("version", ""), value.get("lastOrderCreateTime", 0))
    if name == "privateOrders":
        return pushes.OrderPush(
            value["id"], value.get("clientId", ""), value["price"], value["quantity"], value.get("amount", ""),
            value["avgPrice"], value["orderType"], value["tradeType"], value.get("isMaker", False),
            value["remainAmount"], value["remainQuantity"], value.get("lastDealQuantity"),
            value["cumulativeQuantity"], value["cumulativeAmount"], value["status"], value["createTime"],
        ).encode()  # fmt: skip
    if name == "privateDeals":
        return pushes.DealPush(
            value["price"], value["quantity"], value["amount"], value["tradeType"], value.get("isMaker", False),
            value.get("isSelfTrade", False), value["tradeId"], value.get("clientOrderId", ""), value["orderId"],
            value["feeAmount"], value["feeCurrency"], value["time"],
        ).encode()  # fmt: skip
    assert name == "privateAccount"
    return pushes.AccountPush(
        value["vcoinName"], value["coinId"], value["balanceAmount"], value["balanceAmountChange"],
        value["frozenAmount"], value["frozenAmountChange"], value["type"], value["time"],
    ).encode()  # fmt: skip


BODIES = {
    "publicAggreDepths", "publicLimitDepths", "publicAggreDeals", "publicAggreBookTicker", "publicBookTickerBatch",
    "privateOrders", "privateDeals", "privateAccount",
}  # fmt: skip
WRITTEN = sorted(name for name, each in PUSHES.items() if each["body"] in BODIES)


@pytest.mark.parametrize("name", WRITTEN)
def test_samples_are_written_byte_for_byte(name: str) -> None:
    each = PUSHES[name]
    decoded = each["decoded"]
    written = pushes.wrapped(
        decoded["channel"],
        decoded.get("symbol"),
        decoded.get("createTime"),
        decoded.get("sendTime"),
        each["bodyFieldNumber"],
        body(each["body"], decoded[each["body"]]),
    )
    assert written == sample(name)


def test_samples_of_every_body_are_there() -> None:
    assert {PUSHES[name]["body"] for name in WRITTEN} == BODIES


def test_numbers_on_the_wire() -> None:
    assert (varint(0), varint(127), varint(128), varint(2**63)) == (
        b"\x00", b"\x7f", b"\x80\x01", b"\x80" * 9 + b"\x01",
    )  # fmt: skip
    assert len(varint(-1)) == 10
    assert (text(1, ""), number(1, 0), optional_text(1, None), optional_number(1, None)) == (b"",) * 4
    assert optional_text(1, "") == b"\x0a\x00"
    assert optional_number(1, 0) == b"\x08\x00"
