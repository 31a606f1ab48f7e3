"""What a changed file changes: which keys, which limits are raised, and what cannot change while a run goes on."""

import pytest

from mm.config import Environment, load
from mm.config.changes import changes
from mm.inventory.hedging import parameters_of as policies_of
from mm.strategies import parameters_of

OLD = """
[run]
seed = 1

[venues.kraken]
tier = "pro"

[strategies.btc]
symbol = "BTC/USD"
spread_bps = 10
quote_size = 0.001
max_position = 0.05

[strategies.btc.limits]
max_order_size = 0.01

[hedging.btc]
symbol = "BTC/USD"
hedge = "mexc_spot"
hedge_symbol = "BTC/USDT"
fallback = "mexc_futures"
fallback_symbol = "BTC/USDT:USDT"
debt_max_usd = 100

[limits]
default_max_position = 0.2
max_per_symbol = { "BTC/USD" = 0.1 }
max_open_orders = 10
"""


def settings(tmp_path, text):
    path = tmp_path / "mm.toml"
    path.write_text(text)
    return load(path, Environment({}), parameters_of=parameters_of, policies_of=policies_of)


def found(tmp_path, old, new):
    assert old in OLD
    return changes(settings(tmp_path, OLD), settings(tmp_path, OLD.replace(old, new)))


def test_the_same_file_changes_nothing(tmp_path):
    assert found(tmp_path, "seed = 1", "seed = 1  # as before") == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("spread_bps = 10", "spread_bps = 12", "strategies.btc.spread_bps: 10 -> 12"),
        ("max_open_orders = 10", "max_open_orders = 8", "limits.max_open_orders: 10 -> 8"),
        ("max_open_orders = 10", "max_open_orders = 11", "limits.max_open_orders: 10 -> 11 (a raised limit)"),
        (
            "max_open_orders = 10",
            "max_open_orders = 10\nliquidation_distance_min_bps = 1",
            "limits.liquidation_distance_min_bps: 300 -> 1 (a raised limit)",
        ),
        (
            "max_open_orders = 10",
            "max_open_orders = 10\nliquidation_distance_min_bps = 400",
            "limits.liquidation_distance_min_bps: 300 -> 400",
        ),
        ("max_open_orders = 10", "", "limits.max_open_orders: 10 -> 20 (a raised limit)"),
        ("debt_max_usd = 100", "debt_max_usd = 900", "hedging.btc.debt_max_usd: 100 -> 900 (a raised limit)"),
        ("max_position = 0.05", "max_position = 0.06", "strategies.btc.max_position: 0.05 -> 0.06 (a raised limit)"),
        ("max_position = 0.05", "max_position = 0.04", "strategies.btc.max_position: 0.05 -> 0.04"),
        (
            "max_order_size = 0.01",
            "max_order_size = 0.02",
            "strategies.btc.limits.max_order_size: 0.01 -> 0.02 (a raised limit)",
        ),
        ("max_order_size = 0.01", "", "strategies.btc.limits.max_order_size: 0.01 -> none (a raised limit)"),
        (
            "max_order_size = 0.01",
            "max_order_size = 0.01\nmax_open_orders = 4",
            "strategies.btc.limits.max_open_orders: none -> 4",
        ),
        ('"BTC/USD" = 0.1', '"BTC/USD" = 0.3', "limits.max_per_symbol.BTC/USD: 0.1 -> 0.3 (a raised limit)"),
        ('"BTC/USD" = 0.1', "", "limits.max_per_symbol.BTC/USD: 0.1 -> none (a raised limit)"),
        (
            '"BTC/USD" = 0.1',
            '"BTC/USD" = 0.1, "BTC/USDT" = 0.1',
            "limits.max_per_symbol.BTC/USDT: none -> 0.1",
        ),
        (
            "default_max_position = 0.2",
            "default_max_position = 0.3",
            "limits.default_max_position: 0.2 -> 0.3 (a raised",
        ),
        ("debt_max_usd = 100", "debt_max_usd = 100\nthreshold = 5", "hedging.btc.threshold: 0 -> 5"),
    ],
)
def test_a_change_is_told_and_a_raised_limit_is_named(tmp_path, old, new, told):
    (change,) = found(tmp_path, old, new)
    assert str(change).startswith(told)
    assert change.is_raised is ("raised" in told)
    assert change.refused == ""


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("seed = 1", "seed = 2", "run.seed"),
        ("seed = 1", 'state = "elsewhere"', "run.state"),
        ("seed = 1", 'seed = 1\nworld = "live"', "run.world"),
        ('tier = "pro"', 'tier = "starter"', "venues.kraken.tier"),
        ('tier = "pro"', 'tier = "pro"\nrest_url = "http://127.0.0.1:1"', "venues.kraken.rest_url"),
        ('symbol = "BTC/USD"\nspread', 'symbol = "BTC/USD"\nautostart = false\nspread', "strategies.btc.autostart"),
        ("debt_max_usd = 100", 'debt_max_usd = 100\npolicy = "twap"\nthreshold = 50', ""),
        ('hedge_symbol = "BTC/USDT"', 'hedge_symbol = "BTC/USDC"', "hedging.btc.hedge_symbol"),
        ('_symbol = "BTC/USDT:USDT"', '_symbol = "BTC/USDC:USDC"', "hedging.btc.fallback_symbol"),
    ],
)
def test_what_cannot_change_in_a_run_is_named(tmp_path, old, new, key):
    if "live" in new:
        old_settings = settings(tmp_path, OLD)
        import dataclasses

        live = dataclasses.replace(old_settings, run=dataclasses.replace(old_settings.run, world="live"))
        told = changes(old_settings, live)
    else:
        told = found(tmp_path, old, new)
    refused = {change.key for change in told if change.refused}
    assert refused == ({key} if key else set())
    assert all("cannot change in a run" in str(change) for change in told if change.refused)


def test_strategies_and_hedges_that_come_or_go_are_named(tmp_path):
    more = OLD + '[strategies.eth]\nsymbol = "ETH/USD"\nspread_bps = 10\nquote_size = 0.01\nmax_position = 0.1\n'
    told = changes(settings(tmp_path, OLD), settings(tmp_path, more))
    assert {change.key.split(".")[1] for change in told} == {"eth"}
    assert all(change.refused for change in told)
    gone = OLD[: OLD.index("[hedging.btc]")] + OLD[OLD.index("[limits]") :]
    told = changes(settings(tmp_path, OLD), settings(tmp_path, gone))
    assert any(change.key == "hedging.btc.hedge" and change.refused for change in told)


def test_what_a_strategy_hears_cannot_change(tmp_path):
    def listening(kinds):
        text = (
            OLD + f'[strategies.eth]\nkind = "tests.engine.listening:Listener"\nsymbol = "ETH/USD"\nkinds = {kinds}\n'
        )
        return settings(tmp_path, text)

    told = changes(listening('["trade"]'), listening('["trade", "funding"]'))
    assert [change.key for change in told if change.refused] == ["strategies.eth"]
