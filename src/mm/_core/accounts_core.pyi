from typing import Any, Final, final

from typing_extensions import disjoint_base

DIGITS: Final[int]
AMOUNT_PRECISION: Final[int]
CASH: Final[int]

@final
class MarketAccount:
    """One symbol: what is held, where it was marked, its terms in its currency since the rate last changed."""

    amount: int
    mark2: int
    spread: int
    hedging: int
    inventory: int

    # Any: an instrument of `mm.instruments`, which the core does not know.
    def __init__(self, instrument: Any) -> None: ...
    @property
    def instrument(self) -> Any: ...
    @property
    def unit(self) -> int: ...
    @property
    def price_unit(self) -> int: ...
    @property
    def currency(self) -> str: ...
    def mark(self, middle2: int) -> None: ...
    def facts(self) -> tuple[int, ...]: ...

@final
class CurrencyAccount:
    """One currency over all venues; terms in it since the last change of its rate, and in dollars before that."""

    cash: int
    fees: int
    funding: int
    opening: int
    opening_usd: int
    rate2: int
    is_fixed: bool
    usd: list[int]

    def __init__(self) -> None: ...
    def facts(self) -> tuple[object, ...]: ...

@disjoint_base
class AccountsCore:
    """opened: venues whose balances are known."""

    opened: set[str]
    _unpriced: bool

    def __init__(self) -> None: ...
    @property
    def _markets(self) -> dict[tuple[str, str], MarketAccount]: ...
    @property
    def _currencies(self) -> dict[str, CurrencyAccount]: ...
    def on_fill(
        self,
        key: tuple[str, str],
        side: int,
        price: int,
        size: int,
        middle2: int,
        fee: int,
        fee_asset: str,
        is_hedge: bool,
    ) -> None: ...
