"""Lantern, an invented venue outside the package: JSON over WebSocket for what happens, REST for what is asked for.

`docs/adding_a_venue.md` walks through it. `[venues.lantern]` with `package = "examples.venue.lantern"` finds it.
"""

from examples.venue.lantern.face import VENUE

__all__ = ["VENUE"]
