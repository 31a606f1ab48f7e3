"""I9: whether the judge knows by the bytes alone from which books nothing may be priced."""

import json

import pytest

from mm._core import events as ev
from mm.chaos.books import JUMP_NS, MEASURED_NS, MS, NEVER, STILL_MOVES, Books
from mm.simulator.kinds import KRAKEN, MEXC_FUTURES, MEXC_SPOT
from mm.simulator.kraken.book_feed import BookFeed
from mm.simulator.mexc_spot.pushes import AGGRE_DEPTHS, aggre_depths, wrapped
from mm.simulator.orders import BUY, SELL, BookChange
from tests.chaos.judged import SYMBOL, broken, good_place, intent, young_world

SECOND = 1000 * MS
START = 1_700_000_000 * SECOND
DEPTH_PATH = "/api/v3/depth?symbol=BTCUSDT&limit=1000"
FUTURES_PATH = "/api/v1/contract/depth"


@pytest.fixture
def world():
    return young_world()


def placed(world, purpose="quote", venue=KRAKEN, symbol=SYMBOL, wait_ns=0):
    intent(world, "mm1Qzz", purpose, venue, symbol)
    best = world.venues[venue].exchange.recorded_best(symbol)[0]
    price = f"{best / 10:.1f}" if venue == KRAKEN else f"{best / 100:.2f}"
    world.checker.sent(world.now_ns + wait_ns, venue, good_place(world, symbol=symbol, price=price))
    return broken(world)


def test_i9_a_price_from_an_old_book(world):
    assert placed(world, wait_ns=5 * SECOND) == {"I9"}


def test_i9_a_price_after_the_stream_has_ended(world):
    world.checker.linked(world.now_ns, KRAKEN, "public", up=False)
    assert placed(world) == {"I9"}


@pytest.mark.parametrize("purpose", ["quote", "hedge", "flatten"])
def test_i9_a_price_from_a_book_that_is_lost(world, purpose):
    """By a message that does not fit; whoever asks."""
    payload = (
        b'{"channel":"book","type":"update","data":[{"symbol":"BTC/USD","bids":[{"price":1.0,"qty":1.00000000}],'
        b'"asks":[],"checksum":1,"timestamp":"2023-11-14T22:14:00.000000Z"}]}'
    )
    world.checker.told(world.now_ns, KRAKEN, payload)
    assert placed(world, purpose) == {"I9"}


@pytest.mark.parametrize("purpose", ["quote", "hedge"])
def test_i9_a_price_between_a_reset_that_the_bot_wrote_and_the_next_snapshot(world, purpose):
    world.journal.events.append(ev.BookReset(world.now_ns, MEXC_SPOT, "BTC/USDT", "a frame is missing"))
    world.checker.look(world.now_ns)
    assert placed(world, purpose, MEXC_SPOT, "BTC/USDT") == {"I9"}


@pytest.mark.parametrize(
    ("lates", "purpose", "is_broken"), [(1, "quote", False), (2, "quote", True), (2, "flatten", False)]
)
def test_i9_a_price_from_a_late_book(world, lates, purpose, is_broken):
    world.checker.books[KRAKEN].by_symbol[SYMBOL].lates = lates
    assert placed(world, purpose) == ({"I9"} if is_broken else set())


def test_i9_a_price_from_a_book_with_a_side_that_stands_still(world):
    book = world.checker.books[KRAKEN].by_symbol[SYMBOL]
    book._moves[1], book._top_ns[1] = STILL_MOVES, world.now_ns - 60 * SECOND
    assert placed(world) == {"I9"}


def test_a_young_world_has_good_books_everywhere(world):
    assert [book.doubt() for books in world.checker.books.values() for book in books.by_symbol.values()] == [""] * 2
    assert not placed(world)


# --- Kraken's ---------------------------------------------------------------------------------------------------------


class Feed:
    """The simulator's own book beside the judge's."""

    def __init__(self, instrument, lag_ns=2 * SECOND):
        self.skew_ns = 0
        self.feed, self.now_ns = BookFeed(instrument), START
        self.books = Books(KRAKEN, [SYMBOL], lag_ns, lambda: self.skew_ns)
        self.book = self.books.by_symbol[SYMBOL]
        for offset in range(12):
            self.change(BUY, 600_000 - offset)
            self.change(SELL, 600_010 + offset)
        self.feed.watch(10)
        self.tell(self.feed.snapshot(10))
        self.feed.updates()

    def change(self, side, price, size=100_000_000):
        self.feed.apply(BookChange(SYMBOL, side, price, size, self.now_ns))

    def tell(self, text, late_ns=0):
        self.books.told(self.now_ns + late_ns, text.encode())

    def update(self, late_ns=0, error=0):
        """The next message; a second later."""
        self.now_ns += SECOND
        self.feed._time_ns = self.now_ns
        self.tell(self.feed.updates(error)[10], late_ns)


@pytest.fixture(scope="module")
def instrument():
    return young_world().venues[KRAKEN].exchange.instruments[SYMBOL]


@pytest.fixture
def feed(instrument):
    return Feed(instrument)


def test_a_book_of_kraken_follows_the_venues(feed):
    assert feed.book.doubt() == ""
    for step in range(40):
        feed.change(BUY, 600_000 - step, 0)
        feed.change(BUY, 600_003 + step % 5, 10_000 * (step + 1))
        feed.change(SELL, 600_010 + step, 0)
        feed.change(SELL, 600_030 + step)
        feed.update()
        assert feed.book.doubt() == ""
        assert [int(best * 10) for best in (feed.book.best(1), feed.book.best(-1))] == [
            best[0] for best in feed.feed.best()
        ]


@pytest.mark.parametrize("how", ["checksum", "lost"])
def test_a_book_of_kraken_is_lost_until_a_snapshot(feed, how):
    feed.change(BUY, 600_001)
    if how == "lost":
        feed.feed.updates()
        feed.change(BUY, 600_002)
    feed.update(error=1 if how == "checksum" else 0)
    assert "checksum" in feed.book.doubt()
    feed.change(BUY, 600_003)
    feed.update()
    assert "checksum" in feed.book.doubt()
    feed.tell(feed.feed.snapshot(10))
    assert feed.book.doubt() == ""


@pytest.mark.parametrize(("side", "price"), [(BUY, 600_010), (BUY, 600_012), (SELL, 599_990)])
def test_a_book_that_is_no_market(feed, side, price):
    feed.change(side, price)
    feed.update()
    assert "asked" in feed.book.doubt()


def test_a_book_without_a_side(feed):
    for offset in range(12):
        feed.change(SELL, 600_010 + offset, 0)
    feed.update()
    assert feed.book.doubt() == "a side is empty"


@pytest.mark.parametrize(("skew_ns", "wait_ns", "lates"), [(0, 0, 3), (SECOND, 0, 0), (SECOND, MEASURED_NS, 3)])
def test_messages_that_are_late_by_the_venues_time(feed, skew_ns, wait_ns, lates):
    feed.skew_ns = skew_ns
    feed.change(BUY, 600_001)
    feed.update()
    feed.skew_ns = 0
    feed.now_ns += wait_ns
    for step in range(3):
        feed.change(BUY, 600_002 + step)
        feed.update(late_ns=3 * SECOND)
    assert feed.book.lates == lates
    feed.now_ns += 3 * SECOND
    feed.change(BUY, 600_001, 0)
    feed.update()
    assert feed.book.lates == 0


@pytest.mark.parametrize("off_ns", [JUMP_NS + SECOND, -JUMP_NS - SECOND, 3600 * SECOND, -3600 * SECOND])
def test_a_venues_time_that_jumps_says_nothing(feed, off_ns):
    for late_ns, lates in ((3 * SECOND, 1), (off_ns, 1), (off_ns, 1), (3 * SECOND, 2), (off_ns, 2), (0, 0)):
        feed.now_ns += 10 * SECOND
        feed.change(BUY, 600_001, feed.now_ns // SECOND)
        feed.feed._time_ns = feed.now_ns - late_ns
        feed.tell(feed.feed.updates()[10])
        assert feed.book.lates == lates


@pytest.mark.parametrize("side", [BUY, SELL])
def test_a_side_that_stands_still(feed, side):
    for step in range(STILL_MOVES + 1):
        # The snapshot was a move of both.
        assert step > STILL_MOVES - 2 or not feed.book.still(feed.now_ns, 5 * SECOND)
        feed.change(-side, 600_000 if side == SELL else 600_010, 10_000 * (step + 1))
        feed.update()
    name = "bids" if side == BUY else "asks"
    assert name in feed.book.still(feed.now_ns, 5 * SECOND)
    feed.change(side, 600_000 if side == BUY else 600_010, 1_000_000)
    feed.update()
    assert not feed.book.still(feed.now_ns, 5 * SECOND)


# --- books by versions ------------------------------------------------------------------------------------------------


def spot_push(first, last, bids=(), asks=()):
    body = aggre_depths(asks, bids, "event", (first, last), 0)
    return wrapped("spot@public.aggre.depth.v3.api.pb@10ms@BTCUSDT", "BTCUSDT", None, START // MS, AGGRE_DEPTHS, body)


def futures_push(last, bids=(), asks=(), first=0):
    merged = {"begin": first, "end": last} if first else {}
    data = {"asks": asks, "bids": bids, "version": last} | merged
    return json.dumps({"symbol": "BTC_USDT", "data": data, "channel": "push.depth", "ts": START // MS}).encode()


class Spot:
    def __init__(self):
        self.books = Books(MEXC_SPOT, ["BTC/USDT"], 2 * SECOND, lambda: 0)
        self.book = self.books.by_symbol["BTC/USDT"]

    def push(self, first, last, now_ns=START):
        self.books.told(now_ns, spot_push(first, last, bids=[("100.00", f"{last}.5")]))

    def snapshot(self, version, status=200):
        said = {"lastUpdateId": version, "bids": [["100.00", "1"]], "asks": [["101.00", "1"]]}
        self.books.answered(START, DEPTH_PATH, status, json.dumps(said).encode())


class Futures:
    def __init__(self):
        self.books = Books(MEXC_FUTURES, ["BTC/USDT:USDT"], 2 * SECOND, lambda: 0)
        self.book = self.books.by_symbol["BTC/USDT:USDT"]

    def push(self, first, last, now_ns=START):
        self.books.told(now_ns, futures_push(last, [[100.0, last, 1]], first=first))

    def snapshot(self, version, status=200):
        data = {"asks": [[101.0, 1, 1]], "bids": [[100.0, 1, 1]], "version": version}
        body = json.dumps({"success": True, "data": data}).encode()
        self.books.answered(START, f"{FUTURES_PATH}/BTC_USDT?limit=1000", status, body)

    def commits(self, *versions):
        rows = [{"asks": [], "bids": [[100.0, version, 1]], "version": version} for version in versions]
        body = json.dumps({"success": True, "data": rows}).encode()
        self.books.answered(START, f"{FUTURES_PATH}_commits/BTC_USDT/1000", 200, body)


@pytest.mark.parametrize("kind", [Spot, Futures])
class TestVersions:
    def test_a_snapshot_and_what_came_before_and_after(self, kind):
        venue = kind()
        venue.push(5, 7)
        assert venue.book.doubt() == NEVER
        venue.snapshot(6)
        assert venue.book.doubt() == ""
        assert venue.book._version == 7
        venue.push(8, 8)
        venue.push(8, 8)
        assert venue.book._version == 8
        venue.snapshot(3)
        assert venue.book._version == 8
        assert venue.book.doubt() == ""

    def test_a_gap_until_a_snapshot_that_reaches_over_it(self, kind):
        venue = kind()
        venue.snapshot(6)
        venue.push(8, 9)
        assert "version 8 came after 6" in venue.book.doubt()
        venue.snapshot(6, status=503)
        venue.snapshot(6)
        assert "version 8 came after 6" in venue.book.doubt()
        venue.push(10, 10)
        venue.snapshot(9)
        assert venue.book.doubt() == ""
        assert venue.book._version == 10

    def test_a_version_that_jumped_is_nothing_that_the_snapshot_has_to_reach(self, kind):
        venue = kind()
        venue.snapshot(6)
        venue.push(1007, 1007)
        venue.push(8, 8)
        venue.push(9, 9)
        venue.snapshot(7)
        assert venue.book.doubt() == ""
        assert venue.book._version == 9

    @pytest.mark.parametrize("version", [6, 7])
    def test_a_gap_among_those_that_wait_is_to_be_reached_over(self, kind, version):
        venue = kind()
        venue.push(5, 5)
        venue.push(8, 8)
        venue.snapshot(version)
        assert bool(venue.book.doubt()) == (version < 7)

    def test_what_is_older_than_the_book_says_nothing_of_it(self, kind):
        venue = kind()
        venue.snapshot(8)
        for number, (version, lates) in enumerate([(7, 0), (8, 0), (9, 1), (9, 1), (10, 2)], start=3):
            venue.push(version, version, START + number * SECOND)
            assert venue.book.lates == lates
        assert venue.book.heard_ns == START + 7 * SECOND

    def test_a_reset_holds_until_a_newer_snapshot(self, kind):
        venue = kind()
        venue.snapshot(6)
        venue.books.reset("", START, "in the moment of the snapshot")
        assert venue.book.doubt() == ""
        venue.books.reset("", START + 1, "later")
        assert "later" in venue.book.doubt()
        venue.books.down()
        assert venue.book.doubt() == NEVER


def test_commits_mend_a_gap_where_they_reach_back():
    venue = Futures()
    venue.snapshot(6)
    venue.push(0, 9)
    venue.commits(9, 8)
    assert "came after" in venue.book.doubt()
    venue.commits(9, 8, 7)
    assert venue.book.doubt() == ""
    assert venue.book._version == 9
    venue.books.reset("", START + 1, "the bot thought so")
    venue.commits(9, 8)
    assert venue.book.doubt() == ""


NO_LEVELS = [("-1", "3"), ("0", "0"), ("100.5", "-2"), ("NaN", "1"), ("Infinity", "1"), ("100.5", "NaN"), ("x", "1")]


@pytest.mark.parametrize(("price", "size"), NO_LEVELS)
def test_a_level_that_is_none_ends_a_book_by_versions_before_it(price, size):
    for kind, push in ((Spot, spot_push), (Futures, None)):
        venue = kind()
        venue.snapshot(6)
        payload = push(7, 7, asks=[(price, size)]) if push else futures_push(7, asks=[[price, size, 1]])
        venue.books.told(START, payload)
        assert "is no level" in venue.book.doubt()
        assert venue.book._version == 6
        venue.push(8, 8)
        if push:
            venue.snapshot(7)
        else:
            venue.commits(8)
            assert venue.book.doubt()
            venue.commits(8, 7)
        assert venue.book.doubt() == ""
        assert venue.book._version == 8


@pytest.mark.parametrize(("price", "size"), NO_LEVELS)
def test_a_level_that_is_none_ends_a_book_of_kraken_until_a_snapshot(feed, price, size):
    level = {"price": price, "qty": size}
    data = {"symbol": SYMBOL, "bids": [level], "asks": [], "checksum": 1, "timestamp": "2023-11-14T22:19:38.000000Z"}
    feed.tell(json.dumps({"channel": "book", "type": "update", "data": [data]}))
    assert "is no level" in feed.book.doubt()
    feed.change(BUY, 600_001)
    feed.update()
    assert "is no level" in feed.book.doubt()
    feed.tell(feed.feed.snapshot(10))
    assert feed.book.doubt() == ""


@pytest.mark.parametrize("payload", [b"", b"aggre.depth", b'{"channel":"book"', spot_push(1, 2)[:-3]])
@pytest.mark.parametrize("venue", [KRAKEN, MEXC_SPOT, MEXC_FUTURES])
def test_nonsense_is_no_news(venue, payload):
    books = Books(venue, ["BTC/USDT"], 10**18, lambda: 0)
    books.told(START, payload)
    books.answered(START, DEPTH_PATH, 200, payload)
    assert books.by_symbol["BTC/USDT"].doubt() == NEVER
