"""An order command's terms in MEXC's words, checked once.

The side of an order says whether it opens or closes: 1 open long, 2 close short, 3 open short, 4 close long. In one-way
mode a buy is 1 and a sell 3, reduce-only ones 2 and 4; in hedge mode longs and shorts stand beside each other, and only
a reduce-only order closes. The type says the time in force. (MEXC Futures reference: orders.)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from mm._core.events import Cancel, Place
from mm._core.fixed import to_text
from mm.errors import ConfigError, LocalError
from mm.exchanges.known_orders import KnownOrders
from mm.exchanges.mexc_futures.contracts import Contracts
from mm.exchanges.mexc_futures.names import venue_name
from mm.exchanges.mexc_futures.numbers import VENUE
from mm.instruments import Instrument

CLIENT_ID_LENGTH_MAX: Final = 32
BATCH_MAX: Final = 50
HEDGE: Final = 1
ONE_WAY: Final = 2
POSITION_MODES: Final = {"hedge": HEDGE, "one_way": ONE_WAY}
OPEN_TYPES: Final = {"isolated": 1, "cross": 2}
STP_MODES: Final = {"none": 0, "cancel_both": 1, "cancel_maker": 2, "cancel_taker": 3}
LIMIT: Final = 1
POST_ONLY: Final = 2
IOC: Final = 3
FOK: Final = 4
MARKET: Final = 5
_TYPES: Final = {"gtc": LIMIT, "ioc": IOC, "fok": FOK}
_CLIENT_ID: Final = re.compile(rf"[A-Za-z0-9._-]{{1,{CLIENT_ID_LENGTH_MAX}}}", re.ASCII)
_VENUE_ID: Final = re.compile(r"[0-9]{1,30}", re.ASCII)


@dataclass(frozen=True, slots=True)
class TradingMode:
    """How the account is meant to be set up; the preflight compares it with how it is.

    position_mode: "one_way" nets, "hedge" keeps longs and shorts apart; open_type: "cross" or "isolated" margin;
    leverage: of isolated positions, and what the account must have (0: any, with cross margin); stp_mode: who gives way
    when two own orders meet.
    """

    position_mode: str = "one_way"
    open_type: str = "cross"
    leverage: int = 0
    stp_mode: str = "none"

    def __post_init__(self) -> None:
        """Refuse what the venue does not have, naming the field."""
        for name, known in (("position_mode", POSITION_MODES), ("open_type", OPEN_TYPES), ("stp_mode", STP_MODES)):
            value = getattr(self, name)
            if value not in known:
                raise ConfigError(f"{VENUE}.{name}", str(value), f"one of {', '.join(known)}")
        if self.leverage < 0 or (self.leverage == 0 and self.open_type == "isolated"):
            raise ConfigError(f"venues.{VENUE}.leverage", "", f"1 or more with isolated margin, got {self.leverage}")


class Terms:
    """Writes commands down. Raises LocalError for a command that no request can carry."""

    __slots__ = ("_contracts", "_known", "mode", "tail")

    def __init__(self, contracts: Contracts, known: KnownOrders, mode: TradingMode) -> None:
        self._contracts, self._known, self.mode = contracts, known, mode
        tail = f',"openType":{OPEN_TYPES[mode.open_type]},"positionMode":{POSITION_MODES[mode.position_mode]}'
        tail += f',"leverage":{mode.leverage}' if mode.leverage else ""
        stp_mode = STP_MODES[mode.stp_mode]
        self.tail = tail + (f',"stpMode":{stp_mode}' if stp_mode else "")

    def place(self, place: Place) -> bytes:
        """Return the body of an order, and remember it: cancels and queries need its symbol."""
        instrument = self._contracts.get(place.symbol)
        if instrument is None:
            raise LocalError(f"{VENUE}: symbol {place.symbol!r} is not known: wait for its InstrumentUpdate")
        if not _CLIENT_ID.fullmatch(place.client_id):
            raise LocalError(
                f"{VENUE}: client id {place.client_id!r}: expected 1 to 32 letters, digits, '.', '_' or '-'"
            )
        if place.side not in (1, -1) or place.size <= 0 or place.price < 0 or place.size % instrument.lot:
            raise LocalError(f"{VENUE}: side {place.side}, size {place.size}, price {place.price} are not an order")
        kind = _kind(place)
        closes = ',"reduceOnly":true' if place.reduce_only and self.mode.position_mode == "one_way" else ""
        self._known.placed(place)
        return (
            f'{{"symbol":"{venue_name(place.symbol)}","price":{_number(place.price, instrument.price_precision)}'
            f',"vol":{_number(place.size, instrument.size_precision)}'
            f',"side":{_side(place)},"type":{kind}{self.tail}{closes},"externalOid":"{place.client_id}"}}'
        ).encode()

    def batch(self, places: Sequence[Place]) -> bytes:
        """Return the body of a batch: of market makers' accounts alone."""
        if not 1 <= len(places) <= BATCH_MAX:
            raise LocalError(f"{VENUE}: a batch takes 1 to {BATCH_MAX} orders, got {len(places)}")
        bodies = [self.place(place) for place in places]
        if STP_MODES[self.mode.stp_mode] == 0:
            # Mandatory here.
            bodies = [body[:-1] + b',"stpMode":0}' for body in bodies]
        return b"[" + b",".join(bodies) + b"]"

    def cancels(self, cancels: Sequence[Cancel]) -> tuple[bytes, bool]:
        """Return the body of a request that cancels orders, and whether it names them by the venue's ids."""
        if not 1 <= len(cancels) <= BATCH_MAX:
            raise LocalError(f"{VENUE}: a cancel takes 1 to {BATCH_MAX} orders, got {len(cancels)}")
        venue_ids = [self.venue_id(cancel.client_id, cancel.venue_id) for cancel in cancels]
        if all(venue_ids):
            # Bare numbers, whatever their size: the very digits.
            return f"[{','.join(venue_ids)}]".encode(), True
        rows = []
        for cancel in cancels:
            symbol = cancel.symbol or self.symbol_of(cancel.client_id, cancel.venue_id)
            if not symbol or not _CLIENT_ID.fullmatch(cancel.client_id):
                raise LocalError(f"{VENUE}: a cancel needs its order's id: {cancel.client_id!r}, {cancel.venue_id!r}")
            rows.append({"symbol": venue_name(symbol), "externalOid": cancel.client_id})
        return orjson.dumps(rows), False

    def venue_id(self, client_id: str, venue_id: str) -> str:
        """Return the venue's id of an order where it is known, else an empty text."""
        known = None if venue_id else self._known.find(client_id, "")
        if known is not None and not known.is_closed:
            venue_id = known.venue_id
        return venue_id if _VENUE_ID.fullmatch(venue_id) else ""

    def symbol_of(self, client_id: str, venue_id: str) -> str:
        """Return the symbol of a remembered order, empty for one that is not."""
        known = self._known.find(client_id, venue_id)
        return known.symbol if known is not None else ""

    def instrument(self, symbol: str) -> Instrument | None:
        """Return the instrument of a symbol."""
        return self._contracts.get(symbol)


def _side(place: Place) -> int:
    if place.side > 0:
        return 2 if place.reduce_only else 1
    return 4 if place.reduce_only else 3


def _kind(place: Place) -> int:
    """Return the venue's type of an order. A market order with a price stops there: it goes immediate-or-cancel."""
    if place.time_in_force not in _TYPES or place.order_type not in ("limit", "market"):
        raise LocalError(f"{VENUE}: cannot place {place.order_type!r} {place.time_in_force!r}")
    if place.order_type == "market":
        if place.post_only or place.time_in_force == "fok":
            raise LocalError(f"{VENUE}: a market order is neither post-only nor fill-or-kill")
        return IOC if place.price else MARKET
    if not place.price:
        raise LocalError(f"{VENUE}: a limit order needs a price")
    if place.post_only:
        if place.time_in_force != "gtc":
            raise LocalError(f"{VENUE}: a post-only order is good till cancelled")
        return POST_ONLY
    return _TYPES[place.time_in_force]


def _number(units: int, precision: int) -> str:
    """A JSON number of exactly these units, without trailing zeros."""
    text = to_text(units, precision)
    return text.rstrip("0").rstrip(".") if "." in text else text
