"""One strategy's failure is its own: it is paused and its orders are cancelled, and the others go on."""

import pytest

from mm._core import events as ev
from mm.config import Environment, load
from mm.config.canonical import from_json, to_json
from mm.engine import Engine
from mm.exchanges.kraken import VENUE
from mm.persistence.recorder import MemoryRecorder
from mm.strategies import parameters_of
from tests.engine.world import KRAKEN, MS, SECOND, START, SYMBOL, World, book_frame, instrument

OTHER = "ETH/USD"
SETTINGS = """
[venues.kraken]
accept_account_wide_timer = false

[strategies.good]
symbol = "BTC/USD"
spread_bps = 2
quote_size = 0.01
max_position = 0.05
refresh_interval_ms = 0
refresh_tolerance_bps = 0

[strategies.bad]
kind = "tests.engine.broken:Broken"
symbol = "ETH/USD"
breaks = "{breaks}"

[limits]
default_max_position = 1
"""


class Two(World):
    settings_text = SETTINGS

    def __init__(self, path, breaks):
        keys = breaks if isinstance(breaks, dict) else {"breaks": breaks}
        path.write_text(self.settings_text.format(**keys))
        self.settings = load(path, Environment({}), parameters_of=parameters_of)
        self.recorder = MemoryRecorder(keep=True)
        self.now = START
        self.start = ev.Start(START, 1, 7, to_json(self.settings))
        self.recorder.record(self.start)
        self.engine = Engine(self.start, self.settings, {KRAKEN: VENUE}, self.recorder)

    def replayed(self):
        start, *events = self.recorder.events
        engine = Engine(start, from_json(start.config, parameters_of), {KRAKEN: VENUE}, MemoryRecorder())
        for event in events:
            engine.apply(event)
        return engine

    def ready(self):
        self.instrument()
        self.instrument(symbol=OTHER, base="ETH")
        self.up()
        self.tell(ev.Balance(self.now, KRAKEN, "ETH", 10 * 10**12, "snapshot"))
        self.books(600_000)
        self.accept(*[command for command in self.decide() if type(command) is ev.Place])
        return self.decide()

    def instrument(self, symbol=SYMBOL, **changes):
        made = instrument(symbol=symbol, **changes)
        self.tell(ev.InstrumentUpdate(self.now, KRAKEN, symbol, made.to_json()))

    def books(self, bid):
        for symbol in (SYMBOL, OTHER):
            frame = book_frame([(bid, 10**8), (bid - 10, 10**8)], [(bid + 10, 10**8), (bid + 20, 10**8)])
            self.tell(ev.BookFrame(self.now, KRAKEN, frame.replace(SYMBOL.encode(), symbol.encode())))

    def open_of(self, symbol):
        return self.engine.orders.open_of(KRAKEN, symbol)

    def trouble(self, breaks):
        """Bring the other strategy to where it breaks; returns what is decided then."""
        if breaks == "fill":
            (bid,) = self.open_of(OTHER)
            fill = (OTHER, 1, "E1", bid.price, 1000, 1000, "m", 0, "USD")
            self.tell(ev.Fill(self.now, self.now, KRAKEN, bid.client_id, bid.venue_id, *fill))
        elif breaks == "trade":
            self.tell(ev.Trade(self.now, self.now, KRAKEN, OTHER, 1, 600_000, 5, "T1"))
        self.now += 10 * MS
        self.books(600_100)
        return self.decide()


@pytest.fixture(params=["quotes", "result", "fill", "trade"])
def world(request, tmp_path):
    made = Two(tmp_path / "mm.toml", request.param)
    made.breaks = request.param
    made.ready()
    return made


def test_its_orders_are_cancelled_and_the_others_go_on(world):
    (bad,) = world.open_of(OTHER)
    good = world.open_of(SYMBOL)
    assert len(good) == 2
    commands = world.trouble(world.breaks)
    (paused,) = [command for command in commands if type(command) is ev.StrategyPaused]
    assert paused.strategy == "bad"
    expected = "NoneType" if world.breaks == "result" else f"ZeroDivisionError: in {world.breaks} (broken.py:"
    assert expected in paused.reason
    cancels = [command for command in commands if type(command) is ev.Cancel]
    assert [cancel.client_id for cancel in cancels] == [bad.client_id]
    moved = {command.client_id for command in commands if type(command) is ev.Amend}
    assert moved == {order.client_id for order in good}
    world.canceled(*cancels)
    world.now += SECOND
    world.books(600_200)
    assert [command for command in world.decide() if type(command) is ev.StrategyPaused] == []
    assert world.open_of(OTHER) == []
    assert world.engine.markets[KRAKEN, OTHER].last.gate.startswith("strategy bad has failed: it raised")
    assert world.replayed().state_hash() == world.engine.state_hash()


def test_the_operator_pauses_one_by_name_and_lets_it_go_on(tmp_path):
    world = Two(tmp_path / "mm.toml", "never")
    world.ready()
    world.tell(ev.Operator(world.now, "pause", "good"))
    cancels = [command for command in world.decide() if type(command) is ev.Cancel]
    assert {cancel.symbol for cancel in cancels} == {SYMBOL}
    assert len(cancels) == 2
    world.canceled(*cancels)
    world.books(600_100)
    assert [command for command in world.decide(SECOND) if type(command) is ev.Place] == []
    world.tell(ev.Operator(world.now, "resume", "good"))
    places = [command for command in world.decide(SECOND) if type(command) is ev.Place]
    assert [place.symbol for place in places] == [SYMBOL, SYMBOL]
    assert world.replayed().state_hash() == world.engine.state_hash()


def test_one_that_raises_at_the_start_never_quotes(tmp_path):
    world = Two(tmp_path / "mm.toml", "prepare")
    commands = world.ready()
    assert world.open_of(OTHER) == []
    assert len(world.open_of(SYMBOL)) == 2
    assert world.engine.markets[KRAKEN, OTHER].paused
    assert commands == []
