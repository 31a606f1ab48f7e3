"""Hedging: debts that our fills make, and the policies that pay them."""

from mm.inventory.hedging.find import find, known, parameters_of
from mm.inventory.hedging.ledger import EXTERNAL, Debt, HedgeLedger, Payment
from mm.inventory.hedging.policy import HedgeOrder, HedgeParameters, HedgePlan, HedgePolicy, HedgeState
from mm.pricing import HedgePricing

__all__ = [
    "EXTERNAL",
    "Debt",
    "HedgeLedger",
    "HedgeOrder",
    "HedgeParameters",
    "HedgePlan",
    "HedgePolicy",
    "HedgePricing",
    "HedgeState",
    "Payment",
    "find",
    "known",
    "parameters_of",
]
