"""The example that quotes on Kraken and hedges on MEXC Spot, as a user starts it; both ledgers are the judge."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mm.config import Environment, SettingsError, load
from mm.config.load import DEFAULT
from mm.inventory.hedging import parameters_of as policies_of
from mm.net.channel import SLOW_CODES
from mm.run import _simulation, simulated_symbols
from mm.screen.narrator import Happening
from mm.simulator.world import find, launch
from mm.strategies import parameters_of
from tests.run.bot_process import BotProcess
from tests.run.test_operating import say
from tests.screen.test_picture import THREE_MARKETS, drawn

EXAMPLE = Path(__file__).parents[2] / "examples" / "kraken-mexc-sim.toml"


def test_the_example_hedges_and_both_ledgers_agree(start: Callable[..., BotProcess], state: Path) -> None:
    bot = start("--config", str(EXAMPLE))
    bot.until(lambda value: value["type"] == "status" and value["hedges"]["executed"] >= 3)
    code, end = bot.stop()
    assert (code, end["clean"], end["orders"], end["unknown"]) == (0, True, [], [])
    world = find(state)
    assert world is not None
    held = Decimal(0)
    for name in ("kraken", "mexc_spot"):
        books = world.control("ledger", venue=name)
        assert books["open_orders"] == []
        assert books["fills"] != []
        position = sum(Decimal(fill["size"]) * (1 if fill["side"] == "buy" else -1) for fill in books["fills"])
        assert f"{position:f}".rstrip("0").rstrip(".") in " ".join(end["positions"])
        held += position
    # What is not hedged is a debt under the threshold of 50 dollars.
    assert abs(held) < Decimal("0.001")


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (120, 40)])
def test_the_default_run_says_on_the_smallest_screen_that_its_venues_are_one_recording(
    state: Path, columns: int, lines: int
) -> None:
    settings = load(DEFAULT, Environment({}), parameters_of=parameters_of, policies_of=policies_of)
    state.mkdir()
    _, labels = _simulation(settings, state)
    three = dataclasses.replace(THREE_MARKETS, labels=labels)
    # The terminal's last line is the cursor's.
    shown = drawn(three, [Happening(0, f"news {number}") for number in range(9)], columns=columns, lines=lines - 1)
    assert shown[1].startswith(" One recording, no basis: Kraken, MEXC Futures, MEXC Spot")
    assert "news 8" in shown[-1]


def test_the_outage_of_the_default_run_is_over_well_before_hedges_would_go_to_the_fallback() -> None:
    settings = load(DEFAULT, Environment({}), parameters_of=parameters_of, policies_of=policies_of)
    # A connection that was turned away is tried again so long after.
    try_s = SLOW_CODES[503] / 1e9
    back_s = (float(settings.run.outage_s) // try_s + 1) * try_s
    assert back_s + 2 <= settings.hedging["btc"].fallback_after_s


def test_the_default_run_keeps_a_debt_while_its_hedge_venue_is_cut_off_and_pays_it(
    start: Callable[..., BotProcess],
) -> None:
    bot = start(default=True, environment={"MM_RUN__OUTAGE_EVERY_S": "20"})

    def debt(value: dict[str, Any]) -> tuple[Decimal, str, Decimal]:
        (debt,) = value["debts"]
        return Decimal(debt["open"]), debt["note"], Decimal(debt["paid"])

    def is_kept(value: dict[str, Any]) -> bool:
        return value["type"] == "status" and debt(value)[0] != 0 and debt(value)[1] == "private stream is down"

    kept, _, paid = debt(bot.until(is_kept))
    bot.until(lambda value: value["type"] == "status" and debt(value)[2] >= paid + abs(kept))
    assert "hedging on mexc_spot" not in bot.text(), "the line is back before hedges go to the fallback"
    code, end = bot.stop()
    assert (code, end["clean"]) == (0, True)


def test_what_is_held_at_a_venue_that_a_run_does_not_have_is_told_at_its_start_and_at_its_end(
    start: Callable[..., BotProcess],
) -> None:
    first = start(default=True, environment={"MM_RUN__OUTAGE_S": "0"})

    def is_hedged(value: dict[str, Any]) -> bool:
        held = [each["position"] for each in value.get("markets", []) if each["venue"] == "mexc_futures"]
        return bool(held) and Decimal(held[0]) != 0

    first.until(is_hedged)
    (told,) = [text for text in first.stop()[1]["positions"] if text.endswith("on mexc_futures")]
    amount = told.partition(" ")[0]
    second = start("--config", str(EXAMPLE.with_name("kraken-sim.toml")))
    second.until_said(f"the configuration has no place for it: {amount} BTC in BTC/USDT:USDT on mexc_futures")
    second.until(lambda value: value["type"] == "status" and value["orders"]["open"] > 0)
    code, end = second.stop()
    assert (code, end["clean"]) == (0, True)
    left = f"{amount} BTC in BTC/USDT:USDT on mexc_futures, from earlier runs: not looked after by this one"
    assert left in end["positions"]
    assert end["profit"]["not_read"] == ["mexc_futures", "mexc_spot"]


def test_a_policy_that_raises_ends_neither_the_run_nor_its_debts_and_is_named(
    start: Callable[..., BotProcess], state: Path, tmp_path: Path
) -> None:
    (tmp_path / "faulty.py").write_text(
        "from mm.inventory.hedging import HedgePolicy\n\n\nclass Faulty(HedgePolicy):\n"
        "    def plan(self, state):\n        raise ValueError('policy bug')\n"
    )
    text = EXAMPLE.read_text().replace('policy = "cross_exchange"', 'policy = "faulty:Faulty"')
    (tmp_path / "mine.toml").write_text(text)
    bot = start("--config", str(tmp_path / "mine.toml"), environment={"PYTHONPATH": str(tmp_path)})
    named = "hedging.btc: policy faulty:Faulty: it raised ValueError: policy bug (faulty.py:6)"
    bot.until_said(f"{named}; its debts are kept, and what adds to them is not quoted: mm resume (report: ")
    shown = bot.until(lambda value: value["type"] == "status" and value["orders"]["open"] == 0)
    (debt,) = shown["debts"]
    assert (debt["note"], Decimal(debt["open"]) != 0) == (named, True)
    assert named in say(state, "strategies")[1]
    since = len(bot.lines)
    assert say(state, "resume")[0] == 0
    bot.until_said(named, since)
    code, end = bot.stop()
    assert (code, end["orders"], end["unknown"]) == (0, [], [])
    assert any("of it is not hedged (btc, from kraken to mexc_spot)" in line for line in end["positions"])


@pytest.mark.parametrize(
    ("venue", "key", "told"),
    [
        ("mexc_spot", "leverage = 3", "venues.mexc_spot.leverage: expected no such key"),
        ("mexc_spot", 'position_mode = "one_way"', "venues.mexc_spot.position_mode: expected no such key"),
        ("mexc_spot", 'margin_mode = "cross"', "mexc_spot has no positions with margin"),
        ("mexc_futures", 'margin_mode = "isolated"', "venues.mexc_futures.leverage: expected 1 or more with isolated"),
        ("mexc_futures", "leverage = 50", "a leverage whose liquidation is further away"),
    ],
)
def test_keys_of_margin_are_refused_where_they_mean_nothing(
    start: Callable[..., BotProcess], tmp_path: Path, venue: str, key: str, told: str
) -> None:
    config = tmp_path / "margin.toml"
    text = EXAMPLE.read_text().replace("[venues.mexc_spot]", f"[venues.{venue}]\n{key}")
    if venue == "mexc_futures":
        text = text.replace('"mexc_spot"', '"mexc_futures"').replace("BTC/USDT", "BTC/USDT:USDT")
    config.write_text(text)
    bot = start("--config", str(config))
    assert bot.wait() == 2
    assert told in bot.text()


def test_a_symbol_that_a_simulated_hedge_venue_has_not_is_named_before_anything_starts(
    start: Callable[..., BotProcess], state: Path, tmp_path: Path
) -> None:
    config = tmp_path / "elsewhere.toml"
    config.write_text(EXAMPLE.read_text().replace('hedge_symbol = "BTC/USDT"', 'hedge_symbol = "BTC/USD"'))
    bot = start("--config", str(config))
    assert bot.wait() == 2
    (line,) = [line for line in bot.text().splitlines() if "expected" in line]
    assert 'hedging.btc.hedge_symbol: expected a symbol that the simulated mexc_spot has, got "BTC/USD"' in line
    assert line.endswith("(it has BTC/USDT)")
    assert find(state) is None


@pytest.mark.parametrize(
    ("table", "key", "has"),
    [
        ("strategies.btc", "symbol", "BTC/USD, USDT/USD"),
        ("hedging.btc", "hedge_symbol", "BTC/USDT:USDT"),
        ("hedging.btc", "fallback_symbol", "BTC/USDT"),
    ],
)
def test_each_simulated_venue_says_what_it_has(table: str, key: str, has: str) -> None:
    path = (*table.split("."), key)
    with pytest.raises(SettingsError) as caught:
        load(None, Environment({}), {path: "BTC/EUR"}, policies_of=policies_of, listed_of=simulated_symbols)
    found = {problem.key: problem.hint for problem in caught.value.problems}
    assert found[".".join(path)] == f"it has {has}"


def test_a_venue_that_refuses_a_symbol_of_a_first_start_raises_no_alarm_about_orders(
    start: Callable[..., BotProcess], state: Path, tmp_path: Path
) -> None:
    config = tmp_path / "elsewhere.toml"
    config.write_text(
        EXAMPLE.read_text().replace("[venues.mexc_spot]", '[venues.mexc_spot]\nsymbols = ["BTC/USDT", "BTC/EUR"]')
    )
    world = launch(state, venues=("kraken", "mexc_spot"))
    # Kraken has answered by then, however busy the machine is: which of them was not heard is the same each time.
    world.control("hooks", [{"on": "request", "name": "GET exchangeInfo", "action": "delay", "delay_s": 3, "times": 0}],
                  venue="mexc_spot")  # fmt: skip
    bot = start("--config", str(config))
    end = bot.until(lambda value: value["type"] == "end")
    assert bot.wait() == 3
    assert end["why"] == "mexc_spot: BTC/EUR is not in the venue's list: check the symbol in the configuration"
    assert end["unknown"] == ["mexc_spot was not heard: only a start on another folder can have left orders there"]
    assert (end["clean"], end["protection"]) == (False, [])
    books = world.control("ledger", venue="kraken")
    assert books["open_orders"] == books["closed_orders"] == []
    # On a folder that a start has used, what that one left is not known.
    again = start("--config", str(config))
    end = again.until(lambda value: value["type"] == "end")
    assert again.wait() == 3
    assert end["unknown"] == ["mexc_spot was not heard: orders of an earlier start may be left"]
    # Nothing of kraken's watchdog, which goes: nothing of this run may be left.
    (told,) = end["protection"]
    assert told.startswith("mexc_spot: this start has armed no timer")
