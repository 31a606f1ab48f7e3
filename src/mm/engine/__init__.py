"""The engine: `apply(event)` changes state, `decide(now)` says what to do next, `next_deadline()` when to ask again."""

from mm._core.decision import Decision
from mm.engine.engine import Engine
from mm.engine.market import Market
from mm.engine.venue import Face, VenueState

__all__ = ["Decision", "Engine", "Face", "Market", "VenueState"]
