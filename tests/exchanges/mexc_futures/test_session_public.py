"""Contracts, subscriptions and books in step, under virtual time."""

from __future__ import annotations

from itertools import pairwise

import pytest

from mm._core.events import Alert, BookFrame, BookReset, FundingRate, InstrumentUpdate, LinkChanged, Resync
from mm.instruments import Instrument
from tests.exchanges.mexc_futures.desk import BTC, MS, SECOND, START, Desk, definition, ok, refusal

ETH = "ETH/USDT:USDT"


def started(*symbols: str) -> Desk:
    desk = Desk(symbols or (BTC,), private=False)
    desk.start()
    desk.run(1)
    return desk


def in_step(*symbols: str) -> Desk:
    desk = started(*symbols)
    desk.push()
    desk.run(0.1)
    assert desk.books[BTC].is_valid
    return desk


def test_contracts_first_then_one_subscription_at_a_time() -> None:
    desk = started(BTC, ETH)
    # Once for the start, and once changes are told.
    assert [event.symbol for event in desk.of(InstrumentUpdate)] == [BTC, ETH, BTC, ETH]
    subscribed = [
        (message["method"], message["param"]) for _, _, message in desk.sent if message["method"].startswith("sub")
    ]
    assert subscribed == [
        ("sub.contract", {}),
        ("sub.depth", {"symbol": "BTC_USDT", "compress": False}),
        ("sub.depth", {"symbol": "ETH_USDT", "compress": False}),
        ("sub.deal", {"symbol": "BTC_USDT", "compress": False}),
        ("sub.deal", {"symbol": "ETH_USDT", "compress": False}),
        ("sub.ticker", {"symbol": "BTC_USDT"}),
        ("sub.ticker", {"symbol": "ETH_USDT"}),
        ("sub.funding.rate", {"symbol": "BTC_USDT"}),
        ("sub.funding.rate", {"symbol": "ETH_USDT"}),
    ]
    assert [(event.channel, event.up) for event in desk.of(LinkChanged)] == [("public", True)]
    assert [event.settle_ns for event in desk.of(FundingRate)] == [desk.settle_ms() * MS] * 2


def test_f69_a_contract_that_changed_while_nobody_listened_is_read_before_its_book() -> None:
    desk = in_step()
    larger = definition("BTC_USDT") | {"contractSize": 0.001}
    desk.replies["GET contract/detail"] = lambda fields: refusal(510)
    desk.end("public")
    since, asked = len(desk.events), len(desk.asked("GET contract/depth/BTC_USDT"))
    for _ in range(30):
        desk.push()
        desk.run(0.1)
    assert desk.said("sub.depth")[1:], "the connection was made anew"
    assert len(desk.asked("GET contract/depth/BTC_USDT")) == asked, "F69: a book without a definition of now"
    assert not desk.books[BTC].is_valid
    desk.replies["GET contract/detail"] = lambda fields: ok(larger)
    desk.run(20)
    told = [event for event in desk.events[since:] if type(event) in (InstrumentUpdate, BookFrame)]
    defined = next(number for number, event in enumerate(told) if type(event) is InstrumentUpdate)
    assert Instrument.from_json(told[defined].definition).multiplier_precision == 3
    assert desk.books[BTC].is_valid


def test_a_definition_that_was_asked_for_before_changes_are_told_is_none_of_now() -> None:
    desk = in_step()
    # Asked for with the round of a minute, and answered when the connection is there again.
    desk.replies["GET contract/detail"] = lambda fields: desk.later_still(3 * SECOND) or ok(definition("BTC_USDT"))
    since = desk.now
    while not desk.asked("GET contract/detail", since + 1):
        desk.run(0.1)
    desk.replies["GET contract/detail"] = lambda fields: None
    desk.end("public")
    read, asked = len(desk.of(InstrumentUpdate)), len(desk.asked("GET contract/depth/BTC_USDT"))
    desk.run(5)
    assert len(desk.of(InstrumentUpdate)) == read + 1
    assert len(desk.asked("GET contract/depth/BTC_USDT")) == asked, "a book by a definition of before"


def test_a_book_waits_for_its_first_push_before_it_asks_for_a_snapshot() -> None:
    desk = started()
    assert desk.asked("GET contract/depth/BTC_USDT") == []
    desk.push()
    desk.run(0.1)
    assert desk.asked("GET contract/depth/BTC_USDT") == [{"limit": "1000"}]
    assert desk.books[BTC].is_valid
    assert desk.decoder.version(BTC) == 101
    desk.push(price=99.9)
    desk.run(0.1)
    assert desk.books[BTC].best_bid == 999


def test_a_market_without_changes_gets_its_snapshot_all_the_same() -> None:
    desk = started()
    desk.run(3)
    assert desk.books[BTC].is_valid


def test_a_lagging_snapshot_is_asked_for_again_until_it_reaches() -> None:
    desk = started()
    desk.lag = 50
    desk.push()
    desk.run(2)
    assert not desk.books[BTC].is_valid
    assert 2 <= len(desk.asked("GET contract/depth/BTC_USDT")) <= 5
    desk.lag = 0
    desk.push()
    desk.run(3)
    assert desk.books[BTC].is_valid
    assert desk.decoder.version(BTC) == desk.version["BTC_USDT"]


def test_a_gap_is_repaired_by_the_latest_changes_without_a_snapshot() -> None:
    desk = in_step()
    desk.replies["GET contract/depth/BTC_USDT"] = lambda fields: None
    desk.push(lose=True, price=99.8)
    desk.push(price=99.6)
    desk.run(0.1)
    assert not desk.books[BTC].is_valid
    desk.take(desk.link.submit(desk.now, Resync(desk.now, "mexc_futures", BTC, "a gap")))
    desk.run(0.2)
    assert desk.books[BTC].is_valid
    assert desk.decoder.version(BTC) == desk.version["BTC_USDT"]
    assert [price for price, _ in desk.books[BTC].levels(1)] == [998, 996, 995]
    assert len(desk.of(BookReset)) == 1


def test_changes_that_do_not_reach_leave_it_to_the_snapshot() -> None:
    desk = in_step()
    desk.push(lose=True)
    desk.push()
    desk.run(0.1)
    desk.changes["BTC_USDT"].clear()
    desk.take(desk.link.submit(desk.now, Resync(desk.now, "mexc_futures", BTC, "a gap")))
    desk.run(0.1)
    assert not desk.books[BTC].is_valid
    desk.push()
    desk.run(0.1)
    assert desk.books[BTC].is_valid


def test_a_book_that_breaks_again_and_again_rests() -> None:
    desk = in_step()
    for _ in range(6):
        desk.take(desk.link.submit(desk.now, Resync(desk.now, "mexc_futures", BTC, "crossed")))
        desk.push()
        desk.run(1)
    assert any("rests for 60 s" in event.text for event in desk.of(Alert))
    asked = len(desk.asked("GET contract/depth/BTC_USDT"))
    desk.push()
    desk.run(30)
    assert len(desk.asked("GET contract/depth/BTC_USDT")) == asked
    desk.run(40)
    assert desk.books[BTC].is_valid


def test_a_lost_connection_ends_the_trust_in_every_book() -> None:
    desk = in_step(BTC, ETH)
    desk.end("public")
    assert {event.symbol for event in desk.of(BookReset)} == {BTC, ETH}
    assert [event.up for event in desk.of(LinkChanged)] == [True, False]
    desk.run(5)
    desk.push()
    desk.run(3)
    assert desk.books[BTC].is_valid
    assert desk.of(LinkChanged)[-1].up


def test_a_contract_that_is_not_there_is_told_and_the_others_go_on() -> None:
    desk = Desk((BTC, "NOPE/USDT:USDT"), private=False)
    desk.names.remove("NOPE_USDT")
    desk.start()
    desk.run(5)
    texts = [event.text for event in desk.of(Alert)]
    assert any("NOPE/USDT:USDT is not in the venue's list" in text for text in texts)
    assert any(
        "depth of NOPE/USDT:USDT is off until it is listed: refused: Contract [NOPE_USDT]" in text for text in texts
    )
    desk.push()
    desk.run(1)
    assert desk.books[BTC].is_valid
    assert desk.of(LinkChanged)[-1].up
    desk.run(600)
    assert sum("not in the venue's list" in event.text for event in desk.of(Alert)) == 1


def test_silence_on_a_subscription_makes_the_connection_anew() -> None:
    desk = Desk(private=False)
    desk.is_deaf = True
    desk.start()
    desk.run(30)
    assert len(desk.connects) >= 2


def test_the_server_gets_its_pings_while_data_flow() -> None:
    desk = in_step()
    for _ in range(120):
        desk.push()
        desk.run(1)
    pings = [at for at, _, message in desk.sent if message["method"] == "ping" and at > START + 5 * SECOND]
    assert max(later - earlier for earlier, later in pairwise(pings)) <= 20 * SECOND
    assert len(desk.connects) == 1


def test_reads_that_fail_for_load_are_tried_again() -> None:
    desk = Desk(private=False)
    failures = iter([refusal(510), refusal(510), (503, b"")])
    usual = desk._answer

    def answer(fields: object) -> object:
        failed = next(failures, None)
        if failed is None:
            del desk.replies["GET contract/detail"]
            return usual("GET contract/detail", fields)
        return failed

    desk.replies["GET contract/detail"] = answer  # type: ignore[assignment]
    desk.start()
    desk.run(60)
    assert desk.of(LinkChanged)[-1].up


@pytest.mark.parametrize(
    "payload", [b"{", b"\xff\xfe", b'{"channel":"push.deal","symbol":"BTC_USDT","data":[{"p":-1}]}']
)
def test_what_cannot_be_read_is_told_and_survived(payload: bytes) -> None:
    desk = in_step()
    desk.say("public", payload)
    desk.run(1)
    assert any("not understood" in event.text for event in desk.of(Alert))
    assert desk.of(LinkChanged)[-1].up
