"""An order command's terms in Kraken's words, checked once for both of its request formats."""

from __future__ import annotations

import re
from typing import Final

from mm._core.events import Amend, Cancel, Place
from mm.errors import LocalError
from mm.exchanges.kraken.instruments import Instruments
from mm.exchanges.kraken.known_orders import KnownOrders
from mm.instruments import Instrument

CLIENT_ID_LENGTH_MAX: Final = 18
SELF_TRADE_PREVENTION: Final = frozenset({"cancel_newest", "cancel_oldest", "cancel_both"})
TIMES_IN_FORCE: Final = frozenset({"gtc", "ioc", "fok"})
BATCH_PLACE_MAX: Final = 15
BATCH_CANCEL_MAX: Final = 50
# A UUID with dashes, 32 hexadecimal digits, or up to 18 free characters; any other length is refused.
_CLIENT_ID: Final = re.compile(
    r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32}|[A-Za-z0-9_.:-]{1,18}", re.ASCII
)


class Terms:
    """Looks up what a command needs to be written down. Raises LocalError for a command that no request can carry."""

    __slots__ = ("_instruments", "_known")

    def __init__(self, instruments: Instruments, known: KnownOrders) -> None:
        self._instruments, self._known = instruments, known

    def instrument(self, symbol: str) -> Instrument:
        """Return the instrument of a command."""
        instrument = self._instruments.get(symbol)
        if instrument is None:
            raise LocalError(f"kraken: symbol {symbol!r} is not known: wait for its InstrumentUpdate")
        return instrument

    def place(self, command: Place) -> Instrument:
        """Check an order and remember it: later reports and amends do not repeat its terms."""
        if not _CLIENT_ID.fullmatch(command.client_id):
            raise LocalError(
                f"kraken: client id {command.client_id!r}: expected a UUID, 32 hex digits or 1 to 18 of A-Za-z0-9_.:-"
            )
        if command.order_type not in ("limit", "market") or command.time_in_force not in TIMES_IN_FORCE:
            raise LocalError(f"kraken: cannot place {command.order_type!r} {command.time_in_force!r}")
        is_limit = command.order_type == "limit"
        if not is_limit and (command.post_only or command.time_in_force == "fok"):
            raise LocalError("kraken: a market order is neither post-only nor fill-or-kill")
        if command.side not in (1, -1) or command.size <= 0 or (is_limit and command.price <= 0):
            raise LocalError(
                f"kraken: side {command.side}, size {command.size}, price {command.price} are not an order"
            )
        instrument = self.instrument(command.symbol)
        price = command.price if is_limit else 0
        self._known.remember(
            command.client_id, "", command.symbol, command.side, price, command.size, command.post_only
        )
        return instrument

    def post_only(self, command: Amend) -> bool:
        """Whether an amend must not take: as the order was placed, and when that is not known, yes."""
        known = self._known.find(command.client_id, command.venue_id)
        return known is None or known.post_only is not False

    def identity(self, command: Amend | Cancel) -> tuple[str, bool]:
        """Return the id to name an order by, and whether it is the venue's: unlike a client id, never used twice."""
        known = None if command.venue_id else self._known.find(command.client_id, "")
        venue_id = command.venue_id or (known.venue_id if known is not None and not known.is_closed else "")
        if venue_id or command.client_id:
            return (venue_id, True) if venue_id else (command.client_id, False)
        raise LocalError("kraken: an order is named by its client id or its venue id: both are empty")
