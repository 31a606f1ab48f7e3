"""Sockets, subscriptions and books of MEXC Spot, by way of the link."""

from __future__ import annotations

import pytest

from mm._core.events import Alert, BookReset, ClockOffset, InstrumentUpdate, LinkChanged, Resync, Trade
from tests.core.mexc_frames import depth
from tests.exchanges.mexc_spot.desk import MS, SECOND, START, Desk, info
from tests.reference.mexc_proto import wrapper


def ready(symbols: tuple[str, ...] = ("BTC/USDT",), **options: bool) -> Desk:
    desk = Desk(symbols, private=False, **options)
    desk.start()
    desk.run(1)
    return desk


def resync(desk: Desk, symbol: str = "BTC/USDT") -> None:
    desk.take(desk.link.submit(desk.now, Resync(desk.now, "mexc_spot", symbol, "test")))


def test_a_book_comes_into_step_and_follows() -> None:
    desk = ready()
    assert [event.symbol for event in desk.of(InstrumentUpdate)] == ["BTC/USDT"]
    assert [(event.channel, event.up) for event in desk.of(LinkChanged)] == [("public", True)]
    assert not desk.asked("GET depth")
    desk.push()
    desk.run(0.1)
    assert desk.asked("GET depth") == [{"symbol": "BTCUSDT", "limit": "1000"}]
    assert desk.books["BTC/USDT"].top() == (9950, 100_000_000, 10050, 200_000_000)
    desk.push()
    desk.run(0.1)
    assert desk.books["BTC/USDT"].top()[0] == 9975
    assert desk.decoder.version("BTC/USDT") == desk.version["BTCUSDT"]


def test_a_quiet_market_gets_its_snapshot_too() -> None:
    desk = ready()
    desk.run(3)
    assert desk.books["BTC/USDT"].is_valid
    desk.push()
    desk.run(0.1)
    assert desk.decoder.version("BTC/USDT") == 101


def test_a_snapshot_that_trails_the_stream_is_not_let_through() -> None:
    desk = ready()
    desk.lag = 50
    desk.push()
    desk.run(2)
    tries = len(desk.asked("GET depth"))
    assert 3 <= tries <= 6
    assert not desk.books["BTC/USDT"].is_valid
    assert not [event for event in desk.events if getattr(event, "payload", b"").startswith(b"snapshot")]
    desk.run(30)
    assert any("trail its stream" in event.text for event in desk.of(Alert))
    desk.lag = 0
    desk.run(3)
    assert desk.books["BTC/USDT"].is_valid


def test_a_snapshot_that_cannot_be_read_is_asked_for_again() -> None:
    desk = ready()
    desk.replies["GET depth"] = lambda fields: (400, {"code": -1121, "msg": "Invalid symbol."})
    desk.push()
    desk.run(1)
    assert len(desk.asked("GET depth")) == 1
    del desk.replies["GET depth"]
    desk.run(6)
    assert desk.books["BTC/USDT"].is_valid


def test_a_lost_push_ends_the_trust_and_a_resync_restores_it() -> None:
    desk = ready()
    desk.push()
    desk.run(0.1)
    desk.push(lose=True)
    desk.push()
    desk.run(0.1)
    assert not desk.books["BTC/USDT"].is_valid
    resync(desk)
    assert [event.symbol for event in desk.of(BookReset)] == ["BTC/USDT"]
    resync(desk)
    assert len(desk.of(BookReset)) == 1, "one recovery at a time"
    desk.push()
    desk.run(0.1)
    assert desk.books["BTC/USDT"].is_valid
    assert desk.decoder.version("BTC/USDT") == desk.version["BTCUSDT"]


def test_a_book_that_breaks_again_and_again_rests() -> None:
    desk = ready()
    for _ in range(6):
        desk.push()
        desk.run(0.1)
        resync(desk)
    asked = len(desk.asked("GET depth"))
    assert any("rests for 60 s" in event.text for event in desk.of(Alert))
    for _ in range(5):
        desk.push()
        desk.run(5)
    assert len(desk.asked("GET depth")) == asked
    desk.run(40)
    desk.push()
    desk.run(1)
    assert len(desk.asked("GET depth")) == asked + 1


def test_pushes_pass_the_session_by_once_the_book_is_in_step() -> None:
    desk = ready()
    prefix = depth(1, 1, [], [])[:40]
    assert not any(each.startswith(prefix) for each in desk.session.book_prefix)
    desk.push()
    desk.run(0.1)
    assert depth(5, 6, [], []).startswith(desk.session.book_prefix)
    assert not depth(5, 6, [], [], "BTCUSDTX").startswith(desk.session.book_prefix)
    resync(desk)
    assert desk.session.book_prefix == ()


@pytest.mark.parametrize(("count", "ticker", "sockets"), [(15, False, 1), (16, False, 2), (11, True, 2), (25, True, 3)])
def test_no_socket_has_more_than_thirty_subscriptions(count: int, ticker: bool, sockets: int) -> None:
    symbols = tuple(f"C{number}/USDT" for number in range(count))
    desk = ready(symbols, ticker=ticker)
    assert len(desk.topics) == sockets
    assert all(len(topics) <= 30 for topics in desk.topics.values())
    assert sum(len(topics) for topics in desk.topics.values()) == count * (3 if ticker else 2)
    desk.run(10)
    assert all(book.is_valid for book in desk.books.values())
    assert len(desk.books) == count


def test_the_end_of_one_of_two_sockets_costs_its_own_books_alone() -> None:
    symbols = tuple(f"C{number}/USDT" for number in range(16))
    desk = ready(symbols)
    desk.run(10)
    desk.end("public2")
    assert [event.symbol for event in desk.of(BookReset)] == ["C15/USDT"]
    assert [(event.channel, event.up) for event in desk.of(LinkChanged)] == [("public", True)]
    desk.run(5)
    assert len(desk.topics["public2"]) == 2
    desk.end("public")
    desk.end("public2")
    assert desk.of(LinkChanged)[-1].up is False


def test_the_end_of_a_day_is_an_ordinary_end() -> None:
    desk = ready()
    desk.run(3)
    desk.end("public", 1000, "24h")
    assert not desk.of(Alert)
    assert [event.symbol for event in desk.of(BookReset)] == ["BTC/USDT"]
    desk.books["BTC/USDT"].invalidate()
    desk.run(5)
    assert desk.books["BTC/USDT"].is_valid
    assert [event.up for event in desk.of(LinkChanged)] == [True, False, True]


def test_a_socket_is_pinged_whether_or_not_it_is_quiet() -> None:
    desk = ready()
    for _ in range(70):
        desk.push()
        desk.run(1)
    pings = [at for at, channel, message in desk.sent if message["method"] == "PING"]
    gaps = [later - earlier for earlier, later in zip([START, *pings], pings, strict=False)]
    assert max(gaps) < 20 * SECOND
    assert len(desk.connects) == 1


def test_a_quiet_socket_lives_by_its_pings() -> None:
    desk = ready()
    desk.run(120)
    assert len(desk.connects) == 1


def test_a_refused_topic_is_told_once_and_tried_again() -> None:
    desk = Desk(("BTC/USDT", "ETH/USDT"), private=False)
    desk.refused.add("spot@public.aggre.depth.v3.api.pb@100ms@ETHUSDT")
    desk.start()
    desk.run(200)
    alerts = [event.text for event in desk.of(Alert)]
    assert len(alerts) == 1
    assert "aggre.depth.v3.api.pb@100ms@ETHUSDT refused" in alerts[0]
    assert desk.books["BTC/USDT"].is_valid
    assert not desk.books["ETH/USDT"].is_valid
    desk.refused.clear()
    desk.run(70)
    assert desk.books["ETH/USDT"].is_valid


def test_a_symbol_that_the_venue_does_not_list_is_told() -> None:
    desk = Desk(("BTC/USDT", "NO/USDT"), private=False)
    desk.names = ["BTCUSDT"]
    desk.refused.add("spot@public.aggre.depth.v3.api.pb@100ms@NOUSDT")
    desk.start()
    desk.run(5)
    assert [event.severity for event in desk.of(Alert) if "NO/USDT is not in the venue's list" in event.text] == [
        "critical"
    ]


def test_a_lone_symbol_that_the_venue_does_not_list_is_told_at_once() -> None:
    desk = Desk(("BTC/EUR",))
    desk.replies["GET exchangeInfo"] = lambda fields: (
        (400, {"code": 10007, "msg": "bad symbol"}) if fields else (200, {"symbols": [info("BTCUSDT")]})
    )
    desk.start()
    desk.run(2)
    told = [(event.severity, event.text) for event in desk.of(Alert) if "list" in event.text]
    assert told == [
        ("critical", "mexc_spot: BTC/EUR is not in the venue's list: check the symbol in the configuration")
    ]


def test_a_wrong_symbol_does_not_keep_the_others_from_being_read() -> None:
    desk = Desk(("BTC/USDT", "NO/USDT"), private=False)
    desk.names = ["BTCUSDT"]
    desk.refused.add("spot@public.aggre.depth.v3.api.pb@100ms@NOUSDT")
    desk.replies["GET exchangeInfo"] = lambda fields: (
        (400, {"code": -1121, "msg": "Invalid symbol."}) if fields else (200, {"symbols": [info("BTCUSDT")]})
    )
    desk.start()
    desk.run(15)
    assert desk.books["BTC/USDT"].is_valid
    assert any("NO/USDT is not in the venue's list" in event.text for event in desk.of(Alert))


def test_no_answer_to_a_subscription_makes_the_connection_anew() -> None:
    desk = Desk(private=False)
    desk.is_deaf = True
    desk.start()
    desk.run(5)
    assert len(desk.connects) == 1
    desk.run(10)
    assert len(desk.connects) == 2
    desk.is_deaf = False
    desk.run(15)
    assert len(desk.connects) == 3
    assert desk.of(LinkChanged)[-1].up


def test_the_clock_is_asked_over_rest() -> None:
    desk = Desk(private=False)
    desk.clock_ms = 700
    desk.start()
    desk.run(1)
    offset = desk.of(ClockOffset)[-1]
    assert abs(offset.offset_ns - 700 * MS) <= 10 * MS + offset.uncertainty_ns
    assert len(desk.asked("GET time")) == 4
    desk.run(60)
    assert len(desk.asked("GET time")) == 6


def test_trades_are_told() -> None:
    desk = ready()
    message = wrapper()
    message.channel, message.symbol = "spot@public.aggre.deals.v3.api.pb@100ms@BTCUSDT", "BTCUSDT"
    message.publicAggreDeals.deals.add(price="100", quantity="1", tradeType=1, time=1)
    desk.say("public", message.SerializeToString())
    desk.run(0.1)
    assert [event.price for event in desk.of(Trade)] == [10_000]


def test_a_damaged_push_while_a_book_comes_into_step_costs_nothing_but_itself() -> None:
    desk = ready()
    desk.say("public", depth(101, 101, [], [])[:-4])
    desk.version["BTCUSDT"] = 101
    desk.push()
    desk.run(0.1)
    assert desk.books["BTC/USDT"].is_valid
    assert desk.link.counters.malformed == 1
