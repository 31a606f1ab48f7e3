"""The example that quotes on Kraken and hedges on MEXC Spot, as a user starts it; both ledgers are the judge."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from mm.simulator.world import find
from tests.run.bot_process import BotProcess

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


def test_the_default_run_keeps_a_debt_while_its_hedge_venue_is_cut_off_and_pays_it(
    start: Callable[..., BotProcess],
) -> None:
    bot = start(default=True, environment={"MM_RUN__OUTAGE_S": "5", "MM_RUN__OUTAGE_EVERY_S": "20"})

    def debt(value: dict[str, Any]) -> tuple[Decimal, str, Decimal]:
        (debt,) = value["debts"]
        return Decimal(debt["open"]), debt["note"], Decimal(debt["paid"])

    def is_kept(value: dict[str, Any]) -> bool:
        return value["type"] == "status" and debt(value)[0] != 0 and debt(value)[1] == "private stream is down"

    kept, _, paid = debt(bot.until(is_kept))
    bot.until(lambda value: value["type"] == "status" and debt(value)[2] >= paid + abs(kept))
    code, end = bot.stop()
    assert (code, end["clean"]) == (0, True)


def test_a_venue_that_is_not_ready_is_refused(start: Callable[..., BotProcess], tmp_path: Path) -> None:
    config = tmp_path / "futures.toml"
    text = EXAMPLE.read_text().replace("mexc_spot", "mexc_futures").replace("BTC/USDT", "BTC/USDT:USDT")
    config.write_text(text)
    bot = start("--config", str(config))
    assert bot.wait() == 2
    assert "venues.mexc_futures" in bot.text()
    assert "contracts are not yet counted" in bot.text()
