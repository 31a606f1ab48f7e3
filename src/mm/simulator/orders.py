"""What the simulated exchange's matching core takes and tells: plain values, integers, no wire format.

The core (`exchange.py`) is driven by a venue's wire face (`kraken/`): requests go in as method calls, and what
happened comes out of `drain_reports()` and `drain_market()` in the order in which it happened. Prices are multiples of
10^-price_precision, sizes of 10^-size_precision, money of 10^-(price_precision + size_precision), times ns UTC.
Nothing here is imported by the bot: the simulator is the bot's judge.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

BUY, SELL = 1, -1


class OrderType(Enum):
    LIMIT = "limit"
    MARKET = "market"


class TimeInForce(Enum):
    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    GTD = "gtd"


class SelfTrade(Enum):
    """Which order dies when an account's own orders would meet."""

    CANCEL_NEWEST = "cancel_newest"
    CANCEL_OLDEST = "cancel_oldest"
    CANCEL_BOTH = "cancel_both"
    ALLOW = "allow"
    """They meet like anybody's (a venue without self-trade prevention, or with it off)."""


class Status(Enum):
    PENDING_NEW = "pending_new"
    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"


class Refusal(Enum):
    """Why a request made no change; the wire face owns the venue's words for each."""

    UNKNOWN_SYMBOL = "unknown symbol"
    SIZE_BELOW_MINIMUM = "size below minimum"
    COST_BELOW_MINIMUM = "cost below minimum"
    OFF_TICK = "price off the tick"
    BAD_PRICE = "bad price"
    BAD_SIZE = "bad size"
    INSUFFICIENT_FUNDS = "insufficient funds"
    DUPLICATE_CLIENT_ID = "duplicate client id"
    UNKNOWN_ORDER = "unknown order"
    POST_ONLY_WOULD_TAKE = "post-only amend would take"
    NOTHING_TO_AMEND = "nothing to amend"
    MARKET_POST_ONLY = "market in post-only mode"
    MARKET_CANCEL_ONLY = "market in cancel-only mode"
    MARKET_LIMIT_ONLY = "market in limit-only mode"
    MARKET_CLOSED = "market in maintenance"
    NO_POSITION = "reduce-only without a position"
    POSITION_TOO_SMALL = "more than the position has"


@dataclass(slots=True)
class SimInstrument:
    symbol: str
    base: str
    quote: str
    price_precision: int
    size_precision: int
    tick: int
    size_min: int
    cost_min: int
    """In money units, 10^-(price_precision + size_precision)."""
    quote_decimals: int
    """Fees in the quote asset are rounded half up to this many decimals."""
    maker_fee_e6: int
    """Millionths of cost: 2500 is 0.25 %."""
    taker_fee_e6: int
    status: str = "online"
    lot: int = 1
    """Step of sizes."""
    contract: int = 0
    """Of a contract: how many units of size one contract is; 0 where sizes are of the base asset."""
    listed: bool = True
    """Whether the venue's lists have it, and whether requests may name it."""
    shown_status: str = ""
    """What lists say instead of the status, in the venue's own word; "" for nothing else."""

    def shown_size(self, size: int) -> tuple[int, int]:
        """A size as the venue counts it, and its decimals: whole contracts, or base units."""
        return (size // self.contract, 0) if self.contract else (size, self.size_precision)


@dataclass(slots=True)
class NewOrder:
    account: str
    symbol: str
    side: int
    size: int
    price: int = 0
    order_type: OrderType = OrderType.LIMIT
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False
    self_trade: SelfTrade = SelfTrade.CANCEL_NEWEST
    client_id: str = ""
    user_reference: int = 0
    expire_ns: int = 0


@dataclass(slots=True)
class SimOrder:
    """An order as the venue knows it, live or closed; the wire face reads it, only the core writes it."""

    request: NewOrder
    order_id: str
    status: Status
    price: int
    size: int
    cum_size: int = 0
    cum_cost: int = 0
    """In money units."""
    fee: int = 0
    """In 10^-quote_decimals of the quote asset."""
    created_ns: int = 0
    touched_ns: int = 0
    """Creation or last amend: the age that the rate counter charges by."""
    closed_ns: int = 0
    reason: str = ""
    amended: bool = False
    queue_ahead: int = 0
    """Recorded size standing before the order at its price (its own queue estimate)."""
    queue_joined: int = 0
    """What `queue_ahead` was when the order last joined its level."""
    reserved: int = 0
    """What the order keeps from being spent twice: its cost or size, and the fees of a buy; ledger units."""
    trade_ids: list[str] = field(default_factory=list)

    @property
    def leaves(self) -> int:
        return self.size - self.cum_size if self.status in LIVE else 0


LIVE = frozenset({Status.PENDING_NEW, Status.NEW, Status.PARTIALLY_FILLED})


@dataclass(slots=True)
class SimTrade:
    """One execution of one account's order."""

    execution_id: str
    trade_number: int
    order_id: str
    account: str
    symbol: str
    side: int
    price: int
    size: int
    cost: int
    fee: int
    fee_asset: str
    maker: bool
    time_ns: int
    cause: str
    """`tape:<trade id>`, `cross` (the recorded book came over), `match:<order id>` or `take` (recorded size)."""
    queue_ahead: int = 0
    tape_size: int = 0
    profit: int = 0
    """Of contracts that were closed, in ledger units."""
    paid: int = 0
    """What was charged where that is not the quote asset, in ledger units of `fee_asset`; `fee` is its worth."""

    def charged(self, quote_decimals: int, ledger_decimals: int) -> tuple[int, int]:
        """What was charged of `fee_asset`, and its decimals."""
        return (self.paid, ledger_decimals) if self.paid else (self.fee, quote_decimals)


class ReportKind(Enum):
    PENDING_NEW = "pending_new"
    NEW = "new"
    TRADE = "trade"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    AMENDED = "amended"


@dataclass(slots=True)
class Report:
    """A step in an order's life, as of its moment (the order object may have moved on by the time it is read)."""

    kind: ReportKind
    time_ns: int
    order: SimOrder
    status: Status
    price: int
    size: int
    cum_size: int
    cum_cost: int
    fee: int
    reason: str = ""
    trade: SimTrade | None = None


@dataclass(slots=True)
class LedgerEntry:
    """One change of one balance."""

    ledger_id: str
    reference: str
    """The trade's execution id, or a deposit's id."""
    account: str
    kind: str
    asset: str
    amount: int
    fee: int
    balance: int
    """Amounts in 10^-decimals of the asset (see `Ledger.decimals`); balance is after amount - fee."""
    time_ns: int


@dataclass(slots=True)
class BookChange:
    """The venue's whole displayed size at a price (recorded plus the accounts' orders); 0 removes the level."""

    symbol: str
    side: int
    price: int
    size: int
    time_ns: int


@dataclass(slots=True)
class TradePrint:
    """A trade on the venue's public tape, recorded or made by an account's order."""

    symbol: str
    side: int
    """The taker's."""
    price: int
    size: int
    trade_number: int
    time_ns: int
    market_order: bool = False
