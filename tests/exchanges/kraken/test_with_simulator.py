"""Codec and simulated Kraken, which share no code: what one writes the other reads, and both name the same values."""

from __future__ import annotations

from typing import Any

import pytest

from mm._core.events import (
    BUY,
    SELL,
    Balance,
    BalanceChange,
    CancelAfter,
    Event,
    FeeRates,
    Fill,
    InstrumentUpdate,
    OrderAccepted,
    OrderAmended,
    OrderCanceled,
    OrderPending,
    OrderRejected,
    OrderReport,
    Ticker,
    Trade,
    VenueStatus,
)
from mm.exchanges.kraken.codec import KrakenCodec
from mm.exchanges.venue import Decoded, ErrorClass, HttpRequest, Kind
from mm.instruments import Instrument
from tests.exchanges.kraken.commands import amend, cancel, place
from tests.simulator.kraken_client import START_NS
from tests.simulator.quiet_market import ASK, BID, quiet_venue, trade

SECOND = 1_000_000_000
E12 = 10**12


class Line:
    """Two sockets and a REST line between a codec and a venue in memory."""

    def __init__(self, *tape: Any, **options: Any) -> None:
        self.venue = quiet_venue(tape, **options)
        self.codec = KrakenCodec(self.venue.api_key, self.venue.api_secret, symbols=["BTC/USD"])
        self.now = START_NS
        self.nonce = self.request_id = 0
        self.token = ""
        self.public = self.venue.open(self.now, "/v2")
        self.private = self.venue.open(self.now, "/auth/v2")
        self.frames: list[Decoded] = []
        self.events: list[Event] = []
        self.read()

    def read(self) -> list[Decoded]:
        """Decode what the venue sent; all of it is known and well-formed."""
        decoded = []
        for action in self.venue.drain():
            assert action.kind == "send", action
            message = self.codec.decode_frame(action.payload, self.now)
            assert message.kind not in (Kind.MALFORMED, Kind.UNKNOWN), (message, action.payload)
            decoded.append(message)
            self.events += message.events
        self.frames += decoded
        return decoded

    def wait(self, seconds: float) -> None:
        self.now += int(seconds * SECOND)
        self.venue.advance(self.now)
        self.read()

    def send(self, payload: bytes, *, private: bool = True) -> list[Decoded]:
        self.venue.frame(self.now, self.private if private else self.public, payload)
        return self.read()

    def ask(self, command: Any) -> tuple[Event, ...]:
        """Send a command; returns what the answer means, then what the channels said."""
        self.request_id += 1
        self.events = []
        frames = self.send(self.codec.encode(command, self.request_id, self.token, self.now))
        (answer,) = [each for each in frames if each.kind is Kind.RESPONSE]
        assert answer.request_id == self.request_id
        return self.codec.response_events(command, answer, self.now)

    def rest(self, request: HttpRequest, kind: str) -> Decoded:
        headers = {name.lower(): value for name, value in request.headers}
        self.venue.http(self.now, 1, request.method, request.path, headers, request.body)
        (action,) = [each for each in self.venue.drain() if each.kind == "reply"]
        return self.codec.decode_reply(kind, action.code, action.payload, self.now)

    def query(self, kind: str, **parameters: Any) -> Decoded:
        self.nonce += 1
        decoded = self.rest(self.codec.encode_query(kind, parameters, self.nonce), kind)
        assert decoded.ok, decoded.error
        return decoded

    def start(self) -> None:
        self.token = str(self.query("token").result)
        for channel, symbol in (("instrument", ""), ("book", "BTC/USD"), ("trade", "BTC/USD"), ("ticker", "BTC/USD")):
            self.send(self.codec.subscribe_public(channel, symbol, 100, 10), private=False)
        for channel in ("executions", "balances"):
            self.send(self.codec.subscribe_private(channel, 101, self.token))

    def seen(self, kind: type) -> list[Any]:
        return [event for event in self.events if type(event) is kind]


@pytest.fixture
def line() -> Line:
    made = Line(trade(1, 30.0, SELL, BID, 2 * 10**8), events_first=False)
    made.start()
    return made


def test_subscriptions_and_their_first_messages(line: Line) -> None:
    assert line.seen(VenueStatus)[0].status == "online"
    definition = Instrument.from_json(line.seen(InstrumentUpdate)[0].definition)
    assert (definition.symbol, definition.price_precision, definition.size_min) == ("BTC/USD", 1, 5000)
    ticker = line.seen(Ticker)[0]
    assert (ticker.bid, ticker.bid_size, ticker.ask, ticker.ask_size) == (BID, 10**8, ASK, 10**8)
    assert {(each.asset, each.total) for each in line.seen(Balance)} == {("BTC", E12), ("USD", 100_000 * E12)}
    acks = [frame for frame in line.frames if frame.kind is Kind.SUBSCRIBED]
    assert [(ack.channel, ack.ok) for ack in acks] == [
        (name, True) for name in ("instrument", "book", "trade", "ticker", "executions", "balances")
    ]
    assert [frame.sequence for frame in line.frames if frame.snapshot and frame.channel == "executions"] == [1]
    pong = line.send(line.codec.ping(7), private=False)[0]
    assert (pong.kind, pong.request_id, pong.time_in_ns) == (Kind.PONG, 7, START_NS // 1000 * 1000)


def test_unsubscribe_and_subscribe_again_gives_a_fresh_book(line: Line) -> None:
    left = line.send(line.codec.unsubscribe_public("book", "BTC/USD", 5, 10), private=False)
    assert [(each.kind, each.ok) for each in left] == [(Kind.UNSUBSCRIBED, True)]
    again = line.send(line.codec.subscribe_public("book", "BTC/USD", 6, 10), private=False)
    assert [each.kind for each in again] == [Kind.SUBSCRIBED, Kind.BOOK]
    gone = line.send(line.codec.unsubscribe_private("balances", 8, line.token))
    assert [(each.kind, each.ok) for each in gone] == [(Kind.UNSUBSCRIBED, True)]


def test_life_of_a_quote(line: Line) -> None:
    (pending,) = line.ask(place("mm1", price=BID - 10, size=200_000))
    assert type(pending) is OrderPending
    head = ("kraken", "mm1", pending.venue_id)
    assert [(type(event), *event.values()[2:5]) for event in line.events] == [
        (OrderPending, *head),
        (OrderAccepted, *head),
    ]
    assert line.ask(amend("mm1", pending.venue_id, BID - 5, 300_000)) == ()
    (amended,) = line.seen(OrderAmended)
    assert (amended.price, amended.size, amended.cum_size) == (BID - 5, 300_000, 0)
    (report,) = line.query("open_orders").events
    expected = ("BTC/USD", BUY, "new", BID - 5, 300_000, 0, "", "query")
    assert report.values()[2:] == (*head, *expected)
    assert line.query("query_orders", venue_ids=[pending.venue_id]).events[0].values()[2:] == (*head, *expected)
    assert line.ask(cancel("mm1", pending.venue_id)) == ()
    (canceled,) = line.seen(OrderCanceled)
    assert canceled.values()[2:] == (*head, 0, "User requested")
    assert line.query("open_orders").events == ()
    closed = line.query("closed_orders", client_id="mm1")
    assert (closed.rows, closed.total) == (1, 1)
    assert closed.events[0].status == "canceled"


def test_taker_fill_by_stream_by_history_and_in_the_balance(line: Line) -> None:
    command = place("mm1", price=ASK, size=123_456, time_in_force="ioc", post_only=False)
    (pending,) = line.ask(command)
    (fill,) = line.seen(Fill)
    fee = fill.fee
    assert fill.values()[2:6] == ("kraken", "mm1", pending.venue_id, "BTC/USD")
    assert (fill.side, fill.price, fill.size, fill.cum_size, fill.liquidity) == (BUY, ASK, 123_456, 123_456, "t")
    # 74.0737234560 USD at 0.4 %, rounded to the dollar's four decimals.
    assert (fee, fill.fee_asset) == (296_300_000_000, "USD")
    changes = {change.asset: change for change in line.seen(BalanceChange)}
    assert changes["BTC"].amount == 123_456 * 10**4
    assert changes["USD"].fee == fee
    assert {change.reference for change in changes.values()} == {fill.execution_id}
    history = line.query("trades_history", since_ns=0, offset=0)
    assert (history.rows, history.total) == (1, 1)
    (read,) = history.events
    assert read.values()[2:10] == fill.values()[2:10]
    assert (read.cum_size, read.liquidity, read.fee, read.fee_asset) == (-1, "t", fee, "USD")
    balances = {event.asset: event.total for event in line.query("balance").events}
    assert balances == {asset: change.total for asset, change in changes.items()}


def test_maker_fill_from_the_tape(line: Line) -> None:
    (pending,) = line.ask(place("mm1", price=ASK - 1, size=100_000))
    line.wait(31)
    (fill,) = line.seen(Fill)
    assert (fill.venue_id, fill.side, fill.price, fill.liquidity) == (pending.venue_id, BUY, BID, "m")


def test_recorded_trade_is_seen(line: Line) -> None:
    line.wait(31)
    (seen,) = line.seen(Trade)
    assert seen.values()[2:6] == ("kraken", "BTC/USD", SELL, BID)
    assert (seen.size, seen.venue_ns) == (2 * 10**8, START_NS + 30 * SECOND)


def test_post_only_that_would_take_is_accepted_then_cancelled(line: Line) -> None:
    (pending,) = line.ask(place("mm1", price=ASK + 10))
    assert type(pending) is OrderPending
    assert [event.reason for event in line.seen(OrderCanceled)] == ["Post only order"]


def test_refusals(line: Line) -> None:
    def code(command: Any) -> tuple[type, str]:
        (event,) = line.ask(command)
        return type(event), getattr(event, "code", "")

    assert code(place("mm1", size=1000)) == (OrderRejected, "rejected")
    assert code(place("mm2", size=10**13)) == (OrderRejected, "rejected")
    assert line.ask(cancel("nothing"))[0].values()[-2:] == ("gone", True)
    assert line.ask(amend("nothing"))[0].values()[-1] == "gone"
    token, line.token = line.token, "wrong"
    assert code(place("mm3")) == (OrderRejected, "token")
    line.token = token
    assert code(place("mm4", price=BID - 10)) == (OrderPending, "")


def test_dead_mans_switch_is_set_and_fires(line: Line) -> None:
    line.ask(place("mm1", price=BID - 10))
    assert line.ask(CancelAfter(0, "kraken", 20)) == ()
    answer = [frame for frame in line.frames if frame.kind is Kind.RESPONSE][-1]
    assert answer.result == (START_NS, START_NS + 20 * SECOND)
    line.wait(21)
    assert [event.client_id for event in line.seen(OrderCanceled)] == ["mm1"]
    assert line.ask(CancelAfter(0, "kraken", 0)) == ()
    assert [frame for frame in line.frames if frame.kind is Kind.RESPONSE][-1].result[1] == 0


@pytest.mark.parametrize("legacy", [False, True])
def test_batches(legacy: bool) -> None:
    line = Line(batch_cancel_legacy=legacy, events_first=True)
    line.start()
    orders = [place(f"mm{index}", price=BID - index) for index in range(3)]
    frames = line.send(line.codec.encode_batch(orders, 9, line.token, line.now))
    (answer,) = [each for each in frames if each.kind is Kind.RESPONSE]
    placed = line.codec.batch_events(orders, answer, line.now)
    assert [type(event) for event in placed] == [OrderPending] * 3
    cancels = [cancel("mm0", placed[0].venue_id), cancel("mm1")]
    frames = line.send(line.codec.encode_batch(cancels, 10, line.token, line.now))
    (answer,) = [each for each in frames if each.kind is Kind.RESPONSE]
    assert (answer.result, line.codec.batch_events(cancels, answer, line.now)) == (2, ())
    frames = line.send(line.codec.encode_cancel_all(11, line.token))
    assert [each.result for each in frames if each.kind is Kind.RESPONSE] == [1]
    assert {event.client_id for event in line.seen(OrderCanceled)} == {"mm0", "mm1", "mm2"}


def test_order_entry_over_rest(line: Line) -> None:
    def call(request: HttpRequest, kind: str) -> Decoded:
        decoded = line.rest(request, kind)
        assert decoded.ok, decoded.error
        return decoded

    command = place("mm1", price=BID - 10)
    (pending,) = line.codec.response_events(command, call(line.codec.encode_rest(command, 1001), "place"), line.now)
    assert type(pending) is OrderPending
    change = amend("mm1", pending.venue_id, BID - 9)
    assert line.codec.response_events(change, call(line.codec.encode_rest(change, 1002), "amend"), line.now) == ()
    line.nonce = 1002
    assert line.query("open_orders").events[0].price == BID - 9
    end = cancel("mm1", pending.venue_id)
    assert line.codec.response_events(end, call(line.codec.encode_rest(end, 1004), "cancel"), line.now) == ()
    again = line.rest(line.codec.encode_rest(end, 1005), "cancel")
    (rejected,) = line.codec.response_events(end, again, line.now)
    assert rejected.gone
    switch = call(line.codec.encode_rest(CancelAfter(0, "kraken", 60), 1006), "cancel_after")
    assert switch.result[1] - switch.result[0] == 60 * SECOND
    orders = [place("a", price=BID - 1), place("b", price=BID - 2)]
    batch = call(line.codec.encode_rest_batch(orders, 1007), "place_batch")
    assert [type(event) for event in line.codec.batch_events(orders, batch, line.now)] == [OrderPending] * 2
    cancels = [cancel("a"), cancel("b")]
    assert call(line.codec.encode_rest_batch(cancels, 1008), "cancel_batch").result == 2
    assert call(line.codec.encode_rest_cancel_all(1009), "cancel_all").result == {"count": 0}


def test_other_queries(line: Line) -> None:
    (rates,) = line.query("trade_volume", symbols=["BTC/USD"]).events
    assert rates == FeeRates(line.now, "kraken", "BTC/USD", 250_000, 400_000)
    assert line.query("time").time_out_ns == START_NS
    assert line.query("system_status").events == (VenueStatus(line.now, "kraken", "online"),)
    assert "modify-trades" in line.query("key_info").result
    assert [event.symbol for event in line.query("asset_pairs", symbols=["BTC/USD"]).events] == ["BTC/USD"]
    line.query("assets")


def test_wrong_secret_and_old_nonce(line: Line) -> None:
    wrong = KrakenCodec(line.venue.api_key, "d3Jvbmc=")
    refused = line.rest(wrong.encode_query("balance", {}, 5000), "balance")
    assert (refused.ok, refused.error_class) == (False, ErrorClass.FATAL)
    stale = line.rest(line.codec.encode_query("balance", {}, 1), "balance")
    assert (stale.ok, stale.error_class) == (False, ErrorClass.NONCE)
    gone = line.rest(
        line.codec.encode_query("query_orders", {"venue_ids": ["OAAAAA-BBBBB-CCCCCC"]}, 9000), "query_orders"
    )
    assert (gone.ok, gone.error_class) == (False, ErrorClass.GONE)


def test_snapshot_after_a_reconnect_tells_of_orders_and_fills(line: Line) -> None:
    line.ask(place("mm1", price=BID - 10))
    line.ask(place("mm2", price=ASK, size=50_000, time_in_force="ioc", post_only=False))
    fresh = Line.__new__(Line)
    fresh.__dict__ |= {**line.__dict__, "codec": KrakenCodec("key", "a2V5"), "events": [], "frames": []}
    fresh.public = fresh.venue.open(fresh.now, "/v2")
    fresh.send(fresh.codec.subscribe_public("instrument", "", 1, 10), private=False)
    fresh.private = fresh.venue.open(fresh.now, "/auth/v2")
    fresh.send(fresh.codec.subscribe_private("executions", 2, line.token))
    snapshot = next(frame for frame in fresh.frames if frame.channel == "executions" and frame.snapshot)
    assert [type(event) for event in snapshot.events] == [Fill, OrderReport]
    assert snapshot.events[1].values()[3:] == (
        "mm1",
        snapshot.events[1].venue_id,
        "BTC/USD",
        BUY,
        "new",
        BID - 10,
        100_000,
        0,
        "",
        "snapshot",
    )
