from typing import Final, final

PRECISION_MAX: Final[int]

@final
class TextWriter:
    """Bytes one after the other; for native modules only."""
