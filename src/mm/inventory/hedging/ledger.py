"""The hedge ledger by its names; `mm._core.hedge_ledger` keeps it, for each fill passes it on its way."""

from mm._core.hedge_ledger import (
    EXCESS,
    EXTERNAL,
    PAYMENTS_MAX,
    QUOTE,
    UNIT,
    Debt,
    HedgeLedger,
    Payment,
    PolicyTotals,
)

__all__ = [
    "EXCESS",
    "EXTERNAL",
    "PAYMENTS_MAX",
    "QUOTE",
    "UNIT",
    "Debt",
    "HedgeLedger",
    "Payment",
    "PolicyTotals",
]
