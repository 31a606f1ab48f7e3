"""The tables that people read: what is asked for, aligned, within the screen; and what is said where there is none."""

from __future__ import annotations

import argparse
import json
import re
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mm.__main__ import main as mm
from mm.config import Environment, SettingsError, load
from mm.simulator.kinds import ACCOUNT
from mm.simulator.ledger import DECIMALS
from mm.store.command import main, since
from mm.store.text_table import Column, lines, number, waited
from tests.one_venue import ONE_VENUE
from tests.store.conftest import FUTURES, PERPETUAL, Run

NOW = 1_795_651_200_000_000_000
"""2026-11-26 00:00 UTC."""
SECOND = 1_000_000_000


def asked(capsys: pytest.CaptureFixture[str], command: str, state: Path, *arguments: str) -> Any:
    assert main(command, ["--state", str(state), "--json", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("command", ["orders", "fills", "hedges", "pnl"])
def test_a_table_fits_eighty_columns_and_its_columns_stand_below_their_titles(
    hedged: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert mm([command, "--state", str(hedged.state), "--last", "0"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) > 3
    assert max(map(len, shown)) <= 80
    head = next(number for number, line in enumerate(shown) if line.split()[0] in ("time", "venue"))
    rows = [line for line in shown[head + 1 :] if not line.startswith(("net in", "fees in", "last run", "  "))]
    symbols = shown[head].find("symbol")
    if symbols >= 0:
        assert {line[symbols:].split()[0] for line in rows} == {"BTC/USD", PERPETUAL}


@pytest.mark.parametrize("command", ["orders", "fills", "hedges", "pnl"])
def test_a_table_that_goes_elsewhere_than_to_a_terminal_is_whole(
    hedged: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    shown = []
    for columns in ("", "400"):
        # Who exports a width means it.
        monkeypatch.setenv("COLUMNS", columns)
        assert mm([command, "--state", str(hedged.state), "--last", "0"]) == 0
        shown.append(capsys.readouterr().out)
    assert shown[0] == shown[1]


def test_what_a_hedge_cost_has_a_currency_and_fits_too(
    hedged: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    state = shutil.copytree(hedged.state, tmp_path / "state")
    assert mm(["store", "--state", str(state)]) == 0
    capsys.readouterr()
    assert mm(["hedges", "--state", str(state)]) == 0
    _, head, *rows = capsys.readouterr().out.splitlines()
    assert head.endswith("cost")
    paid = [line for line in rows if not line.endswith("-")]
    assert paid
    assert all(re.search(r" -?\d+\.\d{4} USDT$", line) for line in paid), paid
    assert max(map(len, rows)) <= 80


def test_filters_are_those_of_the_rows(hedged: Run, capsys: pytest.CaptureFixture[str]) -> None:
    whole = asked(capsys, "fills", hedged.state, "--last", "0")["fills"]
    only = asked(capsys, "fills", hedged.state, "--last", "0", "--venue", FUTURES, "--symbol", PERPETUAL)["fills"]
    assert only == [row for row in whole if row["venue"] == FUTURES] != []
    assert asked(capsys, "fills", hedged.state, "--last", "3")["fills"] == whole[-3:]
    middle = whole[len(whole) // 2]["venue_ns"] // SECOND * SECOND
    from datetime import UTC, datetime

    stated = f"{datetime.fromtimestamp(middle // SECOND, UTC):%Y-%m-%d %H:%M:%S}"
    later = asked(capsys, "fills", hedged.state, "--last", "0", "--since", stated)["fills"]
    assert later == [row for row in whole if row["venue_ns"] >= middle] != whole
    hedges = asked(capsys, "orders", hedged.state, "--last", "0", "--strategy", "hedge btc")["orders"]
    assert {row["purpose"] for row in hedges} == {"hedge"}
    one = asked(capsys, "pnl", hedged.state, "--venue", FUTURES)["markets"]
    assert [row["symbol"] for row in one] == [PERPETUAL]
    assert asked(capsys, "hedges", hedged.state, "--strategy", "btc")["debts"] != []


def test_funding_beside_some_of_the_fills_is_of_their_time(hedged: Run, capsys: pytest.CaptureFixture[str]) -> None:
    def of(*arguments: str) -> dict[str, Any]:
        (row,) = asked(capsys, "pnl", hedged.state, "--venue", FUTURES, *arguments)["markets"]
        return dict(row)

    whole = of()
    (newest,) = asked(capsys, "fills", hedged.state, "--venue", FUTURES, "--last", "1")["fills"]
    records = hedged.session.exchanges[FUTURES].positions.records[ACCOUNT]
    later = sum(Decimal(record.funding) for record in records if record.settle_ns >= newest["venue_ns"])
    assert Decimal(of("--last", "1")["funding"]).scaleb(DECIMALS) == later
    assert Decimal(whole["funding"]).scaleb(DECIMALS) == sum(record.funding for record in records) != later
    # So many that all are chosen: those settlements that fell before the first of them were of no position.
    assert of("--last", str(whole["fills"])) == whole
    one = of("--last", "1")
    assert one["change"] == one["position"] != whole["change"] == whole["position"]


@pytest.mark.parametrize(
    ("arguments", "title"),
    [
        ([], "position"),
        (["--venue", FUTURES], "position"),
        (["--last", "1"], "change"),
        (["--since", "2020-01-01"], "change"),
        (["--strategy", "hedge btc"], "change"),
    ],
)
def test_what_some_of_the_fills_add_up_to_is_called_no_position(
    hedged: Run, capsys: pytest.CaptureFixture[str], arguments: list[str], title: str
) -> None:
    assert main("pnl", ["--state", str(hedged.state), *arguments]) == 0
    head = capsys.readouterr().out.splitlines()[0].split()
    assert [word for word in head if word in ("position", "change")] == [title]


@pytest.mark.parametrize(
    ("command", "arguments", "said"),
    [
        ("hedges", ["--strategy", "nobody"], ': no strategy is "nobody", there are btc'),
        ("orders", ["--venue", "nosuch"], ': no venue is "nosuch", there are kraken, mexc_futures'),
        ("fills", ["--symbol", "FOO/BAR"], f': no symbol is "FOO/BAR", there are BTC/USD, {PERPETUAL}'),
        ("pnl", ["--venue", "nosuch"], ': no venue is "nosuch", there are kraken, mexc_futures'),
        ("orders", ["--venue", "kraken", "--symbol", PERPETUAL], ""),
    ],
)
def test_where_nothing_is_found_the_names_that_are_there_are_said(
    hedged: Run, capsys: pytest.CaptureFixture[str], command: str, arguments: list[str], said: str
) -> None:
    assert main(command, ["--state", str(hedged.state), *arguments]) == 1
    told = capsys.readouterr().err.splitlines()[-1]
    assert told.startswith("nothing like that in ")
    assert told.endswith(said or "(no store)")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("15m", NOW - 900 * SECOND),
        ("2h", NOW - 7200 * SECOND),
        ("3d", NOW - 3 * 86_400 * SECOND),
        ("14:03", NOW + (14 * 60 + 3) * 60 * SECOND),
        ("2026-11-25", NOW - 86_400 * SECOND),
        ("2026-11-25 00:00:01", NOW - 86_399 * SECOND),
    ],
)
def test_a_moment_is_stated_in_many_ways(text: str, moment: int) -> None:
    assert since(text, NOW) == moment


@pytest.mark.parametrize("text", ["yesterday", "5", "25:00", "-3h", "2026-13-01", ""])
def test_what_is_no_moment_is_refused_with_what_would_be(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="expected 15m, 2h, 3d"):
        since(text, NOW)


def test_a_folder_without_anything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main("fills", ["--state", str(tmp_path)]) == 2
    assert "neither a store nor a journal" in capsys.readouterr().err
    for more in ([], ["--check"], ["--rebuild"]):
        assert mm(["store", "--state", str(tmp_path), *more]) == 2
        assert "neither a store nor a journal" in capsys.readouterr().err
    assert mm(["store", "--state", str(tmp_path / "nowhere")]) == 2
    assert "expected the state folder" in capsys.readouterr().err


def test_postgres_without_an_address_is_refused_at_the_door() -> None:
    chosen = {("run", "store"): "postgres"}
    with pytest.raises(SettingsError, match="STORE_URL in the environment"):
        load(ONE_VENUE, Environment({}), chosen)
    url = "postgresql://mm:hunter2@127.0.0.1/mm"
    settings = load(ONE_VENUE, Environment({"STORE_URL": url}), chosen)
    assert settings.run.store_url is not None
    assert settings.run.store_url.reveal() == url
    assert "hunter2" not in repr(settings)


def test_columns_are_left_out_by_rank_and_numbers_stand_to_the_right() -> None:
    columns = [
        Column("a", values=["one", "three"]),
        Column("number", is_number=True, values=["1", "100"]),
        Column("more", rank=1, values=["x" * 10, "y"]),
        Column("most", rank=2, values=["z" * 10, ""]),
    ]
    assert lines(columns, 80)[1] == f"one         1  {'x' * 10}  {'z' * 10}"
    assert lines(columns, 30)[1:] == [f"one         1  {'x' * 10}", "three     100  y"]
    assert lines(columns, 14) == ["a      number", "one         1", "three     100"]
    assert lines(columns, 12) == ["a     number", "one        1", "three    100"]


def test_numbers_for_people() -> None:
    assert number("61854.10") == "61,854.1"
    assert number("-0.004", places=2, sign=True) == "0.00"
    assert number("1234.567", places=2, sign=True) == "+1,234.57"
    assert number(None) == "-"
    assert [waited(ns) for ns in (3_000_000, 3_100_000_000, 300 * SECOND)] == ["3 ms", "3.1 s", "5 min"]


class Counted(list[str]):
    """Values that count how often somebody goes through all of them."""

    passes = 0

    def __iter__(self) -> Any:
        self.passes += 1
        return super().__iter__()


def test_a_list_of_many_rows_goes_through_each_column_a_few_times_and_not_once_a_row() -> None:
    values = Counted(str(number) for number in range(3000))
    shown = lines([Column("number", is_number=True, values=values), Column("text", values=["x"] * 3000)], 80)
    assert len(shown) == 3001
    assert {len(line) for line in shown[1:]} == {len("number  x")}
    assert values.passes < 10, f"{values.passes} passes over a column"


def test_for_a_program_no_table_is_made(
    hedged: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mm.store.listings.lines", lambda *_: pytest.fail("a table was made"))
    for command in ("orders", "fills", "hedges"):
        assert asked(capsys, command, hedged.state, "--last", "0")[command if command != "hedges" else "debts"]
