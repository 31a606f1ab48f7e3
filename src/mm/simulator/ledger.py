"""The venue's own books of who has what, and how much of it open orders keep. Exact integers; every change is an entry,
and the entries sum to the balances."""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from mm.simulator.orders import LedgerEntry

DECIMALS: Final = 10
"""Of every asset: fine enough for price x size of any crypto pair here, so that no trade is rounded in the ledger."""
ENTRIES_MAX: Final = 200_000
"""Remembered; the balances outlive them."""


class Ledger:
    """Balances by account and asset, in 10^-DECIMALS of the asset."""

    def __init__(self) -> None:
        self._balances: dict[str, dict[str, int]] = {}
        self._reserved: dict[tuple[str, str], int] = {}
        self.entries: deque[LedgerEntry] = deque(maxlen=ENTRIES_MAX)
        self._number = 0

    def decimals(self, asset: str) -> int:
        """The precision of an asset's amounts."""
        del asset
        return DECIMALS

    def accounts(self) -> list[str]:
        """Every account that ever had something."""
        return list(self._balances)

    def balances(self, account: str) -> dict[str, int]:
        """Asset to balance."""
        return dict(self._balances.get(account, {}))

    def balance(self, account: str, asset: str) -> int:
        """One balance, 0 where there is none."""
        return self._balances.get(account, {}).get(asset, 0)

    def free(self, account: str, asset: str) -> int:
        """What a new order may still use: never negative."""
        return self.balance(account, asset) - self._reserved.get((account, asset), 0)

    def reserve(self, account: str, asset: str, amount: int) -> None:
        """Keep so much more (negative: less) for open orders."""
        self._reserved[account, asset] = self._reserved.get((account, asset), 0) + amount

    def change(
        self, now_ns: int, account: str, kind: str, asset: str, amount: int, fee: int, reference: str
    ) -> LedgerEntry:
        """Change a balance by amount - fee; returns the entry."""
        balances = self._balances.setdefault(account, {})
        balances[asset] = balances.get(asset, 0) + amount - fee
        self._number += 1
        entry = LedgerEntry(
            f"L{self._number:016d}", reference, account, kind, asset, amount, fee, balances[asset], now_ns
        )
        self.entries.append(entry)
        return entry

    def to_json(self) -> dict[str, Any]:
        """Balances and the entry count; what is reserved belongs to the orders."""
        return {
            "balances": {account: dict(assets) for account, assets in self._balances.items()},
            "number": self._number,
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Take back what `to_json` gave."""
        self._balances = {
            str(account): {str(asset): int(amount) for asset, amount in assets.items()}
            for account, assets in saved["balances"].items()
        }
        self._number = int(saved["number"])
