"""From the journal's events to rows. Pure: the same records make the same rows, in one go or after any kill.

Events of later builds that have no row of their own are left out. An order, a fill or a payment has the (epoch, record)
of the journal that it came with, and nothing is made twice: an execution has one row, whoever tells of it again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from mm.instruments import Instrument
from mm.ownership import own_form
from mm.store.amounts import ZERO, added, amount_text, less, times, units_text
from mm.store.hedges import Hedges, desks_of
from mm.store.orders import OVER, WORDS, OrderRow, new_order
from mm.store.rows import Rows
from mm.store.tables import (
    BALANCES,
    DIFFERENCES,
    FILLS,
    FUNDING,
    GAPS,
    INSTRUMENTS,
    NOTES,
    ORDERS,
    POSITIONS,
    RECONCILIATIONS,
    STARTS,
    TRANSFERS,
    Row,
)

OWNER: Final = "mm"
FLOWS: Final = ("deposit", "withdrawal", "withdraw", "transfer")
"""Kinds of balance changes that are no trade, by their ends, as the engine has them."""
PRICE_E12: Final = 12
ABOUT_ORDERS: Final = frozenset({"Place", "Fill", *WORDS})
CONTRACT: Final = ":"
"""In the symbol of a contract, before what it settles in."""


class Projector:
    """rows: where rows are read and put."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._hedges = Hedges(rows)
        self._own = own_form(OWNER)
        self._instruments: dict[tuple[str, str], Instrument] = {}
        starts = rows.select(STARTS)
        if starts:
            self._hedges.desks = desks_of(max(starts, key=lambda row: row["epoch"])["config"].encode())
        self._handlers: dict[str, Callable[[int, int, Any], None]] = {
            "Start": self._start,
            "SettingsChanged": self._settings,
            "InstrumentUpdate": self._instrument,
            "Place": self._place,
            "Fill": self._fill,
            "FundingPaid": self._funding,
            "Balance": self._balance,
            "BalanceChange": self._balance_change,
            "PositionReport": self._position_report,
            "Operator": self._operator,
            "StrategyPaused": self._paused,
            "Latched": self._latch,
            "Difference": self._difference,
            "Reconciled": self._reconciled,
            **dict.fromkeys(WORDS, self._word),
        }

    def take_all(self, events: list[tuple[int, int, str, Any]]) -> None:
        """Take events, each with its epoch, its record and the build that wrote it, in order."""
        about = [event for *_, event in events if type(event).__name__ in ABOUT_ORDERS]
        self._rows.prefetch(ORDERS, ((event.venue, event.client_id) for event in about if event.client_id))
        fills = [event for event in about if type(event).__name__ == "Fill"]
        self._rows.prefetch(FILLS, ((event.venue, event.symbol, event.execution_id, "") for event in fills))
        for epoch, record, build, event in events:
            self.take(epoch, record, event)
            if type(event).__name__ == "Start":
                self._build(epoch, build)

    def take(self, epoch: int, record: int, event: Any) -> None:
        """Take the event of a record. Any: the kinds share no fields."""
        handler = self._handlers.get(type(event).__name__)
        if handler is not None:
            handler(epoch, record, event)

    def _build(self, epoch: int, build: str) -> None:
        """Say which program wrote an epoch."""
        row = self._rows.get(STARTS, epoch)
        if row is not None and row["build"] != build:
            self._rows.put(STARTS, row | {"build": build})

    # --- the run ----------------------------------------------------------------------------------------------------

    def _start(self, epoch: int, record: int, event: Any) -> None:
        config = event.config.decode(errors="replace")
        row = {"epoch": epoch, "record": record, "started_ns": event.recv_ns, "seed": event.seed, "build": ""}
        self._rows.put(STARTS, row | {"config": config})
        self._hedges.desks = desks_of(event.config)

    def _settings(self, epoch: int, record: int, event: Any) -> None:
        self._hedges.desks = desks_of(event.config)
        row = self._rows.get(STARTS, epoch)
        if row is not None:
            self._rows.put(STARTS, row | {"config": event.config.decode(errors="replace")})
        self._note(epoch, record, event, "settings", "", "the configuration was changed")

    def _instrument(self, epoch: int, record: int, event: Any) -> None:
        instrument = Instrument.from_json(event.definition)
        old = self._of(event.venue, event.symbol)
        if old is not None and old.meaning() != instrument.meaning() and self._has_open(event.venue, event.symbol):
            # The engine takes nothing more of this symbol in this run; what stands keeps the numbers it was made with.
            self._note(epoch, record, event, "instrument", event.symbol, "its decimals changed while orders stood")
            return
        self._instruments[event.venue, event.symbol] = instrument
        self._rows.put(
            INSTRUMENTS,
            {
                "venue": event.venue,
                "symbol": event.symbol,
                "base": instrument.base,
                "quote": instrument.settle or instrument.quote,
                "definition": event.definition.decode(),
                "epoch": epoch,
                "record": record,
            },
        )

    def _has_open(self, venue: str, symbol: str) -> bool:
        orders = self._rows.select(ORDERS, venue=venue, symbol=symbol)
        return any(order["state"] not in OVER for order in orders)

    def _of(self, venue: str, symbol: str) -> Instrument | None:
        found = self._instruments.get((venue, symbol))
        if found is None:
            row = self._rows.get(INSTRUMENTS, venue, symbol)
            if row is not None:
                found = self._instruments[venue, symbol] = Instrument.from_json(row["definition"].encode())
        return found

    def _operator(self, epoch: int, record: int, event: Any) -> None:
        self._note(epoch, record, event, "operator", event.action, event.argument)

    def _paused(self, epoch: int, record: int, event: Any) -> None:
        self._note(epoch, record, event, "strategy paused", event.strategy, event.reason)

    def _latch(self, epoch: int, record: int, event: Any) -> None:
        words = (event.scope, event.cause, event.reason)
        kind = "latched" if event.is_on else "let go"
        self._note(epoch, record, event, kind, str(event.step), ", ".join(word for word in words if word))

    def _note(self, epoch: int, record: int, event: Any, kind: str, subject: str, text: str) -> None:
        row = {"epoch": epoch, "record": record, "at_ns": event.recv_ns, "kind": kind, "subject": subject, "text": text}
        self._rows.put(NOTES, row)

    def _difference(self, epoch: int, record: int, event: Any) -> None:
        row: Row = {"epoch": epoch, "record": record, "at_ns": event.recv_ns, "amount": str(event.amount)}
        for name in ("venue", "what", "subject", "ours", "theirs", "evidence", "verdict"):
            row[name] = getattr(event, name)
        self._rows.put(DIFFERENCES, row)

    def _reconciled(self, epoch: int, record: int, event: Any) -> None:
        row: Row = {"epoch": epoch, "record": record, "at_ns": event.recv_ns}
        for name in ("venue", "begun_ns", "differences", "unexplained", "summary"):
            row[name] = getattr(event, name)
        self._rows.put(RECONCILIATIONS, row)

    # --- orders and fills -------------------------------------------------------------------------------------------

    def _place(self, epoch: int, record: int, event: Any) -> None:
        instrument = self._known(epoch, record, event)
        if instrument is not None and self._rows.get(ORDERS, event.venue, event.client_id) is None:
            self._rows.put(ORDERS, new_order(event, epoch, record, instrument))

    def _word(self, epoch: int, record: int, event: Any) -> None:
        row = self._order(event)
        if row is None:
            if type(event).__name__ != "OrderReport" or not self._is_left(event):
                return
            instrument = self._known(epoch, record, event)
            if instrument is None:
                return
            row = new_order(event, epoch, record, instrument)
        found = self._of(row["venue"], row["symbol"])
        if found is None:
            return
        order = OrderRow(row, found)
        if not row["venue_id"]:
            order.row["venue_id"] = event.venue_id
        order.take(event)
        self._rows.put(ORDERS, order.row)

    def _is_left(self, report: Any) -> bool:
        """Whether an earlier start left it: it is taken over, as the engine takes it over."""
        is_live = report.status not in ("filled", "canceled", "expired")
        return is_live and report.side != 0 and report.size > 0 and self._is_own(report.client_id)

    def _is_own(self, client_id: str) -> bool:
        return self._own.fullmatch(client_id) is not None

    def _order(self, event: Any) -> Row | None:
        """The order that a word is about: by our id, else by the venue's."""
        if event.client_id:
            row = self._rows.get(ORDERS, event.venue, event.client_id)
            if row is not None and event.venue_id and row["venue_id"] not in ("", event.venue_id):
                # The same id in an earlier life of the account: another order.
                row = None
            if row is not None:
                return row
        if event.venue_id:
            found = self._rows.select(ORDERS, venue=event.venue, venue_id=event.venue_id)
            return found[0] if found else None
        return None

    def _fill(self, epoch: int, record: int, event: Any) -> None:
        order = self._order(event)
        symbol = event.symbol or (order["symbol"] if order is not None else "")
        instrument = self._known(epoch, record, event)
        if instrument is None:
            return
        base = units_text(instrument.base_units(event.size), instrument.base_precision)
        cost = units_text(instrument.money(event.price * event.size), instrument.cost_precision)
        client_id = order["client_id"] if order is not None else event.client_id
        key = (event.venue, symbol, event.execution_id)
        twin = ""
        first = self._rows.get(FILLS, *key, twin)
        if first is not None and _is_of_another(first, client_id, event.venue_id):
            # Both sides of a trade with oneself, or an id that the venue used before: each order has its own.
            twin = client_id or event.venue_id
        is_new = self._rows.get(FILLS, *key, twin) is None
        if order is not None:
            moved = OrderRow(order, instrument)
            if not order["venue_id"]:
                moved.row["venue_id"] = event.venue_id
            moved.fill(event, cost, is_new=is_new)
            self._rows.put(ORDERS, moved.row)
        if not is_new:
            return
        is_own = order is not None or self._is_own(event.client_id)
        row: Row = {
            "venue": event.venue,
            "symbol": symbol,
            "execution_id": event.execution_id,
            "twin": twin,
            "client_id": client_id,
            "venue_id": event.venue_id,
            "strategy": order["strategy"] if order is not None else "",
            "purpose": order["purpose"] if order is not None else ("" if is_own else "foreign"),
            "liquidity": event.liquidity,
            "base": instrument.base,
            "quote": instrument.settle or instrument.quote,
            "fee_asset": event.fee_asset,
            "epoch": epoch,
            "record": record,
            "side": event.side,
            "is_own": int(is_own),
            "venue_ns": event.venue_ns,
            "recv_ns": event.recv_ns,
            "price": units_text(event.price, instrument.price_precision),
            "size": units_text(event.size, instrument.size_precision),
            "amount": base,
            "cost": cost,
            "fee": amount_text(event.fee),
        }
        row["position"] = self._positioned(epoch, record, row, instrument)
        self._rows.put(FILLS, row)
        if is_own or CONTRACT in symbol:
            self._hedges.fill(row)

    def _positioned(self, epoch: int, record: int, fill: Row, instrument: Instrument) -> str:
        """Add a fill to its position; returns what is held then, in base units."""
        held = self._position(epoch, record, fill["venue"], fill["symbol"], instrument)
        if fill["is_own"] or CONTRACT in fill["symbol"]:
            side = "bought" if fill["side"] > 0 else "sold"
            held |= {
                "fills": held["fills"] + 1,
                side: added(held[side], fill["amount"]),
                "cash": (less if fill["side"] > 0 else added)(held["cash"], fill["cost"]),
                "position": (added if fill["side"] > 0 else less)(held["position"], fill["amount"]),
                "price": fill["price"],
                "updated_ns": fill["recv_ns"],
                "epoch": epoch,
                "record": record,
            }
            self._rows.put(POSITIONS, held)
        return str(held["position"])

    def _position(self, epoch: int, record: int, venue: str, symbol: str, instrument: Instrument) -> Row:
        found = self._rows.get(POSITIONS, venue, symbol)
        if found is not None:
            return dict(found)
        row: Row = {"venue": venue, "symbol": symbol, "base": instrument.base}
        row |= {"quote": instrument.settle or instrument.quote, "fills": 0, "updated_ns": 0}
        row |= {"epoch": epoch, "record": record, "price": None, "venue_position": None}
        return row | dict.fromkeys(("bought", "sold", "position", "cash"), ZERO)

    def _known(self, epoch: int, record: int, event: Any) -> Instrument | None:
        """The instrument of an event; without it its numbers mean nothing, and that is told as a gap."""
        found = self._of(event.venue, event.symbol)
        if found is None:
            reason = f"{type(event).__name__} of {event.symbol} on {event.venue} before its instrument was told"
            self.gap(epoch, record, record + 1, event.recv_ns, reason)
        return found

    def gap(self, epoch: int, record: int, until: int, found_ns: int, reason: str) -> None:
        """Say that records are not in the store."""
        row = {"epoch": epoch, "record": record, "until_record": until, "found_ns": found_ns, "reason": reason}
        self._rows.put(GAPS, row)

    # --- accounts ---------------------------------------------------------------------------------------------------

    def _funding(self, epoch: int, record: int, event: Any) -> None:
        if self._rows.get(FUNDING, event.venue, event.symbol, event.record_id) is not None:
            return
        self._rows.put(
            FUNDING,
            {
                "venue": event.venue,
                "symbol": event.symbol,
                "record_id": event.record_id,
                "asset": event.asset,
                "epoch": epoch,
                "record": record,
                "side": event.side,
                "venue_ns": event.venue_ns,
                "amount": amount_text(event.amount),
                "rate": units_text(event.rate_e12, PRICE_E12),
                "position_value": amount_text(event.position_value),
            },
        )

    def _balance(self, epoch: int, record: int, event: Any) -> None:
        row = {"venue": event.venue, "asset": event.asset, "source": getattr(event, "source", "ledger")}
        row |= {"epoch": epoch, "record": record, "updated_ns": event.recv_ns, "total": amount_text(event.total)}
        self._rows.put(BALANCES, row)

    def _balance_change(self, epoch: int, record: int, event: Any) -> None:
        self._balance(epoch, record, event)
        if not event.kind.lower().endswith(FLOWS):
            return
        # A venue without ids of its own tells each of them once.
        ledger_id = event.ledger_id or f"{epoch}-{record}"
        if self._rows.get(TRANSFERS, event.venue, ledger_id) is None:
            row = {"venue": event.venue, "ledger_id": ledger_id, "kind": event.kind, "asset": event.asset}
            row |= {"epoch": epoch, "record": record, "venue_ns": event.venue_ns}
            amounts = {"amount": amount_text(event.amount), "fee": amount_text(event.fee)}
            self._rows.put(TRANSFERS, row | amounts)

    def _position_report(self, epoch: int, record: int, event: Any) -> None:
        instrument = self._of(event.venue, event.symbol)
        if instrument is None:
            return
        size = units_text(instrument.base_units(event.size), instrument.base_precision)
        held = self._position(epoch, record, event.venue, event.symbol, instrument)
        held |= {"venue_position": times(size, event.side), "epoch": epoch, "record": record}
        held["updated_ns"] = event.recv_ns
        self._rows.put(POSITIONS, held)


def _is_of_another(fill: Row, client_id: str, venue_id: str) -> bool:
    """Whether a fill is another order's: by our ids, else by the venue's; not where neither is told of both."""
    if fill["client_id"] and client_id:
        return bool(fill["client_id"] != client_id)
    return bool(fill["venue_id"] and venue_id and fill["venue_id"] != venue_id)
