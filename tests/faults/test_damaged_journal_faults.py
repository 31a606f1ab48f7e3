"""F84 and F85: a journal that lost its end, or is damaged before it, in whole starts judged by the venue's ledger."""

import os
from os import SEEK_CUR
from random import Random
from shutil import copytree

import pytest

from mm._core import JournalDamaged, JournalReader, journal_repair
from mm._core import events as ev
from mm._core.events import unpack
from mm.simulator.kinds import ACCOUNT
from mm.simulator.orders import NewOrder
from tests.faults.refused import refused
from tests.faults.restarted import BUY, SELL, Restarted, cases

SEEDS = range(20) if os.environ.get("MM_CAMPAIGN") else (1,)
"""Each draws another record to lose. By default one of before the first intent and the first balances."""
CASES = cases()
HEADER_BYTES, HEAD_BYTES = 128, 40
"""Of a segment and of a record, see docs/journal.md."""


@pytest.fixture(params=CASES)
def stand(request, tmp_path):
    return Restarted(CASES[request.param], tmp_path / "journal")


def records(folder):
    """The only segment, and of each record its first byte and its event."""
    (path,) = folder.glob("*.mmj")
    data, place, found = path.read_bytes(), HEADER_BYTES, []
    for *_, payload in JournalReader(str(folder)):
        assert data[place + HEAD_BYTES : place + HEAD_BYTES + len(payload)] == payload
        found.append((place, unpack(payload)))
        place += HEAD_BYTES + len(payload)
    return path, found


def traded(stand):
    """A start that has bought and sold, on the disk, and has an order standing."""
    stand.ready()
    for side, steps, times in ((BUY, -1, 2), (SELL, 1, 1)):
        order = stand.place(side, stand.price(steps), stand.size * times)
        stand.live(order)
        stand.trade(-side, stand.price(steps), stand.size * times)
        stand.closed(order, "FILLED")
    stand.journal.sync()
    standing = stand.place(BUY, stand.price(-3))
    stand.live(standing)
    return standing


@pytest.mark.parametrize(("lost_from", "seed"), [(ev.Fill, 0), (ev.Place, 0), *((None, seed) for seed in SEEDS)])
def test_f85_what_a_loss_of_power_took_from_the_end_is_read_from_the_venue(stand, lost_from, seed):
    standing = traded(stand)
    path, found = records(stand.folder)
    stand.kill()
    # Half of the last fill, of the last order's intent, or of any record, and all that came after it.
    number = last(found, lost_from) if lost_from else Random(seed).randrange(1, len(found))
    with path.open("r+b") as segment:
        segment.truncate(found[number][0] + HEAD_BYTES + 3)
    stand.restart()
    assert any("cut" in notice for notice in stand.journal.notices), stand.journal.notices
    assert list(stand.folder.glob("cut-*.bin")), "what was cut is kept"
    assert stand.market.position.fill_count == sum(type(event) is ev.Fill for _, event in found[:number])
    stand.until("F85: the standing order is gone", lambda: standing not in {o.client_id for o in stand.standing()})
    stand.until("F85: every execution is booked", lambda: stand.market.position.fill_count == 2)
    stand.judge()


def last(found, kind):
    return max(number for number, (_, event) in enumerate(found) if type(event) is kind)


@pytest.mark.parametrize("seed", SEEDS)
def test_f84_damage_before_what_was_on_the_disk_stops_the_start_until_it_is_repaired(stand, seed):
    standing = traded(stand)
    stand.journal.sync()
    if is_spot(stand):
        # A part of it too: contracts count in the order of their fills, see docs/recovery.md.
        stand.trade(SELL, stand.price(-3), stand.size // 2)
        stand.until("a part is booked", lambda: stand.order(standing).booked)
        stand.journal.sync()
    path, found = records(stand.folder)
    stand.kill()
    left = {order.client_id for order in stand.standing()}
    # The last intent says that all before it was on the disk.
    damaged = Random(seed).randrange(1, last(found, ev.Place))
    damage(path, found, damaged)
    folder = stand.folder
    with refused("F84", JournalDamaged, f"record {damaged}.*mm journal repair"):
        stand.restart()
    # Longer than a history is read back beyond what it has to be.
    stand.run(90)
    assert {order.client_id for order in stand.standing()} == left, "nobody trades by a damaged journal"
    repair(stand, folder, damaged)
    assert stand.market.position.fill_count == sum(type(event) is ev.Fill for _, event in found[:damaged])
    stand.until("the standing order is gone", lambda: standing not in {each.client_id for each in stand.standing()})
    position = stand.market.position
    trades = stand.counterpart.trades()
    stand.until("F84: every execution is booked", lambda: position.fill_count == len(trades))
    stand.run(40)
    stand.judge()
    verdicts = {each.verdict for each in stand.recorder.events if type(each) is ev.Difference}
    assert verdicts <= {"booked", "taken back", "closed"}, f"F84: own fills were taken for another's: {verdicts}"


def test_f84_what_another_hand_did_is_not_booked_as_ours_after_a_repair(stand):
    traded(stand)
    path, found = records(stand.folder)
    stand.kill()
    price = stand.price(-2)
    other = NewOrder(ACCOUNT, stand.symbol, BUY, stand.size, price, client_id="by hand")
    stand.outside(lambda now_ns: stand.counterpart.exchange.place(now_ns, other))
    stand.trade(SELL, price, stand.size)
    intent = next(number for number, (_, event) in enumerate(found) if type(event) is ev.Place)
    damage(path, found, intent)
    with pytest.raises(JournalDamaged):
        stand.restart()
    repair(stand, stand.folder, intent)
    stand.until("ready", stand.is_ready)
    stand.until("it is known whose all are", lambda: not stand.engine.strays)
    stand.run(60)
    theirs = stand.counterpart.trades()[-1:]
    ours = stand.counterpart.trades()[:-1]
    # Contracts are held by the account as a whole: another's count as held, and are told.
    booked = ours if is_spot(stand) else [*ours, *theirs]
    assert stand.market.position.quantity == sum(trade.side * trade.size for trade in booked), "F84: the position"
    fills = {each.execution_id for each in stand.fills()}
    assert fills >= {trade.execution_id for trade in ours}
    assert stand.engine.fills == len(ours), "F84: a fill of another's order is none of ours"
    unexplained = stand.engine.reconciling.unexplained
    assert not unexplained, f"F84: fills of another's order explain {unexplained}"


def is_spot(stand):
    return stand.counterpart.traded.base in stand.counterpart.assets


def damage(path, found, number):
    """Flip a bit of a record."""
    with path.open("r+b") as segment:
        segment.seek(found[number][0] + HEAD_BYTES + 2)
        (byte,) = segment.read(1)
        segment.seek(-1, SEEK_CUR)
        segment.write(bytes([byte ^ 4]))


def repair(stand, folder, damaged):
    """As the operator does it. What is repaired is a copy, since the dead process's objects live on here."""
    stand.folder = copytree(folder, folder.with_name("repaired"))
    assert journal_repair(str(stand.folder), stand.now_ns) == damaged
    # The start that was refused had its number too.
    stand.epoch += 1
    stand.restart()
