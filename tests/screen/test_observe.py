"""What a screen is told of an engine's state: of starts that go on before every venue of theirs is there."""

from mm._core import events as ev
from mm.engine.balances import residual
from mm.screen.lines import accounts, as_json
from mm.screen.observe import observe
from tests.engine.contracts import FUTURES, Contracts


def restarted(before, path):
    """Another start on what an engine knows, which has heard of no venue yet."""
    state, told = before.engine.durable_state(), before.engine.durable_hash()
    world = Contracts(path)
    world.now = before.now
    world.tell(ev.Recovered(world.now, state, told))
    return world


def seen(world):
    snapshot = observe(world.engine, world.now, started_ns=world.now, world="sim")
    return snapshot, next(each for each in as_json(snapshot)["markets"] if each["venue"] == FUTURES)


def test_a_position_without_a_book_is_valued_at_its_last_fill_and_nothing_is_compared_before_it_is_read(tmp_path):
    before = Contracts(tmp_path / "mm.toml").ready_to_quote()
    before.hedged()
    told = seen(before)[0].accounts
    world = restarted(before, tmp_path / "again.toml")
    world.ready()
    snapshot, futures = seen(world)
    assert futures["bid"] == ""
    assert futures["position"] == "-0.01"
    assert abs(float(futures["profit"]["inventory"])) < 1, "600 dollars' worth at the price 0"
    assert "not compared" in accounts(snapshot.accounts)
    assert "MEXC Futures not read in this run" in accounts(snapshot.accounts)
    profit = as_json(snapshot)["profit"]
    assert (profit["residual"], profit["not_read"]) == (None, [FUTURES])

    world.futures_up()
    snapshot, futures = seen(world)
    assert futures["bid"]
    assert snapshot.accounts.residual is not None
    assert snapshot.accounts.unread == ()
    assert residual(world.engine) * 10**56 == snapshot.accounts.residual
    assert told.unread == ()
