"""What the simulated venues call the places of their hooks, and what may be said there in their own words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from mm.simulator.kinds import KRAKEN, MEXC_FUTURES, MEXC_SPOT

LIE: Final = b"they say"
"""In the text of a refusal of an order that stands."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the places of a venue's hooks are called."""

    create: str
    events: tuple[str, ...]
    reads: tuple[str, ...]
    books: str
    trades: str
    refusals: tuple[str, ...]
    bans: tuple[str, ...]
    keys: tuple[str, ...]
    """Refusals of a key, a signature's time or a nonce that is right all the same."""
    nothing: dict[str, str]
    """Lists and what they are when they are empty."""
    change: str = ""
    refused: tuple[str, int] = ("", 0)
    """Body and status of a refusal of an order that stands, where orders go over REST."""
    edits: tuple[dict[str, Any], ...] = ()
    """Changes of a message about a book: what is no price, versions that jump, times that jump, members that are gone
    and members that are new."""
    terms: tuple[dict[str, Any], ...] = ()
    """Other terms of the market: least sizes and values, steps of sizes, fees and what they are taken in. The bot's own
    sizes stay possible."""
    closed: tuple[str, ...] = ()
    """States of a market that is not traded, as its list has them."""
    assets: tuple[tuple[str, float], ...] = ()
    """What the account holds, and how much of it may be moved."""


TOKEN: Final = "MX"
"""An asset that no market here trades; what the account has of it pays for some fees (`mm.simulator.surcharge`)."""
TOKENS: Final = 2


def _price(path: str, *texts: str) -> tuple[dict[str, Any], ...]:
    return tuple({"path": path, "how": "set", "text": text} for text in texts)


def _moved(path: str, *values: int) -> tuple[dict[str, Any], ...]:
    return tuple({"path": path, "how": "shift", "value": value} for value in values)


def _formed(gone: str, new: str) -> tuple[dict[str, Any], ...]:
    ways = ((gone, "remove"), (gone, "rename"), (new, "add"))
    return tuple({"path": path, "how": how} for path, how in ways)


FEES: Final = (
    {"action": "fee", "percent": 0.3, "value": 0.5, "told": "push"},
    {"action": "fee", "percent": 0.3, "value": 0.5, "told": "lists"},
    {"action": "fee", "percent": -0.01, "value": 0.02, "told": "lists"},
)
FEE_ASSETS: Final = tuple({"action": "fee_asset", "text": text} for text in ("base", TOKEN))
"""Where each list of executions names the asset of a fee: Kraken's over REST does not, and what it takes in the base
asset and its stream never told is booked in the other and told as a difference."""

NAMES: Final[dict[str, Names]] = {
    KRAKEN: Names(
        "add_order", ("executions",), ("OpenOrders", "TradesHistory", "QueryOrders", "ClosedOrders"), "book", "trade",
        ("EService:Unavailable", "EGeneral:Internal error", "EOrder:Unknown reason"),
        ("EAPI:Rate limit exceeded", "EOrder:Rate limit exceeded"), ("EAPI:Invalid nonce",),
        {"OpenOrders": '{"error":[],"result":{"open":{}}}',
         "TradesHistory": '{"error":[],"result":{"trades":{},"count":0}}',
         "ClosedOrders": '{"error":[],"result":{"closed":{},"count":0}}'},
        "amend_order",
        edits=(
            *_price("data.0.bids.0.price|data.0.asks.0.price", "0", "-1", "NaN", "null", "99999999999999999999999"),
            *_moved("data.0.bids.0.qty|data.0.asks.0.qty", 1), *_moved("data.0.timestamp", 3600, -3600),
            *_formed("data.0.checksum", "data"),
        ),
        terms=(
            {"action": "size_min", "value": 150_000}, {"action": "cost_min", "value": 90},
            {"action": "lot", "value": 10_000}, *FEES,
        ),
        closed=("cancel_only", "reduce_only", "maintenance", "work_in_progress"),
        assets=(("USD", 900.0), ("BTC", 0.1)),
    ),
    MEXC_SPOT: Names(
        "POST order", ("deals", "orders"), ("GET openOrders", "GET myTrades", "GET order", "GET allOrders"),
        "aggre.depth", "aggre.deals", ("30016:Trading disabled", "1002:no rule for this"),
        ("429:Too many requests", "510:Requests are too frequent"), ("700003:Timestamp outside of recvWindow",),
        dict.fromkeys(("GET openOrders", "GET myTrades", "GET allOrders"), "[]"),
        refused=('{"code":30005,"msg":"Oversold, they say"}', 400),
        edits=(
            *_price("313.2.1|313.1.1", "0", "-1", "NaN", ""), *_moved("313.4,313.5", 1000, -(10**6)),
            *_moved("6", 3_600_000, -3_600_000), *_formed("313.4", "6"),
        ),
        terms=(
            {"action": "size_min", "value": 100_000}, {"action": "cost_min", "value": 60}, *FEES, *FEE_ASSETS,
        ),
        closed=("2", "3", "BREAK"),
        assets=(("USDT", 900.0), ("BTC", 0.1)),
    ),
    MEXC_FUTURES: Names(
        "POST order/create", ("order", "order.deal", "position"),
        ("GET order/list/open_orders", "GET order/list/order_deals", "GET order/get", "GET order/external"),
        "depth", "deal", ("1002:contract not available", "2011:no such thing"), ("510:Requests are too frequent",),
        ("513:Invalid request(time invalid)",),
        dict.fromkeys(
            ("GET order/list/open_orders", "GET order/list/order_deals"), '{"success":true,"code":0,"data":[]}'
        ),
        refused=('{"success":false,"code":2005,"message":"Balance insufficient, they say"}', 200),
        edits=(
            *_price("data.bids.0.0|data.asks.0.0", "0", "-1", "NaN", "null"),
            *_moved("data.begin,data.end,data.version", 1000, -(10**6)), *_moved("data.cts,ts", 3_600_000, -3_600_000),
            *_formed("data.version,data.end", "data"),
        ),
        terms=(
            {"action": "size_min", "value": 4}, {"action": "lot", "value": 2}, *FEES,
            {"action": "contract_size", "value": 0.001},
        ),
        closed=("1", "3", "99"),
        assets=(("USDT", 900.0),),
    ),
}  # fmt: skip
