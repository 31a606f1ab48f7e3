"""The steps of the kill ladder by name, mildest first: what an operator types and a configuration names."""

from __future__ import annotations

from typing import Final

WIDEN: Final = "widen"
PAUSE_SIDE: Final = "pause-side"
REDUCE_ONLY: Final = "reduce-only"
CANCEL: Final = "cancel"
FLATTEN: Final = "flatten"
HALT: Final = "halt"
STEPS: Final = (WIDEN, PAUSE_SIDE, REDUCE_ONLY, CANCEL, FLATTEN, HALT)
KILLING: Final = frozenset({CANCEL, FLATTEN, HALT})
"""Steps after which nothing is quoted."""
SEALING: Final = frozenset({FLATTEN, HALT})
"""Steps after which nothing is hedged either."""
OFF: Final = "off"
PULL: Final = "pull"
"""No step: the quotes are taken away while something lasts."""
BY_ITSELF: Final = (OFF, WIDEN, REDUCE_ONLY, CANCEL, FLATTEN, HALT)
"""What a configuration can choose for a trigger."""
