from typing import Any, final

@final
class Grid:
    """What an instrument's numbers are worth, for as long as it is the same instrument."""

    # Any: an instrument of `mm.instruments`, which the core does not know.
    def __init__(self, instrument: Any) -> None: ...
