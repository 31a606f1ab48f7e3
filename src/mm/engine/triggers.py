"""What brings a step of the kill ladder by itself: money lost, debts, limits, errors, refusals, and what stays silent.

Looked at once a second, in `decide`; what is found is an event like an operator's word (`Latched`), so that a replay
needs none of it. What is remembered between two looks (since when something is so) is no part of the state; the times
of errors and refusals are, because events make them.

A condition about money has to hold for two looks: one bad print is no loss. Nor is it what losses are counted from: the
middle of three looks is. Once an operator lets a step go, what brought it is known: the profit of that moment is the
new peak, or the new beginning of the day. What losses are counted from is an event too (`ProfitMarked`), so that a
process that is killed again and again cannot lose as much each time: it is made when the day begins, and when the peak
has risen by a tenth of what may be lost from it.

A start whose settings take what a currency is worth from elsewhere than the start before (another rate is stated, or a
market instead of one) counts the account anew: nothing is won or lost by that step, and what losses are counted from
moves with it. A rate that moves at the market that it comes from is a gain or a loss like any other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from mm._core import events as ev
from mm.engine.ladder import Scope
from mm.inventory.accounts import DOLLAR_DIGITS
from mm.steps import OFF, PULL

if TYPE_CHECKING:
    from mm.engine.engine import Engine

LOOK_NS: Final = 1_000_000_000
MINUTE_NS: Final = 60_000_000_000
DAY_NS: Final = 86_400_000_000_000
DOLLAR: Final = 10**12
"""In the unit of marks, 1e-12 dollars."""
FINER: Final = 10 ** (DOLLAR_DIGITS - 12)
PEAK_STEPS: Final = 10
LOOKS: Final = 3
HELD_NS: Final = 10_000_000_000
BASE_UNIT: Final = 1e12
DRAWDOWN: Final = "drawdown"
DAY_LOSS: Final = "day loss"
ERRORS: Final = "error rate"
REJECTS: Final = "reject rate"
LASTING: Final = frozenset({DRAWDOWN, DAY_LOSS, "hedge debt", "limit breach"})
"""What has to hold for two looks."""

Found = tuple[str, str, str, str]
"""Cause, step, scope and reason."""


class Triggers:
    """See the module's text."""

    __slots__ = (
        "_begun",
        "_day",
        "_engine",
        "_errors",
        "_looked_ns",
        "_looks",
        "_looks_day",
        "_marked",
        "_peak",
        "_rejects",
        "_seen_ns",
    )

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        kill = engine.settings.kill
        self._errors: deque[int] = deque(maxlen=max(1, kill.errors_per_minute))
        self._rejects: deque[int] = deque(maxlen=max(1, kill.rejects_per_minute))
        self._looked_ns = 0
        self._peak: int | None = None
        """What only `decide` has seen since the mark."""
        self._marked: int | None = None
        self._begun: int | None = None
        self._day = 0
        self._looks: deque[tuple[int, int]] = deque(maxlen=LOOKS)
        """The profit at the last looks in which every price was believed, and when they were."""
        self._seen_ns: dict[tuple[str, str], int] = {}

    # --- apply ------------------------------------------------------------------------------------------------------

    def on_error(self, recv_ns: int) -> None:
        """An alarm of severity error or critical was told."""
        self._errors.append(recv_ns)

    def on_reject(self, recv_ns: int) -> None:
        """A venue refused an order or a change."""
        self._rejects.append(recv_ns)

    def on_marked(self, event: ev.ProfitMarked) -> None:
        """From here on losses are counted from this."""
        self._day, self._begun, self._marked = event.day, event.begun, event.peak

    def forgive(self, event: ev.Latched, latch: ev.Latched | None) -> None:
        """An operator let a step go; latch: what it was. What brought it, or would have, is known until now."""
        if event.scope:
            return
        kill = self._engine.settings.kill
        cause = latch.cause if latch is not None else ""
        if cause == DRAWDOWN or kill.drawdown_step == event.step:
            self._peak = self._marked = None
        if cause == DAY_LOSS or kill.day_loss_step == event.step:
            self._begun = None
        if cause == ERRORS or kill.errors_step == event.step:
            self._errors.clear()
        if cause == REJECTS or kill.rejects_step == event.step:
            self._rejects.clear()
        self._looks.clear()
        self._seen_ns.clear()

    def retune(self) -> None:
        """Go by other settings; counts begin anew where their number changed."""
        kill = self._engine.settings.kill
        if self._errors.maxlen != max(1, kill.errors_per_minute):
            self._errors = deque(self._errors, maxlen=max(1, kill.errors_per_minute))
        if self._rejects.maxlen != max(1, kill.rejects_per_minute):
            self._rejects = deque(self._rejects, maxlen=max(1, kill.rejects_per_minute))

    def facts(self) -> tuple[object, ...]:
        """What a replay must agree on."""
        return (list(self._errors), list(self._rejects), self.marks())

    def marks(self) -> list[int | None]:
        """The last mark as plain values: day, begun, peak; what there was none of is None."""
        return [self._day, self._begun, self._marked]

    def restore(self, saved: list[int | None]) -> None:
        """Take back what `marks` gave: a loss of today is one whatever was started anew since."""
        day, self._begun, self._marked = saved
        self._day = day or 0

    def restate(self, step: int) -> None:
        """Count from as much more or less, in 10^-DOLLAR_DIGITS dollars; at a start."""
        if step:
            self._begun = _moved(self._begun, step // FINER)
            self._marked = _moved(self._marked, step // FINER)

    # --- decide -----------------------------------------------------------------------------------------------------

    def run(self, now_ns: int) -> bool:
        """Latch what is due; returns whether anything was."""
        engine = self._engine
        if engine.is_stopping or now_ns - self._looked_ns < LOOK_NS:
            return False
        self._looked_ns = now_ns
        latches = engine.ladder.latches
        holding = set()
        is_any = False
        for cause, step, scope, reason in self._found(now_ns):
            if step in (OFF, PULL):
                continue
            holding.add((cause, scope))
            first_ns = self._seen_ns.setdefault((cause, scope), now_ns)
            if (step, scope) not in latches and (cause not in LASTING or first_ns < now_ns):
                engine.ladder.latch(ev.Latched(now_ns, step, scope, True, cause, reason))
                is_any = True
        self._seen_ns = {key: first_ns for key, first_ns in self._seen_ns.items() if key in holding}
        return is_any

    def _found(self, now_ns: int) -> Iterator[Found]:
        if self._engine.fills:
            yield from self._money(now_ns)
        yield from self._counts(now_ns)
        yield from self._engine.refusals.found()
        yield from self._silence(now_ns)
        yield from self._excess()

    def _money(self, now_ns: int) -> Iterator[Found]:
        kill = self._engine.settings.kill
        total = self._engine.accounts.terms().total // FINER
        self._restated(now_ns, total)
        day = now_ns // DAY_NS
        held = self._held(now_ns, total)
        known = [each for each in (self._peak, self._marked, held) if each is not None]
        if not known:
            return
        self._peak = max(known)
        begun = self._begun if day == self._day else None
        is_new = begun is None or self._marked is None
        if begun is None:
            begun = held
        risen = 0 if self._marked is None else self._peak - self._marked
        if begun is not None and (is_new or (kill.drawdown_usd and risen * PEAK_STEPS >= kill.drawdown_usd * DOLLAR)):
            self._engine.emit(ev.ProfitMarked(now_ns, day, begun, self._peak))
        lost = (self._peak - total) / DOLLAR
        if kill.drawdown_usd and lost >= kill.drawdown_usd:
            text = f"the profit is {lost:,.2f} USD under its peak, kill.drawdown_usd is {kill.drawdown_usd}"
            yield DRAWDOWN, kill.drawdown_step, "", text
        lost = (begun - total) / DOLLAR if begun is not None else 0.0
        if kill.day_loss_usd and lost >= kill.day_loss_usd:
            text = f"{lost:,.2f} USD were lost today, kill.day_loss_usd is {kill.day_loss_usd}"
            yield DAY_LOSS, kill.day_loss_step, "", text

    def _restated(self, now_ns: int, total: int) -> None:
        """Let what losses are counted from move with a currency that has its first rate from another source."""
        step = self._engine.accounts.restated() // FINER
        if step and (self._begun is not None or self._marked is not None):
            self._peak = _moved(self._peak, step)
            self._looks.clear()
            begun, marked = _moved(self._begun, step), _moved(self._marked, step)
            # What an operator has let go just now is counted from here.
            peak = total if marked is None else marked
            self._engine.emit(ev.ProfitMarked(now_ns, self._day, total if begun is None else begun, peak))

    def _held(self, now_ns: int, total: int) -> int | None:
        """The profit that the last three looks saw, the middle one of them: what one print makes of it is none."""
        looks = self._looks
        while looks and looks[0][0] < now_ns - HELD_NS:
            looks.popleft()
        if not any(market.doubt(now_ns) for market in self._engine.markets.values()):
            looks.append((now_ns, total))
        return sorted(seen for _, seen in looks)[1] if len(looks) == LOOKS else None

    def _counts(self, now_ns: int) -> Iterator[Found]:
        kill = self._engine.settings.kill
        for cause, times, most, step in (
            (ERRORS, self._errors, kill.errors_per_minute, kill.errors_step),
            (REJECTS, self._rejects, kill.rejects_per_minute, kill.rejects_step),
        ):
            if most and len(times) == most and now_ns - times[0] <= MINUTE_NS:
                word = cause.partition(" ")[0]
                yield cause, step, "", f"{most} {word}s within {(times[-1] - times[0]) / 1e9:.0f} s"

    def _silence(self, now_ns: int) -> Iterator[Found]:
        engine = self._engine
        kill, limits = engine.settings.kill, engine.settings.limits
        for venue in engine.venues.values():
            if not venue.was_ready:
                continue
            scope = str(Scope(venue=venue.name))
            down_ns = now_ns - venue.private_down_ns
            if not venue.private_up and down_ns > limits.private_down_ms_max * 1_000_000:
                text = f"the private stream of {venue.name} is down for {down_ns / 1e9:.1f} s"
                yield "private link down", kill.private_down_step, scope, text
            if abs(venue.clock_offset_ns) > venue.clock_offset_ns_max:
                text = f"this machine's clock is {abs(venue.clock_offset_ns) / 1e9:.1f} s off that of {venue.name}"
                yield "clock offset", kill.clock_offset_step, scope, text
        for market in engine.markets.values():
            age_ns = now_ns - market.book_ns
            if market.strategy is not None and market.book_ns and age_ns > limits.book_age_ms_max * 1_000_000:
                text = f"the book of {market.symbol} on {market.venue.name} is {age_ns / 1e9:.1f} s old"
                yield "stale book", kill.stale_book_step, str(Scope(market.strategy_name)), text

    def _excess(self) -> Iterator[Found]:
        engine = self._engine
        kill = engine.settings.kill
        for desk in engine.desks.values():
            market = engine.markets.get(desk.primary)
            if market is None or not market.bid or not market.ask or not kill.debt_usd:
                continue
            price = market.middle2 / 2 / 10**market.instrument.price_precision * (market.last_usd_rate() or 1.0)
            owed = abs(desk.ledger.net) / BASE_UNIT * price
            if owed >= kill.debt_usd:
                text = f"{owed:,.2f} USD are not hedged by {desk.settings.name}, kill.debt_usd is {kill.debt_usd}"
                scope = str(Scope(market.strategy_name))
                yield "hedge debt", kill.debt_step, scope, text
        for market in engine.markets.values():
            held = abs(market.position.held + market.base_quantity)
            if market.position_max and held > market.position_max:
                name = market.strategy_name
                size = market.instrument.base_text(held)
                text = f"{size} {market.instrument.base} are held on {market.venue.name}, over the limit"
                yield (
                    "limit breach",
                    kill.breach_step,
                    str(Scope(name) if name else Scope(venue=market.venue.name)),
                    text,
                )


def _moved(mark: int | None, step: int) -> int | None:
    return None if mark is None else mark + step
