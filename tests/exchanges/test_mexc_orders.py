"""MEXC's quick writers of orders against the ones in Python, on both markets: the same bytes, the same refusals."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm.errors import LocalError
from mm.exchanges.mexc_futures.terms import TradingMode
from tests.cases import cases
from tests.exchanges.mexc_futures import samples as futures
from tests.exchanges.mexc_spot import samples as spot

NONCE = 1_800_000_000_123_456_789


def written(write: Any, order: Any) -> Any:
    """The request, or the words of the refusal."""
    try:
        made = write(order, NONCE)
    except LocalError as error:
        return str(error)
    return made.method, made.path, made.headers, made.body, made.is_read


ORDERS = st.fixed_dictionaries(
    {},
    optional={
        "client_id": st.sampled_from(["mm1Q1", "", "a.b_c-D9", "x" * 32, "x" * 33, "a b", "é", "a&b"]),
        "side": st.sampled_from([1, -1, 0]),
        "price": st.one_of(st.integers(-1, 3), st.integers(1, 2**62)),
        "size": st.one_of(st.integers(-1, 3), st.integers(1, 2**62), st.sampled_from([100_000_000, 1_000])),
        "order_type": st.sampled_from(["limit", "market", "stop"]),
        "time_in_force": st.sampled_from(["gtc", "ioc", "fok", "day"]),
        "post_only": st.booleans(),
        "reduce_only": st.booleans(),
    },
)


@cases(150)
@given(st.lists(st.tuples(st.sampled_from([*spot.PRECISIONS, "XX/YY"]), ORDERS), min_size=1, max_size=3))
def test_spot_orders_are_the_same(orders: list[tuple[str, dict[str, Any]]]) -> None:
    for stp_mode, offset_ns in (("", 0), ("cancel_maker", -1_234_567_890)):
        quick, slow = spot.codec(stp_mode=stp_mode), spot.codec(stp_mode=stp_mode)
        quick.clock_offset(offset_ns)
        slow.clock_offset(offset_ns)
        assert quick.orders is not None
        for symbol, changes in orders:
            order = spot.place(symbol=symbol, **changes)
            assert written(quick.orders.write, order) == written(slow.encode_rest, order)
            known = [each._known.find(order.client_id, "") for each in (quick, slow)]
            assert repr(known[0]) == repr(known[1])


@cases(150)
@given(st.lists(st.tuples(st.sampled_from(["BTC/USDT:USDT", "XX/YY:YY"]), ORDERS), min_size=1, max_size=3))
def test_futures_orders_are_the_same(orders: list[tuple[str, dict[str, Any]]]) -> None:
    modes = (TradingMode(), TradingMode("hedge", "isolated", 20, "cancel_taker"))
    for mode, offset_ns in product(modes, (0, 987_654_321)):
        quick, slow = futures.codec(mode=mode), futures.codec(mode=mode)
        quick.clock_offset(offset_ns)
        slow.clock_offset(offset_ns)
        assert quick.orders is not None
        for symbol, changes in orders:
            order = spot.place(symbol=symbol, **changes)
            assert written(quick.orders.write, order) == written(slow.encode_rest, order)


def test_a_changed_grid_counts_at_once() -> None:
    machine = spot.codec()
    assert machine.orders is not None
    first = machine.orders.write(spot.place(), NONCE)
    machine.instruments.by_symbol["BTC/USDT"] = spot.instrument("ETH/USDT")
    second = machine.orders.write(spot.place(client_id="mm1Q2"), NONCE)
    assert "quantity=1.00000000&" in first.path
    assert "quantity=1000.00000&" in second.path


def test_without_a_key_nothing_is_written_past_the_session() -> None:
    assert type(spot.codec())(symbols=["BTC/USDT"]).orders is None
    assert type(futures.codec())(symbols=["BTC/USDT:USDT"]).orders is None


def test_the_secret_is_shown_by_nothing() -> None:
    machine = spot.codec()
    assert machine.orders is not None
    assert spot.SECRET not in repr(machine.orders)
    request = machine.orders.write(spot.place(), NONCE)
    assert "signature" not in repr(request)
    with pytest.raises(AttributeError):
        request.path = "/"  # type: ignore[misc]
