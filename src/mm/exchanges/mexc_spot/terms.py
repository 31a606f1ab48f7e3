"""An order command's terms in MEXC's words, checked once.

There is no time in force of its own: the type says it. A market order to buy takes an amount of the quote currency, and
buying a size by market is confirmed by nobody, so that one with a price goes as immediate-or-cancel at that price.
(MEXC Spot reference: orders.)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qsl

from mm._core.events import Cancel, Place
from mm._core.fixed import to_text
from mm.errors import LocalError
from mm.exchanges.known_orders import KnownOrders
from mm.exchanges.mexc_spot.instruments import Instruments, venue_name
from mm.exchanges.mexc_spot.numbers import VENUE
from mm.instruments import Instrument

CLIENT_ID_LENGTH_MAX: Final = 32
BATCH_PLACE_MAX: Final = 20
STP_MODES: Final = frozenset({"", "cancel_maker", "cancel_taker", "cancel_both"})
_CLIENT_ID: Final = re.compile(rf"[A-Za-z0-9._-]{{1,{CLIENT_ID_LENGTH_MAX}}}", re.ASCII)
_TYPES: Final = {"gtc": "LIMIT", "ioc": "IMMEDIATE_OR_CANCEL", "fok": "FILL_OR_KILL"}

Fields = list[tuple[str, str]]


class Terms:
    """Writes commands down. Raises LocalError for a command that no request can carry."""

    __slots__ = ("_instruments", "_known", "stp_text")

    def __init__(self, instruments: Instruments, known: KnownOrders, stp_mode: str) -> None:
        if stp_mode not in STP_MODES:
            raise LocalError(f"{VENUE}: stp_mode {stp_mode!r}: expected one of {', '.join(sorted(STP_MODES))}")
        self._instruments, self._known = instruments, known
        self.stp_text = f"&stpMode={stp_mode}" if stp_mode else ""

    def place(self, place: Place) -> str:
        """Return the parameters of an order as they are sent, and remember it: queries need its symbol.

        None of them has a character that would have to be encoded.
        """
        instrument = self._instruments.get(place.symbol)
        if instrument is None:
            raise LocalError(f"{VENUE}: symbol {place.symbol!r} is not known: wait for its InstrumentUpdate")
        if not _CLIENT_ID.fullmatch(place.client_id):
            raise LocalError(
                f"{VENUE}: client id {place.client_id!r}: expected 1 to 32 letters, digits, '.', '_' or '-'"
            )
        if place.side not in (1, -1) or place.size <= 0 or place.price < 0:
            raise LocalError(f"{VENUE}: side {place.side}, size {place.size}, price {place.price} are not an order")
        if place.reduce_only:
            raise LocalError(f"{VENUE}: spot has no reduce-only orders")
        kind, price = _kind(place)
        self._known.placed(place)
        side = "BUY" if place.side > 0 else "SELL"
        size = to_text(place.size, instrument.size_precision)
        price_text = f"&price={to_text(price, instrument.price_precision)}" if price else ""
        return (
            f"symbol={instrument.base}{instrument.quote}&side={side}&type={kind}&quantity={size}{price_text}"
            f"&newClientOrderId={place.client_id}{self.stp_text}"
        )

    def batch(self, places: Sequence[Place]) -> list[dict[str, str]]:
        """Return the items of a batch, all of one symbol."""
        if not 1 <= len(places) <= BATCH_PLACE_MAX or any(each.symbol != places[0].symbol for each in places):
            raise LocalError(f"{VENUE}: a batch takes 1 to {BATCH_PLACE_MAX} orders of one symbol")
        return [dict(parse_qsl(self.place(each))) for each in places]

    def cancel(self, cancel: Cancel) -> Fields:
        """Return the parameters of a cancel."""
        return [("symbol", venue_name(self._symbol(cancel))), self.identity(cancel.client_id, cancel.venue_id)]

    def identity(self, client_id: str, venue_id: str) -> tuple[str, str]:
        """Return the parameter that names an order: by the venue's id where it is known."""
        if venue_id:
            return "orderId", venue_id
        if not client_id:
            raise LocalError(f"{VENUE}: an order is named by its client id or its venue id: both are empty")
        known = self._known.find(client_id, "")
        if known is not None and known.venue_id and not known.is_closed:
            return "orderId", known.venue_id
        return "origClientOrderId", client_id

    def symbol_of(self, client_id: str, venue_id: str) -> str:
        """Return the symbol of a remembered order, empty for one that is not."""
        known = self._known.find(client_id, venue_id)
        return known.symbol if known is not None else ""

    def instrument(self, symbol: str) -> Instrument | None:
        """Return the instrument of a symbol."""
        return self._instruments.get(symbol)

    def _symbol(self, cancel: Cancel) -> str:
        symbol = cancel.symbol or self.symbol_of(cancel.client_id, cancel.venue_id)
        if not symbol:
            raise LocalError(f"{VENUE}: a cancel needs the symbol of its order")
        return symbol


def _kind(place: Place) -> tuple[str, int]:
    """Return the venue's type of an order, and the price that goes with it (0: none)."""
    if place.time_in_force not in _TYPES or place.order_type not in ("limit", "market"):
        raise LocalError(f"{VENUE}: cannot place {place.order_type!r} {place.time_in_force!r}")
    if place.order_type == "market":
        if place.post_only or place.time_in_force == "fok":
            raise LocalError(f"{VENUE}: a market order is neither post-only nor fill-or-kill")
        if place.price:
            return "IMMEDIATE_OR_CANCEL", place.price
        if place.side > 0:
            raise LocalError(f"{VENUE}: a market order to buy needs a price to stop at")
        return "MARKET", 0
    if not place.price:
        raise LocalError(f"{VENUE}: a limit order needs a price")
    if place.post_only:
        if place.time_in_force != "gtc":
            raise LocalError(f"{VENUE}: a post-only order is good till cancelled")
        return "LIMIT_MAKER", place.price
    return _TYPES[place.time_in_force], place.price
