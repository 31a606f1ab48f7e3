"""From a fill to its hedge, native against its slow twins: the same commands, notes and states, whatever happens."""

from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mm._core import events as ev
from tests.engine import contracts, test_hedging
from tests.engine.world import BTC, MS, SECOND
from tests.reference.booking import PlainEngine
from tests.reference.hedge_desk import PlainDesk

POLICIES = ("immediate", "cross_exchange", "twap", "opportunistic")
SIZES = st.sampled_from([1, 999, 1000, 100_000, BTC // 1000, BTC // 500, BTC // 100, BTC // 100 + 1])
STEPS = st.one_of(
    st.tuples(st.just("fill"), st.sampled_from(["bid", "ask"]), SIZES),
    st.tuples(st.just("with fee"), st.sampled_from(["bid", "ask"]), SIZES),
    st.tuples(st.just("hedged"), st.integers(1, 4), st.integers(-20, 20)),
    st.tuples(st.just("ends"), st.just(0), st.just(0)),
    st.tuples(st.just("again"), st.just(0), st.just(0)),
    st.tuples(st.just("book"), st.integers(-200, 200), st.sampled_from([1000, BTC // 1000, BTC])),
    st.tuples(st.just("funds"), st.sampled_from([0, 1, 50, 100_000, 10_000_000]), st.sampled_from([0, 10, 10_000_000])),
    st.tuples(st.just("margin"), st.sampled_from([0, 5, 10_000_000]), st.just(0)),
    st.tuples(st.just("link"), st.booleans(), st.integers(0, 1)),
    st.tuples(st.just("refused"), st.just(0), st.just(0)),
    st.tuples(st.just("books"), st.just(0), st.just(0)),
    st.tuples(st.just("status"), st.sampled_from(["online", "cancel_only"]), st.integers(0, 1)),
    st.tuples(st.just("wait"), st.sampled_from([0, MS, 250 * MS, SECOND, 5 * SECOND]), st.just(0)),
)


# What it takes for hedges to go to the fallback, which no story of random steps gets to often.
AWAY = [("link", False, 0), ("fill", "bid", BTC // 100), *[("wait", 5 * SECOND, 0), ("books", 0, 0)] * 3]


def world_of(module, policy, path, *, is_with_fallback):
    """A world that is ready, with another policy whose parameters besides the threshold are their defaults."""
    extra = "duration_secs = 10\nnum_orders = 3" if policy == "twap" else ""
    text = module.SETTINGS.replace('policy = "immediate"', f'policy = "{policy}"\n{extra}')
    if module is contracts:
        kind = contracts.WithFallback if is_with_fallback else contracts.Contracts
        return kind(path, settings=text).ready_to_quote()
    world = type("World", (test_hedging.TwoVenues,), {"settings_text": text})(path)
    world.bid, world.ask = world.ready()
    return world


class Pair:
    """One story told to both."""

    def __init__(self, folder, module, policy, *, is_with_fallback):
        ours = world_of(module, policy, Path(folder) / "native.toml", is_with_fallback=is_with_fallback)
        with (
            mock.patch("mm.engine.engine.HedgeDesk", PlainDesk),
            mock.patch.object(module, "Engine", PlainEngine),
        ):
            theirs = world_of(module, policy, Path(folder) / "plain.toml", is_with_fallback=is_with_fallback)
        assert type(theirs.desk) is PlainDesk
        assert type(theirs.engine) is PlainEngine
        self.worlds = [ours, theirs]
        self.last = [None, None]
        self.executions = 0

    def step(self, number, world, kind, first, second):
        hedge = self.last[number]
        markets = world.desk.markets
        name = f"E{self.executions}"
        if kind in ("hedged", "again", "ends", "refused") and hedge is None:
            return []
        if kind == "fill":
            world.fill(getattr(world, first), second, name)
        elif kind == "with fee":
            world.fill(getattr(world, first), second, name, fee=second * 25, fee_asset="BTC")
        elif kind == "hedged" or kind == "again":
            size = max(1, hedge.size // first) if first else 1
            name = name if first else "again"
            price = max(1, hedge.price + second)
            where = (world.now, world.now, hedge.venue, hedge.client_id, "V" + hedge.client_id, hedge.symbol)
            world.tell(ev.Fill(*where, hedge.side, name, price, size, -1, "t", 10**9, "USDT"))
        elif kind == "ends":
            head = (world.now, world.now, hedge.venue, hedge.client_id, "V" + hedge.client_id)
            world.tell(ev.OrderCanceled(*head, -1, "ioc"))
        elif kind == "refused":
            world.tell(ev.OrderRejected(world.now, world.now, hedge.venue, hedge.client_id, "", "2005", "rejected"))
        elif kind == "book":
            world.book(600_000 + first, 600_010 + first, second)
        elif kind == "books":
            world.book(600_000, 600_010)
            if isinstance(world, contracts.Contracts):
                world.futures_book()
            if isinstance(world, contracts.WithFallback):
                world.spot_book()
        elif kind == "funds":
            world.tell(ev.Balance(world.now, markets[-1][0], "USDT", first * 10**12, "snapshot"))
            world.tell(ev.Balance(world.now, markets[-1][0], "BTC", second * 10**12, "snapshot"))
        elif kind == "margin" and isinstance(world, contracts.Contracts):
            world.tell(world.margin(first))
        elif kind == "link":
            world.tell(ev.LinkChanged(world.now, markets[second % len(markets)][0], "private", first, ""))
        elif kind == "status":
            world.tell(ev.VenueStatus(world.now, markets[second % len(markets)][0], first))
        elif kind == "wait":
            world.now += first
        commands = world.decide()
        for command in commands:
            if type(command) is ev.Place and command.purpose == "hedge":
                self.last[number] = command
        return commands

    def tell(self, kind, first, second):
        self.executions += 1
        told = [self.step(number, world, kind, first, second) for number, world in enumerate(self.worlds)]
        assert told[0] == told[1]
        ours, theirs = (world.desk for world in self.worlds)
        assert (ours.note, ours.due_ns) == (theirs.note, theirs.due_ns)
        assert self.worlds[0].engine.state_hash() == self.worlds[1].engine.state_hash()


WORLDS = {"spot": (test_hedging, False), "perpetual": (contracts, False), "fallback": (contracts, True)}


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("world", WORLDS)
def test_both_hedge_the_same(world, policy):
    module, is_with_fallback = WORLDS[world]
    hedged = []
    away = set()

    @settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(STEPS, min_size=5, max_size=25), st.booleans())
    def told(steps, is_away):
        with TemporaryDirectory() as folder:
            pair = Pair(folder, module, policy, is_with_fallback=is_with_fallback)
            for step in (AWAY if is_away else []) + steps:
                pair.tell(*step)
                away.add(pair.worlds[0].desk.is_away)
            hedged.append(pair.last[0])

    told()
    assert any(hedged), "no story led to a hedge"
    assert away == ({False, True} if is_with_fallback else {False}), "hedges at the fallback"
