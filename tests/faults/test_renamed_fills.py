"""A venue whose stream and whose lists have names of their own for one fill: it is booked once, over a restart too.

Of the kind of F12 and F13. The MEXC Spot reference has ids of both forms, and nobody has shown on the wire that they
are one today.
"""

import pytest

from mm.simulator.mexc_spot import rest_private
from tests.faults.restarted import BUY, SELL, Restarted, cases


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
