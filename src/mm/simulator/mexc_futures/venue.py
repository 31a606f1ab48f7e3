"""The simulated MEXC Futures as a machine without I/O; how it is driven is said in `mm.simulator.machine`.

One WebSocket path, `/edge`, private after a login; REST below `/api/v1/contract` and `/api/v1/private`. Who signs is
told by `venue.api_key` and `venue.api_secret`, the same as those of the simulated MEXC Spot with the same seed. Hooks
know REST requests as `POST order/create`, `GET depth`; messages of the socket by their method (`sub.depth`, `login`),
and pushes by their channel (`depth`, `deal`, `order`, `order.deal`, `position`, `asset`). `gap` and `drop` of a depth
push lose its versions; `lag` of `GET depth` shows an older book; `tokens` ends the logins; there are no checksums.

By the clock (and by `POST /sim/act`) there is more:

    funding        percent: the next rate; value: another cycle in s; duration_s: so much later the next is booked
    adl            percent of each position is cut at the fair price; told: push, lists, position
    position_mode  value: 1 hedge, 2 one-way; orders are canceled
    leverage       value: of every side and margin type, as by hand
    contract_size  value: base units of a contract, a multiple of 0.0001; orders are canceled
    mark           percent: the fair price moves to so much beside the market, over duration_s, and stays
    entry          value: 0 opens order entry; 1 closes the contract (apiAllowed off), any other code the account
    foreign_order  value: contracts, below zero a sell: a market order by hand
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

from mm.simulator.contracts.exchange import ContractExchange
from mm.simulator.contracts.positions import CROSS, HEDGE, ISOLATED, LONG, ONE_WAY, SHORT
from mm.simulator.hooks import CONTRACT_ACTIONS, LOT_ACTIONS, Rule
from mm.simulator.machine import Held, VenueMachine
from mm.simulator.mexc_futures import socket
from mm.simulator.mexc_futures.accounts import MODE, Accounts
from mm.simulator.mexc_futures.auth import Key
from mm.simulator.mexc_futures.connection import Connection
from mm.simulator.mexc_futures.desk import Desk
from mm.simulator.mexc_futures.errors import Refused, hook_refusal
from mm.simulator.mexc_futures.feeds import Feeds
from mm.simulator.mexc_futures.numbers import MS_NS
from mm.simulator.mexc_futures.prices import Prices
from mm.simulator.mexc_futures.rates import Limits
from mm.simulator.mexc_futures.rest import Rest, failure, route
from mm.simulator.mexc_futures.rest_orders import RestOrders
from mm.simulator.mexc_futures.rest_private import TRADING, RestPrivate
from mm.simulator.mexc_futures.rest_public import RestPublic
from mm.simulator.mexc_futures.rows import SYSTEM_REASON
from mm.simulator.mexc_futures.terms import SYMBOL, Listing
from mm.simulator.mexc_key import key_of
from mm.simulator.orders import BookChange, TradePrint

HOST: Final = "api.mexc.com"
PATH: Final = "/edge"
EIGHT_HOURS_S: Final = 8 * 3600


@dataclass(frozen=True, slots=True)
class Options:
    """How the venue behaves where nobody has confirmed it, and how the account is set up.

    Attributes:
        account: whose orders the key places.
        tier: limits (`rates.TIERS`).
        lacks: refusal codes of the rights that the key has not (701 to 704).
        mode: the account's position mode at first, 1 hedge or 2 one-way.
        funding_s: between two settlements.
        sample_s: between two samples of the prices that rates, marks and tickers are made of; the venue's is 1.
        entry_ms: how long an order takes into the book, from and to.
        events_first: None draws for every order request whether pushes go before the answer; True or False fixes it.
        pending_pushed: orders are also pushed before they are in the book.
        wraps_mode: the position mode comes in an object, as a newer page has it; clients read it bare.
        trails: the REST book trails the socket now and then.
        market_maker: the account may send batches.
    """

    account: str = "main"
    tier: str = "documented"
    lacks: frozenset[int] = frozenset()
    mode: int = ONE_WAY
    funding_s: int = EIGHT_HOURS_S
    sample_s: int = 1
    entry_ms: tuple[float, float] = (0.0, 3.0)
    events_first: bool | None = None
    pending_pushed: bool = False
    wraps_mode: bool = False
    trails: bool = True
    market_maker: bool = False


class MexcFuturesVenue(VenueMachine[Connection]):
    """See the module."""

    exchange: ContractExchange

    def __init__(
        self,
        exchange: ContractExchange,
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
            actions=CONTRACT_ACTIONS | LOT_ACTIONS,
            refusal=hook_refusal,
        )
        self.options = options or Options()
        self.api_key, self.api_secret = key_of(seed)
        self._limits = Limits(self.options.tier)
        self._listing = Listing(exchange.instruments)
        self._feeds = Feeds(self._listing, lambda: self._prices.by_symbol, self._push_public, lambda: self.skew_ns)
        self._prices = Prices(
            exchange,
            self._listing,
            self._feeds.middle,
            now_ns=start_ns,
            seed=seed,
            funding_s=self.options.funding_s,
            sample_s=self.options.sample_s,
        )
        self._accounts = Accounts(exchange, self._listing, self._push, self._rng, pending=self.options.pending_pushed)
        self._desk = Desk(exchange, self._feeds, lambda: self._prices, self._rng, self.options.entry_ms)
        orders = RestOrders(
            exchange,
            self._desk,
            self._listing,
            self._accounts.versions,
            lambda: self.lag_ns,
            is_market_maker=self.options.market_maker,
        )
        self._private = RestPrivate(
            exchange, self._listing, orders, self._tell_mode, wraps_mode=self.options.wraps_mode
        )
        self._key = Key(self.options.account, self.api_key, self.api_secret, self.options.lacks)
        public = RestPublic(
            self._feeds,
            lambda: self._prices,
            self._rng,
            lambda: self.skew_ns,
            lambda: self.lag_ns,
            trails=self.options.trails,
        )
        self._rest = Rest(public, self._private, self._key, self._limits, lambda: self.skew_ns)
        exchange.positions.setup(self.options.account).mode = self.options.mode
        self._sampled = 0
        self._feeds.apply(start_ns, exchange.drain_market())
        self._prices.tick(start_ns)

    def invalidate_tokens(self) -> None:
        """End every login; the sockets end with the next turn."""
        for connection in self._connections.values():
            if connection.private:
                self._outbox.ended.append((connection.id, 0, "login"))

    def snapshot(self) -> dict[str, Any]:
        """The history of funding."""
        return self._prices.snapshot()

    def restore(self, saved: dict[str, Any]) -> None:
        """Take back a snapshot. Raises ValueError."""
        try:
            self._prices.restore(saved)
        except (TypeError, AttributeError) as error:
            raise ValueError(f"venue: damaged ({error!r})") from None

    def statistics(self) -> dict[str, Any]:
        """Counters for the operator."""
        subscribed = sum(bool(connection.topics) for connection in self._connections.values())
        return {**super().statistics(), "subscribed_connections": subscribed, "rate_refusals": self._limits.refusals}

    def _account(self) -> str:
        return self.options.account

    def _hidden(self, symbol: str, *, is_hidden: bool) -> None:
        hidden, name = self._listing.hidden, self._listing.by_symbol[symbol].name
        (hidden.add if is_hidden else hidden.discard)(name)

    # --- connections ------------------------------------------------------------------------------------------------

    def _accept(self, now_ns: int, identity: int, path: str) -> Connection:
        if path.partition("?")[0] != PATH:
            raise ConnectionRefusedError(404, "not found")
        return Connection(identity, now_ns, now_ns)

    def _left(self, connection: Connection) -> None:
        for topic in list(connection.topics):
            self._feeds.unsubscribe(connection.id, topic)
        self._accounts.unwatch(connection)

    def _own_deadline(self) -> int:
        dues = (self._feeds.next_deadline(), self._prices.next_deadline(), self._desk.next_deadline())
        return min(filter(None, dues), default=0)

    def _tick(self, now_ns: int) -> None:
        self._desk.enter_due(now_ns)
        self._prices.tick(now_ns)
        self._tell(now_ns)
        if self._prices.sampled != self._sampled:
            self._sampled = self._prices.sampled
            self._accounts.warn(now_ns)
            for channel in ("index.price", "fair.price", "funding.rate"):
                self._feeds.tell(now_ns, channel)
        self._feeds.tick(now_ns)
        for connection in [one for one in self._connections.values() if one.next_deadline() <= now_ns]:
            # As the real venue does: without a close frame.
            self._drop(now_ns, connection.id, 0, "no ping")

    # --- what is told -----------------------------------------------------------------------------------------------

    def _show(self, now_ns: int, market: list[BookChange | TradePrint]) -> None:
        self._feeds.apply(now_ns, market)

    def _tell(self, now_ns: int) -> None:
        market = self._market(now_ns)
        if market:
            self._show(now_ns, market)
        reports, changes = self.exchange.drain_reports(), self.exchange.drain_changes()
        if reports or changes:
            self._accounts.tell(now_ns, reports, changes)

    def _push(self, now_ns: int, connection: Connection, channel: str, payload: str) -> None:
        self._outbox.message(now_ns, connection.id, channel, payload)

    def _push_public(self, now_ns: int, connection: int, channel: str, payload: str) -> None:
        self._outbox.message(now_ns, connection, channel, payload)

    def _tell_mode(self, now_ns: int, account: str, mode: int) -> None:
        self._accounts.push(now_ns, account, MODE, "", {"positionMode": mode})

    # --- the socket -------------------------------------------------------------------------------------------------

    def _read(self, now_ns: int, connection: Connection, payload: bytes) -> tuple[str, socket.Message] | None:
        message = socket.read(payload)
        if message is None:
            self.counts["malformed"] += 1
            return None
        return message.method, message

    def _handle(self, now_ns: int, connection: Connection, held: Held) -> None:
        message: socket.Message = held.message
        method = message.method
        if method == socket.PING:
            connection.pinged_ns = now_ns
            answer = socket.pong(now_ns + self.skew_ns)
        elif method == socket.LOGIN:
            answer = self._login(now_ns, connection, held.received_ns, message)
        elif method == socket.FILTER:
            answer = self._filter(now_ns, connection, message)
        elif method.startswith("sub."):
            key, problem = self._feeds.subscribe(connection.id, message.channel, message.parameters)
            if not problem:
                connection.topics[key] = None
            answer = socket.error(now_ns, problem) if problem else socket.success(now_ns, method)
        else:
            key, problem = self._feeds.key(message.channel, message.parameters)
            connection.topics.pop(key, None)
            self._feeds.unsubscribe(connection.id, key)
            answer = socket.error(now_ns, problem) if problem else socket.success(now_ns, method)
        self._outbox.answer(now_ns, connection.id, method, answer)

    def _login(self, now_ns: int, connection: Connection, received_ns: int, message: socket.Message) -> str:
        given = [str(message.parameters.get(name, "")) for name in ("apiKey", "reqTime", "signature")]
        try:
            self._key.login((received_ns + self.skew_ns) // MS_NS, *given)
        except Refused as refusal:
            return socket.error(now_ns, refusal.text)
        connection.private, connection.account = True, self._key.account
        connection.is_told, connection.filters = message.subscribe, None
        self._accounts.watch(connection)
        return socket.success(now_ns, socket.LOGIN)

    def _filter(self, now_ns: int, connection: Connection, message: socket.Message) -> str:
        if not connection.private:
            return socket.error(now_ns, "Not logged in")
        try:
            connection.filters = socket.rules(message.parameters)
        except ValueError as error:
            return socket.error(now_ns, str(error))
        connection.is_told = True
        return socket.success(now_ns, socket.FILTER)

    # --- REST -------------------------------------------------------------------------------------------------------

    def _endpoint(self, held: Held) -> str:
        return route(held.method, held.path)[0]

    def _serve(self, now_ns: int, held: Held) -> None:
        name = self._endpoint(held)
        answer = self._rest.handle(now_ns, held.received_ns, held.method, held.target, held.headers or {}, held.body)
        if name in TRADING and self._events_first():
            self._tell(now_ns)
        self._outbox.http(now_ns, held.connection, name, answer.text, answer.status)

    def _refuse(self, now_ns: int, held: Held, text: str) -> None:
        if held.is_rest:
            answer = failure(hook_refusal(text))
            self._outbox.http(now_ns, held.connection, self._endpoint(held), answer.text, answer.status)
        else:
            self._outbox.answer(
                now_ns, held.connection, held.message.method, socket.error(now_ns, hook_refusal(text).text)
            )

    def _events_first(self) -> bool:
        drawn = self._rng.random() < 0.5
        return drawn if self.options.events_first is None else self.options.events_first

    # --- what befalls the account -----------------------------------------------------------------------------------

    def _tell_terms(self, now_ns: int, symbols: list[str]) -> None:
        for symbol in symbols:
            self._feeds.tell(now_ns, "contract", symbol)

    def _own_rule(self, now_ns: int, rule: Rule) -> None:
        account, action = self.options.account, rule.action
        if action == "funding":
            rate_e8 = round(rule.percent * 10**6) if rule.percent else None
            cycle_ns = int(rule.value * 10**9)
            self._prices.change_funding(now_ns, SYMBOL, rate_e8=rate_e8, cycle_ns=cycle_ns, late_ns=rule.duration_ns)
        elif action == "adl":
            for position in self.exchange.positions.of(account):
                size = self._whole(position.hold, int(position.hold * rule.percent / 100))
                self.exchange.reduce(now_ns, position, size, self._prices.by_symbol[SYMBOL].fair, told=rule.told)
        elif action == "position_mode":
            self._change_mode(now_ns, account, HEDGE if rule.value == HEDGE else ONE_WAY)
        elif action == "leverage":
            for side, kind in product((LONG, SHORT), (ISOLATED, CROSS)):
                # What its position has no margin for stays as it is.
                with suppress(Refused):
                    self._private.set_leverage(now_ns, account, SYMBOL, side, kind, max(1, int(rule.value)))
        elif action == "contract_size":
            self._change_contract(now_ns, account, rule.value)
        elif action == "mark":
            self._prices.crash(now_ns, SYMBOL, rule.percent, rule.duration_ns)
        elif action == "entry":
            contract = self._listing.by_symbol[SYMBOL]
            contract.api_allowed = rule.value != 1
            self._desk.closed_code = int(rule.value) if rule.value > 1 else 0
            self._feeds.tell(now_ns, "contract", SYMBOL)
        elif action == "foreign_order":
            self._foreign(now_ns, account, int(rule.value))

    def _whole(self, hold: int, size: int) -> int:
        """A part of a position in whole contracts, at least one; a rest that is less than one goes along."""
        contract = self.exchange.instruments[SYMBOL].contract
        size = max(contract, size // contract * contract)
        return size if hold - size >= contract else hold

    def _change_mode(self, now_ns: int, account: str, mode: int) -> None:
        """As by hand: what stands is canceled. Positions stay, whatever the real venue would ask for."""
        self._desk.enter_due(now_ns, everything=True)
        self.exchange.cancel_all(now_ns, account, SYSTEM_REASON)
        self.exchange.positions.setup(account).mode = mode
        self._tell_mode(now_ns, account, mode)

    def _change_contract(self, now_ns: int, account: str, value: float) -> None:
        """Count in other contracts from now on; positions are in base units and stay what they are. Orders end."""
        traded = self.exchange.instruments[SYMBOL]
        self._desk.enter_due(now_ns, everything=True)
        self.exchange.cancel_all(now_ns, account, SYSTEM_REASON)
        self._listing.by_symbol[SYMBOL].resize(now_ns, max(1, round(value * 10**traded.size_precision)))
        self._feeds.tell(now_ns, "contract", SYMBOL)

    def _foreign(self, now_ns: int, account: str, vol: int) -> None:
        """A market order that nobody but the account's owner placed, in the account's own mode."""
        fields = {
            "symbol": self._listing.by_symbol[SYMBOL].name,
            "vol": str(abs(vol)),
            "side": "1" if vol > 0 else "3",
            "type": "5",
            "openType": str(CROSS),
        }
        with suppress(Refused):
            self._desk.place(now_ns, account, fields)
        self._desk.enter_due(now_ns, everything=True)
