"""When funding is read, and which of it is new: the stream tells rates and positions, not what was booked.

A settlement is booked up to 15 s after its time. It is asked for after 2 s, since it mostly is there at once, after
20 s, and again a minute later for whatever came late; also 20 s after a connect. (MEXC Futures reference: arithmetic.)
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Final

from mm._core.events import FundingPaid, FundingRate

SECOND_NS: Final = 1_000_000_000
BOOKED_NS: Final = 20 * SECOND_NS
DELAYS_NS: Final = (2 * SECOND_NS, BOOKED_NS, 80 * SECOND_NS)
RETRY_NS: Final = 30 * SECOND_NS
RECORDS_MAX: Final = 20_000


class FundingWatch:
    """The settle times of a session's contracts, and the records that were told of."""

    __slots__ = ("_due_ns", "_settle_ns", "_told")

    def __init__(self, symbols: Sequence[str]) -> None:
        self._settle_ns = dict.fromkeys(symbols, 0)
        self._due_ns: dict[str, list[int]] = {symbol: [] for symbol in symbols}
        self._told: OrderedDict[tuple[str, str], None] = OrderedDict()

    def heard(self, event: Any) -> None:
        """Take an event of the stream or of a read: a rate tells when it will be settled."""
        if type(event) is not FundingRate or event.symbol not in self._due_ns:
            return
        if event.settle_ns > self._settle_ns[event.symbol]:
            self._settle_ns[event.symbol] = event.settle_ns
            self._due_ns[event.symbol] += [event.settle_ns + delay_ns for delay_ns in DELAYS_NS]

    def up(self, now_ns: int) -> None:
        """The records have been read at a connect: what was settled shortly before it may be booked after that."""
        for dues in self._due_ns.values():
            dues.append(now_ns + BOOKED_NS)

    def failed(self, now_ns: int, symbol: str) -> None:
        """The records of a symbol could not be read."""
        if symbol in self._due_ns:
            self._due_ns[symbol].append(now_ns + RETRY_NS)

    def due_ns(self) -> int:
        """When the next read is due; 0 never."""
        return min((due_ns for dues in self._due_ns.values() for due_ns in dues), default=0)

    def due(self, now_ns: int) -> list[str]:
        """Take the symbols whose records should be read now."""
        symbols = []
        for symbol, dues in self._due_ns.items():
            if any(due_ns <= now_ns for due_ns in dues):
                symbols.append(symbol)
                self._due_ns[symbol] = [due_ns for due_ns in dues if due_ns > now_ns]
        return symbols

    def is_new(self, event: FundingPaid) -> bool:
        """Whether a record was not told of before."""
        key = (event.symbol, event.record_id)
        if key in self._told:
            return False
        self._told[key] = None
        if len(self._told) > RECORDS_MAX:
            self._told.popitem(last=False)
        return True
