"""A venue that is not part of the package, as a user starts it: by its package in the configuration, over sockets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.run.bot_process import BotProcess, eventually, ledger

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "lantern-sim.toml"
IMPORTABLE = {"PYTHONPATH": str(ROOT)}


def both_quotes_stand(value: dict[str, object]) -> bool:
    orders = value.get("orders")
    return value["type"] == "status" and isinstance(orders, dict) and orders["open"] == 2


def test_the_example_venue_is_quoted_and_left_clean(start: Callable[..., BotProcess], state: Path) -> None:
    bot = start("--config", str(EXAMPLE), environment=IMPORTABLE)
    bot.until(both_quotes_stand)
    assert len(ledger(state)["open_orders"]) == 2
    code, end = bot.stop()
    assert (code, end["clean"], end["orders"], end["unknown"]) == (0, True, [], [])
    assert ledger(state)["open_orders"] == []


def test_its_orders_are_cancelled_by_the_watchdog_when_the_bot_is_killed(
    start: Callable[..., BotProcess], state: Path
) -> None:
    bot = start("--config", str(EXAMPLE), environment={**IMPORTABLE, "MM_RUN__WATCHDOG_S": "1"})
    bot.until(both_quotes_stand)
    bot.kill()
    eventually(state, lambda books: not books["open_orders"], patience_s=60)


def test_a_package_that_cannot_be_imported_is_refused(start: Callable[..., BotProcess], tmp_path: Path) -> None:
    config = tmp_path / "lantern.toml"
    config.write_text(EXAMPLE.read_text())
    bot = start("--config", str(config), environment={"PYTHONPATH": ""})
    assert bot.wait() == 2
    assert "venues.lantern.package" in bot.text()


def test_a_venue_without_a_counterpart_is_refused_in_the_simulation(
    start: Callable[..., BotProcess], tmp_path: Path
) -> None:
    (tmp_path / "bare_venue.py").write_text("class Face:\n    name = 'lantern'\nVENUE = Face()\n")
    config = tmp_path / "lantern.toml"
    config.write_text(EXAMPLE.read_text().replace("examples.venue.lantern", "bare_venue"))
    bot = start("--config", str(config), environment={"PYTHONPATH": str(tmp_path)})
    assert bot.wait() == 2
    assert "bare_venue.simulated" in bot.text()
