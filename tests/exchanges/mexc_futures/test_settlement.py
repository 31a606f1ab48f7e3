"""A contract that is settled in another coin than its name says."""

import json

from mm.exchanges.mexc_futures.contracts import Contracts
from mm.instruments import Instrument
from tests.exchanges.mexc_futures.samples import NOW, REST, codec

BTC = "BTC/USDT:USDT"


def test_a_wanted_contract_that_is_settled_in_another_coin_is_closed_and_loud() -> None:
    row = dict(REST["detail-2026"]["response"]["body"]["data"], settleCoin="XYZ")
    reply = json.dumps({"success": True, "data": row}).encode()
    at_work = codec(symbols=(BTC,))
    closed, alert = at_work.decode_reply("contracts", 200, reply, NOW).events
    assert Instrument.from_json(closed.definition).status == "cancel_only"
    assert (alert.severity, "XYZ" in alert.text) == ("error", True)
    # One that was never known is no contract, and said as loudly.
    unknown = Contracts(wanted=(BTC,))
    (alert,) = unknown.read(row, NOW)
    assert (alert.severity, unknown.by_name) == ("error", {})
