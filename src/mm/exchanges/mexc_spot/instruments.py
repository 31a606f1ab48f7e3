"""The instruments that the codec knows, by unified symbol and by the venue's name, from `exchangeInfo`.

The names of its fields mislead: `quotePrecision` are the decimals of the price, `baseAssetPrecision` those of the
quantity, `baseSizePrecision` is the least quantity and `quoteAmountPrecision` the least cost. Fee rates come from
`tradeFee`, and are kept when a definition changes. (MEXC Spot reference: precision and filters.)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal, InvalidOperation, localcontext
from sys import intern
from typing import Any, Final

from mm._core.events import Alert, InstrumentUpdate
from mm.exchanges.absences import Absences
from mm.exchanges.mexc_spot.numbers import VENUE, whole
from mm.exchanges.wire import INTEGER_MAX, Malformed, Row, array, digits, mapping, text
from mm.instruments import Instrument

STATUSES: Final = {"1": "online", "ENABLED": "online", "2": "maintenance", "3": "delisted"}
"""A status of neither is not tradable."""
DIGITS_MAX: Final = 80
_NAME: Final = re.compile(r"[A-Za-z0-9._-]+", re.ASCII)


def venue_name(symbol: str) -> str:
    """Return what the venue calls a symbol: `BTCUSDT`."""
    return symbol.replace("/", "", 1)


class Instruments:
    """Instruments by symbol and by the venue's name."""

    __slots__ = ("_by_name", "_wanted", "absences", "by_symbol", "is_complete", "listed")

    def __init__(self, known: Iterable[Instrument] = (), wanted: Iterable[str] = ()) -> None:
        self.by_symbol = {instrument.symbol: instrument for instrument in known}
        self._by_name = {venue_name(symbol): instrument for symbol, instrument in self.by_symbol.items()}
        self._wanted = {venue_name(symbol): symbol for symbol in wanted}
        self.is_complete = bool(self.by_symbol)
        """A list of instruments has been read (or was given)."""
        self.listed: frozenset[str] = frozenset()
        """The venue's names in the last list, those among them that could not be read."""
        self.absences = Absences()

    def __iter__(self) -> Iterator[Instrument]:
        return iter(self.by_symbol.values())

    def get(self, symbol: str) -> Instrument | None:
        """Return the instrument of a symbol."""
        return self.by_symbol.get(symbol)

    def of_name(self, name: str) -> Instrument | None:
        """Return the instrument of the venue's name in a row or a push; None for a market that is not ours for certain.

        Raises Malformed for a wanted one: its rows must not be left out because its definition could not be read.
        """
        instrument = self._by_name.get(name)
        if instrument is None and name in self._wanted:
            raise Malformed(f"the instrument {self._wanted[name]} is not known")
        return instrument

    def set_fees(self, instrument: Instrument, maker_fee_e8: int, taker_fee_e8: int) -> None:
        """Keep the account's fee rates of an instrument."""
        self._keep(replace(instrument, maker_fee_e8=maker_fee_e8, taker_fee_e8=taker_fee_e8))

    def read(self, result: Row, now_ns: int) -> tuple[Any, ...]:
        """Take the reply of `exchangeInfo`. A symbol that cannot be read is left out, loudly if it is wanted."""
        events: list[Any] = []
        names: set[str] = set()
        for index, each in enumerate(array(result.get("symbols"), "symbols")):
            name = each.get("symbol") if type(each) is dict else None
            if type(name) is str:
                names.add(name)
            try:
                instrument = _instrument(mapping(each, "row"))
            except ValueError as error:
                if type(name) is str and (name in self._wanted or name in self._by_name):
                    problem = f"{VENUE}: exchangeInfo symbols[{index}].{error}; its definition stays as it was"
                    events.append(Alert(now_ns, "error", problem))
                    self.absences.listed(self._wanted.get(name) or self._by_name[name].symbol)
                continue
            known = self.by_symbol.get(instrument.symbol)
            if known is not None:
                instrument = replace(instrument, maker_fee_e8=known.maker_fee_e8, taker_fee_e8=known.taker_fee_e8)
            self._keep(instrument)
            self.absences.listed(instrument.symbol)
            if not self._wanted or venue_name(instrument.symbol) in self._wanted:
                events.append(InstrumentUpdate(now_ns, VENUE, instrument.symbol, instrument.to_json()))
        self.is_complete = self.is_complete or bool(self.by_symbol)
        self.listed = frozenset(names)
        return tuple(events)

    def left_out(self, now_ns: int, symbol: str) -> tuple[Any, ...]:
        """A list that should have a symbol, or the answer to a question for it, does not."""
        known = self.by_symbol.get(symbol)
        gone = self.absences.left_out(now_ns, known) if known is not None else None
        if gone is None:
            return ()
        self._keep(gone)
        return (InstrumentUpdate(now_ns, VENUE, symbol, gone.to_json()),)

    def _keep(self, instrument: Instrument) -> None:
        self.by_symbol[intern(instrument.symbol)] = instrument
        self._by_name[venue_name(instrument.symbol)] = instrument


def _instrument(row: Row) -> Instrument:
    """Return the instrument of a row like `{"symbol":"BTCUSDT","status":"1","baseAsset":"BTC","baseAssetPrecision":8,
    "quoteAsset":"USDT","quotePrecision":2,"baseSizePrecision":"0","quoteAmountPrecision":"1",...}`."""
    base, quote = text(row, "baseAsset"), text(row, "quoteAsset")
    if text(row, "symbol") != base + quote:
        raise Malformed("symbol: expected the names of base and quote, one after the other")
    if not (_NAME.fullmatch(base) and _NAME.fullmatch(quote)):
        # It goes into requests as it is; and a slash would make another symbol of it.
        raise Malformed("symbol: expected letters, digits, '.', '_' or '-'")
    price_precision, size_precision = _precision(row, "quotePrecision"), _precision(row, "baseAssetPrecision")
    return Instrument(
        venue=VENUE,
        symbol=f"{base}/{quote}",
        base=base,
        quote=quote,
        settle=quote,
        price_precision=price_precision,
        size_precision=size_precision,
        size_min=max(1, _at_least(row, "baseSizePrecision", size_precision)),
        cost_min=_at_least(row, "quoteAmountPrecision", price_precision + size_precision),
        status=_status(row),
    )


def _status(row: Row) -> str:
    status = row.get("status")
    known = STATUSES.get(str(status) if type(status) in (str, int) else "", "maintenance")
    if known != "online":
        return known
    # 1 both sides; a market where only one may trade is not one to quote or to hedge on.
    sides = row.get("tradeSideType")
    if row.get("isSpotTradingAllowed") is False or (sides is not None and str(sides) != "1"):
        return "cancel_only"
    return "online"


def _precision(row: Row, key: str) -> int:
    value = whole(row, key)
    if value > 18:
        raise Malformed(f"{key}: expected 0 to 18 decimals")
    return value


def _at_least(row: Row, key: str, precision: int) -> int:
    """Return a minimum in units, rounded up: it may be finer than the grid; 0 where there is none."""
    if row.get(key) in (None, ""):
        return 0
    with localcontext(prec=DIGITS_MAX) as context:
        context.traps[InvalidOperation] = True
        try:
            value = Decimal(digits(row, key))
            # Its size first: an exponent must not cost memory.
            if value.is_finite() and value >= 0 and value.adjusted() < DIGITS_MAX // 2:
                units = int(value.scaleb(precision).to_integral_value("ROUND_CEILING"))
                if units <= INTEGER_MAX:
                    return units
        except InvalidOperation:
            pass
    raise Malformed(f"{key}: expected a number of zero or more, below 2^63 units of 10^-{precision}")
