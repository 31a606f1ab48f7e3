"""What has to be read after each login, and after a message that could not be read, before the private side is up.

Open orders come in pages and are told together when the last is there: what a complete list leaves out is in doubt, so
that its rows must be of one moment. While all is well, deals, positions, position mode, leverage and fee rates are read
again each minute: the streams carry no numbers by which a lost message would show, and a position can be cut, or the
mode changed, by hands that are not ours. (MEXC Futures reference: private channels, positions and account.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from mm._core.events import Alert, Fill, OpenOrdersRead, OrderReport
from mm.exchanges.audit import PROOF, Audit
from mm.exchanges.foreign import ForeignCounter
from mm.exchanges.mexc_futures.history import HistoryReader
from mm.exchanges.mexc_futures.newest import Newest
from mm.exchanges.mexc_futures.numbers import MS, VENUE
from mm.exchanges.mexc_futures.rest_requests import DEALS_PAGE, ORDERS_PAGE
from mm.exchanges.session import Query, Wish
from mm.exchanges.venue import Decoded

AUDIT_NS: Final = 60_000_000_000
OPEN_ORDER_PAGES_MAX: Final = 20
BY_SYMBOL: Final = ("leverage", "fees", "funding_records")
WHOLE: Final = frozenset({"open_orders", "positions", "assets", "trades_history", "position_mode", *BY_SYMBOL})
"""What has to be read before orders go."""
FUNDING_WAIT_NS: Final = 10_000_000_000
"""But for records of funding that are not answered for so long: no order depends on them, and they are read again."""


class Recovery:
    """The reads of one private connection. readable: which contracts' deals can be read; wish: takes the reads; owner:
    how client ids of own orders begin."""

    def __init__(
        self,
        symbols: Sequence[str],
        readable: Callable[[], Sequence[str]],
        owner: str,
        wish: Callable[[Wish], None],
    ) -> None:
        self._symbols, self._readable, self._wish = symbols, readable, wish
        self._history = HistoryReader()
        self._newest = Newest()
        self._foreign = ForeignCounter(VENUE, owner)
        self.audit = Audit(VENUE, lambda kind: 1)
        self._generation = 0
        self._read: set[str] = set()
        self._awaited: set[tuple[str, str]] = set()
        self._reports: list[OrderReport] = []
        self._wished_ns = self._asked_ns = 0
        """When the list that is awaited was wished, and when its first page was asked for."""
        self._last_fill_ns = 0
        self.offset_ns = 0
        """The venue's time minus ours."""
        self.is_begun = False
        """The stream is on, and the reads were asked for."""
        self.audit_due_ns = self.funding_due_ns = 0

    @property
    def is_complete(self) -> bool:
        """Everything has been read."""
        return self.is_begun and self._read >= WHOLE

    def start(self, now_ns: int, history_since_ns: int) -> None:
        """Fills before `history_since_ns` are booked; without one (0) those before now are nobody's."""
        self._last_fill_ns = history_since_ns or now_ns

    def forget(self) -> None:
        """A new life: what is answered about the old one is not about this one."""
        self._generation += 1
        self.is_begun = False
        self._read.clear()
        self._awaited.clear()
        self._reports.clear()
        self._newest.forget()
        self.audit.forget()
        self.audit_due_ns = self.funding_due_ns = 0

    def begin(self, now_ns: int) -> None:
        """The stream is on: from now on nothing is missed, so that what is read now is complete."""
        self.forget()
        self.is_begun = True
        self.funding_due_ns = now_ns + FUNDING_WAIT_NS
        self._ask_orders(now_ns)
        for kind in ("positions", "assets", "position_mode"):
            self._ask(kind, {})
        self._await("leverage")
        self._await("fees")
        self.read_history(now_ns, self._last_fill_ns)
        # The last: one that is not answered holds up what is asked for after it.
        self._await("funding_records")

    def resume(self, now_ns: int, *, is_up: bool) -> None:
        """Ask again for what could not be read."""
        if self.is_begun and not is_up:
            self.begin(now_ns)
        elif self._history.resume(self._venue_ms(now_ns), self._readable()):
            self._wish_page()

    def deadline(self, now_ns: int) -> bool:
        """Look once more whether the stream has told everything, where nobody has asked for it lately; whether that
        was due."""
        is_due = 0 < self.audit_due_ns <= now_ns
        if is_due:
            self.reconcile(now_ns, "nobody has asked for it lately")
        return is_due

    def stop_waiting(self, now_ns: int) -> bool:
        """Wait no longer for records of funding; whether that was due."""
        is_due = 0 < self.funding_due_ns <= now_ns
        if is_due:
            self.funding_due_ns = 0
            self._read.add("funding_records")
        return is_due

    def reconcile(self, now_ns: int, reason: str) -> None:
        """Read all of it once more, behind all other reads; the contracts' definitions are the session's to read."""
        self.audit_due_ns = now_ns + AUDIT_NS
        each = [(kind, symbol) for kind in ("contracts", "funding_records") for symbol in self._symbols]
        fills = ("fills",) if self._readable() else ()
        self.audit.begin(now_ns, ("open_orders", "positions", "assets", "position_mode", *fills, *each), reason)
        for kind in ("positions", "assets", "position_mode"):
            self._ask(kind, {}, is_background=True)
        for kind in BY_SYMBOL:
            for symbol in self._symbols:
                self.ask_of(kind, symbol, is_background=True)
        # An order whose end was not told would stand here for ever.
        self._ask_orders(now_ns, is_background=reason != PROOF)
        if not self._history.is_running:
            self._request_history(now_ns, self._last_fill_ns)
        self._wish_page(is_background=True)

    def ask_of(self, kind: str, symbol: str, *, is_background: bool = False) -> None:
        """Ask for one of `BY_SYMBOL`. An answer counts for whoever waits for it: a later wish takes an earlier one's
        place."""
        page = {"page": 1} if kind == "funding_records" else {}
        self._ask(kind, {"symbol": symbol, **page}, symbol, is_background=is_background)

    def _await(self, kind: str) -> None:
        for symbol in self._symbols:
            self._awaited.add((kind, symbol))
            self.ask_of(kind, symbol)

    def _ask_orders(self, now_ns: int, *, is_background: bool = False) -> None:
        self._reports.clear()
        self._wished_ns = now_ns
        self._ask("open_orders", {"page": 1}, is_background=is_background)

    def up(self, now_ns: int) -> None:
        """The private side is up: fills that come are newer than all that was read."""
        self.audit_due_ns = now_ns + AUDIT_NS

    def pushed(self, now_ns: int, events: list[Any], *, is_up: bool) -> list[Any]:
        """Take the events of a private push."""
        events = self._newest.pushed(events)
        events += self._foreign.follow(now_ns, events)
        if is_up:
            self._note_fills(events)
        return events

    # --- answers ----------------------------------------------------------------------------------------------------

    def answered(self, now_ns: int, query: Query, decoded: Decoded) -> list[Any]:
        """Take the answer to one of the reads."""
        kind = query.kind
        events = list(decoded.events)
        if kind == "trades_history":
            return self._history_page(now_ns, query, decoded, events)
        if kind == "assets":
            events += self.audit.left_out(now_ns, events)
        if kind in ("positions", "assets"):
            events = self._newest.read(now_ns, kind, events, query.sent_ns)
        if query.generation != self._generation:
            return events
        if kind == "open_orders":
            return self._open_orders(now_ns, query, decoded, events)
        self.done(query)
        return events + self.audit.read(now_ns, kind, query.sent_ns)

    def done(self, query: Query) -> None:
        """A read is over, or is given up where nothing depends on it."""
        if query.generation != self._generation:
            return
        self._awaited.discard((query.kind, query.subject))
        if all(kind != query.kind for kind, _ in self._awaited):
            self._read.add(query.kind)

    def history_failed(self) -> None:
        """The awaited page cannot be read."""
        self._history.failed()

    def read_history(self, now_ns: int, since_ns: int) -> None:
        """Read own deals since a time, or since the last booked fill if that is earlier."""
        self._request_history(now_ns, since_ns)
        self._wish_page()

    def _request_history(self, now_ns: int, since_ns: int) -> None:
        symbols = self._readable()
        self._history.request(self._venue_ms(now_ns), min(since_ns, self._last_fill_ns) // MS, symbols)
        if not symbols:
            # No deals can be asked for; positions tell what came of them.
            self._read.add("trades_history")

    def _open_orders(self, now_ns: int, query: Query, decoded: Decoded, events: list[Any]) -> list[Any]:
        page = query.parameters["page"]
        if query.sent_ns < self._wished_ns:
            # Of a list that is read anew.
            return events
        if page == 1:
            self._reports.clear()
            self._asked_ns = query.sent_ns
        self._reports += [event for event in events if type(event) is OrderReport]
        is_last = not decoded.rows or decoded.total <= (page - 1) * ORDERS_PAGE + decoded.rows
        if not is_last and page < OPEN_ORDER_PAGES_MAX:
            self._ask("open_orders", {"page": page + 1}, is_background=query.is_background)
            return []
        reports = [_told_at(now_ns, report) for report in self._reports]
        self._reports.clear()
        self._read.add("open_orders")
        foreign = self._foreign.read(now_ns, reports, self._asked_ns)
        events = [*reports, *foreign, OpenOrdersRead(now_ns, VENUE, is_last, len(reports), self._asked_ns)]
        if is_last:
            return events + self.audit.read(now_ns, "open_orders", self._asked_ns)
        return events + self.audit.failed(now_ns, "more open orders than can be paged")

    def _history_page(self, now_ns: int, query: Query, decoded: Decoded, events: list[Any]) -> list[Any]:
        asked = query.parameters
        page = (asked["symbol"], asked["from_ms"], asked["to_ms"], asked["page"])
        if query.generation != self._history.generation or page != self._history.page:
            return events
        more = self._history.read(decoded.rows, decoded.total, DEALS_PAGE)
        self._note_fills(events)
        if more:
            self._wish_page(is_background=query.is_background)
        elif self._history.is_truncated:
            text = f"{VENUE}: the list of deals is longer than can be paged: fills may be missing"
            events.append(Alert(now_ns, "critical", text))
        elif self.is_begun:
            self._read.add("trades_history")
            return events + self.audit.read(now_ns, "fills")
        return events

    def _ask(self, kind: str, parameters: dict[str, Any], subject: str = "", *, is_background: bool = False) -> None:
        self.audit.asks(kind)
        self._wish(Query(kind, parameters, True, is_background, subject, self._generation))

    def _wish_page(self, *, is_background: bool = False) -> None:
        page = self._history.page
        if page is not None:
            symbol, from_ms, to_ms, number = page
            parameters = {"symbol": symbol, "from_ms": from_ms, "to_ms": to_ms, "page": number}
            self.audit.asks("trades_history")
            self._wish(Query("trades_history", parameters, True, is_background, "", self._history.generation))

    def _note_fills(self, events: Sequence[Any]) -> None:
        for event in events:
            if type(event) is Fill and event.venue_ns > self._last_fill_ns:
                self._last_fill_ns = event.venue_ns

    def _venue_ms(self, now_ns: int) -> int:
        return (now_ns + self.offset_ns) // MS


def _told_at(now_ns: int, report: OrderReport) -> OrderReport:
    _, *rest = report.values()
    return OrderReport(now_ns, *rest)  # type: ignore[arg-type]  # the values of the very class
