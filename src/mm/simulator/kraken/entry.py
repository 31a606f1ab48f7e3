"""Order requests read from the two forms Kraken takes, WebSocket members and REST fields, into the core's values.

Everything that a request's own text can get wrong is refused here; prices, sizes and funds are the core's business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from mm.simulator.kraken import errors
from mm.simulator.kraken.errors import Refused, invalid_arguments
from mm.simulator.kraken.texts import SECOND_NS, Number, decimal_units, parse_rfc3339
from mm.simulator.orders import BUY, SELL, NewOrder, OrderType, SelfTrade, SimInstrument, TimeInForce

CLIENT_ID: Final = re.compile(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32}|[\x21-\x7e]{1,18}"
)
"""UUID, 32 hex digits, or free ASCII of up to 18 characters."""
DEADLINE_DEFAULT_NS: Final = 5 * SECOND_NS
DEADLINE_NS_MAX: Final = 60 * SECOND_NS
EXPIRE_NS_MAX: Final = 31 * 86_400 * SECOND_NS
SIDES: Final = {"buy": BUY, "sell": SELL}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ADD_MEMBERS: Final = _words(
    "order_type side order_qty symbol limit_price limit_price_type triggers time_in_force post_only reduce_only margin "
    "effective_time expire_time deadline cl_ord_id order_userref conditional display_qty fee_preference stp_type "
    "cash_order_qty validate sender_sub_id no_mpp stop_price trigger token"
)
BATCH_ROW_MEMBERS: Final = ADD_MEMBERS - {"symbol", "token", "deadline", "validate"}
AMEND_MEMBERS: Final = _words(
    "order_id cl_ord_id order_qty display_qty limit_price limit_price_type trigger_price trigger_price_type post_only "
    "deadline symbol token"
)
EDIT_MEMBERS: Final = _words(
    "order_id symbol order_qty limit_price display_qty post_only reduce_only fee_preference triggers order_userref "
    "deadline validate token no_mpp"
)
NOT_SIMULATED: Final = (
    "triggers",
    "conditional",
    "display_qty",
    "cash_order_qty",
    "margin",
    "stop_price",
    "effective_time",
)


@dataclass(frozen=True, slots=True)
class Change:
    """What an amend or edit asks for; None leaves a value as it is."""

    price: int | None
    size: int | None
    post_only: bool | None
    user_reference: int | None = None


def known_members(params: Mapping[str, Any], known: frozenset[str], method: str) -> None:
    """Refuse a member that the method does not have."""
    for name in params:
        if name not in known:
            raise Refused(f"Unsupported field: '{name}' for the given msg type: {method}")


def websocket_order(account: str, traded: SimInstrument, params: Mapping[str, Any], now_ns: int) -> NewOrder:
    """The order of `add_order` params or of a row of `batch_add`."""
    for name in NOT_SIMULATED:
        if params.get(name):
            raise Refused(f"EGeneral:Invalid arguments:{name} is not simulated")
    order_type = params.get("order_type")
    if order_type not in ("limit", "market"):
        raise invalid_arguments("ordertype")
    side = _choice(params, "side", SIDES)
    if side is None:
        raise invalid_arguments("type")
    size = _number(params, "order_qty", traded.size_precision, invalid_arguments("volume"))
    if size is None:
        raise invalid_arguments("volume")
    price = _number(params, "limit_price", traded.price_precision, Refused(errors.INVALID_PRICE))
    if order_type == "limit" and price is None:
        raise invalid_arguments("price")
    time_in_force = _choice(params, "time_in_force", {t.value: t for t in TimeInForce}) or TimeInForce.GTC
    expire_ns = 0
    if time_in_force is TimeInForce.GTD:
        expire_ns = _expiry(parse_rfc3339(_text(params, "expire_time") or ""), now_ns)
    return _order(
        account,
        traded,
        side,
        size,
        price or 0,
        OrderType(order_type),
        time_in_force,
        post_only=_flag(params, "post_only"),
        reduce_only=_flag(params, "reduce_only"),
        self_trade=_choice(params, "stp_type", {s.value: s for s in SelfTrade}) or SelfTrade.CANCEL_NEWEST,
        client_id=_text(params, "cl_ord_id") or "",
        user_reference=_integer(params, "order_userref"),
        expire_ns=expire_ns,
    )


def rest_order(account: str, traded: SimInstrument, fields: Mapping[str, Any], now_ns: int) -> NewOrder:
    """The order of AddOrder's fields or of a row of AddOrderBatch."""
    if fields.get("ordertype") not in ("limit", "market"):
        raise invalid_arguments("ordertype")
    order_type = OrderType(fields["ordertype"])
    side = SIDES.get(str(fields.get("type", "")))
    if side is None:
        raise invalid_arguments("type")
    for name in ("price2", "displayvol", "trigger", "starttm"):
        if fields.get(name) not in (None, "", "0", 0):
            raise Refused(f"EGeneral:Invalid arguments:{name} is not simulated")
    if fields.get("leverage") not in (None, "", "none") or fields.get("close") or fields.get("close[ordertype]"):
        raise Refused("EGeneral:Invalid arguments:leverage and close are not simulated")
    size = decimal_units(str(fields.get("volume", "")), traded.size_precision)
    if size is None or size <= 0:
        raise invalid_arguments("volume")
    price = 0
    if order_type is OrderType.LIMIT:
        given = decimal_units(str(fields.get("price", "")), traded.price_precision)
        if given is None:
            raise Refused(f"{errors.INVALID_PRICE}:Invalid price argument")
        price = given
    flags = {flag for flag in str(fields.get("oflags") or "").split(",") if flag}
    if not flags <= {"post", "fcib", "fciq", "nompp"}:
        raise invalid_arguments("oflags")
    try:
        time_in_force = TimeInForce(str(fields.get("timeinforce") or "GTC").lower())
        self_trade = SelfTrade(str(fields.get("stptype") or "cancel-newest").replace("-", "_"))
    except ValueError:
        raise invalid_arguments("timeinforce" if "timeinforce" in fields else "stptype") from None
    expire_ns = 0
    if time_in_force is TimeInForce.GTD:
        text = str(fields.get("expiretm") or "")
        seconds = decimal_units(text.removeprefix("+"), 0)
        at = None if seconds is None else seconds * SECOND_NS + (now_ns if text.startswith("+") else 0)
        expire_ns = _expiry(at, now_ns)
    return _order(
        account,
        traded,
        side,
        size,
        price,
        order_type,
        time_in_force,
        post_only="post" in flags,
        reduce_only=rest_flag(fields, "reduce_only"),
        self_trade=self_trade,
        client_id=str(fields.get("cl_ord_id") or ""),
        user_reference=user_reference(fields.get("userref")),
        expire_ns=expire_ns,
    )


def websocket_change(params: Mapping[str, Any], traded: SimInstrument) -> Change:
    """What `amend_order` or `edit_order` params ask for."""
    for name in ("display_qty", "trigger_price", "triggers"):
        if params.get(name):
            raise Refused(f"EGeneral:Invalid arguments:{name} is not simulated")
    return Change(
        _number(params, "limit_price", traded.price_precision, Refused(errors.INVALID_PRICE)),
        _number(params, "order_qty", traded.size_precision, invalid_arguments("volume")),
        _flag(params, "post_only") if "post_only" in params else None,
        _integer(params, "order_userref") if "order_userref" in params else None,
    )


def rest_change(fields: Mapping[str, Any], traded: SimInstrument, price_field: str, size_field: str) -> Change:
    """What AmendOrder (`limit_price`, `order_qty`) or EditOrder (`price`, `volume`) ask for."""
    price = size = None
    if fields.get(price_field) not in (None, ""):
        price = decimal_units(str(fields[price_field]), traded.price_precision)
        if price is None:
            raise Refused(f"{errors.INVALID_PRICE}:Invalid price argument")
    if fields.get(size_field) not in (None, ""):
        size = decimal_units(str(fields[size_field]), traded.size_precision)
        if size is None:
            raise invalid_arguments("volume")
    post_only: bool | None = None
    if "post_only" in fields:
        post_only = rest_flag(fields, "post_only")
    elif "oflags" in fields:
        post_only = "post" in str(fields["oflags"]).split(",")
    return Change(price, size, post_only, user_reference(fields["userref"]) if fields.get("userref") else None)


def check_deadline(deadline: object, received_ns: int, now_ns: int) -> None:
    """Refuse a request whose deadline has passed; the default is 5 s after it was received."""
    if deadline in (None, ""):
        if now_ns >= received_ns + DEADLINE_DEFAULT_NS:
            raise Refused(errors.DEADLINE_ELAPSED)
        return
    at = parse_rfc3339(deadline) if isinstance(deadline, str) else None
    if at is None or at > received_ns + DEADLINE_NS_MAX:
        raise invalid_arguments("deadline")
    if at <= now_ns:
        raise Refused(errors.DEADLINE_ELAPSED)


def user_reference(value: object) -> int:
    """A userref: a 32-bit integer; 0 for none."""
    units = 0 if value in (None, "") else decimal_units(str(value), 0)
    if units is None or not -(2**31) <= units < 2**31:
        raise invalid_arguments("userref")
    return units


def rest_flag(fields: Mapping[str, Any], name: str) -> bool:
    """A REST boolean: JSON or its text."""
    return str(fields.get(name, "")).lower() in ("true", "1")


def _order(
    account: str,
    traded: SimInstrument,
    side: int,
    size: int,
    price: int,
    order_type: OrderType,
    time_in_force: TimeInForce,
    *,
    post_only: bool,
    reduce_only: bool,
    self_trade: SelfTrade,
    client_id: str,
    user_reference: int,
    expire_ns: int,
) -> NewOrder:
    if client_id and (user_reference or not CLIENT_ID.fullmatch(client_id)):
        raise invalid_arguments("cl_ord_id")
    if post_only and (order_type is OrderType.MARKET or time_in_force in (TimeInForce.IOC, TimeInForce.FOK)):
        raise invalid_arguments("post_only")
    if time_in_force is TimeInForce.FOK and order_type is OrderType.MARKET:
        raise invalid_arguments("timeinforce")
    return NewOrder(
        account=account,
        symbol=traded.symbol,
        side=side,
        size=size,
        price=price if order_type is OrderType.LIMIT else 0,
        order_type=order_type,
        time_in_force=time_in_force,
        post_only=post_only,
        reduce_only=reduce_only,
        self_trade=self_trade,
        client_id=client_id,
        user_reference=user_reference,
        expire_ns=expire_ns,
    )


def _expiry(at_ns: int | None, now_ns: int) -> int:
    if at_ns is None or not now_ns + 5 * SECOND_NS <= at_ns <= now_ns + EXPIRE_NS_MAX:
        raise invalid_arguments("expiretm")
    return at_ns


def _number(params: Mapping[str, Any], name: str, decimals: int, refusal: Refused) -> int | None:
    value = params.get(name)
    if value is None:
        return None
    if not isinstance(value, Number):
        raise Refused(f"{name.capitalize()} field must be a number_float")
    units = decimal_units(value, decimals)
    if units is None or units <= 0:
        raise refusal
    return units


def _integer(params: Mapping[str, Any], name: str) -> int:
    value = params.get(name)
    if value is not None and not isinstance(value, Number):
        raise Refused(f"{name.capitalize()} field must be an integer")
    return user_reference(value)


def _flag(params: Mapping[str, Any], name: str) -> bool:
    value = params.get(name, False)
    if not isinstance(value, bool):
        raise Refused(f"{name.capitalize()} field must be a boolean")
    return value


def _text(params: Mapping[str, Any], name: str) -> str | None:
    value = params.get(name)
    if value is not None and (not isinstance(value, str) or isinstance(value, Number)):
        raise Refused(f"{name.capitalize()} field must be a string")
    return value


def _choice(params: Mapping[str, Any], name: str, choices: Mapping[str, Any]) -> Any:
    text = _text(params, name)
    if text is None:
        return None
    if text not in choices:
        raise invalid_arguments(name)
    return choices[text]
