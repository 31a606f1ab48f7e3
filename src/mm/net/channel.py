"""The life of one socket without the socket: wait, connect, be alive or be found dead, wait again.

    WAITING --due, budget--> CONNECTING --opened--> OPEN --closed/silent--> WAITING
       ^                         |                                            |
       +------- refused, time-out (back-off) --------------------------------+
    any --fatal close--> REFUSED (until started again)      any --stop--> STOPPED

Every attempt draws on the venue's one connection budget. A connection that held for a while makes the next waits start
from zero again; one that is closed at once does not, or a venue that accepts and drops would be hammered.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from mm._core.link_core import ChannelCore
from mm.net.backoff import Backoff
from mm.net.budget import ConnectionBudget

SECOND_NS = 1_000_000_000


class Phase(Enum):
    """Where a channel is in its life."""

    STOPPED = "stopped"
    WAITING = "waiting"
    CONNECTING = "connecting"
    OPEN = "open"
    REFUSED = "refused"


class Step(Enum):
    """What a passed deadline asks for."""

    CONNECT = "connect"
    PING = "ping"
    DEAD = "dead"
    BUDGET = "budget"


@dataclass(frozen=True, slots=True)
class Liveness:
    """Time limits of a connection, ns.

    silence_ns: no frame for so long on a subscribed connection is death. Kraken's heartbeat comes every second once
    something is subscribed, so five of them are missing then; 60 s, the venue's own idle limit, is the most allowed.
    quiet_ns: silence after which a ping asks. stable_ns: a connection that held so long starts the back-off anew.
    """

    handshake_ns: int = 10 * SECOND_NS
    silence_ns: int = 5 * SECOND_NS
    silence_unsubscribed_ns: int = 10 * SECOND_NS
    quiet_ns: int = 2_500_000_000
    stable_ns: int = 15 * SECOND_NS

    def __post_init__(self) -> None:
        limit = 60 * SECOND_NS
        for name in ("handshake_ns", "silence_ns", "silence_unsubscribed_ns", "quiet_ns"):
            value = getattr(self, name)
            if not 0 < value <= limit:
                raise ValueError(f"liveness {name}: expected 1 to {limit}, got {value}")


FATAL_CODES = frozenset({1008, 1015, 300, 301, 302, 303, 307, 308, 400, 401, 403, 404})
"""Closes that a new try cannot cure: policy violation, untrusted certificate, redirected or refused upgrade."""
SLOW_CODES = {429: 30 * SECOND_NS, 503: 5 * SECOND_NS}
"""Least wait after an upgrade that was turned away for load."""


class Channel(ChannelCore):
    """One socket's state; the link owns the actions."""

    __slots__ = (
        "_connected_ns",
        "_due_ns",
        "_pinged_ns",
        "backoff",
        "budget",
        "is_held",
        "liveness",
        "name",
        "subscribed",
        "url",
        "wait_min_ns",
    )

    def __init__(self, name: str, url: str, backoff: Backoff, budget: ConnectionBudget, liveness: Liveness) -> None:
        self.name, self.url = name, url
        super().__init__()
        self.backoff, self.budget, self.liveness = backoff, budget, liveness
        self.phase: Phase = Phase.STOPPED
        self.subscribed = False
        """Something is subscribed: heartbeats are due."""
        self.is_held = False
        """The address is not known yet."""
        self.wait_min_ns = 0
        """Least wait between attempts while the venue is in maintenance."""
        self._due_ns = 0
        self._connected_ns = 0
        self._pinged_ns = 0

    @property
    def is_open(self) -> bool:
        """Whether the socket is connected."""
        return self.phase is Phase.OPEN

    @property
    def due_ns(self) -> int:
        """When `poll` has something to do; 0 never. An open channel's due time moves with each frame."""
        if self.phase is Phase.OPEN:
            liveness, frame_ns = self.liveness, self.last_frame_ns
            wait_ns = liveness.silence_ns if self.subscribed else liveness.silence_unsubscribed_ns
            if self._pinged_ns < frame_ns and liveness.quiet_ns < wait_ns:
                wait_ns = liveness.quiet_ns
            return frame_ns + wait_ns
        if self.phase is Phase.WAITING and self.is_held:
            return 0
        return self._due_ns if self.phase in (Phase.WAITING, Phase.CONNECTING) else 0

    def start(self, now_ns: int) -> None:
        """Connect as soon as the budget allows; also after REFUSED, when the cause has been cured."""
        if self.phase in (Phase.STOPPED, Phase.REFUSED):
            self.backoff.succeed()
            self._wait(now_ns, 0)

    def stop(self) -> None:
        """Do nothing any more."""
        self.phase = Phase.STOPPED
        self.subscribed = False

    def hasten(self, now_ns: int) -> None:
        """Try at once if waiting (the budget still counts)."""
        if self.phase is Phase.WAITING:
            self._due_ns = min(self._due_ns, now_ns + self.wait_min_ns)

    def opened(self, now_ns: int) -> None:
        """The socket is connected."""
        self.phase = Phase.OPEN
        self._connected_ns = self.last_frame_ns = now_ns
        self._pinged_ns = 0
        self.subscribed = False

    def closed(self, now_ns: int, code: int) -> bool:
        """The socket is gone or was never there; False when trying again is pointless."""
        if self.phase is Phase.STOPPED:
            return True
        if self.phase is Phase.OPEN and now_ns - self._connected_ns >= self.liveness.stable_ns:
            self.backoff.succeed()
        self.subscribed = False
        if code in FATAL_CODES:
            self.phase = Phase.REFUSED
            return False
        self._wait(now_ns, max(self.backoff.next_ns(), self.wait_min_ns, SLOW_CODES.get(code, 0)))
        return True

    def poll(self, now_ns: int) -> Step | None:
        """Look at the clock; at most one step, ask again until None."""
        if self.phase is Phase.OPEN:
            silence_ns = now_ns - self.last_frame_ns
            if silence_ns >= self._silence_ns():
                return Step.DEAD
            if silence_ns >= self.liveness.quiet_ns and self._pinged_ns < self.last_frame_ns:
                self._pinged_ns = now_ns
                return Step.PING
            return None
        if self.phase is Phase.CONNECTING:
            return Step.DEAD if now_ns >= self._due_ns else None
        if self.phase is not Phase.WAITING or now_ns < self._due_ns or self.is_held:
            return None
        if not self.budget.spend(now_ns):
            self._due_ns = self.budget.next_ns(now_ns)
            return Step.BUDGET
        self.phase = Phase.CONNECTING
        self._due_ns = now_ns + self.liveness.handshake_ns
        return Step.CONNECT

    def silence_text(self, now_ns: int) -> str:
        """Why `poll` said DEAD."""
        if self.phase is Phase.CONNECTING:
            return f"no handshake within {self.liveness.handshake_ns / SECOND_NS:g} s"
        return f"no frame for {(now_ns - self.last_frame_ns) / SECOND_NS:.1f} s"

    def _silence_ns(self) -> int:
        return self.liveness.silence_ns if self.subscribed else self.liveness.silence_unsubscribed_ns

    def _wait(self, now_ns: int, wait_ns: int) -> None:
        self.phase = Phase.WAITING
        self._due_ns = now_ns + wait_ns
