"""Transfers that a bot is without at its end: told by their amount, of a venue that it could not read, or I5 breaks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mm._core import events as ev
from mm.chaos.faults import Fault
from mm.chaos.settings import read
from mm.chaos.transfers import FOUND_NS, Reach
from mm.chaos.world import SECOND, START, World
from mm.engine.reconciling import Reconciling
from mm.engine.suspects import Suspects
from mm.simulator.kinds import KRAKEN, MEXC_FUTURES

SEED = 1229
"""Kraken and MEXC Futures, which tells of a transfer by the new balance alone."""
WENT, CAME = -55.5, 20.25
STOP_S = 200.0


def transfer(value: float, at_s: float, told: str = "push") -> Fault:
    rule = {"on": "clock", "action": "transfer", "text": "USDT", "value": value, "told": told, "at_s": at_s}
    return Fault(11, MEXC_FUTURES, rule)


def outage(at_s: float) -> Fault:
    return Fault(7, MEXC_FUTURES, {"on": "clock", "action": "outage", "at_s": at_s, "duration_s": 150.0})


def played(*faults: Fault) -> tuple[World, list[tuple[str, str]]]:
    """A run with a stop, and what was broken in it."""
    stop = Fault(12, act="stop", at_s=STOP_S)
    world = World(read(None, SEED), SEED, [*faults, stop], 400)
    report = world.play()
    assert not report.crash, report.crash
    return world, [(each.invariant, each.venue) for each in report.violations]


def left(world: World) -> list[tuple[str, str, int]]:
    """To the digit that no close of a contract cuts."""
    differences = [event for event in world.journal.events if type(event) is ev.Difference]
    return [
        (each.venue, each.subject, round(each.amount, -4)) for each in differences if each.verdict == "not compared"
    ]


AWAY = (transfer(WENT, 64), transfer(CAME, 68), outage(70))
TOLD = [(MEXC_FUTURES, "USDT", -35_250_000_000_000)]
"""Two that are told by pushes, between two rounds of reads; then the venue is away until after the stop."""


def test_i5_transfers_that_are_told_and_could_not_be_compared_are_no_miss() -> None:
    world, violations = played(*AWAY)
    assert (violations, left(world)) == ([], TOLD)


def test_i5_a_bot_that_says_nothing_of_what_it_could_not_compare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reconciling, "_leave", lambda *arguments: None)
    world, violations = played(*AWAY)
    assert (violations, left(world)) == ([("I5", "")], [])


def test_i5_a_bot_that_hears_of_a_transfer_shortly_before_the_end_and_says_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    late = transfer(WENT, STOP_S - 2)
    world, violations = played(late)
    assert (violations, left(world)) == ([], [(MEXC_FUTURES, "USDT", -55_500_000_000_000)])
    assert played(transfer(WENT, STOP_S - 2, "lists"))[1] == []
    monkeypatch.setattr(Reconciling, "_leave", lambda *arguments: None)
    assert played(late)[1] == [("I5", "")]


def test_i5_a_bot_that_tells_another_amount(monkeypatch: pytest.MonkeyPatch) -> None:
    def lies(suspects: Suspects, *arguments: Any) -> dict[str, int]:
        return {asset: amount + 10**12 for asset, amount in honest(suspects, *arguments).items() if amount > -(10**15)}

    honest: Callable[..., dict[str, int]] = Suspects.left_open
    monkeypatch.setattr(Suspects, "left_open", lies)
    _, violations = played(*AWAY)
    assert ("I5", MEXC_FUTURES) in violations


def test_i5_a_bot_that_compares_nothing_although_it_could(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Suspects, "judge", lambda *arguments: {})
    world, violations = played(transfer(WENT, 64))
    assert left(world) == [(MEXC_FUTURES, "USDT", -55_500_000_000_000)]
    assert violations == [("I5", MEXC_FUTURES), ("I5", "")]


def test_i5_what_is_told_as_not_compared_and_is_no_transfer() -> None:
    world, _ = played()
    said = (world.now_ns, KRAKEN, "balance", "USD", "", "", 5 * 10**12, "no two reads", "not compared")
    world.journal.events.append(ev.Difference(*said))
    world.checker.look(world.now_ns)
    world.checker.unheard(world.stopped_ns)
    assert [each.venue for each in world.checker.violations] == [KRAKEN]


def test_a_venue_can_be_read_while_its_stream_is_up_and_no_ban_is_heard() -> None:
    reach = Reach()
    for at_s, is_up, is_banned in ((10, True, False), (20, True, True), (25, False, True), (30, False, False)):
        reach.is_up, reach.is_banned = is_up, is_banned
        reach.look(START + at_s * SECOND)
    reach.is_up = True
    reach.look(START + 50 * SECOND)
    reach.look(START + 51 * SECOND)
    assert [reach.open_ns(START + at_s * SECOND, START + 60 * SECOND) // SECOND for at_s in (0, 15, 20, 55)] == [
        20, 15, 10, 5,
    ]  # fmt: skip
    assert reach.open_ns(START, START + 15 * SECOND) == 5 * SECOND
    assert FOUND_NS > 60 * SECOND
