"""Fault hooks: what may go wrong between the venue and its clients, on order or by chance, all from one seed.

A rule names a place, what to do there, and when:

    {"on": "reply", "name": "add_order", "action": "withhold", "skip": 4, "times": 2}
    {"on": "message", "name": "book", "action": "checksum", "rate": 0.001}
    {"on": "clock", "action": "mode", "mode": "post_only", "at_s": 30, "every_s": 90, "duration_s": 5}

`request` is a request before it is carried out, `reply` the answer to one that was, `message` a data frame of a
channel, `clock` a moment of the venue's own time. A script counts matches (`skip` the first ones, then every
`every`-th, at most `times`), a seeded rule has a `rate` between 0 and 1. The module knows no wire format: faces ask,
and act.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

SECOND_NS: Final = 1_000_000_000
T = TypeVar("T", str, bytes)

ACTIONS: Final[dict[str, frozenset[str]]] = {
    "request": frozenset({"drop", "delay", "refuse", "disconnect", "lag"}),
    "reply": frozenset({"withhold", "delay", "duplicate", "corrupt", "garbage", "disconnect", "status", "body"}),
    "message": frozenset({"drop", "delay", "duplicate", "corrupt", "garbage", "disconnect", "checksum", "gap", "edit"}),
    "clock": frozenset(
        {"mode", "skew", "disconnect", "silence", "tokens", "outage", "ban", "cancel_all", "tick", "size_min"}
        | {"delist", "relist", "status", "fee", "transfer"}
    ),
}
STRUCK_MAX: Final = 100
"""Moments of firing that a rule keeps: one that fires at each message would keep hours of them."""
FEE_ACTIONS: Final = frozenset({"fee", "fee_asset"})
"""By the clock: fills are charged another rate, or in another asset; the latter on spot alone."""
CONTRACT_ACTIONS: Final = frozenset(
    {"funding", "adl", "position_mode", "leverage", "contract_size", "mark", "entry", "foreign_order"}
)
"""By the clock, of a venue that trades contracts."""
COST_ACTIONS: Final = frozenset({"cost_min", "fee_asset"})
"""By the clock, of a spot venue: it asks a least value of an order, and takes fees in one asset or another."""
LOT_ACTIONS: Final = frozenset({"lot"})
"""By the clock, of a venue that lists a step of sizes; where there are decimals alone, it is another symbol."""
MINIMUMS: Final = frozenset({"size_min", "cost_min"}) | LOT_ACTIONS
GENERATED_ACTIONS: Final = frozenset({"peg"})
"""By the clock, of a venue with a market that is generated (`generated.py`)."""
DISPLAY_ACTIONS: Final = frozenset({"cross", "freeze", "empty", "spike"})
"""By the clock: the public is shown another book than there is (`display.py`)."""
TOLD: Final = ("push", "lists", "position")
EDITS: Final = ("set", "shift", "remove", "rename", "add", "strip", "reverse")
SHOWN_SIDES: Final = ("both", "bid", "ask")
FLOOD_ACTIONS: Final = frozenset({"flood"})
"""By the clock, of a venue that can send more messages about its books than they have changes."""
CLOSE_CODES: Final = (0, 1000, 1001, 1008, 1011, 1012, 1013)
LISTING_ACTIONS: Final = frozenset({"delist", "relist", "status"})
"""By the clock: a market ends, comes back, or is shown in a state of the venue's own words."""
UNDONE: Final = {"delist": "relist", "status": "relist", "entry": "entry"}
"""What undoes an action by the clock when its `duration_s` is over."""
MODES: Final = ("online", "post_only", "cancel_only", "limit_only", "maintenance")


class HookError(ValueError):
    """A rule that cannot be; names the field and what was expected."""


@dataclass(slots=True)
class Rule:
    """One hook. Times are seconds of the venue's clock since it began; see the module for the rest.

    Attributes:
        delay_s: for `delay` (delays of messages may reorder them; with `growth` each second since `from_s` adds so
            many seconds more, and nothing is overtaken), and for `lag`: a read that does not show orders
            and executions younger than this, as an index behind the engine does.
        error: what `refuse` answers, as the venue writes it: `EOrder:Insufficient funds`, a code in the venue's own
            words (`30004`), or a code with a text (`30004:any`); "" is an outage. And the whole text of `body`: what a
            REST request that was carried out is answered with, by `status` (a socket's answer is withheld).
        status: the HTTP status of `status` (answered with an HTML page, like a gateway's), and of `ban`: for
            `duration_s` every REST request is answered with it and not carried out; connections stand.
        code: the WebSocket close code of `disconnect`; 0 drops the connection without a close frame.
        duration_s: for `mode`, `skew`, `peg`, `silence`, `delist`, `status`, `entry` and `outage` (every connection
            ends, new ones are refused and no request is carried out or answered); 0 is once for an outage, and for good
            for the others.
        bps: how far `peg` moves the middle of what is generated.
        target: `public`, `private` or `all` connections, for `disconnect` and `silence` by the clock.
        value: for `tick` the symbols' new step of prices, in units of the old precision; for `size_min` and `lot` their
            least size and step of sizes, in units of 10^-size_precision (of contracts: in contracts); for `cost_min`
            the least value of an order, in whole units of the quote currency; for `flood` how many messages
            a second each book sends besides, for `duration_s`.
        match: a text that a message has to hold.
        path, how, text, value: for `edit`, see `editing.py`.
        side, percent, value: for `cross`, `freeze`, `empty` and `spike`, see `display.py`.
        percent, value, told: of what a venue for contracts can do besides; see its module.

    `cancel_all` by the clock: the venue cancels every order of the account on its own. `delist` ends the market `name`
    (the recorded one unless named) and cancels its orders: lists say so, or with value 1 have it no more, and no
    request may name it but for what it was; with value 2 not even that. `status` closes it for orders and shows it in
    the state `text`, a word of the venue's. `relist` opens it again, as the end of a `duration_s` of those two does.
    `fee` charges makers `percent` and takers `value` per cent from now on (below zero is a rebate), and with `told`
    "lists" no list of rates says so. `fee_asset` takes fees in `text`: "base", a name (see `surcharge.py`), or the
    quote again. `transfer` moves `value` of the asset `text`, in whole units, to the account (below zero: away from
    it), and with `told` "lists" nothing is pushed of it.
    """

    on: str
    action: str
    name: str = ""
    skip: int = 0
    every: int = 1
    times: int = 0
    rate: float = 0.0
    from_s: float = 0.0
    until_s: float = 0.0
    at_s: float = 0.0
    every_s: float = 0.0
    duration_s: float = 0.0
    delay_s: float = 0.1
    error: str = ""
    status: int = 520
    code: int = 0
    mode: str = "post_only"
    skew_s: float = 0.0
    target: str = "all"
    bps: float = 0.0
    percent: float = 0.0
    value: float = 0.0
    told: str = "push"
    growth: float = 0.0
    side: str = "both"
    match: str = ""
    path: str = ""
    how: str = "set"
    text: str = ""
    matches: int = field(default=0, init=False)
    fired: int = field(default=0, init=False)
    struck_ns: list[int] = field(default_factory=list, init=False)
    """When it fired, the first times."""
    due_ns: int = field(default=0, init=False)

    @property
    def delay_ns(self) -> int:
        return int(self.delay_s * SECOND_NS)

    def delay_at_ns(self, elapsed_ns: int) -> int:
        """How long a message is held back that is sent so long after the venue's beginning."""
        return self.delay_ns + int(self.growth * (elapsed_ns - self.from_s * SECOND_NS))

    @property
    def duration_ns(self) -> int:
        return int(self.duration_s * SECOND_NS)


_TEXTS: Final = frozenset(
    {"on", "action", "name", "error", "mode", "target", "told", "side", "path", "how", "text", "match"}
)
_COUNTS: Final = frozenset({"skip", "every", "times", "status", "code"})
_SECONDS: Final = frozenset({"from_s", "until_s", "at_s", "every_s", "duration_s", "delay_s", "skew_s"})
_FIGURES: Final = _SECONDS | {"rate", "growth", "bps", "percent", "value"}
_SIGNED: Final = frozenset({"skew_s", "bps", "percent", "value"})


def parse_rule(value: Any, more: frozenset[str] = frozenset(), refusal: Callable[[str], object] | None = None) -> Rule:
    """The rule of a JSON object. more: actions by the clock that only this venue has; refusal: see `Hooks`.

    Raises:
        HookError: an unknown or missing field, a wrong type, an action that has no meaning at its place.
    """
    if not isinstance(value, dict):
        raise HookError(f"a hook must be an object, not {value!r}")
    for name, given in value.items():
        if name in _TEXTS:
            good = isinstance(given, str)
        elif name in _COUNTS:
            good = isinstance(given, int) and not isinstance(given, bool) and given >= 0
        elif name in _FIGURES:
            good = isinstance(given, (int, float)) and not isinstance(given, bool) and abs(given) < 1e9
            good = good and (given >= 0 or name in _SIGNED)
        else:
            known = ", ".join(sorted(_TEXTS | _COUNTS | _FIGURES))
            raise HookError(f"hook has an unknown field {name!r}; known are {known}")
        if not good:
            raise HookError(f"hook field {name!r} has a bad value {given!r}")
    place, action = value.get("on"), value.get("action")
    if place not in ACTIONS:
        raise HookError(f"hook field 'on' must be one of {', '.join(ACTIONS)}, not {place!r}")
    known_actions = ACTIONS[place] | (more | DISPLAY_ACTIONS if place == "clock" else frozenset())
    if action not in known_actions:
        raise HookError(f"hook action on {place!r} must be one of {', '.join(sorted(known_actions))}, not {action!r}")
    rule = Rule(**value)
    if rule.code not in CLOSE_CODES:
        raise HookError(f"hook field 'code' must be one of {CLOSE_CODES}, not {rule.code}")
    if rule.how not in EDITS or rule.side not in SHOWN_SIDES:
        raise HookError(f"hook fields 'how' and 'side' must be one of {', '.join(EDITS)} and {', '.join(SHOWN_SIDES)}")
    if rule.told not in TOLD:
        raise HookError(f"hook field 'told' must be one of {', '.join(TOLD)}, not {rule.told!r}")
    if rule.action == "transfer" and not rule.text:
        raise HookError("hook field 'text' must be the asset of a transfer, not ''")
    if rule.action == "refuse" and refusal is not None:
        refusal(rule.error)
    if rule.rate > 1 or rule.every < 1 or rule.mode not in MODES or rule.target not in ("all", "public", "private"):
        raise HookError(f"hook is out of range: {value!r} (rate 0 to 1, every from 1, mode of {', '.join(MODES)})")
    return rule


class Hooks:
    """The rules of a venue, what they have done, and the one random stream they draw from.

    refusal: reads the `error` of `refuse` as this venue does, and raises HookError where it cannot.
    """

    def __init__(
        self,
        seed: int,
        start_ns: int,
        more: frozenset[str] = frozenset(),
        refusal: Callable[[str], object] | None = None,
    ) -> None:
        self._more, self._refusal = more, refusal
        self._rng = random.Random(f"hooks:{seed}")
        self.start_ns = self._start_ns = start_ns
        self._rules: dict[str, list[Rule]] = {place: [] for place in ACTIONS}
        self._undos: list[tuple[int, Rule]] = []
        """When what was done for a time is undone."""
        self.fired: Counter[str] = Counter()
        """How often each action has fired, by "place.action"."""

    def load(self, rules: Any, *, replace: bool = True) -> None:
        """Take the rules of a JSON list (all or none); counters of firings are kept.

        Raises:
            HookError: what is wrong with which rule.
        """
        if not isinstance(rules, list):
            raise HookError(f"hooks must be a list, not {type(rules).__name__}")
        parsed = []
        for index, value in enumerate(rules):
            try:
                parsed.append(parse_rule(value, self._more, self._refusal))
            except HookError as error:
                raise HookError(f"hook {index}: {error}") from error
        if replace:
            for group in self._rules.values():
                group.clear()
        for rule in parsed:
            rule.due_ns = self._start_ns + int((rule.at_s or rule.every_s) * SECOND_NS)
            self._rules[rule.on].append(rule)

    def find(self, now_ns: int, place: str, name: str, payload: str | bytes = "") -> Rule | None:
        """The rule that fires at this request, reply or message (with its payload); counts it as fired."""
        rules = self._rules[place]
        if not rules:
            return None
        hit: Rule | None = None
        for rule in rules:
            if rule.name and rule.name != name:
                continue
            if rule.match and not _holds(payload, rule.match):
                continue
            elapsed_s = (now_ns - self._start_ns) / SECOND_NS
            if elapsed_s < rule.from_s or (rule.until_s and elapsed_s >= rule.until_s):
                continue
            # Every rule counts its matches and draws its chance, so that one rule's firing does not move another's.
            rule.matches += 1
            chosen = self._rng.random() < rule.rate if rule.rate else self._counted(rule)
            if chosen and hit is None and not (rule.times and rule.fired >= rule.times):
                hit = rule
        if hit is not None:
            self._count(hit, now_ns)
        return hit

    def due(self, now_ns: int) -> list[Rule]:
        """The clock rules whose moment has come."""
        hits = [undo for due_ns, undo in self._undos if due_ns <= now_ns]
        if hits:
            self._undos = [each for each in self._undos if each[0] > now_ns]
        for rule in self._rules["clock"]:
            while rule.due_ns and rule.due_ns <= now_ns:
                hits.append(rule)
                self._count(rule, now_ns)
                self._undo_later(now_ns, rule)
                rule.due_ns += int(rule.every_s * SECOND_NS)
                if not rule.every_s or (rule.times and rule.fired >= rule.times):
                    rule.due_ns = 0
        return hits

    def now(self, now_ns: int, value: Any) -> Rule:
        """The clock rule of a JSON object, counted as fired: an operator wants it at once.

        Raises:
            HookError: what is wrong with it.
        """
        if not isinstance(value, dict):
            raise HookError(f"an action must be an object, not {value!r}")
        rule = parse_rule({**value, "on": "clock"}, self._more, self._refusal)
        self._count(rule, 0)
        self._undo_later(now_ns, rule)
        return rule

    def _undo_later(self, now_ns: int, rule: Rule) -> None:
        if rule.duration_ns and rule.action in UNDONE:
            action = UNDONE[rule.action]
            self._undos.append((now_ns + rule.duration_ns, Rule("clock", action, rule.name)))

    def next_due_ns(self) -> int:
        """When the next clock rule fires; 0 for never."""
        dues = [rule.due_ns for rule in self._rules["clock"]]
        return min(filter(None, dues + [due_ns for due_ns, _ in self._undos]), default=0)

    def cut(self, message: T) -> T:
        """A damaged copy of a message: it ends somewhere, as a broken proxy's does."""
        return message[: self._rng.randrange(1, max(2, len(message)))]

    def _counted(self, rule: Rule) -> bool:
        position = rule.matches - 1 - rule.skip
        return position >= 0 and position % rule.every == 0

    def _count(self, rule: Rule, now_ns: int) -> None:
        rule.fired += 1
        if len(rule.struck_ns) < STRUCK_MAX:
            rule.struck_ns.append(now_ns)
        self.fired[f"{rule.on}.{rule.action}"] += 1

    def rules(self) -> list[Rule]:
        """All of them, by place."""
        return [rule for group in self._rules.values() for rule in group]

    def report(self) -> dict[str, Any]:
        """For the statistics: totals by place and action, and each rule with its counts."""
        rules = [
            {"on": rule.on, "name": rule.name, "action": rule.action, "matches": rule.matches, "fired": rule.fired}
            for rule in self.rules()
        ]
        return {"fired": dict(self.fired), "rules": rules}


def _holds(payload: str | bytes, text: str) -> bool:
    return text in payload if isinstance(payload, str) else text.encode() in payload
