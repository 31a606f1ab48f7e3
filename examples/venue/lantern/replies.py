"""REST replies: the thing itself with HTTP 200, else `{"error":{"code":"below_minimum","message":"..."}}`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from examples.venue.lantern.books import WHOLE
from examples.venue.lantern.rows import Rows
from examples.venue.lantern.terms import ERRORS, NAME
from mm._core.events import BookFrame
from mm.exchanges.venue import Decoded, ErrorClass, Kind
from mm.exchanges.wire import array, integer, mapping, note, parse, text

COMMANDS: Final = frozenset({"place", "amend", "cancel"})


class SecretText(str):
    """A text whose `repr` does not show it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "SecretText(...)"


class Replies:
    """Reads replies by the kind of what was asked."""

    def __init__(self, rows: Rows, symbols: frozenset[str]) -> None:
        self._rows, self._symbols = rows, symbols
        self._readers: dict[str, Callable[[Any, Decoded, int], None]] = {
            "instruments": self._instruments,
            "session": self._session,
            "balances": self._balances,
            "open_orders": self._orders,
            "query_orders": self._orders,
            "closed_orders": self._orders,
            "executions": self._executions,
            "place": self._placed,
            "amend": lambda reply, decoded, now_ns: None,
            "cancel": lambda reply, decoded, now_ns: None,
        }

    def read(self, kind: str, status: int, body: bytes, now_ns: int) -> Decoded:
        """Return the meaning of a reply; never raises."""
        # What is no answer of the venue proves nothing: a read may be asked again, an order request is in doubt.
        doubt = ErrorClass.AMBIGUOUS if kind in COMMANDS else ErrorClass.RETRY
        if status == 429:
            doubt = ErrorClass.RATE
        try:
            reply = parse(body)
            if status >= 500:
                return Decoded(Kind.REPLY, ok=False, error=f"HTTP status {status}", error_class=doubt)
            if status != 200:
                error = mapping(mapping(reply, "reply").get("error"), "error")
                code = text(error, "code")
                found = ERRORS.get(code, doubt)
                return Decoded(Kind.REPLY, ok=False, error=f"{code}: {note(error, 'message')}", error_class=found)
            decoded = Decoded(Kind.REPLY)
            if kind == "book":
                # Checked by the decoder that applies it: a reply that is none costs the trust in the book.
                decoded.events = (BookFrame(now_ns, NAME, WHOLE + body),)
            else:
                self._readers[kind](reply, decoded, now_ns)
        except (ValueError, KeyError) as error:
            return Decoded(Kind.MALFORMED, ok=False, error=f"{kind}: {error}", error_class=doubt)
        return decoded

    def _instruments(self, reply: Any, decoded: Decoded, now_ns: int) -> None:
        rows = [mapping(row, "instrument") for row in array(reply, "instruments")]
        events = [self._rows.instrument(row, now_ns) for row in rows]
        decoded.events = tuple(event for event in events if not self._symbols or event.symbol in self._symbols)

    def _session(self, reply: Any, decoded: Decoded, now_ns: int) -> None:
        decoded.result = SecretText(text(mapping(reply, "reply"), "token"))

    def _balances(self, reply: Any, decoded: Decoded, now_ns: int) -> None:
        row = mapping(reply, "reply")
        # Of the account channel's numbers: pushes after it are newer than this reply.
        decoded.sequence = integer(row, "seq")
        rows = [mapping(each, "balance") for each in array(row.get("balances"), "balances")]
        decoded.events = tuple(self._rows.balance(each, now_ns, "query") for each in rows)

    def _orders(self, reply: Any, decoded: Decoded, now_ns: int) -> None:
        rows = [mapping(each, "order") for each in array(mapping(reply, "reply").get("orders"), "orders")]
        decoded.events = tuple(self._rows.order(row, now_ns, "query") for row in rows)
        decoded.rows = len(rows)

    def _executions(self, reply: Any, decoded: Decoded, now_ns: int) -> None:
        """result: the cursor of the next page, 0 after the last."""
        row = mapping(reply, "reply")
        rows = [mapping(each, "execution") for each in array(row.get("executions"), "executions")]
        decoded.events = tuple(self._rows.execution(each, now_ns) for each in rows)
        decoded.result = integer(row, "next", 0)

    def _placed(self, reply: Any, decoded: Decoded, now_ns: int) -> None:
        """result: the venue's id."""
        decoded.result = text(mapping(reply, "reply"), "id")
        if not decoded.result:
            raise ValueError("id: expected an order id")
