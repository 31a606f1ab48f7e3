"""When in doubt: what the docs promise that the bot does not send, and the cancels that it owes, for the judge.

What is in doubt is taken from what the bot hears (a stream that ends, a venue's status) and from what it has written
itself that it knows (a status, a difference that nothing explains). Nothing of the bot is imported.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, Final

from mm.simulator.kinds import KRAKEN

MS: Final = 1_000_000
OPEN: Final = frozenset({"online", "post_only", "limit_only"})
"""States of a venue in which orders may be placed."""
STATUS: Final = b'"channel":"status"'
SHUT: Final = frozenset({403, 418, 429})
"""Statuses of a ban."""
CANCEL_NS: Final = 2_000 * MS
"""From the moment that a cancel is written to its bytes, or to the word that it got nowhere: over HTTP, beside the
reads of a start on a slow line, it takes more than one second."""
DOWN_NS: Final = 500 * MS
"""What waits for its turn at a venue with orders over REST may leave for so long after the stream has ended."""


class Doubt:
    """Of all venues. hedged: a venue to those on which what it fills is hedged."""

    def __init__(self, hedged: Mapping[str, Collection[str]]) -> None:
        self._hedged = hedged
        self._told: dict[str, str] = {}
        """Venue to its status by its own messages."""
        self._written: dict[tuple[str, str], str] = {}
        """Venue and symbol, "" for all of it, to its status by the journal."""
        self._banned: dict[str, bool] = {}
        """Venues whose last answer over HTTP was a ban."""
        self._unexplained: dict[tuple[str, str, str], None] = {}
        self._owed: dict[tuple[str, str], tuple[int, str]] = {}
        """Cancels that were written and have not left: when, and the venue's id."""

    def told(self, venue: str, payload: bytes) -> None:
        """A message of the public side: Kraken says its status there."""
        if STATUS in payload[:40]:
            try:
                self._told[venue] = json.loads(payload)["data"][0]["system"]
            except (ValueError, KeyError, IndexError, TypeError):
                return

    def read(self, kind: str, record: Any) -> None:
        """A record of the journal."""
        if kind == "VenueStatus":
            self._written[record.venue, ""] = record.status
        elif kind == "InstrumentUpdate":
            self._written[record.venue, record.symbol] = json.loads(record.definition)["status"]
        elif kind == "Difference":
            key = (record.venue, record.what, record.subject)
            if record.verdict == "unexplained":
                self._unexplained[key] = None
            elif record.verdict in ("explained", "accepted"):
                self._unexplained.pop(key, None)

    def wanted(self, record: Any) -> None:
        """A cancel is written, and none of this order is on its way."""
        self._owed.setdefault((record.venue, record.client_id), (record.recv_ns, record.venue_id))

    def settled(self, venue: str, client_id: str) -> None:
        """The order is over, or its cancel got nowhere and says so."""
        self._owed.pop((venue, client_id), None)

    def cancelled(self, venue: str, names: Collection[str]) -> None:
        """A cancel of these ids leaves, none of them ""; of none: of everything there."""
        if self._owed:
            for key, (_, venue_id) in list(self._owed.items()):
                if key[0] == venue and (not names or key[1] in names or venue_id in names):
                    del self._owed[key]

    def answered(self, venue: str, status: int) -> None:
        """An answer over HTTP reaches the bot: while that is a ban, it sends nothing there that would prolong it."""
        if status > 0:
            self._banned[venue] = status in SHUT

    def linked(self, venue: str) -> None:
        """The private stream of a venue begins: what goes over it no ban holds back."""
        if venue == KRAKEN:
            self._banned.pop(venue, None)

    def froze(self, duration_ns: int) -> None:
        """The process stands still: so much later leaves what it owes."""
        self._owed = {key: (since_ns + duration_ns, venue_id) for key, (since_ns, venue_id) in self._owed.items()}

    def restarted(self) -> None:
        """The process that owed the cancels is gone, and what it knew of the venues' states."""
        self._owed.clear()
        self._written.clear()

    def late(self, now_ns: int) -> tuple[str, str] | None:
        """The venue and client id of a cancel that should have left."""
        for key, (since_ns, venue_id) in self._owed.items():
            if self._banned.get(key[0]):
                self._owed[key] = (now_ns, venue_id)
            elif now_ns - since_ns > CANCEL_NS:
                return key
        return None

    def forbids(self, venue: str, symbol: str, purpose: str, assets: Collection[str]) -> str:
        """Why nothing new may be sent, '' when it may. assets: of the market."""
        states = (self._told.get(venue), self._written.get((venue, "")), self._written.get((venue, symbol)))
        for status in states:
            if status is not None and status not in OPEN:
                return f"{venue} {symbol} is {status}"
        if purpose != "quote":
            return ""
        places = {venue, *self._hedged.get(venue, ())}
        for at, what, subject in self._unexplained:
            if at in places and (at != venue or subject == symbol or subject in assets):
                return f"{what} {subject} of {at} is unexplained"
        return ""
