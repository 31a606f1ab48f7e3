"""The shell over loopback sockets: what it carries out, what it reports, and that nothing of it is left behind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any

import pytest
import uvloop

from mm._core.events import Alert, BookFrame, LinkChanged, OrderPending, OrderReport, OutcomeUnknown
from mm.exchanges.kraken.session import KrakenSession
from mm.exchanges.venue import HttpRequest
from mm.live import shell as shell_module
from mm.live.shell import Shell
from mm.net.actions import Connect, Disconnect, Request, Send
from mm.net.channel import Liveness
from mm.net.link import Link, LinkSettings
from tests.live.scripted import ScriptedVenue, scripted_venue, text_frame
from tests.net.dialect import JsonDialect
from tests.net.driver import BOOK, cancel, place

PATIENCE_S = 10.0
QUICK = Liveness(handshake_ns=200_000_000, silence_ns=400_000_000, quiet_ns=100_000_000)


def on_uvloop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test on the loop that the product uses, and let it leave nothing there."""

    @wraps(test)
    def run(*arguments: Any, **named: Any) -> None:
        async def main() -> None:
            await asyncio.wait_for(test(*arguments, **named), 3 * PATIENCE_S)
            assert asyncio.all_tasks() == {asyncio.current_task()}, "tasks left behind"

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main())

    return run


class Recording:
    """A link that keeps what it returned and lets tests wait for it."""

    def __init__(self, venue: ScriptedVenue, liveness: Liveness | None = None) -> None:
        url = f"ws://127.0.0.1:{venue.port}"
        session = KrakenSession(JsonDialect(), ("BTC/USD",), public_url=f"{url}/v2", private_url=f"{url}/auth")
        self.link = Link(session, LinkSettings(liveness=liveness or Liveness()), seed=1)
        self.events: list[Any] = []
        self.bursts = 0
        self.changed = asyncio.Event()
        self.drain, self.next_deadline = self.link.drain, self.link.next_deadline

    def __getattr__(self, name: str) -> Any:
        function = getattr(self.link, name)

        def record(*arguments: Any) -> None:
            self.events += function(*arguments)
            self.changed.set()

        return record

    def frame(self, now_ns: int, channel: str, payload: bytes, last: bool) -> None:
        self.events += self.link.frame(now_ns, channel, payload, last)
        self.bursts += last
        if last:
            self.changed.set()

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until a condition holds after some input."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    async def is_up(self) -> None:
        await self.until(lambda: all(self.link.session.is_up(channel) for channel in ("public", "private")))

    def seen(self, kind: type) -> list[Any]:
        return [event for event in self.events if type(event) is kind]


@asynccontextmanager
async def running(venue: ScriptedVenue, liveness: Liveness | None = None) -> AsyncIterator[tuple[Shell, Recording]]:
    machine = Recording(venue, liveness)
    shell = Shell(machine, {"kraken": f"http://127.0.0.1:{venue.port}"})
    shell.start()
    try:
        yield shell, machine
        assert shell.failure is None
    finally:
        shell.stop()
        await shell.wait_closed()


@on_uvloop
async def test_comes_up_trades_and_leaves_nothing_behind() -> None:
    async with scripted_venue() as venue, running(venue) as (shell, machine):
        await machine.is_up()
        shell.tell(lambda now_ns: machine.submit(now_ns, place("a1")))
        await machine.until(lambda: machine.seen(OrderPending))
        assert machine.seen(OrderPending)[0].venue_id == "O0"
        shell.tell(lambda now_ns: machine.submit(now_ns, cancel("a1")))
        while venue.orders:
            venue.changed.clear()
            await venue.changed.wait()


@on_uvloop
async def test_cut_sockets_come_back_and_the_order_in_doubt_is_found() -> None:
    async with scripted_venue() as venue, running(venue) as (shell, machine):
        await machine.is_up()
        venue.withhold = {"Place"}
        shell.tell(lambda now_ns: machine.submit(now_ns, place("a1")))
        while not venue.orders:
            venue.changed.clear()
            await venue.changed.wait()
        venue.cut()
        await machine.until(lambda: machine.seen(OutcomeUnknown))
        await machine.until(lambda: machine.seen(OrderReport))
        assert machine.seen(OrderReport)[0].client_id == "a1"
        await machine.is_up()
        ups = [(event.channel, event.up) for event in machine.seen(LinkChanged)]
        assert ups.count(("private", False)) == 1
        assert [message["method"] for message in venue.received].count("Place") == 1


@on_uvloop
async def test_order_for_a_socket_that_is_gone_is_reported_unsent_and_denied() -> None:
    async with scripted_venue() as venue, running(venue) as (shell, machine):
        await machine.is_up()
        venue.cut()
        # The reset has not been read yet: the machine still counts the link as up.
        shell.tell(lambda now_ns: machine.submit(now_ns, place("a1")))
        await machine.until(lambda: len(machine.seen(LinkChanged)) >= 4)
        told = [type(event).__name__ for event in machine.events if getattr(event, "client_id", "") == "a1"]
        assert told[0] in ("OrderDenied", "OutcomeUnknown")


@pytest.mark.parametrize(
    "garbage",
    [
        text_frame(b"CloudFlare WebSocket proxy restarting"),
        text_frame(b"\xff\xfe", 2),
        text_frame(b"{" * 60_000),
        text_frame(b"", 9),
        text_frame(b"", 10),
    ],
)
@on_uvloop
async def test_odd_messages_are_counted_and_survived(garbage: bytes) -> None:
    async with scripted_venue() as venue, running(venue) as (_, machine):
        await machine.is_up()
        venue.write("/v2", garbage + text_frame(BOOK))
        await machine.until(lambda: machine.seen(BookFrame))
        assert len(machine.seen(LinkChanged)) == 2


@pytest.mark.parametrize(
    "garbage", [b"\xff\xff\xff\xff\xff\xff", b"\x83\x00" * 4, text_frame(b"\x03\xe9", 8), b"\x70\x7f"]
)
@on_uvloop
async def test_broken_framing_and_closes_lead_to_a_new_connection(garbage: bytes) -> None:
    async with scripted_venue() as venue, running(venue, QUICK) as (_, machine):
        await machine.is_up()
        venue.write("/v2", garbage)
        await machine.until(lambda: ("public", False) in [(e.channel, e.up) for e in machine.seen(LinkChanged)])
        await machine.is_up()


@on_uvloop
async def test_server_that_hangs_in_the_handshake_is_given_up_and_tried_again() -> None:
    async with scripted_venue() as venue:
        venue.hang = True
        async with running(venue, QUICK) as (_, machine):
            while venue.connections < 5:
                venue.changed.clear()
                await venue.changed.wait()
            assert machine.seen(LinkChanged) == []
            venue.hang = False
            await machine.until(lambda: machine.link.session.is_up("public"))


@on_uvloop
async def test_silent_server_is_found_dead_and_replaced() -> None:
    async with scripted_venue() as venue, running(venue, QUICK) as (_, machine):
        await machine.is_up()
        venue.mute = True
        await machine.until(lambda: len(machine.seen(LinkChanged)) >= 4)
        assert "no frame for" in machine.seen(LinkChanged)[-1].reason
        venue.mute = False
        venue.cut()
        await machine.is_up()


@on_uvloop
async def test_refused_connections_are_tried_until_someone_listens() -> None:
    async with scripted_venue() as venue:
        await venue.refuse()
        async with running(venue) as (_, machine):
            await machine.until(lambda: any("after 5 tries" in alert.text for alert in machine.seen(Alert)))
            await venue.listen()
            await machine.is_up()


@on_uvloop
async def test_burst_is_many_frames_and_one_decision() -> None:
    async with scripted_venue() as venue, running(venue) as (_, machine):
        await machine.is_up()
        before = machine.bursts
        venue.write("/v2", text_frame(BOOK) * 200)
        await machine.until(lambda: len(machine.seen(BookFrame)) == 200)
        assert machine.bursts - before < 10


@on_uvloop
async def test_burst_that_ends_inside_a_frame_is_decided_upon_without_waiting_for_the_rest() -> None:
    async with scripted_venue() as venue, running(venue) as (_, machine):
        await machine.is_up()
        before, whole = machine.bursts, text_frame(BOOK)
        venue.write("/v2", whole * 3 + whole[:20])
        await machine.until(lambda: machine.bursts > before)
        assert len(machine.seen(BookFrame)) == 3
        venue.write("/v2", whole[20:])
        await machine.until(lambda: len(machine.seen(BookFrame)) == 4)


class Stub:
    """A machine that notes what it is told and wants what it is given."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.wants: list[Any] = []
        self.due_ns = 0
        self.error: Exception | None = None
        self.changed = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        def tell(now_ns: int, *arguments: Any) -> None:
            self.told.append((name, *arguments))
            self.changed.set()
            if self.error is not None:
                raise self.error

        return tell

    def drain(self) -> list[Any]:
        wants, self.wants = self.wants, []
        return wants

    def next_deadline(self) -> int:
        return self.due_ns

    def deadline(self, now_ns: int) -> None:
        self.due_ns = 0
        self.told.append(("deadline",))
        self.changed.set()

    async def until_told(self, name: str) -> tuple[Any, ...]:
        async with asyncio.timeout(PATIENCE_S):
            while not any(told[0] == name for told in self.told):
                self.changed.clear()
                await self.changed.wait()
        return next(told for told in self.told if told[0] == name)


@on_uvloop
async def test_address_that_cannot_be_connected_to_is_news_not_an_error() -> None:
    machine = Stub()
    shell = Shell(machine, {})
    machine.wants = [Connect("public", "ws://example.com/v2"), Send("public", b"x", 7)]
    shell.start()
    closed, unsent = await machine.until_told("closed"), await machine.until_told("unsent")
    assert closed[1:3] == ("public", 0)
    assert "plain text" in closed[3]
    assert unsent == ("unsent", "public", 7)
    shell.stop()
    await shell.wait_closed()
    assert shell.failure is None


@on_uvloop
async def test_request_without_an_address_is_answered_as_not_sent() -> None:
    machine = Stub()
    shell = Shell(machine, {})
    machine.wants = [Request("nowhere", 3, HttpRequest("GET", "/", (), b"", True), 10**9, 10**9)]
    shell.start()
    assert (await machine.until_told("reply"))[1:3] == (3, -1)
    shell.stop()
    await shell.wait_closed()


@on_uvloop
async def test_machine_that_raises_is_fed_no_more_and_its_error_kept() -> None:
    async with scripted_venue() as venue:
        machine = Stub()
        shell = Shell(machine, {})
        machine.wants = [Connect("public", f"ws://127.0.0.1:{venue.port}/v2")]
        shell.start()
        await machine.until_told("opened")
        machine.error = RuntimeError("broken invariant")
        venue.write("/v2", text_frame(b"one") + text_frame(b"two"))
        with pytest.raises(RuntimeError, match="broken invariant"):
            await asyncio.wait_for(shell.wait_failed(), PATIENCE_S)
        assert not shell.is_running
        assert [told for told in machine.told if told[0] == "frame"] == [("frame", "public", b"one", False)]
        shell.stop()
        await shell.wait_closed()


@on_uvloop
async def test_disconnected_socket_is_not_heard_again_and_a_new_one_is() -> None:
    async with scripted_venue() as venue:
        machine = Stub()
        shell = Shell(machine, {})
        url = f"ws://127.0.0.1:{venue.port}"
        machine.wants = [Connect("public", f"{url}/old")]
        shell.start()
        await machine.until_told("opened")
        machine.told.clear()

        def replace(_: int) -> None:
            machine.wants = [Disconnect("public", "test"), Connect("public", f"{url}/new")]

        venue.write("/old", text_frame(b"late"))
        shell.tell(replace)
        await machine.until_told("opened")
        venue.write("/new", text_frame(b"fresh"))
        await machine.until_told("frame")
        assert machine.told == [("opened", "public"), ("frame", "public", b"fresh", True)]
        shell.stop()
        await shell.wait_closed()


@on_uvloop
async def test_what_the_machine_wants_because_of_other_news_is_done_when_flushed() -> None:
    machine = Stub()
    shell = Shell(machine, {})
    shell.start()
    machine.wants = [Send("public", b"x", 1)]
    shell.flush()
    shell.flush()
    assert machine.told == [("start",)], "not inside the call: the caller may be another machine's decision"
    await machine.until_told("unsent")
    assert machine.told == [("start",), ("unsent", "public", 1)]
    shell.stop()
    await shell.wait_closed()


@on_uvloop
async def test_deadline_is_kept_and_moved_to_earlier() -> None:
    machine = Stub()
    shell = Shell(machine, {})
    machine.due_ns = time.time_ns() + 3600 * 10**9
    shell.start()

    def sooner(now_ns: int) -> None:
        machine.due_ns = now_ns + 10**6

    shell.tell(sooner)
    await machine.until_told("deadline")
    shell.stop()
    await shell.wait_closed()
    assert machine.told == [("start",), ("deadline",), ("stop",)]


@on_uvloop
async def test_after_a_stall_the_sockets_are_read_before_the_deadline_is_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shell_module, "LATE_NS", 10_000_000)
    async with scripted_venue() as venue:
        machine = Stub()
        shell = Shell(machine, {})
        machine.wants = [Connect("public", f"ws://127.0.0.1:{venue.port}/v2")]
        shell.start()
        await machine.until_told("opened")
        machine.told.clear()
        venue.write("/v2", text_frame(b"waiting"))

        def due(now_ns: int) -> None:
            machine.due_ns = now_ns + 10**6

        shell.tell(due)
        # The process stands still, as it does when it is stopped or swapped out.
        end = time.monotonic() + 0.05
        while time.monotonic() < end:
            pass
        await machine.until_told("deadline")
        assert [told[0] for told in machine.told] == ["frame", "deadline"]
        shell.stop()
        await shell.wait_closed()


@on_uvloop
async def test_f38_a_loop_that_stood_still_finds_no_connection_silent_that_has_spoken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shell_module, "LATE_NS", 10_000_000)
    async with scripted_venue() as venue, running(venue, QUICK) as (_, machine):
        await machine.is_up()
        machine.events.clear()
        heartbeat = text_frame(b'{"channel": "heartbeat"}')
        heard: list[str] = []
        usual = machine.frame

        def slow(now_ns: int, channel: str, payload: bytes, last: bool) -> None:
            usual(now_ns, channel, payload, last)
            if not heard:
                # One message takes longer than silence may last. Meanwhile the venue speaks on the other connection.
                venue.write_at_once("/auth", heartbeat)
                end = time.monotonic() + 0.45
                while time.monotonic() < end:
                    pass
            heard.append(channel)

        monkeypatch.setattr(machine, "frame", slow)
        venue.write("/v2", heartbeat)

        def gone() -> list[str]:
            downs = [event for event in machine.seen(LinkChanged) if not event.up]
            return [event.reason for event in downs if event.channel == "private"]

        await machine.until(lambda: "private" in heard or gone())
        lost = gone()
        assert not lost, f"F38: a connection that had spoken was given up: {lost}"


class Wanting:
    """A machine that wants messages written on a channel that is not open; `unsent` is told of each."""

    def __init__(self, *batches: list[int]) -> None:
        self.batches = list(batches)
        self.told: list[int] = []
        self.on_unsent: Callable[[int], None] = lambda number: None

    def start(self, now_ns: int) -> None:
        pass

    def stop(self, now_ns: int) -> None:
        pass

    def next_deadline(self) -> int:
        return 0

    def drain(self) -> list[Any]:
        return [Send("private", b"", number) for number in self.batches.pop(0)] if self.batches else []

    def unsent(self, now_ns: int, channel: str, request_id: int) -> None:
        self.told.append(request_id)
        self.on_unsent(request_id)


@on_uvloop
async def test_nothing_leaves_after_the_machine_has_failed_inside_an_action() -> None:
    machine = Wanting([1, 2], [3])
    shell = Shell(machine, {})  # type: ignore[arg-type]  # hears of nothing else

    def fail(now_ns: int) -> None:
        raise RuntimeError("broken")

    # News of the first action lead the machine into its fault, through another call of the shell.
    machine.on_unsent = lambda number: shell.tell(fail)
    shell.start()
    assert machine.told == [1]
    assert isinstance(shell.failure, RuntimeError)
    assert not shell.push()
    assert machine.batches == [[3]]
    shell.stop()
    await shell.wait_closed()


@on_uvloop
async def test_what_is_pushed_from_inside_an_action_is_carried_out_in_order_before_it_goes_on() -> None:
    machine = Wanting([1, 2], [3])
    shell = Shell(machine, {})  # type: ignore[arg-type]  # hears of nothing else
    seen: list[list[int]] = []

    def decide(number: int) -> None:
        if number == 1:
            assert shell.push()
            seen.append(list(machine.told))

    machine.on_unsent = decide
    shell.start()
    assert seen == [[1, 2, 3]]
    assert machine.told == [1, 2, 3]
    shell.stop()
    await shell.wait_closed()
