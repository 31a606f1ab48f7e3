"""Orders, deals, positions and market rows as the venue shows them (MEXC Futures reference: orders, positions)."""

from __future__ import annotations

from typing import Any, Final, cast

from mm.simulator.contracts.exchange import (
    LIQUIDATION_REASON,
    REDUCE_REASON,
    ContractExchange,
)
from mm.simulator.contracts.positions import ContractOrder, FundingRecord, Position, mean_price, money
from mm.simulator.decimals import fixed, ratio
from mm.simulator.exchange import POST_ONLY_REASON
from mm.simulator.ledger import DECIMALS
from mm.simulator.matching import REST_REASON, SELF_TRADE_REASON
from mm.simulator.mexc_futures import numbers
from mm.simulator.mexc_futures.numbers import MS_NS, Number, number
from mm.simulator.mexc_futures.prices import Quotation
from mm.simulator.mexc_futures.terms import BAND_E4, CONTRACT_ID, Contract
from mm.simulator.orders import BUY, SelfTrade, SimOrder, SimTrade, Status
from mm.simulator.tape_record import Candle, TapeRecord
from mm.simulator.versioned_book import VersionedBook

LIMIT, POST_ONLY, IOC, FOK, MARKET = 1, 2, 3, 4, 5
PENDING, OPEN, FILLED, CANCELED = 1, 2, 3, 4
REST_CODES: Final = {IOC: 18, FOK: 19, MARKET: 21}
MODE_REASON: Final = "Position mode does not match"
SYSTEM_REASON: Final = "Canceled by the system"
END_CODES: Final = {
    POST_ONLY_REASON: 20,
    REDUCE_REASON: 10,
    LIQUIDATION_REASON: 13,
    MODE_REASON: 9,
    SYSTEM_REASON: 8,
    SELF_TRADE_REASON: 8,
}
STP_CODES: Final = {
    SelfTrade.ALLOW: 0,
    SelfTrade.CANCEL_BOTH: 1,
    SelfTrade.CANCEL_OLDEST: 2,
    SelfTrade.CANCEL_NEWEST: 3,
}
OPEN_INTEREST: Final = 381_485_808
"""Nobody else holds anything here: the figure of the venue's own example."""


def state_of(order: SimOrder, status: Status) -> int:
    """1 pending, 2 open (also partly filled), 3 filled, 4 canceled."""
    del order
    if status is Status.PENDING_NEW:
        return PENDING
    if status is Status.FILLED:
        return FILLED
    return CANCELED if status in (Status.CANCELED, Status.EXPIRED) else OPEN


def end_code(order: SimOrder) -> int:
    """`errorCode`: why an order ended."""
    if order.reason == REST_REASON:
        return REST_CODES.get(cast(ContractOrder, order.request).kind, 0)
    return END_CODES.get(order.reason, 0)


def order_row(
    contract: Contract,
    exchange: ContractExchange,
    order: SimOrder,
    *,
    version: int,
    status: Status,
    cum: tuple[int, int],
) -> dict[str, Any]:
    """An order; `status` and `cum` (size and cost done) as of the moment that is told."""
    request, traded = cast(ContractOrder, order.request), contract.traded
    spent = exchange.order_money(order)
    cum_size, cum_cost = cum
    average = mean_price(
        traded, cum_cost * int(10 ** (DECIMALS - traded.price_precision - traded.size_precision)), cum_size, 18
    )
    is_over = status in (Status.FILLED, Status.CANCELED, Status.EXPIRED)
    used = exchange.positions.initial(
        traded.symbol, money(traded, order.price, min(cum_size, request.margin_size)), request.leverage
    )
    margin = exchange.positions.initial(
        traded.symbol, money(traded, order.price, min(order.size, request.margin_size)), request.leverage
    )
    return {
        "orderId": order.order_id,
        "symbol": contract.name,
        "positionId": request.position_id,
        "price": contract.price(order.price),
        "priceStr": fixed(order.price * int(10 ** (18 - traded.price_precision)), 18),
        "vol": contract.vol_of(order.created_ns, order.size),
        "leverage": request.leverage,
        "side": request.side_code,
        "category": request.category,
        "orderType": request.kind,
        "dealAvgPrice": mean(average),
        "dealAvgPriceStr": fixed(average, 18) if average else "0",
        "dealVol": contract.vol_of(order.created_ns, cum_size),
        "orderMargin": numbers.money(0 if is_over else margin),
        "usedMargin": numbers.money(0 if is_over else used),
        "takerFee": numbers.money(spent.taker_fee),
        "makerFee": numbers.money(spent.maker_fee),
        "profit": cut(spent.profit),
        "feeCurrency": traded.quote,
        "openType": request.open_type,
        "state": state_of(order, status),
        "externalOid": request.client_id,
        "errorCode": end_code(order) if status in (Status.CANCELED, Status.EXPIRED) else 0,
        "createTime": order.created_ns // MS_NS,
        "updateTime": (order.closed_ns or order.touched_ns) // MS_NS,
        "positionMode": request.mode,
        "reduceOnly": request.closes and request.mode == 2,
        "version": version,
        "showCancelReason": 0,
        "bboTypeNum": 0,
        "totalFee": numbers.money(spent.taker_fee + spent.maker_fee),
        "stpMode": STP_CODES[request.self_trade],
    }


def deal_of(contract: Contract, exchange: ContractExchange, trade: SimTrade, *, pushed: bool) -> dict[str, Any]:
    """A deal: `taker` where it is queried, `isTaker` where it is pushed."""
    order = exchange.order(trade.order_id)
    request = cast(ContractOrder, order.request) if order is not None else None
    row: dict[str, Any] = {
        "id": trade.execution_id,
        "symbol": contract.name,
        "side": request.side_code if request is not None else (1 if trade.side == BUY else 3),
        "vol": contract.vol_of(trade.time_ns, trade.size),
        "price": contract.price(trade.price),
        "fee": numbers.money(trade.fee),
        "feeCurrency": trade.fee_asset,
        "profit": cut(trade.profit),
        "category": request.category if request is not None else 1,
        "orderId": trade.order_id,
        "timestamp": trade.time_ns // MS_NS,
        "positionMode": request.mode if request is not None else 2,
    }
    if not pushed:
        return row | {"taker": not trade.maker}
    return row | {
        # Bare numbers here, beyond what a double holds.
        "orderId": int(trade.order_id),
        "id": int(trade.execution_id),
        "isTaker": not trade.maker,
        "externalOid": request.client_id if request is not None else "",
        "isSelf": trade.cause.startswith("match:"),
        "reduceOnly": bool(request is not None and request.closes and request.mode == 2),
        "opponentUid": 0,
    }


def position_row(contract: Contract, exchange: ContractExchange, position: Position) -> dict[str, Any]:
    """A position as it is, or as it was when it ended."""
    traded = contract.traded
    opened = mean_price(traded, position.opened_value, position.opened, 18)
    held = mean_price(traded, position.cost, position.hold, 18) if position.hold else opened
    closed = mean_price(traded, position.closed_value, position.closed, 18)
    frozen = sum(o.leaves for o in exchange.closing(position.account, position.symbol, position.side))
    # One that has ended since, in the same moment, is told of as it was, and the account is on the other side already.
    is_there = exchange.positions.get(position.account, position.symbol, position.side) is not None
    liquidation = exchange.liquidation.price(position) if position.hold and is_there else 0
    bound = exchange.positions.margin(position)
    entry = exchange.positions.initial(position.symbol, position.cost, position.leverage) if position.hold else 0
    is_one = position.hold > 0
    return {
        "positionId": position.position_id,
        "symbol": contract.name,
        "positionType": 1 if position.side > 0 else 2,
        "openType": position.open_type,
        "state": position.state,
        "holdVol": contract.vol(position.hold),
        "frozenVol": contract.vol(frozen) if is_one else 0,
        "closeVol": contract.vol(position.closed),
        "holdAvgPrice": mean(held),
        "holdAvgPriceFullyScale": fixed(held, 18),
        "openAvgPrice": mean(opened),
        "openAvgPriceFullyScale": fixed(opened, 18),
        "closeAvgPrice": mean(closed),
        # On the grid, towards the entry.
        "liquidatePrice": number(*_to_grid(traded.price_precision, liquidation, up=position.side > 0)),
        "oim": numbers.money(entry),
        "im": numbers.money(bound),
        "holdFee": numbers.money(position.funding),
        "realised": cut(position.realised),
        "leverage": position.leverage,
        "marginRatio": number(exchange.liquidation.ratio_e4(position), 4) if is_one else 0,
        "adlLevel": min(5, 1 + position.leverage // 25),
        "createTime": position.created_ns // MS_NS,
        "updateTime": position.updated_ns // MS_NS,
        "autoAddIm": False,
        "version": position.version,
        "profitRatio": 0,
        "newOpenAvgPrice": mean(opened),
        "newCloseAvgPrice": mean(closed),
        "closeProfitLoss": numbers.money(position.profit),
        "fee": numbers.money(-position.fees),
        "deductFeeList": [],
        "totalFee": numbers.money(position.fees),
    }


def asset_row(exchange: ContractExchange, account: str) -> dict[str, Any]:
    """What an account has, as queries show it. Cash is what it has without unrealised profit."""
    cash = exchange.ledger.balance(account, exchange.settle_asset)
    unrealised = exchange.unrealised(account)
    available = exchange.available(account)
    return {
        "currency": exchange.settle_asset,
        "positionMargin": numbers.money(exchange.positions.bound(account)),
        "availableBalance": numbers.money(available),
        "cashBalance": numbers.money(cash),
        "frozenBalance": numbers.money(exchange.frozen(account)),
        "equity": numbers.money(cash + unrealised),
        "unrealized": numbers.money(unrealised),
        "bonus": 0,
        "availableCash": numbers.money(max(0, available)),
        "availableOpen": numbers.money(max(0, exchange.open_available(account))),
        "debtAmount": 0,
        "contributeMarginAmount": 0,
        "vcoinId": "128f589271cb4951b03e71e6323eb7be",
    }


def record_row(contract: Contract, record: FundingRecord) -> dict[str, Any]:
    """One settlement of funding on a position."""
    return {
        "id": record.record_id,
        "symbol": contract.name,
        "positionType": 1 if record.side > 0 else 2,
        "positionValue": numbers.money(record.value),
        "funding": numbers.money(record.funding),
        "rate": number(record.rate_e8, 8),
        "settleTime": record.settle_ns // MS_NS,
    }


def funding_row(now_ns: int, contract: Contract, quotation: Quotation) -> dict[str, Any]:
    """The rate of the next settlement."""
    return {
        "symbol": contract.name,
        "fundingRate": number(quotation.rate_e8, 8),
        "maxFundingRate": 0.0018,
        "minFundingRate": -0.0018,
        "collectCycle": quotation.cycle_hours,
        "nextSettleTime": quotation.settle_ns // MS_NS,
        "timestamp": now_ns // MS_NS,
        "idxPrice": contract.price(quotation.index),
        "fairPrice": contract.price(quotation.fair),
    }


def band(contract: Contract, index: int) -> tuple[int, int]:
    """The lowest price of a sell and the highest of a buy, cut to the tick."""
    tick = contract.traded.tick
    low, high = (index * (10_000 - BAND_E4) // 10_000, index * (10_000 + BAND_E4) // 10_000)
    return low // tick * tick, high // tick * tick


def ticker_row(
    now_ns: int, contract: Contract, book: VersionedBook, record: TapeRecord, quotation: Quotation
) -> dict[str, Any]:
    """A contract's ticker."""
    bids, asks = book.best(1)
    day = record.day(now_ns) or Candle(0, 0, 0, 0, 0)
    low, high = band(contract, quotation.index)
    change = day.close - day.open
    traded = contract.traded
    return {
        "contractId": CONTRACT_ID,
        "symbol": contract.name,
        "lastPrice": contract.price(day.close),
        "bid1": contract.price(bids[0][0] if bids else 0),
        "ask1": contract.price(asks[0][0] if asks else 0),
        "volume24": contract.vol(day.volume),
        "amount24": numbers.turnover(day.cost, traded.price_precision + traded.size_precision),
        "holdVol": OPEN_INTEREST,
        "lower24Price": contract.price(day.low),
        "high24Price": contract.price(day.high),
        "riseFallRate": number(ratio(abs(change) * 10_000, day.open) * (1 if change >= 0 else -1), 4),
        "riseFallValue": contract.price(change),
        "indexPrice": contract.price(quotation.index),
        "fairPrice": contract.price(quotation.fair),
        "fundingRate": number(quotation.rate_e8, 8),
        "maxBidPrice": contract.price(high),
        "minAskPrice": contract.price(low),
        "timestamp": now_ns // MS_NS,
    }


def candle_row(contract: Contract, candle: Candle, interval: str) -> dict[str, Any]:
    """A candle as it is pushed."""
    traded = contract.traded
    prices = [contract.price(each) for each in (candle.open, candle.close, candle.high, candle.low)]
    return {
        "symbol": contract.name,
        "interval": interval,
        "t": candle.minute * 60,
        **dict(zip(("o", "c", "h", "l"), prices, strict=True)),
        "a": number(candle.cost, traded.price_precision + traded.size_precision),
        "q": contract.vol(candle.volume),
        **dict(zip(("ro", "rc", "rh", "rl"), prices, strict=True)),
    }


def mean(e18: int) -> Number:
    """A mean price, cut to twelve decimals."""
    return number(e18 // 10**6, 12)


def cut(units: int) -> Number:
    """An amount as the venue shows profits: cut to four decimals, not rounded."""
    step = 10 ** (DECIMALS - 4)
    return number(units // step if units >= 0 else -(-units // step), 4)


def _to_grid(precision: int, price: int, *, up: bool) -> tuple[int, int]:
    step = int(10 ** (DECIMALS - precision))
    return (-(-price // step) if up else price // step), precision
