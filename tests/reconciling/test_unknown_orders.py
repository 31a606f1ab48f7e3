"""An order whose fate is unknown is proven within 90 s of the venue being reachable, whatever was lost."""

from __future__ import annotations

import pytest

from mm._core import events as ev
from mm.conformance.orders import BUY, SELL
from mm.conformance.stand import Stand
from mm.conformance.venue_case import VenueCase
from tests.reconciling import drift
from tests.reconciling.drift import ALL

PROVEN_S = 90
LAG_S = 30
SURE = ("NEW", "FILLED", "CANCELED", "REJECTED", "EXPIRED", "PARTIALLY_FILLED")


def mute(stand: Stand) -> None:
    """Nothing that the venue would say of own orders by itself gets through."""
    for name in stand.case.words.own:
        stand.fault("message", "drop", name, times=0)


def proven(stand: Stand, client_id: str, *states: str) -> ev.OrderReport | ev.OrderAbsent | None:
    """Wait until the order's fate is known, 90 s at most; returns what the link proved."""
    stand.until(f"{client_id} is proven", lambda: stand.state(client_id) in SURE, PROVEN_S)
    assert stand.state(client_id) in states
    proofs = [
        event
        for event in stand.recorder.events
        if type(event) in (ev.OrderReport, ev.OrderAbsent) and event.client_id == client_id
    ]
    return proofs[-1] if proofs else None


@pytest.fixture(params=["prompt lists", "lists behind"])
def is_lagging(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "lists behind")


@pytest.fixture(params=ALL, ids=str)
def stand(request: pytest.FixtureRequest) -> Stand:
    stand = Stand(request.param)
    stand.ready()
    stand.run(3)
    return stand


def lag(stand: Stand, is_lagging: bool) -> None:
    if is_lagging:
        stand.fault("request", "lag", "", delay_s=LAG_S, times=0)


def test_f02_a_request_that_never_came_is_absent_by_two_reads_that_agree(stand: Stand, is_lagging: bool) -> None:
    stand.fault("request", "drop", stand.case.words.place)
    lag(stand, is_lagging)
    lost = stand.place(BUY, stand.price(-1))
    proof = proven(stand, lost, "REJECTED", "CANCELED", "EXPIRED")
    assert not stand.counterpart.has_seen(lost)
    if type(proof) is ev.OrderAbsent:
        assert "two complete reads" in proof.evidence
    stand.finish()


def test_f01_f03_an_order_whose_answer_and_news_were_lost_is_found_live(stand: Stand, is_lagging: bool) -> None:
    mute(stand)
    stand.fault("reply", "withhold", stand.case.words.place)
    lag(stand, is_lagging)
    order = stand.place(BUY, stand.price(-1))
    stand.run(0.5)
    assert stand.counterpart.has_seen(order)
    proof = proven(stand, order, "NEW")
    assert not isinstance(proof, ev.OrderAbsent)
    stand.mend()
    stand.live(order)
    stand.finish()


def test_f06_f11_an_order_that_filled_while_nobody_told_anything_is_found_filled(
    stand: Stand, is_lagging: bool
) -> None:
    mute(stand)
    stand.fault("reply", "withhold", stand.case.words.place)
    lag(stand, is_lagging)
    order = stand.place(BUY, stand.price(-1))
    stand.run(0.5)
    stand.trade(SELL, stand.price(-1), stand.size)
    stand.until("its fill is booked", lambda: stand.market.position.quantity == stand.size, PROVEN_S)
    proven(stand, order, "FILLED")
    stand.mend()
    stand.finish()


def test_f09_a_cancel_whose_answer_and_news_were_lost_is_proven(stand: Stand, is_lagging: bool) -> None:
    order = stand.place(BUY, stand.price(-1))
    stand.live(order)
    mute(stand)
    stand.fault("reply", "withhold", stand.case.words.cancel)
    lag(stand, is_lagging)
    stand.cancel(order)
    stand.until("it is over here as it is there", lambda: stand.state(order) == "CANCELED", PROVEN_S)
    assert stand.standing() == []
    stand.mend()
    stand.finish()


def test_f10_an_order_that_lists_leave_out_stays_while_it_stands(stand: Stand) -> None:
    stand.fault("request", "lag", "", delay_s=LAG_S - 2, times=0)
    order = stand.place(BUY, stand.price(-1))
    stand.live(order)
    # Lists begin to show it half a minute later; each round in between leaves it out.
    stand.run(100)
    assert stand.state(order) == "NEW"
    assert drift.differences(stand) == []
    stand.finish()


@pytest.mark.parametrize("case", ALL, ids=str)
@pytest.mark.parametrize("what", ["drop", "withhold"])
def test_it_is_proven_so_soon_after_an_outage_too(case: VenueCase, what: str) -> None:
    stand = Stand(case)
    stand.ready()
    place = "request" if what == "drop" else "reply"
    stand.fault(place, what, stand.case.words.place)
    mute(stand)
    order = stand.place(BUY, stand.price(-1))
    stand.run(0.1)
    stand.fault_now("outage", duration_s=120)
    stand.run(120)
    stand.mend()
    stand.until("it is reachable again", lambda: stand.venue.private_up, 60)
    began_ns = stand.now_ns
    stand.until("it is proven", lambda: stand.state(order) in SURE, PROVEN_S)
    assert stand.now_ns - began_ns <= PROVEN_S * 1_000_000_000
    if not stand.counterpart.has_seen(order):
        assert stand.state(order) == "CANCELED"
    stand.finish()
