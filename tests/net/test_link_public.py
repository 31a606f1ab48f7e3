"""The public side of the link machine: subscriptions, resync of one book, liveness, reconnects within the budget."""

from __future__ import annotations

import pytest

from mm._core.events import Alert, BookFrame, BookReset, LinkChanged, Resync, VenueStatus
from mm.net.actions import PRIVATE, PUBLIC, Disconnect, Send
from tests.net.driver import BOOK, SECOND, Driver


def public(symbols: tuple[str, ...] = ("BTC/USD",), **settings: object) -> Driver:
    driver = Driver(symbols, **settings)
    driver.start()
    driver.answer_rest()
    driver.opened(PUBLIC)
    return driver


def test_subscribes_all_channels_and_is_up_when_all_are_acknowledged() -> None:
    driver = public(("BTC/USD", "ETH/USD"))
    asked = [(m["channel"], m["symbol"], m["req_id"]) for m in driver.sent(PUBLIC) if m["method"] == "subscribe"]
    assert [(channel, symbol) for channel, symbol, _ in asked] == [
        ("instrument", ""),
        ("book", "BTC/USD"),
        ("book", "ETH/USD"),
        ("trade", "BTC/USD"),
        ("trade", "ETH/USD"),
        ("ticker", "BTC/USD"),
        ("ticker", "ETH/USD"),
    ]
    assert len({request_id for *_, request_id in asked}) == 7
    for _, _, request_id in asked[:-1]:
        assert driver.frame(PUBLIC, {"method": "subscribe", "req_id": request_id, "success": True}) == []
    events = driver.frame(PUBLIC, {"method": "subscribe", "req_id": asked[-1][2], "success": True})
    assert events == [LinkChanged(driver.now, "kraken", PUBLIC, True, "subscribed")]


def test_book_frame_is_its_event_and_nothing_else() -> None:
    driver = public()
    driver.actions.clear()
    assert driver.frame(PUBLIC, BOOK) == [BookFrame(driver.now, "kraken", BOOK)]
    assert driver.actions == []


def test_what_is_no_bytes_is_no_frame() -> None:
    """Its length would be read from memory that is none of it."""
    with pytest.raises(TypeError, match="payload"):
        public().link.frame(0, PUBLIC, None)  # type: ignore[arg-type]


def test_unknown_symbol_is_off_with_a_message_and_the_others_go_on() -> None:
    driver = public(("BTC/USD", "XBT/USD"))
    error = "Currency pair not supported XBT/USD"
    for message in driver.sent(PUBLIC):
        if message["method"] == "subscribe":
            good = message["symbol"] != "XBT/USD"
            driver.frame(PUBLIC, {"method": "subscribe", "req_id": message["req_id"], "success": good, "error": error})
    assert driver.seen(LinkChanged)[-1].up
    alerts = [alert.text for alert in driver.seen(Alert)]
    assert any("book XBT/USD is off until restart" in text and error in text for text in alerts)
    driver.closed(PUBLIC)
    driver.wait(2)
    assert PUBLIC in driver.connects()
    driver.opened(PUBLIC)
    assert {message["symbol"] for message in driver.sent(PUBLIC) if message["method"] == "subscribe"} == {"", "BTC/USD"}


def test_a_refused_list_of_instruments_is_asked_for_again_later_and_no_market_is_looked_for() -> None:
    driver = Driver()
    driver.ready()
    driver.closed(PUBLIC)
    driver.wait(2)
    assert driver.connects() == [PUBLIC]
    driver.opened(PUBLIC)
    asked: list[str] = []

    def answer() -> None:
        for message in driver.sent(PUBLIC):
            if message["method"] == "subscribe":
                asked.append(message["channel"])
                good = message["channel"] != "instrument" or asked.count("instrument") > 1
                answer = {"method": "subscribe", "req_id": message["req_id"], "success": good, "error": "no"}
                driver.frame(PUBLIC, answer)

    driver.on_step = answer
    driver.wait(300)
    assert asked == ["instrument", "book", "trade", "ticker"]
    assert not [body for _, kind, body in driver.requests() if kind == "asset_pairs"]
    assert [alert.text for alert in driver.seen(Alert) if "instrument" in alert.text] == [
        "kraken: instrument is off for 10 minutes: refused: no"
    ]
    driver.wait(310)
    assert asked[-1] == "instrument"


def test_missing_acknowledgement_reconnects() -> None:
    driver = public()
    driver.connects()
    driver.wait(10.5)
    assert PUBLIC in driver.disconnects()
    assert PUBLIC in driver.connects()


def test_resync_touches_one_book_only_and_runs_once_at_a_time() -> None:
    driver = Driver(("BTC/USD", "ETH/USD"))
    driver.ready()
    driver.sent()
    events = driver.submit(Resync(0, "kraken", "ETH/USD", "checksum"))
    assert events == [BookReset(driver.now, "kraken", "ETH/USD", "checksum")]
    assert driver.submit(Resync(0, "kraken", "ETH/USD", "checksum")) == []
    (leave,) = driver.sent()
    assert (leave["method"], leave["channel"], leave["symbol"]) == ("unsubscribe", "book", "ETH/USD")
    driver.frame(PUBLIC, {"method": "unsubscribe", "req_id": leave["req_id"], "success": True})
    (ask,) = driver.sent()
    assert (ask["method"], ask["channel"], ask["symbol"]) == ("subscribe", "book", "ETH/USD")
    driver.frame(PUBLIC, {"method": "subscribe", "req_id": ask["req_id"], "success": True})
    assert driver.link.session.is_up(PUBLIC), "a renewal does not take the channel down"
    assert driver.disconnects() == []


def test_f29_repeated_mismatch_turns_the_instrument_off_for_a_while() -> None:
    driver = Driver()
    driver.ready()
    driver.sent()

    def break_book(times: int) -> int:
        subscribes = 0
        for _ in range(times):
            driver.submit(Resync(0, "kraken", "BTC/USD", "checksum"))
            for wait_s in (0, 8.5):
                driver.wait(wait_s)
                sends = [action for action in driver.actions if type(action) is Send]
                subscribes += sum(1 for action in sends if b'"subscribe"' in action.payload)
                driver.answer_socket()
        return subscribes

    assert break_book(40) == 5
    assert any("book BTC/USD is off for 10 minutes" in alert.text for alert in driver.seen(Alert))
    assert not driver.link.session.is_up(PUBLIC)
    driver.on_step = driver.answer_socket
    driver.wait(600)
    assert driver.link.session.is_up(PUBLIC)
    driver.sent()
    driver.on_step = None
    assert break_book(1) == 1


def test_a_book_that_breaks_now_and_then_is_never_off() -> None:
    driver = Driver()
    driver.ready()
    driver.on_step = driver.answer_socket
    for _ in range(100):
        driver.submit(Resync(0, "kraken", "BTC/USD", "checksum"))
        driver.wait(30)
    assert driver.seen(Alert) == []
    assert driver.link.session.is_up(PUBLIC)


def test_close_resets_books_and_reports_down() -> None:
    driver = Driver()
    driver.ready()
    assert driver.closed(PUBLIC, 1001, "CloudFlare") == [
        BookReset(driver.now, "kraken", "", "CloudFlare (1001)"),
        LinkChanged(driver.now, "kraken", PUBLIC, False, "CloudFlare (1001)"),
    ]


def test_f36_first_drops_reconnect_at_once_then_wait_longer() -> None:
    driver = public()
    waits = []
    for _ in range(8):
        driver.connects()
        before = driver.now
        driver.closed(PUBLIC)
        while not driver.connects():
            driver.wait(0.05, heartbeats=False)
            driver.actions = [action for action in driver.actions if getattr(action, "channel", "") != PRIVATE]
        waits.append((driver.now - before) / SECOND)
        driver.opened(PUBLIC)
    assert waits[:3] == pytest.approx([0.05] * 3)
    assert max(waits[3:]) > 0.5


def test_f37_silence_is_death_within_the_limit_after_a_ping() -> None:
    driver = Driver()
    driver.ready()
    driver.sent()
    driver.wait(2.6, heartbeats=False)
    assert {message["method"] for message in driver.sent()} == {"ping"}
    start = driver.now
    driver.wait(2.5, heartbeats=False)
    assert set(driver.disconnects()) == {PUBLIC, PRIVATE}
    assert (driver.now - start) < 10 * SECOND
    assert [(event.channel, event.up) for event in driver.seen(LinkChanged)[-2:]] == [(PUBLIC, False), (PRIVATE, False)]


def test_heartbeats_alone_keep_a_connection() -> None:
    driver = Driver()
    driver.ready()
    driver.wait(120)
    assert driver.disconnects() == []


def test_silent_handshake_is_given_up() -> None:
    driver = Driver()
    driver.start()
    driver.connects()
    driver.wait(10.1, heartbeats=False)
    assert set(driver.disconnects()) == {PUBLIC, PRIVATE}
    assert set(driver.connects()) == {PUBLIC, PRIVATE}


@pytest.mark.parametrize("code", [400, 401, 403, 404, 1008, 1015])
def test_refusals_that_a_retry_cannot_cure_stop_with_an_alert(code: int) -> None:
    driver = public()
    driver.drain(Disconnect)
    driver.connects()
    driver.closed(PUBLIC, code, "refused")
    driver.wait(600, heartbeats=False)
    assert PUBLIC not in driver.connects()
    alert = driver.seen(Alert)[0]
    assert alert.severity == "critical"
    assert str(code) in alert.text


@pytest.mark.parametrize(("code", "least_s"), [(429, 30), (503, 5)])
def test_upgrade_turned_away_for_load_is_retried_later(code: int, least_s: int) -> None:
    driver = Driver()
    driver.start()
    driver.connects()
    driver.closed(PUBLIC, code, "later")
    driver.wait(least_s - 0.1, heartbeats=False)
    assert PUBLIC not in driver.connects()
    driver.wait(1.2, heartbeats=False)
    assert PUBLIC in driver.connects()


def test_f39_attempts_stay_inside_the_budget_of_all_sockets() -> None:
    driver = Driver(attempts_max=20)
    driver.start()
    times: list[int] = []
    for _ in range(3000):
        for channel in driver.connects():
            times.append(driver.now)
            driver.closed(channel, 0, "refused")
        driver.wait(0.5, heartbeats=False)
    assert len(times) > 20
    for end in times:
        assert sum(1 for time in times if end - 600 * SECOND < time <= end) <= 20
    assert any("would ban us" in alert.text for alert in driver.seen(Alert))


def test_maintenance_slows_reconnects_to_five_seconds() -> None:
    driver = Driver()
    driver.ready()
    assert VenueStatus(driver.now, "kraken", "maintenance") in driver.frame(
        PUBLIC, {"channel": "status", "system": "maintenance"}
    )
    driver.wait(20)
    driver.connects()
    driver.closed(PUBLIC)
    driver.wait(4.9)
    assert driver.connects() == []
    driver.wait(0.2)
    assert driver.connects() == [PUBLIC]


def test_text_that_is_not_json_is_counted_and_told_once_a_minute() -> None:
    driver = Driver()
    driver.ready()
    for _ in range(5):
        driver.frame(PUBLIC, b"CloudFlare WebSocket proxy restarting")
    assert driver.link.counters.malformed == 5
    assert len(driver.seen(Alert)) == 1
    assert driver.disconnects() == []


@pytest.mark.parametrize("offset_s", [5, -5])
def test_clock_five_seconds_off_keeps_private_down_and_says_what_to_do(offset_s: int) -> None:
    driver = Driver()
    driver.offset = offset_s * SECOND
    driver.start()
    driver.answer_rest()
    driver.opened(PUBLIC)
    driver.take(driver.link.deadline(driver.now))
    driver.answer_socket()
    driver.private_ready()
    assert not driver.link.session.is_up(PRIVATE)
    (alert,) = driver.seen(Alert)
    assert "5.0 s " + ("behind" if offset_s > 0 else "ahead of") in alert.text
    assert "chronyc" in alert.text
    assert driver.link.clock_offset_ns == offset_s * SECOND


def test_subscription_refused_as_already_there_is_left_and_asked_for_again() -> None:
    driver = public()
    for message in driver.sent(PUBLIC):
        if message["method"] == "subscribe":
            good = message["channel"] != "book"
            answer = {"method": "subscribe", "req_id": message["req_id"], "success": good}
            driver.frame(PUBLIC, answer if good else {**answer, "error": "Already subscribed"})
    asked: list[str] = []

    def hear() -> None:
        for message in driver.sent(PUBLIC):
            if message.get("channel") == "book":
                asked.append(message["method"])
                driver.frame(PUBLIC, {"method": message["method"], "req_id": message["req_id"], "success": True})

    driver.on_step = hear
    driver.wait(8)
    assert asked == ["unsubscribe", "subscribe"]
    assert driver.link.session.is_up(PUBLIC)
