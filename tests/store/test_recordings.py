"""What a recording adds: decisions with reasons, parts of the profit and costs of hedges, as the run had them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mm.inventory.accounts import DOLLAR_DIGITS
from mm.store.amounts import amount_text, units_text
from mm.store.command import main, store_main
from mm.store.following import Follower
from mm.store.recordings import Recordings
from mm.store.results import PARTS
from mm.store.sqlite import SqliteDatabase
from mm.why import main as why
from mm.why import records
from tests.store.conftest import Run


def taken(database: SqliteDatabase, folder: Path) -> None:
    recordings = Recordings(database, folder)
    while recordings.step(0.02):
        pass


@pytest.fixture
def database(hedged: Run, tmp_path: Path) -> SqliteDatabase:
    found = SqliteDatabase(tmp_path / "store.db")
    Follower(found, hedged.journal).finish()
    return found


def test_parts_and_costs_are_those_of_the_engine(hedged: Run, database: SqliteDatabase) -> None:
    taken(database, hedged.state / "recordings")
    engine = hedged.session.engine
    terms = engine.accounts.terms()
    rows = database.rows("profits", "ORDER BY minute")
    assert len(rows) == 2
    # The last event that books or the stop; the marks may have moved a little until the very end.
    fixed = {"spread": terms.spread, "fees": terms.fees, "hedging": terms.hedging, "funding": terms.funding}
    assert fixed.keys() < set(PARTS)
    for name, units in fixed.items():
        assert rows[-1][name] == units_text(units, DOLLAR_DIGITS)
    payments = [row for row in database.rows("payments") if row["kind"] != "netted"]
    costs = {
        (each.owner, each.paid_ns, amount_text(each.amount)): each.cost2 for each in hedged.session.desk.ledger.payments
    }
    assert len(payments) == len(costs) > 3
    for row in payments:
        assert row["cost"] == units_text(costs[row["owner"], row["paid_ns"], row["amount"]] * 5, 25)


def test_decisions_are_those_of_why(hedged: Run, database: SqliteDatabase) -> None:
    taken(database, hedged.state / "recordings")
    told = []
    for record in records(hedged.state / "recordings" / "00000001.mmr"):
        if not (told and told[-1].absorb(record)):
            told.append(record)
    rows = database.rows("decisions", "ORDER BY number")
    assert [row["number"] for row in rows] == list(range(1, len(told) + 1))
    for row, record in zip(rows, told, strict=True):
        assert (row["at_ns"], row["until_ns"], row["times"]) == (record.now_ns, record.until_ns, record.times)
        assert row["text"].split("\n") == record.lines
        assert row["did"] == "\n".join(record.did)
        assert (row["venue"], row["strategy"]) == ("kraken", "btc")


def test_a_recording_that_grows_is_taken_as_it_comes_and_after_a_kill_anew(
    hedged: Run, database: SqliteDatabase, tmp_path: Path
) -> None:
    whole = (hedged.state / "recordings" / "00000001.mmr").read_bytes()
    folder = tmp_path / "recordings"
    folder.mkdir()
    path = folder / "00000001.mmr"
    recordings = Recordings(database, folder)
    assert not recordings.step()
    steps = range(2000, len(whole), len(whole) // 7)
    for number, size in enumerate(steps):
        path.write_bytes(whole[:size])
        if number == 3:
            recordings = Recordings(database, folder)
        while recordings.step(0.05):
            pass
    path.write_bytes(whole)
    while recordings.step():
        pass
    # The next start: the first one is over and is not read again.
    shutil.copy(path, folder / "00000002.mmr")
    while recordings.step():
        pass
    cursor = database.rows("cursors", "WHERE name = 'recordings'")
    assert [row["epoch"] for row in cursor] == [1]
    one, two = (
        [row | {"epoch": 0} for row in database.rows("decisions", f"WHERE epoch = {epoch}")] for epoch in (1, 2)
    )
    assert one == two != []


def test_a_recording_that_cannot_be_replayed_is_told_and_left_out(database: SqliteDatabase, tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    folder.mkdir()
    (folder / "00000007.mmr").write_text("no recording")
    taken(database, folder)
    notes = [row for row in database.rows("notes") if row["kind"] == "recording"]
    assert [(row["subject"], row["epoch"]) for row in notes] == [("00000007.mmr", 7)]
    assert "is not a recording" in notes[0]["text"]
    assert not Recordings(database, folder).step()


def test_why_reads_the_store_where_the_recording_is_gone(
    hedged: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(hedged.journal, tmp_path / "journal")
    shutil.copytree(hedged.state / "recordings", tmp_path / "recordings")
    assert store_main(["--state", str(tmp_path)]) == 0
    capsys.readouterr()
    assert why(["--state", str(tmp_path), "--last", "5"]) == 0
    shown = capsys.readouterr().out.splitlines()
    shutil.rmtree(tmp_path / "recordings")
    assert why(["--state", str(tmp_path), "--last", "5"]) == 0
    again = capsys.readouterr().out.splitlines()
    assert again[0].startswith(str(tmp_path / "store.db"))
    assert again[1:] == shown[1:] != []
    assert main("pnl", ["--state", str(tmp_path)]) == 0
    assert "spread captured" in capsys.readouterr().out
    assert store_main(["--state", str(tmp_path), "--rebuild"]) == 0
    assert why(["--state", str(tmp_path), "--last", "5"]) == 0
    assert store_main(["--state", str(tmp_path), "--check"]) == 0
