"""The rows of which messages and replies are made, as events. Every reader raises ValueError that names the field."""

from __future__ import annotations

from typing import Any, Final

from examples.venue.lantern.terms import ENDS, NAME, SIDES, STATUSES, own_symbol
from mm._core.events import (
    Balance,
    Fill,
    InstrumentUpdate,
    OrderAccepted,
    OrderAmended,
    OrderCanceled,
    OrderExpired,
    OrderReport,
    Trade,
    VenueStatus,
)
from mm._core.fixed import amount, to_units
from mm.exchanges.known_orders import KnownOrders
from mm.exchanges.wire import Malformed, Row, array, digits, integer, mapping, text, units
from mm.instruments import Instrument

MODES: Final = frozenset({"online", "post_only", "cancel_only", "limit_only", "maintenance"})


class Rows:
    """instruments: by our symbol, filled by `instrument`; known: orders, shared with the codec."""

    def __init__(self, instruments: dict[str, Instrument], known: KnownOrders) -> None:
        self._instruments, self._known = instruments, known

    # --- public -----------------------------------------------------------------------------------------------------

    def instrument(self, row: Row, now_ns: int) -> InstrumentUpdate:
        """Read a row like {"symbol":"BTC-USD","price_decimals":2,"tick":"0.01","size_min":"0.0001",...}."""
        symbol = own_symbol(text(row, "symbol"))
        base, _, quote = symbol.partition("/")
        prices, sizes = integer(row, "price_decimals"), integer(row, "size_decimals")
        instrument = Instrument(
            venue=NAME,
            symbol=symbol,
            base=base,
            quote=quote,
            settle=quote,
            price_precision=prices,
            size_precision=sizes,
            tick=units(row, "tick", prices, allow_zero=False),
            size_min=units(row, "size_min", sizes, allow_zero=False),
            cost_min=units(row, "cost_min", prices + sizes),
            status=_mode(row),
            maker_fee_e8=_rate(row, "maker_fee"),
            taker_fee_e8=_rate(row, "taker_fee"),
        )
        self._instruments[symbol] = instrument
        return InstrumentUpdate(now_ns, NAME, symbol, instrument.to_json())

    def status(self, message: Row, now_ns: int) -> tuple[Any, ...]:
        """Read {"channel":"status","status":"maintenance"}."""
        return (VenueStatus(now_ns, NAME, _mode(message)),)

    def trades(self, message: Row, now_ns: int) -> tuple[Any, ...]:
        """Read {"channel":"trades","symbol":"BTC-USD","trades":[{"id":"9","side":"buy",...}]}."""
        instrument = self._known_instrument(message)
        return tuple(
            Trade(
                now_ns,
                integer(row, "time"),
                NAME,
                instrument.symbol,
                _side(row),
                units(row, "price", instrument.price_precision, allow_zero=False),
                units(row, "size", instrument.size_precision, allow_zero=False),
                text(row, "id"),
            )
            for row in (mapping(each, "trade") for each in array(message.get("trades"), "trades"))
        )

    # --- private ----------------------------------------------------------------------------------------------------

    def account(self, message: Row, now_ns: int) -> tuple[Any, ...]:
        """Read a message of the account channel."""
        kind = text(message, "kind")
        if kind == "order":
            return (self._order_step(mapping(message.get("order"), "order"), text(message, "step"), now_ns),)
        if kind == "execution":
            return (self.execution(mapping(message.get("execution"), "execution"), now_ns),)
        if kind == "balance":
            return (self.balance(mapping(message.get("balance"), "balance"), now_ns, "stream"),)
        return ()

    def _order_step(self, row: Row, step: str, now_ns: int) -> Any:
        """A terminal word is evidence of the end, with what was filled; everything else is a state on the way."""
        report = self.order(row, now_ns, "stream")
        head = (now_ns, report.venue_ns, NAME, report.client_id, report.venue_id)
        if step == "new":
            return OrderAccepted(*head)
        if step == "amended":
            return OrderAmended(*head, report.price, report.size, report.cum_size)
        if report.status == "canceled":
            return OrderCanceled(*head, report.cum_size, report.reason)
        if report.status == "expired":
            return OrderExpired(*head, report.cum_size, report.reason)
        return report

    def order(self, row: Row, now_ns: int, source: str) -> OrderReport:
        """Read {"id":"9100000000000000417","client_id":"mm1Q1","status":"new","price":"60000.00",...}.

        Ids are text: as JSON numbers they would be beyond what a double holds.
        """
        instrument = self._known_instrument(row)
        status = text(row, "status")
        if status not in STATUSES:
            raise Malformed("status: expected new, partially_filled, filled, canceled or expired")
        side, venue_id = _side(row), text(row, "id")
        price = units(row, "price", instrument.price_precision)
        size = units(row, "size", instrument.size_precision)
        known = self._known.remember(text(row, "client_id", ""), venue_id, instrument.symbol, side, price, size)
        if status in ENDS:
            self._known.close(known)
        return OrderReport(
            now_ns,
            integer(row, "time"),
            NAME,
            known.client_id,
            venue_id,
            instrument.symbol,
            side,
            status,
            price,
            size,
            units(row, "filled", instrument.size_precision),
            # Why, where it is news: what the account's own request ended is none.
            "" if row.get("reason") == "requested" else text(row, "reason", ""),
            source,
        )

    def execution(self, row: Row, now_ns: int) -> Fill:
        """Read {"id":"77","order_id":"91...","price":"60000.00","size":"0.01","liquidity":"maker","fee":"0.6",...}."""
        instrument = self._known_instrument(row)
        liquidity = text(row, "liquidity")
        if liquidity not in ("maker", "taker"):
            raise Malformed("liquidity: expected maker or taker")
        return Fill(
            now_ns,
            integer(row, "time"),
            NAME,
            text(row, "client_id", ""),
            text(row, "order_id"),
            instrument.symbol,
            _side(row),
            text(row, "id"),
            units(row, "price", instrument.price_precision, allow_zero=False),
            units(row, "size", instrument.size_precision, allow_zero=False),
            # Not told: the store adds up the executions that it has.
            -1,
            liquidity[0],
            amount(digits(row, "fee"), "fee"),
            text(row, "fee_asset"),
        )

    def balance(self, row: Row, now_ns: int, source: str) -> Balance:
        """Read {"asset":"USD","total":"1000000.00"}."""
        return Balance(now_ns, NAME, text(row, "asset"), amount(digits(row, "total"), "total"), source)

    def _known_instrument(self, row: Row) -> Instrument:
        symbol = own_symbol(text(row, "symbol"))
        instrument = self._instruments.get(symbol)
        if instrument is None:
            raise Malformed(f"symbol: {symbol} is not in the list of instruments")
        return instrument


def _side(row: Row) -> int:
    side = SIDES.get(text(row, "side"))
    if side is None:
        raise Malformed("side: expected buy or sell")
    return side


def _mode(row: Row) -> str:
    mode = text(row, "status")
    # A mode that nobody has told us of is none to trade in.
    return mode if mode in MODES else "maintenance"


def _rate(row: Row, key: str) -> int:
    return to_units(digits(row, key), 8, key, 1, True)
