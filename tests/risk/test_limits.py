"""Hard caps on the worst case: each gate by its reason, and what no sequence of approvals can exceed."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm.risk import APPROVED, Limits, Refused
from tests.engine.world import BTC, instrument

BUY, SELL = 1, -1


def limits(**changes):
    return Limits(**({"collar": 0.01, "total_micro_usd": 10**12, "orders_max": 10} | changes))


def market(**changes):
    facts = {
        "instrument": instrument(),
        "bid": 600_000,
        "ask": 600_010,
        "quantity": 0,
        "buys": 0,
        "sells": 0,
        "orders": [],
        "position_max": BTC // 10,
        "order_size_max": BTC // 20,
        "base_free": None,
        "quote_free": None,
    }
    return SimpleNamespace(**(facts | changes))


def order(side, price, size=BTC // 100, pending_price=0, exposure=None):
    return SimpleNamespace(
        side=side,
        price=price,
        size=size,
        pending_price=pending_price,
        exposure=size if exposure is None else exposure,
        cum_size=0,
        booked=0,
    )


def check(book, side=BUY, price=600_000, size=BTC // 100, *, replaces=None, opened=0, others=0, caps=None):
    return (caps or limits()).check(
        book, side, price, size, post_only=True, replaces=replaces, orders_open=opened, others_micro_usd=others
    )


def gate(verdict):
    return verdict.gate if isinstance(verdict, Refused) else ""


@pytest.mark.parametrize(
    ("book", "arguments", "expected"),
    [
        ({}, {}, ""),
        ({}, {"price": 0}, "grid"),
        ({"instrument": instrument(tick=5)}, {"price": 600_001}, "grid"),
        ({"instrument": instrument(lot=1000)}, {"size": BTC // 100 + 1}, "grid"),
        ({}, {"size": 4999}, "minimum"),
        ({"instrument": instrument(cost_min=10**15)}, {}, "minimum"),
        ({}, {"size": BTC // 20 + 1}, "order size"),
        ({"instrument": instrument(size_max=BTC // 200)}, {}, "order size"),
        ({"bid": 0}, {}, "book"),
        ({}, {"price": 590_000}, "collar"),
        ({}, {"price": 606_100, "side": SELL}, "collar"),
        ({}, {"price": 600_010}, "crossing"),
        ({}, {"price": 600_000, "side": SELL}, "crossing"),
        ({}, {"opened": 10}, "order count"),
        ({"orders": [order(SELL, 600_005)], "sells": BTC // 100}, {"price": 600_005}, "self-trade"),
        ({"orders": [order(SELL, 600_100, pending_price=600_004)]}, {"price": 600_004}, "self-trade"),
        ({"quantity": BTC * 95 // 1000}, {}, "position"),
        ({"buys": BTC * 95 // 1000}, {}, "position"),
        ({"quantity": -BTC * 95 // 1000}, {"side": SELL, "price": 600_010}, "position"),
        ({"quantity": BTC // 2}, {"side": SELL, "price": 600_010}, ""),
        ({}, {"others": 10**12}, "exposure"),
        ({"quantity": BTC // 10}, {"others": 10**12, "side": SELL, "price": 600_010}, ""),
        ({"instrument": instrument(quote="EUR")}, {}, "exposure"),
        ({"quote_free": 599 * 10**12}, {}, "funds"),
        ({"quote_free": 600 * 10**12}, {}, ""),
        ({"base_free": 10**10 - 1}, {"side": SELL, "price": 600_010}, "funds"),
    ],
)
def test_each_gate_by_its_reason(book, arguments, expected):
    assert gate(check(market(**book), **arguments)) == expected


def test_the_reason_is_for_people():
    verdict = check(market(quantity=BTC * 95 // 1000))
    assert verdict.reason == "worst case 0.10500000 BTC is over the limit"


def test_a_change_counts_only_what_it_adds():
    standing = order(BUY, 599_990, BTC // 100)
    book = market(buys=BTC // 10, orders=[standing])
    assert check(book, size=BTC // 100, replaces=standing) is APPROVED
    assert gate(check(book, size=BTC // 100 + 5000, replaces=standing)) == "position"


@given(
    st.lists(st.tuples(st.sampled_from([BUY, SELL]), st.integers(5000, BTC // 20), st.booleans()), max_size=60),
    st.integers(-BTC // 10, BTC // 10),
)
def test_whatever_is_approved_and_fills_the_position_stays_inside(wishes, start):
    """Every approved order may fill at once or stand; neither can pass the cap."""
    book = market(quantity=start)
    for side, size, fills in wishes:
        price = 600_000 if side == BUY else 600_010
        if check(book, side, price, size) is not APPROVED:
            continue
        if fills:
            book.quantity += side * size
        elif side == BUY:
            book.buys += size
        else:
            book.sells += size
        assert book.quantity + book.buys <= BTC // 10
        assert book.quantity - book.sells >= -BTC // 10
