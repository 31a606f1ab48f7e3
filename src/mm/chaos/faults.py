"""What may befall a run, by class, and the script that a seed draws from it.

The classes are those of `docs/fault_world.md`. A fault is a rule of the simulated venues' hooks (`simulator/hooks.py`),
or something that befalls the bot's own process (`act`): see `world.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from math import inf
from random import Random
from typing import Any, Final

from mm.chaos.names import NAMES, Names
from mm.simulator.kinds import KRAKEN, MEXC_FUTURES

CLASSES: Final[dict[int, str]] = {
    1: "ambiguous reply",
    2: "event duplicated",
    3: "event late or reordered",
    4: "event lost",
    5: "query lag",
    6: "public data bad or stale",
    7: "link cut",
    8: "token refused",
    9: "quota or ban",
    10: "venue rule or mode change",
    11: "hedge leg failing or position changed from outside",
    12: "process stopped or killed",
    13: "host time or resources",
    14: "storage",
}
PROCESS: Final = frozenset({12, 13, 14})
"""Classes of what befalls the bot's own process and its host."""
FIRST_S: Final = 15.0
"""The run connects and quotes before anything befalls it."""
QUIET_S: Final = 100.0
"""The last seconds are without new faults: lists are read each half minute and minute, and an order that never came to
be is in doubt for some 80 s."""
ENDING: Final = frozenset({"kill"})
"""Acts after which the bot's process is gone, and what is left of it is cancelled by the rescue."""
LAST: Final = ENDING | {"stop", "disk"}
"""Acts after which nothing is quoted any more."""
OVER: Final = LAST - {"disk"}
"""Acts after which nothing more befalls the bot's own process."""
LAST_SHARE: Final = 0.75
"""Of the run, before one of them: the other faults strike a bot that trades."""
MET_S: Final = 30.0
"""A fault meets another that is at work, or was so shortly before: what it left in doubt is looked for until the lists
are read again, each half minute."""
HALTING: Final = frozenset({"adl", "foreign_order", "contract_size"})
"""What an instrument may be halted for until an operator has looked, which nobody does here. A transfer that nothing
tells the reason of is another."""
CLOSED_S: Final = (5, 45)
"""How long a market is closed, or out of the lists: it is missed after a minute, and found again as late."""
SPARE_SHARES: Final = (0.3, 0.55)
"""Of the time for faults, when those that have not struck are tried again, and again."""

Rule = dict[str, Any]


@dataclass(slots=True)
class Fault:
    """One thing that befalls the run.

    number: of its class; venue: where, "" for the bot's own process; rule: of the venue's hooks; act: of the bot:
    "freeze", "kill", "disk", "stop", "restart" (it goes on from its journal, and what it sent for duration_s before did
    not leave), "impatient" (each answer over HTTP is given up at once), or what its operator says (`operator.py`), at_s
    into the run for duration_s; is_spare: it comes to be only if nothing of its class has struck by its moment; fired:
    how often it struck; struck_s: when, into the run.
    """

    number: int
    venue: str = ""
    rule: Rule = field(default_factory=dict)
    act: str = ""
    at_s: float = 0.0
    duration_s: float = 0.0
    is_spare: bool = False
    fired: int = 0
    struck_s: list[float] = field(default_factory=list)

    @property
    def works_s(self) -> float:
        """How long it is at work once it has struck."""
        return inf if self.act == "disk" else self.duration_s or float(self.rule.get("duration_s", 0.0))

    def move(self, at_s: float) -> None:
        """Let it strike from another moment on."""
        if self.act:
            self.at_s = at_s
            return
        self.rule["at_s" if self.rule["on"] == "clock" else "from_s"] = at_s
        if self.rule.get("until_s"):
            self.rule["until_s"] = max(self.rule["until_s"], at_s + 10.0)

    @property
    def moment_s(self) -> float:
        """From when on it may strike."""
        return float(self.at_s or self.rule.get("at_s") or self.rule.get("from_s") or 0.0)

    def to_json(self) -> dict[str, Any]:
        """As a script's file has it."""
        spare = {"spare": True} if self.is_spare else {}
        if self.act:
            return {"class": self.number, "act": self.act, "at_s": self.at_s, "duration_s": self.duration_s} | spare
        return {"class": self.number, "venue": self.venue, "rule": self.rule} | spare

    @property
    def kind(self) -> str:
        """What it does, whatever the moment and the place: "bot kill", "message gap"."""
        return f"bot {self.act}" if self.act else f"{self.rule['on']} {self.rule['action']}"

    def words(self) -> str:
        """For a report."""
        when = f"at {self.moment_s:.1f} s" + (" if none has struck" if self.is_spare else "")
        if self.act:
            return f"bot {self.act} {when}" + (f" for {self.duration_s:.1f} s" if self.duration_s else "")
        return f"{self.venue} {self.rule['on']} {self.rule.get('name', '')} {self.rule['action']} {when}"


def fault_of(value: dict[str, Any]) -> Fault:
    """The fault of a script's file. Raises ValueError for what is none."""
    try:
        found = Fault(
            int(value["class"]),
            str(value.get("venue", "")),
            dict(value.get("rule", {})),
            str(value.get("act", "")),
            float(value.get("at_s", 0)),
            float(value.get("duration_s", 0)),
            value.get("spare") is True,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"a fault has class, and venue with rule, or act with at_s: not {value!r} ({error})") from None
    if found.number not in CLASSES:
        raise ValueError(f"class must be one of 1 to {len(CLASSES)}, not {found.number}")
    if bool(found.act) == bool(found.rule):
        raise ValueError(f"a fault has either a rule or an act, not {value!r}")
    return found


class Draw:
    """Draws the faults of a run from its seed."""

    def __init__(
        self,
        chance: Random,
        venues: Sequence[str],
        hedges: Collection[str],
        seconds: float,
        generated: Collection[str] = (),
    ) -> None:
        self._chance, self._venues, self._hedges, self._generated = chance, list(venues), set(hedges), set(generated)
        self._seconds, self._last_s = seconds, max(FIRST_S + 1.0, seconds - QUIET_S)

    def fault(self, number: int) -> Fault:
        """A fault of a class, somewhere and some time."""
        return self._fault(number, round(self._chance.uniform(FIRST_S, self._last_s), 3))

    def spare(self, number: int, share: float) -> Fault:
        """A fault of a class that comes to be only if none of it has struck when so much of the time is over."""
        span_s = self._last_s - FIRST_S
        found = self._fault(number, round(FIRST_S + span_s * (share + self._chance.uniform(0.0, 0.2)), 3))
        found.is_spare = True
        if found.rule.get("skip"):
            found.rule["skip"] = 0
        return found

    def _fault(self, number: int, at_s: float) -> Fault:
        chance = self._chance
        if number in PROCESS:
            return self._of_process(number, at_s)
        if number == 1 and chance.random() < 0.15:
            return Fault(1, act="impatient", at_s=at_s, duration_s=round(chance.uniform(1, 20), 3))
        venue = chance.choice(self._venues)
        if number == 11 and chance.random() < 0.2:
            rule = self._transfer(NAMES[venue])
        else:
            if number == 11 and self._hedges:
                venue = chance.choice(sorted(self._hedges))
            rule = getattr(self, f"_rule_{number}")(venue, NAMES[venue])
        if rule["on"] == "clock":
            return Fault(number, venue, rule | {"at_s": self.late(at_s) if _halts(venue, rule) else at_s})
        if rule["action"] == "body":
            # Once: two reads that agree are evidence.
            return Fault(number, venue, rule | {"from_s": at_s, "until_s": self._last_s, "times": 1})
        if chance.random() < 0.2:
            # A book that breaks six times in two minutes rests for ten, and so do the quotes.
            from_s = self.late(at_s) if number == 6 else at_s
            return Fault(number, venue, rule | {"from_s": from_s, "until_s": self._last_s, "rate": 0.05, "times": 8})
        many = {"times": chance.choice((1, 1, 2, 5)), "skip": chance.choice((0, 0, 1, 3))}
        return Fault(number, venue, rule | {"from_s": at_s, "until_s": self._last_s} | many)

    def late(self, at_s: float, share: float = 0.5) -> float:
        """The same moment of what is left for faults after that share of the run, of the second half unless told."""
        begin_s = max(FIRST_S, self._seconds * share)
        span_s = max(0.0, self._last_s - begin_s)
        return round(begin_s + (at_s - FIRST_S) * span_s / (self._last_s - FIRST_S), 3)

    def _of_process(self, number: int, at_s: float) -> Fault:
        chance = self._chance
        if number == 14:
            return Fault(14, act="disk", at_s=at_s)
        if number == 13:
            if chance.random() < 0.4:
                # The host's clock and a venue's are apart, for a while.
                skew_s, duration_s = chance.choice((-30.0, -1.5, 0.7, 12.0)), round(chance.uniform(2, 90), 2)
                rule = {"on": "clock", "action": "skew", "skew_s": skew_s, "duration_s": duration_s, "at_s": at_s}
                return Fault(13, chance.choice(self._venues), rule)
            return Fault(13, act="freeze", at_s=at_s, duration_s=round(chance.uniform(0.2, 10.0), 3))
        act = chance.choice(("freeze", "kill", "stop", "restart", "restart"))
        if act == "restart":
            # What was written shortly before it died may never have left.
            return Fault(12, act=act, at_s=at_s, duration_s=round(chance.choice((0.0, 0.02, 0.3)), 3))
        return Fault(12, act=act, at_s=at_s, duration_s=round(chance.uniform(12, 70), 3) if act == "freeze" else 0.0)

    def _rule_1(self, venue: str, names: Names) -> Rule:
        body, status = names.refused
        if body and self._chance.random() < 0.2:
            return {"on": "reply", "name": names.create, "action": "body", "error": body, "status": status}
        place, action = self._chance.choice(
            [("reply", each) for each in ("withhold", "corrupt", "garbage", "disconnect")]
            + [("request", "drop"), ("request", "disconnect")]
            + ([] if venue == KRAKEN else [("reply", "status")])
        )
        return {"on": place, "name": self._entry(names), "action": action}

    def _rule_2(self, venue: str, names: Names) -> Rule:
        del venue
        if self._chance.random() < 0.3:
            return {"on": "reply", "name": self._entry(names), "action": "duplicate"}
        return {"on": "message", "name": self._chance.choice(names.events), "action": "duplicate"}

    def _rule_3(self, venue: str, names: Names) -> Rule:
        del venue
        place, name = self._chance.choice(
            [("message", each) for each in names.events] + [("reply", names.create), ("request", self._entry(names))]
        )
        delay_s = self._chance.choice((0.05, 0.5, 2.0, 6.0, 20.0 if place == "message" else 1.0))
        return {"on": place, "name": name, "action": "delay", "delay_s": delay_s}

    def _rule_4(self, venue: str, names: Names) -> Rule:
        del venue
        if self._chance.random() < 0.15:
            duration_s = round(self._chance.uniform(2, 60), 2)
            return {"on": "clock", "action": "silence", "target": "private", "duration_s": duration_s}
        return {
            "on": "message",
            "name": self._chance.choice(names.events),
            "action": self._chance.choice(("drop", "gap", "garbage", "corrupt")),
        }

    def _rule_5(self, venue: str, names: Names) -> Rule:
        del venue
        if self._chance.random() < 0.25:
            name = self._chance.choice(tuple(names.nothing))
            return {"on": "reply", "name": name, "action": "body", "error": names.nothing[name], "status": 200}
        delay_s = self._chance.choice((0.5, 2.0, 10.0, 25.0))
        return {"on": "request", "name": self._chance.choice(names.reads), "action": "lag", "delay_s": delay_s}

    def _rule_6(self, venue: str, names: Names) -> Rule:
        chance = self._chance
        if chance.random() < 0.4:
            return self._shown(venue, names)
        if chance.random() < 0.25:
            duration_s = round(chance.uniform(1, 20), 2)
            return {"on": "clock", "action": "silence", "target": "public", "duration_s": duration_s}
        kinds = ["drop", "corrupt", "gap", "duplicate", "garbage", "delay"] + (["checksum"] if venue == KRAKEN else [])
        name = names.trades if chance.random() < 0.15 else names.books
        return {"on": "message", "name": name, "action": chance.choice(kinds), "delay_s": chance.choice((0.3, 3.0))}

    def _shown(self, venue: str, names: Names) -> Rule:
        """Another market than there is: by the feeds' own making, by a message that was changed, off its peg."""
        chance = self._chance
        actions = ["cross", "freeze", "empty", "spike", "edit", "edit"]
        actions += ["flood"] if venue == KRAKEN else []
        actions += ["peg"] * 3 if venue in self._generated else []
        action = chance.choice(actions)
        if action == "edit":
            return {"on": "message", "name": names.books, "action": "edit"} | chance.choice(names.edits)
        # A price that has held for ten seconds is believed (`docs/market_data.md`), and is another market then.
        duration_s = round(chance.uniform(0.5, 8 if action == "spike" else 12), 2)
        if action == "peg":
            return {
                "on": "clock", "action": "peg", "bps": chance.choice((-150, -40, 60, 120)), "duration_s": 3 * duration_s
            }  # fmt: skip
        if action == "flood":
            return {"on": "clock", "action": "flood", "value": 25, "duration_s": duration_s / 2}
        more = {"cross": {"value": chance.choice((0, 3, 40))}, "spike": {"percent": chance.choice((-87, -6, -1, 1, 6))}}
        rule = {
            "on": "clock",
            "action": action,
            "side": chance.choice(("both", "bid", "ask")),
            "duration_s": duration_s,
        }
        return rule | more.get(action, {})

    def _rule_7(self, venue: str, names: Names) -> Rule:
        del venue
        chance = self._chance
        if chance.random() < 0.15:
            # In the middle of what it says: this message and what follows is lost with it.
            return {"on": "message", "name": chance.choice((*names.events, names.books)), "action": "disconnect"}
        if chance.random() < 0.4:
            return {"on": "clock", "action": "outage", "duration_s": round(chance.uniform(0.5, 90), 2)}
        if chance.random() < 0.3:
            return {"on": "clock", "action": "silence", "target": "all", "duration_s": round(chance.uniform(1, 30), 2)}
        target, code = chance.choice(("all", "public", "private")), chance.choice((0, 1001, 1011, 1012))
        return {"on": "clock", "action": "disconnect", "target": target, "code": code}

    def _rule_8(self, venue: str, names: Names) -> Rule:
        del venue
        if self._chance.random() < 0.3:
            name = self._chance.choice((self._entry(names), *names.reads))
            return {"on": "request", "name": name, "action": "refuse", "error": self._chance.choice(names.keys)}
        return {"on": "clock", "action": "tokens"}

    def _rule_9(self, venue: str, names: Names) -> Rule:
        if self._chance.random() < 0.3:
            status = 429 if venue == KRAKEN else self._chance.choice((403, 418, 429))
            duration_s = round(self._chance.uniform(2, 60), 2)
            return {"on": "clock", "action": "ban", "status": status, "duration_s": duration_s}
        name = self._chance.choice((self._entry(names), *names.reads))
        return {"on": "request", "name": name, "action": "refuse", "error": self._chance.choice(names.bans)}

    def _rule_10(self, venue: str, names: Names) -> Rule:
        chance = self._chance
        if chance.random() < 0.3:
            return {"on": "clock", **chance.choice(names.terms)}
        if chance.random() < 0.2:
            return self._closed(venue, names)
        if chance.random() < 0.25:
            return {"on": "clock", "action": "cancel_all"}
        if chance.random() < 0.1:
            return {"on": "clock", "action": "tick", "value": chance.choice((2, 5))}
        if chance.random() < 0.4:
            error = chance.choice(names.refusals)
            return {"on": "request", "name": self._entry(names), "action": "refuse", "error": error}
        modes = ("post_only", "cancel_only", "limit_only", "maintenance") if venue == KRAKEN else ("maintenance",)
        return {
            "on": "clock", "action": "mode", "mode": chance.choice(modes), "duration_s": round(chance.uniform(1, 40), 2)
        }  # fmt: skip

    def _closed(self, venue: str, names: Names) -> Rule:
        """A market that is out of the lists, said to be over, or closed, and comes back."""
        chance = self._chance
        more: list[Rule] = [{"action": "delist", "value": value} for value in (0, 1, 2)]
        more += [{"action": "status", "text": text} for text in names.closed]
        if venue == MEXC_FUTURES:
            more += [{"action": "entry", "value": value} for value in (1, 6001)]
        return {"on": "clock", "duration_s": round(chance.uniform(*CLOSED_S), 2)} | chance.choice(more)

    def _transfer(self, names: Names) -> Rule:
        """Money that comes or goes; the digits tell one from another."""
        chance = self._chance
        asset, most = chance.choice(names.assets)
        value = round(most * chance.uniform(0.1, 1.0) * chance.choice((-1, 1)), 8)
        told = chance.choice(("push", "push", "lists"))
        return {"on": "clock", "action": "transfer", "text": asset, "value": value, "told": told}

    def _rule_11(self, venue: str, names: Names) -> Rule:
        chance = self._chance
        if venue != MEXC_FUTURES or chance.random() < 0.3:
            error = chance.choice(names.refusals)
            return {"on": "request", "name": names.create, "action": "refuse", "error": error}
        sign = chance.choice((-1, 1))
        return chance.choice(
            (
                {
                    "on": "clock",
                    "action": "adl",
                    "percent": chance.choice((15, 40, 100)),
                    "told": chance.choice(("push", "lists")),
                },
                {"on": "clock", "action": "foreign_order", "value": 13 * sign},
                {"on": "clock", "action": "leverage", "value": chance.choice((10, 15))},
                {"on": "clock", "action": "mark", "percent": 2 * sign, "duration_s": 3},
                {"on": "clock", "action": "funding", "percent": 0.02 * sign, "duration_s": 2},
            )
        )

    def _entry(self, names: Names) -> str:
        return names.change if names.change and self._chance.random() < 0.5 else names.create


def _halts(venue: str, rule: Rule) -> bool:
    if rule["action"] == "transfer":
        return bool(rule["told"] == "lists" or venue == MEXC_FUTURES)
    return rule["action"] in HALTING


def draw(
    seed: int,
    venues: Sequence[str],
    hedges: Collection[str],
    seconds: float,
    classes: Sequence[int] = (),
    *,
    generated: Collection[str] = (),
) -> list[Fault]:
    """The faults of a run. classes: only of these, each at least twice; none stands for any four to nine of all;
    generated: venues with a market that can leave its peg."""
    chance = Random(f"faults:{seed}")
    source = Draw(chance, venues, hedges, seconds, generated)
    if classes:
        chosen = list(classes)
    else:
        chosen = chance.sample(range(1, 12), chance.randrange(4, 7))
        chosen += [number for number, share in ((12, 0.25), (13, 0.35), (14, 0.08)) if chance.random() < share]
    if len(classes) == 2:
        faults = _in_turn(source, chance, classes)
    else:
        numbers = [number for number in chosen for _ in range(1 if number in (12, 14) else chance.randrange(2, 5))]
        faults = [source.fault(number) for number in numbers]
    # What struck nobody is tried again: a list that nobody asked for, an order at a venue that had none.
    faults += [source.spare(number, share) for share in SPARE_SHARES for number in chosen if number < 12]
    return faults if len(classes) == 2 else _ended_once(source, faults)


def _in_turn(source: Draw, chance: Random, classes: Sequence[int]) -> list[Fault]:
    """Faults of the first class, each followed within seconds by one of the second: both are at work together.

    What ends the quotes comes late, and once: the first of the first class, the last of the second, so that the others
    are around it.
    """
    firsts, seconds = [], []
    for _ in range(3):
        one, other = (source.fault(number) for number in classes)
        while one.act in OVER and classes[1] in PROCESS:
            # A process that is gone has neither a clock nor a disk.
            one = source.fault(classes[0])
        wait_s = chance.uniform(0.0, 8.0)
        if one.act in LAST or other.act in LAST:
            one.move(source.late(one.moment_s, LAST_SHARE))
            for fault in (one, other):
                # There is one occasion.
                for wait in ("skip", "rate"):
                    fault.rule.pop(wait, None)
            if one.act in LAST and other.rule and other.rule["on"] != "clock":
                # What an end brings about is over within a second: the cancels and the words of them.
                wait_s = 0.0
            elif one.act not in LAST:
                # Time to strike, for it does not after the end.
                wait_s *= 3
                one.move(round(one.moment_s - wait_s, 3))
        other.move(round(one.moment_s + wait_s, 3))
        firsts.append(one)
        seconds.append(other)
    return _once(firsts, min) + _once(seconds, max)


def _once(faults: list[Fault], choose: Callable[..., Fault]) -> list[Fault]:
    last = [fault for fault in faults if fault.act in LAST]
    kept = choose(last, key=lambda fault: fault.moment_s) if last else None
    return [fault for fault in faults if fault.act not in LAST or fault is kept]


def _ended_once(source: Draw, faults: list[Fault]) -> list[Fault]:
    """What ends the run or its quotes comes late enough for the other faults to have struck, the end once."""
    for fault in faults:
        if fault.act in LAST:
            fault.move(source.late(fault.at_s, LAST_SHARE))
    ends = [fault for fault in faults if fault.act in OVER]
    return [fault for fault in faults if fault not in ends[1:]]
