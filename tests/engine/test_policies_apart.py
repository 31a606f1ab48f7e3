"""A hedging policy that raises: its debts are kept, what adds to them is not quoted, and the rest goes on."""

from collections import Counter
from dataclasses import dataclass

import pytest

from mm._core import events as ev
from mm.config import text
from mm.inventory.hedging import HedgeOrder, HedgeParameters, HedgePlan, HedgePolicy
from tests.engine.test_hedging import OTHER, SETTINGS, TwoVenues
from tests.engine.world import BTC, KRAKEN, SECOND, SYMBOL, book_frame, instrument

ETHER = "ETH/USD"
GOOD = f"""
[strategies.good]
venue = "kraken"
symbol = "{ETHER}"
spread_bps = 2
quote_size = 0.01
max_position = 0.05
refresh_interval_ms = 0
refresh_tolerance_bps = 0
"""
NAME = "tests.engine.test_policies_apart:Broken"
MENDED = set()
"""Where it raises no more: what a user did to the file."""
CALLS = Counter()


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenParameters(HedgeParameters):
    """breaks: where it raises."""

    breaks: str = text()


class Broken(HedgePolicy):
    """Rests at the touch, until it breaks."""

    Parameters = BrokenParameters

    def check(self, where):
        CALLS[where] += 1
        if self.parameters.breaks == where and where not in MENDED:
            raise ValueError("policy bug")

    def plan(self, state):
        self.check("plan")
        if self.parameters.breaks in ("result", "cancel") and self.parameters.breaks not in MENDED:
            return None if self.parameters.breaks == "result" else HedgePlan(cancel=("what",))
        self.check("later" if state.orders else "first")
        return HedgePlan(HedgeOrder(state.side, state.owed, state.ask, False)) if state.owed else HedgePlan()

    def on_sent(self, now_ns, order, debt):
        self.check("sent")

    def on_paid(self):
        self.check("paid")


class BrokenWorld(TwoVenues):
    def __init__(self, path, breaks):
        self.settings_text = SETTINGS.replace('policy = "immediate"', f'policy = "{NAME}"\nbreaks = "{breaks}"')
        self.settings_text = self.settings_text.replace("[strategies.test]\n", '[strategies.test]\nvenue = "kraken"\n')
        super().__init__(path, extra=GOOD)
        MENDED.clear()
        CALLS.clear()
        self.tell(ev.InstrumentUpdate(self.now, KRAKEN, ETHER, instrument(symbol=ETHER).to_json()))
        self.bid, self.ask = self.ready()
        self.ether()
        self.tell(ev.Balance(self.now, KRAKEN, "ETH", 10 * 10**12, "snapshot"))
        self.accept(*[command for command in self.decide() if type(command) is ev.Place])

    def ether(self, bid=600_000):
        frame = book_frame([(bid, BTC), (bid - 10, BTC)], [(bid + 10, BTC), (bid + 20, BTC)])
        self.tell(ev.BookFrame(self.now, KRAKEN, frame.replace(SYMBOL.encode(), ETHER.encode())))

    def books(self):
        self.book(600_100, 600_110)
        self.ether()
        self.other_book()

    def open_of(self, symbol):
        return {order.client_id for order in self.engine.orders.open_of(KRAKEN, symbol)}

    def break_it(self, breaks):
        """Bring it to where it breaks; returns what is decided then."""
        self.fill(self.bid, BTC // 100, "K1")
        commands = self.decide()
        if breaks in ("sent", "later", "paid"):
            (hedge,) = [each for each in commands if type(each) is ev.Place and each.purpose == "hedge"]
            self.tell(ev.OrderAccepted(self.now, self.now, OTHER, hedge.client_id, "V" + hedge.client_id))
            if breaks == "paid":
                self.hedge_fills(hedge, hedge.size)
            commands += self.decide(SECOND // 10)
        return commands


@pytest.fixture(params=["plan", "result", "cancel", "sent", "later", "paid"])
def world(request, tmp_path):
    made = BrokenWorld(tmp_path / "mm.toml", request.param)
    made.breaks = request.param
    return made


def test_its_quotes_and_hedges_are_pulled_its_debt_is_kept_and_the_others_go_on(world):
    quotes, others = world.open_of(SYMBOL), world.open_of(ETHER)
    assert (len(quotes), len(others)) == (2, 2)
    commands = world.break_it(world.breaks)
    (paused,) = [command for command in commands if type(command) is ev.StrategyPaused]
    what = {"result": "TypeError: plan() returned NoneType", "cancel": "TypeError: plan() cancels str"}
    raised = what.get(world.breaks, "ValueError: policy bug (test_policies_apart.py:")
    assert paused.reason.startswith(f"hedging.btc: policy {NAME}: it raised {raised}")
    cancels = [command for command in commands if type(command) is ev.Cancel]
    assert {each.client_id for each in cancels if each.venue == KRAKEN} == quotes - {world.bid.client_id}
    rests = world.breaks in ("sent", "later")
    assert len([each for each in cancels if each.venue == OTHER]) == rests
    assert world.desk.ledger.net == (0 if world.breaks == "paid" else 10**10)
    world.canceled(*[each for each in cancels if each.venue == KRAKEN])
    asked = CALLS.copy()
    for _ in range(3):
        world.now += SECOND
        world.books()
        commands = world.decide()
        assert [each for each in commands if type(each) in (ev.StrategyPaused, ev.Alert)] == []
        assert [each for each in commands if type(each) is ev.Place] == []
    assert asked == CALLS, "it is asked no more"
    assert world.open_of(ETHER) == others
    assert world.desk.note == world.engine.markets[KRAKEN, SYMBOL].last.gate == paused.reason
    assert world.replayed().state_hash() == world.engine.state_hash()


def test_a_word_of_the_operator_lets_it_try_again(world):
    world.break_it(world.breaks)
    world.tell(ev.Operator(world.now, "resume", ""))
    if world.breaks == "result":
        (again,) = [each for each in world.decide(SECOND) if type(each) is ev.StrategyPaused]
        assert "NoneType" in again.reason
    MENDED.add(world.breaks)
    world.tell(ev.Operator(world.now, "resume", ""))
    world.books()
    commands = world.decide(SECOND)
    assert world.desk.fault == ""
    assert [each for each in commands if type(each) is ev.StrategyPaused] == []
    if world.breaks not in ("sent", "later", "paid"):
        (hedge,) = [each for each in commands if type(each) is ev.Place and each.purpose == "hedge"]
        assert hedge.size == BTC // 100
    last = world.engine.markets[KRAKEN, SYMBOL].last
    assert (last.gate, len(last.quoting.quotes)) == ("", 2)
