"""What has to be read after each connect, and after a message that could not be read, before the private side is up.

Open orders are read symbol by symbol, and told together when the last list is there: what a complete list leaves out is
in doubt, so that its rows must be of one moment. Trades are read since before the last booked fill. All of it is read
again when the engine reconciles, and each minute where it does not: the streams carry no numbers by which a lost
message would show. (MEXC Spot reference: private streams, queries.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from mm._core.events import Alert, Fill, OpenOrdersRead, OrderReport
from mm.exchanges.audit import PROOF, Audit
from mm.exchanges.foreign import ForeignCounter
from mm.exchanges.mexc_spot.history import HistoryReader
from mm.exchanges.mexc_spot.numbers import MS, VENUE
from mm.exchanges.newest_balances import NewestBalances
from mm.exchanges.session import Query, Wish

AUDIT_NS: Final = 60_000_000_000


class Recovery:
    """The reads of one private connection. symbols: tells which can be read; wish: takes the reads; owner: how client
    ids of own orders begin; cost: what a read weighs, by its kind."""

    def __init__(
        self, symbols: Callable[[], Sequence[str]], owner: str, wish: Callable[[Wish], None], cost: Callable[[str], int]
    ) -> None:
        self._symbols, self._wish = symbols, wish
        self._history = HistoryReader()
        self._balances = NewestBalances()
        self._foreign = ForeignCounter(VENUE, owner)
        self.audit = Audit(VENUE, cost)
        self._generation = 0
        self._awaited: set[str] = set()
        self._reports: list[OrderReport] = []
        self._wished_ns = self._asked_ns = 0
        """When the lists that are awaited were wished, and when the first of them that was answered was asked for."""
        self._account_read = self._history_read = False
        self._last_fill_ns = 0
        self.offset_ns = 0
        """The venue's time minus ours."""
        self.is_begun = False
        """The streams are on, and the reads were asked for."""
        self.audit_due_ns = 0

    @property
    def is_complete(self) -> bool:
        """Everything has been read."""
        return self.is_begun and not self._awaited and self._account_read and self._history_read

    def start(self, now_ns: int, history_since_ns: int) -> None:
        """Fills before `history_since_ns` are booked; without one (0) those before now are nobody's."""
        self._last_fill_ns = history_since_ns or now_ns

    def forget(self) -> None:
        """A new life: what is answered about the old one is not about this one."""
        self._generation += 1
        self.is_begun = self._account_read = self._history_read = False
        self._awaited.clear()
        self._reports.clear()
        self._balances.forget()
        self.audit.forget()
        self.audit_due_ns = 0

    def begin(self, now_ns: int) -> None:
        """The streams are on: from now on nothing is missed, so that what is read now is complete."""
        self.forget()
        self.is_begun = True
        self._ask_orders(now_ns)
        self._wish(Query("account", generation=self._generation))
        self.read_history(now_ns, self._last_fill_ns)

    def resume(self, now_ns: int, *, is_up: bool) -> None:
        """Ask again for what could not be read."""
        if self.is_begun and not is_up:
            self.begin(now_ns)
        elif self._history.resume(self._venue_ms(now_ns), self._symbols()):
            self._wish_page()

    def deadline(self, now_ns: int) -> None:
        """Read it all once more, where nobody has asked for it lately."""
        if 0 < self.audit_due_ns <= now_ns:
            self.reconcile(now_ns, "nobody has asked for it lately")

    def reconcile(self, now_ns: int, reason: str) -> None:
        """Read the open orders, the balances and the newest trades once more, behind all other reads."""
        self.audit_due_ns = now_ns + AUDIT_NS
        self.audit.begin(now_ns, ("open_orders", "account", "fills") if self._symbols() else ("account",), reason)
        self._ask_orders(now_ns, is_background=reason != PROOF)
        self.audit.asks("account")
        self._wish(Query("account", is_background=True, generation=self._generation))
        if not self._history.is_running:
            self._request_history(now_ns, self._last_fill_ns)
        self._wish_page(is_background=True)

    def _ask_orders(self, now_ns: int, *, is_background: bool = False) -> None:
        self._reports.clear()
        self._wished_ns, self._asked_ns = now_ns, 0
        self._awaited = set(self._symbols())
        for symbol in self._symbols():
            self.audit.asks("open_orders")
            parameters = {"symbol": symbol}
            self._wish(Query("open_orders", parameters, True, is_background, symbol, self._generation))

    def up(self, now_ns: int) -> None:
        """The private side is up: fills that come are newer than all that was read."""
        self.audit_due_ns = now_ns + AUDIT_NS

    def pushed(self, now_ns: int, events: list[Any], *, is_up: bool) -> list[Any]:
        """Take the events of a private push."""
        events = self._balances.pushed(events)
        events += self._foreign.follow(now_ns, events)
        if is_up:
            self._note_fills(events)
        return events

    # --- answers ----------------------------------------------------------------------------------------------------

    def orders(self, now_ns: int, query: Query, events: list[Any]) -> list[Any]:
        """Take the list of one symbol; all of them are told with the last. One that was asked for before they were
        wished is none of them."""
        is_awaited = query.subject in self._awaited and query.sent_ns >= self._wished_ns
        if query.generation != self._generation or not is_awaited:
            return events
        self._awaited.discard(query.subject)
        self._asked_ns = min(self._asked_ns or query.sent_ns, query.sent_ns)
        self._reports += [event for event in events if type(event) is OrderReport]
        if self._awaited:
            return []
        reports = [_told_at(now_ns, report) for report in self._reports]
        self._reports.clear()
        foreign = self._foreign.read(now_ns, reports, self._asked_ns)
        events = [*reports, *foreign, OpenOrdersRead(now_ns, VENUE, True, len(reports), self._asked_ns)]
        return events + self.audit.read(now_ns, "open_orders", self._asked_ns)

    def account(self, now_ns: int, query: Query, events: list[Any]) -> list[Any]:
        """Take the balances of the account."""
        events = self._balances.read([*events, *self.audit.left_out(now_ns, events)], query.sent_ns)
        if query.generation == self._generation:
            self._account_read = True
            events += self.audit.read(now_ns, "account", query.sent_ns)
        return events

    def history(self, now_ns: int, query: Query, rows: int, events: list[Any]) -> list[Any]:
        """Take a page of trades."""
        asked = query.parameters
        page = (asked["symbol"], asked["from_ms"], asked["to_ms"])
        if query.generation != self._history.generation or page != self._history.page:
            return events
        more = self._history.read(rows)
        self._note_fills(events)
        if more:
            self._wish_page(is_background=query.is_background)
        elif self._history.is_truncated:
            text = f"{VENUE}: more fills in one millisecond than can be listed: some may be missing"
            events.append(Alert(now_ns, "critical", text))
        else:
            self._history_read = True
            return events + self.audit.read(now_ns, "fills")
        return events

    def history_failed(self) -> None:
        """The awaited page cannot be read."""
        self._history.failed()

    def read_history(self, now_ns: int, since_ns: int) -> None:
        """Read own trades since a time, or since the last booked fill if that is earlier."""
        self._request_history(now_ns, since_ns)
        self._wish_page()

    def _request_history(self, now_ns: int, since_ns: int) -> None:
        symbols = self._symbols()
        self._history.request(self._venue_ms(now_ns), min(since_ns, self._last_fill_ns) // MS, symbols)
        if not symbols:
            # Nothing can be asked for: what is in doubt stays so, and balances are known all the same.
            self._history_read = True

    def _wish_page(self, *, is_background: bool = False) -> None:
        page = self._history.page
        if page is not None:
            symbol, from_ms, to_ms = page
            parameters = {"symbol": symbol, "from_ms": from_ms, "to_ms": to_ms}
            self.audit.asks("trades_history")
            self._wish(Query("trades_history", parameters, True, is_background, "", self._history.generation))

    def _note_fills(self, events: Sequence[Any]) -> None:
        for event in events:
            if type(event) is Fill and event.venue_ns > self._last_fill_ns:
                self._last_fill_ns = event.venue_ns

    def _venue_ms(self, now_ns: int) -> int:
        return (now_ns + self.offset_ns) // MS


def _told_at(now_ns: int, report: OrderReport) -> OrderReport:
    return OrderReport(
        now_ns,
        report.venue_ns,
        report.venue,
        report.client_id,
        report.venue_id,
        report.symbol,
        report.side,
        report.status,
        report.price,
        report.size,
        report.cum_size,
        report.reason,
        report.source,
    )
