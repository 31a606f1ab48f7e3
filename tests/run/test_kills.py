"""The harness that kills a bot at its writes, syncs and sends: a few points of it, and that it can fail."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from mm._core import JournalReader
from mm._core import events as ev
from mm.persistence.journal import EventJournal, events_of
from mm.persistence.recorder import FileRecorder
from mm.simulator.ledger_report import ledger_report
from mm.simulator.market import ACCOUNT
from tests.backtest.session import START, Session

ROOT = Path(__file__).resolve().parent.parent.parent
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("cc") is None, reason="needs Linux and a C compiler"
)


def test_f72_killed_at_any_write_sync_or_send_the_books_end_as_the_venues() -> None:
    """Guard: the whole of `docs/recovery.md`. All sampled points: `make kills`."""
    command = [sys.executable, "tools/kills.py", "--points", "8", "--chain", "8", "--jobs", "1", "--script", "4"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    verdict = json.loads(done.stdout.splitlines()[-1])
    assert verdict["passed"], verdict
    assert sum(verdict["killed"].values()) + verdict["late"] == verdict["wanted"] == 8
    assert f"{sum(verdict['killed'].values())} of 8 at their point, {verdict['late']} late" in verdict["kills"]
    assert sum(verdict["killed"].values()) >= 5
    assert verdict["floors"] == "not asked for: fewer than 40 points"
    (figures,) = verdict["chains"]
    assert figures["residual"] == "0"
    assert sum(figures["fills"].values()) > 0


def test_the_judge_of_the_kills_finds_what_a_journal_leaves_out(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import kills

    def order(client_id: str) -> dict[str, object]:
        return {"client_id": client_id, "order_id": client_id}

    ledger = {
        "open_orders": [order("mm1Q1")],
        "closed_orders": [order("mm1Q1"), order("other")],
        "fills": [{"execution_id": "E1", "side": "buy", "size": "0.2", "order_id": "mm1Q1"}],
    }
    nothing = {"open_orders": [], "closed_orders": [], "fills": []}
    chain = kills.Chain(tmp_path, tmp_path, "os", 1)
    monkeypatch.setattr(
        chain.__class__, "ledgers", lambda self: dict.fromkeys(kills.VENUES, nothing) | {"kraken": ledger}
    )
    monkeypatch.setattr(
        kills, "written", lambda state: ([], {"kraken": {"E2"}, "mexc_spot": set(), "mexc_futures": set()})
    )
    chain.look("now")
    assert chain.problems == [
        "now: kraken has mm1Q1 2 times",
        "now: kraken has mm1Q1, the journal has not",
        "now: kraken: E2 was invented",
        "now: kraken holds 0.2",
    ]


def test_all_points_go_on_where_they_were_on_the_same_build_and_begin_anew_on_another(
    tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import kills

    file = tmp_path / "kills.json"
    arguments = ["--all", "--state", str(file), "--chain", "10", "--jobs", "1"]
    options = kills.parser().parse_args(arguments)
    ran: list[tuple[int, list[float]]] = []

    def run_chain(folder, library, policy, seed, points, total):
        if len(ran) == stops_at:
            raise KeyboardInterrupt
        ran.append((seed, [point.at for point in points]))
        return {"killed": {"writes": len(points)}, "late": 0, "problems": [], "figures": {"fills": {"kraken": 40}}}

    counts = iter((45, 52, 45, 45))
    monkeypatch.setattr(kills, "measured", lambda *_: [next(counts)])
    monkeypatch.setattr(kills, "run_chain", run_chain)
    monkeypatch.setattr(kills, "build_mark", lambda: build)
    build, stops_at = "one", 2
    with pytest.raises(KeyboardInterrupt):
        kills.kills(tmp_path, tmp_path, options)
    assert [seed for seed, _ in ran] == [1, 2]
    stops_at = -1
    verdict = kills.kills(tmp_path, tmp_path, options)
    assert [seed for seed, _ in ran] == [1, 2, 3, 4, 5], "a chain was done twice, or never"
    # The script had another number of points this time: each of the first count was met once.
    assert sorted(at for _, points in ran for at in points) == list(range(1, 46))
    assert (verdict["wanted"], verdict["killed"]) == (45, {"writes": 45})
    kills.kills(tmp_path, tmp_path, options)
    assert len(ran) == 5, "what is done was done again"
    build = "another"
    kills.kills(tmp_path, tmp_path, options)
    assert len(ran) == 10, "what another build did counts"


def test_kills_that_show_little_do_not_pass(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import kills

    def chain(fills: dict[str, int], **killed: int) -> dict[str, object]:
        return {"killed": killed, "late": 0, "problems": [], "figures": {"fills": fills}}

    fills = {"kraken": kills.FILLS_MIN - 5, "mexc_futures": 4}
    verdict = kills.summed([chain(fills, writes=58)], 60, 900)
    assert not verdict["passed"]
    assert verdict["problems"] == [
        f"only {kills.FILLS_MIN - 1} fills in all chains together, expected {kills.FILLS_MIN}",
        "none was killed at its point among the sends",
        "none was killed at its point among the syncs",
    ]
    again = kills.summed([chain(fills, writes=58, syncs=1, sends=1), chain({"kraken": 1})], 60, 900)
    assert (again["passed"], again["floors"]) == (True, "asked for")
    few = kills.summed([chain({})], 0, 900)
    assert (few["passed"], few["floors"]) == (True, f"not asked for: fewer than {kills.POINTS_MIN} points")


def test_kills_are_spread_over_writes_syncs_and_sends(monkeypatch) -> None:
    """Of any 60 of all points none may be a send: they are a tenth of them, and most are of the first second."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import kills

    for seed in range(20):
        later = [point for point in kills.sampled(10, Random(seed)) if point.kind]
        assert {point.kind for point in later} == {"writes", "syncs", "sends"}
        assert all(0 < point.at <= 1 for point in later)


@pytest.mark.parametrize(
    ("bad", "found"),
    [
        ("", []),
        ("another word", ["a replay does not end in the bot's state 0"]),
        ("an older list", []),
        ("another name", ["after one start: 1 contradictions in 1.mmr", "1 contradictions"]),
        ("a newer list", ["after one start: 1 contradictions in 1.mmr", "1 contradictions"]),
        (
            "journal has more",
            [
                "the journal leaves another state than the recording",
                "after another: 2.mmr took over another state than the journal had",
            ],
        ),
        ("takes over less", ["after another: 2.mmr took over another state than the journal had"]),
    ],
)
def test_the_judge_of_the_kills_holds_states_to_one_another(bad: str, found: list[str], tmp_path, monkeypatch) -> None:
    """What a start recorded, its journal, its last word, and what the next start took over, of a session in memory."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import endurance_judge
    import kills

    chain = kills.Chain(tmp_path, tmp_path, "os", 1)
    monkeypatch.setattr(kills, "VENUES", ("kraken",))
    monkeypatch.setattr(endurance_judge, "_debts", lambda *_: None)
    monkeypatch.setattr(endurance_judge, "_profit", lambda verdict, *_: verdict.figures.update(residual="0"))
    (tmp_path / "recordings").mkdir()
    journal = EventJournal(tmp_path / "journal", epoch=1, build="", now_ns=START)
    session = Session(
        tmp_path, recorder=FileRecorder(tmp_path / "recordings/1.mmr", build="", created_ns=START, journal=journal)
    )
    monkeypatch.setattr(chain.__class__, "ledgers", lambda self: {"kraken": ledger_report(session.exchange, ACCOUNT)})
    session.run(15)
    assert session.stop()
    # What the venue says of a cancelled order: it has another name; a list shows it that was asked for before or after.
    written = events_of(JournalReader(str(tmp_path / "journal")))
    gone = [event for event in written if isinstance(event, ev.OrderCanceled)][-1]
    shown = ev.OrderReport(
        START, START, "kraken", gone.client_id, gone.venue_id, "BTC/USD", 1, "new", 600_000, 100, 0, "", "query"
    )
    heard: list[ev.Event] = {
        "another name": [ev.OrderAccepted(START, START, "kraken", gone.client_id, "another")],
        "an older list": [shown, ev.OpenOrdersRead(START, "kraken", True, 1, gone.recv_ns - 1)],
        "a newer list": [shown, ev.OpenOrdersRead(START, "kraken", True, 1, gone.recv_ns + 1)],
    }.get(bad, [])
    for event in heard:
        session.recorder.record(event)
        session.engine.apply(event)
    if bad == "journal has more":
        journal.record(ev.Operator(START, "pause", ""), START, 0)
    session.recorder.close()
    word = "0" if bad == "another word" else session.engine.state_hash()
    (tmp_path / "bot.log").write_text(json.dumps({"type": "end", "state_hash": word}) + "\n")
    chain.look("after one start")
    chain.judged()
    state, told = (Session(tmp_path) if bad == "takes over less" else session).engine.snapshot()
    with closing(FileRecorder(tmp_path / "recordings/2.mmr", build="", created_ns=START)) as recorder:
        recorder.record(ev.Start(START, 1, 2, session.engine.config()))
        recorder.record(ev.Recovered(START, state, told))
    chain.look("after another")
    assert chain.problems == found
