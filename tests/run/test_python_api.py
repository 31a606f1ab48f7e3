"""The way of use from Python: the page that documents it, the example, and what it refuses."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from mm.api import OMS, Exchange, HedgePolicy, InventoryManager, MarketMaker, PositionLimits
from mm.config import Environment, SettingsError, load
from mm.config.settings import LimitSettings
from mm.inventory.hedging import parameters_of as policies_of
from mm.inventory.hedging.twap import Twap
from mm.simulator.world import find
from mm.strategies import parameters_of

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "python_api.md"
KNOBS = {"symbol": "BTC/USD", "spread_bps": 60, "quote_size": 0.001, "max_position": 0.01}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A working folder; simulators that were started in it are stopped."""
    yield tmp_path
    for state in tmp_path.glob("state*"):
        world = find(state)
        if world is not None:
            world.control("stop", {})


def test_the_page_runs_as_it_stands(folder: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(blocks) == 3
    program = folder / "page.py"
    program.write_text("\n".join(blocks))
    ended = subprocess.run(
        [sys.executable, str(program)], cwd=folder, capture_output=True, timeout=150, check=False, text=True
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    first, *lines = ended.stdout.splitlines()
    assert first == "CLEAN True"
    assert "Stopped: what was waited for is there" in lines
    assert "Own orders: none, by the venue's word" in lines
    assert (
        "strategies.maker.quote_size: expected orders of at most limits.max_order_size = 0.02, got 0.5" in ended.stdout
    )
    world = find(folder / "state-python")
    assert world is not None
    for name in ("kraken", "mexc_spot"):
        books = world.control("ledger", venue=name)
        assert books["open_orders"] == []
        assert books["fills"] != []


def test_the_example_is_the_same_as_its_file() -> None:
    sys.path.insert(0, str(ROOT / "examples"))
    try:
        from kraken_mexc_sim import market_maker
    finally:
        sys.path.remove(str(ROOT / "examples"))
    path = ROOT / "examples" / "kraken-mexc-1000.toml"
    filed = load(path, Environment({}), parameters_of=parameters_of, policies_of=policies_of)
    made = market_maker().oms.settings()
    assert dataclasses.replace(made, warnings=()) == dataclasses.replace(filed, warnings=())
    assert made.hedging["hedge1"].parameters.threshold == 1000


def test_a_float_is_what_is_printed_and_a_class_is_named_by_itself() -> None:
    oms = OMS()
    policy = HedgePolicy(Twap, hedge="mexc_spot", hedge_symbol="BTC/USDT", duration_secs=30, num_orders=3)
    MarketMaker(oms, InventoryManager(policy), **{**KNOBS, "quote_size": 0.1 / 3 / 10}, caps={"max_order_size": 0.01})
    settings = oms.settings(seconds=2.5)
    assert settings.strategies["maker"].parameters.quote_size == Decimal(repr(0.1 / 3 / 10))
    assert settings.strategies["maker"].limits is not None
    assert settings.strategies["maker"].limits.max_order_size == Decimal("0.01")
    assert settings.run.seconds == Decimal("2.5")
    assert settings.hedging["hedge1"].policy == "mm.inventory.hedging.twap:Twap"


def test_what_a_currency_is_worth_is_said_as_in_a_file() -> None:
    oms = OMS(conversion={"USDT": {"venue": "kraken", "symbol": "USDT/USD"}, "USDC": {"rate": 0.9997}})
    MarketMaker(oms, InventoryManager(), **KNOBS)
    stated = oms.settings().conversion
    assert (stated["USDT"].venue, stated["USDT"].symbol) == ("kraken", "USDT/USD")
    assert stated["USDC"].rate == Decimal("0.9997")
    wrong = OMS(conversion={"USDT": {"venue": "kraken", "symbol": "USDC/USD"}})
    MarketMaker(wrong, InventoryManager(), **KNOBS)
    with pytest.raises(SettingsError, match=r"conversion\.USDT\.symbol: expected \"USDT/USD\""):
        wrong.settings()


def test_the_fields_of_the_limits_are_those_of_the_file() -> None:
    assert {each.name for each in dataclasses.fields(PositionLimits)} == {
        each.name for each in dataclasses.fields(LimitSettings) if "rule" in each.metadata
    }
    default, careful = LimitSettings(), PositionLimits.conservative()
    assert Decimal(careful.default_max_position) < default.default_max_position
    assert Decimal(careful.max_order_size) < default.max_order_size


def test_what_contradicts_itself_is_refused_where_it_is_made() -> None:
    oms = OMS()
    oms.register(Exchange("kraken"))
    with pytest.raises(ValueError, match="kraken is registered already"):
        oms.register(Exchange("kraken"))
    inventory = InventoryManager()
    MarketMaker(oms, inventory, **KNOBS)
    with pytest.raises(ValueError, match='a market maker is named "maker" already'):
        MarketMaker(oms, inventory, **KNOBS)
    with pytest.raises(ValueError, match="one inventory manager"):
        MarketMaker(oms, InventoryManager(), name="other", **KNOBS)


def test_every_problem_is_named_at_once_and_nothing_starts(folder: Path) -> None:
    state = folder / "state-none"
    oms = OMS(state=state)
    oms.register(Exchange("kraken", teir="pro"))
    MarketMaker(oms, InventoryManager(), **{**KNOBS, "spread_bps": -1})
    with pytest.raises(SettingsError) as caught:
        oms.run(1)
    told = [str(problem) for problem in caught.value.problems]
    assert len(told) == 2
    assert all(text.startswith("Python API: ") for text in told)
    assert not state.exists()
    assert os.environ.get("KRAKEN_API_KEY") is None
