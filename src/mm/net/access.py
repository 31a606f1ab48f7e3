"""Whether a venue hears us: bans, keys without their rights, and the silence that both are answered with.

    OPEN --shut--> QUIET --its time is over: one call goes--> PROBING --a sound answer--> OPEN
                     ^                                           |
                     +------- shut again, or no answer ----------+   for twice as long

Asking on prolongs a ban and locks an account, so that one call of any kind tries from time to time. Its answer alone
decides: answers to what was sent before the silence began, and answers of a gateway, end nothing. A ban holds back
everything. A key that was refused for orders holds back private calls, and cancels not before one of them was refused
for the key as well: they may be what stands between the account and a loss.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from mm._core.events import Cancel, CancelAfter
from mm._core.rest_core import Call, SilenceCore
from mm.exchanges.venue import Decoded, ErrorClass
from mm.net.order_entry import Command

BANNED: Final = 418
"""HTTP status of an address or key that is shut out for a time."""
SHUT: Final = frozenset({403, BANNED, 429})
"""Statuses that a gateway answers with, whatever it was asked."""
KEY_REFUSALS_MAX: Final = 3
"""Order requests in a row that are refused for the key or its rights, before the key is taken for lost."""
QUIET_NS_MIN: Final = 30_000_000_000
QUIET_NS_MAX: Final = 300_000_000_000
NOT_HEARD: Final = frozenset({ErrorClass.RATE, ErrorClass.BUSY, ErrorClass.AMBIGUOUS, ErrorClass.RETRY})
"""Refusals that leave open whether the venue took the request for one of ours at all."""


class State(Enum):
    """See the module's text."""

    OPEN = "open"
    QUIET = "quiet"
    PROBING = "probing"


class News(Enum):
    """What an answer says about the access."""

    NONE = "none"
    BANNED = "banned"
    BACK = "back"


class Silence(SilenceCore):
    """One reason to send nothing; the module's text has its states."""

    __slots__ = ("_probe", "_wait_ns", "until_ns")

    state: State

    def __init__(self) -> None:
        super().__init__(State.OPEN)
        self.until_ns = 0
        self._wait_ns = 0
        self._probe: Call | None = None

    def holds(self, now_ns: int) -> bool:
        """Whether a call has to wait."""
        return self.state is State.PROBING or (self.state is State.QUIET and now_ns < self.until_ns)

    def shut(self, now_ns: int) -> bool:
        """Begin it; returns whether that is news."""
        if self.state is not State.OPEN:
            return False
        self._keep_quiet(now_ns)
        return True

    def sent(self, call: Call) -> None:
        """A call that it would have held back goes out: its answer decides."""
        if self.state is State.QUIET:
            self.state, self._probe = State.PROBING, call

    def answered(self, now_ns: int, call: Call, *, is_sound: bool) -> bool:
        """Take the answer to a call; returns whether the silence is over."""
        if self.state is not State.PROBING or call is not self._probe:
            return False
        if is_sound:
            self.lift()
            return True
        self._keep_quiet(now_ns)
        return False

    def dropped(self, call: Call) -> None:
        """A call will never be answered, or never left: the next one tries."""
        if call is self._probe:
            self.state, self._probe = State.QUIET, None

    def lift(self) -> None:
        """End it."""
        self.state, self._probe = State.OPEN, None
        self.until_ns = self._wait_ns = 0

    def _keep_quiet(self, now_ns: int) -> None:
        self.state, self._probe = State.QUIET, None
        self._wait_ns = min(max(QUIET_NS_MIN, 2 * self._wait_ns), QUIET_NS_MAX)
        self.until_ns = now_ns + self._wait_ns


class Access:
    """The silences of one link, and the refusals in a row that lead to them."""

    __slots__ = ("_refused_cancels", "_refused_orders", "ban", "cancels", "is_locked", "key")

    def __init__(self) -> None:
        self.ban, self.key, self.cancels = Silence(), Silence(), Silence()
        self.is_locked = False
        """The key is taken for lost until the next start."""
        self._refused_orders = self._refused_cancels = 0

    @property
    def is_banned(self) -> bool:
        """The venue shuts this address or key out."""
        return self.ban.state is not State.OPEN

    def held_until(self, now_ns: int, call: Call) -> int:
        """When a call may go: 0 now, -1 after an answer that is awaited."""
        until_ns = 0
        for silence in self._of(call):
            if silence.state is State.PROBING:
                return -1
            if silence.holds(now_ns):
                until_ns = max(until_ns, silence.until_ns)
        return until_ns

    def sent(self, call: Call) -> None:
        """A call goes out."""
        for silence in self._of(call):
            silence.sent(call)

    def dropped(self, call: Call) -> None:
        """A call is not awaited any more."""
        for silence in self._of(call):
            silence.dropped(call)

    def answered(self, now_ns: int, call: Call, status: int, decoded: Decoded | None) -> News:
        """Take an answer over REST. status: of HTTP, 0 and below without one; decoded: what it says, if it does."""
        is_heard = decoded is not None and (decoded.ok or decoded.error_class not in NOT_HEARD)
        is_heard &= 0 < status < 500 and status not in SHUT
        is_trusted = is_heard and decoded is not None and decoded.error_class is not ErrorClass.FATAL
        for silence in (self.key, self.cancels):
            silence.answered(now_ns, call, is_sound=is_trusted)
        if self.ban.answered(now_ns, call, is_sound=is_heard):
            return News.BACK
        return News.BANNED if status == BANNED and self.ban.shut(now_ns) else News.NONE

    def judged(self, now_ns: int, command: Command, decoded: Decoded) -> bool:
        """Take the answer to an order request, over whatever way; returns whether it shows the key to be lost."""
        is_refused = not decoded.ok and decoded.error_class is ErrorClass.FATAL
        if isinstance(command, Cancel | CancelAfter):
            if not is_refused:
                self._refused_cancels = 0
                self.cancels.lift()
                return False
            self._refused_cancels += 1
            is_lost = self.is_locked or self._refused_cancels >= KEY_REFUSALS_MAX
            if is_lost:
                self.cancels.shut(now_ns)
        else:
            self._refused_orders = self._refused_orders + 1 if is_refused else 0
            is_lost = self._refused_orders >= KEY_REFUSALS_MAX
        return is_lost and not self.is_locked

    def lock(self, now_ns: int) -> None:
        """The key is lost."""
        self.is_locked = True
        self.key.shut(now_ns)

    def unlock(self) -> None:
        """A new start: the key may be another."""
        self.is_locked = False
        self._refused_orders = self._refused_cancels = 0
        self.key.lift()
        self.cancels.lift()

    def _of(self, call: Call) -> tuple[Silence, ...]:
        if not call.is_private:
            return (self.ban,)
        return (self.ban, self.cancels if isinstance(call.command, Cancel | CancelAfter) else self.key)


__all__ = ["BANNED", "KEY_REFUSALS_MAX", "Access", "News", "Silence", "State"]
