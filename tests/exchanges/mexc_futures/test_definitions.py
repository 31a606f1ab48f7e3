"""Which answers about a contract are of now, so that its book may be priced from them."""

import pytest

from mm.exchanges.mexc_futures.definitions import Definitions
from mm.exchanges.session import Query

BTC = "BTC_USDT"


@pytest.fixture
def begun():
    return []


@pytest.fixture
def definitions(begun):
    return Definitions([BTC], lambda now_ns, symbol: begun.append(symbol))


def asked(definitions):
    return Query("contracts", {}, is_private=False, subject=BTC, generation=definitions.generation)


def test_an_answer_that_comes_between_two_connections_is_none_of_the_next(definitions, begun):
    definitions.listen()
    query = asked(definitions)
    definitions.closed()
    definitions.read(1, query)
    definitions.listen()
    definitions.subscribed(2, BTC)
    assert not begun, "F69: a book is priced from a definition of before the connection"
    definitions.read(3, query)
    assert not begun, "F69: what was asked on the connection before says nothing of now"
    definitions.read(4, asked(definitions))
    assert begun == [BTC]


def test_a_book_begins_once_and_not_for_a_subscription_that_is_gone(definitions, begun):
    definitions.listen()
    definitions.subscribed(1, BTC)
    definitions.closed()
    definitions.listen()
    definitions.read(2, asked(definitions))
    assert not begun, "its pushes are not on"
    definitions.subscribed(3, BTC)
    definitions.read(4, asked(definitions))
    assert begun == [BTC]
