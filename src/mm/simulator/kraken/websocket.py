"""The WebSocket v2 face: requests in, responses and subscriptions out; orders go to the trading methods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mm.simulator.kraken import errors
from mm.simulator.kraken.accounts import Accounts
from mm.simulator.kraken.auth import Keys, Token
from mm.simulator.kraken.connection import Connection, PrivateSubscription, Topic
from mm.simulator.kraken.errors import Refused
from mm.simulator.kraken.feeds import DEPTHS, TRIGGERS, Feeds
from mm.simulator.kraken.orders_websocket import Trading
from mm.simulator.kraken.rates import Tier
from mm.simulator.kraken.reply import Reply, Request
from mm.simulator.kraken.texts import Number

SYMBOL_CHANNELS: Final = ("book", "trade", "ticker")
PRIVATE_CHANNELS: Final = ("executions", "balances")
MEMBERS: Final[dict[str, frozenset[str]]] = {
    "book": frozenset({"channel", "symbol", "depth", "snapshot"}),
    "trade": frozenset({"channel", "symbol", "snapshot"}),
    "ticker": frozenset({"channel", "symbol", "event_trigger", "snapshot"}),
    "instrument": frozenset({"channel", "snapshot", "include_tokenized_assets", "execution_venue"}),
    "executions": frozenset(
        [
            "channel",
            "token",
            "snap_orders",
            "snap_trades",
            "order_status",
            "ratecounter",
            "users",
            "rebased",
            "snapshot",
            "snapshot_trades",
        ]
    ),
    "balances": frozenset({"channel", "token", "snapshot", "users", "rebased"}),
}
EXECUTIONS_WARNINGS: Final = (
    '["cancel_reason is deprecated, use reason","stop_price is deprecated, use triggers.price",'
    '"trigger is deprecated use triggers.reference","triggered_price is deprecated use triggers.last_price"]'
)
INSTRUMENT_WARNINGS: Final = '["tick_size is deprecated, use price_increment"]'


class WebSocketFace:
    """Answers the requests of WebSocket connections."""

    def __init__(self, feeds: Feeds, accounts: Accounts, keys: Keys, trading: Trading, tier: Tier) -> None:
        self._feeds, self._accounts, self._keys, self._trading = feeds, accounts, keys, trading
        self._tier = tier

    def trades(self, method: str) -> bool:
        """Whether it is a trading method, whose events may come before its response."""
        return self._trading.knows(method)

    def handle(
        self, now_ns: int, received_ns: int, connection: Connection, request: Request, reply: Reply
    ) -> list[tuple[str, str]]:
        """Write the reply to a request; returns the snapshots (channel, text) that follow it."""
        snapshots: list[tuple[str, str]] = []
        try:
            if request.method == "ping":
                self._ping(now_ns, request, reply)
            elif request.method in ("subscribe", "unsubscribe"):
                snapshots = self._subscription(now_ns, connection, request, reply)
            elif self._trading.knows(request.method):
                if not connection.private:
                    raise Refused(errors.PUBLIC_ENDPOINT)
                token = self._keys.token(now_ns, request.params.get("token"))
                self._trading.handle(now_ns, received_ns, token, request, reply)
            else:
                raise Refused("Unsupported event")
        except Refused as refusal:
            reply.failure(now_ns, refusal.text)
        return snapshots

    @staticmethod
    def _ping(now_ns: int, request: Request, reply: Reply) -> None:
        if request.params:
            raise Refused("Unsupported field: 'params' for the given msg type: ping")
        reply.pong(now_ns)

    def _subscription(
        self, now_ns: int, connection: Connection, request: Request, reply: Reply
    ) -> list[tuple[str, str]]:
        params, adding = request.params, request.method == "subscribe"
        channel = params.get("channel")
        if not isinstance(channel, str) or channel not in MEMBERS:
            raise Refused("Subscription name invalid" if channel is not None else "Unsupported event")
        for name in params:
            if name not in MEMBERS[channel]:
                raise Refused(f"Unsupported field: '{name}' for the given msg type: {request.method}")
        for name in ("snapshot", "snap_orders", "snap_trades", "order_status"):
            if not isinstance(params.get(name, True), bool):
                raise Refused(f"{name.capitalize()} field must be a boolean")
        if channel in PRIVATE_CHANNELS:
            return self._private_subscription(now_ns, connection, channel, params, reply, adding=adding)
        if channel == "instrument":
            return self._one_topic(now_ns, connection, ("instrument", "", ""), params, reply, adding=adding)
        return self._symbol_topics(now_ns, connection, channel, params, reply, adding=adding)

    def _symbol_topics(
        self,
        now_ns: int,
        connection: Connection,
        channel: str,
        params: Mapping[str, Any],
        reply: Reply,
        *,
        adding: bool,
    ) -> list[tuple[str, str]]:
        symbols = params.get("symbol")
        if not isinstance(symbols, list) or not symbols or not all(type(symbol) is str for symbol in symbols):
            raise Refused("Symbol(s) not found")
        variant = ""
        if channel == "book":
            variant = params.get("depth", Number("10"))
            if not isinstance(variant, Number) or variant not in map(str, DEPTHS):
                raise Refused("Subscription depth not supported")
        elif channel == "ticker":
            variant = params.get("event_trigger", "trades")
            if variant not in TRIGGERS:
                raise Refused("Unsupported event_trigger")
        snapshots: list[tuple[str, str]] = []
        for symbol in symbols:
            if not self._feeds.names.lists(symbol):
                reply.failure(now_ns, f"Currency pair not supported {symbol}", symbol)
                continue
            snapshots += self._one_topic(
                now_ns, connection, (channel, symbol, str(variant)), params, reply, adding=adding
            )
        return snapshots

    def _one_topic(
        self,
        now_ns: int,
        connection: Connection,
        topic: Topic,
        params: Mapping[str, Any],
        reply: Reply,
        *,
        adding: bool,
    ) -> list[tuple[str, str]]:
        channel, symbol, variant = topic
        # The trade channel has to be asked for its snapshot, the others have to be asked to leave it out.
        snapshot = params.get("snapshot", channel != "trade")
        members = [f'"channel":"{channel}"']
        if channel == "book":
            members.append(f'"depth":{variant}')
        elif channel == "ticker":
            members.append(f'"event_trigger":"{variant}"')
        members.append(f'"snapshot":{"true" if snapshot else "false"}')
        if symbol:
            members.append(f'"symbol":"{symbol}"')
        if channel == "instrument":
            members.append(f'"warnings":{INSTRUMENT_WARNINGS}')
        if not adding:
            if not self._feeds.unsubscribe(connection, topic):
                reply.failure(now_ns, "Subscription Not Found", symbol)
                return []
            connection.active_ns = now_ns
        elif topic in connection.topics:
            reply.failure(now_ns, f"Already subscribed to one or more symbols {symbol}".rstrip(), symbol)
            return []
        else:
            self._feeds.subscribe(connection, topic)
        reply.success(now_ns, f"{{{','.join(members)}}}")
        return [(channel, self._feeds.snapshot(now_ns, topic))] if adding and snapshot else []

    def _private_subscription(
        self,
        now_ns: int,
        connection: Connection,
        channel: str,
        params: Mapping[str, Any],
        reply: Reply,
        *,
        adding: bool,
    ) -> list[tuple[str, str]]:
        if not connection.private:
            raise Refused(errors.PUBLIC_ENDPOINT)
        token = self._keys.token(now_ns, params.get("token"))
        held = connection.executions if channel == "executions" else connection.balances
        if not adding:
            if held is None:
                raise Refused("Subscription Not Found")
            self._drop_private(now_ns, connection, channel)
            reply.success(now_ns, f'{{"channel":"{channel}"}}')
            return []
        if held is not None:
            raise Refused("Already subscribed")
        if channel == "balances":
            return self._balances(now_ns, connection, token, params, reply)
        return self._executions(now_ns, connection, token, params, reply)

    def _executions(
        self, now_ns: int, connection: Connection, token: Token, params: Mapping[str, Any], reply: Reply
    ) -> list[tuple[str, str]]:
        orders = params.get("snap_orders", params.get("snapshot", True))
        trades = params.get("snap_trades", params.get("snapshot_trades", False))
        subscription = PrivateSubscription(token.account, order_status=params.get("order_status", True))
        connection.executions = subscription
        token.connections.add(connection.id)
        self._accounts.watch(connection)
        reply.success(
            now_ns,
            f'{{"channel":"executions","maxratecount":{self._tier.rate_count_max},'
            f'"snap_orders":{"true" if orders else "false"},"snap_trades":{"true" if trades else "false"},'
            f'"snapshot":{"true" if orders else "false"},"warnings":{EXECUTIONS_WARNINGS}}}',
        )
        if not orders and not trades:
            return []
        body = self._accounts.executions_snapshot(token.account, orders=orders, trades=trades)
        return [("executions", subscription.number(body))]

    def _balances(
        self, now_ns: int, connection: Connection, token: Token, params: Mapping[str, Any], reply: Reply
    ) -> list[tuple[str, str]]:
        snapshot = params.get("snapshot", True)
        subscription = PrivateSubscription(token.account)
        connection.balances = subscription
        token.connections.add(connection.id)
        self._accounts.watch(connection)
        reply.success(now_ns, f'{{"channel":"balances","snapshot":{"true" if snapshot else "false"}}}')
        return [("balances", subscription.number(self._accounts.balances_snapshot(token.account)))] if snapshot else []

    def _drop_private(self, now_ns: int, connection: Connection, channel: str) -> None:
        if channel == "executions":
            connection.executions = None
        else:
            connection.balances = None
        connection.active_ns = now_ns
        if connection.executions is None and connection.balances is None:
            self._keys.release(connection.id)
            self._accounts.unwatch(connection)
