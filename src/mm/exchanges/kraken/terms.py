"""An order command's terms in Kraken's words, checked once for both of its request formats."""

from __future__ import annotations

import re
from typing import Final

from mm._core.events import Amend, Cancel, Place
from mm.errors import LocalError
from mm.exchanges.known_orders import KnownOrders
from mm.exchanges.kraken.instruments import Instruments
from mm.instruments import Instrument

CLIENT_ID_LENGTH_MAX: Final = 18
TIMES_IN_FORCE: Final = frozenset({"gtc", "ioc", "fok"})
BATCH_PLACE_MAX: Final = 15
BATCH_CANCEL_MAX: Final = 50
# Besides free text of up to 18 characters: a UUID with dashes or 32 hexadecimal digits. Any other length is refused.
_LONG_CLIENT_ID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32}", re.ASCII)


class Terms:
    """Looks up what a command needs to be written down. Raises LocalError for a command that no request can carry."""

    __slots__ = ("_instruments", "_known", "instruments", "orders")

    def __init__(self, instruments: Instruments, known: KnownOrders) -> None:
        self._instruments, self._known = instruments, known
        self.instruments = instruments.by_symbol
        """By symbol; always of the present."""
        self.orders = known.by_venue
        """By venue id; always of the present."""

    def instrument(self, symbol: str) -> Instrument:
        """Return the instrument of a command."""
        instrument = self._instruments.get(symbol)
        if instrument is None:
            raise LocalError(f"kraken: symbol {symbol!r} is not known: wait for its InstrumentUpdate")
        return instrument

    def place(self, command: Place) -> Instrument:
        """Check an order's numbers and remember it: later reports and amends do not repeat its terms."""
        name = command.client_id
        short = 0 < len(name) <= CLIENT_ID_LENGTH_MAX and name.isascii() and name.isprintable() and " " not in name
        if not short and not _LONG_CLIENT_ID.fullmatch(name):
            raise LocalError(f"kraken: client id {name!r}: expected 1 to 18 characters, 32 hex digits or a UUID")
        side = command.side
        if (side != 1 and side != -1) or command.size <= 0 or (command.price <= 0 and command.order_type == "limit"):
            raise LocalError(f"kraken: side {side}, size {command.size}, price {command.price} are not an order")
        instrument = self.instrument(command.symbol)
        self._known.placed(command)
        return instrument

    def post_only(self, command: Amend) -> bool:
        """Whether an amend must not take: as the order was placed, and when that is not known, yes."""
        known = self._known.find(command.client_id, command.venue_id)
        return known is None or known.post_only is not False

    def identity(self, command: Amend | Cancel) -> tuple[str, bool]:
        """Return the id to name an order by, and whether it is the venue's: unlike a client id, never used twice."""
        if command.venue_id:
            return command.venue_id, True
        if not command.client_id:
            raise LocalError("kraken: an order is named by its client id or its venue id: both are empty")
        known = self._known.find(command.client_id, "")
        if known is not None and known.venue_id and not known.is_closed:
            return known.venue_id, True
        return command.client_id, False


def check_kind(order_type: str, time_in_force: str, post_only: bool) -> None:
    """Refuse a kind of order that the venue does not have. Raises LocalError."""
    if order_type not in ("limit", "market") or time_in_force not in TIMES_IN_FORCE:
        raise LocalError(f"kraken: cannot place {order_type!r} {time_in_force!r}")
    if order_type == "market" and (post_only or time_in_force == "fok"):
        raise LocalError("kraken: a market order is neither post-only nor fill-or-kill")
