"""The configurations that seeds try when the user has none of his own: two and three venues, several policies."""

from __future__ import annotations

import tempfile
from pathlib import Path
from random import Random
from typing import Any, Final

from mm.config import Environment, Settings, load
from mm.inventory.hedging import parameters_of as policies_of
from mm.strategies import parameters_of

WAYS: Final = ("spot", "contracts", "contracts and fallback")
TEXT: Final = """
[run]
world = "sim"
seed = {seed}
reconcile_s = {reconcile}

[venues.kraken]
tier = "pro"
accept_account_wide_timer = true
dead_man_switch_s = {timer}
book_depth = {depth}

{venues}

[conversion.USDT]
{conversion}

[strategies.btc]
venue = "kraken"
symbol = "BTC/USD"
spread_bps = {spread}
quote_size = {size}
levels = {levels}
level_step_bps = 0.4
max_position = {own_position}
refresh_interval_ms = {refresh}
refresh_tolerance_bps = {tolerance}
max_order_age_s = {age}

[hedging.btc]
policy = "{policy}"
primary = "kraken"
symbol = "BTC/USD"
threshold = 50
debt_max_usd = {debt}
{hedge}
{schedule}

[limits]
max_total_exposure_usd = {exposure}
default_max_position = {position}
max_order_size = 0.1
max_open_orders = {orders}
book_age_ms_max = {book_age}
book_side_age_ms_max = {book_age}
private_down_ms_max = {private_down}
{more}
"""
RATED: Final = """
# An account with a million USDT earns and loses thousands by its rate alone.
[kill]
drawdown_usd = 1_000_000
day_loss_usd = 1_000_000
"""
DOLLARS: Final = 60_000
"""About what the recorded market asks for one bitcoin."""
SPOT: Final = ("mexc_spot", "BTC/USDT")
CONTRACTS: Final = ("mexc_futures", "BTC/USDT:USDT")


def drawn(seed: int) -> str:
    """The text of a seed's configuration."""
    chance = Random(f"settings:{seed}")
    way = chance.choice(WAYS)
    (venue, symbol), more = (SPOT if way == "spot" else CONTRACTS), []
    # Longs and shorts beside each other: another order of closing, and money that no net position explains.
    mode = '\nposition_mode = "hedge"' if venue == CONTRACTS[0] and chance.random() < 0.25 else ""
    hedge = f'hedge = "{venue}"\nhedge_symbol = "{symbol}"'
    if way == "contracts and fallback":
        more.append(SPOT[0])
        hedge += f'\nfallback = "{SPOT[0]}"\nfallback_symbol = "{SPOT[1]}"'
    # What is rare with the settings that people have: schedules, a rate that moves, next to no patience and no depth.
    rare = Random(f"rare:{seed}")
    policy, schedule = chance.choice(("cross_exchange", "cross_exchange", "immediate")), ""
    if rare.random() < 0.35:
        policy = rare.choice(("twap", "opportunistic"))
        if policy == "twap":
            schedule = f"duration_secs = {rare.choice((2, 10, 20))}\nnum_orders = {rare.choice((1, 3, 6))}"
        else:
            schedule = f"wait_secs_max = {rare.choice((0, 2, 8))}"
    if more and rare.random() < 0.3:
        schedule += "\nfallback_after_s = 0"
    is_rated = rare.random() < 0.25
    size, levels = chance.choice(("0.002", "0.005")), chance.choice((1, 1, 2, 3))
    bounds = Random(f"limits:{seed}")
    # One side's orders are all that is quoted while debts are small: half as much again binds now and then, twice as
    # much where hedges fail.
    quoted = float(size) * levels * DOLLARS
    return TEXT.format(
        seed=seed,
        exposure=round(bounds.choice((1.5 * quoted, 2 * quoted, 100_000, 100_000))),
        own_position=bounds.choice(("0.02", "0.05", "0.05")),
        timer=chance.choice((15, 30, 60)),
        venues="\n\n".join((f"[venues.{venue}]{mode}", *(f"[venues.{name}]" for name in more))),
        # A rate that moves costs a message in two seconds; a peg none.
        conversion='venue = "kraken"\nsymbol = "USDT/USD"' if is_rated else "peg = 1",
        spread=chance.choice(("0.3", "0.5", "1.0")),
        size=size,
        levels=levels,
        refresh=chance.choice((0, 1000, 2000)),
        tolerance=chance.choice(("0.3", "0.8")),
        age=chance.choice((20, 60, 300)),
        policy=policy,
        schedule=schedule,
        debt=chance.choice((800, 1500, 3000)),
        hedge=hedge,
        position=chance.choice(("0.06", "0.1")),
        orders=chance.choice((6, 12)),
        # Books come a little more often than that (`world.py`): a venue for contracts sends a message for each level.
        book_age=chance.choice((2000, 3000, 3000)) if venue == SPOT[0] else 4000,
        reconcile=30 if rare.random() < 0.8 else 9,
        depth=100 if rare.random() < 0.8 else 10,
        private_down=3000 if rare.random() < 0.8 else 0,
        more=RATED if is_rated else "",
    )


def read(path: Path | None, seed: int) -> Settings:
    """The user's configuration, or the one that the seed draws. Raises ConfigError."""
    overrides: dict[tuple[str, ...], Any] = {("run", "seed"): seed}
    if path is not None:
        return load(path, Environment({}), overrides, parameters_of, policies_of)
    with tempfile.TemporaryDirectory(prefix="mm-chaos-") as folder:
        written = Path(folder) / "chaos.toml"
        written.write_text(drawn(seed))
        return load(written, Environment({}), overrides, parameters_of, policies_of)
