"""Nothing is placed before every venue of the run has been heard, and every market of it told."""

from tests.engine.test_hearing import Named, Reading
from tests.engine.test_hedging import KRAKEN, World

SECOND_SYMBOL = "ETH/USD"
KEYS = """
[strategies.reader]
kind = "tests.engine.listening:Listener"
symbol = "ETH/USD"
venue = "kraken"
"""


def test_a_strategy_that_hedges_nowhere_waits_for_the_other_venue_of_the_run_too(tmp_path):
    world = Reading(tmp_path / "mm.toml", extra=KEYS)
    Named.instrument(world, SECOND_SYMBOL, base="ETH")
    assert World.ready(world) == []
    market = world.engine.markets[KRAKEN, SECOND_SYMBOL]
    assert world.engine.gate(world.now, market).startswith("other has not been heard yet")
    world.other_up()
    assert not world.engine.gate(world.now, market).startswith("other")
    assert world.replayed().state_hash() == world.engine.state_hash()


def test_a_symbol_that_is_not_told_of_keeps_every_strategy_from_its_first_order(tmp_path):
    world = Reading(tmp_path / "mm.toml", extra=KEYS)
    world.ready()
    world.other_up()
    assert world.decide() == []
    assert world.engine.awaited == "kraken has told nothing about ETH/USD yet: no order before that"
    Named.instrument(world, SECOND_SYMBOL, base="ETH")
    assert world.engine.awaited == ""
    assert len(world.decide()) == 2
