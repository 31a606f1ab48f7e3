"""`mm reconcile`: of a run that goes on, and of one that has ended."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mm._core import events as ev
from mm.conformance.stand import Stand
from mm.engine.differences import ACCEPTED, BOOKED, UNCOMPARED, UNEXPLAINED, report_lines
from mm.persistence.journal import EventJournal
from mm.reconcile import _parser, _shown, main, remembered
from tests.conformance.venues import VENUES
from tests.engine.contracts import Contracts
from tests.run.bot_process import BotProcess
from tests.run.test_operating import running, say

NOW = 1_700_000_000_000_000_000


def difference(what: str, subject: str, amount: int, verdict: str) -> ev.Difference:
    return ev.Difference(NOW, "kraken", what, subject, "1", "2", amount, "two reads", verdict)


def read() -> list[ev.Event]:
    return [
        ev.AccountRead(NOW, "kraken", NOW, True, 3, 6, "due"),
        ev.Reconciled(NOW, "kraken", NOW, 0, 0, "2 own orders open"),
    ]


def test_a_run_says_how_far_its_books_are_the_venues(
    start: Callable[..., BotProcess], state: Path, tmp_path: Path
) -> None:
    bot, _ = running(start, tmp_path)
    code, text = say(state, "reconcile")
    assert (code, "kraken: round 1" in text, "no differences" in text) == (0, True, True), text
    code, text = say(state, "reconcile", "--now", "--json")
    assert code == 0
    kraken = json.loads(text)["venues"]["kraken"]
    assert (kraken["rounds"], kraken["complete"], kraken["what"], kraken["own_orders"]) == (2, True, "asked for", 2)
    assert kraken["calls"] >= 3
    assert say(state, "reconcile", "--accept") == (2, "nothing is unexplained\n")
    code, end = bot.stop()
    assert (code, end["clean"]) == (0, True)
    code, text = say(state, "reconcile")
    assert (code, "none goes on now" in text, "kraken: round 2" in text) == (0, True, True), text
    assert say(state, "reconcile", "--now")[0] == 2


def test_of_a_run_that_died_nobody_knows_what_its_orders_have_done_since(
    start: Callable[..., BotProcess], state: Path, tmp_path: Path
) -> None:
    bot, _ = running(start, tmp_path)
    bot.kill()
    code, text = say(state, "reconcile")
    assert (code, "a run that died" in text, "no differences where it was read" in text) == (2, True, True), text
    code, text = say(state, "reconcile", "--json")
    assert (code, json.loads(text)["has_died"]) == (2, True)


def test_a_report_from_a_recording_keeps_what_is_still_unexplained() -> None:
    events = [
        *read(),
        difference("fill", "BTC/USD", 5, BOOKED),
        difference("balance", "BTC", -(10**10), UNEXPLAINED),
        difference("balance", "USD", 10**12, UNEXPLAINED),
        difference("balance", "USD", 10**12, ACCEPTED),
        *read(),
    ]
    report = remembered(iter(events))
    assert report["venues"]["kraken"]["unexplained"] == [
        {"what": "balance", "subject": "BTC", "amount": str(-(10**10))}
    ]
    assert report["venues"]["kraken"]["rounds"] == 2
    assert len(report["differences"]) == 4
    lines = report_lines(report)
    assert lines[0] == "kraken: round 2, 22:13:20 (due, 3 calls of 6 points)"
    assert "UNEXPLAINED: balance BTC, -0.01" in lines[1]


def test_a_report_from_a_recording_says_which_balance_the_run_left_uncompared() -> None:
    start = ev.Start(NOW, 1, 1, b'{"venues":{"kraken":{}}}')
    events = [start, *read(), difference("balance", "USD", 26 * 10**12, UNCOMPARED)]
    report = remembered(iter(events))
    told = {"what": "balance", "subject": "USD", "amount": str(26 * 10**12), "evidence": "two reads"}
    assert report["venues"]["kraken"]["uncompared"] == [told]
    lines = report_lines(report)
    assert lines[1] == "  NOT COMPARED: balance USD, 26 more there by its last word (two reads)"
    arguments = _parser().parse_args([])
    assert _shown(report, lines, arguments) == 2, "nobody knows"
    unexplained = remembered(iter([*events, difference("balance", "BTC", 5, UNEXPLAINED)]))
    assert _shown(unexplained, report_lines(unexplained), arguments) == 1, "what is known to be wrong comes first"
    # It came to be the same, an operator's word or a round was the last, or another start has begun.
    for more in (
        [difference("balance", "USD", 0, UNCOMPARED)],
        [difference("balance", "USD", 26 * 10**12, ACCEPTED)],
        [ev.Start(NOW, 1, 2, b'{"venues":{"kraken":{}}}'), *read()],
    ):
        later = remembered(iter([*events, *more]))
        assert (later["venues"]["kraken"]["uncompared"], _shown(later, [], arguments)) == ([], 0)


def test_what_a_run_took_over_as_unexplained_is_in_the_report_of_its_recording(tmp_path: Path) -> None:
    world = Contracts(tmp_path / "mm.toml")
    world.tell(ev.Balance(world.now, "kraken", "BTC", 10**12, "query"))
    world.tell(difference("balance", "BTC", 10**12, UNEXPLAINED))
    recovered = ev.Recovered(world.now, *world.engine.snapshot())
    report = remembered(iter([world.start, recovered, *read()]))
    assert report["venues"]["kraken"]["unexplained"] == [{"what": "balance", "subject": "BTC", "amount": str(10**12)}]


def test_a_venue_that_was_never_read_is_not_without_differences(capsys: pytest.CaptureFixture[str]) -> None:
    start = ev.Start(NOW, 1, 1, b'{"venues":{"kraken":{},"mexc_futures":{}}}')
    report = remembered(iter([start, *read()]))
    lines = report_lines(report)
    assert lines[1:] == ["mexc_futures: not read yet", "no differences where it was read"]
    arguments = _parser().parse_args([])
    assert _shown(report, lines, arguments) == 2
    worse = remembered(iter([start, *read(), difference("balance", "BTC", 5, UNEXPLAINED)]))
    assert _shown(worse, report_lines(worse), arguments) == 1, "what is known to be wrong comes first"
    whole = remembered(iter([ev.Start(NOW, 1, 1, b'{"venues":{"kraken":{}}}'), *read()]))
    assert (_shown(whole, report_lines(whole), arguments), report_lines(whole)[-1]) == (0, "no differences")
    # What an earlier run had, and this one has not, is no venue that it did not read.
    moved = remembered(iter([start, ev.Start(NOW, 1, 2, b'{"venues":{"kraken":{}}}'), *read()]))
    assert _shown(moved, report_lines(moved), arguments) == 0


@pytest.mark.parametrize("events", [[], [ev.Start(NOW, 1, 1, b"")], [ev.Start(NOW, 1, 1, b""), *read()], read()])
def test_where_the_venues_are_not_known_nobody_knows(
    events: list[ev.Event], capsys: pytest.CaptureFixture[str]
) -> None:
    report = remembered(iter(events))
    lines = report_lines(report)
    assert _shown(report, lines, _parser().parse_args([])) == 2
    assert "which venues the run had is not known" in lines
    assert "no differences" not in lines


def test_a_journal_whose_start_went_with_a_snapshot_is_judged_by_the_snapshot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stand = Stand(VENUES[0])
    stand.ready()
    journal = EventJournal(tmp_path / "journal", epoch=1, build="test", now_ns=NOW)
    state, state_hash = stand.engine.snapshot()
    journal.begin_snapshot(state, state_hash, NOW).wait(20 * 10**9)
    for event in read():
        journal.record(event, NOW, NOW)
    journal.close(NOW, NOW)
    assert main(["--state", str(tmp_path)]) == 0
    assert "kraken: round 1" in capsys.readouterr().out
    # A venue that was not read since is one of the run all the same, and what was unexplained then still is.
    both = json.loads(state)
    config = json.loads(both["marks"]["start"][2])
    config["venues"]["mexc_spot"] = config["venues"]["kraken"]
    both["marks"]["start"][2] = json.dumps(config)
    journal = EventJournal(tmp_path / "journal", epoch=2, build="test", now_ns=NOW)
    journal.begin_snapshot(json.dumps(both).encode(), state_hash, NOW).wait(20 * 10**9)
    journal.close(NOW, NOW)
    assert main(["--state", str(tmp_path)]) == 2
    assert "mexc_spot: not read yet" in capsys.readouterr().out
    both["facts"]["unexplained"] = [["kraken", "balance", "BTC", 5]]
    journal = EventJournal(tmp_path / "journal", epoch=3, build="test", now_ns=NOW)
    journal.begin_snapshot(json.dumps(both).encode(), state_hash, NOW).wait(20 * 10**9)
    journal.close(NOW, NOW)
    assert main(["--state", str(tmp_path)]) == 1
    assert "UNEXPLAINED: balance BTC" in capsys.readouterr().out


def test_without_a_run_and_without_a_recording_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--state", str(tmp_path)]) == 2
    assert "tells of a run" in capsys.readouterr().err
    assert main(["--now", "--state", str(tmp_path)]) == 2
