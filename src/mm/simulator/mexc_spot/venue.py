"""The simulated MEXC Spot as a machine without I/O; how it is driven is said in `mm.simulator.machine`.

One WebSocket path, `/ws`, private with `?listenKey=`; REST below `/api/v3`. Who signs requests is told by
`venue.api_key` and `venue.api_secret`. Hooks know REST requests as `POST order`, messages of the socket as
`SUBSCRIPTION`, `UNSUBSCRIPTION` and `PING`, and pushes by the middle of their topic: `aggre.depth`, `aggre.deals`,
`aggre.bookTicker`, `limit.depth`, `orders`, `deals`, `account`. `gap` and `drop` of a depth push lose its versions;
`lag` of `GET depth` shows an older book; `tokens` forgets the listen keys; there are no checksums.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs

from mm.simulator.exchange import Exchange
from mm.simulator.hooks import COST_ACTIONS
from mm.simulator.machine import Held, VenueMachine
from mm.simulator.mexc_key import key_of
from mm.simulator.mexc_spot import control
from mm.simulator.mexc_spot.accounts import TOPICS, Accounts
from mm.simulator.mexc_spot.auth import Key
from mm.simulator.mexc_spot.connection import TOPICS_MAX, Connection
from mm.simulator.mexc_spot.desk import Desk
from mm.simulator.mexc_spot.feeds import Feeds
from mm.simulator.mexc_spot.listen_keys import ListenKeys
from mm.simulator.mexc_spot.rates import TIERS, Limits
from mm.simulator.mexc_spot.rest import Rest, endpoint, failure, hook_refusal
from mm.simulator.mexc_spot.rest_private import TRADING, RestPrivate
from mm.simulator.mexc_spot.rest_public import RestPublic
from mm.simulator.mexc_spot.terms import Listing
from mm.simulator.orders import BookChange, TradePrint

HOST: Final = "api.mexc.com"
PATH: Final = "/ws"
GONE: Final = 1001


@dataclass(frozen=True, slots=True)
class Options:
    """How the venue behaves where nobody has confirmed it.

    Attributes:
        account: whose orders the key places.
        tier: limits (`rates.TIERS`).
        may_trade: whether the key may place and cancel.
        events_first: None draws for every order request whether pushes go before the answer; True or False fixes it.
        post_only_refuses: a LIMIT_MAKER that would take is refused instead of accepted and canceled.
        cancel_status: what the answer to a cancel says: `NEW` how the order was, `CANCELED` how it is, "" draws.
        public_on_private: public topics work on a socket that was opened with a listen key.
        schema_2026: pushes have the fields of June 2026.
    """

    account: str = "main"
    tier: str = "reported"
    may_trade: bool = True
    events_first: bool | None = None
    post_only_refuses: bool = False
    cancel_status: str = ""
    public_on_private: bool = True
    schema_2026: bool = True


def mexc_name(letter: str, chance: random.Random) -> str:
    """Ids as MEXC writes them: orders `C02__` and 21 digits, executions 18 digits and `X1`."""
    digits = f"{chance.randrange(4 * 10**17, 9 * 10**17)}"
    return f"C02__{digits}{chance.randrange(1000):03d}" if letter == "O" else f"{digits}X1"


class MexcSpotVenue(VenueMachine[Connection]):
    """See the module."""

    def __init__(
        self,
        exchange: Exchange,
        *,
        start_ns: int,
        seed: int = 1,
        options: Options | None = None,
        hooks: Sequence[dict[str, Any]] = (),
    ) -> None:
        super().__init__(
            exchange,
            start_ns=start_ns,
            seed=seed,
            hooks=hooks,
            host=HOST,
            actions=COST_ACTIONS,
            refusal=hook_refusal,
        )
        self.options = options or Options()
        self.api_key, self.api_secret = key_of(seed)
        self._limits = Limits(TIERS[self.options.tier])
        self._keys = ListenKeys(random.Random(f"mexc listen key:{seed}"))
        listing = Listing(exchange.instruments)
        self._feeds = Feeds(listing, self._push, lambda: self.skew_ns, schema_2026=self.options.schema_2026)
        self._accounts = Accounts(exchange, listing, self._push)
        desk = Desk(exchange, self._feeds, post_only_refuses=self.options.post_only_refuses)
        private = RestPrivate(
            exchange,
            desk,
            self._keys,
            self._limits,
            self._rng,
            lambda: self.lag_ns,
            self._end_connections,
            cancel_status=self.options.cancel_status,
        )
        key = Key(self.options.account, self.api_key, self.api_secret, may_trade=self.options.may_trade)
        public = RestPublic(self._feeds, lambda: self.skew_ns, lambda: self.lag_ns)
        self._rest = Rest(public, private, key, self._limits, lambda: self.skew_ns)
        self._feeds.apply(start_ns, exchange.drain_market())

    def invalidate_tokens(self) -> None:
        """Forget every listen key; its sockets end with the next turn."""
        for identity in sorted(self._keys.invalidate()):
            self._outbox.ended.append((identity, GONE, "listen key"))

    def statistics(self) -> dict[str, Any]:
        """Counters for the operator."""
        subscribed = sum(bool(connection.topics) for connection in self._connections.values())
        return {
            **super().statistics(),
            "subscribed_connections": subscribed,
            "rate_refusals": self._limits.refusals,
        }

    def _account(self) -> str:
        return self.options.account

    def _hidden(self, symbol: str, *, is_hidden: bool) -> None:
        hidden, name = self._feeds.listing.hidden, self._feeds.listing.name(symbol)
        (hidden.add if is_hidden else hidden.discard)(name)

    # --- connections ------------------------------------------------------------------------------------------------

    def _accept(self, now_ns: int, identity: int, path: str) -> Connection:
        place, _, query = path.partition("?")
        if place != PATH:
            raise ConnectionRefusedError(404, "not found")
        name = parse_qs(query).get("listenKey", [""])[0]
        account = self._keys.attach(name, identity) if name else ""
        connection = Connection(identity, bool(account), account, now_ns, now_ns, now_ns)
        connection.is_refused = bool(name) and not account
        return connection

    def _greet(self, now_ns: int, connection: Connection) -> None:
        if connection.is_refused:
            self._outbox.message(now_ns, connection.id, "greeting", control.INVALID_KEY)

    def _left(self, connection: Connection) -> None:
        for topic in list(connection.topics):
            self._feeds.unsubscribe(connection, topic)
        self._accounts.unwatch(connection)
        self._keys.detach(connection.id)

    def _end_connections(self, now_ns: int, identities: set[int]) -> None:
        for identity in sorted(identities):
            if identity in self._connections:
                self._drop(now_ns, identity, GONE, "listen key")

    def _own_deadline(self) -> int:
        return min((due for due in (self._feeds.next_deadline(), self._keys.next_deadline()) if due), default=0)

    def _tick(self, now_ns: int) -> None:
        self._feeds.tick(now_ns)
        self._end_connections(now_ns, self._keys.expire(now_ns))
        for connection in [one for one in self._connections.values() if one.next_deadline() <= now_ns]:
            self._drop(now_ns, connection.id, GONE, "idle")

    # --- what is told -----------------------------------------------------------------------------------------------

    def _show(self, now_ns: int, market: list[BookChange | TradePrint]) -> None:
        self._feeds.apply(now_ns, market)

    def _tell(self, now_ns: int) -> None:
        market = self._market(now_ns)
        if market:
            self._show(now_ns, market)
        reports = self.exchange.drain_reports()
        if reports:
            self._accounts.tell(now_ns, reports)

    def _push(self, now_ns: int, connection: Connection, channel: str, payload: bytes) -> None:
        connection.active_ns = now_ns
        self._outbox.message(now_ns, connection.id, channel, payload)

    # --- the socket -------------------------------------------------------------------------------------------------

    def _read(self, now_ns: int, connection: Connection, payload: bytes) -> tuple[str, control.Message] | None:
        if not connection.spoke(now_ns):
            self._outbox.ended.append((connection.id, GONE, "too many messages"))
            return None
        message = control.read(payload)
        if message is None:
            self.counts["malformed"] += 1
            # What the venue says to nonsense is not published.
            self._outbox.answer(now_ns, connection.id, "error", control.answer(0, "Invalid message"))
            return None
        return message.method, message

    def _handle(self, now_ns: int, connection: Connection, held: Held) -> None:
        message: control.Message = held.message
        if message.method == "PING":
            text = control.answer(message.id, "PONG")
        elif message.method == "SUBSCRIPTION":
            refused = [topic for topic in message.params if not self._subscribe(now_ns, connection, topic)]
            text = control.answer(message.id, _blocked(refused) if refused else ",".join(message.params))
        else:
            for topic in message.params:
                self._unsubscribe(now_ns, connection, topic)
            text = control.answer(message.id, ",".join(message.params))
        self._outbox.answer(now_ns, connection.id, message.method, text)

    def _subscribe(self, now_ns: int, connection: Connection, topic: str) -> bool:
        if topic in connection.topics:
            return True
        if len(connection.topics) >= TOPICS_MAX:
            return False
        if topic in TOPICS:
            if not connection.private:
                return False
            connection.topics[topic] = None
            self._accounts.watch(connection)
            return True
        if connection.private and not self.options.public_on_private:
            return False
        return self._feeds.subscribe(now_ns, connection, topic)

    def _unsubscribe(self, now_ns: int, connection: Connection, topic: str) -> None:
        if topic in TOPICS:
            connection.topics.pop(topic, None)
        else:
            self._feeds.unsubscribe(connection, topic)
        if not connection.topics:
            connection.bare_ns = now_ns

    # --- REST -------------------------------------------------------------------------------------------------------

    def _endpoint(self, held: Held) -> str:
        return endpoint(held.method, held.path)

    def _serve(self, now_ns: int, held: Held) -> None:
        name = self._endpoint(held)
        answer = self._rest.handle(now_ns, held.received_ns, held.method, held.target, held.headers or {}, held.body)
        if name in TRADING and self._events_first():
            self._tell(now_ns)
        self._outbox.http(now_ns, held.connection, name, answer.text, answer.status, answer.headers)

    def _refuse(self, now_ns: int, held: Held, text: str) -> None:
        if held.is_rest:
            answer = failure(hook_refusal(text))
            name = self._endpoint(held)
            self._outbox.http(now_ns, held.connection, name, answer.text, answer.status, answer.headers)
            return
        message: control.Message = held.message
        reply = control.answer(message.id, _blocked(message.params))
        self._outbox.answer(now_ns, held.connection, message.method, reply)

    def _events_first(self) -> bool:
        drawn = self._rng.random() < 0.5
        return drawn if self.options.events_first is None else self.options.events_first


def _blocked(topics: list[str]) -> str:
    return control.BLOCKED.format(",".join(topics))
