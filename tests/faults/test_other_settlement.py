"""A contract that is settled in another coin from one look to the next: of the kind of F54 and F69, and in neither."""

from mm._core import events as ev
from mm.simulator.mexc_futures.terms import Contract
from tests.faults.hedged import FUTURES
from tests.faults.test_contract_faults import PERPETUAL, contracts, market, sent, until_held


def test_a_contract_that_is_settled_in_another_coin_gets_no_new_order_until_it_is_back(tmp_path, monkeypatch):
    run = contracts(tmp_path, 1)
    until_held(run)
    run.pause()
    run.run(5)
    shown = Contract.detail
    monkeypatch.setattr(Contract, "detail", lambda *words: {**shown(*words), "settleCoin": "USDC"})
    # Found with the next look at the contracts.
    run.run(65, done=lambda: market(run).status == "cancel_only")
    assert market(run).status == "cancel_only"
    assert any("USDC; nothing new is sent there" in text for text in run.alerts())
    run.operate("resume", "btc")
    since = len(run.recorder.events)
    run.run(30)
    assert not [place for place in sent(run, since) if place.venue == FUTURES], "an order on what is another contract"
    told = [event for event in run.recorder.events[since:] if type(event) is ev.InstrumentUpdate]
    assert all(event.symbol != PERPETUAL or b"cancel_only" in bytes(event.definition) for event in told)
    monkeypatch.undo()
    run.pause()
    run.run(70, done=lambda: market(run).status == "online")
    assert market(run).status == "online"
    run.come_to_rest(90)
