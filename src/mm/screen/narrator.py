"""Events in a trader's words: fills, requotes, refusals, what the links do. Silent about what nobody acts on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from mm._core import events as ev
from mm.engine.differences import ALARMED, UNCOMPARED, told
from mm.engine.ladder import told as told_latch
from mm.screen.amounts import grouped, in_base, money, venue_title

if TYPE_CHECKING:
    from mm.instruments import Instrument

AMOUNT_PRECISION: Final = 12


LEFT_BEHIND: Final = "left by an earlier start"
"""The engine's reason for cancelling an order that it took over."""


@dataclass(slots=True)
class Happening:
    """One sentence. level: "info" (always said) or "debug"; key: equal keys in a row are one sentence, counted."""

    recv_ns: int
    text: str
    level: str = "info"
    key: str = ""
    count: int = 1
    extra: dict[str, Any] = field(default_factory=dict)

    def absorb(self, other: Happening) -> bool:
        """Become the sentence of both, if it says the same; for views that rewrite what they have said."""
        if not self.key or self.key != other.key:
            return False
        self.count += 1
        self.recv_ns = other.recv_ns
        return True


@dataclass(slots=True)
class Traded(Happening):
    """A fill, which joins the fills before it that are alike except for their size. size, fee: in their own units."""

    words: Callable[[int, int], str] = lambda size, fee: ""
    alike: tuple[Any, ...] = ()
    size: int = 0
    fee: int = 0

    def absorb(self, other: Happening) -> bool:
        """Add the other's size and fee."""
        if not isinstance(other, Traded) or other.alike != self.alike:
            return False
        self.count += other.count
        self.recv_ns = other.recv_ns
        self.size += other.size
        self.fee += other.fee
        self.text = self.words(self.size, self.fee)
        return True


class Narrator:
    """Tells events; `instruments` maps (venue, symbol) to what is traded and may grow."""

    def __init__(self, instruments: Mapping[tuple[str, str], Instrument]) -> None:
        self._instruments = instruments
        self._tell: Final[dict[type, Callable[[Any], Happening | None]]] = {
            ev.Fill: self._fill,
            ev.OrderRejected: self._rejected,
            ev.OrderDenied: self._denied,
            ev.OutcomeUnknown: self._unknown,
            ev.OrderAbsent: self._absent,
            ev.LinkChanged: self._link,
            ev.BookReset: self._reset,
            ev.VenueStatus: self._status,
            ev.ForeignOrders: self._foreign,
            ev.Alert: self._alert,
            ev.Difference: self._difference,
            ev.AccountRead: self._account_read,
            ev.Operator: self._operator,
            ev.SettingsChanged: self._settings,
            ev.Latched: self._latched,
            ev.OrderCanceled: self._canceled,
            ev.Place: self._place,
            ev.Amend: self._amend,
            ev.Cancel: self._cancel,
            ev.CancelRejected: self._cancel_rejected,
            ev.AmendRejected: self._amend_rejected,
        }

    def tell(self, event: Any) -> Happening | None:
        """A sentence about an event, or None."""
        tell = self._tell.get(type(event))
        return tell(event) if tell is not None else None

    def _of(self, venue: str, symbol: str, size: int, price: int) -> str:
        instrument = self._instruments.get((venue, symbol))
        if instrument is None:
            return f"{symbol} (unknown instrument)"
        shown = grouped(price, instrument.price_precision, instrument.price_precision)
        at = f"${shown}" if instrument.quote == "USD" else f"{shown} {instrument.quote}"
        return f"{in_base(instrument, size)} at {at}"

    def _fill(self, event: ev.Fill) -> Happening:
        verb = "Bought" if event.side > 0 else "Sold"
        how = {"m": " as maker", "t": " as taker"}.get(event.liquidity, "")

        def words(size: int, fee: int) -> str:
            what = self._of(event.venue, event.symbol, size, event.price)
            return f"{verb} {what}{how}, fee {money(fee, AMOUNT_PRECISION, event.fee_asset, places=4)}"

        return Traded(
            event.recv_ns,
            words(event.size, event.fee),
            extra={"execution_id": event.execution_id},
            words=words,
            alike=(event.venue, event.symbol, event.side, event.price, event.liquidity, event.fee_asset),
            size=event.size,
            fee=event.fee,
        )

    def _rejected(self, event: ev.OrderRejected) -> Happening:
        text = f"{venue_title(event.venue)} refused order {event.client_id}: {event.reason}"
        return Happening(event.recv_ns, text, key=f"rejected {event.reason}")

    def _denied(self, event: ev.OrderDenied) -> Happening:
        text = f"Own limits refused order {event.client_id}: {event.reason}"
        return Happening(event.recv_ns, text, key=f"denied {event.reason}")

    def _unknown(self, event: ev.OutcomeUnknown) -> Happening:
        text = f"Outcome of {event.request} of order {event.client_id} unknown ({event.reason}); asking the venue"
        return Happening(event.recv_ns, text, key=f"unknown {event.request} {event.client_id} {event.reason}")

    def _absent(self, event: ev.OrderAbsent) -> Happening:
        return Happening(event.recv_ns, f"Order {event.client_id} proved not to be at the venue: {event.evidence}")

    def _link(self, event: ev.LinkChanged) -> Happening:
        name = f"{venue_title(event.venue)} {event.channel} connection"
        reason = f" ({event.reason})" if event.reason else ""
        text = f"{name} is up{reason}" if event.up else f"{name} is down{reason}: not quoting on it"
        return Happening(event.recv_ns, text)

    def _reset(self, event: ev.BookReset) -> Happening:
        what = event.symbol or f"every symbol of {event.venue}"
        return Happening(event.recv_ns, f"Book of {what} is not to be trusted: {event.reason}; quotes are pulled")

    def _status(self, event: ev.VenueStatus) -> Happening:
        text = f"{venue_title(event.venue)} says its mode is {event.status}"
        return Happening(event.recv_ns, text, key=f"{event.venue} {event.status}")

    def _foreign(self, event: ev.ForeignOrders) -> Happening | None:
        if not event.count:
            return None
        text = (
            f"The {venue_title(event.venue)} account holds {event.count} orders that are not ours; they are left alone"
        )
        return Happening(event.recv_ns, text, key="foreign")

    def _alert(self, event: ev.Alert) -> Happening:
        return Happening(event.recv_ns, f"{event.severity.upper()}: {event.text}", key=event.text)

    def _difference(self, event: ev.Difference) -> Happening | None:
        if event.verdict in ALARMED:
            # Said by an alarm of its own.
            return None
        if event.verdict == UNCOMPARED:
            return Happening(event.recv_ns, f"Not reconciled: {told(event)}")
        return Happening(event.recv_ns, f"Reconciled {told(event)}", key=f"{event.venue} {event.what} {event.verdict}")

    def _account_read(self, event: ev.AccountRead) -> Happening:
        text = f"{event.venue}: the account was read with {event.calls} calls, {event.cost} points"
        if not event.is_complete:
            return Happening(event.recv_ns, f"{event.venue}: the account could not be read whole: {event.reason}")
        return Happening(event.recv_ns, text, level="debug")

    def _operator(self, event: ev.Operator) -> Happening:
        if event.action == "stop":
            return Happening(event.recv_ns, f"Stopping: {event.argument or 'asked to'}")
        argument = f" {event.argument}" if event.argument else ""
        return Happening(event.recv_ns, f"Operator: {event.action}{argument}")

    def _latched(self, event: ev.Latched) -> Happening:
        if event.is_on:
            return Happening(event.recv_ns, told_latch(event)[:1].upper() + told_latch(event)[1:])
        scope = f" ({event.scope})" if event.scope else ""
        return Happening(event.recv_ns, f"Kill ladder: {event.step}{scope} is let go")

    def _settings(self, event: ev.SettingsChanged) -> Happening:
        return Happening(event.recv_ns, "The settings were changed: the run goes by the new ones from here on")

    def _canceled(self, event: ev.OrderCanceled) -> Happening:
        """What nobody here asked for is news: a timer that ran out, a post-only order that would have taken."""
        asked = not event.reason or "user" in event.reason.lower()
        text = (
            f"{venue_title(event.venue)} cancelled order {event.client_id or event.venue_id}: {event.reason or 'asked'}"
        )
        return Happening(event.recv_ns, text, "debug" if asked else "info", key=f"cancelled {event.reason}")

    def _place(self, event: ev.Place) -> Happening:
        verb = "buy" if event.side > 0 else "sell"
        what = self._of(event.venue, event.symbol, event.size, event.price)
        return Happening(event.recv_ns, f"New {event.purpose} {event.client_id}: {verb} {what}", "debug")

    def _amend(self, event: ev.Amend) -> Happening:
        what = self._of(event.venue, event.symbol, event.size, event.price)
        # An amend states the whole size, with what is filled already.
        return Happening(event.recv_ns, f"Moved {event.client_id}, in all {what}", "debug")

    def _cancel(self, event: ev.Cancel) -> Happening:
        name = event.client_id or event.venue_id
        if event.reason == LEFT_BEHIND:
            return Happening(event.recv_ns, f"Order {name} was {event.reason}: cancelling it", key=event.reason)
        return Happening(event.recv_ns, f"Cancel {name}: {event.reason}", "debug")

    def _cancel_rejected(self, event: ev.CancelRejected) -> Happening:
        text = f"Cancel of {event.client_id or event.venue_id} refused: {event.reason}"
        return Happening(event.recv_ns, text, "debug" if event.gone else "info", key=f"cancel {event.reason}")

    def _amend_rejected(self, event: ev.AmendRejected) -> Happening:
        text = f"Amend of {event.client_id or event.venue_id} refused: {event.reason}"
        level = "debug" if event.code == "gone" else "info"
        return Happening(event.recv_ns, text, level, key=f"amend {event.reason}")
