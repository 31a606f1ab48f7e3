"""Private REST endpoints that read the account: balances, orders, trades, fees, and the WebSocket token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from mm.simulator.exchange import Exchange
from mm.simulator.kraken import errors
from mm.simulator.kraken.auth import TOKEN_SECONDS, Key, Keys
from mm.simulator.kraken.errors import Refused, invalid_arguments
from mm.simulator.kraken.feeds import Feeds
from mm.simulator.kraken.fees import tables
from mm.simulator.kraken.names import Names, asset
from mm.simulator.kraken.rest_fields import name_list
from mm.simulator.kraken.rows import order_row, trade_row
from mm.simulator.kraken.texts import SECOND_NS, decimal_units, fixed, quoted, scaled
from mm.simulator.orders import SimOrder, SimTrade

PAGE: Final = 50
QUERY_MAX: Final = 50
TRADE_QUERY_MAX: Final = 20

Fields = Mapping[str, Any]
Answer = Callable[[int, Key, Fields], str]


class RestAccount:
    """Answers the reading endpoints with the JSON text of the result."""

    def __init__(self, exchange: Exchange, names: Names, feeds: Feeds, keys: Keys, volume_usd: int) -> None:
        self._exchange, self._names, self._feeds, self._keys = exchange, names, feeds, keys
        self._volume_usd = volume_usd
        self.lag_ns = 0
        """How far the order and trade lists trail the engine (a fault hook)."""
        self.endpoints: dict[str, tuple[str, Answer]] = {
            "GetWebSocketsToken": ("create-ws-token", self._token),
            "GetApiKeyInfo": ("", self._key_info),
            "Balance": ("query-funds", self._balance),
            "BalanceEx": ("query-funds", self._balance_extended),
            "TradeBalance": ("query-open-trades", self._trade_balance),
            "TradeVolume": ("query-funds", self._trade_volume),
            "OpenOrders": ("query-open-trades", self._open_orders),
            "ClosedOrders": ("query-closed-trades", self._closed_orders),
            "QueryOrders": ("query-open-trades", self._query_orders),
            "TradesHistory": ("query-closed-trades", self._trades_history),
            "QueryTrades": ("query-closed-trades", self._query_trades),
            "OpenPositions": ("query-open-trades", self._open_positions),
        }

    def _token(self, now_ns: int, key: Key, fields: Fields) -> str:
        del fields
        return f'{{"token":"{self._keys.make_token(now_ns, key)}","expires":{TOKEN_SECONDS}}}'

    def _key_info(self, now_ns: int, key: Key, fields: Fields) -> str:
        del fields
        permissions = ",".join(f'"{name}"' for name in sorted(key.permissions))
        return (
            f'{{"api_key_name":"simulated","api_key":{quoted(key.name)},"nonce":"{key.nonce}","nonce_window":"0",'
            f'"permissions":[{permissions}],"iban":"","valid_until":"0","query_from":"0","query_to":"0",'
            f'"created_time":"0","modified_time":"0","ip_allowlist":[],"last_used":"{now_ns // SECOND_NS}"}}'
        )

    def _balance(self, now_ns: int, key: Key, fields: Fields) -> str:
        del now_ns, fields
        ledger = self._exchange.ledger
        rows = (
            f'"{asset(name).code}":"{fixed(balance, ledger.decimals(name))}"'
            for name, balance in ledger.balances(key.account).items()
        )
        return f"{{{','.join(rows)}}}"

    def _balance_extended(self, now_ns: int, key: Key, fields: Fields) -> str:
        del now_ns, fields
        ledger = self._exchange.ledger
        holds = self._exchange.holds(key.account)
        rows = (
            f'"{asset(name).code}":{{"balance":"{fixed(balance, ledger.decimals(name))}",'
            f'"hold_trade":"{fixed(holds.get(name, 0), ledger.decimals(name))}"}}'
            for name, balance in ledger.balances(key.account).items()
        )
        return f"{{{','.join(rows)}}}"

    def _trade_balance(self, now_ns: int, key: Key, fields: Fields) -> str:
        del now_ns, fields
        ledger = self._exchange.ledger
        total = 0  # in 10^-12 of the quote currency
        balances = ledger.balances(key.account)
        for traded in self._exchange.instruments.values():
            last, (bid, ask) = self._feeds.records[traded.symbol].last, self._feeds.books[traded.symbol].best()
            level = bid or ask
            price = last.price if last is not None else (level[0] if level is not None else 0)
            held = balances.get(traded.base, 0)
            total += scaled(held * price, ledger.decimals(traded.base) + traded.price_precision, 12)
        cash = sum(scaled(balances.get(name, 0), ledger.decimals(name), 12) for name in ("USD",))
        eb, tb = fixed(scaled(total + cash, 12, 4), 4), fixed(scaled(cash, 12, 4), 4)
        return (
            f'{{"eb":"{eb}","tb":"{tb}","m":"0.0000","uv":"0.0000","n":"0.0000","c":"0.0000","v":"0.0000",'
            f'"e":"{tb}","mf":"{tb}"}}'
        )

    def _trade_volume(self, now_ns: int, key: Key, fields: Fields) -> str:
        del now_ns, key
        volume = f'"currency":"ZUSD","volume":"{self._volume_usd}.0000"'
        names = name_list(fields.get("pair"))
        if not names:
            return f'{{{volume},"fees":null,"fees_maker":null}}'
        taker, maker = [], []
        for name in names:
            pair = self._names.find(name)
            if pair is None:
                raise Refused(errors.UNKNOWN_PAIR)
            traded = self._exchange.instruments[pair.symbol]
            shown = name if "/" in name else pair.rest_id
            maker_table, taker_table = tables(traded.base)
            taker.append(f'"{shown}":{self._fee_row(taker_table, traded.taker_fee_e6)}')
            maker.append(f'"{shown}":{self._fee_row(maker_table, traded.maker_fee_e6)}')
        return f'{{{volume},"fees":{{{",".join(taker)}}},"fees_maker":{{{",".join(maker)}}}}}'

    def _fee_row(self, table: tuple[tuple[int, int], ...], rate_e6: int) -> str:
        tier = max(index for index, (least, _) in enumerate(table) if self._volume_usd >= least)
        follows = table[tier + 1] if tier + 1 < len(table) else None
        next_fee = f'"{fixed(follows[1], 4)}"' if follows is not None else "null"
        next_volume = f'"{follows[0]}.0000"' if follows is not None else "null"
        return (
            f'{{"fee":"{fixed(rate_e6, 4)}","minfee":"{fixed(table[-1][1], 4)}","maxfee":"{fixed(table[0][1], 4)}",'
            f'"nextfee":{next_fee},"nextvolume":{next_volume},"tiervolume":"{table[tier][0]}.0000"}}'
        )

    def _open_orders(self, now_ns: int, key: Key, fields: Fields) -> str:
        seen = [o for o in self._exchange.open_orders(key.account) if o.created_ns <= now_ns - self.lag_ns]
        orders = _filtered(seen, fields)
        return f'{{"open":{{{self._order_rows(orders[::-1], fields)}}}}}'

    def _closed_orders(self, now_ns: int, key: Key, fields: Fields) -> str:
        start_ns, end_ns = _time_ns(fields, "start"), _time_ns(fields, "end")
        which = str(fields.get("closetime") or "both")

        def inside(order: SimOrder) -> bool:
            at = order.created_ns if which == "open" else order.closed_ns
            return (not start_ns or at > start_ns) and (not end_ns or at <= end_ns)

        seen = [o for o in self._exchange.closed_orders(key.account) if o.closed_ns <= now_ns - self.lag_ns]
        orders = [order for order in _filtered(seen, fields) if inside(order)]
        page = _page(orders[::-1], fields)
        return f'{{"closed":{{{self._order_rows(page, fields)}}}{_total(len(orders), fields)}}}'

    def _query_orders(self, now_ns: int, key: Key, fields: Fields) -> str:
        wanted = name_list(fields.get("txid"))
        if not 1 <= len(wanted) <= QUERY_MAX:
            raise invalid_arguments("txid")
        found = [self._exchange.order(name) for name in dict.fromkeys(wanted)]
        seen_ns = now_ns - self.lag_ns
        mine = [o for o in found if o is not None and o.request.account == key.account and o.created_ns <= seen_ns]
        if not mine:
            raise Refused(errors.UNKNOWN_ORDER)
        return f"{{{self._order_rows(_filtered(mine, fields), fields)}}}"

    def _trades_history(self, now_ns: int, key: Key, fields: Fields) -> str:
        start_ns, end_ns = _time_ns(fields, "start"), _time_ns(fields, "end")
        trades = [
            trade
            for trade in self._seen_trades(now_ns, key)
            if (not start_ns or trade.time_ns > start_ns) and (not end_ns or trade.time_ns <= end_ns)
        ]
        page = _page(trades[::-1], fields)
        return f'{{"trades":{{{self._trade_rows(page)}}}{_total(len(trades), fields)}}}'

    def _query_trades(self, now_ns: int, key: Key, fields: Fields) -> str:
        wanted = name_list(fields.get("txid"))
        if not 1 <= len(wanted) <= TRADE_QUERY_MAX:
            raise invalid_arguments("txid")
        names = set(wanted)
        found = [trade for trade in self._seen_trades(now_ns, key) if trade.execution_id in names]
        if not found:
            raise Refused("EQuery:Unknown trade")
        return f"{{{self._trade_rows(found)}}}"

    def _seen_trades(self, now_ns: int, key: Key) -> list[SimTrade]:
        return [t for t in self._exchange.trades(key.account) if t.time_ns <= now_ns - self.lag_ns]

    def _open_positions(self, now_ns: int, key: Key, fields: Fields) -> str:
        del now_ns, key, fields
        return "{}"

    def _order_rows(self, orders: list[SimOrder], fields: Fields) -> str:
        trades = str(fields.get("trades", "")).lower() in ("true", "1")
        return ",".join(
            f'"{order.order_id}":'
            + order_row(
                self._names.pairs[order.request.symbol],
                self._exchange.instruments[order.request.symbol],
                order,
                trades=trades,
            )
            for order in orders
        )

    def _trade_rows(self, trades: list[SimTrade]) -> str:
        # An object has a name once: of two executions with one id a client sees the last.
        return ",".join(
            f'"{trade.execution_id}":'
            + trade_row(
                self._names.pairs[trade.symbol],
                self._exchange.instruments[trade.symbol],
                trade,
                self._exchange.order(trade.order_id),
            )
            for trade in {each.execution_id: each for each in trades}.values()
        )


def _filtered(orders: list[SimOrder], fields: Fields) -> list[SimOrder]:
    """By `userref` and `cl_ord_id`, where asked."""
    if fields.get("userref") not in (None, ""):
        reference = decimal_units(str(fields["userref"]), 0)
        orders = [order for order in orders if order.request.user_reference == reference]
    if fields.get("cl_ord_id"):
        orders = [order for order in orders if order.request.client_id == fields["cl_ord_id"]]
    return orders


def _page(rows: list[Any], fields: Fields) -> list[Any]:
    offset = decimal_units(str(fields.get("ofs") or "0"), 0)
    if offset is None or offset < 0:
        raise invalid_arguments("ofs")
    return rows[offset : offset + PAGE]


def _total(count: int, fields: Fields) -> str:
    """The grand total, not the size of the page."""
    left_out = str(fields.get("without_count", "")).lower() in ("true", "1")
    return "" if left_out else f',"count":{count}'


def _time_ns(fields: Fields, name: str) -> int:
    text = str(fields.get(name) or "0")
    # A trade or order id is also allowed here by Kraken; nobody in this project uses that.
    units = decimal_units(text, 9)
    if units is None or units < 0:
        raise invalid_arguments(name)
    return units
