"""A venue whose stream and whose lists have names of their own for one fill: it is booked once, over a restart too.

Of the kind of F12 and F13. The MEXC Spot reference has ids of both forms, and nobody has shown on the wire that they
are one today.
"""

from dataclasses import replace

import pytest

from mm.engine import Engine
from mm.persistence.recorder import NullRecorder
from mm.simulator.mexc_spot import rest_private
from tests.faults.restarted import BUY, SELL, Restarted, cases

NAMED = 4_000
"""Fills at which the older half of the names is forgotten (`mm._core.booking`)."""
AT_ONCE = 50


def other_name(execution_id):
    """As older replies of `myTrades` have it."""
    return f"fbd6{int(execution_id.partition('X')[0]):028x}"


@pytest.fixture
def stand(tmp_path, monkeypatch):
    shown = rest_private.trade_row

    def renamed(*arguments):
        row = shown(*arguments)
        return {**row, "id": other_name(row["id"])}

    monkeypatch.setattr(rest_private, "trade_row", renamed)
    return Restarted(cases()["mexc_spot"], tmp_path / "journal")


def filled(stand, size=1):
    order = stand.place(BUY, stand.price(-1), stand.size * size)
    stand.live(order)
    stand.trade(SELL, stand.price(-1), stand.size * size)
    stand.closed(order, "FILLED")


def test_what_the_stream_told_is_not_booked_again_from_the_lists_of_the_next_start(stand):
    stand.ready()
    filled(stand)
    stand.kill()
    stand.run(3)
    stand.restart()
    stand.judge()
    assert stand.engine.fills == 1


def test_what_nobody_heard_is_booked_beside_its_like(stand):
    stand.ready()
    filled(stand)
    order = stand.place(BUY, stand.price(-1), stand.size * 2)
    stand.live(order)
    stand.trade(SELL, stand.price(-1), stand.size)
    stand.until("its first half is booked", lambda: stand.engine.fills == 2)
    stand.kill()
    # The same order, price and size within the same moment: only that it is another one tells it from the first half.
    stand.trade(SELL, stand.price(-1), stand.size)
    stand.run(3)
    stand.restart()
    stand.closed(order, "FILLED")
    stand.judge()
    assert stand.engine.fills == 3


def test_names_outlive_a_snapshot_and_more_starts(stand):
    stand.ready()
    filled(stand)
    saving = stand.journal.begin_snapshot(*stand.engine.snapshot(), stand.now_ns)
    assert saving.wait(10**10) is not None
    for _ in range(3):
        stand.kill()
        stand.run(1)
        stand.restart()
        stand.judge()
    assert stand.engine.fills == 1


def left_short(stand, order):
    """The venue says that a half of an order is filled, and the deal itself is lost: then the process is gone."""
    stand.fault("message", "drop", "deals")
    stand.trade(SELL, stand.price(-2), stand.size)
    stand.until("the half is told", lambda: stand.order(order).fills_missing)
    stand.kill()


def test_what_an_old_order_lacks_is_found_among_fills_that_have_other_names_there(stand):
    stand.ready()
    old = stand.place(BUY, stand.price(-2), stand.size * 2)
    stand.live(old)
    filled(stand)
    stand.run(600)
    # The early fill is long before the last one now, and is read again all the same: with what the old order lacks.
    filled(stand)
    left_short(stand, old)
    for _ in range(2):
        stand.run(1)
        stand.restart()
        stand.judge()
    assert stand.engine.fills == 3


def test_names_outlive_a_snapshot_that_an_old_order_was_open_in(stand):
    stand.ready()
    old = stand.place(BUY, stand.price(-2), stand.size * 2)
    stand.live(old)
    filled(stand)
    stand.run(600)
    filled(stand)
    # Nothing is missing yet, so that no more than the last minutes' names are kept: no more is read either.
    saving = stand.journal.begin_snapshot(*stand.engine.snapshot(), stand.now_ns)
    assert saving.wait(10**10) is not None
    left_short(stand, old)
    stand.run(1)
    stand.restart()
    stand.judge()
    assert stand.engine.fills == 3


def test_names_are_kept_while_the_settings_do_not_have_the_venue(stand):
    stand.ready()
    filled(stand)
    without = Engine(stand.begin, replace(stand.settings, venues={}), {}, NullRecorder())
    without.restore(stand.engine.durable_state())
    back = Engine(stand.begin, stand.settings, {stand.name: stand.case.face}, NullRecorder())
    back.restore(without.durable_state())
    assert [fill.execution_id for fill in back.venues[stand.name].named_fills] == [
        fill.execution_id for fill in stand.fills()
    ]


def take(stand, now_ns, side):
    stand.counterpart.trade(now_ns, side, stand.price(side), stand.size)


def test_no_fill_of_before_the_names_that_are_kept_is_booked_again(stand):
    stand.ready()
    old = stand.place(BUY, stand.price(-2), stand.size * 2)
    stand.live(old)
    stand.fault("message", "drop", "deals")
    stand.trade(SELL, stand.price(-2), stand.size)
    stand.until("the half is told", lambda: stand.order(old).fills_missing)
    # Nor is it found by asking, as long as this start runs.
    stand.fault("reply", "body", "GET myTrades", error="[]", status=200, times=0)
    for round_ in range(NAMED // AT_ONCE):
        side = SELL if round_ % 2 else BUY
        many = stand.place(side, stand.price(-side), stand.size * AT_ONCE)
        stand.run(2)
        stand.live(many)
        stand.outside(lambda now_ns, side=side: [take(stand, now_ns, -side) for _ in range(AT_ONCE)])
        stand.closed(many, "FILLED")
    assert len(stand.venue.named_fills) < NAMED
    stand.kill()
    stand.mend()
    stand.run(1)
    stand.restart()
    stand.ready()
    stand.run(150)
    position = stand.market.position
    assert position.fill_count == NAMED, "a fill was booked twice, by two names"
    assert position.quantity == 0
    assert stand.engine.reconciling.unexplained, "what is missing is told, and halts"
