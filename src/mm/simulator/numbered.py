"""Versions of things by their names, the newest ones remembered."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

KEPT_MAX: Final = 60_000
"""More than there are remembered orders."""


class Numbered:
    """Counts each name from 1; `get` of one that was never counted is 1, too."""

    def __init__(self) -> None:
        self._numbers: OrderedDict[str, int] = OrderedDict()

    def next(self, name: str) -> int:
        """The next number of a name."""
        number = self._numbers[name] = self._numbers.get(name, 0) + 1
        self._numbers.move_to_end(name)
        if len(self._numbers) > KEPT_MAX:
            self._numbers.popitem(last=False)
        return number

    def get(self, name: str) -> int:
        """The number of a name."""
        return self._numbers.get(name, 1)
