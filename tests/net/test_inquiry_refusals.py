"""Questions about orders that a venue does not take: of what is asked for alone, and of the others of its round."""

from __future__ import annotations

from random import Random

import pytest

from mm._core import KrakenRestCounter
from mm._core.events import OrderAbsent, OrderReport
from mm.exchanges.venue import Decoded, ErrorClass, Kind
from mm.net.breaker import Breaker
from mm.net.inquiry import InquiryDesk
from mm.net.rest import RestQueue
from mm.reconciliation import Reconciler

SECOND = 1_000_000_000


class _OneByOne:
    """A venue that asks for orders one by one, as MEXC Spot does."""

    def reads(self, kind, parameters):
        if kind == "query_orders":
            return [{"venue_ids": [venue_id]} for venue_id in parameters["venue_ids"]]
        return [parameters]

    def call_cost(self, kind):
        return 1

    def read_history(self, now_ns, since_ns):
        pass


def canceled(now_ns, venue_id):
    return OrderReport(now_ns, now_ns, "v", "", venue_id, "S", 1, "canceled", 1, 1, 0, "", "query")


@pytest.mark.parametrize("others", [0, 1, 2])
def test_f55_a_question_that_the_venue_does_not_take_is_no_answer_and_holds_up_no_other(others) -> None:
    rest = RestQueue(Random(1), Breaker(), KrakenRestCounter("pro"))
    reconciler = Reconciler("v", settle_ns=SECOND, lag_ns=SECOND)
    desk = InquiryDesk(_OneByOne(), rest, reconciler)
    for name in ["gone", *(f"other{number}" for number in range(others))]:
        reconciler.look_up(1, "", name, since_ns=0)
    told = []
    for second in range(1, 300):
        now_ns = second * SECOND
        desk.poll(now_ns)
        while (call := rest.next_call(now_ns)) is not None:
            rest.answered(call)
            if call.kind == "open_orders":
                told += desk.reply(now_ns, call, Decoded(Kind.REPLY))
            elif call.parameters["venue_ids"] == ["gone"]:
                told += desk.refused(now_ns, call, ErrorClass.REJECTED)
            else:
                found = canceled(now_ns, call.parameters["venue_ids"][0])
                told += desk.reply(now_ns, call, Decoded(Kind.REPLY, (found,)))
    assert not [event for event in told if type(event) is OrderAbsent], "I3: no answer was taken for an answer"
    proven = sorted(event.venue_id for event in told if type(event) is OrderReport)
    assert proven == [f"other{number}" for number in range(others)], "F55: one market that is gone holds up the others"
    # The one stays in doubt, and is asked for now and then.
    assert len(reconciler) == 1
    assert reconciler.due_ns() > 0


class _OnEachMarket(_OneByOne):
    """A venue that wants the market with the question, as MEXC Spot does: where it is not known each is asked."""

    def reads(self, kind, parameters):
        if kind != "query_orders":
            return [parameters]
        markets = {True: ("here", "gone"), False: ("here",)}
        return [
            {"venue_ids": [venue_id], "symbol": symbol}
            for venue_id in parameters["venue_ids"]
            for symbol in markets[venue_id.startswith("somewhere")]
        ]


def asked(names, absent, *, seconds=300, refused="gone"):
    """What is told of orders in so many seconds, and how many calls that took; refused: the market that is gone."""
    rest = RestQueue(Random(1), Breaker(), KrakenRestCounter("pro"))
    reconciler = Reconciler("v", settle_ns=SECOND, lag_ns=SECOND)
    desk = InquiryDesk(_OnEachMarket(), rest, reconciler)
    for name in names:
        reconciler.look_up(1, "", name, since_ns=0)
    told, calls = [], 0
    for second in range(1, seconds):
        now_ns = second * SECOND
        desk.poll(now_ns)
        while (call := rest.next_call(now_ns)) is not None:
            calls += 1
            rest.answered(call)
            if call.kind == "open_orders":
                told += (
                    desk.refused(now_ns, call, ErrorClass.REJECTED)
                    if refused == "all"
                    else desk.reply(now_ns, call, Decoded(Kind.REPLY))
                )
            elif call.parameters["symbol"] == refused:
                told += desk.refused(now_ns, call, ErrorClass.REJECTED)
            elif call.parameters["venue_ids"][0] in absent:
                told += desk.refused(now_ns, call, ErrorClass.GONE)
            else:
                found = canceled(now_ns, call.parameters["venue_ids"][0])
                told += desk.reply(now_ns, call, Decoded(Kind.REPLY, (found,)))
    return [(type(event), event.venue_id) for event in told], calls


def test_an_order_of_an_unknown_market_is_found_beside_one_that_is_gone() -> None:
    assert asked(["somewhere"], [])[0] == [(OrderReport, "somewhere")]


@pytest.mark.parametrize("others", [[], ["absent"], ["found"], ["found", "absent"], ["somewhere else"]])
def test_what_may_be_in_a_market_that_is_gone_holds_up_no_other_and_is_asked_for_now_and_then(others) -> None:
    told, calls = asked(["somewhere", *others], ["somewhere", "absent"])
    kinds = {"absent": OrderAbsent, "found": OrderReport, "somewhere else": OrderReport}
    assert sorted(told, key=str) == sorted([(kinds[name], name) for name in others], key=str)
    # A round a minute: the open orders, and it on each market; the others take some more.
    assert calls <= 5 * 3 + 10


def test_rounds_that_cannot_be_read_are_begun_ever_less_often() -> None:
    told, calls = asked(["here"], [], refused="all")
    assert not told
    assert calls <= 5 + 300 // 16
