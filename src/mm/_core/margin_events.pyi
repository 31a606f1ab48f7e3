from typing import final

from mm._core.event import Event

@final
class PositionReport(Event):
    @property
    def venue_ns(self) -> int: ...
    @property
    def venue(self) -> str: ...
    @property
    def symbol(self) -> str: ...
    @property
    def position_id(self) -> str: ...
    @property
    def side(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def size_frozen(self) -> int: ...
    @property
    def entry_price_e12(self) -> int: ...
    @property
    def liquidation_price_e12(self) -> int: ...
    @property
    def margin(self) -> int: ...
    @property
    def leverage(self) -> int: ...
    @property
    def is_isolated(self) -> bool: ...
    @property
    def realized(self) -> int: ...
    @property
    def funding(self) -> int: ...
    @property
    def fees(self) -> int: ...
    @property
    def margin_ratio_e8(self) -> int: ...
    @property
    def adl_level(self) -> int: ...
    @property
    def version(self) -> int: ...
    @property
    def source(self) -> str: ...
    def __init__(
        self,
        recv_ns: int,
        venue_ns: int,
        venue: str,
        symbol: str,
        position_id: str,
        side: int,
        size: int,
        size_frozen: int,
        entry_price_e12: int,
        liquidation_price_e12: int,
        margin: int,
        leverage: int,
        is_isolated: bool,
        realized: int,
        funding: int,
        fees: int,
        margin_ratio_e8: int,
        adl_level: int,
        version: int,
        source: str,
    ) -> None: ...

@final
class FundingPaid(Event):
    @property
    def venue_ns(self) -> int: ...
    @property
    def venue(self) -> str: ...
    @property
    def symbol(self) -> str: ...
    @property
    def record_id(self) -> str: ...
    @property
    def side(self) -> int: ...
    @property
    def amount(self) -> int: ...
    @property
    def asset(self) -> str: ...
    @property
    def rate_e12(self) -> int: ...
    @property
    def position_value(self) -> int: ...
    def __init__(
        self,
        recv_ns: int,
        venue_ns: int,
        venue: str,
        symbol: str,
        record_id: str,
        side: int,
        amount: int,
        asset: str,
        rate_e12: int,
        position_value: int,
    ) -> None: ...

@final
class FundingRate(Event):
    @property
    def venue_ns(self) -> int: ...
    @property
    def venue(self) -> str: ...
    @property
    def symbol(self) -> str: ...
    @property
    def rate_e12(self) -> int: ...
    @property
    def settle_ns(self) -> int: ...
    @property
    def period_s(self) -> int: ...
    def __init__(
        self,
        recv_ns: int,
        venue_ns: int,
        venue: str,
        symbol: str,
        rate_e12: int,
        settle_ns: int,
        period_s: int,
    ) -> None: ...

@final
class MarkPrice(Event):
    @property
    def venue_ns(self) -> int: ...
    @property
    def venue(self) -> str: ...
    @property
    def symbol(self) -> str: ...
    @property
    def mark_e12(self) -> int: ...
    @property
    def index_e12(self) -> int: ...
    def __init__(
        self,
        recv_ns: int,
        venue_ns: int,
        venue: str,
        symbol: str,
        mark_e12: int,
        index_e12: int,
    ) -> None: ...

@final
class MarginReport(Event):
    @property
    def venue(self) -> str: ...
    @property
    def asset(self) -> str: ...
    @property
    def equity(self) -> int: ...
    @property
    def available(self) -> int: ...
    @property
    def position_margin(self) -> int: ...
    @property
    def order_margin(self) -> int: ...
    @property
    def unrealized(self) -> int: ...
    @property
    def bonus(self) -> int: ...
    @property
    def source(self) -> str: ...
    def __init__(
        self,
        recv_ns: int,
        venue: str,
        asset: str,
        equity: int,
        available: int,
        position_margin: int,
        order_margin: int,
        unrealized: int,
        bonus: int,
        source: str,
    ) -> None: ...

@final
class LiquidationRisk(Event):
    @property
    def venue_ns(self) -> int: ...
    @property
    def venue(self) -> str: ...
    @property
    def symbol(self) -> str: ...
    @property
    def position_id(self) -> str: ...
    @property
    def liquidation_price_e12(self) -> int: ...
    @property
    def margin_ratio_e8(self) -> int: ...
    @property
    def adl_level(self) -> int: ...
    def __init__(
        self,
        recv_ns: int,
        venue_ns: int,
        venue: str,
        symbol: str,
        position_id: str,
        liquidation_price_e12: int,
        margin_ratio_e8: int,
        adl_level: int,
    ) -> None: ...

@final
class PositionChanged(Event):
    @property
    def venue(self) -> str: ...
    @property
    def symbol(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def price(self) -> int: ...
    @property
    def middle2(self) -> int: ...
    @property
    def evidence(self) -> str: ...
    def __init__(
        self, recv_ns: int, venue: str, symbol: str, size: int, price: int, middle2: int, evidence: str
    ) -> None: ...
