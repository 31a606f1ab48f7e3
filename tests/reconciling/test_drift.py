"""Drift is seen within two cycles of 30 s, told with its evidence, and ends with equal books, on every venue."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace

import pytest

from mm._core import events as ev
from mm.conformance.orders import BUY, SELL
from mm.conformance.stand import SECOND, Stand
from mm.engine.ladder import Scope
from mm.engine.reconciling import VERIFY
from mm.live.killing import remains
from mm.simulator.kinds import ACCOUNT
from tests.conformance.venues import VENUES
from tests.reconciling import drift
from tests.reconciling.drift import ALL, FUTURES, HEDGED, SPOT


def test_a_quiet_account_is_read_each_half_minute_and_agrees(stand: Stand) -> None:
    stand.run(95)
    reads = [event for event in stand.recorder.events if type(event) is ev.AccountRead]
    assert len(reads) == 3
    assert all(read.is_complete and read.calls for read in reads)
    assert drift.differences(stand) == []
    assert len([event for event in stand.recorder.events if type(event) is ev.Reconciled]) == 4
    stand.finish_calmly()


def test_f11_a_hidden_fill_is_found_in_the_history_and_booked_once(stand: Stand) -> None:
    order = stand.place(BUY, stand.price(-1))
    stand.live(order)
    drift.fill(stand, SELL, stand.price(-1), stand.size)
    found = drift.seen(stand, "fill", "booked")
    assert found.amount == stand.size
    assert "execution" in found.evidence
    assert stand.market.position.quantity == stand.size
    stand.run(70)
    assert [each.what for each in drift.differences(stand)].count("fill") == 1
    assert not stand.engine.reconciling.unexplained
    stand.closed(order, "FILLED")
    stand.finish()


def test_f20_an_order_that_the_venue_cancels_silently_ends_here_with_evidence(stand: Stand) -> None:
    order = stand.place(BUY, stand.price(-1))
    kept = stand.place(BUY, stand.price(-2))
    stand.live(order)
    stand.live(kept)
    drift.cancel(stand, order)
    found = drift.seen(stand, "order", "closed", "F20")
    assert found.subject == order
    assert found.ours == "open"
    assert stand.state(order) == "CANCELED"
    stand.live(kept)
    stand.finish()


def test_an_order_that_comes_back_is_cancelled_again(stand: Stand) -> None:
    order = stand.place(BUY, stand.price(-3))
    stand.live(order)
    stand.cancel(order)
    stand.closed(order, "CANCELED")
    stand.run(3)
    drift.bring_back(stand, order, BUY, stand.price(-3), stand.size)
    found = drift.seen(stand, "order", "cancelled again")
    assert found.subject == order
    stand.until("it stands no more", lambda: stand.standing() == [])
    stand.finish()


def test_f19_an_own_order_that_nobody_knows_is_taken_back_and_a_foreign_one_left(stand: Stand) -> None:
    earlier = stand.engine.ids.peek("quote")
    drift.bring_back(stand, earlier, BUY, stand.price(-3), stand.size)
    stand.outside(lambda now_ns: stand.counterpart.place_foreign(now_ns, "somebody-else"))
    found = drift.seen(stand, "order", "taken back", "F19")
    assert found.subject == earlier
    stand.until("only the foreign one stands", lambda: [s.client_id for s in stand.standing()] == ["somebody-else"])
    stand.run(35)
    assert stand.venue.foreign == 1
    stand.finish(foreign=("somebody-else",))


def test_a_balance_that_moved_halts_its_instrument_until_an_operator_accepts_it(stand: Stand) -> None:
    asset = stand.counterpart.assets[-1]
    amount = -(10 ** (stand.counterpart.exchange.ledger.decimals(asset) - 1))
    drift.move(stand, asset, amount)
    found = drift.seen(stand, "balance", "unexplained")
    assert (found.subject, found.amount) == (asset, drift.told_amount(stand, asset, amount))
    assert "two reads that agree" in found.evidence
    assert "halted" in stand.engine.gate(stand.now_ns, stand.market)
    # A reduction or a cancel is no new risk: the market itself still takes orders.
    assert not stand.engine.market_gate(stand.now_ns, stand.market)
    stand.run(65)
    assert len(drift.differences(stand, "balance")) == 1
    stand.world.tell(lambda now_ns: stand.driver.operate(now_ns, "accept", f"{stand.name} {asset}"))
    assert drift.seen(stand, "balance", "accepted").amount == found.amount
    assert not stand.market.halted
    stand.run(65)
    assert len(drift.differences(stand, "balance")) == 2
    drift.replays(stand)
    stand.finish()


def test_a_balance_that_comes_back_explains_itself(stand: Stand) -> None:
    asset = stand.counterpart.assets[0]
    drift.move(stand, asset, 1000)
    drift.seen(stand, "balance", "unexplained")
    drift.move(stand, asset, -1000)
    drift.seen(stand, "balance", "explained")
    assert not stand.market.halted
    stand.finish()


@pytest.mark.parametrize("case", [case for case in SPOT if case in VENUES], ids=str)
def test_a_transfer_that_the_venue_tells_is_no_difference_and_no_profit(case: object) -> None:
    stand = Stand(case)
    stand.ready()
    accounts, exchange = stand.engine.accounts, stand.counterpart.exchange
    for number, asset in enumerate(stand.counterpart.assets):
        before, amount = accounts.opening(stand.name, asset), Decimal("1.5") - number * 3
        stand.outside(
            lambda now_ns, asset=asset, amount=amount: exchange.transfer(now_ns, ACCOUNT, asset, amount, is_told=True)
        )
        stand.run(5)
        assert accounts.opening(stand.name, asset) == before + amount * 10**12
    stand.run(65)
    assert drift.differences(stand) == []
    drift.replays(stand)
    stand.finish_calmly()


@pytest.mark.parametrize("case", SPOT, ids=str)
def test_fills_of_another_program_explain_the_balances_that_they_move(case: object) -> None:
    stand = Stand(case)
    stand.ready()
    from mm.simulator.kinds import ACCOUNT
    from mm.simulator.orders import NewOrder, TimeInForce

    stand.outside(lambda now_ns: stand.counterpart.rest(now_ns, SELL, stand.price(2), stand.size))
    wanted = NewOrder(
        ACCOUNT, stand.symbol, BUY, stand.size, stand.price(2), time_in_force=TimeInForce.IOC, client_id="by-hand"
    )
    drift.silently(stand, lambda now_ns: stand.counterpart.exchange.place(now_ns, wanted))
    found = drift.seen(stand, "balance", "external")
    assert "not ours" in found.evidence
    stand.run(40)
    assert {each.verdict for each in drift.differences(stand)} == {"external"}
    assert not stand.engine.reconciling.unexplained
    assert stand.market.position.quantity == 0
    drift.replays(stand)


def test_f68_a_position_that_the_venue_cuts_is_seen() -> None:
    stand = Stand(FUTURES)
    stand.ready()
    order = stand.place(BUY, stand.price(-1))
    stand.live(order)
    stand.trade(SELL, stand.price(-1), stand.size)
    stand.closed(order, "FILLED")
    resting = stand.place(BUY, stand.price(-4))
    stand.live(resting)
    stand.run(10)
    stand.fault_now("adl", percent=60, told="lists")
    found = drift.seen(stand, "position", "external")
    assert found.subject == stand.symbol
    assert found.amount < 0
    assert stand.market.position.quantity == stand.size + found.amount
    stand.run(70)
    assert len(drift.differences(stand, "position")) == 1
    drift.replays(stand)


def test_money_that_goes_while_a_long_and_a_short_stand_beside_each_other_is_told() -> None:
    stand = Stand(HEDGED)
    stand.ready()
    order = stand.place(BUY, stand.price(-1), 3 * stand.size)
    stand.live(order)
    stand.trade(SELL, stand.price(-1), 3 * stand.size)
    stand.closed(order, "FILLED")
    stand.fault_now("foreign_order", value=-stand.size)
    drift.seen(stand, "position", "external")
    # A part of the long is closed: it is realized by the long's own mean price.
    order = stand.place(SELL, stand.price(2), stand.size)
    stand.live(order)
    stand.trade(BUY, stand.price(2), stand.size)
    stand.closed(order, "FILLED")
    perpetual = stand.market.perpetual
    assert perpetual is not None
    assert perpetual.is_two_sided
    assert len(perpetual.positions) == 2
    stand.run(drift.CYCLES_S + 30)
    assert drift.differences(stand, "balance") == [], "what each leg has realized is no difference"
    (asset,) = stand.counterpart.assets
    amount = -(10 ** (stand.counterpart.exchange.ledger.decimals(asset) - 1))
    drift.move(stand, asset, amount)
    found = drift.seen(stand, "balance", "unexplained")
    assert (found.subject, found.amount) == (asset, drift.told_amount(stand, asset, amount))
    drift.replays(stand)


def test_f67_funding_that_nobody_told_of_is_booked_and_no_drift() -> None:
    stand = Stand(FUTURES)
    stand.ready()
    order = stand.place(BUY, stand.price(-1))
    stand.live(order)
    stand.trade(SELL, stand.price(-1), stand.size)
    stand.closed(order, "FILLED")
    stand.fault("message", "drop", "funding.rate", times=0)
    stand.fault_now("funding", percent=0.05, value=40)
    stand.run(120)
    paid = [event for event in stand.recorder.events if type(event) is ev.FundingPaid]
    assert paid
    perpetual = stand.market.perpetual
    assert perpetual is not None
    assert perpetual.funding
    assert not [each for each in drift.differences(stand) if each.verdict == "unexplained"]
    drift.replays(stand)


def asked(stand: Stand, word: str) -> int:
    """Let an operator say it; when."""
    stand.world.tell(lambda now_ns: stand.driver.operate(now_ns, word, ""))
    return stand.now_ns


def test_a_kill_is_proven_though_the_venues_count_of_reads_is_used_up(stand: Stand) -> None:
    """The list of open orders that proves it is ahead of every other read, and of a round that is under way."""
    order = stand.place(BUY, stand.price(-1))
    stand.live(order)
    reads = stand.engine.reconciling.reads[stand.name]
    for _ in range(12):
        asked(stand, "reconcile")
        stand.run(0.5)
    counter = stand.link._rest.counter
    for _ in range(200):
        if not 0 < counter.next_permit_ns(stand.now_ns, 1) <= stand.now_ns + SECOND:
            break
        counter.charge(stand.now_ns)
    word_ns = asked(stand, VERIFY)
    assert reads.orders_ns < word_ns
    stand.until("the open orders are read", lambda: reads.orders_ns >= word_ns, 0.5)
    assert stand.state(order) == "NEW"
    stand.run(60)
    stand.finish_calmly()


def test_a_round_that_could_not_be_read_proves_no_kill(stand: Stand) -> None:
    """The proof is a complete list of open orders and nothing else."""
    reads = stand.engine.reconciling.reads[stand.name]
    word_ns = stand.now_ns
    account_read = ev.AccountRead(word_ns + 1, stand.name, word_ns, False, 1, 1, "open_orders cannot be read: refused")
    stand.world.tell(lambda now_ns: stand.engine.apply(account_read))
    port = SimpleNamespace(engine=stand.engine)
    assert reads.read_ns > word_ns
    assert remains(port, "halt", Scope("", "", ""), word_ns) == [
        f"unknown: {stand.name} has not told its open orders since"
    ]
    asked(stand, VERIFY)
    stand.until("proven", lambda: not remains(port, "halt", Scope("", "", ""), word_ns), 1.0)


def test_a_list_that_was_asked_for_before_a_kill_and_answered_after_it_proves_nothing(stand: Stand) -> None:
    """An order of ours that nobody here knows began to stand in between: the list leaves it out."""
    stand.fault("reply", "delay", times=0, delay_s=1.5)
    asked(stand, "reconcile")
    stand.run(0.5)
    drift.bring_back(stand, stand.engine.ids.peek("quote"), BUY, stand.price(-3), stand.size)
    stand.run(0.1)
    word_ns = stand.now_ns
    halt = ev.Latched(word_ns, "halt", "", True, "operator", "")
    stand.world.tell(lambda now_ns: stand.driver.latch(now_ns, [halt]))
    asked(stand, VERIFY)
    port = SimpleNamespace(engine=stand.engine)
    stand.until("proven", lambda: not remains(port, "halt", Scope("", "", ""), word_ns), 30)
    assert stand.standing() == []


def test_an_order_that_was_sent_after_a_list_was_asked_for_is_not_in_doubt(stand: Stand) -> None:
    stand.fault("reply", "delay", times=0, delay_s=1.5)
    asked(stand, "reconcile")
    stand.run(0.5)
    order = stand.place(BUY, stand.price(-3))
    read_ns = stand.engine.reconciling.reads[stand.name].read_ns
    stand.until("all is read", lambda: stand.engine.reconciling.reads[stand.name].read_ns > read_ns, 30)
    stand.live(order)
    assert not [event for event in stand.recorder.events if type(event) is ev.QueryOrder]


def test_a_foreign_order_is_not_gone_by_a_list_that_was_asked_for_before_it() -> None:
    """The venue's timer, armed because of it, would cancel an order that is not ours."""
    stand = Stand(next(case for case in ALL if str(case) == "kraken"))
    stand.ready()
    stand.run(7)
    stand.fault("reply", "delay", times=0, delay_s=1.5)
    asked(stand, "reconcile")
    stand.run(0.5)
    stand.outside(lambda now_ns: stand.counterpart.place_foreign(now_ns, "somebody-else"))
    stand.until("it is heard of", lambda: stand.venue.foreign == 1, 1)
    stand.run(20)
    counts = [event.count for event in stand.recorder.events if type(event) is ev.ForeignOrders]
    assert counts[-1] == 1
    assert 0 not in counts[counts.index(1) :]
