"""A contract that is settled in another coin than its name says."""

import json
from dataclasses import replace
from typing import Any

import pytest

from mm._core.events import Alert, InstrumentUpdate
from mm.exchanges.mexc_futures.contracts import Contracts
from mm.exchanges.wire import parse
from mm.instruments import Instrument
from tests.exchanges.mexc_futures.desk import BTC, Desk, definition, ok
from tests.exchanges.mexc_futures.samples import NOW, codec


def read(contracts: Contracts, **changes: Any) -> tuple[list[str], list[str]]:
    """The statuses and the alarms that a row with these changes gives; None: without the field."""
    row = {key: value for key, value in (definition("BTC_USDT") | changes).items() if value is not None}
    events = contracts.read(parse(json.dumps(row).encode()), NOW)
    updates = [Instrument.from_json(event.definition) for event in events if type(event) is InstrumentUpdate]
    return [update.status for update in updates], [event.text for event in events if type(event) is Alert]


@pytest.fixture
def known() -> Contracts:
    contracts = codec(symbols=(BTC,)).contracts
    assert read(contracts) == (["online"], [])
    return contracts


def test_it_is_closed_and_said_once_until_it_is_settled_as_its_name_says(known: Contracts) -> None:
    statuses, alarms = read(known, settleCoin="XYZ")
    assert statuses == ["cancel_only"]
    assert len(alarms) == 1
    assert "XYZ" in alarms[0]
    terms = known.terms(BTC)
    assert terms is not None
    assert not terms.is_tradable
    # A push may leave the coin out: it is what it was.
    for coin in (None, "XYZ", None):
        assert read(known, settleCoin=coin) == (["cancel_only"], [])
    statuses, alarms = read(known, settleCoin="ABC")
    assert (statuses, len(alarms)) == (["cancel_only"], 1)
    assert read(known, settleCoin="USDT") == (["online"], [])
    assert read(known, settleCoin=None) == (["online"], [])
    assert known.terms(BTC) == replace(terms, is_tradable=True)


@pytest.mark.parametrize(
    ("state", "status"),
    [(0, "cancel_only"), (1, "delisted"), (2, "delisted"), (3, "delisted"), (4, "maintenance"), ("?", "cancel_only")],
)
def test_its_state_counts_as_that_of_any_other(known: Contracts, state: object, status: str) -> None:
    statuses, _ = read(known, settleCoin="XYZ", state=state)
    assert statuses == [status]


def test_one_that_was_never_known_is_no_contract_and_said_once() -> None:
    unknown = Contracts(wanted=(BTC,))
    statuses, (alarm,) = read(unknown, settleCoin="XYZ")
    assert (statuses, "XYZ" in alarm, unknown.by_name) == ([], True, {})
    assert read(unknown, settleCoin="XYZ") == ([], [])
    assert read(Contracts(wanted=("ETH/USDT:USDT",)), settleCoin="XYZ") == ([], [])


@pytest.mark.parametrize("private", [True, False])
def test_a_link_says_one_thing_of_it_and_trades_the_others(private: bool) -> None:
    desk = Desk((BTC, "ETH/USDT:USDT"), private=private)
    desk.replies["GET contract/detail"] = lambda fields: ok(
        definition(fields["symbol"]) | ({"settleCoin": "XYZ"} if fields["symbol"] == "BTC_USDT" else {})
    )
    desk.start()
    desk.run(200)
    (alert,) = desk.of(Alert)
    assert "XYZ" in alert.text
    assert [event.symbol for event in desk.of(InstrumentUpdate)][:1] == ["ETH/USDT:USDT"]
    assert desk.session.is_up("private") is private
    assert desk.session.is_up("public")
