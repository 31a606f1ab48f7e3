"""What strategies hear besides their own market: in the order of `apply`, the same in a replay, and nothing unasked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm._core import events as ev
from mm.config import SettingsError
from mm.engine.hearing import EVENTS
from mm.live.linking import symbols_of
from mm.subscriptions import KINDS, Subscription
from tests.engine.listening import Listener
from tests.engine.test_hedging import TwoVenues
from tests.engine.test_strategies_apart import OTHER
from tests.engine.test_strategies_by_name import SETTINGS, Named, of_kind
from tests.engine.world import BTC, KRAKEN, MS, SECOND, SYMBOL, book_frame

BOOK = 'kinds = ["book"]'


def funding(world, symbol=SYMBOL, venue=KRAKEN):
    return ev.FundingRate(world.now, world.now, venue, symbol, 10**8, world.now + SECOND, 28_800)


def trade(world, symbol=SYMBOL):
    return ev.Trade(world.now, world.now, KRAKEN, symbol, 1, 600_000, 5, "T1")


def make(tmp_path, keys):
    world = Named(tmp_path / "mm.toml", second=keys)
    world.ready()
    Listener.told.clear()
    return world


def frame(symbol, bid, size=BTC, below=None):
    levels = [(bid, size), (bid - 10, below or size)]
    made = book_frame(levels, [(bid + 10, size), (bid + 20, size)])
    return made.replace(SYMBOL.encode(), symbol.encode())


def test_it_is_asked_again_when_the_market_that_it_reads_changes(tmp_path):
    world = make(tmp_path, BOOK)
    (order,) = world.open_of(OTHER)
    world.now += 10 * MS
    world.tell(ev.BookFrame(world.now, KRAKEN, frame(SYMBOL, 599_000)))
    amends = [command for command in world.decide() if type(command) is ev.Amend and command.symbol == OTHER]
    assert [(amend.client_id, amend.price) for amend in amends] == [(order.client_id, 599_000 - 100)]
    assert ("second", "asked", 599_000, 0, "") in Listener.told
    world.check_replay()


def test_a_change_deep_in_the_book_wakes_it_and_only_it(tmp_path):
    world = make(tmp_path, BOOK)
    looks = len(world.engine.decisions)
    world.now += MS
    world.tell(ev.BookFrame(world.now, KRAKEN, frame(SYMBOL, 600_000, below=2 * BTC)))
    world.decide()
    told = [decision.symbol for decision in list(world.engine.decisions)[looks:]]
    assert told == [OTHER]


def test_without_a_subscription_another_market_wakes_nobody(tmp_path):
    world = make(tmp_path, "")
    looks = len(world.engine.decisions)
    world.now += MS
    world.tell(ev.BookFrame(world.now, KRAKEN, frame(SYMBOL, 599_900)))
    world.tell(funding(world), trade(world), ev.Balance(world.now, KRAKEN, "ETH", 5, "stream"))
    world.decide()
    assert [decision.symbol for decision in list(world.engine.decisions)[looks:]] == [SYMBOL]
    assert Listener.told == []
    assert not world.engine.is_heard
    assert dict(world.engine.markets[KRAKEN, OTHER].state.others) == {}
    assert world.engine.handlers[ev.FundingRate] == world.engine.perpetuals.on_rate


def test_a_market_that_it_reads_and_that_falls_silent_is_told_in_time(tmp_path):
    world = make(tmp_path, BOOK)
    silent_ns = world.engine.markets[KRAKEN, SYMBOL].book_ns
    world.now += SECOND
    world.tell(ev.BookFrame(world.now, KRAKEN, frame(OTHER, 600_000, below=2 * BTC)))
    world.decide()
    due_ns = world.engine.markets[KRAKEN, OTHER].due_ns
    assert due_ns == silent_ns + 2 * SECOND + 1
    world.now = due_ns
    world.decide()
    assert Listener.told[-1][4] == "the book is 2.0 s old"


def test_a_link_that_is_down_shows_at_the_market_that_it_reads(tmp_path):
    world = make(tmp_path, BOOK)
    world.tell(ev.BookReset(world.now, KRAKEN, SYMBOL, "checksum"))
    world.decide()
    assert Listener.told[-1][1:] == ("asked", 600_000, 0, "no book to quote from: checksum")


def test_events_come_by_kind_venue_and_symbol_in_their_order(tmp_path):
    world = make(tmp_path, 'kinds = ["trade", "funding", "fill"]\nanywhere = ["balance"]')
    good = world.open_of(SYMBOL)[0]
    fill = (SYMBOL, good.side, "E1", good.price, 1000, 1000, "m", 0, "USD")
    told = ev.Fill(world.now, world.now, KRAKEN, good.client_id, good.venue_id, *fill)
    world.tell(
        trade(world, OTHER), funding(world), trade(world), ev.Balance(world.now, KRAKEN, "BTC", 5, "stream"),
        funding(world, OTHER), told, told, trade(world),
    )  # fmt: skip
    names = ["FundingRate", "Trade", "Balance", "Fill", "Trade"]
    assert [facts[1] for facts in Listener.told] == names
    world.decide()
    world.check_replay()


def test_a_strategy_that_is_stopped_hears_nothing_and_one_subscription_twice_is_one_word(tmp_path):
    world = make(tmp_path, 'kinds = ["trade"]\nanywhere = ["trade"]')
    world.tell(trade(world))
    assert [facts[1] for facts in Listener.told] == ["Trade"]
    world.say("stop-strategy")
    Listener.told.clear()
    world.tell(trade(world))
    assert Listener.told == []


def test_what_it_reads_cannot_be_written(tmp_path):
    world = make(tmp_path, BOOK)
    others = world.engine.markets[KRAKEN, OTHER].state.others
    other = others[KRAKEN, SYMBOL]
    with pytest.raises(TypeError):
        others[KRAKEN, OTHER] = other
    for name in ("bid", "position", "gate", "instrument"):
        with pytest.raises(AttributeError):
            setattr(other, name, 1)
    assert (other.venue, other.symbol, other.bid, other.ask) == (KRAKEN, SYMBOL, 600_000, 600_010)
    assert (other.bid_size, other.ask_size, other.instrument.base) == (BTC, BTC, "BTC")


@given(
    st.lists(st.tuples(st.integers(1, 20), st.integers(1, 30)), min_size=1, max_size=6),
    st.integers(0, 6),
    st.integers(0, 40),
    st.integers(1, 60),
)
def test_what_a_hedge_would_meet_is_the_book_without_own_orders(tmp_path_factory, levels, own_at, behind, size):
    world = Named(tmp_path_factory.mktemp("hearing") / "mm.toml", second=BOOK)
    world.ready()
    market = world.engine.markets[KRAKEN, SYMBOL]
    prices = {600_000 - 10 * step: amount for step, amount in levels}
    price = 600_000 - 10 * own_at
    mine = prices.get(price, 0) // 2
    book = sorted(prices.items(), reverse=True)
    market.book.apply_snapshot(book, [(600_010, BTC)])
    for order in list(world.open_of(SYMBOL)):
        world.tell(ev.OrderCanceled(world.now, world.now, KRAKEN, order.client_id, order.venue_id, -1, "asked"))
    if mine:
        name = world.engine.ids.peek("quote")
        place = ev.Place(
            world.now, KRAKEN, SYMBOL, name, "x", "other", 0, 1, price, mine, "limit", "gtc", True, False, ""
        )
        world.tell(place)
    world.engine.look_around(world.now, world.engine.markets[KRAKEN, OTHER])
    other = world.engine.markets[KRAKEN, OTHER].state.others[KRAKEN, SYMBOL]
    units = [at for at, amount in book for _ in range(amount - (mine if at == price else 0))]
    taken = units[behind : behind + size]
    assert other.take(1, size, behind) == (len(taken), sum(taken))
    assert [at for at, _ in other.levels(1)] == list(dict.fromkeys(units))
    assert other.levels(1, 2) == other.levels(1)[:2]


# --- over venues ----------------------------------------------------------------------------------------------------


class Reading(TwoVenues):
    """The quoting strategy of the hedging tests, and one that reads its hedge market."""


def test_own_fills_of_hedges_are_heard_and_the_position_there_is_read(tmp_path):
    keys = """
[strategies.reader]
kind = "tests.engine.listening:Listener"
symbol = "ETH/USD"
venue = "kraken"
anywhere = ["fill"]
"""
    world = Reading(tmp_path / "mm.toml", extra=keys)
    Named.instrument(world, OTHER, base="ETH")
    bid, _ = world.ready()
    world.other_up()
    world.decide()
    Listener.told.clear()
    (hedge,) = world.quote_fills(bid, BTC // 100)
    world.hedge_fills(hedge, hedge.size)
    assert [facts[1] for facts in Listener.told] == ["Fill", "Fill"]
    assert of_kind(world.recorder.events, ev.StrategyPaused) == []
    assert world.replayed().state_hash() == world.engine.state_hash()


# --- declared before the run ----------------------------------------------------------------------------------------


class Chosen(Named):
    settings_text = SETTINGS.replace("wide_timer = false", 'wide_timer = false\nsymbols = ["BTC/USD", "ETH/USD"]')


def test_the_run_subscribes_to_what_is_read(tmp_path):
    world = Named(tmp_path / "mm.toml", second='kinds = ["book"]\nother = "SOL/USD"')
    assert set(symbols_of(world.settings, KRAKEN)) == {SYMBOL, OTHER, "SOL/USD"}
    with pytest.raises(SettingsError, match=r"venues\.kraken\.symbols: expected SOL/USD too"):
        Chosen(tmp_path / "mm.toml", second='kinds = ["book"]\nother = "SOL/USD"')


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (("books", KRAKEN, SYMBOL), 'kind: "books" is none of'),
        (("trade", "", SYMBOL), "venue: a symbol"),
        (("book", KRAKEN), "symbol: whose book"),
    ],
)
def test_a_subscription_that_would_never_be_heard_is_refused(facts, said):
    with pytest.raises(ValueError, match=said):
        Subscription(*facts)


def test_every_kind_has_its_events():
    assert set(EVENTS) | {"book", "fill"} == set(KINDS)
