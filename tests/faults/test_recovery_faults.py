"""F72 and what belongs to it: killed anywhere, started again, and the books are the venue's.

Each on every venue, with a journal on the disk, in virtual time, judged by the venue's ledger.
"""

import pytest

from mm._core import JournalReader
from mm._core import events as ev
from mm.persistence.journal import events_of
from tests.faults.restarted import BUY, SELL, Restarted, cases

CASES = cases()


@pytest.fixture(params=CASES)
def stand(request, tmp_path):
    return Restarted(CASES[request.param], tmp_path / "journal")


def started(stand, size=1):
    """A start that has bought something."""
    stand.ready()
    bought = stand.place(BUY, stand.price(-1), stand.size * size)
    stand.live(bought)
    stand.trade(SELL, stand.price(-1), stand.size * size)
    stand.closed(bought, "FILLED")
    return bought


def test_f72_position_money_and_fills_are_there_again_and_counted_once(stand):
    bought = started(stand)
    before = stand.market.position.durable()
    stand.kill()
    stand.run(3)
    stand.restart()
    # Before any venue was asked.
    assert stand.market.position.durable() == before
    assert stand.order(bought).state.name == "FILLED"
    stand.judge()
    assert stand.engine.fills == 1


def test_f72_what_filled_while_nobody_was_there_is_read_and_booked_once(stand):
    started(stand)
    first, half = stand.place(BUY, stand.price(-2)), stand.place(SELL, stand.price(4), stand.size * 2)
    stand.live(first)
    stand.live(half)
    stand.kill()
    stand.trade(SELL, stand.price(-2), stand.size)
    stand.trade(BUY, stand.price(4), stand.size)
    stand.run(600)
    stand.restart()
    stand.until("F72: what filled meanwhile is read", lambda: stand.market.position.fill_count == 3)
    stand.closed(first, "FILLED")
    stand.closed(half, "CANCELED")
    stand.judge()
    assert stand.market.position.fill_count == 3


def test_f72_an_order_whose_bytes_never_left_ends_by_two_complete_reads_and_counts_until_then(stand):
    started(stand)
    # Into the journal and no further.
    stand.world.machine.drain = list
    never = stand.place(BUY, stand.price(-3))
    stand.restart()
    assert stand.engine.orders.open_exposure(stand.name, stand.symbol, BUY) == stand.size
    stand.ready()
    assert stand.state(never) == "UNKNOWN", "F72: a request without its answer is in no doubt"
    assert stand.engine.orders.open_exposure(stand.name, stand.symbol, BUY) == stand.size
    stand.closed(never)
    (absent,) = [event for event in stand.recorder.events if type(event) is ev.OrderAbsent]
    assert absent.client_id == never
    assert "two complete reads" in absent.evidence
    stand.judge()


class Waits(Restarted):
    """Its first start has a disk that takes no order."""

    def make_recorder(self):
        recorder = super().make_recorder()
        recorder.commit = lambda: self.epoch > 1
        return recorder


@pytest.mark.parametrize("name", CASES)
def test_f72_an_order_that_waited_for_the_disk_in_the_moment_of_the_kill_is_asked_for(tmp_path, name):
    stand = Waits(CASES[name], tmp_path / "journal")
    stand.ready()
    never = stand.place(BUY, stand.price(-3))
    assert stand.order(never).unsent
    stand.restart()
    assert stand.engine.orders.open_exposure(stand.name, stand.symbol, BUY) == stand.size
    stand.ready()
    assert stand.state(never) == "UNKNOWN"
    stand.closed(never, "CANCELED")
    (absent,) = [event for event in stand.recorder.events if type(event) is ev.OrderAbsent]
    assert absent.client_id == never
    stand.judge()


@pytest.mark.parametrize("name", CASES)
def test_f72_an_order_that_was_taken_back_before_the_kill_is_over_and_nobody_is_asked(tmp_path, name):
    stand = Waits(CASES[name], tmp_path / "journal")
    stand.ready()
    never = stand.place(BUY, stand.price(-3))
    stand.cancel(never)
    assert stand.state(never) == "DENIED"
    stand.restart()
    stand.ready()
    stand.run(30)
    assert stand.state(never) == "DENIED"
    assert not stand.counterpart.has_seen(never)
    asked = {getattr(event, "client_id", "") for event in stand.recorder.events if type(event) is ev.QueryOrder}
    assert never not in asked
    stand.judge()


def test_f72_an_order_that_left_and_was_filled_before_its_answer_is_found_by_its_fill(stand):
    started(stand)
    sent = stand.place(BUY, stand.price(-2))
    stand.kill()
    stand.run(1)
    stand.trade(SELL, stand.price(-2), stand.size)
    # Longer than the overlap of the history: a later fill does not hide the earlier one.
    stand.run(300)
    stand.restart()
    stand.closed(sent, "FILLED")
    stand.judge()


def test_f72_a_fill_of_an_order_without_an_id_is_not_lost_behind_a_newer_one(stand):
    started(stand)
    known = stand.place(SELL, stand.price(3))
    stand.live(known)
    sent = stand.place(BUY, stand.price(-2))
    stand.kill()
    stand.run(1)
    stand.trade(SELL, stand.price(-2), stand.size)
    stand.run(300)
    stand.trade(BUY, stand.price(3), stand.size)
    stand.run(5)
    stand.restart()
    stand.closed(sent, "FILLED")
    stand.closed(known, "FILLED")
    stand.judge()


def test_f72_what_stands_from_an_earlier_start_is_cancelled_and_fills_until_then_are_ours(stand):
    started(stand)
    left = [stand.place(BUY, stand.price(-2 - level)) for level in range(2)]
    for client_id in left:
        stand.live(client_id)
    stand.restart()
    stand.until("F72: what an earlier start left is cancelled", lambda: not stand.standing())
    for client_id in left:
        stand.closed(client_id, "CANCELED")
    reasons = {event.reason for event in stand.recorder.events if type(event) is ev.Cancel}
    assert reasons == {"left by an earlier start"}
    stand.judge()


def test_f72_a_cancel_without_its_answer_is_looked_into(stand):
    started(stand)
    standing = stand.place(BUY, stand.price(-2))
    stand.live(standing)
    stand.cancel(standing)
    stand.restart()
    stand.closed(standing, "CANCELED")
    stand.judge()


def test_f72_killed_again_before_the_first_recovery_was_over(stand):
    started(stand)
    sent = stand.place(BUY, stand.price(-2))
    stand.kill()
    stand.run(1)
    stand.trade(SELL, stand.price(-2), stand.size)
    for seconds in (0.0, 0.001, 0.05, 0.2, 0.4, 0.6, 1.0):
        stand.restart()
        stand.run(seconds)
    stand.closed(sent, "FILLED")
    stand.judge()
    assert stand.engine.fills == 2


def test_f72_the_journal_holds_each_execution_and_each_id_once(stand):
    started(stand)
    for _ in range(3):
        stand.restart()
        stand.ready()
        stand.place(SELL, stand.price(3))
        stand.run(1)
    stand.restart()
    stand.judge()
    places = [event for event in events_of(JournalReader(str(stand.folder))) if type(event) is ev.Place]
    assert len({place.client_id for place in places}) == len(places) == 4


def test_f72_an_operators_pause_outlives_the_process(stand):
    started(stand)
    stand.world.tell(lambda now_ns: stand.driver.operate(now_ns, "pause"))
    stand.restart()
    assert stand.engine.is_paused, "F72: the pause is forgotten"
    stand.world.tell(lambda now_ns: stand.driver.operate(now_ns, "resume"))
    stand.restart()
    assert not stand.engine.is_paused
    stand.judge()


def test_f72_a_stop_ends_a_run_and_not_the_next_one(stand):
    started(stand)
    stand.world.tell(lambda now_ns: stand.driver.operate(now_ns, "stop", "end of the day"))
    stand.run(2)
    stand.restart()
    assert not stand.engine.is_stopping
    stand.judge()
