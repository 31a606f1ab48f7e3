"""A run for the judge's tests, and the words to lie to it with."""

from dataclasses import replace

from mm._core import events as ev
from mm.chaos.settings import read
from mm.chaos.wire import Sent
from mm.chaos.world import SECOND, START, World
from mm.simulator.kinds import ACCOUNT, KRAKEN

SEED = 23
SYMBOL = "BTC/USD"


def young_world():
    """Two venues, no fault, forty seconds old: quotes stand, and some were filled and hedged."""
    made = World(read(None, SEED), SEED, [], 30)
    for wires in made.wires.values():
        wires.start()
    made.run(START + 40 * SECOND)
    while not all(made.venues[KRAKEN].exchange.recorded_best(SYMBOL)):
        # A sweep took the whole of a side: until the next book.
        made.run(made.now_ns + SECOND)
    assert not made.checker.violations
    # What the tests invent is judged by one thing at a time.
    made.checker.bounds = replace(made.checker.bounds, exposure_usd=None)
    assert made.venues[KRAKEN].exchange.open_orders(ACCOUNT)
    return made


def broken(world):
    return {violation.invariant for violation in world.checker.violations}


def later(world, seconds=5):
    world.run(world.now_ns + seconds * SECOND)


def standing(world):
    return world.venues[KRAKEN].exchange.open_orders(ACCOUNT)[0]


def intent(world, client_id, purpose="quote", venue=KRAKEN, symbol=SYMBOL, side=1, size=500_000, strategy="btc"):
    """A record of an intent that the engine never had."""
    place = ev.Place(
        world.now_ns, venue, symbol, client_id, strategy, purpose, 0, side, 600_000, size, "limit", "gtc", True, False,
        "",
    )  # fmt: skip
    world.journal.events.append(place)
    return place


def good_place(world, client_id="mm1Qzz", **more):
    best = world.venues[KRAKEN].exchange.recorded_best(SYMBOL)[0]
    return replace(Sent("place", client_id, "", SYMBOL, 1, f"{best / 10:.1f}", "0.002"), **more)
