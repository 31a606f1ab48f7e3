"""Which word about an account is the newest: pushes and queries come by two ways, and neither waits for the other.

Both tell whole positions and whole balances, so that an older one that comes late would undo a newer one. A position's
changes are numbered; assets carry no number, and what was pushed after a query was asked for is newer than its answer.
(MEXC Futures reference: private channels.)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mm._core.events import Balance, MarginReport, PositionReport


class Newest:
    """Leaves out what is older than what was told already."""

    __slots__ = ("_heard_ns", "_open", "_versions")

    def __init__(self) -> None:
        self._heard_ns: dict[str, int] = {}
        self._versions: dict[str, tuple[int, int]] = {}
        self._open: dict[str, PositionReport] = {}

    def forget(self) -> None:
        """The stream has ended: what it told last may be older than anything that comes now."""
        self._heard_ns.clear()
        self._versions.clear()

    def pushed(self, events: Iterable[Any]) -> list[Any]:
        """Take the events of a push."""
        told = []
        for event in events:
            kind = type(event)
            if kind is MarginReport or kind is Balance:
                self._heard_ns[event.asset] = event.recv_ns
            elif kind is PositionReport:
                if not self._is_newest(event):
                    continue
                self._heard_ns[event.position_id] = event.recv_ns
            told.append(event)
        return told

    def read(self, now_ns: int, kind: str, events: Iterable[Any], asked_ns: int) -> list[Any]:
        """Take the events of an answer to a query of a kind that left at `asked_ns`. A position that the list leaves
        out is closed."""
        told: list[Any] = []
        listed = set()
        for event in events:
            if type(event) is PositionReport:
                listed.add(event.position_id)
                if self._heard_ns.get(event.position_id, -1) >= asked_ns and not event.version:
                    continue
                if not self._is_newest(event):
                    continue
            elif type(event) in (MarginReport, Balance) and self._heard_ns.get(event.asset, -1) >= asked_ns:
                continue
            told.append(event)
        gone = [each for each in self._open.values() if each.position_id not in listed] if kind == "positions" else []
        for report in gone:
            if self._heard_ns.get(report.position_id, -1) < asked_ns:
                del self._open[report.position_id]
                told.append(_closed(now_ns, report))
        return told

    def _is_newest(self, report: PositionReport) -> bool:
        number = (report.version, report.venue_ns)
        known = self._versions.get(report.position_id, (0, 0))
        # Old pushes carry neither: they are taken in the order in which they come.
        if report.version and number < known:
            return False
        self._versions[report.position_id] = max(number, known)
        if report.size:
            self._open[report.position_id] = report
        else:
            self._open.pop(report.position_id, None)
        return True


def _closed(now_ns: int, report: PositionReport) -> PositionReport:
    values = dict(zip((name for name, _ in PositionReport.FIELDS), report.values(), strict=True))
    nothing = {"size": 0, "size_frozen": 0, "liquidation_price_e12": 0, "margin": 0, "source": "query"}
    return PositionReport(**values | nothing | {"recv_ns": now_ns})  # type: ignore[arg-type]  # of the very class
