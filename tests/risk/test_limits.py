"""Hard caps on the worst case: each gate by its reason, what no sequence of approvals can exceed, and the slow twin."""

from fractions import Fraction
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm._core import Book
from mm._core.events import Amend, MarginReport, OrderAccepted, Place
from mm._core.market import ONE2, USD, MarketCore, VenueCore
from mm._core.orders import OrderStore
from mm._core.quoter import Quoter
from mm.risk import APPROVED, Limits, Refused
from tests.engine.world import BTC, KRAKEN, instrument
from tests.reference.limits import Elsewhere, ReferenceLimits

BUY, SELL = 1, -1


def caps(**changes):
    return {"collar": 0.01, "total_micro_usd": 10**12, "orders_max": 10} | changes


class Market:
    """A symbol with a book, a position and orders, as the engine has it; a fill is given at the middle of the book."""

    def __init__(
        self, *, bid=600_000, ask=600_010, quantity=0, balances=None, position_max=BTC // 10, margin=None, **changes
    ):
        venue = VenueCore(KRAKEN, None, clock_offset_ns_max=0)
        venue.balances = balances or {}
        if margin is not None:
            venue.margins["USD"] = MarginReport(1, KRAKEN, "USD", margin, margin, 0, 0, 0, 0, "test")
        self.instrument = changes.pop("instrument", None) or instrument(**changes)
        self.stated2 = ONE2 if self.instrument.quote in USD else 0
        self.store = OrderStore()
        self.core = MarketCore(venue, self.instrument, Book(10, 1, 8), None, None, Quoter(can_amend=True))
        self.core.bid, self.core.ask = bid, ask
        self.core.book_ok = True
        self.core.position_max, self.core.order_size_max = position_max, BTC // 20
        self.siblings = []
        self.fill(quantity)

    def fill(self, size):
        if size:
            side = BUY if size > 0 else SELL
            self.core.position.apply_fill(side, 600_005, abs(size), 0, "USD")

    def order(self, side, price, size=BTC // 100, pending_price=0):
        """Let an order stand."""
        name, symbol = f"mm1Q{len(self.store)}", self.instrument.symbol
        order = self.store.place(
            Place(1, KRAKEN, symbol, name, "", "quote", 0, side, price, size, "limit", "gtc", True, False, "")
        )
        self.store.apply(OrderAccepted(1, 1, KRAKEN, name, f"O{name}"))
        if pending_price:
            self.store.amend(Amend(2, KRAKEN, symbol, name, f"O{name}", pending_price, size))
        return order

    def beside(self, *others):
        """Let these be markets of one asset, on whatever venues."""
        every = [self, *others]
        for market in every:
            market.siblings = [other for other in every if other is not market]
            market.core.relate(market.store, [other.core for other in every])

    def rate(self, *, last=False):
        """What the quote currency is worth. last: when that was last known."""
        source = self.core.rate_source
        if source is not None:
            rate = Fraction(source.middle2, 2 * 10**source.instrument.price_precision)
            return rate if last or source.book_ok else 0
        return Fraction(self.stated2, ONE2)

    def elsewhere(self):
        """As the twin of another market sees it."""
        unit = Fraction(self.instrument.multiplier, 10**self.instrument.base_precision)
        orders = [order for order in self.store.open() if order.is_open]
        buys, sells = (sum(order.exposure for order in orders if order.side == side) for side in (BUY, SELL))
        ask = Fraction(self.core.ask, 10**self.instrument.price_precision)
        return Elsewhere(
            self.instrument.symbol, self.core.position.quantity * unit, buys * unit, sells * unit,
            ask * self.rate(last=True),
        )  # fmt: skip

    def check(self, side=BUY, price=600_000, size=BTC // 100, *, replaces=None, opened=0, others=0, **changes):
        """Ask the limits and their twin, which have to agree."""
        self.core.refresh(self.store, 1)
        facts = {"post_only": True, "replaces": replaces, "orders_open": opened, "others_micro_usd": others}
        core = self.core
        twin = SimpleNamespace(
            instrument=self.instrument,
            **{
                name: getattr(core, name)
                for name in ("bid", "ask", "quantity", "buys", "sells", "orders", "position_max", "order_size_max")
            },
            base_free=core.base_free,
            quote_free=core.quote_free,
            margin_free=core.margin_free,
            leverage=core.leverage,
            bound_elsewhere=0,
            rate=self.rate(),
            currency_gate=core.currency_gate(),
            elsewhere=[sibling.elsewhere() for sibling in self.siblings],
        )
        verdict = Limits(**caps(**changes)).check(core, side, price, size, **facts)
        assert verdict == ReferenceLimits(**caps(**changes)).check(twin, side, price, size, **facts)
        return verdict


def gate(verdict):
    return verdict.gate if isinstance(verdict, Refused) else ""


@pytest.mark.parametrize(
    ("facts", "orders", "arguments", "expected"),
    [
        ({}, [], {}, ""),
        ({}, [], {"price": 0}, "grid"),
        ({"tick": 5}, [], {"price": 600_001}, "grid"),
        ({"lot": 1000}, [], {"size": BTC // 100 + 1}, "grid"),
        ({}, [], {"size": 4999}, "minimum"),
        ({"cost_min": 10**15}, [], {}, "minimum"),
        ({}, [], {"size": BTC // 20 + 1}, "order size"),
        ({"size_max": BTC // 200}, [], {}, "order size"),
        ({"bid": 0}, [], {}, "book"),
        ({}, [], {"price": 590_000}, "collar"),
        ({}, [], {"price": 606_100, "side": SELL}, "collar"),
        ({}, [], {"price": 600_010}, "crossing"),
        ({}, [], {"price": 600_000, "side": SELL}, "crossing"),
        ({}, [], {"opened": 10}, "order count"),
        ({}, [(SELL, 600_005)], {"price": 600_005}, "self-trade"),
        ({}, [(SELL, 600_100, BTC // 100, 600_004)], {"price": 600_004}, "self-trade"),
        ({}, [(BUY, 600_000, BTC // 100, 600_009)], {"price": 600_009, "side": SELL, "opened": 1}, "self-trade"),
        ({"quantity": BTC * 95 // 1000}, [], {}, "position"),
        ({}, [(BUY, 599_000, BTC * 95 // 1000)], {}, "position"),
        ({"quantity": -BTC * 95 // 1000}, [], {"side": SELL, "price": 600_010}, "position"),
        ({"quantity": BTC // 2}, [], {"side": SELL, "price": 600_010}, ""),
        ({}, [], {"others": 10**12}, "exposure"),
        ({}, [], {"others": 10**12 - 600 * 10**6}, ""),
        ({}, [], {"others": 10**12 - 600 * 10**6 + 1}, "exposure"),
        ({"quantity": BTC // 10}, [], {"others": 10**12, "side": SELL, "price": 600_010}, ""),
        ({"quote": "EUR"}, [], {}, "exposure"),
        ({"balances": {"USD": 600 * 10**12 - 1}}, [], {}, "funds"),
        ({"balances": {"USD": 600 * 10**12}}, [], {}, ""),
        ({"balances": {"USD": 600 * 10**12}, "maker_fee_e8": 1}, [], {}, "funds"),
        ({"balances": {"USD": 1200 * 10**12}}, [(BUY, 600_000)], {"opened": 1}, ""),
        ({"balances": {"USD": 1199 * 10**12}}, [(BUY, 600_000)], {"opened": 1}, "funds"),
        ({"balances": {"BTC": 10**10 - 1}}, [], {"side": SELL, "price": 600_010}, "funds"),
        ({"balances": {"BTC": 10**10}}, [], {"side": SELL, "price": 600_010}, ""),
    ],
)
def test_each_gate_by_its_reason(facts, orders, arguments, expected):
    market = Market(**facts)
    for order in orders:
        market.order(*order)
    assert gate(market.check(**arguments)) == expected


@pytest.mark.parametrize("wish", [{"price": 599_999.5}, {"size": BTC / 100}, {"side": 1.5}])
def test_an_order_of_broken_numbers_is_no_order(wish):
    """Cut off, it would be another one than the one that is asked about."""
    market = Market()
    market.core.refresh(market.store, 1)
    facts = {"side": BUY, "price": 600_000, "size": BTC // 100} | wish
    with pytest.raises(TypeError, match="is not a whole number"):
        Limits(**caps()).check(market.core, *facts.values(), post_only=True, orders_open=0, others_micro_usd=0)


@pytest.mark.parametrize("cost_min", [2**62, 5 * 10**18, 2**63, 2**64 + 1, 10**27])
def test_a_least_cost_holds_however_many_units_it_has(cost_min):
    """Of a symbol with many decimals, one dollar is more units than 63 bits hold."""
    market = Market(price_precision=9, size_precision=10, cost_min=cost_min, bid=2**31 - 1, ask=2**31, position_max=1)
    market.core.order_size_max = 2**62
    assert gate(market.check(price=2**31 - 1, size=-(-cost_min // (2**31 - 1)))) == "position"
    assert gate(market.check(price=2**31 - 1, size=-(-cost_min // (2**31 - 1)) - 1)) == "minimum"


def test_the_middle_of_any_two_prices_is_exact():
    assert Market(bid=2**62, ask=2**63 - 1).core.middle2 == 2**62 + 2**63 - 1


def test_the_reason_is_for_people():
    verdict = Market(quantity=BTC * 95 // 1000).check()
    assert verdict.reason == "worst case 0.10500000 BTC is over the limit"


def test_a_change_counts_only_what_it_adds():
    market = Market()
    standing = market.order(BUY, 599_990)
    market.order(BUY, 599_000, BTC * 9 // 100)
    assert market.check(size=BTC // 100, replaces=standing) is APPROVED
    assert gate(market.check(size=BTC // 100 + 5000, replaces=standing)) == "position"


@given(
    st.lists(st.tuples(st.sampled_from([BUY, SELL]), st.integers(5000, BTC // 20), st.booleans()), max_size=60),
    st.integers(-BTC // 10, BTC // 10),
)
def test_whatever_is_approved_and_fills_the_position_stays_inside(wishes, start):
    """Every approved order may fill at once or stand; neither can pass the cap."""
    market = Market(quantity=start)
    for side, size, fills in wishes:
        price = 600_000 if side == BUY else 600_010
        if market.check(side, price, size) is not APPROVED:
            continue
        if fills:
            market.fill(side * size)
        else:
            market.order(side, price, size)
        market.core.refresh(market.store, 1)
        assert market.core.quantity + market.core.buys <= BTC // 10
        assert market.core.quantity - market.core.sells >= -BTC // 10


NUMBERS = st.one_of(st.integers(-5, 700_000), st.integers(0, 2**62), st.sampled_from([599_990, 600_000, 600_010]))
AMOUNTS = st.one_of(st.integers(0, 2 * 10**15), st.integers(0, 10**40))


@given(
    st.lists(
        st.tuples(
            st.sampled_from([BUY, SELL]),
            st.integers(1, 2**62),
            st.integers(1, 2**61),
            st.one_of(st.just(0), st.integers(1, 2**62)),
        ),
        max_size=4,
    ),
    st.integers(-(2**61), 2**61),
    st.sampled_from([BUY, SELL]),
    NUMBERS,
    NUMBERS,
    st.fixed_dictionaries({}, optional={"USD": AMOUNTS, "BTC": AMOUNTS}),
    st.integers(0, 10**40),
    st.integers(0, 10**40),
    st.booleans(),
    st.integers(-1, 10**7),
)
def test_the_twin_agrees_on_numbers_of_any_size(
    orders, quantity, side, price, size, balances, total, others, change, maker_fee_e8
):
    market = Market(quantity=quantity, balances=balances, position_max=2**62, maker_fee_e8=maker_fee_e8)
    market.core.order_size_max = 2**62
    standing = [market.order(*order) for order in orders]
    replaces = next((order for order in standing if order.side == side), None) if change else None
    market.check(side, price, size, replaces=replaces, others=others, total_micro_usd=total, collar=1e9)


CONTRACT = {
    "symbol": "BTC/USD:USD",
    "settle": "USD",
    "size_precision": 0,
    "size_min": 1,
    "cost_min": 0,
    "multiplier": 1,
    "multiplier_precision": 4,
    "taker_fee_e8": 80_000,
}
"""One contract is 0.0001 BTC, about six dollars."""


def contract(leverage=1, order_size_max=1000, **facts):
    market = Market(**({"position_max": 1000} | CONTRACT | facts))
    market.core.leverage = leverage
    market.core.order_size_max = order_size_max
    return market


@pytest.mark.parametrize(
    ("facts", "orders", "arguments", "expected"),
    [
        # 600 dollars of contracts: one dollar more of other symbols is over the limit, in dollars and not in contracts.
        ({}, [], {"others": 10**12 - 600 * 10**6}, ""),
        ({}, [], {"others": 10**12 - 600 * 10**6 + 1}, "exposure"),
        ({"cost_min": 600 * 10**5}, [], {}, ""),
        ({"cost_min": 600 * 10**5 + 1}, [], {}, "minimum"),
        ({}, [], {"size": 1001}, "order size"),
        ({"position_max": 99}, [], {}, "position"),
        # 600 x (1 + 2 x 0.0008) dollars bind 600.96 of margin.
        ({"margin": 600_960_000_000_000}, [], {}, ""),
        ({"margin": 600_960_000_000_000 - 1}, [], {}, "funds"),
        ({"margin": 60_960_000_000_000, "leverage": 10}, [], {}, ""),
        ({"margin": 60_960_000_000_000 - 1, "leverage": 10}, [], {}, "funds"),
        # Both sides of open orders bind.
        ({"margin": 1_201_920_000_000_000}, [(SELL, 600_010, 100)], {"opened": 1}, "funds"),
        ({"margin": 1_202_000_000_000_000}, [(SELL, 600_010, 100)], {"opened": 1}, ""),
        # What closes binds nothing; what flips binds the part beyond.
        ({"margin": 0, "quantity": -100}, [], {}, ""),
        ({"margin": 0, "quantity": -99}, [], {}, "funds"),
        ({"margin": 6_009_600_000_000, "quantity": -99}, [], {}, ""),
        ({"margin": 0, "quantity": -100}, [(BUY, 599_990, 1)], {"opened": 1}, "funds"),
        # The base asset is no matter.
        ({"margin": 10**15, "balances": {"BTC": 0}}, [], {"side": SELL, "price": 600_010}, ""),
        ({"balances": {"BTC": 0, "USD": 0}}, [], {"side": SELL, "price": 600_010}, ""),
    ],
)
def test_a_contract_is_judged_in_units_of_its_asset_and_by_its_margin(facts, orders, arguments, expected):
    market = contract(**facts)
    for order in orders:
        market.order(*order)
    assert gate(market.check(**({"size": 100} | arguments))) == expected


def test_a_reason_names_base_units_and_not_contracts():
    assert contract(quantity=950).check(size=100).reason == "worst case 0.1050 BTC is over the limit"


@given(
    st.lists(
        st.tuples(
            st.sampled_from([BUY, SELL]),
            st.integers(1, 2**40),
            st.integers(1, 2**40),
            st.one_of(st.just(0), st.integers(1, 2**40)),
        ),
        max_size=4,
    ),
    st.integers(-(2**40), 2**40),
    st.sampled_from([BUY, SELL]),
    st.one_of(st.integers(1, 700_000), st.sampled_from([599_990, 600_000, 600_010])),
    st.one_of(st.integers(1, 2000), st.integers(1, 2**40)),
    st.one_of(st.none(), st.integers(-(10**15), 10**17), st.integers(0, 10**36)),
    st.integers(0, 10**30),
    st.integers(1, 10**6),
    st.integers(0, 9),
    st.integers(0, 10**12),
    st.integers(1, 200),
    st.integers(-1, 10**6),
    st.booleans(),
)
def test_the_twin_agrees_on_contracts_of_any_size(
    orders, quantity, side, price, size, margin, total, multiplier, precision, cost_min, leverage, taker_fee_e8, change
):
    market = contract(
        leverage,
        2**62,
        quantity=quantity,
        margin=margin,
        position_max=2**62,
        multiplier=multiplier,
        multiplier_precision=precision,
        cost_min=cost_min,
        taker_fee_e8=taker_fee_e8,
    )
    standing = [market.order(*order) for order in orders]
    replaces = next((order for order in standing if order.side == side), None) if change else None
    market.check(side, price, size, replaces=replaces, total_micro_usd=total, collar=1e9)


@given(
    st.lists(st.tuples(st.sampled_from([BUY, SELL]), st.integers(1, 900), st.booleans()), max_size=30),
    st.integers(10**12, 10**15),
    st.integers(1, 20),
)
def test_what_is_affordable_is_approved_and_one_more_is_not(wishes, margin, leverage):
    market = contract(leverage, 10**9, position_max=10**9, margin=margin)
    for side, size, fills in wishes:
        if fills:
            market.fill(side * size)
        else:
            market.order(side, 600_000 if side == BUY else 600_010, size)
    for side, price in ((BUY, 600_000), (SELL, 600_010)):
        market.core.refresh(market.store, 1)
        size = market.core.affordable(side, price)
        if size:
            assert gate(market.check(side, price, size)) == ""
        assert gate(market.check(side, price, size + 1)) == "funds"
