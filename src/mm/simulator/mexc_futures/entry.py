"""Order requests read into the core's values, with the checks that MEXC makes of them.

(MEXC Futures reference: orders, error codes.) Grid, funds and positions are the core's business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mm.simulator.contracts.positions import CROSS, HEDGE, ISOLATED, ONE_WAY, ContractOrder
from mm.simulator.decimals import decimal_units
from mm.simulator.mexc_futures.errors import Refused, parameter
from mm.simulator.mexc_futures.rows import FOK, IOC, LIMIT, MARKET, POST_ONLY, STP_CODES
from mm.simulator.mexc_futures.terms import LEVERAGE_MAX, LIMIT_VOL_MAX, MARKET_VOL_MAX, PROTECTION_E4, Contract
from mm.simulator.orders import BUY, SELL, TimeInForce

EXTERNAL_MAX: Final = 32
LEGACY_MARKET: Final = 6
SIDES: Final = {"1": BUY, "2": BUY, "3": SELL, "4": SELL}
TYPES: Final = {"1": LIMIT, "2": POST_ONLY, "3": IOC, "4": FOK, "5": MARKET, "6": MARKET}
TIMES: Final = {
    LIMIT: TimeInForce.GTC,
    POST_ONLY: TimeInForce.GTC,
    IOC: TimeInForce.IOC,
    FOK: TimeInForce.FOK,
    MARKET: TimeInForce.IOC,
}
SELF_TRADES: Final = {str(code): each for each, code in STP_CODES.items()}
FIFTH: Final = 5

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Around:
    """What an order is judged by: best prices of own and opposite side (best first), the price band, the account."""

    best: Callable[[int, int], list[int]]
    band: tuple[int, int]
    mode: int
    leverage: Callable[[int, int], int]
    """Of a side and an open type."""


def field_text(fields: Fields, name: str) -> str:
    """A field as text; "" where it is missing, null, or neither number nor text."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def whole(fields: Fields, name: str, usual: int | None = None) -> int:
    """A whole number; `usual` where it is missing.

    Raises:
        Refused: it is no whole number, or missing without a usual one.
    """
    text = field_text(fields, name)
    if not text and usual is not None:
        return usual
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise parameter(name)
    return int(text)


def read_order(account: str, contract: Contract, fields: Fields, around: Around) -> ContractOrder:
    """The order that a request asks for.

    Raises:
        Refused: a parameter is missing, cannot be, or is out of the contract's bounds.
    """
    traded = contract.traded
    code, kind = field_text(fields, "side"), TYPES.get(field_text(fields, "type"))
    side = SIDES.get(code)
    if side is None:
        raise Refused(2001, "Order side error")
    if kind is None:
        raise Refused(2029, "Order type error")
    open_type = whole(fields, "openType", CROSS)
    if open_type not in (ISOLATED, CROSS):
        raise Refused(2002, "Open type error")
    mode = whole(fields, "positionMode", around.mode)
    if mode not in (HEDGE, ONE_WAY):
        raise parameter("positionMode")
    external = field_text(fields, "externalOid")
    if len(external) > EXTERNAL_MAX:
        raise Refused(2030, "externalOid is too long")
    self_trade = SELF_TRADES.get(field_text(fields, "stpMode") or "0")
    if self_trade is None:
        raise parameter("stpMode")
    closes = code in ("2", "4") or (mode == ONE_WAY and fields.get("reduceOnly") is True)
    order = ContractOrder(
        account,
        traded.symbol,
        side,
        _size(contract, field_text(fields, "vol"), kind),
        time_in_force=TIMES[kind],
        post_only=kind == POST_ONLY,
        reduce_only=closes,
        self_trade=self_trade,
        client_id=external,
        closes=closes,
        mode=mode,
        open_type=open_type,
        leverage=_leverage(fields, open_type, side, around, closes=closes),
        kind=kind,
        side_code=int(code),
    )
    order.price = _price(contract, fields, order, around)
    return order


def _size(contract: Contract, vol: str, kind: int) -> int:
    if decimal_units(vol, 18) is None:
        raise Refused(2011, "Order quantity error")
    size = contract.size(vol)
    if size is None:
        raise Refused(2015, "Price or quantity accuracy error")
    if size > (MARKET_VOL_MAX if kind == MARKET else LIMIT_VOL_MAX) * contract.traded.contract:
        raise Refused(2028, "Order quantity exceeds the maximum")
    return size


def _leverage(fields: Fields, open_type: int, side: int, around: Around, *, closes: bool) -> int:
    leverage = whole(fields, "leverage", 0)
    if not leverage and open_type == ISOLATED and not closes:
        raise Refused(2006, "Leverage error")
    if leverage > LEVERAGE_MAX:
        raise Refused(2006, "Leverage error")
    return leverage or around.leverage(-side if closes else side, open_type)


def _price(contract: Contract, fields: Fields, order: ContractOrder, around: Around) -> int:
    opposite, own = around.best(-order.side, FIFTH), around.best(order.side, FIFTH)
    if order.kind == MARKET:
        if not opposite:
            raise Refused(2007, "Order price error")
        # How far it may go; its rest is canceled there.
        return opposite[0] * (10_000 + order.side * PROTECTION_E4) // 10_000
    by_book = whole(fields, "bboTypeNum", 0)
    if by_book:
        half = {1: opposite[:1], 2: opposite[FIFTH - 1 :], 3: own[:1], 4: own[FIFTH - 1 :]}.get(by_book)
        if not half:
            raise Refused(2035, "Market price tier is not supported")
        return half[0]
    text = field_text(fields, "price")
    if decimal_units(text, 30) is None:
        raise Refused(2007, "Order price error")
    price = decimal_units(text, contract.traded.price_precision)
    if price is None:
        raise Refused(2015, "Price or quantity accuracy error")
    lowest, highest = around.band
    if highest and order.side == BUY and price > highest:
        raise Refused(2003, "Buy price is higher than the highest bid")
    if lowest and order.side == SELL and 0 < price < lowest:
        raise Refused(2004, "Sell price is lower than the lowest ask")
    return price
