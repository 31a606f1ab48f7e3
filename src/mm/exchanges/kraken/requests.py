"""Commands and subscriptions as websocket requests.

Numbers are written with the instrument's full decimals and never pass through a float. A request carries a token: what
is returned here must not be logged.
"""

from __future__ import annotations

from collections.abc import Sequence
from json.encoder import encode_basestring_ascii
from typing import Final

import orjson

from mm._core.events import Amend, Cancel, CancelAfter, Place
from mm._core.kraken_requests import KrakenRequestWriter
from mm.errors import LocalError
from mm.exchanges.kraken.terms import BATCH_CANCEL_MAX, BATCH_PLACE_MAX, Terms, check_kind
from mm.exchanges.kraken.times import SECOND_NS

DEADLINE_NS: Final = 5 * SECOND_NS
"""The engine refuses a request that reaches it later; Kraken's own default, named so that what we prove from it holds
(its bounds: 500 ms to 60 s)."""
CANCEL_AFTER_MAX_S: Final = 86_399

Command = Place | Amend | Cancel | CancelAfter


def subscribe(channel: str, symbol: str, request_id: int, depth: int) -> bytes:
    """Ask for a public channel. `instrument` has no symbol, `depth` counts for `book`."""
    return _public("subscribe", channel, symbol, request_id, depth, subscribing=True)


def unsubscribe(channel: str, symbol: str, request_id: int, depth: int) -> bytes:
    """Leave a public channel; a book is named with its depth."""
    return _public("unsubscribe", channel, symbol, request_id, depth, subscribing=False)


def subscribe_private(channel: str, request_id: int, token: str) -> bytes:
    """Ask for `executions` with both snapshots, or `balances`. Every flag is set: the documented defaults differ."""
    flags: dict[str, bool] = {"snapshot": True}
    if channel == "executions":
        flags = {"snap_orders": True, "snap_trades": True, "order_status": True}
    return _request("subscribe", request_id, {"channel": channel, **flags, "token": token})


def unsubscribe_private(channel: str, request_id: int, token: str) -> bytes:
    """Leave a private channel."""
    return _request("unsubscribe", request_id, {"channel": channel, "token": token})


def ping(request_id: int) -> bytes:
    """Ask for a pong; `params` would be refused."""
    return b'{"method":"ping","req_id":%d}' % request_id


def cancel_all(request_id: int, token: str) -> bytes:
    """Cancel every open order of the account, foreign ones too."""
    return _request("cancel_all", request_id, {"token": token})


class Requests:
    """Writes order commands.

    stp_type: what self-trade prevention cancels; sender_sub_id: of an institutional account, empty for none;
    deadline_ns: after the venue's present time, 0 leaves the venue's default.
    """

    __slots__ = ("_terms", "encode", "writer")

    def __init__(self, terms: Terms, stp_type: str, sender_sub_id: str, deadline_ns: int = DEADLINE_NS) -> None:
        self._terms = terms
        sender = f',"sender_sub_id":{_quoted(sender_sub_id)}' if sender_sub_id else ""
        tail = f',"stp_type":{_quoted(stp_type)}{sender}'
        self.writer = KrakenRequestWriter(terms, self._other, check_kind, tail.encode(), deadline_ns)
        self.encode = self.writer.write
        """Return the request of one command. Raises LocalError for a command that cannot be sent."""

    def _other(self, command: Command, request_id: int, token: str) -> bytes:
        """Return the request of a cancel."""
        if type(command) is Cancel:
            name, by_venue = self._terms.identity(command)
            return _trading("cancel_order", f'"{_key(by_venue)}":[{_quoted(name)}]', request_id, token)
        if type(command) is CancelAfter:
            return _trading("cancel_all_orders_after", f'"timeout":{timeout_of(command)}', request_id, token)
        raise LocalError(f"kraken: {type(command).__name__} is not a request")

    def encode_batch(
        self, commands: Sequence[Place] | Sequence[Cancel], request_id: int, token: str, venue_now_ns: int
    ) -> bytes:
        """Return one request for 2 to 15 orders of one symbol, or for 2 to 50 cancels."""
        places, cancels = batch(commands)
        if places:
            orders = ",".join(f"{{{self.writer.order(place).decode()}}}" for place in places)
            deadline = self.writer.deadline(venue_now_ns).decode()
            params = f'"symbol":{_quoted(places[0].symbol)},"orders":[{orders}]{deadline}'
            return _trading("batch_add", params, request_id, token)
        named = [self._terms.identity(cancel) for cancel in cancels]
        venue_ids = ",".join(_quoted(name) for name, by_venue in named if by_venue)
        client_ids = ",".join(_quoted(name) for name, by_venue in named if not by_venue)
        params = f'"orders":[{venue_ids}]' if venue_ids else ""
        if client_ids:
            params += f'{"," if params else ""}"cl_ord_id":[{client_ids}]'
        return _trading("batch_cancel", params, request_id, token)


def batch(commands: Sequence[Place] | Sequence[Cancel]) -> tuple[list[Place], list[Cancel]]:
    """Return the commands of a batch by kind; one of the lists is empty. Raises LocalError for no possible batch."""
    places = [command for command in commands if type(command) is Place]
    cancels = [command for command in commands if type(command) is Cancel]
    if len(places) == len(commands) and 2 <= len(places) <= BATCH_PLACE_MAX:
        if len({place.symbol for place in places}) == 1:
            return places, []
    elif len(cancels) == len(commands) and 2 <= len(cancels) <= BATCH_CANCEL_MAX:
        return [], cancels
    raise LocalError(
        f"kraken: a batch is 2 to {BATCH_PLACE_MAX} orders of one symbol or 2 to {BATCH_CANCEL_MAX} cancels, "
        f"got {len(places)} orders and {len(cancels)} cancels"
    )


def timeout_of(command: CancelAfter) -> int:
    """Return the seconds of a dead man's switch. Raises LocalError outside the venue's bounds."""
    if not 0 <= command.timeout_s <= CANCEL_AFTER_MAX_S:
        raise LocalError(f"kraken: cancel-after timeout {command.timeout_s} s is not in 0..{CANCEL_AFTER_MAX_S}")
    return command.timeout_s


def _public(method: str, channel: str, symbol: str, request_id: int, depth: int, *, subscribing: bool) -> bytes:
    params: dict[str, object] = {"channel": channel}
    if symbol:
        params["symbol"] = [symbol]
    if channel == "book":
        params["depth"] = depth
    elif channel == "ticker":
        # The default, "trades", says nothing of quotes.
        params["event_trigger"] = "bbo"
    if subscribing:
        # The last 50 trades were made before we came: nothing is decided by them.
        params["snapshot"] = channel != "trade"
    return _request(method, request_id, params)


def _request(method: str, request_id: int, params: dict[str, object]) -> bytes:
    return orjson.dumps({"method": method, "params": params, "req_id": request_id})


def _trading(method: str, params: str, request_id: int, token: str) -> bytes:
    text = f'{{"method":"{method}","params":{{{params},"token":{_quoted(token)}}},"req_id":{request_id}}}'
    return text.encode()


def _key(by_venue: bool) -> str:
    return "order_id" if by_venue else "cl_ord_id"


_quoted = encode_basestring_ascii
"""A text as JSON; the standard library's own, which gives the quoted text at once (80 ns)."""
