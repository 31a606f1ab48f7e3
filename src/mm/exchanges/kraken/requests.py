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
from mm._core.fixed import to_text
from mm.errors import LocalError
from mm.exchanges.kraken.terms import BATCH_CANCEL_MAX, BATCH_PLACE_MAX, Terms, check_kind
from mm.exchanges.kraken.times import SECOND_NS, milliseconds_text

DEADLINE_NS: Final = 5 * SECOND_NS
"""The engine refuses a request that reaches it later; Kraken's own default, named so that what we prove from it holds
(its bounds: 500 ms to 60 s)."""
TENTH_NS: Final = SECOND_NS // 10
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

    __slots__ = (
        "_deadline_ns",
        "_deadline_text",
        "_kinds",
        "_order_tail",
        "_symbols",
        "_tenth",
        "_terms",
        "_token",
        "_token_quoted",
    )

    def __init__(self, terms: Terms, stp_type: str, sender_sub_id: str, deadline_ns: int = DEADLINE_NS) -> None:
        self._terms = terms
        self._deadline_ns = deadline_ns
        sender = f',"sender_sub_id":{_quoted(sender_sub_id)}' if sender_sub_id else ""
        self._order_tail = f',"stp_type":{_quoted(stp_type)}{sender}'
        # Parts that repeat from order to order are made once: writing an order is on the way from tick to trade.
        self._kinds: dict[tuple[str, str, bool, bool], str] = {}
        self._symbols: dict[str, str] = {}
        self._token = self._token_quoted = self._deadline_text = ""
        self._tenth = 0

    def encode(self, command: Command, request_id: int, token: str, venue_now_ns: int) -> bytes:
        """Return the request of one command. Raises LocalError for a command that cannot be sent."""
        if token is not self._token:
            self._token, self._token_quoted = token, _quoted(token)
        if type(command) is Amend:
            method, params = "amend_order", self._amend(command) + self._deadline(venue_now_ns)
        elif type(command) is Place:
            method = "add_order"
            params = f'{self._order(command)},"symbol":{self._symbol(command.symbol)}{self._deadline(venue_now_ns)}'
        elif type(command) is Cancel:
            name, by_venue = self._terms.identity(command)
            method, params = "cancel_order", f'"{_key(by_venue)}":[{_quoted(name)}]'
        elif type(command) is CancelAfter:
            method, params = "cancel_all_orders_after", f'"timeout":{timeout_of(command)}'
        else:
            raise LocalError(f"kraken: {type(command).__name__} is not a request")
        return (
            f'{{"method":"{method}","params":{{{params},"token":{self._token_quoted}}},"req_id":{request_id}}}'.encode()
        )

    def encode_batch(
        self, commands: Sequence[Place] | Sequence[Cancel], request_id: int, token: str, venue_now_ns: int
    ) -> bytes:
        """Return one request for 2 to 15 orders of one symbol, or for 2 to 50 cancels."""
        places, cancels = batch(commands)
        if places:
            orders = ",".join(f"{{{self._order(place)}}}" for place in places)
            params = f'"symbol":{self._symbol(places[0].symbol)},"orders":[{orders}]{self._deadline(venue_now_ns)}'
            return _trading("batch_add", params, request_id, token)
        named = [self._terms.identity(cancel) for cancel in cancels]
        venue_ids = ",".join(_quoted(name) for name, by_venue in named if by_venue)
        client_ids = ",".join(_quoted(name) for name, by_venue in named if not by_venue)
        params = f'"orders":[{venue_ids}]' if venue_ids else ""
        if client_ids:
            params += f'{"," if params else ""}"cl_ord_id":[{client_ids}]'
        return _trading("batch_cancel", params, request_id, token)

    def _order(self, place: Place) -> str:
        kind = (place.order_type, place.time_in_force, place.post_only, place.reduce_only)
        tail = self._kinds.get(kind) or self._kind(*kind)
        instrument = self._terms.place(place)
        side = "buy" if place.side > 0 else "sell"
        limit = f',"limit_price":{to_text(place.price, instrument.price_precision)}' if kind[0] == "limit" else ""
        size = to_text(place.size, instrument.size_precision)
        return f'"side":"{side}","order_qty":{size}{limit},"cl_ord_id":{_quoted(place.client_id)}{tail}'

    def _kind(self, order_type: str, time_in_force: str, post_only: bool, reduce_only: bool) -> str:
        check_kind(order_type, time_in_force, post_only)
        text = f',"order_type":"{order_type}"'
        if order_type == "limit":
            # A market order executes at once or not at all; how long it may rest is not asked.
            text += f',"time_in_force":"{time_in_force}"'
        text += ',"post_only":true' if post_only else ""
        text += ',"reduce_only":true' if reduce_only else ""
        self._kinds[order_type, time_in_force, post_only, reduce_only] = text + self._order_tail
        return text + self._order_tail

    def _symbol(self, symbol: str) -> str:
        quoted = self._symbols.get(symbol)
        if quoted is None:
            quoted = self._symbols[symbol] = _quoted(symbol)
        return quoted

    def _amend(self, amend: Amend) -> str:
        instrument = self._terms.instrument(amend.symbol)
        name, by_venue = self._terms.identity(amend)
        if amend.price <= 0 or amend.size <= 0:
            raise LocalError(f"kraken: cannot amend to price {amend.price}, size {amend.size}")
        post_only = ',"post_only":true' if self._terms.post_only(amend) else ""
        price, size = to_text(amend.price, instrument.price_precision), to_text(amend.size, instrument.size_precision)
        return f'"{_key(by_venue)}":{_quoted(name)},"limit_price":{price},"order_qty":{size}{post_only}'

    def _deadline(self, venue_now_ns: int) -> str:
        """Write the deadline, rounded down to a tenth of a second, so that orders close together share its text."""
        if venue_now_ns <= 0 or not self._deadline_ns:
            return ""
        tenth = (venue_now_ns + self._deadline_ns) // TENTH_NS
        if tenth != self._tenth:
            self._tenth = tenth
            self._deadline_text = f',"deadline":"{milliseconds_text(tenth * TENTH_NS)}"'
        return self._deadline_text


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
