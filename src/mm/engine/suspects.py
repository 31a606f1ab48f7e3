"""When a balance that is not what it should be counts as one: the reasoning, without a clock of its own.

One read proves nothing: a fill is told on another channel than the balance that it moves, and lists trail the engine.
A difference counts when two reads agree on it, a settle time apart, with no execution of the venue in between or
shortly before; where executions never pause, when it has stayed the same for longer than a list may trail. To agree is
to the unit, or within what a venue of contracts cuts of its figures. A balance that is what it should have been a
moment ago is a list that trails, and no difference.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mm.engine.holdings import Holding

SECOND_NS: Final = 1_000_000_000
SETTLE_NS: Final = 5 * SECOND_NS
TRAIL_NS: Final = 30 * SECOND_NS
"""How far a list may be behind (reports from the field: more than 20 s)."""
LASTS_NS: Final = 22 * SECOND_NS
SAMPLES_MAX: Final = 256


@dataclass(slots=True)
class Suspect:
    """A difference that has been seen: how much, since when, and the executions of the venue until then."""

    amount: int
    first_ns: int
    executions: int
    executed_ns: int
    """When the last of them had been seen."""


class Suspects:
    """Differences of one venue's balances that do not count yet."""

    __slots__ = ("_executed_ns", "_executions", "_samples", "_seen", "compared_ns")

    def __init__(self) -> None:
        self.compared_ns: dict[str, int] = {}
        """When an asset was last what it should be, or a difference of it counted."""
        self._seen: dict[str, Suspect] = {}
        self._samples: deque[tuple[int, dict[str, Holding]]] = deque(maxlen=SAMPLES_MAX)
        """What the account should have held, and until when."""
        self._executions = 0
        self._executed_ns = 0

    def __len__(self) -> int:
        return len(self._seen)

    def has_executed(self, executions: int) -> bool:
        """Whether there were executions since the last sample."""
        return executions != self._executions

    def sample(self, now_ns: int, executions: int, before: dict[str, Holding]) -> None:
        """There were executions: until a moment ago the account should have held something else."""
        self._executions, self._executed_ns = executions, now_ns
        self._samples.append((now_ns, before))

    def forget(self) -> None:
        """The venue is out of reach: what comes next is read anew."""
        self._seen.clear()

    def judge(
        self, now_ns: int, expected: Mapping[str, Holding], balances: Mapping[str, int], known: Mapping[str, int]
    ) -> dict[str, int]:
        """Return the differences that count: asset to what the venue holds beyond, in 10^-12.

        known: differences that count already; of those only another amount is one, and 0 that it is over.
        """
        counted: dict[str, int] = {}
        for asset, holding in expected.items():
            theirs = balances.get(asset, 0)
            beyond = holding.beyond(theirs)
            if not holding.is_sure:
                self._seen.pop(asset, None)
            elif _is_told(holding, beyond, known.get(asset, 0)):
                self._seen.pop(asset, None)
                self.compared_ns[asset] = now_ns
            elif not beyond:
                self._seen.pop(asset, None)
                counted[asset] = 0
            elif self._trails(now_ns, asset, theirs):
                self._seen.pop(asset, None)
            else:
                suspect = self._seen.get(asset)
                if suspect is None or abs(suspect.amount - beyond) > holding.slack:
                    self._seen[asset] = Suspect(beyond, now_ns, self._executions, self._executed_ns)
                elif self._counts(now_ns, suspect):
                    del self._seen[asset]
                    counted[asset] = beyond
        self.compared_ns.update(dict.fromkeys(counted, now_ns))
        return counted

    def left_open(
        self, now_ns: int, expected: Mapping[str, Holding], balances: Mapping[str, int], said: Mapping[str, int]
    ) -> dict[str, int]:
        """Return the differences by a venue's last word, whether they count or not, as `judge` does.

        said: what was said of them, where that is something: no such difference is one.
        """
        found: dict[str, int] = {}
        for asset, holding in expected.items():
            theirs = balances.get(asset, 0)
            beyond = holding.beyond(theirs)
            if not holding.is_sure or _is_told(holding, beyond, said.get(asset, 0)):
                continue
            if not beyond or not self._trails(now_ns, asset, theirs):
                found[asset] = beyond
        return found

    def _counts(self, now_ns: int, suspect: Suspect) -> bool:
        lasted_ns = now_ns - suspect.first_ns
        if lasted_ns < SETTLE_NS:
            return False
        is_quiet = suspect.executions == self._executions and (
            not suspect.executed_ns or suspect.first_ns - suspect.executed_ns > TRAIL_NS
        )
        return is_quiet or lasted_ns >= LASTS_NS

    def _trails(self, now_ns: int, asset: str, theirs: int) -> bool:
        """Whether the balance is what it should have been within the time that lists trail."""
        for until_ns, holdings in reversed(self._samples):
            if now_ns - until_ns > TRAIL_NS:
                return False
            holding = holdings.get(asset)
            if holding is not None and holding.is_sure and not holding.beyond(theirs):
                return True
        return False


def _is_told(holding: Holding, beyond: int, told: int) -> bool:
    """Whether a difference is the one that was told, or that there is none and nothing was told."""
    return beyond == told or bool(beyond and told and abs(beyond - told) <= holding.slack)
