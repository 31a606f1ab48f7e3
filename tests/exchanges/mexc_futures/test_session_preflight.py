"""What the preflight finds before the first order and later: closed order entry, rights, modes that were changed."""

from __future__ import annotations

from typing import Any

import pytest

from mm._core.events import Alert, Cancel, InstrumentUpdate, LinkChanged, OrderRejected, QueryOrder, VenueStatus
from mm.exchanges.mexc_futures.session import UNREAD_MAX
from mm.instruments import Instrument
from mm.live.supervisor import CONNECT_PATIENCE_S
from tests.exchanges.mexc_futures.desk import BTC, Desk, definition, ok, refusal
from tests.exchanges.mexc_futures.test_session_private import ID, place, ready, submit

ETH = "ETH/USDT:USDT"


def test_a_contract_that_is_closed_to_the_api_degrades_to_spot() -> None:
    desk = Desk()
    desk.replies["GET contract/detail"] = lambda fields: ok(definition("BTC_USDT") | {"apiAllowed": False})
    desk.start()
    desk.run(130)
    # Fills and cancels are still heard and sent; the contract itself says that it takes no orders.
    assert desk.session.is_up("private")
    assert Instrument.from_json(desk.of(InstrumentUpdate)[-1].definition).status == "cancel_only"
    assert desk.of(VenueStatus) == []
    alerts = [event.text for event in desk.of(Alert)]
    assert len([text for text in alerts if "hedge on MEXC spot instead" in text]) == 1


UNREADABLE = {
    "a price unit that is a list": lambda name: definition(name) | {"priceUnit": []},
    "a contract without its name": lambda name: definition(name) | {"symbol": None},
    "another contract": lambda name: definition("DOGE_USDT"),
    "no contract": lambda name: [],
}


@pytest.mark.parametrize("kind", UNREADABLE)
@pytest.mark.parametrize("way", ["answer", "push"])
def test_a_first_definition_that_cannot_be_read_is_awaited(kind: str, way: str) -> None:
    desk = Desk((BTC, ETH))

    def detail(fields: Any) -> Any:
        name = fields["symbol"]
        return ok(UNREADABLE[kind](name) if name == "BTC_USDT" else definition(name))

    desk.replies["GET contract/detail"] = detail
    desk.start()
    desk.run(700)
    assert not desk.session.is_up("private")
    assert [event.text for event in desk.of(Alert) if event.severity == "critical"] == []
    assert sum("definition of BTC/USDT:USDT" in event.text for event in desk.of(Alert)) == 1
    assert sum("its definition" in event.text for event in desk.of(Alert)) <= 700 // 60 + 2 + UNREAD_MAX
    # The other's market is seen, orders that are there can be cancelled and asked for, and none is placed.
    desk.push("ETH_USDT")
    submit(desk, place(desk))
    submit(desk, Cancel(desk.now, "mexc_futures", BTC, "mm0Q9", ID, ""))
    submit(desk, QueryOrder(desk.now, "mexc_futures", "mm0Q9", ID))
    desk.run(1)
    assert desk.books[ETH].is_valid
    assert desk.asked("POST private/order/create") == []
    assert len(desk.asked("POST private/order/cancel")) == 1
    assert len(desk.asked(f"GET private/order/get/{ID}")) == 1
    if way == "push":
        message = {"channel": "push.contract", "data": definition("BTC_USDT"), "symbol": "BTC_USDT", "ts": 1}
        desk.say("public", message)
        desk.run(3)
    else:
        del desk.replies["GET contract/detail"]
        desk.run(65)
    assert desk.session.is_up("private")
    assert {event.symbol for event in desk.of(InstrumentUpdate)} == {BTC, ETH}


def test_a_first_definition_that_cannot_be_read_once_costs_seconds() -> None:
    desk = Desk()
    desk.replies["GET contract/detail"] = lambda fields: ok([])
    desk.start()
    desk.run(5)
    del desk.replies["GET contract/detail"]
    desk.run(7)
    assert desk.session.is_up("private")


@pytest.mark.parametrize("seconds", [9, 14])
def test_a_first_definition_that_can_be_read_later_is_there_within_the_patience_of_a_start(seconds: int) -> None:
    desk = Desk()
    desk.replies["GET contract/detail"] = lambda fields: ok([])
    desk.start()
    desk.run(seconds)
    del desk.replies["GET contract/detail"]
    desk.run(CONNECT_PATIENCE_S - seconds - 1)
    assert desk.session.is_up("private")


def test_a_definition_that_cannot_be_read_for_long_is_asked_for_each_minute() -> None:
    desk = Desk()
    desk.replies["GET contract/detail"] = lambda fields: ok([])
    desk.start()
    desk.run(90)
    asked = len(desk.asked("GET contract/detail"))
    assert asked > 4
    desk.run(600)
    assert 9 <= len(desk.asked("GET contract/detail")) - asked <= 11


def test_a_contract_that_the_venue_does_not_have_is_refused() -> None:
    desk = Desk((BTC, "NOPE/USDT:USDT"))
    desk.names.remove("NOPE_USDT")
    desk.start()
    desk.run(5)
    assert not desk.session.is_up("private")
    critical = [event.text for event in desk.of(Alert) if event.severity == "critical"]
    assert any("NOPE/USDT:USDT is not in the venue's list" in text for text in critical)


def test_an_account_that_may_not_trade_futures_is_told_as_the_venues_status_until_it_may() -> None:
    desk = Desk()
    desk.replies["GET private/account/tiered_fee_rate/v2"] = lambda fields: refusal(200005)
    desk.start()
    desk.run(5)
    assert desk.session.is_up("private")
    assert [event.status for event in desk.of(VenueStatus)] == ["cancel_only"]
    # Told before the private side is up, so that nothing is sent between the two.
    kinds = [type(event) for event in desk.of(VenueStatus, LinkChanged)]
    assert kinds.index(VenueStatus) < len(kinds) - 1
    assert len([event for event in desk.of(Alert) if "identity check" in event.text]) == 1
    del desk.replies["GET private/account/tiered_fee_rate/v2"]
    desk.run(70)
    assert [event.status for event in desk.of(VenueStatus)] == ["cancel_only", "online"]


def test_a_leverage_that_is_changed_by_hand_stops_trading_within_a_minute() -> None:
    """F69. Guard: leverage, fees and mode are read again with each round of the audit, and judged again."""
    desk = ready(leverage=5)
    rows = [{"positionType": side, "openType": 2, "leverage": 20, "mmr": 0.004} for side in (1, 2)]
    desk.replies["GET private/position/leverage"] = lambda fields: ok(rows)
    desk.run(65)
    assert not desk.session.is_up("private")
    assert any(
        "is 20, the configuration says 5" in event.text and event.severity == "critical" for event in desk.of(Alert)
    )


def test_order_entry_that_turns_out_closed_degrades_and_is_tried_again_later() -> None:
    desk = ready()
    desk.replies["POST private/order/create"] = lambda fields: refusal(1002)
    submit(desk, place(desk))
    desk.run(1)
    assert desk.of(OrderRejected)[0].code == "mode"
    assert [event.status for event in desk.of(VenueStatus)] == ["cancel_only"]
    assert any("hedge on MEXC spot instead" in event.text for event in desk.of(Alert))
    desk.run(590)
    assert len(desk.of(VenueStatus)) == 1
    desk.run(20)
    assert [event.status for event in desk.of(VenueStatus)] == ["cancel_only", "online"]
    assert desk.session.is_up("private")


def test_a_key_without_the_right_to_place_orders_stops_everything_but_cancels() -> None:
    desk = ready()
    desk.replies["POST private/order/create"] = lambda fields: refusal(704)
    submit(desk, place(desk))
    desk.run(1)
    submit(desk, place(desk, client_id="mm1Q2"))
    submit(desk, Cancel(desk.now, "mexc_futures", BTC, "mm0Q9", ID, ""))
    desk.run(60)
    assert desk.of(OrderRejected)[0].code == "fatal"
    assert len(desk.asked("POST private/order/create")) == 1
    assert len(desk.asked("POST private/order/cancel")) == 1
    assert any(event.severity == "critical" and "704" in event.text for event in desk.of(Alert))


def test_maintenance_is_known_while_it_lasts() -> None:
    desk = Desk()
    usual = desk._answer
    desk._answer = lambda name, fields: refusal(801) if "private" in name else usual(name, fields)  # type: ignore[method-assign]
    desk.start()
    desk.run(3)
    assert desk.session.in_maintenance
    desk._answer = usual  # type: ignore[method-assign]
    desk.run(30)
    assert not desk.session.in_maintenance
    assert desk.session.is_up("private")


def test_a_mode_that_is_changed_by_hand_stops_trading() -> None:
    desk = ready()
    desk.replies["GET private/position/position_mode"] = lambda fields: ok({"positionMode": 1})
    desk.private("position.mode", positionMode=1)
    desk.run(3)
    assert not desk.session.is_up("private")
    assert any("refused" in event.text and event.severity == "critical" for event in desk.of(Alert))


def test_fees_and_leverage_that_cannot_be_read_are_told_and_stop_nothing() -> None:
    desk = Desk()
    for name in ("GET private/account/tiered_fee_rate/v2", "GET private/position/leverage"):
        desk.replies[name] = lambda fields: refusal(1001)
    desk.start()
    desk.run(3)
    assert desk.session.is_up("private")
    assert any("fee rates of BTC/USDT:USDT could not be read" in event.text for event in desk.of(Alert))
