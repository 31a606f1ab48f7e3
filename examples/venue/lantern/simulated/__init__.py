"""The simulated Lantern: nothing of the bot is in it, as it is the bot's judge. `KIND` is how a simulator hosts it."""

from __future__ import annotations

import argparse
import random

from examples.venue.lantern.simulated.venue import LanternVenue
from mm.simulator.exchange import Exchange
from mm.simulator.kinds import Operated, Rules, VenueKind
from mm.simulator.orders import SimInstrument
from mm.simulator.tape import BUILTIN_FINE


def instrument(options: argparse.Namespace) -> SimInstrument:
    """BTC/USD: prices of 0.01, sizes of 0.000001 from 0.0001, two dollars at least; 0.10 % and 0.20 %."""
    return SimInstrument(
        symbol="BTC/USD",
        base="BTC",
        quote="USD",
        price_precision=2,
        size_precision=6,
        tick=1,
        size_min=100,
        cost_min=2 * 10**8,
        quote_decimals=6,
        maker_fee_e6=1000,
        taker_fee_e6=2000,
    )


def make(exchange: Exchange, start_ns: int, options: argparse.Namespace, hooks: Rules) -> Operated:
    """The machine of one venue."""
    return LanternVenue(exchange, start_ns=start_ns, seed=options.seed, hooks=hooks)


def name(letter: str, chance: random.Random) -> str:
    """Ids as Lantern writes them: whole numbers beyond what a double holds."""
    return str(9_100_000_000_000_000_000 + chance.randrange(10**17))


KIND = VenueKind(
    name="lantern",
    title="Lantern",
    grid="on a 0.01 grid, without basis to the other venues",
    tape=BUILTIN_FINE,
    funds={"BTC": 10, "USD": 1_000_000},
    paths=("/public", "/private"),
    instrument=instrument,
    make=make,
    tier=lambda options: "one for all",
    fees=lambda options: "maker 0.10 %, taker 0.20 %",
    order_name=name,
)
