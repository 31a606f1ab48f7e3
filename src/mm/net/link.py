"""One venue's link as a machine without I/O or clock: what happened goes in, events for the engine come out.

Inputs are `start`, `opened`, `frame`, `closed`, `unsent`, `reply`, `deadline`, `submit`, `stop`; each returns events in
the order in which they happened, and leaves actions for the shell in `drain()`. `next_deadline()` says when `deadline`
is due. The same machine runs over sockets (`shell.py`) and under virtual time. It draws chance from its seed only.

The parts: a `Channel` for each socket (connect, liveness, back-off), the venue's `Session` (subscriptions, token,
recovery), `Trading` (order entry), `RestQueue` (ordered calls), `InquiryDesk` (proof about orders in doubt).
A book frame passes none of them: it becomes its event at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from mm._core._rust import KrakenRestCounter
from mm._core.events import Alert, ClockOffset, OutcomeUnknown, Place, QueryOrder, Reconcile, Resync, VenueStatus
from mm._core.link_core import PLACE_CONNECT_NS_MAX, LinkCore, LinkCounters
from mm.errors import LocalError
from mm.exchanges.session import Halt, Query, Reconnect, Session, Transmit
from mm.exchanges.venue import Decoded, ErrorClass, Kind
from mm.net.access import BANNED, News
from mm.net.actions import PRIVATE, PUBLIC, Action, Connect, Disconnect, Request, Send, without_query
from mm.net.backoff import Backoff
from mm.net.breaker import Breaker
from mm.net.budget import ConnectionBudget
from mm.net.channel import SECOND_NS, Channel, Liveness, Phase, Step
from mm.net.clock import CLOCK_DOUBT_NS, ClockEstimator
from mm.net.inquiry import OWNER as INQUIRY
from mm.net.inquiry import InquiryDesk
from mm.net.nonces import Nonces
from mm.net.order_entry import RESPONSE_TIMEOUT_NS, Command, request_name
from mm.net.rest import Call, CallCounter, RestQueue
from mm.net.trading import Trading
from mm.reconciliation import Reconciler

Events = Sequence[Any]

RATE_WAIT_NS = 5 * SECOND_NS
"""Least wait after a refusal for the rate of calls; calling on prolongs it (Kraken reference: rate limits)."""
ALERT_PERIOD_NS = 60 * SECOND_NS
FAILURES_ALERT = 5
FINAL = frozenset({ErrorClass.REJECTED, ErrorClass.GONE, ErrorClass.NONCE, ErrorClass.CLOCK})
"""What another try of a read would be told again."""
MAINTENANCE = "maintenance"
SESSION = "session"
CLOCK = "clock"
BACKGROUND_RANK = 2
"""Recovery goes before inquiries (rank 1), which it may settle, and those before what can wait."""
QUERY_SINCE_NS = 60 * SECOND_NS
"""How far back fills are read when an order that was asked for turns out to be filled; the session adds its overlap."""


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """Limits of a link.

    clock_offset_max_ns: how far our clock may be off before trading stops (order deadlines and the age of data are
    judged by it). nonce_floor, rising_nonces: see `mm.net.nonces`.
    """

    liveness: Liveness = field(default_factory=Liveness)
    attempts_max: int = 100
    clock_offset_max_ns: int = 2 * SECOND_NS
    settle_ns: int = 5 * SECOND_NS
    lag_ns: int = 30 * SECOND_NS
    nonce_floor: int = 0
    rising_nonces: bool = False


class Link(LinkCore):
    """See the module's text. calls: the venue's count of REST calls; without it that of its smallest tier."""

    def __init__(
        self,
        session: Session,
        settings: LinkSettings | None = None,
        *,
        seed: int = 0,
        calls: CallCounter | None = None,
    ) -> None:
        self.settings = settings or LinkSettings()
        self.session = session
        random = Random(seed)
        budget = ConnectionBudget(self.settings.attempts_max)
        self._channels = {
            name: Channel(name, url, Backoff(random), budget, self.settings.liveness)
            for name, url in session.urls.items()
        }
        # Starter is the smallest tier, and a key does not tell its own.
        counter = calls or KrakenRestCounter("starter")
        nonces = (self.settings.nonce_floor, self.settings.rising_nonces)
        self._rest = RestQueue(random, Breaker(), counter, session.orders_in_flight_max, nonces)
        self._actions: list[Action] = []
        self._trading = Trading(session, self._rest, self._actions, self._judge)
        super().__init__(
            session.venue,
            self._channels,
            self._actions,
            self._trading,
            self._rest,
            Phase.OPEN,
            (),
            session.plain,
            session.rest_orders,
        )
        reconciler = Reconciler(self.venue, settle_ns=self.settings.settle_ns, lag_ns=self.settings.lag_ns)
        self._inquiry = InquiryDesk(session, self._rest, reconciler)
        self._clock = ClockEstimator()
        self._clock_state: bool | None = None
        self._clock_due_ns = 0
        self._clock_doubted_ns = 0
        self._untimely: list[Call] = []
        """Calls that were refused for their time and wait for the venue's."""
        self._pings: dict[int, int] = {}
        self._now_ns = 0
        self._malformed_alert_ns = 0
        self._running = False
        self._status = "online"
        self._take_prefixes()
        self._take_addresses()

    # --- inputs -----------------------------------------------------------------------------------------------------

    def start(self, now_ns: int, history_since_ns: int = 0, lost: Sequence[OutcomeUnknown] = ()) -> Events:
        """Begin to connect. history_since_ns: venue time of the last fill that is booked; 0 when there is none; lost:
        requests of an earlier process whose answers nobody has heard: they are told, and looked into."""
        self._running = True
        self._rest.access.unlock()
        self._inquiry.history_since_ns = history_since_ns
        events = [*lost, *self.session.start(now_ns, history_since_ns)]
        for channel in self._channels.values():
            channel.start(now_ns)
        return self._end(now_ns, events + self._poll_channels(now_ns))

    def opened(self, now_ns: int, channel: str) -> Events:
        """Take the news that a channel's socket is connected."""
        state = self._channels[channel]
        if state.phase is not Phase.CONNECTING:
            self._actions.append(Disconnect(channel, "not wanted any more"))
            return ()
        state.opened(now_ns)
        self.counters.connects += 1
        if channel == PUBLIC:
            # The gap may have been a suspended machine, whose monotonic clock stood still.
            self._clock.forget()
            self._clock_due_ns = now_ns
        return self._end(now_ns, self.session.opened(now_ns, channel))

    def closed(self, now_ns: int, channel: str, code: int, reason: str) -> Events:
        """Take the end of a channel's socket, or of the attempt to open it (codes: see `websocket.py`)."""
        state = self._channels[channel]
        if state.phase not in (Phase.CONNECTING, Phase.OPEN):
            return ()
        return self._end(now_ns, self._closed(now_ns, state, code, reason))

    def unsent(self, now_ns: int, channel: str, request_id: int) -> Events:
        """Take the news that a `Send` could not be written: the socket is closing or its peer does not read."""
        events = self._trading.unsent(now_ns, request_id) if request_id else []
        state = self._channels[channel]
        if state.is_open:
            events += self._drop(now_ns, state, "a message could not be written")
        return self._end(now_ns, events)

    def reply(self, now_ns: int, request_id: int, status: int, body: bytes) -> Events:
        """Take the answer to a `Request` (status 0: lost after sending, -1: never sent; the body then says why)."""
        call = self._calls.pop(request_id, None)
        if call is None:
            return ()
        return self._end(now_ns, self._answered(now_ns, call, status, body))

    def deadline(self, now_ns: int) -> Events:
        """Do what is due."""
        events = self._poll_channels(now_ns)
        events += self._trading.expire(now_ns)
        events += self.session.deadline(now_ns)
        self._ask_clock(now_ns)
        return self._end(now_ns, events)

    def _submit_other(self, now_ns: int, command: Any) -> Events:
        """Take a command that is not about an order's life."""
        kind = type(command)
        if kind is Resync:
            return self._end(now_ns, self.session.resync(now_ns, command.symbol, command.reason))
        if kind is Reconcile:
            return self._end(now_ns, self.session.reconcile(now_ns, command.reason))
        if kind is QueryOrder:
            asked = self._inquiry.reconciler.look_up(
                now_ns, command.client_id, command.venue_id, since_ns=now_ns - QUERY_SINCE_NS
            )
            refusal = f"{self.venue}: cannot ask about order {command.client_id or command.venue_id!r}: too many asked"
            return self._end(now_ns, [] if asked else [Alert(now_ns, "error", refusal)])
        return ()

    def stop(self, now_ns: int) -> Events:
        """Close everything; requests without an answer become unknown. Nothing follows until `start`."""
        events: list[Any] = []
        for query in self.session.farewell():
            # Ahead of all that waits: it is of no use any more.
            self._rest.withdraw(SESSION)
            self._rest.add(Call(query.kind, SESSION, query.parameters, query=query, rank=-1))
        events += self._pump(now_ns)
        self._running = False
        for state in self._channels.values():
            if state.phase in (Phase.CONNECTING, Phase.OPEN):
                events += self._drop(now_ns, state, "stopped")
            state.stop()
        return self._end(now_ns, events)

    # --- outputs ----------------------------------------------------------------------------------------------------

    def next_deadline(self) -> int:
        """When `deadline` is due; 0 never. Frames only move it to later, so an old answer is never too late."""
        if not self._running:
            return 0
        due_ns = self.other_due_ns
        if due_ns < 0:
            due_ns = self.other_due_ns = self._other_due()
        for state in self._channels.values():
            channel_ns = state.due_ns
            if channel_ns and (not due_ns or channel_ns < due_ns):
                due_ns = channel_ns
        return due_ns

    def _other_due(self) -> int:
        """What is due besides the channels; market data and heartbeats do not move it."""
        dues = (
            self._trading.entry.due_ns(),
            self.session.due_ns(),
            0 if self._rest.access.is_locked else self._inquiry.reconciler.due_ns(),
            self._rest.due_ns(self._now_ns),
            self._clock_due_ns if self._channels[PUBLIC].is_open else 0,
        )
        return min(filter(None, dues), default=0)

    def waiting_orders(self) -> list[str]:
        """See `RestQueue`."""
        return self._rest.waiting_orders()

    @property
    def in_doubt(self) -> int:
        """Orders whose fate is being looked up."""
        return len(self._inquiry.reconciler)

    @property
    def nonce(self) -> int:
        """The last nonce used; a later process with the same key must stay above it."""
        return self._rest.nonces.last

    @property
    def nonces(self) -> Nonces:
        """Those of its key, for whoever has them on the disk before they are used."""
        return self._rest.nonces

    @property
    def clock_offset_ns(self) -> int:
        """The venue's time minus ours, as estimated; 0 before the first estimate."""
        return self._trading.clock_offset_ns

    # --- frames -----------------------------------------------------------------------------------------------------

    def _message(self, now_ns: int, channel: str, state: Channel, payload: bytes) -> Events:
        if not state.is_open or not payload:
            return ()
        decoded = self.session.decode(payload, now_ns)
        kind = decoded.kind
        if kind is Kind.HEARTBEAT:
            return ()
        if kind is Kind.BOOK:
            # It may be what a session waits for that has to find its way into a book.
            return self._end(now_ns, decoded.events)
        if kind is Kind.RESPONSE:
            if decoded.error_class is ErrorClass.CLOCK:
                self._doubt_clock(now_ns)
            return self._end(now_ns, self._trading.response(now_ns, decoded))
        events: list[Any] = []
        if kind is Kind.MALFORMED:
            events += self._malformed(now_ns, channel, decoded.error)
        elif kind is Kind.PONG:
            events += self._pong(now_ns, decoded)
        elif kind is Kind.UNKNOWN:
            self.counters.unknown += 1
        events += self.session.message(now_ns, channel, decoded)
        state.subscribed = self.session.is_subscribed(channel)
        return self._end(now_ns, events)

    def _malformed(self, now_ns: int, channel: str, error: str) -> list[Any]:
        self.counters.malformed += 1
        if now_ns < self._malformed_alert_ns:
            return []
        self._malformed_alert_ns = now_ns + ALERT_PERIOD_NS
        text = f"{self.venue}: {channel} message not understood ({self.counters.malformed} so far): {error}"
        return [Alert(now_ns, "warning", text)]

    # --- channels ---------------------------------------------------------------------------------------------------

    def _poll_channels(self, now_ns: int) -> list[Any]:
        events: list[Any] = []
        for state in self._channels.values():
            while (step := state.poll(now_ns)) is not None:
                if step is Step.CONNECT:
                    self._actions.append(Connect(state.name, state.url))
                elif step is Step.PING:
                    self._ping(now_ns, state.name)
                elif step is Step.DEAD:
                    events += self._drop(now_ns, state, state.silence_text(now_ns))
                else:
                    text = (
                        f"{self.venue}: {state.budget.attempts_max} connection attempts in the last "
                        f"{state.budget.window_ns // (60 * SECOND_NS)} minutes: waiting, or the venue would ban us"
                    )
                    events.append(Alert(now_ns, "error", text))
                    break
        return events

    def _drop(self, now_ns: int, state: Channel, reason: str) -> list[Any]:
        self._actions.append(Disconnect(state.name, reason))
        return self._closed(now_ns, state, 1006, reason)

    def _closed(self, now_ns: int, state: Channel, code: int, reason: str) -> list[Any]:
        state.wait_min_ns = 5 * SECOND_NS if self.session.in_maintenance else 0
        again = state.closed(now_ns, code)
        reason = f"{reason} ({code})" if code and code != 1006 else reason
        events: list[Any] = list(self.session.closed(now_ns, state.name, reason))
        if state.name == PRIVATE:
            events += self._trading.lost(now_ns, reason)
        if not again:
            text = (
                f"{self.venue}: the {state.name} connection to {without_query(state.url)} was refused for good: "
                f"{reason}. "
                "Check the address, the certificate and the account, then start again"
            )
            events.append(Alert(now_ns, "critical", text))
        elif state.backoff.failures % FAILURES_ALERT == 0 and state.backoff.failures:
            tries = f"{state.backoff.failures} tries"
            text = f"{self.venue}: no {state.name} connection to {without_query(state.url)} after {tries}: {reason}"
            events.append(Alert(now_ns, "warning", text))
        return events

    # --- clock ------------------------------------------------------------------------------------------------------

    def _ping(self, now_ns: int, channel: str) -> None:
        request_id = self._trading.take_id()
        if len(self._pings) >= 16:
            self._pings.clear()
        self._pings[request_id] = now_ns
        self._actions.append(Send(channel, self.session.ping(request_id)))

    def _ask_clock(self, now_ns: int) -> None:
        if self._channels[PUBLIC].is_open and now_ns >= self._clock_due_ns:
            self._clock_due_ns = now_ns + self._clock.asked(is_off=self._clock_state is False)
            kind = self.session.clock_query
            if kind:
                self._rest.supersede(kind, CLOCK)
                self._rest.add(Call(kind, CLOCK, is_private=False))
            else:
                self._ping(now_ns, PUBLIC)

    def _doubt_clock(self, now_ns: int) -> None:
        """The venue refused a request for its time: one of the clocks was stepped since they were compared."""
        if now_ns - self._clock_doubted_ns >= CLOCK_DOUBT_NS:
            self._clock_doubted_ns = self._clock_due_ns = now_ns
            self._clock.forget()

    def _pong(self, now_ns: int, decoded: Decoded) -> list[Any]:
        sent_ns = self._pings.pop(decoded.request_id, 0)
        if not sent_ns or not decoded.time_in_ns:
            return []
        self._clock.add(sent_ns, now_ns, decoded.time_in_ns, server_sent_ns=decoded.time_out_ns)
        offset = self._clock.estimate()
        if offset is None:
            return []
        self._trading.clock_offset_ns = offset.offset_ns
        self.session.clock_offset(offset.offset_ns, offset.uncertainty_ns)
        for call in self._untimely:
            call.not_before_ns = now_ns
        self._untimely.clear()
        events: list[Any] = [ClockOffset(now_ns, self.venue, offset.offset_ns, offset.uncertainty_ns)]
        off_ns = abs(offset.offset_ns) - offset.uncertainty_ns
        good = off_ns <= self.settings.clock_offset_max_ns
        if good is not self._clock_state:
            self._clock_state = good
            if not good:
                direction = "behind" if offset.offset_ns > 0 else "ahead of"
                allowed_s = self.settings.clock_offset_max_ns / SECOND_NS
                text = (
                    f"{self.venue}: this machine's clock is {abs(offset.offset_ns) / SECOND_NS:.1f} s {direction} the "
                    f"venue's (allowed: {allowed_s:g} s): not quoting. Synchronise it "
                    "(timedatectl set-ntp true, or chronyc makestep) and start again"
                )
                events.append(Alert(now_ns, "error", text))
            events += self.session.clock_ok(now_ns, good)
        return events

    # --- REST -------------------------------------------------------------------------------------------------------

    def _answered(self, now_ns: int, call: Call, status: int, body: bytes) -> list[Any]:
        reason = f"HTTP status {status}" if status > 0 else body[:200].decode("utf-8", "replace")
        decoded = self.session.decode_reply(call.kind, status, body, now_ns) if status > 0 else None
        news = self._rest.access.answered(now_ns, call, status, decoded)
        self._rest.answered(call)
        if status <= 0 or status == 429 or status == BANNED or status >= 500:
            self.counters.call_failures += 1
            self._rest.breaker.fail(now_ns)
        else:
            self._rest.breaker.succeed()
        return self._access_told(now_ns, news) + self._answer_taken(now_ns, call, status, decoded, reason)

    def _access_told(self, now_ns: int, news: News) -> list[Any]:
        """Say that the venue shuts us out, or hears us again."""
        if news is News.NONE:
            return []
        if news is News.BACK:
            text = f"{self.venue}: answers again"
            return [Alert(now_ns, "warning", text), VenueStatus(now_ns, self.venue, self._status)]
        text = f"{self.venue}: banned (HTTP status {BANNED}): one call from time to time sees whether it is over. "
        text += "Orders that stand are the venue's timer's, or the watchdog's"
        events: list[Any] = [Alert(now_ns, "error", text)]
        if not self.session.can_cancel():
            # Orders go the same way: no new ones, and no cancels each second.
            events.append(VenueStatus(now_ns, self.venue, MAINTENANCE))
        return events

    def _answer_taken(self, now_ns: int, call: Call, status: int, decoded: Decoded | None, reason: str) -> list[Any]:
        if decoded is not None and not decoded.ok:
            reason = decoded.error or reason
            is_late = decoded.error_class is ErrorClass.CLOCK
            if is_late:
                self._doubt_clock(now_ns)
            again = (is_late or decoded.error_class is ErrorClass.NONCE) and type(call.command) is not Place
            if again and self._rest.retry_with_fresh_nonce(now_ns, call, CLOCK_DOUBT_NS if is_late else 0):
                if is_late:
                    self._untimely = [each for each in self._untimely if each.not_before_ns > now_ns] + [call]
                return []
            if decoded.error_class is ErrorClass.RATE:
                self._rest.counter.refused(now_ns)
        if not call.is_read:
            events = self._trading.rest_answer(now_ns, call, status, decoded, reason)
            if decoded is not None and call.command is not None:
                events += self._judge(now_ns, call.command, decoded)
            return events
        if decoded is not None and decoded.ok:
            self._rest.succeeded()
            if call.owner == INQUIRY:
                return self._inquiry.reply(now_ns, call, decoded)
            if call.owner == CLOCK:
                decoded.request_id = call.request_id
                return self._pong(now_ns, decoded)
            return list(self.session.reply(now_ns, call.query, decoded)) if call.query is not None else []
        return self._read_failed(now_ns, call, decoded, reason)

    def _read_failed(self, now_ns: int, call: Call, decoded: Decoded | None, reason: str) -> list[Any]:
        error_class = decoded.error_class if decoded is not None else ErrorClass.RETRY
        if error_class is ErrorClass.FATAL:
            return self._locked_out(now_ns, call.kind, reason)
        # The clock is asked again by itself, and an old answer is of no use.
        final = error_class in FINAL or call.owner == CLOCK
        if not final and self._rest.retry(now_ns, call, RATE_WAIT_NS if error_class is ErrorClass.RATE else 0):
            return []
        if call.owner == INQUIRY:
            return self._inquiry.refused(now_ns, call, error_class)
        return list(self.session.given_up(now_ns, call.query, reason)) if call.query is not None else []

    def _judge(self, now_ns: int, command: Command, decoded: Decoded) -> list[Any]:
        """An order request was answered, over whatever way."""
        if self._rest.access.judged(now_ns, command, decoded):
            return self._locked_out(now_ns, request_name(command), decoded.error)
        return []

    def _locked_out(self, now_ns: int, what: str, reason: str) -> list[Any]:
        """Key or rights refused: asking again would only lock the account (15 minutes after a few tries)."""
        self._rest.access.lock(now_ns)
        self._rest.withdraw(SESSION)
        self._inquiry.failed(now_ns)
        state = self._channels[PRIVATE]
        events: list[Any] = []
        if state.phase in (Phase.CONNECTING, Phase.OPEN):
            events += self._drop(now_ns, state, reason)
        state.phase = Phase.REFUSED
        text = (
            f"{self.venue}: {what} was refused: {reason}. Not trading. Check the API key, its secret and its "
            "rights, then start again"
        )
        return [*events, Alert(now_ns, "critical", text)]

    def _pump(self, now_ns: int) -> list[Any]:
        """Encode and send the calls whose turn it is; the nonce is drawn here, in the order of sending."""
        events: list[Any] = []
        while (call := self._rest.next_call(now_ns)) is not None:
            nonce = self._rest.nonces.draw(now_ns) if call.is_private else now_ns
            request_id = self._trading.take_id()
            if call.expires_ns and now_ns > call.expires_ns:
                self._rest.answered(call)
                events += self._trading.rest_unwritable(now_ns, call, "waited too long for its turn: not sent")
                continue
            if call.owner == CLOCK:
                call.request_id = request_id
                self._pings[request_id] = now_ns
            try:
                if call.is_read:
                    request = self.session.encode_query(call.kind, call.parameters, nonce)
                else:
                    request = self.session.encode_command(call.command, nonce)
            except LocalError as error:
                self._rest.answered(call)
                events += self._unwritable(now_ns, call, str(error))
                continue
            if call.query is not None:
                call.query.sent_ns = now_ns
            self._calls[request_id] = call
            self.counters.calls += 1
            wait_ns = PLACE_CONNECT_NS_MAX if type(call.command) is Place else call.timeout_ns
            self._actions.append(Request(self.venue, request_id, request, call.timeout_ns, wait_ns))
        return events

    def _unwritable(self, now_ns: int, call: Call, reason: str) -> list[Any]:
        """A call that cannot be written down is not tried again: it would be no different."""
        if not call.is_read:
            return self._trading.rest_unwritable(now_ns, call, reason)
        if call.owner == INQUIRY:
            self._inquiry.failed(now_ns)
            return [Alert(now_ns, "error", f"{self.venue}: {call.kind} cannot be asked: {reason}")]
        return list(self.session.given_up(now_ns, call.query, reason)) if call.query is not None else []

    # --- the end of every input -------------------------------------------------------------------------------------

    def _end(self, now_ns: int, events: Events) -> Events:
        """Carry out what the session wishes, look after inquiries, send what may be sent."""
        self._now_ns = now_ns
        self.other_due_ns = -1
        if self.session.urls != self._urls:
            self._take_addresses()
        if not isinstance(events, list):
            events = list(events)
        for event in events:
            self._inquiry.watch(now_ns, event)
            if type(event) is VenueStatus and not self._rest.access.is_banned:
                self._status = event.status
        if not self._running:
            self.session.wishes()
            return events
        while True:
            extra = self._grant(now_ns)
            if self.session.book_prefix is not self._book_prefix:
                self._take_prefixes()
            if not extra:
                if len(self._inquiry.reconciler) and not self._rest.access.is_locked:
                    self._inquiry.poll(now_ns)
                extra = self._pump(now_ns)
            if not extra:
                return events
            for event in extra:
                self._inquiry.watch(now_ns, event)
            events += extra

    def _take_prefixes(self) -> None:
        """Take how the book frames begin that go to the engine as they are."""
        self._book_prefix = prefix = self.session.book_prefix
        self.book_prefixes = prefix if isinstance(prefix, tuple) else (prefix,)

    def _take_addresses(self) -> None:
        """A channel without an address waits for one; one that is connected keeps the one that it has used."""
        self._urls = dict(self.session.urls)
        for name, url in self._urls.items():
            state = self._channels[name]
            state.is_held = not url
            state.url = url

    def _grant(self, now_ns: int) -> list[Any]:
        events: list[Any] = []
        for wish in self.session.wishes():
            if isinstance(wish, Transmit):
                if self._channels[wish.channel].is_open:
                    self._actions.append(Send(wish.channel, wish.payload))
            elif isinstance(wish, Query):
                call = Call(wish.kind, SESSION, wish.parameters, is_private=wish.is_private, query=wish)
                call.cost = self.session.call_cost(wish.kind)
                call.rank = BACKGROUND_RANK if wish.is_background else 0
                self._rest.supersede(wish.kind, SESSION, wish.subject)
                if not self._rest.add(call):
                    events += self.session.given_up(now_ns, wish, "too many REST calls wait")
            elif isinstance(wish, Reconnect):
                state = self._channels[wish.channel]
                if state.is_open:
                    events += self._drop(now_ns, state, wish.reason)
            elif isinstance(wish, Halt):
                events += self._locked_out(now_ns, "private channel", wish.reason)
        return events


__all__ = ["RESPONSE_TIMEOUT_NS", "Link", "LinkCounters", "LinkSettings"]
