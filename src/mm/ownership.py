"""Which client ids are ours: the one form that `oms/ids.py` makes, so that nobody else's orders are taken for own
ones."""

from __future__ import annotations

import re
from typing import Final

PURPOSE_LETTERS: Final = {"quote": "Q", "hedge": "H", "flatten": "F"}


def own_form(owner: str) -> re.Pattern[str]:
    """Return what a client id of an owner looks like: owner, epoch in base 36, purpose letter, counter in base 36."""
    letters = "".join(PURPOSE_LETTERS.values())
    return re.compile(f"{re.escape(owner)}(?P<epoch>[0-9a-z]{{1,6}})(?P<purpose>[{letters}])[0-9a-z]{{1,9}}")
