"""What a stop leaves open: a balance on which no two reads agree is told with its amount, and booked nowhere."""

from __future__ import annotations

from mm._core import events as ev
from mm.conformance.orders import BUY, SELL
from mm.conformance.stand import START_NS, Stand
from mm.instruments import AMOUNT_PRECISION
from tests.reconciling import drift
from tests.reconciling.drift import FUTURES

LEFT = "not compared"


def stop(stand: Stand) -> None:
    stand.world.tell(lambda now_ns: stand.driver.operate(now_ns, "stop", "end of the case"))
    stand.run(3)


def seen_once(stand: Stand) -> None:
    """Wait until one round, and no second, has shown a balance that is another."""
    stand.until("one read shows it", lambda: bool(stand.engine.reconciling._suspects[stand.name]), 40)


def unreachable(stand: Stand) -> None:
    stand.fault_now("outage", duration_s=600)
    stand.run(70)
    assert not stand.venue.private_up


def test_a_balance_that_no_second_read_has_confirmed_is_told_at_the_end(stand: Stand) -> None:
    asset = stand.counterpart.assets[-1]
    amount = -(10 ** (stand.counterpart.exchange.ledger.decimals(asset) - 1))
    drift.move(stand, asset, amount)
    seen_once(stand)
    unreachable(stand)
    assert drift.differences(stand) == []
    before = stand.engine.accounts.facts()
    stop(stand)
    (left,) = drift.differences(stand)
    moved = drift.told_amount(stand, asset, amount)
    assert (left.venue, left.what, left.subject, left.amount, left.verdict) == (
        stand.name, "balance", asset, moved, LEFT,
    )  # fmt: skip
    assert "no two reads agree on it; out of reach since 22:1" in left.evidence
    assert left.evidence.startswith("since 22:13:")
    assert stand.engine.accounts.facts() == before, "it is no deposit: the next start compares it"
    assert not stand.market.halted
    assert stand.engine.reconciling.uncompared == {(stand.name, "balance", asset): (moved, left.evidence)}
    assert stand.engine.reconciling.count == 0
    drift.replays(stand)


def test_what_a_last_round_had_no_time_to_confirm_is_told_at_the_end(stand: Stand) -> None:
    asset = stand.counterpart.assets[0]
    drift.move(stand, asset, 1000)
    seen_once(stand)
    stop(stand)
    (left,) = drift.differences(stand)
    assert (left.subject, left.amount, left.verdict) == (asset, drift.told_amount(stand, asset, 1000), LEFT)
    assert "reach" not in left.evidence
    drift.replays(stand)


def test_while_the_run_goes_on_a_report_says_what_it_cannot_compare(stand: Stand) -> None:
    asset = stand.counterpart.assets[-1]
    drift.move(stand, asset, -1000)
    report = stand.engine.reconciling.report
    assert report(stand.now_ns)["venues"][stand.name]["uncompared"] == [], "the next round shows it"
    seen_once(stand)
    unreachable(stand)
    (each,) = report(stand.now_ns)["venues"][stand.name]["uncompared"]
    amount = str(drift.told_amount(stand, asset, -1000))
    assert (each["what"], each["subject"], each["amount"]) == ("balance", asset, amount)
    assert "out of reach" in each["evidence"]
    assert drift.differences(stand) == []


def test_a_stop_with_equal_books_or_with_what_is_told_already_leaves_nothing_open(stand: Stand) -> None:
    order = stand.place(BUY, stand.price(-1))
    stand.live(order)
    stand.trade(SELL, stand.price(-1), stand.size)
    drift.move(stand, stand.counterpart.assets[0], 1000)
    stand.until("it is told", lambda: bool(stand.engine.reconciling.unexplained), 120)
    unreachable(stand)
    stop(stand)
    assert [each.verdict for each in drift.differences(stand, "balance")] == ["unexplained"]


def test_a_balance_that_trails_its_fill_is_not_left_open(stand: Stand) -> None:
    stand.fault("request", "lag", "", delay_s=20, times=0)
    order = stand.place(BUY, stand.price(-1))
    stand.live(order)
    stand.trade(SELL, stand.price(-1), stand.size)
    stand.until("it is booked", lambda: stand.market.position.quantity != 0)
    stop(stand)
    assert drift.differences(stand, "balance") == []


def test_a_venue_that_was_never_heard_leaves_no_balance_open() -> None:
    stand = Stand(FUTURES)
    stand.ready()
    stand.kill()
    stand.fault_now("outage", duration_s=600)
    stand.restart()
    stand.run(30)
    stop(stand)
    assert drift.differences(stand) == []


def test_pushes_around_a_ban_and_an_outage_are_told_by_their_sum_and_again_where_it_changes() -> None:
    """Money went and came, each told by a push; a ban ended the second read, an outage the rest of the run."""
    stand = Stand(FUTURES)
    stand.ready()
    asset = stand.counterpart.assets[0]
    seen_once_s = 25

    def transfer(value: float) -> None:
        at_s = (stand.now_ns - START_NS) / 10**9 + 0.01
        stand.fault("clock", "transfer", text=asset, value=value, told="push", at_s=at_s)
        stand.run(1)

    stand.run(seen_once_s)
    transfer(-381.65295825)
    seen_once(stand)
    stand.fault_now("ban", status=418, duration_s=35)
    stand.run(9)
    transfer(645.50942591)
    stand.run(25)
    unreachable(stand)
    stop(stand)
    (left,) = drift.differences(stand)
    assert (left.subject, left.verdict) == (asset, LEFT)
    assert left.amount == 263_85646766 * 10 ** (AMOUNT_PRECISION - 8)
    total = stand.venue.balances[asset] - 10**AMOUNT_PRECISION
    stand.world.tell(lambda now_ns: stand.driver.take((ev.Balance(now_ns, stand.name, asset, total, "stream"),)))
    stand.run(3)
    assert [each.amount for each in drift.differences(stand)] == [left.amount, left.amount - 10**AMOUNT_PRECISION]
    total = stand.venue.balances[asset] - left.amount + 10**AMOUNT_PRECISION
    stand.world.tell(lambda now_ns: stand.driver.take((ev.Balance(now_ns, stand.name, asset, total, "stream"),)))
    stand.run(3)
    last = drift.differences(stand)[-1]
    assert (last.amount, last.ours) == (0, last.theirs)
    drift.replays(stand)
