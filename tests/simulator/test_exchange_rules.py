"""Rules of the simulated exchange beyond plain matching: funds with fees, halts, unseen queues, snapshots."""

import json

import pytest

from mm.simulator.exchange import Exchange
from mm.simulator.ledger import DECIMALS
from mm.simulator.market import btc_usd
from mm.simulator.orders import (
    BUY,
    SELL,
    BookChange,
    NewOrder,
    OrderType,
    Refusal,
    ReportKind,
    Status,
    TimeInForce,
    TradePrint,
)
from mm.simulator.resting import UNSEEN
from mm.simulator.tape import BookEntry, TradeEntry

SYMBOL, SECOND, BTC = "BTC/USD", 1_000_000_000, 10**8
BID, ASK = 600_000, 600_001


def book(number, second, *levels, is_snapshot=False):
    return BookEntry(number, int(second * 1e6), levels, is_snapshot)


def trade(number, second, side, price, size):
    return TradeEntry(number, int(second * 1e6), side, price, size)


FIRST = book(
    0, 0, *[(BUY, BID - k, BTC) for k in range(3)], *[(SELL, ASK + k, BTC) for k in range(3)], is_snapshot=True
)


def exchange(*entries, usd=1_000_000, btc=10, seed=1):
    venue = Exchange([btc_usd()], entries=iter((FIRST, *entries)), tape_symbol=SYMBOL, seed=seed)
    venue.advance(0)
    for account in ("bot", "other"):
        venue.deposit(0, account, "USD", usd * 10**DECIMALS)
        venue.deposit(0, account, "BTC", btc * 10**DECIMALS)
    venue.drain_reports()
    venue.drain_market()
    return venue


def order(side=BUY, price=BID, size=BTC // 10, account="bot", **options):
    return NewOrder(account, SYMBOL, side, size, price, **options)


def shown(venue):
    levels = {}
    for item in venue.drain_market():
        if isinstance(item, BookChange):
            levels[item.side, item.price] = item.size
    return levels


def test_a_buy_must_pay_its_fee_too():
    venue = exchange(usd=60_000)
    # 1 BTC at 60,000.0 costs all there is; the taker's 0.4 % is missing.
    assert venue.place(0, order(size=BTC)) is Refusal.INSUFFICIENT_FUNDS
    placed = venue.place(0, order(size=BTC * 99 // 100))
    assert placed.status is Status.NEW
    assert venue.holds("bot") == {"USD": 59_400 * 10**DECIMALS}
    assert venue.ledger.free("bot", "USD") == int((60_000 - 59_400 - 237.6) * 10**DECIMALS)
    venue.cancel(0, placed.order_id, "User requested")
    assert venue.ledger.free("bot", "USD") == 60_000 * 10**DECIMALS


def test_an_amend_must_pay_for_what_it_adds():
    venue = exchange(usd=60_000)
    placed = venue.place(0, order(size=BTC // 2))
    assert venue.amend(0, placed.order_id, size=BTC) is Refusal.INSUFFICIENT_FUNDS
    assert (placed.size, placed.amended) == (BTC // 2, False)
    assert venue.amend(0, placed.order_id, size=BTC * 99 // 100) is placed
    assert venue.amend(0, placed.order_id, size=BTC // 4) is placed
    assert venue.ledger.free("bot", "USD") == int((60_000 - 15_000 * 1.004) * 10**DECIMALS)


def test_a_market_buy_must_pay_for_every_level_that_it_walks():
    venue = exchange(usd=150_000)
    market = {"order_type": OrderType.MARKET, "time_in_force": TimeInForce.IOC}
    assert venue.place(0, order(price=0, size=3 * BTC, **market)) is Refusal.INSUFFICIENT_FUNDS
    placed = venue.place(0, order(price=0, size=2 * BTC, **market))
    assert (placed.status, placed.cum_cost) == (Status.FILLED, (ASK + ASK + 1) * BTC)
    assert venue.ledger.free("bot", "USD") == venue.ledger.balance("bot", "USD") > 0


def test_fees_of_many_small_fills_never_take_more_than_the_order_reserved():
    # 0.25 % of 0.0000004 BTC x 60,000 is 0.00006: half of USD's last decimal and more, so each trade rounds up.
    trades = [trade(k, k, SELL, BID, BTC if k == 1 else 40) for k in range(1, 200)]
    venue = exchange(*trades, btc=1)
    placed = venue.place(0, order(size=5_000))
    spare = venue.ledger.free("bot", "USD") // 10 ** (DECIMALS - 4)
    venue.ledger.change(0, "bot", "withdrawal", "USD", -spare * 10 ** (DECIMALS - 4), 0, "W")
    venue.advance(200 * SECOND)
    assert placed.cum_size == 5_000
    assert venue.ledger.free("bot", "USD") >= 0
    fees = [fill.fee for fill in venue.trades("bot")]
    assert set(fees) == {0, 1}
    assert placed.fee == sum(fees)


def test_reduce_only_is_refused_where_there_is_no_margin():
    assert exchange().place(0, order(reduce_only=True)) is Refusal.NO_POSITION


@pytest.mark.parametrize("mode", ["post_only", "cancel_only", "maintenance"])
def test_nothing_trades_in_a_halt_and_the_recording_goes_on_where_it_stood(mode):
    venue = exchange(trade(1, 2, SELL, BID, 2 * BTC))
    placed = venue.place(0, order())
    venue.set_status(SECOND, SYMBOL, mode)
    venue.advance(100 * SECOND)
    assert (placed.cum_size, venue.next_deadline()) == (0, 0)
    venue.set_status(101 * SECOND, SYMBOL, "online")
    assert venue.next_deadline() == 102 * SECOND
    venue.advance(102 * SECOND)
    assert (placed.status, placed.closed_ns) == (Status.FILLED, 102 * SECOND)


def test_modes_refuse_orders_and_amends_and_let_cancels_pass():
    venue = exchange()
    placed = venue.place(0, order())
    market = order(price=0, order_type=OrderType.MARKET, time_in_force=TimeInForce.IOC)
    for mode, plain, passive, amended in (
        ("limit_only", None, None, None),
        ("post_only", Refusal.MARKET_POST_ONLY, None, Refusal.MARKET_POST_ONLY),
        ("cancel_only", Refusal.MARKET_CANCEL_ONLY, Refusal.MARKET_CANCEL_ONLY, Refusal.MARKET_CANCEL_ONLY),
        ("maintenance", Refusal.MARKET_CLOSED, Refusal.MARKET_CLOSED, Refusal.MARKET_CLOSED),
    ):
        venue.set_status(0, SYMBOL, mode)
        assert venue.check(order()) is plain
        assert venue.check(order(post_only=True)) is passive
        if mode == "limit_only":
            assert venue.check(market) is Refusal.MARKET_LIMIT_ONLY
        elif amended is not None:
            # Across the book: in post-only mode too, because nothing may match.
            assert venue.amend(0, placed.order_id, price=ASK) is amended
    assert venue.cancel(0, placed.order_id, "User requested").status is Status.CANCELED


def test_an_order_deeper_than_the_recording_waits_behind_an_unknown_crowd():
    venue = exchange(
        book(1, 1, (BUY, BID - 5, BTC // 2)),
        trade(2, 2, SELL, BID - 5, BTC // 4),
        trade(3, 3, SELL, BID - 5, BTC),
    )
    placed = venue.place(0, order(price=BID - 5))
    assert placed.queue_joined == UNSEEN
    venue.advance(SECOND)
    assert placed.queue_ahead == BTC // 2
    venue.advance(2 * SECOND)
    assert (placed.queue_ahead, placed.cum_size) == (BTC // 4, 0)
    venue.advance(3 * SECOND)
    assert placed.status is Status.FILLED


def test_a_level_that_leaves_the_recordings_window_keeps_its_queue():
    venue = exchange(
        book(1, 1, (BUY, BID - 2, 0)),
        book(2, 2, (BUY, BID - 2, 3 * BTC)),
        book(3, 3, (BUY, BID, 0)),
        book(4, 4, (BUY, BID, BTC)),
    )
    deepest = venue.place(0, order(price=BID - 2))
    best = venue.place(0, order(price=BID))
    venue.advance(2 * SECOND)
    assert deepest.queue_ahead == BTC
    # A level that goes from the middle of the book has truly gone: who stood there is first now.
    venue.advance(4 * SECOND)
    assert best.queue_ahead == 0


def test_a_trade_beyond_a_level_clears_what_was_recorded_there():
    venue = exchange(trade(1, 1, SELL, BID - 2, BTC // 4))
    waiting = venue.place(0, order(price=BID - 1))
    shown(venue)
    venue.advance(SECOND)
    levels = shown(venue)
    assert levels[BUY, BID] == 0
    # The trade met the order first, and the rest of it the recorded size.
    assert waiting.status is Status.FILLED
    assert levels[BUY, BID - 2] == BTC - (BTC // 4 - BTC // 10)


def test_accounts_and_recorded_size_stand_in_one_queue():
    venue = exchange(book(1, 1, (BUY, BID, 3 * BTC)), trade(2, 2, SELL, BID, BTC + BTC // 20))
    first = venue.place(0, order(account="other"))
    venue.advance(SECOND)
    second = venue.place(SECOND, order())
    assert (first.queue_ahead, second.queue_ahead) == (BTC, 3 * BTC)
    venue.advance(2 * SECOND)
    assert (first.cum_size, second.cum_size) == (BTC // 20, 0)
    seller = venue.place(2 * SECOND, order(SELL, BID, 3 * BTC, account="third"))
    assert seller is Refusal.INSUFFICIENT_FUNDS
    venue.deposit(2 * SECOND, "third", "BTC", 10 * 10**DECIMALS)
    venue.drain_reports()
    venue.place(2 * SECOND, order(SELL, BID, 2 * BTC + BTC // 8, account="third"))
    told = [r.trade for r in venue.drain_reports() if getattr(r, "kind", None) is ReportKind.TRADE]
    makers = [(t.account, t.size) for t in told if t.maker]
    # 0.05 was left of the first; the second stands behind the two that were recorded before it came.
    assert makers == [("other", BTC // 20), ("bot", BTC // 8 - BTC // 20)]


def test_both_sides_of_a_match_and_the_public_tape_tell_one_trade_number():
    venue = exchange()
    venue.place(0, order(SELL, ASK, account="other", size=BTC // 10))
    venue.drain_market()
    venue.place(0, order(BUY, ASK, size=BTC + BTC // 10))
    prints = {item.trade_number: item.size for item in venue.drain_market() if isinstance(item, TradePrint)}
    (maker,) = venue.trades("other")
    takers = {fill.trade_number: fill.size for fill in venue.trades("bot")}
    assert takers == prints
    assert maker.trade_number in takers


def test_an_exchange_goes_on_from_its_snapshot():
    venue = exchange(trade(1, 1, SELL, BID, BTC + BTC // 20))
    open_order = venue.place(0, order(client_id="a"))
    deep = venue.place(0, order(SELL, 700_000, client_id="b"))
    gone = venue.place(0, order(price=BID - 1, client_id="c"))
    venue.cancel(0, gone.order_id, "User requested")
    venue.advance(SECOND)
    saved = json.loads(json.dumps(venue.snapshot()))
    again = Exchange([btc_usd()], entries=iter((FIRST,)), tape_symbol=SYMBOL, start_ns=9 * SECOND, seed=1)
    again.advance(9 * SECOND)
    again.restore(9 * SECOND, saved)
    assert again.ledger.balances("bot") == venue.ledger.balances("bot")
    assert again.ledger.free("bot", "USD") == venue.ledger.free("bot", "USD")
    assert [(o.order_id, o.cum_size, o.status) for o in again.open_orders("bot")] == [
        (open_order.order_id, BTC // 20, Status.PARTIALLY_FILLED),
        (deep.order_id, 0, Status.NEW),
    ]
    # At the back of the queue of the fresh market.
    assert again.by_client_id("bot", "a").queue_ahead == BTC
    assert again.trades("bot") == venue.trades("bot")
    assert again.closed_orders("bot") == venue.closed_orders("bot")
    assert again.place(9 * SECOND, order(client_id="a")) is Refusal.DUPLICATE_CLIENT_ID
    # Ids go on: the same seed does not give an old one again.
    fresh = again.place(9 * SECOND, order(client_id="c"))
    assert fresh.order_id == venue.place(SECOND, order(client_id="d")).order_id


@pytest.mark.parametrize(
    "spoil",
    [
        lambda saved: [],
        lambda saved: {**saved, "format": 0},
        lambda saved: {**saved, "open": [{}]},
        lambda saved: {key: value for key, value in saved.items() if key != "random"},
    ],
)
def test_what_is_no_snapshot_is_refused(spoil):
    saved = json.loads(json.dumps(exchange().snapshot()))
    fresh = Exchange([btc_usd()])
    with pytest.raises(ValueError, match="snapshot"):
        fresh.restore(0, spoil(saved))


def test_a_ledger_too_coarse_for_an_instrument_is_refused():
    fine = btc_usd()
    fine.size_precision = 12
    with pytest.raises(ValueError, match=r"BTC/USD: price_precision \+ size_precision must be at most 10, not 13"):
        Exchange([fine])
