"""The simulated exchange: queues, matching, amends, self-trade prevention, funds, and money that is conserved."""

from hypothesis import given, settings
from hypothesis import strategies as st

from mm.simulator.exchange import Exchange
from mm.simulator.ledger import DECIMALS
from mm.simulator.orders import (
    BUY,
    SELL,
    BookChange,
    LedgerEntry,
    NewOrder,
    OrderType,
    Refusal,
    Report,
    ReportKind,
    SelfTrade,
    SimInstrument,
    Status,
    TimeInForce,
    TradePrint,
)
from mm.simulator.tape import BookEntry, TradeEntry, builtin

SYMBOL = "BTC/USD"
SECOND = 1_000_000_000
BTC = 10**8


def instrument():
    return SimInstrument(SYMBOL, "BTC", "USD", 1, 8, 1, 5000, 5 * 10**8, 4, 2500, 4000)


def book(number, time_us, *levels, is_snapshot=False):
    return BookEntry(number, time_us, levels, is_snapshot)


def exchange(*entries, **options):
    """An exchange with one recorded level a side: 1 BTC bid at 60,000.0, 1 BTC asked at 60,001.0, then `entries`."""
    first = book(0, 0, (BUY, 600_000, BTC), (SELL, 600_010, BTC), is_snapshot=True)
    venue = Exchange([instrument()], entries=iter((first, *entries)), tape_symbol=SYMBOL, **options)
    for account in ("bot", "other"):
        venue.deposit(0, account, "USD", 10**6 * 10**DECIMALS)
        venue.deposit(0, account, "BTC", 10 * 10**DECIMALS)
    venue.advance(0)
    venue.drain_reports()
    return venue


def order(side=BUY, price=600_000, size=BTC // 10, account="bot", **options):
    return NewOrder(account, SYMBOL, side, size, price, **options)


def fills(venue):
    return [
        (r.trade.price, r.trade.size, r.trade.cause, r.trade.maker)
        for r in venue.drain_reports()
        if isinstance(r, Report) and r.kind is ReportKind.TRADE
    ]


def kinds(venue):
    return [r.kind.value for r in venue.drain_reports() if isinstance(r, Report)]


def test_the_recording_goes_on_from_where_it_is_at_another_pace():
    venue = exchange(*(book(number, number * 1_000_000, (BUY, 599_000 + number, BTC)) for number in (1, 2, 3)))
    assert venue.next_deadline() == SECOND
    venue.set_speed(SECOND // 2, 0.1)
    # Half of a second of the recording is left until the next, and takes five.
    assert venue.next_deadline() == SECOND // 2 + 5 * SECOND
    venue.advance(SECOND // 2 + 5 * SECOND)
    assert venue.next_deadline() == SECOND // 2 + 15 * SECOND
    venue.set_speed(SECOND // 2 + 5 * SECOND, 1)
    assert venue.next_deadline() == SECOND // 2 + 6 * SECOND


def test_a_trade_eats_the_queue_before_the_order():
    venue = exchange(
        TradeEntry(1, 1000, SELL, 600_000, BTC * 9 // 10), TradeEntry(2, 2000, SELL, 600_000, BTC * 15 // 100)
    )
    placed = venue.place(0, order())
    assert placed.queue_ahead == BTC
    venue.advance(1_000_000)
    assert (placed.queue_ahead, fills(venue)) == (BTC // 10, [])
    venue.advance(2_000_000)
    assert fills(venue) == [(600_000, BTC * 5 // 100, "tape:2", True)]
    assert placed.status is Status.PARTIALLY_FILLED


def test_recorded_size_that_leaves_without_a_trade_leaves_from_behind():
    venue = exchange(
        book(1, 1000, (BUY, 600_000, 2 * BTC)),
        book(2, 2000, (BUY, 600_000, BTC * 12 // 10)),
        book(3, 3000, (BUY, 600_000, BTC // 2)),
    )
    placed = venue.place(0, order())
    venue.advance(2_000_000)
    assert placed.queue_ahead == BTC
    venue.advance(3_000_000)
    assert placed.queue_ahead == BTC // 2


def test_a_trade_beyond_the_price_fills_what_stood_before_it_first():
    venue = exchange(TradeEntry(1, 1000, SELL, 600_000, BTC * 15 // 100))
    first = venue.place(0, order(price=600_002))
    second = venue.place(0, order(price=600_001))
    venue.advance(1_000_000)
    assert fills(venue) == [
        (600_002, BTC // 10, "tape:1", True),
        (600_001, BTC * 5 // 100, "tape:1", True),
    ]
    assert (first.status, second.leaves) == (Status.FILLED, BTC * 5 // 100)


def test_recorded_size_that_comes_over_an_order_trades_at_the_orders_price():
    venue = exchange(book(1, 1000, (BUY, 600_000, 0), (SELL, 599_995, BTC // 20), (BUY, 599_990, BTC)))
    placed = venue.place(0, order())
    venue.advance(1_000_000)
    assert fills(venue) == [(600_000, BTC // 20, "cross", True)]
    shown = {}
    for change in venue.drain_market():
        if isinstance(change, BookChange):
            shown[change.side, change.price] = change.size
    assert (placed.leaves, shown[SELL, 599_995], shown[BUY, 600_000]) == (BTC // 20, 0, BTC // 20)


def test_an_aggressive_order_takes_price_time_and_remembers_what_it_took():
    venue = exchange()
    resting = venue.place(0, order(SELL, 600_009, account="other"))
    taker = venue.place(0, order(BUY, 600_010, BTC // 2))
    assert fills(venue) == [
        (600_009, BTC // 10, f"match:{taker.order_id}", True),
        (600_009, BTC // 10, f"match:{resting.order_id}", False),
        (600_010, BTC * 4 // 10, "take", False),
    ]
    again = venue.place(0, order(BUY, 600_010, BTC))
    assert again.cum_size == BTC * 6 // 10


def test_post_only_that_would_take_is_taken_and_cancelled():
    venue = exchange()
    placed = venue.place(0, order(price=600_010, post_only=True))
    assert (placed.status, placed.reason) == (Status.CANCELED, "Post only order")
    assert kinds(venue) == ["pending_new", "canceled"]


def test_ioc_cancels_its_rest_and_fok_does_all_or_nothing():
    venue = exchange()
    ioc = venue.place(0, order(price=600_010, size=2 * BTC, time_in_force=TimeInForce.IOC))
    assert (ioc.status, ioc.cum_size) == (Status.CANCELED, BTC)
    fok = venue.place(0, order(SELL, 600_000, 2 * BTC, time_in_force=TimeInForce.FOK))
    assert (fok.status, fok.cum_size) == (Status.CANCELED, 0)
    whole = venue.place(0, order(SELL, 600_000, BTC, time_in_force=TimeInForce.FOK))
    assert whole.status is Status.FILLED


def test_gtd_expires():
    venue = exchange()
    placed = venue.place(0, order(time_in_force=TimeInForce.GTD, expire_ns=5 * SECOND))
    venue.drain_reports()
    assert venue.next_deadline() == 5 * SECOND
    venue.advance(5 * SECOND)
    assert (placed.status, kinds(venue)) == (Status.EXPIRED, ["expired"])


def test_an_amend_keeps_the_place_only_for_less_at_the_same_price():
    venue = exchange(TradeEntry(1, 1000, SELL, 600_000, BTC // 2), book(2, 1500, (BUY, 600_000, 3 * BTC)))
    placed = venue.place(0, order())
    venue.advance(1_000_000)
    assert placed.queue_ahead == BTC // 2
    venue.advance(1_500_000)
    venue.amend(2_000_000, placed.order_id, size=BTC // 20)
    assert placed.queue_ahead == BTC // 2
    venue.amend(2_000_000, placed.order_id, size=BTC // 5)
    assert placed.queue_ahead == 3 * BTC
    assert placed.order_id in {o.order_id for o in venue.open_orders("bot")}


def test_an_amend_to_what_is_filled_cancels_the_rest():
    venue = exchange(TradeEntry(1, 1000, SELL, 600_000, BTC * 105 // 100))
    placed = venue.place(0, order())
    venue.advance(1_000_000)
    venue.amend(2_000_000, placed.order_id, size=BTC // 100)
    assert (placed.status, placed.size, placed.cum_size) == (Status.CANCELED, BTC // 20, BTC // 20)


def test_a_post_only_amend_that_would_take_changes_nothing():
    venue = exchange()
    placed = venue.place(0, order())
    assert venue.amend(0, placed.order_id, price=600_010, post_only=True) is Refusal.POST_ONLY_WOULD_TAKE
    assert venue.amend(0, placed.order_id) is Refusal.NOTHING_TO_AMEND
    assert (placed.price, placed.status) == (600_000, Status.NEW)


def test_self_trades_are_prevented_in_each_mode():
    for mode, left, arrived in (
        (SelfTrade.CANCEL_NEWEST, Status.NEW, Status.CANCELED),
        (SelfTrade.CANCEL_OLDEST, Status.CANCELED, Status.NEW),
        (SelfTrade.CANCEL_BOTH, Status.CANCELED, Status.CANCELED),
    ):
        venue = exchange()
        resting = venue.place(0, order(SELL, 600_005))
        arriving = venue.place(0, order(BUY, 600_005, self_trade=mode))
        assert (resting.status, arriving.status, fills(venue)) == (left, arrived, []), mode


def test_what_cannot_be_placed_is_refused_without_an_order():
    venue = exchange()
    cases = {
        Refusal.UNKNOWN_SYMBOL: NewOrder("bot", "X/Y", BUY, BTC, 1),
        Refusal.SIZE_BELOW_MINIMUM: order(size=4999),
        Refusal.COST_BELOW_MINIMUM: order(price=1, size=5000),
        Refusal.BAD_PRICE: order(price=0),
        Refusal.INSUFFICIENT_FUNDS: order(SELL, size=11 * BTC, price=600_020),
    }
    for refusal, wanted in cases.items():
        assert venue.place(0, wanted) is refusal
    venue.place(0, order(client_id="a"))
    assert venue.place(0, order(client_id="a")) is Refusal.DUPLICATE_CLIENT_ID
    venue.instruments[SYMBOL].status = "post_only"
    assert venue.place(0, order()) is Refusal.MARKET_POST_ONLY
    venue.instruments[SYMBOL].status = "cancel_only"
    assert venue.place(0, order(post_only=True)) is Refusal.MARKET_CANCEL_ONLY
    venue.instruments[SYMBOL].status = "maintenance"
    assert venue.place(0, order()) is Refusal.MARKET_CLOSED


def test_open_orders_hold_funds_and_cancelled_ones_release_them():
    venue = exchange()
    placed = venue.place(0, order(SELL, 600_020, 9 * BTC))
    assert venue.holds("bot") == {"BTC": 9 * 10**DECIMALS}
    assert venue.place(0, order(SELL, 600_020, 2 * BTC)) is Refusal.INSUFFICIENT_FUNDS
    venue.cancel(0, placed.order_id, "User requested")
    assert venue.holds("bot") == {}


def test_fees_are_rounded_half_up_and_taken_from_the_quote():
    venue = exchange()
    venue.place(0, order(price=600_010, size=5003))
    (entry,) = [e for e in venue.drain_reports() if isinstance(e, LedgerEntry) and e.asset == "USD"]
    # 0.00005003 BTC x 60,001.0 x 0.4 % = 0.012007400...
    assert entry.fee == 120 * 10 ** (DECIMALS - 4)


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["place", "amend", "cancel", "wait"]),
        st.sampled_from(["bot", "other"]),
        st.sampled_from([BUY, SELL]),
        st.integers(-12, 12),
        st.integers(5000, BTC // 2),
        st.sampled_from(list(TimeInForce)),
        st.booleans(),
        st.sampled_from(list(SelfTrade)),
        st.integers(0, 30),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(ACTIONS)
def test_money_is_conserved_and_every_fill_is_explained(actions):
    tape = builtin()
    venue = Exchange([instrument()], entries=tape.replay(), tape_symbol=SYMBOL)
    start = {"USD": 10**6 * 10**DECIMALS, "BTC": 10 * 10**DECIMALS}
    for account in ("bot", "other"):
        for asset, amount in start.items():
            venue.deposit(0, account, asset, amount)
    now_ns, reports, displayed = 0, [], {BUY: {}, SELL: {}}
    orders = []
    reference = tape.facts["reference"]
    for verb, account, side, offset, size, tif, post_only, mode, index in actions:
        now_ns += 100_000_000
        venue.advance(now_ns)
        if verb == "place":
            wanted = NewOrder(
                account, SYMBOL, side, size, reference + offset, OrderType.LIMIT, tif, post_only, False, mode,
                expire_ns=now_ns + SECOND if tif is TimeInForce.GTD else 0,
            )  # fmt: skip
            placed = venue.place(now_ns, wanted)
            if not isinstance(placed, Refusal):
                orders.append(placed)
        elif orders and verb == "amend":
            venue.amend(now_ns, orders[index % len(orders)].order_id, price=reference + offset, size=size)
        elif orders and verb == "cancel":
            venue.cancel(now_ns, orders[index % len(orders)].order_id, "User requested")
        reports += venue.drain_reports()
        for change in venue.drain_market():
            if isinstance(change, BookChange):
                displayed[change.side][change.price] = change.size
            else:
                assert isinstance(change, TradePrint)
                assert change.size > 0
        bids = [price for price, size in displayed[BUY].items() if size]
        asks = [price for price, size in displayed[SELL].items() if size]
        assert max(bids) < min(asks)
        for each in orders:
            assert each.queue_ahead >= 0
            assert each.cum_size <= each.size
    trades = [r.trade for r in reports if isinstance(r, Report) and r.kind is ReportKind.TRADE]
    for account in ("bot", "other"):
        base = sum(t.side * t.size for t in trades if t.account == account)
        cost = sum(t.side * t.cost for t in trades if t.account == account)
        fees = sum(t.fee for t in trades if t.account == account)
        assert venue.ledger.balance(account, "BTC") == start["BTC"] + base * 100
        assert venue.ledger.balance(account, "USD") == start["USD"] - cost * 10 - fees * 10**6
        assert min(venue.ledger.balances(account).values()) >= 0
    for each in orders:
        mine = [t for t in trades if t.order_id == each.order_id]
        assert sum(t.size for t in mine) == each.cum_size
        assert [t.execution_id for t in mine] == each.trade_ids


def test_the_same_seed_gives_the_same_ids_and_fills():
    def run():
        venue = Exchange([instrument()], entries=builtin().replay(), tape_symbol=SYMBOL, seed=5)
        venue.deposit(0, "bot", "USD", 10**6 * 10**DECIMALS)
        venue.advance(SECOND)
        best = max(c.price for c in venue.drain_market() if isinstance(c, BookChange) and c.side == BUY and c.size)
        venue.place(SECOND, order(price=best, size=BTC // 100))
        venue.advance(60 * SECOND)
        return [repr(item) for item in venue.drain_reports()]

    one, two = run(), run()
    assert one == two
    assert any("TRADE" in text for text in one)
