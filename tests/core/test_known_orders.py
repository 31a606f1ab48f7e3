"""The native memory of orders against plain dictionaries."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mm._core import known_orders as native
from tests.cases import cases
from tests.exchanges.kraken.commands import place
from tests.reference import known_orders as plain

CLIENTS = st.sampled_from(["", *"abcdefgh"])
VENUES = st.sampled_from(["", *(f"V{number}" for number in range(8))])
REMEMBER = st.tuples(
    st.just("remember"), CLIENTS, VENUES, st.sampled_from(["", "BTC/USD"]), st.sampled_from([0, 1, -1]),
    st.integers(0, 2), st.integers(0, 2), st.sampled_from([None, True, False]),
)  # fmt: skip
STEPS = st.one_of(
    REMEMBER,
    st.tuples(st.just("find"), CLIENTS, VENUES),
    st.tuples(st.just("close"), CLIENTS, VENUES),
    st.tuples(st.just("placed"), st.sampled_from(["a", "b", "d"]), st.sampled_from(["limit", "market"])),
)


def facts(known):
    if known is None:
        return None
    return (
        known.client_id, known.venue_id, known.symbol, known.side, known.price, known.size, known.post_only,
        known.is_closed,
    )  # fmt: skip


@cases(150)
@given(st.lists(STEPS, max_size=40))
def test_both_remember_the_same(steps):
    ours, theirs = native.KnownOrders(4, 2), plain.KnownOrders(4, 2)
    for kind, *arguments in steps:
        answers = []
        for memory in (ours, theirs):
            if kind == "close":
                known = memory.find(*arguments)
                if known is not None:
                    memory.close(known)
                answers.append(facts(known))
            elif kind == "placed":
                memory.placed(place(client_id=arguments[0], order_type=arguments[1]))
                answers.append(None)
            else:
                answers.append(facts(getattr(memory, kind)(*arguments)))
        assert answers[0] == answers[1]
        assert len(ours) == len(theirs)
        assert {name: facts(known) for name, known in ours.by_venue.items()} == {
            name: facts(known) for name, known in theirs.by_venue.items()
        }
