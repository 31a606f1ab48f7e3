"""The exchange against the audit's slow model of it, on generated markets and requests: every outcome, to the unit."""

from hypothesis import given
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
    TimeInForce,
    TradePrint,
)
from mm.simulator.tape import BookEntry, TradeEntry
from tests.cases import cases
from tests.simulator.audit_tool import tool

AUDIT = tool("audit_fills")
SYMBOL, MIDDLE = "BTC/USD", 1_000
ACCOUNTS = ("bot", "other")
STEP_US = 1_000

SIDES = st.sampled_from([BUY, SELL])


@st.composite
def tapes(draw):
    """A first book of a few levels, then changes and trades near the middle, never crossed."""
    bid = MIDDLE
    first = [(BUY, bid - k, draw(st.integers(1, 9))) for k in range(4)]
    first += [(SELL, bid + 1 + k, draw(st.integers(1, 9))) for k in range(4)]
    entries = [BookEntry(0, 0, tuple(first), True)]
    for number in range(1, draw(st.integers(10, 30))):
        time_us = number * STEP_US
        if draw(st.booleans()):
            entries.append(
                TradeEntry(number, time_us, draw(SIDES), bid + draw(st.integers(-3, 4)), draw(st.integers(1, 12)))
            )
        elif draw(st.integers(0, 9)) == 0:
            bid += draw(st.integers(-2, 2))
            levels = [(BUY, bid - k, draw(st.integers(1, 9))) for k in range(4)]
            levels += [(SELL, bid + 1 + k, draw(st.integers(1, 9))) for k in range(4)]
            entries.append(BookEntry(number, time_us, tuple(levels), True))
        else:
            fresh = bid + draw(st.integers(-1, 1))
            levels = [(BUY, price, 0) for price in range(fresh + 1, bid + 1)]
            levels += [(SELL, price, 0) for price in range(bid + 1, fresh + 1)]
            levels += [(BUY, fresh - k, draw(st.integers(0, 9))) for k in range(draw(st.integers(1, 4)))]
            levels += [(SELL, fresh + 1 + k, draw(st.integers(0, 9))) for k in range(draw(st.integers(1, 4)))]
            bid = fresh
            entries.append(BookEntry(number, time_us, tuple(levels)))
    return entries


REQUESTS = st.lists(
    st.tuples(
        st.sampled_from(["place"] * 10 + ["amend"] * 6 + ["cancel", "status"]),
        st.sampled_from([0, 0, 1, 2, 4]),
        st.sampled_from(ACCOUNTS),
        SIDES,
        st.integers(-4, 5),
        st.integers(1, 20),
        st.sampled_from([*TimeInForce, TimeInForce.GTC, TimeInForce.GTC, TimeInForce.GTC]),
        st.booleans(),
        st.sampled_from(list(SelfTrade)),
        st.integers(0, 30),
    ),
    min_size=15,
    max_size=40,
)


class FakeReplay:
    """A tape for the audit: the generated entries."""

    def __init__(self, entries):
        self.entries = entries

    def entry(self, number):
        """As the audit's own replay."""
        entry = self.entries[number]
        if isinstance(entry, TradeEntry):
            return entry.time_us, "trade", (entry.side, entry.price, entry.size), False
        return entry.time_us, "book", list(entry.levels), entry.is_snapshot


def instrument():
    """Sizes in whole units and a fee of 10 %, so that rounding and funds matter."""
    return SimInstrument(SYMBOL, "BTC", "USD", 1, 2, 1, 1, 1, 2, 60_000, 100_000)


@cases(150)
@given(tapes(), REQUESTS, st.sampled_from([2_500, 6_000, 100_000]), st.sampled_from([40, 1_000]))
def test_the_exchange_does_what_its_slow_model_does(tape, requests, cents, base):
    lines, orders, told = [], [], []
    venue = Exchange([instrument()], entries=iter(tape), tape_symbol=SYMBOL, log=lines.append)
    start = {"USD": cents * 10 ** (DECIMALS - 2), "BTC": base * 10 ** (DECIMALS - 2)}
    for account in ACCOUNTS:
        for asset, amount in start.items():
            venue.deposit(0, account, asset, amount)
    now_ns = 0
    venue.advance(now_ns)
    for verb, steps, account, side, offset, size, time_in_force, flag, mode, index in requests:
        now_ns += steps * STEP_US * 500
        venue.advance(now_ns)
        if verb == "place":
            order_type = OrderType.MARKET if index % 8 == 0 else OrderType.LIMIT
            if order_type is OrderType.MARKET:
                time_in_force, flag = TimeInForce.IOC, False
            wanted = NewOrder(
                account, SYMBOL, side, size, MIDDLE + offset if order_type is OrderType.LIMIT else 0, order_type,
                time_in_force, flag and time_in_force in (TimeInForce.GTC, TimeInForce.GTD), False, mode,
                expire_ns=now_ns + index * STEP_US * 200 + 1 if time_in_force is TimeInForce.GTD else 0,
            )  # fmt: skip
            placed = venue.place(now_ns, wanted)
            if not isinstance(placed, Refusal):
                orders.append(placed)
        elif verb == "amend" and orders:
            chosen = orders[index % len(orders)]
            venue.amend(
                now_ns, chosen.order_id, price=MIDDLE + offset, size=None if flag else size, post_only=index % 2 == 0
            )
        elif verb == "cancel" and orders:
            venue.cancel(now_ns, orders[index % len(orders)].order_id, "User requested")
        elif verb == "status":
            venue.set_status(now_ns, SYMBOL, ["online", "post_only", "cancel_only", "maintenance"][index % 4])
        told += venue.drain_market()
        for holder in ACCOUNTS:
            for asset in start:
                assert 0 <= venue.ledger.free(holder, asset) <= venue.ledger.balance(holder, asset)
    venue.set_status(now_ns, SYMBOL, "online")
    venue.advance(now_ns + 10**9)
    venue.end_log()
    told += venue.drain_market()

    assert lines[0]["event"] == "start"
    auditor = AUDIT.Audit(FakeReplay(tape), lines[0])
    for line in lines[1:]:
        assert auditor.take(line) == []
    assert not auditor.expected

    _check_money(venue, start)
    _check_reports(venue.drain_reports(), orders)
    _check_market(venue, told)


def _check_money(venue, start):
    """What both accounts had, less fees, less what went out to the recorded market, is what they have."""
    for account in ACCOUNTS:
        trades = venue.trades(account)
        base = sum(trade.side * trade.size for trade in trades)
        cost = sum(trade.side * trade.cost for trade in trades)
        fees = sum(trade.fee for trade in trades)
        assert venue.ledger.balance(account, "BTC") == start["BTC"] + base * 10 ** (DECIMALS - 2)
        assert venue.ledger.balance(account, "USD") == (
            start["USD"] - cost * 10 ** (DECIMALS - 3) - fees * 10 ** (DECIMALS - 2)
        )
    entries = sum(entry.amount - entry.fee for entry in venue.ledger.entries)
    balances = sum(sum(venue.ledger.balances(account).values()) for account in ACCOUNTS)
    assert entries == balances


def _check_reports(reports, orders):
    """The filled size never falls, an order ends once and tells nothing afterwards."""
    filled, over = {}, set()
    for report in reports:
        if isinstance(report, LedgerEntry):
            continue
        order_id = report.order.order_id
        assert order_id not in over
        assert filled.get(order_id, 0) <= report.cum_size <= report.size
        filled[order_id] = report.cum_size
        if report.kind in (ReportKind.FILLED, ReportKind.CANCELED, ReportKind.EXPIRED):
            over.add(order_id)
    for order in orders:
        assert filled[order.order_id] == order.cum_size
        assert (order.order_id in over) == (order.leaves == 0)
        if order.leaves == 0:
            assert order.reserved == 0


def _check_market(venue, told):
    """The displayed book ends uncrossed and is what the changes add up to; every execution has its print."""
    shown, prints = {BUY: {}, SELL: {}}, {}
    for item in told:
        if isinstance(item, BookChange):
            shown[item.side][item.price] = item.size
        else:
            assert isinstance(item, TradePrint)
            prints[item.trade_number] = (item.price, item.size)
    bids = [price for price, size in shown[BUY].items() if size]
    asks = [price for price, size in shown[SELL].items() if size]
    assert not bids or not asks or max(bids) < min(asks)
    for account in ACCOUNTS:
        for trade in venue.trades(account):
            assert prints[trade.trade_number] == (trade.price, trade.size)


def test_reports_of_the_twin_are_of_both_kinds():
    """Guards the checks above against an exchange that reports nothing."""
    venue = Exchange([instrument()])
    venue.deposit(0, "bot", "USD", 10**DECIMALS)
    kinds = [type(item) for item in venue.drain_reports()]
    venue.place(0, NewOrder("bot", SYMBOL, BUY, 1, 5))
    kinds += [type(item) for item in venue.drain_reports()]
    assert kinds == [LedgerEntry, Report, Report]
