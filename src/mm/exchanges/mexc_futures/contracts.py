"""The contracts that the codec knows: their grids, and the terms that only contracts have.

An instrument's sizes are contracts (no decimals, as a rule), its multiplier is the contract size. Fee rates of a
contract's definition do not hold for API orders: they come from the account and are kept when a definition changes.
(MEXC Futures reference: contract fields, status of API trading.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from mm._core.events import Alert, InstrumentUpdate
from mm.exchanges.absences import Absences
from mm.exchanges.mexc_futures.names import symbol_of, venue_name
from mm.exchanges.mexc_futures.numbers import VENUE, decimal, rate_e8, units, whole
from mm.exchanges.wire import INTEGER_MAX, Malformed, Row, array, mapping, text
from mm.instruments import Instrument

ONLINE: Final = 0
PAUSED: Final = 4
OVER: Final = frozenset({1, 2, 3})
"""Delivery, delivered, offline. A state that nobody has listed is not tradable either, and may be a pause."""
SUSPENDED: Final = 2
"""`type` of a contract; 1 is the ordinary one."""
BOTH_OPEN_TYPES: Final = 3
PRECISION_MAX: Final = 18
CLOSED: Final = "cancel_only"


class OtherSettlement(Malformed):
    """A contract that is settled in another coin than its name says: not the one of that name any more."""

    def __init__(self, name: str, coin: str) -> None:
        super().__init__(f"settleCoin: expected the one that {name} is settled in, got {coin}")
        self.name, self.coin = name, coin


@dataclass(frozen=True, slots=True)
class ContractTerms:
    """What a contract's definition says besides its grid.

    api_allowed: None where it does not say; rates in 1e-8; orders_max: open orders in hedge and in one-way mode, 0
    unknown; amount_decimals: of the venue's money figures, which are cut to them.
    """

    name: str
    api_allowed: bool | None
    is_tradable: bool
    leverage_max: int
    leverage_min: int
    initial_margin_e8: int
    maintenance_margin_e8: int
    bid_limit_e8: int
    ask_limit_e8: int
    amount_decimals: int
    orders_max: tuple[int, int]
    isolated: bool
    cross: bool


class Contracts:
    """Contracts by unified symbol and by the venue's name. symbols: those that the engine is told of (none: all)."""

    __slots__ = ("_coins", "_terms", "_wanted", "absences", "by_name", "is_complete")

    def __init__(self, known: Iterable[Instrument] = (), wanted: Iterable[str] = ()) -> None:
        self.by_name = {venue_name(instrument.symbol): instrument for instrument in known}
        self._wanted = frozenset(wanted)
        self._terms: dict[str, ContractTerms] = {}
        self._coins: dict[str, str] = {}
        """Of the contracts that are settled in another coin than their name says: in which."""
        self.absences = Absences()
        self.is_complete = bool(self.by_name)
        """A list of contracts has been read (or was given): a name that is not known now is not the venue's."""

    def __iter__(self) -> Iterator[Instrument]:
        return iter(self.by_name.values())

    def get(self, symbol: str) -> Instrument | None:
        """Return the instrument of a unified symbol."""
        return self.by_name.get(venue_name(symbol))

    def of_name(self, name: str) -> Instrument | None:
        """Return the instrument of a venue's name; None for a market that is not ours for certain.

        Raises Malformed for a wanted symbol: its rows must not be left out because its definition could not be read.
        """
        instrument = self.by_name.get(name)
        if instrument is None and symbol_of(name) in self._wanted:
            raise Malformed(f"the contract {name} is not known")
        return instrument

    def terms(self, symbol: str) -> ContractTerms | None:
        """Return the terms of a contract."""
        return self._terms.get(venue_name(symbol))

    def is_settled_otherwise(self, symbol: str) -> bool:
        """Whether a contract is settled in another coin than its name says."""
        return venue_name(symbol) in self._coins

    def set_fees(self, instrument: Instrument, maker_fee_e8: int, taker_fee_e8: int) -> None:
        """Keep the account's fee rates of a contract."""
        name = venue_name(instrument.symbol)
        self.by_name[name] = replace(instrument, maker_fee_e8=maker_fee_e8, taker_fee_e8=taker_fee_e8)

    def read(self, data: Any, now_ns: int) -> tuple[Any, ...]:
        """Take the contracts of a reply or a push: a list, or one. One that cannot be read is left out, loudly if
        wanted."""
        rows = [data] if type(data) is dict else array(data, "data")
        events: list[Any] = []
        for index, row in enumerate(rows):
            try:
                self._take(now_ns, mapping(row, "contract"), events)
            except OtherSettlement as error:
                self._close(now_ns, row, error, events)
            except ValueError as error:
                name = row.get("symbol") if type(row) is dict else None
                if type(name) is str and (symbol_of(name) in self._wanted or name in self.by_name):
                    problem = f"{VENUE}: contract [{index}].{error}; its definition stays as it was"
                    events.append(Alert(now_ns, "error", problem))
                    self.absences.listed(symbol_of(name))
        self.is_complete = self.is_complete or bool(rows)
        return tuple(events)

    def left_out(self, now_ns: int, symbol: str) -> tuple[Any, ...]:
        """The venue answers that it does not have a contract that was there."""
        name = venue_name(symbol)
        known = self.by_name.get(name)
        gone = self.absences.left_out(now_ns, known) if known is not None else None
        if gone is None:
            return ()
        self._shut(name, gone)
        return (InstrumentUpdate(now_ns, VENUE, symbol, gone.to_json()),)

    def _close(self, now_ns: int, row: Row, found: OtherSettlement, events: list[Any]) -> None:
        """What is held is paid in something else now: nothing new, and cancels go as far as its state lets them."""
        name, symbol = found.name, symbol_of(found.name)
        known = self.by_name.get(name)
        is_told = not self._wanted or symbol in self._wanted
        if known is None and not (self._wanted and is_told):
            return
        is_news = self._coins.get(name) != found.coin
        self._coins[name] = found.coin
        if known is not None:
            self.absences.listed(symbol)
            try:
                status = _status(row, False)
            except Malformed:
                status = CLOSED
            known = replace(known, status=status)
            self._shut(name, known)
            if is_told:
                events.append(InstrumentUpdate(now_ns, VENUE, symbol, known.to_json()))
        if is_news and is_told:
            events.append(Alert(now_ns, "error", f"{VENUE}: contract {name}: {found}; nothing new is sent there"))

    def _shut(self, name: str, instrument: Instrument) -> None:
        self.by_name[name] = instrument
        terms = self._terms.get(name)
        if terms is not None:
            self._terms[name] = replace(terms, is_tradable=False)

    def _take(self, now_ns: int, row: Row, events: list[Any]) -> None:
        # A push may leave it out, and then it is what it was.
        instrument, terms = _contract(row, self._coins.get(text(row, "symbol"), ""))
        self._coins.pop(terms.name, None)
        known = self.by_name.get(terms.name)
        if known is not None:
            instrument = replace(instrument, maker_fee_e8=known.maker_fee_e8, taker_fee_e8=known.taker_fee_e8)
        former = self._terms.get(terms.name)
        if former is not None and terms.api_allowed is None:
            # A push may leave it out.
            terms = replace(terms, api_allowed=former.api_allowed)
            instrument = replace(instrument, status=_status(row, terms.api_allowed))
        self.by_name[terms.name] = instrument
        self.absences.listed(instrument.symbol)
        self._terms[terms.name] = terms
        if not self._wanted or instrument.symbol in self._wanted:
            events.append(InstrumentUpdate(now_ns, VENUE, instrument.symbol, instrument.to_json()))


def _contract(row: Row, coin: str) -> tuple[Instrument, ContractTerms]:
    """Return the parts of a row like `{"symbol":"BTC_USDT","baseCoin":"BTC","quoteCoin":"USDT","settleCoin":"USDT",
    "contractSize":0.0001,"priceScale":1,"priceUnit":0.1,"volScale":0,"volUnit":1,"minVol":1,"maxVol":400000,...}`.

    coin: that it is settled in where the row does not say, empty for the one of its name.
    """
    name = text(row, "symbol")
    symbol = symbol_of(name)
    base, _, quote = name.rpartition("_")
    if not symbol:
        raise Malformed("symbol: expected BASE_QUOTE")
    settle = text(row, "settleCoin", coin or symbol.partition(":")[2])
    if symbol.partition(":")[2] != settle:
        raise OtherSettlement(name, settle[:20])
    tick_size = decimal(row, "priceUnit")
    contract_size = decimal(row, "contractSize")
    if tick_size <= 0 or contract_size <= 0:
        raise Malformed("priceUnit, contractSize: expected numbers above zero")
    price_precision = max(_precision(row, "priceScale"), _decimals(tick_size, "priceUnit"))
    size_precision = _precision(row, "volScale")
    multiplier_precision = _decimals(contract_size, "contractSize")
    api_allowed = row.get("apiAllowed")
    api_allowed = api_allowed if type(api_allowed) is bool else None
    open_types = whole(row, "positionOpenType", BOTH_OPEN_TYPES)
    status = _status(row, api_allowed)
    orders_max = row.get("maxNumOrders")
    counts = orders_max if type(orders_max) is list else []
    each = [count if type(count) is int and count > 0 else 0 for count in (*counts, 0, 0)]
    instrument = Instrument(
        venue=VENUE,
        symbol=symbol,
        base=base,
        quote=quote,
        settle=settle,
        price_precision=price_precision,
        size_precision=size_precision,
        tick=_units(tick_size, price_precision, "priceUnit"),
        lot=units(row, "volUnit", size_precision, allow_zero=False),
        size_min=units(row, "minVol", size_precision, allow_zero=False),
        size_max=_largest(row, size_precision),
        multiplier=_units(contract_size, multiplier_precision, "contractSize"),
        multiplier_precision=multiplier_precision,
        linear=settle != base,
        margin=True,
        status=status,
    )
    terms = ContractTerms(
        name=name,
        api_allowed=api_allowed,
        is_tradable=status == "online",
        leverage_max=whole(row, "maxLeverage", 0),
        leverage_min=whole(row, "minLeverage", 1),
        initial_margin_e8=rate_e8(row, "initialMarginRate", 0),
        maintenance_margin_e8=rate_e8(row, "maintenanceMarginRate", 0),
        bid_limit_e8=rate_e8(row, "bidLimitPriceRate", 0),
        ask_limit_e8=rate_e8(row, "askLimitPriceRate", 0),
        amount_decimals=min(whole(row, "amountScale", 12), 12),
        orders_max=(each[0], each[1]),
        # The pages contradict each other about 1 and 3; ordinary contracts show 3 and take both.
        isolated=open_types != 2,
        cross=open_types in (2, BOTH_OPEN_TYPES),
    )
    return instrument, terms


def _status(row: Row, api_allowed: bool | None) -> str:
    """A contract that is closed to the API can still be cancelled on, and is quoted by nobody."""
    state = whole(row, "state", ONLINE)
    if state == PAUSED or (state == ONLINE and whole(row, "type", 1) == SUSPENDED):
        return "maintenance"
    if state != ONLINE:
        return "delisted" if state in OVER else "maintenance"
    return CLOSED if api_allowed is False else "online"


def _largest(row: Row, precision: int) -> int:
    """Return the largest order of any type; 0 for none. Market and limit orders have figures of their own."""
    found = [units(row, key, precision, default=0) for key in ("limitMaxVol", "maxVol")]
    return min((size for size in found if size), default=0)


def _units(value: Decimal, precision: int, key: str) -> int:
    units = int(value.scaleb(precision))
    if units > INTEGER_MAX:
        raise Malformed(f"{key}: expected a number below 2^63 units of 10^-{precision}")
    return units


def _precision(row: Row, key: str) -> int:
    value = whole(row, key)
    if value > PRECISION_MAX:
        raise Malformed(f"{key}: expected 0 to {PRECISION_MAX} decimals")
    return value


def _decimals(value: Decimal, key: str) -> int:
    decimals = max(0, -int(value.normalize().as_tuple().exponent))
    if decimals > PRECISION_MAX:
        raise Malformed(f"{key}: expected at most {PRECISION_MAX} decimals")
    return decimals
