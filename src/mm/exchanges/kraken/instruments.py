"""The instruments that the codec knows: their grids, from the `instrument` channel or from AssetPairs.

Every pair of the venue is known here, so that foreign orders can be read too; events are made for the wanted symbols
only, or for all if none were named. Fee rates are in neither source (tables may be empty and do not tell the account's
own tier): they come from TradeVolume and are kept when a definition changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal, InvalidOperation, localcontext
from sys import intern
from typing import Any, Final

from mm._core.events import Alert, InstrumentUpdate
from mm._core.fixed import FixedError, to_units
from mm.exchanges.absences import Absences
from mm.exchanges.kraken import names
from mm.exchanges.wire import INTEGER_MAX, Malformed, Row, array, digits, integer, mapping, text
from mm.instruments import Instrument

VENUE: Final = "kraken"
STATUSES: Final = frozenset(
    {"online", "post_only", "cancel_only", "limit_only", "reduce_only", "maintenance", "delisted"}
)
DIGITS_MAX: Final = 80


class Instruments:
    """Instruments by symbol, and symbols by REST name."""

    __slots__ = ("_assets", "_names", "_unnamed", "_wanted", "absences", "by_symbol", "is_complete")

    def __init__(self, known: Iterable[Instrument] = (), wanted: Iterable[str] = ()) -> None:
        self.by_symbol = {instrument.symbol: instrument for instrument in known}
        self._wanted = frozenset(wanted)
        self.absences = Absences()
        self._assets: dict[str, str] = {}
        self._names = names.PairNames()
        self._unnamed = [*self.by_symbol, *self._wanted]
        self.is_complete = bool(self.by_symbol)
        """A list of instruments has been read (or was given): a symbol that is not known now is not the venue's."""

    def __iter__(self) -> Iterator[Instrument]:
        return iter(self.by_symbol.values())

    def get(self, symbol: str) -> Instrument | None:
        """Return the instrument of a symbol."""
        return self.by_symbol.get(symbol)

    def of_row(self, symbol: str) -> Instrument | None:
        """Return the instrument of a row about an order or a fill; None for a market that is not ours for certain.

        Raises Malformed for a wanted symbol: its rows must not be left out because its definition could not be read.
        """
        instrument = self.by_symbol.get(symbol)
        if instrument is None and symbol in self._wanted:
            raise Malformed(f"the instrument {symbol} is not known")
        return instrument

    def by_rest_name(self, name: str) -> Instrument | None:
        """Do as `of_row` with a REST pair name in any of its forms."""
        if self._unnamed:
            # Forms are made when the first name is asked for: most runs trade one of more than a thousand pairs.
            self._names.learn(self._unnamed)
            self._unnamed.clear()
        return self.of_row(self._names.symbol(name))

    def asset(self, code: str) -> str:
        """Return the unified name of a REST asset code."""
        return names.asset_of(code, self._assets)

    def set_fees(self, instrument: Instrument, maker_fee_e8: int, taker_fee_e8: int) -> None:
        """Keep the account's fee rates of an instrument."""
        self.by_symbol[instrument.symbol] = replace(instrument, maker_fee_e8=maker_fee_e8, taker_fee_e8=taker_fee_e8)

    def read_channel(self, message: Row, now_ns: int) -> tuple[Any, ...]:
        """Take a message of the `instrument` channel. A pair that cannot be read is left out, loudly if wanted."""
        data = mapping(message.get("data"), "data")
        pairs = array(data.get("pairs", []), "data.pairs")
        events: list[Any] = []
        for index, pair in enumerate(pairs):
            try:
                self._take(now_ns, _from_channel(mapping(pair, "pair")), events)
            except ValueError as error:
                self._unreadable(now_ns, f"instrument data.pairs[{index}].{error}", pair, "symbol", events)
        if message.get("type") == "snapshot":
            self.is_complete = True
            # Any other value is no symbol, and some have no hash.
            told = {name for pair in pairs if type(pair) is dict and type(name := pair.get("symbol")) is str}
            for symbol in sorted(self._wanted - told) if told else ():
                events += self.left_out(now_ns, symbol)
        return tuple(events)

    def left_out(self, now_ns: int, symbol: str) -> tuple[Any, ...]:
        """A whole list, or the answer to a question for it, knows nothing of a symbol that was there."""
        known = self.by_symbol.get(symbol)
        gone = self.absences.left_out(now_ns, known) if known is not None else None
        if gone is None:
            return ()
        self.by_symbol[symbol] = gone
        return (InstrumentUpdate(now_ns, VENUE, symbol, gone.to_json()),)

    def read_pairs(self, result: Row, now_ns: int) -> tuple[Any, ...]:
        """Take the result of AssetPairs."""
        events: list[Any] = []
        for name, row in result.items():
            try:
                instrument = self._from_rest(name, mapping(row, "row"))
                self._take(now_ns, instrument, events)
                self._names.learn_name(name, instrument.symbol)
                self._names.learn_name(text(row, "altname", name), instrument.symbol)
            except ValueError as error:
                self._unreadable(now_ns, f"AssetPairs {name[:40]!a}: {error}", row, "wsname", events)
        self.is_complete = self.is_complete or bool(result)
        return tuple(events)

    def read_assets(self, result: Row) -> None:
        """Take the result of Assets: names of asset codes."""
        for code, row in result.items():
            known = text(mapping(row, code), "altname", code)
            self._assets[code] = names.ASSETS.get(known, known)

    def _take(self, now_ns: int, instrument: Instrument, events: list[Any]) -> None:
        symbol = instrument.symbol
        known = self.by_symbol.get(symbol)
        if known is None:
            self._unnamed.append(symbol)
        else:
            instrument = replace(instrument, maker_fee_e8=known.maker_fee_e8, taker_fee_e8=known.taker_fee_e8)
        self.by_symbol[intern(symbol)] = instrument
        self.absences.listed(symbol)
        if not self._wanted or symbol in self._wanted:
            events.append(InstrumentUpdate(now_ns, VENUE, symbol, instrument.to_json()))

    def _unreadable(self, now_ns: int, problem: str, row: object, key: str, events: list[Any]) -> None:
        symbol = row.get(key) if type(row) is dict else None
        if type(symbol) is str and (symbol in self._wanted or symbol in self.by_symbol):
            events.append(Alert(now_ns, "error", f"{VENUE}: {problem}; its definition stays as it was"))

    def _from_rest(self, name: str, row: Row) -> Instrument:
        base, quote = self.asset(text(row, "base")), self.asset(text(row, "quote"))
        price_precision = _precision(row, "pair_decimals")
        size_precision = _precision(row, "lot_decimals")
        tick = to_units(digits(row, "tick_size"), price_precision, "tick_size") if "tick_size" in row else 1
        return Instrument(
            venue=VENUE,
            symbol=f"{base}/{quote}",
            base=base,
            quote=quote,
            settle=quote,
            price_precision=price_precision,
            size_precision=size_precision,
            tick=tick,
            size_min=_minimum(row, "ordermin", size_precision) if "ordermin" in row else 1,
            cost_min=_minimum(row, "costmin", price_precision + size_precision) if "costmin" in row else 0,
            margin=bool(row.get("leverage_buy")),
            status=_status(row),
        )


def _from_channel(pair: Row) -> Instrument:
    """Return the instrument of a row like
    `{"symbol":"BTC/USD","base":"BTC","quote":"USD","status":"online","qty_precision":8,"qty_increment":0.00000001,
    "price_precision":1,"price_increment":0.1,"qty_min":0.00005000,"cost_min":0.50,"marginable":true,...}`."""
    price_precision = _precision(pair, "price_precision")
    size_precision = _precision(pair, "qty_precision")
    return Instrument(
        venue=VENUE,
        symbol=text(pair, "symbol"),
        base=text(pair, "base"),
        quote=text(pair, "quote"),
        settle=text(pair, "quote"),
        price_precision=price_precision,
        size_precision=size_precision,
        tick=to_units(digits(pair, "price_increment"), price_precision, "price_increment"),
        lot=to_units(digits(pair, "qty_increment"), size_precision, "qty_increment"),
        size_min=_minimum(pair, "qty_min", size_precision),
        cost_min=_minimum(pair, "cost_min", price_precision + size_precision) if "cost_min" in pair else 0,
        margin=pair.get("marginable") is True,
        status=_status(pair),
    )


def _status(row: Row) -> str:
    """A missing status is online (some rows have none); one that is not known here ("work_in_progress") is not
    tradable."""
    status = text(row, "status", "online")
    return status if status in STATUSES else "maintenance"


def _precision(row: Row, key: str) -> int:
    value = integer(row, key)
    if value > 18:
        raise Malformed(f"{key}: expected 0 to 18 decimals")
    return value


def _minimum(row: Row, key: str, precision: int) -> int:
    """Return a minimum in units, rounded up: it may be finer than the grid."""
    try:
        return to_units(digits(row, key), precision, key, 1, True)
    except FixedError:
        pass
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
