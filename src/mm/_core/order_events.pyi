from typing import final

from typing_extensions import disjoint_base

from mm._core.event import Event

@disjoint_base
class OrderNews(Event):
    @property
    def venue_ns(self) -> int: ...
    @property
    def venue(self) -> str: ...
    @property
    def client_id(self) -> str: ...
    @property
    def venue_id(self) -> str: ...

@final
class OrderPending(OrderNews):
    def __init__(self, recv_ns: int, venue_ns: int, venue: str, client_id: str, venue_id: str) -> None: ...

@final
class OrderAccepted(OrderNews):
    def __init__(self, recv_ns: int, venue_ns: int, venue: str, client_id: str, venue_id: str) -> None: ...

@final
class OrderRejected(OrderNews):
    @property
    def reason(self) -> str: ...
    @property
    def code(self) -> str: ...
    def __init__(
        self, recv_ns: int, venue_ns: int, venue: str, client_id: str, venue_id: str, reason: str, code: str
    ) -> None: ...

@final
class OrderCanceled(OrderNews):
    @property
    def cum_size(self) -> int: ...
    @property
    def reason(self) -> str: ...
    def __init__(
        self, recv_ns: int, venue_ns: int, venue: str, client_id: str, venue_id: str, cum_size: int, reason: str
    ) -> None: ...

@final
class OrderExpired(OrderNews):
    @property
    def cum_size(self) -> int: ...
    @property
    def reason(self) -> str: ...
    def __init__(
        self, recv_ns: int, venue_ns: int, venue: str, client_id: str, venue_id: str, cum_size: int, reason: str
    ) -> None: ...

@final
class Fill(OrderNews):
    @property
    def symbol(self) -> str: ...
    @property
    def side(self) -> int: ...
    @property
    def execution_id(self) -> str: ...
    @property
    def price(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def cum_size(self) -> int: ...
    @property
    def liquidity(self) -> str: ...
    @property
    def fee(self) -> int: ...
    @property
    def fee_asset(self) -> str: ...
    @property
    def middle2(self) -> int: ...
    def __init__(
        self,
        recv_ns: int,
        venue_ns: int,
        venue: str,
        client_id: str,
        venue_id: str,
        symbol: str,
        side: int,
        execution_id: str,
        price: int,
        size: int,
        cum_size: int,
        liquidity: str,
        fee: int,
        fee_asset: str,
        middle2: int = 0,
    ) -> None: ...

@final
class OrderAmended(OrderNews):
    @property
    def price(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def cum_size(self) -> int: ...
    def __init__(
        self,
        recv_ns: int,
        venue_ns: int,
        venue: str,
        client_id: str,
        venue_id: str,
        price: int,
        size: int,
        cum_size: int,
    ) -> None: ...

@final
class AmendRejected(OrderNews):
    @property
    def reason(self) -> str: ...
    @property
    def code(self) -> str: ...
    def __init__(
        self, recv_ns: int, venue_ns: int, venue: str, client_id: str, venue_id: str, reason: str, code: str
    ) -> None: ...

@final
class CancelRejected(OrderNews):
    @property
    def reason(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def gone(self) -> bool: ...
    def __init__(
        self, recv_ns: int, venue_ns: int, venue: str, client_id: str, venue_id: str, reason: str, code: str, gone: bool
    ) -> None: ...

@final
class OutcomeUnknown(OrderNews):
    @property
    def request(self) -> str: ...
    @property
    def reason(self) -> str: ...
    def __init__(
        self, recv_ns: int, venue_ns: int, venue: str, client_id: str, venue_id: str, request: str, reason: str
    ) -> None: ...

@final
class OrderReport(OrderNews):
    @property
    def symbol(self) -> str: ...
    @property
    def side(self) -> int: ...
    @property
    def status(self) -> str: ...
    @property
    def price(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def cum_size(self) -> int: ...
    @property
    def reason(self) -> str: ...
    @property
    def source(self) -> str: ...
    def __init__(
        self,
        recv_ns: int,
        venue_ns: int,
        venue: str,
        client_id: str,
        venue_id: str,
        symbol: str,
        side: int,
        status: str,
        price: int,
        size: int,
        cum_size: int,
        reason: str,
        source: str,
    ) -> None: ...

@final
class OrderAbsent(OrderNews):
    @property
    def evidence(self) -> str: ...
    def __init__(
        self, recv_ns: int, venue_ns: int, venue: str, client_id: str, venue_id: str, evidence: str
    ) -> None: ...

@final
class OrderDenied(OrderNews):
    @property
    def reason(self) -> str: ...
    def __init__(self, recv_ns: int, venue_ns: int, venue: str, client_id: str, venue_id: str, reason: str) -> None: ...

@final
class OpenOrdersRead(Event):
    @property
    def venue(self) -> str: ...
    @property
    def complete(self) -> bool: ...
    @property
    def count(self) -> int: ...
    @property
    def asked_ns(self) -> int: ...
    def __init__(self, recv_ns: int, venue: str, complete: bool, count: int, asked_ns: int) -> None: ...
