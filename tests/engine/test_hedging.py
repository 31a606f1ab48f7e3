"""Fills of quotes on one venue, hedges on another: literal events in, commands out."""

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm._core import events as ev
from mm._core._rust import KrakenBookDecoder
from mm.config import Environment, SettingsError, load
from mm.config.canonical import from_json, to_json
from mm.engine import Engine
from mm.exchanges.kraken import VENUE
from mm.exchanges.venue import Capabilities
from mm.inventory.hedging import parameters_of as policies_of
from mm.persistence.recorder import MemoryRecorder
from mm.strategies import parameters_of
from tests.engine.world import BTC, KRAKEN, MS, SECOND, START, SYMBOL, World, book_frame, instrument

OTHER, OTHER_SYMBOL = "other", "BTC/USDT"
BUY, SELL = 1, -1
MARKET = 'hedge = "other"\nhedge_symbol = "BTC/USDT"'
SETTINGS = """
[venues.kraken]
accept_account_wide_timer = false
dead_man_switch_s = 60

[venues.other]

[strategies.test]
symbol = "BTC/USD"
spread_bps = 2
quote_size = 0.01
max_position = 0.05
refresh_interval_ms = 0
refresh_tolerance_bps = 0
max_order_age_s = 0
{extra}

[hedging.btc]
policy = "immediate"
primary = "kraken"
symbol = "BTC/USD"
hedge = "other"
hedge_symbol = "BTC/USDT"
threshold = 100
debt_max_usd = 1000
{limits}

[limits]
default_max_position = 1
max_total_exposure_usd = 1_000_000
"""


class OtherFace:
    """A venue that cannot amend and speaks Kraken's book: enough for an engine, which sees events."""

    name = OTHER
    capabilities = Capabilities(
        amend=False,
        batch_place_max=0,
        batch_cancel_max=0,
        dead_man_switch=False,
        post_only=True,
        reduce_only=False,
        client_id_length_max=32,
    )

    def book_decoder(self):
        return KrakenBookDecoder()

    def trading_limits(self, tier):
        return None


class TwoVenues(World):
    settings_text = SETTINGS

    def __init__(self, path, extra="", limits=""):
        path.write_text(self.settings_text.format(extra=extra, limits=limits))
        self.settings = load(path, Environment({}), parameters_of=parameters_of, policies_of=policies_of)
        self.recorder = MemoryRecorder(keep=True)
        self.now = START
        self.start = ev.Start(START, 1, 7, to_json(self.settings))
        self.recorder.record(self.start)
        self.engine = self.made(self.start, self.settings, self.recorder)
        self.executions = 0

    @staticmethod
    def made(start, settings, recorder):
        return Engine(start, settings, {KRAKEN: VENUE, OTHER: OtherFace()}, recorder)

    def replayed(self):
        start, *events = self.recorder.events
        settings = from_json(start.config, parameters_of, policies_of)
        engine = self.made(start, settings, MemoryRecorder())
        for event in events:
            engine.apply(event)
        return engine

    @property
    def desk(self):
        return self.engine.desks["btc"]

    def ready(self, bid=600_000, ask=600_010):
        """Quotes wait for the venue that they are hedged on."""
        if (OTHER, OTHER_SYMBOL) not in self.engine.markets:
            self.other_up()
        return super().ready(bid, ask)

    def other_up(self, usdt=1_000_000, btc=10, **changes):
        facts = {"venue": OTHER, "symbol": OTHER_SYMBOL, "quote": "USDT", "size_min": 1000, "lot": 1000, "cost_min": 0}
        self.tell(
            ev.InstrumentUpdate(self.now, OTHER, OTHER_SYMBOL, instrument(**(facts | changes)).to_json()),
            ev.LinkChanged(self.now, OTHER, "public", True, ""),
            ev.Balance(self.now, OTHER, "BTC", btc * 10**12, "snapshot"),
            ev.Balance(self.now, OTHER, "USDT", usdt * 10**12, "snapshot"),
            ev.LinkChanged(self.now, OTHER, "private", True, ""),
        )
        self.other_book()

    def other_book(self, bid=600_000, ask=600_010, size=BTC):
        frame = book_frame([(bid, size), (bid - 10, size)], [(ask, size), (ask + 10, size)])
        self.tell(ev.BookFrame(self.now, OTHER, frame.replace(SYMBOL.encode(), OTHER_SYMBOL.encode())))

    def quote_fills(self, place, size):
        """A quote on Kraken is filled; returns the hedges that follow."""
        self.executions += 1
        self.fill(place, size, f"K{self.executions}")
        return self.hedges()

    def hedges(self, after_ns=0):
        return [
            command for command in self.decide(after_ns) if type(command) is ev.Place and command.purpose == "hedge"
        ]

    def hedge_fills(self, place, size, price=0):
        self.executions += 1
        self.tell(
            ev.Fill(
                self.now, self.now, OTHER, place.client_id, "V" + place.client_id, OTHER_SYMBOL, place.side,
                f"O{self.executions}", price or place.price, size, -1, "t", 0, "USDT",
            )
        )  # fmt: skip

    def hedge_ends(self, place):
        """What a crossing order did not fill at once is cancelled by the venue."""
        self.tell(ev.OrderCanceled(self.now, self.now, OTHER, place.client_id, "V" + place.client_id, -1, "ioc"))

    def others_quotes(self):
        return sorted(order.side for order in self.engine.orders.open_of(KRAKEN, SYMBOL))


@pytest.fixture
def world(tmp_path):
    made = TwoVenues(tmp_path / "mm.toml")
    made.bid, made.ask = made.ready()
    made.decide()
    return made


def test_a_filled_bid_is_sold_on_the_other_venue_and_paid(world):
    (hedge,) = world.quote_fills(world.bid, BTC // 100)
    assert (hedge.venue, hedge.symbol, hedge.side, hedge.size) == (OTHER, OTHER_SYMBOL, SELL, BTC // 100)
    assert (hedge.time_in_force, hedge.purpose, hedge.parent) == ("ioc", "hedge", "K1")
    assert hedge.price < 600_000
    assert world.hedges() == []
    world.hedge_fills(hedge, BTC // 100, 600_000)
    assert world.desk.ledger.net == 0
    (payment,) = world.desk.ledger.payments
    assert payment.cost2 == 2 * 10**10 * (600_005 - 600_000) * 10**11
    assert world.hedges(SECOND) == []
    assert world.engine.markets[OTHER, OTHER_SYMBOL].position.quantity == -BTC // 100
    assert world.replayed().state_hash() == world.engine.state_hash()


def test_a_fee_in_the_asset_itself_is_not_owed_and_one_of_a_hedge_is(world):
    # 0.01 BTC bought for a fee of 0.0001 BTC: 0.0099 are held.
    world.fill(world.bid, BTC // 100, "K1", fee=10**8, fee_asset="BTC")
    (hedge,) = world.hedges()
    assert (hedge.side, hedge.size) == (SELL, BTC * 99 // 10_000)
    world.tell(
        ev.Fill(
            world.now, world.now, OTHER, hedge.client_id, "V" + hedge.client_id, OTHER_SYMBOL, SELL, "O1",
            hedge.price, hedge.size, -1, "t", 10**7, "BTC",
        )
    )  # fmt: skip
    assert world.desk.ledger.net == -(10**7)
    assert world.desk.ledger.debts[0].kind == "excess"


def test_a_hedge_that_rests_is_taken_back_when_the_book_that_priced_it_is_old(tmp_path):
    text = SETTINGS.replace('policy = "immediate"', 'policy = "opportunistic"')
    world = type("World", (TwoVenues,), {"settings_text": text})(tmp_path / "mm.toml")
    world.bid, world.ask = world.ready()
    (hedge,) = world.quote_fills(world.bid, BTC // 100)
    assert hedge.post_only
    world.tell(ev.OrderAccepted(world.now, world.now, OTHER, hedge.client_id, "V" + hedge.client_id))
    assert [c for c in world.decide(SECOND) if type(c) is ev.Cancel and c.venue == OTHER] == []
    assert world.engine.next_deadline() <= world.engine.markets[OTHER, OTHER_SYMBOL].book_ns + 2 * SECOND + 1
    (cancel,) = [c for c in world.decide(SECOND + MS) if type(c) is ev.Cancel and c.venue == OTHER]
    assert (cancel.client_id, "old" in cancel.reason) == (hedge.client_id, True)


def test_under_the_threshold_and_under_a_lot_the_debt_is_kept(world):
    assert world.quote_fills(world.bid, 100_000) == []
    assert world.desk.ledger.net == 10**9
    (hedge,) = world.quote_fills(world.bid, 300_500)
    assert hedge.size == 400_000
    world.hedge_fills(hedge, hedge.size)
    assert world.desk.ledger.net == 500 * 10**4
    assert world.hedges(SECOND) == []


def test_a_part_that_did_not_fill_stays_owed_and_is_sent_again_later(world):
    (hedge,) = world.quote_fills(world.bid, BTC // 100)
    world.hedge_fills(hedge, BTC // 250)
    world.hedge_ends(hedge)
    (again,) = world.hedges()
    assert again.size == BTC // 100 - BTC // 250
    world.hedge_ends(again)
    assert world.hedges() == []
    assert len(world.hedges(SECOND)) == 1


def test_a_hedge_in_doubt_is_committed_until_the_venue_has_spoken(world):
    (hedge,) = world.quote_fills(world.bid, BTC // 100)
    world.tell(ev.OutcomeUnknown(world.now, 0, OTHER, hedge.client_id, "", "place", "no answer"))
    for _ in range(20):
        world.other_book()
        assert world.hedges(SECOND) == []
    world.tell(ev.OrderAbsent(world.now, world.now, OTHER, hedge.client_id, "", "two complete reads"))
    world.other_book()
    (again,) = world.hedges(SECOND)
    assert again.size == hedge.size
    assert again.client_id != hedge.client_id


def test_a_hedge_makes_no_hedge_and_late_fills_are_owed_back(world):
    (hedge,) = world.quote_fills(world.bid, BTC // 100)
    world.tell(ev.OrderRejected(world.now, world.now, OTHER, hedge.client_id, "", "said no", ""))
    (again,) = world.hedges(SECOND)
    world.hedge_fills(again, again.size)
    assert world.desk.ledger.net == 0
    # The one that was said to be refused was filled all the same.
    world.hedge_fills(hedge, hedge.size)
    assert world.desk.ledger.net == -(10**10)
    (back,) = world.hedges(SECOND)
    assert (back.side, back.size) == (BUY, BTC // 100)
    world.hedge_fills(back, back.size)
    assert world.desk.ledger.net == 0
    assert world.hedges(SECOND) == []


def test_a_venue_that_is_down_keeps_the_debt_and_a_large_one_pulls_the_quotes_that_add_to_it(world):
    world.tell(ev.LinkChanged(world.now, OTHER, "private", False, "cut"))
    assert world.quote_fills(world.bid, BTC // 100) == []
    assert world.desk.note == "private stream is down"
    # 600 dollars of 1000: both sides are quoted.
    assert world.others_quotes() == [SELL, BUY]
    second = next(order for order in world.engine.orders.open_of(KRAKEN, SYMBOL) if order.side == BUY)
    world.accept(second)
    world.quote_fills(second, BTC // 100)
    world.decide(SECOND // 10)
    assert world.others_quotes() == [SELL]
    assert world.engine.decisions[-1].quoting.quotes[0].side == SELL
    # Sold on the same venue: netted, and both sides are wanted again.
    world.fill(world.ask, BTC // 100, "K9")
    assert world.desk.ledger.net == 10**10
    world.decide(SECOND // 10)
    assert world.others_quotes() == [SELL, BUY]
    # The venue is back: what is still owed is paid.
    world.tell(ev.LinkChanged(world.now, OTHER, "private", True, ""))
    world.other_book()
    (hedge,) = world.hedges()
    assert (hedge.side, hedge.size) == (SELL, BTC // 100)
    assert world.replayed().state_hash() == world.engine.state_hash()


def test_quotes_wait_until_the_venue_that_they_are_hedged_on_was_ready_once(tmp_path):
    world = TwoVenues(tmp_path / "mm.toml")
    assert World.ready(world) == []
    assert world.engine.markets[KRAKEN, SYMBOL].last.gate == "other is not ready to hedge on yet"
    world.other_up()
    assert len([command for command in world.decide() if type(command) is ev.Place]) == 2
    # Out of reach later, it keeps nobody from quoting: debts have their own limit.
    world.tell(ev.LinkChanged(world.now, OTHER, "private", False, "cut"))
    world.book(600_000, 600_010)
    world.decide(SECOND)
    assert world.others_quotes() == [SELL, BUY]


def test_a_hedge_is_held_against_the_limits_and_the_debt_is_kept(world):
    world.engine.markets[OTHER, OTHER_SYMBOL].position_max = BTC // 1000
    assert world.quote_fills(world.bid, BTC // 100) == []
    assert "is over the limit" in world.desk.note
    assert world.desk.ledger.net == 10**10


def test_a_debt_larger_than_one_order_may_be_is_paid_in_several(world):
    world.engine.markets[OTHER, OTHER_SYMBOL].order_size_max = BTC // 250
    sent = world.quote_fills(world.bid, BTC // 100)
    while sent:
        world.hedge_fills(sent[-1], sent[-1].size)
        sent += (more := world.hedges(SECOND))
        if not more:
            break
    assert [hedge.size for hedge in sent] == [BTC // 250, BTC // 250, BTC // 500]
    assert world.desk.ledger.net == 0


def test_a_fill_on_the_hedge_market_that_is_no_hedge_of_this_run_makes_no_debt(world):
    ids = ("mm1H9", "Vmm1H9", OTHER_SYMBOL, BUY)
    size = BTC // 100
    world.tell(
        ev.OrderReport(world.now, world.now, OTHER, *ids, "new", 600_000, size, 0, "", "stream"),
        ev.Fill(world.now, world.now, OTHER, *ids, "O9", 600_000, size, size, "t", 0, "USDT"),
    )
    assert world.engine.markets[OTHER, OTHER_SYMBOL].position.quantity == BTC // 100
    assert world.desk.ledger.net == 0
    assert world.hedges(SECOND) == []


def test_many_tries_without_a_fill_wait_longer_and_raise_an_alarm(world):
    (hedge,) = world.quote_fills(world.bid, BTC // 100)
    times = [world.now]
    alarms = []
    for _ in range(600):
        world.hedge_ends(hedge)
        world.now += SECOND // 10
        world.other_book()
        world.book(600_000, 600_010)
        for command in world.decide():
            if type(command) is ev.Place and command.purpose == "hedge":
                hedge = command
                times.append(world.now)
            elif type(command) is ev.Alert:
                alarms.append(command.text)
    waits = [round((after - before) / SECOND, 1) for before, after in pairwise(times)]
    assert waits == sorted(waits)
    assert waits[:4] == [0.2, 0.4, 0.8, 1.6]
    assert len(alarms) == 1
    assert "hedges in a row got nothing" in alarms[0]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["bid", "ask"]),
            st.integers(1, 10**6),
            st.sampled_from(["all", "part", "none", "lost", "refused", "late"]),
            st.integers(0, 3),
        ),
        max_size=25,
    )
)
def test_never_more_is_hedged_than_is_owed_plus_a_lot(tmp_path_factory, script):
    world = TwoVenues(tmp_path_factory.mktemp("hedging") / "mm.toml", limits="", extra="")
    world.ready()
    world.other_up(usdt=10**9, btc=10**6)
    world.decide()
    quoted = hedged = 0
    lost = []

    def answer(hedges, outcome):
        nonlocal hedged
        for hedge in hedges:
            owed = (quoted + hedged) * 10**4
            out = [order for order in world.engine.orders.open_of_strategy("hedge btc") if order.side == hedge.side]
            assert hedge.side * owed < 0
            assert sum(order.exposure for order in out) * 10**4 <= abs(owed)
            if outcome in ("all", "part"):
                amount = hedge.size if outcome == "all" else max(1, hedge.size // 3)
                world.hedge_fills(hedge, amount)
                hedged += hedge.side * amount
            if outcome in ("part", "none"):
                world.hedge_ends(hedge)
            elif outcome == "refused":
                world.tell(ev.OrderRejected(world.now, world.now, OTHER, hedge.client_id, "", "no", ""))
            elif outcome in ("lost", "late"):
                world.tell(ev.OutcomeUnknown(world.now, 0, OTHER, hedge.client_id, "", "place", "no answer"))
                lost.append((hedge, outcome))

    for side, size, outcome, seconds in script:
        world.now += seconds * SECOND
        world.other_book()
        world.book(600_000, 600_010)
        answer(world.hedges(), outcome)
        wanted = [o for o in world.engine.orders.open_of(KRAKEN, SYMBOL) if (o.side > 0) is (side == "bid")]
        if wanted and wanted[0].size - wanted[0].booked > 0:
            order = wanted[0]
            amount = min(size, order.size - order.booked)
            world.executions += 1
            world.fill(order, amount, f"K{world.executions}", price=order.price)
            quoted += order.side * amount
        answer(world.hedges(), outcome)
        if lost and outcome == "all":
            hedge, how = lost.pop()
            if how == "late":
                world.hedge_fills(hedge, hedge.size)
                hedged += hedge.side * hedge.size
            else:
                world.tell(ev.OrderAbsent(world.now, world.now, OTHER, hedge.client_id, "", "two complete reads"))
        net = (quoted + hedged) * 10**4
        assert world.desk.ledger.net == net
    assert world.replayed().state_hash() == world.engine.state_hash()


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('policy = "immediate"', 'policy = "imediate"', "hedging.btc.policy"),
        ("threshold = 100", "treshold = 100", "hedging.btc.treshold"),
        ("threshold = 100", "threshold = -1", "hedging.btc.threshold"),
        ("threshold = 100", "threshold = 0.02", "hedging.btc.threshold: expected US dollars, 1 at least, or 0 for"),
        ("threshold = 100", "threshold = 1001", "hedging.btc.threshold: expected at most debt_max_usd = 1000"),
        ("threshold = 100", "threshold = 100\nband = 100", "hedging.btc.band: expected less than threshold = 100"),
        ('policy = "immediate"', 'policy = "twap"\nduration_secs = 0', "hedging.btc.duration_secs"),
        ('hedge_symbol = "BTC/USDT"', 'hedge_symbol = "ETH/USDT"', "hedging.btc.hedge_symbol"),
        ('symbol = "BTC/USD"\nhedge =', 'symbol = "BTC/EUR"\nhedge =', "hedging.btc.symbol"),
        (
            'hedge = "other"\nhedge_symbol = "BTC/USDT"',
            'hedge = "kraken"\nhedge_symbol = "BTC/USD"',
            "hedging.btc.hedge",
        ),
        (
            "[limits]",
            '[hedging.two]\nsymbol = "BTC/USD"\nhedge = "other"\nhedge_symbol = "BTC/USDT"\n[limits]',
            "hedging.two",
        ),
    ],
)
def test_a_wrong_hedge_is_named_before_the_first_order(tmp_path, old, new, named):
    path = tmp_path / "mm.toml"
    text = SETTINGS.format(extra="", limits="")
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(SettingsError) as raised:
        load(path, Environment({}), parameters_of=parameters_of, policies_of=policies_of)
    assert any(named in str(problem) for problem in raised.value.problems)


def test_the_settings_come_back_from_a_recording(tmp_path):
    world = TwoVenues(tmp_path / "mm.toml")
    again = from_json(world.start.config, parameters_of, policies_of)
    assert again.hedging["btc"].parameters.threshold == Decimal(100)
    assert again.hedging == world.settings.hedging
