"""Private REST about positions and the account (MEXC Futures reference: positions and account)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from mm.simulator.contracts.exchange import ContractExchange
from mm.simulator.contracts.positions import CROSS, HEDGE, ISOLATED, LONG, ONE_WAY, SHORT, Position
from mm.simulator.decimals import decimal_units
from mm.simulator.ledger import DECIMALS
from mm.simulator.mexc_futures import numbers
from mm.simulator.mexc_futures.entry import Fields, field_text, whole
from mm.simulator.mexc_futures.errors import Refused, parameter, unknown_contract
from mm.simulator.mexc_futures.numbers import number, rate
from mm.simulator.mexc_futures.rest_orders import Handler, RestOrders
from mm.simulator.mexc_futures.rest_public import cut, page
from mm.simulator.mexc_futures.rows import asset_row, position_row, record_row
from mm.simulator.mexc_futures.terms import LEVERAGE_MAX, MAINTENANCE_E6, Contract, Listing

TRADING: Final = frozenset(
    {
        "POST order/create",
        "POST order/submit",
        "POST order/submit_batch",
        "POST order/cancel",
        "POST order/cancel_with_external",
        "POST order/batch_cancel_with_external",
        "POST order/cancel_all",
        "POST order/change_limit_order",
        "POST order/chase_limit_order",
        "POST position/change_leverage",
        "POST position/change_margin",
        "POST position/change_position_mode",
    }
)
"""What makes pushes that may come before its answer."""
READ_POSTS: Final = frozenset({"POST order/open_order_total_count", "POST order/batch_query_with_external"})
SIDES: Final = {"1": LONG, "2": SHORT}

TellMode = Callable[[int, str, int], None]


class RestPrivate:
    """Everything that needs a key. tell_mode: pushes a changed position mode."""

    def __init__(
        self, exchange: ContractExchange, listing: Listing, orders: RestOrders, tell_mode: TellMode, *, wraps_mode: bool
    ) -> None:
        self._exchange, self._listing, self._tell_mode, self._wraps_mode = exchange, listing, tell_mode, wraps_mode
        self.handlers: dict[str, Handler] = {
            **orders.handlers,
            "GET position/open_positions": self._positions,
            "GET position/list/history_positions": self._past_positions,
            "GET position/funding_records": self._funding,
            "GET position/leverage": self._leverage,
            "POST position/change_leverage": self._change_leverage,
            "GET position/position_mode": self._mode,
            "POST position/change_position_mode": self._change_mode,
            "POST position/change_margin": self._change_margin,
            "GET account/assets": lambda now_ns, account, parts, fields: [asset_row(exchange, account)],
            "GET account/asset": self._asset,
            "GET account/tiered_fee_rate/v2": self._fees,
            "GET account/tiered_fee_rate": self._fees_older,
            "GET account/risk_limit": self._risk,
            "GET account/transfer_record": lambda now_ns, account, parts, fields: page(fields, []),
        }

    def _contract(self, fields: Fields) -> Contract:
        contract = self._listing.known(field_text(fields, "symbol"))
        if contract is None:
            raise unknown_contract()
        return contract

    # --- positions --------------------------------------------------------------------------------------------------

    def _position_rows(self, positions: list[Position]) -> list[dict[str, Any]]:
        return [position_row(self._listing.by_symbol[each.symbol], self._exchange, each) for each in positions]

    def _positions(self, now_ns: int, account: str, parts: list[str], fields: Any) -> Any:
        symbol = self._contract(fields).traded.symbol if fields.get("symbol") else ""
        wanted = fields.get("positionId", "")
        held = self._exchange.positions.of(account, symbol)
        return self._position_rows([each for each in held if not wanted or wanted == str(each.position_id)])

    def _past_positions(self, now_ns: int, account: str, parts: list[str], fields: Any) -> Any:
        """A bare list, although the documentation's table describes a page."""
        symbol = self._contract(fields).traded.symbol if fields.get("symbol") else ""
        side = SIDES.get(fields.get("type", ""), 0)
        past = [
            each
            for each in reversed(self._exchange.positions.over.get(account, ()))
            if (not symbol or each.symbol == symbol) and side in (0, each.side)
        ]
        return self._position_rows(cut(fields, past))

    def _funding(self, now_ns: int, account: str, parts: list[str], fields: Any) -> Any:
        symbol = self._contract(fields).traded.symbol if fields.get("symbol") else ""
        rows = [
            record_row(self._listing.by_symbol[record.symbol], record)
            for record in reversed(self._exchange.positions.records.get(account, ()))
            if not symbol or record.symbol == symbol
        ]
        return page(fields, rows)

    def _leverage(self, now_ns: int, account: str, parts: list[str], fields: Any) -> Any:
        symbol = self._contract(fields).traded.symbol
        return [
            self._risk_row(account, symbol, side, open_type)
            for side in (LONG, SHORT)
            for open_type in (ISOLATED, CROSS)
        ]

    def _risk_row(self, account: str, symbol: str, side: int, open_type: int) -> dict[str, Any]:
        held = self._exchange.positions.get(account, symbol, side)
        leverage = self._exchange.positions.leverage(account, symbol, side, open_type)
        if held is not None and held.open_type == open_type:
            leverage = held.leverage
        return {
            "level": 1,
            "maxVol": 50_000,
            "mmr": rate(MAINTENANCE_E6),
            "imr": rate(2 * MAINTENANCE_E6),
            "positionType": 1 if side == LONG else 2,
            "openType": open_type,
            "leverage": leverage,
            "limitBySys": False,
            "currentMmr": rate(MAINTENANCE_E6),
            "maxLeverageView": LEVERAGE_MAX,
        }

    def _change_leverage(self, now_ns: int, account: str, parts: list[str], body: Any) -> Any:
        fields = _object(body)
        leverage = whole(fields, "leverage")
        if not 1 <= leverage <= LEVERAGE_MAX:
            raise Refused(2006, "Leverage error")
        if field_text(fields, "positionId"):
            held: Position | None = self._held(account, fields)
            assert held is not None
            symbol, side, open_type = held.symbol, held.side, held.open_type
        else:
            symbol, open_type = self._contract(fields).traded.symbol, whole(fields, "openType")
            side = SIDES.get(field_text(fields, "positionType"), 0)
            if open_type not in (ISOLATED, CROSS):
                raise Refused(2002, "Open type error")
            if not side:
                raise Refused(2022, "Position type error")
            held = self._exchange.positions.get(account, symbol, side)
        self.set_leverage(now_ns, account, symbol, side, open_type, leverage)

    def set_leverage(self, now_ns: int, account: str, symbol: str, side: int, open_type: int, leverage: int) -> None:
        """Set the leverage of a side, and of its position.

        Raises:
            Refused: the position would bind more than there is.
        """
        positions = self._exchange.positions
        held = positions.get(account, symbol, side)
        if held is not None and held.open_type == open_type:
            before = positions.margin(held)
            was, held.leverage = held.leverage, leverage
            if positions.margin(held) - before > max(0, self._exchange.available(account)):
                held.leverage = was
                raise Refused(2005, "Balance insufficient")
            self._exchange.tell_position(now_ns, held)
        positions.setup(account).leverages[symbol, side, open_type] = leverage

    def _mode(self, now_ns: int, account: str, parts: list[str], fields: Any) -> Any:
        mode = self._exchange.positions.setup(account).mode
        return {"positionMode": mode} if self._wraps_mode else mode

    def _change_mode(self, now_ns: int, account: str, parts: list[str], body: Any) -> Any:
        mode = whole(_object(body), "positionMode")
        if mode not in (HEDGE, ONE_WAY):
            raise parameter("positionMode")
        if self._exchange.open_orders(account) or self._exchange.positions.of(account):
            raise Refused(7001, "There are open orders or positions")
        self._exchange.positions.setup(account).mode = mode
        self._tell_mode(now_ns, account, mode)

    def _change_margin(self, now_ns: int, account: str, parts: list[str], body: Any) -> Any:
        fields = _object(body)
        held = self._held(account, fields)
        amount = decimal_units(field_text(fields, "amount"), DECIMALS)
        sign = {"ADD": 1, "SUB": -1}.get(field_text(fields, "type"))
        if held.open_type != ISOLATED or sign is None:
            raise parameter("type")
        if not amount or amount < 0:
            raise Refused(1004, "Amount error")
        if sign > 0 and amount > self._exchange.available(account):
            raise Refused(2005, "Balance insufficient")
        if sign < 0 and amount > held.added:
            raise Refused(2018, "Exceeds the margin that can be taken")
        held.added += sign * amount
        self._exchange.tell_position(now_ns, held)

    def _held(self, account: str, fields: Fields) -> Position:
        wanted = field_text(fields, "positionId")
        for each in self._exchange.positions.of(account):
            if str(each.position_id) == wanted:
                return each
        raise Refused(2009, "Position does not exist or has been closed")

    # --- account ----------------------------------------------------------------------------------------------------

    def _asset(self, now_ns: int, account: str, parts: list[str], fields: Any) -> Any:
        if parts[0] != self._exchange.settle_asset:
            raise parameter("currency")
        return asset_row(self._exchange, account)

    def _fees(self, now_ns: int, account: str, parts: list[str], fields: Any) -> Any:
        contract = self._contract(fields)
        maker, taker = number(contract.traded.maker_fee_e6, 6), number(contract.traded.taker_fee_e6, 6)
        return {
            "symbol": contract.name,
            "joinDiscount": False,
            "enjoyDiscount": False,
            "discountRate": 0,
            "joinDeduct": False,
            "enjoyDeduct": False,
            "deductRate": 0,
            "originalMakerFee": maker,
            "originalTakerFee": taker,
            "realMakerFee": maker,
            "realTakerFee": taker,
            "dealAmount": 0,
            "walletBalance": numbers.money(self._exchange.ledger.balance(account, self._exchange.settle_asset)),
            "inviterKyc": "",
            "level": 0,
            "feeType": 1,
            "agentFee": False,
            "feeRateMode": "NORMAL",
            "leverageFeeRates": [],
            "tieredFeeRates": [],
        }

    def _fees_older(self, now_ns: int, account: str, parts: list[str], fields: Any) -> Any:
        row = self._fees(now_ns, account, parts, fields)
        discounts = {"makerFeeDiscount": 1, "takerFeeDiscount": 1}
        older = {"level": 0, "dealAmount": 0, "walletBalance": row["walletBalance"]}
        return older | {"makerFee": row["realMakerFee"], "takerFee": row["realTakerFee"]} | discounts

    def _risk(self, now_ns: int, account: str, parts: list[str], fields: Any) -> Any:
        wanted = [self._contract(fields)] if fields.get("symbol") else list(self._listing.listed().values())
        return {
            contract.name: [
                self._risk_row(account, contract.traded.symbol, side, CROSS) | {"symbol": contract.name}
                for side in (LONG, SHORT)
            ]
            for contract in wanted
        }


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Refused(601, "Body cannot be decoded")
    return value
