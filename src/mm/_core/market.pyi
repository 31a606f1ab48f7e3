from collections.abc import Mapping
from typing import Any, Final, final

from typing_extensions import disjoint_base

from mm._core._rust import Book
from mm._core.order import Order
from mm._core.orders import OrderStore
from mm._core.positions import Position
from mm._core.profit import ProfitSplit
from mm._core.quoter import Quoter

USD: Final[frozenset[str]]
AMOUNT_PRECISION: Final[int]
CAP_MAX: Final[int]
BOTH_SIDES: Final[int]
COST_MAX: Final[int]
BASE_DIGITS: Final[int]
ONE2: Final[int]
REFERENCE_NS: Final[int]
JUMP_HOLD_NS: Final[int]
REFERENCE_NS_MAX: Final[int]
STILL_MOVES: Final[int]
LAG_SAMPLE_NS: Final[int]
LAG_NS_MAX: Final[int]

@final
class MarketState:
    """One symbol as a strategy sees it; valid during the call only."""

    instrument: Any
    book: Book
    others: Mapping[tuple[str, str], Any]
    now_ns: int
    bid: int
    bid_size: int
    ask: int
    ask_size: int
    position: int
    net_position: int
    is_hedged: bool
    buy_fill_ns: int
    sell_fill_ns: int
    trade_price: int
    def __init__(self, instrument: Any, book: Book) -> None: ...
    def fill_ns(self, side: int) -> int: ...

@disjoint_base
class VenueCore:
    """What a decision needs of a venue."""

    balances: dict[str, int]
    @property
    def margins(self) -> dict[str, Any]: ...
    status: str
    private_up: bool
    was_ready: bool
    doubtful: dict[str, int]
    early_book: bool
    private_down_ns: int
    clock_offset_ns: int
    fill_ns: int
    history_ns: int
    named_fills: list[Any] | None
    unnamed_ns: int
    def __init__(self, name: str, decoder: Any, *, clock_offset_ns_max: int) -> None: ...
    @property
    def name(self) -> str: ...
    @property
    def decoder(self) -> Any: ...
    @property
    def markets(self) -> dict[str, Any]: ...
    @property
    def by_index(self) -> list[Any]: ...
    @property
    def clock_offset_ns_max(self) -> int: ...
    def free(self, asset: str) -> int | None: ...
    def margin_free(self, asset: str) -> int | None: ...

@disjoint_base
class MarketCore:
    """What a decision needs of one symbol."""

    gap: str
    problem: str
    paused: str
    waits: str
    halted: str
    killed: str
    sealed: str
    curb: Any
    book_ok: bool
    no_market: bool
    changed: bool
    held: int
    is_capped: bool
    stirs: bool
    stirred: bool
    is_frozen: bool
    # Any: `mm.engine.perpetual`, which the core does not know.
    perpetual: Any
    hedge_fills: int
    hedge_cost: int
    own_quantity: int
    own_position_max: int
    own_size_max: int
    own_orders_max: int
    hears: list[Any]
    wakes: list[Any]
    seen_gate: str
    guarded: int
    bid: int
    bid_size: int
    ask: int
    ask_size: int
    book_ns: int
    lost_ns: int
    jump_max: float
    lag_ns_max: int
    side_age_ns_max: int
    @property
    def reference(self) -> float: ...
    @property
    def reference_ns(self) -> int: ...
    astray_ns: int
    astray_since_ns: int
    stray_buys: int
    stray_sells: int
    stop_asked_ns: int
    @property
    def jumped_ns(self) -> int: ...
    @property
    def bid_ns(self) -> int: ...
    @property
    def ask_ns(self) -> int: ...
    @property
    def lag_ns(self) -> int: ...
    def doubt(self, now_ns: int) -> str: ...
    def size_least(self, price: int) -> int: ...
    def is_far(self, price: int) -> bool: ...
    due_ns: int
    position_max: int
    order_size_max: int
    leverage: int
    surcharged: bool
    last: Any
    def __init__(
        self,
        venue: VenueCore,
        instrument: Any,
        book: Book,
        strategy: Any,
        limits: Any,
        quoter: Quoter,
        *,
        post_only: bool = True,
        due_of: Any = None,
    ) -> None: ...
    @property
    def venue(self) -> Any: ...
    @property
    def symbol(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def strategy_name(self) -> str: ...
    @property
    def instrument(self) -> Any: ...
    @property
    def strategy(self) -> Any: ...
    @property
    def limits(self) -> Any: ...
    @property
    def book(self) -> Book: ...
    @property
    def quoter(self) -> Quoter: ...
    @property
    def position(self) -> Position: ...
    @property
    def profit(self) -> ProfitSplit: ...
    @property
    def state(self) -> MarketState: ...
    @property
    def post_only(self) -> bool: ...
    @property
    def orders(self) -> list[Order]: ...
    @property
    def quantity(self) -> int: ...
    @property
    def base_free(self) -> int | None: ...
    @property
    def quote_free(self) -> int | None: ...
    @property
    def margin_free(self) -> int | None: ...
    @property
    def is_margin(self) -> bool: ...
    @property
    def buys(self) -> int: ...
    @property
    def sells(self) -> int: ...
    @property
    def middle2(self) -> int: ...
    base_quantity: int
    @property
    def siblings(self) -> list[Any]: ...
    @property
    def rate_source(self) -> Any: ...
    @property
    def off_peg(self) -> bool: ...
    def last_usd_rate(self) -> float: ...
    def rate_by(self, rate2: int, source: MarketCore | None, peg_low: float, peg_high: float) -> None: ...
    def currency_gate(self) -> str: ...
    def relate(self, store: OrderStore, markets: list[Any]) -> None: ...
    def take_instrument(self, instrument: Any) -> None: ...
    def take_strategy(self, strategy: Any, *, post_only: bool, due_of: Any) -> None: ...
    def lose_book(self, gap: str, now_ns: int = 0) -> None: ...
    def affordable(self, side: int, price: int) -> int | None: ...
    def take_top(self, now_ns: int = 0) -> None: ...
    def refresh(self, store: OrderStore, now_ns: int) -> None: ...
