"""What a hedging policy is: a pure function from the debt and the hedge market to the hedge orders that should be sent.

A policy reads `HedgeState` and answers with `HedgePlan`. It keeps no clock, draws no chance of its own and sends
nothing: the hedger calls it when something changed, cuts its wish to what is owed and to what the limits allow, and
retries what was refused. What a policy must remember between calls it learns in `on_sent`, which a replay repeats.

To add one, write one file with one subclass (here, or anywhere: `policy = "package.module:Class"`), give it a frozen
dataclass `Parameters` made of `mm.config` rules, and implement `plan`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from mm._core.hedge_policy import HedgeOrder, HedgePlan, HedgeState, NativePolicy
from mm.config import rule

if TYPE_CHECKING:
    from mm.config import HedgeSettings
    from mm.config.crosscheck import Wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeParameters:
    """What every policy takes.

    threshold: in dollars of open debt from which it hedges; slippage_bps: how far behind the best price of the hedge
    market a crossing order may go.
    """

    threshold: Decimal = rule.number("usd", default=1000, least=0, most=1_000_000_000)
    slippage_bps: Decimal = rule.number("bps", default=5, least=0, most=500)

    def wrong(self, hedge: HedgeSettings) -> Iterator[Wrong]:
        """What contradicts itself or the rest of `[hedging.NAME]`."""
        if 0 < self.threshold < 1:
            # No venue takes an order of less: it is a size, or a fraction of something.
            expected = "US dollars, 1 at least, or 0 for the first lot"
            yield "threshold", expected, str(self.threshold), "debts are counted in dollars, not in units of the asset"
        if self.threshold > hedge.debt_max_usd:
            expected = f"at most debt_max_usd = {hedge.debt_max_usd}"
            yield (
                "threshold",
                expected,
                str(self.threshold),
                "quotes are pulled at that debt, before any of it is hedged",
            )


class HedgePolicy(ABC):
    """A way to hedge the debts of one asset on one market."""

    Parameters: ClassVar[type] = HedgeParameters
    """A frozen dataclass made of `mm.config` rules: the policy's keys in the configuration."""

    def __init__(self, name: str, parameters: Any) -> None:  # Any: an instance of the subclass's own Parameters
        self.name = name
        self.parameters = parameters
        self.threshold = float(parameters.threshold)
        self.slippage_bps = float(parameters.slippage_bps)
        self.native: NativePolicy | None = None
        """Plans in the place of `plan`, and just as it would; None for most."""

    @abstractmethod
    def plan(self, state: HedgeState) -> HedgePlan:
        """Return what to do now. Pure but for what `on_sent` taught: the same state gives the same answer."""

    def on_sent(self, now_ns: int, order: HedgeOrder, debt: int) -> None:  # noqa: B027 - most policies remember nothing
        """Learn that an order was sent for a debt of so many lots."""

    def on_paid(self) -> None:  # noqa: B027 - most policies remember nothing
        """Learn that nothing is owed any more."""

    def facts(self) -> tuple[Any, ...]:
        """What a replay must agree on."""
        return ()


__all__ = ["HedgeOrder", "HedgeParameters", "HedgePlan", "HedgePolicy", "HedgeState"]
